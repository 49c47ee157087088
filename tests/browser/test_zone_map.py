"""The published page in Chromium with the network closed."""

import pytest

from renewal_geo.maps import zone_map

pytestmark = pytest.mark.browser
BLUE, ORANGE = [0, 114, 178], [230, 159, 0]


def test_the_page_draws_without_a_request_or_an_error(drawn, visit):
    seen = visit(zone_map(drawn.delineation()))
    assert seen.share(BLUE) > 0.05
    assert seen.share(ORANGE) > 0.005
    assert "连片改造区划定图" in seen.page.inner_text("h1")
    seen.sound()


def test_a_click_shows_the_row_of_the_table(drawn, visit):
    seen = visit(zone_map(drawn.delineation()))
    seen.click(drawn, 0, 3)
    text = seen.popup()
    assert "440307-03" in text
    assert "超出面积预算" in text
    assert "10,000" in text
    assert "价值 0.5，预算价 0.6" in text
    seen.click(drawn, 5, 4)  # a parcel without geometry is not there
    seen.page.wait_for_selector(".leaflet-popup", state="detached")
    seen.click(drawn, 5, 3)  # nor is the inside of a hole
    assert seen.page.locator(".leaflet-popup").count() == 0
    seen.sound()


def test_legend_and_layers_toggle(drawn, visit):
    seen = visit(zone_map(drawn.delineation()))
    budget = seen.page.locator("button.class[data-value=budget]")
    assert "1.00" in budget.inner_text()
    budget.click()
    assert budget.get_attribute("aria-pressed") == "false"
    assert seen.share(ORANGE) < 0.001
    seen.click(drawn, 0, 3)
    assert seen.page.locator(".leaflet-popup").count() == 0
    budget.click()
    assert seen.share(ORANGE) > 0.005
    layer = seen.page.locator("button.head[data-layer=parcels]")
    layer.click()
    assert layer.get_attribute("aria-pressed") == "false"
    assert seen.share(BLUE) < 0.001
    seen.sound()


def test_both_languages_are_in_the_one_file(drawn, visit):
    seen = visit(zone_map(drawn.delineation(), lang="en"))
    assert "Contiguous reform zones" in seen.page.inner_text("h1")
    assert seen.page.get_attribute("html", "lang") == "en"
    seen.page.click("#switch")
    assert "连片改造区划定图" in seen.page.inner_text("h1")
    assert seen.page.title() == "连片改造区划定图"
    assert "图例" in seen.page.inner_text("#left")
    seen.sound()


def test_the_keyboard_suffices(drawn, visit):
    seen = visit(zone_map(drawn.delineation()))
    seen.page.locator("button.class[data-value=budget]").focus()
    seen.page.keyboard.press("Space")
    assert seen.share(ORANGE) < 0.001
    seen.page.locator("#right .list button").nth(1).focus()
    seen.page.keyboard.press("Enter")
    assert "Z02" in seen.popup()
    assert "东片" in seen.popup()
    seen.page.locator("#renewal_geo").focus()
    seen.page.keyboard.press("Escape")
    seen.page.keyboard.press("Enter")
    assert "Z02" in seen.popup()
    seen.sound()


def test_hostile_text_is_shown_and_never_run(drawn, visit):
    payloads = drawn.PAYLOADS
    for first in range(0, len(payloads), 2):
        page = zone_map(
            drawn.delineation(hostile=True, names=payloads[first : first + 2]),
            title=payloads[first], subtitle=payloads[first + 1], source=payloads[first],
            notes=payloads, review_no=payloads[first], columns=["land_use"],
        )  # fmt: skip
        seen = visit(page)
        for column in range(0, 6, 2):
            for row in range(4):
                seen.click(drawn, column, row)
        for number in range(2):
            seen.page.locator("#right .list button").nth(number).click()
        seen.page.click("#switch")
        seen.page.wait_for_timeout(100)
        assert seen.page.evaluate("window.__x") is None
        assert seen.page.locator("main img, main svg, header img, footer img").count() == 0
        assert payloads[first] in seen.page.locator("h1").text_content()
        seen.sound()


def test_the_policy_stops_what_is_not_ours(drawn, visit):
    seen = visit(zone_map(drawn.delineation()))
    stopped = seen.page.evaluate(
        """async () => {
          const stopped = [];
          document.addEventListener("securitypolicyviolation", e => stopped.push(e.effectiveDirective));
          const s = document.createElement("script"); s.textContent = "window.__x = 1"; document.body.appendChild(s);
          const d = document.createElement("div"); d.innerHTML = "<img src=x onerror='window.__x=1'>"; document.body.appendChild(d);
          const i = new Image(); i.src = "https://example.org/pixel.png";
          await fetch("https://example.org/").catch(() => null);
          await new Promise(done => setTimeout(done, 200));
          return stopped;
        }"""
    )
    assert {one.split("-")[0] for one in stopped} == {"script", "img", "connect"}
    assert seen.page.evaluate("window.__x") is None


def test_a_phone_has_drawers(drawn, visit):
    seen = visit(zone_map(drawn.delineation()), size=(390, 780))
    assert not seen.page.locator("#left").is_visible()
    button = seen.page.locator("button[aria-controls=left]")
    button.click()
    assert seen.page.locator("#left").is_visible()
    assert button.get_attribute("aria-expanded") == "true"
    button.click()
    assert not seen.page.locator("#left").is_visible()
    width = seen.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    seen.sound()


def test_the_public_page_names_no_parcel_and_says_that_it_is_not_reviewed(drawn, visit):
    seen = visit(zone_map(drawn.delineation(), edition="public"))
    assert "440307-" not in seen.told()
    assert seen.page.locator("#mark span").first.is_visible()
    assert "未经地图审核" in seen.page.inner_text("#foot")
    assert seen.share(BLUE) > 0.05
    seen.sound()
    reviewed = visit(zone_map(drawn.delineation(), edition="public", review_no="粤S(2020)000号"))
    assert not reviewed.page.locator("#mark span").first.is_visible()
    assert "粤S(2020)000号" in reviewed.page.inner_text("#foot")


def test_no_zone_and_no_geometry_still_make_a_page(drawn, visit):
    seen = visit(zone_map(drawn.without_answer()))
    assert "无可行方案" in seen.page.inner_text("#right")
    seen.sound()
    d = drawn.without_answer()
    d.parcels = d.parcels.set_geometry([None] * len(d.parcels), crs=drawn.CRS)
    d.barriers = d.barriers.iloc[:0]
    bare = visit(zone_map(d))
    bare.sound()
