"""The workbook of an assessment: 技术经济指标表, 用地平衡表, and what every rule asks of every unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation.labels import label
from renewal_geo.foundation.quantities import AREA_UNITS, level
from renewal_geo.report.books import area_form, class_name, titled
from renewal_geo.report.levelling import level_to
from renewal_geo.report.packing import pack
from renewal_geo.report.sheets import Book, Heading, add_sheet, new_book

if TYPE_CHECKING:
    from renewal_geo.foundation.provenance import Source
    from renewal_geo.handover import Assessment

DECIMALS = 1
VOLUME = ("base", "transfer", "bonus", "unexplained")
TENURE = ("legal_m2", "unregistered_m2", "state_unleased_m2")
STATUSES = ("committed_m2", "cleared_m2", "filed_m2", "in_reserve_m2", "unknown_m2")
# kinds of ground without a use of their own
OWN_NAMES = ("development", "handover", "uncovered", "covered_twice")
SHARE_DECIMALS = 2


def handover_workbook(
    assessment: Assessment,
    *,
    changes: pd.DataFrame | None = None,
    unit: str = "m2",
    decimals: int = DECIMALS,
    study_name: str = "",
    lang: str = "zh",
    sources: Sequence[Source] = (),
    notes: Sequence[str] = (),
) -> bytes:
    """Return an assessment as a workbook.

    Parameters
    ----------
    assessment
        Of :func:`renewal_geo.handover.assess`.
    changes
        Of :func:`renewal_geo.handover.change_table`, where there is an earlier version.
    unit, decimals
        Of the land balance; digits of all printed areas.
    study_name, lang
        For headings, and the language of all of them.
    sources, notes
        Files that were read, sentences on what was decided.

    Returns
    -------
    bytes
        XLSX: indicators 技术经济指标表, land balance 用地平衡表 of all units and unit by unit, requirements, floor
        area term by term, tenure, sites and their status, other rules, changes, notes and sources.
        Figures are levelled, so that rounded parts add up; totals and rates are formulas, texts never
        are. The same assessment gives the same bytes.
    """
    book = new_book(lang, study_name or _said("indicators", lang))
    _add_indicators(book, assessment, decimals)
    _add_balance(book, assessment, unit, decimals)
    _add_balance_by_unit(book, assessment, unit, decimals)
    _add_requirements(book, assessment)
    _add_terms(book, assessment, decimals)
    _add_tenure(book, assessment, decimals)
    _add_sites(book, assessment, decimals)
    _add_checks(book, assessment)
    if changes is not None and len(changes):
        _add_changes(book, assessment, changes)
    _add_notes(book, assessment, study_name, sources, notes)
    return pack(book)


def handover_title(name: str, lang: str) -> str:
    """Return the title of a column of an assessment."""
    return _said(f"col_{name}", lang)


def _add_indicators(book: Book, assessment: Assessment, decimals: int) -> None:
    """Write one row per unit: areas, rates, floor area by component, FAR and build ratio."""
    units, lang = assessment.units, book.lang
    printed = assessment.terms.assign(printed=_printed_terms(assessment, decimals))
    volume = printed.pivot_table(
        index="unit_id", columns="component", values="printed", aggfunc="sum"
    ).reindex(index=units.index, columns=list(VOLUME))
    rows = pd.DataFrame(
        {
            "unit_id": units.index.astype(str),
            "name": units["name"].to_numpy(),
            "sub_district": units["sub_district"].to_numpy(),
            **{
                one: _level_known(units[one], decimals)
                for one in ("unit_range_m2", "demolition_m2", "development_m2", "odd_lots_m2", "offered_m2")
            },
            **{one: volume[one].round(decimals).to_numpy() for one in VOLUME},
            "demolished_floor_area_m2": units["demolished_floor_area_m2"].round(decimals).to_numpy(),
        }
    )  # fmt: skip
    rows["planned"] = rows[list(VOLUME)].sum(axis=1, min_count=1).round(decimals)
    rows["handover_rate"] = rows["offered_m2"] / rows["demolition_m2"]
    rows["development_share"] = rows["development_m2"] / rows["demolition_m2"]
    rows["far"] = rows["planned"] / rows["development_m2"]
    rows["base_far"] = rows["base"] / rows["development_m2"]
    rows["build_ratio"] = rows["planned"] / rows["demolished_floor_area_m2"]
    form = area_form(decimals)
    heads = [Heading(one, handover_title(one, lang)) for one in ("unit_id", "name", "sub_district")]
    heads += _areas(("unit_range_m2", "demolition_m2", "development_m2"), lang, form)
    heads.append(_rate("development_share", "development_m2", "demolition_m2", rows, lang))
    heads += _areas(("odd_lots_m2", "offered_m2"), lang, form)
    heads.append(_rate("handover_rate", "offered_m2", "demolition_m2", rows, lang))
    heads += _areas(VOLUME, lang, form)
    parts = "".join(f",{{{one}}}{{n}}" for one in VOLUME)[1:]
    heads.append(
        Heading(
            "planned", handover_title("planned", lang), form, "sum",
            formula=f'IF(COUNT({parts})>0,ROUND(SUM({parts}),{decimals}),"")',
        )
    )  # fmt: skip
    heads.append(_rate("far", "planned", "development_m2", rows, lang, form="m2"))
    heads.append(_rate("base_far", "base", "development_m2", rows, lang, form="m2"))
    heads += _areas(("demolished_floor_area_m2",), lang, form)
    heads.append(_rate("build_ratio", "planned", "demolished_floor_area_m2", rows, lang, form="m2"))
    note = _said("indicators_note", lang)
    add_sheet(book, _said("indicators", lang), rows, heads, note=note)


@dataclass(frozen=True, slots=True, eq=False)
class _Balance:
    """A land balance for print: n units by m columns in one unit of area, every row closing to its range."""

    ids: list[str]
    kinds: list[str]
    names: list[str]
    parts: NDArray[np.float64]
    ranges: NDArray[np.float64]


def _printed(assessment: Assessment, table: pd.DataFrame, unit: str, decimals: int) -> _Balance:
    """Return a balance rounded so that each row adds to its printed range, and the ranges to their sum."""
    keys = sorted(set(zip(table["kind"], table["class"], strict=True)), key=_place)
    ids = [str(one) for one in assessment.units.index if (table["unit_id"] == one).any()]
    wide = table.pivot_table(
        index="unit_id", columns=["kind", "class"], values="area_m2", aggfunc="sum"
    )
    areas = wide.reindex(index=ids, columns=pd.MultiIndex.from_tuples(keys)).fillna(0.0).to_numpy()
    m2 = AREA_UNITS[unit]
    ranges = level(assessment.units.loc[ids, "demolition_m2"].to_numpy(dtype=float) / m2, decimals)
    rows = [level_to(row / m2, whole, decimals) for row, whole in zip(areas, ranges, strict=True)]
    kinds, names = ([key[side] for key in keys] for side in (0, 1))
    return _Balance(ids, kinds, names, np.array(rows).reshape(len(ids), len(keys)), ranges)


def _place(key: tuple[str, str]) -> tuple[int, str]:
    """Return where a class stands: built on, handed over, by name; what is left and what is twice last."""
    kind, name = key
    return (OWN_NAMES.index(kind) if kind in OWN_NAMES else 0, name)


def _add_balance(book: Book, assessment: Assessment, unit: str, decimals: int) -> None:
    """Write all units together: every class today and as planned, with its share."""
    lang = book.lang
    tables = {"existing": assessment.existing, "planned": assessment.balance}
    sums = {
        side: _by_class(_printed(assessment, table, unit, decimals), lang)
        for side, table in tables.items()
        if len(table)
    }
    last = [_said(one, lang) for one in ("uncovered", "covered_twice")]
    names = sorted({name for one in sums.values() for name in one})
    names = [*(one for one in names if one not in last), *(one for one in last if one in names)]
    rows = pd.DataFrame({"class": names})
    heads = [Heading("class", handover_title("class", lang))]
    for side, one in sums.items():
        area: NDArray[np.float64] = np.array([one.get(name, 0.0) for name in names], dtype=float)
        whole = area.sum()
        share = 100.0 * area / whole if whole else area
        rows[f"{side}_area"] = area.round(decimals)
        rows[f"{side}_share"] = level(share, SHARE_DECIMALS)
        heads += [
            Heading(f"{side}_area", titled(_said(f"col_{side}_area", lang), unit, lang), area_form(decimals), "sum"),
            Heading(f"{side}_share", _said(f"col_{side}_share", lang), "m2", "sum"),
        ]  # fmt: skip
    add_sheet(book, _said("balance", lang), rows, heads, note=_said("balance_note", lang))


def _by_class(made: _Balance, lang: str) -> dict[str, float]:
    """Return printed areas by class, whoever gets the land."""
    sums: dict[str, float] = {}
    for kind, name, area in zip(made.kinds, made.names, made.parts.sum(axis=0), strict=True):
        title = _class_title(kind, name, lang)
        sums[title] = sums.get(title, 0.0) + float(area)
    return sums


def _add_balance_by_unit(book: Book, assessment: Assessment, unit: str, decimals: int) -> None:
    """Write the planned balance unit by unit, closing to each demolition range."""
    lang = book.lang
    if not len(assessment.balance):
        return
    made = _printed(assessment, assessment.balance, unit, decimals)
    columns = [f"c{position}" for position in range(len(made.names))]
    rows = pd.DataFrame(made.parts, columns=columns)
    rows.insert(0, "unit_id", made.ids)
    rows["sum"] = made.parts.sum(axis=1).round(decimals)
    rows["demolition"] = made.ranges
    rows["check"] = (rows["sum"] - rows["demolition"]).round(decimals) + 0.0
    form = area_form(decimals)
    titles = [_full_title(*key, lang) for key in zip(made.kinds, made.names, strict=True)]
    heads = [Heading("unit_id", handover_title("unit_id", lang))]
    heads += [
        Heading(column, titled(title, unit, lang), form, "sum")
        for column, title in zip(columns, titles, strict=True)
    ]
    heads += [
        Heading(
            "sum", titled(label("ledger.sum", lang), unit, lang), form, "sum",
            formula=f"ROUND(SUM({{{columns[0]}}}{{n}}:{{{columns[-1]}}}{{n}}),{decimals})",
        ),
        Heading("demolition", titled(_said("demolition", lang), unit, lang), form, "sum"),
        Heading(
            "check", label("sheet.check", lang), form, "sum",
            formula=f"ROUND({{sum}}{{n}}-{{demolition}}{{n}},{decimals})",
        ),
    ]  # fmt: skip
    add_sheet(book, _said("balance_by_unit", lang), rows, heads, note=_said("balance_note", lang))


def _add_requirements(book: Book, assessment: Assessment) -> None:
    lang, table = book.lang, assessment.requirements
    rows = table.assign(
        name=_names(assessment, table),
        rule=_rule_titles(assessment, table["rule_id"], lang),
        status=[_said(f"status_{one}", lang) for one in table["status"]],
        verified=[_said(f"short_{one}", lang) for one in table["verified"]],
        set_by=[_said(f"by_{one}", lang) if one else "" for one in table["set_by"]],
        text=table[f"text_{lang}"],
    )
    forms = {
        **dict.fromkeys(("required_m2", "offered_m2", "short_m2"), "m"),
        **dict.fromkeys(("required_share", "offered_share"), "fine_share"),
    }
    names = (
        "unit_id", "name", "rule", "status", "required_m2", "required_share", "offered_m2",
        "offered_share", "short_m2", "verified", "set_by", "text", "rule_id",
    )  # fmt: skip
    heads = [Heading(one, handover_title(one, lang), forms.get(one, "text")) for one in names]
    add_sheet(book, _said("requirements", lang), rows, heads, note=_said("requirements_note", lang))


def _add_terms(book: Book, assessment: Assessment, decimals: int) -> None:
    lang, table = book.lang, assessment.terms
    if not len(table):
        return
    rows = table.assign(
        name=_names(assessment, table),
        component=[_said(str(one), lang) for one in table["component"]],
        term=[_said(str(one), lang) for one in table["term"]],
        floor_area_m2=_printed_terms(assessment, decimals),
        how=table[f"how_{lang}"],
    )
    form = area_form(decimals)
    heads = [
        Heading(one, handover_title(one, lang)) for one in ("unit_id", "name", "component", "term")
    ]
    heads += [
        Heading("floor_area_m2", handover_title("floor_area_m2", lang), form, "sum"),
        Heading("would_be_m2", handover_title("would_be_m2", lang), form),
        Heading("limit_m2", handover_title("limit_m2", lang), form),
        Heading("how", handover_title("how", lang)),
        Heading("rule_id", handover_title("rule_id", lang)),
    ]
    add_sheet(book, _said("terms", lang), rows, heads, note=_said("terms_note", lang))


def _printed_terms(assessment: Assessment, decimals: int) -> NDArray[np.float64]:
    """Return the terms of floor area rounded so that they add to the rounded total of their unit."""
    table = assessment.terms
    areas = table["floor_area_m2"].to_numpy(dtype=float)
    codes, units = pd.factorize(table["unit_id"].to_numpy())
    sums = np.zeros(len(units))
    np.add.at(sums, codes, areas)
    totals = level(sums, decimals)
    made = np.zeros(len(areas))
    for code, total in enumerate(totals):
        made[codes == code] = level_to(areas[codes == code], total, decimals)
    return made


def _add_tenure(book: Book, assessment: Assessment, decimals: int) -> None:
    lang, units = book.lang, assessment.units
    known = units[units["legal_m2"].notna()]
    if not len(known):
        return
    rows = pd.DataFrame(
        {
            "unit_id": known.index.astype(str),
            "name": known["name"].to_numpy(),
            **_levelled(known[list(TENURE)], known["demolition_m2"], decimals),
        }
    )
    rows["sum"] = rows[list(TENURE)].sum(axis=1).round(decimals)
    rows["legal_share"] = rows["legal_m2"] / rows["sum"]
    for one in ("tenure_missing_m2", "to_government_m2", "required_netted_m2"):
        rows[one] = known[one].round(decimals).to_numpy()
    form = area_form(decimals)
    heads = [Heading(one, handover_title(one, lang)) for one in ("unit_id", "name")]
    heads += _areas(TENURE, lang, form)
    heads.append(
        Heading(
            "sum", handover_title("demolition_m2", lang), form, "sum",
            formula=f"ROUND(SUM({{{TENURE[0]}}}{{n}}:{{{TENURE[-1]}}}{{n}}),{decimals})",
        )
    )  # fmt: skip
    heads.append(_rate("legal_share", "legal_m2", "sum", rows, lang))
    heads += [
        Heading("tenure_missing_m2", handover_title("tenure_missing_m2", lang), form, "sum"),
        Heading("to_government_m2", handover_title("to_government_m2", lang), form, "sum"),
        Heading("required_netted_m2", handover_title("required_netted_m2", lang), form),
    ]
    add_sheet(book, _said("tenure_split", lang), rows, heads, note=_said("tenure_note", lang))


def _add_sites(book: Book, assessment: Assessment, decimals: int) -> None:
    lang, units, sites = book.lang, assessment.units, assessment.sites
    if not len(sites):
        return
    form = area_form(decimals)
    status = units[list(STATUSES)]
    rows = pd.DataFrame(
        {
            "unit_id": units.index.astype(str),
            "name": units["name"].to_numpy(),
            **_levelled(status, status.sum(axis=1), decimals),
        }
    )
    rows["sum"] = rows[list(STATUSES)].sum(axis=1).round(decimals)
    heads = [Heading(one, handover_title(one, lang)) for one in ("unit_id", "name")]
    heads += _areas(STATUSES, lang, form)
    heads.append(
        Heading(
            "sum", handover_title("sites_sum", lang), form, "sum",
            formula=f"ROUND(SUM({{{STATUSES[0]}}}{{n}}:{{{STATUSES[-1]}}}{{n}}),{decimals})",
        )
    )  # fmt: skip
    add_sheet(book, _said("status", lang), rows, heads, note=_said("status_note", lang))
    listed = pd.DataFrame(sites.drop(columns="geometry")).reset_index()
    listed["status"] = [handover_status(one, lang) for one in listed["status"]]
    listed["inside"] = [_said("inside" if one else "outside", lang) for one in listed["inside"]]
    for one in ("area_m2", "offered_m2"):
        listed[one] = listed[one].round(decimals)
    for one in ("due_on", "available_from"):
        if one in listed:
            days = pd.to_datetime(listed[one], errors="coerce")
            listed[one] = days.dt.strftime("%Y-%m-%d")
    names = [
        one
        for one in ("site_id", "unit_id", "name", "use", "status", "inside", "due_on")
        if one in listed
    ]
    heads = [Heading(one, handover_title(one, lang)) for one in names]
    heads += _areas(("area_m2", "offered_m2"), lang, form)
    add_sheet(book, _said("sites", lang), listed, heads, note=_said("sites_note", lang))


def _add_checks(book: Book, assessment: Assessment) -> None:
    lang, table = book.lang, assessment.checks
    if not len(table):
        return
    rows = table.assign(
        name=_names(assessment, table),
        rule=_rule_titles(assessment, table["rule_id"], lang),
        status=[_said(f"status_{one}", lang) for one in table["status"]],
        verified=[_said(f"short_{one}", lang) for one in table["verified"]],
        set_by=[_said(f"by_{one}", lang) if one else "" for one in table["set_by"]],
        text=table[f"text_{lang}"],
    )
    names = (
        "unit_id",
        "name",
        "rule",
        "status",
        "figure",
        "limit",
        "verified",
        "set_by",
        "text",
        "rule_id",
    )
    heads = [
        Heading(one, handover_title(one, lang), "m2" if one in {"figure", "limit"} else "text")
        for one in names
    ]
    add_sheet(book, _said("checks", lang), rows, heads)


def _add_changes(book: Book, assessment: Assessment, changes: pd.DataFrame) -> None:
    lang = book.lang
    rows = changes.assign(
        name=_names(assessment, changes),
        item=[_said(str(one), lang) for one in changes["item"]],
        cause=[label(f"change.{one}", lang) if one else "" for one in changes["cause"]],
        reason=[
            "; ".join(label(f"change.{part}", lang) for part in str(text).split("; ") if part)
            for text in changes["reason"]
        ],
        needs_reason=changes["needs_reason"].astype(bool),
    )
    rows["change_share"] = [f"{one:+.4%}" if one == one else "" for one in rows["change_share"]]  # noqa: PLR0124 - NaN
    areas = ("before_m2", "after_m2", "change_m2")
    names = ("unit_id", "name", "item", *areas, "change_share", "cause", "reason", "needs_reason")
    heads = [
        Heading(one, handover_title(one, lang), "m" if one in areas else "text") for one in names
    ]
    add_sheet(book, _said("changes", lang), rows, heads, note=_said("changes_note", lang))


def _add_notes(
    book: Book,
    assessment: Assessment,
    study_name: str,
    sources: Sequence[Source],
    notes: Sequence[str],
) -> None:
    lang = book.lang
    rows: list[tuple[str, Any]] = [
        (label("sheet.study", lang), study_name),
        (label("ledger.as_of", lang), assessment.as_of.isoformat()),
        (label("ledger.summary", lang), str(assessment)),
    ]
    rows += [
        (str(unit), assessment.units.loc[unit, f"sentence_{lang}"])
        for unit in assessment.units.index
    ]
    rows.append((label("ledger.guarantee", lang), _said("guarantee_text", lang)))
    rows += [(_said("rule", lang), _rule_line(one, lang)) for one in assessment.rules.values()]
    rows += [
        (label("ledger.note", lang), one) for one in dict.fromkeys((*assessment.notes, *notes))
    ]
    for one in sources:
        text = f"{one.path} · {one.rows:,} · {one.crs} · sha256 {one.sha256}"
        rows.append((f"{label('map.source', lang)}: {one.role}", text))
    table = pd.DataFrame(rows, columns=["item", "content"])
    heads = [Heading(one, label(f"sheet.{one}", lang)) for one in ("item", "content")]
    sheet = add_sheet(book, label("ledger.notes", lang), table, heads)
    sheet.column_dimensions["B"].width = 100
    sheet.auto_filter.ref = None


def _levelled(
    table: pd.DataFrame, totals: pd.Series[float], decimals: int
) -> dict[str, NDArray[np.float64]]:
    """Return columns rounded so that each row adds to its printed total; a gap stays a gap.

    Totals are rounded so that they add to their rounded sum.
    """
    values = table.to_numpy(dtype=float)
    rounded = level(np.nan_to_num(totals.to_numpy(dtype=float)), decimals)
    made = np.full(values.shape, np.nan)
    for row, (parts, total) in enumerate(zip(values, rounded, strict=True)):
        known = ~np.isnan(parts)
        made[row, known] = level_to(parts[known], total, decimals)
    return {str(name): made[:, position] for position, name in enumerate(table.columns)}


def _level_known(values: pd.Series[float], decimals: int) -> NDArray[np.float64]:
    """Return figures rounded so that they add to their rounded sum; a gap stays a gap."""
    made: NDArray[np.float64] = np.array(values, dtype=np.float64)
    known = ~np.isnan(made)
    made[known] = level(list(made[known]), decimals)
    return made


def _areas(names: Sequence[str], lang: str, form: str) -> list[Heading]:
    return [Heading(one, handover_title(one, lang), form, "sum") for one in names]


def _rate(
    name: str, part: str, whole: str, rows: pd.DataFrame, lang: str, *, form: str = "fine_share"
) -> Heading:
    """Return a column that divides one by another, in every row and in the total.

    The total counts the rows alone that have both.
    """
    both = rows[part].notna() & (rows[whole] > 0)
    above, below = float(rows.loc[both, part].sum()), float(rows.loc[both, whole].sum())
    span = "{{{0}}}{{first}}:{{{0}}}{{last}}"
    ranges = {"p": span.format(part), "w": span.format(whole)}
    pairs = "ISNUMBER({p})*ISNUMBER({w})*({w}>0)".format(**ranges)
    numbers = "SUMPRODUCT({pairs},{p})/SUMPRODUCT({pairs},{w})".format(pairs=pairs, **ranges)
    return Heading(
        name, handover_title(name, lang), form,
        total=f'IFERROR({numbers},"")',
        formula=f'IF(AND(ISNUMBER({{{part}}}{{n}}),N({{{whole}}}{{n}})>0),{{{part}}}{{n}}/{{{whole}}}{{n}},"")',
        total_value=above / below if below else None,
    )  # fmt: skip


def _full_title(kind: str, name: str, lang: str) -> str:
    """Return what a class is called where land of the same use may be built on or handed over."""
    title = _class_title(kind, name, lang)
    return f"{_said(kind, lang)} {title}" if kind in OWN_NAMES and name != kind else title


def _class_title(kind: str, name: str, lang: str) -> str:
    return _said(kind, lang) if name == kind and kind in OWN_NAMES else class_name(name, lang)


def _names(assessment: Assessment, table: pd.DataFrame) -> list[str]:
    names = assessment.units["name"].to_dict()
    return [str(names.get(one, "")) for one in table["unit_id"]]


def _rule_titles(assessment: Assessment, ids: pd.Series, lang: str) -> list[str]:
    return [
        _title(assessment.rules[one], lang) if one in assessment.rules else str(one) for one in ids
    ]


def _title(rule: Any, lang: str) -> str:
    return str((rule.title_zh if lang == "zh" else rule.title) or rule.rule_id)


def _rule_line(rule: Any, lang: str) -> str:
    """Return what a rule says, where it stands, and what we have seen of it."""
    worth = (
        _said("set", lang, because=rule.because)
        if rule.set_by
        else _said(f"short_{rule.verified}", lang)
    )
    parts = [
        f"{_title(rule, lang)} ({rule.rule_id}) = {rule.value}",
        rule.document,
        rule.clause,
        worth,
    ]
    return " · ".join(str(one) for one in parts if one)


def _value_text(value: Any) -> str:
    """Return the value of a rule as people write it."""
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_value_text(one)}" for name, one in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_value_text(one) for one in value)
    return "—" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def handover_status(code: str, lang: str) -> str:
    """Return what the status of a site is called."""
    return label(f"handover.{code}", lang) if code != "unknown" else _said("status_unknown", lang)


def _said(name: str, lang: str, **figures: object) -> str:
    return label(f"assessment.{name}", lang, **figures)
