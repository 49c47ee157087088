"""Every key of the table ``[facilities]``."""

from __future__ import annotations

from renewal_geo.foundation.setting import Setting

FACILITIES: dict[str, Setting] = {}
