"""Wall sheets against ``GeoDataFrame.plot``: the same parcels on A0, as PDF and as PNG of 150 dpi.

``python benchmarks/wall_sheets.py`` draws 50,000 parcels of map_layers.py; name another number or a real case
(``cambridge``, ``taiwan``, ``wuxi``) instead. Each way is drawn in turn, and the best of ``--rounds`` printed:
processor seconds, wall seconds, size. The peer draws the bare map; ours has frame, legend and all besides.
"""

from __future__ import annotations

import argparse
import io
import time

import numpy as np
import pandas as pd
from map_layers import case
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure

from renewal_geo.maps import LayerSpec, MapSpec, wall_sheet
from renewal_geo.maps.spec import MapClass, crs_name, same

A0_IN, DPI = (1189 / 25.4, 841 / 25.4), 150


def spec_of(chosen):
    names = list(chosen.colours)
    values = chosen.table[chosen.colour_by].astype(object).to_numpy()
    area = chosen.table[chosen.area].to_numpy(dtype=float)
    class_of = pd.Index(names).get_indexer(values).astype(np.int32)
    classes = tuple(
        MapClass(
            str(name), same(name), chosen.colours[name], count=int((class_of == n).sum()),
            area_m2=float(area[class_of == n].sum()),
        )
        for n, name in enumerate(names)
    )  # fmt: skip
    layer = LayerSpec(
        "parcels", same("Parcels"), "polygon", chosen.table.geometry, classes, class_of, (),
        pd.DataFrame(index=range(len(area))),
    )  # fmt: skip
    return MapSpec(
        title=same(chosen.name), subtitle=same(""), lang="en", edition="internal", as_of=None,
        crs=crs_name(chosen.table.crs), source="benchmark", review_no="", notes=(), layers=(layer,),
    )  # fmt: skip


def plotted(chosen, form):
    figure = Figure(figsize=A0_IN, dpi=DPI)
    (FigureCanvasAgg if form == "png" else FigureCanvasPdf)(figure)
    axes = figure.add_axes((0.02, 0.08, 0.8, 0.85))
    colours = chosen.table[chosen.colour_by].map(chosen.colours).fillna("#ffffff").tolist()
    chosen.table.plot(ax=axes, color=colours, edgecolor="white", linewidth=0.3)
    out = io.BytesIO()
    figure.savefig(out, format=form, dpi=DPI)
    return out.getvalue()


def timed(draw):
    cpu, wall = time.process_time(), time.perf_counter()
    size = len(draw())
    return time.process_time() - cpu, time.perf_counter() - wall, size


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", nargs="?", default="50000")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    chosen = case(asked.case)
    if chosen is None:
        raise SystemExit(f"{asked.case}: no data here (RENEWAL_GEO_DATA)")
    spec = spec_of(chosen)
    wall_sheet(spec, size="A3", form="png", dpi=40)  # fonts and libraries are warm for both
    print(f"{chosen.name}: {len(chosen.table):,} rows on A0")
    for form in ("pdf", "png"):
        ways = {
            "wall_sheet": lambda form=form: wall_sheet(spec, size="A0", dpi=DPI, form=form),
            "gdf.plot": lambda form=form: plotted(chosen, form),
        }
        found = {name: [] for name in ways}
        for _ in range(asked.rounds):
            for name, draw in ways.items():
                found[name].append(timed(draw))
        for name, runs in found.items():
            cpu, wall, size = min(runs)
            print(
                f"  {form}  {name:<10}  {cpu:6.2f} s processor  {wall:6.2f} s wall  {size / 1e6:6.2f} MB"
            )


if __name__ == "__main__":
    main()
