"""Reading what we wrote gives what we had, but for the losses that the writer names, and only those."""

import datetime as dt
import math
import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from renewal_geo.io import read_layer, write_layers, write_parquet, write_shapefile
from renewal_geo.io.locations import same_crs

# Hanzi whose second GBK byte no UTF-8 text could have: a file of ours is never mistaken for it.
HANZI = [bytes([a, b]).decode("gbk") for a in range(0xB0, 0xD7, 3) for b in range(0xC0, 0xFE, 7)]
SIGNS = list("aZ09 '\"\\,;=<>&%\t\n、《》（）")
CELL_LOSSES = {"blanks_cut", "empty_text_as_null", "infinite_as_null", "time_cut"}
COLUMN_LOSSES = {
    "yes_no_as_number", "time_as_text", "integer_as_text", "nested_as_text", "mixed_as_text",
    "other_as_text", "zone_as_utc",
}  # fmt: skip

PADDED = st.sampled_from(["", " ", " 甲", "a  ", "\ta\n"])
gbk_texts = st.text(st.sampled_from([*HANZI, *SIGNS]), max_size=12) | PADDED
any_texts = (
    st.text(
        st.one_of(
            st.sampled_from([*HANZI, *SIGNS, "𠮷", "😀", "é", "한"]),
            st.characters(codec="utf-8", exclude_characters="\0"),
        ),
        max_size=12,
    )
    | PADDED
)
numbers = st.floats(allow_nan=False) | st.sampled_from(
    [0.1 + 0.2, 1e-300, -5e-324, 1.7976931348623157e308, -2.2250738585072014e-308, 1e15 + 0.5]
)
days = st.dates(dt.date(1000, 1, 1))
times = st.datetimes(pd.Timestamp(1700, 1, 1), pd.Timestamp(2200, 1, 1))
midnights = days.map(lambda day: dt.datetime.combine(day, dt.time()))
# a whole number beyond 2**53 beside a null is read as a float; see docs/writing.md
exact = st.integers(-(2**53), 2**53)


def cells(texts):
    """Strategies of one cell each, by the kind of column."""
    return {
        "text": texts,
        "whole": st.integers(-(2**63), 2**63 - 1),
        "small": st.integers(-(2**31), 2**31 - 1),
        "huge": st.integers(2**63, 2**70),
        "number": numbers,
        "yes_no": st.booleans(),
        "day": days,
        "time": times,
        "midnight": midnights,
        "nested": st.lists(st.integers(0, 9), max_size=3),
        "mixed": st.integers(0, 9) | st.sampled_from(["a", "甲"]),
    }


@st.composite
def shapes(draw, rows):
    kind = draw(
        st.sampled_from(["point", "line", "lines", "polygon", "polygons", "holes", "wrong"])
    )
    corner = st.integers(-(10**6), 10**6).map(lambda n: n / 1000)
    drawn = []
    for _ in range(rows):
        state = draw(st.sampled_from(["drawn"] * 6 + ["null", "empty"]))
        x, y, size = draw(corner), draw(corner), draw(st.integers(1, 500))
        if state == "null":
            drawn.append(None)
        elif state == "empty":
            drawn.append(shapely.from_wkt(f"{WKT[kind]} EMPTY"))
        else:
            drawn.append(MADE[kind](x, y, size))
    return drawn


WKT = {"point": "POINT", "line": "LINESTRING", "lines": "MULTILINESTRING", "polygon": "POLYGON",
       "polygons": "MULTIPOLYGON", "holes": "POLYGON", "wrong": "MULTIPOLYGON"}  # fmt: skip


def _holed(x, y, size):
    inner = shapely.box(x + size / 3, y + size / 3, x + size / 2, y + size / 2)
    return shapely.box(x, y, x + size, y + size).difference(inner)


def _bowtie(x, y, size):
    return shapely.Polygon([(x, y), (x + size, y + size), (x + size, y), (x, y + size)])


def _wrong(x, y, size):
    """A hole outside its polygon, a part within another: what rings alone do not tell."""
    ring = shapely.box(x, y, x + size, y + size).exterior
    outside = shapely.box(x + 2 * size, y, x + 3 * size, y + size).exterior
    within = shapely.box(x + size / 4, y + size / 4, x + size / 2, y + size / 2)
    parts = [shapely.Polygon(ring, [outside]), shapely.Polygon(ring), within]
    return shapely.MultiPolygon(parts[: 1 + size % 3])


MADE = {
    "point": lambda x, y, size: shapely.Point(x / 3, y * size),
    "line": lambda x, y, size: shapely.LineString([(x, y), (x + size, y), (x, y + size / 7)]),
    "lines": lambda x, y, size: shapely.MultiLineString([[(x, y), (x, y + 1)], [(y, x), (y, size)]]),
    "polygon": lambda x, y, size: shapely.box(x, y, x + size, y + 1 / size) if size % 5 else _bowtie(x, y, size),
    "polygons": lambda x, y, size: shapely.MultiPolygon(
        [
            _holed(x, y, size),
            shapely.box(x + 2 * size, y, x + 3 * size, y + size),
            # an island in the hole of its own neighbour
            shapely.box(x + size * 0.4, y + size * 0.4, x + size * 0.45, y + size * 0.45),
        ]
    ),
    "holes": _holed,
    "wrong": _wrong,
}  # fmt: skip


@st.composite
def tables(draw, texts):
    rows = draw(st.integers(1, 6))
    names = draw(
        st.lists(
            st.sampled_from(
                ["a", "A", "fid", "GEOM", "用地性质代码说明", "用地性质代码备注", "select", "bbox",
                 "a_very_long_name_1", "a_very_long_name_2"]
            ),
            min_size=1, max_size=3, unique=True,
        )
    )  # fmt: skip
    columns = {}
    for name in [*names, "文字", "数"]:
        kinds = {"文字": ["text"], "数": ["number"]}.get(name, sorted(cells(texts)))
        kind = draw(st.sampled_from(kinds))
        one = cells(texts)[kind]
        holes = draw(st.booleans())
        if holes and kind == "whole":
            one = exact
        filled = draw(st.lists(one | st.none() if holes else one, min_size=rows, max_size=rows))
        columns[name] = pd.Series(filled, dtype=object)
    index = draw(st.sampled_from(["", "parcel_id"]))
    labels = pd.Index([f"P{n}" for n in range(rows)], name=index) if index else None
    crs = draw(st.sampled_from([4547, None, 4490, "+proj=laea +lat_0=22.5 +lon_0=114"]))
    drawn = gpd.GeoSeries(draw(shapes(rows)), crs=crs)
    table = gpd.GeoDataFrame(columns, geometry=drawn, crs=crs)
    return table.set_index(labels) if index else table


def lacks(cell):
    return (
        cell is None
        or cell is pd.NaT
        or cell is pd.NA
        or (isinstance(cell, float) and math.isnan(cell))
    )


def sort(cell):
    """What kind of thing a cell is, whatever type holds it."""
    if isinstance(cell, bool | np.bool_):
        return "yes_no"
    if isinstance(cell, int | float | np.number):
        return "number"
    return (
        "time"
        if isinstance(cell, dt.date | pd.Timestamp)
        else "text"
        if isinstance(cell, str)
        else "nested"
    )


def same(had, got, *, bare_yes_no):
    if lacks(had) or lacks(got):
        return lacks(had) and lacks(got)
    if bare_yes_no and sort(had) == "yes_no" and not isinstance(got, str):
        return bool(had) == bool(got)
    if sort(had) != sort(got):
        return False
    return pd.Timestamp(had) == pd.Timestamp(got) if sort(had) == "time" else had == got


def alike(had, got):
    if had is None or got is None:
        return had is None and got is None
    if had.is_empty or got.is_empty:
        return had.is_empty and got.is_empty
    pair = [shapely.GeometryCollection(list(shapely.get_parts(one))) for one in (had, got)]
    return shapely.normalize(pair[0]).equals_exact(shapely.normalize(pair[1]), 0)


def check(table, written, read, *, bare_yes_no=False):
    had = table.reset_index() if table.index.name else table
    assert len(read) == len(had)
    lost = {}
    for loss in written.losses:
        assert str(loss)
        assert loss.count > 0
        lost.setdefault(loss.column, {})[loss.code] = loss.count
    for name in had.columns.drop("geometry"):
        field = written.names[name]
        got = read[field if field in read else name].tolist()
        other = sum(
            not same(a, b, bare_yes_no=bare_yes_no) for a, b in zip(had[name], got, strict=True)
        )
        named = lost.pop(name, {})
        assert set(named) <= CELL_LOSSES | COLUMN_LOSSES
        if set(named) & COLUMN_LOSSES:
            # mixed columns hold texts too, which stay what they are
            assert 0 < other <= max(named.values())
        else:
            assert other == sum(named.values()), (named, had[name].tolist(), got)
    of_shapes = lost.pop("", {})
    assert not lost
    other = sum(not alike(a, b) for a, b in zip(had.geometry, read.geometry, strict=True))
    assert other == of_shapes.pop("empty_shape_as_null", 0) + of_shapes.pop("rings_rearranged", 0)
    assert set(of_shapes) <= {"crs_changed"}
    kept = read.crs is None if table.crs is None else read.crs and same_crs(read.crs, table.crs)
    assert kept == ("crs_changed" not in of_shapes)


@settings(max_examples=50)
@given(table=tables(any_texts))
def test_a_geopackage_gives_back_what_it_was_given(table):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.gpkg"
        written = write_layers(path, {"甲": table})["甲"]
        # the driver reads yes and no beside nulls as 1.0 and 0.0
        check(table, written, read_layer(path)[0], bare_yes_no=True)


@settings(max_examples=50)
@given(table=tables(any_texts))
def test_a_geoparquet_gives_back_what_it_was_given(table):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.parquet"
        check(table, write_parquet(path, table), read_layer(path)[0])


@pytest.mark.parametrize(("encoding", "texts"), [("GBK", gbk_texts), ("UTF-8", any_texts)])
def test_a_shapefile_gives_back_what_it_was_given(encoding, texts):
    @settings(max_examples=50)
    @given(table=tables(texts))
    def law(table):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.shp"
            written = write_shapefile(path, table, encoding=encoding)
            check(table, written, read_layer(path)[0])

    law()


@settings(max_examples=20)
@given(table=tables(any_texts), seed=st.integers(0, 99))
def test_rows_along_a_curve_are_the_same_rows(table, seed):
    table = table.assign(place=np.random.default_rng(seed).permutation(len(table)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.parquet"
        written = write_parquet(path, table, hilbert=True, row_group_rows=2)
        read = read_layer(path)[0]
    moved = read["place"].tolist() != table["place"].tolist()
    of_rows = [loss.code for loss in written.losses if not loss.column]
    assert of_rows == (["rows_reordered"] if moved else [])
    back = read.set_index("place").loc[table["place"]]
    assert all(alike(a, b) for a, b in zip(table.geometry, back.geometry, strict=True))


@pytest.mark.parametrize("crs", ["EPSG:4547", "EPSG:2326", "EPSG:3857", "OGC:CRS84", "EPSG:2249"])
def test_systems_come_back(tmp_path, crs):
    table = gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(1, 2)], crs=crs)
    for written, name in (
        (write_layers(tmp_path / "a.gpkg", {"a": table})["a"], "a.gpkg"),
        (write_shapefile(tmp_path / "a.shp", table), "a.shp"),
        (write_parquet(tmp_path / "a.parquet", table), "a.parquet"),
    ):
        assert same_crs(read_layer(tmp_path / name)[0].crs, pyproj.CRS(crs))
        assert written.losses == ()
