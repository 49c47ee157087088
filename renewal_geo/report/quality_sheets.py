"""The workbook of a drawing's faults: counted, listed, and what was mended, given and taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from renewal_geo.foundation.labels import label
from renewal_geo.report.packing import pack
from renewal_geo.report.sheets import Book, Heading, add_sheet, new_book

if TYPE_CHECKING:
    from renewal_geo.quality import Findings, Repair

FINDING_COLUMNS = (
    "finding_id", "severity", "code", "fault", "table", "row_id", "other_id", "measure", "unit",
    "limit", "area_m2", "width_m", "message", "x", "y",
)  # fmt: skip
TITLES = {"area_m2": "fault_area_m2", "width_m": "fault_width_m"}
Forms = dict[str, tuple[str, str]]


def findings_workbook(
    findings: Findings, repair: Repair | None = None, *, study_name: str = "", lang: str = "zh"
) -> bytes:
    """Return the faults of a drawing as a workbook.

    Parameters
    ----------
    findings
        What :func:`renewal_geo.quality.check` returned.
    repair
        What :func:`renewal_geo.quality.repair` made of it: adds the sheets repairs (every changed
        parcel), moves (every vertex) and left for a person.
    study_name, lang
        For the heading; language of sheets and headings.
    """
    book = new_book(lang, study_name or label("sheet.findings", lang))
    listed = _listed(findings.table, lang)
    counted = (
        listed.groupby(["severity", "code", "fault"], sort=True, as_index=False)
        .size()
        .rename(columns={"size": "count"})
    )
    _add(book, "faults", counted, lang, {"count": ("count", "sum")}, str(findings))
    shown = listed[[name for name in FINDING_COLUMNS if name in listed]]
    _add(book, "findings", shown, lang)
    if findings.skipped:
        skipped = pd.DataFrame(list(findings.skipped), columns=["code", "note"])
        _add(book, "skipped", skipped, lang)
    if repair is not None:
        _add_repair(book, repair, lang)
    return pack(book)


def _add_repair(book: Book, repair: Repair, lang: str) -> None:
    totals = {
        "delta_m2": ("m2", "sum"),
        "area_before_m2": ("m2", ""),
        "area_after_m2": ("m2", ""),
    }
    _add(book, "repairs", repair.log.reset_index(drop=True), lang, totals, str(repair))
    if len(repair.moves):
        moves = pd.DataFrame(repair.moves.drop(columns="geometry")).reset_index(drop=True)
        _add(book, "moves", moves, lang)
    if len(repair.left):
        _add(book, "left", repair.left.reset_index(drop=True), lang)


def _add(
    book: Book,
    name: str,
    table: pd.DataFrame,
    lang: str,
    known: Forms | None = None,
    note: str = "",
) -> None:
    heads = []
    for column in table.columns:
        values = table[column]
        numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
        form, total = (known or {}).get(str(column), ("number" if numeric else "text", ""))
        title = label(f"column.{TITLES.get(str(column), column)}", lang)
        heads.append(Heading(str(column), title, form, total))
    add_sheet(book, label(f"sheet.{name}", lang), table, heads, note=note)


def _listed(table: gpd.GeoDataFrame, lang: str) -> pd.DataFrame:
    frame = pd.DataFrame(table.drop(columns="geometry", errors="ignore"))
    if frame.index.name and frame.index.name not in frame:
        frame = frame.reset_index()
    if lang != "zh" and "message_en" in frame:
        frame["message"] = frame["message_en"]
    frame["fault"] = [label(f"fault.{code}", lang) for code in frame["code"]]
    frame["severity"] = [label(f"severity.{one}", lang) for one in frame["severity"]]
    return frame
