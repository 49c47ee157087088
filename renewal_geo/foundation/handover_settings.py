"""Every key of the table ``[handover]``."""

from __future__ import annotations

from renewal_geo.foundation.setting import Setting

HANDOVER: dict[str, Setting] = {
    "legal": Setting(
        "list",
        [],
        "",
        "kinds of tenure that mean legal land; default: those of the rule unit.legal_land_kinds",
        "视为合法用地的权属类别；默认取规则 unit.legal_land_kinds",
    ),
    "state_unleased": Setting(
        "list",
        [],
        "",
        "kinds of tenure that mean state land without a lease; default: 国有未出让 and the like",
        "视为国有未出让用地的权属类别；默认为“国有未出让”等",
    ),
    "unit": Setting(
        "text",
        "m2",
        "",
        "unit of the printed land balance: m2, ha or mu",
        "用地平衡表的面积单位：m2、ha 或 mu（亩）",
    ),
    "decimals": Setting(
        "int",
        1,
        "",
        "digits after the point of printed areas; rounded parts still add up",
        "面积保留的小数位数，经调平各项之和等于合计",
    ),
}
