"""Maps that people look at: a spec first, then a page in one file, or a picture."""

from renewal_geo.maps.basemaps import basemap
from renewal_geo.maps.editions import public_spec
from renewal_geo.maps.facility_maps import facility_map, facility_spec
from renewal_geo.maps.facility_tables import Standard
from renewal_geo.maps.folium_page import Page, PageReport, assert_self_contained, interactive
from renewal_geo.maps.frontier_pictures import frontier_picture
from renewal_geo.maps.handover_maps import handover_map, handover_spec
from renewal_geo.maps.pictures import zone_picture
from renewal_geo.maps.quality_maps import findings_map, quality_map, quality_spec
from renewal_geo.maps.spec import LayerSpec, MapSpec, record
from renewal_geo.maps.task_maps import task_map, task_spec
from renewal_geo.maps.value_maps import value_map, value_spec
from renewal_geo.maps.wall_sheets import wall_sheet
from renewal_geo.maps.zone_maps import zone_map, zone_spec

__all__ = [
    "LayerSpec", "MapSpec", "Page", "PageReport", "Standard", "assert_self_contained", "basemap",
    "facility_map", "facility_spec", "findings_map", "frontier_picture", "handover_map",
    "handover_spec", "interactive", "public_spec", "quality_map", "quality_spec", "record", "task_map",
    "task_spec", "value_map", "value_spec", "wall_sheet", "zone_map", "zone_picture", "zone_spec",
]  # fmt: skip
