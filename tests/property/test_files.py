"""Laws of reading and writing: texts survive, files are whole, archives stay in their folder."""

import stat
import tempfile
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point

from renewal_geo.foundation.errors import InputError, SourceError
from renewal_geo.io import read_layer, staged, write_layers
from renewal_geo.io.archives import unpacked
from renewal_geo.io.encodings import encoding_of_bytes
from renewal_geo.io.joins import join_rows
from renewal_geo.io.tables import as_key

EVERYDAY_GB = [
    bytes([lead, trail]).decode("gb2312")
    for lead in range(0xB0, 0xD7)
    for trail in range(0xA1, 0xFF, 7)
]
EVERYDAY_BIG5 = [
    bytes([lead, trail]).decode("big5")
    for lead in range(0xA4, 0xC6)
    for trail in (*range(0x40, 0x7F, 6), *range(0xA1, 0xFF, 6))
]
gb_texts = st.lists(
    st.text(st.sampled_from(EVERYDAY_GB), min_size=8, max_size=16), min_size=4, max_size=8
)
big5_texts = st.lists(
    st.text(st.sampled_from(EVERYDAY_BIG5), min_size=8, max_size=16), min_size=4, max_size=8
)


def written(texts, codec, folder):
    path = Path(folder) / "a.shp"
    points = gpd.GeoDataFrame(
        {"名称": texts}, geometry=[Point(0, n) for n in range(len(texts))], crs=4547
    )
    points.to_file(path, encoding=codec)
    path.with_suffix(".cpg").unlink()
    return path


@settings(max_examples=15)
@given(texts=gb_texts, codec=st.sampled_from(["GBK", "UTF-8"]))
def test_chinese_shapefiles_without_a_code_page_are_read_back(texts, codec):
    with tempfile.TemporaryDirectory() as folder:
        table, _ = read_layer(written(texts, codec, folder))
    assert table["名称"].tolist() == texts


@given(texts=gb_texts)
def test_gbk_is_told_from_big5_or_doubted(texts):
    chosen = encoding_of_bytes("\n".join(texts).encode("gbk"), "auto", "x")
    assert chosen.codec == "gb18030" or chosen.doubt


@given(texts=big5_texts)
def test_big5_is_told_from_gbk_or_doubted(texts):
    chosen = encoding_of_bytes("\n".join(texts).encode("big5"), "auto", "x")
    assert chosen.codec == "cp950" or chosen.doubt


@given(data=st.binary(max_size=300))
def test_any_bytes_get_an_encoding_that_reads_them(data):
    chosen = encoding_of_bytes(data, "auto", "x")
    data.decode(chosen.codec)


@settings(max_examples=40)
@given(
    names=st.lists(st.sampled_from(["a", "b", "c", "record"]), min_size=1, max_size=4, unique=True),
    old=st.lists(st.sampled_from(["a", "b", "c", "record", "other"]), unique=True),
    fails=st.integers(0, 5),
)
def test_all_or_nothing(names, old, fails):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in old:
            (root / name).write_text("old")
        before = {p.name: p.read_text() for p in root.iterdir()}
        try:
            with staged(root, record="record") as stage:
                for number, name in enumerate(names):
                    if number == fails:
                        raise RuntimeError  # noqa: TRY301
                    stage.write_text(name, "new")
        except RuntimeError:
            expected = before
        else:
            expected = before | dict.fromkeys(names, "new")
        assert {p.name: p.read_text() for p in root.iterdir()} == expected


@settings(max_examples=60)
@given(
    name=st.one_of(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12),
        st.lists(st.sampled_from(["..", ".", "a", "", "C:", "\\"]), min_size=1, max_size=5).map(
            "/".join
        ),
    ),
    kind=st.sampled_from([0, stat.S_IFREG, stat.S_IFLNK, stat.S_IFIFO]),
)
def test_archives_never_leave_their_folder(name, kind):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "box").mkdir()
        path = root / "box" / "a.zip"
        member = zipfile.ZipInfo("x")
        member.filename = name
        member.external_attr = (kind | 0o644) << 16
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(member, "x")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tempfile, "tempdir", str(root / "box"))
            try:
                with unpacked(path) as place:
                    inside = [p for p in place.rglob("*") if p.is_file() or p.is_symlink()]
                    assert all(not p.is_symlink() for p in inside)
                    assert len(inside) <= 1
            except (SourceError, OSError):
                pass
        assert [p.name for p in root.iterdir()] == ["box"]
        assert [p.name for p in (root / "box").iterdir()] == ["a.zip"]


@given(key=st.one_of(st.integers(-(10**6), 10**6), st.text(max_size=6)))
def test_keys_settle(key):
    assert as_key(as_key(key)) == as_key(key)
    if isinstance(key, int):
        assert as_key(key) == as_key(float(key)) == as_key(f" {key}.0 ")


@settings(max_examples=50)
@given(
    rows=st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 9)), min_size=1, max_size=9),
    seed=st.randoms(use_true_random=False),
)
def test_joined_sums_do_not_depend_on_the_order_of_the_table(rows, seed):
    layer = pd.DataFrame({"k": list("abx")})
    table = pd.DataFrame(rows, columns=["k", "v"])
    shuffled = list(range(len(table)))
    seed.shuffle(shuffled)
    made = []
    for one in (table, table.iloc[shuffled]):
        for rule in ("sum", "mode", "max"):
            try:
                joined = join_rows(layer, one, on={"k": "k"}, columns={"v": "v"}, many={"v": rule})
            except InputError as fault:
                made.append(fault.code)
            else:
                made.append(joined.frame["v"].astype(float).fillna(-1).tolist())
    assert made[:3] == made[3:]


@settings(max_examples=10)
@given(
    texts=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8), min_size=1
    ),
    names=st.lists(
        st.sampled_from(["a", "A", "fid", "geom", "名称", "select"]), min_size=1, unique=True
    ),
)
def test_texts_survive_a_geopackage(texts, names):
    table = gpd.GeoDataFrame(
        dict.fromkeys(names, texts), geometry=[Point(0, n) for n in range(len(texts))], crs=4547
    )
    with tempfile.TemporaryDirectory() as folder:
        written = write_layers(Path(folder) / "a.gpkg", {"x": table})["x"]
        read, _ = read_layer(Path(folder) / "a.gpkg")
    for name in names:
        assert read[written.names[name]].tolist() == texts
