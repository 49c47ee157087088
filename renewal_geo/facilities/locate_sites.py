"""What each site may do: existing, required, forbidden, large enough, how many it serves, which exclude it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation.errors import Faults, some_ids

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Roles:
    """Length m each, in the caller's order; `groups` are lists of positions.

    `small` gives the area of required sites below the least area: they stay open, and are a conflict.
    """

    existing: Flags
    required: Flags
    forbidden: Flags
    capacity: Floats | None
    groups: list[Ints]
    small: dict[Any, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def roles_of(
    sites: pd.DataFrame | None,
    ids: pd.Index,
    asked: Mapping[str, Any],
    built: Flags,
    faults: Faults,
) -> Roles:
    """Read the options and the columns of the sites that say what each may do.

    Parameters
    ----------
    sites
        m rows, or None where only costs are given.
    ids
        Their ids.
    asked
        The options of `locate`.
    built
        Length m: rows that came from a table of existing facilities.
    faults
        Collects what is wrong.
    """
    columns = set() if sites is None else set(sites.columns)
    existing = built | _named(asked["existing"], ids, "existing", faults)
    required = _named(asked["required"], ids, "required", faults) | _flag(sites, "required")
    forbidden = _named(asked["forbidden"], ids, "forbidden", faults) | _flag(sites, "forbidden")
    both = (required | existing) & forbidden
    if both.any():
        faults.add(
            f"{int(both.sum())} sites are required or existing, and forbidden",
            where=f"sites {some_ids(ids[both])}",
            fix="take them out of one of the lists",
            code="required_and_forbidden",
        )
    required &= ~existing
    small, notes = {}, []
    least = asked["min_area_m2"]
    if least is not None and sites is not None:
        area = _areas(sites, existing, faults)
        if area is not None:
            under = (area < least) & ~existing
            small = dict(
                zip(ids[under & required].tolist(), area[under & required].tolist(), strict=True)
            )
            under &= ~required & ~forbidden
            forbidden |= under
            if under.any():
                notes.append(
                    f"{int(under.sum())} sites are smaller than {least:,.0f} m2 and left out"
                )
    elif least is not None:
        faults.add(
            "a least area is asked of sites that are only columns of costs", where="min_area_m2",
            fix="give the table of sites", code="no_area",
        )  # fmt: skip
    return Roles(
        existing=existing,
        required=required,
        forbidden=forbidden,
        capacity=_capacity(sites, columns, ids, asked["capacity"], faults),
        groups=_groups(sites, ids, asked["exclusive"], faults),
        small=small,
        notes=tuple(notes),
    )


def _named(given: Any, ids: pd.Index, name: str, faults: Faults) -> Flags:
    """Return which sites a list of ids names."""
    flags = np.zeros(len(ids), dtype=bool)
    if given is None or isinstance(given, pd.DataFrame):
        return flags
    asked = [given] if isinstance(given, str) else list(given)
    place = ids.get_indexer(pd.Index(asked, dtype=object if not len(asked) else None))
    flags[place[place >= 0]] = True
    unknown = [one for one, at in zip(asked, place, strict=True) if at < 0]
    if unknown:
        near = difflib.get_close_matches(
            str(unknown[0]), [str(one) for one in ids], n=3, cutoff=0.5
        )
        faults.add(
            f"{name} names {len(unknown)} sites that do not exist: {some_ids(unknown)}",
            where=name,
            fix=f"nearest: {', '.join(near)}" if near else f"the sites are {some_ids(ids)}",
            code="unknown_site",
        )
    return flags


def _flag(sites: pd.DataFrame | None, name: str) -> Any:
    """Return a column of yes and no; missing is no."""
    if sites is None or name not in sites:
        return False
    return sites[name].astype("boolean").fillna(value=False).to_numpy(dtype=bool)


def _areas(sites: pd.DataFrame, existing: Flags, faults: Faults) -> Floats | None:
    """Return m2: of column ``area_m2``, else of the polygon; a site without either is a fault."""
    area = np.full(len(sites), np.nan)
    if "area_m2" in sites:
        area = pd.to_numeric(sites["area_m2"], errors="coerce").to_numpy(dtype=float, copy=True)
    if isinstance(sites, gpd.GeoDataFrame):
        shapes = sites.geometry.to_numpy()
        flat = np.isnan(area) & np.isin(shapely.get_type_id(shapes), (3, 6))
        area[flat] = shapely.area(shapes[flat])
    unknown = np.isnan(area) & ~existing
    if unknown.any():
        faults.add(
            f"{int(unknown.sum())} sites have no area to compare with the least one",
            where=f"sites {some_ids(sites.index[unknown])}",
            fix="fill column area_m2, or give polygons",
            code="no_area",
        )
        return None
    return area


def _capacity(
    sites: pd.DataFrame | None,
    columns: set[str],
    ids: pd.Index,
    given: Any,
    faults: Faults,
) -> Floats | None:
    """Return the weight that each site can serve; missing values mean any."""
    if given is None and "capacity" not in columns:
        return None
    if given is None or isinstance(given, str):
        name = given or "capacity"
        if name not in columns:
            near = difflib.get_close_matches(name, sorted(map(str, columns)), n=3, cutoff=0.4)
            faults.add(
                f"sites have no column {name!r}", where="capacity",
                fix=f"nearest: {', '.join(near)}" if near else "give a number, or one per site",
                code="unknown_column",
            )  # fmt: skip
            return None
        given = sites[name]  # type: ignore[index]
    if isinstance(given, Mapping):
        given = pd.Series(given)
    if isinstance(given, pd.Series):
        given = pd.to_numeric(given, errors="coerce").reindex(ids).to_numpy(dtype=float)
    values = np.asarray(given, dtype=float)
    if values.ndim and len(values) != len(ids):
        faults.add(
            f"{len(values)} capacities for {len(ids)} sites", where="capacity",
            fix="give one number, or one per site", code="bad_capacity",
        )  # fmt: skip
        return None
    values = np.broadcast_to(values, (len(ids),)).copy()
    if (values < 0).any():
        faults.add(
            f"{int((values < 0).sum())} sites have a negative capacity",
            where=f"sites {some_ids(ids[values < 0])}",
            fix="give 0 or more, or leave it empty for any number",
            code="bad_capacity",
        )
        return None
    values[np.isnan(values)] = np.inf
    return values if np.isfinite(values).any() else None


def _groups(sites: pd.DataFrame | None, ids: pd.Index, given: Any, faults: Faults) -> list[Ints]:
    """Return the exclusive groups of the option and of column ``exclusive_group``."""
    made: list[Ints] = []
    column = given if isinstance(given, str) else "exclusive_group"
    if sites is not None and column in sites:
        names = sites[column].astype(object)
        held = names.notna() & (names.astype(str).str.strip() != "")
        for _, rows in pd.Series(np.arange(len(ids)))[held.to_numpy()].groupby(
            names[held].astype(str).to_numpy()
        ):
            made.append(rows.to_numpy(dtype=np.int64))
    elif isinstance(given, str):
        faults.add(
            f"sites have no column {given!r}", where="exclusive",
            fix="name a column of groups, or give lists of ids", code="unknown_column",
        )  # fmt: skip
    listed: Iterable[Any] = () if given is None or isinstance(given, str) else given
    if isinstance(given, Mapping):
        listed = given.values()
    made += [np.flatnonzero(_named(one, ids, "exclusive", faults)) for one in listed]
    return [one for one in made if len(one) > 1]


def overlapping(groups: list[Ints]) -> bool:
    """Return whether some site is in two groups."""
    members = np.concatenate(groups) if groups else np.empty(0, dtype=np.int64)
    return len(np.unique(members)) < len(members)


def check_count(p: Any, faults: Faults) -> None:
    """Note a number of sites that is none."""
    if p is None:
        faults.add(
            "the model needs the number of sites p", where="p", fix="as in p=5", code="bad_count"
        )
    elif isinstance(p, bool) or not float(p).is_integer() or p < 1:
        faults.add(
            f"p is {p!r}, not a whole number of 1 or more", where="p", fix="as in p=5", code="bad_count",
        )  # fmt: skip
