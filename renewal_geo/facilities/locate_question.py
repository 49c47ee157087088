"""What is asked of `locate`, checked and put into one order that no reordering of rows changes."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse

from renewal_geo.facilities.locate_distances import given_costs, straight_lines
from renewal_geo.facilities.locate_sites import Roles, check_count, roles_of
from renewal_geo.foundation.crs import require_same
from renewal_geo.foundation.errors import Faults, InputError, SchemaError, some_ids

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
MODELS = ("lscp", "mclp", "p_median", "p_center")
COVERING = ("lscp", "mclp")
PLANS = ("required", "forbidden", "exclusive_group")  # of sites, not of what is built
WEIGHTS = ("weight", "population")  # columns that are taken as the weight where none is named


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """n rows of demand and m sites in the order of their ids, with what may and must be.

    Attributes
    ----------
    demand, sites
        As given, existing facilities appended to the sites; None where only costs are.
    demand_ids, site_ids
        In the internal order, which is that of the ids; ``*_place`` are their positions in the tables.
    weight
        Length n.
    costs
        n x m, entries where a site that may be open reaches a row within the limit: dense with inf, or
        sparse with explicit entries.
    roles
        Length m, in the internal order.
    p
        Number of sites besides the existing ones, the required ones among them; None for lscp.
    """

    model: str
    p: int | None
    limit: float | None
    demand: pd.DataFrame | None
    sites: pd.DataFrame | None
    demand_ids: pd.Index
    site_ids: pd.Index
    demand_place: Ints
    site_place: Ints
    weight: Floats
    costs: Floats | csr_array
    roles: Roles
    notes: tuple[str, ...]

    @property
    def standing(self) -> Ints:
        """Sites that are open in any plan."""
        return np.flatnonzero(self.roles.existing | self.roles.required)

    @property
    def free(self) -> Ints:
        """Sites that may be opened."""
        roles = self.roles
        return np.flatnonzero(~roles.existing & ~roles.required & ~roles.forbidden)

    @property
    def coverable(self) -> Flags:
        """Length n: rows that some site reaches."""
        if isinstance(self.costs, np.ndarray):
            return np.asarray(np.isfinite(self.costs).any(axis=1))
        return np.asarray(np.diff(self.costs.indptr) > 0)


def pose(
    demand: pd.DataFrame | None, sites: pd.DataFrame | None, asked: Mapping[str, Any]
) -> Question:
    """Check everything that `locate` was given and put it in order.

    Raises
    ------
    InputError, SchemaError, CRSError, GeometryError
        See :func:`renewal_geo.facilities.locate`.
    """
    model = _model(asked["model"])
    faults, notes = Faults(InputError), list[str]()
    limit = _limit(model, asked, faults, notes)
    if model != "lscp":
        check_count(asked["p"], faults)
    elif asked["p"] is not None:
        notes.append("lscp finds the number of sites by itself: p is not used")
    costs = asked["costs"]
    if costs is None and not (
        isinstance(demand, gpd.GeoDataFrame) and isinstance(sites, gpd.GeoDataFrame)
    ):
        faults.add(
            "there is nothing to measure costs between", where="demand, sites",
            fix="give two GeoDataFrames, or costs=", code="no_costs",
        )  # fmt: skip
    faults.raise_if_any()
    sites, built = _with_existing(sites, asked["existing"], costs)
    demand_ids, site_ids = _ids(demand, costs, 0, "demand"), _ids(sites, costs, 1, "sites")
    weight = _weights(demand, len(demand_ids), asked["weight"], demand_ids, faults, notes)
    roles = roles_of(sites, site_ids, asked, built, faults)
    faults.raise_if_any()
    matrix = (
        straight_lines(demand, sites, limit)  # type: ignore[arg-type]
        if costs is None
        else given_costs(
            _labelled(costs, demand_ids, site_ids), (len(demand_ids), len(site_ids)), limit
        )
    )
    p = None if model == "lscp" else int(asked["p"])
    _check_room(p, roles)
    by_demand, by_site = _order(demand_ids), _order(site_ids)
    matrix = _without(matrix[by_demand][:, by_site], roles.forbidden[by_site])
    question = Question(
        model, p, limit, demand, sites, demand_ids[by_demand], site_ids[by_site], by_demand, by_site,
        weight[by_demand], matrix, _ordered(roles, by_site), (),
    )  # fmt: skip
    return _noted(question, [*notes, *roles.notes])


def _model(name: str) -> str:
    plain = str(name).strip().lower().replace("-", "_").replace(" ", "_")
    plain = {"pmedian": "p_median", "pcenter": "p_center", "p_centre": "p_center"}.get(plain, plain)
    if plain in MODELS:
        return plain
    near = difflib.get_close_matches(plain, MODELS, n=1, cutoff=0.0)
    raise InputError(
        f"there is no model {name!r}",
        where="model",
        fix=f"nearest: {near[0]}; there are {', '.join(MODELS)}",
        code="unknown_model",
    )


def _limit(model: str, asked: Mapping[str, Any], faults: Faults, notes: list[str]) -> float | None:
    """Return the cost beyond which a site does not reach a row."""
    for name in ("radius_m", "max_dist_m", "min_area_m2", "time_limit_s", "gap"):
        value = asked[name]
        least_open = name not in {"gap", "min_area_m2"}
        if value is not None and not (value > 0 if least_open else value >= 0):
            faults.add(
                f"{name} is {value}", where=name,
                fix="give a positive number" if least_open else "give 0 or more", code="bad_limit",
            )  # fmt: skip
    radius, most = asked["radius_m"], asked["max_dist_m"]
    if model in COVERING:
        if radius is None:
            faults.add(
                f"{model} needs the radius within which a site serves", where="radius_m",
                fix="as in radius_m=800", code="bad_limit",
            )  # fmt: skip
            return None
        limits = [float(one) for one in (radius, most) if one is not None]
        return min(limits) if all(math.isfinite(one) for one in limits) else radius
    if radius is not None:
        notes.append(
            f"{model} has no radius: radius_m is not used, max_dist_m would limit distances"
        )
    return None if most is None or math.isinf(most) else float(most)


def _with_existing(
    sites: pd.DataFrame | None, existing: Any, costs: Any
) -> tuple[pd.DataFrame | None, Flags]:
    """Append a table of existing facilities to the sites."""
    count = 0 if sites is None else len(sites)
    if not isinstance(existing, pd.DataFrame):
        return sites, np.zeros(count if sites is not None else _size(costs, 1), dtype=bool)
    if not isinstance(existing, gpd.GeoDataFrame) or not isinstance(sites, gpd.GeoDataFrame):
        raise InputError(
            "existing facilities are a table without places", where="existing",
            fix="give points or areas; where costs are given, a column for each, and name their ids",
            code="no_costs",
        )  # fmt: skip
    if costs is not None:
        raise InputError(
            "costs say nothing of the table of existing facilities", where="existing",
            fix="give each a column of costs, and name their ids", code="no_costs",
        )  # fmt: skip
    require_same(sites, existing, ("sites", "existing"))
    twice = sites.index.intersection(existing.index)
    if len(twice):
        raise SchemaError(
            f"{len(twice)} ids stand for a site and for an existing facility",
            where=f"sites and existing, ids {some_ids(twice)}",
            fix="give them different ids, or name existing sites by their ids",
            code="duplicate_id",
        )
    columns = [c for c in existing if (c in sites and c not in PLANS) or c == "capacity"]
    kept = pd.DataFrame(existing[columns].drop(columns=existing.geometry.name, errors="ignore"))
    own = pd.DataFrame(sites.drop(columns=sites.geometry.name))
    both = pd.concat([own.astype(object), kept.astype(object)]).infer_objects()
    made = gpd.GeoDataFrame(
        both,
        geometry=np.concatenate([sites.geometry.to_numpy(), existing.geometry.to_numpy()]),
        crs=sites.crs,
    )
    return made, np.arange(len(made)) >= count


def _size(costs: Any, axis: int) -> int:
    return int(costs.shape[axis] if hasattr(costs, "shape") else np.asarray(costs).shape[axis])


def _ids(table: pd.DataFrame | None, costs: Any, axis: int, name: str) -> pd.Index:
    if table is not None:
        ids = table.index
    elif isinstance(costs, pd.DataFrame):
        ids = costs.index if axis == 0 else costs.columns
    else:
        ids = pd.RangeIndex(_size(costs, axis))
    if not len(ids):
        raise InputError(f"{name} has no rows", where=name, fix=f"give {name}", code="empty_layer")
    if not ids.is_unique:
        twice = ids[ids.duplicated()].unique()
        raise SchemaError(
            f"{len(twice)} ids of {name} occur more than once",
            where=f"{name}, ids {some_ids(twice)}",
            fix="give every row an id of its own",
            code="duplicate_id",
        )
    return ids


def _labelled(costs: Any, demand_ids: pd.Index, site_ids: pd.Index) -> Any:
    """Put a table of costs in the order of the ids where it names them."""
    if not isinstance(costs, pd.DataFrame) or costs.shape != (len(demand_ids), len(site_ids)):
        return costs
    rows, columns = costs.index.get_indexer(demand_ids), costs.columns.get_indexer(site_ids)
    if (rows >= 0).all() and (columns >= 0).all():
        return costs.iloc[rows, columns]
    return costs


def _weights(
    demand: pd.DataFrame | None,
    n: int,
    given: Any,
    ids: pd.Index,
    faults: Faults,
    notes: list[str],
) -> Floats:
    """Return the weight of each row of demand: a column, a number, or one per row."""
    if given is None and demand is not None:
        given = next((name for name in WEIGHTS if name in demand), None)
        notes.append(f"weight: column {given}" if given else "every row of demand counts 1")
    if given is None:
        return np.ones(n)
    if isinstance(given, str):
        if demand is None or given not in demand:
            columns = [] if demand is None else [str(c) for c in demand.columns]
            near = difflib.get_close_matches(given, columns, n=3, cutoff=0.4)
            faults.add(
                f"demand has no column {given!r}", where="weight",
                fix=f"nearest: {', '.join(near)}" if near else "name a column of demand",
                code="unknown_column",
            )  # fmt: skip
            return np.ones(n)
        given = demand[given]
    if isinstance(given, pd.Series):
        if not given.index.equals(ids) and ids.isin(given.index).all():
            given = given.reindex(ids)
        given = pd.to_numeric(given, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    values = np.asarray(given, dtype=float)
    if values.ndim and len(values) != n:
        faults.add(
            f"{len(values)} weights for {n} rows of demand", where="weight",
            fix="give one number, or one per row", code="bad_weight",
        )  # fmt: skip
        return np.ones(n)
    values = np.broadcast_to(values, (n,)).copy()
    for bad, said in (
        (values < 0, "a negative weight"),
        (~np.isfinite(values), "no number as weight"),
    ):
        if bad.any():
            faults.add(
                f"{int(bad.sum())} rows of demand have {said}",
                where=f"demand, ids {some_ids(ids[bad])}",
                fix="mend the figures: a weight is 0 or more",
                code="bad_weight",
            )
    return values


def _check_room(p: int | None, roles: Roles) -> None:
    """Refuse more sites than there are."""
    usable = int((~roles.existing & ~roles.forbidden).sum())
    if p is not None and p > usable:
        raise InputError(
            f"p is {p}, but only {usable} sites may be used",
            where="p",
            fix=f"ask for at most {usable}, or allow more sites",
            code="bad_count",
        )


def _order(ids: pd.Index) -> Ints:
    """Return the order of the ids: numbers by size, all else as text."""
    if pd.api.types.is_numeric_dtype(ids):
        return np.argsort(ids.to_numpy(), kind="stable")
    return np.argsort(np.asarray(ids.astype(str), dtype=object), kind="stable")


def _ordered(roles: Roles, order: Ints) -> Roles:
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    groups = sorted((np.sort(place[one]) for one in roles.groups), key=lambda one: one.tolist())
    return Roles(
        roles.existing[order], roles.required[order], roles.forbidden[order],
        None if roles.capacity is None else roles.capacity[order], groups, roles.small,
    )  # fmt: skip


def _without(costs: Floats | csr_array, forbidden: Flags) -> Floats | csr_array:
    """Leave out the entries of sites that may not be open."""
    if not issparse(costs):
        costs[:, forbidden] = np.inf
        return costs
    keep = ~forbidden[costs.indices]
    indptr = np.concatenate([[0], np.cumsum(keep)])[costs.indptr]
    return csr_array((costs.data[keep], costs.indices[keep], indptr), shape=costs.shape)


def _noted(question: Question, notes: list[str]) -> Question:
    """Add the sites that reach nobody, and the demand that no site reaches."""
    costs = question.costs
    m = costs.shape[1]
    reached = (
        np.isfinite(costs).sum(axis=0)
        if isinstance(costs, np.ndarray)
        else np.bincount(costs.indices, minlength=m)
    )
    idle = np.flatnonzero((reached == 0) & ~question.roles.forbidden)
    if len(idle):
        notes.append(f"{len(idle)} sites reach no demand: {some_ids(question.site_ids[idle])}")
    lost = ~question.coverable
    if lost.any():
        notes.append(
            f"no site that may be used reaches {int(lost.sum())} rows of demand "
            f"(weight {question.weight[lost].sum():,.0f})"
        )
    from dataclasses import replace

    return replace(question, notes=tuple(notes))
