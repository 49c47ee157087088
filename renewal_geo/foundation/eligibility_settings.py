"""Every key of the table ``[eligibility]``."""

from __future__ import annotations

from renewal_geo.foundation.setting import Setting

ELIGIBILITY: dict[str, Setting] = {
    "criteria": Setting(
        "list",
        [],
        "",
        "criteria to ask: area, public_land, legal_land, building_age, odd_lots, control_lines, block_lines, "
        "willingness, key_unit, improvement; empty: all",
        "核查项；留空为全部",
    ),
    "legal_kinds": Setting(
        "list",
        [],
        "",
        "texts of tenure that count as legal land; empty: those of the rule unit.legal_land_kinds",
        "算作合法用地的权属；留空用规则 unit.legal_land_kinds",
    ),
    "blank_tenure": Setting(
        "text",
        "unknown",
        "",
        "land without tenure: unknown (what depends on it is not evaluable) or not_legal",
        "没有权属的用地：unknown（无法评定）或 not_legal（不算合法）",
    ),
    "use_words": Setting(
        "mapping",
        {},
        "",
        "own texts of use and what they are: industrial, commercial, residential or other",
        "本地用途名称对应的类别：industrial、commercial、residential、other",
    ),
}
