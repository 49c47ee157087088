"""axe-core finds no serious fault in any ready map, at any size, in either language, whatever is open."""

import importlib.resources
import itertools

import pytest

from renewal_geo.maps import basemap, interactive

pytestmark = pytest.mark.browser
KINDS = (
    "everything",
    "zone_map",
    "value_map",
    "quality_map",
    "handover_map",
    "facility_map",
    "task_map",
)
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
RUN = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations.filter((one) => one.impact === "serious" || one.impact === "critical")
    .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
}"""


@pytest.fixture(scope="module")
def axe():
    """axe-core, run by the debugger: the page's own policy would not let it in."""
    return (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text(
        encoding="utf-8"
    )


@pytest.fixture(scope="module")
def ready(pages, drawn):
    return pages.ready_maps(drawn)


def faults(seen, axe):
    if not seen.page.evaluate("typeof axe === 'object'"):
        seen.page.evaluate(axe)
    return seen.page.evaluate(RUN)


def opened(seen, size):
    """Open what is closed, one after the other; the name of each is yielded."""
    yield "as it comes"
    seen.page.evaluate(
        "() => document.querySelectorAll('details').forEach((one) => { one.open = true; })"
    )
    yield "sections"
    if size == "phone":
        for name in ("left", "right"):
            drawer = seen.page.locator(f"#head [aria-controls={name}]")
            if drawer.count():
                drawer.click()
                yield name
                drawer.click()


# every day one size and language of each kind and both of the fullest; the rest by `make test-slow`
DAILY = {(kind, "desktop", "zh") for kind in KINDS} | {
    ("everything", "phone", "en"),
    ("task_map", "phone", "en"),
}


@pytest.mark.parametrize(
    ("kind", "size", "lang"),
    [
        pytest.param(*one, marks=[] if one in DAILY else pytest.mark.slow)
        for one in itertools.product(KINDS, SIZES, ("zh", "en"))
    ],
)
def test_a_ready_map_has_no_serious_fault(ready, visit, axe, kind, size, lang):
    seen = visit(ready[kind](lang=lang), size=SIZES[size])
    found = {state: faults(seen, axe) for state in opened(seen, size)}
    assert {state: one for state, one in found.items() if one} == {}


@pytest.mark.parametrize("size", SIZES)
def test_what_opens_on_demand_has_no_serious_fault(pages, visit, axe, size):
    seen = visit(interactive(pages.everything(lang="en")), size=SIZES[size])
    seen.page.emulate_media(reduced_motion="reduce")  # nothing is looked at half faded
    found = {}

    def look(name):
        seen.page.evaluate(
            "() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null)))"
        )
        found[name] = faults(seen, axe)

    seen.page.locator("#renewal_geo").focus()
    seen.page.keyboard.press("Enter")
    look("popup")
    seen.page.keyboard.press("Escape")
    if size == "phone":
        seen.page.click("#head [aria-controls=left]")
    seen.page.fill("#left input[type=search]", "cell")
    seen.page.wait_for_timeout(200)
    look("search")
    seen.page.fill("#left input[type=search]", "")
    if size == "phone":
        seen.page.click("#head [aria-controls=left]")
    seen.page.click("#export")
    look("menu")
    seen.page.keyboard.press("Escape")
    for button in seen.page.locator("#tools button").all():
        name = button.inner_text()
        button.evaluate("(node) => node.click()")
        look(name)
        seen.page.keyboard.press("Escape")
    seen.page.evaluate(
        "() => document.querySelector('#head .open, #head [aria-controls=outlook]').click()"
    )
    seen.page.evaluate(
        "() => document.querySelectorAll('details').forEach((one) => { one.open = true; })"
    )
    look("outlook")
    assert {name: one for name, one in found.items() if one} == {}


def test_an_online_page_has_no_serious_fault(pages, visit, axe):
    seen = visit(interactive(pages.everything(basemap=basemap("osm"))), size=SIZES["phone"])
    assert faults(seen, axe) == []


def test_a_public_page_has_no_serious_fault(ready, visit, axe):
    assert faults(visit(ready["zone_map"](edition="public")), axe) == []
