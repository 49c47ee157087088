"""Statistics of a raster in zones as a workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from renewal_geo.foundation.labels import has_label, label, own_title
from renewal_geo.report.packing import pack
from renewal_geo.report.sheets import Heading, add_sheet, new_book

if TYPE_CHECKING:
    from renewal_geo.ledger import Zonal

FORMS = {"covered_share": "fine_share", "share": "fine_share", "area_m2": "m2", "variety": "count"}
TEXTS = {"reason", "class"}


def zonal_title(name: str, lang: str) -> str:
    """Return the title of a column of zonal statistics."""
    return label(f"zonal.{name}", lang) if has_label(f"zonal.{name}") else own_title(name, lang)


def zonal_workbook(found: Zonal, *, study_name: str = "", lang: str = "zh") -> bytes:
    """Return zonal statistics as a workbook: the zones, and for categories the classes.

    Parameters
    ----------
    found
        What :func:`renewal_geo.ledger.zonal` returned.
    study_name
        For the properties of the file.
    lang
        Language of sheets and headings.

    Returns
    -------
    bytes
        XLSX; the same statistics give the same bytes.
    """
    book = new_book(lang, study_name or label("zonal.zonal_title", lang))
    note = label("zonal.method_note", lang, method=found.method)
    tables = {"zones": found.table.reset_index()}
    if found.classes is not None:
        tables["classes"] = found.classes
    for name, table in tables.items():
        heads = [_heading(str(column), table, lang) for column in table.columns]
        title = label(f"zonal.{name}", lang)
        add_sheet(book, title, table, heads, note=note, caption=str(found))
    return pack(book)


def _heading(name: str, table: pd.DataFrame, lang: str) -> Heading:
    plain = name in TEXTS or not pd.api.types.is_numeric_dtype(table[name])
    return Heading(name, zonal_title(name, lang), "text" if plain else FORMS.get(name, "number"))
