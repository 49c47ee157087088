"""An online basemap in Chromium: where its tiles lie, whom it asks, and what stops it. Tiles are drawn here."""

import io
import math
import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw
from shapely.geometry import box

from renewal_geo.foundation import gcj02
from renewal_geo.maps import basemap, interactive
from renewal_geo.maps.spec import Basemap, LayerSpec, MapClass, MapSpec, same

pytestmark = pytest.mark.browser
MIDDLE = (114.25, 22.72)
MAGENTA = (214, 0, 147)
NEAR_PX = 2.0
ADDRESS = re.compile(r"[?&](x|y|z|TILECOL|TILEROW|TILEMATRIX)=(\d+)")
AXES = {"TILECOL": "x", "TILEROW": "y", "TILEMATRIX": "z"}
MADE_UP = Basemap(
    "made_up", same("<b>Made up</b>"), same("<img src=x onerror=window.__x=1>"),
    ("https://tiles.example/{z}/{x}/{y}.png",), ("https://tiles.example",),
)  # fmt: skip


def spec(asked, lang="zh"):
    """One parcel round the middle, and a district round it that is not drawn."""
    corners = gpd.GeoSeries(
        [box(114.2495, 22.7195, 114.2505, 22.7205), box(114.2, 22.69, 114.3, 22.75)], crs=4490
    )
    layer = LayerSpec(
        "parcels", same("Parcels"), "polygon", corners.to_crs(4547), (MapClass("a", same("A"), "", "#12304a", 1.0),),
        np.array([0, -1], dtype=np.int32), (), pd.DataFrame(index=range(2)),
    )  # fmt: skip
    return MapSpec(
        same("Map"),
        same(""),
        lang,
        "internal",
        None,
        "EPSG:4547",
        "",
        "",
        (),
        (layer,),
        basemap=asked,
    )


def pixel(lon, lat, zoom):
    """Web-Mercator pixels, from the formula."""
    size = 256 * 2**zoom
    north = math.asinh(math.tan(math.radians(lat)))
    return (lon + 180) / 360 * size, (1 - north / math.pi) / 2 * size


class Served:
    """Answers a page's requests for tiles, with a dot where each of `places` lies; counts the rest."""

    def __init__(self, chromium, page, file, places, system, size=(1600, 900), online=True):
        page.save(file)
        self.context = chromium.new_context(viewport={"width": size[0], "height": size[1]})
        self.tab, self.asked, self.errors, self.console = self.context.new_page(), [], [], []
        self.places = [gcj02.shifted(*p) if system == "GCJ-02" else p for p in places]
        self.tab.route(
            re.compile("^https?:"), self.answer if online else lambda route: route.abort()
        )
        self.tab.on("pageerror", lambda e: self.errors.append(str(e)))
        self.tab.on("console", lambda m: self.console.append(m.text))
        self.tab.goto(file.as_uri())
        self.tab.wait_for_selector("html[data-ready=true]", state="attached", timeout=30_000)

    def answer(self, route):
        self.asked.append(route.request)
        named = {AXES.get(key, key): value for key, value in ADDRESS.findall(route.request.url)}
        if not named:
            named = dict(
                zip(
                    "zxy", re.search(r"/(\d+)/(\d+)/(\d+)", route.request.url).groups(), strict=True
                )
            )
        x, y, z = (int(named[k]) for k in "xyz")
        tile = Image.new("RGB", (256, 256), "#e8eef2")
        pen = ImageDraw.Draw(tile)
        pen.rectangle([0, 0, 255, 255], outline="#b8c4cc")
        pen.text((8, 8), f"{z}/{x}/{y}", fill="#5c6670")
        for lon, lat in self.places:
            px, py = pixel(float(lon), float(lat), z)
            pen.ellipse(
                [px - 256 * x - 5.5, py - 256 * y - 5.5, px - 256 * x + 5.5, py - 256 * y + 5.5],
                fill=MAGENTA,
            )
        raw = io.BytesIO()
        tile.save(raw, "png")
        route.fulfill(body=raw.getvalue(), content_type="image/png")

    def show(self, lon, lat, zoom):
        self.tab.evaluate(
            "([lat, lng, zoom]) => renewalGeo.map.setView([lat, lng], zoom, {animate: false})",
            [lat, lon, zoom],
        )
        self.settle()

    def settle(self):
        self.tab.wait_for_function(
            "() => { const all = Array.from(document.querySelectorAll('.leaflet-basemap-pane img')); "
            "return all.length > 3 && all.every((one) => one.complete && one.naturalWidth); }"
        )
        self.tab.wait_for_timeout(60)

    def dots(self):
        """Middles of the magenta dots inside the map, in its own pixels."""
        box_ = self.tab.locator("#renewal_geo").bounding_box()
        shot = np.asarray(
            Image.open(io.BytesIO(self.tab.screenshot(clip=box_))).convert("RGB")
        ).astype(int)
        marked = np.abs(shot - MAGENTA).sum(axis=2) < 60
        found, rows, cols = [], *np.nonzero(marked)
        while len(rows):
            near = np.hypot(rows - rows[0], cols - cols[0]) < 24
            if near.sum() > 60:
                found.append((cols[near].mean() + 0.5, rows[near].mean() + 0.5))
            rows, cols = rows[~near], cols[~near]
        return found

    def spot(self, lon, lat):
        return self.tab.evaluate(
            "([lat, lng]) => { const p = renewalGeo.map.latLngToContainerPoint([lat, lng]); return [p.x, p.y]; }",
            [lat, lon],
        )

    def at_pixel(self, dx, dy, zoom):
        """The place so many pixels from the middle."""
        x, y = pixel(*MIDDLE, zoom)
        size = 256 * 2**zoom
        lat = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * (y + dy) / size))))
        return (x + dx) / size * 360 - 180, lat


def off(served, *places):
    """How far from where the map shows each place the nearest dot lies, in pixels."""
    dots = served.dots()
    return [min(math.dist(served.spot(*place), dot) for dot in dots) for place in places]


@pytest.fixture
def serve(chromium, tmp_path):
    opened = []

    def go(asked, places=(MIDDLE,), online=True, lang="zh"):
        file = tmp_path / f"page{len(opened)}.html"
        opened.append(
            Served(
                chromium, interactive(spec(asked, lang)), file, places, asked.system, online=online
            )
        )
        return opened[-1]

    yield go
    for one in opened:
        one.context.close()


def test_tiles_in_gcj02_lie_under_the_data_in_the_middle_and_far_from_it(serve):
    served = serve(basemap("amap"))
    assert gcj02.shift_m(*gcj02.shifted(*MIDDLE)) > 550
    for zoom in (12, 18):
        places = [
            served.at_pixel(dx, dy, zoom)
            for dx, dy in [(0, 0), (460, 0), (-450, 60), (200, 300), (-300, -310)]
        ]
        served.places = [gcj02.shifted(*place) for place in places]
        served.tab.reload()
        served.tab.wait_for_selector("html[data-ready=true]", state="attached")
        served.show(*MIDDLE, zoom)
        shown = [
            place
            for place in places
            if 20
            < served.spot(*place)[0]
            < served.tab.locator("#renewal_geo").bounding_box()["width"] - 20
        ]
        assert len(shown) >= 3
        assert max(off(served, *shown)) <= NEAR_PX


def test_tiles_stay_true_640_pixels_from_the_middle_and_after_a_long_drag(serve, tmp_path):
    asked = basemap("amap")
    served = serve(asked)
    # no panels: the map is as wide as the window
    served.tab.evaluate(
        "() => { ['left', 'right', 'bottom'].forEach((id) => { document.getElementById(id).style.display = 'none'; }); }"
    )
    served.tab.evaluate("() => renewalGeo.map.invalidateSize({animate: false})")
    places = [served.at_pixel(dx, dy, 15) for dx, dy in [(0, 0), (640, 0), (-640, 0), (0, 300)]]
    served.places = [gcj02.shifted(*place) for place in places]
    served.show(*MIDDLE, 10)
    served.show(*MIDDLE, 15)
    assert max(off(served, *places)) <= NEAR_PX
    served.tab.mouse.move(1000, 450)
    served.tab.mouse.down()
    served.tab.mouse.move(500, 300, steps=12)
    served.tab.mouse.up()
    served.tab.wait_for_timeout(600)
    served.settle()
    shown = [
        place
        for place in places
        if 0 < served.spot(*place)[0] < 1600 and 20 < served.spot(*place)[1] < 700
    ]
    assert len(shown) >= 2
    assert max(off(served, *shown)) <= NEAR_PX


@pytest.mark.parametrize("name", ["osm", "amap"])
def test_tiles_between_whole_zooms_and_in_both_systems(serve, name):
    served = serve(basemap(name))
    for zoom in (14.0, 15.25, 16.75):
        served.show(*MIDDLE, zoom)
        assert off(served, MIDDLE)[0] <= NEAR_PX


def test_the_page_reckons_the_shift_as_the_package_does(serve):
    served = serve(basemap("amap"))
    rng = np.random.default_rng(5)
    places = np.column_stack([rng.uniform(70, 140, 300), rng.uniform(0, 57, 300)])
    served.show(*MIDDLE, 18)
    moved = served.tab.evaluate(
        """(places) => {
          const map = renewalGeo.map, layer = Object.values(map._layers).find((one) => one._url && one._level);
          return places.map(([lng, lat]) => {
            const b = layer._getTiledPixelBounds(L.latLng(lat, lng)), p = map.unproject(b.min.add(b.max).divideBy(2), layer._tileZoom);
            return [p.lng, p.lat];
          });
        }""",
        places.tolist(),
    )
    pixel_degrees = 360 / (256 * 2**18)
    wanted = np.column_stack(gcj02.shifted(places[:, 0], places[:, 1]))
    assert (wanted == places).all(axis=1).any()
    assert np.abs(np.array(moved) - wanted).max() < 1.5 * pixel_degrees


def test_only_its_own_hosts_are_asked_and_only_for_pictures(serve):
    served = serve(basemap("tianditu", key="0123456789abcdef"))
    served.settle()
    hosts = {request.url.split("/")[2] for request in served.asked}
    assert hosts <= {f"t{k}.tianditu.gov.cn" for k in range(8)}
    assert {request.resource_type for request in served.asked} == {"image"}
    assert {"vec", "cva"} == {re.search("LAYER=(\\w+)", request.url)[1] for request in served.asked}
    before = len(served.asked)
    stopped = served.tab.evaluate(
        """async () => {
          const stopped = [];
          document.addEventListener("securitypolicyviolation", (e) => stopped.push(e.effectiveDirective + " " + e.blockedURI));
          new Image().src = "https://example.org/pixel.png";
          new Image().src = "http://t0.tianditu.gov.cn/pixel.png?http";
          await fetch("https://t0.tianditu.gov.cn/").catch(() => null);
          const s = document.createElement("script"); s.src = "https://t0.tianditu.gov.cn/x.js"; document.body.appendChild(s);
          await new Promise((done) => setTimeout(done, 200));
          return stopped;
        }"""
    )
    assert sorted(one.split()[0] for one in stopped) == [
        "connect-src",
        "img-src",
        "img-src",
        "script-src-elem",
    ]
    assert len(served.asked) == before
    assert served.errors == []


def test_the_page_says_that_it_is_online_and_hides_the_basemap_on_demand(serve):
    served = serve(basemap("osm"))
    served.settle()
    for lang, said in (("zh", "在线底图"), ("en", "Online basemap")):
        if lang == "en":
            served.tab.click("#switch")
        assert said in served.tab.inner_text("#head")
        assert "openstreetmap.org" in served.tab.inner_text("#head")
        assert said in served.tab.inner_text("#foot")
        assert "OpenStreetMap" in served.tab.inner_text(".leaflet-control-attribution")
    button = served.tab.locator(".leaflet-control.basemap button")
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert served.tab.locator(".leaflet-basemap-pane img").count() == 0
    assert "OpenStreetMap" not in served.tab.inner_text(".leaflet-control-attribution")
    asked = len(served.asked)
    served.tab.evaluate("() => renewalGeo.map.setZoom(14, {animate: false})")
    served.tab.wait_for_timeout(200)
    assert len(served.asked) == asked
    button.click()
    served.settle()
    assert served.errors == []


def test_texts_of_a_basemap_are_texts(serve):
    served = serve(MADE_UP)
    served.settle()
    assert MADE_UP.attribution.zh in served.tab.inner_text(".leaflet-control-attribution")
    assert served.tab.evaluate("window.__x") is None
    assert served.console == []


def test_without_a_network_the_map_stays_and_says_what_is_missing(serve):
    served = serve(basemap("osm"), online=False)
    served.tab.wait_for_function(
        "() => document.querySelector('.leaflet-control-attribution').textContent.includes('底图未能加载')"
    )
    assert served.errors == []
