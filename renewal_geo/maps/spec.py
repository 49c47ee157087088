"""What a map says, before anything draws it: layers, classes, captions, allow-listed columns.

A result becomes a :class:`MapSpec`; a page, a picture and a wall sheet are renderings of it. Tests
compare :func:`record` of a spec instead of bytes of HTML.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
from numpy.typing import NDArray

from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.labels import LANGUAGES
from renewal_geo.maps.controls import Bars, Compare, Deadlines, Timeline, Total, Wall, total
from renewal_geo.maps.texts import Text, both, same

Edition = Literal["internal", "public"]
EDITIONS: tuple[Edition, ...] = ("internal", "public")
Kind = Literal["polygon", "line", "point"]
Form = Literal["text", "number", "year", "share", "yes_no", "date"]
Hatch = Literal["", "forward", "backward", "cross", "dots", "horizontal"]
Side = Literal["", "before", "after"]
InPublic = Literal["merge", "keep", "drop"]
NO_CLASS = -1

__all__ = [
    "EDITIONS", "NO_CLASS", "Bar", "Basemap", "Curve", "CurvePoint", "Edition", "Fact", "Hatch", "InPublic",
    "Item", "Kind", "LayerSpec", "MapClass", "MapColumn", "MapSpec", "Panel", "Scheme", "Section", "Side",
    "Text", "both", "crs_name", "record", "require_columns", "require_edition", "same",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class MapColumn:
    """A column that may be shown: its name in `values`, its title, and how it is printed.

    `english` names the column of `values` that says the same in English, where there is one.
    """

    name: str
    title: Text
    form: Form = "text"
    decimals: int = 0
    english: str = ""


@dataclass(frozen=True, slots=True)
class MapClass:
    """One entry of a legend.

    `fill` and `line` are ``#rrggbb`` or empty for none; `hatch` doubles the colour for who cannot
    tell colours apart. `count` and `area_m2` are the table's figures, None where there are none.
    """

    value: str
    title: Text
    fill: str = ""
    line: str = ""
    width: float = 0.0
    hatch: Hatch = ""
    shades: tuple[str, ...] = ()
    count: int | None = None
    area_m2: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Scheme:
    """Another way of colouring a layer: its legend entries and the n positions in them."""

    name: str
    title: Text
    classes: tuple[MapClass, ...]
    class_of: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class LayerSpec:
    """One layer of a map, bottom first.

    Attributes
    ----------
    name
        Stable code of the layer.
    title
        What the list of layers calls it.
    kind
        What is drawn; parts of other kinds are left out.
    geometry
        n geometries in the working CRS.
    classes
        Legend entries.
    class_of
        n positions in `classes`; -1 draws nothing.
    shade_of
        n positions in the class's `shades`; -1 takes its `fill`. None where no class has shades.
    columns, values
        What a popup lists, and nothing else: `values` has exactly these columns (with their English
        sides) and n rows.
    captions, marks
        n texts drawn on the map, or None; `marks` are short ones for where there is no room.
    visible, popup
        Whether the layer starts visible; whether a click answers.
    dots
        Whether lines too short to be seen are drawn as dots.
    group
        Heading under which the tree of layers puts it, or None.
    scheme, schemes
        What the first colouring is called, and further colourings between which the page switches.
    area
        Column of `values` with the table's areas in m2: the legend then gives the hectares of the
        rows that the filters leave. Empty: the legend gives the figures of `classes`.
    search, filters
        Columns of `columns` that the search looks into, and those that can be filtered: texts by
        value, numbers and days by range.
    side
        On which side of a swipe the layer stands, empty for both.
    public
        What becomes of it in the public edition: rows of one class and one of `public_by` are merged
        (``merge``), or stay with their `public_columns` (``keep``), or the layer is left out
        (``drop``).
    public_columns, public_by
        Columns of `values` that the public edition may show, and those that it merges by.
    owners
        n owners, to count them before anything is published; never written into any output. None:
        every row counts as one owner.
    """

    name: str
    title: Text
    kind: Kind
    geometry: gpd.GeoSeries
    classes: tuple[MapClass, ...]
    class_of: NDArray[np.int32]
    columns: tuple[MapColumn, ...]
    values: pd.DataFrame
    shade_of: NDArray[np.int32] | None = None
    captions: tuple[str, ...] | None = None
    marks: tuple[str, ...] | None = None
    visible: bool = True
    popup: bool = True
    dots: bool = False
    group: Text | None = None
    scheme: Text | None = None
    schemes: tuple[Scheme, ...] = ()
    area: str = ""
    search: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    side: Side = ""
    public: InPublic = "keep"
    public_columns: tuple[str, ...] = ()
    public_by: tuple[str, ...] = ()
    owners: NDArray[Any] | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the summary; `strong` lines are printed large."""

    title: Text
    content: Text
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """One step of the funnel: parcels and m2, as the table has them."""

    title: Text
    count: int
    area_m2: float
    aside: bool = False


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One point of a curve: what was found there, what is proven (or None), whether it is ours."""

    x: float
    found: float
    bound: float | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class Curve:
    """A small picture: what was found as a line, the proven bound above it; `alt` says it in words."""

    x_title: Text
    y_title: Text
    points: tuple[CurvePoint, ...]
    alt: Text


@dataclass(frozen=True, slots=True)
class Item:
    """A sentence of a list, figures beside it, and the feature of the section's layer it is about."""

    text: Text
    aside: Text | None = None
    feature: int | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """One answer of the panel: pictures, a table, sentences.

    Attributes
    ----------
    name
        Stable code.
    title, hint
        Heading, and how to read what follows.
    curves
        Pictures.
    heads, rows
        A table; the first column heads its row. `folded` shows it on demand.
    items
        Sentences.
    layer
        Name of the map layer that belongs to it, or empty; `show` is what the button says that
        turns it on, None for no button.
    """

    name: str
    title: Text
    hint: Text
    curves: tuple[Curve, ...] = ()
    heads: tuple[Text, ...] = ()
    rows: tuple[tuple[Text, ...], ...] = ()
    folded: bool = False
    items: tuple[Item, ...] = ()
    layer: str = ""
    show: Text | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """A drawer beside the map that answers further questions: `lead` is its first sentence."""

    title: Text
    lead: Text
    sections: tuple[Section, ...]
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Basemap:
    """An online basemap that its user has asked for: it makes the page ask a host for pictures.

    Attributes
    ----------
    name, title, attribution
        Stable code, title and the owner's notice.
    address
        Tile address with ``{x} {y} {z}`` and, where there are several hosts, ``{s}``; a list is drawn
        bottom first.
    hosts
        Origins that the policy must allow, such as ``https://t0.tianditu.gov.cn``.
    system
        Coordinates of the tiles: ``WGS84`` (CGCS2000 is the same at this scale) or ``GCJ-02``.
    sub_hosts, max_zoom
        What ``{s}`` may be; the deepest zoom that has tiles.
    """

    name: str
    title: Text
    attribution: Text
    address: tuple[str, ...]
    hosts: tuple[str, ...]
    system: str = "WGS84"
    sub_hosts: tuple[str, ...] = ()
    max_zoom: int = 18


@dataclass(frozen=True, slots=True, eq=False)
class MapSpec:
    """Everything that a map says.

    Attributes
    ----------
    title, subtitle
        Heading.
    lang
        The language that is shown first; both are in the page.
    edition
        ``internal`` or ``public``.
    as_of
        Day of the data, or None where nobody said.
    crs
        Name of the working CRS.
    source
        Where the data comes from.
    review_no
        Map approval number 审图号; empty prints a mark that the map was not reviewed.
    notes
        Sentences for the footer.
    layers
        Bottom first.
    facts, funnel
        The summary panel.
    list_layer
        Name of the layer whose features are listed beside the map, or empty.
    fingerprint
        Hash of what the map was made from.
    panel
        A drawer that answers further questions, or None.
    totals, bars, deadlines, timeline, compare, wall
        What the reader can ask, see :mod:`renewal_geo.maps.controls`.
    basemap
        An online basemap, or None: the page then asks no host for anything.
    rules
        The rule set that the figures follow, or None.
    """

    title: Text
    subtitle: Text
    lang: str
    edition: Edition
    as_of: dt.date | None
    crs: str
    source: str
    review_no: str
    notes: tuple[Text, ...]
    layers: tuple[LayerSpec, ...]
    facts: tuple[Fact, ...] = ()
    funnel: tuple[Bar, ...] = ()
    list_layer: str = ""
    fingerprint: str = ""
    panel: Panel | None = None
    totals: tuple[Total, ...] = ()
    bars: tuple[Bars, ...] = ()
    deadlines: Deadlines | None = None
    timeline: Timeline | None = None
    compare: Compare | None = None
    wall: Wall | None = None
    basemap: Basemap | None = None
    rules: Text | None = None


def crs_name(crs: pyproj.CRS | None) -> str:
    """Return the name of a CRS with its code, empty for none."""
    if crs is None:
        return ""
    authority = crs.to_authority()
    return f"{crs.name} ({':'.join(authority)})" if authority else str(crs.name)


def require_edition(edition: str, lang: str) -> None:
    """Refuse an edition or a language that the house does not have.

    Raises
    ------
    InputError
        Naming what there is.
    """
    if edition not in EDITIONS:
        raise InputError(
            f"there is no edition {edition!r}", fix=f"one of: {', '.join(EDITIONS)}", code="edition"
        )
    if lang not in LANGUAGES:
        raise InputError(
            f"there is no language {lang!r}", fix=f"one of: {', '.join(LANGUAGES)}", code="lang"
        )


def require_columns(columns: Sequence[str], table: pd.DataFrame, what: str) -> None:
    """Refuse to publish columns that `table` has not.

    Raises
    ------
    InputError
        Offering the nearest names.
    """
    missing = [name for name in columns if name not in table.columns]
    if missing:
        known = [str(name) for name in table.columns]
        near = difflib.get_close_matches(missing[0], known, n=3, cutoff=0.4)
        raise InputError(
            f"{what} have no column {', '.join(repr(name) for name in missing)}",
            fix=f"did you mean {', '.join(near)}?" if near else "name a column that is there",
            code="unknown_column",
        )


def record(spec: MapSpec) -> dict[str, Any]:
    """Return a spec as plain dicts and lists, geometry as rounded WKT: for comparison in tests."""
    return {
        "title": _pair(spec.title),
        "subtitle": _pair(spec.subtitle),
        "lang": spec.lang,
        "edition": spec.edition,
        "as_of": spec.as_of.isoformat() if spec.as_of else None,
        "crs": spec.crs,
        "source": spec.source,
        "review_no": spec.review_no,
        "notes": [_pair(note) for note in spec.notes],
        "facts": [[_pair(f.title), _pair(f.content)] for f in spec.facts],
        "funnel": [[_pair(b.title), b.count, b.area_m2] for b in spec.funnel],
        "layers": [_layer_record(layer) for layer in spec.layers],
        "totals": {one.name: total(spec, one) for one in spec.totals},
        "bars": [one.name for one in spec.bars],
        "deadlines": spec.deadlines.due if spec.deadlines else None,
        "timeline": spec.timeline.date if spec.timeline else None,
        "compare": [_pair(spec.compare.before), _pair(spec.compare.after)]
        if spec.compare
        else None,
        "wall": spec.wall.layer if spec.wall else None,
        "basemap": spec.basemap.name if spec.basemap else None,
    }


def _pair(text: Text) -> list[str]:
    return [text.zh, text.en]


def _layer_record(layer: LayerSpec) -> dict[str, Any]:
    names = [one.value for one in layer.classes]
    return {
        "name": layer.name,
        "kind": layer.kind,
        "visible": layer.visible,
        "popup": layer.popup,
        "classes": {c.value: [c.fill, c.hatch, c.count, c.area_m2] for c in layer.classes},
        "class_of": [names[i] if i != NO_CLASS else None for i in layer.class_of.tolist()],
        "columns": [column.name for column in layer.columns],
        "values": layer.values.to_dict(orient="list"),  # noqa: PD011 - our own field
        "captions": list(layer.captions) if layer.captions is not None else None,
        "geometry": layer.geometry.to_wkt(rounding_precision=2).tolist(),
    }
