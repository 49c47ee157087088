"""Every key of a question's table in ``study.toml``: type, default, unit, help (zh and en).

One place for three readers: the study is checked against it, the command line makes its options
from it, and the documentation prints it. Ranges are the question's own business; here stands only
what a value must be made of.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from typing import Any

from renewal_geo.foundation.eligibility_settings import ELIGIBILITY
from renewal_geo.foundation.facilities_settings import FACILITIES
from renewal_geo.foundation.handover_settings import HANDOVER
from renewal_geo.foundation.map_settings import MAPS
from renewal_geo.foundation.potential_settings import CRITERION, POTENTIAL
from renewal_geo.foundation.setting import Setting
from renewal_geo.foundation.sitebank_settings import SITEBANK

__all__ = ["CRITERION", "SETTINGS", "Report", "Setting", "checked", "dimension_parts", "nearest"]

ZONES: dict[str, Setting] = {
    "pool": Setting(
        "text",
        "",
        "",
        "expression that picks the candidates; empty: column in_pool, else all",
        "候选地块的表达式；留空则用 in_pool 列，没有该列则为全部",
    ),
    "filler": Setting(
        "text",
        "",
        "",
        "expression that picks parcels outside the pool that may make a zone whole",
        "候选池之外、可被吸收以使片区完整的地块（表达式）",
    ),
    "ground": Setting(
        "text",
        "",
        "",
        "expression that picks bridgeable ground (local roads): never members",
        "可跨越的地面（支路、巷道、绿带等）的表达式，不作为成员",
    ),
    "value": Setting(
        "text",
        "",
        "per ha",
        "column or expression: value per hectare; empty: 1.0, area counts",
        "每公顷价值的列或表达式；留空为 1.0，即只计面积",
    ),
    "area_budget_ha": Setting(
        "float",
        None,
        "ha",
        "total net area of all zones; left out: no budget",
        "全部片区净面积之和的上限；不写则不限",
    ),
    "min_area_ha": Setting(
        "float", 30.0, "ha", "smallest net area of a zone", "单个片区净面积下限"
    ),
    "max_area_ha": Setting(
        "float", 0.0, "ha", "largest net area of a zone; 0: none", "单个片区净面积上限；0 为不限"
    ),
    "min_share": Setting(
        "numbers",
        {},
        "",
        "share name to the least share of every zone, 0..1, on net area",
        "各占比的下限（0–1，按净面积）",
    ),
    "shares": Setting(
        "mapping",
        {},
        "",
        "share name to an expression (0/1) or a column in 0..1",
        "各占比的定义：表达式（0/1）或取值 0–1 的列",
    ),
    "gap_max_m": Setting(
        "float",
        40.0,
        "m",
        "parcels this close across a local road count as contiguous",
        "隔支路相距不超过此值视为连片",
    ),
    "min_frontage_m": Setting(
        "float",
        10.0,
        "m",
        "facing length below which two parcels only touch",
        "相对边长低于此值只算点接触",
    ),
    "edge_tolerance_m": Setting(
        "float",
        0.5,
        "m",
        "digitising gap or overlap that still counts as one edge",
        "仍视为共边的数字化缝隙或重叠",
    ),
    "boundary_weight": Setting(
        "float",
        0.0,
        "per m",
        "value lost per metre of a zone's outline",
        "片区轮廓每米扣减的价值",
    ),
    "exclusion_mode": Setting(
        "text",
        "drop",
        "",
        "drop parcels that an exclusion clips, or cut them: drop | cut",
        "与禁止范围相交的地块：drop 剔除 | cut 切除",
    ),
    "exclusion_tolerance": Setting(
        "float",
        0.01,
        "",
        "share of a parcel (and at most 100 m2) that may be clipped unheeded",
        "可忽略的被压占比例（且不超过 100 平方米）",
    ),
    "lock_in": Setting(
        "list", [], "", "ids of parcels that must be in some zone", "必须划入的地块编号"
    ),
    "lock_in_layer": Setting(
        "text",
        "",
        "",
        "role of a layer whose areas must be in some zone, such as pilots",
        "按范围锁定划入的图层角色，例如 pilots",
    ),
    "lock_out": Setting(
        "list", [], "", "ids of parcels that must be in no zone", "不得划入的地块编号"
    ),
    "keep_together": Setting(
        "text",
        "",
        "",
        "column: parcels with one value of it are all in or all out",
        "列名：同一取值的地块同进同出",
    ),
    "min_zones": Setting(
        "int",
        None,
        "",
        "least number of zones; left out or 0: none",
        "片区个数下限；不写或 0 为不限",
    ),
    "max_zones": Setting(
        "int",
        None,
        "",
        "largest number of zones; left out or 0: none",
        "片区个数上限；不写或 0 为不限",
    ),
    "time_limit_s": Setting("float", 60.0, "s", "wall-clock limit of the search", "求解时间上限"),
    "gap": Setting(
        "float",
        0.01,
        "",
        "stop when proven within this share of the best answer",
        "证明与最优值相差不超过此比例即停止",
    ),
    "seed": Setting("int", 0, "", "seed of every random choice", "随机种子"),
    "workers": Setting(
        "int",
        None,
        "",
        "processor cores to use; left out: all; the answer does not depend on it",
        "使用的处理器核数；不写为全部；不影响结果",
    ),
    "sliver_min_m2": Setting(
        "float",
        100.0,
        "m2",
        "non-member parcels up to this size may lie inside an envelope",
        "不大于此面积的非成员地块可被片区包络吸收",
    ),
    "phases": Setting(
        "int",
        3,
        "",
        "phases of implementation that the zones are shared out to; 0: none",
        "实施时序的期数；0 为不分期",
    ),
    "phase_budgets_ha": Setting(
        "floats",
        [],
        "ha",
        "net area that each phase may begin; empty: equal shares",
        "各期可启动的净面积；留空为等分",
    ),
    "noise": Setting(
        "float",
        0.10,
        "",
        "standard deviation of the error that robustness puts on every value",
        "稳健性检验中各地块价值误差的标准差",
    ),
    "outlook_time_s": Setting(
        "float",
        20.0,
        "s",
        "wall-clock limit of frontier, prices and robustness after the search, at most time_limit_s; 0: none",
        "前沿、影子价格与稳健性的时间上限（在求解之后，不超过 time_limit_s）；0 为都不做",
    ),
    "frontier_points": Setting(
        "int",
        6,
        "",
        "budgets that the frontier tries, the study's own among them; 0: no frontier",
        "前沿所试预算的个数（含本研究预算）；0 为不做",
    ),
}

QUALITY: dict[str, Setting] = {
    "recorded_area_tolerance": Setting(
        "float",
        0.02,
        "",
        "recorded and drawn area may differ by this share",
        "登记面积与图形面积允许的相对差",
    ),
    "sliver_width_m": Setting(
        "float",
        0.5,
        "m",
        "overlaps and gaps narrower than this on average are slivers",
        "平均宽度小于此值的重叠或缝隙为碎片",
    ),
    "sliver_min_m2": Setting(
        "float", 1.0, "m2", "parcels smaller than this are slivers", "面积小于此值的地块为碎片"
    ),
    "gap_max_width_m": Setting(
        "float",
        2.0,
        "m",
        "spaces between parcels up to this wide are gaps, wider ones streets",
        "宽度不超过此值的空隙视为缝隙，更宽的视为街道",
    ),
    "overlap_min_m2": Setting(
        "float", 0.01, "m2", "overlaps smaller than this are not reported", "小于此面积的重叠不报告"
    ),
    "tests": Setting(
        "list", [], "", "codes of the tests to run; empty: all", "要执行的检查代码；留空为全部"
    ),
    "district_layer": Setting(
        "text",
        "",
        "",
        "role of the layer that parcels must lie in; empty: sub_districts if any",
        "地块应位于其内的图层角色；留空则用 sub_districts（如有）",
    ),
    "repair": Setting(
        "list",
        ["safe"],
        "",
        "codes to mend, and no other; safe: all that move no border; borders only where named: "
        "spike, overlap, gap, sliver, unmatched_vertex",
        "要修复的代码，仅限所列；safe 为不移动界线的各类；spike、overlap、gap、sliver、unmatched_vertex 须写明才修",
    ),
    "repair_max_width_m": Setting(
        "float",
        0.5,
        "m",
        "spikes, overlaps and gaps wider than this anywhere are left for a person",
        "任何一处宽于此值的尖刺、重叠、缝隙留待人工",
    ),
    "repair_max_m2": Setting(
        "float",
        50.0,
        "m2",
        "spikes, overlaps, gaps and slivers larger than this are left for a person",
        "面积大于此值的尖刺、重叠、缝隙、碎面留待人工",
    ),
}

LEDGER: dict[str, Setting] = {
    "layer": Setting(
        "text", "land_use", "", "role of the class layer that is tallied", "被统计的分类图层角色"
    ),
    "by": Setting("text", "land_use", "", "column of that layer that names the class", "分类列"),
    "areas": Setting(
        "text",
        "",
        "",
        "role of the polygons that have books; whole: the district (else the class layer) as one; "
        "empty: units, else parcels",
        "统计单元的图层角色；whole 为全区一个单元；留空则用 units，没有则用 parcels",
    ),
    "dimensions": Setting(
        "dimensions",
        [],
        "",
        "further class layers: role.column, or name=role.column; each has a book of its own",
        "其他统计维度：角色.列名，或 名称=角色.列名；各自成账",
    ),
    "control_lines": Setting(
        "bool",
        True,  # noqa: FBT003 - the default of a flag
        "",
        "give every kind of the study's control_lines a book of its own",
        "管控线按类别分别成账",
    ),
    "cross": Setting(
        "bool",
        False,  # noqa: FBT003 - the default of a flag
        "",
        "cross-tabulate all dimensions",
        "各维度交叉统计",
    ),
    "floor_area": Setting(
        "list",
        [],
        "",
        "columns of buildings shared out by footprint; empty: floor_area_m2 where there is one",
        "按基底面积分摊的建筑物列；留空则为 floor_area_m2（如有）",
    ),
    "unit": Setting(
        "text",
        "m2",
        "",
        "of printed areas: m2 | ha | mu | km2",
        "成果面积单位：m2 | ha | mu 亩 | km2",
    ),
    "decimals": Setting("int", 2, "", "decimals of printed areas, 0 to 6", "成果面积小数位数，0–6"),
    "losses": Setting(
        "bool",
        True,  # noqa: FBT003 - the default of a flag
        "",
        "draw what is uncovered and covered twice as layers",
        "把未覆盖与重复覆盖画成图层",
    ),
}

SETTINGS: dict[str, dict[str, Setting]] = {
    "zones": ZONES,
    "quality": QUALITY,
    "ledger": LEDGER,
    "potential": POTENTIAL,
    "eligibility": ELIGIBILITY,
    "handover": HANDOVER,
    "sitebank": SITEBANK,
    "facilities": FACILITIES,
    "maps": MAPS,
}

Report = Callable[[str, str, str], None]
"""Called with what is wrong, the key, and the fix."""


def nearest(name: str, known: list[str] | tuple[str, ...]) -> str:
    """Return ``", did you mean 'x'?"`` or an empty text.

    >>> nearest("min_area", ["min_area_ha", "gap"])
    ", did you mean 'min_area_ha'?"
    """
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f", did you mean {close[0]!r}?" if close else ""


def checked(question: str, table: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Return the values of `table` in their documented types; report every fault.

    Parameters
    ----------
    question
        A key of :data:`SETTINGS`.
    table
        The question's table as TOML gives it.
    report
        Called once per fault; a faulty key is left out of what is returned.

    Returns
    -------
    dict
        Only the keys that `table` states: whole numbers for ``int``, floats for ``float``,
        texts in lists of ids. Defaults are not filled in.

    Examples
    --------
    >>> faults = []
    >>> checked("zones", {"min_area_ha": 30, "gapp": 1}, lambda *f: faults.append(f[0]))
    {'min_area_ha': 30.0}
    >>> faults
    ["[zones] has no key 'gapp', did you mean 'gap'?"]
    """
    known = SETTINGS[question]
    good: dict[str, Any] = {}
    for key, value in table.items():
        place = f"{question}.{key}"
        if key not in known:
            report(
                f"[{question}] has no key {key!r}{nearest(key, list(known))}",
                place,
                f"use one of: {', '.join(known)}",
            )
            continue
        try:
            good[key] = _READERS[known[key].kind](value)
        except _WrongKindError as fault:
            report(f"[{question}] {key} = {value!r}: {fault}", place, _FORMS[known[key].kind])
    return good


_FORMS: dict[str, str] = {
    "text": 'write a text in quotes, such as "drop"',
    "float": "write a number without quotes, such as 30.0",
    "int": "write a whole number without quotes, such as 4",
    "bool": "write true or false without quotes",
    "list": 'write a list, such as ["A1", "A2"]',
    "floats": "write a list of numbers, such as [200.0, 500.0]",
    "mapping": 'write names with texts, such as { industrial = "share_industrial" }',
    "numbers": "write names with numbers, such as { industrial = 0.6 }",
    "dimensions": 'write a list, such as ["tenure.tenure", "plan=units.land_use"]',
    "matrices": 'write lists of lists, such as [[[1, 3], ["1/3", 1]]]',
    "tables": 'write a list of tables, such as [{ column = "built_year", weight = 1.0 }]',
}


class _WrongKindError(Exception):
    """A value is not made of what its key needs."""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _WrongKindError("not a text")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _WrongKindError("not a number")
    return float(value)


def _whole(value: object) -> int:
    number = _number(value)
    if not math.isfinite(number) or number != int(number):
        raise _WrongKindError("not a whole number")
    return int(number)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _WrongKindError("neither true nor false")
    return value


def _texts(value: object) -> list[str]:
    if not isinstance(value, list):
        raise _WrongKindError("not a list")
    for one in value:
        if isinstance(one, bool) or not isinstance(one, str | int):
            raise _WrongKindError(f"{one!r} is neither a text nor a whole number")
    return [str(one) for one in value]


def _floats(value: object) -> list[float]:
    if not isinstance(value, list):
        raise _WrongKindError("not a list")
    return [_number(one) for one in value]


def _mapping(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise _WrongKindError("not a table of names")
    return {str(name): _text(one) for name, one in value.items()}


def _numbers(value: object) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise _WrongKindError("not a table of names")
    return {str(name): _number(one) for name, one in value.items()}


def _require_list(key: str, value: object) -> None:
    if not isinstance(value, list):
        raise _WrongKindError(f"{key} is not a list")


def _require_number_or_list(key: str, value: object) -> None:
    del key
    for one in value if isinstance(value, list) else [value]:
        _number(one)


_PARTS: dict[str, Callable[[str, object], Any]] = {
    "text": lambda _, value: _text(value),
    "number": lambda _, value: _number(value),
    "numbers": _require_number_or_list,
    "mapping": lambda _, value: _numbers(value),
    "list": _require_list,
}


def _tables(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        raise _WrongKindError("not a list of tables")
    rows: list[dict[str, Any]] = []
    for row in value:
        for key, one in row.items():
            if key not in CRITERION:
                raise _WrongKindError(f"no key {key!r}{nearest(key, list(CRITERION))}")
            _PARTS[CRITERION[key]](key, one)
        rows.append(dict(row))
    return rows


def _matrices(value: object) -> list[list[list[Any]]]:
    if not isinstance(value, list):
        raise _WrongKindError("not a list")
    # one matrix may stand without the list around it
    found = value if value and isinstance(value[0], list) and _is_nested(value[0]) else [value]
    for matrix in found if value else []:
        for row in matrix:
            if not isinstance(row, list) or not all(_is_comparison(one) for one in row):
                raise _WrongKindError("not a list of lists of numbers")
    return found if value else []


def _is_nested(value: list[Any]) -> bool:
    return any(isinstance(one, list) for one in value)


def _is_comparison(value: object) -> bool:
    return isinstance(value, int | float | str) and not isinstance(value, bool)


def _dimensions(value: object) -> list[str]:
    """Read texts as they are, and tables as the text that says the same."""
    if not isinstance(value, list):
        raise _WrongKindError("not a list")
    found = []
    for one in value:
        entry = one
        if isinstance(one, Mapping):
            if not {"layer", "by"} <= set(one) <= {"name", "layer", "by"}:
                raise _WrongKindError("a table of it needs layer and by, and may have name")
            place = f"{_text(one['layer'])}.{_text(one['by'])}"
            entry = f"{_text(one['name'])}={place}" if "name" in one else place
        name, role, column = dimension_parts(_text(entry))
        if not (name and role and column):
            raise _WrongKindError(f"{entry!r} is not of the form role.column")
        found.append(entry)
    return found


def dimension_parts(text: str) -> tuple[str, str, str]:
    """Return name, role and column of ``role.column`` or ``name=role.column``.

    >>> dimension_parts("tenure.tenure"), dimension_parts("plan=units.land_use")
    (('tenure', 'tenure', 'tenure'), ('plan', 'units', 'land_use'))
    """
    name, equals, place = text.rpartition("=")
    role, _, column = place.strip().partition(".")
    return (name.strip() if equals else column.strip()), role.strip(), column.strip()


_READERS: dict[str, Callable[[object], Any]] = {
    "text": _text,
    "float": _number,
    "int": _whole,
    "bool": _flag,
    "list": _texts,
    "floats": _floats,
    "mapping": _mapping,
    "numbers": _numbers,
    "tables": _tables,
    "matrices": _matrices,
    "dimensions": _dimensions,
}
