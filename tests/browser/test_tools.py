"""Measuring, the swipe and the wall in Chromium, against shapely, PROJ and the table."""

import datetime as dt
import io
import re
import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from PIL import Image
from shapely.geometry import Point, box

from renewal_geo.maps import controls as ask
from renewal_geo.maps.page.folium_page import Page
from renewal_geo.maps.spec import LayerSpec, MapClass, MapColumn, MapSpec, Text, same

pytestmark = pytest.mark.browser
DAY = dt.date(2020, 6, 30)
SITES = [
    ("EPSG:4547", 512_000.0, 2_512_000.0, 1.0),
    ("EPSG:4526", 38_512_000.0, 2_512_000.0, 1.0),
    ("EPSG:26986", 230_000.0, 900_000.0, 1.0),
    ("EPSG:2249", 755_000.0, 2_950_000.0, 1200 / 3937),
]
BLUE, GREY = (0, 114, 178), (195, 193, 187)
SIDE_M = 10.0


def layer_of(
    geometry, crs="EPSG:4547", columns=(), values=None, *, name="projects", fill="#0072b2", **more
):
    table = pd.DataFrame(index=range(len(geometry))) if values is None else values
    return LayerSpec(
        name, same(name), "polygon", gpd.GeoSeries(geometry, crs=crs), (MapClass("c", same("c"), fill),),
        np.zeros(len(geometry), dtype=np.int32), tuple(columns), table, **more,
    )  # fmt: skip


def spec_of(*layers, as_of=DAY, **more):
    return MapSpec(
        Text("作战图", "War room"), Text("七个项目", "Seven projects"), "zh", "internal", as_of, "EPSG:4547",
        "更新局", "", (), layers, **more,
    )  # fmt: skip


def squares(x, y, factor=1.0):
    """Five squares of 10 m in a row, whatever the unit."""
    side = SIDE_M / factor
    return [box(x + 3 * k * side, y, x + (3 * k + 1) * side, y + side) for k in range(5)]


def wait_until(seen, script, seconds=15):
    """Wait for what the page's policy lets a test ask: it forbids texts that are run."""
    until = time.monotonic() + seconds
    while not seen.page.evaluate(script):
        assert time.monotonic() < until, script
        seen.page.wait_for_timeout(50)


def tool(seen, name):
    return seen.page.get_by_role("button", name=name, exact=True)


def panel(seen, part):
    return float(re.sub(r"[^\d.]", "", seen.page.locator(f".measure {part}").first.inner_text()))


def look_at(seen, crs, x, y, zoom):
    at = gpd.GeoSeries([Point(x, y)], crs=crs).to_crs(4326)[0]
    seen.page.evaluate(
        "([lat, lng, z]) => renewalGeo.map.setView([lat, lng], z, {animate: false})",
        [at.y, at.x, zoom],
    )


def screen(seen, crs, points):
    """Return where points of `crs` lie on the screen."""
    placed = gpd.GeoSeries([Point(p) for p in points], crs=crs).to_crs(4326)
    return seen.page.evaluate(
        """points => {
          const box = renewalGeo.map.getContainer().getBoundingClientRect();
          return points.map(([lat, lng]) => {
            const p = renewalGeo.map.latLngToContainerPoint([lat, lng]);
            return [p.x + box.left, p.y + box.top];
          });
        }""",
        [[p.y, p.x] for p in placed],
    )


def ground(seen, crs, spots):
    """Return the places in `crs` that clicks at `spots` of the screen mean."""
    latlngs = seen.page.evaluate(
        """spots => {
          return spots.map(([clientX, clientY]) => {
            const p = renewalGeo.map.mouseEventToLatLng({clientX, clientY});
            return [p.lng, p.lat];
          });
        }""",
        spots,
    )
    step = pyproj.Transformer.from_crs(4326, crs, always_xy=True)
    return [step.transform(*one) for one in latlngs]


def click_all(seen, spots):
    for spot in spots:
        seen.page.mouse.click(*spot)
        seen.page.wait_for_timeout(30)


@pytest.mark.parametrize(("crs", "x", "y", "factor"), SITES)
def test_measured_figures_are_the_planar_ones_of_the_working_crs(visit, crs, x, y, factor):
    shapes = squares(x, y, factor)
    seen = visit(Page(spec_of(layer_of(shapes, crs))))
    middle = shapes[0].centroid
    look_at(seen, crs, middle.x, middle.y, 20)

    tool(seen, "量面积").click()
    near = [(px + 3, py - 2) for px, py in screen(seen, crs, list(shapes[0].exterior.coords)[:4])]
    click_all(seen, near)  # beside the corners: they are caught, which the file has within 5 cm
    seen.page.keyboard.press("Enter")
    caught = panel(seen, ".large")
    assert caught == pytest.approx(shapes[0].area * factor**2, abs=4 * SIDE_M * 0.05)
    assert panel(seen, ".other span:last-child") == pytest.approx(caught / 666.667, abs=0.001)

    tool(seen, "量距离").click()
    click_all(seen, near[:2])
    seen.page.keyboard.press("Enter")
    assert panel(seen, ".large") == pytest.approx(SIDE_M, abs=0.1)

    # far apart, with nothing to be caught: what the clicks mean, reckoned by PROJ and shapely
    seen.page.evaluate("renewalGeo.map.setZoom(16, {animate: false})")
    tool(seen, "量面积").click()
    seen.page.get_by_role("button", name="捕捉节点").click()
    left, top = seen.page.evaluate(
        "(({left, top}) => [left, top])(renewalGeo.map.getContainer().getBoundingClientRect())"
    )
    # a click has whole pixels
    spots = [
        (round(left + dx), round(top + dy))
        for dx, dy in ((90, 130), (380, 150), (330, 420), (120, 400))
    ]
    click_all(seen, spots)
    seen.page.keyboard.press("Enter")
    ring = shapely.Polygon(ground(seen, crs, spots))
    hectares = panel(seen, ".other span")
    assert ring.area * factor**2 > 100_000
    assert panel(seen, ".large") == pytest.approx(ring.area * factor**2, abs=0.6)  # whole m2 shown
    assert hectares == pytest.approx(ring.area * factor**2 / 1e4, abs=0.6e-4)
    assert panel(seen, "dd") == pytest.approx(ring.length * factor, abs=0.01)
    exact = seen.page.evaluate("renewalGeo.measured()")
    assert exact["area_m2"] == pytest.approx(ring.area * factor**2, abs=0.1)
    assert exact["length_m"] == pytest.approx(ring.length * factor, abs=0.01)
    seen.sound()


def test_edges_are_drawn_along_straight_lines_of_the_working_crs(visit):
    far = [box(400_000, 2_500_000, 400_100, 2_500_100), box(640_000, 2_700_000, 640_100, 2_700_100)]
    seen = visit(Page(spec_of(layer_of(far))))
    seen.page.evaluate("renewalGeo.map.zoomOut(1, {animate: false})")
    tool(seen, "量距离").click()
    ends = screen(seen, "EPSG:4547", [(400_050, 2_500_050), (640_050, 2_700_050)])
    click_all(seen, ends)
    line = seen.page.evaluate("renewalGeo.measured().drawn")
    step = pyproj.Transformer.from_crs(4326, 4547, always_xy=True)
    points = np.array([step.transform(lng, lat) for lat, lng in line])
    assert len(points) > 2
    along = points[-1] - points[0]
    off = np.abs((points - points[0]) @ np.array([-along[1], along[0]])) / np.hypot(*along)
    assert off.max() < 0.01


def test_hands_and_keys_measure(visit):
    shapes = squares(512_000.0, 2_512_000.0)
    seen = visit(Page(spec_of(layer_of(shapes))))
    look_at(seen, "EPSG:4547", 512_005, 2_512_005, 19)
    button = tool(seen, "量距离")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    spots = screen(
        seen, "EPSG:4547", [(512_000, 2_512_000), (512_010, 2_512_000), (512_010, 2_512_010)]
    )
    seen.page.mouse.click(*spots[0])
    seen.page.mouse.move(*spots[1])
    seen.page.wait_for_timeout(100)
    assert panel(seen, ".large") == pytest.approx(10.0, abs=0.1)  # live
    seen.page.mouse.click(*spots[1])
    seen.page.mouse.dblclick(*spots[2])
    assert panel(seen, ".large") == pytest.approx(20.0, abs=0.2)
    assert seen.page.locator(".leaflet-popup").count() == 0
    zoom = seen.page.evaluate("renewalGeo.map.getZoom()")
    assert zoom == 19
    seen.page.mouse.move(spots[0][0] + 50, spots[0][1] + 50)
    seen.page.wait_for_timeout(100)
    assert panel(seen, ".large") == pytest.approx(20.0, abs=0.2)  # ended: the pointer adds nothing
    assert re.search(r"(20\.0|19\.9)\d 米", seen.page.text_content("#said"))
    seen.page.keyboard.press("Backspace")
    seen.page.keyboard.press("Backspace")
    assert panel(seen, ".large") == pytest.approx(10.0, abs=0.1)
    seen.page.keyboard.press("Escape")
    assert not seen.page.locator(".measure").is_visible()
    assert button.get_attribute("aria-pressed") == "false"
    seen.page.mouse.click(*spots[0])  # the map answers again

    button.click()
    seen.page.locator("#renewal_geo").focus()
    seen.page.keyboard.press(" ")
    seen.page.evaluate("renewalGeo.map.panBy([120, 0], {animate: false})")
    seen.page.keyboard.press(" ")
    seen.page.keyboard.press("Enter")
    assert panel(seen, ".large") > 5
    assert seen.page.locator(".leaflet-popup").count() == 0
    seen.page.click("#switch")
    assert "Measure distance" in seen.page.locator(".measure").inner_text()
    seen.sound()


def test_a_phone_measures(visit):
    seen = visit(Page(spec_of(layer_of(squares(512_000.0, 2_512_000.0)))), size=(390, 780))
    tool(seen, "量距离").click()
    box = seen.page.locator(".measure").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    stage = seen.page.locator("#stage").bounding_box()
    assert box["height"] < stage["height"] / 2
    for name in ("撤回", "结束", "捕捉节点", "关闭"):
        target = seen.page.locator(".measure").get_by_role("button", name=name).bounding_box()
        assert min(target["height"], target["width"]) >= 44
    top = stage["y"] + 150
    click_all(seen, [(120, top), (250, top + 40)])
    seen.page.locator(".measure").get_by_role("button", name="结束").click()
    assert panel(seen, ".large") > 1
    seen.page.locator(".measure").get_by_role("button", name="关闭").click()
    assert not seen.page.locator(".measure").is_visible()
    seen.sound()


def test_the_readout_says_where_the_pointer_is(visit):
    seen = visit(Page(spec_of(layer_of(squares(512_000.0, 2_512_000.0)))))
    look_at(seen, "EPSG:4547", 512_005, 2_512_005, 19)
    spot = screen(seen, "EPSG:4547", [(512_004.0, 2_512_007.0)])[0]
    whole = [round(spot[0]), round(spot[1])]
    seen.page.mouse.move(*whole)
    seen.page.wait_for_timeout(150)
    east, north = ground(seen, "EPSG:4547", [whole])[0]
    text = seen.page.locator(".readout").inner_text()
    assert f"{east:,.2f}" in text
    assert f"{north:,.2f}" in text
    assert "°N" in text
    assert "EPSG:4547" in seen.page.locator(".readout").get_attribute("title")
    seen.page.locator("#renewal_geo").focus()
    seen.page.keyboard.press("c")
    seen.page.wait_for_timeout(150)
    assert "已复制" in seen.page.text_content("#said")
    seen.sound()


def test_degrees_measure_nothing_and_what_is_approximate_says_so(visit):
    seen = visit(Page(spec_of(layer_of([box(114.0, 22.5, 114.1, 22.6)], "EPSG:4490"))))
    assert tool(seen, "量距离").count() == 0
    assert "°N" in seen.page.locator(".readout").inner_text()
    seen.sound()
    # Lambert's equal-area world has no polynomial near its antipode
    wide = gpd.GeoSeries([Point(-170, -80), Point(170, 84)], crs=4326).to_crs("ESRI:54009").tolist()
    spread = visit(Page(spec_of(layer_of([p.buffer(1000) for p in wide], "ESRI:54009"))))
    tool(spread, "量距离").click()
    assert "近似" in spread.page.locator(".measure").inner_text()
    spread.sound()


# ---- before and after ----
def compared():
    shape = [box(512_000, 2_512_000, 513_000, 2_513_000)]
    return spec_of(
        layer_of(shape, name="old", fill="#c3c1bb", side="before"),
        layer_of(shape, name="new", side="after"),
        compare=ask.Compare(Text("2019 年", "2019"), Text("2020 年", "2020")),
    )


def colours(seen, *spots):
    seen.page.wait_for_timeout(250)
    picture = Image.open(io.BytesIO(seen.page.screenshot())).convert("RGB")
    return [picture.getpixel((int(x), int(y))) for x, y in spots]


def close_to(pixel, colour):
    return max(abs(a - b) for a, b in zip(pixel, colour, strict=True)) < 12


def test_the_handle_parts_before_from_after(visit):
    seen = visit(Page(compared()))
    west, east = screen(seen, "EPSG:4547", [(512_300, 2_512_700), (512_700, 2_512_700)])
    left, right = colours(seen, west, east)
    assert close_to(left, GREY)
    assert close_to(right, BLUE)
    handle = seen.page.get_by_role("slider", name=re.compile("2019 年.*2020 年"))
    assert handle.get_attribute("aria-valuenow") == "50"
    assert "2019 年" in seen.page.locator(".side.before").inner_text()
    hit = """([x, y]) => { const b = renewalGeo.map.getContainer().getBoundingClientRect();
      return renewalGeo.hits(renewalGeo.map.containerPointToLatLng([x - b.left, y - b.top])).map(h => h.layer.name); }"""
    assert seen.page.evaluate(hit, list(west)) == ["old"]
    assert seen.page.evaluate(hit, list(east)) == ["new"]

    handle.focus()
    seen.page.keyboard.press("Home")
    assert all(close_to(one, BLUE) for one in colours(seen, west, east))
    assert handle.get_attribute("aria-valuenow") == "0"
    seen.page.keyboard.press("End")
    assert all(close_to(one, GREY) for one in colours(seen, west, east))
    seen.page.keyboard.press("ArrowLeft")
    assert handle.get_attribute("aria-valuenow") == "98"

    at = handle.bounding_box()
    seen.page.mouse.move(at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
    seen.page.mouse.down()
    seen.page.mouse.move(east[0] + 40, at["y"] + 60, steps=4)
    seen.page.mouse.up()
    assert all(close_to(one, GREY) for one in colours(seen, west, east))
    seen.page.evaluate("renewalGeo.map.panBy([-150, 30], {animate: false})")
    moved = screen(seen, "EPSG:4547", [(512_300, 2_512_700), (512_700, 2_512_700)])
    first, second = colours(seen, *moved)
    assert close_to(first, GREY)
    assert close_to(second, BLUE)  # the map went on under the handle

    tool(seen, "前后对比").click()
    assert not handle.is_visible()
    assert all(close_to(one, BLUE) for one in colours(seen, *moved))
    assert seen.page.evaluate(hit, list(moved[0])) == ["new"]
    tool(seen, "前后对比").click()
    assert close_to(colours(seen, moved[0])[0], GREY)
    seen.sound()


# ---- the wall ----
def days(*numbers):
    return [pd.NaT if n is None else pd.Timestamp(DAY) + pd.Timedelta(days=n) for n in numbers]


def projects(*, as_of=DAY, count=7, seconds=60.0, names=None, shapeless=True):
    """Projects whose first gates are, in order: done, done late, overdue, soon, ahead, open, passed later."""
    shapes = [box(512_000 + 500 * k, 2_512_000, 512_300 + 500 * k, 2_512_300) for k in range(count)]
    if shapeless:
        shapes[-2] = None
    due = days(-40, -40, -35, 30, 31, None, -5)
    done = days(-41, -28, None, None, None, None, 3)
    table = pd.DataFrame({
        "name": names or [f"项目{k + 1}" for k in range(count)], "owner": ["甲", "乙"] * 3 + ["甲"],
        "area_m2": [10_000.0 * (k + 1) for k in range(count)],
        "listed": due, "listed_on": done, "due": days(20, 10, -1, 0, 400, None, 5), "started": days(*[None] * 7),
    })  # fmt: skip
    columns = (
        MapColumn("name", Text("项目", "Project")), MapColumn("owner", Text("主体", "Developer")),
        MapColumn("area_m2", Text("面积", "Area"), "number"), MapColumn("listed", same("listed"), "date"),
        MapColumn("listed_on", same("listed_on"), "date"), MapColumn("due", same("due"), "date"),
        MapColumn("started", same("started"), "date"),
    )  # fmt: skip
    gates = (
        ask.Gate(Text("计划", "Listed"), "listed", "listed_on"),
        ask.Gate(Text("开工", "Started"), "due", "started"),
    )
    return spec_of(
        layer_of(shapes, columns=columns, values=table),
        as_of=as_of,
        totals=(
            ask.Total("n", Text("项目数", "Projects"), "projects", unit=Text("个", "")),
            ask.Total("ha", Text("面积", "Area"), "projects", "area_m2", unit=Text("公顷", "ha"), factor=1e-4, decimals=1),
            ask.Total("jia", Text("甲占比", "Share of A"), "projects", "area_m2", (ask.Where("owner", ("甲",)),), (), decimals=1),
        ),
        deadlines=ask.Deadlines(Text("开工督办", "To be started"), "projects", "due", ("name",)) if as_of else None,
        wall=ask.Wall("projects", "name", ("owner", "area_m2"), gates, seconds=seconds),
    )  # fmt: skip


def gate(seen, number=0):
    node = seen.page.locator(".gate").nth(number)
    return node.get_attribute("data-state"), node.locator(".state").inner_text()


def card(seen):
    return seen.page.locator(".wall-card h2").inner_text()


def on_wall(visit, spec, **options):
    seen = visit(Page(spec), **options)
    seen.page.evaluate("location.hash = 'wall'")
    seen.page.wait_for_selector("body.walled .wall-card h2")
    return seen


def test_the_wall_reckons_gates_from_the_data_day(visit):
    seen = on_wall(visit, projects())
    said = []
    for _ in range(6):
        said.append((card(seen), *gate(seen)))
        seen.page.keyboard.press("ArrowRight")
    assert said == [
        ("项目1", "done", "已完成"),
        ("项目2", "done", "已完成 · 晚 12 天"),
        ("项目3", "overdue", "逾期 35 天"),
        ("项目4", "soon", "剩 30 天"),
        ("项目5", "ahead", "剩 31 天"),
        (
            "项目7",
            "overdue",
            "逾期 5 天",
        ),  # project 6 has no shape; 7 was passed after the data day
    ]
    assert card(seen) == "项目1"  # round again
    assert "2020-05-20" in seen.page.locator(".gate").first.inner_text()
    assert seen.page.locator(".wall-foot .count").inner_text() == "1 / 6"
    seen.page.keyboard.press("ArrowLeft")
    assert card(seen) == "项目7"
    assert "数据截至 2020-06-30" in seen.page.locator(".wall-head").inner_text()
    seen.sound()


def test_the_wall_does_not_depend_on_the_clock_of_its_reader(visit):
    seen = on_wall(visit, projects())
    seen.page.keyboard.press("ArrowRight")
    seen.page.keyboard.press("ArrowRight")
    wall = "Array.from(document.querySelectorAll('.wall')).map(n => n.innerText).join()"
    before = seen.page.evaluate(wall)
    seen.page.evaluate(
        """() => { const Real = Date; window.Date = class extends Real {
          constructor(...a) { if (a.length) { super(...a); } else { super(4e12); } } static now() { return 4e12; } }; }"""
    )
    seen.page.keyboard.press("ArrowLeft")
    seen.page.keyboard.press("ArrowRight")
    assert seen.page.evaluate(wall) == before
    assert "逾期 35 天" in before
    bare = on_wall(visit, projects(as_of=None))
    bare.page.keyboard.press("ArrowRight")
    assert gate(bare)[0] == "done"
    bare.page.keyboard.press("ArrowRight")
    assert gate(bare) == ("unknown", "未注明数据日期")
    bare.sound()


def test_the_walls_tiles_and_deadlines_are_those_of_the_table(visit):
    spec = projects()
    seen = on_wall(visit, spec)
    shown = [
        re.sub(r"[^\d.]", "", t) for t in seen.page.locator(".wall-tiles dd").all_inner_texts()
    ]
    expected = [f"{ask.total(spec, one):.{one.decimals}f}" for one in spec.totals]
    assert shown == expected
    rows = seen.page.locator(".wall-due li").all_inner_texts()
    assert [re.sub(r"\s+", " ", row.strip()) for row in rows] == [
        "项目3 2020-06-29 逾期 1 天", "项目4 2020-06-30 数据日到期", "项目7 2020-07-05 剩 5 天",
        "项目2 2020-07-10 剩 10 天", "项目1 2020-07-20 剩 20 天", "项目5 2021-08-04 剩 400 天",
    ]  # fmt: skip
    assert "乙" not in seen.page.locator(".wall-card").inner_text()
    seen.page.evaluate(
        "renewalGeo.keep(renewalGeo.data.layers[0], 'test', i => renewalGeo.data.layers[0].columns[1].text(i) === '乙')"
    )
    wait_until(seen, "document.querySelector('.wall-foot .count').textContent === '1 / 2'")
    assert card(seen) == "项目2"
    assert (
        seen.page.locator(".wall-tiles dd").first.inner_text().startswith("3")
    )  # one has no shape
    seen.sound()


def test_the_wall_goes_on_by_itself_and_stops_when_told(visit):
    seen = on_wall(visit, projects(seconds=3.0))
    wait_until(seen, "document.querySelector('.wall-card h2').textContent === '项目2'")
    there = gpd.GeoSeries([Point(512_650, 2_512_150)], crs=4547).to_crs(4326)[0]
    wait_until(
        seen, f"renewalGeo.map.distance(renewalGeo.map.getCenter(), [{there.y}, {there.x}]) < 5"
    )
    seen.page.get_by_role("button", name="暂停（空格）").click()
    at = card(seen)
    seen.page.wait_for_timeout(3600)
    assert card(seen) == at
    seen.page.locator("#renewal_geo").focus()
    seen.page.keyboard.press(" ")
    wait_until(seen, f"document.querySelector('.wall-card h2').textContent !== {at!r}")
    seen.sound()


def test_the_wall_is_entered_and_left_by_key(visit):
    seen = visit(Page(projects()))
    view = "(() => { const c = renewalGeo.map.getCenter(); return [c.lat, c.lng, renewalGeo.map.getZoom()]; })()"
    before = seen.page.evaluate(view)
    seen.page.locator("#renewal_geo").focus()
    seen.page.keyboard.press("w")
    seen.page.wait_for_selector("body.walled")
    for gone in ("#head", "#left", "#right", "#foot"):
        assert not seen.page.locator(gone).is_visible()
    assert "未经地图审核" in seen.page.locator(".wall-foot").inner_text()
    seen.page.keyboard.press("Escape")
    seen.page.wait_for_selector("body:not(.walled)")
    seen.page.wait_for_timeout(300)
    assert seen.page.evaluate(view) == pytest.approx(before, abs=1e-4)
    assert seen.page.locator("#head").is_visible()
    assert not seen.page.locator(".wall-card").is_visible()
    tool(seen, "挂图模式").click()
    seen.page.wait_for_selector("body.walled")
    seen.page.get_by_role("button", name="退出（Esc）").click()
    seen.page.wait_for_selector("body:not(.walled)")
    seen.sound()


def test_the_wall_is_large_and_fits(visit):
    for size in ((3840, 2160), (1920, 1080)):
        seen = on_wall(visit, projects(), size=size)
        smallest = seen.page.evaluate(
            """() => Math.min(...[".gate h3", ".gate .state", ".wall-card dd", ".wall-due .left", ".wall-tiles dd"]
              .map(s => parseFloat(getComputedStyle(document.querySelector(s)).fontSize)))"""
        )
        assert smallest >= 0.018 * size[1]  # 15 mm on a screen of 65 inches
        outside = seen.page.evaluate(
            """() => Array.from(document.querySelectorAll(".wall, .wall *")).filter(n => {
              const b = n.getBoundingClientRect();
              return b.width && (b.right > innerWidth + 1 || b.bottom > innerHeight + 1 || b.left < -1);
            }).map(n => n.className)"""
        )
        assert outside == []
        seen.sound()


def test_less_motion_is_respected(visit):
    seen = visit(Page(projects()))
    seen.page.emulate_media(reduced_motion="reduce")
    seen.page.keyboard.press("w")
    seen.page.wait_for_selector("body.walled .gate")
    names = seen.page.evaluate(
        "['.gate', '.wall-card > *', '.wall-foot .run i'].map(s => getComputedStyle(document.querySelector(s)).animationName)"
    )
    assert set(names) == {"none"}
    seen.page.keyboard.press("ArrowRight")
    assert card(seen) == "项目2"
    seen.sound()


def test_hostile_names_are_text_on_the_wall(drawn, visit):
    names = list(drawn.PAYLOADS)[:7]
    seen = on_wall(visit, projects(names=names))
    for _ in range(6):
        assert card(seen) in [re.sub(r"\s+", " ", n) for n in names]
        seen.page.keyboard.press("ArrowRight")
    assert seen.page.evaluate("window.__x") is None
    assert seen.page.locator(".wall img, .wall script").count() == 0
    seen.sound()
