"""A MapSpec as compact plain data for the page: integer pixels, dictionaries, no markup."""

from __future__ import annotations

import json
import math
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation.errors import RenderError
from renewal_geo.foundation.labels import texts
from renewal_geo.maps.palettes import PAPER
from renewal_geo.maps.spec import (
    Bar,
    Curve,
    Fact,
    LayerSpec,
    MapColumn,
    MapSpec,
    Panel,
    Section,
    Text,
)

ZOOM = 24  # a pixel of this zoom is under 1 cm on the ground
WORLD_PIXELS = 256 * 2**ZOOM
OFF_THE_WORLD = -1.0
MERCATOR_HALF_M = math.pi * 6_378_137.0
MOST_TEXT = 2_000
PANEL_TEXTS = ("found", "bound", "band", "study_point", "figures", "notes", "close")

_KINDS = {"polygon": (3,), "line": (1, 2), "point": (0,)}


def payload(spec: MapSpec) -> dict[str, Any]:
    """Return what the page's script reads.

    Coordinates are Web-Mercator pixels of zoom 24 (under 1 cm), each the difference to the one
    before, x and y in turn; rings are closed by the reader. Texts are pairs ``{zh, en}``.
    """
    return {
        "lang": spec.lang,
        "edition": spec.edition,
        "paper": PAPER,
        "zoom": ZOOM,
        "title": _pair(spec.title),
        "subtitle": _pair(spec.subtitle),
        "as_of": spec.as_of.isoformat() if spec.as_of else "",
        "crs": spec.crs,
        "source": spec.source,
        "review_no": spec.review_no,
        "fingerprint": spec.fingerprint,
        "notes": [_pair(note) for note in spec.notes],
        "facts": [_fact(fact) for fact in spec.facts],
        "funnel": [_bar(bar) for bar in spec.funnel],
        "list_layer": spec.list_layer,
        "layers": [_layer(layer) for layer in spec.layers],
        "unplaced": unplaced(spec),
        "panel": _panel(spec.panel) if spec.panel else None,
        "text": _page_texts(),
    }


def encode(data: dict[str, Any]) -> str:
    """Return JSON that is safe inside a script element: no ``<``, ``>``, ``&``, U+2028."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign, code in (
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        text = text.replace(sign, code)
    return text


def world_pixels(geometry: gpd.GeoSeries) -> NDArray[Any]:
    """Return the geometries with coordinates in world pixels of zoom 24, y downwards.

    What lies outside the world of Web Mercator (a wrong CRS, a broken coordinate) becomes None.

    Raises
    ------
    RenderError
        If there is no CRS.
    """
    if geometry.crs is None:
        raise RenderError(
            "the layer has no CRS and cannot be placed on a map", fix="set the CRS of the table"
        )
    step = pyproj.Transformer.from_crs(geometry.crs, 3857, always_xy=True)
    plain = shapely.force_2d(geometry.to_numpy())

    def place(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = step.transform(xy[:, 0], xy[:, 1])
        scale = WORLD_PIXELS / (2 * MERCATOR_HALF_M)
        placed = np.column_stack([(x + MERCATOR_HALF_M) * scale, (MERCATOR_HALF_M - y) * scale])
        placed[~np.isfinite(placed)] = OFF_THE_WORLD
        return placed

    placed = np.asarray(shapely.transform(plain, place))
    boxes = shapely.bounds(placed)
    off = (boxes[:, 0] < 0) | (boxes[:, 1] < 0)
    off |= (boxes[:, 2] > WORLD_PIXELS) | (boxes[:, 3] > WORLD_PIXELS)
    return np.where(off, None, placed)  # type: ignore[call-overload, no-any-return]


def unplaced(spec: MapSpec) -> int:
    """Return how many geometries of a spec lie where Web Mercator shows nothing."""
    lost = 0
    for layer in spec.layers:
        present = ~(layer.geometry.isna() | layer.geometry.is_empty).to_numpy()
        lost += int((present & shapely.is_missing(world_pixels(layer.geometry))).sum())
    return lost


def _layer(layer: LayerSpec) -> dict[str, Any]:
    placed, table = world_pixels(layer.geometry), layer.values  # noqa: PD011 - our own field
    rings, parts, deltas = _rings(placed, layer.kind)
    spots = _spots(placed) if layer.captions is not None else []
    return {
        "name": layer.name,
        "title": _pair(layer.title),
        "kind": layer.kind,
        "visible": layer.visible,
        "popup": layer.popup,
        "dots": layer.dots,
        "classes": [
            {
                "value": one.value,
                "title": _pair(one.title),
                "fill": one.fill,
                "line": one.line,
                "width": one.width,
                "hatch": one.hatch,
                "shades": list(one.shades),
                "count": one.count,
                "area_m2": None if one.area_m2 is None else round(one.area_m2, 2),
            }
            for one in layer.classes
        ],
        "class_of": layer.class_of.tolist(),
        "shade_of": layer.shade_of.tolist() if layer.shade_of is not None else None,
        "rings_of": parts,
        "points_of": rings,
        "xy": deltas,
        "captions": list(layer.captions) if layer.captions is not None else None,
        "marks": list(layer.marks) if layer.marks is not None else None,
        "spots": spots,
        "columns": [_column(table, c, layer) for c in layer.columns],
    }


def _rings(placed: NDArray[Any], kind: str) -> tuple[list[int], list[int], list[int]]:
    """Return points per ring, rings per feature, and the deltas of all points in a row."""
    count = len(placed)
    singles, feature = shapely.get_parts(placed, return_index=True)
    singles, deeper = shapely.get_parts(singles, return_index=True)
    feature = feature[deeper]
    wanted = np.isin(shapely.get_type_id(singles), _KINDS[kind]) & ~shapely.is_empty(singles)
    singles, feature = singles[wanted], feature[wanted]
    if kind == "polygon":
        singles = shapely.orient_polygons(singles)
        singles, deeper = shapely.get_rings(singles, return_index=True)
        feature = feature[deeper]
    xy, ring = shapely.get_coordinates(singles, return_index=True)
    whole = np.rint(xy).astype(np.int64)
    keep = np.ones(len(whole), dtype=bool)
    if kind == "polygon" and len(whole):
        keep[np.flatnonzero(np.diff(ring, append=-1) != 0)] = False
    whole, ring = whole[keep], ring[keep]
    deltas = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    points = np.bincount(ring, minlength=len(singles))
    parts = np.bincount(feature, minlength=count)
    return points.tolist(), parts.tolist(), deltas.ravel().tolist()


def _spots(placed: NDArray[Any]) -> list[list[int] | None]:
    found: list[list[int] | None] = []
    for shape in placed:
        if shape is None or shape.is_empty:
            found.append(None)
            continue
        flat = shape.area > 0
        point = (
            shapely.get_point(shapely.maximum_inscribed_circle(shape), 0)
            if flat
            else shape.centroid
        )
        found.append([round(shapely.get_x(point)), round(shapely.get_y(point))])
    return found


def _column(table: pd.DataFrame, column: MapColumn, layer: LayerSpec) -> dict[str, Any]:
    values = table[column.name]
    head = {
        "name": column.name,
        "title": _pair(column.title),
        "form": column.form,
        "decimals": column.decimals,
    }
    if column.form in {"number", "share", "year"}:
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        digits = column.decimals + (2 if column.form == "share" else 0)
        rounded = np.round(numbers, digits)
        finite = np.isfinite(rounded)
        listed = [float(v) if ok else None for v, ok in zip(rounded, finite, strict=True)]
        return {**head, "numbers": [int(v) if v is not None and v % 1 == 0 else v for v in listed]}
    words = _words(values)
    if column.english:
        pair = words + "\0" + _words(table[column.english])
        codes, unique = pd.factorize(pair.to_numpy(), sort=False)
        sides = [str(one).split("\0", 1) for one in unique]
        said = [{"zh": zh, "en": en} if zh or en else None for zh, en in sides]
        return {**head, "words": [zh for zh, _ in sides], "codes": codes.tolist(), "titles": said}
    codes, unique = pd.factorize(words.to_numpy(), sort=False)
    titles = None
    if column.name == "reason":
        pairs = {one.value: _pair(one.title) for one in layer.classes}
        titles = [pairs.get(str(word)) for word in unique]
    return {**head, "words": [str(u) for u in unique], "codes": codes.tolist(), "titles": titles}


def _words(values: pd.Series[Any]) -> pd.Series[str]:
    known = values.astype(object)
    shown: pd.Series[str] = known.where(known.notna(), "").map(lambda v: str(v)[:MOST_TEXT])
    return shown.str.replace("\0", "", regex=False)


def _page_texts() -> dict[str, dict[str, str]]:
    return {
        key.removeprefix("map."): {"zh": entry["zh"], "en": entry["en"]}
        for key, entry in texts().items()
        if key.startswith("map.")
    }


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "title": _pair(panel.title),
        "lead": _pair(panel.lead),
        "sections": [_section(one) for one in panel.sections],
        "notes": [_pair(note) for note in panel.notes],
        "text": {
            name: _pair(Text(texts()[f"outlook.{name}"]["zh"], texts()[f"outlook.{name}"]["en"]))
            for name in PANEL_TEXTS
        },
    }


def _section(one: Section) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": _pair(one.title),
        "hint": _pair(one.hint),
        "curves": [_curve(curve) for curve in one.curves],
        "heads": [_pair(head) for head in one.heads],
        "rows": [[_pair(cell) for cell in row] for row in one.rows],
        "folded": one.folded,
        "items": [
            {
                "text": _pair(item.text),
                "aside": _pair(item.aside) if item.aside else None,
                "feature": item.feature,
            }
            for item in one.items
        ],
        "layer": one.layer,
        "show": _pair(one.show) if one.show else None,
    }


def _curve(curve: Curve) -> dict[str, Any]:
    return {
        "x": _pair(curve.x_title),
        "y": _pair(curve.y_title),
        "alt": _pair(curve.alt),
        "points": [[p.x, p.found, p.bound, p.own] for p in curve.points],
    }


def _pair(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _fact(fact: Fact) -> dict[str, Any]:
    return {"title": _pair(fact.title), "content": _pair(fact.content), "strong": fact.strong}


def _bar(bar: Bar) -> dict[str, Any]:
    return {
        "title": _pair(bar.title),
        "count": bar.count,
        "area_m2": round(bar.area_m2, 2),
        "aside": bar.aside,
    }
