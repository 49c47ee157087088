"""The change between two versions as a workbook: balance, features, descent, changed values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from renewal_geo.foundation.labels import label
from renewal_geo.report.packing import pack
from renewal_geo.report.sheets import Book, Heading, add_sheet, new_book

if TYPE_CHECKING:
    from renewal_geo.ledger import Changes

SUMS = {"count": "count", "area_m2": "m2", "shared_m2": "m2", "twice_m2": "m2", "apart_m2": "m2"}
FORMS = {
    **SUMS,
    "group": "count", "group_before_m2": "m2", "group_after_m2": "m2", "change_m2": "m2",
    "change_share": "fine_share", "moved_m2": "m2", "moved_sliver_m2": "m2", "sliver_m2": "m2",
    "share_of_before": "fine_share", "share_of_after": "fine_share", "closing_m2": "number",
}  # fmt: skip
HEADED = {"renamed": "is_renamed", "within_tolerance": "is_within_tolerance"}
UNCHANGED = "unchanged"


def change_title(name: str, lang: str) -> str:
    """Return the title of a column of a comparison."""
    return label(f"change.{HEADED.get(name, name)}", lang)


def plain_ids(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose tuples of ids are texts."""
    lists = [name for name in ("predecessors", "successors") if name in table]
    return table.assign(**{name: table[name].map("; ".join) for name in lists})


def change_workbook(changes: Changes, *, study_name: str = "", lang: str = "zh") -> bytes:
    """Return the change between two versions as a workbook.

    Parameters
    ----------
    changes
        What :func:`renewal_geo.ledger.compare` returned.
    study_name
        For the properties of the file.
    lang
        Language of sheets and headings.

    Returns
    -------
    bytes
        XLSX with the sheets balance, kinds, features (those that changed), what became of each,
        descent, changed values. The same changes give the same bytes.
    """
    book = new_book(lang, study_name or label("change.changes_title", lang))
    totals = changes.totals.rename_axis("version").reset_index()
    _add(book, "balance", totals, note="balance_note", caption=str(changes))
    table = changes.table
    kinds = table.groupby(["kind", "cause"], as_index=False).agg(
        count=("id", "size"), area_m2=("area_m2", "sum")
    )
    _add(book, "kinds", kinds, summed=("count", "area_m2"))
    changed = table[table["cause"] != UNCHANGED]
    _add(book, "features", changed, note="all_note")
    fates = changes.fates
    _add(book, "fates", fates[fates["group"].isin(changed["group"])])
    links = changes.links
    ids = set(changed.loc[changed["version"] == "after", "id"])
    _add(book, "pairs", links[links["kin"] & links["after_id"].isin(ids)])
    if len(changes.attributes):
        _add(book, "values", changes.attributes)
    return pack(book)


def _add(
    book: Book,
    name: str,
    table: pd.DataFrame,
    *,
    note: str = "",
    caption: str = "",
    summed: tuple[str, ...] = (),
) -> None:
    lang = book.lang
    rows = plain_ids(table.reset_index(drop=True))
    for column in ("version", "kind", "cause"):
        if column in rows:
            rows[column] = [label(f"change.{one}", lang) for one in rows[column]]
    if "reason" in rows:
        rows["reason"] = [
            "; ".join(label(f"change.{part}", lang) for part in text.split("; ") if part)
            for text in rows["reason"]
        ]
    heads = [
        Heading(
            str(column),
            change_title(str(column), lang),
            FORMS.get(str(column), "text"),
            "sum" if column in summed else "",
        )
        for column in rows.columns
    ]
    said = label(f"change.{note}", lang) if note else ""
    add_sheet(book, label(f"change.{name}", lang), rows, heads, note=said, caption=caption)
