"""An area book as a sheet: one row per zone that a planner can add up himself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from renewal_geo.foundation.labels import has_label, label
from renewal_geo.report.levelling import DECIMALS, level_to
from renewal_geo.report.sheets import Book, Heading, add_sheet

if TYPE_CHECKING:
    from renewal_geo.ledger import Ledger

MOST_CLASS_COLUMNS = 24
CLOSES_M2 = 1e-3


def add_ledger(book: Book, ledger: Ledger) -> None:
    """Write a ledger: classes side by side where they fit on paper, else one row per class."""
    title = f"{label('sheet.ledger', book.lang)} {class_title(ledger.by, book.lang)}"
    note = label("sheet.books_note", book.lang)
    rows = levelled_rows(ledger)
    classes = rows.loc[rows["kind"] == "class", "class"].unique()
    if len(classes) <= MOST_CLASS_COLUMNS:
        add_sheet(book, title, *_side_by_side(rows, ledger, book.lang), note=note)
    else:
        add_sheet(book, title, *_one_below_another(rows, ledger, book.lang), note=note)


def class_title(by: str, lang: str) -> str:
    """Return the title of a class column, its own name where we know none."""
    return label(f"column.{by}", lang) if by else ""


def levelled_rows(ledger: Ledger) -> pd.DataFrame:
    """Return the book's rows: ``id, class, kind, area_m2, counted_m2``.

    ``class`` is empty unless the kind is class. ``counted_m2`` has the sign with which a row enters
    the sum, and adds up to the rounded area of its zone.
    """
    table = ledger.table
    kind = table["kind"].astype(str).to_numpy()
    names = table[ledger.by].astype(object).to_numpy()
    rows = pd.DataFrame(
        {
            "id": table[ledger.id_column].astype(str).to_numpy(),
            "class": [str(n) if k == "class" else "" for n, k in zip(names, kind, strict=True)],
            "kind": kind,
            "sliver_m2": table["sliver_m2"].to_numpy(dtype=float),
        }
    )
    signed = table["area_m2"].to_numpy(dtype=float) * np.where(kind == "covered_twice", -1.0, 1.0)
    areas = dict(zip(_ids(ledger), ledger.totals["area_m2"].to_numpy(dtype=float), strict=True))
    counted = np.zeros(len(rows))
    for zone, positions in rows.groupby("id", sort=False).indices.items():
        total = float(signed[positions].sum())
        area = areas.get(str(zone), total)
        shown = area if abs(area - total) < CLOSES_M2 else total
        counted[positions] = level_to(signed[positions], round(shown, DECIMALS))
    rows["counted_m2"] = counted
    rows["area_m2"] = np.abs(counted)
    return rows


def _ids(ledger: Ledger) -> list[str]:
    totals = ledger.totals
    return [str(one) for one in totals.get(ledger.id_column, totals.index)]


def _side_by_side(
    rows: pd.DataFrame, ledger: Ledger, lang: str
) -> tuple[pd.DataFrame, list[Heading]]:
    classes = sorted(set(rows.loc[rows["kind"] == "class", "class"]))
    names = {c: f"c{i}" for i, c in enumerate(classes)}
    table = pd.DataFrame({"id": _ids(ledger)})
    key = rows["class"].map(names).where(rows["kind"] == "class", rows["kind"])
    wide = rows.assign(key=key).pivot_table(
        index="id", columns="key", values="area_m2", aggfunc="sum", fill_value=0.0
    )
    for name in (*names.values(), "covered_twice", "uncovered"):
        found = wide[name] if name in wide else pd.Series(dtype=float)
        table[name] = found.reindex(table["id"]).fillna(0.0).to_numpy()
    parts = list(names.values())
    table["sum"] = table[parts].sum(axis=1) - table["covered_twice"] + table["uncovered"]
    table["zone_area"] = ledger.totals["area_m2"].to_numpy(dtype=float).round(DECIMALS)
    table["check"] = (table["sum"] - table["zone_area"]).round(DECIMALS) + 0.0
    first, last = (parts[0], parts[-1]) if parts else ("uncovered", "uncovered")
    plus = "+{uncovered}{n}" if parts else ""
    heads = [Heading("id", label(f"column.{ledger.id_column}", lang))]
    heads += [
        Heading(
            names[c],
            label("sheet.class_area", lang, name=_class_name(c, lang)),
            "m2",
            "sum",
        )
        for c in classes
    ]
    heads += [
        Heading(
            kind, label("sheet.class_area", lang, name=label(f"kind.{kind}", lang)), "m2", "sum"
        )
        for kind in ("covered_twice", "uncovered")
    ]
    heads += [
        Heading(
            "sum", label("sheet.sum_of_books", lang), "m2", "sum",
            formula=f"ROUND(SUM({{{first}}}{{n}}:{{{last}}}{{n}})-{{covered_twice}}{{n}}{plus},2)",
        ),
        Heading("zone_area", label("sheet.area_of_zone", lang), "m2", "sum"),
        Heading(
            "check", label("sheet.check", lang), "m2", "sum",
            formula="ROUND({sum}{n}-{zone_area}{n},2)",
        ),
    ]  # fmt: skip
    return table, heads


def _one_below_another(
    rows: pd.DataFrame, ledger: Ledger, lang: str
) -> tuple[pd.DataFrame, list[Heading]]:
    table = rows.assign(
        name=[
            _class_name(c, lang) if kind == "class" else ""
            for c, kind in zip(rows["class"], rows["kind"], strict=True)
        ],
        kind=[label(f"kind.{kind}", lang) for kind in rows["kind"]],
    )
    return table, [
        Heading("id", label(f"column.{ledger.id_column}", lang)),
        Heading("name", class_title(ledger.by, lang)),
        Heading("kind", label("column.kind", lang)),
        Heading("area_m2", label("sheet.book_area", lang), "m2"),
        Heading("counted_m2", label("sheet.counted", lang), "m2", "sum"),
        Heading("sliver_m2", label("column.sliver_m2", lang), "m2"),
    ]


def _class_name(name: str, lang: str) -> str:
    if not name:
        return label("sheet.unnamed", lang)
    return label(f"kind.{name}", lang) if has_label(f"kind.{name}") else name
