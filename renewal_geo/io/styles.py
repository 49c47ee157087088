"""QGIS styles as QML: colours by class, and field names that people read."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Literal

Kind = Literal["fill", "line", "marker"]
LAYER_CLASS: dict[str, str] = {"fill": "SimpleFill", "line": "SimpleLine", "marker": "SimpleMarker"}
OUTLINE = "90,90,90,255"
DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"


def layer_style(
    column: str,
    colours: Mapping[str, str],
    aliases: Mapping[str, str] | None = None,
    kind: Kind = "fill",
    *,
    labels: Mapping[str, str] | None = None,
    filled: bool = True,
) -> str:
    """Return QML that colours a layer by the values of a column.

    Parameters
    ----------
    column
        Column whose values are classes; empty for one symbol in the first colour.
    colours
        Value -> colour as ``#rrggbb``; values that are not listed get no symbol.
    aliases
        Column -> name shown to people.
    kind
        Symbols for polygons, lines or points.
    labels
        Value -> text of the legend; the value itself where absent.
    filled
        Draw polygons as areas, or as outlines only.

    Returns
    -------
    str
        A QML document; QGIS takes it from the ``layer_styles`` table of a GeoPackage.

    Examples
    --------
    >>> 'attr="reason"' in layer_style("reason", {"chosen": "#1b7837"})
    True
    """
    root = ET.Element("qgis", version="3.28", styleCategories="Symbology|Fields|Forms")
    single = not column
    renderer = ET.SubElement(
        root,
        "renderer-v2",
        {
            "type": "singleSymbol" if single else "categorizedSymbol",
            "symbollevels": "0",
            "forceraster": "0",
            "enableorderby": "0",
            **({} if single else {"attr": column}),
        },
    )
    chosen = list(colours.items())[:1] if single else list(colours.items())
    if not single:
        categories = ET.SubElement(renderer, "categories")
        for number, (value, _) in enumerate(chosen):
            shown = (labels or {}).get(value, value)
            ET.SubElement(
                categories, "category", value=value, symbol=str(number), label=shown, render="true"
            )
    symbols = ET.SubElement(renderer, "symbols")
    for number, (_, colour) in enumerate(chosen):
        _symbol(symbols, str(number), colour, kind, filled=filled)
    listed = ET.SubElement(root, "aliases")
    for number, (field, name) in enumerate((aliases or {}).items()):
        ET.SubElement(listed, "alias", index=str(number), field=field, name=name)
    return DOCTYPE + ET.tostring(root, encoding="unicode")


def _symbol(parent: ET.Element, name: str, colour: str, kind: Kind, *, filled: bool) -> None:
    symbol = ET.SubElement(
        parent, "symbol", type=kind, name=name, alpha="1", clip_to_extent="1", force_rhr="0"
    )
    layer = ET.SubElement(
        symbol, "layer", {"class": LAYER_CLASS[kind], "enabled": "1", "locked": "0", "pass": "0"}
    )
    options = ET.SubElement(layer, "Option", type="Map")
    for key, value in _properties(_rgba(colour), kind, filled=filled).items():
        ET.SubElement(options, "Option", name=key, type="QString", value=value)
        ET.SubElement(layer, "prop", k=key, v=value)


def _properties(rgba: str, kind: Kind, *, filled: bool) -> dict[str, str]:
    if kind == "line":
        return {"line_color": rgba, "line_width": "0.4", "line_width_unit": "MM"}
    if kind == "marker":
        return {"color": rgba, "name": "circle", "size": "2", "size_unit": "MM"}
    return {
        "color": rgba,
        "style": "solid" if filled else "no",
        "outline_color": OUTLINE if filled else rgba,
        "outline_style": "solid",
        "outline_width": "0.1" if filled else "0.8",
        "outline_width_unit": "MM",
    }


def _rgba(colour: str) -> str:
    digits = colour.lstrip("#")
    red, green, blue = (int(digits[at : at + 2], 16) for at in (0, 2, 4))
    return f"{red},{green},{blue},255"
