"""Writing Shapefiles: names cut to ten bytes, the map from long to short names kept, limits kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pyproj
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from renewal_geo.foundation.errors import Faults, SourceError, some_ids
from renewal_geo.foundation.errors import GeometryError as ShapeError
from renewal_geo.io import dbase, drivers, encodings, formats
from renewal_geo.io.cells import Column, as_text, columns_of, shapes_of
from renewal_geo.io.files import Stage, staged, unwritable_layer
from renewal_geo.io.locations import same_crs
from renewal_geo.io.losses import Loss, Written

NAME_BYTES = 10
TEXT_BYTES = 254
NARROWEST_TEXT = 80
MOST_FIELDS = 255
LIMIT_BYTES = 2**31 - 1
INTEGER_DIGITS = 18
REAL_WIDTH, REAL_DECIMALS = 24, 15
LARGEST_EXACT = 1e7  # with its 15 decimals it still fits the field
WRITTEN_ON = "2000-01-01"
PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
STALE = (".prj", ".qpj", ".qix", ".sbn", ".sbx", ".idm", ".ind", ".atx", ".cst")
FAULTS = (DataSourceError, DataLayerError, FeatureError, FieldError, GeometryError)
KINDS = {
    0: "Point", 4: "MultiPoint", 1: "LineString", 2: "LineString", 5: "LineString", 3: "Polygon",
    6: "Polygon",
}  # fmt: skip


def write_shapefile(path: str | Path, table: gpd.GeoDataFrame, *, encoding: str = "GBK") -> Written:
    """Write a table as a Shapefile with ``.cpg``, and ``<stem>.names.json`` beside it.

    Parameters
    ----------
    path
        The ``.shp``; its parts are written whole or not at all, spatial indexes of an earlier one
        go.
    table
        Rows of one kind of geometry; a named index becomes the first column.
    encoding
        ``GBK`` as planners in China expect, or ``UTF-8``.

    Returns
    -------
    Written
        The field of at most ten bytes for every column, and what the format could not hold.

    Raises
    ------
    GeometryError
        ``wrong_type`` where the shapes are of several kinds.
    SourceError
        ``not_encodable`` where a text has characters that `encoding` lacks, ``text_too_long``
        beyond 254 bytes, ``too_many_fields`` beyond 255, ``too_large`` where a part would pass
        2 GB, ``encoding_unknown``, ``output_unwritable``.
    """
    target = Path(path)
    codec = encodings.known_codec(encoding, str(target))
    if codec == "gb18030":
        codec = "gbk"
    columns, losses = columns_of(table)
    columns = [_settled(one) for one in columns]
    _check_columns(columns, codec, target)
    names = shortened([one.name for one in columns], codec)
    shapes, measured = shapes_of(table.geometry)
    kind = _kind(shapes, target)
    shapes, lost = _settled_shapes(shapes)
    losses += [*measured, *lost]
    _check_sizes(shapes, columns, codec, target)
    with staged(target.parent, record=f"{target.stem}.names.json") as stage:
        made = stage.path(f"{target.stem}.shp")
        fields = [names[one.name] for one in columns]
        _write(made, shapes, kind, columns, fields, crs=table.crs, codec=codec)
        with drivers.settled(), drivers.remarks():
            losses += _changed(made, shapes, table.crs)
        for suffix in PARTS[1:]:
            if made.with_suffix(suffix).exists():
                stage.path(f"{target.stem}{suffix}")
        _drop_stale(stage, target)
        stage.write_text(f"{target.stem}.cpg", "GBK" if codec == "gbk" else encoding.upper())
        stage.write_json(f"{target.stem}.names.json", names)
        files = tuple(stage.names)
    losses += [loss for one in columns for loss in one.losses]
    return Written(target, "", len(table), names, tuple(losses), files)


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
    return text.replace("\0", "").encode(codec, "replace")[:size].decode(codec, "ignore")


def _settled(one: Column) -> Column:
    """Return a column as dBASE has it: digits, days, and texts without outer blanks."""
    if one.kind == "yes_no":
        count = int((~one.missing).sum())
        lost = (Loss("yes_no_as_number", one.name, count),) if count else ()
        numbers = one.cells.astype(np.int32)
        return replace(one, kind="whole", cells=numbers, losses=(*one.losses, *lost))
    if one.kind == "whole":
        digits = [str(value) for value in one.cells.tolist()]
        if all(len(text) <= INTEGER_DIGITS for text in digits):
            return one
        texts = [None if gone else t for t, gone in zip(digits, one.missing, strict=True)]
        return as_text(one, texts, "integer_as_text")
    if one.kind == "number":
        endless = np.isinf(one.cells)
        lost = (Loss("infinite_as_null", one.name, int(endless.sum())),) if endless.any() else ()
        numbers = np.where(endless, np.nan, one.cells).astype(float)
        return replace(one, cells=numbers, missing=np.isnan(numbers), losses=(*one.losses, *lost))
    if one.kind == "time":
        return _settled_times(one)
    return _settled_texts(one) if one.kind == "text" else one


def _settled_times(one: Column) -> Column:
    days = one.cells.astype("datetime64[D]")
    if one.zone is None and bool(((days == one.cells) | one.missing).all()):
        return replace(one, kind="day", cells=days)
    texts = one.as_series().map(lambda time: time.isoformat(), na_action="ignore")
    return as_text(one, [t if isinstance(t, str) else None for t in texts], "time_as_text")


def _settled_texts(one: Column) -> Column:
    bare = {text: text.strip(" ") or None for text in set(one.cells[~one.missing])}
    made = np.empty(len(one.cells), dtype=object)
    made[:] = [bare.get(text) for text in one.cells]
    changed = [text for text in one.cells[~one.missing] if bare[text] != text]
    empty = sum(bare[text] is None for text in changed)
    found = (("empty_text_as_null", empty), ("blanks_cut", len(changed) - empty))
    lost = (Loss(code, one.name, number) for code, number in found if number)
    return replace(one, cells=made, losses=(*one.losses, *lost))


def _check_columns(columns: list[Column], codec: str, target: Path) -> None:
    faults = Faults(SourceError)
    if len(columns) > MOST_FIELDS:
        faults.add(
            f"the table has {len(columns)} columns and a Shapefile holds {MOST_FIELDS}",
            where=str(target),
            fix="write a GeoPackage, or choose fewer columns",
            code="too_many_fields",
        )
    for one in columns:
        if one.kind != "text":
            continue
        sizes = {text: _size(text, codec) for text in set(one.cells) if text is not None}
        odd = [text for text in one.cells if sizes.get(text, 0) < 0]
        long = [text for text in one.cells if sizes.get(text, 0) > TEXT_BYTES]
        if odd:
            faults.add(
                f"{len(odd)} texts of {one.name!r} have characters that {codec.upper()} lacks: "
                f"{some_ids(odd)}",
                where=str(target),
                fix="write it in UTF-8 (--encoding UTF-8), or as a GeoPackage",
                code="not_encodable",
            )
        if long:
            faults.add(
                f"{len(long)} texts of {one.name!r} are longer than {TEXT_BYTES} bytes",
                where=str(target),
                fix="write a GeoPackage, which has no such limit",
                code="text_too_long",
            )
    faults.raise_if_any()


def _size(text: str, codec: str) -> int:
    try:
        return len(text.encode(codec))
    except UnicodeEncodeError:
        return -1


def _kind(shapes: np.ndarray, target: Path) -> str:
    types = set(shapely.get_type_id(shapes).tolist()) - {-1}
    kinds = sorted({KINDS.get(one, "GeometryCollection") for one in types})
    if len(kinds) > 1 or kinds == ["GeometryCollection"]:
        raise ShapeError(
            f"a Shapefile holds one kind of shapes, the table has {', '.join(kinds)}",
            where=str(target),
            fix="write a GeoPackage, or one Shapefile per kind",
            code="wrong_type",
        )
    return kinds[0] if kinds else "Polygon"


def _settled_shapes(shapes: np.ndarray) -> tuple[np.ndarray, list[Loss]]:
    """Return shapes of one dimension, with null for what is empty."""
    empty = shapely.is_empty(shapes)
    made = np.array(shapes, dtype=object)
    made[empty] = None
    found = [Loss("empty_shape_as_null", "", int(empty.sum()))] if empty.any() else []
    high = shapely.has_z(made)
    flat = ~high & (shapely.get_type_id(made) >= 0)
    if high.any() and flat.any():
        made[flat] = shapely.force_3d(made[flat])
        found.append(Loss("heights_zero", "", int(flat.sum())))
    return made, found


def estimated_bytes(shapes: np.ndarray, columns: list[Column], codec: str) -> dict[str, int]:
    """Return the sizes that the two large parts of a Shapefile will have, by suffix."""
    here = shapely.get_type_id(shapes) >= 0
    filled = shapes[here]
    points = int(shapely.get_num_coordinates(filled).sum())
    parts = shapely.get_parts(filled)
    chains = len(parts) + int(np.maximum(shapely.get_num_interior_rings(parts), 0).sum())
    kinds = set(shapely.get_type_id(filled).tolist())
    high = bool(shapely.has_z(filled).any())
    if kinds <= {0}:
        drawn = len(filled) * (8 + 4 + 16 + 8 * high)
    elif kinds <= {4}:
        drawn = len(filled) * (8 + 40 + 16 * high) + points * (16 + 8 * high)
    else:
        drawn = len(filled) * (8 + 44 + 16 * high) + 4 * chains + points * (16 + 8 * high)
    rows = len(shapes)
    width = 1 + sum(_width(one, codec) for one in columns)
    head = dbase.HEADER_BYTES + dbase.FIELD_BYTES * len(columns) + 1
    shp = formats.SHP_HEADER_BYTES + drawn + (rows - len(filled)) * 12
    return {".shp": shp, ".dbf": head + rows * width + 1}


def _width(one: Column, codec: str) -> int:
    """Return the width of a field as GDAL makes it: its usual one, more where a value needs it."""
    if one.kind == "text":
        return max([NARROWEST_TEXT, *(_size(text, codec) for text in set(one.cells) if text)])
    if one.kind == "whole":
        usual = INTEGER_DIGITS if one.cells.dtype == np.int64 else 9
        filled = one.cells[~one.missing].tolist()
        return max([usual, *(len(str(v)) for v in ((min(filled), max(filled)) if filled else ()))])
    return REAL_WIDTH if one.kind == "number" else 8


def _check_sizes(shapes: np.ndarray, columns: list[Column], codec: str, target: Path) -> None:
    faults = Faults(SourceError)
    for suffix, size in estimated_bytes(shapes, columns, codec).items():
        if size > LIMIT_BYTES:
            faults.add(
                f"{target.stem}{suffix} would have {size / 2**30:,.2f} GB, and a part of a "
                f"Shapefile holds {LIMIT_BYTES / 2**30:,.2f} GB",
                where=str(target),
                fix="write a GeoPackage or GeoParquet, which have no such limit, or fewer rows "
                "or columns",
                code="too_large",
            )
    faults.raise_if_any()


def _write(
    path: Path, shapes: np.ndarray, kind: str, columns: list[Column], fields: list[str],
    *, crs: pyproj.CRS | None, codec: str,
) -> None:  # fmt: skip
    high = bool(shapely.has_z(shapes).any())
    try:
        with drivers.settled(), drivers.remarks():
            pyogrio.raw.write(
                path,
                shapely.to_wkb(shapes),
                [one.cells for one in columns],
                fields,
                field_mask=[None if one.kind == "text" else one.missing for one in columns],
                driver="ESRI Shapefile",
                encoding=encodings.gdal_name(codec),
                geometry_type=f"{kind} Z" if high else kind,
                crs=None if crs is None else crs.to_wkt(),
                layer_options={"DBF_DATE_LAST_UPDATE": WRITTEN_ON},
            )
        _write_exactly(path.with_suffix(".dbf"), columns)
        formats.check_shapefile(path)
        rows = dbase.head(path.with_suffix(".dbf")).rows
    except (*FAULTS, SourceError, OSError) as fault:
        raise unwritable_layer(path, "", fault) from fault
    if rows != len(shapes):
        raise unwritable_layer(path, "", OSError(f"{rows} of {len(shapes)} rows arrived"))


def _write_exactly(path: Path, columns: list[Column]) -> None:
    """Write anew the numbers that 15 decimals in 24 places do not hold: GDAL cuts them in silence.

    The shortest text that gives a float back never has more than 24 characters.
    """
    header = dbase.head(path)
    shape = (header.rows, header.record_bytes)
    if not header.rows or all(one.kind != "number" for one in columns):
        return
    records = np.memmap(path, np.uint8, "r+", offset=header.header_bytes, shape=shape)
    for place, one in zip(header.fields, columns, strict=True):
        if one.kind != "number":
            continue
        rows = np.flatnonzero(~one.missing & ~_held(one.cells))
        texts = [repr(number).rjust(place.width).encode() for number in one.cells[rows].tolist()]
        signs = np.frombuffer(b"".join(texts), dtype=np.uint8).reshape(-1, place.width)
        records[rows, place.start : place.start + place.width] = signs
    records.flush()


def _held(numbers: np.ndarray) -> np.ndarray:
    """Say which numbers come back from the decimals that GDAL writes."""
    whole: np.ndarray = (np.abs(numbers) < LARGEST_EXACT) & (numbers == np.rint(numbers))
    rest = np.flatnonzero(~whole & np.isfinite(numbers))
    usual = [f"{number:.{REAL_DECIMALS}f}" for number in numbers[rest].tolist()]
    fits = np.array([len(text) <= REAL_WIDTH for text in usual], dtype=bool)
    back = np.array([float(text) for text in usual], dtype=float)
    whole[rest] = fits & (back == numbers[rest])
    return whole


def _changed(path: Path, shapes: np.ndarray, crs: pyproj.CRS | None) -> list[Loss]:
    """Return what comes back differently: the CRS, and rings that only validity tells apart."""
    found: list[Loss] = []
    said = pyogrio.read_info(path)["crs"]
    if (crs is None) != (said is None) or (crs and not same_crs(pyproj.CRS(said), crs)):
        found.append(Loss("crs_changed"))
    areal = np.isin(shapely.get_type_id(shapes), (3, 6))
    doubtful = np.flatnonzero(areal & ~shapely.is_valid(shapes))
    if len(doubtful):
        read = pyogrio.raw.read(path, columns=[], fids=doubtful)[2]
        other = _drawn(shapely.from_wkb(read)) != _drawn(shapes[doubtful])
        if other.any():
            found.append(Loss("rings_rearranged", "", int(other.sum())))
    return found


def _drawn(shapes: np.ndarray) -> np.ndarray:
    """Return polygons as texts that are equal where parts and rings are, however written."""
    flat = shapely.force_2d(shapes)
    multiple = [shapely.MultiPolygon(shapely.get_parts(one).tolist()) for one in flat]
    return np.asarray(shapely.to_wkb(shapely.normalize(multiple)), dtype=object)


def _drop_stale(stage: Stage, target: Path) -> None:
    for suffix, part in formats.side_cars(target).items():
        if suffix in STALE and part.name not in stage.names:
            stage.drop(part.name)
