"""The published map beside its peers: size, making, painting, moving, memory, in one run on the same data.

    python benchmarks/maps.py [--sizes 1k,10k] [--cases cambridge,taiwan,wuxi] [--methods ours,explore] [--repeat 3]
                              [--out FOLDER] [--json FILE] [--markdown FILE]

Peers: `GeoDataFrame.explore`, `folium.GeoJson` as SVG and with `prefer_canvas`. For each table the pages are made,
each in a process of its own, then visited, each in a browser of its own with the network closed, in shuffled order,
ours first and last so that a drift of the machine shows. Every page must hold the same ids, the same row, the same
sum of areas as the table, and a screenshot must show the parcels, before any figure of it counts. What is not painted
in 240 s stays in the table as that. Small tables are repeated and the median is given.

Every measurement is a line of FOLDER/cells.jsonl at once: a run that was stopped goes on where it was, as long as
neither our maps nor the benchmark have changed since (else the old lines are passed over). `--fresh` measures anew.
The whole takes half an hour to an hour, nearly all of it the peers' largest pages; three minutes:
`--sizes 1k,10k --cases none --repeat 1 --no-sheet`.

What is measured and how: map_layers.py (tables), map_peers.py (pages), map_browser.py (browser).
Needs Chromium and, once, npm and pip for what the peers need (map_peers.py); nothing else is asked.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import pickle
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import map_browser
import map_layers
import map_peers
import map_tables
import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
SIZES = {"1k": 1_000, "10k": 10_000, "50k": 50_000, "150k": 150_000}
REPEATS = {"1000": 5, "10000": 3}  # else as few as can be
PAINT_LIMIT_S, MAKE_LIMIT_S = 240, 900
SHEET_ROWS = 50_000


class Cells:
    """The measurements so far, one line of a file each; lines of other code, and failures, are passed over."""

    def __init__(self, file, code):
        self.file, self.code, self.known = file, code, {}
        if file.exists():
            lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
            good = [one for one in lines if one["code"] == code and "failed" not in one]
            self.known = {self._key(one): one for one in good}

    @staticmethod
    def _key(cell):
        return cell["what"], cell["case"], cell["method"], cell["run"]

    def get(self, what, case, method, run):
        return self.known.get((what, case, method, run))

    def put(self, what, case, method, run, measured):
        cell = {"what": what, "case": case, "method": method, "run": run, "code": self.code,
                "load": round(os.getloadavg()[0], 1), "at": time.strftime("%F %T"), **measured}  # fmt: skip
        self.known[self._key(cell)] = cell
        with self.file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(cell, ensure_ascii=False) + "\n")
        return cell

    def all(self):
        return list(self.known.values())


def code_hash():
    """Return a hash of what the figures hang on: our maps, this benchmark, the versions of the peers."""
    import folium
    import geopandas

    said = hashlib.sha256(f"{folium.__version__} {geopandas.__version__}".encode())
    maps = HERE.parent / "renewal_geo" / "maps"
    files = [
        *HERE.glob("map*.py"),
        *HERE.glob("map*.js"),
        *(p for p in maps.rglob("*") if p.is_file()),
    ]
    for file in sorted(files):
        if "__pycache__" not in file.parts:
            said.update(file.read_bytes())
    return said.hexdigest()[:12]


# ---- children ----
def child(arguments, limit_s, env=None):
    """Run a child to its end or to a limit; return what it said as JSON, or what went wrong."""
    process = subprocess.Popen(
        [sys.executable, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env={**os.environ, **(env or {})},
    )  # fmt: skip
    try:
        said, wrong = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        for number in (
            process.pid,
            *descendants(process.pid),
        ):  # with the browser that it has started
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        process.communicate()
        return {"failed": f"stopped after {limit_s:g} s"}
    if process.returncode:
        return {
            "failed": (wrong.strip().splitlines() or [f"ended with {process.returncode}"])[-1][:300]
        }
    return json.loads(said.splitlines()[-1])


def descendants(number):
    """Return the processes that a process has started, and those that they have."""
    parents = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents.setdefault(int(file.read_text().rpartition(")")[2].split()[1]), []).append(
                int(file.parent.name)
            )
    found = list(parents.get(number, ()))
    for one in found:
        found += parents.get(one, ())
    return found


class Run:
    """The cases, the pages and the measurements of one run."""

    def __init__(self, cells, folder, cache):
        self.cells, self.folder, self.cache = cells, folder, cache
        self.pictures = cells.file.parent / "pictures"
        self.pictures.mkdir(exist_ok=True)
        self._window = None

    def make(self, case, method, run, *, again=False):
        """Make a page and measure that, once; `again` makes a page that a visit needs and that is gone."""
        cell, page = self.cells.get("make", case.name, method, run), self.page(case, method)
        if cell and ("failed" in cell or page.exists() or not again):
            return cell
        env = {}
        if method == "explore":
            more = map_peers.with_mapclassify(self.cache)
            env = {"PYTHONPATH": str(more)} if more else {}
        file = self.folder / f"{case.name}.pickle"
        if not file.exists():
            file.write_bytes(pickle.dumps(case))
        measured = child([HERE / "map_peers.py", method, file, page], MAKE_LIMIT_S, env)
        if method in map_peers.METHODS and method != "ours" and "failed" not in measured:
            html, left_out = map_peers.inlined(
                page.read_text(encoding="utf-8"), map_peers.fetched(self.cache)
            )
            page.write_text(html, encoding="utf-8")
            measured["left_out"] = left_out
        cell = cell or self.cells.put("make", case.name, method, run, measured)
        said(cell, "wall_s", "cpu_s", "peak_mb", "bytes")
        return cell

    def page(self, case, method):
        kind = method.rpartition("_")[2]
        return self.folder / f"{case.name}-{method}.{kind if kind in ('png', 'pdf') else 'html'}"

    def visit(self, case, method, run):
        """Open a page in a browser of its own and measure that, once."""
        cell = self.cells.get("visit", case.name, method, run)
        if cell:
            return cell
        if not self.page(case, method).exists():
            return self.cells.put("visit", case.name, method, run, {"failed": "no page was made"})
        job = self.job(case, method)
        job["viewport"] = self.window() if method == "ours" else map_browser.MAP_PX
        measured = self.asked(job, 4 * PAINT_LIMIT_S)
        features = measured.pop("features", None)
        if features:
            measured["faults"] = [*differences(case, features), *unseen(measured)]
        cell = self.cells.put("visit", case.name, method, run, measured)
        said(cell, "painted_ms", "pan_worst_ms", "zoom_worst_ms", "painted_mb")
        return cell

    def job(self, case, method):
        return {
            "page": str(self.page(case, method)), "rows": len(case.table), "svg": method == "folium_svg",
            "limit_s": PAINT_LIMIT_S, "colours": sorted(set(case.colours.values())),
            "picture": str(self.pictures / f"{case.name}-{method}.png"),
            "area_m2": float(case.table[case.area].sum()), "identity": case.identity, "area": case.area,
            "columns": case.columns, "sample": sample(case)[case.identity],
        }  # fmt: skip

    def asked(self, job, limit_s):
        file = self.folder / "job.json"
        file.write_text(json.dumps(job), encoding="utf-8")
        return child([HERE / "map_browser.py", file], limit_s)

    def window(self):
        """Return the window in which our map is as large as the peers'."""
        if self._window is None:
            case = map_layers.drawn(200)
            self.make(case, "ours", "probe")
            found = self.asked({**self.job(case, "ours"), "probe": True}, PAINT_LIMIT_S)
            self._window = found["window"]
        return self._window


def said(cell, *figures):
    told = "  ".join(f"{name} {cell[name]:,.1f}" for name in figures if name in cell)
    for name in ("failed", "not_painted_s", "not_moved_s", "faults", "errors"):
        told += f"  {name.upper()} {cell[name]}" if cell.get(name) else ""
    print(f"{cell['at'][11:]} load {cell['load']:>4}  {cell['case']:>9} {cell['what']:>5} {cell['method']:<13} {told}",
          flush=True)  # fmt: skip


# ---- do all pages hold the same? ----
def sample(case):
    return case.table.iloc[len(case.table) * 2 // 3]


def differences(case, features):
    """Return in which a page differs from its table: ids, one row, the sum of areas."""
    faults = []
    if sorted(features["ids"]) != sorted(case.table[case.identity]):
        faults.append(
            f"{len(features['ids'])} rows or other ids than the table's {len(case.table)}"
        )
    total = float(case.table[case.area].sum())
    if abs(features["sum"] - total) > 1e-9 * abs(total):
        faults.append(f"areas add up to {features['sum']}, not {total}")
    row = sample(case)
    for name, shown in zip(case.columns, features["row"], strict=True):
        if _plain(shown) != _plain(row[name]):
            faults.append(f"{name} of {row[case.identity]} is {shown!r}, not {row[name]!r}")
    return faults


def _plain(value):
    """Return a value as text: numbers to two decimals, days without an hour, nothing for missing ones."""
    if value is None or value is pd.NaT or value in ("—", "NaT", "nan", "<NA>"):
        return ""
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        return "" if np.isnan(value) else f"{float(value) + 0.0:.2f}"
    text = str(value)
    return text[:10] if text[10:] in (" 00:00:00", "T00:00:00") else text


def unseen(measured):
    """Return why a screenshot is no proof: too little of it is drawn on, or too much."""
    share = measured["inked"] / measured["inked_expected"]
    return [] if 0.7 < share < 1.6 else [f"parcels take {share:.2f} of the pixels that they should"]


# ---- the run ----
def visits(methods, repeat, seed):
    """Return (method, run) in an order of chance, ours first and last."""
    order = random.Random(seed)  # noqa: S311  no secret
    listed = []
    for run in range(repeat):
        some = list(methods)
        order.shuffle(some)
        listed += [(method, run) for method in some]
    return [("ours", "first"), *listed, ("ours", "last")] if "ours" in methods else listed


def measure(run, name, methods, repeat):
    case = map_layers.case(name)
    if case is None:
        print(f"{name}: no data here (RENEWAL_GEO_DATA), left out")
        return
    repeat = repeat or REPEATS.get(name, 3 if name in map_layers.REAL else 1)
    order, listed = random.Random(name), visits(methods, repeat, name)  # noqa: S311  no secret
    waiting = {method for method, turn in listed if not run.cells.get("visit", name, method, turn)}
    for turn in range(repeat):
        for method in order.sample(["nothing", *methods], len(methods) + 1):
            run.make(case, method, turn, again=method in waiting)
    for method, turn in listed:
        run.visit(case, method, turn)
    for file in run.folder.glob(f"{name}-*"):
        file.unlink()  # the peers' pages are large


def measure_sheets(run, repeat):
    case, order = map_layers.drawn(SHEET_ROWS), random.Random(0)  # noqa: S311  no secret
    methods = [maker.__name__ for maker in map_peers.SHEETS]
    for turn in range(repeat or 1):
        for method in order.sample(methods, len(methods)):
            run.make(case, method, turn)


def names(text, known):
    if text == "none":
        return []
    listed = text.split(",")
    wrong = [one for one in listed if one not in known]
    if wrong:
        raise SystemExit(f"no such thing: {', '.join(wrong)}; there are {', '.join(known)}, none")
    return listed


def machine():
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown processor")  # fmt: skip
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def written(file, text):
    """Write the tables into `file`: between its marks where it has them, else as the whole of it."""
    old = file.read_text(encoding="utf-8") if file.exists() else ""
    before, begin, rest = old.partition("<!-- maps begin -->\n")
    _, end, after = rest.partition("<!-- maps end -->")
    new = f"{before}{begin}{text}\n{end}{after}" if begin and end else f"{text}\n"
    file.write_text(new, encoding="utf-8")


def main():
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--sizes", default=",".join(SIZES), help="drawn tables, or none")
    ask.add_argument("--cases", default=",".join(map_layers.REAL), help="real tables, or none")
    ask.add_argument("--methods", default=",".join(map_peers.METHODS))
    ask.add_argument(
        "--repeat",
        type=int,
        help="runs of each; else 5 of 1k, 3 of 10k and real tables, 1 of the rest",
    )
    ask.add_argument("--no-sheet", action="store_true", help="leave the wall sheet out")
    ask.add_argument(
        "--out", type=Path, default=Path("out/map_benchmark"), help="measurements and pictures"
    )
    ask.add_argument(
        "--cache", type=Path, default=Path.home() / ".cache" / "renewal-geo-benchmarks"
    )
    ask.add_argument("--fresh", action="store_true", help="forget earlier measurements")
    ask.add_argument("--json", type=Path, help="also write the figures of the tables as JSON")
    ask.add_argument(
        "--markdown",
        type=Path,
        help="also write the tables, between the marks of a page that has them",
    )
    given = ask.parse_args()
    if map_browser.CHROMIUM is None:
        raise SystemExit("Chromium is needed: apt install chromium")
    sizes = [str(SIZES[one]) for one in names(given.sizes, SIZES)]
    cases = names(given.cases, map_layers.REAL)
    methods = names(given.methods, map_peers.METHODS)
    given.out.mkdir(parents=True, exist_ok=True)
    file = given.out / "cells.jsonl"
    if given.fresh:
        file.unlink(missing_ok=True)
    cells = Cells(file, code_hash())
    try:
        if set(methods) - {"ours"}:
            map_peers.fetched(given.cache)
        if "explore" in methods:
            map_peers.with_mapclassify(given.cache)
    except (RuntimeError, subprocess.CalledProcessError) as fault:
        raise SystemExit(
            f"the peers cannot be had here: {fault}; --methods ours goes without them"
        ) from fault
    print(f"{machine()}; load {os.getloadavg()[0]:.1f}; {len(cells.known)} measurements of this code are there",
          flush=True)  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        run = Run(cells, Path(folder), given.cache)
        for name in (*sizes, *cases):
            measure(run, name, methods, given.repeat)
        if not given.no_sheet:
            measure_sheets(run, given.repeat)
    figures = map_tables.figures(cells.all(), [*sizes, *cases])
    text = map_tables.markdown(figures, machine())
    print("\n" + text)
    if given.markdown:
        written(given.markdown, text)
    if given.json:
        given.json.write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
