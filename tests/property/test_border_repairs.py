"""Laws of repairs that move borders, on fabrics damaged at random."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, affinity

from renewal_geo.quality import check, repair
from renewal_geo.quality.border_repairs import BORDER_CODES

ORIGIN = np.array([500_000.0, 2_500_000.0])
SIDE, SIZE = 4, 30.0
CODES = ("safe", *BORDER_CODES)
LIMITS = {"max_width_m": 0.6, "max_m2": 60.0}
TESTS = (*BORDER_CODES, "invalid", "duplicate_geometry")


def lattice(seed):
    """Return SIDE x SIDE cells with crooked borders, in millimetres."""
    random = np.random.default_rng(seed)
    steps = np.arange(SIDE + 1) * SIZE
    corners = np.stack(np.meshgrid(steps, steps), axis=-1) + random.uniform(
        -6, 6, (SIDE + 1, SIDE + 1, 2)
    )
    corners = (corners + ORIGIN).round(3)

    def border(a, b):
        bend = (a + b) / 2 + random.uniform(-2, 2, 2)
        return [a, bend.round(3)]

    flat = {
        (j, i): border(corners[j, i], corners[j, i + 1])
        for j in range(SIDE + 1)
        for i in range(SIDE)
    }
    up = {
        (j, i): border(corners[j, i], corners[j + 1, i])
        for j in range(SIDE)
        for i in range(SIDE + 1)
    }
    cells = []
    for j in range(SIDE):
        for i in range(SIDE):
            top = [corners[j + 1, i + 1], flat[j + 1, i][1]]
            left = [corners[j + 1, i], up[j, i][1]]
            cells.append(Polygon([*flat[j, i], *up[j, i + 1], *top, *left]))
    return cells


def shifted(cells, at, random):
    cells[at] = affinity.translate(cells[at], *random.uniform(-0.25, 0.25, 2).round(3))


def shrunk(cells, at, random):
    cells[at] = shapely.buffer(cells[at], -random.uniform(0.05, 0.2), join_style="mitre")


def swollen(cells, at, random):
    cells[at] = shapely.buffer(cells[at], random.uniform(0.05, 0.2), join_style="mitre")


def deleted(cells, at, random):
    cells[at] = None


def copied(cells, at, random):
    cells.append(cells[at])


def thorny(cells, at, random):
    ring = shapely.get_coordinates(cells[at])[:-1]
    foot, inward = ring[1], ring[1] - np.array(cells[at].centroid.coords[0])
    along = np.array([-inward[1], inward[0]]) / np.hypot(*inward) * 0.013
    thorn = [foot - along, foot + inward * 0.1, foot + along]
    spiked = Polygon([ring[0], *thorn, *ring[2:]])
    if spiked.is_valid:
        cells[at] = spiked


def jointed(cells, at, random):
    ring = shapely.get_coordinates(cells[at])
    k = random.integers(len(ring) - 1)
    middle = (
        ring[k]
        + (ring[k + 1] - ring[k]) * random.uniform(0.3, 0.7)
        + random.uniform(-0.002, 0.002, 2)
    )
    cells[at] = Polygon(np.insert(ring, k + 1, middle, axis=0))


def cracked(cells, at, random):
    """Cut a crack of some decimetres along the border with the next cell."""
    line = shapely.intersection(cells[at], cells[(at + 1) % SIDE**2] or Polygon())
    if shapely.length(line) > 10:
        cut = shapely.difference(
            cells[at], shapely.buffer(line, random.uniform(0.05, 0.25), cap_style="flat")
        )
        if cut.geom_type == "Polygon":
            cells[at] = cut


DAMAGES = (shifted, shrunk, swollen, deleted, copied, thorny, jointed, cracked)
damage = st.tuples(st.sampled_from(DAMAGES), st.integers(0, SIDE**2 - 1))
scenes = st.tuples(st.integers(0, 99), st.lists(damage, min_size=1, max_size=4))


def scene(seed, damages):
    cells = lattice(seed)
    random = np.random.default_rng(seed)
    for hurt, at in damages:
        if cells[at] is not None:
            hurt(cells, at, random)
    ids = [f"p{n:02d}" for n, cell in enumerate(cells) if cell is not None]
    return gpd.GeoDataFrame(
        {"use": ["M1"] * len(ids)},
        geometry=[cell for cell in cells if cell is not None],
        index=ids,
        crs="EPSG:4547",
    )


def mended(parcels):
    return repair(parcels, check(parcels), codes=CODES, **LIMITS)


def covered(parcels):
    return shapely.union_all(parcels.geometry.to_numpy()).area


@settings(max_examples=30, deadline=None)
@given(scenes)
def test_books_close_and_a_second_repair_changes_nothing(drawn):
    parcels = scene(*drawn)
    fixed = mended(parcels)
    assert fixed.table.geometry.is_valid.all()
    before, after = parcels.geometry.area.sum(), fixed.table.geometry.area.sum()
    assert fixed.log["delta_m2"].sum() == pytest.approx(after - before, abs=1e-6)
    for name, row in fixed.before.geometry.items():
        own = fixed.log.loc[fixed.log["row_id"] == name, "delta_m2"].sum()
        assert fixed.after.geometry[name].area - row.area == pytest.approx(own, abs=1e-6)
    assert len(fixed.moves) == fixed.log["vertices_moved"].sum()
    again = mended(fixed.table)
    assert len(again.log) == 0
    assert again.table.geometry.geom_equals_exact(fixed.table.geometry, 0.0).all()


@settings(max_examples=30, deadline=None)
@given(scenes)
def test_no_fault_of_a_mended_class_is_left_without_a_reason(drawn):
    fixed = mended(scene(*drawn))
    found = check(fixed.table, tests=list(BORDER_CODES)).counts
    left = fixed.left[fixed.left["code"].isin(BORDER_CODES)]
    assert found.to_dict() == left["code"].value_counts().to_dict()
    assert not left["why"].isin(["", "not among the findings"]).any()


@settings(max_examples=30, deadline=None)
@given(scenes)
def test_an_overlap_given_up_leaves_the_union_and_a_gap_taken_adds_to_it(drawn):
    parcels = scene(*drawn)
    found = check(parcels)
    parted = repair(parcels, found, codes=["overlap"], **LIMITS)
    assert covered(parted.table) == pytest.approx(covered(parcels), abs=1e-4)
    filled = repair(parcels, found, codes=["gap"], **LIMITS)
    grown = covered(filled.table) - covered(parcels)
    # where vertices are unmatched by millimetres, so is the seam
    assert filled.log["delta_m2"].sum() == pytest.approx(grown, abs=0.3)
    assert (filled.log["delta_m2"] > -0.1).all()


def by_overlay(parcels):
    """Return overlaps by pair and the narrow ground that the union leaves free, as GEOS gives them."""
    shapes = parcels.geometry.to_numpy()
    one, two = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    later = one < two
    area = shapely.area(shapely.intersection(shapes[one[later]], shapes[two[later]]))
    same = shapely.equals_identical(*(shapely.normalize(shapes[n[later]]) for n in (one, two)))
    real = (area > 0.01) & ~same
    pairs = zip(parcels.index[one[later][real]], parcels.index[two[later][real]], strict=True)
    frame = shapely.box(*parcels.total_bounds).buffer(9.0)
    free = shapely.get_parts(shapely.difference(frame, shapely.union_all(shapes)))
    holes = free[~shapely.intersects(free, frame.exterior)]
    narrow = [
        hole.area for hole in holes if hole.area > 0.01 and 2 * hole.area / hole.length <= 2.0
    ]
    return dict(zip(map(frozenset, pairs), area[real], strict=True)), sorted(narrow)


@settings(max_examples=30, deadline=None)
@given(scenes)
def test_check_finds_what_a_plain_overlay_finds(drawn):
    parcels = scene(*drawn)
    overlaps, gaps = by_overlay(parcels)
    found = check(parcels).table
    own = found[found["code"] == "overlap"]
    pairs = map(frozenset, zip(own["row_id"], own["other_id"], strict=True))
    assert dict(zip(pairs, own["area_m2"], strict=True)) == pytest.approx(overlaps, abs=1e-6)
    loose = found[(found["code"] == "unmatched_vertex") & (found["width_m"] > 1e-6)]
    if not len(
        loose
    ):  # a vertex by an edge counts as on it, and closes what is open by millimetres
        own = found[(found["code"] == "gap") & ~found["message_en"].str.contains("open")]
        assert sorted(own["area_m2"]) == pytest.approx(gaps, abs=1e-3)


def summary(fixed, offset=(0.0, 0.0)):
    shapes = shapely.normalize(fixed.table.geometry.to_numpy())
    areas = dict(zip(fixed.table.index, shapely.area(shapes).round(5), strict=True))
    log = sorted(
        zip(
            fixed.log["row_id"],
            fixed.log["code"],
            fixed.log["delta_m2"].round(4) + 0.0,
            strict=True,
        )
    )
    return areas, [(a, b) for a, b, _ in log], np.array([c for _, _, c in log])


@settings(max_examples=30, deadline=None)
@given(scenes, st.integers(0, 999))
def test_rows_starts_and_directions_do_not_matter(drawn, seed):
    parcels = scene(*drawn)
    random = np.random.default_rng(seed)

    def turned(shape):
        ring = shapely.get_coordinates(shape)[:-1]
        ring = np.roll(ring, random.integers(len(ring)), axis=0)
        return Polygon(ring[::-1] if random.random() < 0.5 else ring)

    other = parcels.set_geometry([turned(s) for s in parcels.geometry], crs=parcels.crs)
    other = other.iloc[random.permutation(len(other))]
    one, two = summary(mended(parcels)), summary(mended(other))
    assert one[0] == pytest.approx(two[0], abs=1e-4)
    assert one[1] == two[1]
    counts = [check(p, tests=TESTS).counts.to_dict() for p in (parcels, other)]
    assert counts[0] == counts[1]


@settings(max_examples=30, deadline=None)
@given(scenes, st.integers(-40, 40), st.integers(-40, 40))
def test_a_move_by_kilometres_does_not_matter(drawn, east, north):
    parcels = scene(*drawn)
    moved = parcels.set_geometry(parcels.translate(east * 1024.0, north * 1024.0), crs=parcels.crs)
    one, two = summary(mended(parcels)), summary(mended(moved))
    assert one[0] == pytest.approx(two[0], abs=1e-3)
    assert one[1] == two[1]
    assert one[2] == pytest.approx(two[2], abs=1e-3)
