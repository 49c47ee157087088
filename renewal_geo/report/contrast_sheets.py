"""The sheets that set the planner's zones beside the robust ones: totals, zones, parcels that change sides."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from renewal_geo.foundation.labels import has_label, label, own_title
from renewal_geo.foundation.quantities import M2_PER_HA
from renewal_geo.ledger import level_table
from renewal_geo.report.levelling import DECIMALS, level_to
from renewal_geo.report.sheets import FIRST_ROW, FONT, FORMATS, Book, Heading, add_sheet, put_text

if TYPE_CHECKING:
    from renewal_geo.zones import Contrast

Figure = tuple[str, Any]  # a formula, empty for none, and what it gives
WIDTHS = {"A": 56.0, "B": 24.0, "C": 24.0, "D": 24.0}
LEFT, RIGHT = "B", "C"  # the columns of the planner's zones and of the robust ones
# rows of the first sheet: figure of the totals and how it is printed; areas are formulas on the second
TOTALS = (
    ("zone_count", "count"), ("parcel_count", "count"), ("area_ha", "ha"), ("common_ha", "ha"), ("own_ha", "ha"),
    ("share_in_common", "share"), ("outline_m", "m"), ("value_planned", "value"), ("net_value_planned", "value"),
    ("value_robust", "value"), ("net_value_robust", "value"), ("net_value_mean", "value"),
    ("net_value_often", "value"), ("better_share", "share"), ("objective", "value"), ("bound", "value"),
    ("gap", "fine_share"), ("status", "text"),
)  # fmt: skip
REACHED = ("area_ha", "common_ha", "own_ha", "share_in_common")  # by formulas
ALIKE = (
    "common_ha",
    "share_in_common",
    "better_share",
    "objective",
    "bound",
    "gap",
    "status",
)  # no difference
SHARES = ("top_share",)


def add_contrast(book: Book, contrast: Contrast, parcels: pd.DataFrame) -> None:
    """Write the sheets of a contrast; `parcels` are the published ones, whose areas it takes over."""
    lang = book.lang
    known = [(name, form) for name, form in TOTALS if name in REACHED or name in contrast.totals]
    heads = [
        Heading(name, label(f"contrast.{name}", lang))
        for name in ("item", "planned", "robust", "difference")
    ]
    rows = pd.DataFrame({"item": [label(f"contrast.{name}", lang) for name, _ in known]})
    said = contrast.sentence_zh if lang == "zh" else contrast.sentence_en
    stop = "。" if lang == "zh" else "."
    sheet = add_sheet(
        book, label("contrast.contrast", lang), rows, heads, caption=label("contrast.caption", lang),
        note="\n".join(
            (f"{said[:1].upper()}{said[1:]}{stop}", label("contrast.totals_note", lang),
             *(f"{note[:1].upper()}{note[1:]}{stop}" for note in contrast.notes))
        ),
    )  # fmt: skip
    sheet.auto_filter.ref = None
    for letter, width in WIDTHS.items():
        sheet.column_dimensions[letter].width = width
    _wrap_note(sheet)
    zones, table = _add_zones(book, contrast)
    row_of = {name: FIRST_ROW + place for place, (name, _) in enumerate(known)}
    areas = _areas(zones, table)
    for name, form in known:
        row = row_of[name]
        ours, theirs = areas.get(name) or _figures(contrast, name, row_of, lang)
        for letter, figure in ((LEFT, ours), (RIGHT, theirs)):
            _fill(book, sheet[f"{letter}{row}"], form, figure)
        if name not in ALIKE:
            apart = theirs[1] - ours[1]
            _fill(book, sheet[f"D{row}"], form, (f"{RIGHT}{row}-{LEFT}{row}", apart))
    _add_parcels(book, contrast, parcels)


def _wrap_note(sheet: Worksheet) -> None:
    """Spread the note over the width of the table: it has the sentence that is read first."""
    note = sheet.cell(2, 1)
    note.alignment = Alignment(wrap_text=True, vertical="top")
    note.font = Font(name=FONT, size=10, color="12304A")
    sheet.merge_cells(f"A2:{[*WIDTHS][-1]}2")
    room = sum(WIDTHS.values())
    wide = [sum(2 if ord(sign) > 0x2E7F else 1 for sign in line) for line in str(note.value).split("\n")]  # fmt: skip
    sheet.row_dimensions[2].height = 15.0 * sum(1 + int(one // room) for one in wide) + 6.0


def _add_zones(book: Book, contrast: Contrast) -> tuple[Worksheet, pd.DataFrame]:
    """Write one row per zone; rounded parts add to rounded areas along the rows and down the columns."""
    lang, zones = book.lang, contrast.zones
    parts = zones[["kept_m2", "lost_m2"]].to_numpy(dtype=float) / M2_PER_HA
    made = level_table(parts, DECIMALS)
    robust_ha = round(contrast.totals["area_m2"]["robust"] / M2_PER_HA, DECIMALS)
    kept = made.parts[:, 0]
    gained = zones["gained_m2"].to_numpy(dtype=float) / M2_PER_HA
    table = pd.DataFrame(
        {
            "zone_planned": zones["zone_planned"],
            "zone_partner": zones["zone_robust"],
            "area_planned_ha": made.rows,
            "kept_ha": kept,
            "moved_ha": (zones["moved_m2"] / M2_PER_HA).round(DECIMALS),
            "lost_ha": made.parts[:, 1],
            "gained_ha": _levelled(gained, round(robust_ha - kept.sum(), DECIMALS)),
            "area_robust_ha": (zones["area_robust_m2"] / M2_PER_HA).round(DECIMALS),
            "share_kept": np.divide(
                kept, made.rows, out=np.full(len(kept), np.nan), where=made.rows > 0
            ),
        }
    )
    whole = float(made.rows.sum())
    ratio = 'IF({area_planned_ha}{n}=0,"",{kept_ha}{n}/{area_planned_ha}{n})'
    heads = [
        Heading(name, label(f"contrast.{name}", lang)) for name in ("zone_planned", "zone_partner")
    ]
    heads += [
        _head("area_planned_ha", lang, formula="{kept_ha}{n}+{lost_ha}{n}"),
        *(_head(name, lang) for name in ("kept_ha", "moved_ha", "lost_ha", "gained_ha")),
        _head("area_robust_ha", lang, total=""),
        Heading(
            "share_kept", label("contrast.share_kept", lang), "share", ratio, ratio,
            total_value=float(kept.sum()) / whole if whole else None,
        ),
    ]  # fmt: skip
    sheet = add_sheet(
        book, label("contrast.zones", lang), table, heads, note=label("contrast.zones_note", lang)
    )
    return sheet, table


def _levelled(parts: np.ndarray, total: float) -> np.ndarray:
    """Round parts so that they add to a total; what is nothing stays nothing."""
    made = np.zeros(len(parts))
    some = parts > 0
    made[some] = level_to(parts[some], total, DECIMALS)
    return made


def _head(name: str, lang: str, *, total: str = "sum", formula: str = "") -> Heading:
    return Heading(name, label(f"contrast.{name}", lang), "ha", total, formula)


def _areas(sheet: Worksheet, table: pd.DataFrame) -> dict[str, list[Figure]]:
    """Return the areas of both sides as formulas on the sheet of zones, and what they give."""
    last = FIRST_ROW + len(table) - 1
    kept = lost = gained = ("0", 0.0)
    if len(table):
        kept, lost, gained = (
            (f"SUM('{sheet.title}'!{letter}{FIRST_ROW}:{letter}{last})", float(table[name].sum()))
            for name, letter in (("kept_ha", "D"), ("lost_ha", "F"), ("gained_ha", "G"))
        )
    area = [(f"{kept[0]}+{one[0]}", kept[1] + one[1]) for one in (lost, gained)]
    either = kept[1] + lost[1] + gained[1]
    share = f"IF({kept[0]}+{lost[0]}+{gained[0]}=0,0,{kept[0]}/({kept[0]}+{lost[0]}+{gained[0]}))"
    return {
        "area_ha": area,
        "common_ha": [kept, kept],
        "own_ha": [lost, gained],
        "share_in_common": [(share, kept[1] / either if either else 0.0)] * 2,
    }


def _figures(contrast: Contrast, name: str, row_of: dict[str, int], lang: str) -> list[Figure]:
    """Return what the totals say of both sides; the gap as a formula on objective and bound."""
    held = contrast.totals[name]
    found: list[Figure] = [("", held["planned"]), ("", held["robust"])]
    if name == "status":
        return [("", label(f"status.{one}", lang)) for _, one in found]
    if name == "gap":
        top, base = row_of["bound"], row_of["objective"]
        return [
            (f"ABS({at}{top}-{at}{base})/MAX(ABS({at}{base}),0.000000001)", gap)
            for at, (_, gap) in zip((LEFT, RIGHT), found, strict=True)
        ]
    return found


def _fill(book: Book, cell: Cell, form: str, figure: Figure) -> None:
    """Write a figure or its formula; what is not known stays empty."""
    formula, value = figure
    cell.number_format = FORMATS[form]
    cell.alignment = Alignment(horizontal="right", vertical="top", wrap_text=form == "text")
    if isinstance(value, str):
        put_text(cell, value)
    elif math.isfinite(value):
        cell.value = f"={formula}" if formula else float(value)
        if formula:
            book.cached[cell.parent.title][cell.coordinate] = float(value)


def _add_parcels(book: Book, contrast: Contrast, published: pd.DataFrame) -> None:
    """Write the parcels that are in the zones of one side only, with the columns passed on."""
    lang = book.lang
    moved = contrast.parcels[contrast.parcels["side"] != "both"]
    moved = moved.sort_values("side", kind="stable")
    ids = moved.index.astype(str)
    areas = published.set_index("parcel_id")["area_m2"]
    rows = moved.assign(
        parcel_id=ids,
        area_m2=areas.reindex(ids).to_numpy(),
        side=[label(f"contrast.{one}", lang) for one in moved["side"]],
        value_per_ha_planned=moved["value_planned"],
        value_per_ha_robust=moved["value_robust"],
    )
    own = list(moved.columns[list(moved.columns).index("value_robust") + 1 :])
    # what is true of none (a veto, of parcels in zones) says nothing
    own = [name for name in own if not _is_flag(moved[name]) or moved[name].any()]
    for name in own:
        if moved[name].dtype == object or pd.api.types.is_string_dtype(moved[name]):
            rows[name] = [_said(one, lang) for one in moved[name]]
    heads = [
        Heading("parcel_id", label("column.parcel_id", lang)),
        *(
            Heading(name, label(f"contrast.{name}", lang))
            for name in ("side", "zone_planned", "zone_robust")
        ),
        *(_passed(moved, str(name), lang) for name in own),
        *(
            Heading(name, label(f"contrast.{name}", lang), "number")
            for name in ("value_per_ha_planned", "value_per_ha_robust")
        ),
        Heading("area_m2", label("column.area_m2", lang), "m2", "sum"),
    ]
    add_sheet(
        book,
        label("contrast.parcels", lang),
        rows,
        heads,
        note=label("contrast.parcels_note", lang),
    )


def _is_flag(values: pd.Series[Any]) -> bool:
    return pd.api.types.is_bool_dtype(values)


def _said(one: object, lang: str) -> Any:
    """Return a class of the ranking in words; any other text as it is."""
    key = f"contrast.class_{one}"
    return label(key, lang) if isinstance(one, str) and has_label(key) else one


def _passed(table: pd.DataFrame, name: str, lang: str) -> Heading:
    title = label(f"contrast.{name}", lang) if has_label(f"contrast.{name}") else ""
    numeric = pd.api.types.is_numeric_dtype(table[name]) and not _is_flag(table[name])
    form = "share" if name in SHARES else "score" if numeric else "text"
    return Heading(name, title or own_title(name, lang), form)
