"""Laws of the coarse grid: shapes that fit together fit together afterwards, whatever they are."""

import numpy as np
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, box

from renewal_geo.spatial.coverage_grid import gridded

SIDE = 60.0
WITHIN = 1e-6
corners = st.tuples(st.floats(0, SIDE, width=32), st.floats(0, SIDE, width=32))


@st.composite
def coverages(draw, most=12):
    """Faces of random lines in a square, some of them left out, in any order."""
    ends = draw(st.lists(st.tuples(corners, corners), min_size=1, max_size=most))
    lines = [LineString(pair) for pair in ends if pair[0] != pair[1]]
    linework = shapely.union_all([box(0, 0, SIDE, SIDE).exterior, *lines])
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(linework)))
    faces = faces[shapely.is_valid(faces) & (shapely.area(faces) > 1e-3)]
    assume(len(faces))
    order = draw(st.permutations(range(len(faces))))
    kept = order[: draw(st.integers(1, len(faces)))]
    return faces[list(kept)]


@st.composite
def crowds(draw):
    """Boxes and triangles that overlap as they like."""
    made = []
    for _ in range(draw(st.integers(1, 6))):
        points = draw(st.lists(corners, min_size=3, max_size=5))
        hull = shapely.convex_hull(shapely.multipoints(points))
        if hull.geom_type == "Polygon":
            made.append(hull)
    assume(made)
    return np.array(made, dtype=object)


sizes = st.sampled_from([0.1, 1.0, 2.5, 7.0, 10.0])
LAWS = settings(max_examples=50, deadline=None)


def there(shapes):
    return shapes[~shapely.is_missing(shapes)]


def segments(shapes):
    """The edges of shapes whatever their direction, each once, and how often each occurs."""
    xy, ring = shapely.get_coordinates(
        shapely.get_rings(shapely.get_parts(shapes)), return_index=True
    )
    inner = ring[1:] == ring[:-1]
    pairs = np.stack([xy[:-1][inner], xy[1:][inner]], axis=1)
    turned = (pairs[:, 0, 0] > pairs[:, 1, 0]) | (
        (pairs[:, 0, 0] == pairs[:, 1, 0]) & (pairs[:, 0, 1] > pairs[:, 1, 1])
    )
    pairs[turned] = pairs[turned][:, ::-1]
    return np.unique(pairs.reshape(-1, 4), axis=0, return_counts=True)


@LAWS
@given(st.one_of(coverages(), crowds()), sizes)
def test_shapes_are_valid_and_on_the_grid(shapes, size):
    made, lost = gridded(shapes, size)
    assert shapely.is_valid(there(made)).all()
    assert not shapely.is_empty(there(made)).any()
    cells = np.rint(shapely.get_coordinates(made) / size)
    assert (shapely.get_coordinates(made) == cells * size).all()
    assert np.flatnonzero(shapely.is_missing(made)).tolist() == lost.tolist()


@LAWS
@given(coverages(), sizes)
def test_no_two_overlap_and_shared_edges_stay_shared(shapes, size):
    made = there(gridded(shapes, size)[0])
    cells = np.asarray(shapely.transform(made, lambda xy: np.rint(xy / size)), dtype=object)
    assert abs(shapely.area(cells).sum() - shapely.area(shapely.union_all(cells))) < WITHIN
    edges, times = segments(cells)
    assert times.max(initial=0) <= 2
    # no edge lies partly on another: what two shapes share, they share corner by corner
    lengths = np.hypot(*(edges[:, 2:] - edges[:, :2]).T)
    assert abs(lengths.sum() - shapely.union_all(shapely.boundary(cells)).length) < WITHIN


@LAWS
@given(st.one_of(coverages(), crowds()), sizes)
def test_each_shape_and_the_ground_covered_change_only_near_the_old_outlines(shapes, size):
    made, _ = gridded(shapes, size)
    outlines = shapely.union_all(shapely.boundary(shapes)).buffer(size, quad_segs=64)
    for before, after in zip(shapes, made, strict=True):
        changed = before if after is None else before.symmetric_difference(after)
        assert changed.difference(outlines).area < WITHIN
    whole = shapely.union_all(shapes)
    changed = whole.symmetric_difference(shapely.union_all(there(made)))
    assert changed.difference(outlines).area < WITHIN


@LAWS
@given(st.one_of(coverages(), crowds()), sizes, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(shapes, size, random):
    order = list(range(len(shapes)))
    random.shuffle(order)
    made, _ = gridded(shapes, size)
    again, _ = gridded(shapes[order], size)
    for row, place in enumerate(order):
        one, other = again[row], made[place]
        assert (one is None) == (other is None)
        assert one is None or shapely.equals(one, other)


@LAWS
@given(coverages(), sizes)
def test_what_is_on_the_grid_stays(shapes, size):
    once = there(gridded(shapes, size)[0])
    twice, lost = gridded(once, size)
    assert not len(lost)
    assert shapely.equals(once, twice).all()
