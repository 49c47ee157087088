"""Places of demand and of facilities on one ground, straight or along streets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from renewal_geo.foundation import crs as crs_rules
from renewal_geo.foundation.errors import InputError
from renewal_geo.spatial.catchments import (
    line_costs,
    nearest_by_line,
    nearest_sites,
    network_costs,
)
from renewal_geo.spatial.networks import Network, Snapped, network_of, snap

By = Literal["line", "network"]
BY = ("line", "network")
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What ways are measured on.

    Attributes
    ----------
    by
        ``line`` or ``network``.
    network
        The streets, for ``network``.
    max_snap_m
        Places farther from every street have no access to it.
    detour
        By how much a way is longer than the straight line, for ``line``.
    """

    by: By
    network: Network | None
    max_snap_m: float
    detour: float

    def place(self, table: gpd.GeoDataFrame) -> Places:
        """Return where the rows of a table stand; an area stands at a point inside it."""
        points = table.geometry.representative_point()
        spots = np.column_stack([points.x, points.y]).astype(float).reshape(-1, 2)
        snapped = None
        if self.network is not None:
            snapped = snap(points, self.network, self.max_snap_m)
        return Places(spots, snapped)

    def ways(self, demand: Places, sites: Places, limit_m: float) -> sp.csr_array:
        """Return the ways (m) as demand x sites, absent beyond the limit; 0 m is a stored zero."""
        if self.network is None or demand.snapped is None or sites.snapped is None:
            return line_costs(sites.spots, demand.spots, limit_m, detour=self.detour)
        return network_costs(self.network, sites.snapped, demand.snapped, limit_m)

    def nearest(self, demand: Places, sites: Places) -> tuple[Ints, Floats]:
        """Return the nearest site of each place, -1 where none can be reached, and the way (m)."""
        if self.network is None or demand.snapped is None or sites.snapped is None:
            return nearest_by_line(sites.spots, demand.spots, detour=self.detour)
        return nearest_sites(self.network, sites.snapped, demand.snapped)


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Rows of a table on the ground: x and y (NaN where a row has no shape), and on the streets."""

    spots: Floats
    snapped: Snapped | None

    def take(self, rows: Ints) -> Places:
        """Return some of the places."""
        one = self.snapped
        if one is None:
            return Places(self.spots[rows], None)
        taken = Snapped(
            one.edge[rows], one.from_tail_m[rows], one.from_head_m[rows], one.off_m[rows]
        )
        return Places(self.spots[rows], taken)

    @property
    def off_m(self) -> Floats:
        """Straight metres to the street; NaN without streets or out of their reach."""
        if self.snapped is None:
            return np.full(len(self.spots), np.nan)
        made: Floats = np.where(self.snapped.has_access, self.snapped.off_m, np.nan)
        return made

    @property
    def unreachable(self) -> NDArray[np.bool_]:
        """Rows that have a shape, but no street near enough."""
        if self.snapped is None:
            return np.zeros(len(self.spots), dtype=bool)
        return self.has_shape & ~self.snapped.has_access

    @property
    def has_shape(self) -> NDArray[np.bool_]:
        """Rows that stand somewhere."""
        made: NDArray[np.bool_] = np.all(np.isfinite(self.spots), axis=1)
        return made


def ground_of(
    by: By,
    network: Network | gpd.GeoDataFrame | gpd.GeoSeries | None,
    *,
    max_snap_m: float = 200.0,
    detour: float = 1.0,
    noded: bool = True,
) -> Ground:
    """Return what ways are measured on.

    Parameters
    ----------
    by
        ``line``: straight, times `detour`. ``network``: along the streets; nothing is pretended where
        there are none.
    network
        Centre-lines, or a network made of them; not looked at for ``line``.
    max_snap_m, detour
        As for :class:`Ground`.
    noded
        As for :func:`renewal_geo.spatial.networks.network_of`, where centre-lines are given.

    Raises
    ------
    InputError
        ``bad_choice`` for another `by`, ``network_missing``, ``bad_limit``.
    """
    if by not in BY:
        raise InputError(
            f"there is no by = {by!r}", fix=f"one of: {', '.join(BY)}", code="bad_choice"
        )
    if not 1.0 <= detour < np.inf:
        raise InputError(
            f"detour is {detour}",
            fix="give a factor of at least 1: by how much a way is longer than the straight line",
            code="bad_limit",
        )
    if by == "line":
        return Ground(by, None, max_snap_m, detour)
    if detour != 1.0:
        raise InputError(
            f"detour = {detour} with ways along streets, which are measured and not estimated",
            fix='leave detour out, or ask by = "line"',
            code="bad_limit",
        )
    if network is None:
        raise InputError(
            'by = "network" without a street network',
            fix='give the centre-lines of the streets (role roads), or ask by = "line"',
            code="network_missing",
        )
    streets = network if isinstance(network, Network) else network_of(network, noded=noded)
    return Ground(by, streets, max_snap_m, detour)


def ways(
    demand: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    *,
    limit_m: float,
    by: By = "line",
    network: Network | gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    max_snap_m: float = 200.0,
    detour: float = 1.0,
) -> sp.csr_array:
    """Return the ways (m) between people and sites, as ``costs`` of :func:`renewal_geo.facilities.locate`.

    Parameters
    ----------
    demand, sites
        k and s points or areas (a point inside them counts) in one metric CRS.
    limit_m
        Longest way; inf for none.
    by, network, max_snap_m, detour
        As for :func:`renewal_geo.facilities.cover`.

    Returns
    -------
    csr_array
        (k, s), absent beyond the limit; a way of 0 m is there as a stored zero.

    Raises
    ------
    CRSError, InputError
        As for :func:`ground_of`.
    """
    crs_rules.require_metric(demand, "the demand")
    crs_rules.require_same(demand, sites, ("the demand", "the sites"))
    ground = ground_of(by, network, max_snap_m=max_snap_m, detour=detour)
    return ground.ways(ground.place(demand), ground.place(sites), limit_m)
