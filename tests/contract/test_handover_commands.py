"""handover assess: one command, four files, and what the study says decides."""

import inspect
import json
import re
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest

from renewal_geo import handover, io, workflow
from renewal_geo.cli.app import main
from renewal_geo.foundation.settings import SETTINGS
from renewal_geo.workflow.handovers import LAYERS, assessed, handover_page
from renewal_geo.workflow.studies import with_options

PAGE = Path(__file__).resolve().parents[2] / "docs" / "land_handover.md"
FILES = {"handover.gpkg", "handover.xlsx", "handover.html", "handover.json"}


@pytest.fixture(scope="module")
def study(sample_study_folder, tmp_path_factory):
    """The sample study with the layers that handover asks for, and no others."""
    text = (sample_study_folder / "study.toml").read_text(encoding="utf-8")
    parts = re.split(r"(?m)^(?=\[)", text)
    roles = {f"[layers.{role}]" for role in ("units", *LAYERS.values())}
    kept = [
        part for part in parts if not part.startswith(("[layers.", "[ledger", "[quality", "[maps"))
        or part.split("]")[0] + "]" in roles
    ]  # fmt: skip
    return placed(sample_study_folder, tmp_path_factory.mktemp("study"), "".join(kept))


@pytest.fixture(scope="module")
def folder(study, tmp_path_factory):
    out = tmp_path_factory.mktemp("handover")
    assert main(["handover", "assess", str(study), "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def made(study):
    return assessed(io.open_study(study, needs=("units",)))


def placed(sample, target, text):
    for file in sample.iterdir():
        if file.suffix in {".shp", ".dbf", ".shx", ".prj", ".cpg"}:
            (target / file.name).symlink_to(file)
    (target / "study.toml").write_text(text, encoding="utf-8")
    return target


def edited(study, target, old, new):
    """The study under other terms, its layers where they are."""
    text = (study / "study.toml").read_text(encoding="utf-8")
    assert old in text
    return placed(study, target, text.replace(old, new))


def test_files_layers_and_sheets(folder):
    assert {one.name for one in folder.iterdir()} == FILES
    layers = set(gpd.list_layers(folder / "handover.gpkg")["name"])
    assert {"units", "development_land", "sites", "requirements", "terms", "balance"} <= layers
    sheets = openpyxl.load_workbook(folder / "handover.xlsx", read_only=True).sheetnames
    assert sheets[:2] == ["技术经济指标表", "用地平衡表"]


def test_layers_say_what_the_library_says(folder, made):
    units = gpd.read_file(folder / "handover.gpkg", layer="units").set_index("unit_id")
    for name in ("demolition_m2", "offered_m2", "legal_m2", "far"):
        assert units[name].to_dict() == pytest.approx(made.units[name].to_dict(), nan_ok=True)
    rows = gpd.read_file(folder / "handover.gpkg", layer="requirements", use_arrow=False)
    assert rows["status"].tolist() == made.requirements["status"].tolist()


def test_the_sample_closes_and_only_what_its_study_sets_decides(made):
    units = made.units[made.units["demolition_m2"].notna()]
    assert len(units) >= 8
    split = units["legal_m2"] + units["unregistered_m2"] + units["state_unleased_m2"]
    assert split.to_numpy() == pytest.approx(units["demolition_m2"].to_numpy(), rel=1e-9)
    balance = made.balance.groupby("unit_id")["area_m2"].sum()
    assert balance[units.index].to_numpy() == pytest.approx(
        units["demolition_m2"].to_numpy(), rel=1e-9
    )
    existing = made.existing.groupby("unit_id")["area_m2"].sum()
    assert existing[units.index].to_numpy() == pytest.approx(
        units["demolition_m2"].to_numpy(), rel=1e-9
    )
    deciding = made.requirements[made.requirements["status"].isin(["pass", "fail"])]
    assert set(deciding["set_by"]) == {"study"}
    assert {"pass", "fail"} == set(deciding["status"])


def test_every_unit_has_a_sentence_in_both_languages(made):
    for name in ("sentence_zh", "sentence_en"):
        assert made.units[name].str.len().min() > 20
    assert not made.units["sentence_zh"].str.contains("nan").any()
    assert not made.units["sentence_en"].str.contains("nan").any()


def test_record(folder):
    record = json.loads((folder / "handover.json").read_text(encoding="utf-8"))
    assert (record["question"], record["verb"]) == ("handover", "assess")
    assert len(record["units"]) == 12
    assert {"unit.public_land_min_share"} <= {one["rule_id"] for one in record["rules"]}
    assert all(len(one["sha256"]) == 64 for one in record["inputs"])


def test_the_page_outlines_the_demolition_ranges_of_units(study, made):
    spec = handover_page(made, io.open_study(study, needs=("units",)))
    layers = {one.name: one for one in spec.layers}
    ranges = layers["projects"]
    assert ranges.title.zh == "拆除范围"
    assert {one.title.zh for one in ranges.columns} >= {"单元编号", "说明"}
    assert len(ranges.geometry) == made.units.geometry.notna().sum()
    assert "XG01" in set(made.sites["unit_id"])


def test_the_public_page_keeps_our_sentences(study, made):
    public = with_options(io.open_study(study, needs=("units",)), {"maps": {"edition": "public"}})
    for layer in handover_page(made, public).layers:
        assert "sentence_zh" not in {one.name for one in layer.columns}


def test_the_same_command_gives_the_same_bytes_and_one_json_object(folder, study, tmp_path, capsys):
    words = ["handover", "assess", str(study), "--out", str(tmp_path), "--json"]
    assert main(words) == 0
    reply = json.loads(capsys.readouterr().out)
    assert (reply["status"], reply["counts"]["units"]) == ("done", 12)
    assert {Path(one).name for one in reply["files"]} == FILES
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_an_earlier_version_adds_the_changes(study, tmp_path, capsys):
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    edited(study, earlier, "as_of = 2020-06-30", "as_of = 2019-06-30")
    out = tmp_path / "out"
    words = ["handover", "assess", str(study), "--out", str(out)]
    assert main([*words, "--before", str(earlier)]) == 0
    assert "虚构更新单元01：拆除范围" in capsys.readouterr().out
    record = json.loads((out / "handover.json").read_text(encoding="utf-8"))
    assert record["changes"]
    assert {one["cause"] for one in record["changes"]} == {"unchanged"}
    assert (
        "范围面积变化" in openpyxl.load_workbook(out / "handover.xlsx", read_only=True).sheetnames
    )


def test_a_study_without_rules_of_its_own_decides_nothing(study, tmp_path):
    text = (study / "study.toml").read_text(encoding="utf-8")
    own = text[text.index('[rules."') :]
    made = assessed(io.open_study(edited(study, tmp_path, own, ""), needs=("units",)))
    assert set(made.requirements["status"]) <= {"advisory", "not_evaluable"}
    table = made.requirements[made.requirements["rule_id"] == "handover.by_build_ratio"]
    assert set(table["status"]) == {"not_evaluable"}


@pytest.mark.parametrize(
    ("words", "code"),
    [(["--unit", "acre"], "unknown_unit"), (["--decimals", "9"], "bad_limit")],
)
def test_what_cannot_be_printed_is_refused(study, tmp_path, capsys, words, code):
    out = tmp_path / "out"
    ran = main(["handover", "assess", str(study), "--out", str(out), *words, "--json"])
    assert ran == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code
    assert not out.exists()


def test_a_study_without_units_is_refused(study, tmp_path, capsys):
    bare = edited(study, tmp_path, "[layers.units]", "[layers.pilots]")
    assert main(["handover", "assess", str(bare), "--out", str(tmp_path / "out"), "--json"]) == 3
    assert "units" in json.loads(capsys.readouterr().out)["error"]["what"]


def test_the_command_passes_every_layer_that_the_function_takes():
    taken = set(inspect.signature(handover.assess).parameters)
    assert set(LAYERS) <= taken
    others = {"units", "rules", "before", "legal_kinds", "state_unleased_kinds", "as_of"}
    assert taken == set(LAYERS) | others
    assert list(SETTINGS["handover"]) == ["legal", "state_unleased", "unit", "decimals"]
    assert workflow.HandedOver.__doc__


# ---- the page docs/land_handover.md ----
def test_the_page_names_every_setting_role_sheet_and_layer(folder):
    page = PAGE.read_text(encoding="utf-8")
    for name in (
        *SETTINGS["handover"],
        *LAYERS.values(),
        *(set(gpd.list_layers(folder / "handover.gpkg")["name"]) - {"layer_styles"}),
    ):
        assert f"`{name}`" in page, name


def test_the_table_on_the_page_is_one_that_a_study_can_set(study, tmp_path):
    block = re.search(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    own = (study / "study.toml").read_text(encoding="utf-8")
    placed(study, tmp_path, own[: own.index('[rules."')] + block)
    rows = assessed(io.open_study(tmp_path, needs=("units",))).requirements
    rows = rows[rows["rule_id"] == "handover.by_build_ratio"]
    assert set(rows["set_by"]) == {"study"}
    assert {"pass"} <= set(rows["status"]) <= {"pass", "fail", "not_evaluable"}
    assert rows["required_share"].dropna().isin([0.15, 0.2, 0.25]).all()
