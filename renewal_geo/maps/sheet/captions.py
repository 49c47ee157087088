"""Names on the map: the largest first, each where it hides no other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from renewal_geo.maps import palettes
from renewal_geo.maps.sheet.drawn_layers import present
from renewal_geo.maps.sheet.frames import Frame, sheet_layers
from renewal_geo.maps.sheet.pens import ABOVE, LONGEST, Pen
from renewal_geo.maps.spec import LayerSpec, MapSpec

NAME_POINTS, CONTEXT_POINTS, MANY_POINTS = 8.5, 7.5, 6.0
CONTEXT_INK = "#6b6458"
WIDEST_MM = 42.0
AIR_MM = 0.5
MOST_TRIED = 4000
FEW = 200  # so many names of a layer may be wider than what they name
PAPER_EDGE = 1.2


@dataclass(slots=True)
class Places:
    """Boxes on the paper that are taken: left, top, right, bottom in millimetres."""

    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)

    def take(self, box: tuple[float, float, float, float]) -> bool:
        """Take a box unless it overlaps one that is taken; return whether it was free."""
        if self.boxes:
            others = np.array(self.boxes)
            left, top, right, bottom = box
            hit = (others[:, 0] < right) & (others[:, 2] > left)
            if (hit & (others[:, 1] < bottom) & (others[:, 3] > top)).any():
                return False
        self.boxes.append(box)
        return True


@dataclass(frozen=True, slots=True)
class _Feature:
    """A feature on the paper: a point inside it, and how wide and high it is (mm)."""

    x: float
    y: float
    wide: float
    high: float


def write_captions(pen: Pen, spec: MapSpec, frame: Frame) -> int:
    """Write the names of the features of every layer; return how many found no room.

    Layers with few names come first, of those the ones that answer a click; inside a layer the largest
    features. Where the names of a layer are too long for it, their short forms (`marks`) are written.
    """
    taken = Places()
    named = [one for one in sheet_layers(spec) if one.captions is not None]
    lost = 0
    ranks = [(len(one.geometry) > FEW, not one.popup, -n) for n, one in enumerate(named)]
    for _, layer in sorted(zip(ranks, named, strict=True), key=lambda pair: pair[0]):
        lost += _write_layer(pen, layer, frame, taken)
    return lost


def _write_layer(pen: Pen, layer: LayerSpec, frame: Frame, taken: Places) -> int:
    geometry = layer.geometry.to_numpy()
    captions = np.array(layer.captions, dtype=object)
    told = present(geometry) & (captions != "") & (captions != None)  # noqa: E711 - elementwise
    rows = np.flatnonzero(told & (layer.class_of >= 0))
    size = shapely.area(geometry[rows]) + 1e-9 * shapely.length(geometry[rows])
    rows = rows[np.lexsort((rows, -size))][:MOST_TRIED]
    spots = _spots(geometry[rows])
    boxes = shapely.bounds(geometry[rows]) / frame.unit_per_mm
    rooms = np.column_stack([boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]])
    many = len(rows) > FEW
    texts = [str(text) for text in captions[rows]]
    if layer.marks and _too_wide(pen, texts, rooms[:, 0]):
        texts = [layer.marks[row] or text for row, text in zip(rows.tolist(), texts, strict=True)]
    return sum(
        not _written(
            pen, layer, frame, taken, text, _Feature(*frame.place(*spot), *room), inside=many
        )
        for text, spot, room in zip(texts, spots.tolist(), rooms.tolist(), strict=True)
    )


def _too_wide(pen: Pen, texts: list[str], rooms: NDArray[np.float64]) -> bool:
    """Return whether more than a third of the names are wider than what they name."""
    wide = [pen.width(text[:LONGEST], NAME_POINTS, bold=True) for text in texts]
    return bool((np.array(wide) > rooms).sum() * 3 > len(texts))


def _spots(geometry: NDArray[Any]) -> NDArray[np.float64]:
    """Return a point inside the largest part of each geometry."""
    main = np.array([_largest(one) for one in geometry], dtype=object)
    if 0 < len(main) <= FEW:
        areas = shapely.area(main) > 0
        spots = shapely.point_on_surface(main)
        circles = shapely.maximum_inscribed_circle(main[areas])
        spots[areas] = shapely.get_point(circles, 0)
        return np.asarray(shapely.get_coordinates(spots))
    return np.asarray(shapely.get_coordinates(shapely.point_on_surface(main)))


def _largest(shape: Any) -> Any:
    parts = shapely.get_parts(shape)
    return parts[np.argmax(shapely.area(parts))] if len(parts) > 1 else shape


def _written(
    pen: Pen, layer: LayerSpec, frame: Frame, taken: Places, text: str, at: _Feature, *, inside: bool
) -> bool:  # fmt: skip
    """Write a name on its feature, or beside one that it would hide; return whether there was room."""
    points = MANY_POINTS if inside else NAME_POINTS if layer.popup else CONTEXT_POINTS
    shown = pen.fit(text, pen.mm(WIDEST_MM), points, bold=layer.popup)
    wide, high = pen.width(shown, points, bold=layer.popup), pen.line(points)
    half = wide / 2 + pen.mm(AIR_MM)
    fits = wide <= at.wide and high <= at.high
    if not shown or (inside and not fits):
        return False
    places = [(at.x, at.y)] if fits or not layer.popup else _beside(at, wide, high)
    for x, y in places:
        box = (x - half, y - high / 2, x + half, y + high / 2)
        if _on_paper(box, frame, pen.mm(PAPER_EDGE)) and taken.take(box):
            pen.write(
                x, y + pen.letters(points) * (ABOVE - 0.62), shown, points, bold=layer.popup,
                color=palettes.ZONE_LINE if layer.popup else CONTEXT_INK, gid="caption", zorder=60,
                ha="center", path_effects=[withStroke(linewidth=2.2 * pen.scale, foreground="white")],
            )  # fmt: skip
            return True
    return False


def _beside(at: _Feature, wide: float, high: float) -> list[tuple[float, float]]:
    """Return where the middle of a name may be: right, left, above, below its feature."""
    across, down = (at.wide + wide) / 2, (at.high + high) / 2
    return [
        (at.x + across, at.y), (at.x - across, at.y), (at.x, at.y - down), (at.x, at.y + down),
        (at.x + across, at.y - down), (at.x + across, at.y + down),
    ]  # fmt: skip


def _on_paper(box: tuple[float, float, float, float], frame: Frame, edge: float) -> bool:
    left, top, right, bottom = box
    room = frame.room
    across = left > room.left + edge and right < room.right - edge
    return across and top > room.top + edge and bottom < room.bottom - edge
