"""The passes over public facilities: who is within reach, and where the next ones should go."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo import facilities, io, report
from renewal_geo.facilities.cover_standards import RADIUS, radius_rules
from renewal_geo.facilities.cover_tables import asked_for
from renewal_geo.facilities.cover_ways import Ground
from renewal_geo.foundation import expressions, progress
from renewal_geo.foundation.errors import InputError, some_ids
from renewal_geo.foundation.facility_kinds import KINDS, kind_code, nearest_kinds
from renewal_geo.foundation.labels import described
from renewal_geo.foundation.settings import SETTINGS
from renewal_geo.foundation.study import Study
from renewal_geo.rules import Rule
from renewal_geo.spatial.catchments import reached_streets
from renewal_geo.workflow.facility_files import demand_role, write_answer
from renewal_geo.workflow.studies import Given, reading_notes, rules_of, with_options

COVERING = ("lscp", "mclp")


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """A coverage, the sites chosen where they were asked for, the files, what was decided.

    Attributes
    ----------
    coverage
        As the facilities are now.
    kind, location
        What was sought, and the answer; empty and None for ``cover``.
    after
        Coverage of that kind with the chosen sites, where it has a radius.
    sites
        The candidate sites.
    streets
        What is reached along streets, by kind, for ``by = network``.
    """

    coverage: facilities.Coverage
    notes: tuple[str, ...]
    kind: str = ""
    location: facilities.Location | None = None
    after: facilities.Coverage | None = None
    sites: gpd.GeoDataFrame | None = None
    streets: gpd.GeoDataFrame | None = None
    files: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.location is None:
            return str(self.coverage)
        said = report.location_sentence(self.location, self.kind, self.coverage, self.after, "en")
        return f"by {self.coverage.by}: {said}"


def cover(path: Path, out: Path, given: Given) -> Served:
    """Count who is within reach of the facilities of a study, and write layers, workbook, map and record."""
    return cover_study(with_options(io.open_study(path, needs=("facilities",)), given), out)


def cover_study(study: Study, out: Path) -> Served:
    """Count for a study that is open already; everything else as :func:`cover`."""
    case = case_of(study)
    found = case.coverage()
    notes = tuple(dict.fromkeys((*reading_notes(study), *case.notes, *found.notes)))
    made = Served(found, notes, streets=case.streets(found), sites=study.get("sites"))
    return write_answer("cover", made, study, out)


def locate(path: Path, out: Path, given: Given) -> Served:
    """Choose sites for one kind of facility, and write them with the coverage before and after."""
    study = with_options(io.open_study(path, needs=("facilities", "sites")), given)
    return write_answer("locate", located(study), study, out)


def located(study: Study) -> Served:
    """Return the sites chosen for the kind that a study asks for."""
    case = case_of(study)
    kind = case.kind_asked()
    before = case.coverage()
    candidates = case.candidates()
    placed, existing, notes = case.with_existing(candidates, kind)
    rows = asked_for(case.demand, [kind])[kind]
    demand = case.demand[rows]
    asked = case.asked
    radius = case.radius_of(kind, asked["model"])
    progress.report("facilities.locate", 0.2)
    answer = facilities.locate(
        _points(demand),
        placed,
        model=asked["model"],
        p=asked["p"] or None,
        radius_m=radius if asked["model"] in COVERING else None,
        weight=case.people[rows],
        costs=case.costs(demand, placed, radius),
        existing=existing,
        required=asked["required"],
        forbidden=asked["forbidden"],
        min_area_m2=asked["min_area_m2"],
        max_dist_m=None if asked["model"] in COVERING else asked["max_dist_m"],
        time_limit_s=asked["time_limit_s"],
        gap=asked["gap"],
        seed=asked["seed"],
    )
    answer = _drawn(answer, candidates, case.there)
    after = case.coverage_with(kind, answer, candidates)
    conflict = [f"conflict: {described(one, 'en')}" for one in answer.conflict]
    notes += case.without_street(placed)
    said = (*reading_notes(study), *case.notes, *before.notes, *notes, *answer.notes, *conflict)
    return Served(
        before,
        tuple(dict.fromkeys(said)),
        kind,
        answer,
        after,
        candidates,
        case.streets(before if after is None else after),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """People and facilities of a study, its rules, and the ground that ways are measured on."""

    study: Study
    asked: Mapping[str, Any]
    demand: gpd.GeoDataFrame
    there: gpd.GeoDataFrame
    ground: Ground
    weight: str
    rules: Any
    notes: tuple[str, ...]

    def coverage(self, **changed: Any) -> facilities.Coverage:
        """Return who is within reach of what there is."""
        asked = self.asked
        terms = {
            "standards": asked["radius"],
            "rules": self.rules,
            "kinds": asked["kinds"],
            "by": asked["by"],
            "network": self.ground.network,
            "weight": self.weight,
            "max_snap_m": asked["max_snap_m"],
            "detour": asked["detour"],
            "decay": asked["decay"],
            "provenance": self.study.provenance,
        } | changed
        there = terms.pop("facilities", self.there)
        return facilities.cover(self.demand, there, **terms)

    @property
    def people(self) -> np.ndarray:
        """People of every row; what has none counts as nobody."""
        if not self.weight:
            return np.ones(len(self.demand))
        numbers = pd.to_numeric(self.demand[self.weight], errors="coerce")
        people: np.ndarray = np.nan_to_num(numbers.to_numpy(dtype=float, na_value=np.nan))
        return people

    def kind_asked(self) -> str:
        """Return the kind to find sites for.

        Raises
        ------
        InputError
            ``kind_missing``, ``unknown_kind``.
        """
        there = [kind_code(one) for one in self.there["kind"].dropna()]
        kind = kind_code(self.asked["kind"])
        known = [*dict.fromkeys([*there, *map(kind_code, self.asked["radius"]), *KINDS])]
        if kind in known:
            return kind
        raise InputError(
            "no kind of facility is named" if not kind else f"there is no kind {kind!r}",
            where="[facilities] kind",
            fix=f"one of: {nearest_kinds(kind, known)}, as in --kind 幼儿园",
            code="unknown_kind" if kind else "kind_missing",
        )

    def radius_of(self, kind: str, model: str) -> float | None:
        """Return the service radius (m) of a kind, which a covering model needs."""
        rule: Rule | None = radius_rules([kind], self.asked["radius"], self.rules).get(kind)
        if rule is not None:
            return float(rule.value)
        if model in COVERING:
            raise InputError(
                f"{model} needs a service radius, and none is known for {kind}",
                where=f"[facilities] radius, rule {RADIUS}.{kind}",
                fix=f"give one, as in --radius {kind}=500, or set the rule in study.toml with a reason",
                code="radius_missing",
            )
        return None

    def candidates(self) -> gpd.GeoDataFrame:
        """Return the sites that may be chosen, each with its area where it is drawn as one."""
        sites = _picked(self.study.table("sites"), self.asked["sites_where"], "sites_where")
        if "area_m2" not in sites.columns:
            drawn = sites.geometry.area
            sites = sites.assign(area_m2=drawn.where(drawn > 0))
        bare = sites.geometry.isna() | sites.geometry.is_empty
        return gpd.GeoDataFrame(sites[~bare])

    def with_existing(
        self, sites: gpd.GeoDataFrame, kind: str
    ) -> tuple[gpd.GeoDataFrame, list[str], list[str]]:
        """Return sites and existing facilities of a kind as points, the ids of these, and notes."""
        kinds = self.there["kind"].map(kind_code, na_action="ignore")
        own = self.there[(kinds == kind) & self.asked["existing"]]
        own = own[~(own.geometry.isna() | own.geometry.is_empty)]
        twice = sites.index.intersection(own.index)
        if len(twice):
            own = own.set_axis([f"{EXISTING}{one}" for one in own.index])
        kept = ["required", "forbidden", "exclusive_group", "area_m2", "name"]
        kept += ["capacity"] if self.asked["capacitated"] else []
        parts = [_points(one)[[c for c in (*kept, "geometry") if c in one]] for one in (sites, own)]
        parts[1] = parts[1].drop(columns=["required", "forbidden"], errors="ignore")
        placed = pd.concat([part.dropna(axis=1, how="all") for part in parts])
        lost = len(self.study.table("sites")) - len(sites)
        notes = [f"{lost:,} sites are not picked or have no shape"] if lost else []
        return (
            gpd.GeoDataFrame(placed, geometry="geometry", crs=sites.crs),
            [str(one) for one in own.index],
            notes,
        )

    def costs(self, demand: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, radius: float | None) -> Any:
        """Return the ways along streets or with a detour; straight lines are measured by `locate` itself."""
        if self.ground.network is None and self.ground.detour == 1.0:
            return None
        model = self.asked["model"]
        limit = radius if model in COVERING else self.asked["max_dist_m"]
        places, ends = self.ground.place(demand), self.ground.place(sites)
        return self.ground.ways(places, ends, np.inf if limit is None else limit)

    def without_street(self, sites: gpd.GeoDataFrame) -> list[str]:
        """Say which sites no street is near enough to."""
        lost = self.ground.place(sites).unreachable
        if not lost.any():
            return []
        return [
            (
                f"{int(lost.sum()):,} sites lie more than {self.ground.max_snap_m:g} m from every street and can "
                f"serve nobody: {some_ids(sorted(sites.index[lost].astype(str)))}"
            )
        ]

    def coverage_with(
        self, kind: str, answer: facilities.Location, sites: gpd.GeoDataFrame
    ) -> facilities.Coverage | None:
        """Return the coverage of a kind once the chosen sites are open; None without a radius."""
        if self.radius_of(kind, "") is None:
            return None
        chosen = answer.chosen.index[answer.chosen["role"] != "existing"]
        named = sites["capacity"].reindex(chosen) if "capacity" in sites else np.nan
        new = gpd.GeoDataFrame(
            pd.DataFrame({"kind": kind, "capacity": named}, index=chosen),
            geometry=sites.geometry.reindex(chosen),
            crs=sites.crs,
        )
        kinds = self.there["kind"].map(kind_code, na_action="ignore")
        own = self.there[kinds == kind]
        own = own.set_axis([f"{EXISTING}{one}" for one in own.index])
        columns = [c for c in ("kind", "capacity", "geometry") if c in own]
        parts = [part for part in (own[columns], new[columns]) if len(part)]
        if not parts:
            return None
        return self.coverage(facilities=gpd.GeoDataFrame(pd.concat(parts)), kinds=[kind])

    def streets(self, found: facilities.Coverage) -> gpd.GeoDataFrame | None:
        """Return the streets within reach of each kind, where ways are measured along them."""
        network = self.ground.network
        if network is None:
            return None
        rows = []
        for kind, row in found.table.iterrows():
            if not np.isfinite(row["radius_m"]):
                continue
            own = found.facilities[(found.facilities["kind"] == kind).to_numpy()]
            sites = self.ground.place(own).snapped
            if sites is not None:
                reached = reached_streets(network, sites, float(row["radius_m"]))
                rows.append((kind, row["radius_m"], float(shapely.length(reached).sum()), reached))
        return gpd.GeoDataFrame(
            {
                "kind": [one[0] for one in rows],
                "radius_m": [one[1] for one in rows],
                "length_m": [one[2] for one in rows],
            },
            geometry=[shapely.multilinestrings(list(one[3])) for one in rows],
            crs=network.crs,
        )


EXISTING = "facility:"


def case_of(study: Study) -> Case:
    """Return people and facilities of a study as its settings ask for them."""
    asked = {key: one.default for key, one in SETTINGS["facilities"].items()}
    asked |= study.settings.get("facilities", {})
    _require_limits(asked)
    role = demand_role(study)
    demand = _picked(study.table(role), asked["demand_where"], "demand_where")
    weight = asked["weight"] or ("weight" if "weight" in demand.columns else "")
    notes = [] if weight else [f"every row of {role} counts once: no column of people is named"]
    streets = study.table(asked["network"]) if asked["by"] == "network" else None
    ground = facilities.ground_of(
        asked["by"],
        streets,
        max_snap_m=asked["max_snap_m"],
        detour=asked["detour"],
        noded=asked["noded"],
    )
    if ground.network is not None:
        notes.append(f"streets: {ground.network}")
    there = _with_kinds(study.table("facilities"), asked["kind_where"])
    return Case(study, asked, demand, there, ground, weight, rules_of(study), tuple(notes))


def _with_kinds(table: gpd.GeoDataFrame, picks: Mapping[str, str]) -> gpd.GeoDataFrame:
    """Return the facilities with the kinds that expressions pick; without one, with those they have."""
    if not picks:
        return table
    kinds = pd.Series("", index=table.index, dtype=object)
    for kind, text in picks.items():
        rows = expressions.select(text, table, where=f"[facilities] kind_where {kind}")
        kinds[rows.to_numpy()] = kind
    return table.assign(kind=kinds)


def _picked(table: gpd.GeoDataFrame, text: str, key: str) -> gpd.GeoDataFrame:
    if not text.strip():
        return table
    rows = expressions.select(text, table, where=f"[facilities] {key}")
    if not rows.any():
        raise InputError(
            f"{key} = {text!r} selects none of {len(table):,} rows",
            where=f"[facilities] {key}",
            fix="check the values of the column, or leave it empty",
            code="selects_nothing",
        )
    return table[rows.to_numpy()]


def _points(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return table.set_geometry(table.geometry.representative_point())


def _drawn(
    answer: facilities.Location, sites: gpd.GeoDataFrame, there: gpd.GeoDataFrame
) -> facilities.Location:
    """Give the chosen sites the shapes that the study draws, instead of a point in each."""
    shapes: dict[str, Any] = {str(key): shape for key, shape in there.geometry.items()}
    shapes |= {f"{EXISTING}{key}": shape for key, shape in there.geometry.items()}
    shapes |= {str(key): shape for key, shape in sites.geometry.items()}
    chosen = gpd.GeoDataFrame(
        answer.chosen, geometry=[shapes[one] for one in answer.chosen.index], crs=sites.crs
    )
    return dataclasses.replace(answer, chosen=chosen)


def _require_limits(asked: Mapping[str, Any]) -> None:
    if not 0 <= asked["gap"] < 1:
        raise InputError(
            f"gap is {asked['gap']}",
            where="[facilities] gap",
            fix="give a share from 0 up to, and not, 1",
            code="bad_limit",
        )
