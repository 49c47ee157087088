"""What a publication shows beyond the certificate, re-derived: reasons and outlines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation.crs import ellipsoidal_area
from renewal_geo.foundation.errors import some_ids
from renewal_geo.spatial.areas import polygonal
from renewal_geo.zones.pool import Candidates
from renewal_geo.zones.reasons import REASONS, settled
from renewal_geo.zones.terms import Terms

AREA_M2 = 0.01
LENGTH_M = 0.01
RATIO = 1e-6
DEFAULT_GAP_M = 40.0
MITRE_REACH = 2.0

Fault = tuple[str, str, str]
Rows = Mapping[str, NDArray[np.int64]]
Shapes = NDArray[np.object_]


def reason_faults(
    found: Candidates, zones: Rows, terms: Terms, status: str, stated: pd.Series
) -> Iterator[Fault]:
    """Compare published reasons with what the inputs settle.

    Parameters
    ----------
    found
        The candidates, re-derived.
    zones
        Zone id -> rows of its parcels.
    terms
        The limits.
    status
        Of the certificate.
    stated
        parcel_id -> published reason, in the order of the candidates.

    Yields
    ------
    tuple
        Code, what differs, where.

    Notes
    -----
    invalid, ground, locked_out, excluded, chosen, not_in_pool, isolated and cut_off follow from the inputs
    and the zones. share, budget, low_value and undecided rest on the search; of these is checked that
    the limit exists of which they speak, and that a proven answer leaves nothing undecided.
    """
    index = found.table.index
    chosen = np.zeros(len(index), dtype=bool)
    for rows in zones.values():
        chosen[rows] = True
    expected = settled(found, chosen, terms)
    given = stated.astype(object).where(stated.notna(), "").to_numpy().astype(str)
    is_settled = expected != ""
    off = is_settled & (given != expected)
    open_reasons = ["low_value"]
    open_reasons += ["share"] if terms.min_share else []
    open_reasons += ["budget"] if terms.area_budget_ha is not None else []
    open_reasons += ["undecided"] if status != "optimal" else []
    off |= ~is_settled & ~np.isin(given, open_reasons)
    if off.any():
        first = int(np.flatnonzero(off)[0])
        truth = str(expected[first]) or " or ".join(r for r in REASONS if r in open_reasons)
        yield (
            "parcels.reason",
            f"the reason of {int(off.sum())} parcels differs, as {given[first]} for {truth}",
            some_ids(index[off]),
        )


def outline_faults(
    found: Candidates,
    zones: Rows,
    terms: Terms,
    exclusions: gpd.GeoDataFrame | None,
    published: Mapping[str, pd.DataFrame],
) -> Iterator[Fault]:
    """Check published envelopes, and the figures that the zones take from them.

    Parameters
    ----------
    found, zones, terms
        As in :func:`reason_faults`.
    exclusions
        Areas that no zone may take.
    published
        ``envelopes`` and, where at hand, ``zones``, both by zone_id.

    Yields
    ------
    tuple
        Code, what differs, where.

    Notes
    -----
    An envelope covers its members; what it adds to them lies within reach of them and holds nothing
    of barriers, exclusions, other zones and strangers larger than the sliver limit; envelopes do
    not overlap.
    """
    shells = published.get("envelopes")
    if not isinstance(shells, gpd.GeoDataFrame):
        return
    if set(shells.index.astype(str)) != set(zones):
        yield "envelopes", "the layer of envelopes holds other zones than the certificate", ""
        return
    shells = shells.loc[list(zones)]
    shapes = shapely.force_2d(found.parcels.geometry.to_numpy())
    members = np.array([shapely.union_all(shapes[rows]) for rows in zones.values()], dtype=object)
    outlines = polygonal(shells.geometry.to_numpy())
    hard = _obstacles(found, zones, terms, exclusions)
    gap_max = float(found.links.parameters.get("gap_max_m", DEFAULT_GAP_M))
    for name, outline, core in zip(zones, outlines, members, strict=True):
        if outline is None:
            yield "envelopes.geometry", f"the envelope of {name} has no area", name
            continue
        reach = shapely.buffer(core, MITRE_REACH * (gap_max / 2 + 1.0))
        for what, area in (
            ("leaves out members", core.area - shapely.intersection(core, outline).area),
            ("holds barriers, exclusions or strangers", _gained(outline, core, hard)),
            ("holds parcels of other zones", _gained(outline, core, members[members != core])),
            ("reaches too far from its members", shapely.difference(outline, reach).area),
        ):
            if area > AREA_M2:
                yield "envelopes.geometry", f"the envelope of {name} {what}: {area:,.2f} m2", name
    areal = np.array([one for one in outlines if one is not None], dtype=object)
    first, second = shapely.STRtree(areal).query(areal, predicate="overlaps")
    shared = shapely.area(shapely.intersection(areal[first], areal[second]))
    if (shared > AREA_M2).any():
        yield "envelopes.geometry", f"envelopes overlap by {shared.max():,.2f} m2", ""
    yield from _figure_faults(found, zones, shells, outlines, published.get("zones"))


def _obstacles(
    found: Candidates, zones: Rows, terms: Terms, exclusions: gpd.GeoDataFrame | None
) -> Shapes:
    table = found.table
    stranger = (
        table["is_valid"] & ~table["is_ground"] & (table["area_m2"] > terms.sliver_min_m2)
    ).to_numpy(copy=True)
    for rows in zones.values():
        stranger[rows] = False
    layers = [
        shapely.force_2d(found.parcels.geometry.to_numpy()[stranger]),
        found.links.barriers.geometry.to_numpy(),
    ]
    if exclusions is not None:
        layers.append(polygonal(exclusions.geometry.to_numpy()))
    hard = np.concatenate(layers)
    return np.asarray(hard[~shapely.is_missing(hard)], dtype=object)


def _gained(outline: shapely.Geometry, core: shapely.Geometry, obstacles: Shapes) -> float:
    """Return how much of one obstacle the outline holds beyond what its members already overlap.

    By two intersections: the difference of two outlines that share most of their border can lose a
    hole in GEOS.
    """
    near = obstacles[shapely.STRtree(obstacles).query(outline, predicate="intersects")]
    held = shapely.area(shapely.intersection(near, outline))
    return float((held - shapely.area(shapely.intersection(near, core))).max(initial=0.0))


def _figure_faults(
    found: Candidates,
    zones: Rows,
    shells: gpd.GeoDataFrame,
    outlines: Shapes,
    stated: pd.DataFrame | None,
) -> Iterator[Fault]:
    area, length = shapely.area(outlines), shapely.length(outlines)
    figures = {
        "gross_area_m2": (area, AREA_M2),
        "perimeter_m": (length, LENGTH_M),
        "compactness": (4 * np.pi * area / np.maximum(length, 1e-9) ** 2, RATIO),
    }
    own = found.table["area_m2"].to_numpy()
    for name in [c for c in found.table.columns if c.startswith("share_")]:
        weighted = own * found.table[name].to_numpy()
        parts = np.array([weighted[rows].sum() for rows in zones.values()])
        figures[f"{name}_gross"] = (parts / np.maximum(area, 1e-9), RATIO)
    tables = [("envelopes", shells, figures)]
    if stated is not None and set(stated.index.astype(str)) == set(zones):
        stated = stated.loc[list(zones)]
        if isinstance(stated, gpd.GeoDataFrame):
            true_area = ellipsoidal_area(stated.geometry.to_numpy(), found.parcels.crs)  # type: ignore[arg-type]
            figures = {**figures, "area_ellipsoidal_m2": (true_area, AREA_M2)}
        tables.append(("zones", stated, figures))  # type: ignore[arg-type]
    for layer, table, expected in tables:
        for name, (truth, tolerance) in expected.items():
            if name not in table.columns:
                continue
            given = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float)
            off = ~(np.abs(given - truth) <= tolerance)
            if off.any():
                yield (
                    f"{layer}.{name}",
                    f"{name} is given as {given[off][0]:.6f}, it is {truth[off][0]:.6f}",
                    some_ids(table.index[off]),
                )
