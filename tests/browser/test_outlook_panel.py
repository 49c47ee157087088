"""The drawer "how good, and what next" in Chromium with the network closed."""

import pytest

from renewal_geo.maps import zone_map

pytestmark = pytest.mark.browser
PURPLE = [84, 39, 143]  # the first phase


@pytest.fixture
def seen(drawn, foreseen, visit):
    d = drawn.delineation()
    return visit(zone_map(d, outlook=foreseen.outlook(d)), size=(1440, 900))


def drawer(seen):
    return seen.page.locator("#outlook")


def test_the_drawer_opens_closes_and_gives_the_focus_back(seen):
    assert not drawer(seen).is_visible()
    button = seen.page.locator("#head button.open")
    assert button.get_attribute("aria-expanded") == "false"
    button.focus()
    seen.page.keyboard.press("Enter")
    assert drawer(seen).is_visible()
    assert button.get_attribute("aria-expanded") == "true"
    assert seen.page.evaluate("document.activeElement.className") == "close"
    seen.page.keyboard.press("Escape")
    assert not drawer(seen).is_visible()
    assert seen.page.evaluate("document.activeElement.className") == "open"
    seen.page.locator("#right button.more").click()  # the summary leads there too
    drawer(seen).locator("button.close").click()
    assert not drawer(seen).is_visible()
    seen.sound()


def test_the_frontier_is_a_picture_with_a_text_and_figures(seen):
    seen.page.click("#head button.open")
    curves = drawer(seen).locator("svg.curve")
    assert curves.count() == 2
    assert "本研究 13 公顷" in curves.first.get_attribute("aria-label")
    assert curves.first.locator("circle.dot").count() == 3
    assert curves.first.locator("path.own").count() == 1
    assert curves.first.locator("path.band").is_visible()
    drawn_inside = curves.first.evaluate(
        """svg => [...svg.querySelectorAll("text, circle, path")].every(n => {
             const a = n.getBoundingClientRect(), b = svg.getBoundingClientRect();
             return a.left > b.left - 1 && a.right < b.right + 1 && a.top > b.top - 1 && a.bottom < b.bottom + 1;
           })"""
    )
    assert drawn_inside
    figures = drawer(seen).locator("[data-section=frontier] details")
    assert not figures.locator("table").is_visible()
    figures.locator("summary").click()
    assert figures.locator("tbody tr").count() == 8
    seen.sound()


def test_the_bound_is_never_drawn_below_what_was_found(seen):
    seen.page.click("#head button.open")
    path = """name => document.querySelector("svg.curve path." + name).getAttribute("d")
              .match(/-?[\\d.]+ -?[\\d.]+/g).map(p => p.split(" ").map(Number))"""
    found, bound = (seen.page.evaluate(path, name) for name in ("found", "bound"))
    assert [x for x, _ in found] == [x for x, _ in bound]
    assert all(b <= f for (_, f), (_, b) in zip(found, bound, strict=True))  # y grows downwards


def test_phases_are_shown_from_the_drawer_and_from_the_legend(seen):
    assert seen.share(PURPLE) < 0.001
    seen.page.click("#head button.open")
    button = drawer(seen).locator("button.show")
    button.click()
    assert seen.share(PURPLE) > 0.03
    assert button.get_attribute("aria-pressed") == "true"
    legend = seen.page.locator("button.head[data-layer=phases]")
    assert legend.get_attribute("aria-pressed") == "true"
    legend.click()
    assert seen.share(PURPLE) < 0.001
    assert button.get_attribute("aria-pressed") == "false"
    seen.sound()


def test_a_crossing_of_the_list_is_shown_on_the_map(seen):
    seen.page.click("#head button.open")
    drawer(seen).locator("button.go").first.click()
    text = seen.popup()
    assert "河流" in text
    assert "440307-32" in text
    popup = seen.page.locator(".leaflet-popup").bounding_box()
    assert popup["x"] + popup["width"] <= drawer(seen).bounding_box()["x"]  # not under the drawer
    seen.sound()


def test_a_click_on_a_crossing_answers_though_it_is_short(drawn, seen):
    seen.page.evaluate("renewalGeo.map.setZoom(14, {animate: false})")
    left, right = (seen.spot(drawn, column, 1) for column in (2, 3))
    # the line lies on the river, between the two squares' inner edges
    seen.page.mouse.click((left[0] + right[0]) / 2, left[1])
    assert "跨河连接" in seen.popup()
    seen.sound()


def test_a_parcel_says_what_would_have_to_change(drawn, seen):
    seen.click(drawn, 0, 3)
    text = seen.popup()
    assert "440307-03 每公顷价值须达到 1.5" in text
    assert "10 %" in text
    seen.page.click("#switch")
    assert "440307-03 would need 1.5 per ha" in seen.popup()
    seen.sound()


def test_the_drawer_speaks_both_languages(seen):
    seen.page.click("#head button.open")
    assert "证明" in drawer(seen).locator(".lead").inner_text()
    seen.page.click("#switch")
    assert drawer(seen).is_visible()
    text = drawer(seen).inner_text()
    assert "It is proven that no choice of zones" in text
    assert "0.13 ha more budget would be worth 0.08 at most" in text
    assert drawer(seen).get_attribute("aria-label") == "How good, and what next"
    seen.sound()


def test_a_phone_has_the_drawer_over_its_full_width(drawn, foreseen, visit):
    d = drawn.delineation()
    seen = visit(zone_map(d, outlook=foreseen.outlook(d)), size=(390, 780))
    seen.page.click("#head button.open")
    box = drawer(seen).bounding_box()
    assert (box["x"], box["width"]) == (0, 390)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390
    drawer(seen).locator("button.go").first.click()
    assert not drawer(seen).is_visible()  # it would hide what it leads to
    assert "河流" in seen.popup()
    seen.sound()


def test_hostile_sentences_are_shown_and_never_run(drawn, foreseen, visit):
    payloads = drawn.PAYLOADS
    for text in payloads:
        d = drawn.delineation(names=(text, "东片"))
        seen = visit(zone_map(d, outlook=foreseen.outlook(d, text=text)))
        seen.page.click("#head button.open")
        drawer(seen).locator("button.go").first.click()
        seen.page.click("#switch")
        seen.page.wait_for_timeout(100)
        assert seen.page.evaluate("window.__x") is None
        assert seen.page.locator("main img, main svg:not(.curve), .curve a").count() == 0
        assert text in drawer(seen).locator("[data-section=prices]").text_content()
        seen.sound()


def test_the_public_page_has_the_drawer_without_a_parcel(drawn, foreseen, visit):
    d = drawn.delineation()
    seen = visit(zone_map(d, outlook=foreseen.outlook(d), edition="public"))
    assert "440307-" not in seen.told()
    seen.page.click("#head button.open")
    drawer(seen).locator("button.go").first.click()
    assert "河流" in seen.popup()
    seen.sound()


def test_no_answer_still_has_a_drawer(drawn, foreseen, visit):
    d = drawn.without_answer()
    for outlook in (foreseen.empty(d), foreseen.unreached()):
        seen = visit(zone_map(d, outlook=outlook))
        seen.page.click("#head button.open")
        assert "没有任何划法" in drawer(seen).inner_text()
        seen.sound()
