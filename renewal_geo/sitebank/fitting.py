"""Whether a site may answer a need, pair by pair, and by how much it fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation.errors import Faults, some_ids
from renewal_geo.foundation.schema import as_text
from renewal_geo.sitebank.inputs import Needs, Sites
from renewal_geo.sitebank.words import use_fits

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
CRITERIA = ("area", "shape", "use", "date", "distance")
AREA_ROOM_M2 = 0.01
WIDTH_ROOM_M = 0.01
DISTANCE_ROOM_M = 1e-6
DAYS_A_YEAR = 365.0
OUT_OF_REACH_M = 1e12


@dataclass(frozen=True, slots=True)
class Terms:
    """What a pair costs, in metres: of distance, per day late, per m2 of the site that the need leaves."""

    distance: float
    late: float
    waste: float
    max_late_days: float


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """n needs by m sites.

    Attributes
    ----------
    area_short, width_short, late, over
        By how much the site fails (m2, m, days, m), 0 where it does not; NaN where nobody knows the site's
        width or day, inf where the site cannot be reached.
    use
        Whether the use fits.
    distance
        Metres, inf where unreachable.
    meets
        Criterion -> whether it is met.
    cost
        In metres; NaN where the pair is not feasible.
    """

    area_short: Floats
    width_short: Floats
    late: Floats
    over: Floats
    use: Bools
    distance: Floats
    meets: dict[str, Bools]
    cost: Floats

    @property
    def feasible(self) -> Bools:
        """Whether every criterion is met."""
        made: Bools = np.logical_and.reduce(list(self.meets.values()))
        return made


def fit(needs: Needs, sites: Sites, distance: Floats, terms: Terms) -> Fit:
    """Compare every need with every site of the bank."""
    area = np.maximum(needs.area_m2[:, None] - sites.area_m2, 0.0)
    area[area <= AREA_ROOM_M2] = 0.0
    asked = np.nan_to_num(needs.width_m)[:, None]
    width = np.where(asked > 0, np.maximum(asked - sites.width_m, 0.0), 0.0)
    width[width <= WIDTH_ROOM_M] = 0.0
    late = _late(needs, sites)
    limit = np.where(np.isnan(needs.farthest_m), np.inf, needs.farthest_m)[:, None]
    reached = np.isfinite(distance)
    with np.errstate(invalid="ignore"):
        over = np.where(reached, np.maximum(distance - limit, 0.0), np.inf)
    over[over <= DISTANCE_ROOM_M] = 0.0
    use = _uses(needs, sites)
    meets = {
        "area": area == 0,
        "shape": width == 0,
        "use": use,
        "date": late <= terms.max_late_days,
        "distance": over == 0,
    }
    spare = np.maximum(sites.area_m2 - needs.area_m2[:, None], 0.0)
    good = np.logical_and.reduce(list(meets.values()))
    cost = terms.distance * distance + terms.late * late + terms.waste * spare
    return Fit(area, width, late, over, use, distance, meets, np.where(good, cost, np.nan))


def shortfall(one: Fit, needs: Needs, terms: Terms) -> Floats:
    """Return how badly each pair fails: the sum of what is short as shares of what is asked.

    A wrong use, an unknown day and an unknown width count 1 each, lateness beyond what is allowed counts by the
    year, a site out of reach more than anything else.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        area = one.area_short / needs.area_m2[:, None]
        width = one.width_short / needs.width_m[:, None]
        late = np.maximum(one.late - terms.max_late_days, 0.0) / DAYS_A_YEAR
        over = np.minimum(one.over, OUT_OF_REACH_M) / np.maximum(needs.farthest_m, 1.0)[:, None]
    parts = [
        np.where(one.meets["area"], 0.0, area),
        np.where(one.meets["shape"], 0.0, np.nan_to_num(width, nan=1.0)),
        np.where(one.use, 0.0, 1.0),
        np.where(one.meets["date"], 0.0, np.nan_to_num(late, nan=1.0)),
        np.where(one.meets["distance"], 0.0, np.nan_to_num(over, nan=OUT_OF_REACH_M)),
    ]
    total: Floats = np.sum(parts, axis=0)
    return total


def distances_between(needs: Needs, sites: Sites, given: Any, faults: Faults) -> Floats:
    """Return metres from every need to every site: straight lines between points, or what is given.

    `given` is a table (index need ids, columns site ids), or an array or sparse matrix in the order of the
    caller's rows (all sites of the table); missing, absent and infinite entries are unreachable.
    """
    if given is None:
        return np.asarray(shapely.distance(needs.spot[:, None], sites.spot), dtype=float)
    if isinstance(given, pd.DataFrame):
        made = _by_ids(given, needs, sites, faults)
    else:
        made = _by_rows(given, needs, sites, faults)
    bad = made < 0
    if bad.any():
        rows = needs.ids[bad.any(axis=1)]
        faults.add(
            f"{int(bad.sum())} distances are negative",
            where=f"distances of the needs {some_ids(rows)}",
            fix="give metres, from 0 up",
            code="bad_figure",
        )
    return np.where(np.isnan(made), np.inf, made)


def _by_ids(given: pd.DataFrame, needs: Needs, sites: Sites, faults: Faults) -> Floats:
    table = given.set_axis(as_text(pd.Series(given.index)).to_numpy(), axis=0)
    table = table.set_axis(as_text(pd.Series(table.columns)).to_numpy(), axis=1)
    for role, wanted, known in (
        ("needs", needs.ids, table.index),
        ("sites", sites.ids, table.columns),
    ):
        lost = [one for one in wanted if one not in known]
        if lost or known.has_duplicates:
            twice = list(known[known.duplicated()])
            faults.add(
                f"the table of distances lacks {len(lost)} {role} and names {len(twice)} twice",
                where=f"distances: {some_ids(lost or twice)}",
                fix="give one row per need and one column per site; leave cells empty where there is no way",
                code="unknown_ids",
            )
    if faults.found:
        return np.zeros((len(needs.at), len(sites.at)))
    return table.loc[list(needs.ids), list(sites.ids)].to_numpy(dtype=float)


def _by_rows(given: Any, needs: Needs, sites: Sites, faults: Faults) -> Floats:
    shape = (len(needs.table), len(sites.table))
    if tuple(given.shape) != shape:
        faults.add(
            f"the matrix of distances is {given.shape[0]} by {given.shape[1]}, not {shape[0]} by {shape[1]}",
            where="distances",
            fix="give one row per need and one column per site of the tables",
            code="bad_shape",
        )
        return np.zeros((len(needs.at), len(sites.at)))
    if hasattr(given, "tocoo"):
        entries = given.tocoo()
        made = np.full(shape, np.inf)
        made[entries.coords if hasattr(entries, "coords") else (entries.row, entries.col)] = (
            entries.data
        )
    else:
        made = np.asarray(given, dtype=float)
    return made[np.ix_(needs.at, sites.at)]


def _late(needs: Needs, sites: Sites) -> Floats:
    """Return days from the need's day to the site's, 0 at the least; NaN where the site has none."""
    gone = (sites.ready - needs.due[:, None]) / np.timedelta64(1, "D")
    late = np.maximum(gone, 0.0)
    late[np.isnat(needs.due)] = 0.0
    late[:, sites.at_once] = 0.0
    return late


def _uses(needs: Needs, sites: Sites) -> Bools:
    """Return which uses fit; equal lists are compared once."""
    wanted, given = dict.fromkeys(needs.uses), dict.fromkeys(sites.uses)
    fits = {(a, b): use_fits(a, b) for a in wanted for b in given}
    made = [[fits[a, b] for b in sites.uses] for a in needs.uses]
    return np.array(made, dtype=bool).reshape(len(needs.at), len(sites.at))
