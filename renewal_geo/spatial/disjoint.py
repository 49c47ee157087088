"""Do polygons share no ground? Settled from their edges alone, where these meet only in common corners.

Then the number of polygons over a point changes only at an edge without twin, by one. If on the outer side of
every such edge there is nobody, the number is nowhere more than one.
"""

from __future__ import annotations

import numpy as np

from renewal_geo.foundation.compiled import COMPILED
from renewal_geo.spatial.edge_grids import edges_of, grid_of
from renewal_geo.spatial.edge_outlines import outline_of
from renewal_geo.spatial.edge_walks import Ground, faces_of
from renewal_geo.spatial.polygons import Shapes


def proven_disjoint(shapes: Shapes) -> bool:
    """Return whether the edges prove that no two of the valid polygons share ground.

    False means not proven: polygons with unmatched vertices may be disjoint all the same, and without
    numba nothing is proven, for the loops would take longer than what they save.
    """
    if not COMPILED:
        return False
    edges = edges_of(shapes)
    grid = grid_of(edges)
    if grid.rough or len(grid.stacked):
        return False
    outline = outline_of(Ground(edges, grid, faces_of(edges, grid, zones=True)))
    # between its corners such an edge meets nobody, so that it is outline all along or nowhere
    begin, end = outline.places[:, :2], outline.places[:, 2:]
    k = outline.edge
    whole = np.hypot(edges.x[k + 1] - edges.x[k], edges.y[k + 1] - edges.y[k])
    along = np.hypot(*(end - begin).T) > whole / 2
    bare = int((grid.twin < 0).sum()) - (
        len(edges.start) - 1
    )  # the last corner of a ring has no edge
    return len(np.unique(k[along])) == bare
