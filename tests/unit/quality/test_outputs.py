"""What a check and a repair write: layers, sheets, a map of before and after, counts."""

import json
from io import BytesIO

import geopandas as gpd
import pytest
from openpyxl import load_workbook
from pyogrio import list_layers, read_dataframe
from shapely import box

from renewal_geo.cli.app import main
from renewal_geo.maps import quality_map
from renewal_geo.quality import check, repair
from renewal_geo.report import findings_workbook

X, Y = 500_000.0, 2_500_000.0
SHAPES = [
    box(X, Y, X + 50, Y + 50),
    box(X + 49.8, Y, X + 150, Y + 50),
    box(X, Y + 100, X + 50, Y + 150),
    box(X + 48, Y + 100, X + 90, Y + 150),
]


@pytest.fixture
def parcels():
    return gpd.GeoDataFrame(geometry=SHAPES, index=list("abcd"), crs="EPSG:4547")


@pytest.fixture
def fixed(parcels):
    return repair(parcels, check(parcels), codes=["safe", "overlap"])


@pytest.fixture
def drawing(parcels, tmp_path):
    path = tmp_path / "parcels.gpkg"
    parcels.rename_axis("parcel_id").reset_index().to_file(path)
    return path


def test_the_map_shows_before_and_after(parcels, fixed):
    page = quality_map(check(parcels), parcels, repair=fixed, lang="en")
    layers = {layer.name: layer for layer in page.spec.layers}
    assert list(layers) == ["parcels", "shapes", "before", "after", "moves", "findings"]
    assert layers["before"].classes[0].line == "#b3261e"
    assert layers["after"].classes[0].line == "#1f5fa8"
    assert layers["before"].values["delta_m2"].tolist() == pytest.approx([-10.0])
    facts = {fact.title.en: fact.content.en for fact in page.spec.facts}
    assert facts["Change of area (m²)"] == "-10.00"
    assert layers["before"].title.en == "Before the repair"


def test_a_repair_that_changed_nothing_has_no_layers_of_its_own(parcels):
    nothing = repair(parcels, check(parcels))
    page = quality_map(check(parcels), parcels, repair=nothing)
    assert [layer.name for layer in page.spec.layers] == ["parcels", "shapes", "findings"]


def test_the_workbook_lists_every_move(parcels, fixed):
    book = load_workbook(BytesIO(findings_workbook(check(parcels), fixed, lang="en")))
    assert {"Repairs", "Moves", "Left for a person"} <= set(book.sheetnames)
    heads = [cell.value for row in book["Findings"].iter_rows(max_row=6) for cell in row]
    assert {"Area of the fault (m²)", "Width of the fault (m)"} <= set(heads)


def test_the_command_mends_what_is_named(drawing, tmp_path, capsys):
    out = tmp_path / "out"
    code = main(
        ["quality", "repair", str(drawing), "--out", str(out), "--repair", "overlap", "--json"]
    )
    said = json.loads(capsys.readouterr().out)
    assert code == 0
    assert set(said["counts"]) == {"changes", "left", "dropped"}
    names = {name for name, _ in list_layers(out / "quality.gpkg")}
    assert {"findings", "parcels", "before", "moves", "dropped", "log"} <= names
    assert read_dataframe(out / "quality.gpkg", layer="before").area.tolist() == pytest.approx(
        [5010.0]
    )
    record = json.loads((out / "quality.json").read_text(encoding="utf-8"))["repair"]
    assert record["given_m2"]["overlap"] == pytest.approx(10.0)
    assert record["left"]["overlap"] == 1


def test_the_limits_are_options_and_the_default_moves_no_border(drawing, tmp_path, capsys):
    given = ["quality", "repair", str(drawing), "--json"]
    assert main([*given, "--out", str(tmp_path / "one")]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["changes"] == 0
    wide = ["--repair", "overlap", "--repair-max-width-m", "3", "--repair-max-m2", "200"]
    assert main([*given, "--out", str(tmp_path / "two"), *wide]) == 0
    capsys.readouterr()
    record = json.loads((tmp_path / "two" / "quality.json").read_text(encoding="utf-8"))["repair"]
    assert record["given_m2"]["overlap"] == pytest.approx(110.0)


def test_a_code_that_nobody_can_mend_is_refused(drawing, tmp_path, capsys):
    given = [
        "quality",
        "repair",
        str(drawing),
        "--out",
        str(tmp_path / "o"),
        "--repair",
        "multipart",
        "--json",
    ]
    assert main(given) == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "unsafe_repair"
    assert not (tmp_path / "o").exists()
