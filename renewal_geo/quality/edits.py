"""What a repair did to the shapes: one edit per changed parcel and fault, one move per vertex."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

MOVE_COLUMNS = ["finding_id", "row_id", "kind", "x0", "y0", "x1", "y1", "distance_m"]


@dataclass(frozen=True, slots=True)
class Edit:
    """One parcel's shape before and after, for one fault."""

    finding_id: str
    code: str
    row: int
    other: int
    action: str
    before: Any
    after: Any
    note: str = ""


def moves_of(edits: Sequence[Edit], ids: Sequence[str], crs: Any) -> gpd.GeoDataFrame:
    """Return every vertex that was put in or taken out, and how far the border moved there.

    Parameters
    ----------
    edits
        n edits of polygons.
    ids
        Id of the parcel of each.
    crs
        Of the result.

    Returns
    -------
    GeoDataFrame
        ``finding_id, row_id, kind`` (inserted | removed), ``x0, y0`` (where the border was), ``x1, y1``
        (where it is now), ``distance_m``, geometry: the line between. `edit` is the index.
    """
    tables = [_moves(number, edit, ids[number]) for number, edit in enumerate(edits)]
    rows = pd.concat(tables) if tables else pd.DataFrame(columns=MOVE_COLUMNS)
    ends = rows[["x0", "y0", "x1", "y1"]].to_numpy(dtype=float).reshape(-1, 2, 2)
    return gpd.GeoDataFrame(rows, geometry=shapely.linestrings(ends), crs=crs)


def _moves(number: int, edit: Edit, name: str) -> pd.DataFrame:
    gone, come = changed_corners(edit.before, edit.after)
    here = _nearest(gone, edit.after)
    there = _nearest(come, edit.before)
    ends = np.concatenate([np.hstack([gone, here]), np.hstack([there, come])])
    table = pd.DataFrame(ends, columns=["x0", "y0", "x1", "y1"], index=[number] * len(ends))
    table.insert(0, "kind", ["removed"] * len(gone) + ["inserted"] * len(come))
    table.insert(0, "row_id", name)
    table.insert(0, "finding_id", edit.finding_id)
    table["distance_m"] = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1])
    return table


def changed_corners(before: Any, after: Any) -> tuple[Any, Any]:
    """Return the corners that only one of two shapes has, each k x 2 and sorted."""
    old, new = shapely.get_coordinates(before), shapely.get_coordinates(after)
    # most of a long ring is as it was: only the stretch that differs is looked at
    n = min(len(old), len(new))
    differs = (old[:n] != new[:n]).any(axis=1)
    head = int(np.argmax(differs)) if differs.any() else n
    differs = (old[len(old) - n :] != new[len(new) - n :]).any(axis=1)[::-1]
    tail = min(int(np.argmax(differs)) if differs.any() else n, n - head)
    one = set(map(tuple, old[head : len(old) - tail].tolist()))
    two = set(map(tuple, new[head : len(new) - tail].tolist()))
    return _lacking(one - two, new), _lacking(two - one, old)


def _lacking(points: set[tuple[float, float]], corners: Any) -> Any:
    found = [p for p in sorted(points) if not (corners == p).all(axis=1).any()]
    return np.array(found, dtype=float).reshape(-1, 2)


def _nearest(points: Any, shape: Any) -> Any:
    """Return the nearest place on a border for each point; the point itself where there is none."""
    if not len(points) or shape is None or shapely.is_empty(shape):
        return points
    lines = shapely.shortest_line(shapely.points(points), shapely.boundary(shape))
    return shapely.get_coordinates(lines).reshape(-1, 2, 2)[:, 1]
