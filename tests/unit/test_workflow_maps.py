"""The commands that publish: files, records, options over the study, refusals that write nothing."""

import hashlib
import importlib.util
import json
import shutil
from pathlib import Path

import geopandas as gpd
import pytest
from shapely import Point, box

from renewal_geo import io, maps, workflow
from renewal_geo.cli.app import main
from renewal_geo.foundation.errors import InputError, RenderError, SchemaError

STUDY = """
name = "小样"
crs = "EPSG:4547"
as_of = 2020-06-30
lang = "zh"

[layers.parcels]
path = "parcels.gpkg"

[layers.sites]
path = "sites.gpkg"
columns = { status = "进展", due_on = "期限" }

[layers.projects]
path = "projects.gpkg"

[layers.facilities]
path = "facilities.gpkg"

[zones]
min_area_ha = 0.5
time_limit_s = 5
outlook_time_s = 0

[maps]
milestones = "节点.csv"
supply = "supply.csv"
radii = { kindergarten = 300 }
"""
SAID = {"handover": "已清", "facilities": "幼儿园", "tasks": "一期", "quality": "parcels"}
OFFICER = "经办人某某"
MAIN = {"handover": "sites.gpkg", "facilities": "facilities.gpkg", "tasks": "projects.gpkg",
        "quality": "parcels.gpkg"}  # fmt: skip
UNPACKED = Path(__file__).resolve().parent / "maps" / "unpacked.py"


def written(file):
    """Return all that a saved page says, its packed data block included."""
    spec = importlib.util.spec_from_file_location("unpacked", UNPACKED)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.told(file.read_text("utf-8"))


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    at = [(520_000 + 150 * i, 2_510_000) for i in range(4)]
    blocks = [box(x, y, x + 120, y + 120) for x, y in at]
    inner = [box(x + 10, y + 10, x + 60, y + 60) for x, y in at]
    tables = {
        "parcels": ({"parcel_id": list("abcd")}, blocks),
        "sites": (
            {"site_id": list("1234"), "进展": ["承诺", "已清", "备案", "入库"], "name": list("甲乙丙丁"),
             "期限": ["2020-07-01", "2020-07-02", "2020-05-01", "2020-01-01"],
             "area_m2": [2500.0] * 4, "officer": OFFICER},
            inner,
        ),
        "projects": (
            {"project_id": ["P1", "P2"], "name": ["一期", "二期"], "officer": OFFICER},
            blocks[:2],
        ),
        "facilities": ({"kind": ["幼儿园"]}, [Point(520_060, 2_510_060)]),
    }  # fmt: skip
    for name, (columns, shapes) in tables.items():
        gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4547").to_file(folder / f"{name}.gpkg")
    (folder / "节点.csv").write_text(
        "项目编号,节点,应完成日期,完成日期\nP1,计划审批,2020/6/1,2020/5/30\nP1,签合同,2020.6.20,\nP2,计划审批,2020-09-01,\n",
        encoding="GBK",
    )
    (folder / "supply.csv").write_text(
        "项目编号,期别,类别,面积(公顷)\nP1,2020-07,计划,1.5\nP1,2020-06,实际,0.5\n",
        encoding="utf-8",
    )
    return folder


def told(capsys):
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("kind", ["handover", "facilities", "tasks", "quality"])
def test_a_command_writes_a_page_and_its_record(study, tmp_path, capsys, kind):
    out = tmp_path / "out"
    assert main(["maps", kind, str(study), "--out", str(out), "--json"]) == 0
    reply = told(capsys)
    page, record = out / f"{kind}.html", json.loads((out / f"{kind}_map.json").read_text("utf-8"))
    assert [Path(one).name for one in reply["files"]] == [page.name, f"{kind}_map.json"]
    assert (reply["question"], reply["verb"], reply["status"]) == ("maps", kind, "internal")
    assert record["page"]["sha256"] == hashlib.sha256(page.read_bytes()).hexdigest()
    assert record["page"]["bytes"] == page.stat().st_size == reply["counts"]["bytes"]
    assert record["page"]["hosts"] == []
    assert MAIN[kind] in {one["path"] for one in record["inputs"]}
    said = written(page)
    assert SAID[kind] in said
    assert OFFICER not in said
    assert str(tmp_path) not in said


def test_zones_are_delineated_first(study, tmp_path):
    made = workflow.publish_map("zones", study, tmp_path / "out", {"maps": {"edition": "public"}})
    assert made.page.edition == "public"
    assert (tmp_path / "out" / "zones.html").exists()
    assert "zones" in made.page.features


def test_figures_of_the_tables_without_shapes(study, tmp_path):
    made = workflow.publish_map("tasks", study, tmp_path / "out", {})
    layer = made.spec.layers[-1]
    assert layer.values["supply_plan_m2"].tolist() == [15_000.0, 0.0]
    assert layer.values["days_left"].tolist() == [-10, 63]
    assert [gate.title.zh for gate in made.spec.wall.gates] == ["计划", "出让"]
    record = json.loads((tmp_path / "out" / "tasks_map.json").read_text("utf-8"))
    assert {"节点.csv", "supply.csv"} <= {one["path"] for one in record["inputs"]}


def test_options_win_over_the_study(study, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["--edition", "public", "--lang", "en", "--title", "Sites", "--review-no", "粤S(2020)001号",
             "--grid-m", "20", "--min-owners", "1", "--columns", "officer", "--context", "none"]  # fmt: skip
    assert main(["maps", "handover", str(study), "--out", str(out), "--json", *words]) == 0
    told(capsys)
    page = json.loads((out / "handover_map.json").read_text("utf-8"))["page"]
    assert (page["edition"], page["review_no"]) == ("public", "粤S(2020)001号")
    assert set(page["features"]) == {"projects", "sites"}
    assert "officer" not in page["columns"]["sites"]
    assert '<html lang="en"' in (out / "handover.html").read_text("utf-8")


def test_asked_columns_are_shown(study, tmp_path):
    made = workflow.publish_map("handover", study, tmp_path, {"maps": {"columns": ["officer"]}})
    assert "officer" in made.page.columns["sites"]
    assert OFFICER in written(tmp_path / "handover.html")


def test_a_sheet_for_the_wall(study, tmp_path):
    made = workflow.publish_map("handover", study, tmp_path / "out", {"maps": {"sheet": "a3"}})
    assert [Path(one).name for one in made.files] == [
        "handover.html", "handover_A3.pdf", "handover_A3.png", "handover_map.json",
    ]  # fmt: skip
    assert (tmp_path / "out" / "handover_A3.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"max_mb": 0.001}, RenderError), ({"sheet": "A5"}, InputError),
        ({"basemap": "googel"}, InputError), ({"edition": "secret"}, InputError),
        ({"grid_m": 0.0}, InputError), ({"columns": ["nix"]}, InputError),
        ({"owners": "nix"}, InputError), ({"context": ["roads"]}, InputError),
        ({"before": "nowhere"}, InputError), ({"lang": "fr"}, InputError),
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused_and_nothing_is_written(study, tmp_path, given, error):
    with pytest.raises(error):
        workflow.publish_map("handover", study, tmp_path / "out", {"maps": given})
    assert not (tmp_path / "out").exists()


def test_a_layer_that_is_lacking_is_named(study, tmp_path, capsys):
    text = (
        (study / "study.toml").read_text("utf-8").replace("[layers.facilities]", "[layers.pilots]")
    )
    (study / "study.toml").write_text(text, encoding="utf-8")
    code = main(["maps", "facilities", str(study), "--out", str(tmp_path / "o"), "--json"])
    assert code == 3
    assert told(capsys)["error"]["code"] == "layer_missing"


def test_a_table_whose_unit_nobody_knows(study, tmp_path):
    (study / "supply.csv").write_text("项目编号,类别,面积\nP1,计划,1.5\n", encoding="utf-8")
    with pytest.raises(SchemaError, match="the unit of the column '面积' is unknown") as caught:
        workflow.publish_map("tasks", study, tmp_path / "out", {})
    assert "面积公顷" in caught.value.fix


def test_an_earlier_study_makes_a_swipe(study, tmp_path):
    earlier = tmp_path / "earlier"
    shutil.copytree(study, earlier)
    text = (earlier / "study.toml").read_text("utf-8").replace("2020-06-30", "2019-12-31")
    (earlier / "study.toml").write_text(text, encoding="utf-8")
    made = workflow.publish_map(
        "handover", study, tmp_path / "out", {"maps": {"before": "../earlier"}}
    )
    assert made.spec.compare.before.zh == "2019-12-31"


def test_run_draws_the_maps_and_its_folder_is_a_study_of_its_own(study, tmp_path):
    out = tmp_path / "out"
    passage = workflow.run(study, out, {})
    names = {Path(one).name for one in passage.files}
    assert {
        "handover.html",
        "facilities.html",
        "tasks.html",
        "tasks_map.json",
        "milestones.csv",
    } <= names
    again = workflow.publish_map("tasks", out, tmp_path / "again", {})
    assert (
        again.page.sha256
        == json.loads((out / "tasks_map.json").read_text("utf-8"))["page"]["sha256"]
    )
    assert io.open_study(out).settings["maps"]["milestones"] == "milestones.csv"


def test_a_bare_layer_names_no_day_and_not_where_it_lies(study, tmp_path):
    made = workflow.publish_map("quality", study / "parcels.gpkg", tmp_path / "out", {})
    assert made.spec.as_of is None
    assert made.spec.source == "parcels.gpkg"
    assert str(tmp_path) not in written(tmp_path / "out" / "quality.html")


AS_A_LAYER = """
[layers.milestones]
path = "节点.csv"
columns = { project_id = "项目编号", code = "节点", due_on = "应完成日期", done_on = "完成日期" }
"""


def test_a_table_without_shapes_may_be_a_layer_of_the_study(study, tmp_path):
    before = workflow.publish_map("tasks", study, tmp_path / "before", {})
    text = (study / "study.toml").read_text("utf-8").replace('milestones = "节点.csv"\n', "")
    (study / "study.toml").write_text(text + AS_A_LAYER, encoding="utf-8")
    rows = io.open_study(study).table("milestones")
    assert len(rows) == 3
    assert rows.geometry.isna().all()
    after = workflow.publish_map("tasks", study, tmp_path / "after", {})
    assert maps.record(after.spec)["totals"] == maps.record(before.spec)["totals"]
    workflow.run(study, tmp_path / "out", {})
    again = workflow.publish_map("tasks", tmp_path / "out", tmp_path / "again", {})
    assert maps.record(again.spec)["totals"] == maps.record(before.spec)["totals"]


def test_run_says_which_map_it_could_not_draw(study, tmp_path):
    text = (study / "study.toml").read_text("utf-8").replace('status = "进展", ', "")
    (study / "study.toml").write_text(text, encoding="utf-8")
    passage = workflow.run(study, tmp_path / "out", {})
    assert any(one.startswith("handover.html is not drawn: the table sites has no column status")
               for one in passage.notes)  # fmt: skip
    assert not (tmp_path / "out" / "handover.html").exists()
    assert (tmp_path / "out" / "tasks.html").exists()
