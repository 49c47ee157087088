"""Maps that people look at: a spec first, then a page in one file, or a picture."""

from renewal_geo.maps.folium_page import Page, assert_self_contained
from renewal_geo.maps.frontier_pictures import frontier_picture
from renewal_geo.maps.pictures import zone_picture
from renewal_geo.maps.quality_maps import findings_map
from renewal_geo.maps.spec import LayerSpec, MapSpec, record
from renewal_geo.maps.value_maps import value_map, value_spec
from renewal_geo.maps.zone_maps import zone_map, zone_spec

__all__ = [
    "LayerSpec", "MapSpec", "Page", "assert_self_contained", "findings_map", "frontier_picture", "record",
    "value_map", "value_spec", "zone_map", "zone_picture", "zone_spec",
]  # fmt: skip
