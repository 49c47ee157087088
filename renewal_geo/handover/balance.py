"""Land balance 用地平衡表 of demolition ranges: as planned and as it is, closing to each of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.schema import as_text
from renewal_geo.handover.drawings import Drawings
from renewal_geo.handover.offers import Offers
from renewal_geo.spatial.area_tables import area_table
from renewal_geo.spatial.polygons import flat_union, polygonal

COLUMNS = ("unit_id", "kind", "class", "area_m2", "share")
DEVELOPMENT, HANDOVER, USE = "development", "handover", "use"
UNCOVERED, TWICE = "uncovered", "covered_twice"
NOISE_M2 = 1e-6


def planned_balance(drawings: Drawings, offers: Offers) -> pd.DataFrame:
    """Return what each demolition range becomes: development land and land handed over, by use, and the rest.

    ``covered_twice`` is negative, ``uncovered`` is what no plan assigns, so that the rows of a unit add to
    its demolition range. Land handed over is what counts as offered: never development land too.
    """
    rows: list[dict[str, Any]] = []
    for unit, ground in enumerate(drawings.demolition):
        if ground is None:
            continue
        shapes = {**_plots(drawings, unit), **_land(drawings, offers, unit)}
        within = {key: shapely.intersection(shape, ground) for key, shape in shapes.items()}
        covered = flat_union(list(within.values())).area if within else 0.0
        areas = {key: shape.area for key, shape in within.items()}
        rows += _closed(drawings.ids[unit], ground.area, areas, covered)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def existing_balance(drawings: Drawings, land_use: gpd.GeoDataFrame | None) -> pd.DataFrame:
    """Return what stands in each demolition range today, by the classes of a land-use layer.

    Raises
    ------
    InputError
        ``unknown_column``.
    """
    if land_use is None:
        return pd.DataFrame(columns=list(COLUMNS))
    if "land_use" not in land_use.columns:
        raise InputError(
            "the land-use layer has no column land_use",
            where="land_use",
            fix='name your column in study.toml: columns = { land_use = "用地分类" }; in Python rename it',
            code="unknown_column",
        )
    names = as_text(land_use["land_use"]).fillna("").to_numpy(dtype=object)
    made = area_table(drawings.demolition, land_use.geometry.to_numpy())
    rows: list[dict[str, Any]] = []
    for unit in np.flatnonzero(~shapely.is_missing(drawings.demolition)):
        own = made.zone == unit
        areas = pd.Series(made.area[own]).groupby(names[made.source[own]]).sum()
        whole = float(made.zone_area[unit])
        by_class = {(USE, str(name)): float(area) for name, area in areas.items()}
        rows += _closed(drawings.ids[unit], whole, by_class, whole - float(made.uncovered[unit]))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _plots(drawings: Drawings, unit: int) -> dict[tuple[str, str], Any]:
    if drawings.plots is None:
        return {}
    own = drawings.plots[drawings.plots["unit"].to_numpy() == unit]
    return _by_use(own, polygonal(own.geometry.to_numpy()), DEVELOPMENT)


def _land(drawings: Drawings, offers: Offers, unit: int) -> dict[tuple[str, str], Any]:
    if drawings.sites is None:
        return {}
    own = offers.unit == unit
    return _by_use(drawings.sites[own], offers.land[own], HANDOVER)


def _by_use(table: pd.DataFrame, shapes: np.ndarray, kind: str) -> dict[tuple[str, str], Any]:
    """Return one shape per use; without a use, of the kind itself."""
    uses = as_text(table[USE]).fillna("") if USE in table.columns else pd.Series("", table.index)
    names = np.array([str(one).strip() for one in uses], dtype=object)
    drawn = ~shapely.is_missing(shapes)
    return {
        (kind, name): flat_union(shapes[drawn & (names == name)])
        for name in sorted(set(names[drawn]))
    }


def _closed(
    unit: str, whole: float, areas: Mapping[tuple[str, str], float], covered: float
) -> list[dict[str, Any]]:
    """Return the rows of one unit, with what is left over and what is counted twice."""
    twice = sum(areas.values()) - covered
    rest = whole - covered
    rows = [(kind, name, area) for (kind, name), area in areas.items() if area > 0]
    if rest > NOISE_M2 or not rows:
        rows.append((UNCOVERED, "", rest))
    if twice > NOISE_M2:
        rows.append((TWICE, "", -twice))
    return [
        {
            "unit_id": unit,
            "kind": kind,
            "class": name if name or kind == USE else kind,
            "area_m2": area,
            "share": area / whole if whole else np.nan,
        }
        for kind, name, area in rows
    ]
