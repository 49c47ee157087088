"""Tables whose rows have coordinates or shapes in columns: csv, tsv, xlsx, dbf."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from renewal_geo.foundation.errors import SourceError
from renewal_geo.foundation.settings import nearest

DATUMS = ("", "wgs84", "84", "wgs", "cgcs2000", "gcj02", "gcj", "bd09", "bd")
LON = ("longitude", "lon", "lng", "long", "经度", "經度", "东经", "東經")
LAT = ("latitude", "lat", "纬度", "緯度", "北纬", "北緯")
X = (
    "x",
    "x坐标",
    "x座標",
    "xcoord",
    "xcoordinate",
    "coordx",
    "pointx",
    "easting",
    "东坐标",
    "横坐标",
)
Y = (
    "y",
    "y坐标",
    "y座標",
    "ycoord",
    "ycoordinate",
    "coordy",
    "pointy",
    "northing",
    "北坐标",
    "纵坐标",
)
SHAPES = ("wkt", "wktgeom", "geomwkt", "geometry", "geom", "thegeom", "wkbgeometry", "shape")
WKT = re.compile(
    r"\s*(SRID\s*=\s*\d+\s*;)?\s*(MULTI)?(POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION|CURVE|SURFACE)",
    re.IGNORECASE,
)
WKB = re.compile(r"\s*0[01][0-9A-Fa-f]{40,}\s*")
SRID = re.compile(r"\s*SRID\s*=\s*(\d+)\s*;", re.IGNORECASE)
ANGLE = re.compile(
    r"\s*([東东西EW南北SNewsn]?)\s*(\d{1,3})\s*[°度d]\s*(?:(\d{1,2}(?:\.\d+)?)\s*[′'分m]\s*)?"
    r"(?:(\d{1,2}(?:\.\d+)?)\s*(?:[″\"秒s]|''))?\s*([東东西EW南北SNewsn]?)\s*"
)
NEGATIVE = set("西南WSws")
NORTHING_M = (1.9e6, 6.0e6)
EASTING_M = ((1.5e5, 8.5e5), (1.3e7, 2.4e7), (2.5e7, 4.6e7))


@dataclass(frozen=True, slots=True)
class Asked:
    """The columns that the study names for coordinates; empty where they are to be guessed."""

    x: str = ""
    y: str = ""
    wkt: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """A table with shapes; `assumption` says why its CRS is taken to be WGS 84, if it is."""

    frame: gpd.GeoDataFrame
    notes: tuple[str, ...]
    assumption: str = ""


def placed(table: pd.DataFrame, asked: Asked, name: str, where: str) -> Placed:
    """Make shapes of the coordinates of a table.

    Parameters
    ----------
    table
        n rows; not changed.
    asked
        Columns that the study names.
    name, where
        The file, for errors.

    Returns
    -------
    Placed
        All n rows in their order, all columns kept but that of shapes; rows without coordinates have
        no shape, and are counted.

    Raises
    ------
    SourceError
        ``not_spatial`` where no column holds coordinates, ``unknown_column``, ``bad_shape`` where a
        text is no shape, ``no_coordinates`` where no row has any.
    """
    _check_asked(table, asked, name, where)
    shapes = asked.wkt or ("" if asked.x else _shape_column(table))
    if shapes:
        return _from_texts(table, shapes, name, where)
    if asked.x:
        pair, kind, sure = (asked.x, asked.y), "asked", True
    else:
        pair, kind = coordinate_columns([str(c) for c in table.columns])
        sure = False
    if not pair[0]:
        raise SourceError(
            f"{name} is a table without shapes: no column looks like coordinates",
            where=where,
            fix='say which they are, x = "…" and y = "…" (or wkt = "…"), or use the table as a join',
            code="not_spatial",
        )
    notes: list[str] = []
    x, y = (_numbers(table[column], notes) for column in pair)
    if kind == "plane" and not sure and _is_survey_order(x, y):
        x, y = y, x
        notes.append(
            f"{pair[0]!r} holds northings and {pair[1]!r} eastings, as Chinese surveys write them; "
            "they were exchanged"
        )
    return _from_numbers(
        table, x, y, pair, degrees=kind == "degrees", notes=notes, name=name, where=where
    )


def coordinate_columns(names: Sequence[str]) -> tuple[tuple[str, str], str]:
    """Return the pair of columns that hold coordinates, and ``degrees`` or ``plane``.

    >>> coordinate_columns(["名称", "经度", "纬度"])
    (('经度', '纬度'), 'degrees')
    >>> coordinate_columns(["X坐标(m)", "Y坐标(m)"])
    (('X坐标(m)', 'Y坐标(m)'), 'plane')
    >>> coordinate_columns(["a", "x"])
    (('', ''), '')
    """
    plain = {_plain(name): name for name in reversed(names)}
    for kind, firsts, seconds, tails in (
        ("degrees", LON, LAT, DATUMS),
        ("plane", X, Y, ("",)),
    ):
        for tail in tails:
            first = next((plain[a + tail] for a in firsts if a + tail in plain), "")
            second = next((plain[a + tail] for a in seconds if a + tail in plain), "")
            if first and second:
                return (first, second), kind
    return ("", ""), ""


def _plain(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).strip().lower()
    text = re.sub(r"[(\[（【].*?[)\]）】]|[°]", "", text)
    return re.sub(r"[\s_\-.]+", "", text)


def _check_asked(table: pd.DataFrame, asked: Asked, name: str, where: str) -> None:
    there = [str(c) for c in table.columns]
    if bool(asked.x) != bool(asked.y):
        raise SourceError(
            f"{name}: x = {asked.x!r} and y = {asked.y!r} go together",
            where=where,
            fix="name both columns",
            code="unknown_column",
        )
    for column in (asked.x, asked.y, asked.wkt):
        if column and column not in there:
            raise SourceError(
                f"{name} has no column {column!r}{nearest(column, there)}",
                where=where,
                fix=f"there are: {', '.join(there)}",
                code="unknown_column",
            )


def _shape_column(table: pd.DataFrame) -> str:
    for column in table.columns:
        if _plain(str(column)) in SHAPES and table[column].dtype == object:
            first = next((str(one) for one in table[column].dropna() if str(one).strip()), "")
            if WKT.match(first) or WKB.fullmatch(first):
                return str(column)
    return ""


def _from_texts(table: pd.DataFrame, column: str, name: str, where: str) -> Placed:
    texts = table[column].map(lambda one: str(one).strip(), na_action="ignore")
    filled = texts.notna() & (texts != "")
    if not filled.any():
        raise _without_coordinates(name, column, where)
    codes = {int(m.group(1)) for m in map(SRID.match, texts[filled]) if m}
    bare = texts[filled].map(lambda one: SRID.sub("", one))
    packed = bare.map(lambda one: bool(WKB.fullmatch(one)))
    made = np.full(len(table), None, dtype=object)
    with np.errstate(invalid="ignore"):
        for flag, read in ((True, shapely.from_wkb), (False, shapely.from_wkt)):
            rows = np.flatnonzero(filled.to_numpy())[packed.to_numpy() == flag]
            made[rows] = read(bare[packed == flag].to_numpy(dtype=object), on_invalid="ignore")
    bad = filled.to_numpy() & (shapely.get_type_id(made) < 0)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise SourceError(
            f"{int(bad.sum()):,} texts of {column!r} in {name} are no shapes: {texts.iloc[row][:40]!r}",
            where=f"{where}, row {row + 1}",
            fix="write them as WKT, as in POINT (114.1 22.6)",
            code="bad_shape",
        )
    codes |= {int(one) for one in np.unique(shapely.get_srid(made[filled.to_numpy()])) if one > 0}
    notes = [f"shapes from column {column!r}", *_counted(~filled.to_numpy(), len(table))]
    crs = None
    if len(codes) == 1:
        crs = pyproj.CRS.from_epsg(codes.pop())
    elif codes:
        raise SourceError(
            f"{name} mixes shapes of several SRIDs: {', '.join(map(str, sorted(codes)))}",
            where=where,
            fix="keep one CRS in one file",
            code="bad_shape",
        )
    kept = table.drop(columns=column)
    return Placed(_indexed(kept, shapely.set_srid(made, 0), crs), tuple(notes))


def _from_numbers(
    table: pd.DataFrame,
    x: np.ndarray,
    y: np.ndarray,
    pair: tuple[str, str],
    *,
    degrees: bool,
    notes: list[str],
    name: str,
    where: str,
) -> Placed:
    there = np.isfinite(x) & np.isfinite(y)
    if not there.any():
        raise _without_coordinates(name, " and ".join(map(repr, pair)), where)
    made = np.full(len(table), None, dtype=object)
    made[there] = shapely.points(x[there], y[there])
    notes.append(f"points from columns {pair[0]!r} and {pair[1]!r}")
    notes += _counted(~there, len(table))
    nought = int(((x == 0) & (y == 0)).sum())
    if nought:
        notes.append(f"{nought:,} rows lie at 0, 0: coordinates that were never filled in?")
    why = f"columns {pair[0]!r} and {pair[1]!r} without a CRS: degrees of WGS 84 are assumed"
    return Placed(_indexed(table, made, None), tuple(notes), why if degrees else "")


def _indexed(table: pd.DataFrame, shapes: np.ndarray, crs: pyproj.CRS | None) -> gpd.GeoDataFrame:
    frame = table.rename(columns={"geometry": "geometry_original"})
    made = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, index=frame.index, crs=crs))
    return made.set_axis(pd.RangeIndex(1, len(made) + 1, name="fid"))


def _numbers(values: pd.Series, notes: list[str]) -> np.ndarray:
    if pd.api.types.is_numeric_dtype(values):
        return values.to_numpy(dtype=float, na_value=np.nan)
    texts = values.astype(object).where(values.notna(), None).map(_trimmed)
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=float).copy()
    angles = 0
    for row in np.flatnonzero(np.isnan(numbers) & texts.notna().to_numpy()):
        numbers[row] = _angle(str(texts.iloc[row]))
        angles += bool(np.isfinite(numbers[row]))
    odd = int((np.isnan(numbers) & texts.notna().to_numpy()).sum())
    if angles:
        notes.append(f"{angles:,} cells of {values.name!r} are degrees, minutes and seconds")
    if odd:
        shown = texts[np.isnan(numbers) & texts.notna().to_numpy()].iloc[0]
        notes.append(f"{odd:,} cells of {values.name!r} are no coordinates: {str(shown)[:24]!r}")
    return numbers


def _trimmed(cell: object) -> str | None:
    text = "" if cell is None else str(cell).strip()
    return text or None


def _angle(text: str) -> float:
    """Return degrees of ``114°03′25″E``; NaN for what is no angle."""
    found = ANGLE.fullmatch(text)
    if not found:
        return float("nan")
    before, degrees, minutes, seconds, after = found.groups()
    value = float(degrees) + float(minutes or 0) / 60 + float(seconds or 0) / 3600
    return -value if {before, after} & NEGATIVE else value


def _is_survey_order(x: np.ndarray, y: np.ndarray) -> bool:
    """Surveys call the northing X; a pair that only makes sense that way is taken so, and said."""
    filled = np.isfinite(x) & np.isfinite(y) & ((x != 0) | (y != 0))
    if not filled.any():
        return False
    north = bool(((x[filled] >= NORTHING_M[0]) & (x[filled] <= NORTHING_M[1])).all())
    return north and any(
        bool(((y[filled] >= low) & (y[filled] <= high)).all()) for low, high in EASTING_M
    )


def _counted(empty: np.ndarray, rows: int) -> list[str]:
    count = int(empty.sum())
    return [f"{count:,} of {rows:,} rows have no coordinates and no shape"] if count else []


def _without_coordinates(name: str, columns: str, where: str) -> SourceError:
    return SourceError(
        f"no row of {name} has coordinates in {columns}",
        where=where,
        fix="name the columns that have: x = and y =, or wkt =",
        code="no_coordinates",
    )
