"""What land the city receives: rates, ratios, what is asked, what is offered."""

from renewal_geo.handover.assessment import Assessment, assess
from renewal_geo.handover.changes import change_table

__all__ = ["Assessment", "assess", "change_table"]
