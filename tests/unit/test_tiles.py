"""Tallies in tiles: one owner each, the same book on one machine, in processes, on a cluster, from files."""

import functools
import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box

from renewal_geo.foundation import progress
from renewal_geo.foundation.errors import InputError, ProofError, SourceError
from renewal_geo.io.parquet_tiles import parquet_stream, write_part
from renewal_geo.ledger import tally, tally_tiles
from renewal_geo.ledger.executors import in_processes, on_cluster, serial
from renewal_geo.ledger.tiles import TileError, tally_tile, tile_tasks
from renewal_geo.spatial.tiles import (
    ENDLESS,
    anchors,
    clipped,
    density,
    owned,
    owner_of,
    plan_tiles,
    union_of,
)

CRS = "EPSG:4547"


def district(side=12, seed=0):
    """Parcels of a lattice with a hole and one without ground; classes that overlap, leave gaps, reach far."""
    chance = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(side) * 50.0, np.arange(side) * 40.0)
    shapes = list(shapely.box(x.ravel(), y.ravel(), x.ravel() + 50, y.ravel() + 40))
    shapes[5] = Polygon([(250, 0), (300, 40), (300, 0), (250, 40)])  # a bow-tie
    ids = [f"P{n:03d}" for n in chance.permutation(len(shapes))]
    zones = gpd.GeoDataFrame(
        {"owner": "x"}, geometry=[*shapes, None], index=pd.Index([*ids, "nowhere"], name="parcel_id"), crs=CRS
    )  # fmt: skip
    corner = chance.uniform(-50, 550, (60, 2))
    size = chance.uniform(10, 200, (60, 2))
    classes = [box(*low, *(low + wide)) for low, wide in zip(corner, size, strict=True)]
    classes.append(MultiPolygon([box(0, 0, 30, 30), box(500, 400, 560, 470)]))
    layer = gpd.GeoDataFrame(
        {"use": [f"U{n % 5}" if n % 7 else None for n in range(len(classes))]},
        geometry=classes,
        crs=CRS,
    )
    return zones, layer


def equal(tiled, whole):
    keys = [whole.id_column, whole.by, "kind"]
    assert tiled.book.table[keys].to_numpy().tolist() == whole.table[keys].to_numpy().tolist()
    for column in ("area_m2", "sliver_m2"):
        assert np.allclose(tiled.book.table[column], whole.table[column], rtol=0, atol=1e-6)
    assert tiled.book.totals.index.equals(whole.totals.index)
    assert np.allclose(tiled.book.totals["area_m2"], whole.totals["area_m2"], rtol=0, atol=1e-9)
    sums = whole.table.groupby([whole.by, "kind"])["area_m2"].sum()
    assert tiled.sums.set_index([whole.by, "kind"])["area_m2"].to_dict() == pytest.approx(
        sums.to_dict(), abs=1e-6
    )


@pytest.mark.parametrize("tiles", [1, 2, 7, 40])
def test_tiles_give_the_book_of_one_machine(tiles):
    zones, layer = district()
    found = tally_tiles(zones, layer, "use", tiles=tiles)
    equal(found, tally(zones, layer, by="use"))
    assert len(found.tiles) == tiles
    assert found.tiles["zones"].sum() == found.zones == len(zones)
    assert abs(found.closing_m2) < 1e-6
    assert found.area_m2 == pytest.approx(
        np.nansum(shapely.area(shapely.make_valid(zones.geometry)))
    )


def test_a_cluster_gives_the_same(tmp_path):
    distributed = pytest.importorskip("distributed")
    zones, layer = district()
    zones.to_parquet(tmp_path / "zones.parquet", write_covering_bbox=True, row_group_size=20)
    layer.to_parquet(tmp_path / "layer.parquet", write_covering_bbox=True, row_group_size=20)
    whole = tally(zones, layer, by="use")
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            host="127.0.0.1",
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        equal(tally_tiles(zones, layer, "use", tiles=4, executor=on_cluster(client)), whole)
        streamed = tally_tiles(
            parquet_stream(tmp_path / "zones.parquet"),
            parquet_stream(tmp_path / "layer.parquet", columns=["use"]),
            "use",
            tiles=4,
            executor=on_cluster(client),
        )
    assert sorted_rows(streamed.book.table) == sorted_rows(whole.table)


def sorted_rows(table):
    rounded = table.assign(area_m2=table["area_m2"].round(5), sliver_m2=table["sliver_m2"].round(5))
    return sorted(map(tuple, rounded.to_numpy().tolist()))


def test_files_are_read_tile_by_tile(tmp_path):
    zones, layer = district(side=30)
    by_place = np.argsort(zones.centroid.x.fillna(0).to_numpy(), kind="stable")
    zones.iloc[by_place].to_parquet(
        tmp_path / "zones.parquet", write_covering_bbox=True, row_group_size=30
    )
    layer.to_parquet(tmp_path / "layer.parquet", write_covering_bbox=True, row_group_size=10)
    streams = (
        parquet_stream(tmp_path / "zones.parquet"),
        parquet_stream(tmp_path / "layer.parquet", columns=["use"]),
    )
    whole = tally(zones, layer, by="use")
    found = tally_tiles(*streams, "use", tiles=6)
    assert sorted_rows(found.book.table) == sorted_rows(whole.table)
    assert len(found.tiles) == 6
    # a tile reads its part, not the file
    whole_file = sum((tmp_path / f"{name}.parquet").stat().st_size for name in ("zones", "layer"))
    assert found.run["bytes_read"].max() < 0.5 * whole_file


def test_processes_give_the_same_and_rows_may_stay_where_they_are_made(tmp_path):
    zones, layer = district()
    whole = tally(zones, layer, by="use")
    keep = functools.partial(kept_in, str(tmp_path))
    found = tally_tiles(zones, layer, "use", tiles=3, executor=in_processes(2), keep=keep)
    assert found.book is None
    parts = [pd.read_parquet(part) for part in sorted(tmp_path.glob("part-*.parquet"))]
    assert len(parts) == len(found.tiles) == 3
    assert sorted_rows(pd.concat(parts)) == sorted_rows(whole.table)
    sums = whole.table.groupby(["use", "kind"])["area_m2"].sum()
    assert found.sums.set_index(["use", "kind"])["area_m2"].to_dict() == pytest.approx(
        sums.to_dict()
    )


def kept_in(folder, number, book):
    write_part(folder, number, book.table)


def test_progress_is_told():
    zones, layer = district()
    steps = []
    with progress.shown(steps.append):
        tally_tiles(zones, layer, "use", tiles=4)
    shares = [step.share for step in steps if step.stage == "ledger.tiles"]
    assert shares == [0.25, 0.5, 0.75, 1.0]


def faltering(times, function, tasks):
    """Fail the tile 2 so many times, then work."""
    for task in tasks:
        rows = function(task)
        if task.number == 2 and times:
            times.pop()
            continue
        yield rows


def test_a_tile_that_fails_once_is_tried_again():
    zones, layer = district()
    found = tally_tiles(zones, layer, "use", tiles=5, executor=functools.partial(faltering, [1]))
    equal(found, tally(zones, layer, by="use"))


def test_a_tile_that_fails_twice_is_named_with_its_place():
    zones, layer = district()
    with pytest.raises(TileError) as fault:
        tally_tiles(zones, layer, "use", tiles=5, executor=functools.partial(faltering, [1, 2, 3]))
    assert fault.value.code == "tile_failed"
    assert "tile 2" in fault.value.what
    assert fault.value.where.startswith("x ")


def broken(number, book):
    raise OSError(28, "No space left on device")


def test_what_a_tile_says_when_it_fails_is_passed_on():
    zones, layer = district()
    with pytest.raises(TileError) as fault:
        tally_tiles(zones, layer, "use", tiles=2, keep=broken)
    assert "No space left" in fault.value.what


def deadly(folder, number, book):
    """Kill the worker of tile 1 the first time, and that of tile 2 always."""
    mark = Path(folder) / f"tried-{number}"
    if number == 2 or (number == 1 and not mark.exists()):
        mark.touch()
        os._exit(9)
    (Path(folder) / f"done-{number}").touch()


def test_a_worker_that_dies_takes_no_other_tile_with_it(tmp_path):
    zones, layer = district()
    keep = functools.partial(deadly, str(tmp_path))
    with pytest.raises(TileError) as fault:
        tally_tiles(zones, layer, "use", tiles=3, executor=in_processes(2), keep=keep)
    assert "tile 2 failed" in fault.value.what
    assert "its worker died" in fault.value.what
    assert {one.name for one in tmp_path.glob("done-*")} == {"done-0", "done-1"}


def test_faults_of_the_input_are_said_as_one_tally_says_them():
    zones, layer = district()
    with pytest.raises(InputError) as fault:
        tally_tiles(zones, layer, "nothing", tiles=3)
    assert fault.value.code == "unknown_column"
    twice = pd.concat([zones, zones.iloc[[0]]])
    with pytest.raises(InputError) as fault:
        tally_tiles(twice, layer, "use", tiles=3)
    assert fault.value.code == "duplicate_id"
    with pytest.raises(InputError) as fault:
        tally_tiles(zones, layer, "use", tiles=0)
    assert fault.value.code == "bad_tiles"
    with pytest.raises(InputError):
        in_processes(0)


def test_an_id_in_two_tiles_of_a_file_is_found(tmp_path):
    zones, layer = district()
    names = zones.index.to_list()
    names[0] = names[-2]
    zones.set_axis(pd.Index(names, name="parcel_id")).to_parquet(
        tmp_path / "zones.parquet", write_covering_bbox=True
    )
    with pytest.raises(InputError) as fault:
        tally_tiles(parquet_stream(tmp_path / "zones.parquet"), layer, "use", tiles=4)
    assert fault.value.code == "duplicate_id"


def test_zones_that_no_tile_owned_are_missed(tmp_path):
    """A file whose boxes are not those of its shapes."""
    zones, layer = district()
    zones.to_parquet(tmp_path / "zones.parquet", write_covering_bbox=True, row_group_size=12)
    stream = parquet_stream(tmp_path / "zones.parquet")
    with pytest.raises(ProofError) as fault:
        tally_tiles(Blind(stream), layer, "use", tiles=4)
    assert fault.value.code == "zones_lost"


class Blind:
    """A stream that never finds the last row that it should."""

    def __init__(self, stream):
        self.stream, self.count, self.region = stream, stream.count, stream.region

    def boxes(self):
        return self.stream.boxes()

    def read(self, window, *, unplaced=False):
        return self.stream.read(window, unplaced=unplaced).iloc[:-1]


def test_nothing_to_tally():
    zones, layer = district()
    found = tally_tiles(zones.iloc[:0], layer, "use")
    assert found.zones == 0
    assert found.book.table["area_m2"].sum() == 0
    assert found.closing_m2 == 0


def test_files_without_boxes_are_refused(tmp_path):
    zones, _ = district()
    zones.to_parquet(tmp_path / "plain.parquet")
    zones.to_parquet(tmp_path / "arrow.parquet", geometry_encoding="geoarrow")
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "table.parquet")
    (tmp_path / "text.parquet").write_text("no")
    for name, code in (
        ("plain", "no_boxes"), ("arrow", "geometry_encoding"), ("table", "not_spatial"),
        ("text", "not_spatial"), ("absent", "file_missing"),
    ):  # fmt: skip
        with pytest.raises(SourceError) as fault:
            parquet_stream(tmp_path / f"{name}.parquet")
        assert fault.value.code == code
    zones.to_parquet(tmp_path / "zones.parquet", write_covering_bbox=True)
    with pytest.raises(SourceError) as fault:
        parquet_stream(tmp_path / "zones.parquet", columns=["nothing"])
    assert fault.value.code == "unknown_column"


def test_every_anchor_has_one_owner():
    chance = np.random.default_rng(1)
    points = chance.integers(0, 9, (500, 2)).astype(float)
    points[:3] = np.nan
    plan = plan_tiles(points, np.ones(500), 11)
    held = np.stack([owned(points, tile) for tile in plan])
    assert held[:, 3:].sum(axis=0).tolist() == [1] * 497
    assert not held[:, :3].any()
    assert owner_of(points, plan)[:3].tolist() == [0, 0, 0]
    assert len(plan) == 11
    assert held.sum(axis=1).max() < 2 * 497 / 11


def test_heavy_shapes_get_tiles_of_their_own():
    points = np.stack([np.arange(100.0), np.zeros(100)], axis=1)
    load = np.ones(100)
    load[10] = 1000
    plan = plan_tiles(points, load, 4)
    owner = owner_of(points, plan)
    assert (owner == owner[10]).sum() < 25


def test_anchors_that_coincide_cannot_be_parted():
    assert plan_tiles(np.zeros((5, 2)), np.ones(5), 3) == [ENDLESS]
    assert plan_tiles(np.empty((0, 2)), np.empty(0), 3) == [ENDLESS]


def test_a_density_plans_like_its_points():
    chance = np.random.default_rng(2)
    low = chance.uniform(0, 1000, (5000, 2))
    boxes = np.hstack([low, low + 5])
    boxes[0] = np.nan
    found = density([boxes[:2000], boxes[2000:]], union_of(boxes))
    plan = plan_tiles(*found.points(), 8)
    sizes = np.bincount(owner_of(anchors(boxes), plan)[1:], minlength=8)
    assert sizes.sum() == 4999
    assert sizes.min() > 0.9 * 5000 / 8


def test_only_huge_shapes_are_cut_and_none_inside_the_window():
    ring = shapely.Point(0, 0).buffer(1000, quad_segs=300)
    small = box(-2000, -2000, 2000, 2000)
    window = (0.0, 0.0, 100.0, 900.0)
    cut = clipped(np.array([ring, small, None], dtype=object), window, huge=1000)
    assert cut[1] is small
    assert cut[2] is None
    assert shapely.get_num_coordinates(cut[0]) < 200
    frame = box(*window)
    assert cut[0].intersection(frame).area == pytest.approx(ring.intersection(frame).area, abs=1e-6)


def test_tasks_are_cut_to_what_they_need():
    zones, layer = district()
    tasks = tile_tasks(zones, layer, "use", 6)
    assert sum(len(task.zones) for task in tasks) == len(zones)
    assert all(len(task.layer) < len(layer) for task in tasks)
    assert list(tasks[0].zones.columns) == ["geometry"]
    assert tally_tile(tasks[0]).fault is None
    assert list(serial(len, ["ab", ""])) == [2, 0]
