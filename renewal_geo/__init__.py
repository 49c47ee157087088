"""renewal-geo: contiguous reform zones, area books that close, and the published map.

>>> import renewal_geo as rg
>>> study = rg.io.open_study("longgang/")  # doctest: +SKIP
>>> links = rg.contiguity.connect(study.parcels, study.barriers)  # doctest: +SKIP
>>> print(rg.zones.delineate(study.parcels, links, area_budget_ha=790.0))  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from renewal_geo import (
        contiguity,
        eligibility,
        facilities,
        handover,
        io,
        ledger,
        maps,
        potential,
        quality,
        report,
        rules,
        sitebank,
        zones,
    )

__all__ = [
    "contiguity",
    "eligibility",
    "facilities",
    "handover",
    "io",
    "ledger",
    "maps",
    "potential",
    "quality",
    "report",
    "rules",
    "sitebank",
    "zones",
]


def __getattr__(name: str) -> Any:
    """Import a question when it is first asked: who draws a map need not wait for the solver."""
    if name in __all__:
        return importlib.import_module(f"renewal_geo.{name}")
    raise AttributeError(f"module 'renewal_geo' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
