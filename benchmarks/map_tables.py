"""Tables of the map benchmark: medians, ratios, and whether what was promised is met."""

from __future__ import annotations

import math
import statistics

import map_peers

MB = 1e6
FRAME_MS = 17.0  # two figures that differ by less than one frame are the same
SMALL = (
    "html_mb",
    "make_s",
    "make_mb",
    "painted_s",
    "pan_worst_ms",
    "zoom_worst_ms",
    "renderer_mb",
)
# heading, (kind of cell, figure), factor, digits
COLUMNS = {
    "html_mb": ("HTML, MB", "make", "bytes", 1 / MB, 2),
    "make_s": ("made, s", "make", "wall_s", 1, 2),
    "make_cpu_s": ("CPU, s", "make", "cpu_s", 1, 2),
    "make_mb": ("Python peak, MB", "make", "peak_mb", 1, 0),
    "painted_s": ("painted, s", "visit", "painted_ms", 1e-3, 2),
    "painted_cpu_s": ("its CPU, s", "visit", "painted_cpu_s", 1, 2),
    "pan_worst_ms": ("pan worst, ms", "visit", "pan_worst_ms", 1, 0),
    "pan_mean_ms": ("pan mean, ms", "visit", "pan_mean_ms", 1, 1),
    "zoom_worst_ms": ("zoom worst, ms", "visit", "zoom_worst_ms", 1, 0),
    "zoom_settle_ms": ("zoom settled, ms", "visit", "zoom_settle_ms", 1, 0),
    "renderer_mb": ("browser, MB", "visit", "painted_mb", 1, 0),
    "renderer_most_mb": ("peak, MB", "visit", "used_most_mb", 1, 0),
}


def figures(cells, cases):
    """Return, per case and method, the median of each figure, the runs behind it, and what went wrong."""
    found = {}
    for case in cases:
        here = [cell for cell in cells if cell["case"] == case]
        methods = [m for m in map_peers.METHODS if any(cell["method"] == m for cell in here)]
        if methods:
            found[case] = {
                m: _method([cell for cell in here if cell["method"] == m]) for m in methods
            }
            idle = [
                cell["peak_mb"]
                for cell in here
                if cell["method"] == "nothing" and "peak_mb" in cell
            ]
            found[case]["nothing"] = {"make_mb": statistics.median(idle)} if idle else {}
    sheets = {
        m: _method([c for c in cells if c["method"] == m])
        for m in (maker.__name__ for maker in map_peers.SHEETS)
    }
    return {
        "cases": found,
        "sheet": {m: one for m, one in sheets.items() if one["makes"]},
        "targets": targets(found),
        "load": [f(cell["load"] for cell in cells) for f in (min, max)] if cells else [],
        "chromium": sorted({cell["chromium"] for cell in cells if "chromium" in cell}),
    }


def _method(cells):
    visits = [cell for cell in cells if cell["what"] == "visit"]
    makes = [cell for cell in cells if cell["what"] == "make"]
    said = {
        "visits": len(visits),
        "makes": len(makes),
        "notes": sorted({n for cell in cells for n in _notes(cell)}),
    }
    for name, (_, what, figure, factor, _) in COLUMNS.items():
        rows = makes if what == "make" else visits
        known = [
            _one(cell[figure]) * factor
            for cell in rows
            if figure in cell and not cell.get("faults")
        ]
        said[name] = statistics.median(known) if known else None
        said[f"{name}_runs"] = known
    late = [cell["not_painted_s"] for cell in visits if "not_painted_s" in cell]
    said["not_painted_s"] = max(late) if late else None
    said["zooms"] = next((cell["zooms"] for cell in visits if "zooms" in cell), None)
    said["painted_first_last_s"] = [
        cell["painted_ms"] / 1000
        for cell in visits
        if cell["run"] in ("first", "last") and "painted_ms" in cell
    ]
    return said


def _one(value):
    return statistics.median(value) if isinstance(value, list) else value


def _notes(cell):
    if "failed" in cell:
        yield f"{cell['what']}: {cell['failed']}"
    if "not_painted_s" in cell:
        yield f"not painted in {cell['not_painted_s']:.0f} s"
    if "not_moved_s" in cell:
        yield f"painted, but a drag or a zoom did not end in {cell['not_moved_s']} s"
    yield from cell.get("faults", ())
    yield from (f"asked for {address}" for address in cell.get("requests", ())[:1])
    yield from (f"page error: {text}" for text in cell.get("errors", ())[:1])


# ---- what was promised ----
def targets(found):
    """Return (promise, what was measured, met) for every promise whose cases were measured.

    `met` is None where nobody knows, and a text where it is met in part.
    """
    listed = []
    for name, times in (
        ("html_mb", 25),
        ("painted_s", 80),
        ("zoom_worst_ms", 15),
        ("renderer_mb", 4),
    ):
        ratio, least = _ratio(found.get("50000", {}), name)
        if ratio is not None:
            words = (
                f"50k: {COLUMNS[name][0].split(',')[0]} at least {times} times better than explore"
            )
            listed.append(
                (
                    words,
                    f"{'more than ' if least else ''}{math.floor(10 * ratio) / 10}",
                    _met(ratio, times, least),
                )
            )
    short, long = (found.get(n, {}).get("ours", {}).get("painted_s") for n in ("50000", "150000"))
    if short and long:
        listed.append(
            ("150k painted within twice the time of 50k", f"{long / short:.2f}", long <= 2 * short)
        )
    listed += _small(found.get("1000", {}))
    return listed


def _small(case):
    """Return what became of "no worse than folium at 1k", figure by figure."""
    mine, peers = case.get("ours", {}), [m for m in ("folium_svg", "folium_canvas") if m in case]
    for name in SMALL:
        theirs = {m: case[m][name] for m in peers if case[m][name] is not None}
        if mine.get(name) is None or not theirs:
            continue
        heading, *_, digits = COLUMNS[name]
        slack = FRAME_MS if heading.endswith(", ms") else 0.0
        beaten = [m for m, other in theirs.items() if mine[name] <= other + slack]
        figures = ", ".join(
            f"{other:.{digits}f} ({m.partition('_')[2]})" for m, other in theirs.items()
        )
        only = (
            f"against {beaten[0].partition('_')[2]} only"
            if len(beaten) == 1 < len(theirs)
            else None
        )
        met = only or len(beaten) == len(theirs)
        yield f"1k: {heading} no worse than folium", f"{mine[name]:.{digits}f} : {figures}", met


def _met(ratio, times, least):
    return True if ratio >= times else None if least else False


def _ratio(case, name):
    """Return how many times better ours is than explore, and whether that is only the least it can be."""
    mine, theirs = (case.get(m, {}).get(name) for m in ("ours", "explore"))
    if mine and theirs:
        return theirs / mine, False
    late = case.get("explore", {}).get("not_painted_s")
    return (late / mine, True) if mine and late and name == "painted_s" else (None, False)


# ---- as text ----
def markdown(found, machine):
    loads = " to ".join(f"{load:g}" for load in found["load"])
    lines = [
        f"{machine}, Chromium {', '.join(found['chromium'])}; load of the machine while measuring {loads}.",
        "",
    ]
    for case, methods in found["cases"].items():
        lines += _case_lines(case, methods)
    if found["sheet"]:
        lines += ["**Wall sheet, 50,000 parcels, A0 (PNG: 100 dpi)**", "", "| | made, s | CPU, s | peak, MB | MB |",
                  "|---|--:|--:|--:|--:|"]  # fmt: skip
        for method, one in found["sheet"].items():
            cells = " | ".join(
                _figure(one, n) for n in ("make_s", "make_cpu_s", "make_mb", "html_mb")
            )
            lines += [
                f"| {map_peers.TITLES[method]} | {cells} |",
                *(f"\n{note}" for note in one["notes"]),
            ]
        lines.append("")
    if found["targets"]:
        lines += ["| promised | measured | |", "|---|--:|---|"]
        verdicts = {True: "met", False: "**not met**", None: "not known"}
        lines += [
            f"| {words} | {figure} | {verdicts.get(met, met)} |"
            for words, figure, met in found["targets"]
        ]
    return "\n".join(lines).rstrip()


def _case_lines(case, methods):
    title = f"{int(case):,} drawn parcels" if case.isdigit() else case
    idle = methods["nothing"].get("make_mb")
    lines = [f"**{title}**", "", "| | " + " | ".join(one[0] for one in COLUMNS.values()) + " | runs |",
             "|---|" + "--:|" * (len(COLUMNS) + 1)]  # fmt: skip
    notes = []
    mine = methods.get("ours", {})
    for method, one in methods.items():
        if method == "nothing":
            continue
        cells = " | ".join(
            _figure(one, name, None if method == "ours" else mine) for name in COLUMNS
        )
        lines.append(f"| {map_peers.TITLES[method]} | {cells} | {one['visits']} |")
        notes += [f"{map_peers.TITLES[method]}: {note}." for note in one["notes"]]
    if idle:
        notes.append(f"A Python that only reads this table and imports folium takes {idle:.0f} MB.")
    drift = mine.get("painted_first_last_s", [])
    if len(drift) == 2:
        notes.append(f"Ours, first and last of this table: {drift[0]:.2f} and {drift[1]:.2f} s.")
    return [*lines, "", " ".join(notes), ""]


def _figure(one, name, mine=None):
    value, digits = one[name], COLUMNS[name][4]
    if value is None:
        return (
            f"> {one['not_painted_s']:.0f}" if name == "painted_s" and one["not_painted_s"] else "–"
        )
    ours = (mine or {}).get(name)
    return f"{value:,.{digits}f}" + (
        f" ({value / ours:.{1 if value < 10 * ours else 0}f}×)" if ours else ""
    )
