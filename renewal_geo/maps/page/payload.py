"""A MapSpec as compact plain data for the page: integer pixels, dictionaries, no markup."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from renewal_geo.foundation.errors import RenderError
from renewal_geo.foundation.labels import texts
from renewal_geo.maps.page.payload_arrays import encode
from renewal_geo.maps.page.payload_columns import classes_by, column, dictionary, pair, words
from renewal_geo.maps.page.payload_geometry import Placed, label_spots, placed, traced, zoom_for
from renewal_geo.maps.page.working_crs import working_crs
from renewal_geo.maps.palettes import PAPER
from renewal_geo.maps.spec import Curve, LayerSpec, MapSpec, Panel, Scheme, Section, Text

__all__ = ["encode", "payload"]

PANEL_TEXTS = ("found", "bound", "band", "study_point", "figures", "notes", "close")
TEXT_GROUPS = ("map", "page", "tool", "basemap")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def payload(spec: MapSpec, marks: Sequence[Text] = ()) -> dict[str, Any]:
    """Return what the page's script reads: plain data with numpy arrays in it.

    Coordinates are whole Web-Mercator pixels of `zoom`, the smallest whose pixels keep every vertex
    within 5 cm; texts are pairs ``{zh, en}``. :func:`encode` makes it a block of text. `marks` are
    what the page says of itself in its head: that it is online, that it is unprotected.

    Raises
    ------
    RenderError
        If a layer has no CRS, if a colour is not ``#rrggbb``, or if a layer has more or fewer
        positions in its classes than geometries.
    """
    for layer in spec.layers:
        _require_sound(layer)
    shapes = [placed(layer.geometry, layer.kind) for layer in spec.layers]
    zoom = zoom_for(shapes)
    return {
        "lang": spec.lang,
        "edition": spec.edition,
        "paper": PAPER,
        "zoom": zoom,
        "title": pair(spec.title),
        "subtitle": pair(spec.subtitle),
        "as_of": spec.as_of.isoformat() if spec.as_of else "",
        "as_of_day": (spec.as_of - dt.date(1970, 1, 1)).days if spec.as_of else None,
        "crs": spec.crs,
        "source": spec.source,
        "review_no": spec.review_no,
        "fingerprint": spec.fingerprint,
        "list_layer": spec.list_layer,
        "unplaced": sum(int(one.lost.sum()) for one in shapes),
        "panel": _panel(spec.panel) if spec.panel else None,
        "online": spec.basemap is not None,
        "marks": [pair(one) for one in marks],
        "working": working_crs(spec),
        "text": _page_texts(),
        **{
            name: plain(getattr(spec, name))
            for name in (
                "notes", "facts", "funnel", "rules", "totals", "bars", "deadlines", "timeline",
                "compare", "wall", "basemap",
            )
        },
        "layers": [_layer(*both, zoom) for both in zip(spec.layers, shapes, strict=True)],
    }  # fmt: skip


def plain(value: Any) -> Any:
    """Return a part of a spec as dicts and lists, texts as pairs."""
    if isinstance(value, Text):
        return pair(value)
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return {one.name: plain(getattr(value, one.name)) for one in fields}
    if isinstance(value, (tuple, list)):
        return [plain(one) for one in value]
    return value


def _require_sound(layer: LayerSpec) -> None:
    """Refuse what the page would draw wrongly or not at all."""
    count = len(layer.geometry)
    rows = {len(layer.class_of), len(layer.values), *(len(s.class_of) for s in layer.schemes)}
    if rows != {count}:
        raise RenderError(
            f"layer {layer.name!r} has {count} geometries, but classes or values for "
            f"{', '.join(str(n) for n in sorted(rows - {count}))}",
            fix="give one class and one row of values for each geometry",
            code="uneven_layer",
        )
    classes = (layer.classes, *(scheme.classes for scheme in layer.schemes))
    for one in (entry for group in classes for entry in group):
        for colour in (one.fill, one.line, *one.shades):
            if colour and not _COLOUR.fullmatch(colour):
                raise RenderError(
                    f"class {one.value!r} of layer {layer.name!r} has the colour {colour!r}",
                    fix="write colours as #rrggbb, or empty for none",
                    code="colour",
                )


def _layer(layer: LayerSpec, shapes: Placed, zoom: int) -> dict[str, Any]:
    captioned = layer.captions is not None
    columns = [column(layer.values, c, layer) for c in layer.columns]
    return {
        "name": layer.name,
        "title": pair(layer.title),
        "kind": layer.kind,
        "n": len(layer.geometry),
        "visible": layer.visible,
        "popup": layer.popup,
        "dots": layer.dots,
        "group": plain(layer.group),
        "side": layer.side,
        "area": layer.area,
        "search": list(layer.search),
        "filters": list(layer.filters),
        "schemes": [
            {
                "name": one.name,
                "title": plain(one.title),
                "classes": plain(one.classes),
                "class_of": classes_by(one.class_of, columns),
            }
            for one in (Scheme("", layer.scheme or layer.title, layer.classes, layer.class_of),
                        *layer.schemes)
        ],
        "shade_of": layer.shade_of,
        "captions": _texts(layer.captions),
        "marks": _texts(layer.marks),
        "spots": list(label_spots(layer.geometry, shapes, zoom).T) if captioned else None,
        "columns": columns,
        "shapes": traced(shapes, zoom, closed=layer.kind == "polygon"),
    }  # fmt: skip


def _texts(said: tuple[str, ...] | None) -> dict[str, Any] | None:
    return None if said is None else dictionary(words(pd.Series(said, dtype=object)))


def _page_texts() -> dict[str, dict[str, str]]:
    return {
        key.partition(".")[2]: {"zh": entry["zh"], "en": entry["en"]}
        for key, entry in texts().items()
        if key.partition(".")[0] in TEXT_GROUPS
    }


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "title": pair(panel.title),
        "lead": pair(panel.lead),
        "sections": [_section(one) for one in panel.sections],
        "notes": [pair(note) for note in panel.notes],
        "text": {
            name: pair(Text(texts()[f"outlook.{name}"]["zh"], texts()[f"outlook.{name}"]["en"]))
            for name in PANEL_TEXTS
        },
    }


def _section(one: Section) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": pair(one.title),
        "hint": pair(one.hint),
        "curves": [_curve(curve) for curve in one.curves],
        "heads": [pair(head) for head in one.heads],
        "rows": [[pair(cell) for cell in row] for row in one.rows],
        "folded": one.folded,
        "items": [
            {
                "text": pair(item.text),
                "aside": pair(item.aside) if item.aside else None,
                "feature": item.feature,
            }
            for item in one.items
        ],
        "layer": one.layer,
        "show": pair(one.show) if one.show else None,
    }


def _curve(curve: Curve) -> dict[str, Any]:
    return {
        "x": pair(curve.x_title),
        "y": pair(curve.y_title),
        "alt": pair(curve.alt),
        "points": [[p.x, p.found, p.bound, p.own] for p in curve.points],
    }
