"""Words of the table of criteria in Chinese and English: its headings, and the values that are words."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping

from renewal_geo.foundation.labels import LANGUAGES, label
from renewal_geo.foundation.potential_settings import CRITERION

Words = Mapping[str, Mapping[str, tuple[str, ...]]]

# besides the titles in labels/criteria_table.toml
OTHER_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "id": ("代码", "因子编号", "编码", "code"),
    "title": ("因子", "因子名称", "指标", "指标名称", "中文名", "name", "name_zh", "title_zh"),
    "title_en": ("英文名称", "english", "english name", "name_en"),
    "source": ("数据来源", "类型"),
    "column": ("字段", "属性列", "表达式", "field"),
    "layer": ("图层角色", "数据图层", "role"),
    "where": ("筛选条件", "条件", "filter"),
    "statistic": ("统计方式", "统计量", "stat"),
    "derive": ("派生量", "derived"),
    "values": ("取值代码", "类别代码", "codes"),
    "by": ("距离", "测距方式", "distance by"),
    "within_m": ("周边范围m", "周边", "缓冲距离", "范围", "within", "buffer"),
    "unit": ("计量单位", "units"),
    "direction": ("指标方向", "正负向"),
    "transform": ("转换方式", "标准化", "标准化方法", "评分方式"),
    "breaks": ("分段值", "分界值", "断点"),
    "scores": ("分段得分", "各段得分"),
    "low": ("最小值", "起点", "min"),
    "high": ("最大值", "终点", "max"),
    "categories": ("分类得分", "类别评分"),
    "veto": ("否决条件", "一票否决"),
    "weight": ("weights", "权重值"),
    "missing": ("缺失得分", "缺失值", "缺省得分"),
    "reference": ("参考", "出处", "来源依据", "because", "basis"),
}
IDLE_HEADINGS = ("序号", "no", "no.", "#", "备注", "说明", "remarks", "note", "notes")
"""Columns that planners' tables have and that mean nothing to a score."""

# value -> words, the first Chinese one is written
VALUES: Words = {
    "source": {
        "column": ("列", "属性", "字段"),
        "share": ("占比", "覆盖占比", "面积占比"),
        "raster": ("栅格", "栅格统计"),
        "distance": ("距离", "邻近"),
        "density": ("密度",),
    },
    "statistic": {
        "mean": ("均值", "平均", "平均值", "average"),
        "min": ("最小", "最小值", "minimum"),
        "max": ("最大", "最大值", "maximum"),
        "median": ("中位数", "中值"),
        "stdev": ("标准差", "std"),
        "sum": ("合计", "总和", "求和", "总数"),
        "per_ha": ("每公顷", "per ha"),
        "share": ("占比", "比例"),
        "majority": ("众数", "多数"),
    },
    "derive": {
        "slope_deg": ("坡度(度)", "坡度", "坡度(°)", "slope"),
        "slope_percent": ("坡度(%)", "坡度百分比", "坡度百分数"),
    },
    "by": {
        "line": ("直线", "直线距离", "straight"),
        "network": ("路网", "道路", "沿路网", "沿道路", "street"),
    },
    "direction": {
        "benefit": ("正向", "正", "越大越好", "效益型"),
        "cost": ("负向", "负", "逆向", "越小越好", "成本型"),
    },
    "transform": {
        "breaks": ("分段", "分级", "分段赋分"),
        "linear": ("线性", "直线"),
        "sigmoid": ("S形", "S型", "S形曲线"),
        "category": ("类别", "分类", "类别赋分"),
    },
}
_BRACKETS = re.compile(r"\(.*?\)|\[.*?\]|【.*?】")


def heading_key(heading: str) -> str:
    """Return the key of a criterion that a heading means; empty where it means none.

    Case, blanks, brackets and full-width signs do not matter; any heading that begins with 权重 or
    weight is a weight, one per expert.

    >>> [heading_key(one) for one in ("编号", "Within_m", "周边范围（m）", "权重 2", "权重-张工", "得分", "色")]
    ['id', 'within_m', 'within_m', 'weight', 'weight', 'scores', '']
    """
    text = unicodedata.normalize("NFKC", heading).strip().casefold()
    bare = _BRACKETS.sub("", text)
    for one in (text, bare):
        found = _headings().get(_plain(one), "")
        if found:
            return found
    parts = {_headings().get(_plain(part), "") for part in bare.split()}
    if len(parts) == 1 and "" not in parts:
        return parts.pop()  # as in 编号 id
    return "weight" if bare.strip().startswith(("权重", "weight")) else ""


def is_idle(heading: str) -> bool:
    """Return whether a column is there for people alone, such as 序号 and 备注."""
    return _plain(heading) in {_plain(one) for one in IDLE_HEADINGS}


def headings() -> list[str]:
    """Return every heading that is known, as they are written."""
    return [label(f"criteria_table.{key}", lang) for key in CRITERION for lang in LANGUAGES]


def value_of(key: str, word: str) -> str:
    """Return the value that a word means for a key; empty where it means none.

    >>> value_of("direction", "负向"), value_of("derive", "坡度（%）"), value_of("transform", "s型")
    ('cost', 'slope_percent', 'sigmoid')
    """
    plain = _plain(word)
    for value, words in VALUES[key].items():
        if plain in {_plain(one) for one in (value, *words)}:
            return value
    return ""


def word_of(key: str, value: str, lang: str) -> str:
    """Return the word that is written for a value: Chinese, or the value itself.

    >>> word_of("direction", "cost", "zh"), word_of("direction", "cost", "en")
    ('负向', 'cost')
    """
    return VALUES[key][value][0] if lang == "zh" else value


def words(key: str, lang: str) -> list[str]:
    """Return the words that a cell of a key may hold, in one language."""
    return [word_of(key, value, lang) for value in VALUES[key]]


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\s_]+", "", folded)


@functools.cache
def _headings() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for key in CRITERION:
        named = (key, *(label(f"criteria_table.{key}", lang) for lang in LANGUAGES))
        found |= {_plain(one): key for one in (*named, *OTHER_HEADINGS[key])}
    return found
