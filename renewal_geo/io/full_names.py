"""Field names that a Shapefile has cut to ten bytes, given back from what lies beside it.

Looked for in this order: ``<stem>.names.json`` (an object of full name -> field, which
:func:`renewal_geo.io.write_shapefile` writes), ``<stem>.names.csv`` (two columns, either way round),
``<stem>.shp.xml`` (the aliases of ArcGIS, where the field is their beginning).
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from renewal_geo.foundation.errors import SourceError, some_ids
from renewal_geo.io import encodings

LARGEST_BYTES = 4 << 20
SHORTEST_CUT = 8  # bytes: a field that is shorter was not cut
ALIAS = re.compile(
    r"<attr\b.*?<attrlabl[^>]*>(.*?)</attrlabl>.*?</attr>", re.DOTALL | re.IGNORECASE
)
TITLE = re.compile(r"<attalias[^>]*>(.*?)</attalias>", re.DOTALL | re.IGNORECASE)


def full_names(path: Path, fields: Iterable[str]) -> tuple[dict[str, str], list[str], Path | None]:
    """Return full names for the fields of a Shapefile, what to say of them, and the side-car.

    Parameters
    ----------
    path
        The ``.shp``.
    fields
        Its field names, in order.

    Returns
    -------
    names : dict
        Field -> full name, only where they differ; full names are unique among all columns.
    notes : list
        One sentence each.
    side_car : Path or None
        Where the names are from.

    Raises
    ------
    SourceError
        ``names_unreadable`` where a side-car is there and cannot be read.
    """
    here = list(fields)
    for suffix, read in ((".names.json", _from_json), (".names.csv", _from_csv)):
        side_car = path.with_name(path.stem + suffix)
        if side_car.is_file():
            return *_fitting(read(_text(side_car), side_car, here), here, side_car), side_car
    side_car = path.with_name(path.name + ".xml")
    if side_car.is_file():
        named = _from_xml(_text(side_car))
        cut = {field: title for field, title in named.items() if _is_cut(field, title)}
        names, notes = _fitting(cut, here, side_car)
        return names, notes if names else [], side_car if names else None
    return {}, [], None


def _fitting(
    wanted: Mapping[str, str], fields: list[str], side_car: Path
) -> tuple[dict[str, str], list[str]]:
    """Keep the names of fields that are there, and that give no two columns one name."""
    by_case = {field.casefold(): field for field in fields}
    found: dict[str, str] = {}
    absent = [field for field in wanted if field.casefold() not in by_case]
    for field, name in wanted.items():
        here = field if field in fields else by_case.get(field.casefold())
        if here is not None and name != here:
            found[here] = name
    kept = [field for field in fields if field not in found]
    doubled = [f for f, name in found.items() if [*found.values(), *kept].count(name) > 1]
    notes = [
        f"{side_car.name} gives {found.pop(field)!r} to a second column: {field!r} stays"
        for field in doubled
    ]
    if found:
        pairs = some_ids([f"{field} is {name}" for field, name in found.items()], 6)
        notes.append(f"{len(found)} field names restored from {side_car.name}: {pairs}")
    if absent:
        notes.append(
            f"{side_car.name} names fields that the table has not: {some_ids(absent)}; is it "
            "another layer's?"
        )
    return found, notes


def _from_json(text: str, side_car: Path, fields: list[str]) -> dict[str, str]:
    del fields
    try:
        named = json.loads(text)
    except ValueError as fault:
        raise _unreadable(side_car, f"it is no JSON ({fault})") from fault
    if not isinstance(named, dict) or not all(isinstance(one, str) for one in named.values()):
        raise _unreadable(side_car, "it is no object of full name and field")
    return {field: str(name) for name, field in named.items()}


def _from_csv(text: str, side_car: Path, fields: list[str]) -> dict[str, str]:
    rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text))]
    pairs = [row[:2] for row in rows if len(row) >= 2 and all(row[:2])]
    here = {field.casefold() for field in fields}
    first, second = (sum(pair[n].casefold() in here for pair in pairs) for n in (0, 1))
    if not first and not second:
        raise _unreadable(side_car, "neither of its first two columns holds names of fields")
    at = 0 if first >= second else 1
    return {pair[at]: pair[1 - at] for pair in pairs if pair[at].casefold() in here}


def _from_xml(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for block in ALIAS.finditer(text):
        title = TITLE.search(block.group(0))
        if title:
            field, name = (html.unescape(one).strip() for one in (block.group(1), title.group(1)))
            found[field] = name
    return found


def _is_cut(field: str, title: str) -> bool:
    longer = len(title) > len(field) and title.casefold().startswith(field.casefold())
    return longer and any(len(field.encode(c, "replace")) >= SHORTEST_CUT for c in ("gbk", "utf-8"))


def _text(side_car: Path) -> str:
    data = side_car.read_bytes()[:LARGEST_BYTES]
    chosen = encodings.encoding_of_bytes(data, encodings.AUTO, str(side_car))
    return data.decode(chosen.codec, "replace").lstrip("\ufeff")


def _unreadable(side_car: Path, why: str) -> SourceError:
    return SourceError(
        f"{side_car.name} holds no field names: {why}",
        where=str(side_car),
        fix='write {"full name": "field"}, or remove the file to read the short names',
        code="names_unreadable",
    )
