"""A first ``study.toml`` for a folder of layers: what was guessed, why, and what was not."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from renewal_geo.foundation import crs as crs_rules
from renewal_geo.foundation import schema
from renewal_geo.foundation.crs_candidates import candidates
from renewal_geo.foundation.errors import SourceError
from renewal_geo.foundation.quantities import AREA_UNITS, MONEY_UNITS, UNITS
from renewal_geo.io.declarations import FILE_NAME
from renewal_geo.io.files import unwritable
from renewal_geo.io.surveys import Fit, Seen, cast, fitting_tables, look

INDUSTRIAL_CODES = {"M1", "M0", "W1", "W0", "M2", "M3", "M", "W"}
INDUSTRIAL_WORDS = ("工业", "工業", "仓储", "倉儲", "industrial", "warehouse")
SHOWN_VALUES = 12
JOINED_COLUMNS = 3
AREA_MATCH = 0.1
HEAD = """\
# Written by renewal-geo init. Check every line: what stands here is guessed from names and values.
# 由 renewal-geo init 生成。请逐行核对：以下内容根据名称与取值推断。
# Figures in [zones] are the documented defaults. [zones] 中的数值为默认值。
"""


@dataclass(frozen=True, slots=True)
class Proposal:
    """The text of a ``study.toml``, and what could not be guessed, one sentence each."""

    text: str
    notes: tuple[str, ...]


def propose(folder: str | Path) -> Proposal:
    """Look at the layers of a folder and propose a commented ``study.toml``.

    Parameters
    ----------
    folder
        Folder; its own files and those one level below are looked at, zips included.

    Returns
    -------
    Proposal
        The text opens as a study at once where the guess is complete. Units that no name states,
        CRSs that no file names and a pool that no value tells are left as comments, and named in
        the notes.

    Raises
    ------
    SourceError
        ``is_directory`` where `folder` is none, ``nothing_found`` where no layer can be read.
    """
    root = Path(folder)
    if not root.is_dir():
        raise SourceError(
            f"{root} is no folder",
            where=str(root),
            fix="give the folder that holds your layers",
            code="folder_missing",
        )
    notes: list[str] = []
    seen = look(root, notes)
    if not seen:
        raise SourceError(
            f"{root.name} holds no layer that can be read"
            + (f" ({'; '.join(notes[:3])})" if notes else ""),
            where=str(root),
            fix="put Shapefiles, GeoPackages or GeoJSON files there",
            code="nothing_found",
        )
    cast(seen, notes)
    parcels = next((one for one in seen if one.role == "parcels"), None)
    placed = {one.path for one in seen}
    fits = fitting_tables(root, parcels, placed, notes)
    tables = [line for fit in fits for line in _join_lines(fit)]
    text = _written(root, seen, tables, notes)
    return Proposal(text, tuple(notes))


def write_proposal(folder: str | Path, proposal: Proposal) -> Path:
    """Write a proposal as ``study.toml`` into `folder`, never over an existing one.

    Parameters
    ----------
    folder
        Folder that holds the layers.
    proposal
        What :func:`propose` returned for it.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    SourceError
        ``study_exists`` where there is one, ``output_unwritable``.
    """
    file = Path(folder) / FILE_NAME
    try:
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(proposal.text)
    except FileExistsError:
        raise SourceError(
            f"{file} exists and is not overwritten",
            where=str(file),
            fix="edit it, or rename it and run init again",
            code="study_exists",
        ) from None
    except OSError as fault:
        with suppress(OSError):
            file.unlink()
        raise unwritable(file.parent, fault) from fault
    return file


def _written(root: Path, seen: list[Seen], joins: list[str], notes: list[str]) -> str:
    parcels = next((one for one in seen if one.role == "parcels"), None)
    crs, reason = _working_crs(seen, parcels, notes)
    lines = [
        HEAD,
        f"name  = {_quoted(root.resolve().name)}",
        f"crs   = {_quoted(crs)}          # working CRS in metres; {reason} 工作坐标系（米）",
        "# as_of = 2020-06-30        # the day whose rules apply; left out: today 适用规则的日期",
        'lang  = "zh"                # zh | en',
        "",
    ]
    by_role: dict[str, list[Seen]] = {}
    for one in seen:
        if one.role:
            by_role.setdefault(one.role, []).append(one)
    order = sorted(by_role, key=lambda role: (role != "parcels", role))
    for role in order:
        for one in by_role[role]:
            lines += _layer_lines(one, several=len(by_role[role]) > 1, parcels=parcels, notes=notes)
            if role == "parcels":
                lines += [*joins, ""] if joins else []
    for one in seen:
        if not one.role:
            name = f", layer {one.layer}" if one.layer else ""
            lines.append(f"# {_comment(one.path)}{_comment(name)} has no role yet. 尚未指定角色。")
            asked = [line.lstrip("# ") for line in _crs_lines(one, parcels, notes)]
            lines += [*(f"#   {line}" for line in asked), ""]
    lines += _zone_lines(parcels, notes)
    return "\n".join(lines).rstrip() + "\n"


def _working_crs(seen: list[Seen], parcels: Seen | None, notes: list[str]) -> tuple[str, str]:
    ordered = [one for one in (parcels, *seen) if one is not None and one.frame.crs is not None]
    for one in (
        ordered[:1] if parcels is not None and ordered and ordered[0] is parcels else ordered
    ):
        if crs_rules.fault_of(one.frame.crs) is None and one.source.crs:
            return one.source.crs, f"that of {_comment(one.path)}"
        chosen = crs_rules.metric_choice(one.frame)
        notes.append(
            f"{one.path} is in {crs_rules.name_of(one.frame.crs)}, which cannot measure areas; "
            f"{chosen} fits its place: check it"
        )
        return chosen, f"fits the place of {_comment(one.path)}, whose own CRS cannot measure"
    notes.append("no layer names a CRS: write the working CRS yourself")
    return "", "WHICH? no layer names a CRS 请填写"


def _layer_lines(one: Seen, *, several: bool, parcels: Seen | None, notes: list[str]) -> list[str]:
    head = f"[[layers.{one.role}]]" if several else f"[layers.{one.role}]"
    lines = [
        f"# {_comment(one.why)}; {len(one.frame):,} rows",
        head,
        f"path     = {_quoted(one.path)}",
    ]
    if one.layer:
        lines.append(f"layer    = {_quoted(one.layer)}")
    doubt = [note for note in one.source.notes if note.startswith("encoding_doubt")]
    if doubt:
        lines.append(f'# encoding = "GBK"      # {_comment(doubt[0])}')
        notes.append(f"{one.path}: {doubt[0]}")
    elif one.source.encoding not in {"", "UTF-8"}:
        lines.append(f"# texts read as {one.source.encoding} 编码")
    lines += _crs_lines(one, parcels, notes)
    chosen, asked = _column_lines(one, notes)
    if chosen or asked:
        lines += [f"[layers.{one.role}.columns]", *chosen, *asked]
    return [*lines, ""]


def _crs_lines(one: Seen, parcels: Seen | None, notes: list[str]) -> list[str]:
    bounds = one.frame.total_bounds
    shifted = [n for n in one.source.notes if n.startswith("crs_suspect: the coordinates are prob")]
    notes += [f"{one.path}: {note}" for note in shifted]
    if one.frame.crs is not None:
        odd = crs_rules.suspect(bounds, one.frame.crs)
        system = next((s for s in ("BD-09", "GCJ-02") if any(f'"{s}"' in n for n in shifted)), "")
        asked = (
            [f'# crs    = "{system}"   # IS IT? {_comment(shifted[0])} 疑为偏移坐标']
            if system
            else []
        )
        return [*asked, *([f"# {_comment(odd)}"] if odd else [])]
    near = _longitude(parcels)
    found = candidates(bounds, near=near)
    lines = [f"#   {n}. {_comment(str(could))}" for n, could in enumerate(found, 1)]
    if parcels is not None and parcels.frame.crs is not None and _overlap(bounds, parcels):
        lines.append(f'#   it lies over the parcels if it is "{parcels.source.crs}"')
    xmin, ymin, xmax, ymax = bounds
    said = str(found[0]) if found else "its coordinates look like nothing known"
    notes.append(f"{one.path} names no CRS ({said}): ask whoever made it")
    ranges = f"x {xmin:,.2f} to {xmax:,.2f}, y {ymin:,.2f} to {ymax:,.2f}"
    ask = "WHICH? by their range the coordinates could be" if found else "WHICH?"
    return [f'crs      = ""       # {ask} 坐标系未知，请填写 ({ranges})', *lines]


def _longitude(parcels: Seen | None) -> float | None:
    """Return the longitude of the parcels, which picks the meridian of grids without a name."""
    own = parcels.frame.crs if parcels is not None else None
    degrees = own.geodetic_crs if own is not None else None
    if parcels is None or own is None or degrees is None:
        return None
    bounds = np.asarray(parcels.frame.total_bounds, dtype=float)
    if not np.isfinite(bounds).all():
        return None
    west, _, east, _ = crs_rules.transform_bounds(bounds, own, degrees)
    return (west + east) / 2 if np.isfinite([west, east]).all() else None


def _overlap(bounds: np.ndarray, parcels: Seen) -> bool:
    a, b = np.asarray(bounds, dtype=float), np.asarray(parcels.frame.total_bounds, dtype=float)
    return bool((a[:2] <= b[2:]).all() and (b[:2] <= a[2:]).all())


def _column_lines(one: Seen, notes: list[str]) -> tuple[list[str], list[str]]:
    chosen: list[str] = []
    asked: list[str] = []
    role = schema.table(str(one.role))
    for name, found in one.columns.items():
        why = _comment(found.why)
        values = one.frame[found.original]
        if name == role.id_column and values.nunique() <= len(values) / 2:
            asked.append(f"# {name} = {_quoted(found.original)}   # the same in most rows: no id")
            notes.append(f"{one.path}: {found.original!r} repeats too often to be the {name}")
        elif found.unit is None or (found.unit and found.unit not in UNITS):
            units = AREA_UNITS if role.columns[name].unit in AREA_UNITS else MONEY_UNITS
            unit = _likely_unit(one.frame, values) if units is AREA_UNITS else ""
            asked.append(
                f'# {name} = {{ name = {_quoted(found.original)}, unit = "{unit or "?"}" }}   '
                f"# WHICH UNIT? {', '.join(units)}{_because(unit)} 单位？"
            )
            notes.append(f"{one.path}: {found.original!r} looks like {name}, but in which unit?")
        elif found.unit:
            pair = f'{{ name = {_quoted(found.original)}, unit = "{found.unit}" }}'
            chosen.append(f"{name} = {pair}   # {why}")
        else:
            chosen.append(f"{name} = {_quoted(found.original)}   # {why}")
    if role.id_column not in one.columns and one.role == "parcels":
        asked.append(f'# {role.id_column} = "?"   # none found: the feature ids serve 未找到编号列')
        notes.append(f"{one.path}: no column for {role.id_column} was found; the feature ids serve")
    return chosen, asked


def _likely_unit(frame: gpd.GeoDataFrame, values: pd.Series) -> str:
    """Return the area unit under which recorded and drawn areas agree in the middle, or nothing."""
    if crs_rules.fault_of(frame.crs) is not None:
        return ""
    drawn = frame.geometry.area.to_numpy(dtype=float)
    recorded = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    usable = np.isfinite(drawn) & np.isfinite(recorded) & (drawn > 0) & (recorded > 0)
    if not usable.any():
        return ""
    ratio = float(np.median(drawn[usable] / recorded[usable]))
    close = [unit for unit, factor in AREA_UNITS.items() if abs(ratio / factor - 1) < AREA_MATCH]
    return close[0] if close else ""


def _because(unit: str) -> str:
    return f"; drawn areas suggest {unit}" if unit else ""


def _join_lines(fit: Fit) -> list[str]:
    names = [_quoted(column) for column in fit.columns[:JOINED_COLUMNS]]
    lines = [
        f"# {_comment(fit.path)}: {_comment(fit.theirs)} matches {_comment(fit.mine)} 可关联",
        "# [layers.parcels.join]",
        f"# path    = {_quoted(fit.path)}",
        f"# on      = {{ {_quoted(fit.mine)} = {_quoted(fit.theirs)} }}",
        f"# columns = {{ {', '.join(f'{name} = {name}' for name in names)} }}",
    ]
    if fit.several:
        rules = ", ".join(f'{name} = "first"' for name in names)
        lines.append(f"# many    = {{ {rules} }}   # several rows per key 一对多")
    return lines


def _zone_lines(parcels: Seen | None, notes: list[str]) -> list[str]:
    lines = ["[zones]"]
    guess = parcels.columns.get("land_use") if parcels is not None else None
    pool = ""
    if parcels is not None and guess is not None:
        values = schema.as_text(parcels.frame[guess.original]).dropna().value_counts()
        values = values.sort_index().sort_values(ascending=False, kind="stable")
        shown = ", ".join(
            f"{_comment(str(v))} ({n:,})" for v, n in values.head(SHOWN_VALUES).items()
        )
        more = f" and {len(values) - SHOWN_VALUES} more" if len(values) > SHOWN_VALUES else ""
        lines.append(f"# land_use holds 现状用途取值: {shown}{more}")
        industrial = sorted(v for v in map(str, values.index) if _is_industrial(v))
        if industrial and len(industrial) < len(values):
            pool = f"land_use in [{', '.join(repr(v) for v in industrial)}]"
    if pool:
        lines.append(f"pool           = {_quoted(pool)}   # candidates 候选池")
    else:
        lines.append("# pool         = \"land_use in ['M1', 'M0', 'W1']\"   # WHICH? 候选池")
        notes.append("no value tells which parcels are candidates: write [zones] pool")
    return [
        *lines,
        "# area_budget_ha = 790.0   # total net area; left out: no budget 净面积上限（公顷）",
        "min_area_ha    = 30.0      # of every zone 单个片区下限（公顷）",
        "gap_max_m      = 40.0      # this close across a local road is contiguous 连片间距",
        "min_frontage_m = 10.0      # facing length of two neighbours, at least 最小相对边长",
        "time_limit_s   = 60",
        "gap            = 0.01",
    ]


def _is_industrial(value: str) -> bool:
    low = value.lower()
    return value.upper() in INDUSTRIAL_CODES or any(word in low for word in INDUSTRIAL_WORDS)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text).strip()
