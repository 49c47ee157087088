"""init: what it guesses opens at once, what it cannot guess it says."""

import geopandas as gpd
import pytest
from shapely import LineString, box

from renewal_geo.foundation.errors import SourceError
from renewal_geo.io import open_study, propose, write_proposal

X, Y = 510_000.0, 2_510_000.0


def parcels(**columns):
    shapes = [box(X + 100 * n, Y, X + 100 * n + 90, Y + 80) for n in range(4)]
    table = {"地块编号": list("ABCD"), "现状用途": ["M1", "R2", "W1", "M1"], **columns}
    return gpd.GeoDataFrame(table, geometry=shapes, crs="EPSG:4547")


@pytest.fixture
def folder(tmp_path):
    parcels(面积=10.8).to_file(tmp_path / "地块.shp", encoding="GBK")
    line = gpd.GeoDataFrame(
        {"类型": ["高速"]}, geometry=[LineString([(X, Y), (X, Y + 9)])], crs=4547
    )
    (tmp_path / "sub").mkdir()
    line.to_file(tmp_path / "sub" / "barriers.shp", encoding="UTF-8")
    return tmp_path


def test_a_guess_that_opens(folder):
    proposal = propose(folder)
    file = write_proposal(folder, proposal)
    assert file.read_text(encoding="utf-8") == proposal.text
    study = open_study(folder)
    assert study.parcels.index.tolist() == list("ABCD")
    assert study.settings["zones"]["pool"] == "land_use in ['M1', 'W1']"
    assert study.crs.to_epsg() == 4547
    assert len(study.barriers) == 1


def test_unit_that_no_name_states_is_asked(folder):
    proposal = propose(folder)
    assert '# recorded_area_m2 = { name = "面积", unit = "mu" }' in proposal.text
    assert any("in which unit" in note for note in proposal.notes)
    assert "recorded_area_m2" not in write_study_and_open(folder).parcels.columns


def write_study_and_open(folder):
    write_proposal(folder, propose(folder))
    return open_study(folder)


def test_nothing_is_overwritten(folder):
    (folder / "study.toml").write_text("mine")
    with pytest.raises(SourceError) as caught:
        write_proposal(folder, propose(folder))
    assert caught.value.code == "study_exists"
    assert (folder / "study.toml").read_text() == "mine"


def test_degrees_get_a_metric_working_crs(tmp_path):
    parcels().to_crs("EPSG:4490").to_file(tmp_path / "宗地.gpkg")
    proposal = propose(tmp_path)
    assert 'crs   = "EPSG:4547"' in proposal.text
    (tmp_path / "study.toml").write_text(proposal.text, encoding="utf-8")
    assert open_study(tmp_path).parcels.crs.to_epsg() == 4547


def test_layer_without_crs_is_asked(folder):
    (folder / "sub" / "barriers.prj").unlink()
    proposal = propose(folder)
    assert 'crs      = ""' in proposal.text
    assert 'if it is "EPSG:4547"' in proposal.text
    assert any("names no CRS" in note for note in proposal.notes)


def test_unreadable_files_are_named(folder):
    (folder / "bad.geojson").write_text("print('x')")
    assert any(note.startswith("bad.geojson was left out") for note in propose(folder).notes)


def test_table_that_can_be_joined(folder):
    (folder / "台账.csv").write_text("宗地,年份\nA,1990\nA,1991\nB,1\nC,2\nD,3\n", encoding="gbk")
    text = propose(folder).text
    assert '# on      = { "地块编号" = "宗地" }' in text
    assert "# many" in text


def test_names_cannot_break_out_of_a_comment(folder):
    odd = parcels().assign(现状用途=['x"\n[zones]\npool = "1"', "b", "c\r", "d"])
    odd.to_file(folder / "地块.gpkg", layer='宗地"\n[x]')
    (folder / "地块.shp").unlink()
    (folder / "study.toml").write_text(propose(folder).text, encoding="utf-8")
    assert len(open_study(folder).parcels) == 4


def test_empty_folder(tmp_path):
    with pytest.raises(SourceError) as caught:
        propose(tmp_path)
    assert caught.value.code == "nothing_found"
    with pytest.raises(SourceError) as caught:
        propose(tmp_path / "nowhere")
    assert caught.value.code == "folder_missing"
