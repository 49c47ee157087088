"""The walk-throughs of docs/facilities.md, run command by command as they stand there."""

import re
import shlex
from pathlib import Path

import geopandas as gpd
import pytest

from renewal_geo.cli.app import main

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "facilities.md").read_text(encoding="utf-8")
STUDIES = dict(re.findall(r"```toml\n# (\w+)/study\.toml\n(.*?)```", PAGE, re.DOTALL))
BLOCKS = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
SETS = ("cambridge_ma", "facilities_shanghai")


def commands():
    """Each command of the page with the lines that it must print."""
    for block in BLOCKS:
        for part in block.split("$ ")[1:]:
            line, *shown = part.strip().splitlines()
            yield pytest.param(line, shown, id=line.split("renewal-geo ")[1])


@pytest.fixture(scope="module")
def desk(real_data, tmp_path_factory):
    """The folders of the page, each with the files that it names beside its study.toml."""
    desk = tmp_path_factory.mktemp("desk")
    for name, text in STUDIES.items():
        folder = desk / name
        folder.mkdir()
        (folder / "study.toml").write_text(text, encoding="utf-8")
        for file in re.findall(r'^path\s*=\s*"(.+)"', text, re.MULTILINE):
            found = next(
                real_data / one / file for one in SETS if (real_data / one / file).exists()
            )
            (folder / file).symlink_to(found)
    return desk


def test_the_page_has_them_all():
    assert set(STUDIES) == {"cambridge", "cambridge_industry", "shanghai", "shanghai_stated"}
    assert len(list(commands())) == 6


@pytest.mark.parametrize(("line", "shown"), list(commands()))
def test_the_page_prints_what_happens(desk, monkeypatch, capsys, line, shown):
    monkeypatch.chdir(desk)
    code = main(shlex.split(line)[1:])
    said = capsys.readouterr()
    told = said.out if code == 0 else said.err
    assert code == (3 if shown[0].startswith("error") else 0)
    for one in shown:
        assert one in told


def test_impossible_years_are_found_and_missing_ones_counted(desk, capsys):
    assert main(["quality", "check", str(desk / "cambridge"), "--out", str(desk / "years")]) == 0
    findings = gpd.read_file(desk / "years" / "quality.gpkg", layer="findings")
    years = findings[findings["code"] == "suspicious_value"]["message_en"].str.extract(r"= (\d+)$")[
        0
    ]
    counts = years.astype(int).value_counts()
    assert (counts[0], counts[1389]) == (627, 1)
    assert "134 rows of the layer have no row in the table" in capsys.readouterr().err
