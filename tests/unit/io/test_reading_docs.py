"""The examples of docs/reading.md are executed, and its studies are understood."""

import re
import shutil
from pathlib import Path

import pytest

from renewal_geo.io import read_layer, write_layers, write_parquet
from renewal_geo.io.declarations import declared

PAGE = Path(__file__).parents[3] / "docs" / "reading.md"
BLOCKS = re.findall(
    r"^```(\w*)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
)
STUDIES = [text for kind, text in BLOCKS if kind == "toml"]


def test_the_examples_run_and_print_what_the_page_says(
    sample_study_folder, tmp_path, capsys, monkeypatch
):
    for part in sample_study_folder.glob("parcels.*"):
        shutil.copy(part, tmp_path)
    parcels, _ = read_layer(tmp_path / "parcels.shp")
    roads, _ = read_layer(sample_study_folder / "roads.shp")
    write_layers(tmp_path / "plan.gpkg", {"parcels": parcels, "roads": roads})
    write_parquet(tmp_path / "parcels.parquet", parcels)
    (tmp_path / "schools.csv").write_text("名称,经度,纬度\n一小,114.25,22.72\n", encoding="gbk")
    monkeypatch.chdir(tmp_path)
    space = {}
    for kind, text in BLOCKS:
        if kind == "python":
            exec(compile(text, str(PAGE), "exec"), space)  # noqa: S102  our own page
    said = capsys.readouterr().out
    for kind, text in BLOCKS:
        assert kind != "text" or text in said
    assert "roads" in said
    assert "WGS 84 are assumed" in said
    assert f"{len(parcels)} EPSG" in said


@pytest.mark.parametrize("number", range(len(STUDIES)))
def test_the_studies_are_understood(number, tmp_path):
    (tmp_path / "study.toml").write_text(STUDIES[number], encoding="utf-8")
    assert declared(tmp_path).layers


def test_links_lead_to_headings():
    text = PAGE.read_text(encoding="utf-8")
    heads = {
        re.sub(r"[^\w\- ]", "", h).strip().lower().replace(" ", "-")
        for h in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= heads
