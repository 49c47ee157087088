"""A map of findings has a dot for every fault that has a place."""

from types import SimpleNamespace

import geopandas as gpd
import pytest
from shapely.geometry import LineString

from renewal_geo.foundation.errors import RenderError
from renewal_geo.maps import assert_self_contained, quality_map


def findings(drawn, crs):
    shapes = [drawn.square(0, 0), LineString([(500_000, 2_510_000), (500_100, 2_510_000)]), None]
    table = gpd.GeoDataFrame(
        {"finding_id": ["F1", "F2", "F3"], "table": "parcels", "row_id": ["a", "b", "c"],
         "code": ["overlap", "unmatched_vertex", "null_geometry"],
         "severity": ["error", "info", "warning"], "measure": [1.5, 2.5, None],
         "message": list(drawn.PAYLOADS[:3])},
        geometry=shapes, crs=crs,
    )  # fmt: skip
    return SimpleNamespace(table=table)


def test_classes_are_codes_worst_first(drawn, unpacked):
    page = quality_map(findings(drawn, drawn.CRS), drawn.delineation().parcels, lang="en")
    dots = page.spec.layers[-1]
    assert [c.value for c in dots.classes] == ["overlap", "null_geometry", "unmatched_vertex"]
    assert [c.title.en for c in dots.classes] == ["Overlap", "No geometry", "Unmatched vertex"]
    assert drawn.HIDDEN not in unpacked.told(page.html())
    assert "<img" not in page.html()


def test_findings_without_a_crs_cannot_be_placed(drawn):
    with pytest.raises(RenderError, match="CRS"):
        quality_map(findings(drawn, None)).html()


def test_a_sound_drawing_has_a_map_too(drawn):
    sound = SimpleNamespace(table=findings(drawn, drawn.CRS).table.iloc[:0])
    page = quality_map(sound, drawn.delineation().parcels)
    assert [layer.name for layer in page.spec.layers] == ["parcels"]
    facts = {fact.title.en: fact.content.en for fact in page.spec.facts}
    assert facts == {"Error": "0", "Warning": "0", "Note": "0"}
    assert_self_contained(page.html())
