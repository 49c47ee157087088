"""The planner's page: every figure equals the table, whatever is filtered, in both languages."""

import csv
import importlib.util
import io
import json
import re
import struct
import urllib.parse
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from renewal_geo.foundation import labels
from renewal_geo.maps.page import parts as page_parts
from renewal_geo.maps.page.folium_page import Page
from renewal_geo.maps.page.payload import TEXT_GROUPS
from renewal_geo.maps.spec import MapClass, Text, same

pytestmark = pytest.mark.browser
_there = importlib.util.spec_from_file_location(
    "drawn_projects", Path(__file__).parents[1] / "drawn_projects.py"
)
drawn_projects = importlib.util.module_from_spec(_there)
_there.loader.exec_module(drawn_projects)
DESK, PHONE = (1440, 900), (390, 844)


@pytest.fixture
def table():
    return drawn_projects.table()


@pytest.fixture
def seen(table, visit):
    return visit(Page(drawn_projects.spec(table)), size=DESK)


# ---- what the page says ----
def number(text):
    return float(re.sub(r"[^\d.\-]", "", text) or "nan")


def legend(seen):
    rows = seen.page.locator("button.class[data-layer=parcels]")
    found = {}
    for k in range(rows.count()):
        area, count = rows.nth(k).locator(".num").inner_text().split("·")
        found[rows.nth(k).get_attribute("data-value")] = (number(area), int(number(count)))
    return found


def totals(seen):
    cards = seen.page.locator("[data-total]")
    return {
        cards.nth(k).get_attribute("data-total"): number(
            cards.nth(k).locator(".figure").inner_text()
        )
        for k in range(cards.count())
    }


def bars(seen):
    lines = seen.page.locator("[data-bars=streets] .bar")
    return {
        lines.nth(k).get_attribute("data-value"): number(lines.nth(k).locator(".num").inner_text())
        for k in range(lines.count())
    }


def deadlines(seen):
    rows = seen.page.locator("table.deadlines tbody tr")
    return [re.split(r"\s*\t\s*", rows.nth(k).inner_text()) for k in range(rows.count())]


def months(seen):
    return seen.page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("svg.months g")]
            .map(g => [g.dataset.month, Number(g.dataset.count)]).filter(([, n]) => n))"""
    )


# ---- what the table says ----
def check(seen, kept, histogram=None, classes_on=tuple(drawn_projects.STATES)):
    """Compare everything that the page says with the rows `kept` of the table."""
    by = kept.groupby("state")["area_m2"]
    for state, (area, count) in legend(seen).items():
        assert abs(area - by.sum().get(state, 0.0) / 1e4) < 0.0051
        assert count == by.size().get(state, 0)
    rows = kept[kept["state"].isin(classes_on)]
    ready = rows["state"] == drawn_projects.DONE
    days = (rows["due"] - pd.Timestamp(drawn_projects.AS_OF)).dt.days
    said = totals(seen)
    assert said["count"] == len(rows)
    assert said["area"] == pytest.approx(rows["area_m2"].sum() / 1e4, abs=0.0501)
    share = 100 * rows.loc[ready, "area_m2"].sum() / rows["area_m2"].sum() if len(rows) else None
    if share is not None:
        assert said["stocked"] == pytest.approx(share, abs=0.0501)
    soon = rows.loc[days.between(0, 30) & ~ready, "area_m2"].sum() / 1e4
    assert said["soon"] == pytest.approx(soon, abs=0.00501)
    streets = rows.groupby("street")["area_m2"].sum() / 1e4
    shown = bars(seen)
    for street, area in shown.items():
        if street is not None:
            assert area == pytest.approx(streets.get(street, 0.0), abs=0.0501)
    others = streets[[s for s in streets.index if s not in shown]].sum()
    assert shown[None] == pytest.approx(others, abs=0.0501)
    open_rows = rows[~ready & rows["due"].notna()].sort_values("due", kind="stable")
    lines = deadlines(seen)
    assert [line[0] for line in lines] == open_rows["parcel_id"].tolist()
    assert [line[2] for line in lines] == open_rows["due"].dt.strftime("%Y-%m-%d").tolist()
    left = (open_rows["due"] - pd.Timestamp(drawn_projects.AS_OF)).dt.days
    for line, day in zip(lines, left, strict=True):
        assert ("逾期" in line[3] or "late" in line[3]) == (day < 0)
        assert day == 0 or number(line[3].replace("-", "")) == abs(day)
    month = (rows if histogram is None else histogram)["due"].dropna().dt.strftime("%Y-%m")
    assert months(seen) == month.value_counts().to_dict()


def tick(seen, column, *values):
    fold = seen.page.locator(f"details.filter[data-column={column}]")
    if fold.get_attribute("open") is None:
        fold.locator("summary").click()
    for value in values:
        fold.locator("label.value", has=seen.page.get_by_text(value, exact=True)).click()


def left(seen):
    return seen.page.locator("#chips .left").inner_text()


def test_every_figure_equals_the_table(table, seen):
    check(seen, table)
    assert left(seen) == "共 150 条"
    foot = seen.page.inner_text("#foot")
    for said in (
        "未经地图审核",
        "移交台账",
        "2020-06-30",
        "EPSG:4547",
        "移交规则 2020 版",
        "abababab",
    ):
        assert said in foot
    seen.sound()


def test_every_figure_follows_the_filters(table, seen):
    tick(seen, "street", "平湖", "坂田", "布吉")
    kept = table[table["street"].isin(["平湖", "坂田", "布吉"])]
    check(seen, kept)
    assert left(seen) == f"150 条中的 {len(kept)} 条"
    seen.page.locator("[data-column=price] summary").click()
    seen.page.fill("[data-column=price] input[data-side=from]", "4.5")
    seen.page.keyboard.press("Tab")
    kept = kept[kept["price"] >= 4.5]
    check(seen, kept)
    seen.page.locator("[data-column=legal] summary").click()
    seen.page.fill("[data-column=legal] input[data-side=to]", "80")  # per cent, as it is printed
    seen.page.keyboard.press("Tab")
    kept = kept[kept["legal"] <= 0.8]
    check(seen, kept)
    seen.page.locator("[data-column=due] summary").click()
    seen.page.fill("[data-column=due] input[data-side=from]", "2020-05-01")
    seen.page.keyboard.press("Tab")
    kept = kept[kept["due"] >= "2020-05-01"]
    check(seen, kept)
    assert f"150 条中的 {len(kept)} 条" in seen.page.locator("#said").inner_text()
    assert seen.page.locator("#chips .chip").count() == 4
    share = kept["area_m2"].sum() / table["area_m2"].sum()
    assert f"占全部 {100 * share:.1f} %" in seen.page.locator("[data-total=area]").inner_text()
    seen.page.locator("#chips .chip").first.click()
    assert seen.page.locator("#chips .chip").count() == 3
    seen.page.click("#clear_all")
    check(seen, table)
    assert seen.page.locator("#chips .chip").count() == 0
    seen.sound()


def test_a_class_that_is_off_is_in_no_figure_but_keeps_its_own(table, seen):
    seen.page.locator("button.class[data-value=受阻]").click()
    on = [s for s in drawn_projects.STATES if s != "受阻"]
    check(seen, table, classes_on=on)
    assert left(seen) == f"150 条中的 {table['state'].isin(on).sum()} 条"
    seen.page.locator("#chips .chip").click()
    check(seen, table)
    seen.sound()


def test_the_counts_of_a_filter_are_those_of_the_other_filters(table, seen):
    tick(seen, "street", "平湖")
    tick(seen, "open", "是")
    kept = table[(table["street"] == "平湖") & table["open"]]
    check(seen, kept)
    rows = seen.page.locator("[data-column=street] label.value")
    said = {
        r.locator(".name").inner_text(): number(r.locator(".num").inner_text()) for r in rows.all()
    }
    assert (
        said == table[table["open"]].groupby("street").size().reindex(said, fill_value=0).to_dict()
    )
    seen.page.fill("[data-column=street] input[type=search]", "龙")
    assert sorted(
        r.inner_text() for r in seen.page.locator("[data-column=street] .value .name").all()
    ) == ["宝龙", "龙城", "龙岗", "龙田"]
    tick(seen, "note", "（空）")
    check(seen, kept[kept["note"] == ""])
    seen.sound()


def test_a_bar_filters_by_its_value(table, seen):
    bar = seen.page.locator("[data-bars=streets] button").first
    street = bar.get_attribute("data-value")
    assert street == table.groupby("street")["area_m2"].sum().idxmax()
    bar.focus()
    seen.page.keyboard.press("Enter")
    check(seen, table[table["street"] == street])
    assert seen.page.evaluate("document.activeElement.dataset.value") == street
    seen.page.keyboard.press("Enter")
    check(seen, table)
    seen.sound()


def test_the_cut_off_leaves_out_what_is_later_and_keeps_what_has_no_day(table, seen):
    slider = seen.page.locator("#cut")
    slider.focus()
    for _ in range(40):
        seen.page.keyboard.press("PageDown")
    for _ in range(3):
        seen.page.keyboard.press("ArrowRight")
    seen.page.wait_for_timeout(100)
    day = table["due"].min() + pd.Timedelta(days=3)
    assert slider.get_attribute("aria-valuetext") == f"截至 {day:%Y-%m-%d}"
    check(seen, table[~(table["due"] > day)], histogram=table)
    seen.page.get_by_role("button", name="恢复").click()
    check(seen, table)
    seen.page.locator("svg.months g").nth(2).click()
    month = table["due"].min().to_period("M") + 2
    seen.page.wait_for_timeout(50)
    check(seen, table[~(table["due"] > month.end_time)], histogram=table)
    seen.sound()


def test_another_scheme_has_its_own_legend(table, seen):
    seen.page.focus("select[data-scheme=parcels]")
    seen.page.select_option("select[data-scheme=parcels]", label="用地性质")
    assert seen.page.evaluate("document.activeElement.dataset.scheme") == "parcels"
    by = table.groupby("use")["area_m2"]
    found = legend(seen)
    assert list(found) == list(drawn_projects.USES)
    for use, (area, count) in found.items():
        assert abs(area - by.sum()[use] / 1e4) < 0.0051
        assert count == by.size()[use]
    tick(seen, "street", "平湖")
    assert sum(count for _, count in legend(seen).values()) == (table["street"] == "平湖").sum()
    assert totals(seen)["count"] == (table["street"] == "平湖").sum()
    seen.sound()


def test_layers_stand_in_groups(seen):
    group = seen.page.locator("button.row.group")
    assert group.get_attribute("aria-pressed") == "mixed"
    group.click()
    river = seen.page.locator("button.head[data-layer=river]")
    assert river.get_attribute("aria-pressed") == "true"
    group.click()
    assert river.get_attribute("aria-pressed") == "false"
    assert group.get_attribute("aria-pressed") == "false"
    seen.sound()


# ---- search ----
def test_search_by_keyboard_leads_to_the_row(seen):
    field = seen.page.locator("#search")
    field.focus()
    seen.page.keyboard.type("ｇｂ0001")  # full width, small letters
    seen.page.wait_for_selector("#results li")
    assert seen.page.locator("#results li").count() == 10
    assert "10" in seen.page.locator("#said").inner_text()
    seen.page.keyboard.press("ArrowDown")
    seen.page.keyboard.press("ArrowDown")
    assert seen.page.locator("#results li[aria-selected=true] .name").inner_text() == "GB00011"
    seen.page.keyboard.press("ArrowUp")
    seen.page.keyboard.press("Enter")
    assert "GB00010" in seen.popup()
    assert not seen.page.locator("#results").is_visible()
    field.fill("更新单元03")
    seen.page.wait_for_selector("#results li")
    assert seen.page.locator("#results li").count() == 13
    field.fill("nowhere")
    seen.page.wait_for_timeout(250)
    assert "没有找到" in seen.page.inner_text("#left")
    field.fill("GB00149")  # has no shape
    seen.page.wait_for_selector("#results li")
    seen.page.keyboard.press("Enter")
    assert "没有图形" in seen.page.inner_text("#left")
    seen.sound()


def test_a_deadline_leads_to_its_parcel(seen):
    button = seen.page.locator("table.deadlines button.go").first
    name = button.inner_text()
    button.click()
    assert name in seen.popup()
    seen.page.keyboard.press("Escape")
    assert seen.page.locator(".leaflet-popup").count() == 0
    seen.sound()


def test_more_deadlines_than_there_is_room_for_are_counted(table, visit):
    many = pd.concat([table] * 4, ignore_index=True)
    seen = visit(Page(drawn_projects.spec(many)), size=DESK)
    open_rows = (many["due"].notna() & (many["state"] != drawn_projects.DONE)).sum()
    assert seen.page.locator("table.deadlines tbody tr").count() == 200
    assert f"另有 {open_rows - 200} 条" in seen.page.inner_text("[data-fold=deadlines]")
    assert f"共 {open_rows}" in seen.page.inner_text("[data-fold=deadlines]")
    seen.sound()


# ---- links ----
def address_of(seen):
    """Return the address once it has come to rest: it follows the view after a while."""
    now, before = "", None
    while now != before or "at=" not in now:
        seen.page.wait_for_timeout(700)
        now, before = seen.page.evaluate("location.hash"), now
    return now


def revisit(seen, hashed):
    seen.page.goto("about:blank")
    seen.page.goto(seen.file.as_uri() + hashed)
    seen.page.wait_for_selector("html[data-ready=true]", state="attached")


def test_a_link_restores_the_view(table, seen):
    tick(seen, "street", "平湖", "坂田")
    seen.page.locator("[data-column=area_m2] summary").click()
    seen.page.fill("[data-column=area_m2] input[data-side=to]", "40000")
    seen.page.keyboard.press("Tab")
    seen.page.select_option("select[data-scheme=parcels]", label="用地性质")
    seen.page.locator("button.class[data-value=G1]").click()
    seen.page.locator("button.head[data-layer=river]").click()
    seen.page.locator("svg.months g").nth(8).click()
    seen.page.click("#switch")
    name = seen.page.locator("table.deadlines button.go").nth(1).inner_text()
    seen.page.locator("table.deadlines button.go").nth(1).click()
    seen.page.evaluate("renewalGeo.map.panBy([30, 20], {animate: false})")
    state = """() => ({centre: renewalGeo.map.getCenter(), zoom: renewalGeo.map.getZoom(),
        left: document.querySelector("#left").innerText, right: document.querySelector("#right").innerText,
        bottom: document.querySelector("#bottom").innerText, popup: document.querySelector(".leaflet-popup-content").innerText})"""
    hashed, before = address_of(seen), seen.page.evaluate(state)
    revisit(seen, hashed)
    after = seen.page.evaluate(state)
    assert name in after["popup"]
    for side in ("lat", "lng"):
        assert after["centre"][side] == pytest.approx(before["centre"][side], abs=2e-6)
    assert after["zoom"] == before["zoom"]
    assert {k: after[k] for k in ("right", "bottom", "popup")} == {
        k: before[k] for k in ("right", "bottom", "popup")
    }
    assert left(seen) in before["left"]
    assert seen.page.get_attribute("html", "lang") == "en"
    assert (
        seen.page.locator("button.head[data-layer=river]").get_attribute("aria-pressed") == "true"
    )
    assert seen.page.locator("button.class[data-value=G1]").get_attribute("aria-pressed") == "false"
    assert seen.errors == []


@pytest.mark.parametrize(
    "hashed",
    [
        "#v=999,1,2&lang=<img>&on=5&off=[[]]&scheme=[1,[2]]&hide=%5B%5B%22parcels%22%5D%5D&at=%5B%22x%22,1%5D",
        "#v=1e9,NaN,3&filter=%5B%5B%22parcels%22%2C%22street%22%2C%5B%22nowhere%22%5D%5D%5D&cut=2020-99-99",
        "#filter=" + urllib.parse.quote(json.dumps([["parcels", "price", "1", {}], ["parcels", "area_m2", None, None], None, 7])),
        "#%E0%A4%A&=&&v&at=" + urllib.parse.quote(json.dumps(["parcels", 1e9])),
        "#at=" + urllib.parse.quote(json.dumps(["__proto__", "constructor"])) + "&hide={}",
        "#filter=" + urllib.parse.quote(json.dumps([["parcels", "__proto__", ["x"]]])),
    ],
)  # fmt: skip
def test_a_broken_link_is_passed_over(table, seen, hashed):
    revisit(seen, hashed)
    check(seen, table)
    assert seen.page.locator(".leaflet-popup").count() == 0
    assert seen.errors == []
    assert seen.console == []


def test_a_pasted_link_takes_the_place_of_the_view(table, seen):
    tick(seen, "street", "平湖")
    wish = urllib.parse.quote(json.dumps([["parcels", "street", ["坂田"]]], ensure_ascii=False))
    seen.page.evaluate("hash => { location.hash = hash; }", f"#filter={wish}")
    seen.page.wait_for_timeout(100)
    check(seen, table[table["street"] == "坂田"])
    assert seen.errors == []


# ---- exports ----
def saved(seen, act):
    seen.page.click("#export")
    with seen.page.expect_download() as waiting:
        seen.page.click(f"#menu button[data-act={act}]")
    return waiting.value


def test_csv_has_the_rows_that_are_left(table, seen):
    tick(seen, "street", "平湖", "坂田")
    kept = table[table["street"].isin(["平湖", "坂田"])]
    file = saved(seen, "csv")
    assert file.suggested_filename == "龙岗区城市更新土地移交作战图_移交宗地_2020-06-30.csv"
    raw = file.path().read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") == raw.count(b"\n") == len(kept) + 1
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    names = list(drawn_projects.TITLES)
    assert rows[0] == [drawn_projects.TITLES[n].zh for n in names]
    back = pd.DataFrame(rows[1:], columns=names)
    for name in ("parcel_id", "project", "street", "state", "note"):
        assert back[name].tolist() == kept[name].tolist()
    for name in ("area_m2", "price", "legal", "built"):
        assert np.allclose(pd.to_numeric(back[name]), kept[name].to_numpy(float), equal_nan=True)
    assert back["due"].tolist() == kept["due"].dt.strftime("%Y-%m-%d").fillna("").tolist()
    assert back["open"].tolist() == ["是" if v else "否" for v in kept["open"]]
    seen.sound()


FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    'a "b", c',
    "two\r\nlines",
    "plain",
    "'quoted",
)


def test_csv_runs_no_formula_in_a_spreadsheet(table, visit):
    table["note"] = [FORMULAS[k % len(FORMULAS)] for k in range(len(table))]
    table["price"] = -1.5
    seen = visit(Page(drawn_projects.spec(table, title=same("=cmd|'/c calc'!A1"))), size=DESK)
    file = saved(seen, "csv")
    rows = list(csv.reader(io.StringIO(file.path().read_bytes().decode("utf-8-sig"), newline="")))
    assert {len(row) for row in rows} == {len(drawn_projects.TITLES)}
    notes = [row[-1] for row in rows[1:]]
    wanted = [f"'{t}" if t[0] in "=+-@\t\r" else t for t in table["note"]]
    assert notes == wanted
    assert {row[5] for row in rows[1:]} == {"-1.5"}  # a number stays one
    assert not set(file.suggested_filename) & set('/\\:*?"<>|')
    seen.sound()


def test_the_picture_has_the_map_and_its_frame(seen):
    raw = saved(seen, "picture").path().read_bytes()
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    wide, high = struct.unpack(">II", raw[16:24])
    box = seen.page.locator("#stage").bounding_box()
    assert wide > box["width"]
    assert high > box["height"]
    seen.sound()


def test_the_link_is_copied(seen):
    seen.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tick(seen, "street", "平湖")
    seen.page.click("#export")
    seen.page.click("#menu button[data-act=link]")
    seen.page.wait_for_selector("#toast:not([hidden])")
    assert seen.page.locator("#said").inner_text() == "链接已复制"
    text = urllib.parse.unquote(seen.page.evaluate("navigator.clipboard.readText()"))
    assert text.startswith(seen.file.as_uri())
    assert '[["parcels","street",["平湖"]]]' in text
    seen.sound()


# ---- languages, sizes, hands ----
def test_the_switch_keeps_what_was_asked(table, seen):
    tick(seen, "street", "平湖")
    seen.page.click("#switch")
    assert seen.page.evaluate("document.activeElement.id") == "switch"
    check(seen, table[table["street"] == "平湖"])
    everything = seen.page.inner_text("body")
    for said in ("Land handover of urban renewal", "Key figures", "Sub-district: 平湖", "Handover state",
                 "Internal – map not reviewed", "Data as of 2020-06-30", "Deadlines by month"):  # fmt: skip
        assert said in everything
    own = "".join(table[["project", "street", "state"]].to_numpy().ravel()) + "移交台账中文"
    assert [c for c in everything if "\u4e00" <= c <= "\u9fff" and c not in own] == []
    seen.page.click("#switch")
    assert "关键指标" in seen.page.inner_text("#right")
    seen.sound()


def test_the_keyboard_reaches_everything(seen):
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("document.activeElement.id") == "skip"
    seen.page.keyboard.press("Enter")
    assert seen.page.evaluate("document.activeElement.id") == "renewal_geo"
    seen.page.focus("#export")
    seen.page.keyboard.press("Enter")
    assert seen.page.evaluate("document.activeElement.dataset.act") == "link"
    seen.page.keyboard.press("Escape")
    assert seen.page.evaluate("document.activeElement.id") == "export"
    assert not seen.page.locator("#menu").is_visible()
    reached = set()
    seen.page.focus("#skip")
    for _ in range(200):
        seen.page.keyboard.press("Tab")
        reached.add(
            seen.page.evaluate(
                "document.activeElement.closest('[id]') && document.activeElement.closest('#left, #right, #bottom, #head, #stage')?.id"
            )
        )
    assert {"left", "right", "bottom", "head", "stage"} <= reached
    seen.sound()


def test_a_phone_has_drawers_and_large_targets(table, visit):
    seen = visit(Page(drawn_projects.spec(table)), size=PHONE)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    for side in ("left", "right"):
        button = seen.page.locator(f"button[aria-controls={side}]")
        assert not seen.page.locator(f"#{side}").is_visible()
        button.click()
        assert seen.page.locator(f"#{side}").is_visible()
        assert button.get_attribute("aria-expanded") == "true"
        small = seen.page.evaluate(
            """id => [...document.querySelectorAll(`#${id} button, #${id} select, #${id} summary, #${id} label, #head button`)]
              .filter(n => n.offsetParent && n.getBoundingClientRect().height < 43.5).map(n => n.outerHTML.slice(0, 90))""",
            side,
        )
        assert small == []
        seen.page.keyboard.press("Escape")
        assert not seen.page.locator(f"#{side}").is_visible()
        assert seen.page.evaluate("document.activeElement.getAttribute('aria-controls')") == side
    assert seen.page.locator("#stage").bounding_box()["height"] > 350
    seen.page.locator("button[aria-controls=right]").click()
    seen.page.locator("table.deadlines button.go").first.click()
    assert not seen.page.locator("#right").is_visible()  # it would hide what it leads to
    box = seen.page.locator(".leaflet-popup").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE[0]
    seen.sound()


def test_paper_has_map_legend_and_footer(table, seen):
    tick(seen, "street", "平湖")
    seen.page.evaluate("window.print = () => window.dispatchEvent(new Event('printed'))")
    seen.page.emulate_media(media="print")
    seen.page.evaluate("""() => new Promise(done => {
      window.addEventListener("printed", done, {once: true});
      document.getElementById("export").click();
      document.querySelector("#menu [data-act=print]").click();
    })""")
    for hidden in ("#right", "#bottom", "#head .acts", "#search", ".tools"):
        assert not seen.page.locator(hidden).first.is_visible()
    for shown in ("h1", "#stage", "#left .class", "#foot .unreviewed"):
        assert seen.page.locator(shown).first.is_visible()
    boxes = {i: seen.page.locator(i).bounding_box() for i in ("#stage", "#left", "#foot", "#head")}
    assert boxes["#stage"]["x"] + boxes["#stage"]["width"] <= boxes["#left"]["x"] + 1
    assert boxes["#foot"]["y"] >= boxes["#stage"]["y"] + boxes["#stage"]["height"] - 1
    assert boxes["#foot"]["x"] == 0
    seen.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    seen.page.emulate_media(media="screen")
    assert seen.page.locator("#right").is_visible()
    seen.sound()


def test_a_map_without_questions_has_no_empty_panels(table, visit):
    bare = drawn_projects.parcels(table, filters=(), search=(), schemes=(), scheme=None, area="")
    seen = visit(Page(drawn_projects.spec(table, layers=(bare,), totals=(), bars=(), deadlines=None,
                                          timeline=None, rules=None)), size=DESK)  # fmt: skip
    assert not seen.page.locator("#right").is_visible()
    assert not seen.page.locator("#bottom").is_visible()
    assert not seen.page.locator("#chips").is_visible()
    assert seen.page.locator("#left h2").count() == 1
    box = seen.page.locator("#stage").bounding_box()
    assert box["x"] + box["width"] == DESK[0]
    sums = table.groupby("state")["area_m2"]
    for state, (area, count) in legend(seen).items():  # the spec's own figures
        assert abs(area - sums.sum()[state] / 1e4) < 0.0051
        assert count == sums.size()[state]
    seen.sound()


def test_long_and_hostile_texts_do_not_break_the_page(table, visit, drawn):
    table["note"] = "长" * 10_000
    table.loc[0, "project"] = drawn.PAYLOADS[0]
    table.loc[1, "street"] = drawn.PAYLOADS[1]
    long_name = "a_field_name_of_thirty_letters"
    assert len(long_name) == 30
    layer = drawn_projects.parcels(table)
    columns = tuple(
        c if c.name != "price" else type(c)(c.name, same(long_name), c.form, c.decimals)
        for c in layer.columns
    )
    layer = drawn_projects.parcels(table, columns=columns)
    seen = visit(
        Page(
            drawn_projects.spec(
                table, layers=(layer,), title=same("<b>title</b><img src=x onerror=window.__x=1>")
            )
        ),
        size=DESK,
    )
    assert "<b>title</b>" in seen.page.inner_text("h1")
    seen.page.evaluate("renewalGeo.map.setZoom(17, {animate: false})")
    seen.page.fill("#search", drawn.PAYLOADS[0])
    seen.page.wait_for_selector("#results li")
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_selector(".leaflet-popup")
    stage, popup = (seen.page.locator(s).bounding_box() for s in ("#stage", ".leaflet-popup"))
    assert popup["height"] < stage["height"]
    assert popup["width"] < stage["width"]
    seen.page.locator("[data-column=street] summary").click()
    seen.page.click("#switch")
    for side in ("#left", "#right", "body"):
        assert (
            seen.page.evaluate(
                "s => { const n = document.querySelector(s); return n.scrollWidth - n.clientWidth; }",
                side,
            )
            <= 1
        )
    assert seen.page.evaluate("window.__x") is None
    assert seen.page.locator("body img").count() == 0
    seen.sound()


def test_a_legend_of_500_classes_scrolls_and_is_searched(table, visit):
    classes = tuple(
        MapClass(f"c{k}", Text(f"类别{k}", f"class {k}"), f"#{(k * 7919) % 0xFFFFFF:06x}")
        for k in range(500)
    )
    class_of = (np.arange(len(table)) % 500).astype(np.int32)
    layer = drawn_projects.parcels(table, classes=classes, class_of=class_of, schemes=())
    seen = visit(Page(drawn_projects.spec(table, layers=(layer,))), size=DESK)
    entries = seen.page.locator(".entries.long")
    assert entries.evaluate("n => n.clientHeight < 400 && n.scrollHeight > 5000")
    seen.page.fill(".narrow input", "类别14")
    assert entries.locator("button:visible").count() == 11
    seen.page.click(".narrow button:nth-of-type(2)")
    assert totals(seen)["count"] == len(table) - 11
    seen.page.fill(".narrow input", "")
    seen.page.click(".narrow button:nth-of-type(2)")
    assert totals(seen)["count"] == 0
    seen.page.click(".narrow button:nth-of-type(1)")
    assert totals(seen)["count"] == len(table)
    seen.sound()


def test_no_rows_and_no_days_still_make_a_page(table, visit):
    none = visit(
        Page(drawn_projects.spec(table.iloc[:0], layers=(drawn_projects.parcels(table.iloc[:1]),))),
        size=DESK,
    )
    assert totals(none)["count"] == 1
    none.sound()
    table["due"] = pd.NaT
    seen = visit(Page(drawn_projects.spec(table, as_of=None)), size=DESK)
    assert "没有取值" in seen.page.inner_text("#bottom")
    assert totals(seen)["count"] == len(table)
    seen.sound()


# ---- the scripts themselves ----
def test_scripts_share_no_name_and_every_text_is_there():
    texts = [k.split(".", 1)[1] for k in labels.texts() if k.split(".")[0] in TEXT_GROUPS]
    assert sorted(set(texts)) == sorted(texts)
    names, keys = [], set()
    for script in page_parts.SCRIPTS:
        text = page_parts.asset(f"page/{script}.js")
        names += re.findall(r"^(?:function\*?|const|let)\s+(\w+)", text, re.MULTILINE)
        keys |= set(re.findall(r'\bword\("(\w+)"', text))
    assert sorted(set(names)) == sorted(names)
    assert keys - set(texts) == set()
