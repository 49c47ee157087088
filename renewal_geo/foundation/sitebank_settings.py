"""Every key of the table ``[sitebank]``."""

from __future__ import annotations

from renewal_geo.foundation.setting import Setting

SITEBANK: dict[str, Setting] = {}
