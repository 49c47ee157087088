"""Area books that close: worked by hand, one fault of the class layer at a time."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, MultiPolygon, Polygon, box
from shapely.geometry import Point

from renewal_geo.foundation.errors import CRSError, InputError
from renewal_geo.ledger import published, tally

CRS = "EPSG:4547"


def zones(**shapes):
    index = pd.Index(list(shapes), name="zone_id")
    return gpd.GeoDataFrame(geometry=list(shapes.values()), index=index, crs=CRS)


def classes(*pairs):
    return gpd.GeoDataFrame(
        {"land_use": [name for name, _ in pairs]}, geometry=[shape for _, shape in pairs], crs=CRS
    )


def rows(book, by="land_use"):
    """(zone, class or kind) -> m2, without rows of nothing."""
    found = {}
    for row in book.table.to_dict("records"):
        key = (row["zone_id"], row[by] if row["kind"] == "class" else row["kind"])
        assert key not in found, f"{key} has two rows"
        assert (row[by] == "") == (row["kind"] != "class")
        if abs(row["area_m2"]) > 1e-9:
            found[key] = row["area_m2"]
    return found


def closing_error(book, layer):
    signs = {"class": 1.0, "covered_twice": -1.0, "uncovered": 1.0}
    table = book.table
    signed = (table["area_m2"] * table["kind"].map(signs)).groupby(table["zone_id"]).sum()
    return (signed.reindex(layer.index, fill_value=0.0) - layer.area).abs().max()


def test_columns_and_a_plain_case():
    layer = zones(Z01=box(0, 0, 100, 100))
    book = tally(
        layer, classes(("M1", box(0, 0, 60, 100)), ("R2", box(60, 0, 90, 100))), by="land_use"
    )
    assert list(book.table.columns) == ["zone_id", "land_use", "kind", "area_m2", "sliver_m2"]
    assert rows(book) == pytest.approx(
        {("Z01", "M1"): 6000, ("Z01", "R2"): 3000, ("Z01", "uncovered"): 1000}
    )
    assert closing_error(book, layer) < 1e-6


def test_covered_twice_is_the_excess_over_the_union():
    """Three layers deep over 10 m: the excess is twice that strip."""
    layer = zones(Z01=box(0, 0, 100, 100))
    cover = classes(
        ("M1", box(0, 0, 60, 100)), ("R2", box(50, 0, 100, 100)), ("G1", box(50, 0, 60, 100))
    )
    book = tally(layer, cover, by="land_use")
    assert rows(book)[("Z01", "covered_twice")] == pytest.approx(2000)
    assert ("Z01", "uncovered") not in rows(book)
    assert closing_error(book, layer) < 1e-6


def test_overlap_within_one_class_counts_too():
    layer = zones(Z01=box(0, 0, 100, 100))
    book = tally(
        layer, classes(("M1", box(0, 0, 60, 100)), ("M1", box(50, 0, 100, 100))), by="land_use"
    )
    assert rows(book) == pytest.approx({("Z01", "M1"): 11000, ("Z01", "covered_twice"): 1000})


def test_zones_that_overlap_have_books_of_their_own():
    layer = zones(a=box(0, 0, 10, 10), b=box(5, 0, 15, 10))
    book = tally(layer, classes(("M1", box(0, 0, 20, 20))), by="land_use")
    assert rows(book) == pytest.approx({("a", "M1"): 100, ("b", "M1"): 100})


def test_zone_outside_the_layer_is_uncovered():
    book = tally(zones(Z01=box(0, 0, 10, 10)), classes(("M1", box(500, 0, 600, 10))), by="land_use")
    assert rows(book) == pytest.approx({("Z01", "uncovered"): 100})


def test_touching_is_not_lying_in():
    book = tally(zones(Z01=box(0, 0, 10, 10)), classes(("M1", box(10, 0, 20, 10))), by="land_use")
    assert rows(book) == pytest.approx({("Z01", "uncovered"): 100})
    assert "M1" not in set(book.table["land_use"])


def test_holes_and_parts():
    ring = Polygon(box(0, 0, 100, 100).exterior.coords, [box(40, 40, 60, 60).exterior.coords])
    layer = zones(Z01=MultiPolygon([ring, box(200, 0, 210, 10)]))
    book = tally(layer, classes(("M1", box(50, 0, 300, 100))), by="land_use")
    assert rows(book) == pytest.approx(
        {("Z01", "M1"): 5000 - 200 + 100, ("Z01", "uncovered"): 4800}
    )


def test_invalid_class_is_mended_and_said():
    bow = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    layer = zones(Z01=box(0, 0, 10, 10))
    book = tally(layer, classes(("M1", bow)), by="land_use")
    assert rows(book)[("Z01", "M1")] == pytest.approx(50)
    assert closing_error(book, layer) < 1e-6
    assert any("1" in note for note in book.notes)


def test_rows_without_area_take_no_part():
    layer = zones(Z01=box(0, 0, 10, 10))
    cover = classes(
        ("M1", None), ("M1", Polygon()), ("R2", LineString([(0, 0), (9, 9)])), ("S1", Point(1, 1))
    )
    assert rows(tally(layer, cover, by="land_use")) == pytest.approx({("Z01", "uncovered"): 100})


def test_missing_class_still_closes():
    """A polygon without a class covers ground: it may not be booked as uncovered twice."""
    layer = zones(Z01=box(0, 0, 10, 10))
    book = tally(layer, classes((None, box(0, 0, 4, 10)), ("M1", box(4, 0, 10, 10))), by="land_use")
    assert closing_error(book, layer) < 1e-6
    table = book.table
    assert table.loc[table["land_use"] == "M1", "area_m2"].sum() == pytest.approx(60)


def test_numeric_classes_are_text():
    book = tally(zones(Z01=box(0, 0, 10, 10)), classes((3, box(0, 0, 10, 10))), by="land_use")
    assert book.table.loc[book.table["kind"] == "class", "land_use"].tolist() == ["3"]
    floats = tally(zones(Z01=box(0, 0, 10, 10)), classes((3.0, box(0, 0, 10, 10))), by="land_use")
    assert floats.table.loc[floats.table["kind"] == "class", "land_use"].tolist() == ["3"]


def test_a_sliver_is_an_of_which():
    layer = zones(Z01=box(0, 0, 100, 100))
    book = tally(
        layer,
        classes(("M1", box(0, 0, 99.99, 100)), ("R2", box(99.99, 0, 200, 100))),
        by="land_use",
    )
    table = book.table.set_index("land_use")
    assert table.loc["R2", "area_m2"] == pytest.approx(1.0)
    assert table.loc["R2", "sliver_m2"] == pytest.approx(1.0)
    assert table.loc["M1", "sliver_m2"] == 0
    assert (book.table["sliver_m2"] <= book.table["area_m2"] + 1e-9).all()


def test_a_polygon_of_many_vertices():
    angle = np.linspace(0, 2 * np.pi, 6000, endpoint=False)
    radius = 1000 + 20 * np.sin(60 * angle)
    blob = Polygon(np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]))
    layer = zones(a=box(-500, -500, 500, 500), b=box(900, -50, 1100, 50))
    book = tally(layer, classes(("M1", blob)), by="land_use")
    assert rows(book)[("a", "M1")] == pytest.approx(1_000_000)
    assert rows(book)[("b", "M1")] == pytest.approx(blob.intersection(layer.geometry["b"]).area)
    assert closing_error(book, layer) < 1e-6


def test_tiles_of_a_huge_polygon_are_no_slivers():
    """A border a hand's breadth from where the polygon may be cut into tiles."""
    angle = np.linspace(0, 2 * np.pi, 6000, endpoint=False)
    disc = Polygon(np.column_stack([1000 * np.cos(angle), 1000 * np.sin(angle)]))
    layer = zones(**{f"z{at}": box(-900, -300, at, 300) for at in (-249.9, 0.1, 250.1, 500.1)})
    book = tally(layer, classes(("M1", disc)), by="land_use")
    assert book.table["sliver_m2"].max() < 1e-6


def test_far_from_the_origin():
    layer = zones(Z01=box(520_000.1, 2_510_000.2, 520_333.3, 2_510_777.7))
    cover = classes(
        ("M1", box(519_000, 2_510_100, 520_100, 2_511_000)),
        ("R2", box(520_050, 2_510_100, 520_500, 2_510_300)),
    )
    assert closing_error(tally(layer, cover, by="land_use"), layer) < max(
        1e-6, 1e-9 * layer.area.sum()
    )


def test_order_of_rows_does_not_matter():
    layer = zones(b=box(0, 0, 10, 10), a=box(10, 0, 30, 10))
    cover = classes(("R2", box(0, 0, 5, 10)), ("M1", box(5, 0, 30, 10)), ("R2", box(4, 0, 6, 10)))
    one = tally(layer, cover, by="land_use").table
    other = tally(layer, cover.iloc[::-1], by="land_use").table
    pd.testing.assert_frame_equal(one, other)


def test_the_callers_tables_stay_as_they_are():
    layer, cover = (
        zones(Z01=box(0, 0, 10, 10)),
        classes(("M1", Polygon([(0, 0), (9, 9), (9, 0), (0, 9)]))),
    )
    before = layer.copy(), cover.copy()
    tally(layer, cover, by="land_use")
    pd.testing.assert_frame_equal(layer, before[0])
    pd.testing.assert_frame_equal(cover, before[1])


def test_bad_questions_are_refused():
    layer, cover = zones(Z01=box(0, 0, 10, 10)), classes(("M1", box(0, 0, 5, 5)))
    with pytest.raises(InputError, match="land_usage"):
        tally(layer, cover, by="land_usage")
    with pytest.raises(CRSError):
        tally(layer, cover.to_crs(4326), by="land_use")
    with pytest.raises(CRSError):
        tally(layer.to_crs(4326), cover.to_crs(4326), by="land_use")


def test_no_zones_no_rows():
    none = zones(Z01=box(0, 0, 1, 1)).iloc[:0]
    assert len(tally(none, classes(("M1", box(0, 0, 5, 5))), by="land_use").table) == 0


def test_published_rows_add_to_their_rounded_totals():
    """Three thirds of a hectare each: 0.33 + 0.33 + 0.34 = 1.00."""
    layer = zones(a=box(0, 0, 100, 100), b=box(0, 0, 50, 50))
    thirds = [box(0, at, 100, at + 100 / 3) for at in (0, 100 / 3, 200 / 3)]
    cover = classes(*zip(("M1", "R2", "G1"), thirds, strict=True), ("S1", box(0, 0, 10, 10)))
    table = published(tally(layer, cover, by="land_use"), unit="ha", decimals=2)
    assert table.index.tolist() == ["a", "b"]
    assert table["total"].tolist() == [1.0, 0.25]
    np.testing.assert_allclose(table.drop(columns="total").sum(axis=1), table["total"], atol=1e-12)
    assert table.loc["a", "covered_twice"] == pytest.approx(-0.01)
