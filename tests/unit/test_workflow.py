"""The whole pass on a small hand-drawn study: files, tampering, bad input, exit codes."""

import json
import shutil
import sqlite3

import geopandas as gpd
import numpy as np
import pytest
import typer
from shapely import LineString, box

from renewal_geo.cli.app import app, main

STUDY = """
name = "hand-drawn"
crs = "EPSG:4547"
as_of = 2020-06-30
lang = "en"

[layers.parcels]
path = "parcels.gpkg"

[layers.barriers]
path = "barriers.gpkg"

[zones]
pool = "land_use == 'M1'"
filler = "land_use == 'R2'"
value = "score"
area_budget_ha = 9.0
min_area_ha = 2.0
min_share = { industrial = 0.6 }
shares = { industrial = "land_use == 'M1'" }
boundary_weight = 0.0005
time_limit_s = 10
"""


def draw(folder):
    """Two banks of a river, each 4 x 3 blocks of 70 m with streets of 15 m between them."""
    rng = np.random.default_rng(1)
    rows = []
    for bank in (0, 1):
        for x in range(4):
            for y in range(3):
                at = 400 * bank + 85 * x, 85 * y
                rows.append(
                    (
                        f"{'WE'[bank]}{x}{y}",
                        "R2" if (x + y) % 4 == 3 else "M1",
                        round(rng.uniform(0.3, 1), 3),
                        box(at[0], at[1], at[0] + 70, at[1] + 70),
                    )
                )
    parcels = gpd.GeoDataFrame(
        {
            "parcel_id": [r[0] for r in rows],
            "land_use": [r[1] for r in rows],
            "score": [r[2] for r in rows],
        },
        geometry=[r[3] for r in rows],
        crs="EPSG:4547",
    )
    river = gpd.GeoDataFrame(
        {"kind": ["river"], "width_m": [20.0]},
        geometry=[LineString([(363, -99), (363, 400)])],
        crs="EPSG:4547",
    )
    folder.mkdir(exist_ok=True)
    parcels.to_file(folder / "parcels.gpkg")
    river.to_file(folder / "barriers.gpkg")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A study and its delineation."""
    base = tmp_path_factory.mktemp("workflow")
    study = draw(base / "study")
    assert main(["zones", "delineate", str(study), "--out", str(base / "out")]) == 0
    return base


@pytest.fixture
def copied(drawn, tmp_path):
    """A copy of both, free to be spoilt."""
    shutil.copytree(drawn / "study", tmp_path / "study")
    shutil.copytree(drawn / "out", tmp_path / "out")
    return tmp_path


def spoken(capsys, *words):
    code = main([*map(str, words), "--json"])
    said = capsys.readouterr().out
    return code, json.loads(said)


def test_files_and_json(drawn, capsys, tmp_path):
    code, said = spoken(
        capsys, "zones", "delineate", drawn / "study", "--out", tmp_path / "o", "--min-area-ha", 1
    )
    assert code == 0
    assert list(said) == [
        "question",
        "verb",
        "status",
        "summary",
        "objective",
        "bound",
        "gap",
        "counts",
        "files",
        "warnings",
    ]
    assert {p.name for p in (tmp_path / "o").iterdir()} == {
        "zones.gpkg",
        "zones.html",
        "zones.png",
        "zones.xlsx",
        "zones_frontier.png",
        "zones_outlook.json",
        "certificate.json",
    }
    record = json.loads((tmp_path / "o" / "certificate.json").read_text(encoding="utf-8"))
    assert record["parameters"]["min_area_ha"] == 1
    assert said["bound"] >= said["objective"]


def test_untouched_delineation_verifies(copied):
    assert main(["zones", "verify", str(copied / "out")]) == 0


def test_verify_finds_the_study_where_it_has_moved(copied, capsys):
    (copied / "study").rename(copied / "moved")
    code, said = spoken(capsys, "zones", "verify", copied / "out")
    assert (code, said["error"]["code"]) == (3, "study_missing")
    assert main(["zones", "verify", str(copied / "out"), "--study", str(copied / "moved")]) == 0


def edit_certificate(folder, change):
    file = folder / "out" / "certificate.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    change(record)
    file.write_text(json.dumps(record), encoding="utf-8")


def edit_layer(folder, statement):
    with sqlite3.connect(folder / "out" / "zones.gpkg") as base:
        base.execute("DROP TRIGGER IF EXISTS rtree_parcels_geom_update1")
        for (name,) in base.execute(
            "SELECT name FROM sqlite_master WHERE type='trigger'"
        ).fetchall():
            base.execute(f'DROP TRIGGER "{name}"')
        base.execute(statement)


def move_parcel(record):
    zones = list(record["zones"])
    record["zones"][zones[0]].append(record["zones"][zones[-1]].pop())


TAMPERINGS = {
    "parcel moved in the certificate": lambda f: edit_certificate(f, move_parcel),
    "parcel moved in the layer": lambda f: edit_layer(
        f, "UPDATE parcels SET zone_id = NULL WHERE zone_id IS NOT NULL"
    ),
    "area of a parcel edited": lambda f: edit_layer(
        f, "UPDATE parcels SET area_m2 = area_m2 + 5 WHERE parcel_id = 'W00'"
    ),
    "area of a zone edited": lambda f: edit_layer(f, "UPDATE zones SET area_m2 = area_m2 + 5"),
    "link invented across the river": lambda f: edit_layer(
        f,
        "INSERT INTO links (focal, neighbour, kind, frontage_m, gap_m) VALUES ('E00', 'W30', 'bridge', 70, 75)",
    ),
    "frontage edited": lambda f: edit_layer(f, "UPDATE links SET frontage_m = frontage_m + 1"),
    "objective raised": lambda f: edit_certificate(
        f, lambda r: r.update(objective=r["objective"] * 1.01)
    ),
    "bound lowered": lambda f: edit_certificate(f, lambda r: r.update(bound=r["objective"] * 0.99)),
    "gap edited": lambda f: edit_certificate(f, lambda r: r.update(gap=r["gap"] + 0.1)),
    "minimum area lowered": lambda f: edit_certificate(
        f, lambda r: r["parameters"].update(gap_max_m=90.0)
    ),
    "status edited": lambda f: edit_certificate(
        f, lambda r: r.update(status="feasible" if r["status"] == "optimal" else "optimal")
    ),
    "input changed": lambda f: (f / "study" / "parcels.gpkg").write_bytes(
        (f / "study" / "parcels.gpkg").read_bytes() + b" "
    ),
    "input removed": lambda f: (f / "study" / "barriers.gpkg").unlink(),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_every_tampering_is_named(name, copied, capsys):
    TAMPERINGS[name](copied)
    code, said = spoken(capsys, "zones", "verify", copied / "out")
    assert code == 5, said
    assert "broken" in said.get("summary", "") or said["error"]["what"]


def test_run_makes_a_folder_that_stands_by_itself(drawn, tmp_path):
    assert main(["run", str(drawn / "study"), "--out", str(tmp_path / "a")]) == 0
    (tmp_path / "a").rename(tmp_path / "b")
    assert main(["zones", "verify", str(tmp_path / "b")]) == 0


def test_same_study_same_answer(drawn, tmp_path):
    for name in ("one", "two"):
        assert (
            main(["zones", "delineate", str(drawn / "study"), "--out", str(tmp_path / name)]) == 0
        )
    one, two = (json.loads((tmp_path / n / "certificate.json").read_text()) for n in ("one", "two"))
    one.pop("run"), two.pop("run")
    assert one == two
    for file in ("zones.gpkg", "zones.html", "zones.xlsx"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


MEANINGLESS = {
    "min above max": ["--min-area-ha", 5, "--max-area-ha", 4],
    "budget below min": ["--area-budget-ha", 1],
    "negative": ["--min-area-ha", -1],
    "nan": ["--boundary-weight", "nan"],
    "unknown id": ["--lock-in", "nobody"],
    "in and out": ["--lock-in", "W00", "--lock-out", "W00"],
    "empty pool": ["--pool", "land_use == 'ZZ'"],
    "unknown column": ["--pool", "landuse == 'M1'"],
    "outside the grammar": ["--pool", "__import__('os')"],
    "share outside 0..1": ["--min-share", "industrial=1.5"],
    "share without definition": ["--min-share", "green=0.2"],
    "share of numbers": ["--shares", "industrial=score * 3"],
}


@pytest.mark.parametrize("name", MEANINGLESS)
def test_meaningless_questions_write_nothing(name, drawn, tmp_path, capsys):
    code, said = spoken(
        capsys, "zones", "delineate", drawn / "study", "--out", tmp_path / "o", *MEANINGLESS[name]
    )
    assert code == 3, said
    assert set(said["error"]) == {"code", "what", "where", "fix"}
    assert said["error"]["fix"]
    assert not (tmp_path / "o").exists()


UNANSWERABLE = {
    "no component is large enough": (["--min-area-ha", 9, "--area-budget-ha", 20], "min_area_ha"),
    "shares cannot be met": (
        [
            "--pool",
            "land_use == 'R2'",
            "--filler",
            "",
            "--min-area-ha",
            0.4,
            "--area-budget-ha",
            20,
        ],
        "min_share",
    ),
    "locked parcel out of reach": (
        [
            "--lock-in",
            "W30",
            "--lock-out",
            "W20,W31,W21",
            "--pool",
            "land_use == 'M1'",
            "--filler",
            "",
        ],
        "lock_in",
    ),
    "more zones than the budget has room for": (["--min-zones", 6], "area_budget_ha"),
}


@pytest.mark.parametrize("name", UNANSWERABLE)
def test_questions_without_an_answer_are_results(name, drawn, tmp_path, capsys):
    options, limit = UNANSWERABLE[name]
    code, said = spoken(
        capsys, "zones", "delineate", drawn / "study", "--out", tmp_path / "o", *options
    )
    assert code == 0, said
    assert said["status"] == "infeasible"
    assert said["objective"] is said["bound"] is said["gap"] is None
    record = json.loads((tmp_path / "o" / "certificate.json").read_text(encoding="utf-8"))
    assert record["conflict"][0]["limit"] == limit
    assert main(["zones", "verify", str(tmp_path / "o"), "--study", str(drawn / "study")]) == 0


def test_no_zone_may_be_the_best_answer(drawn, tmp_path, capsys):
    code, said = spoken(
        capsys, "zones", "delineate", drawn / "study", "--out", tmp_path / "o", "--value", "-1.0"
    )
    assert (code, said["status"], said["objective"]) == (0, "optimal", 0.0)
    assert "none" in said["summary"]


def test_duplicate_ids_stop_delineate_and_run_mends_them(tmp_path, capsys):
    study = draw(tmp_path / "study")
    parcels = gpd.read_file(study / "parcels.gpkg")
    parcels.loc[3, "parcel_id"] = parcels.loc[2, "parcel_id"]
    parcels.to_file(study / "parcels.gpkg")
    code, said = spoken(capsys, "zones", "delineate", study, "--out", tmp_path / "o")
    assert (code, said["error"]["code"]) == (3, "duplicate_id")
    assert "repair" in said["error"]["fix"]
    assert main(["run", str(study), "--out", str(tmp_path / "o")]) == 0


def test_usage_errors(capsys, drawn):
    assert spoken(capsys, "zones", "delineate")[0] == 2
    assert (
        spoken(capsys, "zones", "delineate", drawn / "study", "--out", "o", "--mn-area-ha", 1)[0]
        == 2
    )
    assert (
        spoken(capsys, "quality", "check", drawn / "study", "--out", "o", "--fail-on", "bad")[0]
        == 2
    )


def test_quality_ledger_and_potential_commands(drawn, tmp_path, capsys):
    study = draw(tmp_path / "study")
    (study / "study.toml").write_text(
        STUDY + '\n[layers.land_use]\npath = "parcels.gpkg"\n[potential]\nname = "ripe"\n'
        'criteria = [{ column = "score", weight = 1.0 }]\n',
        encoding="utf-8",
    )
    assert main(["quality", "check", str(study), "--out", str(tmp_path / "q")]) == 0
    assert (
        main(["quality", "check", str(study / "parcels.gpkg"), "--out", str(tmp_path / "bare")])
        == 0
    )
    assert main(["quality", "repair", str(study), "--out", str(tmp_path / "r")]) == 0
    assert main(["ledger", "tally", str(study), "--out", str(tmp_path / "l")]) == 0
    assert main(["potential", "score", str(study), "--out", str(tmp_path / "p")]) == 0
    for folder, file in (
        ("q", "quality.json"),
        ("bare", "quality.gpkg"),
        ("r", "quality.xlsx"),
        ("l", "ledger.html"),
        ("p", "potential.html"),
    ):
        assert (tmp_path / folder / file).exists()


def test_scores_of_repeated_ids_are_not_multiplied(tmp_path, capsys):
    study = draw(tmp_path / "study")
    parcels = gpd.read_file(study / "parcels.gpkg")
    parcels.loc[3, "parcel_id"] = parcels.loc[2, "parcel_id"]
    parcels.to_file(study / "parcels.gpkg")
    with (study / "study.toml").open("a", encoding="utf-8") as file:
        file.write(
            '\n[potential]\nname = "ripe"\ncriteria = [{ column = "score", weight = 1.0 }]\n'
        )
    assert spoken(capsys, "potential", "score", study, "--out", tmp_path / "p")[0] == 0
    assert len(gpd.read_file(tmp_path / "p" / "potential.gpkg", layer="parcels")) == len(parcels)


def test_init_writes_a_study_that_opens(tmp_path, capsys):
    study = draw(tmp_path / "study")
    (study / "study.toml").unlink()
    code, _ = spoken(capsys, "init", study)
    assert code == 0
    assert spoken(capsys, "quality", "check", study, "--out", tmp_path / "q")[0] == 0
    assert spoken(capsys, "init", study)[0] == 3


def test_what_comes_next_is_written_beside_the_zones(drawn):
    with sqlite3.connect(drawn / "out" / "zones.gpkg") as base:
        names = {row[1] for row in base.execute("pragma table_info(zones)")}
        assert {"phase", "chosen_frequency"} <= names
        names = {row[1] for row in base.execute("pragma table_info(parcels)")}
        assert {"phase", "chosen_frequency"} <= names
    said = json.loads((drawn / "out" / "zones_outlook.json").read_text(encoding="utf-8"))
    assert {"frontier", "phases", "prices", "robustness", "components"} <= set(said)
    assert [row["is_study"] for row in said["frontier"]].count(True) == 2
    for row in said["frontier"]:
        assert row["bound"] >= row["net_value"]
    assert said["phases"][-1]["cumulative_area_ha"] <= 9.0 + 1e-9


def test_the_outlook_can_be_left_out(drawn, tmp_path, capsys):
    code, _ = spoken(
        capsys,
        "zones",
        "delineate",
        drawn / "study",
        "--out",
        tmp_path / "o",
        "--outlook-time-s",
        0,
    )
    assert code == 0
    assert not (tmp_path / "o" / "zones_outlook.json").exists()
    assert not (tmp_path / "o" / "zones_frontier.png").exists()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--phases", "-1"),
        ("--noise", "nan"),
        ("--frontier-points", "-2"),
        ("--outlook-time-s", "-1"),
    ],
)
def test_meaningless_outlooks_are_refused_before_anything_is_sought(
    drawn, tmp_path, capsys, option, value
):
    for verb in ("delineate", "frontier"):
        code, said = spoken(
            capsys, "zones", verb, drawn / "study", "--out", tmp_path / "o", option, value
        )
        assert (code, said["error"]["code"]) == (3, "bad_limit")
        assert not (tmp_path / "o").exists()


def test_the_frontier_command(drawn, tmp_path, capsys):
    code, said = spoken(
        capsys,
        "zones",
        "frontier",
        drawn / "study",
        "--out",
        tmp_path / "f",
        "--frontier-points",
        4,
    )
    assert (code, said["verb"]) == (0, "frontier")
    assert {file.name for file in (tmp_path / "f").iterdir()} == {
        "zones_frontier.json",
        "zones_frontier.png",
        "zones_frontier.xlsx",
    }
    told = json.loads((tmp_path / "f" / "zones_frontier.json").read_text(encoding="utf-8"))
    assert len(told["points"]) == said["counts"]["points"]
    own = [row for row in told["points"] if row["is_study"] and row["kind"] == "budget"]
    assert own[0]["net_value"] == said["objective"] <= said["bound"]


def test_a_run_mends_what_the_study_asks_for(drawn, tmp_path):
    study = tmp_path / "study"
    shutil.copytree(drawn / "study", study)
    parcels = gpd.read_file(study / "parcels.gpkg")
    west, east = parcels.index[parcels["parcel_id"].isin(["W00", "W10"])]
    x0, y0, _, y1 = parcels.geometry[east].bounds
    parcels.loc[west, "geometry"] = parcels.geometry[west].union(box(x0 - 20, y0, x0 + 0.2, y1))
    parcels.to_file(study / "parcels.gpkg")
    words = ["run", str(study), "--time-limit-s", "1", "--outlook-time-s", "0", "--out"]
    assert main([*words, str(tmp_path / "left")]) == 0
    asked = study / "study.toml"
    asked.write_text(
        asked.read_text(encoding="utf-8") + '\n[quality]\nrepair = ["safe", "overlap"]\n',
        encoding="utf-8",
    )
    assert main([*words, str(tmp_path / "mended")]) == 0

    def twice(folder):
        table = gpd.read_file(tmp_path / folder / "repaired.gpkg", layer="parcels")
        return table.area.sum() - table.union_all().area

    assert twice("left") == pytest.approx(0.2 * 70)
    assert twice("mended") == pytest.approx(0.0, abs=1e-6)
    assert main(["zones", "verify", str(tmp_path / "mended")]) == 0


def test_a_demolition_range_is_known_by_its_chinese_column(drawn, tmp_path, capsys):
    study = tmp_path / "study"
    shutil.copytree(drawn / "study", study)
    units = gpd.GeoDataFrame(
        {
            "单元编号": ["U1", "U2", "U3", "U4", "U1"],
            "范围类型": ["更新单元范围"] * 4 + ["拆除范围"],
        },
        geometry=[*(box(x, 0, x + 90, 100) for x in (0, 100, 200, 300)), box(0, 0, 95, 100)],
        crs="EPSG:4547",
    )
    units.to_file(study / "units.gpkg")
    (study / "study.toml").unlink()
    assert main(["init", str(study)]) == 0
    capsys.readouterr()
    said = spoken(capsys, "quality", "check", study, "--out", tmp_path / "q")[1]
    assert said["counts"]["outside_unit"] == 1


def test_a_check_offers_no_options_of_the_repair():
    shown = typer.main.get_command(app).commands["quality"].commands
    names = {verb: {p.name for p in shown[verb].params} for verb in ("check", "repair")}
    assert "repair_max_m2" in names["repair"]
    assert not {name for name in names["check"] if name.startswith("repair")}
