"""Every real file is read right, or refused with the sentence that a person needs: none left out."""

import json
import re

import pytest
import shapely

from renewal_geo.cli.app import main
from renewal_geo.foundation import crs as crs_rules
from renewal_geo.foundation.errors import CRSError, RenewalError
from renewal_geo.io import layers_in, open_layer, open_study, read_batches, read_layer, read_table

SIDE = {".shx", ".prj", ".cpg", ".sbn"}
TEXTS = {
    "big5.dbf": ("繁體國語", "Big5", ""),
    "gbk.dbf": ("简体国语", "GBK (GB18030)", ""),
    "gb2312.dbf": ("简体国语", "GBK (GB18030)", ""),
    "utf8.dbf": ("国语國語", "UTF-8", ""),
    "latin1.dbf": ("Peçeña México", "CP1252", "encoding_doubt"),
    "shiftjis.dbf": ("ひたちなか市", "Shift-JIS", "encoding_doubt"),
    "eucjp.dbf": ("ひたちなか市", "EUC-JP", "encoding_doubt"),
    "ldid_chinese.dbf": ("简体", "GBK (GB18030)", "language id 0x7A"),
    "cpg/big5.dbf": ("國語", "Big5", "big5.cpg"),
    "cpg/euckr.dbf": ("한국말", "EUC-KR", "euckr.cpg"),
    "cpg/shiftjis.dbf": ("カタカナひらがな", "Shift-JIS", "shiftjis.cpg"),
    "cpg/win1251.dbf": ("РУССКИЙ", "Windows-1251", "win1251.cpg"),
    "comma_separated.dbf": ("10k", "UTF-8", "68,500 was read as 68.500"),
    "duplicate_fields.dbf": ("15003980600", "UTF-8", "'unemploy_2'"),
}
LAYERS = {
    "corrupt/corrupt_too_long.shp": (10, "", "1 bytes longer than its header"),
    "crs/null_crs_gdal.gpkg": (1, "", "(1) EPSG:4326"),
    "encodings/ldid_chinese.shp": (1, "EPSG:4326", "language id 0x7A"),
    "null_geometry/six_counties_three_null.json": (6, "EPSG:4326", "RFC 7946"),
    "shanghai_gbk/区县界_area.shp": (17, "EPSG:4326", "language id 0x4D"),
    "topology/ex10_bowtie.json": (1, "EPSG:4326", "RFC 7946"),
    "topology/ex12_ogc.geojson": (1, "EPSG:4326", "RFC 7946"),
    "topology/ex13_ogc.json": (1, "EPSG:4326", "RFC 7946"),
    "topology/ex1_yemen.json": (2, "EPSG:4326", "RFC 7946"),
    "topology/ex3.json": (1, "EPSG:4326", "RFC 7946"),
    "topology/ex4.json": (1, "EPSG:4326", "RFC 7946"),
    "topology/ex5_three_precincts.json": (3, "EPSG:4326", "RFC 7946"),
    "topology/ex6.json": (1, "EPSG:4326", "RFC 7946"),
    "topology/ex7_britain.json": (3, "EPSG:4326", "EPSG:27700"),
    "types/curve.gpkg": (1, "EPSG:4326", "all straight"),
    "types/curvepolygon.gpkg": (1, "EPSG:4326", "all straight"),
    "types/line_zm.gpkg": (1, "EPSG:4326", "Z and M values dropped"),
    "types/shplib_3dpoints.shp": (8, "", "14 rows of the .dbf have no shape"),
    "types/shplib_multipnt.shp": (1, "", "names no CRS"),
    "types/test_gpkg_nulls.gpkg": (4, "EPSG:4326", ""),
}
REFUSED = {
    "crs/missing_crs_mixed_ranges.gpkg": ("layer_ambiguous", "OR_land_2269, OR_land_4326"),
    "crs/mixed_crs.gpkg": ("layer_ambiguous", "oregon_2269, oregon_4326"),
    "encodings/cpg/utf16.dbf": ("wrong_encoding", "UTF-8"),
}


def test_no_dirty_file_is_left_out(real_data):
    root = real_data / "dirty"
    there = {
        p.relative_to(root).as_posix()
        for p in root.rglob("*")
        if p.is_file() and p.suffix not in SIDE
    }
    parts = {p.relative_to(root).with_suffix(".dbf").as_posix() for p in root.rglob("*.shp")}
    known = {*LAYERS, *REFUSED, *(f"encodings/{name}" for name in TEXTS)}
    assert there - known - parts == set()
    assert known <= there


@pytest.mark.parametrize("name", TEXTS)
def test_tables(real_data, name):
    text, encoding, said = TEXTS[name]
    table, source = read_table(real_data / "dirty" / "encodings" / name)
    assert text in [str(one) for one in table.iloc[0]]
    assert source.encoding == source.evidence.encoding == encoding
    assert any(said in note for note in source.notes)
    assert source.evidence.doubt == (said == "encoding_doubt")


def test_decimal_commas_and_columns_of_one_name(real_data):
    table, _ = read_table(real_data / "dirty/encodings/comma_separated.dbf")
    assert (
        table["AUGSTUMS"].head(3).tolist() == [68.5, 66.33, 65.11]
        or table["AUGSTUMS"].iloc[0] == 68.5
    )
    doubled, _ = read_table(real_data / "dirty/encodings/duplicate_fields.dbf")
    assert doubled.columns.is_unique
    assert doubled.shape == (5, 12)


@pytest.mark.parametrize("path", LAYERS)
def test_layers(real_data, path):
    rows, crs, said = LAYERS[path]
    table, source = read_layer(real_data / "dirty" / path, strict=False)
    assert (len(table), source.crs) == (rows, crs)
    assert said == "" or any(said in note for note in source.notes)
    assert table.columns.is_unique


@pytest.mark.parametrize("path", REFUSED)
def test_refusals(real_data, path):
    code, said = REFUSED[path]
    read = read_table if path.endswith(".dbf") else read_layer
    with pytest.raises(RenewalError) as caught:
        read(real_data / "dirty" / path)
    assert caught.value.code == code
    assert said in caught.value.fix
    assert caught.value.where


@pytest.mark.parametrize("layer", ["OR_land_2269", "OR_land_4326"])
def test_a_layer_of_several_as_qgis_names_it(real_data, layer):
    path = f"{real_data}/dirty/crs/missing_crs_mixed_ranges.gpkg|layername={layer}"
    _, source = read_layer(path)
    assert source.layer == layer
    could = "in feet" if layer.endswith("2269") else "EPSG:4326"
    assert any(f"(1) {could}" in note or could in note for note in source.notes)


@pytest.mark.parametrize(
    "path", sorted({*LAYERS, *REFUSED, *(f"encodings/{name}" for name in TEXTS)})
)
def test_quality_check_gives_findings_or_a_sentence(real_data, path, tmp_path, capsys):
    code = main(
        ["quality", "check", str(real_data / "dirty" / path), "--out", str(tmp_path), "--json"]
    )
    said = json.loads(capsys.readouterr().out)
    if path in LAYERS:
        assert code == 0
        assert said["files"]
        assert any(LAYERS[path][2] in one for one in [*said["warnings"], ""])
        record = json.loads((tmp_path / "quality.json").read_text(encoding="utf-8"))
        assert record["inputs"][0]["evidence"]["by"] in {"format", "ascii", "language_id", "trial"}
    else:
        assert code == 3
        assert all(said["error"][key] for key in ("code", "what", "where", "fix"))
        assert not list(tmp_path.iterdir())


def test_shifted_coordinates_of_longgang(real_data):
    """The shift is suspected from the file's origin, and taking it out brings the district home."""
    path = real_data / "shenzhen/440307_datav.json"
    table, source = read_layer(path)
    (note,) = (one for one in source.notes if one.startswith("crs_suspect"))
    assert "GCJ-02" in note
    assert "588 m" in note
    assert 'crs = "GCJ-02"' in note
    home, told = read_layer(path, crs="GCJ-02")
    assert not any(one.startswith("crs_suspect") for one in told.notes)
    districts, _ = read_layer(real_data / "shenzhen/sz_districts_transbigdata.geojson")
    named = districts[districts["qh"].isin(["龙岗", "大鹏", "龙岗区", "大鹏新区"])]
    true = named.to_crs(32650).union_all()

    def agreement(layer):
        shape = layer.to_crs(32650).union_all()
        return shape.intersection(true).area / shape.union(true).area

    assert agreement(table) == pytest.approx(0.886, abs=0.005)
    assert agreement(home) > 0.999


def test_nothing_is_suspected_without_evidence(real_data):
    for path in (
        "shenzhen/sz_districts_transbigdata.geojson",
        "shenzhen/szarea1.json",
        "cambridge_ma/CDD_ZoningDistricts.geojson",
    ):
        assert not any("GCJ-02, not" in note for note in read_layer(real_data / path)[1].notes)


@pytest.mark.parametrize(
    ("path", "rows", "empty", "shifted"),
    [("facilities_shanghai/小学.csv", 931, 0, True), ("facilities_shanghai/幼儿园.csv", 2284, 0, True),
     ("shenzhen/sz_ev_stations.csv", 1706, 0, False),
     ("facility_location/spopt_sf/SF_demand_205_centroid_uniform_weight.csv", 205, 0, False),
     ("facility_location/spopt_sf/SF_store_site_16_longlat.csv", 16, 0, False)],
)  # fmt: skip
def test_tables_with_coordinates(real_data, path, rows, empty, shifted):
    table, source = read_layer(real_data / path)
    assert (len(table), source.crs) == (rows, "EPSG:4326")
    assert table.geometry.isna().sum() == empty
    assert any("WGS 84 are assumed" in note for note in source.notes)
    assert any("probably GCJ-02" in note for note in source.notes) == shifted


def test_charging_stations_by_district(real_data):
    stations, _ = read_layer(real_data / "shenzhen/sz_ev_stations.csv")
    districts, _ = read_layer(real_data / "shenzhen/sz_districts_transbigdata.geojson")
    tree = shapely.STRtree(districts.geometry.to_numpy())
    point, district = tree.query(stations.geometry.to_numpy(), predicate="intersects")
    counts = districts["qh"].iloc[district].value_counts()
    assert counts[next(one for one in counts.index if one.startswith("龙岗"))] == 385
    assert len(stations) - len(set(point)) == 46


@pytest.mark.parametrize(
    ("path", "crs", "fix"),
    [("shenzhen/SZ_TAZ_3857.shp", "EPSG:3857", "EPSG:4547"),
     ("prague_bubenec/bubenec.gpkg|layername=plots", "EPSG:3857", "EPSG:32633")],
)  # fmt: skip
def test_web_mercator_cannot_measure(real_data, path, crs, fix):
    parcels, source = open_layer(f"{real_data}/{path}")
    assert source.crs == crs
    with pytest.raises(CRSError) as caught:
        crs_rules.require_metric(parcels, "parcels")
    assert caught.value.code == "crs_web_mercator"
    assert fix in caught.value.fix


def test_feet_are_no_metres(real_data):
    parcels, source = read_layer(real_data / "philadelphia/parcels.shp")
    assert source.crs == "EPSG:2271"
    with pytest.raises(CRSError) as caught:
        crs_rules.require_metric(parcels, "parcels")
    assert caught.value.code == "crs_not_metric"
    assert parcels.to_crs(32618).area.sum() / 1e4 == pytest.approx(9.32, abs=0.01)


def test_wuxi_by_class(real_data):
    land, _ = read_layer(real_data / "wuxi_xinwu/xinwu_land_use.gpkg")
    areas = land.area.groupby(land["Class"]).sum()
    expected = {0: 33_332_056.7, 1: 3_166_156, 2: 1_290_496, 3: 75_295_322.5, 4: 544_673, 5: 5_959_728,
                6: 1_083_735, 7: 3_033_813, 8: 776_749, 9: 697_106, 10: 18_218_522.3}  # fmt: skip
    assert areas.to_dict() == pytest.approx(expected, rel=1e-6)  # the manifest rounds
    assert areas.tolist() == pytest.approx(
        land.groupby("Class")["area_m2"].sum().tolist(), abs=1e-6
    )


def test_a_district_in_metres_by_the_words_of_a_person(real_data, tmp_path):
    """sz_noprj names no CRS: the study is refused with candidates, and opens once it says which."""
    text = f'crs = "EPSG:4547"\n[layers.parcels]\npath = "{(real_data / "shenzhen/sz_noprj.shp").as_posix()}"\n'
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CRSError) as caught:
        open_study(tmp_path)
    assert "EPSG:4490" in caught.value.fix
    (tmp_path / "study.toml").write_text(text + 'crs = "EPSG:4490"\n', encoding="utf-8")
    assert open_study(tmp_path).parcels.area.sum() / 1e6 == pytest.approx(1950, rel=0.1)


def heads(notes):
    """What is said in both ways of reading: not each extent is known before the rows are."""
    return {re.split("; by their|(?: and| or)? M values| values", note)[0] for note in notes}


def test_all_other_layers_in_pieces_are_the_whole(real_data):
    """Rows, columns and CRS of every real layer are the same in pieces as whole."""
    skipped = []
    for path in sorted(real_data.rglob("*")):
        if path.suffix not in {".shp", ".gpkg", ".geojson", ".json", ".topojson", ".parquet"}:
            continue
        try:
            names = [name for name, _ in layers_in(path)]
            for name in names:
                asked = {"layer": name} if len(names) > 1 else {}
                table, source = read_layer(path, **asked)
                with read_batches(path, rows=500, **asked) as batches:
                    count = sum(len(frame) for frame in batches)
                    assert (count, batches.source.rows) == (len(table), len(table)), path
                    assert (batches.source.sha256, batches.source.crs) == (
                        source.sha256,
                        source.crs,
                    )
                    assert heads(batches.source.notes) == heads(source.notes), path
        except RenewalError as fault:
            skipped.append((path.name, fault.code))
    assert {code for _, code in skipped} <= {"crs_suspect", "not_streamable", "not_spatial"}
    assert {name for name, code in skipped if code == "not_streamable"} == {
        "curve.gpkg",
        "curvepolygon.gpkg",
    }
