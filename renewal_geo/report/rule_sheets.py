"""The sheet on which a planner confirms the values that nobody has read in their source."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from renewal_geo.foundation.labels import label
from renewal_geo.report.packing import pack
from renewal_geo.report.sheets import FONT, HEAD_FILL, new_book, put_text
from renewal_geo.rules import Rule

# fixed headings in both languages: the sheet is read back, whatever language it is shown in
CONFIRM_COLUMNS: Mapping[str, tuple[str, float]] = {
    "rule_id": ("规则编号 rule_id", 34),
    "question": ("问题 question", 14),
    "title": ("名称 title", 34),
    "value": ("当前数值 value", 16),
    "unit": ("单位 unit", 8),
    "operator": ("比较 operator", 8),
    "since": ("当前数值起始日 since", 14),
    "document": ("文件 document", 44),
    "clause": ("条款 clause", 18),
    "source": ("我们所见 source", 36),
    "verified": ("核实情况 verified", 18),
    "note": ("说明 note", 36),
    "confirmed": ("核对后的数值 confirmed value", 18),
    "because": ("核对说明 because", 36),
    "on": ("核对日期 confirmed on", 16),
}
TO_FILL = ("confirmed", "because", "on")
FILL = PatternFill("solid", fgColor="FFF6D6")
HOW = ("how_1", "how_2", "how_3", "how_4")


def rules_workbook(rules: Iterable[Rule], lang: str = "zh") -> bytes:
    """Return the workbook on which values are confirmed: one row per value, three columns to fill.

    Parameters
    ----------
    rules
        The values in force that do not decide.
    lang
        Language of titles and instructions.

    Returns
    -------
    bytes
        XLSX; headings stand in the first row, so that it can be read back as a table.
    """
    book = new_book(lang, label("rule.confirm", lang))
    sheet = book.workbook.create_sheet(label("rule.confirm", lang))
    for place, (heading, width) in enumerate(CONFIRM_COLUMNS.values(), 1):
        cell = sheet.cell(1, place)
        put_text(cell, heading)
        cell.font = Font(name=FONT, bold=True, color="FFFFFF")
        cell.fill = HEAD_FILL
        cell.alignment = Alignment(wrap_text=True, vertical="center")
        sheet.column_dimensions[get_column_letter(place)].width = width
    for row, rule in enumerate(rules, 2):
        told = _told(rule, lang)
        for place, name in enumerate(CONFIRM_COLUMNS, 1):
            cell = sheet.cell(row, place)
            if name in TO_FILL:
                cell.fill = FILL
            else:
                put_text(cell, told[name])
            cell.font = Font(name=FONT)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = sheet.dimensions
    how = book.workbook.create_sheet(label("rule.confirm_how", lang))
    how.column_dimensions["A"].width = 120
    for row, key in enumerate(HOW, 1):
        put_text(how.cell(row, 1), label(f"rule.{key}", lang))
        how.cell(row, 1).alignment = Alignment(wrap_text=True)
    return pack(book)


def _told(rule: Rule, lang: str) -> dict[str, Any]:
    return {
        "rule_id": rule.rule_id,
        "question": rule.question,
        "title": rule.title_zh if lang == "zh" else rule.title,
        "value": value_text(rule.value),
        "unit": rule.unit,
        "operator": rule.operator,
        "since": rule.since.isoformat() if rule.since else "",
        "document": rule.document,
        "clause": rule.clause,
        "source": rule.source,
        "verified": label(f"rule.{rule.verified}", lang),
        "note": rule.note,
    }


def value_text(value: Any) -> str:
    """Return a value as text that can be read back: numbers plain, lists and tables as JSON.

    >>> value_text(0.15), value_text(["a"]), value_text(None)
    ('0.15', '["a"]', '')
    """
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
