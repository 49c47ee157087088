"""The planner's zones beside the robust ones: sheets whose formulas close, in both languages."""

import io
import math
import re

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from shapely import box

from renewal_geo.contiguity import connect
from renewal_geo.foundation.labels import label
from renewal_geo.report import zone_workbook
from renewal_geo.zones import contrast, delineate, robustness

SHEETS = ("contrast", "zones", "parcels")
LIMITS = {"area_budget_ha": 4.0, "min_area_ha": 1.0, "time_limit_s": 20.0, "gap": 0.0, "workers": 1}
PASSED = ["score", "score_robust", "top_share", "stability", "is_vetoed", "is_pilot"]
REFERENCE = re.compile(r"(?:'([^']+)'!)?([A-Z]+)(\d+)(?::([A-Z]+)(\d+))?")


@pytest.fixture(scope="module")
def pair():
    """Two rows of parcels of 1 ha and a bit; the robust value leaves the west and likes the east."""
    side = 100.0317
    cells = [(c, r) for r in range(2) for c in range(5)]
    shapes = [box(5e5 + side * c, side * r, 5e5 + side * (c + 1), side * (r + 1)) for c, r in cells]
    parcels = gpd.GeoDataFrame(
        {
            "score": [5.0 - c for c, _ in cells],
            "score_robust": [1.0 if c in (0, 2) else 3.0 for c, _ in cells],
            "top_share": [0.1 * c for c, _ in cells],
            "stability": ["=1+1" if c else "never" for c, _ in cells],
            "is_vetoed": False,
            "is_pilot": [c == 0 for c, _ in cells],
        },
        geometry=shapes, crs="EPSG:4547",
        index=pd.Index([f"{c}-{r}" for c, r in cells], name="parcel_id"),
    )  # fmt: skip
    links = connect(parcels)
    budget = {**LIMITS, "area_budget_ha": 4.01}
    planned, robust = (
        delineate(parcels, links, value=one, **budget) for one in ("score", "score_robust")
    )
    return planned, robust


@pytest.fixture(scope="module")
def compared(pair):
    planned = pair[0].parcels
    values = pd.DataFrame({0: planned["score"], 1: planned["score_robust"]})
    return contrast(*pair, columns=PASSED, values=values)


def opened(content, **options):
    return openpyxl.load_workbook(io.BytesIO(content), **options)


def reckon(book, sheet, cell):
    """Evaluate our own formulas from the cells that they name."""
    text = sheet[cell].value
    if not isinstance(text, str) or not text.startswith("="):
        return text or 0.0

    def put(match):
        name, left, top, right, bottom = match.groups()
        on = book[name] if name else sheet
        if right is None:
            return repr(float(reckon(book, on, f"{left}{top}")))
        rows = on[f"{left}{top}:{right}{bottom}"]
        return repr([float(reckon(book, on, c.coordinate)) for row in rows for c in row])

    plain = REFERENCE.sub(put, text[1:])
    plain = re.sub(r"IF\((.+?)=0,(0|\"\"),(.+)\)", r"(\2 if \1==0 else \3)", plain)
    plain = plain.replace("SUBTOTAL(109,", "SUM(")
    return eval(plain, {"SUM": sum, "ABS": abs, "MAX": max})  # noqa: S307 - ours, in a test


def figures(sheet, lang="zh"):
    """Return the rows of the first sheet by their name."""
    names = {label(f"contrast.{n}", lang): n for n in (
        "zone_count", "parcel_count", "area_ha", "common_ha", "own_ha", "share_in_common", "outline_m",
        "value_planned", "net_value_planned", "value_robust", "net_value_robust", "net_value_mean",
        "net_value_often", "better_share", "objective", "bound", "gap", "status",
    )}  # fmt: skip
    rows = sheet.iter_rows(min_row=4, max_col=4, values_only=True)
    return {names[row[0]]: row[1:] for row in rows if row[0] in names}


def column(sheet, title):
    head = [c.value for c in sheet[3]]
    rows = sheet.iter_rows(min_row=4, values_only=True)
    found = []
    for row in rows:
        if row[0] in {"合计", "Total"}:
            break
        found.append(row[head.index(title)])
    return found


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_three_sheets_in_both_languages(pair, compared, lang):
    book = opened(zone_workbook(pair[0], contrast=compared, lang=lang))
    titles = [label(f"contrast.{name}", lang) for name in SHEETS]
    assert book.sheetnames[-3:] == titles
    first = book[titles[0]]
    said = compared.sentence_zh if lang == "zh" else compared.sentence_en
    assert first["A2"].value.casefold().startswith(said.casefold())
    assert set(figures(first, lang)) == {
        "zone_count", "parcel_count", "area_ha", "common_ha", "own_ha", "share_in_common", "outline_m",
        "value_planned", "net_value_planned", "value_robust", "net_value_robust", "net_value_mean",
        "net_value_often", "better_share", "objective", "bound", "gap", "status",
    }  # fmt: skip
    for sheet in titles:
        for row in book[sheet].iter_rows(max_row=3, values_only=True):
            assert not any(isinstance(one, str) and "contrast" in one for one in row)


def test_every_formula_comes_out_as_reckoned(pair, compared):
    content = zone_workbook(pair[0], contrast=compared)
    book, stored = opened(content), opened(content, data_only=True)
    seen = 0
    for name in book.sheetnames[-3:]:
        for row in book[name].iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    value = stored[name][cell.coordinate].value
                    made = reckon(book, book[name], cell.coordinate)
                    assert (value or 0) == pytest.approx(made or 0, abs=1e-6)
                    seen += 1
    assert seen > 30


def test_totals_are_those_of_the_contrast(pair, compared):
    stored = opened(zone_workbook(pair[0], contrast=compared), data_only=True)
    first = figures(stored["稳健对比"])
    totals = compared.totals
    for name in ("value_planned", "net_value_planned", "value_robust", "net_value_robust",
                 "net_value_mean", "better_share", "objective", "bound", "gap"):  # fmt: skip
        assert first[name][:2] == pytest.approx(totals[name].tolist()[:2])
    area = [round(one / 1e4, 2) for one in totals["area_m2"]]
    assert first["area_ha"][:2] == pytest.approx(area[:2])
    assert first["common_ha"][:2] == pytest.approx([area[2]] * 2)
    assert first["own_ha"][0] == pytest.approx(area[0] - area[2])
    assert first["share_in_common"][0] == pytest.approx(compared.share_in_common, abs=0.002)
    apart = totals.loc["robust", "net_value_planned"] - totals.loc["planned", "net_value_planned"]
    assert first["net_value_planned"][2] == pytest.approx(apart)
    assert first["bound"][2] is None  # two proofs of two questions have no difference
    assert first["status"][:2] == ("已证明最优", "已证明最优")


def test_areas_add_up_as_printed(pair, compared):
    stored = opened(zone_workbook(pair[0], contrast=compared), data_only=True)
    sheet = stored["稳健对比 片区"]
    kept, lost, gained, whole = (
        column(sheet, label(f"contrast.{name}"))
        for name in ("kept_ha", "lost_ha", "gained_ha", "area_planned_ha")
    )
    assert [round(a + b, 2) for a, b in zip(kept, lost, strict=True)] == [
        round(x, 2) for x in whole
    ]
    own = [area for area, zone in zip(whole, column(sheet, "规划片区"), strict=True) if zone]
    assert own == column(stored["片区"], label("column.area_ha"))  # as on the sheet of zones
    robust = round(math.fsum(kept) + math.fsum(gained), 2)
    assert robust == round(compared.totals["area_m2"]["robust"] / 1e4, 2)
    moved = stored["稳健对比 宗地"]
    listed = column(stored["宗地与结论"], label("column.area_m2"))
    ids = column(stored["宗地与结论"], "宗地编号")
    area_of = dict(zip(ids, listed, strict=True))
    own = column(moved, "宗地编号")
    assert column(moved, label("column.area_m2")) == [area_of[one] for one in own]


def test_parcels_that_change_sides_say_why(pair, compared):
    sheet = opened(zone_workbook(pair[0], contrast=compared, lang="en"))[
        "Parcels that change sides"
    ]
    assert [c.value for c in sheet[3]] == [
        "Parcel id", "Change", "Planner's zone", "Robust zone", "Score",
        "Robust score (reached in 9 of 10 weightings)",
        "Share of weightings in which it is at the top", "How stable its rank is", "is_pilot",
        "Value per ha, by the planner's weighting", "Value per ha, by the robust score", "Net area (m²)",
    ]  # fmt: skip
    moved = compared.parcels[compared.parcels["side"] != "both"]
    assert sorted(column(sheet, "Parcel id")) == sorted(moved.index)
    sides = column(sheet, "Change")
    assert sides == sorted(sides)
    assert set(sides) == {"given up", "taken in"}
    at = dict(zip(column(sheet, "Parcel id"), column(sheet, "Score"), strict=True))
    assert at == moved["score"].to_dict()
    assert set(column(sheet, "How stable its rank is")) == {
        "=1+1",
        "never at the top",
    }  # a text stays one
    assert all(c.data_type != "f" for c in sheet["H"])


def test_no_zones_still_make_sheets(pair):
    parcels = pair[0].parcels[["geometry"]].assign(bad=-1.0)
    none = delineate(parcels, connect(parcels), value="bad", **LIMITS)
    never = delineate(parcels, connect(parcels), value="bad", **{**LIMITS, "min_area_ha": 99.0, "area_budget_ha": None})  # fmt: skip
    for ours, theirs in ((pair[0], none), (none, pair[0]), (none, none), (pair[0], never)):
        content = zone_workbook(ours, contrast=contrast(ours, theirs), lang="en")
        book, stored = opened(content), opened(content, data_only=True)
        first = figures(stored["Planner’s and robust zones"], "en")
        share = first["share_in_common"][0]
        assert share == 0
        assert [np.isfinite(one) for one in first["area_ha"]] == [True] * 3
        for name in book.sheetnames[-3:]:
            for row in book[name].iter_rows():
                for cell in row:
                    if cell.data_type == "f":
                        value = stored[name][cell.coordinate].value
                        made = reckon(book, book[name], cell.coordinate)
                        assert (value or 0) == pytest.approx(made or 0, abs=1e-6)
    assert first["objective"] == (pytest.approx(pair[0].objective), None, None)
    assert first["gap"][1] is None


def test_without_a_contrast_the_workbook_is_what_it_was(pair):
    assert zone_workbook(pair[0]) == zone_workbook(pair[0], contrast=None)


def test_the_same_contrast_gives_the_same_bytes(pair, compared):
    first = zone_workbook(pair[0], contrast=compared)
    assert first == zone_workbook(pair[0], contrast=compared)


def test_a_poor_search_is_said_on_the_sheet(pair, compared):
    turned = contrast(pair[0], pair[0])
    assert len(turned.parcels[turned.parcels["side"] != "both"]) == 0
    locked = delineate(
        pair[0].parcels[["score_robust", "geometry"]], connect(pair[0].parcels), value="score_robust",
        lock_in=["0-0", "2-0"], **LIMITS,
    )  # fmt: skip
    found = contrast(pair[1], locked)
    sheet = opened(zone_workbook(pair[1], contrast=found))["稳健对比"]
    assert "延长时间" in sheet["A2"].value


def test_frequencies_under_weightings_are_headed_so(pair, foreseen):
    drawn = pair[0]
    values = pd.DataFrame({0: drawn.parcels["score"], 1: drawn.parcels["score_robust"]})
    firm = robustness(drawn, values=values, workers=1)
    seen = foreseen.unreached()
    for lang, title, hint in (
        ("zh", "入选的权重占比", "共 2 组评价因子权重"),
        ("en", "Chosen in (share of weightings)", "2 weightings of the criteria"),
    ):
        outlook = type(seen)(None, None, None, firm, None, None, ())
        book = opened(zone_workbook(drawn, outlook=outlook, lang=lang))
        sheet = book[label("sheet.parcels", lang)]
        held = dict(zip(column(sheet, label("column.parcel_id", lang)), column(sheet, title), strict=True))  # fmt: skip
        assert held == firm.table["frequency"].to_dict()
        firmness = book[label("sheet.robustness", lang)]
        assert firmness["A1"].value == label("contrast.robustness", lang)
        assert hint in firmness["A2"].value
        assert "%" not in firmness["A2"].value
        heads = [c.value for c in firmness[3]]
        assert label("contrast.mean_frequency", lang) in heads
        assert label("column.mean_frequency", lang) not in heads
