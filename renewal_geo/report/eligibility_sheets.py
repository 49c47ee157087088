"""A screening as a workbook: one row per unit, unit by criterion, findings, rules, offences, two days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from openpyxl.styles import Alignment, Font, PatternFill

from renewal_geo.eligibility.verdicts import shown
from renewal_geo.foundation.labels import has_label, label
from renewal_geo.report.packing import pack
from renewal_geo.report.sheets import FIRST_ROW, FONT, Book, Heading, add_sheet, new_book

if TYPE_CHECKING:
    from renewal_geo.eligibility.screening import Screening
    from renewal_geo.rules import Rule

# A sign says what the colour says, for print and for who cannot tell colours apart.
SIGNS = {
    "pass": "✓", "fail": "✗", "advisory_met": "◇", "advisory_missed": "◆", "not_evaluable": "?",
    "not_applicable": "—",
}  # fmt: skip
FILLS = {
    "pass": "CDE8DC", "fail": "F4C9B4", "advisory_met": "FBF4CF", "advisory_missed": "F2DA72",
    "not_evaluable": "E3E1DB", "not_applicable": "FFFFFF",
}  # fmt: skip
FORMS = {
    "unit_range_m2": "m2", "demolition_m2": "m2", "development_m2": "m2", "area_m2": "m2",
    "passed": "count", "failed": "count", "advisory": "count", "not_evaluable": "count",
}  # fmt: skip
SUMMED = {"unit_range_m2", "demolition_m2", "development_m2"}
SUMMARY = (
    "unit_id", "name", "sub_district", "renewal_type", "verdict", "unit_range_m2", "demolition_m2",
    "development_m2", "passed", "failed", "advisory", "not_evaluable", "sentence",
)  # fmt: skip
FINDINGS = (
    "unit_id", "name", "criterion", "status", "figure", "operator", "limit", "rule_id", "source", "verified",
    "text",
)  # fmt: skip
RULES = (
    "rule_id", "title", "value", "operator", "unit", "of", "since", "until", "document", "clause", "verified",
    "decides", "set_by", "because",
)  # fmt: skip
BOTH = (
    "unit_id", "name", "criterion", "status_a", "status_b", "figure_a", "limit_a", "figure_b", "limit_b",
    "change", "why",
)  # fmt: skip
LONG_TEXT = 90.0


def sign_of(status: str, meets: object) -> str:
    """Return the key of :data:`SIGNS` for a finding.

    >>> sign_of("advisory", False), sign_of("pass", True), sign_of("advisory", None)
    ('advisory_missed', 'pass', 'not_evaluable')
    """
    if status != "advisory":
        return status
    if meets is None:
        return "not_evaluable"
    return "advisory_met" if meets else "advisory_missed"


def status_title(status: str, lang: str) -> str:
    """Return what people read for a status."""
    own = f"screening.{status}"
    return label(own if has_label(own) else f"eligibility.status_{status}", lang)


def signed(status: str, meets: object, lang: str) -> str:
    """Return a status with its sign, such as ``✓ 通过``."""
    key = sign_of(status, meets)
    title = status_title(key, lang) if key.startswith("advisory_") else status_title(status, lang)
    return f"{SIGNS[key]} {title}"


def figure_text(value: Any, unit: str) -> str:
    """Return a figure with its unit; a share in per cent, nothing for what is missing.

    >>> figure_text(0.6, "1"), figure_text(110851.0, "m2"), figure_text(None, "m2")
    ('60.00 %', '110,851 m²', '')
    """
    if isinstance(value, (list, tuple)):
        return ", ".join(str(one) for one in value)
    if isinstance(value, dict):
        return "; ".join(f"{key}: {figure_text(one, '')}" for key, one in value.items())
    if value is None or isinstance(value, str) or value != value:  # noqa: PLR0124 - NaN
        return value if isinstance(value, str) else ""
    if unit == "1":
        return f"{value * 100:,.2f} %"
    told = f"{value:,}" if isinstance(value, int) else f"{value:,.10g}"
    return f"{told} m²" if unit == "m2" else told


def screening_workbook(
    screening: Screening,
    against: Screening | None = None,
    both: pd.DataFrame | None = None,
    *,
    study_name: str = "",
    lang: str = "zh",
) -> bytes:
    """Return a screening as a workbook.

    Parameters
    ----------
    screening
        What :func:`renewal_geo.eligibility.screen` returned.
    against, both
        The same units by the rules of another day, and what
        :func:`renewal_geo.eligibility.side_by_side` says of the two; a sheet more.
    study_name
        For the heading.
    lang
        Language of sheets, headings and sentences.

    Returns
    -------
    bytes
        XLSX with the sheets summary, matrix, findings, rules, offences, side by side. The same
        screening gives the same bytes.
    """
    book = new_book(lang, study_name or label("eligibility.title", lang))
    _add_summary(book, screening, study_name)
    _add_matrix(book, screening)
    _add_findings(book, screening)
    if against is not None and both is not None:
        _add_both(book, screening, against, both)
    _add_rules(book, screening)
    if len(screening.offences):
        _add_offences(book, screening)
    return pack(book)


def matrix_of(screening: Screening) -> pd.DataFrame:
    """Return unit by criterion, each cell a key of :data:`SIGNS`, criteria in the order they are asked."""
    found = screening.findings
    keys = [sign_of(s, m) for s, m in zip(found["status"], found["meets"], strict=True)]
    asked = pd.concat(
        [found["criterion"], screening.left_out.get("criterion", pd.Series(dtype=object))]
    )
    order = list(screening.provenance.parameters.get("criteria", ())) or list(dict.fromkeys(asked))
    wide = found.assign(sign=keys).pivot_table(
        index="unit_id", columns="criterion", values="sign", aggfunc="first"
    )
    table = wide.reindex(
        index=screening.units.index, columns=[one for one in order if one in set(asked)]
    )
    return table.fillna("not_applicable")


def _add_summary(book: Book, screening: Screening, study_name: str) -> None:
    lang = book.lang
    rows = pd.DataFrame(screening.units.drop(columns=screening.units.geometry.name)).reset_index()
    rows["sentence"] = rows[f"sentence_{lang}"]
    rows["verdict"] = [_verdict(one, lang) for one in rows["verdict"]]
    caption = f"{study_name}  {label('eligibility.title', lang)}".strip()
    note = label("screening.books_note", lang, day=screening.as_of.isoformat())
    sheet = add_sheet(
        book,
        label("screening.summary", lang),
        rows,
        _heads(SUMMARY, lang),
        note=note,
        caption=caption,
    )
    _paint(sheet, rows["verdict"], SUMMARY.index("verdict") + 1)
    _widen(sheet, SUMMARY.index("sentence") + 1)


def _add_matrix(book: Book, screening: Screening) -> None:
    lang = book.lang
    keys = matrix_of(screening)
    rows = keys.map(SIGNS.get).reset_index(names="unit_id")
    rows.insert(1, "name", screening.units["name"].to_numpy())
    heads = _heads(("unit_id", "name"), lang)
    heads += [Heading(str(one), criterion_title(str(one), lang)) for one in keys.columns]
    note = label("screening.matrix_note", lang)
    sheet = add_sheet(book, label("screening.matrix", lang), rows, heads, note=note)
    for column in range(len(keys.columns)):
        for row, key in enumerate(keys.iloc[:, column]):
            cell = sheet.cell(FIRST_ROW + row, column + 3)
            cell.fill = PatternFill("solid", fgColor=FILLS[key])
            cell.font = Font(name=FONT, size=12, bold=True)
            cell.alignment = Alignment(horizontal="center", vertical="center")


def criterion_title(name: str, lang: str) -> str:
    """Return what people read for a criterion."""
    return label(f"eligibility.criterion_{name}", lang)


def _add_findings(book: Book, screening: Screening) -> None:
    lang = book.lang
    rows = screening.findings.copy()
    judged = list(zip(rows["status"], rows["meets"], strict=True))
    rows["source"] = [_source(screening.rules.get(one)) for one in rows["rule_id"]]
    rows["verified"] = [
        label("screening.set_by_study", lang) if by else _verified(how, lang)
        for how, by in zip(rows["verified"], rows["set_by"], strict=True)
    ]
    rows = rows.assign(
        figure=[
            _shown(*one) for one in zip(rows["figure"], rows["unit"], rows["limit"], strict=True)
        ],
        limit=[
            _shown(*one) for one in zip(rows["limit"], rows["unit"], rows["figure"], strict=True)
        ],
        operator=rows["operator"].map(_sign),
    )
    rows["status"] = [signed(status, meets, lang) for status, meets in judged]
    rows["criterion"] = [criterion_title(one, lang) for one in rows["criterion"]]
    rows["text"] = rows[f"text_{lang}"]
    rows["name"] = rows["unit_id"].map(screening.units["name"])
    note = label("screening.books_note", lang, day=screening.as_of.isoformat())
    sheet = add_sheet(
        book, label("screening.findings", lang), rows, _heads(FINDINGS, lang), note=note
    )
    _paint(sheet, rows["status"], FINDINGS.index("status") + 1)
    _widen(sheet, FINDINGS.index("text") + 1)


def _add_both(book: Book, first: Screening, second: Screening, both: pd.DataFrame) -> None:
    lang = book.lang
    days = {"a": first.as_of.isoformat(), "b": second.as_of.isoformat()}
    rows = both.sort_values("changed", ascending=False, kind="stable").reset_index(drop=True)
    rows["name"] = rows["unit_id"].map(first.units["name"])
    rows["criterion"] = [criterion_title(one, lang) for one in rows["criterion"]]
    for side in "ab":
        pair = [rows[f"{name}_{side}"] for name in ("figure", "unit", "limit")]
        told = list(zip(*pair, strict=True))
        rows[f"figure_{side}"] = [_shown(v, _plain(u), other) for v, u, other in told]
        rows[f"limit_{side}"] = [_shown(v, _plain(u), other) for other, u, v in told]
        rows[f"status_{side}"] = [
            signed(status, meets, lang) if _plain(status) else f"{SIGNS['not_applicable']}"
            for status, meets in zip(rows[f"status_{side}"], rows[f"meets_{side}"], strict=True)
        ]
    rows["change"] = [label(f"screening.{one}", lang) for one in rows["change"]]
    rows["why"] = rows[f"why_{lang}"]
    heads = [
        Heading(name, label(f"screening.{name}", lang, day=days[name[-1]]))
        if name[-2:] in ("_a", "_b")
        else Heading(name, label(f"screening.{name}", lang))
        for name in BOTH
    ]
    note = label("screening.both_note", lang, first=days["a"], second=days["b"])
    sheet = add_sheet(book, label("screening.both_days", lang), rows, heads, note=note)
    for side in "ab":
        _paint(sheet, rows[f"status_{side}"], BOTH.index(f"status_{side}") + 1)
    _widen(sheet, BOTH.index("why") + 1)


def rule_rows(rules: dict[str, Rule], lang: str) -> pd.DataFrame:
    """Return the values that were asked as texts, one row per rule, in the columns of :data:`RULES`."""
    return pd.DataFrame([_rule_row(one, lang) for one in rules.values()], columns=list(RULES))


def _rule_row(one: Rule, lang: str) -> dict[str, str]:
    return {
        "rule_id": one.rule_id,
        "title": (one.title_zh if lang == "zh" else one.title) or one.rule_id,
        "value": figure_text(one.value, one.unit),
        "operator": _sign(one.operator),
        "unit": {"1": "%", "m2": "m²"}.get(one.unit, one.unit),
        "of": one.of,
        "since": one.since.isoformat() if one.since else "",
        "until": one.until.isoformat() if one.until else "",
        "document": one.document,
        "clause": one.clause,
        "verified": _verified(one.verified, lang),
        "decides": label(f"screening.{'yes' if one.decides else 'no'}", lang),
        "set_by": label("screening.set_by_study", lang) if one.set_by else "",
        "because": one.because,
    }


def _add_rules(book: Book, screening: Screening) -> None:
    lang = book.lang
    rows = rule_rows(screening.rules, lang)
    note = label("screening.rules_note", lang)
    add_sheet(book, label("screening.rules", lang), rows, _heads(RULES, lang), note=note)


def _add_offences(book: Book, screening: Screening) -> None:
    lang = book.lang
    rows = pd.DataFrame(screening.offences.drop(columns=screening.offences.geometry.name))
    rows["name"] = rows["unit_id"].map(screening.units["name"])
    rows["criterion"] = [criterion_title(one, lang) for one in rows["criterion"]]
    rows["kind"] = [offence_title(one, lang) for one in rows["kind"]]
    names = ("unit_id", "name", "criterion", "kind", "area_m2")
    note = label("screening.offences_note", lang)
    add_sheet(book, label("screening.offences", lang), rows, _heads(names, lang), note=note)


def offence_title(kind: str, lang: str) -> str:
    """Return what people read for the kind of an offence: that of a control line, ours, or its own text."""
    named = (f"screening.offence_{kind}", f"kind.{kind}")
    return next((label(one, lang) for one in named if has_label(one)), kind)


def _heads(names: tuple[str, ...], lang: str) -> list[Heading]:
    return [
        Heading(
            name,
            label(f"screening.{name}", lang),
            FORMS.get(name, "text"),
            "sum" if name in SUMMED else "",
        )
        for name in names
    ]


def _verdict(status: str, lang: str) -> str:
    sign = "◇" if status == "advisory" else SIGNS[status]
    return f"{sign} {status_title(status, lang)}"


def _verified(how: str, lang: str) -> str:
    return label(f"eligibility.verified_{how}", lang) if how else ""


def _source(rule: Rule | None) -> str:
    if rule is None:
        return ""
    if rule.set_by:
        return rule.because
    return " ".join(one for one in (rule.document, rule.clause) if one)


def _shown(value: Any, unit: str, beside: Any) -> str:
    """Return a figure with as many decimals as tell it from its limit, empty for none."""
    if value is None or isinstance(value, str) or value != value:  # noqa: PLR0124 - NaN
        return ""
    other = None if beside is None or isinstance(beside, str) or beside != beside else float(beside)  # noqa: PLR0124
    return shown(float(value), unit, other)


def _sign(operator: str) -> str:
    return {">=": "≥", "<=": "≤", "==": "="}.get(operator, operator)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _paint(sheet: Any, texts: pd.Series, column: int) -> None:
    """Fill the cells of a column by the sign with which their text begins."""
    by_sign = {sign: FILLS[key] for key, sign in SIGNS.items()}
    for row, text in enumerate(texts, FIRST_ROW):
        sheet.cell(row, column).fill = PatternFill("solid", fgColor=by_sign[str(text)[0]])


def _widen(sheet: Any, column: int) -> None:
    letter = sheet.cell(FIRST_ROW - 1, column).column_letter
    sheet.column_dimensions[letter].width = LONG_TEXT
