"""Maps that people look at: a spec first, then a page in one file, or a picture."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from renewal_geo.maps.page.basemaps import basemap
from renewal_geo.maps.page.folium_page import Page, PageReport, assert_self_contained, interactive
from renewal_geo.maps.public.editions import public_spec
from renewal_geo.maps.ready.eligibility_maps import unit_map, unit_spec
from renewal_geo.maps.ready.facility_maps import facility_map, facility_spec
from renewal_geo.maps.ready.facility_results import coverage_map, coverage_spec, service_lines
from renewal_geo.maps.ready.facility_tables import Standard
from renewal_geo.maps.ready.handover_maps import handover_map, handover_spec
from renewal_geo.maps.ready.potential_maps import potential_map, potential_spec
from renewal_geo.maps.ready.quality_maps import quality_map, quality_spec
from renewal_geo.maps.ready.sitebank_maps import sitebank_map, sitebank_spec
from renewal_geo.maps.ready.task_maps import task_map, task_spec
from renewal_geo.maps.ready.value_maps import value_map, value_spec
from renewal_geo.maps.ready.zone_maps import zone_map, zone_spec
from renewal_geo.maps.spec import LayerSpec, MapSpec, Text, record

if TYPE_CHECKING:
    from renewal_geo.maps.ready.frontier_pictures import frontier_picture
    from renewal_geo.maps.sheet.method_sheet import method_sheet
    from renewal_geo.maps.sheet.pictures import zone_picture
    from renewal_geo.maps.sheet.wall_sheets import wall_sheet

__all__ = [
    "LayerSpec",
    "MapSpec",
    "Page",
    "PageReport",
    "Standard",
    "Text",
    "assert_self_contained",
    "basemap",
    "coverage_map",
    "coverage_spec",
    "facility_map",
    "facility_spec",
    "frontier_picture",
    "handover_map",
    "handover_spec",
    "interactive",
    "method_sheet",
    "potential_map",
    "potential_spec",
    "public_spec",
    "quality_map",
    "quality_spec",
    "record",
    "service_lines",
    "sitebank_map",
    "sitebank_spec",
    "task_map",
    "task_spec",
    "unit_map",
    "unit_spec",
    "value_map",
    "value_spec",
    "wall_sheet",
    "zone_map",
    "zone_picture",
    "zone_spec",
]  # fmt: skip

# what draws on paper needs matplotlib, which a page does not
_ON_PAPER = {
    "frontier_picture": "ready.frontier_pictures",
    "method_sheet": "sheet.method_sheet",
    "wall_sheet": "sheet.wall_sheets",
    "zone_picture": "sheet.pictures",
}


def __getattr__(name: str) -> Any:
    if name in _ON_PAPER:
        return getattr(importlib.import_module(f"renewal_geo.maps.{_ON_PAPER[name]}"), name)
    raise AttributeError(f"module 'renewal_geo.maps' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
