"""renewal-geo: contiguous reform zones, area books that close, and the published map.

>>> import renewal_geo as rg
>>> study = rg.io.open_study("longgang/")  # doctest: +SKIP
>>> links = rg.contiguity.connect(study.parcels, study.barriers)  # doctest: +SKIP
>>> print(rg.zones.delineate(study.parcels, links, area_budget_ha=790.0))  # doctest: +SKIP
"""

from renewal_geo import contiguity, io, ledger, maps, potential, quality, report, zones

__all__ = ["contiguity", "io", "ledger", "maps", "potential", "quality", "report", "zones"]
