"""A run may be killed at any moment: what was there stays whole, and the next run says and clears."""

import importlib.util
import json
import os
import warnings
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
from openpyxl import load_workbook

from renewal_geo.foundation.errors import RenewalWarning
from renewal_geo.io import read_layer, staged

if not hasattr(os, "fork"):
    pytest.skip("runs are killed by SIGKILL", allow_module_level=True)
_file = Path(__file__).with_name("killed_runs.py")
_spec = importlib.util.spec_from_file_location("killed_runs", _file)
killed_runs = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(killed_runs)
PARTS = {"a.shp", "a.shx", "a.dbf", "a.prj", "a.cpg", "a.names.json"}
WHOLE = {kind: {f"a.{kind}"} for kind in killed_runs.KINDS}
WHOLE |= {"shp": PARTS, "set": set(killed_runs.SET)}


def visible(folder):
    return {p.name for p in folder.iterdir() if not p.name.startswith(".")}


def versions(folder, kind):
    """Which version every file is of; reading fails where one is not whole."""
    found = {name: VERSION[Path(name).suffix](folder / name) for name in visible(folder)}
    if kind == "shp" and "a.shp" in found:
        pyogrio.read_dataframe(folder / "a.shp")
    return {version for version in found.values() if version is not None}


def of_gpkg(path):
    found = {
        v
        for layer, _ in pyogrio.list_layers(path)
        if layer in "xy"
        for v in gpd.read_file(path, layer=layer)["版本"]
    }
    assert len(found) == 1
    return found.pop()


def of_layer(path):
    table, _ = read_layer(path)
    assert len(table) == 400
    return table["版本"].unique().item()


def of_json(path):
    said = json.loads(path.read_text(encoding="utf-8"))
    return said.get("version") if isinstance(said, dict) else said


def of_xlsx(path):
    book = load_workbook(path)
    assert book.active.max_row == 500
    return book.active["A1"].value


def of_html(path):
    text = path.read_text(encoding="utf-8")
    assert text.rstrip().endswith("</html>")
    return int(text.split("version ", 1)[1].split(";", 1)[0])


VERSION = {
    ".gpkg": of_gpkg, ".shp": of_layer, ".parquet": of_layer, ".json": of_json, ".xlsx": of_xlsx,
    ".html": of_html, ".txt": of_json,
} | dict.fromkeys((".shx", ".dbf", ".prj", ".cpg"), lambda _: None)  # fmt: skip


def check_after_kill(folder, kind, old, new):
    """Files are whole; the next run undoes and clears what was left, and says so."""
    assert visible(folder) in (set(), WHOLE[kind]) or kind in {"set", "shp"}
    if kind != "shp":
        assert versions(folder, kind) <= {old, new}
    left = any(p.is_dir() for p in folder.iterdir())
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", RenewalWarning)
        with staged(folder):
            pass
    told = [str(one.message) for one in said if one.category is RenewalWarning]
    nameless = [p for p in folder.iterdir() if p.name.startswith(".")]
    assert bool(told) == (left and not nameless)
    assert all("a run that was killed (process" in one for one in told)
    for one in nameless:  # killed before it could say who it was: left for an hour
        assert not any(p.stat().st_size for p in one.iterdir())
        for inner in one.iterdir():
            inner.unlink()
        one.rmdir()
    assert visible(folder) in (set(), WHOLE[kind])
    now = versions(folder, kind)
    assert now in ({old}, {new}, set())
    assert (now == set()) == (visible(folder) == set())
    return now.pop() if now else None


@pytest.mark.parametrize("fresh", [True, False])
def test_a_set_is_killed_at_many_steps(tmp_path, writer, fresh):
    kill_at_steps(tmp_path, writer, fresh, every=5)


@pytest.mark.slow
@pytest.mark.parametrize("fresh", [True, False])
def test_a_set_is_killed_at_every_step(tmp_path, writer, fresh):
    kill_at_steps(tmp_path, writer, fresh, every=1)


def kill_at_steps(tmp_path, writer, fresh, every):
    """Before each thing that Python does to a file; what C code does is killed at random below."""
    steps = writer("set", tmp_path / "dry", 0)["count"]
    assert steps > 30
    seen = set()
    for at in range(1 + fresh, steps + 1, every):
        folder = tmp_path / str(at)
        if not fresh:
            writer("set", folder, 1)
        folder.mkdir(exist_ok=True)
        assert writer("set", folder, 2, at=at)["killed"]
        seen.add(check_after_kill(folder, "set", None if fresh else 1, 2))
    assert seen == {None if fresh else 1, 2}


@pytest.mark.parametrize("kind", killed_runs.KINDS)
def test_a_kind_is_killed_at_random(tmp_path, writer, kind):
    kill_at_random(tmp_path, writer, kind, times=5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", killed_runs.KINDS)
def test_a_kind_is_killed_many_times(tmp_path, writer, kind):
    kill_at_random(tmp_path, writer, kind, times=150)


def kill_at_random(folder, writer, kind, times):
    writer(kind, folder, 0)
    there = 0
    killed = 0
    for version in range(1, times + 1):
        delay = 0.25 if kind == "html" else 0.08
        killed += writer(kind, folder, version, delay=delay)["killed"]
        there = check_after_kill(folder, kind, there, version)
    assert killed
    writer(kind, folder, 999)
    assert visible(folder) == WHOLE[kind]
    assert versions(folder, kind) == {999}
    assert {p.name for p in folder.iterdir()} == WHOLE[kind]
