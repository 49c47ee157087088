"""``study.toml`` as text: parsed, every key known, every fault named at once."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from renewal_geo.foundation import schema
from renewal_geo.foundation.errors import Faults, InputError, SourceError
from renewal_geo.foundation.settings import SETTINGS, Report, checked, nearest

FILE_NAME = "study.toml"
LANGUAGES = ("zh", "en")
TOP = ("name", "crs", "as_of", "lang", "notes", "layers", "rules", *SETTINGS)
LAYER_KEYS: dict[str, type] = {
    "path": str, "layer": str, "encoding": str, "crs": str, "crs_force": bool, "where": str,
    "x": str, "y": str, "wkt": str, "columns": dict, "join": dict,
}  # fmt: skip
JOIN_KEYS: dict[str, type] = {
    "path": str, "sheet": str, "encoding": str, "on": dict, "columns": dict, "many": dict,
}  # fmt: skip
RASTER_KEYS: dict[str, type] = {"path": str, "band": int, "kind": str, "unit": str, "crs": str}
RASTER_SUFFIXES = (".tif", ".tiff")
RULE_KEYS = ("value", "because", "on", "in_force_on")
DEFAULT_CITY = "shenzhen"
FORMS = {
    str: "a text in quotes", bool: "true or false", int: "a whole number",
    dict: 'a table, such as { a = "b" }',
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Join:
    """A table beside a layer: file, keys, columns and rules for several rows."""

    path: str
    sheet: str
    encoding: str
    on: Mapping[str, str]
    columns: Mapping[str, Any]
    many: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Layer:
    """One file in one role, as ``study.toml`` declares it; `place` names it in errors."""

    role: str
    place: str
    path: str
    layer: str = ""
    encoding: str = "auto"
    crs: str = ""
    crs_force: bool = False
    where: str = ""
    x: str = ""
    y: str = ""
    wkt: str = ""
    columns: Mapping[str, Any] = field(default_factory=dict)
    joins: tuple[Join, ...] = ()


@dataclass(frozen=True, slots=True)
class RasterLayer:
    """One GeoTIFF in one role; it is read when it is asked for, not with the tables."""

    role: str
    place: str
    path: str
    band: int = 1
    kind: str = ""
    unit: str = ""
    crs: str = ""


@dataclass(frozen=True, slots=True)
class Declaration:
    """All that a ``study.toml`` says, checked but with nothing opened yet."""

    folder: Path
    name: str
    crs: str
    as_of: dt.date
    lang: str
    notes: tuple[str, ...]
    layers: tuple[Layer, ...]
    settings: dict[str, dict[str, Any]]
    rasters: tuple[RasterLayer, ...] = ()


def is_raster(path: object) -> bool:
    """Return whether a path names a raster, by its suffix."""
    return isinstance(path, str | Path) and str(path).lower().endswith(RASTER_SUFFIXES)


def declared(path: str | Path) -> Declaration:
    """Read a ``study.toml``, or the one in a folder.

    Raises
    ------
    SourceError
        ``study_missing`` where there is none, ``study_syntax`` with line and column.
    InputError
        Every unknown key (nearest name offered), unknown role and wrong type, raised once.
    """
    file = study_file(path)
    data = _parsed(file)
    faults = Faults(InputError)

    def report(what: str, where: str, fix: str) -> None:
        faults.add(what, where=f"{file}: {where}", fix=fix, code="study_key")

    for key in data:
        if key not in TOP:
            report(
                f"study.toml has no key {key!r}{nearest(key, TOP)}", key, f"use: {', '.join(TOP)}"
            )
    settings = {
        question: checked(question, _table(data, question, report), report)
        for question in SETTINGS
        if question in data
    }
    settings["rules"] = _rules(_table(data, "rules", report), file.parent, report)
    entries = _table(data, "layers", report)
    grids = {role: one for role, one in entries.items() if _is_grid(one)}
    layers = _layers({role: entries[role] for role in entries if role not in grids}, report)
    declaration = Declaration(
        folder=file.parent,
        name=_text(data, "name", file.parent.resolve().name, report),
        crs=_text(data, "crs", "", report),
        as_of=_day(data.get("as_of"), report),
        lang=_language(data, report),
        notes=_notes(data, report),
        layers=layers,
        settings=settings,
        rasters=tuple(_raster(role, one, report) for role, one in grids.items()),
    )
    faults.raise_if_any()
    return declaration


def study_file(path: str | Path) -> Path:
    """Return the ``study.toml`` that a folder or a file path means.

    Raises
    ------
    SourceError
        ``study_missing``.
    """
    place = Path(path)
    file = place / FILE_NAME if place.is_dir() else place
    if file.suffix.lower() == ".toml" and file.is_file():
        return file
    if file.is_file():
        raise SourceError(
            f"{file.name} is not a study",
            where=str(file),
            fix="give the folder with study.toml; renewal-geo init writes one for your layers",
            code="study_missing",
        )
    raise SourceError(
        f"there is no {file.name} in {file.parent}" if place.is_dir() else f"there is no {place}",
        where=str(place),
        fix=f"run renewal-geo init {place if place.is_dir() else file.parent}, or correct the path",
        code="study_missing",
    )


def _parsed(file: Path) -> dict[str, Any]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise SourceError(
            f"{file.name} is not UTF-8 (byte {fault.start})",
            where=str(file),
            fix="save it as UTF-8 in your editor",
            code="study_syntax",
        ) from fault
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        found = re.search(r"line (\d+), column (\d+)", str(fault))
        line = text.splitlines()[int(found.group(1)) - 1].strip() if found else ""
        hint = (
            "write paths with / or in 'single quotes'"
            if "\\" in line
            else ("texts need quotes, tables a [name] line of their own")
        )
        raise SourceError(
            f"{file.name} is not valid TOML: {fault}",
            where=f"{file}{f': {line}' if line else ''}",
            fix=hint,
            code="study_syntax",
        ) from fault


def _table(data: Mapping[str, Any], key: str, report: Report) -> dict[str, Any]:
    value = data.get(key, {})
    if isinstance(value, Mapping):
        return dict(value)
    report(f"{key} is not a table", key, f"begin it with a line [{key}]")
    return {}


def _text(data: Mapping[str, Any], key: str, default: str, report: Report) -> str:
    value = data.get(key, default)
    if isinstance(value, str):
        return value
    report(f"{key} = {value!r} is not a text", key, "write a text in quotes")
    return default


def _notes(data: Mapping[str, Any], report: Report) -> tuple[str, ...]:
    """Sentences of the planner that every output prints, such as that the data is invented."""
    notes = data.get("notes", [])
    if not isinstance(notes, list) or not all(isinstance(one, str) for one in notes):
        report(f"notes = {notes!r} is no list of texts", "notes", 'write notes = ["…"]')
        return ()
    return tuple(notes)


def _language(data: Mapping[str, Any], report: Report) -> str:
    lang = _text(data, "lang", "zh", report)
    if lang not in LANGUAGES:
        report(f"lang = {lang!r} is no language of this program", "lang", 'write "zh" or "en"')
    return lang


def _day(value: object, report: Report) -> dt.date:
    """Without ``as_of`` today's rules apply: the only place where the clock is read."""
    if value is None:
        return dt.datetime.now(tz=dt.UTC).date()
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        report(f"as_of = {value!r} is not a day", "as_of", "write as_of = 2020-06-30")
        return dt.date.min


def _rules(data: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    """Return ``city``, ``tables`` (own rule files, parsed), ``set`` (rule id -> entries of the study).

    ``set_in`` has rule id -> file of those entries that stand in a file and not in study.toml.
    """
    found: dict[str, Any] = {"city": DEFAULT_CITY, "tables": {}, "set": {}, "set_in": {}}
    for name, entry in data.items():
        if name == "city" and isinstance(entry, str):
            found["city"] = entry
        elif name == "files" and isinstance(entry, list):
            for path in entry:
                _own_rules(folder, str(path), found, report)
        elif name in {"city", "files"}:
            report(f"[rules] {name} = {entry!r}", "rules", "city is a text, files a list of paths")
        else:
            _set_value(name, entry, found["set"], report)
    return found


def _own_rules(folder: Path, path: str, found: dict[str, Any], report: Report) -> None:
    """Read a rule file of the study: rules of its own, or values that somebody confirmed (``[rules]``)."""
    file = folder / path
    if not file.is_file():
        report(
            f"there is no rule file {path}",
            "rules.files",
            "correct the path; it is relative to the study",
        )
        return
    content = _parsed(file)
    confirmed = content.pop("rules", {})
    if not isinstance(confirmed, Mapping):
        report(f"rules of {path} is not a table", "rules.files", 'begin with [rules."rule.id"]')
        confirmed = {}
    for name, entry in confirmed.items():
        _set_value(name, entry, found["set"], report)
        found["set_in"][name] = path
    if content:
        found["tables"][path] = content


def _set_value(name: str, entry: Any, found: dict[str, Any], report: Report) -> None:
    place = f'rules."{name}"'
    entries = entry if isinstance(entry, list) else [entry]
    if not entries or not all(isinstance(one, Mapping) for one in entries):
        report(f"[{place}] is not a table", place, f"begin it with a line [{place}]")
        return
    for one in entries:
        _check_entry(one, place, report)
    if name in found:
        report(
            f"[{place}] is set twice, in study.toml or in the files of [rules]",
            place,
            "keep one; values of several days are [[...]] of one place",
        )
    found[name] = [dict(one) for one in entries]


def _check_entry(one: Mapping[str, Any], place: str, report: Report) -> None:
    for key in one:
        if key not in RULE_KEYS:
            report(
                f"[{place}] has no key {key!r}{nearest(key, RULE_KEYS)}",
                place,
                f"use: {', '.join(RULE_KEYS)}",
            )
    for key in ("value", "because"):
        if key not in one:
            report(f"[{place}] has no {key}", place, "give value = and because = with the reason")
    if not isinstance(one.get("because", ""), str):
        report(f"[{place}] because = {one['because']!r} is no text", place, "put it in quotes")
    for key in ("on", "in_force_on"):
        if key in one and type(one[key]) is not dt.date:
            report(
                f"[{place}] {key} = {one[key]!r} is not a day",
                place,
                f"write {key} = 2020-06-01",
            )


def _layers(data: Mapping[str, Any], report: Report) -> tuple[Layer, ...]:
    found: list[Layer] = []
    known = schema.roles()
    for role, entry in data.items():
        if role not in known:
            report(
                f"{role!r} is not a role{nearest(role, known)}",
                f"layers.{role}",
                f"roles: {', '.join(known)}",
            )
            continue
        entries = entry if isinstance(entry, list) else [entry]
        for number, one in enumerate(entries, 1):
            place = f"layers.{role}" + (f" (number {number})" if len(entries) > 1 else "")
            if not isinstance(one, Mapping):
                report(f"[{place}] is not a table", place, f'write [layers.{role}] and path = "…"')
                continue
            layer = _layer(role, place, one, report)
            if layer is not None:
                found.append(layer)
    return tuple(found)


def _is_grid(entry: object) -> bool:
    return isinstance(entry, Mapping) and is_raster(entry.get("path"))


def _raster(role: str, data: Mapping[str, Any], report: Report) -> RasterLayer:
    place = f"layers.{role}"
    return RasterLayer(role=role, place=place, **_typed(data, RASTER_KEYS, place, report))


def _layer(role: str, place: str, data: Mapping[str, Any], report: Report) -> Layer | None:
    joined = data.get("join", [])
    rest = {key: value for key, value in data.items() if key != "join"}
    good = _typed(rest, LAYER_KEYS, place, report)
    if "path" not in data:
        report(f"[{place}] has no path", place, 'write path = "parcels.shp"')
        return None
    entries = joined if isinstance(joined, list) else [joined]
    joins = [_join(f"{place}.join", one, report) for one in entries]
    if "path" not in good:
        return None
    return Layer(
        role=role, place=place, joins=tuple(one for one in joins if one is not None), **good
    )


def _join(place: str, data: object, report: Report) -> Join | None:
    if not isinstance(data, Mapping):
        report(f"[{place}] is not a table", place, f"begin it with a line [{place}]")
        return None
    good = _typed(data, JOIN_KEYS, place, report)
    lacking = [key for key in ("path", "on", "columns") if not data.get(key)]
    for key in lacking:
        report(f"[{place}] has no {key}", place, f"give {key} =")
    for key in ("on", "many"):
        for name, value in good.get(key, {}).items():
            if not isinstance(value, str):
                report(f"[{place}] {key}.{name} = {value!r} is not a text", place, "write a text")
                lacking.append(key)
    if lacking or any(key not in good for key in ("path", "on", "columns")):
        return None
    blank = {"sheet": "", "encoding": "auto", "many": {}}
    return Join(**{**blank, **good})


def _typed(
    data: Mapping[str, Any], known: Mapping[str, type], place: str, report: Report
) -> dict[str, Any]:
    good: dict[str, Any] = {}
    for key, value in data.items():
        if key not in known:
            report(
                f"[{place}] has no key {key!r}{nearest(key, list(known))}",
                place,
                f"use one of: {', '.join(known)}",
            )
        elif not isinstance(value, known[key]):
            report(f"[{place}] {key} = {value!r} is wrong", place, f"write {FORMS[known[key]]}")
        else:
            good[key] = value
    return good
