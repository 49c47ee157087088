"""Opening a study: keys, roles, CRSs, columns and expressions are checked before anything else."""

import datetime as dt

import geopandas as gpd
import pytest
from shapely import LineString, box

from renewal_geo.foundation.errors import InputError
from renewal_geo.io import open_layer, open_study

X, Y = 510_000.0, 2_510_000.0


def parcels(crs="EPSG:4547"):
    shapes = [box(X + 100 * n, Y, X + 100 * n + 90, Y + 80) for n in range(3)]
    table = gpd.GeoDataFrame(
        {"编号": ["A", "B", "B"], "用途": ["M1", "R2", "M1"], "面积": [10.8, 10.8, 10.8]},
        geometry=shapes,
        crs="EPSG:4547",
    )
    return table.to_crs(crs)


BASIC = """
name = "试点"
crs = "EPSG:4547"
as_of = 2020-06-30
[layers.parcels]
path = "parcels.gpkg"
columns = { parcel_id = "编号", land_use = "用途", recorded_area_m2 = { name = "面积", unit = "mu" } }
"""


@pytest.fixture
def folder(tmp_path):
    parcels().to_file(tmp_path / "parcels.gpkg")
    write(tmp_path, BASIC)
    return tmp_path


def write(folder, text):
    (folder / "study.toml").write_text(text, encoding="utf-8")


def fault(folder):
    with pytest.raises(InputError) as caught:
        open_study(folder)
    assert caught.value.fix
    return caught.value


def test_a_study(folder):
    study = open_study(folder)
    assert study.name == "试点"
    assert study.as_of == dt.date(2020, 6, 30)
    assert study.lang == "zh"
    assert study.crs.to_epsg() == 4547
    assert study.parcels.index.tolist() == ["A", "B", "B"]
    assert study.parcels.index.name == "parcel_id"
    assert study.parcels["recorded_area_m2"].iloc[0] == pytest.approx(7200)
    assert study.provenance.inputs[0].path == "parcels.gpkg"
    assert open_study(folder / "study.toml").name == "试点"


def test_layers_of_another_crs_are_reprojected_and_said_so(folder):
    parcels("EPSG:4490").to_file(folder / "geo.gpkg")
    write(folder, BASIC.replace("parcels.gpkg", "geo.gpkg"))
    study = open_study(folder)
    assert study.parcels.crs.to_epsg() == 4547
    assert study.parcels.total_bounds[0] == pytest.approx(X, abs=1e-3)
    notes = study.provenance.inputs[0].notes
    assert any("reprojected from EPSG:4490 to EPSG:4547" in note for note in notes)


@pytest.mark.parametrize(
    ("crs", "code"),
    [
        ("", "crs_missing"),
        ("EPSG:4490", "crs_geographic"),
        ("EPSG:4326", "crs_geographic"),
        ("EPSG:3857", "crs_web_mercator"),
        ("EPSG:2271", "crs_not_metric"),
        ("EPSG:1", "crs_unknown"),
    ],
)
def test_working_crs_that_cannot_measure(folder, crs, code):
    write(folder, BASIC.replace("EPSG:4547", crs))
    assert fault(folder).code == code


def test_no_crs_at_all(folder):
    write(folder, BASIC.replace('crs = "EPSG:4547"\n', ""))
    assert fault(folder).code == "crs_missing"


def test_layer_without_crs(folder):
    parcels().to_file(folder / "p.shp", encoding="GBK")
    (folder / "p.prj").unlink()
    text = BASIC.replace("parcels.gpkg", "p.shp")
    write(folder, text)
    assert fault(folder).code == "crs_missing"
    assert "p.shp" in fault(folder).where
    write(folder, text.replace('path = "p.shp"', 'path = "p.shp"\ncrs = "EPSG:4547"'))
    assert len(open_study(folder).parcels) == 3
    write(folder, text.replace('path = "p.shp"', 'path = "p.shp"\ncrs = "EPSG:4490"'))
    assert fault(folder).code == "crs_suspect"


def test_crs_that_contradicts_the_file(folder):
    text = BASIC.replace('path = "parcels.gpkg"', 'path = "parcels.gpkg"\ncrs = "EPSG:4526"')
    write(folder, text)
    assert fault(folder).code == "crs_contradiction"
    write(folder, text.replace("columns", "crs_force = true\ncolumns").replace("4526", "4548"))
    study = open_study(folder)
    assert any("crs_forced" in note for note in study.provenance.notes)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ('nmae = "x"' + BASIC, "study_key", "did you mean 'name'?"),
        (BASIC + "[zone]\npool = 'x'\n", "study_key", "did you mean 'zones'?"),
        (BASIC + "[zones]\nmin_area = 3\n", "study_key", "did you mean 'min_area_ha'?"),
        (BASIC + '[zones]\nmin_area_ha = "3"\n', "study_key", "not a number"),
        (BASIC + "[zones]\nmin_area_ha = true\n", "study_key", "not a number"),
        (BASIC + "[zones]\nlock_in = 3\n", "study_key", "not a list"),
        (BASIC + "[zones]\nmin_share = { a = 'x' }\n", "study_key", "not a number"),
        (BASIC + "[layers.parcel]\npath = 'x'\n", "study_key", "did you mean 'parcels'?"),
        (BASIC + "[layers.roads]\nlayer = 'x'\n", "study_key", "has no path"),
        (BASIC + "[layers.roads]\npath = 'x'\nencodng = 'x'\n", "study_key", "'encoding'?"),
        (BASIC + "[layers.roads]\npath = 3\n", "study_key", "path = 3"),
        (BASIC + "[layers.parcels.join]\npath = 'x'\n", "study_key", "has no on"),
        (BASIC.replace("2020-06-30", '"juni"'), "study_key", "not a day"),
        (BASIC.replace('"试点"', '"a"\nlang = "de"'), "study_key", "language"),
        (BASIC + '[rules."unit.share"]\nvalue = 1\n', "study_key", "has no because"),
        ("crs = EPSG:4547", "study_syntax", "line 1, column"),
        ('crs = "EPSG:4547"', "layer_missing", "no parcels"),
        (BASIC.replace('"用途"', '"用地"'), "unknown_column", "用途"),
        (BASIC.replace('unit = "mu"', 'unit = "亩"'), "unknown_unit", "亩"),
        (
            BASIC.replace("columns", "where = \"用途 == 'X'\"\ncolumns"),
            "selects_nothing",
            "none of 3",
        ),
        (BASIC.replace("columns", "where = \"open('x')\"\ncolumns"), "expression", "open"),
        (BASIC.replace("parcels.gpkg", "http://x/a.gpkg"), "network_path", "address"),
    ],
)
def test_what_is_wrong_with_a_study(folder, text, code, said):
    write(folder, text)
    found = fault(folder)
    assert found.code == code
    assert said in str(found)


def test_all_faults_at_once(folder):
    write(folder, BASIC + "[zones]\nmin_area = 3\ngpa = 0.1\n")
    assert "2 faults" in fault(folder).what


def test_no_study_here(tmp_path):
    assert fault(tmp_path).code == "study_missing"
    assert "init" in fault(tmp_path).fix
    assert fault(tmp_path / "nowhere").code == "study_missing"


def test_bare_layer_is_no_study(folder):
    assert fault(folder / "parcels.gpkg").code == "study_missing"


def test_windows_text_with_a_mark_and_a_backslash(folder):
    (folder / "study.toml").write_bytes(b"\xef\xbb\xbf" + BASIC.encode())
    assert open_study(folder).name == "试点"
    write(folder, BASIC.replace("parcels.gpkg", r"C:\数据\a.gpkg"))
    assert "quotes" in fault(folder).fix


def test_several_layers_of_one_role(folder):
    line = gpd.GeoDataFrame(
        {"kind": ["road"]}, geometry=[LineString([(X, Y), (X, Y + 9)])], crs=4547
    )
    line.to_file(folder / "roads.gpkg")
    river = gpd.GeoDataFrame({"width_m": [3.0]}, geometry=[box(X, Y, X + 1, Y + 1)], crs=4547)
    river.to_file(folder / "rivers.gpkg")
    write(
        folder,
        BASIC
        + '[[layers.barriers]]\npath = "roads.gpkg"\n[[layers.barriers]]\npath = "rivers.gpkg"\n',
    )
    barriers = open_study(folder).barriers
    assert barriers.index.tolist() == ["roads:1", "rivers:1"]
    assert barriers["kind"].tolist()[0] == "road"
    assert barriers["width_m"].tolist()[1] == 3.0
    assert barriers.crs.to_epsg() == 4547


def test_where_sees_the_files_own_columns(folder):
    write(folder, BASIC.replace("columns", "where = \"面积 > 10.0 and 用途 == 'M1'\"\ncolumns"))
    study = open_study(folder)
    assert len(study.parcels) == 2
    assert any("keeps 2 of 3 rows" in note for note in study.provenance.inputs[0].notes)


def test_join(folder):
    (folder / "台账.csv").write_text("宗地号,年份\nA,1998\nB,2001\nB,1999\n", encoding="gbk")
    text = BASIC + (
        '[layers.parcels.join]\npath = "台账.csv"\nencoding = "GBK"\non = { parcel_id = "宗地号" }\n'
        'columns = { built_year = "年份" }\n'
    )
    write(folder, text)
    assert fault(folder).code == "join_many"
    write(folder, text + 'many = { built_year = "min" }\n')
    study = open_study(folder)
    assert study.parcels["built_year"].tolist() == [1998, 1999, 1999]
    assert [one.role for one in study.provenance.inputs] == ["parcels", "parcels.join"]
    write(folder, text.replace('"年份"', '"建成"') + 'many = { built_year = "min" }\n')
    assert fault(folder).code == "unknown_column"


def test_settings_and_rules(folder):
    write(
        folder,
        BASIC + "[zones]\nmin_area_ha = 2\nlock_in = [3, 'A']\nmin_share = { a = 1 }\n"
        '[rules."unit.share"]\nvalue = 0.6\nbecause = "x"\non = 2020-06-01\n',
    )
    settings = open_study(folder).settings
    assert settings["zones"] == {"min_area_ha": 2.0, "lock_in": ["3", "A"], "min_share": {"a": 1.0}}
    assert settings["rules"]["set"]["unit.share"][0]["value"] == 0.6


def test_quality_opens_what_cannot_be_measured(folder):
    parcels("EPSG:4490").to_file(folder / "p.shp", encoding="GBK")
    (folder / "p.prj").unlink()
    write(folder, BASIC.replace("parcels.gpkg", "p.shp"))
    study = open_study(folder, measured=False)
    assert study.parcels.crs is None
    assert any("crs_missing" in note for note in study.provenance.inputs[0].notes)


def test_a_bare_layer(folder):
    table, source = open_layer(folder / "parcels.gpkg")
    assert table.index.tolist() == ["A", "B", "B"]
    assert table["land_use"].tolist() == ["M1", "R2", "M1"]
    assert "recorded_area_m2" not in table.columns
    assert any("unit is unknown" in note for note in source.notes)


def test_a_bare_layer_with_misleading_names(folder):
    odd = parcels().assign(score="high", built_year="unknown", OBJECTID=0)
    odd.drop(columns=["编号"]).to_file(folder / "odd.gpkg")
    table, _ = open_layer(folder / "odd.gpkg")
    assert table.index.tolist() == ["1", "2", "3"]
    assert table["built_year_original"].tolist() == ["unknown"] * 3
