"""Books by many dimensions close for any input, cross tables lose nothing, buildings are shared out whole."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

from renewal_geo.ledger import (
    Dimension,
    apportion,
    cross,
    draw_losses,
    land_balance,
    level_table,
    margin,
    published,
    split_kinds,
    tally,
    tally_all,
)

CRS = "EPSG:4547"
CLASSES = ["M1", "R2", "", None, "G1"]
places = st.integers(0, 40)


@st.composite
def shapes(draw):
    """Boxes on a coarse lattice (so that edges coincide) and rings of any order (so that they cross)."""
    if draw(st.booleans()):
        x, y = draw(places), draw(places)
        return box(x, y, x + draw(st.integers(1, 20)), y + draw(st.integers(1, 20)))
    return Polygon(draw(st.lists(st.tuples(places, places), min_size=3, max_size=7, unique=True)))


def layers(smallest=0):
    return st.lists(st.tuples(st.sampled_from(CLASSES), shapes()), min_size=smallest, max_size=6)


origins = st.sampled_from([(0.0, 0.0), (520_000.123, 2_510_000.456)])


def moved(geometry, move):
    return [shapely.transform(one, lambda xy: xy + np.asarray(move)) for one in geometry]


def zones_of(drawn, move=(0.0, 0.0)):
    kept = [
        one for one in (shapely.buffer(shapely.make_valid(s), 0) for s in drawn) if one.area > 0
    ]
    kept = kept or [box(0, 0, 9, 9)]
    index = pd.Index([f"Z{n}" for n in range(len(kept))], name="zone_id")
    return gpd.GeoDataFrame(geometry=moved(kept, move), index=index, crs=CRS)


def layer_of(pairs, move=(0.0, 0.0)):
    names = pd.Series([name for name, _ in pairs], dtype=object)
    return gpd.GeoDataFrame({"use": names}, geometry=moved([s for _, s in pairs], move), crs=CRS)


def dimensions_of(drawn, move=(0.0, 0.0)):
    return [Dimension(f"d{n}", layer_of(pairs, move), "use") for n, pairs in enumerate(drawn)]


def slack(area):
    return np.maximum(1e-6, 1e-9 * area)


@settings(max_examples=60)
@given(
    st.lists(shapes(), min_size=1, max_size=3),
    st.lists(layers(), min_size=1, max_size=3),
    origins,
)
def test_cross_tables_close_and_hold_no_ground_twice(drawn, covers, move):
    zones, dimensions = zones_of(drawn, move), dimensions_of(covers, move)
    made = cross(zones, dimensions)
    table, names = made.table, list(made.dimensions)
    assert (table["area_m2"] > 0).all()
    assert (table["sliver_m2"] >= 0).all()
    assert (table["sliver_m2"] <= table["area_m2"] + 1e-9).all()
    assert not table.duplicated(["zone_id", *names]).any()
    sums = table.groupby("zone_id")["area_m2"].sum().reindex(zones.index, fill_value=0.0)
    assert (np.abs(sums - zones.area) <= slack(zones.area)).all()


@settings(max_examples=50)
@given(
    st.lists(shapes(), min_size=1, max_size=2), st.lists(layers(), min_size=2, max_size=3), origins
)
def test_cross_tables_are_what_plain_geometry_gives(drawn, covers, move):
    """Every class of every dimension: the ground under it is in rows that name it, and in no other."""
    zones, dimensions = zones_of(drawn, move), dimensions_of(covers, move)
    table = cross(zones, dimensions).table
    for one in dimensions:
        for zone_id, zone in zones.geometry.items():
            own = table[table["zone_id"] == zone_id]
            for name in ("M1", "R2", "G1"):
                mine = one.layer.geometry[one.layer["use"] == name]
                ground = shapely.union_all([shapely.make_valid(s) for s in mine])
                want = shapely.intersection(zone, ground).area
                found = own.loc[
                    [name in text.split(" + ") for text in own[one.name]], "area_m2"
                ].sum()
                assert abs(found - want) <= 1e-5


@settings(max_examples=40)
@given(st.lists(shapes(), min_size=1, max_size=2), layers(1), layers(1), origins)
def test_pairs_of_classes_are_what_plain_geometry_gives(drawn, first, second, move):
    zones, dimensions = zones_of(drawn, move), dimensions_of([first, second], move)
    table = cross(zones, dimensions).table
    ground = [
        {
            name: shapely.union_all([shapely.make_valid(s) for s in rows.geometry])
            for name, rows in one.layer.groupby("use")
        }
        for one in dimensions
    ]
    for zone_id, zone in zones.geometry.items():
        own = table[table["zone_id"] == zone_id]
        for a in ("M1", "R2"):
            for b in ("M1", "G1"):
                both = shapely.intersection(
                    ground[0].get(a, Polygon()), ground[1].get(b, Polygon())
                )
                want = shapely.intersection(zone, both).area
                rows = [
                    a in x.split(" + ") and b in y.split(" + ")
                    for x, y in zip(own["d0"], own["d1"], strict=True)
                ]
                assert abs(own.loc[rows, "area_m2"].sum() - want) <= 1e-5


@settings(max_examples=40)
@given(st.lists(shapes(), min_size=1, max_size=2), st.lists(layers(), min_size=2, max_size=3))
def test_margins_are_the_single_books_where_nothing_overlaps(drawn, covers):
    zones, dimensions = zones_of(drawn), dimensions_of(covers)
    books, made = tally_all(zones, dimensions), cross(zones, dimensions)
    for name, book in books.ledgers.items():
        flat = book.table[book.table["kind"] != "covered_twice"]
        single = flat.groupby(["zone_id", book.by])["area_m2"].sum()
        summed = margin(made, name).set_index(["zone_id", name])["area_m2"]
        twice = book.table[book.table["kind"] == "covered_twice"].set_index("zone_id")["area_m2"]
        plain = twice.index[twice <= 0]
        for zone in plain:
            a = single[single.index.get_level_values(0) == zone].droplevel(0)
            b = summed[summed.index.get_level_values(0) == zone].droplevel(0)
            assert (a.sub(b, fill_value=0.0).abs() <= 1e-5).all()


@settings(max_examples=30)
@given(
    st.lists(shapes(), min_size=1, max_size=3),
    layers(1),
    layers(1),
    st.randoms(use_true_random=False),
)
def test_order_start_and_direction_do_not_matter(drawn, first, second, chance):
    zones = zones_of(drawn)

    def shuffled(pairs):
        pairs = list(pairs)
        chance.shuffle(pairs)
        return [(name, turned(shape, chance)) for name, shape in pairs]

    def results(zones, covers):
        books = tally_all(zones, dimensions_of(covers))
        keys = ["zone_id", "dimension", "class", "kind"]
        crossed = cross(zones, dimensions_of(covers)).table
        return (
            books.table.set_index(keys)["area_m2"].sort_index(),
            crossed.set_index(["zone_id", "d0", "d1"])["area_m2"].sort_index(),
        )

    order = list(range(len(zones)))
    chance.shuffle(order)
    before = results(zones, [first, second])
    after = results(zones.iloc[order], [shuffled(first), shuffled(second)])
    for one, other in zip(before, after, strict=True):
        gap = one.sub(other, fill_value=0.0).abs()
        assert (gap <= 1e-6).all(), gap[gap > 1e-6]


def turned(shape, chance):
    ring = list(shape.exterior.coords)[:-1]
    start = chance.randrange(len(ring))
    ring = ring[start:] + ring[:start]
    return Polygon(ring[::-1] if chance.random() < 0.5 else ring)


@settings(max_examples=30)
@given(
    st.lists(shapes(), min_size=1, max_size=3), layers(1), layers(1),
    st.tuples(st.integers(-400_000, 400_000), st.integers(0, 4_000_000)),
)  # fmt: skip
def test_translation_by_kilometres_changes_nothing_beyond_rounding(drawn, first, second, move):
    here = cross(zones_of(drawn), dimensions_of([first, second])).table
    there = cross(zones_of(drawn, move), dimensions_of([first, second], move)).table
    one, other = (t.set_index(["zone_id", "d0", "d1"])["area_m2"] for t in (here, there))
    gap = one.sub(other, fill_value=0.0).abs()
    scale = one.groupby(level=0).sum().reindex(gap.index.get_level_values(0)).to_numpy()
    assert (gap.to_numpy() <= np.maximum(1e-6, 1e-6 * scale)).all()


@settings(max_examples=40)
@given(
    st.lists(shapes(), min_size=1, max_size=4),
    st.lists(
        st.tuples(st.one_of(st.none(), st.floats(0, 1e5), st.just(-10.0)), st.one_of(shapes(), st.none())),
        min_size=1, max_size=8,
    ),
    origins,
)  # fmt: skip
def test_floor_area_is_shared_out_whole(drawn, built, move):
    zones = zones_of(drawn, move)
    buildings = gpd.GeoDataFrame(
        {"floor_area_m2": pd.Series([v for v, _ in built], dtype=float)},
        geometry=[None if s is None else moved([s], move)[0] for _, s in built],
        crs=CRS,
    )
    made = apportion(zones, buildings)
    rest = made.rest["floor_area_m2"]
    total = buildings["floor_area_m2"].sum()
    scale = 1e-7 * max(1.0, buildings["floor_area_m2"].abs().sum())
    assert rest["total"] == pytest.approx(total)
    placed = made.table["floor_area_m2"].sum() - rest["covered_twice"] + rest["outside"]
    assert placed + rest["unplaced"] == pytest.approx(total, abs=scale)
    count = made.rest["buildings"]
    assert made.table["buildings"].sum() + count["outside"] + count["unplaced"] == len(buildings)


@settings(max_examples=40)
@given(st.lists(shapes(), min_size=1, max_size=3), layers(1))
def test_losses_are_drawn_where_they_lie(drawn, pairs):
    zones, dimension = zones_of(drawn), dimensions_of([pairs])[0]
    book = tally(zones, dimension.layer, "use")
    lost = draw_losses(zones, dimension, book)
    open_, twice = (
        book.table[book.table["kind"] == kind].set_index("zone_id")["area_m2"]
        for kind in ("uncovered", "covered_twice")
    )
    for zone_id, shape in lost.uncovered.geometry.items():
        assert shape.area == pytest.approx(open_[zone_id], abs=1e-5)
    assert set(lost.uncovered.index) == set(open_.index[open_ >= 0.01])
    assert set(lost.covered_twice.index) == set(twice.index[twice >= 0.01])
    for zone_id, shape in lost.covered_twice.geometry.items():
        assert shape.area <= twice[zone_id] + 1e-5


@settings(max_examples=150)
@given(
    st.integers(1, 6).flatmap(
        lambda m: st.lists(
            st.lists(
                st.one_of(st.sampled_from([0.0, 0.5, 1 / 3, 0.1, -0.5]), st.floats(-1e7, 1e7)),
                min_size=m, max_size=m,
            ),
            min_size=1, max_size=8,
        )
    ),
    st.integers(0, 3),
)  # fmt: skip
def test_levelled_tables_add_up_both_ways(values, decimals):
    values = np.array(values)
    made = level_table(values, decimals)
    unit = 10.0**-decimals
    assert np.allclose(made.parts.sum(axis=1), made.rows, rtol=0, atol=unit / 100)
    assert np.allclose(made.parts.sum(axis=0), made.columns, rtol=0, atol=unit / 100)
    assert abs(made.total - values.sum()) <= unit / 2 * (1 + 1e-6) + 1e-9 * np.abs(values).sum()
    near = 1e-6 * unit + 1e-12 * np.abs(values).sum()
    assert (np.abs(made.parts - values) < unit + near).all()
    assert (np.abs(made.rows - values.sum(axis=1)) < unit + near).all()
    assert (np.abs(made.columns - values.sum(axis=0)) < unit + near).all()


@settings(max_examples=40)
@given(
    st.lists(shapes(), min_size=1, max_size=4),
    layers(1),
    st.sampled_from(["m2", "ha", "mu", "km2"]),
)
def test_print_adds_up(drawn, pairs, unit):
    zones = zones_of(drawn)
    book = tally(zones, layer_of(pairs), "use")
    table = published(book, unit, 2)
    assert np.allclose(table.drop(columns="total").sum(axis=1), table["total"], atol=1e-9)
    balance = land_balance(book, unit, 2)
    parts, total = balance.iloc[:-1], balance.iloc[-1]
    assert parts["area"].sum() == pytest.approx(total["area"], abs=1e-9)
    assert parts["share"].sum() == pytest.approx(100.0, abs=1e-9)
    assert total["share"] == 100.0


@settings(max_examples=20)
@given(st.lists(shapes(), min_size=1, max_size=2), layers(1))
def test_every_kind_is_a_dimension(drawn, pairs):
    """Kinds that overlap each other are not counted twice: each book has its own kind alone."""
    zones, lines = zones_of(drawn), layer_of(pairs)
    kinds = split_kinds(lines, "use")
    assert len({one.name for one in kinds}) == len(kinds)
    assert sum(len(one.layer) for one in kinds) == len(lines)
    for name, book in tally_all(zones, kinds).ledgers.items():
        rows = book.table[book.table["kind"] == "class"]
        assert set(rows["use"]) <= {name}
