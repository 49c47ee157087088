"""The map benchmark measures the same thing on both sides, and leaves nothing out of its tables."""

import importlib
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
import shapely

ROOT = Path(__file__).resolve().parents[2]
LEAFLET = ROOT / "renewal_geo" / "maps" / "assets" / "leaflet"


@pytest.fixture(scope="module")
def bench():
    """The modules of the benchmark, which find one another beside themselves."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        yield {
            n: importlib.import_module(n) for n in ("maps", "map_layers", "map_peers", "map_tables")
        }
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))


@pytest.fixture(scope="module")
def case(bench):
    return bench["map_layers"].drawn(200)


def test_drawn_parcels_are_a_coverage_with_roads(bench, case):
    table = bench["map_layers"].drawn(960).table
    assert table.is_valid.all()
    assert table.is_valid_coverage()
    assert table.parcel_id.is_unique
    assert len(table.columns) == 11 + 1
    assert 11.5 < (table.count_coordinates() - 1).mean() < 12.5
    assert table.area.mean() == pytest.approx(2500, rel=0.02)
    assert len(shapely.get_parts(table.union_all())) == 20  # blocks of 48, roads between them
    assert case.table.due.isna().any()


@pytest.mark.parametrize("method", ["ours", "folium_svg", "folium_canvas"])
def test_a_page_shows_what_the_table_says(bench, case, method, tmp_path):
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        if "browser" in os.environ.get("RENEWAL_GEO_REQUIRE", ""):
            pytest.fail("chromium is required here and is not installed")
        pytest.skip("chromium is not installed: apt install chromium")
    run = bench["maps"].Run(bench["maps"].Cells(tmp_path / "cells.jsonl", "test"), tmp_path, None)
    page = run.page(case, method)
    bench["map_peers"].MAKERS[method](case, page)
    if (
        method != "ours"
    ):  # the Leaflet at hand, of another version, and nothing for what parcels do not use
        files = {"leaflet.js": (LEAFLET / "leaflet.js").read_text(encoding="utf-8"), "leaflet.css": "",
                 "jquery-3.7.1.min.js": "", "bootstrap.bundle.min.js": "", "bootstrap.min.css": ""}  # fmt: skip
        html, left_out = bench["map_peers"].inlined(page.read_text(encoding="utf-8"), files)
        assert "http" not in json.dumps(
            [one for one in left_out if "awesome" not in one and "glyph" not in one]
        )
        page.write_text(html, encoding="utf-8")
    found = run.asked({**run.job(case, method), "viewport": [1000, 700], "limit_s": 60}, 120)
    assert "failed" not in found, found
    assert (found["requests"], found["errors"]) == ([], [])
    assert bench["maps"].differences(case, found["features"]) == []
    assert bench["maps"].unseen(found) == []
    assert found["painted_ms"] > 0
    assert found["panned"]
    first, nearer, *_, back = found["zooms"]
    assert nearer > first
    assert back == pytest.approx(first, abs=0.5)
    assert found["painted_mb"] > 20


def test_differences_are_found(bench, case):
    table, row = case.table, bench["maps"].sample(case)
    held = {
        "ids": list(table.parcel_id),
        "sum": float(table.area_m2.sum()),
        "row": [row[name] for name in case.columns],
    }
    assert bench["maps"].differences(case, held) == []
    assert "other ids" in bench["maps"].differences(case, {**held, "ids": held["ids"][1:]})[0]
    assert "areas add up" in bench["maps"].differences(case, {**held, "sum": held["sum"] + 0.01})[0]
    wrong = {**held, "row": [*held["row"][:3], "别的", *held["row"][4:]]}
    assert "status of" in bench["maps"].differences(case, wrong)[0]
    assert bench["maps"].unseen({"inked": 0.05, "inked_expected": 0.5})
    assert not bench["maps"].unseen({"inked": 0.48, "inked_expected": 0.5})


def test_an_unknown_script_is_refused(bench):
    page = '<script src="https://example.org/new.js"></script>'
    with pytest.raises(RuntimeError, match=r"no file for https://example\.org/new\.js"):
        bench["map_peers"].inlined(page, {})
    html, _ = bench["map_peers"].inlined(page, {"/new.js": "let a = '</script>';"})
    assert html == r"<script>let a = '<\/script>';</script>"


def test_what_was_not_painted_stays_in_the_table(bench):
    def cell(method, **figures):
        what = "make" if "bytes" in figures else "visit"
        return {"what": what, "case": "50000", "method": method, "run": 0, "load": 1.0, **figures}

    moved = {"pan_worst_ms": 17, "zoom_worst_ms": 50, "painted_mb": 200, "used_most_mb": 250}
    cells = [
        cell("ours", bytes=2e6, wall_s=1, cpu_s=1, peak_mb=300),
        cell("ours", painted_ms=1000, **moved),
        cell("ours", painted_ms=1200, **moved),
        cell("ours", painted_ms=9000, faults=["other ids"], **moved),
        cell("explore", bytes=60e6, wall_s=30, cpu_s=30, peak_mb=900),
        cell("explore", not_painted_s=240.0),
        cell("folium_svg", failed="stopped after 960 s"),
    ]
    found = bench["map_tables"].figures(cells, ["50000", "150000"])
    text = bench["map_tables"].markdown(found, "a machine")
    assert "| renewal-geo | 2.00 | 1.00 | 1.00 | 300 | 1.10 |" in text
    assert "| 60.00 (30×) |" in text
    assert "| > 240 |" in text
    assert "not painted in 240 s" in text
    assert "folium GeoJson, SVG: visit: stopped after 960 s." in text
    met = {words: (figure, met) for words, figure, met in found["targets"]}
    assert met["50k: HTML at least 25 times better than explore"] == ("30.0", True)
    assert met["50k: painted at least 80 times better than explore"] == ("more than 218.1", True)


def test_a_stopped_run_goes_on(bench, tmp_path):
    file = tmp_path / "cells.jsonl"
    cells = bench["maps"].Cells(file, "one")
    cells.put("visit", "1000", "ours", 0, {"painted_ms": 1.0})
    cells.put("visit", "1000", "explore", 0, {"failed": "crashed"})
    again = bench["maps"].Cells(file, "one")
    assert again.get("visit", "1000", "ours", 0)["painted_ms"] == 1.0
    assert again.get("visit", "1000", "explore", 0) is None
    assert bench["maps"].Cells(file, "changed").all() == []
