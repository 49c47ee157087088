"""Who is within reach: people, facilities, standards, and the way between them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.facilities.accessibility import Access, Decay, two_step
from renewal_geo.facilities.cover_sentences import sentence
from renewal_geo.facilities.cover_standards import (
    PER_THOUSAND,
    Standards,
    radius_rules,
    seat_rules,
)
from renewal_geo.facilities.cover_tables import (
    asked_for,
    checked_capacity,
    checked_demand,
    in_order,
    kinds_of,
    require_rows,
)
from renewal_geo.facilities.cover_ways import By, Ground, Places, ground_of
from renewal_geo.facilities.coverage import Coverage
from renewal_geo.foundation import crs as crs_rules
from renewal_geo.foundation import progress
from renewal_geo.foundation.errors import InputError, some_ids
from renewal_geo.foundation.facility_kinds import KINDS, kind_code, nearest_kinds
from renewal_geo.foundation.labels import LANGUAGES
from renewal_geo.foundation.provenance import Provenance
from renewal_geo.rules import Rule

if TYPE_CHECKING:
    from renewal_geo.rules import RuleSet
    from renewal_geo.spatial.networks import Network

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
COLUMNS = (
    "radius_m", "facilities", "capacity", "people", "covered", "share", "uncovered", "seats_needed",
    "seats_short", "rule_id", "verified", "set_by", "status", "seats_rule_id", "seats_verified",
    "text_zh", "text_en",
)  # fmt: skip


def cover(
    demand: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    *,
    standards: Standards | None = None,
    rules: RuleSet | None = None,
    kinds: Sequence[str] = (),
    by: By = "line",
    network: Network | gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    weight: str = "weight",
    capacity: str = "capacity",
    max_snap_m: float = 200.0,
    detour: float = 1.0,
    decay: Decay = "none",
    provenance: Provenance | None = None,
) -> Coverage:
    """Count the people within reach of public facilities, kind by kind.

    Parameters
    ----------
    demand
        k points or areas (a point inside them counts) by id, in a metric CRS; a column ``facility_kind``
        lets a row count for one kind only.
    facilities
        s points or areas by id in the same CRS, with a column ``kind`` (code or name, Chinese or English).
    standards
        Kind -> radius (m), or a :class:`renewal_geo.rules.Rule`; wins over `rules`. A bare number is
        checked by nobody: what rests on it is advisory.
    rules
        Rules in force: ``service.radius.<kind>`` (m), ``facility.seats_per_1000.<kind>``.
    kinds
        Kinds to look at; empty: those among the facilities, and those that `standards` name.
    by
        ``line``: straight lines. ``network``: along streets.
    network
        Street centre-lines or a network made of them; needed for ``network``.
    weight
        Column of people; empty: every row counts once.
    capacity
        Column of places (seats, beds); missing ones are not guessed.
    max_snap_m
        Places farther from every street have no access to it.
    detour
        For ``line``: by how much a way is longer than the straight line.
    decay
        ``none`` or ``gaussian``: what counts at the edge of a catchment.
    provenance
        Of the inputs.

    Returns
    -------
    Coverage
        covered + uncovered = people for every kind; rows of demand and facilities in the order given.

    Raises
    ------
    CRSError
        If the CRSs differ or cannot measure.
    SchemaError, InputError
        See :mod:`renewal_geo.facilities.cover_tables`; ``bad_limit``, ``bad_choice``,
        ``network_missing``, ``unknown_kind``.
    """
    notes: list[str] = []
    people = checked_demand(demand, weight, notes)
    require_rows(facilities, "facilities", may_be_empty=bool(standards or kinds))
    crs_rules.require_same(demand, facilities, ("the demand", "the facilities"))
    supply = checked_capacity(facilities, capacity)
    kind_of = kinds_of(facilities, notes)
    looked_at = _kinds(kind_of, standards, kinds)
    radii, seats = radius_rules(looked_at, standards, rules), seat_rules(looked_at, rules)
    ground = ground_of(by, network, max_snap_m=max_snap_m, detour=detour)
    notes += ground.network.notes if ground.network is not None else ()
    progress.report("facilities.snap", 0.0)
    case = _Case(demand, facilities, people, supply, kind_of, ground, notes)
    asked = asked_for(demand, looked_at)
    found = []
    for number, kind in enumerate(looked_at):
        progress.report("facilities.cover", number / len(looked_at))
        found.append(case.reach(kind, radii.get(kind), asked[kind], decay))
    case.say_unreachable(notes)
    table = _table(found, seats, ground)
    used = {one.rule_id: one for one in (*radii.values(), *seats.values())}
    return Coverage(
        table,
        _demand_table(demand, facilities.index, people, found),
        _facility_table(facilities, kind_of, supply, found, case.sites.off_m),
        _uncovered(demand, people, found),
        by,
        used,
        tuple(notes),
        provenance or Provenance(),
        detour,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Reach:
    """One kind: its radius, its facilities, and per row of demand the nearest one."""

    kind: str
    rule: Rule | None
    rows: Ints  # of the facilities
    asked: Bools
    nearest: Ints  # row of the facilities, -1 where none
    way: Floats
    covered: Bools
    access: Access
    people: float
    people_covered: float
    uncovered: float
    capacity: float

    @property
    def radius_m(self) -> float:
        return float(self.rule.value) if self.rule is not None else math.nan


class _Case:
    """Demand and facilities on one ground, in an order that is not that of the tables."""

    def __init__(
        self,
        demand: gpd.GeoDataFrame,
        facilities: gpd.GeoDataFrame,
        people: Floats,
        supply: Floats,
        kind_of: pd.Series,
        ground: Ground,
        notes: list[str],
    ) -> None:
        self.demand, self.facilities = demand, facilities
        self.people, self.supply = people, supply
        self.kinds = kind_of.to_numpy(dtype=object)
        self.ground, self.notes = ground, notes
        self.places: Places = ground.place(demand)
        self.sites: Places = ground.place(facilities)
        self.rows, self.site_rows = in_order(demand), in_order(facilities)

    def reach(self, kind: str, rule: Rule | None, asked: Bools, decay: Decay) -> _Reach:
        """Return who is within reach of a kind; without a radius only the nearest facility is known."""
        rows = self.rows[asked[self.rows]]
        own = self.site_rows[self.kinds[self.site_rows] == kind]
        places, sites = self.places.take(rows), self.sites.take(own)
        count = len(self.people)
        nearest, way = np.full(count, -1, dtype=np.int64), np.full(count, np.inf)
        found, way[rows] = self.ground.nearest(places, sites)
        nearest[rows] = np.where(found >= 0, own[found] if len(own) else -1, -1)
        covered = np.zeros(count, dtype=bool)
        access, inside = np.full(count, np.nan), np.full(len(self.supply), np.nan)
        ratio = inside.copy()
        if rule is not None:
            covered = way <= float(rule.value)
            costs = self.ground.ways(places, sites, float(rule.value))
            made = two_step(
                costs, self.people[rows], self.supply[own], float(rule.value), decay=decay
            )
            inside[own], ratio[own] = made.people, made.ratio
            if self._known_capacity(kind, own):
                access[rows] = made.access
        return _Reach(
            kind, rule, own, asked, nearest, way, covered, Access(access, ratio, inside),
            math.fsum(self.people[asked]), math.fsum(self.people[asked & covered]),
            math.fsum(self.people[asked & ~covered]), math.fsum(self.supply[own][np.isfinite(self.supply[own])]),
        )  # fmt: skip

    def _known_capacity(self, kind: str, own: Ints) -> bool:
        known = np.isfinite(self.supply[own])
        if len(own) and known.any() and not known.all():
            self.notes.append(
                f"{kind}: {int((~known).sum()):,} of {len(own):,} facilities name no capacity; places per "
                "person count the others only"
            )
        return bool(known.any())

    def say_unreachable(self, notes: list[str]) -> None:
        """Say who has no shape, and who has no street near enough."""
        for table, places, name in (
            (self.demand, self.places, "rows of demand"),
            (self.facilities, self.sites, "facilities"),
        ):
            bare = ~places.has_shape
            for lost, why in (
                (bare, "have no shape"),
                (
                    places.unreachable,
                    f"lie more than {self.ground.max_snap_m:g} m from every street",
                ),
            ):
                if lost.any():
                    who = (
                        f" ({math.fsum(self.people[lost]):,.0f} people)"
                        if table is self.demand
                        else ""
                    )
                    notes.append(
                        f"{int(lost.sum()):,} {name}{who} {why} and count as out of reach: "
                        f"{some_ids(sorted(table.index[lost].astype(str)))}"
                    )


def _kinds(kind_of: pd.Series, standards: Standards | None, asked: Sequence[str]) -> list[str]:
    """Return the kinds to look at, those that we know first, the others by name."""
    there = {one for one in kind_of if one}
    named = [kind_code(one) for one in asked]
    given = {kind_code(one) for one in standards or {}}
    for one in named:
        if one not in there and one not in KINDS and one not in given:
            raise InputError(
                f"there is no kind of facility {one!r}",
                where="kinds",
                fix=f"nearest: {nearest_kinds(one, [*sorted(there), *KINDS])}",
                code="unknown_kind",
            )
    wanted = set(named) or there | given
    return [*(one for one in KINDS if one in wanted), *sorted(wanted - set(KINDS))]


def _table(found: Sequence[_Reach], seats: Mapping[str, Rule], ground: Ground) -> pd.DataFrame:
    rows = {}
    for one in found:
        row = _figures(one, seats.get(one.kind))
        texts = {
            f"text_{lang}": sentence(one.kind, row, ground.by, ground.detour, lang)
            for lang in LANGUAGES
        }
        rows[one.kind] = {**row, **texts}
    made = pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS))
    return made.rename_axis("kind")


def _figures(one: _Reach, seat_rule: Rule | None) -> dict[str, Any]:
    rule = one.rule
    known = rule is not None and one.people > 0
    needed = (
        one.people * float(seat_rule.value) / PER_THOUSAND if seat_rule is not None else math.nan
    )
    capacity = one.capacity if one.capacity > 0 or not len(one.rows) else math.nan
    return {
        "radius_m": one.radius_m,
        "facilities": len(one.rows),
        "capacity": capacity,
        "people": one.people,
        "covered": one.people_covered if rule is not None else math.nan,
        "share": one.people_covered / one.people if known else math.nan,
        "uncovered": one.uncovered if rule is not None else math.nan,
        "seats_needed": needed,
        "seats_short": max(0.0, needed - capacity) if math.isfinite(needed) else math.nan,
        "rule_id": rule.rule_id if rule is not None else "",
        "verified": rule.verified if rule is not None else "",
        "set_by": rule.set_by if rule is not None else "",
        "status": _status(rule, one.people, one.uncovered),
        "seats_rule_id": seat_rule.rule_id if seat_rule is not None else "",
        "seats_verified": seat_rule.verified if seat_rule is not None else "",
        "given": rule is not None and rule.note == "given with the question",
        "rate": float(seat_rule.value) if seat_rule is not None else math.nan,
        "seats_decide": seat_rule is not None and seat_rule.decides,
    }


def _status(rule: Rule | None, people: float, uncovered: float) -> str:
    if rule is None or not people > 0:
        return "not_evaluable"
    if not rule.decides:
        return "advisory"
    return "fail" if uncovered > 0 else "pass"


def _demand_table(
    demand: gpd.GeoDataFrame, ids: pd.Index, people: Floats, found: Sequence[_Reach]
) -> gpd.GeoDataFrame:
    """Return the demand with its people, and per kind the nearest facility and whether it is near enough."""
    columns: dict[str, Any] = {"weight": people}
    named = np.append(ids.astype(str).to_numpy(dtype=object), "")
    for one in found:
        columns[f"nearest_{one.kind}"] = named[one.nearest]
        columns[f"distance_{one.kind}_m"] = np.where(np.isfinite(one.way), one.way, np.nan)
        if one.rule is not None:
            columns[f"covered_{one.kind}"] = one.covered
            columns[f"access_{one.kind}"] = one.access.access
    return _with_columns(demand, columns)


def _facility_table(
    facilities: gpd.GeoDataFrame,
    kind_of: pd.Series,
    supply: Floats,
    found: Sequence[_Reach],
    off_m: Floats,
) -> gpd.GeoDataFrame:
    """Return the facilities with the people in their catchment and the places per person."""
    people, ratio = np.full(len(facilities), np.nan), np.full(len(facilities), np.nan)
    for one in found:
        people[one.rows], ratio[one.rows] = one.access.people[one.rows], one.access.ratio[one.rows]
    columns = {
        "kind": kind_of.to_numpy(dtype=object),
        "capacity": supply,
        "people": people,
        "ratio": ratio,
        "snap_m": off_m,
    }
    return _with_columns(facilities, columns)


def _uncovered(
    demand: gpd.GeoDataFrame, people: Floats, found: Sequence[_Reach]
) -> gpd.GeoDataFrame:
    """Return the rows with people whom no facility of a kind reaches, kind by kind."""
    parts = []
    for one in found:
        if one.rule is None:
            continue
        lost = one.asked & ~one.covered & (people > 0)
        part = demand.geometry[lost].to_frame("geometry")
        part["demand_id"], part["kind"] = part.index.astype(str), one.kind
        part["weight"] = people[lost]
        part["distance_m"] = np.where(np.isfinite(one.way[lost]), one.way[lost], np.nan)
        parts.append(part)
    columns = ["demand_id", "kind", "weight", "distance_m", "geometry"]
    if not parts:
        return gpd.GeoDataFrame(columns=columns, geometry="geometry", crs=demand.crs)
    made = pd.concat(parts, ignore_index=True)[columns]
    return gpd.GeoDataFrame(made, geometry="geometry", crs=demand.crs)


def _with_columns(table: gpd.GeoDataFrame, columns: Mapping[str, Any]) -> gpd.GeoDataFrame:
    kept = table.drop(columns=[name for name in columns if name in table.columns])
    added = pd.DataFrame(dict(columns), index=table.index)
    return gpd.GeoDataFrame(
        pd.concat([kept, added], axis=1), geometry=table.geometry.name, crs=table.crs
    )
