"""A number per polygon as a map: five steps, grey for nothing, areas from the table."""

import geopandas as gpd
import pytest
from shapely import box

from renewal_geo.foundation.errors import RenewalError
from renewal_geo.maps import assert_self_contained, value_map, value_spec
from renewal_geo.maps.controls import total


@pytest.fixture
def scored():
    return gpd.GeoDataFrame(
        {"score": [0.0, 0.5, 1.0, None], "secret_holder": ["<b>x</b>"] * 4},
        geometry=[box(520_000 + 20 * n, 2_510_000, 520_010 + 20 * n, 2_510_010) for n in range(4)],
        index=list("abcd"),
        crs="EPSG:4547",
    )


def test_steps_and_figures(scored):
    layer = value_spec(scored, "score").layers[0]
    assert layer.class_of.tolist() == [0, 2, 4, 5]
    assert [c.count for c in layer.classes] == [1, 0, 1, 0, 1, 1]
    assert sum(c.area_m2 for c in layer.classes) == pytest.approx(400)


def test_only_named_columns_leave(scored, unpacked):
    page = value_map(scored, "score", title="t").html()
    assert_self_contained(page)
    assert "secret_holder" not in unpacked.told(page)
    assert "<b>x</b>" not in unpacked.told(page)
    with pytest.raises(RenewalError):
        value_map(scored, "nothing")


def test_losses_are_layers_of_their_own(scored):
    gone = scored.iloc[:2][["geometry"]].assign(area_m2=[100.0, 100.0])
    losses = {"uncovered": gone, "covered_twice": gone.iloc[:0]}
    spec = value_spec(scored, "score", losses=losses)
    assert [layer.name for layer in spec.layers] == ["values", "uncovered"]
    (entry,) = spec.layers[1].classes
    assert (entry.count, entry.area_m2) == (2, 200.0)
    assert_self_contained(value_map(scored, "score", losses=losses).html())


def test_areas_are_the_table_s_where_it_has_them(scored):
    spec = value_spec(scored.assign(area_m2=[1.0, 2.0, 3.0, 4.0]), "score")
    assert [c.area_m2 for c in spec.layers[0].classes] == [1.0, 0.0, 2.0, 0.0, 3.0, 4.0]
    assert [total(spec, one) for one in spec.totals] == [4.0, pytest.approx(1e-3)]
    assert spec.layers[0].search == ("id",)
    assert spec.layers[0].filters == ("score",)


def test_the_public_edition_has_no_row_and_no_extreme(scored):
    losses = {"uncovered": scored.iloc[:1][["geometry"]].assign(area_m2=[100.0])}
    spec = value_spec(scored, "score", edition="public", losses=losses)
    assert [layer.name for layer in spec.layers] == ["values"]
    assert spec.layers[0].columns == ()
    assert spec.facts == ()  # least and most are of one polygon
    assert [c.count for c in spec.layers[0].classes if c.count] == []
