"""One page in one fresh Chromium, the network closed: what is measured, and that it is what it should be.

*Painted* is one definition for all (map_browser.js): every row has become a shape of the page, nothing waits to be
drawn, nothing moves, and two more frames have gone by; counted from the start of the navigation, so reading the file
is part of it. Then a screenshot proves that parcels are there: the pixels that are not background, against the
parcels' area by the table and the view's scale. Then a drag there and back with the mouse and four notches of the
wheel (two in, two out); a *frame* is the time between two animation frames, recorded until all has settled. Memory
is that of the renderer process (/proc): JavaScript's own counters leave out arrays, canvases and shapes.

As a script it is the child that does one page: ``map_browser.py JOB.json`` prints one line of JSON.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import time
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
]
MAP_PX = (1280, 800)
NOTCH = 80  # one zoom level in every page
STEPS, STEP_PX = 25, 10
SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
TICKS = os.sysconf("SC_CLK_TCK")


def visited(job):
    """Return everything that is measured of one page; with `not_painted_s` where it was never painted."""
    from playwright.sync_api import TimeoutError as NotAnsweredError
    from playwright.sync_api import sync_playwright

    late = (NotAnsweredError, OverdueError)
    said = {"requests": [], "errors": []}
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        said["chromium"] = browser.version
        page, told = _opened(browser, job, said)
        begun = time.perf_counter()
        try:
            page.goto(
                Path(job["page"]).as_uri(), wait_until="commit", timeout=job["limit_s"] * 1000
            )
            told.wait(page, "painted", begun + job["limit_s"])
        except late:
            waited = time.perf_counter() - begun
            return {**said, "not_painted_s": waited, **_renderer(browser, "painted")}
        said["painted_ms"] = page.evaluate("bench.painted")
        said.update(_renderer(browser, "painted"))
        said["place"] = page.evaluate("bench.place()")
        said.update(_seen(page, job, said["place"]))
        try:
            said.update(_moved(page, told, job["limit_s"]))
        except late:
            return {**said, "not_moved_s": job["limit_s"]}
        said.update(_renderer(browser, "used"))
        said["features"] = _features(page, job)
        browser.close()
    return said


def _opened(browser, job, said):
    page = browser.new_page(viewport=dict(zip(("width", "height"), job["viewport"], strict=True)))
    page.set_default_timeout(job["limit_s"] * 1000)

    def refuse(route):
        said["requests"].append(route.request.url)
        route.abort()

    page.route("http://**", refuse)
    page.route("https://**", refuse)
    page.on("crash", lambda _: said["errors"].append("the page's process ended"))
    page.on("pageerror", lambda e: said["errors"].append(str(e)[:300]))
    setting = f"bench.rows = {job['rows']}; bench.svg = {json.dumps(job['svg'])};"
    page.add_init_script(SCRIPT + setting)
    told = Told()
    page.expose_function("told", told.hear)
    return page, told


class OverdueError(Exception):
    """The page did not say in time what it was waited for."""


class Told:
    """What the watcher in the page has said. The page may hang meanwhile, and its policy forbids ``eval``,
    so nobody asks it: it calls."""

    def __init__(self):
        self.heard = set()

    def hear(self, what):
        self.heard.add(what)

    def wait(self, page, what, deadline):
        while what not in self.heard:
            if time.perf_counter() > deadline:
                raise OverdueError(what)
            page.wait_for_timeout(20)


def _renderer(browser, when):
    """Return resident memory now and at most, in MB, and processor seconds of the page's process."""
    listed = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    found = []
    for one in listed:
        folder = Path(f"/proc/{one['id']}")
        if one["type"] == "renderer" and folder.exists():
            status = dict(
                line.split(":", 1) for line in (folder / "status").read_text().splitlines()
            )
            ticks = (folder / "stat").read_text().rpartition(")")[2].split()[11:13]
            now, most = (int(status[key].split()[0]) / 1024 for key in ("VmRSS", "VmHWM"))
            found.append((now, most, sum(map(int, ticks)) / TICKS))
    if not found:  # it has crashed
        return {}
    now, most, seconds = max(found)  # an idle spare process may stand beside it
    return {f"{when}_mb": now, f"{when}_most_mb": most, f"{when}_cpu_s": seconds}


# what lies over a map and is no parcel: a legend of thirty entries is a tenth of a picture
BESIDE = ".leaflet-control-container, .maplegend, #maplegend { visibility: hidden !important; }"


def _seen(page, job, place):
    """Return the share of the map that is not background, and the share that the table's area would take.

    Background is what most pixels of the picture's edge are. Smoothed edges count as drawn: small parcels of many
    colours have hardly a pixel of a pure one.
    """
    import io

    import numpy as np
    from PIL import Image

    names = {"x": "left", "y": "top", "width": "width", "height": "height"}
    clip = {key: place[name] for key, name in names.items()}
    picture = page.screenshot(clip=clip, style=BESIDE)
    Path(job["picture"]).write_bytes(picture)
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    found, counts = np.unique(edge, axis=0, return_counts=True)
    inked = np.abs(pixels - found[counts.argmax()]).sum(axis=-1) > 24
    return {"inked": float(inked.mean()), "inked_expected": job["area_m2"] / place["view_m2"]}


def _moved(page, told, limit_s):
    """Return frames of a drag there and back, and of four notches of the wheel."""
    place = page.evaluate("bench.place()")
    x, y = place["left"] + place["width"] / 2, place["top"] + place["height"] / 2
    page.mouse.move(x, y)
    _calm(page, told, limit_s)
    page.evaluate("bench.begin()")
    begun = time.perf_counter()
    page.mouse.down()
    far = 0.0
    for turn in (1, -1):
        for _ in range(STEPS):
            far += turn * STEP_PX
            page.mouse.move(x + far, y + far / 2)
            time.sleep(0.016)
        if turn == 1:
            halfway = page.evaluate("[bench.map().getCenter().lng, bench.map().getCenter().lat]")
    time.sleep(0.1)  # let go at rest, or the map glides on
    page.mouse.up()
    _calm(page, told, limit_s)
    frames = page.evaluate("bench.end()")["frames"]
    said = {
        "pan_worst_ms": max(frames),
        "pan_mean_ms": sum(frames) / len(frames),
        "pan_s": time.perf_counter() - begun,
    }
    said["panned"] = bool(math.dist(halfway, (place["lng"], place["lat"])) > 0)
    steps = []
    for turn in (-1, -1, 1, 1):
        told.heard.discard("zoomed")
        page.evaluate("bench.begin()")
        page.mouse.wheel(0, turn * NOTCH)
        told.wait(page, "zoomed", time.perf_counter() + limit_s)
        steps.append(page.evaluate("bench.end()"))
    every = [frame for step in steps for frame in step["frames"]]
    return {
        **said,
        "zoom_worst_ms": max(every),
        "zoom_mean_ms": sum(every) / len(every),
        "zoom_settle_ms": [step["settle"] for step in steps],
        "zooms": [place["zoom"], *(step["zoom"] for step in steps)],
    }


def _calm(page, told, limit_s):
    told.heard.discard("calm")
    page.evaluate("bench.stir()")
    told.wait(page, "calm", time.perf_counter() + limit_s)


def _features(page, job):
    asked = [job["identity"], job["area"], job["columns"], job["sample"]]
    return page.evaluate("(asked) => bench.features(...asked)", asked)


def window_beyond_map(job):
    """Return how much larger a window must be for our map to have MAP_PX: our page has more than the map."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        size = list(MAP_PX)
        page, told = _opened(browser, {**job, "viewport": size}, {"requests": [], "errors": []})
        page.goto(Path(job["page"]).as_uri())
        told.wait(page, "painted", time.perf_counter() + job["limit_s"])
        for _ in range(4):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.wait_for_timeout(300)
            place = page.evaluate("bench.place()")
            size = [
                round(size[0] + MAP_PX[0] - place["width"]),
                round(size[1] + MAP_PX[1] - place["height"]),
            ]
        browser.close()
    return size


def main(job_file):
    job = json.loads(Path(job_file).read_text())
    print(json.dumps({"window": window_beyond_map(job)} if job.get("probe") else visited(job)))


if __name__ == "__main__":
    main(*sys.argv[1:])
