"""Hostile values in every place where text can stand: shown as text, never run, never raw in the file."""

import csv
import html
import io
import re
import unicodedata

import pytest

from renewal_geo.maps import interactive

pytestmark = pytest.mark.browser
DATA = re.compile(r'<script type="[\w/-]+" id="spec">.*?</script>', re.DOTALL)
VALUES = {
    "image": "<img src=x onerror=window.__x=1>",
    "script": "</script><script>window.__x=1</script>",
    "template": "${window.__x=1}",
    "backtick": "`${window.__x=1}`",
    "address": "javascript:window.__x=1",
    "svg": '"><svg onload=window.__x=1>',
    "comment": "<!--<script>window.__x=1//",
    "title": "</title></textarea></style><img src=x onerror=window.__x=1>",
    "entity": "&lt;img src=x onerror=window.__x=1&gt;&#x27;",
    "braces": "{{constructor.constructor('window.__x=1')()}}{{data}}",
    "equals": '=HYPERLINK("http://x.example","y")',
    "plus": "+1+cmd|' /C calc'!A1",
    "at": "@SUM(1)",
    "minus": "-1-1",
    "wide": "＝1+1",
    "lines": "a\u2028window.__x=1\u2029b\r\n\tc",
    "nothing": "a\x00<b onclick=window.__x=1>",
    "turned": "a\u202egnp.exe\u2066",
    "halves": "a\ud800b",
    "path": "../../a\\b:c*?",
    "prototype": "__proto__",
}
HEAVY = (
    "image",
    "script",
    "svg",
    "equals",
    "lines",
    "nothing",
    "turned",
    "prototype",
)  # walked through; the others are looked at
# several in one text, for every day; each alone is run by `make test-slow`
TOGETHER = {
    "markup": ("image", "svg", "title", "entity"),
    "scripts": ("script", "comment"),
    "templates": ("template", "backtick", "braces"),
    "address": ("address",),
    "signs": ("nothing", "turned", "halves", "lines"),
    "names": ("prototype",),
}
FORMULAS = ("equals", "plus", "at", "minus", "wide", "path")  # a new one in every place
FORMULA = tuple("=+-@\t\r＝＋－＠")
TAKEN_OFF = {
    0: None,
    0xD800: "?",
}  # what cannot be written in a page is taken off or replaced on the way
ON_THE_MAP = re.compile(
    r"caption \d|class (roads|old|sites) \d"
)  # drawn on the canvas; the latter also in legends

# Presses whatever can be pressed, fills whatever can be filled, and returns every text that was seen meanwhile.
WALK = r"""async (value) => {
  const NAMES = ["title", "aria-label", "alt", "placeholder", "label", "value", "content"];
  const seen = new Set(), done = new Set(), rest = (ms) => new Promise((go) => setTimeout(go, ms));
  window.print = () => undefined;
  Element.prototype.requestFullscreen = () => Promise.resolve();
  const look = (node) => {
    if (node.nodeType === 3) { seen.add(node.data); return; }
    if (node.nodeType !== 1 || node.tagName === "SCRIPT" || node.tagName === "STYLE") { return; }
    NAMES.forEach((name) => { if (node.hasAttribute(name)) { seen.add(node.getAttribute(name)); } });
    node.childNodes.forEach(look);
  };
  const watch = new MutationObserver((changes) => changes.forEach((one) => { look(one.target); one.addedNodes.forEach(look); }));
  watch.observe(document.documentElement, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: NAMES });
  look(document.documentElement);
  const press = async () => {
    for (let k = 0; k < 400; k++) {
      const next = Array.from(document.querySelectorAll("button, summary, [role=button]")).find((node) => {
        const key = [node.tagName, node.id, node.className, node.textContent, node.getAttribute("aria-label"), JSON.stringify(node.dataset)].join("|");
        if (node.disabled || done.has(key)) { return false; }
        done.add(key);
        return !/^(print|picture|csv|link)$/.test(node.dataset.act || "") && node.id !== "switch";
      });
      if (!next) { return; }
      next.click();
      await null;
      await null;
    }
  };
  const set = async (node, value, ms) => {
    node.value = value;
    node.dispatchEvent(new Event("input", { bubbles: true }));
    node.dispatchEvent(new Event("change", { bubbles: true }));
    await rest(ms);
  };
  const fill = async () => {
    for (const node of document.querySelectorAll("input, select, textarea")) {
      if (node.type === "checkbox" || node.type === "radio") { node.click(); node.click(); continue; }
      if (node.tagName === "SELECT") { for (const one of Array.from(node.options)) { await set(node, one.value, 0); } continue; }
      if (node.type === "range") { await set(node, node.min, 0); await set(node, node.max, 0); continue; }
      if (node.type === "date" || node.type === "number") { await set(node, node.type === "date" ? "2020-06-30" : "1", 0); continue; }
      for (const one of [value, "cell"]) { await set(node, one, 180); }
      await press();
      await set(node, "", 180);
    }
  };
  document.querySelectorAll("details").forEach((node) => { node.open = true; });
  const { map, data } = window.renewalGeo;
  for (const layer of data.layers) {
    for (let i = 0; i < Math.min(layer.n, 4); i++) {
      const x = (layer.box[4 * i] + layer.box[4 * i + 2]) / 2, y = (layer.box[4 * i + 1] + layer.box[4 * i + 3]) / 2;
      if (!isFinite(x + y)) { continue; }  // a row without a shape
      const at = map.options.crs.pointToLatLng(L.point(x, y), data.zoom);
      map.fire("click", { latlng: at, layerPoint: map.latLngToLayerPoint(at), containerPoint: map.latLngToContainerPoint(at), originalEvent: new MouseEvent("click") });
      await rest(0);
    }
  }
  await fill();
  await press();
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  document.getElementById("switch").click();
  await rest(20);
  await press();
  await rest(20);
  return Array.from(seen);
}"""
INTRUDERS = "img[src=x], svg[onload], [onerror], [onload], [onclick], a[href^=javascript], script:not([type]):not(:nth-of-type(n)), b[onclick]"


def plain(text):
    return text.translate(TAKEN_OFF)


def saying(values, given):
    """A maker of texts, one value after the other, that keeps account of what it made."""

    def say(place):
        return given.setdefault(place, f"{values[len(given) % len(values)]} {place}")

    return say


def clean(seen):
    assert seen.page.evaluate("window.__x") is None
    assert seen.page.locator(INTRUDERS).count() == 0
    seen.sound()


@pytest.fixture(scope="module")
def static(pages):
    """What stands outside the data of a page without hostile values, but for its title."""
    return outside(interactive(pages.everything()).html())


def outside(text):
    return re.sub(r"<title>.*?</title>", "", DATA.sub("", text), count=1, flags=re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("name", VALUES)
def test_each_hostile_value_is_text_wherever_it_stands(pages, visit, static, name):
    is_text(pages, visit, static, [VALUES[name]])


@pytest.mark.parametrize("names", TOGETHER)
def test_hostile_values_are_text_wherever_they_stand(pages, visit, static, names):
    is_text(pages, visit, static, [" ".join(VALUES[name] for name in TOGETHER[names])])


def test_formulas_and_paths_are_text_wherever_they_stand(pages, visit, static):
    is_text(pages, visit, static, [VALUES[name] for name in FORMULAS])


# a text of each map that a reader must get to see
SEEN = {
    "zone_map": "title",
    "value_map": "title",
    "quality_map": "cell finding 0",
    "handover_map": "cell name 0",
    "facility_map": "cell hall",
    "task_map": "cell name 0",
}


@pytest.mark.parametrize("kind", SEEN)
def test_ready_maps_of_hostile_tables_show_texts_and_run_nothing(pages, drawn, visit, static, kind):
    given = {}
    values = [VALUES[name] for name in ("script", "image", "svg", "template", "equals", "comment")]
    page = pages.ready_maps(drawn, saying(values, given))[kind]()
    assert outside(page.html()) == static
    seen = visit(page)
    shown = plain("\n".join(seen.page.evaluate(WALK, values[0])))
    assert plain(given[SEEN[kind]]) in shown
    clean(seen)


def is_text(pages, visit, static, values):
    given = {}
    page = interactive(pages.everything(saying(values, given)))
    text = page.html()
    assert outside(text) == static
    title = re.search(r"<title>(.*?)</title>", text, re.DOTALL)[1]
    assert title == html.escape(plain(given["title"]))
    seen = visit(page)
    table_is_harmless(seen, given)
    shown = plain("\n".join(seen.page.evaluate(WALK, plain(values[0]))))
    missing = [
        place for place in given if not ON_THE_MAP.match(place) and plain(given[place]) not in shown
    ]
    assert missing == []
    clean(seen)


def table_is_harmless(seen, given):
    """The rows for a spreadsheet hold no formula, and their file's name is a name."""
    seen.page.click("#export")
    with seen.page.expect_download() as waiting:
        seen.page.locator("[data-act=csv][data-layer=parcels]").click()
    raw = waiting.value.path().read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(raw, newline="")))
    assert {len(row) for row in rows} == {9}
    assert len(rows) == 13
    texts = [cell for row in rows for cell in row]
    numbers = re.compile(r"-?[\d.]+(e-?\d+)?$")
    assert [
        cell for cell in texts if cell.lstrip().startswith(FORMULA) and not numbers.match(cell)
    ] == []
    assert plain(given["cell parcel 3"]) in [plain(row[0]).removeprefix("'") for row in rows]
    called = waiting.value.suggested_filename
    assert called.endswith(".csv")
    assert not re.search(r'[\\/:*?"<>|]', called)
    assert not called.startswith(".")
    assert not [sign for sign in called if unicodedata.category(sign) in {"Cc", "Cf", "Cs"}]


def test_a_hostile_address_is_read_strictly(pages, visit):
    seen = visit(interactive(pages.everything()))
    bad = VALUES["image"]
    for hash_ in (
        f"#v={bad}&lang={bad}&on={bad}", f'#scheme=[["parcels","{bad}"]]&hide=[["{bad}",1]]&cut={bad}&at=["parcels","{bad}"]',
        '#filter=[["parcels","state",["' + bad + '"]],["parcels","__proto__",["a"]],["constructor"],[null],7]',
        "#v=1e999,NaN,3", "#%E0%A4%A", "#" + "a=b&" * 60_000, '#at=["parcels",{"toString":1}]', "#wall=" + bad, "#lang=javascript:window.__x=1",
        '#on=["__proto__","constructor"]&off={"a":1}&filter={"length":9}',
    ):  # fmt: skip
        seen.page.evaluate("(hash) => { window.location.hash = hash; }", hash_)
        seen.page.wait_for_timeout(30)
    assert seen.page.locator("#head h1").text_content() == "title"
    clean(seen)


def test_a_notebook_shows_the_page_in_a_frame_of_its_own(pages, chromium, tmp_path):
    given = {}
    values = [VALUES[name] for name in ("script", "svg", "template", "image", "title")]
    page = interactive(pages.everything(saying(values, given)))
    file = tmp_path / "notebook.html"
    file.write_text(
        f"<!DOCTYPE html><title>notebook</title><body>{page._repr_html_()}</body>", encoding="utf-8"
    )
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.set_offline(True)
    tab = context.new_page()
    errors, console = [], []
    tab.on("pageerror", lambda e: errors.append(str(e)))
    tab.on("console", lambda m: console.append(m.text))
    tab.goto(file.as_uri())
    frame = tab.frame_locator("iframe")
    frame.locator("html[data-ready=true]").wait_for(state="attached", timeout=30_000)
    frame.locator("#left summary").first.click()
    assert frame.locator("#head h1").text_content() == given["title"]
    inner = tab.frames[1]
    assert inner.evaluate("renewalGeo.map.getSize().x") > 300
    inner.wait_for_function("renewalGeo.pending() === 0")
    shares = inner.evaluate("""() => Array.from(document.querySelectorAll("#renewal_geo canvas")).map((node) => {
      const d = node.getContext("2d").getImageData(0, 0, node.width, node.height).data;
      return d.some((v, k) => k % 4 === 3 && v > 0);
    })""")
    assert any(shares)
    for one in tab.frames:
        assert one.evaluate("window.__x") is None
    assert errors == []
    assert console == []
    context.close()
