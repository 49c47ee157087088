"""Faults of single shapes: missing, of the wrong kind, invalid, in parts, spiked, slivers."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import shapely

from renewal_geo.foundation.labels import has_label, label
from renewal_geo.quality.borders import mean_width
from renewal_geo.quality.layer import POLYGONAL, Layer
from renewal_geo.spatial.fabric import spike_corners

SPIKE_DEGREES = 3.0
SPIKE_ARM_M = 0.5
_PLACE = re.compile(r"\[(-?[\d.eE+-]+) (-?[\d.eE+-]+)")


def note_kinds(layer: Layer) -> None:
    """Note rows without a geometry, of the wrong kind, or in several parts."""
    empty = (layer.kind < 0) | shapely.is_empty(layer.shapes)
    layer.notes.add("null_geometry", np.flatnonzero(empty))
    wrong = np.flatnonzero(~empty & ~np.isin(layer.kind, POLYGONAL))
    layer.notes.add(
        "wrong_type",
        wrong,
        details=[(g.geom_type, g.geom_type) for g in layer.shapes[wrong]],
    )
    parts = shapely.get_num_geometries(layer.shapes)
    several = np.flatnonzero(layer.areal & (parts > 1))
    layer.notes.add(
        "multipart",
        several,
        measures=parts[several],
        unit="parts",
        limits=1,
        details=[(f"{p} 个部分", f"{p} parts") for p in parts[several]],
    )


def note_invalid(layer: Layer) -> None:
    """Note invalid polygons with GEOS's reason and place."""
    rows = np.flatnonzero(layer.areal & ~layer.sound)
    for row, said in zip(rows, shapely.is_valid_reason(layer.shapes[rows]), strict=True):
        place = _PLACE.search(str(said))
        reason = str(said).split("[")[0].strip()
        where = shapely.Point(float(place[1]), float(place[2])) if place else None
        code = "self_touch" if reason == "Ring Self-intersection" else "invalid"
        details = reason_texts(reason)
        layer.notes.add(code, row, places=np.array([where], dtype=object), details=details)


def reason_texts(reason: str) -> tuple[str, str]:
    """Return GEOS's reason in Chinese, where we have a word for it, and as GEOS says it."""
    key = "invalidity." + re.sub(r"[^a-z]+", "_", reason.lower()).strip("_")
    return (label(key, "zh") if has_label(key) else reason), reason


def note_slivers(layer: Layer, narrow_m: float, small_m2: float) -> None:
    """Note parcels that are narrower or smaller than the limits."""
    rows = np.flatnonzero(layer.sound)
    area = layer.area[rows]
    width = 2 * area / np.maximum(layer.length[rows], 1e-12)
    bad = (width < narrow_m) | (area < small_m2)
    rows, area, width = rows[bad], area[bad], width[bad]
    layer.notes.add(
        "sliver",
        rows,
        measures=width,
        unit="m",
        limits=narrow_m,
        places=layer.shapes[rows],
        details=[
            (f"{a:,.2f} m²，平均宽 {w:.2f} m", f"{a:,.2f} m², {w:.2f} m wide on average")
            for a, w in zip(area, width, strict=True)
        ],
    )


def note_spikes(layer: Layer) -> None:
    """Note vertices where a border turns back on itself, with arms of some length on both sides."""
    e, before = layer.fabric.edges, layer.fabric.before
    at = spike_corners(layer.fabric, SPIKE_DEGREES, SPIKE_ARM_M)
    at = at[np.isfinite(e.x[before[at]] + e.x[at] + e.x[at + 1])]
    at = at[np.isfinite(e.y[before[at]] + e.y[at] + e.y[at + 1])]  # else it is invalid, and said so
    corner = np.column_stack([e.x[at], e.y[at]])
    one = np.column_stack([e.x[before[at]], e.y[before[at]]])
    two = np.column_stack([e.x[at + 1], e.y[at + 1]])
    arm_1, arm_2 = np.hypot(*(one - corner).T), np.hypot(*(two - corner).T)
    arm = np.minimum(arm_1, arm_2)
    cosine = ((one - corner) * (two - corner)).sum(axis=1) / (arm_1 * arm_2)
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    thorn: Any = shapely.polygons(np.stack([one, corner, two, one], axis=1))
    layer.notes.add(
        "spike",
        e.owner[at],
        measures=arm,
        unit="m",
        limits=SPIKE_ARM_M,
        areas=shapely.area(thorn),
        widths=mean_width(thorn),
        places=shapely.points(corner),
        details=[
            (f"长 {a:.2f} m，角 {g:.2f}°", f"{a:.2f} m long, {g:.2f}°")
            for a, g in zip(arm, angle, strict=True)
        ],
    )
