"""The faults that the sample district bears on purpose, each in parcels of their own."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import MultiPolygon, Polygon
from shapely.affinity import translate

COUNTS = {
    "overlap": 12,
    "gap": 10,
    "sliver": 8,
    "invalid": 6,
    "self_touch": 4,
    "spike": 5,
    "duplicate_geometry": 5,
    "duplicate_id": 8,
    "missing_id": 4,
    "null_geometry": 5,
    "multipart": 6,
    "area_mismatch": 15,
    "suspicious_value": 6,
    "outside_district": 3,
}
SMALLEST_M2, LARGEST_M2 = 1_200.0, 30_000.0
M2_PER_MU = 10_000 / 15


class Site:
    """Hands out parcels that are far enough apart for one fault not to make another."""

    def __init__(self, rng: np.random.Generator, parcels: gpd.GeoDataFrame) -> None:
        self.rng = rng
        self.parcels = parcels
        area = parcels.geometry.area
        fit = (area > SMALLEST_M2) & (area < LARGEST_M2) & (parcels["kind"] != "hill")
        self.queue = list(rng.permutation(parcels.index[fit]))
        self.used: set[int] = set()
        self.tree = parcels.sindex

    def take(self) -> int:
        """Return the row of a parcel none of whose neighbours has been touched."""
        while True:
            row = int(self.queue.pop())
            around = self.tree.query(self.parcels.geometry[row].buffer(30), predicate="intersects")
            if not self.used & set(around.tolist()):
                self.used.update(around.tolist())
                return row

    def take_pair(self) -> tuple[int, int, shapely.Geometry]:
        """Return two neighbours and the middle of the border that they share."""
        while True:
            row = self.take()
            here = self.parcels.geometry[row]
            for other in sorted(self.tree.query(here, predicate="touches").tolist()):
                border = shapely.line_merge(here.intersection(self.parcels.geometry[other]))
                if border.geom_type == "LineString" and border.length > 25:
                    return row, other, middle_of(border)


def middle_of(line: shapely.Geometry) -> shapely.Geometry:
    """Return the middle three fifths of a line."""
    return shapely.ops.substring(line, 0.2, 0.8, normalized=True)


def plant(
    rng: np.random.Generator, parcels: gpd.GeoDataFrame, outline: shapely.Geometry
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Plant every kind of fault; return the faulty layer and the list of what was planted."""
    site = Site(rng, parcels)
    table = parcels.copy()
    shapes = list(table.geometry)
    extra: list[dict[str, object]] = []
    found: list[tuple[str, str, str, str]] = []
    ids = table["地块编号"].to_numpy(dtype=object).copy()
    acres = table["面积亩"].to_numpy().copy()
    built, floor = table["建成年份"].to_numpy().copy(), table["建筑面积"].to_numpy().copy()

    def note(code: str, row: int | str, other: int | str = "", text: str = "") -> None:
        names = [str(table["地块编号"].iloc[x]) if isinstance(x, int) else x for x in (row, other)]
        found.append((code, names[0], names[1], text))

    def copy_of(row: int, **changes: object) -> dict[str, object]:
        return {**table.iloc[row].to_dict(), **changes}

    def measured(row: int) -> None:
        acres[row] = round(shapes[row].area / M2_PER_MU, 3)

    def overlaps() -> None:
        for number in range(COUNTS["overlap"]):
            row, other, border = site.take_pair()
            wide = 14.0 if number == 0 else float(rng.uniform(0.7, 3.0))
            strip = border.buffer(wide, cap_style="flat").intersection(shapes[other])
            shapes[row] = on_grid(shapes[row].union(strip))
            measured(row)
            note("overlap", row, other, f"{strip.area:.1f} m2")

    def gaps() -> None:
        for _ in range(COUNTS["gap"]):
            row, other, border = site.take_pair()
            wide = float(rng.uniform(0.25, 1.6))
            while True:
                cut = on_grid(shapes[row].difference(border.buffer(wide, cap_style="flat")))
                if any(Polygon(ring).area > 2 for ring in cut.union(shapes[other]).interiors):
                    break
                row, other, border = site.take_pair()
            shapes[row] = cut
            # the crack's ends become vertices of the neighbour too, or rounding would open it
            shapes[other] = shapely.snap(shapes[other], shapely.boundary(cut), 0.002)
            measured(row)
            note("gap", row, other, f"{wide:.2f} m wide")

    def slivers() -> None:
        for number in range(COUNTS["sliver"]):
            row, _, border = site.take_pair()
            strip = on_grid(border.buffer(0.3, cap_style="flat").intersection(shapes[row]))
            shapes[row] = on_grid(shapes[row].difference(strip))
            measured(row)
            name = f"SLIVER{number + 1:02d}"
            area = round(strip.area / M2_PER_MU, 3)
            extra.append(copy_of(row, 地块编号=name, 面积亩=area, geometry=strip))
            note("sliver", name, row, f"{strip.area:.2f} m2")

    def bow_ties() -> None:
        for _ in range(COUNTS["invalid"]):
            row = site.take()
            corners = list(shapely.simplify(shapes[row], 5).exterior.coords[:-1])
            corners[1], corners[2] = corners[2], corners[1]
            shapes[row] = Polygon(corners)
            note("invalid", row, text=str(shapely.is_valid_reason(shapes[row])).split("[")[0])

    def pinches() -> None:
        for _ in range(COUNTS["self_touch"]):
            row = site.take()
            ring = list(shapes[row].exterior.coords[:-1])
            at = np.array(ring[0])
            inward = np.array(shapes[row].representative_point().coords[0]) - at
            inward /= np.hypot(*inward)
            side = np.array([-inward[1], inward[0]])
            one, two = at + inward * 12 + side * 2, at + inward * 12 - side * 2
            first, second = (one, two) if shapely.is_ccw(shapes[row].exterior) else (two, one)
            shapes[row] = Polygon([*ring, tuple(at), tuple(first.round(3)), tuple(second.round(3))])
            note("self_touch", row)

    def spikes() -> None:
        for _ in range(COUNTS["spike"]):
            row, foot, outward, along, place = street_side(site)
            ring = shapely.get_coordinates(shapely.orient_polygons(shapes[row]).exterior)
            thorn = [foot - along * 0.01, foot + outward * 3.5, foot + along * 0.01]
            shapes[row] = Polygon([*ring[: place + 1], *np.round(thorn, 4), *ring[place + 1 :]])
            note("spike", row, text="3.5 m")

    def same_shapes() -> None:
        for number in range(COUNTS["duplicate_geometry"]):
            row = site.take()
            name = str(ids[row]) if number < 2 else f"COPY{number + 1:02d}"
            extra.append(copy_of(row, 地块编号=name, geometry=shapes[row]))
            note("duplicate_geometry", row, name, "same row twice" if number < 2 else "other id")
            if number < 2:
                note("duplicate_id", row, name, "same row twice")

    def same_ids() -> None:
        for _ in range(COUNTS["duplicate_id"] - 2):
            row, other = site.take(), site.take()
            note("duplicate_id", row, row, "other geometry")
            ids[other] = ids[row]

    def no_ids() -> None:
        for _ in range(COUNTS["missing_id"]):
            row = site.take()
            note("missing_id", "", text=f"was {ids[row]}")
            ids[row] = ""

    def no_shapes() -> None:
        for number in range(COUNTS["null_geometry"]):
            name = f"NULL{number + 1:02d}"
            extra.append(copy_of(site.take(), 地块编号=name, geometry=None))
            note("null_geometry", name)

    def in_parts() -> None:
        for _ in range(COUNTS["multipart"]):
            row = site.take()
            part = shapely.get_parts(shapely.intersection(shapes[row], half_of(shapes[row])))[0]
            rest = shapely.get_parts(shapes[row].difference(part.buffer(9.0, join_style="mitre")))
            shapes[row] = MultiPolygon([on_grid(part), on_grid(max(rest, key=lambda p: p.area))])
            measured(row)
            note("multipart", row)

    def wrong_areas() -> None:
        for number in range(COUNTS["area_mismatch"]):
            row = site.take()
            acres[row] = round(acres[row] * (1.15 if number % 2 else 0.8), 3)
            note(
                "area_mismatch",
                row,
                text="recorded 15 % too much" if number % 2 else "20 % too little",
            )

    def odd_values() -> None:
        for number in range(COUNTS["suspicious_value"]):
            row = site.take()
            if number % 2:
                built[row] = 1026 if number == 1 else 3019
                note("suspicious_value", row, text=f"built {built[row]:.0f}")
            else:
                floor[row] = -abs(floor[row]) - 1.0
                note("suspicious_value", row, text="negative floor area")

    def strays() -> None:
        x0, _, _, y1 = outline.bounds
        for number in range(COUNTS["outside_district"]):
            row = site.take()
            centre = shapes[row].centroid
            away = translate(shapes[row], x0 - 900 - centre.x, y1 - 400 * number - centre.y)
            name = f"STRAY{number + 1:02d}"
            extra.append(copy_of(row, 地块编号=name, geometry=on_grid(away)))
            note("outside_district", name)

    work: list[Callable[[], None]] = [
        overlaps,
        gaps,
        slivers,
        bow_ties,
        pinches,
        spikes,
        same_shapes,
        same_ids,
        no_ids,
        no_shapes,
        in_parts,
        wrong_areas,
        odd_values,
        strays,
    ]
    for step in work:
        step()
    table["地块编号"], table["面积亩"] = ids, acres
    table["建成年份"], table["建筑面积"] = built, floor
    table = table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs))
    added = gpd.GeoDataFrame(extra, geometry="geometry", crs=table.crs)
    table = pd.concat([table, added], ignore_index=True)
    order = rng.permutation(len(table))
    table = table.iloc[order].reset_index(drop=True)
    faults = pd.DataFrame(found, columns=["code", "parcel_id", "other_id", "note"])
    return table, faults.sort_values(["code", "parcel_id", "other_id"], ignore_index=True)


def on_grid(shape: shapely.Geometry) -> shapely.Geometry:
    """Return the largest polygon of a shape on the millimetre grid."""
    snapped = shapely.set_precision(shape, 0.001)
    return max(shapely.get_parts(snapped), key=lambda part: part.area)


def half_of(shape: shapely.Geometry) -> shapely.Geometry:
    """Return the western half of a shape's box."""
    x0, y0, x1, y1 = shape.bounds
    return shapely.box(x0, y0, (x0 + x1) / 2, y1)


def street_side(site: Site) -> tuple[int, np.ndarray, np.ndarray, np.ndarray, int]:
    """Return a parcel with a place on its border that looks onto a street.

    Besides the row: the place, the way out, the way along, and the number of the border's segment.
    """
    while True:
        row = site.take()
        ring = shapely.get_exterior_ring(shapely.orient_polygons(site.parcels.geometry[row]))
        points = shapely.get_coordinates(ring)
        for place, (a, b) in enumerate(pairwise(points)):
            long = float(np.hypot(*(b - a)))
            if long < 12:
                continue
            foot = (a + b) / 2
            outward = np.array([b[1] - a[1], a[0] - b[0]]) / long
            reach = shapely.LineString([foot + outward * 0.5, foot + outward * 6])
            if not len(site.tree.query(reach, predicate="intersects")):
                return row, foot, outward, (b - a) / long, place
