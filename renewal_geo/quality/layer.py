"""A layer under test, with what several tests need of it, made once and only where asked for."""

from __future__ import annotations

import functools
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation.schema import as_text
from renewal_geo.quality.findings import Notebook
from renewal_geo.spatial.fabric import (
    Contacts,
    Fabric,
    Loops,
    contacts_of,
    equal_pairs,
    fabric_of,
    loops_of,
)

POLYGONAL = (3, 6)
VERTEX_TOLERANCE_M = 0.005
Rows = NDArray[np.int64]


class Layer:
    """The shapes of a layer in two dimensions, and its fabric.

    Attributes
    ----------
    parcels
        The layer as it was given.
    shapes
        Its geometries without Z and M.
    areal, sound
        Which are polygons with a ring; which of these are valid.
    reach
        How wide (m) a crack may be that runs out into a street.
    """

    def __init__(
        self, parcels: gpd.GeoDataFrame, name: str, *, metric: bool, reach: float = 0.0
    ) -> None:
        self.parcels = parcels
        self.reach = reach
        self.metric = metric
        shapes = parcels.geometry.to_numpy()
        self.shapes = shapely.force_2d(shapes) if shapely.has_z(shapes).any() else shapes
        self.kind = shapely.get_type_id(self.shapes)
        self.areal = np.isin(self.kind, POLYGONAL) & ~shapely.is_empty(self.shapes)
        self.sound = self.areal & shapely.is_valid(self.shapes)
        self.notes = Notebook(self, name)

    @functools.cached_property
    def ids(self) -> NDArray[np.str_]:
        """Ids as text."""
        return self.parcels.index.to_numpy().astype(str)

    @functools.cached_property
    def area(self) -> NDArray[np.float64]:
        """Area of every row in the layer's own units, 0 where there is none."""
        return _finite(shapely.area(self.shapes))

    @functools.cached_property
    def length(self) -> NDArray[np.float64]:
        """Length of every outline in the layer's own units."""
        return _finite(shapely.length(self.shapes))

    @functools.cached_property
    def fabric(self) -> Fabric:
        """Edge table of all polygons; the sound ones are paired."""
        return fabric_of(only(self.shapes, self.areal), self.sound)

    @functools.cached_property
    def contacts(self) -> Contacts:
        """Where unpaired edges meet others."""
        return contacts_of(self.fabric, VERTEX_TOLERANCE_M, self.reach)

    @functools.cached_property
    def loops(self) -> Loops:
        """Loops of unpaired edges: outlines and holes of the fabric."""
        return loops_of(self.fabric, self.contacts)

    @functools.cached_property
    def tree(self) -> Any:
        """Spatial index of the sound polygons, by row."""
        return shapely.STRtree(only(self.shapes, self.sound))

    @functools.cached_property
    def twins(self) -> Rows:
        """Pairs of rows of one geometry, wherever their rings start and which way they run."""
        pairs = [equal_pairs(self.fabric)]
        broken = np.flatnonzero(self.areal & ~self.sound)
        if len(broken):  # an invalid ring is not in the fabric, and equals invalid ones only
            plain = shapely.to_wkb(shapely.normalize(self.shapes[broken]))
            for rows in pd.Series(broken).groupby(plain).agg(list):
                pairs += [np.array([[one, two]]) for n, two in enumerate(rows) for one in rows[:n]]
        return np.concatenate(pairs)

    def ordered(self, rows: Rows) -> Rows:
        """Return rows in an order that does not depend on that of the layer: by place, id, first column."""
        rows = np.unique(rows)
        bounds = np.nan_to_num(shapely.bounds(self.shapes[rows]), nan=np.inf, posinf=np.inf).round(
            3
        )
        places = bounds.T[::-1]
        order = np.lexsort(places)
        if len(rows) < 2 or not (bounds[order][1:] == bounds[order][:-1]).all(axis=1).any():
            return rows[order]
        ids = self.ids[rows]
        rest = ids
        if self.parcels.shape[1] > 1:
            first = pd.Series(self.parcels.iloc[:, 0].to_numpy()[rows])
            rest = as_text(first).fillna("").to_numpy(str)
        return rows[np.lexsort((rest, ids, *places))]

    def ranks(self, *rows: Rows) -> tuple[Rows, ...]:
        """Return for every row its place in that order."""
        known = self.ordered(np.concatenate(rows))
        rank = np.full(len(self.parcels), -1, dtype=np.int64)
        rank[known] = np.arange(len(known))
        return tuple(rank[one] for one in rows)

    def directed(self, pairs: Rows) -> tuple[Rows, Rows]:
        """Return the rows of pairs, the one that comes first in that order first."""
        one, two = pairs.T
        if not len(pairs):
            return one, two
        first, second = self.ranks(one, two)
        swap = first > second
        return np.where(swap, two, one), np.where(swap, one, two)


def only(shapes: Any, wanted: NDArray[np.bool_]) -> Any:
    """Return shapes with None for those that are not wanted."""
    kept = np.full(len(shapes), None, dtype=object)
    kept[wanted] = shapes[wanted]
    return kept


def _finite(measures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return measures with 0 where a coordinate is not a number: such a shape is reported, not measured."""
    return np.where(np.isfinite(measures), measures, 0.0)
