"""Coverage and sites as a workbook, and the sentences that workbook, map and command share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
from openpyxl.utils import get_column_letter

from renewal_geo.foundation.facility_kinds import kind_name
from renewal_geo.foundation.labels import has_label, label, own_title
from renewal_geo.report.eligibility_sheets import rule_rows
from renewal_geo.report.packing import pack
from renewal_geo.report.sheets import Book, Heading, add_sheet, new_book

if TYPE_CHECKING:
    from renewal_geo.facilities import Coverage, Location

SEATS = "facility.seats_per_1000."
PER_KIND = ("nearest_", "distance_", "covered_", "access_")
FORMS = {
    "radius_m": "m", "facilities": "count", "capacity": "count", "people": "count", "covered": "count",
    "uncovered": "count", "uncovered_after": "count", "share": "share", "share_after": "share",
    "seats_needed": "count", "seats_short": "count", "weight": "count", "distance_m": "m", "cost": "m",
    "only_here": "count", "loss": "number", "loss_after": "number", "area_m2": "m2", "farthest_m": "m",
    "places": "count", "ratio": "number", "snap_m": "m",
}  # fmt: skip
SUMMARY = (
    "kind", "status", "radius_m", "facilities", "capacity", "people", "covered", "share", "uncovered",
    "seats_needed", "seats_short", "verified", "set_by", "text",
)  # fmt: skip
CHOSEN = (
    "site_id", "name", "role", "area_m2", "weight", "only_here", "loss", "next_best", "loss_after", "why",
)  # fmt: skip
RULES = (
    "rule_id", "title", "value", "operator", "unit", "since", "until", "document", "clause",
    "verified", "decides", "set_by", "because",
)  # fmt: skip


def facility_title(name: str, lang: str) -> str:
    """Return the title of a column of coverage or of sites; those of one kind name it.

    >>> facility_title("distance_primary_m", "en")
    'Way to the nearest: Primary school (m)'
    """
    if has_label(f"coverage.column_{name}"):
        return label(f"coverage.column_{name}", lang)
    for prefix in PER_KIND:
        if name.startswith(prefix):
            kind = name.removeprefix(prefix)
            kind = kind.removesuffix("_m") if prefix == "distance_" else kind
            return label(f"coverage.of_{prefix.rstrip('_')}", lang, kind=kind_name(kind, lang))
    return own_title(name, lang)


def facility_workbook(
    coverage: Coverage,
    *,
    kind: str = "",
    location: Location | None = None,
    after: Coverage | None = None,
    sites: gpd.GeoDataFrame | None = None,
    study_name: str = "",
    lang: str = "zh",
    notes: Sequence[str] = (),
) -> bytes:
    """Return a workbook: summary by kind, uncovered people by sub-district and one by one, rules, notes.

    Parameters
    ----------
    coverage
        As the facilities are now.
    kind, location, after, sites
        What was sought, the answer, the coverage with it, the candidates: adds the chosen sites with what
        is lost without each, and whom each serves.
    study_name, lang, notes
        For the properties of the file; language; what was decided on the way.

    Returns
    -------
    bytes
        XLSX; the same answer gives the same bytes.
    """
    book = new_book(lang, study_name or label("coverage.title", lang))
    _add_summary(book, coverage)
    if location is not None:
        _add_chosen(book, kind, location, coverage, after, sites)
    _add_streets(book, coverage, after, kind)
    _add_uncovered(book, coverage)
    if location is not None:
        _add_assignment(book, location)
        _add_uncoverable(book, location)
    _add_facilities(book, coverage)
    rows = rule_rows(coverage.rules, lang)
    seats = rows["rule_id"].str.startswith(SEATS)
    rates = [f"{float(rule.value):g}" for rule in coverage.rules.values()]
    rows["value"] = rows["value"].mask(seats, pd.Series(rates, dtype=object))
    rows["unit"] = rows["unit"].mask(seats, label("coverage.per_thousand", lang))
    add_sheet(
        book, label("coverage.rules", lang), rows, _heads(RULES, lang),
        note=label("coverage.rules_note", lang),
    )  # fmt: skip
    if notes:
        lines = pd.DataFrame({"note": list(notes)})
        add_sheet(
            book,
            label("coverage.notes", lang),
            lines,
            [Heading("note", label("coverage.note", lang))],
        )
    return pack(book)


def coverage_note(coverage: Coverage, lang: str) -> str:
    """Return what the table of a coverage says, as one text."""
    return ("；" if lang == "zh" else "; ").join(coverage.table[f"text_{lang}"])


def location_sentence(
    location: Location, kind: str, coverage: Coverage, after: Coverage | None, lang: str
) -> str:
    """Return in one sentence which sites were chosen, what they do, and how good that provably is."""
    new = int((location.chosen["role"] != "existing").sum())
    name = kind_name(kind, lang)
    if location.status == "infeasible":
        said = label("coverage.located_none", lang, kind=name, sites=new)
    else:
        said = label(
            f"coverage.located_{location.model}", lang, kind=name, sites=new,
            objective=_figure(location.objective), radius=_figure(location.radius_m),
            mean=_figure(_mean_way(location)),
        )  # fmt: skip
        said += label(
            f"coverage.proof_{location.status}",
            lang,
            bound=_figure(location.bound),
            gap=_share(location.gap),
        )
    if after is not None and kind in coverage.table.index and kind in after.table.index:
        before_row, after_row = coverage.table.loc[kind], after.table.loc[kind]
        said += label(
            "coverage.before_after", lang, before=_share(before_row["share"], 1),
            after=_share(after_row["share"], 1), left=_figure(after_row["uncovered"]),
        )  # fmt: skip
        said += label("coverage.located_doubt", lang) if after_row["status"] == "advisory" else ""
    if len(location.uncoverable):
        people = math.fsum(location.uncoverable["weight"])
        said += label(
            "coverage.uncoverable",
            lang,
            rows=f"{len(location.uncoverable):,}",
            people=_figure(people),
        )
    return said


def why_sentence(row: pd.Series, model: str, lang: str) -> str:
    """Return why a site is chosen: whom only it serves, and what is lost if it falls through."""
    if row["role"] == "existing":
        return label("coverage.why_existing", lang, weight=_figure(row["weight"]))
    key = "why_required" if row["role"] == "required" else f"why_{model}"
    said = label(
        f"coverage.{key}", lang, weight=_figure(row["weight"]), only=_figure(row["only_here"]),
        loss=_figure(row["loss"]),
    )  # fmt: skip
    following = row["next_best"]
    if isinstance(following, str) and following:
        said += label("coverage.why_next", lang, site=following, loss=_figure(row["loss_after"]))
    else:
        said += label("coverage.why_no_next", lang)
    return said


def by_sub_district(
    coverage: Coverage, after: Coverage | None = None, kind: str = ""
) -> pd.DataFrame:
    """Return people within and beyond reach by kind and sub-district, where demand names one.

    Returns
    -------
    DataFrame
        ``kind, sub_district, people, covered, uncovered, share``, and with `after` ``uncovered_after`` of
        that kind; empty without a column ``sub_district``.
    """
    demand = coverage.demand
    columns = ["kind", "sub_district", "people", "covered", "uncovered", "share"]
    if "sub_district" not in demand.columns:
        return pd.DataFrame(columns=columns)
    street = demand["sub_district"].astype(object).where(demand["sub_district"].notna(), "")
    parts = []
    for one in coverage.table.index[np.isfinite(coverage.table["radius_m"].astype(float))]:
        lost = coverage.uncovered[coverage.uncovered["kind"] == one]
        gone = lost.set_index("demand_id")["weight"].reindex(demand.index.astype(str)).fillna(0.0)
        rows = pd.DataFrame({
            "people": demand["weight"].to_numpy(), "uncovered": gone.to_numpy(),
            "covered": np.where(demand[f"covered_{one}"], demand["weight"], 0.0),
        })  # fmt: skip
        rows["people"] = rows["covered"] + rows["uncovered"]
        table = rows.groupby(street.to_numpy(), sort=True).sum().reset_index(names="sub_district")
        table.insert(0, "kind", one)
        table["share"] = table["covered"] / table["people"].where(table["people"] > 0)
        table = table[columns]
        if after is not None and one == kind:
            left = after.uncovered.set_index("demand_id")["weight"]
            own = left.reindex(demand.index.astype(str)).fillna(0.0)
            table["uncovered_after"] = own.groupby(street.to_numpy(), sort=True).sum().to_numpy()
        parts.append(table)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _add_summary(book: Book, coverage: Coverage) -> None:
    lang = book.lang
    rows = coverage.table.reset_index()
    rows["status"] = [label(f"coverage.{one}", lang) for one in rows["status"]]
    rows["verified"] = [label(f"coverage.{one}", lang) if one else "" for one in rows["verified"]]
    rows["set_by"] = [label("coverage.set_by_study", lang) if one else "" for one in rows["set_by"]]
    rows["text"] = rows[f"text_{lang}"]
    rows["kind"] = [kind_name(one, lang) for one in rows["kind"]]
    sheet = add_sheet(
        book, label("coverage.summary", lang), rows, _heads(SUMMARY, lang),
        caption=label("coverage.title", lang), note=label("coverage.summary_note", lang),
    )  # fmt: skip
    sheet.column_dimensions["N"].width = 78


def _add_chosen(
    book: Book,
    kind: str,
    location: Location,
    coverage: Coverage,
    after: Coverage | None,
    sites: gpd.GeoDataFrame | None,
) -> None:
    lang = book.lang
    rows = pd.DataFrame(location.chosen.drop(columns="geometry", errors="ignore")).reset_index()
    if sites is not None:
        for name in ("name", "area_m2"):
            if name in sites.columns:
                own = rows["site_id"].map(sites[name])
                rows[name] = own.where(own.notna(), rows.get(name, pd.Series(index=rows.index)))
    rows["why"] = [why_sentence(row, location.model, lang) for _, row in rows.iterrows()]
    rows["role"] = [label(f"coverage.role_{one}", lang) for one in rows["role"]]
    heads = _heads([name for name in CHOSEN if name in rows], lang)
    sheet = add_sheet(
        book, label("coverage.chosen", lang), rows, heads,
        caption=label("coverage.chosen_caption", lang, kind=kind_name(kind, lang)),
        note=location_sentence(location, kind, coverage, after, lang),
    )  # fmt: skip
    sheet.column_dimensions[get_column_letter(len(heads))].width = 70


def _add_streets(book: Book, coverage: Coverage, after: Coverage | None, kind: str) -> None:
    lang = book.lang
    rows = by_sub_district(coverage, after, kind)
    if not len(rows):
        return
    rows["kind"] = [kind_name(one, lang) for one in rows["kind"]]
    heads = [
        Heading(name, facility_title(name, lang), FORMS.get(name, "text")) for name in rows.columns
    ]
    add_sheet(book, label("coverage.by_street", lang), rows, heads)


def _add_uncovered(book: Book, coverage: Coverage) -> None:
    lang = book.lang
    rows = pd.DataFrame(coverage.uncovered.drop(columns="geometry"))
    rows["kind"] = [kind_name(one, lang) for one in rows["kind"]]
    if "sub_district" in coverage.demand.columns:
        own = coverage.demand["sub_district"]
        rows["sub_district"] = rows["demand_id"].map(own.set_axis(own.index.astype(str)))
    rows = rows.sort_values(["kind", "weight"], ascending=[True, False], kind="stable")
    names = [n for n in ("kind", "demand_id", "sub_district", "weight", "distance_m") if n in rows]
    add_sheet(
        book, label("coverage.uncovered_sheet", lang), rows, _heads(names, lang),
        note=label("coverage.uncovered_note", lang),
    )  # fmt: skip


def _add_assignment(book: Book, location: Location) -> None:
    lang = book.lang
    rows = location.assignment.reset_index()
    names = ("demand_id", "site_id", "weight", "cost")
    add_sheet(book, label("coverage.assignment", lang), rows, _heads(names, lang))


def _add_uncoverable(book: Book, location: Location) -> None:
    if len(location.uncoverable):
        lang = book.lang
        rows = pd.DataFrame(location.uncoverable.drop(columns="geometry", errors="ignore"))
        rows = rows.rename_axis("demand_id").reset_index()
        add_sheet(
            book, label("coverage.uncoverable_sheet", lang), rows, _heads(("demand_id", "weight"), lang),
            note=label("coverage.uncoverable_note", lang),
        )  # fmt: skip


def _add_facilities(book: Book, coverage: Coverage) -> None:
    lang = book.lang
    rows = pd.DataFrame(coverage.facilities.drop(columns="geometry"))
    rows = rows.rename_axis("facility_id").reset_index()
    rows["kind"] = [kind_name(one, lang) for one in rows["kind"]]
    names = ["facility_id", "name", "kind", "sub_district", "capacity", "people", "ratio", "snap_m"]
    shown = [n for n in names if n in rows and (n != "snap_m" or rows[n].notna().any())]
    add_sheet(book, label("coverage.facilities_sheet", lang), rows, _heads(shown, lang))


def _heads(names: Sequence[str], lang: str) -> list[Heading]:
    return [Heading(name, facility_title(name, lang), FORMS.get(name, "text")) for name in names]


def _mean_way(location: Location) -> float:
    people = math.fsum(location.assignment["weight"])
    total = location.objective
    return total / people if total is not None and people > 0 else math.nan


def _figure(value: object) -> str:
    number = float(value) if isinstance(value, int | float | np.number) else math.nan
    return f"{number:,.0f}" if math.isfinite(number) else "—"


def _share(value: object, decimals: int = 2) -> str:
    number = float(value) if isinstance(value, int | float | np.number) else math.nan
    return f"{number:.{decimals}%}" if math.isfinite(number) else "—"
