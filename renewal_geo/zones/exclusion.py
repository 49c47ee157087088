"""Areas that no zone may take: parcels are dropped, or cut, and every square metre of it is kept."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.foundation.crs import require_same
from renewal_geo.spatial.areas import flat_union, pieces, polygonal

MOST_UNHEEDED_M2 = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Exclusion:
    """What exclusions do to n parcels.

    ``clipped_m2`` is the part of each parcel inside any exclusion, ``kind`` the kind that takes most of
    it; ``is_out`` marks parcels that may not be members; ``parcels`` are the parcels with their
    geometry as it counts (cut where the mode is cut); ``lost_m2`` is the area cut off.
    """

    parcels: gpd.GeoDataFrame
    clipped_m2: pd.Series
    kind: pd.Series
    is_out: pd.Series
    lost_m2: pd.Series


def exclude(
    parcels: gpd.GeoDataFrame,
    exclusions: gpd.GeoDataFrame | None,
    *,
    mode: str = "drop",
    tolerance: float = 0.01,
    sliver_min_m2: float = 100.0,
) -> Exclusion:
    """Drop or cut the parcels that exclusions clip.

    Parameters
    ----------
    parcels
        n polygons by ``parcel_id``, projected, metres; invalid ones pass untouched.
    exclusions
        Polygons with an optional column ``kind``, in the same CRS, or None.
    mode
        ``drop``: a clipped parcel may not be a member. ``cut``: its part outside remains; what is left
        below `sliver_min_m2` may not be a member.
    tolerance
        Share of a parcel, and at most 100 m2, that may be clipped without effect.
    sliver_min_m2
        Least remainder of a cut parcel.

    Returns
    -------
    Exclusion
        Everything indexed as `parcels`.

    Raises
    ------
    CRSError
        If the two layers are in different CRSs.
    """
    index = parcels.index
    nothing = pd.Series(0.0, index=index)
    if exclusions is None or not len(exclusions):
        return Exclusion(
            parcels,
            nothing,
            pd.Series("", index=index, dtype=object),
            pd.Series(data=False, index=index),
            nothing.copy(),
        )
    require_same(parcels, exclusions, ("parcels", "exclusions"))
    shapes = parcels.geometry.to_numpy()
    sound = shapely.is_valid(shapes) & np.isin(shapely.get_type_id(shapes), (3, 6))
    solid = np.where(sound, shapely.force_2d(shapes), None)  # type: ignore[call-overload]
    found = pieces(solid, polygonal(exclusions.geometry.to_numpy()))
    kinds = _kinds(exclusions)[found.source]
    clipped = np.bincount(found.zone, found.area, minlength=len(parcels))
    rows = np.flatnonzero(np.bincount(found.zone, minlength=len(parcels)) > 1)
    begins = np.searchsorted(found.zone, np.arange(len(parcels) + 1))
    for row in rows:
        clipped[row] = flat_union(found.geometry[begins[row] : begins[row + 1]]).area
    area = np.where(sound, np.nan_to_num(shapely.area(shapes)), 0.0)
    hit = clipped > np.minimum(tolerance * area, MOST_UNHEEDED_M2)
    kept, lost, is_out = parcels, np.zeros(len(parcels)), hit
    if mode == "cut":
        cut = shapes.copy()
        for row in np.flatnonzero(hit):
            taken = flat_union(found.geometry[begins[row] : begins[row + 1]])
            rest = polygonal(np.array([shapely.difference(solid[row], taken)], dtype=object))[0]
            cut[row] = rest if rest is not None and rest.area >= sliver_min_m2 else cut[row]
        left = np.nan_to_num(shapely.area(cut))
        is_out = hit & (cut == shapes)
        lost = np.where(hit & ~is_out, area - left, 0.0)
        kept = parcels.set_geometry(gpd.GeoSeries(cut, index=index, crs=parcels.crs))
    return Exclusion(
        kept,
        pd.Series(clipped, index=index),
        _main_kind(found.zone, found.area, kinds, index),
        pd.Series(is_out, index=index),
        pd.Series(lost, index=index),
    )


def _kinds(exclusions: gpd.GeoDataFrame) -> np.ndarray:
    if "kind" not in exclusions.columns:
        return np.full(len(exclusions), "exclusion", dtype=object)
    return (
        exclusions["kind"].astype(object).where(exclusions["kind"].notna(), "exclusion").to_numpy()
    )


def _main_kind(zone: np.ndarray, area: np.ndarray, kinds: np.ndarray, index: pd.Index) -> pd.Series:
    sums = pd.DataFrame({"zone": zone, "kind": kinds.astype(str), "area": area})
    sums = sums.groupby(["zone", "kind"], as_index=False)["area"].sum()  # type: ignore[assignment]
    sums = sums.sort_values(["zone", "area", "kind"], ascending=[True, False, True])
    first = sums.drop_duplicates("zone").set_index("zone")["kind"]
    kind = first.reindex(np.arange(len(index)), fill_value="")
    return pd.Series(kind.to_numpy(dtype=object), index=index)
