"""What an assessment returns: what each unit hands over, what every rule asks, and the floor area."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation.area_changes import AREA_TOLERANCE, AreaChanges
from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.provenance import Provenance, versions
from renewal_geo.foundation.schema import TRUE_WORDS, as_text
from renewal_geo.handover.balance import existing_balance, planned_balance
from renewal_geo.handover.changes import changes_of, lost_land, reasons_by_item
from renewal_geo.handover.drawings import Drawings, read_drawings
from renewal_geo.handover.floor_area import CHECK_COLUMNS, Plan, checks_of, terms_of
from renewal_geo.handover.floor_area import COLUMNS as TERM_COLUMNS
from renewal_geo.handover.offers import Offers, read_offers
from renewal_geo.handover.requirements import (
    BY_BUILD_RATIO,
    Dated,
    Measured,
    disposal_rule,
    number_of,
    requirements_of,
    successor_share,
)
from renewal_geo.handover.requirements import COLUMNS as REQUIREMENT_COLUMNS
from renewal_geo.handover.sentences import sentences_of
from renewal_geo.handover.tenure import LEGAL_RULE, kinds_of, split_tenure
from renewal_geo.rules import Rule

TOLERANCE_RULE = "area.tolerance"
PUBLIC_FLOORS = ("unit.public_land_min_share", "unit.public_land_min_area")


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """Land that the city receives, unit by unit.

    Attributes
    ----------
    units
        Indexed by ``unit_id``: ``name, sub_district, unit_range_m2, demolition_m2, development_m2,
        legal_m2, unregistered_m2, state_unleased_m2, historic_land_m2, to_government_m2, offered_m2``
        (sites inside the unit), ``handover_rate`` (of the demolition range), ``required_m2`` (the most
        that a deciding rule asks; NaN where none decides), ``planned_floor_area_m2,
        demolished_floor_area_m2, build_demolish_ratio`` 拆建比, ``base_gfa_m2, transfer_gfa_m2,
        bonus_gfa_m2, far, base_far, sentence_zh, sentence_en``; geometry is the demolition range.
        Also ``legal_share, tenure_missing_m2`` (of unregistered), ``required_netted_m2`` (advisory: the public
        floor and the land for the government together, if disposal comes first), ``build_ratio_text``
        (1:x), ``development_share, odd_lots_m2, odd_lot_share`` (of the demolition range),
        ``external_m2`` (handed over outside the unit), m2 of sites inside by status
        (``committed_m2 ... unknown_m2``), ``lost_development_m2, deducted_gfa_m2`` (advisory; NaN
        without an earlier version).
    requirements
        One row per unit and rule in force: ``unit_id, rule_id, status, meets, required_m2,
        required_share, offered_m2, offered_share, short_m2, verified, set_by, text_zh, text_en``.
    terms
        One row per unit and term of the planned floor area: ``unit_id, component`` (base | transfer |
        bonus), ``term, floor_area_m2, rule_id, how_zh, how_en``; the terms add to the plan's total, what
        no term explains stands as the component ``unexplained``. Also ``standing`` (stated, reckoned,
        would_be ...), ``would_be_m2`` (what an unchecked rule would give; in no sum), ``limit_m2``.
    sites
        Indexed by ``site_id``: ``unit_id, status`` (committed | cleared | filed | in_reserve | unknown),
        ``area_m2, inside``; geometry. Also ``offered_m2``: what of it counts.
    balance
        Land balance 用地平衡表, long: ``unit_id, class, area_m2, share``; closes to the demolition range.
        ``kind`` is development | handover | uncovered | covered_twice (negative).
    rules, as_of, notes, provenance
        As for :class:`renewal_geo.eligibility.screening.Screening`.
    existing
        As `balance`, of today's land use; empty without that layer.
    checks
        What rules say of other figures than land: ``unit_id, rule_id, status, meets, figure, operator,
        limit, verified, set_by, text_zh, text_en``.
    changes
        By unit: its ranges in the earlier version and now, with reasons.
    """

    units: gpd.GeoDataFrame
    requirements: pd.DataFrame
    terms: pd.DataFrame
    sites: gpd.GeoDataFrame
    balance: pd.DataFrame
    rules: dict[str, Rule]
    as_of: dt.date
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
    existing: pd.DataFrame = field(default_factory=pd.DataFrame)
    checks: pd.DataFrame = field(default_factory=pd.DataFrame)
    changes: Mapping[str, AreaChanges] = field(default_factory=dict)

    def __str__(self) -> str:
        offered, base = self.units["offered_m2"].sum(), self.units["demolition_m2"].sum()
        share = offered / base if base else 0.0
        return (
            f"{len(self.units)} units offer {offered / 10_000:,.2f} ha of land, {share:.1%} of "
            f"{base / 10_000:,.2f} ha to be demolished"
        )


def assess(
    units: gpd.GeoDataFrame,
    *,
    rules: Dated,
    demolition: gpd.GeoDataFrame | None = None,
    development: gpd.GeoDataFrame | None = None,
    sites: gpd.GeoDataFrame | None = None,
    tenure: gpd.GeoDataFrame | None = None,
    odd_lots: gpd.GeoDataFrame | None = None,
    land_use: gpd.GeoDataFrame | None = None,
    before: Assessment | pd.DataFrame | None = None,
    legal_kinds: Sequence[str] | None = None,
    state_unleased_kinds: Sequence[str] | None = None,
    as_of: dt.date | None = None,
) -> Assessment:
    """Reckon what land each unit hands over, what every rule asks, and what floor area follows.

    Parameters
    ----------
    units
        n unit ranges by ``unit_id`` in a projected CRS in metres. Optional: ``name, sub_district,
        key_unit, planned_floor_area_m2, demolished_floor_area_m2, base_gfa_m2, transfer_gfa_m2,
        bonus_gfa_m2``; parts of the transfer as ``transfer_term_<excess_handover | external_handover |
        preserved>_m2`` and of the bonus as ``bonus_term_<housing | innovation | facilities | passage |
        preserved>_m2``; ``reason``, why areas changed since `before`. Rows whose ``range_kind`` is
        ``demolition`` are demolition ranges where `demolition` is not given.
    rules
        Of one day: ``renewal_geo.rules.load("shenzhen").on(day)``.
    demolition, development, odd_lots
        Polygons by ``unit_id``, in any number of parts; rows that name no unit belong to the one that holds more
        than half of them. Development land may have ``use``.
    sites
        Public sites by ``site_id``: ``unit_id, status, inside, use``; area of what is a point: ``area_m2``.
    tenure, land_use
        Polygons with ``tenure``, with ``land_use``.
    before
        The earlier version: its :class:`Assessment`, or its units with any of ``unit_range_m2, demolition_m2,
        development_m2, odd_lots_m2`` (else the polygons are unit ranges).
    legal_kinds, state_unleased_kinds
        Texts of ``tenure`` that mean legal land, and state land without a lease; default: the rule
        ``unit.legal_land_kinds``, and every text with 未出让 or ``unleased`` in it.
    as_of
        The day whose rules apply; default: that of `rules`.

    Returns
    -------
    Assessment
        Areas are planar. Rates are over the demolition range. What is missing makes what depends on it NaN
        or ``not_evaluable`` and is said in the notes.

    Raises
    ------
    CRSError
        Where a layer cannot be measured, or is in another CRS than the units.
    InputError
        All faults of the drawings at once: ``outside_unit`` (a demolition range that leaves its unit by more
        than 1 m2 and 0.02 %, with the place), ``unknown_unit, duplicate_id, bad_area,
        no_development_land, unknown_column``.
    RuleError
        ``bad_rule`` where a study's value has not the form of its rule.

    Notes
    -----
    Formulas (planar areas A): handover rate = A(offered) / A(demolition); historic land = A(demolition) -
    A(legal) - A(unleased state land); to the government = historic land x (1 - successor share); FAR = planned
    volume / A(development land); build ratio = planned / demolished floor area. Source:
    深规划资源规〔2019〕1号 article 3 (FAR, base FAR); the rest as the rules state, each with its own source.
    """
    drawings = read_drawings(
        units, demolition, development, odd_lots, sites, {"tenure": tenure, "land use": land_use}
    )
    offers = read_offers(drawings)
    asked = _Asking(rules)
    legal = kinds_of(asked.find(LEGAL_RULE)) if legal_kinds is None else tuple(legal_kinds)
    state = None if state_unleased_kinds is None else tuple(state_unleased_kinds)
    split, tenure_notes = split_tenure(drawings.demolition, tenure, legal, state)
    table = _figures(drawings, offers, split)
    changes, change_notes = _changes(before, table, drawings, asked)
    requirements, terms, checks = _judged(table, changes, before, asked)
    day = as_of or getattr(rules, "day", None)
    if day is None:
        raise InputError(
            "no day is given whose rules apply",
            where="as_of",
            fix="give as_of, or rules of a day: rules.on(day)",
            code="missing_day",
        )
    notes = (*drawings.notes, *offers.notes, *tenure_notes, *change_notes)
    return Assessment(
        units=gpd.GeoDataFrame(table, geometry=drawings.demolition, crs=drawings.crs),
        requirements=_table(requirements, REQUIREMENT_COLUMNS),
        terms=_table(terms, TERM_COLUMNS),
        sites=offers.sites,
        balance=planned_balance(drawings, offers),
        rules=asked.found,
        as_of=day,
        notes=notes,
        provenance=_provenance(asked.found, legal, state, day),
        existing=existing_balance(drawings, land_use),
        checks=_table(checks, CHECK_COLUMNS),
        changes=changes,
    )


class _Asking:
    """Passes questions on to a rule set and keeps what was found; a city need not have every rule."""

    def __init__(self, rules: Dated) -> None:
        self.rules = rules
        self.found: dict[str, Rule] = {}

    def __contains__(self, rule_id: object) -> bool:
        return rule_id in self.rules

    def find(self, rule_id: str) -> Rule | None:
        rule = self.rules.find(rule_id) if rule_id in self.rules else None
        if rule is not None:
            self.found[rule_id] = rule
        return rule


def _figures(drawings: Drawings, offers: Offers, split: pd.DataFrame) -> pd.DataFrame:
    """Return what is measured and stated, unit by unit."""
    own = drawings.units
    texts = {
        name: as_text(own[name]).fillna("").to_numpy() if name in own.columns else ""
        for name in ("name", "sub_district")
    }
    base = drawings.area("demolition")
    development, odd = drawings.area("development"), drawings.area("odd_lots")
    if "odd_lots" in drawings.drawn:
        odd = np.nan_to_num(odd)
    historic = split["unregistered_m2"].to_numpy()
    offered = np.where(np.isnan(base), np.nan, offers.offered_m2)
    made = {
        **texts,
        "key_unit": _key_units(own),
        "unit_range_m2": drawings.area("unit_range"),
        "demolition_m2": base,
        "development_m2": development,
        "development_share": development / base,
        "odd_lots_m2": odd,
        "odd_lot_share": odd / base,
        **{name: split[name].to_numpy() for name in split.columns},
        "legal_share": split["legal_m2"].to_numpy() / base,
        "historic_land_m2": historic,
        "offered_m2": offered,
        "handover_rate": offered / base,
        "external_m2": offers.external_m2,
        **{name: offers.by_status[name].to_numpy() for name in offers.by_status.columns},
        **{name: drawings.amounts[name].to_numpy() for name in drawings.amounts.columns},
    }
    return pd.DataFrame(made, index=pd.Index(drawings.ids, name="unit_id", dtype=object))


def _key_units(units: pd.DataFrame) -> NDArray[np.bool_]:
    if "key_unit" not in units.columns:
        return np.zeros(len(units), dtype=bool)
    words = as_text(units["key_unit"]).fillna("").astype(str).str.strip().str.lower()
    return np.asarray(words.isin(TRUE_WORDS), dtype=bool)


def _changes(
    before: Assessment | pd.DataFrame | None,
    table: pd.DataFrame,
    drawings: Drawings,
    rules: Dated,
) -> tuple[dict[str, AreaChanges], list[str]]:
    if before is None:
        return {}, []
    earlier = pd.DataFrame(before.units) if isinstance(before, Assessment) else before
    rule = rules.find(TOLERANCE_RULE)
    tolerance = (
        AREA_TOLERANCE if rule is None or rule.value is None else number_of(rule, rule.value)
    )
    reasons = reasons_by_item(drawings.units, drawings.reasons)
    return changes_of(earlier, table, reasons, tolerance)


def _judged(
    table: pd.DataFrame,
    changes: Mapping[str, AreaChanges],
    before: Assessment | pd.DataFrame | None,
    rules: _Asking,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Judge every unit; put what follows from it into the table of units."""
    requirements: list[dict[str, Any]] = []
    terms: list[dict[str, Any]] = []
    checks: list[dict[str, Any]] = []
    follows: list[dict[str, Any]] = []
    for unit_id, row in table.iterrows():
        plan = _plan(str(unit_id), row)
        unit = _measured(str(unit_id), row, plan)
        asks = requirements_of(unit, rules)
        excess, decides = _excess(asks, unit)
        plan = dataclasses.replace(plan, excess_m2=excess, excess_decides=decides)
        own = _follows(row, unit, plan, asks, rules)
        own |= _lost(changes.get(str(unit_id)), plan, before, str(unit_id))
        own |= sentences_of({"unit_id": unit_id, **row, **own}, asks, rules.found)
        requirements += asks
        terms += terms_of(plan, rules)
        checks += checks_of(plan, rules)
        follows.append(own)
    for name in follows[0]:
        table[name] = [one[name] for one in follows]
    return requirements, terms, checks


def _plan(unit_id: str, row: pd.Series) -> Plan:
    parts = {str(n): float(row[n]) for n in row.index if "_term_" in str(n)}
    return Plan(
        unit_id=unit_id,
        planned=float(row["planned_floor_area_m2"]),
        demolished=float(row["demolished_floor_area_m2"]),
        base=float(row["base_gfa_m2"]),
        transfer=float(row["transfer_gfa_m2"]),
        bonus=float(row["bonus_gfa_m2"]),
        development_m2=float(row["development_m2"]),
        excess_m2=math.nan,
        excess_decides=False,
        external_m2=float(np.nan_to_num(row["external_m2"])),
        terms=parts,
    )


def _measured(unit_id: str, row: pd.Series, plan: Plan) -> Measured:
    return Measured(
        unit_id,
        float(row["demolition_m2"]),
        float(row["offered_m2"]),
        float(row["historic_land_m2"]),
        float(row["legal_share"]),
        plan.build_ratio,
        bool(row["key_unit"]),
    )


def _excess(asks: Sequence[Mapping[str, Any]], unit: Measured) -> tuple[float, bool]:
    """Return land handed over beyond the standard, and whether the standard decides.

    The standard is the study's own table by build ratio; without one, the floors that every unit has.
    """
    evaluated = [row for row in asks if row["meets"] is not None]
    standard = [row for row in evaluated if row["rule_id"] == BY_BUILD_RATIO]
    standard = standard or [row for row in evaluated if row["rule_id"] in PUBLIC_FLOORS]
    if not standard:
        return math.nan, False
    required = max(row["required_m2"] for row in standard)
    decides = all(row["status"] in {"pass", "fail"} for row in standard)
    return max(0.0, unit.offered_m2 - required), decides


def _follows(
    row: pd.Series, unit: Measured, plan: Plan, asks: Sequence[Mapping[str, Any]], rules: Dated
) -> dict[str, Any]:
    kept = successor_share(disposal_rule(unit, rules), unit.legal_share)
    government = row["historic_land_m2"] * (1 - kept)
    deciding = [one["required_m2"] for one in asks if one["status"] in {"pass", "fail"}]
    floors = [one["required_m2"] for one in asks if one["rule_id"] in PUBLIC_FLOORS]
    floors = [one for one in floors if not math.isnan(one)]
    return {
        "to_government_m2": government,
        "required_m2": max(deciding, default=math.nan),
        "required_netted_m2": government + max(floors) if floors else math.nan,
        "build_demolish_ratio": plan.build_ratio,
        "build_ratio_text": "" if math.isnan(plan.build_ratio) else f"1:{plan.build_ratio:.2f}",
        "far": plan.far,
        "base_far": plan.base_far,
    }


def _lost(
    changes: AreaChanges | None, plan: Plan, before: Assessment | pd.DataFrame | None, unit_id: str
) -> dict[str, float]:
    """Return development land lost without an excuse, and the floor area on it by the earlier FAR, else today's."""
    lost = lost_land(changes)
    far = plan.far
    if isinstance(before, Assessment) and unit_id in before.units.index:
        earlier = float(before.units["far"][unit_id])
        far = far if math.isnan(earlier) else earlier
    return {"lost_development_m2": lost, "deducted_gfa_m2": lost * far}


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    made = pd.DataFrame(rows, columns=list(columns))
    if "meets" in made:
        # three values: True, False, None
        made["meets"] = pd.Series([row["meets"] for row in rows], dtype=object)
    return made


def _provenance(
    found: Mapping[str, Rule], legal: Sequence[str], state: Sequence[str] | None, day: dt.date
) -> Provenance:
    return Provenance(
        rules=tuple(
            {
                "rule_id": one.rule_id,
                "value": one.value,
                "verified": one.verified,
                "source": one.source or one.document,
                "set_by": one.set_by,
                "because": one.because,
            }
            for one in found.values()
        ),
        parameters={
            "legal_kinds": list(legal),
            "state_unleased_kinds": None if state is None else list(state),
            "as_of": day.isoformat(),
        },
        versions=versions(),
    )
