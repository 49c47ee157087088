"""Comparing and tallying by command: files, records, ids by column, and what is refused."""

import json

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
from shapely import box

from renewal_geo import ledger, workflow
from renewal_geo.cli.app import main
from renewal_geo.foundation.errors import SchemaError, SourceError, UsageError
from renewal_geo.io import write_parquet

CRS = "EPSG:4547"
X, Y = 520_000.0, 2_510_000.0
STUDY = """
name = "{name}"
crs = "EPSG:4547"
as_of = 2020-06-30
lang = "en"
[layers.parcels]
path = "parcels.gpkg"
columns = {{ parcel_id = "宗地号" }}
"""


def block(x, y, width=100, height=100):
    return box(X + x, Y + y, X + x + width, Y + y + height)


def version(folder, shapes, **columns):
    folder.mkdir()
    table = gpd.GeoDataFrame(
        {"宗地号": list(shapes), **columns}, geometry=list(shapes.values()), crs=CRS
    )
    table.to_file(folder / "parcels.gpkg", layer="parcels")
    (folder / "study.toml").write_text(STUDY.format(name=folder.name), encoding="utf-8")
    return folder


@pytest.fixture
def versions(tmp_path):
    old = version(
        tmp_path / "old",
        {"=1+1": block(0, 0), "b": block(100, 0), "c": block(200, 0), "d": block(0, 300)},
        用途=["M1", "M1", "R2", "R2"],
    )
    new = version(
        tmp_path / "new",
        {
            "=1+1": block(0, 0),
            "b1": block(100, 0, 60),
            "b2": block(160, 0, 40),
            "c": block(200, 0, 110),
        },
        用途=["M0", "M1", "M1", "R2"],
        reason=[None, None, None, "更新意愿"],
    )
    return old, new


def test_two_studies_are_compared_and_written(versions, tmp_path):
    changes, files, _ = workflow.compare(*versions, tmp_path / "out", columns=["用途"])
    assert [one.rpartition("/")[2] for one in files] == [
        "changes.gpkg", "changes.xlsx", "changes.html", "changes.json",
    ]  # fmt: skip
    assert changes.table.set_index("id")["kind"].to_dict() == {
        "=1+1": "same", "b1": "split", "b2": "split", "c": "reshaped", "d": "gone",
    }  # fmt: skip
    record = json.loads((tmp_path / "out" / "changes.json").read_text(encoding="utf-8"))
    assert record["kinds"] == {"gone": 1, "reshaped": 1, "same": 1, "split": 2}
    assert record["needs_reason"] == ["d"]
    assert len(record["inputs"]) == 2
    assert record["totals"]["before"]["apart_m2"] == pytest.approx(10_000)
    layers = {name for name, _ in pyogrio.list_layers(tmp_path / "out" / "changes.gpkg")}
    assert {"before", "after", "links", "flows", "lost", "gained", "changed_values"} <= layers
    after = gpd.read_file(tmp_path / "out" / "changes.gpkg", layer="after").set_index("id")
    assert after.loc["b2", "predecessors"] == "b"
    assert after.loc["b2", "successors"] == "b1; b2"
    assert after.loc["c", "reason"] == "willingness"
    assert after.loc["=1+1", "changed_values"] == "用途: M1 → M0"
    assert after.loc["b1"].geometry.area == pytest.approx(6000)
    styles = pyogrio.read_dataframe(tmp_path / "out" / "changes.gpkg", layer="layer_styles")
    assert {"before", "after", "lost", "gained"} <= set(styles["f_table_name"])


def test_the_workbook_lists_what_changed_and_writes_no_formula_of_ids(versions, tmp_path):
    workflow.compare(*versions, tmp_path / "out", columns=["用途"])
    book = openpyxl.load_workbook(tmp_path / "out" / "changes.xlsx")
    assert book.sheetnames == [
        "Balance", "Kinds of change", "Features", "What became of each", "Descent, pair by pair",
        "Changed values",
    ]  # fmt: skip
    sheet = book["Features"]
    heads = [cell.value for cell in sheet[3]]
    rows = [
        dict(zip(heads, (c.value for c in row), strict=True)) for row in sheet.iter_rows(min_row=4)
    ]
    assert [row["Id"] for row in rows] == ["=1+1", "b1", "b2", "c", "d"]
    assert sheet.cell(4, 2).data_type == "s"
    assert rows[3]["Reason (given by a person)"] == "Willingness to renew"
    assert rows[4]["Reason missing"] == "✓"
    assert all("." not in str(head) for head in heads)


def test_the_same_versions_give_the_same_bytes(versions, tmp_path):
    for name in ("one", "two"):
        workflow.compare(*versions, tmp_path / name)
    for file in ("changes.gpkg", "changes.xlsx", "changes.html", "changes.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_bare_layers_take_their_ids_from_a_column(versions, tmp_path):
    layers = [folder / "parcels.gpkg" for folder in versions]
    changes, _, _ = workflow.compare(*layers, tmp_path / "out", identity="宗地号")
    assert set(changes.table["id"]) == {"=1+1", "b1", "b2", "c", "d"}
    with pytest.raises(SchemaError) as fault:
        workflow.compare(*layers, tmp_path / "no", identity="编号")
    assert fault.value.code == "unknown_column"
    assert "宗地号" in fault.value.fix
    assert not (tmp_path / "no").exists()


def test_compare_by_command(versions, tmp_path, capsys):
    old, new = map(str, versions)
    code = main(["ledger", "compare", old, new, "--out", str(tmp_path / "out"), "--json"])
    said = json.loads(capsys.readouterr().out)
    assert code == 0
    assert said["counts"] == {"split": 2, "same": 1, "reshaped": 1, "gone": 1}
    code = main(
        ["ledger", "compare", old, new, "--out", str(tmp_path / "no"), "--tolerance", "3", "--json"]
    )
    assert code == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "bad_tolerance"


@pytest.fixture
def files(tmp_path):
    shapes = [block(100 * x, 100 * y) for x in range(8) for y in range(8)]
    index = pd.Index([f"P{n}" for n in range(64)], name="parcel_id")
    zones = gpd.GeoDataFrame(geometry=shapes, index=index, crs=CRS)
    use = gpd.GeoDataFrame(
        {"use": ["M1", "R2", "M1"]},
        geometry=[block(-50, -50, 400, 900), block(300, 0, 300, 500), block(550, 100, 400, 300)],
        crs=CRS,
    )
    write_parquet(tmp_path / "zones.parquet", zones, hilbert=True, row_group_rows=10)
    write_parquet(tmp_path / "use.parquet", use, row_group_rows=1)
    return zones, use, tmp_path


def test_files_are_tallied_by_command(files, capsys):
    zones, use, folder = files
    arguments = [
        "ledger",
        "tally-tiles",
        str(folder / "zones.parquet"),
        str(folder / "use.parquet"),
    ]
    code = main([*arguments, "--by", "use", "--tiles", "5", "--out", str(folder / "out"), "--json"])
    said = json.loads(capsys.readouterr().out)
    assert code == 0
    assert said["counts"] == {"zones": 64, "tiles": 5}
    assert sorted(one.name for one in (folder / "out").iterdir()) == [
        "ledger_rows.parquet",
        "tiles.json",
    ]
    whole = ledger.tally(zones, use, by="use").table
    rows = pd.read_parquet(folder / "out" / "ledger_rows.parquet")
    key = ["parcel_id", "use", "kind"]
    merged = rows.merge(whole, on=key, how="outer", indicator=True)
    assert (merged["_merge"] == "both").all()
    assert np.allclose(merged["area_m2_x"], merged["area_m2_y"], rtol=0, atol=1e-6)
    record = json.loads((folder / "out" / "tiles.json").read_text(encoding="utf-8"))
    assert record["zones"] == 64
    assert record["rows"] == len(whole)
    assert abs(record["closing_m2"]) < 1e-6


def test_nothing_is_written_where_a_tally_fails(files, monkeypatch):
    monkeypatch.setattr("renewal_geo.workflow.tiles.ANSWER_S", 0.5)
    _, _, folder = files
    with pytest.raises(SourceError) as fault:
        workflow.tally_tiles(
            folder / "zones.parquet", folder / "use.parquet", folder / "out", "nothing"
        )
    assert fault.value.code == "unknown_column"
    with pytest.raises(UsageError) as fault:
        workflow.tally_tiles(
            folder / "zones.parquet",
            folder / "use.parquet",
            folder / "out",
            "use",
            cluster="tcp://127.0.0.1:1",
        )
    assert fault.value.code == "cluster_silent"
    assert not (folder / "out").exists()
