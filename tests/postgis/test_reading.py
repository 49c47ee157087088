"""Tables of a real PostGIS are read whole, in order, in a read-only transaction; no address is shown."""

import json
import sys
import zipfile
from urllib.parse import quote

import pytest

from renewal_geo.cli.app import main
from renewal_geo.foundation.errors import SourceError
from renewal_geo.io import open_study, read_layer

pytestmark = pytest.mark.postgis
BAD = 'postgis:"Bad ""name""; --"."roads; DROP TABLE planning.parcels"'


def address(server, user="planner", password=None, base="postgres"):
    word = quote(server["password"] if password is None else password, safe="")
    return f"postgresql://{user}:{word}@127.0.0.1:{server['port']}/{base}"


def test_a_table_as_it_is(connected):
    table, source = read_layer("postgis:planning.parcels")
    assert (len(table), source.rows, source.crs) == (25000, 25000, "EPSG:4547")
    assert source.path == "postgis:planning.parcels"
    assert table.index.tolist() == list(range(1, 25001))
    assert table.index.name == "fid"
    assert table.loc[2, "地块编号"] == "P2"
    assert table.loc[2, "面积"] == 6400.0
    assert table.loc[1:24999].area.round(6).eq(6400).all()
    assert table.geometry.isna().sum() == 1
    assert json.loads(table.loc[1, "tags"]) == {"a": [1, 2]}
    assert str(table.loc[1, "surveyed"].date()) == "2020-06-30"
    assert table["floors"].isna().sum() == 8333
    assert "photo" not in table
    assert any("photo" in note for note in source.notes)
    again, repeated = read_layer("POSTGIS:planning.parcels")
    assert repeated.sha256 == source.sha256
    assert again.equals(table)


def test_names_are_quoted(connected):
    roads, source = read_layer(BAD)
    assert roads["name"].tolist() == ["a", "b"]
    assert source.path == BAD
    assert len(read_layer("postgis:planning.parcels")[0]) == 25000


def test_curves_z_and_what_is_no_plain_shape(connected):
    arcs, source = read_layer("postgis:arcs")
    assert arcs.set_index("id").area["круг"] == pytest.approx(31415.93, abs=0.2)
    assert not arcs.has_z.any()
    assert any("curves in 1 shapes" in note for note in source.notes)
    assert any("Z or M" in note for note in source.notes)
    with pytest.raises(SourceError) as caught:
        read_layer("postgis:solids")
    assert caught.value.code == "bad_shape"


def test_several_columns_of_shapes_and_geography(connected):
    with pytest.raises(SourceError) as caught:
        read_layer("postgis:planning.two")
    assert caught.value.code == "layer_ambiguous"
    assert "planning.two.b" in caught.value.fix
    assert read_layer("postgis:planning.two.a")[1].crs == "EPSG:4326"
    assert read_layer("postgis:two.a")[1].crs == "EPSG:4326"
    globe, source = read_layer("postgis:globe")
    assert (globe.index.tolist(), source.crs) == ([7], "EPSG:4326")


def test_no_srid_needs_a_word(connected):
    table, source = read_layer("postgis:nowhere")
    assert table.crs is None
    assert table["id"].tolist() == [1, 2]
    assert any("EPSG:4547" in note for note in source.notes)
    assert read_layer("postgis:nowhere", crs="EPSG:4547")[0].crs.to_epsg() == 4547


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("postgis:planning.parcel", "layer_unknown"),
        ("postgis:planning.ledger", "layer_unknown"),
        ("postgis:", "layer_unknown"),
        ("postgis:a.b.c.d", "layer_unknown"),
        ("postgis:planning.roads", "empty_layer"),
        ("postgis:x'; DROP TABLE planning.parcels; --", "layer_unknown"),
    ],
)
def test_what_is_not_there(connected, path, code):
    with pytest.raises(SourceError) as caught:
        read_layer(path)
    assert caught.value.code == code
    assert caught.value.fix


def test_nothing_can_be_written(connected):
    import psycopg

    from renewal_geo.io.postgis import _connection

    with pytest.raises(SourceError, match="read-only"), _connection() as base:
        base.execute("CREATE TABLE planning.mine (id integer)")
    with psycopg.connect(connected) as base:
        assert base.execute("SELECT to_regclass('planning.mine')").fetchone() == (None,)


def test_rights_are_the_databases(server, database, monkeypatch):
    monkeypatch.setenv("RENEWAL_GEO_POSTGIS", address(server, "clerk", "clerk-geheim"))
    assert len(read_layer("postgis:planning.two.a")[0]) == 1
    with pytest.raises(SourceError) as caught:
        read_layer("postgis:planning.parcels")
    assert caught.value.code in {"layer_unknown", "postgis_refused"}


def test_a_study_with_a_layer_of_the_database(connected, tmp_path):
    (tmp_path / "study.toml").write_text(
        'crs = "EPSG:4547"\n[layers.parcels]\npath = "postgis:planning.parcels"\n'
        'where = "现状用途 == \'M1\'"\ncolumns = { parcel_id = "地块编号", land_use = "现状用途" }\n',
        encoding="utf-8",
    )
    parcels = open_study(tmp_path).parcels
    assert len(parcels) == 12500
    assert set(parcels["land_use"]) == {"M1"}


ADDRESSES = {
    "wrong password": lambda server: address(
        server, password="geheim-falsch-" + server["password"]
    ),
    "no such base": lambda server: address(server, base="nowhere"),
    "nothing there": lambda server: address({**server, "port": 1}),
    "no address": lambda server: f"{server['password']} = geheim = %zz",
    "bad percent": lambda server: f"postgresql://planner:{server['password']}%zz@127.0.0.1/x",
    "bad option": lambda server: address(server) + f"?{quote(server['password'])}=1",
}


def spellings(server):
    word = server["password"]
    return [word, quote(word, safe=""), quote(word), word.split("#")[0]]


@pytest.mark.parametrize("kind", ADDRESSES)
def test_a_failed_connection_says_why_but_not_where(server, database, kind, monkeypatch, capsys):
    monkeypatch.setenv("RENEWAL_GEO_POSTGIS", ADDRESSES[kind](server))
    with pytest.raises(SourceError) as caught:
        read_layer("postgis:planning.parcels")
    fault = caught.value
    assert fault.code == "postgis_unreachable"
    assert (
        main(["--debug", "quality", "check", "postgis:planning.parcels", "--out", "x", "--json"])
        == 3
    )
    said = f"{fault!r} {fault} {fault.__cause__!r} " + "".join(capsys.readouterr())
    assert not any(one in said for one in spellings(server))
    assert "127.0.0.1" not in said


def test_the_address_reaches_no_output(server, connected, tmp_path, capsys):
    out = tmp_path / "out"
    asked = ["quality", "check", "postgis:planning.two.a", "--out", str(out)]
    assert main([*asked, "--json"]) == 0
    assert main(["--debug", *asked]) == 0
    said = "".join(capsys.readouterr())
    files = sorted(p for p in out.rglob("*") if p.is_file())
    assert files
    for path in files:
        parts = [path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                parts += [packed.read(name) for name in packed.namelist()]
        for one in spellings(server):
            assert not any(one.encode() in part for part in parts), path.name
    assert not any(one in said for one in spellings(server))
    record = json.loads((out / "quality.json").read_text(encoding="utf-8"))
    assert record["inputs"][0]["path"] == "postgis:planning.two"


def test_without_a_variable(monkeypatch):
    monkeypatch.delenv("RENEWAL_GEO_POSTGIS", raising=False)
    with pytest.raises(SourceError) as caught:
        read_layer("postgis:planning.parcels")
    assert caught.value.code == "postgis_url"


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SourceError, match="psycopg") as caught:
        read_layer("postgis:planning.parcels")
    assert caught.value.code == "postgis_missing"
    assert "renewal-geo[postgis]" in caught.value.fix
