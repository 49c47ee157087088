"""A map of a score in Chromium: no request, hostile names as text, colourings, popups that equal the table, editions."""

import importlib.resources
import importlib.util
import math
from pathlib import Path

import pytest

from renewal_geo.maps import potential_map
from renewal_geo.maps.ready.potential_layers import CLASS_INKS, VETOED
from renewal_geo.maps.ready.value_maps import STEPS

pytestmark = pytest.mark.browser
HOSTILE = "</script><img src=x onerror=window.__x=1>\"'\\`${window.__x=1}\u202e{name}"
COLUMN, ROW = 3, 2  # the parcel that is asked
AXE = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations.filter((one) => one.impact === "serious" || one.impact === "critical")
    .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
}"""


def rgb(colour):
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


@pytest.fixture(scope="module")
def potentials():
    path = Path(__file__).resolve().parents[1] / "drawn_potential.py"
    spec = importlib.util.spec_from_file_location("drawn_potential", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def whole(potentials):
    return potentials.found()


def page(found, **look):
    table, made, accepted, stable = found
    return potential_map(table, made, acceptability=accepted, stability=stable, **look)


def popup_lines(seen):
    """Return the popup as heading -> text."""
    rows = seen.page.locator(".leaflet-popup-content tr").all()
    return {row.locator("th").inner_text(): row.locator("td").inner_text() for row in rows}


def test_hostile_names_are_texts_everywhere_and_no_host_is_asked(potentials, visit):
    ids = [f"P{n:03d}{HOSTILE}" for n in range(96)]
    found = potentials.found(lambda text: text + HOSTILE, ids)
    seen = visit(page(found, title=HOSTILE, subtitle=HOSTILE, source=HOSTILE, notes=[HOSTILE]))
    for number in range(5):
        seen.page.select_option("select[data-scheme=parcels]", str(number))
    seen.click(potentials, COLUMN, ROW)
    assert HOSTILE in seen.popup()
    seen.page.keyboard.press("Escape")
    seen.page.evaluate(
        "() => document.querySelectorAll('details').forEach((one) => { one.open = true; })"
    )
    seen.page.locator("button.more").click()
    assert "onerror" in seen.page.locator("#outlook").inner_text()
    seen.page.click("#switch")
    seen.page.locator("button", has_text="Wall mode").click()
    assert HOSTILE.replace("\u202e", "") in seen.page.locator(".wall-side").inner_text().replace(
        "\u202e", ""
    )
    assert seen.page.evaluate("window.__x") is None
    assert seen.page.locator("img").count() == 0
    seen.sound()  # fmt: skip


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_popup_has_the_figures_of_the_table(potentials, whole, visit, lang):
    _, made, accepted, stable = whole
    at = ROW * potentials.WIDE + COLUMN
    seen = visit(page(whole, lang=lang))
    seen.click(potentials, COLUMN, ROW)
    seen.page.wait_for_selector(".leaflet-popup-content")
    lines = popup_lines(seen)
    zh = lang == "zh"
    assert lines["得分" if zh else "Score"] == f"{made.scores.iloc[at]:.3f}"
    assert lines["排名" if zh else "Rank"] == f"{made.ranks.iloc[at]:.0f}"
    share = accepted.table["top_share"].iloc[at]
    assert lines["入选概率" if zh else "Probability"] == f"{100 * share:.1f} %"
    assert lines["坡度（°）" if zh else "Slope (°)"] == f"{made.values['slope'].iloc[at]:.0f}"
    assert lines["距地铁（m）" if zh else "Way to the metro (m)"] == "500"
    weight = "贡献（40%）" if zh else "gives, of 40%"
    number, _, blocks = lines[weight].partition(" ")
    assert number == f"{made.contributions['metro'].iloc[at]:.3f}"
    assert set(blocks) <= set("█▏▎▍▌▋▊▉")
    assert abs(len(blocks) - 8 * made.ratings["metro"].iloc[at]) < 1.01
    points = math.ceil(1000 * stable.table["shift"].iloc[at] - 1e-6) / 10
    told = lines["怎样会改变" if zh else "What would change it"]
    assert f"{points:.1f} {'个百分点' if zh else 'points'}" in told
    seen.sound()


def test_colourings_switch_what_is_drawn_and_what_the_legend_says(whole, visit):
    _, made, accepted, _ = whole
    seen = visit(page(whole, lang="en"))
    legend = seen.page.locator("#left")
    assert seen.share(rgb(STEPS[2])) > 0.01
    assert seen.share(rgb(VETOED.fill)) > 0.005
    entries = legend.inner_text()
    assert f"{made.scores.max():.3f}" in entries
    seen.page.select_option("select[data-scheme=parcels]", "1")
    assert seen.share(rgb(CLASS_INKS["never"].fill)) > 0.05
    assert seen.share(rgb(STEPS[2])) == 0
    said = legend.inner_text()
    assert "all 60 draws, top 10" in said
    number = int((accepted.table["class"] == "likely").sum())
    assert (
        f"· {number}"
        in seen.page.locator(".row[data-layer=parcels][data-value=likely]").inner_text()
    )
    seen.page.select_option("select[data-scheme=parcels]", "3")
    for name in ("Slope", "Way to the metro", "Year built", "Use"):
        assert name in legend.inner_text()
    option = seen.page.locator("select[data-scheme=parcels] option").nth(1).inner_text()
    for part in ("top 10", "60 draws", "around the given weights"):
        assert part in option
    seen.sound()


def test_a_filter_by_limiting_criterion_leaves_its_parcels(whole, visit):
    _, made, _, _ = whole
    seen = visit(page(whole))
    left = seen.page.evaluate(
        """() => {
          const layer = renewalGeo.data.layers.find((one) => one.name === "parcels");
          const column = layer.columns.find((one) => one.name === "limiting");
          const code = column.words.indexOf("坡度");
          renewalGeo.keep(layer, "test", (i) => column.codes[i] === code);
          let n = 0;
          for (let i = 0; i < layer.n; i++) { if (renewalGeo.counts(layer, i)) { n += 1; } }
          return n;
        }"""
    )
    assert left == (made.limiting["criterion"] == "slope").sum()


def test_the_public_edition_names_no_parcel_and_opens(potentials, whole, visit):
    _, made, _, _ = whole
    seen = visit(page(whole, edition="public", owners="owner"))
    seen.click(potentials, COLUMN, ROW)
    seen.page.wait_for_selector(".leaflet-popup-content")
    headings = set(popup_lines(seen))
    assert headings <= {"得分分档", "答案稳不稳", "面积（m²）", "合并的要素数"}
    told = seen.told()
    assert potentials.HIDDEN not in told
    assert not any(one in told for one in made.scores.index)
    assert seen.page.locator("button.more").count() == 0
    seen.page.select_option("select[data-scheme=parcels]", "1")
    assert seen.share(rgb(CLASS_INKS["never"].fill)) > 0.03
    seen.sound()


def test_a_phone_shows_the_map_the_legend_and_a_popup(potentials, whole, visit):
    seen = visit(page(whole), size=(390, 844))
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390
    seen.click(potentials, 6, 4)
    seen.page.wait_for_selector(".leaflet-popup-content")
    box = seen.page.locator(".leaflet-popup-content").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert seen.share(rgb(STEPS[2])) > 0.005
    seen.sound()


@pytest.mark.parametrize("edition", ["internal", "public"])
def test_no_serious_fault_of_access(whole, visit, edition):
    seen = visit(page(whole, edition=edition), size=(1440, 900))
    axe = importlib.resources.files("axe_playwright_python") / "axe.min.js"
    seen.page.evaluate(axe.read_text(encoding="utf-8"))
    if edition == "internal":
        seen.page.locator("button.more").click()
    assert seen.page.evaluate(AXE) == []
