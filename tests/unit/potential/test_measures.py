"""What each source of a criterion measures, worked by hand, and what is missing when."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import GeometryCollection, LineString, MultiPoint, MultiPolygon, Point, Polygon, box

from renewal_geo.foundation.errors import CRSError, ExpressionError, InputError
from renewal_geo.potential.criterion import Criterion
from renewal_geo.potential.measures import Measured, measured
from renewal_geo.potential.scoring import score
from renewal_geo.potential.way_measures import streets_of
from renewal_geo.spatial.rasters import Raster

CRS = "EPSG:4547"
BOWTIE = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])


def parcels(*shapes, index=None, crs=CRS, **columns):
    index = [f"p{n}" for n in range(len(shapes))] if index is None else index
    return gpd.GeoDataFrame(columns, geometry=list(shapes), index=index, crs=crs)


def layer(*shapes, crs=CRS, **columns):
    index = [f"f{n}" for n in range(len(shapes))]
    return gpd.GeoDataFrame(columns, geometry=list(shapes), index=index, crs=crs)


def found(table, source="column", layers=None, **asked) -> Measured:
    network = asked.pop("network", "roads")
    snap = asked.pop("max_snap_m", 200.0)
    return measured(
        table, Criterion("c", source=source, **asked),
        layers=layers or {}, rasters={}, network=network, max_snap_m=snap,
    )  # fmt: skip


# ---- columns --------------------------------------------------------------------------------------


def test_a_column_needs_no_geometry():
    table = pd.DataFrame({"age": [1, None, np.inf, 4]}, index=["a", "b", "c", "d"])
    got = found(table, column="age")
    assert got.figures.tolist()[0::3] == [1.0, 4.0]
    assert got.why_missing.tolist() == ["", "no value", "no value", ""]
    assert got.figures.index.tolist() == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("values", "figures"),
    [
        (pd.array([1, None], dtype="Int64"), [1.0, None]),
        (pd.array([True, None], dtype="boolean"), [1.0, None]),
        ([True, False], [1.0, 0.0]),
        (["1.5", " "], [1.5, None]),
        ([None, None], [None, None]),
    ],
)
def test_what_counts_as_a_number(values, figures):
    got = found(pd.DataFrame({"a": values}), column="a").figures
    assert got.astype(object).where(got.notna(), None).tolist() == figures


def test_texts_and_dates_that_are_no_numbers_are_refused_with_their_ids():
    table = pd.DataFrame({"a": ["1", "x", "y"]}, index=["p", "q", "r"])
    with pytest.raises(InputError) as caught:
        found(table, column="a")
    assert caught.value.code == "not_a_number"
    assert "q, r" in caught.value.where
    with pytest.raises(InputError):
        found(pd.DataFrame({"a": pd.to_datetime(["2020-01-01"])}), column="a")


def test_an_expression_and_the_leftmost_of_two_columns():
    table = pd.DataFrame([[1.0, 2.0, 9.0]], columns=["a", "b", "a"])
    assert found(table, column="a + b").figures.tolist() == [3.0]
    assert found(table, column="a").figures.tolist() == [1.0]
    assert found(table, column="b > 1").figures.tolist() == [1.0]


@pytest.mark.parametrize("column", ["nothing", "geometry", "a +"])
def test_no_such_column(column):
    with pytest.raises(ExpressionError):
        found(parcels(box(0, 0, 1, 1), a=[1.0]), column=column)


def test_categories_keep_their_codes_as_text():
    table = pd.DataFrame({
        "code": [3.0, np.nan, 4.5, np.inf], "text": ["M1", None, " ", "3.0"], "flag": [True, False, True, None],
    })  # fmt: skip
    code = found(table, column="code", transform="category")
    assert code.figures.tolist() == ["3", None, "4.5", None]
    assert code.why_missing.tolist() == ["", "no value", "", "no value"]
    assert found(table, column="text", transform="category").figures.tolist() == [
        "M1", None, None, "3",
    ]  # fmt: skip
    assert found(table, column="flag", transform="category").figures.tolist() == [
        "True", "False", "True", None,
    ]  # fmt: skip


# ---- shares ---------------------------------------------------------------------------------------


def test_share_counts_overlapping_rows_once():
    control = layer(
        box(0, 0, 5, 10), box(3, 0, 6, 10), box(0, 0, 10, 10), kind=["eco", "eco", "farm"]
    )
    table = parcels(box(0, 0, 10, 10), box(5, 0, 15, 10), box(50, 50, 60, 60))
    got = found(table, "share", {"control": control}, layer="control", where="kind == 'eco'")
    assert got.figures.tolist() == pytest.approx([0.6, 0.1, 0.0], abs=1e-12)
    assert got.figures.iloc[2] == 0.0
    assert got.said == "share of the parcel in control where kind == 'eco'"
    whole = found(table, "share", {"control": control}, layer="control")
    assert whole.figures.iloc[0] == 1.0


def test_share_of_the_surroundings():
    green = layer(box(-1000, -1000, 0, 1000))
    table = parcels(box(0, 0, 10, 10), Point(0, 0))
    got = found(table, "share", {"green": green}, layer="green", within_m=100)
    ground = table.geometry.buffer(100, quad_segs=16)
    assert got.figures.tolist() == pytest.approx(
        (ground.intersection(green.geometry.iloc[0]).area / ground.area).tolist(), abs=1e-9
    )
    assert got.figures.iloc[1] == pytest.approx(0.5)
    assert got.said == "share of the ground within 100 m in green"


def test_a_where_that_selects_nothing_makes_shares_of_nought_and_says_so():
    green = layer(box(0, 0, 5, 5), kind=["a"])
    got = found(
        parcels(box(0, 0, 5, 5)), "share", {"green": green}, layer="green", where="kind == 'b'"
    )
    assert got.figures.tolist() == [0.0]
    assert any("no row of green where kind == 'b'" in one for one in got.notes)


@pytest.mark.parametrize("source", ["share", "density", "distance"])
def test_parcels_without_shape_or_area(source):
    table = parcels(
        box(0, 0, 10, 10), None, Polygon(), Point(1, 1), LineString([(0, 0), (1, 1)]),
        index=["a", "a", "b", "c", "c"],
    )  # fmt: skip
    green = layer(box(0, 0, 5, 10))
    got = found(table, source, {"green": green}, layer="green")
    assert got.figures.index.tolist() == table.index.tolist()
    assert got.figures.notna().iloc[0]
    assert got.why_missing.tolist()[:3] == ["", "no shape", "no shape"]
    if source == "distance":
        assert got.figures.iloc[3:].tolist() == [0.0, 0.0]
    else:
        assert got.why_missing.tolist()[3:] == ["no area", "no area"]
        assert got.figures.iloc[1:].isna().all()


def test_figures_are_carried_by_position_where_ids_occur_twice():
    table = parcels(box(0, 0, 10, 10), box(20, 0, 30, 10), index=["same", "same"])
    green = layer(box(20, 0, 25, 10))
    assert found(table, "share", {"g": green}, layer="g").figures.tolist() == pytest.approx(
        [0, 0.5]
    )
    assert found(table, "distance", {"g": green}, layer="g").figures.tolist() == [10.0, 0.0]
    assert found(table, "density", {"g": green}, layer="g").figures.tolist() == [0.0, 100.0]


def test_parcels_of_several_parts_and_with_holes():
    parts = MultiPolygon([box(0, 0, 10, 10), box(100, 0, 110, 10)])
    holed = Polygon(box(0, 0, 10, 10).exterior, [box(2, 2, 8, 8).exterior])
    g = {"g": layer(box(100, 0, 110, 10), box(3, 3, 4, 4))}
    got = found(parcels(parts, holed), "share", g, layer="g")
    assert got.figures.tolist() == pytest.approx([0.505, 0.0], abs=1e-12)
    way = found(parcels(parts, holed), "distance", g, layer="g")
    assert way.figures.tolist() == [0.0, 1.0]
    assert way.nearest.tolist() == ["f0", "f1"]


def test_invalid_shapes_are_made_valid_for_measuring_and_counted():
    table = parcels(BOWTIE, box(0, 0, 10, 10))
    got = found(table, "share", {"g": layer(BOWTIE)}, layer="g")
    assert got.figures.tolist() == pytest.approx([1.0, 0.5], abs=1e-12)
    assert got.notes == (
        "g: 1 invalid shapes were made valid for measuring",
        "parcels: 1 invalid shapes were made valid for measuring",
    )
    assert table.geometry.iloc[0] is BOWTIE


def test_rows_without_shape_are_left_out_and_counted():
    g = layer(box(0, 0, 5, 10), None, Polygon())
    got = found(parcels(box(0, 0, 10, 10)), "share", {"g": g}, layer="g")
    assert got.figures.tolist() == pytest.approx([0.5])
    assert got.notes == ("g: 2 of 3 rows have no shape and are left out",)


# ---- density --------------------------------------------------------------------------------------


def test_density_counts_points_and_areas_and_measures_lines():
    table = parcels(box(0, 0, 100, 100), box(100, 0, 300, 100))
    points = layer(Point(5, 5), Point(6, 6), Point(150, 50), MultiPoint([(1, 1), (2, 2)]))
    assert found(table, "density", {"g": points}, layer="g").figures.tolist() == [3.0, 0.5]
    areas = layer(
        box(90, 0, 160, 10), box(10, 10, 20, 20)
    )  # the first's centre lies in the second parcel
    assert found(table, "density", {"g": areas}, layer="g").figures.tolist() == [1.0, 0.5]
    lines = layer(LineString([(50, 50), (200, 50)]), LineString([(-50, 20), (50, 20)]))
    got = found(table, "density", {"g": lines}, layer="g")
    assert got.figures.tolist() == pytest.approx([100.0, 50.0])
    assert got.said == "m of g per ha of the parcel"


def test_density_adds_an_amount_by_the_area_on_the_ground():
    table = parcels(box(0, 0, 100, 100), box(100, 0, 200, 100))
    blocks = layer(box(50, 0, 150, 100), box(150, 0, 250, 100), people=[100.0, 40.0])
    got = found(table, "density", {"g": blocks}, layer="g", column="people")
    assert got.figures.tolist() == pytest.approx([50.0, 70.0])
    assert got.said == "people of g per ha of the parcel"
    twice = found(table, "density", {"g": blocks}, layer="g", column="people * 2")
    assert twice.figures.tolist() == pytest.approx([100.0, 140.0])
    mixed = layer(
        Point(1, 1), LineString([(50, 0), (150, 0)]).buffer(0).boundary, people=[1.0, 2.0]
    )
    assert found(table, "density", {"g": mixed}, layer="g", column="people").figures.iloc[0] == 1.0
    line = layer(LineString([(50, 50), (250, 50)]), trips=[8.0])
    assert found(table, "density", {"g": line}, layer="g", column="trips").figures.tolist() == [
        2.0,
        4.0,
    ]


def test_density_of_the_surroundings():
    table = parcels(box(0, 0, 10, 10))
    points = layer(Point(5, 5), Point(30, 5), Point(31, 5), Point(110, 5))
    got = found(table, "density", {"g": points}, layer="g", within_m=21)
    assert got.figures.tolist() == pytest.approx(
        [3 / table.buffer(21, quad_segs=16).area.iloc[0] * 1e4]
    )
    assert got.said == "number of g per ha of the ground within 21 m"


def test_what_lies_on_a_border_is_divided():
    table = parcels(box(0, 0, 100, 100), box(100, 0, 200, 100), box(0, 100, 100, 200))
    points = layer(Point(100, 50), Point(100, 100), Point(0, 0))
    assert found(table, "density", {"g": points}, layer="g").figures.tolist() == pytest.approx(
        [0.5 + 1 / 3 + 1, 0.5 + 1 / 3, 1 / 3]
    )
    line = layer(LineString([(100, 0), (100, 100)]))
    assert found(table, "density", {"g": line}, layer="g").figures.tolist() == [50.0, 50.0, 0.0]


def test_a_point_in_two_overlapping_parcels_counts_in_both():
    table = parcels(box(0, 0, 100, 100), box(50, 0, 150, 100))
    assert found(table, "density", {"g": layer(Point(75, 5))}, layer="g").figures.tolist() == [1, 1]


def test_rows_without_an_amount_add_nothing_and_are_counted():
    g = layer(Point(1, 1), Point(2, 2), people=[3.0, np.nan])
    got = found(parcels(box(0, 0, 100, 100)), "density", {"g": g}, layer="g", column="people")
    assert got.figures.tolist() == [3.0]
    assert got.notes == ("g: 1 of 2 rows have no people and add nothing",)


def test_an_empty_layer_has_a_density_of_nought():
    got = found(parcels(box(0, 0, 1, 1)), "density", {"g": layer()}, layer="g")
    assert got.figures.tolist() == [0.0]
    assert got.notes == ("criterion c: layer g has no rows",)


def test_of_mixed_parcels_the_areas_are_the_ground():
    table = parcels(GeometryCollection([box(0, 0, 10, 10), LineString([(10, 0), (99, 0)])]))
    g = {"g": layer(LineString([(5, 0), (5, 20)]))}
    assert found(table, "density", g, layer="g").figures.tolist() == [1000.0]


@pytest.mark.parametrize("source", ["share", "density", "distance"])
@pytest.mark.parametrize("within_m", [0.0, 5.0])
def test_tables_without_a_row_or_a_shape(source, within_m):
    g = {"g": layer(box(0, 0, 5, 10))}
    got = found(parcels(), source, g, layer="g", within_m=within_m)
    assert len(got.figures) == 0
    got = found(parcels(None, Polygon()), source, g, layer="g", within_m=within_m)
    assert got.why_missing.tolist() == ["no shape"] * 2
    assert got.figures.isna().all()


# ---- ways -----------------------------------------------------------------------------------------


def test_straight_from_the_outline():
    table = parcels(box(0, 0, 10, 10), box(100, 0, 110, 10))
    g = layer(
        Point(20, 5), LineString([(105, 20), (105, 90)]), box(0, 50, 5, 60), kind=["a", "b", "a"]
    )
    got = found(table, "distance", {"g": g}, layer="g")
    assert got.figures.tolist() == [10.0, 10.0]
    assert got.nearest.tolist() == ["f0", "f1"]
    assert got.said == "m from the parcel's outline to the nearest of g"
    some = found(table, "distance", {"g": g}, layer="g", where="kind == 'a'")
    assert some.figures.tolist() == [10.0, 80.0]


def test_a_parcel_inside_an_area_is_at_distance_0():
    table = parcels(box(40, 40, 60, 60), box(200, 0, 210, 10))
    wide = Point(50, 50).buffer(50, quad_segs=4000)  # of more corners than one piece has
    got = found(table, "distance", {"g": layer(wide)}, layer="g")
    assert got.figures.iloc[0] == 0.0
    assert got.figures.iloc[1] == pytest.approx(table.geometry.iloc[1].distance(wide), abs=1e-9)


def test_long_lines_are_cut_without_a_gap():
    x = np.arange(1000.0)
    line = LineString(np.column_stack([x, np.sin(x)]))
    table = parcels(*[Point(at, 3) for at in np.arange(0, 999, 7.3)])
    got = found(table, "distance", {"g": layer(line)}, layer="g")
    assert got.figures.tolist() == pytest.approx(table.distance(line).tolist(), abs=1e-12)


def test_of_equals_the_first_id_is_nearest():
    g = layer(Point(20, 5), Point(-10, 5))
    g.index = ["b", "a"]
    assert found(parcels(box(0, 0, 10, 10)), "distance", {"g": g}, layer="g").nearest.tolist() == [
        "a"
    ]


STREETS = gpd.GeoDataFrame(
    geometry=[LineString([(0, 0), (100, 0)]), LineString([(100, 0), (100, 100)])], crs=CRS
)


def test_along_streets_from_a_point_inside():
    table = parcels(box(-2, 2, 2, 4), box(500, 500, 510, 510), None)
    layers = {"roads": STREETS, "g": layer(Point(105, 90))}
    got = found(table, "distance", layers, layer="g", by="network")
    assert got.figures.iloc[0] == pytest.approx(3 + 100 + 90 + 5)
    assert got.why_missing.tolist() == ["", "no street within 200 m", "no shape"]
    assert got.nearest.tolist() == ["f0", None, None]
    assert got.said == "m along roads from a point inside the parcel to the nearest of g"


def test_where_no_way_leads():
    island = gpd.GeoDataFrame(geometry=[LineString([(1000, 0), (1100, 0)])], crs=CRS)
    layers = {
        "roads": pd.concat([STREETS, island], ignore_index=True),
        "g": layer(Point(1050, 0), Point(9000, 0)),
    }
    got = found(parcels(box(0, 0, 10, 10)), "distance", layers, layer="g", by="network")
    assert got.why_missing.tolist() == ["no way along the streets"]
    assert got.notes == ("g: 1 of 2 features have no street within 200 m",)


def test_lines_and_areas_are_entered_from_the_street():
    table = parcels(box(-1, -1, 1, 1))
    crossing = layer(LineString([(57, -5), (57, 50)]))
    got = found(table, "distance", {"roads": STREETS, "g": crossing}, layer="g", by="network")
    assert got.figures.tolist() == pytest.approx([57.0])
    beside = layer(box(40, 10, 90, 60))
    got = found(table, "distance", {"roads": STREETS, "g": beside}, layer="g", by="network")
    assert 50.0 <= got.figures.iloc[0] <= 60.0
    around = layer(box(-50, -50, 50, 50))
    got = found(table, "distance", {"roads": STREETS, "g": around}, layer="g", by="network")
    assert got.figures.tolist() == [0.0]


def test_the_network_may_be_made_once():
    table = parcels(box(-2, 2, 2, 4))
    layers = {"roads": STREETS, "g": layer(Point(105, 90))}
    streets, _ = streets_of(layers, "roads", table)
    once = found(table, "distance", layers, layer="g", by="network", network=streets)
    assert (
        once.figures.tolist()
        == found(table, "distance", layers, layer="g", by="network").figures.tolist()
    )


# ---- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["share", "density", "distance"])
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", None])
def test_parcels_that_cannot_be_measured_in_metres(source, crs):
    with pytest.raises(CRSError) as caught:
        found(
            parcels(box(114, 22, 115, 23), crs=crs),
            source,
            {"g": layer(box(0, 0, 1, 1))},
            layer="g",
        )
    assert "needs a projected CRS in metres" in caught.value.what
    assert caught.value.fix
    assert caught.value.code in ("crs_geographic", "crs_web_mercator", "crs_missing")


@pytest.mark.parametrize("source", ["share", "density", "distance"])
def test_layers_that_are_not_there(source):
    table, g = parcels(box(0, 0, 1, 1)), layer(box(0, 0, 1, 1))
    with pytest.raises(InputError) as caught:
        found(table, source, {"stations": g}, layer="station")
    assert caught.value.code == "layer_missing"
    assert "[layers.station]" in caught.value.fix
    assert "stations" in caught.value.what
    with pytest.raises(InputError) as caught:
        found(table, source, {"g": pd.DataFrame({"a": [1]})}, layer="g")
    assert caught.value.code == "no_geometry"
    with pytest.raises(InputError) as caught:
        found(pd.DataFrame({"a": [1]}), source, {"g": g}, layer="g")
    assert caught.value.code == "no_geometry"
    with pytest.raises(CRSError) as caught:
        found(table, source, {"g": layer(box(0, 0, 1, 1), crs=None)}, layer="g")
    assert caught.value.code == "crs_missing"
    with pytest.raises(InputError) as caught:
        found(table, source, {"g": layer(None, Polygon())}, layer="g")
    assert caught.value.code == "no_shapes"
    with pytest.raises(ExpressionError) as caught:
        found(
            table, source, {"g": layer(box(0, 0, 1, 1), kind=["a"])}, layer="g", where="knd == 'a'"
        )
    assert "kind" in caught.value.what


def test_a_layer_in_another_crs_is_reprojected_and_said():
    table = parcels(box(500_000, 2_500_000, 500_100, 2_500_100))
    g = layer(box(500_000, 2_500_000, 500_050, 2_500_100)).to_crs("EPSG:4326")
    got = found(table, "share", {"g": g}, layer="g")
    assert got.figures.tolist() == pytest.approx([0.5], abs=1e-6)
    assert got.notes[0].startswith("g was reprojected from EPSG:4326")


def test_what_lies_nowhere_after_reprojection_has_no_shape():
    table = parcels(box(500_000, 2_500_000, 500_100, 2_500_100))
    g = layer(Point(114, 22.6), Point(np.inf, np.inf), crs="EPSG:4326")
    got = found(table, "distance", {"g": g}, layer="g")
    assert got.notes[1] == "g: 1 of 2 rows have no shape and are left out"


def test_a_share_of_points_or_lines_is_refused():
    for shape, noun in ((Point(0, 0), "points"), (LineString([(0, 0), (1, 1)]), "lines")):
        with pytest.raises(InputError) as caught:
            found(parcels(box(0, 0, 1, 1)), "share", {"g": layer(shape)}, layer="g")
        assert caught.value.code == "not_areas"
        assert noun in caught.value.what
    mixed = layer(
        box(0, 0, 1, 0.5), Point(0, 0), GeometryCollection([Point(9, 9), box(0, 0, 0.5, 1)])
    )
    got = found(parcels(box(0, 0, 1, 1)), "share", {"g": mixed}, layer="g")
    assert got.figures.tolist() == pytest.approx([0.75])
    assert got.notes == ("g: 1 points cover nothing and are left out",)


def test_metres_and_numbers_are_not_added():
    mixed = layer(Point(0, 0), LineString([(0, 0), (1, 1)]))
    with pytest.raises(InputError) as caught:
        found(parcels(box(0, 0, 1, 1)), "density", {"g": mixed}, layer="g")
    assert caught.value.code == "mixed_types"


def test_amounts_must_be_numbers():
    g = layer(Point(0, 0), Point(1, 1), name=["x", "y"], none=[None, np.nan])
    with pytest.raises(InputError) as caught:
        found(parcels(box(0, 0, 1, 1)), "density", {"g": g}, layer="g", column="name")
    assert caught.value.code == "not_a_number"
    with pytest.raises(InputError) as caught:
        found(parcels(box(0, 0, 1, 1)), "density", {"g": g}, layer="g", column="none")
    assert caught.value.code == "no_numbers"


def test_a_distance_to_nothing_is_refused():
    g = layer(Point(0, 0), kind=["a"])
    with pytest.raises(InputError) as caught:
        found(parcels(box(0, 0, 1, 1)), "distance", {"g": g}, layer="g", where="kind == 'b'")
    assert caught.value.code == "no_features"
    assert "g where kind == 'b'" in caught.value.what


def test_streets_that_are_not_there():
    g = {"g": layer(Point(0, 0))}
    with pytest.raises(InputError) as caught:
        found(parcels(box(0, 0, 1, 1)), "distance", g, layer="g", by="network")
    assert caught.value.code == "layer_missing"
    assert "[layers.roads]" in caught.value.fix
    with pytest.raises(InputError) as caught:
        found(parcels(box(0, 0, 1, 1)), "distance", g | {"roads": g["g"]}, layer="g", by="network")
    assert caught.value.code == "not_lines"


def test_a_raster_that_is_not_there():
    with pytest.raises(InputError) as caught:
        found(parcels(box(0, 0, 1, 1)), "raster", layer="dem")
    assert caught.value.code == "layer_missing"
    assert "[layers.dem]" in caught.value.fix


def test_a_raster_is_measured_by_its_role():
    dem = Raster(
        np.full((4, 4), 7.0), (10.0, 0.0, 0.0, 0.0, -10.0, 40.0), CRS, name="dem", unit="m"
    )
    one = Criterion("c", source="raster", layer="dem")
    got = measured(parcels(box(5, 5, 25, 25)), one, layers={}, rasters={"dem": dem})
    assert got.figures.tolist() == pytest.approx([7.0])


def test_a_bridge_meets_the_street_below_only_where_crossings_are_joined():
    parcel = gpd.GeoDataFrame(
        geometry=[box(-5, 90, 5, 95)], index=pd.Index(["a"], name="parcel_id"), crs="EPSG:4547"
    )
    roads = gpd.GeoDataFrame(
        geometry=[LineString([(0, 0), (0, 100)]), LineString([(-100, 50), (100, 50)]), LineString([(100, 50), (100, 0), (0, 0)])],
        crs="EPSG:4547",
    )  # fmt: skip
    stops = gpd.GeoDataFrame(geometry=[Point(-90, 50)], crs="EPSG:4547")
    asked = [{"id": "stop", "source": "distance", "layer": "stops", "by": "network", "weight": 1, "low": 0, "high": 999}]  # fmt: skip
    layers = {"roads": roads, "stops": stops}
    short = score(parcel, asked, layers=layers)
    round_about = score(parcel, asked, layers=layers, noded=False)
    assert short.values.loc["a", "stop"] == pytest.approx(42.5 + 90)
    assert round_about.values.loc["a", "stop"] == pytest.approx(92.5 + 100 + 50 + 190)
