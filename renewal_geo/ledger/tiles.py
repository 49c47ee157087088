"""Area books beyond one machine: every polygon owned by one tile, rows that add up, one closing check.

The same function tallies a tile in this process, in a pool of processes and on a Dask cluster. What
a tile needs is cut out of tables in memory, or read from files by the tile itself.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.foundation import progress
from renewal_geo.foundation.crs import require_metric, require_same
from renewal_geo.foundation.errors import InputError, ProofError, RenewalError, some_ids
from renewal_geo.ledger.books import CLOSES_M2, CLOSES_RELATIVE, Ledger, tally
from renewal_geo.ledger.executors import Executor, serial
from renewal_geo.ledger.tile_books import TiledLedger, TileRows, joined, sums_of
from renewal_geo.spatial.areas import Floats
from renewal_geo.spatial.tiles import (
    Bounds,
    anchors,
    clipped,
    density,
    meeting,
    owned,
    owner_of,
    plan_tiles,
    union_of,
)

ZONES_PER_TILE = 20_000
ATTEMPTS = 2


class Stream(Protocol):
    """A layer that is read window by window; it must survive pickling."""

    @property
    def count(self) -> int:
        """Number of features."""

    @property
    def region(self) -> Bounds:
        """Bounding box of all features."""

    def boxes(self) -> Iterator[Floats]:
        """Yield the bounding boxes of all features, n × 4, in batches."""

    def read(self, window: Bounds, *, unplaced: bool = False) -> gpd.GeoDataFrame:
        """Return the features whose bounding box meets a window, and those that have none."""


Source: TypeAlias = gpd.GeoDataFrame | Stream
Keep = Callable[[int, Ledger], None]


class TileError(RenewalError):
    """A tile failed twice."""

    default_code = "tile_failed"


@dataclass(frozen=True, slots=True, eq=False)
class TileTask:
    """All that a worker needs for one tile: the tile, its sources, the class column.

    `zones` as a table holds what the tile owns; as a stream it is read and sifted by the tile.
    `keep` takes the rows where they are too many to travel back.
    """

    number: int
    tile: Bounds
    zones: Source
    layer: Source
    by: str
    keep: Keep | None = None


def tally_tiles(
    zones: Source,
    layer: Source,
    by: str,
    *,
    tiles: int | None = None,
    executor: Executor = serial,
    keep: Keep | None = None,
) -> TiledLedger:
    """Measure tile by tile how much of each polygon lies in each class, on any number of machines.

    Parameters
    ----------
    zones
        Polygons with their ids, as :func:`tally` takes them, or a stream of them.
    layer
        Class polygons, or a stream of them. A table beside a stream of zones travels whole.
    by
        Class column of `layer`.
    tiles
        Tiles of about equal load; left out: one per 20,000 zones. The answer does not depend on it.
    executor
        Who works: ``serial``, ``in_processes(n)``, ``on_cluster(client)``, or any function
        like the built-in ``map``.
    keep
        Called by the worker with the tile's number and its book; rows then stay where it puts them, and
        only sums travel back.

    Returns
    -------
    TiledLedger
        With the rows of ``tally(zones, layer, by)`` in ``book``: areas agree to 1e-6 m2.

    Raises
    ------
    InputError, CRSError
        As for :func:`tally`; ``bad_tiles``.
    TileError
        ``tile_failed``: the same tile failed twice; with its rectangle.
    ProofError
        ``book_open`` where a zone's rows do not add up to its area, ``zones_lost`` where zones
        were owned by no tile.

    Examples
    --------
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(
    ...     geometry=[box(0, 0, 100, 100), box(200, 0, 300, 100)], index=["a", "b"], crs="EPSG:4547"
    ... )
    >>> use = gpd.GeoDataFrame({"use": ["M1"]}, geometry=[box(0, 0, 250, 100)], crs="EPSG:4547")
    >>> tally_tiles(zones, use, "use", tiles=2).sums["area_m2"].tolist()
    [15000.0, 5000.0, 0.0]
    """
    count = len(zones) if isinstance(zones, gpd.GeoDataFrame) else zones.count
    wanted = max(1, -(-count // ZONES_PER_TILE)) if tiles is None else tiles
    if wanted < 1:
        raise InputError(
            f"{wanted} tiles cannot hold anything",
            where="tiles",
            fix="ask for 1 or more",
            code="bad_tiles",
        )
    tasks = tile_tasks(zones, layer, by, wanted, keep)
    found = _done(tasks, executor)
    _require_whole(tasks, found, count)
    rectangles = {task.number: task.tile for task in tasks}
    return joined(zones if isinstance(zones, gpd.GeoDataFrame) else None, rectangles, found, by)


def tile_tasks(
    zones: Source, layer: Source, by: str, tiles: int, keep: Keep | None = None
) -> list[TileTask]:
    """Return the tasks of a tally, heaviest first: tables are cut, streams are passed on."""
    if not isinstance(zones, gpd.GeoDataFrame):
        found = density(zones.boxes(), zones.region)
        plan = plan_tiles(*found.points(), tiles)
        return [TileTask(n, tile, zones, layer, by, keep) for n, tile in enumerate(plan)]
    _require_tables(zones, layer)
    shapes = zones.geometry.to_numpy()
    bounds = shapely.bounds(shapes)
    load = np.where(shapely.is_missing(shapes), 0, shapely.get_num_coordinates(shapes)).astype(
        float
    )
    plan = plan_tiles(anchors(bounds), load, tiles)
    owner = owner_of(anchors(bounds), plan)
    bare = zones[[zones.geometry.name]]
    boxes = layer.bounds.to_numpy() if isinstance(layer, gpd.GeoDataFrame) else np.empty((0, 4))
    tasks = []
    for number, tile in enumerate(plan):
        own = owner == number
        part = _near(layer, boxes, by, union_of(bounds[own]))
        tasks.append(TileTask(number, tile, bare[own], part, by, keep))
    weight = np.bincount(owner, load, minlength=len(plan))
    return [tasks[n] for n in np.argsort(-weight, kind="stable")]


def tally_tile(task: TileTask) -> TileRows:
    """Tally one tile; pure and picklable. A fault is returned, not raised, so that no other tile is lost."""
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        return _tallied(task, wall, cpu)
    except RenewalError as fault:
        return TileRows(task.number, fault=fault)
    except Exception:  # noqa: BLE001 - whatever it was, the caller hears of it
        return TileRows(task.number, fault=traceback.format_exc(limit=-3).strip())


def _tallied(task: TileTask, wall: float, cpu: float) -> TileRows:
    zones, layer, window = task.zones, task.layer, None
    bytes_read = 0
    if not isinstance(zones, gpd.GeoDataFrame):
        # the first tile takes in what has no place
        zones = zones.read(task.tile, unplaced=task.number == 0)
        bytes_read += int(zones.attrs.get("bytes_read", 0))
        centres = anchors(zones.bounds.to_numpy())
        own = owned(centres, task.tile)
        if task.number == 0:
            own |= ~np.isfinite(centres).all(axis=1)
        zones = zones[own]
    window = union_of(zones.bounds.to_numpy())
    if not isinstance(layer, gpd.GeoDataFrame):
        layer = layer.read(window or (0.0, 0.0, -1.0, -1.0))
        bytes_read += int(layer.attrs.get("bytes_read", 0))
    if window is not None:
        layer = _within(layer, window)
    book = tally(zones, layer, task.by)
    if task.keep is not None:
        task.keep(task.number, book)
    area = book.totals["area_m2"].to_numpy()
    closing = book.totals["closing_m2"].abs().to_numpy()
    return TileRows(
        number=task.number,
        zones=len(zones),
        layer_rows=len(layer),
        area_m2=float(area.sum()),
        closing_m2=float(closing.max(initial=0.0)),
        open_books=int((closing > np.maximum(CLOSES_M2, CLOSES_RELATIVE * area)).sum()),
        sums=sums_of(book.table, task.by),
        book=book if task.keep is None else None,
        ids=pd.util.hash_array(zones.index.astype(str).to_numpy(dtype=object)),
        notes=book.notes,
        bytes_read=bytes_read,
        wall_s=time.perf_counter() - wall,
        cpu_s=time.process_time() - cpu,
    )


def _near(layer: Source, boxes: Floats, by: str, window: Bounds | None) -> Source:
    """Return of a table what a window may meet, with its class alone; a stream stays a stream."""
    if not isinstance(layer, gpd.GeoDataFrame) or by not in layer.columns:
        return layer
    bare = layer[[by, layer.geometry.name]]
    return bare.iloc[:0] if window is None else bare[meeting(boxes, window)]


def _within(layer: gpd.GeoDataFrame, window: Bounds) -> gpd.GeoDataFrame:
    """Return the layer polygons that the window may meet, huge ones cut down to it."""
    near = layer[meeting(layer.bounds.to_numpy(), window)]
    cut = gpd.GeoSeries(clipped(near.geometry.to_numpy(), window), index=near.index, crs=near.crs)
    return near.set_geometry(cut)[~cut.is_empty.to_numpy()]


def _require_tables(zones: gpd.GeoDataFrame, layer: Source) -> None:
    require_metric(zones, "zones")
    if isinstance(layer, gpd.GeoDataFrame):
        require_same(zones, layer, ("zones", "layer"))
    if zones.index.has_duplicates:
        raise InputError(
            "ids of the polygons occur twice",
            where=some_ids(zones.index[zones.index.duplicated()].unique()),
            fix="give each its own id",
            code="duplicate_id",
        )


def _done(tasks: Sequence[TileTask], executor: Executor) -> list[TileRows]:
    """Have all tiles tallied; what fails is tried once more, alone.

    A worker that dies takes down tiles beside it that are not to blame. Only the death of a worker that
    had no other tile counts against the tile.
    """
    done: dict[int, TileRows] = {}
    failed: dict[int, str] = {}

    def attempt(batch: Sequence[TileTask]) -> None:
        for rows in executor(tally_tile, batch):
            if isinstance(rows.fault, RenewalError):
                raise rows.fault
            if rows.fault:
                failed[rows.number] = rows.fault
                continue
            done[rows.number] = rows
            progress.report("ledger.tiles", len(done) / len(tasks), tiles=len(done))

    attempt(tasks)
    for task in [one for one in tasks if one.number not in done]:
        for _ in range(1 if task.number in failed else ATTEMPTS):
            if task.number not in done:
                attempt([task])
    for task in tasks:
        if task.number not in done:
            x0, y0, x1, y1 = task.tile
            why = failed.get(task.number, "its worker died").splitlines()[-1]
            raise TileError(
                f"tile {task.number} failed again when it was tried alone: {why}",
                where=f"x {x0:.1f} to {x1:.1f}, y {y0:.1f} to {y1:.1f}",
                fix="look at the shapes in this rectangle; if memory ran out, ask for more tiles",
            )
    return [done[number] for number in sorted(done)]


def _require_whole(tasks: Sequence[TileTask], found: Sequence[TileRows], count: int) -> None:
    held = sum(rows.zones for rows in found)
    ids = np.concatenate([rows.ids for rows in found]) if found else np.empty(0, dtype=np.uint64)
    if len(np.unique(ids)) < len(ids):
        raise InputError(
            f"{len(ids) - len(np.unique(ids))} ids of the polygons occur twice",
            where="zones",
            fix="give each its own id; quality check names them",
            code="duplicate_id",
        )
    if held != count:
        raise ProofError(
            f"{count} zones were to be tallied and {held} were",
            where=f"{len(tasks)} tiles",
            fix="the bounding boxes in the file are not those of its shapes: write the file again",
            code="zones_lost",
        )
    for rows in found:
        if rows.open_books:
            raise ProofError(
                f"the books of {rows.open_books} zones in tile {rows.number} do not close: "
                f"{rows.closing_m2:.3e} m² are left over",
                where=f"tile {rows.number}",
                fix="report this with the shapes of the tile",
                code="book_open",
            )
