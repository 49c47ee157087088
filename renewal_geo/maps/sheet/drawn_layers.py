"""Layers as ink: one compound path per class, so that fifty thousand parcels are drawn in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgb
from matplotlib.markers import MarkerStyle
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from renewal_geo.maps.spec import LayerSpec, MapClass

HATCHES = {
    "": "", "forward": "/", "backward": "\\", "cross": "x", "dots": ".", "horizontal": "-",
}  # fmt: skip
HATCH_REPEATS, HATCH_WIDTH = 4, 0.5  # on A3; a larger sheet has wider and stronger hatching
HATCH_DARK = (0.08, 0.12, 0.16)
LINE_SCALE = 0.6  # widths are meant for a screen; a sheet has finer lines
SEAM, SEAM_WIDTH = (1.0, 1.0, 1.0, 0.75), 0.3
SEAM_SHARE = 0.12  # points per millimetre of a parcel, at most
FINE_MM = 0.8  # parcels below this size have no seams
DOT_MM = 1.2  # a line that is shorter becomes a dot, where the layer asks for it
POINT_SIZE = 5.0
BATCH = 1000  # shapes in one path: a viewer's work grows faster than a path's length


@dataclass(frozen=True, slots=True)
class Paper:
    """What drawing needs to know of the paper: CRS units per millimetre, and the scale of sizes."""

    unit_per_mm: float
    scale: float

    def hatch(self, one: MapClass) -> str:
        """Return matplotlib's word for the hatch of a class."""
        return HATCHES[one.hatch] * max(2, round(HATCH_REPEATS / self.scale))

    def width(self, one: MapClass) -> float:
        """Return the width of a class's line in points."""
        return one.width * LINE_SCALE * self.scale


def draw_layer(axes: Axes, layer: LayerSpec, paper: Paper, order: float) -> None:
    """Draw one layer at `order` (matplotlib's zorder), class by class."""
    geometry = layer.geometry.to_numpy()
    there = present(geometry)
    for number, one in enumerate(layer.classes):
        rows = np.flatnonzero(there & (layer.class_of == number))
        if not len(rows):
            continue
        if layer.kind == "point":
            _draw_points(axes, shapely.get_coordinates(geometry[rows]), one, paper, order)
        elif layer.kind == "line":
            _draw_lines(axes, layer, geometry[rows], one, paper, order)
        else:
            shades = layer.shade_of[rows] if layer.shade_of is not None else np.full(len(rows), -1)
            edge = _edge(one, geometry[rows], paper)
            _draw_areas(axes, geometry[rows], shades, one, paper, order, edge=edge)


def draw_shapes(
    axes: Axes, geometry: NDArray[Any], fill: str, edge: tuple[str, float], order: float
) -> None:
    """Draw shapes of any kind in one colour."""
    line = edge if edge[1] else None
    for path in _area_paths(geometry):
        _ink(axes, path, order, facecolor=fill, edge=line)
    for path in _line_paths(geometry):
        _ink(axes, path, order, facecolor="none", edge=edge if line else (edge[0], SEAM_WIDTH))


def present(geometry: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which of n geometries can be drawn: there, not empty, all coordinates finite."""
    with np.errstate(invalid="ignore"):
        boxes = shapely.bounds(geometry)
    return np.asarray(np.isfinite(boxes).all(axis=1), dtype=bool)


def hatch_ink(fill: str) -> tuple[float, float, float]:
    """Return the colour of the hatch on a fill: opaque, since a PDF knows no other hatch."""
    ground = to_rgb(fill or "#ffffff")
    return tuple(0.6 * g + 0.4 * d for g, d in zip(ground, HATCH_DARK, strict=True))  # type: ignore[return-value]


def _edge(one: MapClass, geometry: NDArray[Any], paper: Paper) -> tuple[Any, float] | None:
    """Return colour and width of the line round each area: its own, else a white seam."""
    if one.line:
        return one.line, paper.width(one)
    typical = float(np.median(np.sqrt(shapely.area(geometry)))) / paper.unit_per_mm
    if not one.fill or typical < FINE_MM:
        return None
    return SEAM, min(SEAM_WIDTH * paper.scale, SEAM_SHARE * typical)


def _draw_areas(
    axes: Axes, geometry: NDArray[Any], shades: NDArray[Any], one: MapClass, paper: Paper, order: float,
    *, edge: tuple[Any, float] | None,
) -> None:  # fmt: skip
    for shade in np.unique(shades):
        fill = one.shades[shade] if 0 <= shade < len(one.shades) else one.fill
        for path in _area_paths(geometry[shades == shade]):
            _ink(axes, path, order, facecolor=fill or "none", edge=None if one.hatch else edge)
    if one.hatch:
        for path in _area_paths(geometry):
            _ink(axes, path, order, facecolor="none", edge=None, hatch=(one, paper))
            if edge is not None:
                _ink(axes, path, order, facecolor="none", edge=edge)


def _draw_lines(
    axes: Axes, layer: LayerSpec, geometry: NDArray[Any], one: MapClass, paper: Paper, order: float
) -> None:
    colour = one.line or one.fill
    width = paper.width(one) or LINE_SCALE * paper.scale
    short = shapely.length(geometry) < DOT_MM * paper.unit_per_mm
    if layer.dots and short.any():
        spots = shapely.get_coordinates(shapely.centroid(geometry[short]))
        _draw_points(axes, spots, one, paper, order)
        geometry = geometry[~short]
    for path in _line_paths(geometry):
        _ink(axes, path, order, facecolor="none", edge=(colour, width))


def _draw_points(
    axes: Axes, xy: NDArray[np.float64], one: MapClass, paper: Paper, order: float
) -> None:
    disc = MarkerStyle("o")
    size = POINT_SIZE * paper.scale
    made = PathCollection(
        [disc.get_path().transformed(disc.get_transform())], sizes=[size**2], offsets=xy,
        offset_transform=axes.transData, facecolors=one.fill or one.line, zorder=order,
        edgecolors=one.line or "white", linewidths=0.5 * paper.scale, hatch=paper.hatch(one) or None,
    )  # fmt: skip
    made.set_transform(Affine2D().scale(1.0))
    axes.add_collection(made, autolim=False)


def _ink(
    axes: Axes, path: Path, order: float, *, facecolor: Any, edge: tuple[Any, float] | None,
    hatch: tuple[MapClass, Paper] | None = None,
) -> None:  # fmt: skip
    colour, width = edge or ("none", 0.0)
    made = PathPatch(
        path, facecolor=facecolor, edgecolor=colour, linewidth=width, joinstyle="round", zorder=order,
        snap=False,
    )  # fmt: skip
    if hatch is not None:
        one, paper = hatch
        made.set_hatch(paper.hatch(one))
        made.set_edgecolor(to_rgb(one.line) if one.line else hatch_ink(one.fill))
        made.set_linewidth(0.0)
        strengthen(made, paper)
    axes.add_artist(made)


def strengthen(hatched: Any, paper: Paper) -> None:
    """Give a hatch the stroke of its paper, where matplotlib lets one choose (from 3.10)."""
    if hasattr(hatched, "set_hatch_linewidth"):
        hatched.set_hatch_linewidth(HATCH_WIDTH * paper.scale)


def _area_paths(geometry: NDArray[Any]) -> Iterator[Path]:
    """Yield polygons as compound paths; holes turn the other way, so the non-zero rule leaves them."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    polygons = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    for start in range(0, len(polygons), BATCH):
        yield _path(shapely.get_rings(shapely.orient_polygons(polygons[start : start + BATCH])))


def _line_paths(geometry: NDArray[Any]) -> Iterator[Path]:
    parts = shapely.get_parts(shapely.get_parts(geometry))
    lines = parts[np.isin(shapely.get_type_id(parts), (1, 2))]
    for start in range(0, len(lines), BATCH):
        yield _path(lines[start : start + BATCH])


def _path(strings: NDArray[Any]) -> Path:
    xy, string = shapely.get_coordinates(strings, return_index=True)
    codes = np.full(len(xy), Path.LINETO, dtype=np.uint8)
    codes[np.flatnonzero(np.diff(string, prepend=-1) != 0)] = Path.MOVETO
    return Path(xy, codes)
