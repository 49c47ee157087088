"""Tables beside the drawing: csv, xlsx, dbf."""

import datetime as dt

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from shapely import Point

from renewal_geo.foundation.errors import SourceError
from renewal_geo.io import read_table
from renewal_geo.io.tables import as_key

TEXT = '宗地号,建成年份,代码,面积\n3,1998,0111,"1,234.5"\n4,,M1,7\n'


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_csv_in_any_encoding(tmp_path, codec):
    text = TEXT + "5,2001,住宅用地工业用地,8\n"
    (tmp_path / "a.csv").write_bytes(text.encode(codec))
    table, source = read_table(tmp_path / "a.csv")
    assert table["宗地号"].tolist() == [3.0, 4.0, 5.0]
    assert table["代码"].tolist() == ["0111", "M1", "住宅用地工业用地"]
    assert table["面积"].tolist() == [1234.5, 7.0, 8.0]
    assert pd.isna(table["建成年份"].iloc[1])
    assert source.rows == 3


def test_codes_with_leading_zeros_stay_text(tmp_path):
    (tmp_path / "a.csv").write_text("code,n\n0111,0.5\n105,-2\n")
    table, _ = read_table(tmp_path / "a.csv")
    assert table["code"].tolist() == ["0111", "105"]
    assert table["n"].tolist() == [0.5, -2.0]


@pytest.mark.parametrize("mark", [";", "\t"])
def test_other_delimiters(tmp_path, mark):
    (tmp_path / "a.csv").write_text(f"a{mark}b\n1{mark}2\n")
    assert read_table(tmp_path / "a.csv")[0].columns.tolist() == ["a", "b"]


def workbook(path):
    book = openpyxl.Workbook()
    page = book.active
    page.title = "台账"
    for row in ([], ["宗地号", "日期", "完成", None], [3, dt.datetime(2020, 6, 30), True], [4.0]):  # noqa: DTZ001
        page.append(row)
    book.create_sheet("说明").append(["x"])
    book.save(path)


def test_workbook(tmp_path):
    workbook(tmp_path / "a.xlsx")
    table, source = read_table(tmp_path / "a.xlsx", sheet="台账")
    assert table.columns.tolist() == ["宗地号", "日期", "完成"]
    assert table["宗地号"].tolist() == [3.0, 4.0]
    assert table["日期"].iloc[0] == pd.Timestamp("2020-06-30")
    assert source.layer == "台账"
    assert "2 sheets" in read_table(tmp_path / "a.xlsx")[1].notes[0]


def test_unknown_sheet_offers_names(tmp_path):
    workbook(tmp_path / "a.xlsx")
    with pytest.raises(SourceError, match="did you mean '台账'") as caught:
        read_table(tmp_path / "a.xlsx", sheet="台帐")
    assert caught.value.code == "sheet_unknown"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.xlsx", b"no workbook", "table_unknown"),
        ("a.xls", b"\xd0\xcf", "table_unknown"),
        ("a.csv", b"a,b\x00\x01\n", "table_unknown"),
        ("a.csv", b"\n\n", "empty_table"),
        ("a.csv", b"a,b\n", "empty_table"),
        ("a.csv", b"a,a\n1,2\n", "column_twice"),
    ],
)
def test_bad_tables(tmp_path, name, content, code):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError) as caught:
        read_table(tmp_path / name)
    assert caught.value.code == code
    assert caught.value.fix


def test_dbf_in_gbk_without_cpg(tmp_path):
    table = gpd.GeoDataFrame(
        {"权利人": ["深圳市龙岗区投资控股集团"]}, geometry=[Point(0, 0)], crs=4547
    )
    table.to_file(tmp_path / "a.shp", encoding="GBK")
    (tmp_path / "a.cpg").unlink()
    assert read_table(tmp_path / "a.dbf")[0]["权利人"].tolist() == ["深圳市龙岗区投资控股集团"]


def test_keys():
    assert [as_key(k) for k in (3, 3.0, "3", " 3.0 ", "3.50", float("nan"), None, pd.NA)] == [
        "3", "3", "3", "3", "3.50", "", "", "",
    ]  # fmt: skip
