"""Shapes as small pieces, so that an index finds the nearest one without walking along a whole river."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from renewal_geo.spatial.polygons import tiled

STEPS = 64  # segments of a strand
LINES = (1, 2)  # geometry types: LineString, LinearRing
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]


def small_pieces(shapes: Shapes, steps: int = STEPS) -> tuple[Shapes, Ints]:
    """Cut shapes into pieces of few vertices that together are the shapes.

    Parameters
    ----------
    shapes
        n valid flat shapes of any type; None and empty ones give no piece.
    steps
        Segments of a piece of a line.

    Returns
    -------
    tuple
        Points, lines of at most so many segments and polygons of at most some thousand vertices, and the row of
        `shapes` that each comes from. Inner cuts of polygons are right to the last digits of a double.
    """
    parts, row = shapely.get_parts(shapes, return_index=True)
    while (nested := shapely.get_num_geometries(parts) > 1).any():
        inner, of = shapely.get_parts(parts[nested], return_index=True)
        parts, row = (
            np.concatenate([parts[~nested], inner]),
            np.concatenate([row[~nested], row[nested][of]]),
        )
    there = ~shapely.is_empty(parts)
    parts, row = parts[there], row[there]
    linear = np.isin(shapely.get_type_id(parts), LINES)
    lines, line_of = strands(parts[linear], steps)
    others, other_of = tiled(parts[~linear])
    return (
        np.concatenate([lines, others]),
        np.concatenate([row[linear][line_of], row[~linear][other_of]]).astype(np.int64),
    )


def strands(lines: Shapes, steps: int = STEPS) -> tuple[Shapes, Ints]:
    """Cut LineStrings after every so many segments; return the pieces and the line that each comes from."""
    if not len(lines):
        return np.zeros(0, dtype=object), np.zeros(0, dtype=np.int64)
    spots, line = shapely.get_coordinates(lines, return_index=True)
    count = np.bincount(line, minlength=len(lines))
    place = np.arange(len(line)) - np.repeat(np.cumsum(count) - count, count)
    pieces = np.maximum(1, -(-(count - 1) // steps))
    first = np.cumsum(pieces) - pieces
    # a vertex at a cut ends one strand and begins the next
    begins = place < np.repeat(pieces, count) * steps
    ends = (place > 0) & ((place % steps == 0) | ~begins)
    vertex = np.concatenate([np.flatnonzero(ends), np.flatnonzero(begins)])
    piece = np.concatenate([
        (first[line] + (place - 1) // steps)[ends], (first[line] + place // steps)[begins],
    ])  # fmt: skip
    order = np.lexsort((vertex, piece))
    made = shapely.linestrings(spots[vertex[order]], indices=piece[order])
    return np.asarray(made, dtype=object), np.repeat(np.arange(len(lines)), pieces)
