"""The small map of a sheet: where the frame lies in the district."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from renewal_geo.maps import palettes
from renewal_geo.maps.sheet.drawn_layers import draw_shapes, present
from renewal_geo.maps.sheet.frames import (
    DISTRICT,
    Extent,
    Frame,
    Rect,
    map_extent,
    sheet_layers,
    whole_extent,
)
from renewal_geo.maps.sheet.pens import MM_PER_INCH, RULE, Pen
from renewal_geo.maps.spec import MapSpec

LAND, LAND_LINE, FRAME_INK = "#d8d2c4", "#8f8879", "#c0392b"
FINE_MM = 0.4  # what is smaller in the small map is drawn as its box
AIR = 1.06


def inset_extent(spec: MapSpec, shown: Extent | None) -> Extent | None:
    """Return what the small map shows, or None where it would say nothing.

    It shows the sub-districts where the map has them, else everything that the map has; without
    sub-districts it is of use only where the sheet shows a part (`shown`).
    """
    whole = whole_extent(spec)
    if whole is None:
        return None
    if any(one.name == DISTRICT for one in sheet_layers(spec)):
        return whole
    return whole if shown is not None and shown != map_extent(spec) else None


def draw_inset(pen: Pen, spec: MapSpec, frame: Frame, whole: Extent, room: Rect) -> None:
    """Draw the small map with the rectangle of the frame."""
    axes = add_axes(pen, room)
    west = min(whole[0], frame.extent[0])
    south, east = min(whole[1], frame.extent[1]), max(whole[2], frame.extent[2])
    north = max(whole[3], frame.extent[3])
    per_mm = max((east - west) / room.wide, (north - south) / room.high) * AIR
    middle_x, middle_y = (west + east) / 2, (south + north) / 2
    axes.set_xlim(middle_x - room.wide * per_mm / 2, middle_x + room.wide * per_mm / 2)
    axes.set_ylim(middle_y - room.high * per_mm / 2, middle_y + room.high * per_mm / 2)
    layers = sheet_layers(spec)
    district = [one for one in layers if one.name == DISTRICT]
    for layer in district or layers:
        geometry = layer.geometry.to_numpy()
        shapes = _coarse(geometry[present(geometry)], FINE_MM * per_mm)
        edge = (LAND_LINE, 0.5 * pen.scale) if district else (LAND_LINE, 0.0)
        draw_shapes(axes, shapes, LAND if layer.kind == "polygon" else "none", edge, 1.0)
    x0, y0, x1, y1 = frame.extent
    axes.add_artist(Rectangle(
        (x0, y0), x1 - x0, y1 - y0, facecolor="none", edgecolor=FRAME_INK, linewidth=1.0 * pen.scale,
        zorder=5, joinstyle="miter",
    ))  # fmt: skip
    pen.box(room.left, room.top, room.wide, room.high, edgecolor=RULE, linewidth=0.5)


def add_axes(pen: Pen, room: Rect) -> Any:
    """Return axes without any dress of their own, exactly over a rectangle of the paper."""
    wide, high = (float(one) * MM_PER_INCH for one in pen.figure.get_size_inches())
    bounds = (room.left / wide, 1 - room.bottom / high, room.wide / wide, room.high / high)
    axes = pen.figure.add_axes(bounds, facecolor=palettes.PAPER)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    return axes


def _coarse(geometry: NDArray[Any], fine: float) -> NDArray[Any]:
    """Return shapes for the small map: small ones as boxes, the others with few corners."""
    boxes = shapely.bounds(geometry)
    small = (boxes[:, 2] - boxes[:, 0] < fine) & (boxes[:, 3] - boxes[:, 1] < fine)
    made = np.empty(len(geometry), dtype=object)
    made[small] = shapely.box(*boxes[small].T)
    made[~small] = shapely.simplify(geometry[~small], fine / 4)
    return made
