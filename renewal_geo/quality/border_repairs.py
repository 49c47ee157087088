"""Repairs that move a border: thorns cut, vertices matched, cracks filled, thin overlaps given to one side.

Nothing is done here that was not asked for by its code. Every repair is tried on copies; one that would
split a parcel, make it invalid or move more than the limits is refused, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from renewal_geo.quality import borders
from renewal_geo.quality.edits import Edit, changed_corners
from renewal_geo.quality.layer import VERTEX_TOLERANCE_M, Layer
from renewal_geo.quality.rings import with_vertices, without_vertex
from renewal_geo.quality.shapes import SPIKE_ARM_M, SPIKE_DEGREES
from renewal_geo.spatial.areas import flat_union, polygonal
from renewal_geo.spatial.fabric import spike_corners

BORDER_CODES = ("spike", "overlap", "gap", "sliver", "unmatched_vertex")
ROUNDS = 12  # each mends what the one before laid bare; measured: two or three
PLACE_M = 1e-6  # a computed crossing lies on both edges but for rounding
MOST_OF_A_PARCEL = 0.1  # an overlap larger than this part of a parcel is no matter of drawing
LEAST_BORDER = 0.25  # of a gap's or sliver's outline, that whoever takes it must have
NEARLY_LONGEST = 0.9
DECISIVE = 0.5  # of the ground in question, by which recorded areas must favour one side
OPEN = "open to the outside: where it ends is a person's decision"
Fault = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Limits:
    """Ground wider anywhere, or larger, is left for a person; what was too small to be found is sound."""

    width_m: float
    area_m2: float
    gap_width_m: float
    least_m2: float
    sliver_width_m: float
    sliver_m2: float


def fault_key(code: str, row: int, other: int) -> Fault:
    """Return what names a fault: of an overlap or a gap it is no matter who comes first."""
    if code in {"overlap", "gap"}:
        row, other = min(row, other), max(row, other)
    return code, row, other


class RefusedError(Exception):
    """The right answer is a person's; the text says why."""


class BorderMender:
    """Mends borders round by round until nothing changes, and remembers what it did and refused.

    Attributes
    ----------
    shapes
        Of all rows of the layer, as they are now.
    gone
        Rows whose ground was given to a neighbour whole.
    edits, refused
        What was done, in order; (code, row, other) of what was not, and why.
    """

    def __init__(
        self,
        parcels: gpd.GeoDataFrame,
        shapes: NDArray[np.object_],
        alive: NDArray[np.bool_],
        limits: Limits,
        names: Mapping[Fault, str],
        changed: Iterable[int] = (),
    ) -> None:
        self.parcels = parcels
        self.shapes = shapes
        self.alive = alive.copy()
        self.limits = limits
        self.names = names
        self.gone: dict[int, int] = {}
        self.edits: list[Edit] = []
        self.refused: dict[Fault, str] = {}
        self.changed = set(changed)  # rows whose faults may be news of our own making
        self.rows = np.empty(0, dtype=np.int64)
        self.fresh: set[int] = set()  # rows changed in this round
        self.layer = Layer(parcels.iloc[:0], "", metric=True)
        self.recorded = np.full(len(parcels), np.nan)
        if "recorded_area_m2" in parcels.columns:
            numbers = pd.to_numeric(parcels["recorded_area_m2"], errors="coerce")
            self.recorded = numbers.to_numpy(dtype=float)

    def mend(self, codes: tuple[str, ...]) -> None:
        """Mend the codes asked for, in the order of :data:`BORDER_CODES`."""
        work = {
            "spike": self._cut_spikes,
            "overlap": self._part_overlaps,
            "gap": self._fill_gaps,
            "sliver": self._merge_slivers,
            "unmatched_vertex": self._match_vertices,
        }
        for _ in range(ROUNDS):
            before = len(self.edits)
            self.refused = {}
            for code in BORDER_CODES:
                if code in codes:
                    self._look()
                    work[code]()
            if len(self.edits) == before:
                return

    def _look(self) -> None:
        """Take the layer as it is now under test."""
        self.rows = np.flatnonzero(self.alive)
        now = self.parcels.iloc[self.rows].copy()
        now = now.set_geometry(gpd.GeoSeries(self.shapes[self.rows], index=now.index, crs=now.crs))
        self.layer = Layer(now, "", metric=True, reach=self.limits.sliver_width_m)
        self.fresh = set()

    def _cut_spikes(self) -> None:
        fabric = self.layer.fabric
        e, before = fabric.edges, fabric.before
        corners = spike_corners(fabric, SPIKE_DEGREES, SPIKE_ARM_M)
        corners = corners[np.lexsort((e.y[corners], e.x[corners]))]
        for at in corners:
            row = int(self.rows[e.owner[at]])
            tip = np.array([e.x[at], e.y[at]])
            ends = np.array([[e.x[k], e.y[k]] for k in (before[at], at + 1)])

            def cut(row: int = row, at: int = at, tip: Any = tip, ends: Any = ends) -> Any:
                if fabric.twin[at] >= 0 or fabric.twin[before[at]] >= 0:
                    raise RefusedError("a neighbour shares this corner: it may be meant")
                arms = np.hypot(*(ends - tip).T)
                thorn = shapely.Polygon([ends[0], tip, ends[1]])
                if 2 * thorn.area / arms.max() > self.limits.width_m:
                    raise RefusedError(f"wider than {self.limits.width_m:g} m")
                self._within_area(thorn.area)
                return [
                    (row, -1, "thorn cut", self._whole(row, without_vertex(self.shapes[row], tip)))
                ]

            self._try(("spike", row, -1), cut)

    def _part_overlaps(self) -> None:
        found = borders.overlaps(self.layer, self.limits.least_m2)
        thrice = _claimed_again(found, self.limits.least_m2)
        for n in range(len(found.area)):
            one, two = int(self.rows[found.first[n]]), int(self.rows[found.second[n]])
            why = "three parcels claim the same ground" if thrice[n] else ""
            self._try(("overlap", one, two), lambda a=one, b=two, w=why: self._parted(a, b, w))

    def _parted(self, one: int, two: int, why: str) -> list[tuple[int, int, str, Any]]:
        shared = borders.shared_ground(self.shapes[[one]], self.shapes[[two]])[0]
        if shared is None or shared.area <= self.limits.least_m2:
            return []
        if why:
            raise RefusedError(why)
        self._thin(shared)
        if shared.area > MOST_OF_A_PARCEL * min(self.shapes[one].area, self.shapes[two].area):
            raise RefusedError("more than a tenth of a parcel: a person must say whose it is")
        giver = self._favoured([one, two], -shared.area)
        keeper = two if giver == one else one
        try:
            left = self._whole(giver, polygonal(self._less(giver, keeper))[0])
        except RefusedError:
            giver, keeper = keeper, giver
            left = self._whole(giver, polygonal(self._less(giver, keeper))[0])
        return [(giver, keeper, "overlap given up", left)]

    def _less(self, one: int, two: int) -> NDArray[np.object_]:
        try:
            return shapely.difference(self.shapes[[one]], self.shapes[two])
        except shapely.GEOSException as fault:
            raise RefusedError("the shapes are too intricate to be parted safely") from fault

    def _fill_gaps(self) -> None:
        overlapped = borders.overlaps(self.layer, self.limits.least_m2)
        found = borders.gaps(self.layer, overlapped, self.limits.gap_width_m, self.limits.least_m2)
        for gap, around in zip(found.shapes, found.around, strict=True):
            rows = [int(self.rows[row]) for row in around]
            key = ("gap", rows[0] if rows else -1, rows[1] if len(rows) > 1 else -1)
            self._try(key, lambda g=gap, r=rows: self._filled(g, r), rows)
        cracks = borders.open_cracks(
            self.layer, found, self.limits.sliver_width_m, self.limits.least_m2
        )
        for around in cracks.around:
            one, two = (int(self.rows[row]) for row in around)
            self.refused[fault_key("gap", one, two)] = OPEN

    def _filled(self, gap: Any, around: list[int]) -> list[tuple[int, int, str, Any]]:
        self._thin(gap)
        takers = self._bordering(gap, around)
        taker = self._favoured(takers, gap.area)
        ready = with_vertices(
            self.shapes[taker],
            np.unique(shapely.get_coordinates(gap), axis=0),
            VERTEX_TOLERANCE_M,
            2 * VERTEX_TOLERANCE_M,
        )
        grown = self._whole(taker, flat_union([ready, gap]))
        others = [row for row in around if row != taker]
        return [(taker, others[0] if others else -1, "gap taken", grown)]

    def _merge_slivers(self) -> None:
        area, length = self.layer.area, np.maximum(self.layer.length, 1e-12)
        limits = self.limits
        thin = (2 * area / length < limits.sliver_width_m) | (area < limits.sliver_m2)
        slivers = self.layer.ordered(np.flatnonzero(thin & self.layer.sound))
        keys = _attribute_keys(self.parcels)
        for place in slivers:
            row = int(self.rows[place])
            near = self.layer.tree.query(self.shapes[row], predicate="touches")
            around = [int(self.rows[one]) for one in self.layer.ordered(near)]
            self._try(("sliver", row, -1), lambda s=row, r=around: self._merged(s, r, keys))

    def _merged(
        self, row: int, around: list[int], keys: NDArray[np.int64]
    ) -> list[tuple[int, int, str, Any]]:
        around = [one for one in around if self.alive[one]]
        sliver = self.shapes[row]
        self._within_area(sliver.area)
        alike = [one for one in self._bordering(sliver, around) if keys[one] == keys[row]]
        if not alike:
            raise RefusedError("its attributes differ from the parcel with the longest border")
        taker = self._favoured(alike, sliver.area)
        grown = self._whole(taker, flat_union([self.shapes[taker], sliver]))
        self.alive[row] = False
        self.gone[row] = taker
        return [
            (row, taker, "given to its neighbour", None),
            (taker, row, "sliver taken", grown),
        ]

    def _match_vertices(self) -> None:
        found = borders.unmatched(self.layer)
        e = self.layer.fabric.edges
        table = pd.DataFrame({"corner": found.corner, "owner": found.owner, "other": found.other})
        if not len(table):
            return
        rank = self.layer.ranks(found.owner, found.other)
        table = table.assign(first=rank[0], second=rank[1]).sort_values(["first", "second"])
        for _, group in table.groupby(["owner", "other"], sort=False):
            owner, other = (int(group[name].iloc[0]) for name in ("owner", "other"))
            corners = np.unique(group["corner"].to_numpy())
            points = np.column_stack([e.x[corners], e.y[corners]])
            points = points[np.lexsort(points.T)]
            one, two = int(self.rows[owner]), int(self.rows[other])

            def match(one: int = one, two: int = two, points: Any = points) -> Any:
                near, clear = VERTEX_TOLERANCE_M * (1 + 1e-9), 2 * VERTEX_TOLERANCE_M
                shape = self._whole(two, with_vertices(self.shapes[two], points, near, clear))
                return [(two, one, "vertices put in", shape)]

            self._try(("unmatched_vertex", one, two), match)

    def _try(self, fault: Fault, repair: Any, around: Iterable[int] = ()) -> None:
        """Carry out a repair, or note why it was refused."""
        fault = fault_key(*fault)
        if fault not in self.names and not self.changed & {
            *fault[1:],
            *around,
        }:  # nobody reported it: it is not ours to mend
            return
        try:
            wanted = repair()
        except RefusedError as refusal:
            self.refused[fault] = str(refusal)
            return
        name = self.names.get(fault, "")
        done = len(self.edits)
        for row, other, action, shape in wanted:
            before = self.shapes[row]
            self._edit(Edit(name, fault[0], row, other, action, before, shape))
            if shape is not None and fault[0] in {"overlap", "gap", "sliver"}:
                self._share_vertices(self.edits[-1])
        if wanted and len(self.edits) == done:
            self.refused[fault] = "no vertex can be put in or taken out there"

    def _edit(self, edit: Edit) -> None:
        if edit.after is not None and edit.before.equals_exact(edit.after, 0.0):
            return
        self.edits.append(edit)
        self.shapes[edit.row] = edit.after
        self.changed.add(edit.row)
        self.fresh.add(edit.row)

    def _share_vertices(self, edit: Edit) -> None:
        """Put the new corners of a border into the borders that they lie on: none is left unmatched."""
        _, new = changed_corners(edit.before, edit.after)
        if not len(new):
            return
        where = shapely.multipoints(new)
        fresh = np.array([row for row in self.fresh if self.alive[row]], dtype=np.int64)
        near = fresh[shapely.dwithin(self.shapes[fresh], where, PLACE_M)]
        known = self.rows[self.layer.tree.query(where, predicate="dwithin", distance=PLACE_M)]
        for other in np.union1d(near, known[self.alive[known]]):
            if other == edit.row:
                continue
            before = self.shapes[other]
            matched = with_vertices(before, new, PLACE_M, PLACE_M)
            if matched.is_valid:
                self._edit(
                    Edit(
                        edit.finding_id,
                        edit.code,
                        int(other),
                        edit.row,
                        "vertices put in",
                        before,
                        matched,
                    )
                )

    def _whole(self, row: int, shape: Any) -> Any:
        """Return a repaired shape if it has as many parts and rings as before, and is valid."""
        old = self.shapes[row]
        if shape is None or not shape.is_valid:
            raise RefusedError("the parcel would be invalid")
        if _parts(shape) > _parts(old):
            raise RefusedError("the parcel would be split")
        if _holes(shape) > _holes(old):
            raise RefusedError("the parcel would get a hole")
        return shape

    def _thin(self, shape: Any) -> None:
        if not shapely.is_empty(shapely.buffer(shape, -self.limits.width_m / 2)):
            raise RefusedError(f"wider than {self.limits.width_m:g} m: a person must decide")
        self._within_area(shape.area)

    def _within_area(self, area: float) -> None:
        if area > self.limits.area_m2:
            raise RefusedError(f"larger than {self.limits.area_m2:g} m²: a person must decide")

    def _bordering(self, ground: Any, rows: list[int]) -> list[int]:
        """Return the rows with about the longest border on some ground."""
        outline = shapely.boundary(ground)
        near = [
            with_vertices(
                self.shapes[row], shapely.get_coordinates(ground), VERTEX_TOLERANCE_M, 0.0
            )
            for row in rows
        ]
        shared = np.array([shapely.length(shapely.intersection(outline, one)) for one in near])
        if not len(rows) or shared.max() < LEAST_BORDER * outline.length:
            raise RefusedError("no parcel borders on a quarter of its outline")
        return [
            row
            for row, long in zip(rows, shared, strict=True)
            if long >= NEARLY_LONGEST * shared.max()
        ]

    def _favoured(self, rows: list[int], ground: float) -> int:
        """Return who takes some ground, or gives it where it is negative.

        The one whose recorded area is so met better, by half the ground; else the largest, whose
        area changes least in proportion; of equals the first.
        """
        area = np.array([self.shapes[row].area for row in rows])
        recorded = self.recorded[rows]
        gain = np.nan_to_num(np.abs(recorded - area) - np.abs(recorded - area - ground))
        best = np.argsort(-gain, kind="stable")
        second = gain[best[1]] if len(rows) > 1 else -np.inf
        if gain[best[0]] > 0 and gain[best[0]] - second >= DECISIVE * abs(ground):
            return rows[int(best[0])]
        return rows[int(np.argmax(area.round(3)))]


def _claimed_again(found: borders.Overlaps, least_m2: float) -> NDArray[np.bool_]:
    """Say which overlaps lie in part on another overlap."""
    again = np.zeros(len(found.area), dtype=np.bool_)
    if len(found.area):
        one, two = shapely.STRtree(found.shapes).query(found.shapes, predicate="intersects")
        one, two = one[one != two], two[one != two]
        shared = shapely.area(borders.shared_ground(found.shapes[one], found.shapes[two]))
        again[one[np.nan_to_num(shared) > least_m2]] = True
    return again


def _attribute_keys(parcels: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Number rows by their attributes; recorded areas differ between any two parcels."""
    gone = [parcels.geometry.name, "recorded_area_m2"]
    body = pd.DataFrame(parcels.drop(columns=gone, errors="ignore"))
    if not body.shape[1]:
        return np.zeros(len(body), dtype=np.int64)
    text = body.astype(object).where(body.notna(), "").astype(str)
    return pd.factorize(pd.util.hash_pandas_object(text, index=False), sort=True)[0]


def _parts(shape: Any) -> int:
    return int(shapely.get_num_geometries(shape))


def _holes(shape: Any) -> int:
    return int(shapely.get_num_interior_rings(shapely.get_parts(shape)).sum())
