"""The maps that the questions write: no request, no script but ours, hostile names as text, accessible, and nobody's name."""

import contextlib
import importlib.resources
import io
import shutil

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point

from renewal_geo.cli.app import main

pytestmark = pytest.mark.browser
HOSTILE = "</script><img src=x onerror=window.__x=1>"
NAMED = "机密"
KINDS = {
    "eligibility": ("eligibility", "screen", "--against", "2021-03-01"),
    "handover": ("handover", "assess"),
    "sitebank": ("sitebank", "match"),
    "facilities": ("facilities", "cover"),
    "locate": ("facilities", "locate", "--kind", HOSTILE, "--model", "mclp", "-p", "1"),
}
AXE = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations.filter((one) => one.impact === "serious" || one.impact === "critical")
    .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
}"""
MORE = """
[layers.needs]
path = "needs.gpkg"
[layers.facilities]
path = "facilities.gpkg"
[layers.demand]
path = "demand.gpkg"
[facilities]
radius = { "NAME" = 300.0 }
[sitebank]
include_inside = true
"""


class Saved:
    """A page that a command has written, in the form in which a page of our own is visited."""

    def __init__(self, file):
        self.file = file

    def save(self, target):
        shutil.copy(self.file, target)


@pytest.fixture(scope="module")
def study(units, tmp_path_factory):
    """Three units whose names, uses and kinds attack the page."""
    folder = tmp_path_factory.mktemp("hostile")
    here = units.layers()
    spots = [Point(units.X + 40, units.Y + 40), Point(units.X + 320, units.Y + 60)]
    changed = {
        "units": here["units"].assign(name=HOSTILE, sub_district=HOSTILE),
        "sites": here["sites"].assign(use=HOSTILE, name=HOSTILE, status=HOSTILE, available_from="2020-01-01"),
        "development_land": here["development_land"].assign(use=HOSTILE),
        "needs": gpd.GeoDataFrame(
            {"need_id": ["N1", "N2"], "kind": HOSTILE, "name": HOSTILE, "min_area_m2": [1_000.0, 90_000.0]},
            geometry=spots, crs=units.CRS,
        ),
        "facilities": gpd.GeoDataFrame(
            {"facility_id": ["F1"], "kind": HOSTILE, "name": HOSTILE}, geometry=spots[:1], crs=units.CRS
        ),
        "demand": gpd.GeoDataFrame(
            {"demand_id": ["D1", "D2"], "weight": [100.0, 50.0], "sub_district": HOSTILE}, geometry=spots, crs=units.CRS
        ),
    }  # fmt: skip
    text = units.STUDY + MORE.replace("NAME", HOSTILE)
    return units.write_study(folder, text=text, **changed)


@pytest.fixture(scope="module")
def written(study, tmp_path_factory):
    """The page of a question, by its kind and edition; each is written once."""
    made = {}

    def page(kind, edition="internal"):
        if (kind, edition) not in made:
            out = tmp_path_factory.mktemp(kind)
            toml = (study / "study.toml").read_text(encoding="utf-8").split("\n[maps]")[0]
            (study / "study.toml").write_text(
                f'{toml}\n[maps]\nedition = "{edition}"\n', encoding="utf-8"
            )
            question, verb, *options = KINDS[kind]
            with (
                contextlib.redirect_stdout(io.StringIO()),
                contextlib.redirect_stderr(io.StringIO()),
            ):
                assert main([question, verb, str(study), "--out", str(out), *options]) == 0
            made[kind, edition] = Saved(out / f"{question}.html")
        return made[kind, edition]

    return page


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_name_is_a_text_and_no_host_is_asked(written, visit, kind):
    seen = visit(written(kind))
    seen.page.evaluate(
        "() => document.querySelectorAll('details').forEach((one) => { one.open = true; })"
    )
    for button in seen.page.locator("button[aria-expanded=false]").all():
        if button.is_visible():
            button.click()
    seen.page.click("#switch")
    seen.sound()
    assert seen.page.evaluate("window.__x") is None
    assert HOSTILE in seen.told()
    assert NAMED not in seen.told()


@pytest.mark.parametrize("kind", KINDS)
def test_no_serious_fault_of_access(written, visit, kind):
    seen = visit(written(kind), size=(390, 844) if kind == "locate" else (1440, 900))
    seen.page.evaluate(
        (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text(
            encoding="utf-8"
        )
    )
    assert seen.page.evaluate(AXE) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_public_edition_names_nobody_and_opens(written, visit, kind):
    seen = visit(written(kind, "public"))
    seen.sound()
    assert seen.page.evaluate("window.__x") is None
    assert NAMED not in seen.told()


def test_the_page_of_units_prints_what_the_screening_says(written, visit):
    file = written("eligibility").file
    units = gpd.read_file(file.with_suffix(".gpkg"), layer="units")
    seen = visit(written("eligibility"))
    told = seen.told()
    for sentence in pd.concat([units["sentence_zh"], units["sentence_en"]]):
        assert sentence.split("</script>")[0][:20] in told
    assert str(len(units)) in seen.page.locator("#right").inner_text()
