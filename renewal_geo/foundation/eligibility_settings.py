"""Every key of the table ``[eligibility]``."""

from __future__ import annotations

from renewal_geo.foundation.setting import Setting

ELIGIBILITY: dict[str, Setting] = {}
