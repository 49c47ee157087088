"""Many layers at once: books per dimension, cross tables, floor area, losses, print; by hand."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point, Polygon, box

from renewal_geo.foundation.errors import CRSError, InputError
from renewal_geo.ledger import (
    Dimension,
    apportion,
    cross,
    draw_losses,
    land_balance,
    level_table,
    margin,
    overlap_m2,
    published,
    split_kinds,
    tally,
    tally_all,
    whole,
)

CRS = "EPSG:4547"


def zones(**shapes):
    index = pd.Index(list(shapes), name="zone_id")
    return gpd.GeoDataFrame(geometry=list(shapes.values()), index=index, crs=CRS)


def layer(*pairs, by="use"):
    return gpd.GeoDataFrame(
        {by: [name for name, _ in pairs]}, geometry=[shape for _, shape in pairs], crs=CRS
    )


USE = layer(("M1", box(0, 0, 60, 100)), ("R2", box(60, 0, 100, 100)))
OWN = layer(("state", box(0, 0, 100, 50)), ("village", box(0, 40, 100, 90)), by="own")
LINES = layer(("eco", box(0, 0, 30, 100)), ("farm", box(20, 0, 50, 100)), (None, box(90, 90, 95, 95)),
              by="kind")  # fmt: skip
SQUARE = zones(Z=box(0, 0, 100, 100))


def dimensions():
    return [Dimension("use", USE, "use"), Dimension("own", OWN, "own"), *split_kinds(LINES)]


def test_every_kind_of_line_has_a_book_of_its_own():
    """Together the lines would count the ten metres that they share twice."""
    books = tally_all(SQUARE, dimensions())
    assert list(books.ledgers) == ["use", "own", "eco", "farm", "unnamed"]
    assert books.complete == ("use", "own")
    for name, area in (("eco", 3000), ("farm", 3000), ("unnamed", 25)):
        book = books.ledgers[name]
        rows = book.table[book.table["kind"] == "class"]
        assert rows[book.by].tolist() == [name]
        assert rows["area_m2"].sum() == pytest.approx(area)
        assert book.totals["closing_m2"].abs().max() < 1e-6
    assert set(books.table.columns) == {
        "zone_id", "dimension", "class", "kind", "area_m2", "sliver_m2",
    }  # fmt: skip
    assert "eco 0.30 ha" in str(books)
    assert "own 1.00 ha in 2 classes, 1,000.0 m² uncovered, 1,000.0 m² counted twice" in str(books)


def test_a_class_column_called_kind_does_not_clash():
    book = tally(SQUARE, LINES, by="kind")
    assert book.by == "class"
    rows = book.table[book.table["kind"] == "class"].set_index("class")["area_m2"]
    assert rows.to_dict() == pytest.approx({"": 25, "eco": 3000, "farm": 3000})


def test_one_dimension_speaks_as_its_ledger():
    one = tally_all(SQUARE, [Dimension("use", USE, "use")])
    assert str(one) == str(tally(SQUARE, USE, by="use"))


def test_zones_that_overlap_are_said():
    two = zones(a=box(0, 0, 100, 100), b=box(50, 0, 150, 100))
    assert overlap_m2(two) == pytest.approx(5000)
    assert any("5,000.0 m²" in note for note in tally_all(two, dimensions()).notes)
    assert not any("overlap" in note for note in tally_all(SQUARE, dimensions()).notes)


def test_cross_table_by_hand():
    made = cross(SQUARE, dimensions()[:2])
    rows = made.table.set_index(["use", "own"])[["kind", "area_m2"]]
    assert rows["area_m2"].to_dict() == pytest.approx({
        ("M1", "state"): 2400, ("M1", "state + village"): 600, ("M1", "village"): 2400, ("M1", ""): 600,
        ("R2", "state"): 1600, ("R2", "state + village"): 400, ("R2", "village"): 1600, ("R2", ""): 400,
    })  # fmt: skip
    assert set(rows.index[rows["kind"] == "covered_twice"].get_level_values("own")) == {
        "state + village"
    }
    summed = margin(made, "use").set_index("use")["area_m2"]
    assert summed.to_dict() == pytest.approx({"M1": 6000, "R2": 4000})


def test_cross_table_with_lines_says_yes_or_nothing():
    made = cross(SQUARE, dimensions())
    assert made.dimensions == ("use", "own", "eco", "farm", "unnamed")
    both = made.table[(made.table["eco"] == "eco") & (made.table["farm"] == "farm")]
    assert both["area_m2"].sum() == pytest.approx(1000)
    assert made.table["area_m2"].sum() == pytest.approx(10_000)
    assert "closes to" in str(made)


def test_ground_without_anything_is_uncovered():
    far = zones(Z=box(500, 0, 510, 10))
    table = cross(far, dimensions()).table
    assert table[["kind", "area_m2"]].to_numpy().tolist() == [["uncovered", 100.0]]
    unnamed = layer((None, box(0, 0, 100, 100)))
    table = cross(SQUARE, [Dimension("use", unnamed, "use")]).table
    assert table[["use", "kind", "area_m2"]].to_numpy().tolist() == [["", "uncovered", 10_000.0]]


def test_overlap_within_a_class_is_no_combination():
    cover = layer(("M1", box(0, 0, 60, 100)), ("M1", box(50, 0, 90, 100)))
    for dims in (
        [Dimension("use", cover, "use")],
        [Dimension("use", cover, "use"), Dimension("own", OWN, "own")],
    ):
        summed = margin(cross(SQUARE, dims), "use").set_index("use")["area_m2"]
        assert summed.to_dict() == pytest.approx({"M1": 9000, "": 1000})


def test_an_overlap_as_large_as_a_gap_is_not_mistaken_for_a_cover():
    cover = layer(("M1", box(0, 0, 60, 100)), ("R2", box(50, 0, 90, 100)))
    for dims in (
        [Dimension("use", cover, "use")],
        [Dimension("use", cover, "use"), Dimension("own", OWN, "own")],
    ):
        summed = margin(cross(SQUARE, dims), "use").set_index("use")["area_m2"]
        assert summed.to_dict() == pytest.approx(
            {"M1": 5000, "M1 + R2": 1000, "R2": 3000, "": 1000}
        )


def test_many_pieces_that_overlap_in_knots():
    """Nine strips of one zone, neighbours overlapping by a metre: eight knots, nothing lost."""
    strips = [(f"c{n}", box(11 * n - (n > 0), 0, 11 * (n + 1), 100)) for n in range(9)]
    made = cross(SQUARE, [Dimension("use", layer(*strips), "use"), Dimension("own", OWN, "own")])
    summed = margin(made, "use").set_index("use")["area_m2"]
    assert summed["c3 + c4"] == pytest.approx(100)
    assert summed["c4"] == pytest.approx(1000)
    assert summed[""] == pytest.approx(100)
    assert summed.sum() == pytest.approx(10_000)


def test_zones_of_very_many_vertices_are_halved_without_loss():
    angle = np.linspace(0, 2 * np.pi, 9_000, endpoint=False)
    radius = 400 + 30 * np.sin(40 * angle)
    blob = zones(Z=Polygon(np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])))
    dims = [Dimension("use", layer(("M1", box(0, -500, 500, 500))), "use"),
            Dimension("own", layer(("a", box(-500, 0, 500, 500)), by="own"), "own")]  # fmt: skip
    table = cross(blob, dims).table.set_index(["use", "own"])["area_m2"]
    quarter = blob.geometry.iloc[0].area / 4
    assert table.to_numpy() == pytest.approx([quarter] * 4, rel=1e-6)


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        ([], "no_dimension"),
        ([Dimension("use", USE, "use"), Dimension("use", OWN, "own")], "duplicate_dimension"),
        ([Dimension("kind", USE, "use")], "taken_name"),
        ([Dimension("zone_id", USE, "use")], "taken_name"),
        ([Dimension("use", USE, "usage")], "unknown_column"),
    ],
)
def test_meaningless_questions(ask, code):
    for question in (tally_all, cross):
        with pytest.raises(InputError) as caught:
            question(SQUARE, ask)
        assert caught.value.code == code


def test_layers_must_be_in_one_metric_crs():
    with pytest.raises(CRSError):
        cross(SQUARE, [Dimension("use", USE.to_crs(4326), "use")])
    with pytest.raises(InputError, match="no column"):
        split_kinds(USE)


def buildings(*rows, **columns):
    table = gpd.GeoDataFrame(
        {"floor_area_m2": [v for v, _ in rows], **columns}, geometry=[s for _, s in rows], crs=CRS
    )
    return table.set_axis(pd.Index([f"b{n}" for n in range(len(rows))], name="building_id"))


def test_floor_area_goes_by_footprint():
    two = zones(a=box(0, 0, 100, 100), b=box(100, 0, 200, 100))
    built = buildings(
        (3000.0, box(80, 0, 110, 10)), (500.0, box(190, 0, 210, 10)), (70.0, None), (9.0, Point(1, 1)),
        (None, box(0, 50, 10, 60)), built_year=[1990, 2000, 2010, 2011, None],
    )  # fmt: skip
    made = apportion(two, built)
    assert made.table["floor_area_m2"].to_dict() == pytest.approx({"a": 2000, "b": 1250})
    assert made.rest["floor_area_m2"].to_dict() == pytest.approx(
        {"covered_twice": 0, "outside": 250, "unplaced": 79, "total": 3579}
    )
    assert made.table["buildings"].to_dict() == {"a": 2, "b": 1}
    assert made.rest["buildings"].to_dict() == {
        "covered_twice": 0, "outside": 0, "unplaced": 2, "total": 5,
    }  # fmt: skip
    assert made.table["mean_built_year"].to_dict() == pytest.approx({"a": 1990, "b": 1995})
    assert made.listed["reason"].to_dict() == {"b2": "unplaced", "b3": "unplaced", "b4": "missing"}
    assert any("1 have no floor_area_m2" in note for note in made.notes)
    assert "79.0 without footprint" in str(made)


def test_a_building_in_overlapping_zones_is_said():
    two = zones(a=box(0, 0, 100, 100), b=box(50, 0, 150, 100))
    made = apportion(two, buildings((100.0, box(60, 0, 70, 10))))
    assert made.table["floor_area_m2"].tolist() == [100, 100]
    assert made.rest["floor_area_m2"]["covered_twice"] == pytest.approx(100)
    assert made.table["buildings"].sum() == 1
    assert any("overlap" in note for note in made.notes)


def test_bow_ties_are_mended_and_listed_and_words_are_no_numbers():
    bow = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    made = apportion(SQUARE, buildings((100.0, bow)))
    assert made.table["footprint_m2"].sum() == pytest.approx(50)
    assert made.listed["reason"].tolist() == ["mended"]
    with pytest.raises(InputError, match="'many'"):
        apportion(SQUARE, buildings(("many", box(0, 0, 1, 1))))
    with pytest.raises(InputError, match="no column"):
        apportion(SQUARE, buildings((1.0, box(0, 0, 1, 1))), columns=["rooms"])


def test_losses_are_drawn_largest_first_and_the_rest_is_said():
    three = zones(a=box(0, 0, 100, 100), b=box(0, 0, 100, 95), c=box(0, 0, 100, 90))
    own = Dimension("own", OWN, "own")
    lost = draw_losses(three, own, tally(three, OWN, "own"), most=1)
    assert lost.uncovered.index.tolist() == ["a"]
    assert lost.uncovered.geometry.iloc[0].equals(box(0, 90, 100, 100))
    assert lost.covered_twice["area_m2"].tolist() == pytest.approx([1000])
    assert lost.left_out[0] == (1, pytest.approx(500))
    assert lost.left_out[1] == (2, pytest.approx(2000))


def test_land_balance_adds_to_a_hundred():
    thirds = [(name, box(33.3333 * n, 0, 33.3333 * (n + 1), 100)) for n, name in enumerate("ABC")]
    table = land_balance(tally(SQUARE, layer(*thirds), "use"), "mu", 2)
    parts, total = table.iloc[:-1], table.iloc[-1]
    assert parts["kind"].tolist() == ["class", "class", "class", "uncovered"]
    assert (total["kind"], total["area"], total["share"]) == ("total", 15.0, 100.0)
    assert parts["area"].sum() == pytest.approx(15.0)
    assert parts["share"].sum() == pytest.approx(100.0)


def test_classes_come_in_natural_order():
    cover = layer(*((str(n), box(n, 0, n + 1, 100)) for n in (10, 2, 1)))
    book = tally(SQUARE, cover, "use")
    assert book.class_totals["use"].tolist()[:3] == ["1", "2", "10"]
    assert published(book, "m2").columns.tolist() == [
        "1", "2", "10", "uncovered", "covered_twice", "total",
    ]  # fmt: skip
    assert land_balance(book)["use"].tolist()[:3] == ["1", "2", "10"]


def test_classes_called_like_our_columns_keep_their_areas():
    book = tally(
        SQUARE, layer(("uncovered", box(0, 0, 10, 100)), ("total", box(10, 0, 30, 100))), "use"
    )
    table = published(book, "m2")
    assert table.loc["Z", ["uncovered (class)", "total (class)", "uncovered", "total"]].tolist() == [
        1000, 2000, 7000, 10_000,
    ]  # fmt: skip


def test_print_in_every_unit_and_in_no_other():
    book = tally(SQUARE, USE, "use")
    for unit, total in (("m2", 10_000.0), ("ha", 1.0), ("mu", 15.0), ("km2", 0.01)):
        assert published(book, unit)["total"].tolist() == [total]
    with pytest.raises(InputError, match="acre"):
        published(book, "acre")


def test_whole_is_the_union():
    one = whole(layer(("a", box(0, 0, 10, 10)), ("b", box(5, 0, 20, 10)), ("c", None)))
    assert one.geometry.area.tolist() == [200]
    book = tally(one, OWN, "own")
    assert book.totals["area_m2"].tolist() == [200]


def test_a_table_that_largest_remainder_cannot_level():
    """Rows alone would make a column of two halves 2 instead of 1."""
    made = level_table(np.array([[0.5, 0], [0.5, 0], [0, 0.5], [0, 0.5]]), 0)
    assert made.columns.tolist() == [1, 1]
    assert made.rows.sum() == made.total == 2
    with pytest.raises(InputError, match="finite"):
        level_table(np.array([[np.nan]]))
