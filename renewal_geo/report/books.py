"""An area book as a sheet: one row per zone that a planner can add up himself, along and down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from renewal_geo.foundation.labels import has_label, label
from renewal_geo.foundation.quantities import AREA_UNITS
from renewal_geo.ledger import level_table, wide_areas
from renewal_geo.report.levelling import DECIMALS
from renewal_geo.report.sheets import Book, Heading, add_sheet

if TYPE_CHECKING:
    from renewal_geo.ledger import Ledger

MOST_CLASS_COLUMNS = 24
CLOSES_M2 = 1e-3
FORMS = ("count", "m", "m2")  # by decimals; more of them print as they are
OPEN_KINDS = ("covered_twice", "uncovered")


def add_ledger(
    book: Book, ledger: Ledger, *, name: str = "", unit: str = "m2", decimals: int = DECIMALS
) -> None:
    """Write a ledger: classes side by side where they fit on paper, else one row per class.

    `name` is that of its dimension, where it is one of several. Figures are rounded so that they add
    up along rows and down columns.
    """
    title = f"{label('sheet.ledger', book.lang)} {dimension_title(name or ledger.by, book.lang)}"
    note = label("sheet.books_note", book.lang)
    table, classes = _printed(ledger, unit, decimals)
    if len(classes) <= MOST_CLASS_COLUMNS:
        heads = _side_by_side(ledger, classes, book.lang, unit, decimals)
        add_sheet(book, title, table, heads, note=note)
    else:
        rows, heads = _one_below_another(ledger, table, classes, book.lang, unit, decimals)
        add_sheet(book, title, rows, heads, note=note)


def dimension_title(name: str, lang: str) -> str:
    """Return the title of a class column or dimension, its own name where we know none."""
    if has_label(f"kind.{name}"):
        return label(f"kind.{name}", lang)
    return label(f"column.{name}", lang) if name else ""


def class_name(name: str, lang: str) -> str:
    """Return what a class is called; combinations keep their parts."""
    if not name:
        return label("sheet.unnamed", lang)
    if has_label(f"kind.{name}"):
        return label(f"kind.{name}", lang)
    parts = name.split(" + ")
    return " + ".join(class_name(one, lang) for one in parts) if len(parts) > 1 else name


def area_form(decimals: int) -> str:
    """Return the form of a cell for an area of so many decimals."""
    return FORMS[decimals] if decimals < len(FORMS) else "number"


def titled(name: str, unit: str, lang: str) -> str:
    """Return the heading of a column of areas: what, and in which unit."""
    return label("ledger.with_unit", lang, name=name, unit=label(f"ledger.{unit}", lang))


def area_title(dimension: str, column: str, lang: str) -> str:
    """Return the title of a column of m2: dimension and class, uncovered or covered twice."""
    parts = [dimension_title(dimension, lang)]
    if column:
        parts.append(class_name(column, lang))
    return titled(" ".join(parts), "m2", lang)


def _printed(ledger: Ledger, unit: str, decimals: int) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return zones by class, levelled both ways, and the class of each column c0, c1 ..."""
    wide = wide_areas(ledger)
    m2 = AREA_UNITS[unit]
    made = level_table(wide.to_numpy() / m2, decimals)
    count = wide.shape[1] - 2
    area = ledger.totals["area_m2"].to_numpy(dtype=float)
    closes = np.abs(area - wide.to_numpy().sum(axis=1)) < CLOSES_M2
    zone_area = np.where(closes, made.rows, (area / m2).round(decimals))
    table = pd.DataFrame(
        {
            "id": _ids(ledger),
            **{f"c{column}": made.parts[:, column] for column in range(count)},
            "covered_twice": np.abs(made.parts[:, count + 1]),
            "uncovered": made.parts[:, count],
            "sum": made.rows,
            "zone_area": zone_area,
            "check": (made.rows - zone_area).round(decimals) + 0.0,
        }
    )
    return table, {f"c{n}": str(name) for n, name in enumerate(wide.columns[:count])}


def _ids(ledger: Ledger) -> list[str]:
    totals = ledger.totals
    return [str(one) for one in totals.get(ledger.id_column, totals.index)]


def _side_by_side(
    ledger: Ledger, classes: dict[str, str], lang: str, unit: str, decimals: int
) -> list[Heading]:
    form = area_form(decimals)
    parts = list(classes)
    first, last = (parts[0], parts[-1]) if parts else ("uncovered", "uncovered")
    plus = "+{uncovered}{n}" if parts else ""
    names = {column: class_name(name, lang) for column, name in classes.items()}
    names |= {kind: label(f"kind.{kind}", lang) for kind in OPEN_KINDS}
    heads = [Heading("id", label(f"column.{ledger.id_column}", lang))]
    heads += [Heading(n, titled(name, unit, lang), form, "sum") for n, name in names.items()]
    return [
        *heads,
        Heading(
            "sum", titled(label("ledger.sum", lang), unit, lang), form, "sum",
            formula=f"ROUND(SUM({{{first}}}{{n}}:{{{last}}}{{n}})-{{covered_twice}}{{n}}{plus},{decimals})",
        ),
        Heading("zone_area", titled(label("ledger.zone_area", lang), unit, lang), form, "sum"),
        Heading(
            "check", label("sheet.check", lang), form, "sum",
            formula=f"ROUND({{sum}}{{n}}-{{zone_area}}{{n}},{decimals})",
        ),
    ]  # fmt: skip


def _one_below_another(
    ledger: Ledger,
    printed: pd.DataFrame,
    classes: dict[str, str],
    lang: str,
    unit: str,
    decimals: int,
) -> tuple[pd.DataFrame, list[Heading]]:
    table = ledger.table
    kind = table["kind"].astype(str).to_numpy()
    names = table[ledger.by].astype(str).to_numpy()
    place = {name: column for column, name in classes.items()}
    columns = [place.get(n, n) if k == "class" else k for n, k in zip(names, kind, strict=True)]
    ids = [str(one) for one in table[ledger.id_column]]
    row = pd.Index(printed["id"]).get_indexer(pd.Index(ids))
    area = printed.to_numpy()[row, printed.columns.get_indexer(pd.Index(columns))].astype(float)
    rows = pd.DataFrame(
        {
            "id": ids,
            "name": [
                class_name(n, lang) if k == "class" else ""
                for n, k in zip(names, kind, strict=True)
            ],
            "kind": [label(f"kind.{k}", lang) for k in kind],
            "area": area,
            "counted": np.where(kind == "covered_twice", -area, area),
            "sliver_m2": table["sliver_m2"].to_numpy(dtype=float),
        }
    )
    form = area_form(decimals)
    return rows, [
        Heading("id", label(f"column.{ledger.id_column}", lang)),
        Heading("name", dimension_title(ledger.by, lang)),
        Heading("kind", label("column.kind", lang)),
        Heading("area", titled(label("ledger.area", lang), unit, lang), form),
        Heading("counted", titled(label("ledger.counted", lang), unit, lang), form, "sum"),
        Heading("sliver_m2", label("column.sliver_m2", lang), "m2"),
    ]
