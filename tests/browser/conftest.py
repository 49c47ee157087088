"""The drawn district, and a Chromium with the network closed, for every test of this folder."""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
             "--no-first-run"]  # fmt: skip
SLOW_MS = 30_000

# counts on the map as it stands, once nothing waits to be painted
COUNT_PIXELS = """async ([r, g, b]) => {
  while (renewalGeo.pending()) { await new Promise(requestAnimationFrame); }
  const c = renewalGeo.snapshot();
  const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
  let n = 0;
  for (let i = 0; i < d.length; i += 4) {
    if (Math.abs(d[i] - r) + Math.abs(d[i + 1] - g) + Math.abs(d[i + 2] - b) < 6 && d[i + 3] > 250) n++;
  }
  return n / (d.length / 4);
}"""


def loaded(name):
    here = Path(__file__).resolve()
    path = next(p / name for p in here.parents if (p / name).exists())
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def drawn():
    """The module that draws delineations by hand."""
    return loaded("drawn.py")


@pytest.fixture(scope="session")
def foreseen():
    """The module that draws what a planner asks next."""
    return loaded("drawn_outlook.py")


@pytest.fixture(scope="session")
def pages():
    """The module that draws a map with everything that a page can show."""
    return loaded("drawn_page.py")


@pytest.fixture(scope="session")
def units():
    """The module that draws a study of three renewal units."""
    return loaded("drawn_units.py")


@pytest.fixture(scope="session")
def chromium():
    if CHROMIUM is None:
        if "browser" in os.environ.get("RENEWAL_GEO_REQUIRE", ""):
            pytest.fail("chromium is required here and is not installed")
        pytest.skip("chromium is not installed: apt install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """One look at a saved page: what it asked for, what it logged, what failed."""

    def __init__(self, browser, file, size=(1280, 860)):
        self.context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        self.requests, self.console, self.errors = [], [], []
        self.context.set_offline(True)
        self.page = self.context.new_page()
        self.page.route("http://**", lambda route: route.abort())
        self.page.route("https://**", lambda route: route.abort())
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.on("console", lambda m: self.console.append(m.text))
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("html[data-ready=true]", timeout=SLOW_MS, state="attached")
        self.file = file

    def spot(self, drawn, column, row):
        """Screen position of the middle of a square, reckoned by the page's own map."""
        import geopandas as gpd

        point = gpd.GeoSeries([drawn.square(column, row).centroid], crs=drawn.CRS).to_crs(4326)[0]
        return self.page.evaluate(
            """([lat, lng]) => {
              const p = renewalGeo.map.latLngToContainerPoint([lat, lng]);
              const b = renewalGeo.map.getContainer().getBoundingClientRect();
              return [p.x + b.left, p.y + b.top];
            }""",
            [point.y, point.x],
        )

    def click(self, drawn, column, row):
        x, y = self.spot(drawn, column, row)
        self.page.mouse.click(x, y)

    def share(self, colour):
        return self.page.evaluate(COUNT_PIXELS, colour)

    def popup(self):
        return self.page.locator(".leaflet-popup-content").inner_text(timeout=SLOW_MS)

    def told(self):
        """All that the file says, its packed data included."""
        return loaded("unit/maps/unpacked.py").told(self.file.read_text(encoding="utf-8"))

    def sound(self):
        assert [u for u in self.requests if u != self.file.as_uri()] == []
        assert self.console == []
        assert self.errors == []


@pytest.fixture
def visit(chromium, tmp_path):
    opened = []

    def go(page, **options):
        file = tmp_path / f"page{len(opened)}.html"
        page.save(file)
        opened.append(Visit(chromium, file, **options))
        return opened[-1]

    yield go
    for one in opened:
        one.context.close()
