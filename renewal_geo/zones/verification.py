"""Trust nothing: re-derive every promise of a delineation from its inputs and tables alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from renewal_geo.contiguity import Contiguity
from renewal_geo.foundation.errors import ProofError, RenewalError, some_ids
from renewal_geo.foundation.quantities import M2_PER_HA
from renewal_geo.zones.certificate import numbered_proof
from renewal_geo.zones.pool import Candidates, candidates
from renewal_geo.zones.proof import replay
from renewal_geo.zones.publication import outline_faults, reason_faults
from renewal_geo.zones.terms import Terms

AREA_M2 = 0.01
FRONTAGE_M = 0.01
SHARE = 1e-9
RELATIVE = 1e-6
OPTIMAL_GAP = 1e-6
STATUSES = ("optimal", "feasible", "infeasible")


@dataclass(frozen=True, slots=True)
class Broken:
    """One broken promise: a code, what differs, and where."""

    code: str
    what: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether every promise holds; the broken ones in the order of checking, the first leads."""

    broken: tuple[Broken, ...]
    checks: int
    figures: Mapping[str, float]

    @property
    def ok(self) -> bool:
        """Whether nothing is broken."""
        return not self.broken

    @property
    def first(self) -> Broken | None:
        """The first broken promise."""
        return self.broken[0] if self.broken else None

    def __str__(self) -> str:
        if self.first is None:
            return (
                f"verified: {self.checks} promises hold, value {self.figures.get('objective', 0):,.4f}, "
                f"bound {self.figures.get('bound', 0):,.4f}"
            )
        where = f" (at {self.first.where})" if self.first.where else ""
        more = f"; {len(self.broken) - 1} more" if len(self.broken) > 1 else ""
        return f"broken: {self.first.code}: {self.first.what}{where}{more}"


def verify(
    record: Mapping[str, Any],
    parcels: gpd.GeoDataFrame,
    links: Contiguity,
    *,
    exclusions: gpd.GeoDataFrame | None = None,
    lock_in_areas: gpd.GeoDataFrame | None = None,
    published: Mapping[str, pd.DataFrame] | None = None,
) -> Verification:
    """Re-derive every promise of a published delineation from its files and inputs alone.

    Parameters
    ----------
    record
        The certificate.
    parcels, links, exclusions, lock_in_areas
        The inputs, read anew, and the contiguity derived anew from them.
    published
        Published tables to compare with what is re-derived: ``zones`` (by zone_id), ``parcels`` (by
        parcel_id), ``links``, ``envelopes``; any may be missing.

    Returns
    -------
    Verification
        Never raises for a broken promise; a record that cannot be read is one.

    Notes
    -----
    Uses no optimiser: the bound is replayed with numpy and scipy. Tolerances: area 0.01 m2, frontage 0.01
    m, shares 1e-9, values 1e-6 relative.
    """
    checker = _Checker(record, published or {})
    try:
        checker.run(parcels, links, exclusions, lock_in_areas)
    except (KeyError, TypeError, ValueError, RenewalError) as fault:
        what = fault.what if isinstance(fault, RenewalError) else f"{type(fault).__name__}: {fault}"
        checker.fail("unreadable", f"the certificate cannot be followed: {what}")
    return Verification(tuple(checker.broken), checker.checks, checker.figures)


class _Checker:
    """Walks through the promises and notes the broken ones."""

    def __init__(self, record: Mapping[str, Any], published: Mapping[str, pd.DataFrame]) -> None:
        self.record = record
        self.published = published
        self.broken: list[Broken] = []
        self.checks = 0
        self.figures: dict[str, float] = {}

    def fail(self, code: str, what: str, where: str = "") -> None:
        self.broken.append(Broken(code, what, where))

    def promise(self, holds: bool, code: str, what: str, where: str = "") -> bool:
        self.checks += 1
        if not holds:
            self.fail(code, what, where)
        return bool(holds)

    def run(
        self,
        parcels: gpd.GeoDataFrame,
        links: Contiguity,
        exclusions: gpd.GeoDataFrame | None,
        pilots: gpd.GeoDataFrame | None,
    ) -> None:
        terms = Terms.from_record(self.record["parameters"])
        found = candidates(parcels, links, terms, exclusions=exclusions, pilots=pilots)
        self._links(found)
        zones = self._zones(found)
        if zones is None:
            return
        self._status(zones)
        values = self._each_zone(found, zones, terms)
        self._together(found, zones, terms)
        if self.record["status"] != "infeasible":
            self._objective(values)
            self._bound(found)
        self._published_parcels(found, zones, terms)
        self._published_zones(found, zones, values)
        self._note(outline_faults(found, zones, terms, exclusions, self.published))

    def _links(self, found: Candidates) -> None:
        """Published links must be those that the inputs give, no more and no fewer."""
        given = self.published.get("links")
        parameters = self.record["parameters"]
        derived = found.links.derived
        for name, value in found.links.parameters.items():
            self.promise(
                abs(float(parameters.get(name, np.nan)) - value) < FRONTAGE_M if derived else True,
                "parameters",
                f"{name} is {parameters.get(name)}, the links were derived with {value}",
            )
        if given is None:
            return
        columns = ["focal", "neighbour"]
        ours = found.links.links
        both = ours.merge(
            given.astype({"focal": str, "neighbour": str}),
            on=columns,
            how="outer",
            suffixes=("", "_given"),
            indicator=True,
        )
        invented = both[both["_merge"] == "right_only"]
        missing = both[both["_merge"] == "left_only"]
        for rows, code, what in (
            (invented, "link_invented", "published links are not contiguous in the inputs"),
            (missing, "link_missing", "links of the inputs are not published"),
        ):
            where = some_ids(rows["focal"].astype(str) + " – " + rows["neighbour"].astype(str))
            self.promise(not len(rows), code, f"{len(rows)} {what}", where)
        common = both[both["_merge"] == "both"]
        for name in ("frontage_m", "gap_m"):
            off = common[(common[name] - common[f"{name}_given"]).abs() > FRONTAGE_M]
            where = some_ids(off["focal"].astype(str) + " – " + off["neighbour"].astype(str))
            self.promise(not len(off), "link_edited", f"{name} of {len(off)} links differs", where)
        off = common[common["kind"] != common["kind_given"]]
        self.promise(not len(off), "link_edited", f"kind of {len(off)} links differs")

    def _zones(self, found: Candidates) -> dict[str, np.ndarray] | None:
        """Return the rows of each zone, if they are known parcels, candidates, and disjoint."""
        index = found.table.index
        zones: dict[str, np.ndarray] = {}
        seen: dict[str, str] = {}
        sound = True
        for zone, members in self.record["zones"].items():
            rows = index.get_indexer([str(one) for one in members])  # type: ignore[arg-type]
            unknown = [one for one, row in zip(members, rows, strict=True) if row < 0]
            sound &= self.promise(
                not unknown, "unknown_parcel", f"{zone} names unknown parcels", some_ids(unknown)
            )
            twice = [one for one in members if seen.setdefault(str(one), zone) != zone]
            twice += [one for one in set(members) if list(members).count(one) > 1]
            sound &= self.promise(
                not twice, "not_disjoint", f"{zone} shares parcels", some_ids(twice)
            )
            zones[str(zone)] = rows
        if not sound:
            return None
        eligible = found.table["eligible"].to_numpy()
        for zone, rows in zones.items():
            bad = rows[~eligible[rows]]
            self.promise(
                not len(bad),
                "not_a_candidate",
                f"{zone} holds {len(bad)} parcels that may not be members",
                some_ids(index[bad]),
            )
        return zones

    def _status(self, zones: Mapping[str, np.ndarray]) -> None:
        status = self.record["status"]
        self.promise(status in STATUSES, "status", f"unknown status {status!r}")
        if status == "infeasible":
            self.promise(not zones, "status", "an infeasible answer has zones")
            empty = all(self.record.get(name) is None for name in ("objective", "bound", "gap"))
            self.promise(empty, "status", "an infeasible answer has an objective, a bound or a gap")
            self.promise(
                bool(self.record["conflict"]), "status", "an infeasible answer names no conflict"
            )

    def _each_zone(
        self, found: Candidates, zones: Mapping[str, np.ndarray], terms: Terms
    ) -> dict[str, tuple[float, float]]:
        """Check each zone by itself; return its net value and outline."""
        table, links = found.table, found.links.links
        focal = table.index.get_indexer(links["focal"])  # type: ignore[arg-type]
        neighbour = table.index.get_indexer(links["neighbour"])  # type: ignore[arg-type]
        length = links["frontage_m"].to_numpy(dtype=float)
        own = found.links.own_boundary_m.reindex(table.index).to_numpy(dtype=float)
        area = table["area_m2"].to_numpy()
        values: dict[str, tuple[float, float]] = {}
        for zone, rows in zones.items():
            inside = np.zeros(len(table), dtype=bool)
            inside[rows] = True
            size = float(area[rows].sum()) / M2_PER_HA
            slack = AREA_M2 / M2_PER_HA
            self.promise(
                _is_connected(rows, focal, neighbour, inside),
                "not_connected",
                f"{zone} is not connected by the links",
                zone,
            )
            self.promise(
                size >= terms.min_area_ha - slack,
                "min_area_ha",
                f"{zone} has {size:,.4f} ha, below {terms.min_area_ha:g}",
                zone,
            )
            self.promise(
                terms.max_area_ha is None or size <= terms.max_area_ha + slack,
                "max_area_ha",
                f"{zone} has {size:,.4f} ha, above {terms.max_area_ha}",
                zone,
            )
            for name, least in terms.min_share.items():
                share = float((area[rows] * table[f"share_{name}"].to_numpy()[rows]).sum())
                share /= max(float(area[rows].sum()), 1e-12)
                self.promise(
                    share >= least - SHARE,
                    "min_share",
                    f"{zone} has a share {name} of {share:.6f}, below {least:g}",
                    zone,
                )
            leaving = inside[focal] != inside[neighbour]
            outline = float(own[rows].sum() + length[leaving].sum())
            gross = float(table["value_total"].to_numpy()[rows].sum())
            values[zone] = (gross - terms.boundary_weight * outline, outline)
        return values

    def _together(self, found: Candidates, zones: Mapping[str, np.ndarray], terms: Terms) -> None:
        table = found.table
        area = table["area_m2"].to_numpy()
        label = np.full(len(table), -1)
        names = list(zones)
        for number, zone in enumerate(names):
            label[zones[zone]] = number
        total = float(area[label >= 0].sum()) / M2_PER_HA
        slack = AREA_M2 / M2_PER_HA
        self.figures["area_ha"] = total
        if self.record["status"] == "infeasible":
            return
        budget = terms.area_budget_ha
        self.promise(
            budget is None or total <= budget + slack,
            "area_budget_ha",
            f"the zones take {total:,.4f} ha of a budget of {budget}",
        )
        locked = table.index[(table["locked_in"] & (label < 0)).to_numpy()]
        self.promise(
            not len(locked), "lock_in", "parcels locked in are in no zone", some_ids(locked)
        )
        self.promise(
            not terms.min_zones or len(zones) >= terms.min_zones,
            "min_zones",
            f"{len(zones)} zones, fewer than {terms.min_zones}",
        )
        self.promise(
            not terms.max_zones or len(zones) <= terms.max_zones,
            "max_zones",
            f"{len(zones)} zones, more than {terms.max_zones}",
        )
        problem = found.problem
        chosen = label[found.order] >= 0
        for group in np.unique(problem.group[problem.group >= 0]):
            part = chosen[problem.group == group]
            ids = table.index[found.order[problem.group == group]]
            self.promise(
                bool(part.all() or not part.any()),
                "keep_together",
                "a group is neither whole in nor whole out",
                some_ids(ids),
            )
        self._touching(found, label, names, area, terms)

    def _touching(
        self, found: Candidates, label: np.ndarray, names: list[str], area: np.ndarray, terms: Terms
    ) -> None:
        links = found.links.links
        ends = np.stack(
            [label[found.table.index.get_indexer(links[c])] for c in ("focal", "neighbour")],  # type: ignore[arg-type]
            axis=1,
        )
        cross = (ends >= 0).all(axis=1) & (ends[:, 0] != ends[:, 1])
        limit = np.inf if terms.max_area_ha is None else terms.max_area_ha
        for u, v in np.unique(np.sort(ends[cross], axis=1), axis=0):
            union = float(area[(label == u) | (label == v)].sum()) / M2_PER_HA
            self.promise(
                union > limit - AREA_M2 / M2_PER_HA,
                "touching",
                f"{names[u]} and {names[v]} touch although one zone could hold both",
            )

    def _objective(self, values: Mapping[str, tuple[float, float]]) -> None:
        total = float(sum(net for net, _ in values.values()))
        self.figures["objective"] = total
        given = self.record["objective"]
        self.promise(
            given is not None and _same(given, total),
            "objective",
            f"the objective is given as {given}, the zones are worth {total:.6f}",
        )

    def _bound(self, found: Candidates) -> None:
        record = self.record
        ids = found.table.index.to_numpy()[found.order].astype(str)
        try:
            proven = replay(found.problem, numbered_proof(record["bound_proof"], ids))
        except ProofError as fault:
            self.fail("bound_proof", fault.what)
            return
        objective, bound = record["objective"], record["bound"]
        self.figures["bound"] = proven
        expected = max(proven, objective)
        self.promise(
            bound is not None and _same(bound, expected),
            "bound",
            f"the bound is given as {bound}, the proof yields {expected:.6f}",
        )
        self.promise(
            bound is None or objective <= bound + RELATIVE * max(abs(bound), 1e-9),
            "bound",
            f"the objective {objective} is above the bound {bound}",
        )
        if bound is None:
            return
        gap = abs(bound - objective) / max(abs(objective), 1e-9)
        self.promise(
            record["gap"] is not None and abs(record["gap"] - gap) <= RELATIVE * max(1.0, gap),
            "gap",
            f"the gap is given as {record['gap']}, it is {gap:.6g}",
        )
        optimal = gap <= OPTIMAL_GAP
        self.promise(
            record["status"] == ("optimal" if optimal else "feasible"),
            "status",
            f"the status is given as {record['status']!r} at a gap of {gap:.3g}",
        )

    def _published_parcels(
        self, found: Candidates, zones: Mapping[str, np.ndarray], terms: Terms
    ) -> None:
        given = self.published.get("parcels")
        if given is None:
            return
        table = found.table
        missing = table.index.difference(given.index)
        extra = given.index.difference(table.index)
        self.promise(
            not len(missing) and not len(extra),
            "parcels",
            f"{len(missing)} parcels are missing, {len(extra)} are unknown",
            some_ids([*missing, *extra]),
        )
        if len(missing) or len(extra):
            return
        given = given.reindex(table.index)
        zone_of = pd.Series("", index=table.index, dtype=object)
        for zone, rows in zones.items():
            zone_of.iloc[rows] = zone
        stated = given["zone_id"].astype(object).where(given["zone_id"].notna(), "").astype(str)
        self._compare("membership", stated != zone_of, "zone_id", table.index)
        for name, tolerance in (("area_m2", AREA_M2), ("value_total", None)):
            if name in given:
                numbers = pd.to_numeric(given[name], errors="coerce")
                self._compare(name, _differs(numbers, table[name], tolerance), name, table.index)
        for name in ("in_pool", "is_filler"):
            if name in given:
                self._compare(name, given[name].astype(bool) != table[name], name, table.index)
        if "reason" in given:
            faults = reason_faults(found, zones, terms, self.record["status"], given["reason"])
            self._note(faults)
        if isinstance(given, gpd.GeoDataFrame):
            same = shapely.equals_identical(
                shapely.normalize(shapely.force_2d(_single(given.geometry.to_numpy()))),
                shapely.normalize(shapely.force_2d(_single(found.parcels.geometry.to_numpy()))),
            )
            absent = given.geometry.isna().to_numpy() & found.parcels.geometry.isna().to_numpy()
            empty = given.geometry.is_empty.to_numpy() & found.parcels.geometry.is_empty.to_numpy()
            off = pd.Series(~(same | absent | empty), index=table.index)
            self._compare("geometry", off, "geometry of parcels", table.index)

    def _published_zones(
        self,
        found: Candidates,
        zones: Mapping[str, np.ndarray],
        values: Mapping[str, tuple[float, float]],
    ) -> None:
        given = self.published.get("zones")
        if given is None:
            return
        same = set(given.index.astype(str)) == set(zones)
        if not self.promise(
            same, "zones", "the layer of zones holds other zones than the certificate"
        ):
            return
        table = found.table
        area = table["area_m2"].to_numpy()
        for zone, rows in zones.items():
            stated = given.loc[zone]
            net, outline = values[zone]
            expected: dict[str, tuple[float, Callable[[float, float], bool]]] = {
                "area_m2": (float(area[rows].sum()), _near(AREA_M2)),
                "parcel_count": (float(len(rows)), _near(0.0)),
                "value": (float(table["value_total"].to_numpy()[rows].sum()), _same),
                "net_value": (net, _same),
                "outline_m": (outline, _near(FRONTAGE_M * max(1, len(rows)))),
            }
            for name in [c for c in table.columns if c.startswith("share_")]:
                part = float((area[rows] * table[name].to_numpy()[rows]).sum())
                expected[name] = (part / max(float(area[rows].sum()), 1e-12), _near(SHARE))
            for name, (figure, alike) in expected.items():
                if name in given.columns:
                    self.promise(
                        alike(float(stated[name]), figure),  # type: ignore[arg-type]
                        f"zones.{name}",
                        f"{name} of {zone} is given as {stated[name]}, it is {figure:.6f}",
                        zone,
                    )
            if isinstance(given, gpd.GeoDataFrame):
                union = shapely.union_all(shapely.force_2d(found.parcels.geometry.to_numpy()[rows]))
                off = shapely.symmetric_difference(union, stated[given.geometry.name]).area  # type: ignore[attr-defined, call-overload]
                self.promise(
                    off <= AREA_M2,
                    "zones.geometry",
                    f"{zone} differs from the union of its members by {off:,.3f} m2",
                    zone,
                )

    def _note(self, faults: Iterable[tuple[str, str, str]]) -> None:
        noted = list(faults)
        self.checks += 1
        for code, what, where in noted:
            self.fail(code, what, where)

    def _compare(self, code: str, off: pd.Series, name: str, index: pd.Index) -> None:
        bad = index[off.to_numpy(dtype=bool)]
        self.promise(
            not len(bad), f"parcels.{code}", f"{name} of {len(bad)} parcels differs", some_ids(bad)
        )


def _is_connected(
    rows: np.ndarray, focal: np.ndarray, neighbour: np.ndarray, inside: np.ndarray
) -> bool:
    place = np.full(len(inside), -1)
    place[rows] = np.arange(len(rows))
    inner = inside[focal] & inside[neighbour]
    ends = (place[focal[inner]], place[neighbour[inner]])
    graph = coo_array((np.ones(int(inner.sum())), ends), shape=(len(rows), len(rows)))
    count, _ = connected_components(graph, directed=False)
    return bool(count == 1)


def _same(given: float, figure: float) -> bool:
    return abs(float(given) - figure) <= RELATIVE * max(abs(figure), 1e-6)


def _near(tolerance: float) -> Callable[[float, float], bool]:
    return lambda given, figure: abs(given - figure) <= tolerance


def _differs(given: pd.Series, figure: pd.Series, tolerance: float | None) -> pd.Series:
    both_missing = given.isna() & figure.isna()
    limit = tolerance if tolerance is not None else RELATIVE * figure.abs().clip(lower=1e-6)
    return ~(((given - figure).abs() <= limit) | both_missing)


def _single(shapes: np.ndarray) -> np.ndarray:
    """A format may turn a polygon into a multipolygon of one part; that is no difference."""
    shapes = shapes.copy()
    one = (shapely.get_type_id(shapes) == 6) & (shapely.get_num_geometries(shapes) == 1)
    shapes[one] = shapely.get_geometry(shapes[one], 0)
    return shapes
