"""Row groups of a GeoParquet file, and which of them a window can meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

CORNERS = ("xmin", "ymin", "xmax", "ymax")
Box = tuple[float, float, float, float]


def leaves_of(file: Any) -> dict[str, int]:
    """Return by dotted path the number of every leaf column of an open ``ParquetFile``."""
    return {file.schema.column(n).path: n for n in range(len(file.schema))}


def may_meet(group: Any, corners: Sequence[int], window: Box) -> bool:
    """Tell from the statistics of a row group whether any of its boxes can meet the window.

    Parameters
    ----------
    group
        Metadata of the row group.
    corners
        Leaf columns of xmin, ymin, xmax, ymax.
    window
        x0, y0, x1, y1 in the units of the file.
    """
    stated = [group.column(leaf).statistics for leaf in corners]
    if any(one is None or not one.has_min_max for one in stated):
        return True
    x0, y0, x1, y1 = window
    return bool(
        stated[0].min <= x1 and stated[1].min <= y1 and stated[2].max >= x0 and stated[3].max >= y0
    )
