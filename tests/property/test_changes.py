"""Laws of change: every square metre is traced, and the order of versions, rows and places decides nothing."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

from renewal_geo.ledger import compare

CRS = "EPSG:4547"
MIRRORED = {"new": "gone", "gone": "new", "split": "merged", "merged": "split"}
places = st.integers(0, 40)
ids = st.sampled_from("abcdefghij")


@st.composite
def shapes(draw):
    """Boxes on a coarse lattice (so that borders coincide) and rings of any order (so that they cross)."""
    if draw(st.booleans()):
        x, y = draw(places), draw(places)
        return box(x, y, x + draw(st.integers(1, 20)), y + draw(st.integers(1, 20)))
    return Polygon(draw(st.lists(st.tuples(places, places), min_size=3, max_size=6, unique=True)))


def layer(pairs, move=(0.0, 0.0)):
    moved = [shapely.transform(shape, lambda xy: xy + np.asarray(move)) for _, shape in pairs]
    index = pd.Index([name for name, _ in pairs], name="parcel_id", dtype=object)
    return gpd.GeoDataFrame(geometry=moved, index=index, crs=CRS)


versions = st.lists(st.tuples(ids, shapes()), max_size=7, unique_by=lambda pair: pair[0])


@st.composite
def fabrics(draw):
    """A coverage of cells, each with a name that several may share and some lack: no overlaps."""
    names = draw(st.lists(st.sampled_from("abcde-"), min_size=9, max_size=9))
    cells = {name: [] for name in names if name != "-"}
    for at, name in enumerate(names):
        if name != "-":
            cells[name].append(box(at % 3 * 10, at // 3 * 10, at % 3 * 10 + 10, at // 3 * 10 + 10))
    return [(name, shapely.union_all(parts)) for name, parts in cells.items()]


def rows(found):
    table = found.table.copy()
    table["key"] = [f"{v} {i}" for v, i in zip(table["version"], table["id"], strict=True)]
    return table.set_index("key").sort_index()


@settings(max_examples=25)
@given(versions, versions)
def test_every_square_metre_is_traced(old, new):
    before, after = layer(old), layer(new)
    found = compare(before, after)
    limit = np.maximum(1e-6, 1e-9 * found.flows["area_m2"])
    assert (found.flows["closing_m2"].abs() <= limit).all()
    assert (found.flows[["shared_m2", "twice_m2", "apart_m2"]] >= -1e-9).all(axis=None)
    sound = [shapely.make_valid(v.geometry.to_numpy()) for v in (before, after)]
    unions = [shapely.union_all(one) for one in sound]
    assert abs(found.totals.loc["before", "area_m2"] - shapely.area(sound[0]).sum()) < 1e-6
    lost = found.lost.geometry.union_all() if len(found.lost) else Polygon()
    assert abs(lost.area - unions[0].difference(unions[1]).area) < 0.02 * max(len(old), 1)
    gained = found.gained.geometry.union_all() if len(found.gained) else Polygon()
    assert abs(gained.area - unions[1].difference(unions[0]).area) < 0.02 * max(len(new), 1)
    assert found.links["shared_m2"].gt(0).all()
    plain = {
        (a, b): shapely.intersection(x, y).area
        for a, x in zip(before.index, sound[0], strict=True)
        for b, y in zip(after.index, sound[1], strict=True)
    }
    told = found.links.set_index(["before_id", "after_id"])["shared_m2"].to_dict()
    assert all(abs(told.get(pair, 0.0) - area) < 1e-6 for pair, area in plain.items())


@settings(max_examples=25)
@given(versions)
def test_a_version_is_the_same_as_itself(pairs):
    found = compare(layer(pairs), layer(pairs))
    assert set(found.table["kind"]) <= {"same"}
    assert not found.table["needs_reason"].any()
    assert (found.table["change_m2"].abs() < 1e-9).all()


@settings(max_examples=25)
@given(st.one_of(versions, fabrics()), st.one_of(versions, fabrics()))
def test_the_way_back_mirrors_the_way_there(old, new):
    there, back = compare(layer(old), layer(new)), compare(layer(new), layer(old))
    later = there.table[there.table["version"] == "after"].set_index("id")
    mirrored = back.fates.set_index("id").loc[later.index]
    assert [MIRRORED.get(k, k) for k in mirrored["kind"]] == later["kind"].tolist()
    assert mirrored["predecessors"].tolist() == later["successors"].tolist()
    assert mirrored["successors"].tolist() == later["predecessors"].tolist()
    assert mirrored["group"].nunique() == later["group"].nunique()
    assert abs(there.totals.loc["before", "apart_m2"] - back.totals.loc["after", "apart_m2"]) < 1e-6


@settings(max_examples=15)
@given(st.one_of(versions, fabrics()), st.one_of(versions, fabrics()), st.randoms())
def test_order_and_place_decide_nothing(old, new, chance):
    plain = rows(compare(layer(old), layer(new)))
    chance.shuffle(old)
    chance.shuffle(new)
    shuffled = rows(compare(layer(old), layer(new)))
    moved = rows(compare(layer(old, (520_000, 2_510_000)), layer(new, (520_000, 2_510_000))))
    exact = ["kind", "cause", "predecessors", "successors", "renamed", "group", "needs_reason"]
    for other in (shuffled, moved):
        assert other.index.tolist() == plain.index.tolist()
        assert other[exact].to_dict("list") == plain[exact].to_dict("list")
        for column in ("area_m2", "change_m2", "moved_m2"):
            assert np.allclose(other[column], plain[column], atol=1e-6)


@settings(max_examples=25)
@given(fabrics(), fabrics())
def test_lineage_of_a_fabric_is_that_of_its_cells(old, new):
    """In a coverage every piece is a whole cell of a hundred square metres: descent can be counted."""
    found = compare(layer(old), layer(new), min_share=0.0)
    cells = {
        (a, b) for a, x in old for b, y in new if x.intersection(y).area > 1 and not x.equals(y)
    }
    twins = {(a, b) for a, x in old for b, y in new if x.equals(y)}
    told = set(
        map(tuple, found.links.loc[found.links["kin"], ["before_id", "after_id"]].to_numpy())
    )
    assert told == cells | twins
    heirs = {a: {b for x, b in told if x == a} for a, _ in old}
    for fate in found.fates.to_dict("records"):
        own = heirs[fate["id"]]
        assert set(fate["successors"]) == own
        assert (fate["kind"] == "gone") == (not own)
        parents = {a for a, mine in heirs.items() if mine & own}
        if fate["kind"] == "split":
            assert len(own) > 1
            assert len(parents) == 1
        if fate["kind"] == "merged":
            assert len(own) == 1
            assert len(parents) > 1
