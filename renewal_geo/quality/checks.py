"""The tests of a parcel drawing, each vectorised over the layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import geopandas as gpd
import numpy as np
import shapely

from renewal_geo.foundation import progress
from renewal_geo.foundation.crs import fault_of
from renewal_geo.foundation.errors import InputError
from renewal_geo.quality import attributes, borders, shapes, surroundings
from renewal_geo.quality.findings import CODES, Findings
from renewal_geo.quality.layer import Layer

METRIC_TESTS = (
    "overlap",
    "gap",
    "sliver",
    "spike",
    "unmatched_vertex",
    "area_mismatch",
    "outside_district",
    "outside_unit",
    "crossed_by_barrier",
)
Test = tuple[tuple[str, ...], Callable[[], None], str]
"""Codes that a test may find, the test, and why it cannot be run, or an empty text."""


@np.errstate(
    invalid="ignore", over="ignore"
)  # corners that are no number are reported, not warned of
def check(
    parcels: gpd.GeoDataFrame,
    *,
    district: gpd.GeoDataFrame | None = None,
    barriers: gpd.GeoDataFrame | None = None,
    units: gpd.GeoDataFrame | None = None,
    recorded_area_tolerance: float = 0.02,
    sliver_width_m: float = 0.5,
    sliver_min_m2: float = 1.0,
    overlap_min_m2: float = 0.01,
    gap_max_width_m: float = 2.0,
    tests: Sequence[str] = (),
    name: str = "parcels",
) -> Findings:
    """Find and classify the faults of a parcel drawing, each with its place and measure.

    Parameters
    ----------
    parcels
        n rows of any geometry, indexed by ``parcel_id`` (text, may repeat or be empty). Any CRS, or none.
    district
        Polygons that all parcels must lie in.
    barriers
        Barrier polygons or lines (``width_m``) that should not run through a parcel.
    units
        Renewal units by ``unit_id``: a parcel with a ``unit_id`` must lie in its unit. Where they have a
        column ``range_kind``, rows of kind ``demolition`` (拆除范围) must lie in the unit's own range.
    recorded_area_tolerance
        Share by which ``recorded_area_m2`` and the drawn area may differ.
    sliver_width_m, sliver_min_m2
        A parcel narrower (2 A / P) or smaller than this is a sliver.
    overlap_min_m2
        Overlaps and gaps smaller than this are rounding.
    gap_max_width_m
        Enclosed spaces up to this wide (2 A / P) are gaps, wider ones courtyards and streets. Cracks that
        run out into a street are gaps up to `sliver_width_m`.
    tests
        Codes to look for; all where empty.
    name
        Name of the layer in the findings.

    Returns
    -------
    Findings
        Accepts every readable layer. Without a metric CRS the tests that need metres are listed in
        ``skipped``. Independent of the order of rows.

    Raises
    ------
    InputError
        If `tests` names an unknown code.
    """
    unknown = [one for one in tests if one not in CODES]
    if unknown:
        raise InputError(
            f"unknown tests: {', '.join(unknown)}",
            where="[quality] tests",
            fix=f"any of: {', '.join(CODES)}",
            code="unknown_test",
        )
    metric = fault_of(parcels.crs) is None
    layer = Layer(parcels, name, metric=metric, reach=sliver_width_m)
    wanted = set(tests) or set(CODES)
    skipped: list[tuple[str, str]] = []
    work = [
        *_tests_of_table(layer, recorded_area_tolerance),
        *_tests_of_shapes(layer, sliver_width_m, sliver_min_m2),
        *_tests_of_borders(layer, wanted, overlap_min_m2, sliver_width_m, gap_max_width_m),
        *_tests_of_surroundings(layer, district, units, barriers),
    ]
    for number, (codes, test, why_not) in enumerate(work):
        if not wanted & set(codes):
            continue
        progress.report("quality.check", number / len(work))
        if why_not:
            skipped.extend((code, why_not) for code in codes)
        elif not metric and codes[0] in METRIC_TESTS:
            skipped.extend((code, "needs a projected CRS in metres") for code in codes)
        else:
            test()
    skipped.sort(key=lambda one: CODES.index(one[0]))
    parameters = {
        "sliver_width_m": sliver_width_m,
        "sliver_min_m2": sliver_min_m2,
        "overlap_min_m2": overlap_min_m2,
        "gap_max_width_m": gap_max_width_m,
    }
    return layer.notes.findings(skipped, wanted, parameters)


def _tests_of_table(layer: Layer, tolerance: float) -> list[Test]:
    crs = ("crs_missing", "crs_geographic", "crs_web_mercator", "crs_suspect")
    return [
        (crs, lambda: attributes.note_crs(layer), ""),
        (("encoding_doubt",), lambda: attributes.note_encoding(layer), ""),
        (("missing_id", "duplicate_id"), lambda: attributes.note_ids(layer), ""),
        (("suspicious_value",), lambda: attributes.note_values(layer), ""),
        (
            ("area_mismatch",),
            lambda: attributes.note_recorded_areas(layer, tolerance),
            _lacking(layer, "recorded_area_m2"),
        ),
    ]


def _tests_of_shapes(layer: Layer, narrow_m: float, small_m2: float) -> list[Test]:
    return [
        (("null_geometry", "wrong_type", "multipart"), lambda: shapes.note_kinds(layer), ""),
        (("invalid", "self_touch"), lambda: shapes.note_invalid(layer), ""),
        (("sliver",), lambda: shapes.note_slivers(layer, narrow_m, small_m2), ""),
        (("spike",), lambda: shapes.note_spikes(layer), ""),
    ]


def _tests_of_borders(
    layer: Layer, wanted: set[str], least_m2: float, sliver_m: float, widest_m: float
) -> list[Test]:
    def note_areas() -> None:  # a gap can only be told once the overlaps are known
        found = borders.overlaps(layer, least_m2)
        note_overlaps(layer, found, least_m2, sliver_m)
        if "gap" in wanted:
            enclosed = borders.gaps(layer, found, widest_m, least_m2)
            note_gaps(layer, enclosed, widest_m)
            cracks = borders.open_cracks(layer, enclosed, sliver_m, least_m2)
            note_gaps(layer, cracks, sliver_m, ("，通向外部", ", open to the outside"))

    return [
        (("duplicate_geometry",), lambda: note_duplicates(layer), ""),
        (("overlap", "gap"), note_areas, ""),
        (("unmatched_vertex",), lambda: note_unmatched(layer), ""),
    ]


def _tests_of_surroundings(
    layer: Layer,
    district: gpd.GeoDataFrame | None,
    units: gpd.GeoDataFrame | None,
    barriers: gpd.GeoDataFrame | None,
) -> list[Test]:
    def note_district() -> None:
        surroundings.note_outside_district(layer, district)  # type: ignore[arg-type]

    def note_units() -> None:
        if "unit_id" in layer.parcels.columns:
            surroundings.note_outside_unit(layer, units)  # type: ignore[arg-type]
        surroundings.note_outside_range(layer, units)  # type: ignore[arg-type]

    def note_barriers() -> None:
        walls = surroundings.walls_of(barriers, layer.parcels.crs)  # type: ignore[arg-type]
        surroundings.note_crossed(layer, walls)

    no_units = _absent(units, "units")
    if not no_units and surroundings.RANGE_KIND not in units.columns:  # type: ignore[union-attr]
        no_units = _lacking(layer, "unit_id")
    return [
        (("outside_district",), note_district, _absent(district, "district")),
        (("outside_unit",), note_units, no_units),
        (("crossed_by_barrier",), note_barriers, _absent(barriers, "barriers")),
    ]


def _absent(layer: gpd.GeoDataFrame | None, name: str) -> str:
    return f"no layer of {name}" if layer is None or not len(layer) else ""


def _lacking(layer: Layer, column: str) -> str:
    return "" if column in layer.parcels.columns else f"no column {column}"


def note_duplicates(layer: Layer) -> None:
    """Note rows that repeat the geometry of an earlier one."""
    later, first = borders.duplicates(layer)
    area = layer.area[later]
    layer.notes.add("duplicate_geometry", later, others=first, measures=area, unit="m2")


def note_overlaps(
    layer: Layer, found: borders.Overlaps, least_m2: float, sliver_width_m: float
) -> None:
    """Note pairs of parcels that cover the same ground."""
    layer.notes.add(
        "overlap",
        found.first,
        others=found.second,
        measures=found.area,
        unit="m2",
        limits=least_m2,
        areas=found.area,
        widths=found.width,
        places=found.shapes,
        details=[
            (
                f"{a:,.2f} m²，平均宽 {w:.2f} m{'（碎片）' if w < sliver_width_m else ''}",
                f"{a:,.2f} m², {w:.2f} m wide on average{' (sliver)' if w < sliver_width_m else ''}",
            )
            for a, w in zip(found.area, found.width, strict=True)
        ],
    )


def note_gaps(
    layer: Layer, found: borders.Gaps, widest_m: float, more: tuple[str, str] = ("", "")
) -> None:
    """Note narrow ground that no parcel covers, with the two parcels that border most on it."""
    layer.notes.add(
        "gap",
        [rows[0] if len(rows) else -1 for rows in found.around],
        others=[rows[1] if len(rows) > 1 else -1 for rows in found.around],
        measures=found.area,
        unit="m2",
        limits=widest_m,
        areas=found.area,
        widths=found.width,
        places=found.shapes,
        details=[
            (
                f"{a:,.2f} m²，平均宽 {w:.2f} m{more[0]}",
                f"{a:,.2f} m², {w:.2f} m wide on average{more[1]}",
            )
            for a, w in zip(found.area, found.width, strict=True)
        ],
    )


def note_unmatched(layer: Layer) -> None:
    """Note vertices of one parcel on the inside of another's edge, counted by pair."""
    found = borders.unmatched(layer)
    if not len(found.corner):
        return
    e = layer.fabric.edges
    x, y = e.x[found.corner], e.y[found.corner]
    order = np.lexsort((found.distance, y, x, found.other, found.owner))
    pair = np.column_stack([found.owner, found.other])[order]
    place = np.column_stack([x, y])[order]
    is_first = np.r_[True, (np.diff(pair, axis=0) != 0).any(axis=1)]
    starts = np.flatnonzero(is_first)
    is_other = is_first | np.r_[True, (np.diff(place, axis=0) != 0).any(axis=1)]
    count = np.add.reduceat(is_other.astype(int), starts)
    farthest = np.maximum.reduceat(found.distance[order], starts)
    layer.notes.add(
        "unmatched_vertex",
        pair[starts, 0],
        others=pair[starts, 1],
        measures=count,
        unit="vertices",
        areas=np.nan,
        widths=farthest,
        places=shapely.points(place[starts]),
        details=[
            (f"{c} 个节点，距边最远 {d:.4f} m", f"{c} vertices, up to {d:.4f} m from the edge")
            for c, d in zip(count, farthest, strict=True)
        ],
    )
