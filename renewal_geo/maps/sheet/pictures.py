"""A delineation as one picture: for a slide or a report; a wall sheet of A3 that draws whatever it can."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd

from renewal_geo.maps.ready.zone_maps import zone_spec
from renewal_geo.maps.sheet.fonts import LATIN_FAMILY, chinese_family, face_of
from renewal_geo.maps.sheet.wall_sheets import composed, exported
from renewal_geo.maps.spec import Edition, MapSpec, Text, both

if TYPE_CHECKING:
    from renewal_geo.zones import Delineation


def zone_picture(
    delineation: Delineation,
    *,
    lang: str = "zh",
    edition: Edition = "internal",
    title: str | None = None,
    subtitle: str = "",
    source: str = "",
    as_of: dt.date | None = None,
    review_no: str = "",
    notes: Sequence[str] = (),
    exclusions: gpd.GeoDataFrame | None = None,
    sub_districts: gpd.GeoDataFrame | None = None,
    dpi: int = 120,
) -> bytes:
    """Draw a delineation as a PNG of A3 landscape.

    Parameters are those of :func:`renewal_geo.maps.zone_map`; `dpi` is dots per inch.

    Returns
    -------
    bytes
        PNG. The same delineation gives the same bytes with the same matplotlib and fonts.

    Notes
    -----
    Where the machine has no Chinese font the labels are in English and the picture says so;
    signs that no font here can draw become boxes. A wall sheet is stricter:
    :func:`renewal_geo.maps.wall_sheet` refuses to be drawn with boxes.
    """
    spec = zone_spec(
        delineation, lang=lang, edition=edition, title=title, subtitle=subtitle, source=source,
        as_of=as_of, review_no=review_no, notes=notes, exclusions=exclusions,
        sub_districts=sub_districts,
    )  # fmt: skip
    return picture(spec, dpi=dpi)


def picture(spec: MapSpec, *, dpi: int = 120) -> bytes:
    """Draw any spec as a PNG of A3 landscape, with boxes for signs that no font here can draw."""
    family = chinese_family()
    if family is None and (spec.lang != "en" or not spec.title.en.isascii()):
        spec = _in_english(spec)
    sheet = composed(spec, [face_of(family or LATIN_FAMILY)], size="A3", boxes=True)
    return exported(sheet, "png", dpi)


def _in_english(spec: MapSpec) -> MapSpec:
    """Return a spec with a title that Latin letters can write, and a note that says why."""
    title = spec.title if spec.title.en.isascii() else both("map.zones_title")
    note = both("map.font_note")
    return replace(spec, lang="en", title=title, notes=(*spec.notes, Text(note.en, note.en)))
