"""The commands `ledger overlay` and `ledger zonal` on a drawn study."""

import json

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine
from shapely import box

from renewal_geo.cli.app import main

EAST, NORTH = 500_000, 2_500_000


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    parcels = [box(EAST + 100 * n, NORTH, EAST + 100 * n + 100, NORTH + 100) for n in range(3)]
    gpd.GeoDataFrame({"code": ["a", "b", "c"]}, geometry=parcels, crs="EPSG:4547").to_file(
        folder / "parcels.gpkg"
    )
    uses = [
        box(EAST, NORTH, EAST + 150, NORTH + 100),
        box(EAST + 120, NORTH, EAST + 200, NORTH + 50),
    ]
    gpd.GeoDataFrame({"use": ["M1", "R2"]}, geometry=uses, crs="EPSG:4547").to_file(
        folder / "use.gpkg"
    )
    place = Affine(50, 0, EAST, 0, -50, NORTH + 100)
    with rasterio.open(
        folder / "slope.tif", "w", driver="GTiff", count=1, height=2, width=6, dtype="float32",
        crs="EPSG:4547", transform=place, nodata=-1,
    ) as data:  # fmt: skip
        data.write(np.array([[1, 2, 3, 4, 5, -1], [1, 2, 3, 4, 5, -1]], dtype="float32"), 1)
    (folder / "study.toml").write_text(
        """
crs = "EPSG:4547"
as_of = 2024-01-01
[layers.parcels]
path = "parcels.gpkg"
columns = { parcel_id = "code" }
[layers.land_use]
path = "use.gpkg"
columns = { land_use = "use" }
[layers.dem]
path = "slope.tif"
unit = "degree"
kind = "density"
"""
    )
    return folder


def answer(capsys):
    return json.loads(capsys.readouterr().out)


def test_overlay_writes_pieces_books_and_record(study, tmp_path, capsys):
    out = tmp_path / "out"
    command = ["ledger", "overlay", str(study), "--how", "union", "--workers", "2", "--json"]
    assert main([*command, "--out", str(out)]) == 0
    reply = answer(capsys)
    assert (reply["verb"], reply["counts"]) == ("overlay", {"pieces": 5, "touching": 1})
    pieces = gpd.read_file(out / "overlay.gpkg", layer="pieces")
    assert pieces["area_m2"].tolist() == pytest.approx([10_000, 5_000, 4_000, 2_500, 10_000])
    assert pieces["land_use"].tolist()[:3] == ["M1", "M1", "R2"]
    book = gpd.read_file(out / "overlay.gpkg", layer="book_parcels").set_index("left_id")
    assert book.loc["b", "uncovered_m2"] == pytest.approx(2_500)
    assert book.loc["b", "covered_twice_m2"] == pytest.approx(1_500)
    record = json.loads((out / "overlay.json").read_text(encoding="utf-8"))
    assert record["settings"] == {"left": "parcels", "right": "land_use", "how": "union"}
    assert record["totals"]["left"]["uncovered_m2"] == pytest.approx(12_500)
    assert len(record["inputs"]) == 2


def test_the_same_question_gives_the_same_files(study, tmp_path):
    for workers, name in ((1, "one"), (3, "two")):
        assert (
            main(
                [
                    "ledger",
                    "overlay",
                    str(study),
                    "--workers",
                    str(workers),
                    "--out",
                    str(tmp_path / name),
                ]
            )
            == 0
        )
    for file in ("overlay.gpkg", "overlay.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_zonal_writes_layer_workbook_and_record(study, tmp_path, capsys):
    out = tmp_path / "out"
    command = [
        "ledger",
        "zonal",
        str(study),
        "--statistics",
        "mean,max",
        "--json",
        "--out",
        str(out),
    ]
    assert main(command) == 0
    reply = answer(capsys)
    assert reply["counts"] == {"zones": 3, "without": 0}
    assert (
        reply["summary"]
        == "mean, max of dem (degree) in 3 of 3 zones; exactextract, exact cell coverage"
    )
    zones = gpd.read_file(out / "zonal.gpkg", layer="zones").set_index("parcel_id")
    assert zones["mean"].tolist() == pytest.approx([1.5, 3.5, 5.0])
    assert zones["covered_share"].tolist() == pytest.approx([1, 1, 0.5])
    record = json.loads((out / "zonal.json").read_text(encoding="utf-8"))
    assert [source["path"] for source in record["inputs"]] == [
        "parcels.gpkg",
        "use.gpkg",
        "slope.tif",
    ]
    assert record["method"] == "exactextract, exact cell coverage"
    assert record["zones"][2] == {
        "parcel_id": "c", "mean": 5.0, "max": 5.0, "cells": 2.0, "covered_share": 0.5, "reason": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["overlay", "--right", "units"], "layer_missing"),
        (["overlay", "--how", "clip"], "unknown_how"),
        (["zonal", "--raster", "population"], "layer_missing"),
        (["zonal", "--statistics", "sum"], "statistic_meaningless"),
    ],
)
def test_what_cannot_be_answered_writes_nothing(study, tmp_path, capsys, options, code):
    verb, *rest = options
    assert main(["ledger", verb, str(study), *rest, "--json", "--out", str(tmp_path / "out")]) == 3
    assert answer(capsys)["error"]["code"] == code
    assert not (tmp_path / "out").exists()


def test_keys_of_a_raster_are_checked(study, tmp_path, capsys):
    toml = study / "study.toml"
    toml.write_text(toml.read_text() + 'nodata = "x"\nband = "first"\n')
    assert main(["ledger", "zonal", str(study), "--json", "--out", str(tmp_path / "out")]) == 3
    said = answer(capsys)["error"]["what"]
    assert "has no key 'nodata'" in said
    assert "band = 'first' is wrong" in said
