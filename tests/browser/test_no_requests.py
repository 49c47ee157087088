"""No ready map asks a host for anything: asserted by the browser, and by the policy that would stop it."""

import folium
import pytest

from renewal_geo.maps import interactive

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
INJECT = """async (wanted) => {
  const stopped = [];
  document.addEventListener("securitypolicyviolation", (e) => stopped.push(e.effectiveDirective));
  const put = (tag, fill) => { const node = document.createElement(tag); fill(node); document.body.appendChild(node); };
  put("form", (node) => { node.action = "https://example.org/"; node.method = "post"; });
  document.body.lastElementChild.submit();
  put("script", (node) => { node.textContent = "window.__x = 1"; });
  put("script", (node) => { node.src = "https://example.org/x.js"; });
  put("div", (node) => { node.innerHTML = "<img src=x onerror='window.__x=1'><b style='color:red'></b>"; });
  put("style", (node) => { node.textContent = "@import 'https://example.org/x.css'; body { background: red; }"; });
  put("link", (node) => { node.rel = "stylesheet"; node.href = "https://example.org/x.css"; });
  put("iframe", (node) => { node.src = "https://example.org/"; });
  put("object", (node) => { node.data = "https://example.org/x.swf"; });
  put("video", (node) => { node.src = "https://example.org/x.mp4"; });
  put("base", (node) => { node.href = "https://example.org/"; });
  new Image().src = "https://example.org/pixel.png";
  await fetch("https://example.org/").catch(() => null);
  navigator.sendBeacon("https://example.org/", "a");
  try { new WebSocket("wss://example.org/"); } catch (error) { stopped.push("socket"); }
  try { new EventSource("https://example.org/"); } catch (error) { stopped.push("events"); }
  try { new Worker("data:text/javascript,self.x=1"); } catch (error) { stopped.push("worker"); }
  setTimeout(() => {  // outside of this evaluation, in which the debugger lets eval pass
    try { window.__y = eval("1"); } catch (error) { stopped.push("eval"); }
    try { window.__y = new Function("return 1")(); } catch (error) { stopped.push("function"); }
  }, 0);
  const font = new FontFace("x", "url(https://example.org/x.woff2)");
  await font.load().catch(() => null);
  for (let k = 0; k < 100 && !wanted.every((one) => stopped.includes(one)); k++) { await new Promise((done) => setTimeout(done, 50)); }
  return stopped;
}"""
WANTED = {
    "script-src-elem", "script-src-attr", "script-src", "img-src", "style-src-attr", "style-src-elem", "frame-src", "object-src", "media-src",
    "form-action", "base-uri", "connect-src", "worker-src", "font-src", "eval", "function",
}  # fmt: skip


@pytest.fixture(scope="module")
def ready(pages, drawn):
    return pages.ready_maps(drawn)


@pytest.mark.parametrize("kind", KINDS)
def test_a_ready_map_asks_nobody_and_its_policy_would_stop_it(ready, visit, kind):
    seen = visit(ready[kind]())
    seen.page.click("#switch")
    seen.page.evaluate("() => renewalGeo.map.setZoom(17, {animate: false})")
    seen.page.wait_for_function("() => renewalGeo.pending() === 0")
    seen.sound()
    background = "() => getComputedStyle(document.body).backgroundColor"
    before, failed = seen.page.evaluate(background), {}
    seen.page.on("requestfailed", lambda r: failed.setdefault(r.url, r.failure))
    stopped = set(seen.page.evaluate(INJECT, sorted(WANTED)))
    assert sorted(WANTED - stopped) == []
    assert seen.page.evaluate("[window.__x, window.__y]") == [None, None]
    assert seen.page.evaluate(background) == before
    tried = {url for url in seen.requests if "example.org" in url}
    assert {failed.get(url) for url in tried} <= {"csp"}  # none left the browser


def test_every_kind_of_ready_map_is_here(ready):
    assert set(KINDS) == set(ready)


def test_styles_of_the_page_work_under_a_policy_of_hashes(pages, visit):
    """Leaflet and our scripts set styles one by one, which a policy lets pass: nothing is 'unsafe-inline'."""
    page = interactive(pages.everything())
    seen = visit(page)
    rules = seen.page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    assert "unsafe" not in rules
    assert seen.page.evaluate("document.styleSheets.length") == 1
    assert (
        seen.page.evaluate(
            "getComputedStyle(document.querySelector('.leaflet-container')).position"
        )
        == "absolute"
    )
    assert seen.page.evaluate("document.querySelector('.leaflet-map-pane').style.transform") != ""
    seen.page.evaluate("() => renewalGeo.map.setZoom(renewalGeo.map.getZoom() + 1)")
    seen.page.wait_for_timeout(500)
    seen.sound()


def test_parts_of_others_are_drawn_on_the_map_once_it_is_there(pages, chromium, tmp_path):
    page = interactive(pages.everything())
    group = folium.FeatureGroup("theirs").add_to(page)
    folium.Circle(
        [22.6897, 114.0018], radius=40, color="#ff00aa", fill=True, fill_opacity=1
    ).add_to(group)
    folium.Marker([22.6907, 114.0028]).add_to(page)
    folium.GeoJson(
        {"type": "Point", "coordinates": [114.001, 22.689]}, marker=folium.CircleMarker(radius=9)
    ).add_to(page)
    report = page.save(tmp_path / "page.html", allow_foreign=True)
    assert report.hosts == ()
    context = chromium.new_context(viewport={"width": 1280, "height": 860})
    context.set_offline(True)
    tab, errors, asked = context.new_page(), [], []
    tab.on("pageerror", lambda e: errors.append(str(e)))
    tab.on("request", lambda r: asked.append(r.url))
    tab.goto((tmp_path / "page.html").as_uri())
    tab.wait_for_selector("html[data-ready=true]", state="attached", timeout=30_000)
    tab.locator("path.leaflet-interactive[fill='#ff00aa']").wait_for()
    assert tab.locator("path.leaflet-interactive").count() == 2
    pin = tab.locator("img.leaflet-marker-icon")
    assert pin.evaluate("(node) => node.complete && node.naturalWidth") == 25
    there = tab.evaluate(
        "() => { const p = renewalGeo.map.latLngToContainerPoint([22.6897, 114.0018]); return [p.x, p.y]; }"
    )
    box, stage = (
        tab.locator("path[fill='#ff00aa']").bounding_box(),
        tab.locator("#renewal_geo").bounding_box(),
    )
    assert box["x"] + box["width"] / 2 - stage["x"] == pytest.approx(there[0], abs=2)
    assert box["y"] + box["height"] / 2 - stage["y"] == pytest.approx(there[1], abs=2)
    for place in ("#head", "#foot"):
        assert "未受保护的页面" in tab.inner_text(place)
    tab.click("#switch")
    for place in ("#head", "#foot"):
        assert "Unprotected page" in tab.inner_text(place)
    assert errors == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    context.close()
