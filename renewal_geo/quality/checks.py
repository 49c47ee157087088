"""The tests of a parcel drawing, each vectorised over the layer."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.foundation import progress
from renewal_geo.foundation.crs import fault_of, metric_choice, name_of, suspect
from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.schema import as_text
from renewal_geo.foundation.schema import table as described
from renewal_geo.quality.findings import CODES, Findings, Notebook
from renewal_geo.spatial.areas import overlap_area, polygonal

SPIKE_DEGREES = 3.0
SPIKE_ARM_M = 0.5
VERTEX_TOLERANCE_M = 0.005
OUTSIDE_SHARE, OUTSIDE_M2 = 0.01, 1.0
BARRIER_M2 = 1.0
AREA_SLACK_M2 = 0.5
POLYGONAL = (3, 6)
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
_PLACE = re.compile(r"\[(-?[\d.eE+]+) (-?[\d.eE+]+)")
_MOJIBAKE = re.compile(r"[\u00c0-\u00ff\u00a1-\u00bf]{2,}|\ufffd|锟斤拷|烫烫")
_CJK = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """The layer with what every test needs."""

    parcels: gpd.GeoDataFrame
    shapes: np.ndarray
    areal: np.ndarray
    sound: np.ndarray
    order: np.ndarray
    notes: Notebook


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
        Renewal units by ``unit_id``: a parcel with a ``unit_id`` must lie in its unit.
    recorded_area_tolerance
        Share by which ``recorded_area_m2`` and the drawn area may differ.
    sliver_width_m, sliver_min_m2
        A parcel narrower (2 A / P) or smaller than this is a sliver.
    overlap_min_m2
        Overlaps and gaps smaller than this are rounding.
    gap_max_width_m
        Enclosed spaces up to this wide are gaps, wider ones courtyards and streets.
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
    layer = _layer(parcels, name)
    wanted = set(tests) or set(CODES)
    skipped: list[tuple[str, str]] = []
    metric = fault_of(parcels.crs) is None
    walls = _walls(barriers, parcels) if barriers is not None and metric else None
    work: list[tuple[tuple[str, ...], Callable[[], None], str]] = [
        (
            ("crs_missing", "crs_geographic", "crs_web_mercator", "crs_suspect"),
            lambda: _crs(layer),
            "",
        ),
        (("encoding_doubt",), lambda: _encoding(layer), ""),
        (("missing_id", "duplicate_id"), lambda: _ids(layer), ""),
        (("null_geometry", "wrong_type", "multipart"), lambda: _kinds(layer), ""),
        (("invalid", "self_touch"), lambda: _invalid(layer), ""),
        (("duplicate_geometry",), lambda: _duplicates(layer), ""),
        (("suspicious_value",), lambda: _values(layer), ""),
        (("overlap",), lambda: _overlaps(layer, overlap_min_m2, sliver_width_m), ""),
        (("gap",), lambda: _gaps(layer, gap_max_width_m, overlap_min_m2), ""),
        (("sliver",), lambda: _slivers(layer, sliver_width_m, sliver_min_m2), ""),
        (("spike",), lambda: _spikes(layer), ""),
        (("unmatched_vertex",), lambda: _unmatched(layer), ""),
        (
            ("area_mismatch",),
            lambda: _recorded(layer, recorded_area_tolerance),
            "" if "recorded_area_m2" in parcels.columns else "no column recorded_area_m2",
        ),
        (("outside_district",), lambda: _outside(layer, district), _absent(district, "district")),
        (
            ("outside_unit",),
            lambda: _units(layer, units),
            _absent(units, "units")
            or ("" if "unit_id" in parcels.columns else "no column unit_id"),
        ),
        (("crossed_by_barrier",), lambda: _crossed(layer, walls), _absent(barriers, "barriers")),
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
    found = layer.notes.findings(skipped)
    if tests:
        kept = found.table[found.table["code"].isin(wanted)].reset_index(drop=True)
        return Findings(
            kept,
            kept["code"].value_counts(sort=False),
            tuple(skipped),
            len(parcels),
            found.provenance,
        )
    return found


def _layer(parcels: gpd.GeoDataFrame, name: str) -> _Layer:
    shapes = shapely.force_2d(parcels.geometry.to_numpy())
    areal = np.isin(shapely.get_type_id(shapes), POLYGONAL) & ~shapely.is_empty(shapes)
    sound = areal & shapely.is_valid(shapes)
    bounds = np.nan_to_num(shapely.bounds(shapes), nan=np.inf).round(3)
    ids = parcels.index.to_numpy().astype(str)
    rest = (
        as_text(pd.Series(parcels.iloc[:, 0])).fillna("").to_numpy(str)
        if parcels.shape[1] > 1
        else ids
    )
    order = np.lexsort((rest, ids, *bounds.T[::-1]))
    return _Layer(parcels, shapes, areal, sound, order, Notebook(parcels, name, order))


def _absent(layer: gpd.GeoDataFrame | None, name: str) -> str:
    return f"no layer of {name}" if layer is None or not len(layer) else ""


def _walls(barriers: gpd.GeoDataFrame, parcels: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    shapes = barriers.geometry.to_numpy()
    width = pd.to_numeric(
        barriers.get("width_m", pd.Series(1.0, index=barriers.index)), errors="coerce"
    )
    lines = np.isin(shapely.get_type_id(shapes), (1, 5))
    wide = shapely.buffer(shapes, width.fillna(1.0).to_numpy() / 2, cap_style="flat")
    shapes = polygonal(np.where(lines, wide, shapes))
    kind = (
        barriers["kind"].astype(str)
        if "kind" in barriers
        else pd.Series("barrier", index=barriers.index)
    )
    return gpd.GeoDataFrame({"kind": kind.to_numpy()}, geometry=shapes, crs=parcels.crs)


def _crs(layer: _Layer) -> None:
    crs = layer.parcels.crs
    code = fault_of(crs)
    bounds = layer.parcels.total_bounds
    nowhere = np.array([None], dtype=object)
    if code in {"crs_missing", "crs_geographic", "crs_web_mercator"}:
        better = metric_choice(layer.parcels)
        layer.notes.add(
            code,
            -1,
            places=nowhere,
            details=(
                f"{name_of(crs)}，面积须在投影坐标系（米）中量算，如 {better}",
                f"{name_of(crs)}; areas need a projected CRS in metres, such as {better}",
            ),
        )
    odd = suspect(bounds, crs) if len(layer.parcels) else None
    if odd:
        layer.notes.add("crs_suspect", -1, places=nowhere, details=(odd, odd))


def _encoding(layer: _Layer) -> None:
    body = layer.parcels.drop(columns=layer.parcels.geometry.name)
    for column in body.columns:
        values = body[column]
        if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
            doubtful = pd.Series(data=False, index=range(len(values)))
        else:
            text = (
                values.astype(object).where(values.notna(), "").astype(str).reset_index(drop=True)
            )
            doubtful = text.map(lambda one: bool(_MOJIBAKE.search(one)) and not _CJK.search(one))
        if bool(_MOJIBAKE.search(str(column))):
            layer.notes.add(
                "encoding_doubt",
                -1,
                places=np.array([None], dtype=object),
                details=(f"字段名 {column!r}", f"field name {column!r}"),
            )
        rows = np.flatnonzero(doubtful.to_numpy())
        if len(rows):
            example = str(values.iloc[rows[0]])[:20]
            layer.notes.add(
                "encoding_doubt",
                rows[:1],
                measures=len(rows),
                unit="rows",
                details=(
                    f"{column} 有 {len(rows)} 行像乱码，如 {example!r}",
                    f"{column}: {len(rows)} rows look garbled, such as {example!r}",
                ),
            )


def _ids(layer: _Layer) -> None:
    ids = layer.notes.ids
    layer.notes.add("missing_id", np.flatnonzero(ids == ""))
    ordered = pd.Series(ids[layer.order], index=layer.order)
    ordered = ordered[ordered != ""]
    first = ordered.drop_duplicates()
    first_row = pd.Series(first.index, index=first.to_numpy())
    later = ordered.index[ordered.duplicated()]
    layer.notes.add(
        "duplicate_id",
        later,
        others=first_row.reindex(ids[later]).to_numpy(),
        details=[(f"编号 {ids[r]} 已被占用", f"the id {ids[r]} is taken") for r in later],
    )


def _kinds(layer: _Layer) -> None:
    kind = shapely.get_type_id(layer.shapes)
    empty = shapely.is_missing(layer.shapes) | shapely.is_empty(layer.shapes)
    layer.notes.add("null_geometry", np.flatnonzero(empty))
    wrong = np.flatnonzero(~empty & ~np.isin(kind, POLYGONAL))
    layer.notes.add(
        "wrong_type",
        wrong,
        details=[(g.geom_type, g.geom_type) for g in layer.shapes[wrong]],
    )
    parts = shapely.get_num_geometries(layer.shapes)
    several = np.flatnonzero(layer.areal & (parts > 1))
    layer.notes.add(
        "multipart",
        several,
        measures=parts[several],
        unit="parts",
        limits=1,
        details=[(f"{p} 个部分", f"{p} parts") for p in parts[several]],
    )


def _invalid(layer: _Layer) -> None:
    rows = np.flatnonzero(layer.areal & ~layer.sound)
    reasons = shapely.is_valid_reason(layer.shapes[rows])
    for row, reason in zip(rows, reasons, strict=True):
        match = _PLACE.search(str(reason))
        text = str(reason).split("[")[0].strip()
        where = shapely.Point(float(match[1]), float(match[2])) if match else None
        code = "self_touch" if text.startswith("Ring Self-intersection") else "invalid"
        layer.notes.add(code, row, places=np.array([where], dtype=object), details=(text, text))


def _duplicates(layer: _Layer) -> None:
    rows = layer.order[layer.areal[layer.order]]
    plain = pd.Series(shapely.to_wkb(shapely.normalize(layer.shapes[rows])), index=rows)
    first = plain.drop_duplicates()
    first_row = pd.Series(first.index, index=first.to_numpy())
    later = plain.index[plain.duplicated()]
    layer.notes.add(
        "duplicate_geometry",
        later,
        others=first_row.reindex(plain[later].to_numpy()).to_numpy(),
        measures=shapely.area(layer.shapes[later]),
        unit="m2",
    )


def _values(layer: _Layer) -> None:
    for column in described("parcels").columns.values():
        if column.name not in layer.parcels.columns or column.name == "recorded_area_m2":
            continue
        if column.minimum is None and column.maximum is None:
            continue
        values = pd.to_numeric(layer.parcels[column.name], errors="coerce").to_numpy(dtype=float)
        for limit, bad in (
            (column.minimum, values < (column.minimum if column.minimum is not None else -np.inf)),
            (column.maximum, values > (column.maximum if column.maximum is not None else np.inf)),
        ):
            rows = np.flatnonzero(bad)
            layer.notes.add(
                "suspicious_value",
                rows,
                measures=values[rows],
                limits=limit,
                unit=column.unit,
                details=[
                    (f"{column.title_zh} = {v:g}", f"{column.title} = {v:g}") for v in values[rows]
                ],
            )


def _pairs(layer: _Layer) -> tuple[np.ndarray, np.ndarray]:
    rows = layer.order[layer.sound[layer.order]]
    first, second = shapely.STRtree(layer.shapes[rows]).query(
        layer.shapes[rows], predicate="intersects"
    )
    keep = first < second
    return rows[first[keep]], rows[second[keep]]


def _overlaps(layer: _Layer, least_m2: float, sliver_width_m: float) -> None:
    first, second = _pairs(layer)
    crossing = ~shapely.touches(layer.shapes[first], layer.shapes[second])
    first, second = first[crossing], second[crossing]
    same = shapely.equals_identical(
        shapely.normalize(layer.shapes[first]), shapely.normalize(layer.shapes[second])
    )
    first, second = first[~same], second[~same]
    shared = polygonal(shapely.intersection(layer.shapes[first], layer.shapes[second]))
    area = np.nan_to_num(shapely.area(shared))
    real = area > least_m2
    first, second, shared, area = first[real], second[real], shared[real], area[real]
    width = 2 * area / shapely.length(shared)
    layer.notes.add(
        "overlap",
        first,
        others=second,
        measures=area,
        unit="m2",
        limits=least_m2,
        places=shared,
        details=[
            (
                f"{a:,.2f} m²，平均宽 {w:.2f} m{'（碎片）' if w < sliver_width_m else ''}",
                f"{a:,.2f} m², {w:.2f} m wide on average{' (sliver)' if w < sliver_width_m else ''}",
            )
            for a, w in zip(area, width, strict=True)
        ],
    )


def _gaps(layer: _Layer, widest_m: float, least_m2: float) -> None:
    rows = np.flatnonzero(layer.sound)
    if not len(rows):
        return
    whole = shapely.union_all(layer.shapes[rows])
    holes = shapely.polygons(_inner_rings(whole))
    area, length = shapely.area(holes), shapely.length(holes)
    width = 2 * area / np.maximum(length, 1e-12)
    narrow = (width <= widest_m) & (area > least_m2)
    holes, area, width = holes[narrow], area[narrow], width[narrow]  # type: ignore[index]
    tree = shapely.STRtree(layer.shapes[rows])
    hole, near = tree.query(holes, predicate="dwithin", distance=1e-6)
    rank = layer.notes.rank[rows[near]]
    firsts, seconds = np.full(len(holes), -1), np.full(len(holes), -1)
    for h, (one, *rest) in pd.Series(rows[near[np.lexsort((rank, hole))]]).groupby(np.sort(hole)):
        firsts[h], seconds[h] = one, rest[0] if rest else -1  # type: ignore[index]
    layer.notes.add(
        "gap",
        firsts,
        others=seconds,
        measures=area,
        unit="m2",
        limits=widest_m,
        places=holes,
        details=[
            (f"{a:,.2f} m²，平均宽 {w:.2f} m", f"{a:,.2f} m², {w:.2f} m wide on average")
            for a, w in zip(area, width, strict=True)
        ],
    )


def _inner_rings(shape: shapely.Geometry) -> np.ndarray:
    parts = shapely.get_parts(shape)
    rings, part = shapely.get_rings(parts, return_index=True)
    inner = np.r_[False, part[1:] == part[:-1]] if len(rings) else np.empty(0, dtype=bool)
    return np.asarray(rings[inner])


def _slivers(layer: _Layer, narrow_m: float, small_m2: float) -> None:
    rows = np.flatnonzero(layer.sound)
    area = shapely.area(layer.shapes[rows])
    width = 2 * area / np.maximum(shapely.length(layer.shapes[rows]), 1e-12)
    bad = (width < narrow_m) | (area < small_m2)
    layer.notes.add(
        "sliver",
        rows[bad],
        measures=width[bad],
        unit="m",
        limits=narrow_m,
        places=layer.shapes[rows[bad]],
        details=[
            (f"{a:,.2f} m²，平均宽 {w:.2f} m", f"{a:,.2f} m², {w:.2f} m wide on average")
            for a, w in zip(area[bad], width[bad], strict=True)
        ],
    )


def _spikes(layer: _Layer) -> None:
    """A vertex where the border turns back on itself, with arms of some length on both sides."""
    rows = np.flatnonzero(layer.areal)
    parts, part_of = shapely.get_parts(layer.shapes[rows], return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    points, ring_of = shapely.get_coordinates(rings, return_index=True)
    if len(points) < 3:
        return
    last = np.r_[ring_of[1:] != ring_of[:-1], True]
    points, ring_of = points[~last], ring_of[~last]
    begin = np.searchsorted(ring_of, np.arange(len(rings)))
    count = np.bincount(ring_of, minlength=len(rings))
    place = np.arange(len(points)) - begin[ring_of]
    before = points[begin[ring_of] + (place - 1) % count[ring_of]] - points
    after = points[begin[ring_of] + (place + 1) % count[ring_of]] - points
    arm_1, arm_2 = np.hypot(*before.T), np.hypot(*after.T)
    cosine = (before * after).sum(axis=1) / np.maximum(arm_1 * arm_2, 1e-12)
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    arm = np.minimum(arm_1, arm_2)
    sharp = np.flatnonzero((angle < SPIKE_DEGREES) & (arm > SPIKE_ARM_M))
    owner = rows[part_of[ring_part[ring_of[sharp]]]]
    layer.notes.add(
        "spike",
        owner,
        measures=arm[sharp],
        unit="m",
        limits=SPIKE_ARM_M,
        places=shapely.points(points[sharp]),
        details=[
            (f"长 {a:.2f} m，角 {g:.2f}°", f"{a:.2f} m long, {g:.2f}°")
            for a, g in zip(arm[sharp], angle[sharp], strict=True)
        ],
    )


def _unmatched(layer: _Layer) -> None:
    """Vertices of one parcel on the inside of another's edge, counted by pair."""
    rows = np.flatnonzero(layer.sound)
    rings, owner = shapely.get_parts(shapely.boundary(layer.shapes[rows]), return_index=True)
    points, ring_of = shapely.get_coordinates(rings, return_index=True)
    if len(points) < 2:
        return
    inner = ring_of[1:] == ring_of[:-1]
    ends = np.stack([points[:-1][inner], points[1:][inner]], axis=1)
    edges, edge_owner = shapely.linestrings(ends), rows[owner[ring_of[:-1][inner]]]
    vertex, vertex_owner = shapely.points(ends[:, 0]), edge_owner
    v, e = shapely.STRtree(edges).query(vertex, predicate="dwithin", distance=VERTEX_TOLERANCE_M)  # type: ignore[arg-type]
    apart = vertex_owner[v] != edge_owner[e]
    v, e = v[apart], e[apart]
    for end in (0, 1):
        away = np.hypot(*(ends[v, 0] - ends[e, end]).T) > 2 * VERTEX_TOLERANCE_M
        v, e = v[away], e[away]
    if not len(v):
        return
    table = pd.DataFrame({"one": vertex_owner[v], "two": edge_owner[e], "v": v})
    table = table.groupby(["one", "two"], as_index=False).agg(
        count=("v", "nunique"), v=("v", "min")
    )
    layer.notes.add(
        "unmatched_vertex",
        table["one"].to_numpy(),
        others=table["two"].to_numpy(),
        measures=table["count"].to_numpy(),
        unit="vertices",
        places=vertex[table["v"].to_numpy()],  # type: ignore[index]
        details=[(f"{c} 个节点", f"{c} vertices") for c in table["count"]],
    )


def _recorded(layer: _Layer, tolerance: float) -> None:
    recorded = pd.to_numeric(layer.parcels["recorded_area_m2"], errors="coerce").to_numpy(
        dtype=float
    )
    drawn = np.where(layer.sound, np.nan_to_num(shapely.area(layer.shapes)), np.nan)
    off = np.abs(recorded - drawn)
    bad = np.flatnonzero((off > tolerance * drawn) & (off > AREA_SLACK_M2))
    share = recorded[bad] / drawn[bad] - 1
    layer.notes.add(
        "area_mismatch",
        bad,
        measures=share,
        unit="1",
        limits=tolerance,
        details=[
            (
                f"登记 {r:,.1f} m²，图形 {d:,.1f} m²（{100 * s:+.1f}%）",
                f"recorded {r:,.1f} m², drawn {d:,.1f} m² ({100 * s:+.1f} %)",
            )
            for r, d, s in zip(recorded[bad], drawn[bad], share, strict=True)
        ],
    )


def _outside(layer: _Layer, district: gpd.GeoDataFrame | None) -> None:
    if district is None:
        return
    area = np.where(layer.sound, np.nan_to_num(shapely.area(layer.shapes)), 0.0)
    solid = np.where(layer.sound, layer.shapes, None)  # type: ignore[call-overload]
    outside = area - overlap_area(solid, polygonal(district.geometry.to_numpy()))
    bad = np.flatnonzero(outside > np.maximum(OUTSIDE_M2, OUTSIDE_SHARE * area))
    layer.notes.add(
        "outside_district",
        bad,
        measures=outside[bad],
        unit="m2",
        limits=OUTSIDE_M2,
        details=[(f"{o:,.1f} m²", f"{o:,.1f} m²") for o in outside[bad]],
    )


def _units(layer: _Layer, units: gpd.GeoDataFrame | None) -> None:
    if units is None:
        return
    wanted = as_text(layer.parcels["unit_id"]).fillna("").to_numpy(str)
    place = pd.Series(np.arange(len(units)), index=units.index.astype(str))
    place = place[~place.index.duplicated()].reindex(wanted)
    rows = np.flatnonzero(place.notna().to_numpy() & layer.sound)
    shapes = polygonal(units.geometry.to_numpy())[place.to_numpy()[rows].astype(int)]
    outside = np.nan_to_num(shapely.area(shapely.difference(layer.shapes[rows], shapes)))
    bad = outside > np.maximum(OUTSIDE_M2, OUTSIDE_SHARE * shapely.area(layer.shapes[rows]))
    layer.notes.add(
        "outside_unit",
        rows[bad],
        measures=outside[bad],
        unit="m2",
        limits=OUTSIDE_M2,
        details=[
            (f"{wanted[r]}：{o:,.1f} m²", f"{wanted[r]}: {o:,.1f} m²")
            for r, o in zip(rows[bad], outside[bad], strict=True)
        ],
    )


def _crossed(layer: _Layer, walls: gpd.GeoDataFrame | None) -> None:
    if walls is None:
        return
    rows = np.flatnonzero(layer.sound)
    shapes = walls.geometry.to_numpy()
    row, wall = shapely.STRtree(shapes).query(layer.shapes[rows], predicate="intersects")
    shared = shapely.intersection(layer.shapes[rows[row]], shapes[wall])
    area = shapely.area(shared)
    real = area > BARRIER_M2
    kinds = walls["kind"].to_numpy()[wall[real]]
    layer.notes.add(
        "crossed_by_barrier",
        rows[row[real]],
        measures=area[real],
        unit="m2",
        limits=BARRIER_M2,
        places=shared[real],
        details=[
            (f"{k} 占 {a:,.1f} m²", f"{k} takes {a:,.1f} m²")
            for k, a in zip(kinds, area[real], strict=True)
        ],
    )
