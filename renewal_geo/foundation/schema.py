"""Tables as data: columns, units, titles and aliases, read from ``tables/*.toml``.

One truth, four uses: reading (columns are mapped and their units converted), checking (ranges),
documentation, and the headings of spreadsheets.
"""

from __future__ import annotations

import difflib
import functools
import importlib.resources
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from renewal_geo.foundation.days import parsed_days
from renewal_geo.foundation.errors import Faults, SchemaError, some_ids
from renewal_geo.foundation.quantities import UNITS

Dtype = Literal["text", "float", "int", "bool", "date", "year"]
TRUE_WORDS = {"1", "1.0", "true", "t", "yes", "y", "是", "有", "真", "对"}
FALSE_WORDS = {"0", "0.0", "false", "f", "no", "n", "否", "无", "假", "错", ""}
SHORTEST_CUT = 2  # a field name cut by a Shapefile keeps at least so many characters
_INTEGRAL_TEXT = re.compile(r"^-?\d+\.0+$")
_PLAIN_GEOMETRY = {"polygon", "line", "point", "any", "none"}


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name of a column, with the unit that the name itself states, if any."""

    name: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A canonical column: what it is made of, its unit and range, its names."""

    name: str
    dtype: Dtype
    unit: str
    required: bool
    minimum: float | None
    maximum: float | None
    title: str
    title_zh: str
    aliases: tuple[Alias, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A role: its id column, kind of geometry and canonical columns."""

    role: str
    id_column: str
    geometry: str
    title: str
    title_zh: str
    names: tuple[str, ...]
    columns: Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class Conformed:
    """A table with canonical columns, and what was decided on the way."""

    frame: Any
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Guess:
    """The column of a file that seems to be a canonical one; `unit` is None where unknown."""

    original: str
    unit: str | None
    why: str


@functools.cache
def roles() -> tuple[str, ...]:
    """Return all roles that a layer of a study can play, in alphabetical order."""
    folder = importlib.resources.files("renewal_geo.foundation") / "tables"
    names = sorted(f.name for f in folder.iterdir() if f.name.endswith(".toml"))
    return tuple(name.removesuffix(".toml") for name in names)


@functools.cache
def table(role: str) -> Table:
    """Return the description of `role`.

    Raises
    ------
    SchemaError
        If there is no such role; the nearest names are offered.
    """
    if role not in roles():
        near = difflib.get_close_matches(role, roles(), n=3, cutoff=0.4) or roles()
        raise SchemaError(
            f"{role!r} is not a role", fix=f"one of: {', '.join(near)}", code="unknown_role"
        )
    folder = importlib.resources.files("renewal_geo.foundation") / "tables"
    data = tomllib.loads((folder / f"{role}.toml").read_text(encoding="utf-8"))
    columns = {name: _column(name, entry) for name, entry in data["columns"].items()}
    return Table(
        role,
        data["id"],
        data["geometry"],
        data["title"],
        data["title_zh"],
        tuple(data["names"]),
        columns,
    )


def conform(frame: Any, role: str, columns: Mapping[str, Any], *, where: str = "") -> Conformed:
    """Give a table the canonical columns of `role`.

    Parameters
    ----------
    frame
        n rows as read, (Geo)DataFrame, indexed by the driver's feature id; not changed.
    role
        A role of :func:`roles`.
    columns
        Canonical (or own) name -> name in the file, or ``{"name": ..., "unit": ...}``.
    where
        File and layer, for errors.

    Returns
    -------
    Conformed
        n rows indexed by the id column as text (the feature id where none is mapped; empty text
        where an id is missing). Canonical columns first, in canonical units; then the file's own
        columns, ``<name>_original`` where a mapped column has taken the name.

    Raises
    ------
    SchemaError
        For unknown columns (nearest names offered), unknown units and values that are no numbers;
        all of them at once. Values outside their range are left to ``quality``.
    """
    known = table(role)
    faults = Faults(SchemaError)
    geometry = getattr(frame, "_geometry_column_name", None)
    own_names = [str(c) for c in frame.columns if c != geometry]
    wanted = {name: (str(name), "") for name in known.columns if name in own_names}
    for name, asked in columns.items():
        original, unit = _asked(name, asked, faults, where)
        if original not in own_names:
            near = difflib.get_close_matches(original, own_names, n=3, cutoff=0.4)
            faults.add(
                f"{role} has no column {original!r} (asked for {name})",
                where=where,
                fix=f"nearest: {', '.join(near)}" if near else f"there are: {', '.join(own_names)}",
                code="unknown_column",
            )
        else:
            wanted[name] = (original, unit)
    faults.raise_if_any()
    made = {
        name: _converted(frame[original], known.columns.get(name), name, unit, faults, where)
        for name, (original, unit) in wanted.items()
    }
    faults.raise_if_any()
    return _assembled(frame, known, wanted, made, geometry)


def guess(names: Iterable[str], role: str) -> dict[str, Guess]:
    """Guess which columns of a file are canonical ones, from Chinese and English aliases.

    A column is used once; full names win over names cut to ten bytes. The unit is None where a
    column needs one and its name does not state it: the planner must say.
    """
    left = [str(n) for n in names]
    found: dict[str, Guess] = {}
    for exact in (True, False):
        for column in table(role).columns.values():
            if column.name in found:
                continue
            match = _match(column, left, exact=exact)
            if match is not None:
                found[column.name] = match
                left.remove(match.original)
    return found


def guess_role(stem: str, columns: Iterable[str], geometry: str) -> tuple[str | None, str]:
    """Guess the role of a file from its name, columns and kind of geometry.

    Returns
    -------
    tuple
        The role or None, and why, as a sentence.
    """
    plain = _plain(stem)
    named = [
        (len(_plain(name)), role, name)
        for role in roles()
        for name in table(role).names
        if _plain(name) and _plain(name) in plain and _fits(role, geometry)
    ]
    if named:
        _, role, name = max(named)
        return role, f"the name {stem!r} contains {name!r}"
    if geometry == "polygon":
        matched = guess(columns, "parcels")
        if {"parcel_id", "land_use"} <= set(matched):
            return "parcels", "it has columns for a parcel id and a land use"
    return None, f"neither the name {stem!r} nor its columns tell"


def headings(role: str, names: Sequence[str], lang: str) -> list[str]:
    """Return the titles of columns for a spreadsheet; a column without one keeps its name."""
    known = table(role).columns
    return [
        name if name not in known else (known[name].title_zh if lang == "zh" else known[name].title)
        for name in names
    ]


def as_text(values: pd.Series) -> pd.Series:
    """Return values as text codes: ``3`` not ``3.0``; missing stays missing (None)."""
    text = values.astype(object).where(values.notna(), None)
    return text.map(_code, na_action="ignore")


def _code(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    text = str(value).strip()
    return text.split(".", 1)[0] if _INTEGRAL_TEXT.match(text) else text


def _column(name: str, entry: Mapping[str, Any]) -> Column:
    aliases = tuple(
        Alias(one) if isinstance(one, str) else Alias(one["name"], one.get("unit", ""))
        for one in entry.get("aliases", ())
    )
    return Column(
        name,
        entry["dtype"],
        entry.get("unit", ""),
        bool(entry.get("required", False)),
        entry.get("min"),
        entry.get("max"),
        entry["title"],
        entry["title_zh"],
        aliases,
    )


def _asked(name: str, asked: Any, faults: Faults, where: str) -> tuple[str, str]:
    if isinstance(asked, str):
        return asked, ""
    if isinstance(asked, Mapping) and isinstance(asked.get("name"), str):
        odd = set(asked) - {"name", "unit"}
        unit = str(asked.get("unit", ""))
        if odd or (unit and unit not in UNITS and unit != "m"):
            faults.add(
                f"column {name}: unknown {'key ' + ', '.join(sorted(odd)) if odd else 'unit ' + unit}",
                where=where,
                fix=f"units: m, {', '.join(UNITS)}",
                code="unknown_unit",
            )
        return asked["name"], unit
    faults.add(
        f"column {name} is mapped to {asked!r}",
        where=where,
        fix='write a name, or { name = "面积", unit = "mu" }',
        code="bad_mapping",
    )
    return "", ""


def _converted(
    values: pd.Series, column: Column | None, name: str, unit: str, faults: Faults, where: str
) -> pd.Series:
    dtype = column.dtype if column is not None else ("float" if unit else "")
    if dtype == "text":
        return as_text(values)
    if dtype in {"float", "int", "year"}:
        numbers = _numbers(values, name, faults, where)
        factor = UNITS.get(unit, 1.0) / UNITS.get(_unit_of(name, column), 1.0) if unit else 1.0
        return numbers * factor if factor != 1.0 else numbers
    if dtype == "bool":
        return _booleans(values, name, faults, where)
    if dtype == "date":
        return _days(values, name, faults, where)
    return values.copy()


def _days(values: pd.Series, name: str, faults: Faults, where: str) -> pd.Series:
    days, unread = parsed_days(values)
    if unread:
        texts = values.astype(object).where(values.notna(), "").map(lambda one: str(one).strip())
        odd = texts[(texts != "") & days.isna()]
        said = f"column {values.name!r} ({name}) holds {len(odd)} texts that are no days"
        fix = "write days as 2020-06-30, or leave the cells empty"
        _note_odd(faults, odd, said, fix, "not_a_day", where)
    return days


def _note_odd(faults: Faults, odd: pd.Series, said: str, fix: str, code: str, where: str) -> None:
    """Note the cells of a column that are not what it should hold, with their feature ids."""
    faults.add(
        f"{said}: {some_ids(dict.fromkeys(odd))}",
        where=f"{where} feature {some_ids(odd.index)}".strip(),
        fix=fix,
        code=code,
    )


def _unit_of(name: str, column: Column | None) -> str:
    if column is not None:
        return column.unit
    return name.rsplit("_", 1)[-1] if name.rsplit("_", 1)[-1] in UNITS else ""


def _numbers(values: pd.Series, name: str, faults: Faults, where: str) -> pd.Series:
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
        return values.astype(float)
    text = values.astype(object).where(values.notna(), None)
    text = text.map(lambda one: str(one).strip().replace(",", ""), na_action="ignore")
    text = text.where(text != "", None)
    numbers = pd.to_numeric(text, errors="coerce").astype(float)
    odd = text[text.notna() & numbers.isna()]
    if len(odd):
        said = f"column {values.name!r} ({name}) holds {len(odd)} texts that are no numbers"
        fix = "correct them, or leave the cells empty"
        _note_odd(faults, odd, said, fix, "not_a_number", where)
    return numbers


def _booleans(values: pd.Series, name: str, faults: Faults, where: str) -> pd.Series:
    if pd.api.types.is_bool_dtype(values):
        return values.astype(bool)
    words = values.astype(object).where(values.notna(), "").map(lambda v: str(v).strip().lower())
    odd = words[~words.isin(TRUE_WORDS | FALSE_WORDS)]
    if len(odd):
        said = f"column {values.name!r} ({name}) holds values that are neither yes nor no"
        _note_odd(faults, odd, said, "write 1/0, true/false or 是/否", "not_a_boolean", where)
    return words.isin(TRUE_WORDS)


def _assembled(
    frame: Any,
    known: Table,
    wanted: Mapping[str, tuple[str, str]],
    made: Mapping[str, pd.Series],
    geometry: str | None,
) -> Conformed:
    notes: list[str] = []
    ordered = [name for name in known.columns if name in made]
    ordered += [name for name in made if name not in known.columns]
    parts: dict[str, Any] = {name: made[name] for name in ordered if name != known.id_column}
    for original in frame.columns:
        if original == geometry:
            continue
        name = str(original)
        taken = name in made or name == known.id_column
        if taken and wanted.get(name, ("", ""))[0] == name:
            continue
        parts[f"{name}_original" if taken else name] = frame[original]
    body = pd.DataFrame(parts, index=frame.index)
    if known.id_column in made:
        ids = made[known.id_column].where(made[known.id_column].notna(), "").astype(object)
    else:
        ids = pd.Series(frame.index, index=frame.index).map(_code)
        notes.append(f"{known.role}: no id column is mapped, the feature ids of the file serve")
    body.index = pd.Index(ids.to_numpy(dtype=object), name=known.id_column, dtype=object)
    if geometry is None:
        return Conformed(body, tuple(notes))
    shapes = gpd.GeoSeries(frame[geometry].to_numpy(), index=body.index, crs=frame.crs)
    return Conformed(gpd.GeoDataFrame(body, geometry=shapes, crs=frame.crs), tuple(notes))


def _plain(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).strip().lower()
    return re.sub(r"[\s_\-]+", "", text)


def _match(column: Column, names: Sequence[str], *, exact: bool) -> Guess | None:
    for alias in (Alias(column.name, column.unit), *column.aliases):
        wanted = _plain(alias.name)
        for name in names:
            plain = _plain(name)
            whole = plain == wanted
            cut = (
                len(plain) >= SHORTEST_CUT
                and len(name.encode("gbk", "replace")) >= 8
                and (wanted.startswith(plain))
            )
            if whole if exact else cut:
                needs_unit = column.unit not in {"", "1", "m"}
                unit = alias.unit or None
                why = (
                    f"{name!r} is known as {alias.name!r}"
                    if exact
                    else (f"{name!r} looks like {alias.name!r} cut to ten bytes")
                )
                return Guess(name, unit if needs_unit else "", why)
    return None


def _fits(role: str, geometry: str) -> bool:
    wanted = table(role).geometry
    return wanted == "any" or geometry not in _PLAIN_GEOMETRY or wanted == geometry
