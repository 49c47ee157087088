"""Writing Shapefiles: names cut to ten bytes, and the map from long to short names kept."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from renewal_geo.foundation.errors import GeometryError as ShapeError
from renewal_geo.foundation.errors import SourceError, some_ids
from renewal_geo.io import drivers, encodings
from renewal_geo.io.files import staged

NAME_BYTES = 10
TEXT_BYTES = 254
WRITTEN_ON = "2000-01-01"
PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
KINDS = {
    0: "Point", 4: "MultiPoint", 1: "LineString", 5: "LineString", 3: "Polygon", 6: "Polygon",
}  # fmt: skip


def write_shapefile(
    path: str | Path, table: gpd.GeoDataFrame, *, encoding: str = "GBK"
) -> dict[str, str]:
    """Write a table as a Shapefile with ``.cpg``, and ``<stem>.names.json`` beside it.

    Parameters
    ----------
    path
        The ``.shp``; its parts are written whole or not at all.
    table
        Rows of one kind of geometry; a named index becomes the first column.
    encoding
        ``GBK`` as planners in China expect, or ``UTF-8``.

    Returns
    -------
    dict
        Column -> field of at most ten bytes, for all columns.

    Raises
    ------
    GeometryError
        ``wrong_type`` where the shapes are of several kinds.
    SourceError
        ``not_encodable`` where a text has characters that `encoding` lacks, ``text_too_long``
        beyond 254 bytes, ``encoding_unknown``, ``output_unwritable``.
    """
    target = Path(path)
    codec = encodings.known_codec(encoding, str(target))
    if codec == "gb18030":
        codec = "gbk"
    body, names = _fields(table, codec, target)
    kind = _kind(table, target)
    shapes = gpd.GeoSeries(table.geometry.to_numpy(), crs=table.crs)
    ready = gpd.GeoDataFrame(body, geometry=shapes, crs=table.crs)
    with staged(target.parent, record=f"{target.stem}.names.json") as stage:
        made = stage.path(f"{target.stem}.shp")
        try:
            with drivers.settled(), drivers.remarks():
                pyogrio.write_dataframe(
                    ready,
                    made,
                    driver="ESRI Shapefile",
                    encoding=encodings.gdal_name(codec),
                    geometry_type=kind,
                    use_arrow=False,
                    layer_options={"DBF_DATE_LAST_UPDATE": WRITTEN_ON},
                )
        except (DataSourceError, DataLayerError, FeatureError, FieldError, GeometryError) as fault:
            raise SourceError(
                f"{target.name} could not be written: {fault}; earlier files are unchanged",
                where=str(target),
                fix="make sure that the disk is not full and the folder may be written",
                code="output_unwritable",
            ) from fault
        for suffix in PARTS[1:]:
            if made.with_suffix(suffix).exists():
                stage.path(f"{target.stem}{suffix}")
        stage.write_text(f"{target.stem}.cpg", "GBK" if codec == "gbk" else encoding.upper())
        stage.write_json(f"{target.stem}.names.json", names)
    return names


def shortened(names: list[str], codec: str) -> dict[str, str]:
    """Cut names to ten bytes, whole characters, unique in all but case.

    >>> shortened(["用地性质代码说明", "用地性质代码备注", "area"], "gbk")
    {'用地性质代码说明': '用地性质代', '用地性质代码备注': '用地性质1', 'area': 'area'}
    """
    used: set[str] = set()
    short: dict[str, str] = {}
    for name in names:
        number, field = 0, _cut(name, NAME_BYTES, codec)
        while field.casefold() in used or not field:
            number += 1
            field = _cut(name, NAME_BYTES - len(str(number)), codec) + str(number)
        used.add(field.casefold())
        short[name] = field
    return short


def _cut(text: str, size: int, codec: str) -> str:
    return text.encode(codec, "replace")[:size].decode(codec, "ignore")


def _kind(table: gpd.GeoDataFrame, target: Path) -> str:
    types = set(shapely.get_type_id(table.geometry.to_numpy()).tolist()) - {-1}
    kinds = sorted({KINDS.get(one, "GeometryCollection") for one in types})
    if len(kinds) > 1 or kinds == ["GeometryCollection"]:
        raise ShapeError(
            f"a Shapefile holds one kind of shapes, the table has {', '.join(kinds)}",
            where=str(target),
            fix="write a GeoPackage, or one Shapefile per kind",
            code="wrong_type",
        )
    return kinds[0] if kinds else "Polygon"


def _fields(
    table: gpd.GeoDataFrame, codec: str, target: Path
) -> tuple[pd.DataFrame, dict[str, str]]:
    body = pd.DataFrame(table.drop(columns=table.geometry.name))
    body = body.reset_index(drop=table.index.name is None or table.index.name in body.columns)
    names = shortened([str(name) for name in body.columns], codec)
    made = {names[str(name)]: _cells(body[name], codec, target) for name in body.columns}
    return pd.DataFrame(made, index=body.index), names


def _cells(values: pd.Series, codec: str, target: Path) -> pd.Series:
    if pd.api.types.is_bool_dtype(values):
        return values.astype("Int32")
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values):
        return values
    texts = values.astype(object).where(values.notna(), None).map(str, na_action="ignore")
    sizes = texts.map(lambda text: _size(text, codec), na_action="ignore").dropna()
    odd = texts[sizes.index[sizes < 0]]
    if len(odd):
        raise SourceError(
            f"{len(odd)} texts of {values.name!r} have characters that {codec.upper()} lacks: "
            f"{some_ids(odd)}",
            where=str(target),
            fix='write with encoding="UTF-8", or a GeoPackage',
            code="not_encodable",
        )
    long = texts[sizes.index[sizes > TEXT_BYTES]]
    if len(long):
        raise SourceError(
            f"{len(long)} texts of {values.name!r} are longer than {TEXT_BYTES} bytes",
            where=str(target),
            fix="write a GeoPackage, which has no such limit",
            code="text_too_long",
        )
    return texts


def _size(text: str, codec: str) -> int:
    try:
        return len(text.encode(codec))
    except UnicodeEncodeError:
        return -1
