"""The workbook of a matching: what is answered, what is not and why, what is left of every site."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from renewal_geo.foundation.labels import has_label, label, own_title
from renewal_geo.report.packing import pack
from renewal_geo.report.sheets import Book, Heading, add_sheet, new_book

if TYPE_CHECKING:
    from renewal_geo.foundation.provenance import Source
    from renewal_geo.sitebank import Matching

MOST_PAIRS = 20_000
FORMS = {
    "min_area_m2": "m2", "spare_m2": "m2", "used_m2": "m2", "left_m2": "m2", "bank_area_m2": "m2",
    "area_short_m2": "m2", "width_m": "m", "min_width_m": "m", "width_short_m": "m", "distance_m": "m",
    "max_dist_m": "m", "distance_over_m": "m", "days_late": "count", "cost": "m2", "needs": "count",
    "answered": "count", "bound": "count", "weight": "m2",
}  # fmt: skip
ABOUT = (
    "kind",
    "name",
    "priority",
    "sub_district",
    "min_area_m2",
    "min_width_m",
    "uses",
    "need_by",
    "max_dist_m",
)
MATCHED = ("site_id", "distance_m", "days_late", "spare_m2")
SITE = ("name", "use", "status", "sub_district", "available_from", "due_on")
DAYS = ("need_by", "available_from", "due_on")


def sitebank_workbook(
    matching: Matching,
    *,
    study_name: str = "",
    as_of: str = "",
    lang: str = "zh",
    sources: Sequence[Source] = (),
    notes: Sequence[str] = (),
) -> bytes:
    """Return a matching as a workbook.

    Parameters
    ----------
    matching
        Of :func:`renewal_geo.sitebank.match`.
    study_name, as_of, lang
        For headings, and the language of all of them.
    sources, notes
        Files that were read, sentences on what was decided.

    Returns
    -------
    bytes
        XLSX: summary with the proof, by priority, answered needs, needs not answered with reason and nearest
        miss, sites with what is left, pairs (feasible ones first). The same matching gives the same bytes.
    """
    book = new_book(lang, study_name or _said("title", lang))
    _add_summary(book, matching, study_name, as_of, sources, notes)
    _add(
        book,
        "ranks",
        matching.ranks,
        list(matching.ranks.columns),
        total=("needs", "answered", "bound"),
    )
    needs = _plain(matching.needs, "need_id")
    answered = needs["site_id"] != ""
    about = [one for one in ABOUT if one in needs.columns]
    _add(
        book, "matched", needs[answered], ["need_id", *about, *MATCHED],
        total=("min_area_m2", "spare_m2"), note="order_note",
    )  # fmt: skip
    open_ = needs[~answered].assign(
        reason=needs.loc[~answered, "reason"].map(lambda one: _said(f"is_{one}", lang)),
        reason_text=needs.loc[~answered, f"reason_{lang}"],
        missed_by=needs.loc[~answered, f"missed_by_{lang}"],
    )
    why = ["reason", "nearest_miss", "missed_by", "reason_text"]
    _add(
        book, "unmatched", open_, ["need_id", *about, *why], total=("min_area_m2",),
        note="unmatched_note",
    )  # fmt: skip
    _add_sites(book, matching)
    _add_pairs(book, matching)
    return pack(book)


def _said(name: str, lang: str) -> str:
    return label(f"sitebank.{name}", lang)


def _title(name: str, lang: str) -> str:
    return _said(name, lang) if has_label(f"sitebank.{name}") else own_title(name, lang)


def _plain(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a table without shapes, its ids as a column, days as people write them."""
    made = pd.DataFrame(table.drop(columns="geometry", errors="ignore"))
    made = made.rename_axis(name).reset_index().sort_values(name, ignore_index=True)
    for day in DAYS:
        if day in made.columns and pd.api.types.is_datetime64_any_dtype(made[day]):
            made[day] = made[day].dt.strftime("%Y-%m-%d")
    return made


def _add(
    book: Book, name: str, rows: pd.DataFrame, columns: Sequence[str],
    *, total: Sequence[str] = (), note: str = "",
) -> None:  # fmt: skip
    heads = [
        Heading(one, _title(one, book.lang), FORMS.get(one, "text"), "sum" if one in total else "")
        for one in columns
    ]
    add_sheet(
        book, _said(name, book.lang), rows, heads, note=_said(note, book.lang) if note else ""
    )


def _add_sites(book: Book, matching: Matching) -> None:
    sites = _plain(matching.sites, "site_id")
    bank = sites[(sites["kept_out"] == "") | (sites["kept_out"] == "forbidden")].assign(
        held=sites["needs"],
        kept_out=sites["kept_out"].map(
            lambda one: _said(f"is_{one}" if one else "in_bank", book.lang)
        ),
    )
    about = ["site_id", *(one for one in SITE if one in sites.columns), "kept_out"]
    heads = [Heading(one, _title(one, book.lang)) for one in about]
    heads += [
        Heading("width_m", _said("width_m", book.lang), "m"),
        Heading("bank_area_m2", _said("bank_area_m2", book.lang), "m2", "sum"),
        Heading("used_m2", _said("used_m2", book.lang), "m2", "sum"),
        Heading(
            "left_m2", _said("left_m2", book.lang), "m2", "sum",
            formula="MAX(0,{bank_area_m2}{n}-{used_m2}{n})",
        ),
        Heading("held", _said("held", book.lang)),
    ]  # fmt: skip
    add_sheet(book, _said("sites", book.lang), bank, heads, note=_said("left_note", book.lang))


def _add_pairs(book: Book, matching: Matching) -> None:
    pairs = matching.pairs.sort_values(
        ["feasible", "need_id", "distance_m", "site_id"], ascending=[False, True, True, True]
    ).head(MOST_PAIRS)
    shown = pairs.replace(np.inf, np.nan)
    heads = [Heading(one, _title(one, book.lang), FORMS.get(one, "text")) for one in pairs.columns]
    note = label("sitebank.pairs_note", book.lang, count=len(matching.pairs), shown=len(pairs))
    add_sheet(book, _said("pairs", book.lang), shown, heads, note=note)


def _add_summary(
    book: Book, found: Matching, study_name: str, as_of: str, sources: Sequence[Source], notes: Sequence[str]
) -> None:  # fmt: skip
    lang = book.lang
    bank = found.sites[found.sites["kept_out"] == ""]
    used = bank["used_m2"].sum()

    def figure(value: float | None, form: str = ",.2f") -> str:
        return "—" if value is None else format(value, form)

    rows: list[tuple[str, Any]] = [
        (label("sheet.study", lang), study_name),
        (_said("as_of", lang), as_of),
        (_said("summary_status", lang), _said(f"status_{found.status}", lang)),
        (_said("summary_needs", lang), f"{len(found.needs)}"),
        (_said("summary_answered", lang), f"{int((found.needs['site_id'] != '').sum())}"),
        (_said("summary_bank", lang), f"{len(bank)}"),
        (_said("summary_used", lang), f"{int((bank['needs'] != '').sum())}"),
        (_said("summary_area", lang), figure(bank["bank_area_m2"].sum())),
        (_said("summary_used_area", lang), figure(used)),
        (_said("summary_left", lang), figure(bank["left_m2"].sum())),
        (_said("summary_cost", lang), figure(found.cost)),
        (_said("summary_least", lang), figure(found.least_cost)),
        (_said("summary_objective", lang), figure(found.objective)),
        (_said("summary_bound", lang), figure(found.bound)),
        (_said("summary_gap", lang), figure(found.gap, ".4%")),
    ]
    rows += [(_said("conflict", lang), one[f"text_{lang}"]) for one in found.conflict]
    rows += [
        (label("sitebank.parameter", lang, name=name), _value(one))
        for name, one in found.parameters.items()
        if one is not None
    ]
    rows += [(_said("note", lang), one) for one in notes]
    rows += [(label("map.source", lang), f"{one.path} ({one.rows})") for one in sources]
    table = pd.DataFrame(rows, columns=["item", "content"])
    heads = [Heading(one, label(f"sheet.{one}", lang)) for one in ("item", "content")]
    add_sheet(
        book, label("sheet.summary", lang), table, heads, caption=study_name or _said("title", lang),
        note=_said("order_note", lang),
    )  # fmt: skip


def _value(one: Any) -> str:
    return ", ".join(one) if isinstance(one, list) else str(one)
