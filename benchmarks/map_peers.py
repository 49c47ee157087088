"""The same table as a page, made by us and by the peers; and what the peers' pages need from a CDN.

Every page is made in a process of its own: ``map_peers.py METHOD CASE.pickle PAGE.html`` prints one line of JSON with
seconds of the call (from a table in memory to a file on disk, imports done before), peak memory of the process
(VmHWM; the method ``nothing`` is the process that only reads and imports), and bytes.

All get all attributes, the same class colours, no background tiles, fill without transparency and an outline half a
pixel wide in the colour of the fill; a popup with all columns and, for the peers, a tooltip with id and class, as
their manuals suggest. The network stays closed: the scripts that the peers' pages name are fetched once as
packages of the npm registry, compared with the sha256 below, and written into the page instead of the address, which
is the fastest way for a peer to get them. Style sheets of marker icons, which no parcel uses, are left out, and so
is the icons' script where it would change nothing.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import pickle
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

METHODS = ("ours", "explore", "folium_svg", "folium_canvas")
TITLES = {
    "ours": "renewal-geo",
    "explore": "geopandas explore",
    "folium_svg": "folium GeoJson, SVG",
    "folium_canvas": "folium GeoJson, canvas",
    "ours_png": "renewal-geo, PNG",
    "plot_png": "geopandas plot, PNG",
    "ours_pdf": "renewal-geo, PDF",
    "plot_pdf": "geopandas plot, PDF",
    "nothing": "(reads the table, makes nothing)",
}
SHEET_INCHES, SHEET_DPI = (46.8, 33.1), 100  # A0
LINE = 0.5

# package, version: sha256 of its archive, {address in a peer's page: file of the archive}
PACKAGES = {
    ("leaflet", "1.9.3"): (
        "10d016716b56048661eaf9cde004dc82e80bd3613b52c4f53cf5aec73088006c",
        {"leaflet@1.9.3/dist/leaflet.js": "dist/leaflet.js", "leaflet@1.9.3/dist/leaflet.css": "dist/leaflet.css"},
    ),
    ("jquery", "3.7.1"): (
        "68a9f787516da47c680e09c187bcbac4536b6f85d90eb882844e12919e583f53",
        {"jquery-3.7.1.min.js": "dist/jquery.min.js"},
    ),
    ("bootstrap", "5.2.2"): (
        "6ae3403f9085283be866fd9bca04f3034ffc755e466e6a1ff9836e8c0a1340d4",
        {
            "bootstrap@5.2.2/dist/js/bootstrap.bundle.min.js": "dist/js/bootstrap.bundle.min.js",
            "bootstrap@5.2.2/dist/css/bootstrap.min.css": "dist/css/bootstrap.min.css",
        },
    ),
    ("jquery-ui-dist", "1.12.1"): (
        "2e25c212ff912419285f791d6c837a51e1668a6f6becfda5f632b984fecaedf5",
        {"ui/1.12.1/jquery-ui.js": "jquery-ui.js"},
    ),
}  # fmt: skip
MAPCLASSIFY = (  # explore cannot be called without it
    "mapclassify==2.10.0 --hash=sha256:dc39d6d924d546cdf2573bd587a7770e1a6ded3cb98272d6f0144319038566c5",
    "networkx==3.6.1 --hash=sha256:d47fbf302e7d9cbbb9e2555a0d267983d2aa476bac30e90dfbe5669bd57f3762",
)
UNUSED = re.compile(r"awesome|glyphicons")  # marker icons
_LINK = re.compile(
    r'<script src="(?P<js>https?://[^"]+)"></script>|<link rel="stylesheet" href="(?P<css>https?://[^"]+)"\s*/?>'
)


# ---- pages ----
def ours(case, path):
    from renewal_geo import maps

    maps.interactive(map_spec(case)).save(path)


def map_spec(case):
    """Return the spec that any user would write: all columns, search by id, hectares from the table."""
    import numpy as np

    from renewal_geo.maps.spec import LayerSpec, MapClass, MapColumn, MapSpec, crs_name, same

    table = case.table
    kinds = list(case.colours)
    class_of = (
        table[case.colour_by].map({value: at for at, value in enumerate(kinds)}).to_numpy(np.int32)
    )
    counts = np.bincount(class_of, minlength=len(kinds))
    areas = np.bincount(class_of, table[case.area].to_numpy(float), minlength=len(kinds))
    classes = tuple(
        MapClass(
            value,
            same(value or "–"),
            fill=case.colours[value],
            count=int(counts[at]),
            area_m2=float(areas[at]),
        )
        for at, value in enumerate(kinds)
    )
    layer = LayerSpec(
        name="parcels", title=same("宗地"), kind="polygon", geometry=table.geometry, classes=classes,
        class_of=class_of, columns=tuple(MapColumn(n, same(n), *_form(case, n)) for n in case.columns),
        values=table[case.columns], area=case.area, search=(case.identity,), filters=(case.colour_by,),
    )  # fmt: skip
    return MapSpec(
        title=same("地图基准"), subtitle=same(case.name), lang="zh", edition="internal", as_of=None,
        crs=crs_name(table.crs), source="benchmarks/map_layers.py", review_no="", notes=(), layers=(layer,),
    )  # fmt: skip


def _form(case, column):
    if column in case.dates:
        return "date", 0
    return ("number", 2) if column in case.numbers else ("text", 0)


def explore(case, path):
    kinds = list(case.colours)
    case.table.explore(
        column=case.colour_by, categorical=True, categories=kinds, cmap=[case.colours[k] for k in kinds],
        tooltip=[case.identity, case.colour_by], popup=True, tiles=None,
        style_kwds={"fillOpacity": 1, "weight": LINE},
    ).save(str(path))  # fmt: skip


def _folium(case, path, *, canvas):
    import folium

    # folium cannot write dates: its manual turns them into texts
    table = case.table.assign(
        **{n: case.table[n].dt.strftime("%Y-%m-%d").fillna("") for n in case.dates}
    )
    colours, key = case.colours, case.colour_by

    def style(feature):
        colour = colours[feature["properties"][key]]
        return {"fillColor": colour, "color": colour, "weight": LINE, "fillOpacity": 1}

    page = folium.Map(tiles=None, prefer_canvas=canvas)
    layer = folium.GeoJson(
        table, style_function=style, tooltip=folium.GeoJsonTooltip([case.identity, key]),
        popup=folium.GeoJsonPopup(case.columns),
    ).add_to(page)  # fmt: skip
    page.fit_bounds(layer.get_bounds())
    page.save(str(path))


def folium_svg(case, path):
    _folium(case, path, canvas=False)


def folium_canvas(case, path):
    _folium(case, path, canvas=True)


def nothing(_case, path):
    path.write_bytes(b"")


# ---- wall sheets ----
def ours_png(case, path):
    """A0 with all that belongs on a wall sheet: legend, frame with coordinates, scale bar, north arrow, sources."""
    from renewal_geo.maps.sheet.wall_sheets import wall_sheet

    wall_sheet(map_spec(case), path, size="A0", dpi=SHEET_DPI)


def plot_png(case, path):
    """The bare parcels on a paper of the same size."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=SHEET_INCHES)
    axes = figure.add_subplot()
    colours = case.table[case.colour_by].map(case.colours)
    case.table.plot(ax=axes, color=colours, edgecolor="white", linewidth=0.2)
    axes.set_axis_off()
    figure.savefig(path, dpi=SHEET_DPI)


def ours_pdf(case, path):
    ours_png(case, path)


def plot_pdf(case, path):
    plot_png(case, path)


PAGES = (ours, explore, folium_svg, folium_canvas, nothing)
SHEETS = (ours_png, plot_png, ours_pdf, plot_pdf)
MAKERS = {maker.__name__: maker for maker in (*PAGES, *SHEETS)}


# ---- scripts of the peers ----
def fetched(cache):
    """Return the files that peers' pages name, by part of address; fetch what is not in `cache` yet.

    Raises RuntimeError where an archive is not the one whose sha256 is noted above.
    """
    cache.mkdir(parents=True, exist_ok=True)
    files = {}
    for (name, version), (expected, wanted) in PACKAGES.items():
        archive = cache / f"{name}-{version}.tgz"
        if not archive.exists():
            npm = shutil.which("npm")
            if npm is None:
                raise RuntimeError(f"npm is needed once, to fetch {name} {version} into {cache}")
            with tempfile.TemporaryDirectory(dir=cache) as folder:
                command = [
                    npm,
                    "pack",
                    f"{name}@{version}",
                    "--pack-destination",
                    folder,
                    "--silent",
                ]
                subprocess.run(command, check=True, capture_output=True, cwd=folder)
                next(Path(folder).glob("*.tgz")).replace(archive)
        found = hashlib.sha256(archive.read_bytes()).hexdigest()
        if found != expected:
            raise RuntimeError(f"{archive} is not {name} {version}: sha256 {found}, not {expected}")
        with tarfile.open(archive) as opened:
            for address, member in wanted.items():
                files[address] = opened.extractfile(f"package/{member}").read().decode()
    return files


def inlined(html, files):
    """Return a peer's page with its scripts and styles inside, and the addresses that were left out."""
    left_out = []

    def content(found):
        address = found["js"] or found["css"]
        text = next((text for part, text in files.items() if address.endswith(part)), None)
        if text is None:
            if not UNUSED.search(address):
                raise RuntimeError(f"no file for {address}: note its package in map_peers.PACKAGES")
            left_out.append(address)
            return ""
        if found["css"]:
            return f"<style>{re.sub(r'url[(][^)]*[)]', 'none', text)}</style>"
        text = re.sub(r"//# sourceMappingURL=\S+", "", text).replace("</script", r"<\/script")
        return f"<script>{text}</script>"

    return _LINK.sub(content, html), left_out


def with_mapclassify(cache):
    """Return a folder for PYTHONPATH that holds mapclassify, None where it is installed already.

    Raises RuntimeError where neither pip nor uv is there to fetch it.
    """
    if importlib.util.find_spec("mapclassify"):
        return None
    folder = cache / "mapclassify-2.10.0"
    if folder.exists():
        return folder
    pip = [sys.executable, "-m", "pip"] if importlib.util.find_spec("pip") else ["uv", "pip"]
    if not shutil.which(pip[0]):
        raise RuntimeError("explore needs mapclassify, and neither pip nor uv is here to fetch it")
    with tempfile.TemporaryDirectory(dir=cache) as made:
        for number, line in enumerate(MAPCLASSIFY):
            listed, target = Path(made) / f"{number}.txt", Path(made) / str(number)
            listed.write_text(line + "\n")
            command = [*pip, "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes",
                       "--target", str(target), "--requirement", str(listed)]  # fmt: skip
            subprocess.run(command, check=True, capture_output=True)
            shutil.copytree(target, Path(made) / "all", dirs_exist_ok=True)
        (Path(made) / "all").replace(folder)
    return folder


# ---- the child ----
def main(method, case_file, page):
    case = pickle.loads(Path(case_file).read_bytes())  # noqa: S301  written by this very run
    _imported(method)
    page = Path(page)
    wall, cpu = time.perf_counter(), time.process_time()
    MAKERS[method](case, page)
    said = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    # not ru_maxrss: a process inherits that of the one that started it
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    said["peak_mb"] = int(status["VmHWM"].split()[0]) / 1024
    said["bytes"] = page.stat().st_size
    print(json.dumps(said))


def _imported(method):
    """Import what a method needs, outside of its seconds."""
    wanted = {"ours": ["renewal_geo.maps"], "explore": ["folium", "mapclassify", "matplotlib.pyplot"],
              "ours_png": ["renewal_geo.maps.sheet.wall_sheets"], "ours_pdf": ["renewal_geo.maps.sheet.wall_sheets"],
              "plot_png": ["matplotlib.figure"], "plot_pdf": ["matplotlib.figure"]}  # fmt: skip
    for name in wanted.get(method, ["folium"]):
        importlib.import_module(name)


if __name__ == "__main__":
    main(*sys.argv[1:])
