"""QGIS styles as QML: colours by class, and field names that people read."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Literal

import geopandas as gpd
import pandas as pd
import shapely

Kind = Literal["fill", "line", "marker"]
LAYER_CLASS: dict[str, str] = {"fill": "SimpleFill", "line": "SimpleLine", "marker": "SimpleMarker"}
OUTLINE = "90,90,90,255"
VERSION = "3.22"
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
    root, renderer = _document("categorizedSymbol" if column else "singleSymbol", column)
    chosen = list(colours.items()) if column else list(colours.items())[:1]
    if column:
        categories = ET.SubElement(renderer, "categories")
        for number, (value, _) in enumerate(chosen):
            shown = (labels or {}).get(value, value)
            ET.SubElement(
                categories, "category", value=value, symbol=str(number), label=shown, render="true",
                type="string",
            )  # fmt: skip
    symbols = ET.SubElement(renderer, "symbols")
    for number, (_, colour) in enumerate(chosen):
        _symbol(symbols, str(number), colour, kind, filled=filled)
    return with_aliases(_text(root), aliases or {})


def graduated_style(
    column: str,
    classes: Sequence[tuple[float, float, str]],
    aliases: Mapping[str, str] | None = None,
    kind: Kind = "fill",
    *,
    labels: Sequence[str] | None = None,
) -> str:
    """Return QML that colours a layer by the size of a number.

    Parameters
    ----------
    column
        Column of numbers; rows without one get no symbol.
    classes
        ``(from, to, colour)`` in rising order, both ends included, colours as ``#rrggbb``.
    aliases, kind
        As for :func:`layer_style`.
    labels
        Texts of the legend, one per class; ``from - to`` where absent.

    Returns
    -------
    str
        A QML document.

    Raises
    ------
    ValueError
        Where the classes are not in rising order.

    Examples
    --------
    >>> 'attr="share"' in graduated_style("share", [(0, 0.5, "#eff3ff"), (0.5, 1, "#08519c")])
    True
    """
    edges = [edge for low, high, _ in classes for edge in (low, high)]
    if edges != sorted(edges) or not edges:
        raise ValueError(f"classes of {column} do not rise: {edges}")
    root, renderer = _document("graduatedSymbol", column)
    renderer.set("graduatedMethod", "GraduatedColor")
    ranges = ET.SubElement(renderer, "ranges")
    symbols = ET.SubElement(renderer, "symbols")
    for number, (low, high, colour) in enumerate(classes):
        shown = labels[number] if labels else f"{low:g} - {high:g}"
        ET.SubElement(
            ranges, "range", lower=f"{low:.15f}", upper=f"{high:.15f}", symbol=str(number),
            label=shown, render="true",
        )  # fmt: skip
        _symbol(symbols, str(number), colour, kind, filled=True)
    return with_aliases(_text(root), aliases or {})


def with_aliases(style: str, aliases: Mapping[str, str]) -> str:
    """Return a style that also names the columns; without a style, one that only names them.

    Parameters
    ----------
    style
        A QML document, or empty. A name that it has for a column itself stays.
    aliases
        Column -> name shown to people.

    Returns
    -------
    str
        A QML document; empty where there is neither style nor name.
    """
    if not style and not aliases:
        return ""
    if style:
        root = ET.fromstring(style[style.index("<qgis") :])  # noqa: S314 - our own document
    else:
        root = ET.Element("qgis", version=VERSION, styleCategories="Fields|Forms")
    listed = root.find("aliases")
    if listed is None:
        listed = ET.SubElement(root, "aliases")
    known = {one.get("field") for one in listed}
    for field, name in aliases.items():
        if field not in known:
            ET.SubElement(listed, "alias", index=str(len(listed)), field=field, name=name)
    return _text(root)


def symbol_kind(table: pd.DataFrame) -> Kind:
    """Return the kind of symbol that draws the shapes of a table: fill, line or marker."""
    if not isinstance(table, gpd.GeoDataFrame):
        return "fill"
    most = max(shapely.get_dimensions(table.geometry.to_numpy()).tolist(), default=-1)
    kinds: dict[int, Kind] = {0: "marker", 1: "line"}
    return kinds.get(most, "fill")


def _document(renderer: str, column: str) -> tuple[ET.Element, ET.Element]:
    root = ET.Element("qgis", version=VERSION, styleCategories="Symbology|Fields|Forms")
    drawn = ET.SubElement(
        root, "renderer-v2", type=renderer, symbollevels="0", forceraster="0", enableorderby="0"
    )
    if column:
        drawn.set("attr", column)
    return root, drawn


def _text(root: ET.Element) -> str:
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
