"""The commands over public facilities on a small city: what they print, write, refuse, and never pretend."""

import json

import geopandas as gpd
import openpyxl
import pyogrio
import pytest
import typer
from shapely import LineString, Point, box

from renewal_geo.cli.app import app, main
from renewal_geo.foundation.settings import SETTINGS

COMMANDS = typer.main.get_command(app).commands["facilities"].commands
CRS = "EPSG:4547"
X, Y = 520_000.0, 2_510_000.0
STUDY = """
name  = "小城"
crs   = "EPSG:4547"
as_of = 2020-06-30
lang  = "zh"

[layers.facilities]
path = "city.gpkg"
layer = "facilities"
[layers.sites]
path = "city.gpkg"
layer = "sites"
[layers.demand]
path = "city.gpkg"
layer = "demand"
[layers.roads]
path = "city.gpkg"
layer = "roads"
"""


def put(rows, columns, kind=Point):
    shapes = [kind(X + x, Y + y) for x, y, *_ in rows]
    return gpd.GeoDataFrame(
        {name: [row[2 + n] for row in rows] for n, name in enumerate(columns)},
        geometry=shapes,
        crs=CRS,
    )


@pytest.fixture
def city(tmp_path):
    folder = tmp_path / "city"
    folder.mkdir()
    demand = put(
        [(0, 0, "d1", 100, "东"), (400, 0, "d2", 300, "东"), (800, 0, "d3", 200, "西"), (1200, 0, "d4", 50, "西"),
         (9000, 0, "d5", 10, "西")],
        ["demand_id", "weight", "sub_district"],
    )  # fmt: skip
    facilities = put(
        [
            (0, 50, "k1", "幼儿园", 90),
            (1200, 0, "p1", "小学", 400),
            (1200, 5, "z1", "动物园", None),
        ],
        ["facility_id", "kind", "capacity"],
    )
    sites = put(
        [(400, 50, "s1", 4000.0), (800, 50, "s2", 6000.0), (600, 50, "s3", 900.0)], ["site_id", "area_m2"],
        lambda x, y: box(x - 5, y - 5, x + 5, y + 5),
    )  # fmt: skip
    roads = gpd.GeoDataFrame(
        {"road_id": ["r1", "r2"]},
        geometry=[LineString([(X - 100, Y), (X + 1300, Y)]), LineString([(X, Y), (X, Y + 200)])],
        crs=CRS,
    )
    for name, table in (
        ("demand", demand),
        ("facilities", facilities),
        ("sites", sites),
        ("roads", roads),
    ):
        table.to_file(folder / "city.gpkg", layer=name)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return folder


def run(capsys, *words):
    code = main([str(word) for word in words] + ["--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("verb", COMMANDS)
@pytest.mark.parametrize("key", SETTINGS["facilities"])
def test_every_key_is_an_option(verb, key):
    options = {o for p in COMMANDS[verb].params for o in p.opts}
    assert f"--{key.replace('_', '-')}" in options


def test_every_key_is_explained_in_both_languages():
    for setting in SETTINGS["facilities"].values():
        assert setting.help
        assert any("\u4e00" <= sign <= "\u9fff" for sign in setting.help_zh)


def test_cover_writes_and_says_how_sure_it_is(city, tmp_path, capsys):
    code, said = run(capsys, "facilities", "cover", city, "--out", tmp_path / "out")
    assert code == 0
    assert (said["question"], said["verb"], said["status"]) == ("facilities", "cover", "done")
    assert said["summary"].startswith(
        "by line: Kindergarten: 100 of 660 (15.2%) within 300 m (straight line)"
    )
    assert "not checked" in said["summary"]
    assert "动物园: no radius is known" in said["summary"]
    assert said["counts"]["advisory"] == 2
    assert said["counts"]["not_evaluable"] == 1
    layers = {name for name, _ in pyogrio.list_layers(tmp_path / "out" / "facilities.gpkg")}
    assert {"summary", "demand", "facilities", "uncovered"} <= layers
    record = json.loads((tmp_path / "out" / "facilities.json").read_text(encoding="utf-8"))
    assert [row["kind"] for row in record["coverage"]] == ["kindergarten", "primary", "动物园"]
    assert {rule["rule_id"] for rule in record["rules"]} >= {
        "service.radius.kindergarten",
        "service.radius.primary",
    }
    assert not any(rule["decides"] for rule in record["rules"])
    book = openpyxl.load_workbook(tmp_path / "out" / "facilities.xlsx")
    assert book.sheetnames == ["分类汇总", "分街道", "未覆盖", "现状设施", "规则依据"]
    street = {(r[0], r[1]): r[2:5] for r in book["分街道"].iter_rows(min_row=4, values_only=True)}
    assert street[("幼儿园", "东")] == (400, 100, 300)
    page = (tmp_path / "out" / "facilities.html").read_text(encoding="utf-8")
    assert "公共配套设施覆盖" in page


def test_a_radius_that_the_study_sets_decides(city, tmp_path, capsys):
    text = (
        STUDY
        + '\n[rules."service.radius.primary"]\nvalue = 900.0\nbecause = "核对 GB 50180-2018"\non = 2020-06-01\n'
    )
    (city / "study.toml").write_text(text, encoding="utf-8")
    code, said = run(capsys, "facilities", "cover", city, "--out", tmp_path / "out")
    assert code == 0
    assert said["counts"]["fail"] == 1
    assert "Primary school: 550 of 660" in said["summary"]
    assert "the radius is set by the study" in said["summary"]
    # an option wins over it, and nobody checked that one
    code, said = run(
        capsys, "facilities", "cover", city, "--out", tmp_path / "out", "--radius", "小学=450"
    )
    assert "Primary school: 250 of 660" in said["summary"]
    assert "fail" not in said["counts"]


def test_along_streets(city, tmp_path, capsys):
    code, said = run(
        capsys, "facilities", "cover", city, "--out", tmp_path / "out", "--by", "network"
    )
    assert code == 0
    assert said["summary"].startswith("by network: Kindergarten: 100 of 660")
    assert any(
        "1 rows of demand (10 people) lie more than 200 m from every street" in note
        for note in said["warnings"]
    )
    assert any(note.startswith("streets: ") for note in said["warnings"])
    streets = gpd.read_file(tmp_path / "out" / "facilities.gpkg", layer="streets")
    assert streets["length_m"].iloc[0] == pytest.approx(200 + 100 + 250)


@pytest.mark.parametrize("by", ["line", "network"])
def test_locate_says_how_good_it_is_and_what_falls_away(city, tmp_path, capsys, by):
    words = [
        "facilities",
        "locate",
        city,
        "--out",
        tmp_path / "out",
        "--kind",
        "幼儿园",
        "-p",
        "1",
        "--by",
        by,
    ]
    code, said = run(capsys, *words)
    assert code == 0
    assert (said["status"], said["objective"], said["bound"], said["gap"]) == (
        "optimal",
        600,
        600,
        0,
    )
    assert "within reach 15.2% before, 90.9% after" in said["summary"] or by == "network"
    record = json.loads((tmp_path / "out" / "facilities.json").read_text(encoding="utf-8"))
    assert record["proved"] is True
    chosen = {row["site_id"]: row for row in record["chosen"]}
    assert {name for name, row in chosen.items() if row["role"] == "new"} == {"s3"}
    assert (chosen["s3"]["only_here"], chosen["s3"]["loss"]) == (500, 500)
    assert (chosen["s3"]["next_best"], chosen["s3"]["loss_after"]) == ("s1", 200)
    layers = {name for name, _ in pyogrio.list_layers(tmp_path / "out" / "facilities.gpkg")}
    assert {
        "demand",
        "facilities",
        "uncovered",
        "chosen",
        "assignment",
        "uncoverable",
        "uncovered_after",
    } <= layers
    lines = gpd.read_file(tmp_path / "out" / "facilities.gpkg", layer="assignment")
    assert lines[lines["site_id"] == "s3"]["weight"].sum() == 500
    book = openpyxl.load_workbook(tmp_path / "out" / "facilities.xlsx")
    rows = list(book["选址方案"].iter_rows(min_row=4, values_only=True))
    assert any("若落空且不替补，少服务 500" in str(row[-1]) for row in rows)


def test_small_sites_are_not_used(city, tmp_path, capsys):
    words = [
        "facilities",
        "locate",
        city,
        "--out",
        tmp_path / "out",
        "--kind",
        "kindergarten",
        "-p",
        "1",
    ]
    code, said = run(capsys, *words, "--min-area-m2", "1000")
    assert (code, said["objective"]) == (0, 400)
    code, said = run(capsys, *words, "--required", "s2")
    assert (code, said["objective"]) == (0, 300)
    code, said = run(capsys, *words, "--sites-where", "area_m2 > 5000")
    assert (code, said["objective"]) == (0, 300)
    code, said = run(capsys, *words, "--no-existing")
    assert (code, said["objective"]) == (0, 500)


@pytest.mark.parametrize(
    ("model", "more", "objective"),
    [
        ("lscp", [], 1),
        ("p_median", ["-p", "2"], None),
        ("p_center", ["-p", "2", "--max-dist-m", "900"], None),
    ],
)
def test_every_model_is_a_word(city, tmp_path, capsys, model, more, objective):
    words = [
        "facilities",
        "locate",
        city,
        "--out",
        tmp_path / "out",
        "--kind",
        "幼儿园",
        "--model",
        model,
    ]
    code, said = run(capsys, *words, *more)
    assert code == 0
    assert said["status"] == "optimal"
    assert objective is None or said["objective"] == objective
    assert said["gap"] == 0


def test_a_contradiction_is_an_answer(city, tmp_path, capsys):
    words = ["facilities", "locate", city, "--out", tmp_path / "out", "--kind", "幼儿园", "-p", "1"]
    code, said = run(capsys, *words, "--required", "s1,s2")
    assert code == 0
    assert (said["status"], said["objective"], said["bound"], said["gap"]) == (
        "infeasible",
        None,
        None,
        None,
    )
    assert "the limits contradict each other" in said["summary"]
    assert any(note.startswith("conflict: ") for note in said["warnings"])
    record = json.loads((tmp_path / "out" / "facilities.json").read_text(encoding="utf-8"))
    assert record["conflict"]
    assert record["proved"] is False


def test_a_site_without_a_street_is_named(city, tmp_path, capsys):
    words = ["facilities", "locate", city, "--out", tmp_path / "out", "--kind", "幼儿园", "-p", "1"]
    code, said = run(capsys, *words, "--by", "network", "--max-snap-m", "20")
    assert code == 0
    assert any(
        "3 sites lie more than 20 m from every street and can serve nobody: s1, s2, s3" in n
        for n in said["warnings"]
    )


def test_the_ready_map_takes_the_radii_of_the_rules(city, tmp_path, capsys):
    code, said = run(capsys, "maps", "facilities", city, "--out", tmp_path / "out")
    assert code == 3  # maps of all studies need parcels
    text = STUDY + '[layers.parcels]\npath = "city.gpkg"\nlayer = "sites"\n'
    (city / "study.toml").write_text(text, encoding="utf-8")
    code, said = run(capsys, "maps", "facilities", city, "--out", tmp_path / "out")
    assert code == 0
    assert any("未经核实" in note and "幼儿园" in note for note in said["warnings"])


BAD = {
    "no kind": (["locate", "-p", "1"], "kind_missing", "--kind"),
    "unknown kind": (["locate", "-p", "1", "--kind", "幼儿圆"], "unknown_kind", "幼儿园"),
    "unknown radius": (["locate", "-p", "1", "--kind", "动物园"], "radius_missing", "--radius 动物园=500"),
    "no number": (["locate", "--kind", "幼儿园"], "bad_count", "p"),
    "unknown model": (["locate", "--kind", "幼儿园", "-p", "1", "--model", "mlcp"], "unknown_model", "mclp"),
    "gap of one": (["locate", "--kind", "幼儿园", "-p", "1", "--gap", "1.5"], "bad_limit", "gap"),
    "radius of nothing": (["cover", "--radius", "幼儿园=0"], "bad_limit", "more than zero"),
    "no weight": (["cover", "--weight", "people"], "unknown_column", "weight"),
    "no streets": (["cover", "--by", "network", "--network", "rivers"], "layer_missing", "rivers"),
    "nothing picked": (["cover", "--demand-where", "weight > 1e9"], "selects_nothing", "demand_where"),
    "unknown kind to cover": (["cover", "--kinds", "hospitl"], "unknown_kind", "hospital"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_means_nothing_is_refused_and_nothing_is_written(city, tmp_path, capsys, name):
    (verb, *more), error, told = BAD[name]
    code, said = run(capsys, "facilities", verb, city, "--out", tmp_path / "out", *more)
    assert code == 3
    assert said["error"]["code"] == error
    assert told in f"{said['error']['what']} {said['error']['where']} {said['error']['fix']}"
    assert not (tmp_path / "out").exists()


def test_degrees_of_a_web_map_are_asked_about(tmp_path, capsys):
    rows = "name,pname,adname,type,lat,lon\n某园,上海市,黄浦区,科教文化服务;学校;幼儿园,31.2186,121.4617\n"
    (tmp_path / "poi.csv").write_text(rows, encoding="utf-8")
    text = (
        'name = "s"\ncrs = "EPSG:32651"\nas_of = 2020-06-30\n[layers.facilities]\npath = "poi.csv"\n'
        'columns = { kind = "type" }\n[layers.demand]\npath = "poi.csv"\n'
    )
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    code, said = run(capsys, "facilities", "cover", tmp_path, "--out", tmp_path / "out")
    assert (code, said["error"]["code"]) == (3, "crs_missing")
    assert "states no CRS" in said["error"]["what"]
    assert "probably GCJ-02" in said["error"]["what"]
    assert 'crs = "GCJ-02"' in said["error"]["fix"]
    assert 'crs = "EPSG:4326"' in said["error"]["fix"]
    for crs in ("GCJ-02", "EPSG:4326"):
        stated = text.replace('path = "poi.csv"\n', f'path = "poi.csv"\ncrs = "{crs}"\n')
        (tmp_path / "study.toml").write_text(stated, encoding="utf-8")
        code, said = run(capsys, "facilities", "cover", tmp_path, "--out", tmp_path / "out")
        assert code == 0
        assert "Kindergarten: 1 of 1" in said["summary"]
