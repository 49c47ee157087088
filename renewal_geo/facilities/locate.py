"""Where facilities should go: least sites, most people, least or shortest way, each with its proof."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.facilities.locate_answers import answer, contradictions, losses, unserved
from renewal_geo.facilities.locate_distances import costs_at, nearest_chosen
from renewal_geo.facilities.locate_question import COVERING, Question, pose
from renewal_geo.facilities.locate_reasons import reasons_of
from renewal_geo.facilities.location import Location
from renewal_geo.foundation.provenance import Provenance, versions
from renewal_geo.solvers.capacitated import Allotment
from renewal_geo.solvers.siting import Choice

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PLAIN = (str, int, float, bool, type(None))
OPTIMAL = 1e-6  # relative gap that counts as none
PART = 1e-6  # share of a row that is too little to list


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Rows of demand, or parts of them, each with the site that serves it (-1: none), cost and weight."""

    row: Ints
    site: Ints
    cost: Floats
    weight: Floats


def locate(
    demand: pd.DataFrame | None = None,
    sites: pd.DataFrame | None = None,
    *,
    model: str = "mclp",
    p: int | None = None,
    radius_m: float | None = None,
    weight: Any = None,
    costs: Any = None,
    existing: Any = None,
    required: Iterable[Any] = (),
    forbidden: Iterable[Any] = (),
    capacity: Any = None,
    min_area_m2: float | None = None,
    exclusive: Any = None,
    max_dist_m: float | None = None,
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    seed: int = 0,
) -> Location:
    """Choose sites for public facilities, with a bound on how much better any other choice could be.

    Parameters
    ----------
    demand
        n rows indexed by their ids: points, or areas, which are taken at their centroid. None: `costs` are
        all there is, and the ids 0 to n-1.
    sites
        m candidate sites indexed by their ids, in the same projected CRS in metres: points, or areas, which
        are taken at a point on their surface. Columns ``required, forbidden, exclusive_group, capacity,
        area_m2`` are honoured.
    model
        ``lscp``: the fewest sites within `radius_m` of all demand that can be reached. ``mclp``: the `p`
        sites within `radius_m` of the greatest weight. ``p_median``: the `p` sites of the least sum of
        weight x cost. ``p_center``: the `p` sites of the least largest cost.
    p
        Number of sites, the required ones among them, the existing ones not.
    radius_m, max_dist_m
        Straight-line metres, or units of `costs`, up to and including which a site serves: of the covering
        models; of the others, beyond which a site does not serve at all.
    weight
        Column of demand, a number, or one per row; by default column ``weight`` or ``population``, else 1.
    costs
        n x m costs instead of distances, dense (inf: out of reach) or scipy sparse (absent: out of reach,
        a stored 0 is a cost of 0); a table of costs is matched by its labels.
    existing
        Ids of sites that are open already, or a table of facilities in the form of `sites`. They serve and
        count in neither `p` nor the objective of lscp.
    required, forbidden
        Ids of sites that must, or may not, be open.
    capacity
        Weight that a site can serve: a column of sites, a number, or one per site; missing: any. A row
        of demand may then be split between sites, and is listed once for each.
    min_area_m2
        Sites smaller than this are not used (``area_m2``, else the area of the polygon).
    exclusive
        Lists of ids, or a column of sites, of which at most one each may be open.
    time_limit_s, gap, seed
        Wall-clock seconds of the call; proven relative gap at which to stop; of the search.

    Returns
    -------
    Location
        The same for any order of rows unless the clock ended the search: equal answers are told apart by
        the order of the ids.

    Raises
    ------
    InputError
        ``unknown_model, bad_count, bad_limit, bad_weight, bad_cost, unknown_site, unknown_column,
        required_and_forbidden, bad_capacity, no_area, no_costs, empty_layer``: a question that makes no
        sense. A question that has no answer is a result of status ``infeasible``.
    SchemaError
        ``duplicate_id, cost_shape``.
    CRSError, GeometryError
        For layers that cannot be measured.

    Examples
    --------
    >>> costs = np.array([[1.0, 9.0], [2.0, 9.0], [9.0, 1.0]])
    >>> print(locate(costs=costs, model="mclp", p=1, radius_m=5))
    mclp: 1 sites, objective 2.00, proven optimal
    """
    asked: dict[str, Any] = {
        "model": model,
        "p": p,
        "radius_m": radius_m,
        "weight": weight,
        "costs": costs,
        "existing": existing,
        "required": required,
        "forbidden": forbidden,
        "capacity": capacity,
        "min_area_m2": min_area_m2,
        "exclusive": exclusive,
        "max_dist_m": max_dist_m,
        "time_limit_s": time_limit_s,
        "gap": gap,
        "seed": seed,
    }
    began = time.monotonic()
    question = pose(demand, sites, asked)
    choice = answer(question, time_limit_s=time_limit_s, gap=gap, seed=seed)
    conflict = [*contradictions(question), *unserved(question, choice)]
    asked = {name: value for name, value in asked.items() if isinstance(value, PLAIN)}
    return _location(question, choice, conflict, asked, began + time_limit_s)


def _location(
    question: Question,
    choice: Choice,
    conflict: list[dict[str, object]],
    asked: dict[str, Any],
    end: float,
) -> Location:
    """Put a choice into tables in the caller's order and ids."""
    answered = not conflict
    objective = choice.objective if answered else None
    bound = choice.bound if answered else None
    share = (
        None
        if objective is None or bound is None
        else abs(bound - objective) / max(abs(objective), 1e-9)
    )
    proven = choice.closed or (share is not None and share <= OPTIMAL)
    parts = _shared(question, choice)
    chosen = _chosen(question, choice, parts, end)
    unknown = int(chosen["loss"].isna().sum())
    late = f"the time was over before the loss of {unknown} sites was known"
    return Location(
        model=question.model,
        chosen=chosen,
        assignment=_assignment(question, parts),
        uncoverable=_uncoverable(question),
        status="infeasible" if conflict else "optimal" if proven else "feasible",
        stopped_by="" if conflict or proven else choice.stopped_by,
        objective=objective,
        bound=bound,
        gap=share,
        radius_m=question.limit if question.model in COVERING else None,
        p=question.p,
        parameters=asked,
        conflict=tuple(conflict),
        notes=(*question.notes, late) if unknown else question.notes,
        provenance=Provenance(parameters=dict(asked), versions=versions(), seed=asked["seed"]),
    )


def _chosen(
    question: Question, choice: Choice, parts: Parts, end: float
) -> pd.DataFrame | gpd.GeoDataFrame:
    roles, plan = question.roles, choice.chosen
    spare = np.setdiff1d(question.free, plan)
    why = reasons_of(question.model, question.costs, question.weight, plan, spare, roles.groups)
    loss, loss_after = why.loss, why.loss_after
    if isinstance(choice, Allotment) and roles.capacity is not None:
        loss, loss_after = losses(question, choice, why.next_best, end)
    held = parts.site >= 0
    load = np.bincount(parts.site[held], parts.weight[held], minlength=len(roles.existing))
    next_best = np.array([None] * len(plan), dtype=object)
    known = why.next_best >= 0
    next_best[known] = np.asarray(question.site_ids, dtype=object)[why.next_best[known]]
    role = np.where(
        roles.existing[plan], "existing", np.where(roles.required[plan], "required", "new")
    )
    table = pd.DataFrame(
        {
            "role": role.astype(object),
            "weight": load[plan],
            "only_here": why.only_here,
            "loss": loss,
            "next_best": next_best,
            "loss_after": loss_after,
        },
        index=question.site_ids[plan].rename("site_id"),
    )
    order = np.argsort(question.site_place[plan], kind="stable")
    return _with_shapes(table.iloc[order], question.sites, question.site_place[plan][order])


def _shared(question: Question, choice: Choice) -> Parts:
    """Return who serves whom: the nearest open site, or the parts where capacities share the demand out."""
    if isinstance(choice, Allotment) and question.roles.capacity is not None:
        row, site, share = choice.part_row, choice.part_site, choice.part_share
        of_row = np.bincount(row, share, minlength=len(question.weight))
        left = np.flatnonzero(of_row < 1 - PART)
        row = np.concatenate([row, left])
        site = np.concatenate([site, np.full(len(left), -1)])
        share = np.concatenate([share, 1 - of_row[left]])
        cost = np.full(len(row), np.nan)
        held = site >= 0
        cost[held] = costs_at(question.costs, row[held], site[held])
        order = np.lexsort((site, row))
        return Parts(row[order], site[order], cost[order], (question.weight[row] * share)[order])
    served, cost = nearest_chosen(question.costs, choice.chosen)
    return Parts(np.arange(len(served)), served, cost, question.weight)


def _assignment(question: Question, parts: Parts) -> pd.DataFrame:
    site = np.array([None] * len(parts.row), dtype=object)
    held = parts.site >= 0
    site[held] = np.asarray(question.site_ids, dtype=object)[parts.site[held]]
    table = pd.DataFrame(
        {"site_id": site, "cost": parts.cost, "weight": parts.weight},
        index=question.demand_ids[parts.row].rename("demand_id"),
    )
    return table.iloc[np.argsort(question.demand_place[parts.row], kind="stable")]


def _uncoverable(question: Question) -> pd.DataFrame | gpd.GeoDataFrame:
    """Return the demand that no site that may be open reaches."""
    lost = np.flatnonzero(~question.coverable)
    lost = lost[np.argsort(question.demand_place[lost], kind="stable")]
    table = pd.DataFrame(
        {"weight": question.weight[lost]}, index=question.demand_ids[lost].rename("demand_id")
    )
    return _with_shapes(table, question.demand, question.demand_place[lost])


def _with_shapes(
    table: pd.DataFrame, source: pd.DataFrame | None, places: Ints
) -> pd.DataFrame | gpd.GeoDataFrame:
    """Add name and geometry of the rows of the caller's table."""
    if source is None:
        return table
    if "name" in source:
        table = table.assign(name=source["name"].to_numpy()[places])
    if not isinstance(source, gpd.GeoDataFrame):
        return table
    return gpd.GeoDataFrame(table, geometry=source.geometry.to_numpy()[places], crs=source.crs)
