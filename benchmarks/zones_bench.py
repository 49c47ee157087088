"""The optimiser on the zones_bench instances, beside honest rivals judged by the same functions.

``python benchmarks/zones_bench.py`` prints one table per size; ``--out docs`` also writes zones_bench.csv
and .png there and renews the marked region of benchmarks.md. Rivals: our own greedy region growing
(`greedy_growth.py`) and, where installed, pygeoda and spopt (`peers.py`; ``--peers-python`` names the
interpreter that has them). Only zones that pass `is_feasible` count, all valued by `zone_value`.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import resource
import sys
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from renewal_geo.zones.problem import Problem, is_feasible, zone_value
from renewal_geo.zones.search import gap_of, solve

DATA = Path(os.environ.get("RENEWAL_GEO_DATA", Path(__file__).parents[2] / "shared" / "data"))
SIZES = (500, 2000, 4450, 10000)
OURS, RECORDED = "renewal-geo", "recorded: "
# shared/data/zones_bench/README.md: value, bound, seconds of the prototype and its rivals, on another day
RECORDS = {
    500: {
        "prototype": (144.65, 145.3, 8.0),
        "greedy growth": (133.5, None, 0.1),
        "open regionaliser": (104.9, None, None),
    },
    2000: {
        "prototype": (780.0, 788.3, 25.0),
        "greedy growth": (571.4, None, 0.8),
        "open regionaliser": (453.0, None, None),
    },
    4450: {
        "prototype": (1677.3, 1791.6, 260.0),
        "second prototype": (1731.7, 1785.8, 58.0),
        "greedy growth": (1250.8, None, 5.4),
    },
    10000: {
        "prototype": (3530.0, 3705.6, 109.0),
        "greedy growth": (2957.4, None, 8.0),
        "open regionaliser": (2265.6, None, None),
    },
}
PICTURE_WIDTH = 1800  # pixels: shown at 900
MARKERS = ("<!-- zones_bench begin -->", "<!-- zones_bench end -->")
# Okabe and Ito's colours, with a marker each, so that neither colour nor print decides
FAMILIES = {
    OURS: ("#0072B2", "D"),
    "greedy": ("#E69F00", "o"),
    "pygeoda": ("#009E73", "s"),
    "spopt": ("#CC79A7", "^"),
    RECORDED: ("#777777", "x"),
}


def problem_of(size):
    """Return the instance as a formal problem, links as given."""
    nodes = pd.read_parquet(DATA / "zones_bench" / f"nodes_{size}.parquet")
    links = pd.read_parquet(DATA / "zones_bench" / f"links_{size}.parquet")
    free = ~nodes["is_locked_out"].to_numpy()
    index = pd.Index(nodes["parcel_id"].astype(str))
    ends = np.stack(
        [index.get_indexer(links[c].astype(str)) for c in ("focal", "neighbour")], axis=1
    )
    length = links["frontage_m"].to_numpy()
    inner = free[ends].all(axis=1)
    own = nodes["own_boundary_m"].to_numpy().copy()
    np.add.at(own, ends[~inner].ravel(), np.repeat(length[~inner], 2))
    number = np.cumsum(free) - 1
    area = nodes["area_ha"].to_numpy()[free]
    slack = [
        area * (nodes["share_industrial"].to_numpy()[free] - 0.65),
        area * (nodes["share_legal"].to_numpy()[free] - 0.60),
    ]
    least, most = (10.0, 50.0) if size == 500 else (20.0, 100.0)
    none = np.zeros(len(area), dtype=bool)
    return Problem(
        area, nodes["value"].to_numpy()[free], own[free], number[ends[inner]], length[inner],
        np.array(slack), ("industrial", "legal"), 0.004,
        0.427 * float(nodes.loc[nodes["in_pool"], "area_ha"].sum()), least, most, none,
        none.astype(np.int64) - 1,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One method on one size; what it cannot tell is None."""

    parcels: int
    method: str
    value: float | None
    bound: float | None = None
    gap: float | None = None
    seconds: float | None = None
    peak_mb: float | None = None
    zones: int | None = None
    share_of_bound: float | None = None
    ours_over_it: float | None = None
    note: str = ""


def peak_mb(*, reset=False):
    """Return the most resident memory since the last reset (Linux) or since the start (elsewhere)."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024**2 if sys.platform == "darwin" else 1024)


def checked(problem, zones):
    """Return the value of zones, every promise asserted anew."""
    members = np.concatenate(zones) if len(zones) else np.empty(0, dtype=np.int64)
    assert all(is_feasible(problem, zone) for zone in zones)
    assert len(np.unique(members)) == len(members)
    assert problem.area[members].sum() <= problem.budget + 1e-6
    return float(sum(zone_value(problem, zone) for zone in zones))


def measured(size, options):
    """Yield one row per method on the instance of `size`, ours first."""
    from greedy_growth import greedy, plain_greedy
    from peers import NAMES, measure

    problem = problem_of(size)
    peak_mb(reset=True)
    began = time.perf_counter()
    answer = solve(problem, time_limit_s=options.seconds, gap=options.gap, seed=options.seed)
    took = time.perf_counter() - began
    memory = peak_mb()
    ours = checked(problem, answer.zones)
    assert abs(ours - answer.objective) <= 1e-6 * abs(ours)
    bound = answer.bound

    def beside(name, value, seconds, zones=None, note=""):
        if value is None:
            return Row(size, name, None, seconds=seconds, note=note)
        return Row(
            size, name, value, seconds=seconds, zones=zones, share_of_bound=value / bound,
            ours_over_it=ours / value if value > 0 else None, note=note,
        )  # fmt: skip

    gap = gap_of(ours, bound)
    count = len(answer.zones)
    yield Row(size, OURS, ours, bound, gap, took, memory, count, ours / bound, 1.0)
    for name, rival in (("greedy, priced", greedy), ("greedy, plain", plain_greedy)):
        began = time.perf_counter()
        value, zones = rival(problem, options.seed)
        took = time.perf_counter() - began
        assert abs(checked(problem, zones) - value) <= 1e-6 * max(value, 1.0)
        yield beside(name, value, took, len(zones))
    for name in NAMES if options.peers else ():
        out = measure(
            name, problem, python=options.peers_python, seed=options.seed,
            limit_s=options.peer_limit,
        )  # fmt: skip
        yield beside(name, out.value, out.seconds, out.zones, out.note)
    for name, (value, its_bound, seconds) in RECORDS.get(size, {}).items():
        row = asdict(beside(RECORDED + name, value, seconds))
        its_gap = None if its_bound is None else gap_of(value, its_bound)
        yield Row(**{**row, "bound": its_bound, "gap": its_gap})


def markdown(size, rows):
    """Return the table of one size."""

    def cell(value, pattern, scale=1.0):
        return "–" if value is None else pattern.format(scale * value)

    lines = [
        f"**{size:,} parcels**\n",
        "| method | value | bound | gap | % of our bound | zones | s | peak MB | ours / it | |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row.method} | {cell(row.value, '{:,.2f}')} | {cell(row.bound, '{:,.2f}')} "
            f"| {cell(row.gap, '{:.2f} %', 100)} | {cell(row.share_of_bound, '{:.1f}', 100)} "
            f"| {cell(row.zones, '{:.0f}')} | {cell(row.seconds, '{:.2f}')} "
            f"| {cell(row.peak_mb, '{:.0f}')} | {cell(row.ours_over_it, '{:.2f}')} | {row.note} |"
        )
    return "\n".join(lines) + "\n"


def circumstances_of():
    """Return one sentence on the machine and the versions."""
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        )
        if Path("/proc/cpuinfo").exists()
        else iter(()),
        platform.processor() or platform.machine(),
    )
    used = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "numba", "highspy"))
    return f"{cpu}, {os.cpu_count()} cores, Python {platform.python_version()}, {used}."


def circumstances(options):
    """Return one paragraph on the machine, the versions and the settings."""
    return (
        f"{circumstances_of()} Ours: at most {options.seconds:g} s per size, stops at a gap of "
        f"{100 * options.gap:g} %, seed {options.seed}; its loops "
        "compiled beforehand. Peak MB: most resident memory of the process during our call. "
        f"Peers: at most {options.peer_limit:g} s each, a process of their own; seconds are those of the "
        "best setting's own calls. Greedy: pure Python, seconds of the whole call. Recorded: another "
        "machine, another day.\n"
    )


def draw(rows, path):
    """Draw value as a share of the proven bound: a row per method, a panel per size."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    methods = list(dict.fromkeys(row.method for row in rows))
    sizes = list(dict.fromkeys(row.parcels for row in rows))
    plt.rcParams.update({"font.size": 9, "font.family": "DejaVu Sans"})
    figure, panels = plt.subplots(
        1, len(sizes), sharey=True, squeeze=False, layout="constrained",
        figsize=(1.9 + 1.45 * len(sizes), 1.0 + 0.25 * len(methods)),
    )  # fmt: skip
    for panel, size in zip(panels[0], sizes, strict=True):
        for row in (one for one in rows if one.parcels == size):
            y = methods.index(row.method)
            family = next(f for f in FAMILIES if row.method.startswith(f))
            colour, marker = FAMILIES[family]
            if row.share_of_bound is None:
                panel.text(50, y, "no result", color="#555555", va="center", ha="center", size=8)
                continue
            x = 100 * row.share_of_bound
            panel.plot([0, x], [y, y], color=colour, linewidth=1, alpha=0.35)
            panel.plot([x], [y], marker=marker, color=colour, markersize=6, linestyle="none")
            near = x < 66
            panel.annotate(
                f"{x:.1f}", (x, y), xytext=(6 if near else -6, 0), textcoords="offset points",
                va="center", ha="left" if near else "right", size=8, backgroundcolor="white",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            )  # fmt: skip
        panel.axvline(100, color="black", linewidth=1, linestyle=":")
        panel.set(xlim=(0, 106), title=f"{size:,} parcels", xticks=(0, 50, 100))
        panel.spines[["top", "right", "left"]].set_visible(False)
        panel.tick_params(axis="y", length=0)
    panels[0][0].set_yticks(range(len(methods)), methods)
    panels[0][0].invert_yaxis()
    figure.supxlabel(
        "value of feasible zones, % of our proven bound (dotted: no answer is worth more)",
        size=9,
    )
    figure.savefig(
        path, dpi=PICTURE_WIDTH / figure.get_size_inches()[0], metadata={"Software": None}
    )
    plt.close(figure)


def publish(folder, rows, text):
    """Write table, csv and picture; renew the marked region of benchmarks.md where there is one."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "zones_bench.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(asdict(rows[0])))
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    draw(rows, folder / "zones_bench.png")
    renew(folder / "benchmarks.md", MARKERS, text)


def renew(page, markers, text):
    """Put text between the two markers of a page, where there is such a page."""
    if not page.exists():
        return
    before, rest = page.read_text(encoding="utf-8").split(markers[0])
    after = rest.split(markers[1])[1]
    page.write_text(f"{before}{markers[0]}\n{text}{markers[1]}{after}", encoding="utf-8")


def parsed(arguments=None):
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="our limit per size")
    parser.add_argument("--gap", type=float, default=0.001, help="ours stops when proven within it")
    parser.add_argument("--sizes", type=int, nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--peers-python", default=sys.executable, help="interpreter with the peers")
    parser.add_argument("--peer-limit", type=float, default=60.0, help="seconds per peer and size")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="folder for zones_bench.csv and .png")
    return parser.parse_args(arguments)


def main():
    options = parsed()
    solve(problem_of(500), time_limit_s=15, gap=0.05, seed=0)  # compiles the loops
    rows, text = [], circumstances(options)
    print(text, flush=True)
    for size in options.sizes:
        of_size = list(measured(size, options))
        rows += of_size
        table = markdown(size, of_size)
        text += f"\n{table}"
        print(table, flush=True)
    if options.out:
        publish(options.out, rows, text)


if __name__ == "__main__":
    main()
