"""Any two layers: pieces are those of GEOS pair by pair, and no square metre is lost or made."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

from renewal_geo.ledger import overlay
from renewal_geo.spatial.disjoint import proven_disjoint
from renewal_geo.spatial.overlays import common
from renewal_geo.spatial.threads import Inline

HOWS = ("intersection", "identity", "union", "difference", "symmetric_difference")
places = st.integers(0, 12)  # a coarse lattice: corners and borders coincide all the time


@st.composite
def outlines(draw):
    kind = draw(st.integers(0, 3))
    x, y = draw(places), draw(places)
    w, h = draw(st.integers(2, 8)), draw(st.integers(2, 8))
    if kind == 0:
        return box(x, y, x + w, y + h, ccw=draw(st.booleans()))
    if kind == 1:
        return box(x, y, x + w + 2, y + h + 2).difference(box(x + 1, y + 1, x + w, y + h))
    if kind == 2:
        return shapely.MultiPolygon([box(x, y, x + 1, y + h), box(x + 2, y, x + w + 1, y + 1)])
    ring = draw(st.lists(st.tuples(places, places), min_size=3, max_size=8, unique=True))
    return Polygon(ring)


@st.composite
def layers(draw, name):
    shapes = draw(st.lists(outlines(), min_size=1, max_size=6))
    if draw(st.booleans()):  # a drawing without overlaps
        rest, covered = [], Polygon()
        for shape in map(shapely.make_valid, shapes):
            rest.append(shape.difference(covered))
            covered = covered.union(shape)
        shapes = rest
    by = draw(st.sampled_from([(0.0, 0.0), (520_000.123, 2_510_000.456)]))
    factor = draw(st.sampled_from([1.0, 0.37]))
    shapes = shapely.transform(np.array(shapes, dtype=object), lambda xy: xy * factor + by)
    return gpd.GeoDataFrame(
        {"class": [f"{name}{n % 3}" for n in range(len(shapes))]},
        geometry=list(shapes),
        index=[f"{name}-{n}" for n in range(len(shapes))],
        crs="EPSG:4547",
    )


def areas(table):
    """Return area by pair of ids, dust left out."""
    ids = (
        table[["left_id", "right_id"]]
        .astype(object)
        .where(table[["left_id", "right_id"]].notna(), "")
    )
    sums = table["area_m2"].groupby([ids["left_id"], ids["right_id"]]).sum()
    return sums[sums > 1e-5].to_dict()


def sound(table):
    kept = table[["geometry"]].copy()
    kept["geometry"] = shapely.make_valid(kept.geometry.to_numpy())
    kept = kept.explode(index_parts=False)
    kept = kept[kept.geom_type.isin(["Polygon"])]
    return kept.dissolve(by=kept.index)


@settings(max_examples=60)
@given(layers("L"), layers("R"), st.sampled_from(HOWS))
def test_pieces_are_those_of_geopandas(left, right, how):
    found = areas(overlay(left, right, how).table)
    ours, theirs = sound(left), sound(right)
    disjoint = all(
        float(shapely.area(t.geometry).sum()) <= t.union_all().area + 1e-6 for t in (ours, theirs)
    )
    if how != "intersection" and not disjoint:
        return  # geopandas takes the pieces of a self-overlapping layer apart in another way
    peer = gpd.overlay(
        ours.rename_axis("left_id").reset_index(),
        theirs.rename_axis("right_id").reset_index(),
        how=how,
        keep_geom_type=True,
    )
    for column in ("left_id", "right_id"):
        if column not in peer:
            peer[column] = ""
    assert found == pytest.approx(areas(peer.assign(area_m2=peer.area)), rel=1e-6, abs=1e-6)


@settings(max_examples=80)
@given(layers("L"), layers("R"))
def test_the_books_of_both_layers_close(left, right):
    found = overlay(left, right, "union")
    for table, book in ((left, found.left), (right, found.right)):
        whole = shapely.area(shapely.make_valid(table.geometry.to_numpy()))
        slack = np.maximum(1e-6, 1e-9 * whole)
        assert (book["closing_m2"].abs() <= slack).all()
        assert (book["covered_twice_m2"] >= 0).all()
        np.testing.assert_allclose(book["area_m2"], whole)
    pieces = found.table[found.table["left_id"].notna() & found.table["right_id"].notna()]
    assert pieces["area_m2"].sum() == pytest.approx(found.left["pieces_m2"].sum(), abs=1e-6)
    both = shapely.union_all(shapely.make_valid([*left.geometry, *right.geometry]))
    assert found.table.union_all().area == pytest.approx(both.area, rel=1e-9, abs=1e-5)


@settings(max_examples=40)
@given(layers("L"), layers("R"), st.sampled_from(HOWS), st.randoms())
def test_order_and_workers_change_nothing(left, right, how, random):
    first = overlay(left, right, how, workers=1)
    again = overlay(left, right, how, workers=3)
    assert first.table.equals(again.table)
    assert first.left.equals(again.left)
    order = list(range(len(left)))
    random.shuffle(order)
    shuffled = overlay(left.iloc[order], right.iloc[::-1], how)
    assert areas(shuffled.table) == pytest.approx(areas(first.table), abs=1e-6)
    assert list(shuffled.left.index) == [left.index[at] for at in order]


@settings(max_examples=40)
@given(layers("L"), layers("R"), st.sampled_from(HOWS))
def test_a_move_by_kilometres_changes_no_area(left, right, how):
    moved = [t.set_geometry(t.translate(4096.0, -8192.0)) for t in (left, right)]
    here, there = areas(overlay(left, right, how).table), areas(overlay(*moved, how).table)
    assert here == pytest.approx(there, rel=1e-7, abs=1e-4)


@settings(max_examples=200)
@given(layers("L"))
def test_what_is_proven_disjoint_is_disjoint(layer):
    shapes = shapely.make_valid(layer.geometry.to_numpy())
    shapes = shapes[np.isin(shapely.get_type_id(shapes), (3, 6))]
    found = common(shapes, shapes, Inline())
    overlap = found.area[found.left != found.right].sum()
    assert not (proven_disjoint(shapes) and overlap > 1e-6)
