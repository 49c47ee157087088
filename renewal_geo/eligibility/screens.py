"""Screening: every unit is put every question that concerns it, by the rules of one day."""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.eligibility.cases import NOT_LEGAL, UNKNOWN, Case
from renewal_geo.eligibility.criteria import CRITERIA, Criterion
from renewal_geo.eligibility.inputs import check_layers
from renewal_geo.eligibility.screening import Screening
from renewal_geo.eligibility.sentences import unit_sentence
from renewal_geo.eligibility.units import Mask, Units, units_of
from renewal_geo.eligibility.verdicts import Answer, Part, binding, joined, require_number, whole
from renewal_geo.eligibility.verdicts import words as text_of
from renewal_geo.foundation.errors import Faults, InputError, RuleError, UsageError
from renewal_geo.foundation.provenance import Provenance, versions
from renewal_geo.rules import WORST_FIRST, Rule, RuleSet

FINDING_COLUMNS = (
    "unit_id", "criterion", "status", "meets", "figure", "unit", "operator", "limit", "rule_id", "verified",
    "set_by", "text_zh", "text_en", "rests_on",
)  # fmt: skip
COUNTED = {
    "pass": "passed",
    "fail": "failed",
    "advisory": "advisory",
    "not_evaluable": "not_evaluable",
}


def screen(
    units: gpd.GeoDataFrame,
    *,
    rules: RuleSet,
    demolition: gpd.GeoDataFrame | None = None,
    development: gpd.GeoDataFrame | None = None,
    sites: gpd.GeoDataFrame | None = None,
    tenure: gpd.GeoDataFrame | None = None,
    buildings: gpd.GeoDataFrame | None = None,
    parcels: gpd.GeoDataFrame | None = None,
    odd_lots: gpd.GeoDataFrame | None = None,
    control_lines: gpd.GeoDataFrame | None = None,
    block_lines: gpd.GeoDataFrame | None = None,
    holders: pd.DataFrame | None = None,
    criteria: Sequence[str] | None = None,
    as_of: dt.date | None = None,
    legal_kinds: Iterable[str] | None = None,
    blank_tenure: str = UNKNOWN,
    use_words: Mapping[str, str] | None = None,
) -> Screening:
    """Screen renewal units by the rules of one day.

    Parameters
    ----------
    units
        Unit ranges indexed by ``unit_id``, projected, metres; several rows or parts of one unit are
        dissolved. Rows are told apart by ``range_kind`` (unit, demolition, development) where there is one;
        `demolition` and `development` go before such rows.
    rules
        A :class:`~renewal_geo.rules.RuleSet` of one day.
    demolition, development
        Demolition ranges and development land (with ``use``) by ``unit_id``.
    sites, tenure, buildings, parcels, odd_lots, control_lines, block_lines, holders
        Tables of these roles, in the CRS of `units`; None where the study has none. What a missing layer,
        column or value would have answered is ``not_evaluable``, never a pass.
    criteria
        Names of :data:`~renewal_geo.eligibility.criteria.CRITERIA` to ask; all by default.
    as_of
        Day of the case, on which ages are told; the day of `rules` by default. Another one puts one case
        under the rules of two days.
    legal_kinds
        Texts of tenure that count as legal land; the rule ``unit.legal_land_kinds`` by default.
    blank_tenure
        What land without tenure is: ``unknown``, or ``not_legal``.
    use_words
        The study's own texts of use: text -> ``industrial``, ``commercial``, ``residential`` or ``other``.

    Returns
    -------
    Screening
        Units and findings sorted by unit; a criterion that does not concern a unit is in ``left_out``.

    Raises
    ------
    CRSError
        Where a layer cannot be measured or is not in the CRS of `units`.
    InputError
        For everything that :mod:`renewal_geo.eligibility.units` and
        :mod:`renewal_geo.eligibility.inputs` call a fault, collected.
    RuleError
        For rules of all days, and a limit that is no number.
    UsageError
        For a criterion that is unknown.
    """
    in_force = _day_of(rules, as_of)
    day = in_force if as_of is None else as_of
    asked = _asked(criteria)
    faults = Faults(InputError)
    if blank_tenure not in (UNKNOWN, NOT_LEGAL):
        faults.add(
            f"blank_tenure is {blank_tenure!r}",
            where="[eligibility]",
            fix=f"write {UNKNOWN} or {NOT_LEGAL}",
            code="bad_setting",
        )
    ready = units_of(units, demolition, development, odd_lots, day, faults)
    case = Case(
        ready, rules, in_force, day, sites, tenure, buildings, parcels, odd_lots, control_lines, block_lines, holders,
        None if legal_kinds is None else tuple(legal_kinds), blank_tenure, use_words,
    )  # fmt: skip
    for one in asked:
        for rule_id in one.rules:
            rule = case.rule(rule_id)
            if rule is not None and rule.operator and rule.unit != "date":
                require_number(rule)
    notes = check_layers(case, faults)
    faults.raise_if_any()
    answers = {one.name: one.ask(case, _concerned(ready, one)) for one in asked}
    return _assembled(case, asked, answers, notes)


def _day_of(rules: RuleSet, as_of: dt.date | None) -> dt.date:
    """Return the day of the rules; that of the case stands in where a set of rules has none of its own."""
    day: dt.date | None = getattr(rules, "day", None) or as_of
    if day is None:
        raise RuleError(
            "the rules are not those of one day", fix="pass rules.on(day)", code="undated_rules"
        )
    return day


def _asked(names: Sequence[str] | None) -> list[Criterion]:
    if names is None:
        return list(CRITERIA.values())
    for name in names:
        if name not in CRITERIA:
            near = difflib.get_close_matches(name, CRITERIA, n=3, cutoff=0.4) or list(CRITERIA)
            raise UsageError(
                f"{name!r} is not a criterion",
                fix=f"one of: {', '.join(near)}",
                code="unknown_criterion",
            )
    return [one for name, one in CRITERIA.items() if name in names]


def _concerned(units: Units, criterion: Criterion) -> Mask:
    if criterion.concerns == "rebuilds":
        return units.rebuilds
    return units.improves if criterion.concerns == "improves" else np.ones(len(units), dtype=bool)


def _assembled(
    case: Case, asked: list[Criterion], answers: dict[str, Answer], notes: tuple[str, ...]
) -> Screening:
    findings, comparisons = _tables(case, answers)
    ids = {part.rule_id for answer in answers.values() for part in answer.parts}
    ids |= {rule_id for one in asked for rule_id in one.rules}
    rules = {one: rule for one in sorted(ids) if (rule := case.rule(one)) is not None}
    left_out = _left_out(case, asked, answers)
    said = tuple(dict.fromkeys(
        (*case.units.notes, *notes, *(note for answer in answers.values() for note in answer.notes))
    ))  # fmt: skip
    return Screening(
        _units(case, findings),
        findings,
        _offences(case, answers),
        _figures(case, answers),
        rules,
        case.day,
        said,
        Provenance(
            rules=tuple(_rule_record(rules[one]) for one in rules),
            parameters={
                "criteria": [one.name for one in asked],
                "as_of": case.as_of.isoformat(),
                "rules_of": case.day.isoformat(),
                "blank_tenure": case.blank_tenure,
                "legal_kinds": None if case.legal_kinds is None else list(case.legal_kinds),
            },
            versions=versions(),
            notes=said,
        ),
        comparisons=comparisons,
        left_out=left_out,
        parcels=_parcels(answers),
    )


def _tables(case: Case, answers: dict[str, Answer]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row per unit and criterion, and one per comparison, in the order of the units."""
    found: list[tuple[int, int, tuple[Any, ...]]] = []
    every: list[tuple[int, int, tuple[Any, ...]]] = []
    for place, (name, answer) in enumerate(answers.items()):
        by_row: dict[int, list[Part]] = {}
        for part in answer.parts:
            by_row.setdefault(part.row, []).append(part)
        for row, parts in by_row.items():
            every += [(row, place, _line(case, name, part)) for part in parts]
            found.append((row, place, _finding(case, name, parts)))
    tables = [
        pd.DataFrame(
            [line for _, _, line in sorted(lines, key=lambda one: one[:2])],
            columns=list(FINDING_COLUMNS),
        )
        for lines in (found, every)
    ]
    for table in tables:
        table["meets"] = table["meets"].astype(object)
        for column in ("figure", "limit"):
            table[column] = table[column].astype(float)
    return tables[0], tables[1]


def _finding(case: Case, name: str, parts: list[Part]) -> tuple[Any, ...]:
    first, verdict = binding(parts), whole(parts)
    rests = tuple(sorted({one for part in parts for one in part.rests_on}))
    said = joined(
        [first.text, *(part.text for part in parts if part is not first and not part.quiet)]
    )
    return _line(case, name, dataclasses.replace(first, verdict=verdict, text=said, rests_on=rests))


def _line(case: Case, name: str, part: Part) -> tuple[Any, ...]:
    rule = part.rule
    return (
        case.units.ids[part.row], name, part.verdict.status, part.verdict.meets, part.figure,
        part.unit, rule.operator if rule else "", part.limit, part.rule_id,
        rule.verified if rule else "", rule.set_by if rule else "", part.text.zh, part.text.en,
        ", ".join(part.rests_on),
    )  # fmt: skip


def _units(case: Case, findings: pd.DataFrame) -> gpd.GeoDataFrame:
    units = case.units
    counts = pd.crosstab(findings["unit_id"], findings["status"]).reindex(
        index=list(units.ids), columns=list(WORST_FIRST), fill_value=0
    )
    verdict = [
        next((s for s in WORST_FIRST if row[s]), "not_evaluable") for _, row in counts.iterrows()
    ]
    by_unit: dict[str, list[dict[str, Any]]] = {}
    for one in findings.to_dict("records"):
        by_unit.setdefault(one["unit_id"], []).append(
            {str(name): value for name, value in one.items()}
        )
    said = [unit_sentence(case, row, by_unit.get(one, [])) for row, one in enumerate(units.ids)]
    unit_m2 = np.where(shapely.is_missing(units.unit_range), np.nan, shapely.area(units.unit_range))
    developed = np.where(
        shapely.is_missing(units.development), np.nan, shapely.area(units.development)
    )
    table = units.table[["name", "sub_district", "renewal_type"]].assign(
        unit_range_m2=unit_m2, demolition_m2=case.demolition_m2, development_m2=developed, verdict=verdict,
        **{new: counts[old].to_numpy() for old, new in COUNTED.items()},
        sentence_zh=[one.zh for one in said], sentence_en=[one.en for one in said],
    )  # fmt: skip
    return gpd.GeoDataFrame(table, geometry=units.ground, crs=units.crs)


def _offences(case: Case, answers: dict[str, Answer]) -> gpd.GeoDataFrame:
    rows = [
        (offence.row, place, name, offence.kind, offence.geometry)
        for place, (name, answer) in enumerate(answers.items())
        for offence in answer.offences
        if offence.geometry is not None
    ]
    rows.sort(key=lambda one: one[:2])
    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = [one[4] for one in rows]
    table = {
        "unit_id": [case.units.ids[one[0]] for one in rows],
        "criterion": [one[2] for one in rows],
        "kind": [one[3] for one in rows],
        "area_m2": shapely.area(shapes),
    }
    return gpd.GeoDataFrame(table, geometry=shapes, crs=case.units.crs)


def _figures(case: Case, answers: dict[str, Answer]) -> pd.DataFrame:
    found = {name: values for answer in answers.values() for name, values in answer.figures.items()}
    return pd.DataFrame(found, index=pd.Index(case.units.ids, name="unit_id"))


def _left_out(case: Case, asked: list[Criterion], answers: dict[str, Answer]) -> pd.DataFrame:
    rows = []
    for one in asked:
        other = np.flatnonzero(~_concerned(case.units, one))
        rows += [(int(row), one.name, text_of(f"left_{one.concerns}")) for row in other]
        rows += [(row, one.name, why) for row, why in answers[one.name].left_out]
    places = list(CRITERIA)
    rows.sort(key=lambda one: (one[0], places.index(one[1])))
    return pd.DataFrame(
        [(case.units.ids[row], name, why.zh, why.en) for row, name, why in rows],
        columns=["unit_id", "criterion", "why_zh", "why_en"],
    )


def _parcels(answers: dict[str, Answer]) -> pd.DataFrame:
    tables = [answer.parcels for answer in answers.values() if answer.parcels is not None]
    return tables[0] if tables else pd.DataFrame()


def _rule_record(rule: Rule) -> dict[str, Any]:
    return {
        "rule_id": rule.rule_id, "value": rule.value, "unit": rule.unit, "operator": rule.operator,
        "since": None if rule.since is None else rule.since.isoformat(),
        "until": None if rule.until is None else rule.until.isoformat(),
        "document": rule.document, "clause": rule.clause, "verified": rule.verified,
        "set_by": rule.set_by, "because": rule.because,
    }  # fmt: skip
