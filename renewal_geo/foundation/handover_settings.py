"""Every key of the table ``[handover]``."""

from __future__ import annotations

from renewal_geo.foundation.setting import Setting

HANDOVER: dict[str, Setting] = {}
