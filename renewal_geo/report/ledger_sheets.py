"""The workbook of area books: dimensions, land balance, cross table, losses, floor area, sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from renewal_geo.foundation.labels import label
from renewal_geo.foundation.quantities import AREA_UNITS
from renewal_geo.ledger import land_balance, level_table
from renewal_geo.report.books import add_ledger, area_form, class_name, dimension_title, titled
from renewal_geo.report.levelling import DECIMALS
from renewal_geo.report.packing import pack
from renewal_geo.report.sheets import Book, Heading, add_sheet, new_book

if TYPE_CHECKING:
    from renewal_geo.foundation.provenance import Source
    from renewal_geo.ledger import Books, Cross, FloorArea, Ledger

MOST_CROSS_ROWS = 60_000
SHOWN_LOSS_M2 = 0.005


def ledger_workbook(*ledgers: Ledger, study_name: str = "", lang: str = "zh") -> bytes:
    """Return one or several area books as a workbook, one sheet each."""
    book = new_book(lang, study_name or label("sheet.ledger", lang))
    for one in ledgers:
        add_ledger(book, one)
    return pack(book)


def books_workbook(
    books: Books,
    *,
    cross: Cross | None = None,
    floor_area: FloorArea | None = None,
    unit: str = "m2",
    decimals: int = DECIMALS,
    study_name: str = "",
    as_of: str = "",
    lang: str = "zh",
    sources: Sequence[Source] = (),
    notes: Sequence[str] = (),
) -> bytes:
    """Return all area books of a study as a workbook.

    Parameters
    ----------
    books
        Of :func:`renewal_geo.ledger.tally_all`.
    cross, floor_area
        Of :func:`renewal_geo.ledger.cross` and :func:`renewal_geo.ledger.apportion`, where asked for.
    unit, decimals
        Of the printed areas; slivers and losses are in m2 always.
    study_name, as_of, lang
        For headings, and the language of all of them.
    sources, notes
        Files that were read, sentences on what was decided.

    Returns
    -------
    bytes
        XLSX: land balance, a sheet per dimension (zones x classes), cross table, losses, floor area,
        notes and sources. Our own totals are formulas, texts never are. The same books give the
        same bytes.
    """
    book = new_book(lang, study_name or label("sheet.ledger", lang))
    for name in books.complete:
        _add_balance(book, name, books.ledgers[name], unit, decimals, named=len(books.complete) > 1)
    for name, one in books.ledgers.items():
        add_ledger(book, one, name=name, unit=unit, decimals=decimals)
    if cross is not None:
        _add_cross(book, cross, unit, decimals)
    _add_losses(book, books)
    if floor_area is not None:
        _add_floor_area(book, floor_area)
    said = [str(books)]
    said += [str(one) for one in (cross, floor_area) if one is not None]
    _add_notes(book, study_name, as_of, said, sources, notes)
    return pack(book)


def _add_balance(
    book: Book, name: str, ledger: Ledger, unit: str, decimals: int, *, named: bool
) -> None:
    lang = book.lang
    table = land_balance(ledger, unit, decimals)
    rows = table.iloc[:-1].reset_index(drop=True)
    shown = pd.DataFrame(
        {
            "class": [
                class_name(str(c), lang) if kind == "class" else label(f"kind.{kind}", lang)
                for c, kind in zip(rows[ledger.by], rows["kind"], strict=True)
            ],
            "area": rows["area"],
            "share": rows["share"],
        }
    )
    heads = [
        Heading("class", dimension_title(name, lang)),
        Heading("area", titled(label("ledger.area", lang), unit, lang), area_form(decimals), "sum"),
        Heading("share", label("ledger.share", lang), "m2", "sum"),
    ]
    title = label("ledger.balance", lang)
    title = f"{title} {dimension_title(name, lang)}" if named else title
    add_sheet(book, title, shown, heads, note=label("ledger.balance_note", lang))


def _add_cross(book: Book, cross: Cross, unit: str, decimals: int) -> None:
    """Write the combinations of all zones together, and below them by zone where they fit."""
    lang, names = book.lang, list(cross.dimensions)
    sums = cross.table.groupby([*names, "kind"], as_index=False)[["area_m2", "sliver_m2"]].sum()
    sums = sums.sort_values("area_m2", ascending=False, kind="stable", ignore_index=True)
    by_zone = cross.table
    note = label("ledger.cross_note", lang)
    if len(by_zone) > MOST_CROSS_ROWS:
        note += label("ledger.cross_cut", lang, rows=f"{len(by_zone):,}")
    title = label("ledger.cross", lang)
    rows, heads = _cross_rows(sums, names, [], lang, unit, decimals)
    add_sheet(book, title, rows, heads, note=note)
    if len(cross.totals) > 1 and len(by_zone) <= MOST_CROSS_ROWS:
        ids = [cross.id_column]
        rows, heads = _cross_rows(by_zone, names, ids, lang, unit, decimals)
        add_sheet(book, f"{title} {label(f'column.{ids[0]}', lang)}", rows, heads, note=note)


def _cross_rows(
    table: pd.DataFrame, names: list[str], ids: list[str], lang: str, unit: str, decimals: int
) -> tuple[pd.DataFrame, list[Heading]]:
    area = level_table(table[["area_m2"]].to_numpy() / AREA_UNITS[unit], decimals).parts[:, 0]
    rows = pd.DataFrame({f"d{n}": _class_names(table[name], lang) for n, name in enumerate(names)})
    for name in ids:
        rows[name] = table[name].astype(str).to_numpy()
    rows["kind"] = [label(f"kind.{one}", lang) for one in table["kind"]]
    rows["area"], rows["sliver_m2"] = area, table["sliver_m2"].to_numpy()
    heads = [Heading(name, label(f"column.{name}", lang)) for name in ids]
    heads += [Heading(f"d{n}", dimension_title(name, lang)) for n, name in enumerate(names)]
    heads += [
        Heading("kind", label("column.kind", lang)),
        Heading("area", titled(label("ledger.area", lang), unit, lang), area_form(decimals), "sum"),
        Heading("sliver_m2", label("column.sliver_m2", lang), "m2", "sum"),
    ]
    return rows, heads


def _class_names(values: pd.Series, lang: str) -> list[str | None]:
    known: dict[str, str | None] = {"": None}
    for one in values.unique():
        known.setdefault(one, class_name(one, lang))
    return [known[one] for one in values]


def _add_losses(book: Book, books: Books) -> None:
    """List per dimension and zone what is uncovered, covered twice, and in slivers, m2."""
    lang = book.lang
    parts = []
    for name, ledger in books.ledgers.items():
        wide = _loss_columns(ledger)
        if name not in books.complete:
            wide["uncovered"] = wide["uncovered_sliver"] = np.nan
        seen = wide.fillna(0.0).max(axis=1) >= SHOWN_LOSS_M2
        part = wide[seen].reset_index(names="id")
        parts.append(part.assign(dimension=dimension_title(name, lang), id=part["id"].astype(str)))
    rows = pd.concat(parts, ignore_index=True)
    first = next(iter(books.ledgers.values()))
    heads = [
        Heading("id", label(f"column.{first.id_column}", lang)),
        Heading("dimension", label("ledger.dimension", lang)),
    ]
    heads += [
        Heading(name, titled(label(f"ledger.{name}", lang), "m2", lang), "m2", "sum")
        for name in ("uncovered", "uncovered_sliver", "covered_twice", "sliver")
    ]
    title = label("ledger.losses", lang)
    add_sheet(book, title, rows, heads, note=label("ledger.losses_note", lang))


def _loss_columns(ledger: Ledger) -> pd.DataFrame:
    table = ledger.table
    index = ledger.totals.index

    def column(kind: str, name: str) -> pd.Series:
        own = table[table["kind"] == kind]
        return own.groupby(ledger.id_column)[name].sum().reindex(index, fill_value=0.0)

    return pd.DataFrame(
        {
            "uncovered": column("uncovered", "area_m2"),
            "uncovered_sliver": column("uncovered", "sliver_m2"),
            "covered_twice": column("covered_twice", "area_m2"),
            "sliver": column("class", "sliver_m2"),
        }
    )


def _add_floor_area(book: Book, made: FloorArea) -> None:
    lang = book.lang
    rows = made.table.reset_index(names="id")
    rows["id"] = rows["id"].astype(str)
    heads = [
        Heading("id", label(f"column.{made.table.index.name or 'id'}", lang)),
        Heading("buildings", label("ledger.buildings", lang), "count", "sum"),
        *_amounts(made, lang, "sum"),
    ]
    if "mean_built_year" in rows:
        rows["mean_built_year"] = rows["mean_built_year"].round()
        heads.append(Heading("mean_built_year", label("column.mean_built_year", lang), "year"))
    title = label("ledger.floor_area", lang)
    add_sheet(book, title, rows, heads, note=label("ledger.floor_note", lang))
    rest = made.rest.copy()
    names = ["footprint_m2", *made.columns]
    own = made.table[["buildings", *names]].sum().rename("zones")
    rest = pd.concat([own.to_frame().T, rest])
    shown = rest.reset_index(names="kind")
    shown["kind"] = [label(f"ledger.{one}", lang) for one in shown["kind"]]
    heads = [
        Heading("kind", label("column.kind", lang)),
        Heading("buildings", label("ledger.buildings", lang), "count"),
        *_amounts(made, lang, ""),
    ]
    add_sheet(book, label("ledger.floor_rest", lang), shown, heads, note=str(made))
    if len(made.listed):
        listed = made.listed.reset_index(names="id")
        listed["reason"] = [label(f"ledger.{one}", lang) for one in listed["reason"]]
        heads = [
            Heading("id", label(f"column.{made.listed.index.name or 'id'}", lang)),
            Heading("reason", label("ledger.reason", lang)),
            *(Heading(name, label(f"column.{name}", lang), "m2") for name in made.columns),
        ]
        add_sheet(book, label("ledger.floor_listed", lang), listed, heads)


def _amounts(made: FloorArea, lang: str, total: str) -> list[Heading]:
    titles = {"footprint_m2": label("ledger.footprint_m2", lang)}
    titles |= {name: label(f"column.{name}", lang) for name in made.columns}
    return [Heading(name, title, "m2", total, levelled=True) for name, title in titles.items()]


def _add_notes(
    book: Book,
    study_name: str,
    as_of: str,
    said: Sequence[str],
    sources: Sequence[Source],
    notes: Sequence[str],
) -> None:
    lang = book.lang
    rows: list[tuple[str, Any]] = [(label("sheet.study", lang), study_name)]
    if as_of:
        rows.append((label("ledger.as_of", lang), as_of))
    rows += [(label("ledger.summary", lang), one) for one in said]
    rows.append((label("ledger.guarantee", lang), label("ledger.guarantee_text", lang)))
    rows.append((label("ledger.mu", lang), label("ledger.mu_text", lang)))
    rows += [(label("ledger.note", lang), one) for one in notes]
    for one in sources:
        text = f"{one.path} · {one.rows:,} · {one.crs} · sha256 {one.sha256}"
        rows.append((f"{label('map.source', lang)}: {one.role}", text))
    table = pd.DataFrame(rows, columns=["item", "content"])
    heads = [Heading(n, label(f"sheet.{n}", lang)) for n in ("item", "content")]
    sheet = add_sheet(book, label("ledger.notes", lang), table, heads)
    sheet.column_dimensions["B"].width = 100
    sheet.auto_filter.ref = None
