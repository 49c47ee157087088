"""The studies that docs/area_books.md shows, run as it says, on the real layers."""

import json
import re
import shutil
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest

from renewal_geo.cli.app import main

PAGE = Path(__file__).resolve().parents[2] / "docs" / "area_books.md"
FILES = {
    "wuxi": "wuxi_xinwu/xinwu_land_use.gpkg",
    "nankan": "taiwan_zoning/H0102_nankan.geojson",
    "dingpu": "taiwan_zoning/F0116_tucheng_dingpu.geojson",
    "gangnam": "seoul_gangnam/Parcels.*",
    "shenzhen": "shenzhen/sz_districts_transbigdata.geojson",
    "taz": "shenzhen/SZ_TAZ_3857.*",
}
WUXI = {  # as published beside the data, rounded there by up to 10 m2; its own column is exact
    "0": 33_332_056.7, "1": 3_166_156, "2": 1_290_496, "3": 75_295_322.5, "4": 544_673,
    "5": 5_959_728, "6": 1_083_735, "7": 3_033_813, "8": 776_749, "9": 697_106, "10": 18_218_522.3,
}  # fmt: skip
DISTRICTS = {
    "龙岗": 388.63, "大鹏": 392.17, "宝安": 409.14, "南山": 204.85, "龙华": 176.56, "坪山": 166.06,
    "光明": 156.05, "盐田": 86.28, "福田": 79.93, "罗湖": 79.09,
}  # fmt: skip


def shown_study(name):
    page = PAGE.read_text(encoding="utf-8")
    return re.search(rf"`{name}/study\.toml`:\n\n```toml\n(.*?)```", page, re.DOTALL).group(1)


def drawn(name, real_data, tmp_path):
    """Lay out the study that the page shows; return its folder."""
    assert f"renewal-geo ledger tally {name} --out {name}-books" in PAGE.read_text(encoding="utf-8")
    study = tmp_path / name
    study.mkdir()
    for file in sorted(real_data.glob(FILES[name])):
        shutil.copy(file, study)
    (study / "study.toml").write_text(shown_study(name), encoding="utf-8")
    return study


def tallied(name, real_data, tmp_path):
    """Run the command of the page; return the table of the book and the record."""
    out = tmp_path / "books"
    assert main(["ledger", "tally", str(drawn(name, real_data, tmp_path)), "--out", str(out)]) == 0
    table = gpd.read_file(out / "ledger.gpkg", layer="ledger")
    record = json.loads((out / "ledger.json").read_text(encoding="utf-8"))
    assert all(value <= 1e-4 for value in record["closing_m2"].values())
    return table, record, out


def by_class(table, by="land_use"):
    return table[table["kind"] == "class"].set_index(by)["area_m2"]


def test_wuxi_by_class_to_a_tenth_of_a_square_metre(real_data, tmp_path):
    table, record, out = tallied("wuxi", real_data, tmp_path)
    found = by_class(table)
    assert [record["balance"]["rows"][n]["land_use"] for n in range(11)] == sorted(WUXI, key=int)
    assert set(found.index) == set(WUXI)
    read = gpd.read_file(tmp_path / "wuxi" / "xinwu_land_use.gpkg")
    own = read.groupby(read["Class"].astype(str))["area_m2"].sum()
    for name, area in WUXI.items():
        assert found[name] == pytest.approx(own[name], abs=0.1), name
        assert found[name] == pytest.approx(area, abs=10.0), name
    assert table.loc[table["kind"] != "class", "area_m2"].max() < 1.0
    total = record["balance"]["rows"][-1]
    assert (total["area"], total["share"]) == (pytest.approx(own.sum(), abs=0.1), 100.0)
    sheet = openpyxl.load_workbook(out / "ledger.xlsx", data_only=True).worksheets[0]
    printed = {row[0]: row[1] for row in sheet.iter_rows(min_row=4, values_only=True) if row[0]}
    assert printed["3"] == pytest.approx(own["3"], abs=0.11)
    assert printed["合计"] == pytest.approx(143_398_370.0, abs=0.1)
    in_next_zone = read.to_crs(32651).area.sum()
    assert in_next_zone == pytest.approx(143_239_678, abs=0.5)


@pytest.mark.parametrize(
    ("name", "industrial_ha", "share", "plots"),
    [("nankan", 747.78, 14.50, 134), ("dingpu", 137.34, 24.56, 49)],
)
def test_statutory_zoning(name, industrial_ha, share, plots, real_data, tmp_path):
    table, record, _ = tallied(name, real_data, tmp_path)
    found = by_class(table)
    assert found["工業區"] / 1e4 == pytest.approx(industrial_ha, abs=0.005)
    public = found[found.index.str.contains("用地")].sum()
    assert 100 * public / found.sum() == pytest.approx(share, abs=0.006)
    rows = pd.DataFrame(record["balance"]["rows"]).iloc[:-1]
    assert rows["share"].sum() == pytest.approx(100.0, abs=1e-9)
    read = gpd.read_file(next((tmp_path / name).glob("*.geojson")))
    assert int(read["分區類"].str.contains("工業").sum()) == plots


def test_overlap_of_nankan_is_said_and_drawn(real_data, tmp_path):
    table, _, out = tallied("nankan", real_data, tmp_path)
    twice = table.loc[table["kind"] == "covered_twice", "area_m2"].sum()
    assert twice == pytest.approx(1535, abs=5)
    drawn_area = gpd.read_file(out / "ledger.gpkg", layer="covered_twice").area.sum()
    assert 0 < drawn_area <= twice + 1e-3


def test_every_gangnam_parcel_has_its_zoning(real_data, tmp_path):
    table, _, _ = tallied("gangnam", real_data, tmp_path)
    rows = table[table["kind"] == "class"].sort_values("area_m2").groupby("parcel_id").last()
    assert rows["A14"].value_counts().to_dict() == {
        "제3종일반주거지역": 100, "준주거지역": 81, "제1종일반주거지역": 43, "일반상업지역": 10, "제2종일반주거지역": 1,
    }  # fmt: skip
    assert len(rows) == 235


def test_districts_of_shenzhen(real_data, tmp_path):
    table, record, _ = tallied("shenzhen", real_data, tmp_path)
    found = by_class(table, "name") / 1e6
    for name, area in DISTRICTS.items():
        match = [one for one in found.index if name in one]
        assert len(match) == 1
        assert found[match[0]] == pytest.approx(area, abs=0.006), name
    assert record["balance"]["unit"] == "km2"


def test_web_mercator_is_refused_with_the_fix(real_data, tmp_path, capsys):
    study, out = drawn("taz", real_data, tmp_path), tmp_path / "books"
    assert main(["ledger", "tally", str(study), "--out", str(out), "--json"]) == 3
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "crs_web_mercator"
    assert "EPSG:" in error["fix"]
    assert not out.exists() or not list(out.iterdir())
    text = (study / "study.toml").read_text(encoding="utf-8")
    (study / "study.toml").write_text(text.replace("EPSG:3857", "EPSG:32650"), encoding="utf-8")
    assert main(["ledger", "tally", str(study), "--out", str(out)]) == 0
