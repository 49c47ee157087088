"""No room, no right, a file that another program holds: one sentence, and everything as it was."""

import errno
import os
import subprocess
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from renewal_geo.foundation.errors import RenewalWarning, SourceError
from renewal_geo.io import (
    leftovers,
    locks,
    staged,
    write_json,
    write_layers,
    write_parquet,
    write_shapefile,
    write_text,
)

KINDS = ["gpkg", "shp", "parquet", "xlsx", "html", "json", "set"]


def snapshot(folder):
    return {p.name: (p.stat().st_ino, p.read_bytes()) for p in folder.iterdir()}


def refused(asked, *whys):
    error = asked["error"]
    assert error["code"] == "output_unwritable"
    assert "could not be written" in error["what"]
    assert "earlier files are unchanged" in error["what"]
    assert any(why in error["what"] for why in whys), error
    assert error["fix"]
    assert leftovers.PREFIX not in error["what"] + error["where"]


@pytest.fixture
def mounted(tmp_path):
    """A disk of 1,200 kB of its own, for those who may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1200k", "tmpfs", str(place)],
        capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("a small disk can only be mounted by root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk(mounted, writer, kind):
    (mounted / "filler").write_bytes(b"")
    assert "count" in writer(kind, mounted, 1)
    size = 4096
    with pytest.raises(OSError), (mounted / "filler").open("wb", buffering=0) as filler:  # noqa: PT012
        while True:
            filler.write(b"x" * size)
    before = snapshot(mounted)
    refused(writer(kind, mounted, 2), "the disk is full")
    assert snapshot(mounted) == before
    (mounted / "filler").write_bytes(b"")
    assert "count" in writer(kind, mounted, 3)


@pytest.mark.parametrize("room", [4096, 12_288, 40_960, 81_920, 163_840])
@pytest.mark.parametrize("kind", ["gpkg", "shp", "parquet"])
def test_a_disk_that_fills_up(mounted, writer, kind, room):
    """The driver meets the end of the disk at its first byte, in the middle, or when it closes."""
    (mounted / "filler").write_bytes(b"x" * (1200 * 1024 - room))
    said = writer(kind, mounted, 2)
    if "error" in said:
        refused(said, "the disk is full")
        assert [p.name for p in mounted.iterdir()] == ["filler"]
    else:
        assert room >= 40_960


def test_a_read_only_disk(mounted, writer):
    assert "count" in writer("set", mounted, 1)
    before = snapshot(mounted)
    subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True)
    for kind in KINDS:
        refused(writer(kind, mounted, 2), "the disk is read-only")
    assert snapshot(mounted) == before


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() != 0, reason="only root can become another user"
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_without_the_right_to_write(tmp_path, writer, kind):
    place = tmp_path / "out"
    writer(kind, place, 1)
    for one in (place, *place.parents):
        if one.stat().st_uid == os.getuid() and "pytest" in str(one):
            one.chmod(0o755)
    before = snapshot(place)
    refused(writer(kind, place, 2, user=65534), "may not be written")
    assert snapshot(place) == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("limit", [0, 1000, 3000])
def test_a_limit_on_the_size_of_files(tmp_path, writer, kind, limit):
    writer(kind, tmp_path, 1)
    before = snapshot(tmp_path)
    said = writer(kind, tmp_path, 2, limit=limit)
    refused(said, "larger than this disk", "no folder for temporary files")
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    "held", ["a.gpkg", "a.shp", "a.dbf", "a.names.json", "a.parquet", "a.json"]
)
def test_a_file_that_another_program_holds(tmp_path, monkeypatch, held):
    """Windows lets nobody rename over an open file."""
    import geopandas as gpd
    from shapely import box

    table = gpd.GeoDataFrame({"a": [1]}, geometry=[box(0, 0, 1, 1)], crs=4547)

    def write_all(folder, table):
        writers = {
            "a.gpkg": lambda: write_layers(folder / "a.gpkg", {"a": table}),
            "a.parquet": lambda: write_parquet(folder / "a.parquet", table),
            "a.json": lambda: write_json(folder / "a.json", len(table)),
        }
        writers.get(held, lambda: write_shapefile(folder / "a.shp", table))()

    write_all(tmp_path, table)
    before = snapshot(tmp_path)
    replace = os.replace

    def holding(source, target, **more):
        if Path(target).name == held and leftovers.OLD not in str(source):
            raise PermissionError(errno.EACCES, "Access is denied", str(source), 5, str(target))
        return replace(source, target, **more)

    monkeypatch.setattr(os, "replace", holding)
    with pytest.raises(SourceError) as caught:
        write_all(tmp_path, pd.concat([table, table]))
    assert caught.value.code == "output_unwritable"
    assert held in caught.value.what
    assert "close the program that holds it" in caught.value.fix
    assert {name: data for name, (_, data) in snapshot(tmp_path).items()} == {
        name: data for name, (_, data) in before.items()
    }


def test_two_runs_into_one_folder(tmp_path, writer):
    with staged(tmp_path) as stage:
        stage.write_text("a.txt", "mine")
        said = {}
        locks_patience(said, writer, tmp_path)
        assert said["error"]["code"] == "output_busy"
        assert f"process {os.getpid()} on " in said["error"]["what"]
        assert "--out" in said["error"]["fix"]
        # a single file is whole without being alone
        assert "count" in writer("json", tmp_path, 1)
    assert {p.name for p in tmp_path.iterdir()} == {"a.txt", "a.json"}
    assert "count" in writer("set", tmp_path, 2)


def locks_patience(said, writer, folder):
    said.update(writer("set", folder, 1, patience=0.1))


def test_a_short_run_is_waited_for(tmp_path):
    order = []

    def second():
        with staged(tmp_path) as stage:
            order.append("second")
            stage.write_text("b.txt", "b")

    with staged(tmp_path) as stage:
        other = threading.Thread(target=second)
        other.start()
        time.sleep(0.2)
        order.append("first")
        stage.write_text("a.txt", "a")
    other.join()
    assert order == ["first", "second"]
    assert {p.name for p in tmp_path.iterdir()} == {"a.txt", "b.txt"}


def test_threads_are_kept_apart_too(tmp_path, monkeypatch):
    caught = []

    def second():
        try:
            with locks.reserved(tmp_path, patience_s=0.0):
                caught.append(None)
        except SourceError as fault:
            caught.append(fault.code)

    with locks.reserved(tmp_path), locks.reserved(tmp_path):
        other = threading.Thread(target=second)
        other.start()
        other.join()
    assert caught == ["output_busy"]
    assert list(tmp_path.iterdir()) == []


def test_a_killed_holder_blocks_nobody_and_is_named(tmp_path, writer):
    said = writer("set", tmp_path, 1, at=12)
    assert said["killed"]
    assert (tmp_path / locks.FOLDER_LOCK).exists()
    with pytest.warns(RenewalWarning, match="a run that was killed .process [0-9]+ on ") as told:
        write_text(tmp_path / "a.txt", "x")
    assert len(told) == 1
    assert {p.name for p in tmp_path.iterdir()} == {"a.txt"}


def test_a_file_system_without_locks_blocks_nobody(tmp_path, monkeypatch):
    def lockless(handle):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks, "_take", lockless)
    alive = tmp_path / f"{leftovers.PREFIX}abc"
    alive.mkdir()
    (alive / leftovers.MARKER).write_text('{"pid": 1, "host": "x", "since": "y"}')
    with staged(tmp_path) as stage:
        stage.write_text("a.txt", "x")
    # who could be alive is not swept away
    assert {p.name for p in tmp_path.iterdir()} == {"a.txt", alive.name}


def test_a_stage_without_a_name_is_left_for_an_hour(tmp_path):
    nameless = tmp_path / f"{leftovers.PREFIX}abc"
    nameless.mkdir()
    write_text(tmp_path / "a.txt", "x")
    assert nameless.exists()
    os.utime(nameless, (time.time() - 7200,) * 2)
    with pytest.warns(RenewalWarning, match="process unknown"):
        write_text(tmp_path / "a.txt", "y")
    assert not nameless.exists()


def test_a_stage_of_a_set_without_a_name_is_dead_for_who_holds_the_folder(tmp_path):
    (tmp_path / f"{leftovers.SET}abc").mkdir()
    with pytest.warns(RenewalWarning, match="process unknown"), staged(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_was_changed_since_a_kill_is_left_alone(tmp_path, writer):
    """Killed while renaming; then somebody saves over one of the files."""
    steps = writer("set", tmp_path / "dry", 1)["count"]
    for at in range(steps, 0, -1):
        folder = tmp_path / str(at)
        writer("set", folder, 1)
        writer("set", folder, 2, at=at)
        renamed = [n for n in ("a.txt", "b.txt") if (folder / n).read_text() == "2"]
        hidden = [p for p in folder.iterdir() if p.is_dir()]
        if renamed == ["a.txt"] and hidden:
            break
    (folder / "a.txt").write_text("by hand")
    with pytest.warns(
        RenewalWarning, match=r"a\.gpkg are again as before it; a\.txt changed after"
    ):
        write_json(folder / "c.json", 1)
    assert (folder / "a.txt").read_text() == "by hand"
    assert (folder / "b.txt").read_text() == "1"
