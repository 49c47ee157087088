"""What a criterion looks at: the rows of a layer that count, and the ground of every parcel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation import crs as crs_rules
from renewal_geo.foundation.errors import CRSError, GeometryError, InputError
from renewal_geo.foundation.expressions import select
from renewal_geo.foundation.settings import nearest
from renewal_geo.potential.criterion import Criterion
from renewal_geo.potential.measure import NO_AREA, NO_SHAPE
from renewal_geo.spatial.polygons import areal

LEAST_M2 = 1e-6  # a parcel of less has no area
CORNER = 16  # segments per quarter of a circle: a widened corner lacks 0.2 % of its area
POINT, LINE, AREA = 0, 1, 2
NOUNS = {POINT: "points", LINE: "lines", AREA: "areas"}
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The m rows of a layer that a criterion looks at.

    Attributes
    ----------
    name
        For sentences: ``control_lines where kind == 'eco_control_line'``.
    table
        The rows with all their columns.
    shapes
        m valid flat shapes in the CRS of the parcels.
    notes
        What was reprojected, left out or made valid.
    """

    name: str
    table: gpd.GeoDataFrame
    shapes: Shapes
    notes: tuple[str, ...]

    @property
    def ids(self) -> Shapes:
        """Ids as text."""
        return np.array([str(one) for one in self.table.index], dtype=object)

    @property
    def kinds(self) -> Ints:
        """Of every row 0, 1 or 2: points, lines, areas; of a mixture the highest."""
        return shapely.get_dimensions(self.shapes).astype(np.int64)

    def take(self, kept: Bools, *more: str) -> Rows:
        """Return some of the rows, with more notes."""
        return Rows(self.name, self.table[kept], self.shapes[kept], (*self.notes, *more))


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """The ground of n parcels, or their surroundings.

    Attributes
    ----------
    shapes
        Valid flat shapes; None where there is none.
    area
        m2; 0 where there is none.
    why
        Why a parcel has no ground; empty where it has some.
    notes
        How many were made valid.
    """

    shapes: Shapes
    area: Floats
    why: NDArray[np.object_]
    notes: tuple[str, ...]


def place_of(criterion: Criterion) -> str:
    """Return where a criterion stands, for errors."""
    return f"[potential] criterion {criterion.id}"


def rows_of(
    parcels: gpd.GeoDataFrame,
    criterion: Criterion,
    layers: Mapping[str, gpd.GeoDataFrame],
) -> Rows:
    """Return the rows of its layer that a criterion looks at, in the CRS of the parcels.

    Raises
    ------
    CRSError
        ``crs_missing`` for a layer that does not say where it lies.
    InputError
        ``layer_missing, no_geometry``; ``expression`` for a `where` that cannot be evaluated on the layer.
    GeometryError
        ``no_shapes`` where rows are chosen and none has a shape.
    """
    role, where = criterion.layer, place_of(criterion)
    table, notes = placed(layers, role, parcels, where)
    name = role
    if criterion.where:
        name = f"{role} where {criterion.where}"
        kept = select(criterion.where, table, where=f"{where}, where").to_numpy()
        table = table[kept]
        if not kept.any():
            notes = (*notes, f"criterion {criterion.id}: no row of {name}")
    elif not len(table):
        notes = (*notes, f"criterion {criterion.id}: layer {role} has no rows")
    shapes, sound, said = _sound(table.geometry.to_numpy(), name)
    if len(table) and not sound.any():
        raise GeometryError(
            f"criterion {criterion.id}: none of the {len(table):,} rows of {name} has a shape",
            where=where,
            fix="give a layer with geometry, or another where",
            code="no_shapes",
        )
    return Rows(name, table[sound], shapes[sound], (*notes, *said))


def placed(
    layers: Mapping[str, gpd.GeoDataFrame], role: str, parcels: gpd.GeoDataFrame, where: str
) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """Return the layer of a role in the CRS of the parcels, and whether it was reprojected.

    Raises
    ------
    InputError
        ``layer_missing``, ``no_geometry``.
    CRSError
        ``crs_missing`` for a layer that does not say where it lies.
    """
    if role not in layers:
        raise InputError(
            f"there is no layer with the role {role!r}{nearest(role, list(layers))}",
            where=where,
            fix=f'add [layers.{role}] with path = "…" to study.toml (in Python: layers={{"{role}": table}})',
            code="layer_missing",
        )
    table = layers[role]
    if not _has_geometry(table):
        raise InputError(
            f"layer {role} has no geometry",
            where=where,
            fix="give a layer with shapes (in Python a GeoDataFrame)",
            code="no_geometry",
        )
    if table.crs is None:
        raise CRSError(
            f"layer {role} has no coordinate reference system",
            where=where,
            fix=f'say which it is: crs = "…" under [layers.{role}] in study.toml, or .set_crs(...)',
            code="crs_missing",
        )
    if table.crs.equals(parcels.crs, ignore_axis_order=True):
        return table, ()
    moved = f"{role} was reprojected from {crs_rules.name_of(table.crs)}"
    moved_table: gpd.GeoDataFrame = table.to_crs(parcels.crs)  # type: ignore[arg-type]
    return moved_table, (f"{moved} to {crs_rules.name_of(parcels.crs)}",)


def measurable(parcels: pd.DataFrame, criterion: Criterion) -> gpd.GeoDataFrame:
    """Return the parcels; those on which no metre can be measured are refused.

    Raises
    ------
    InputError
        ``no_geometry``.
    CRSError
        ``crs_missing, crs_geographic, crs_web_mercator, crs_not_metric``.
    """
    if not isinstance(parcels, gpd.GeoDataFrame) or not _has_geometry(parcels):
        raise InputError(
            f"criterion {criterion.id} measures {criterion.source}, and the parcels have no geometry",
            where=place_of(criterion),
            fix="give the parcels as a GeoDataFrame, or a criterion on a column",
            code="no_geometry",
        )
    try:
        crs_rules.require_metric(parcels, "the table of parcels")
    except CRSError as fault:
        raise CRSError(
            f"{fault.what}: potential needs a projected CRS in metres for share, distance, density and within_m",
            where=place_of(criterion),
            fix=fault.fix,
            code=fault.code,
        ) from fault
    return parcels


def ground_of(parcels: gpd.GeoDataFrame, within_m: float = 0.0) -> Ground:
    """Return the ground of every parcel, or with `within_m` the parcel and all within so many metres.

    Corners of what is widened are drawn with 16 segments per quarter of a circle.
    """
    shapes, has, notes = outlines_of(parcels)
    if within_m > 0:
        shapes[has] = shapely.buffer(shapes[has], within_m, quad_segs=CORNER)
    shapes = areal(shapes)
    area = np.nan_to_num(shapely.area(shapes))
    open_ = area > LEAST_M2
    shapes[~open_] = None
    why = np.where(has, np.where(open_, "", NO_AREA), NO_SHAPE).astype(object)
    return Ground(shapes, np.where(open_, area, 0.0), why, notes)


def outlines_of(parcels: gpd.GeoDataFrame) -> tuple[Shapes, Bools, tuple[str, ...]]:
    """Return the parcels' shapes, valid and flat, which of them have one, and how many were mended."""
    return _sound(parcels.geometry.to_numpy(), "parcels", listed=False)


def _sound(shapes: Any, name: str, *, listed: bool = True) -> tuple[Shapes, Bools, tuple[str, ...]]:
    """Return valid flat shapes, which of them are there, and what was left out or made valid."""
    made = shapely.force_2d(np.array(shapes, dtype=object))
    # what lies nowhere after a reprojection has bounds that are no numbers
    there = np.asarray(np.isfinite(shapely.bounds(made)).all(axis=1))
    made[~there] = None
    broken = there & ~shapely.is_valid(made)
    made[broken] = shapely.make_valid(made[broken])
    lost, notes = int((~there).sum()), []
    if lost and listed:
        notes.append(f"{name}: {lost:,} of {len(made):,} rows have no shape and are left out")
    if broken.any():
        notes.append(f"{name}: {int(broken.sum()):,} invalid shapes were made valid for measuring")
    return made, there, tuple(notes)


def _has_geometry(table: pd.DataFrame) -> bool:
    return getattr(table, "_geometry_column_name", None) in table.columns
