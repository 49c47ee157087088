"""The words of planners' tables and the few classes that the criteria tell apart.

A text belongs to the first class with a word that it contains; the study's own words come first and are
compared whole. What no class claims is ``other``; what is missing is None and never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation.labels import texts

Texts = NDArray[np.object_]
Classes = Sequence[tuple[str, str]]

INDUSTRIAL, COMMERCIAL, RESIDENTIAL, OTHER = "industrial", "commercial", "residential", "other"
USES = (INDUSTRIAL, COMMERCIAL, RESIDENTIAL)
USE_WORDS: Classes = (
    (INDUSTRIAL, r"^[mw]\d*[a-z]?$|工业|厂房|工厂|仓储|仓库|物流|industr|factory|warehouse|workshop|manufactur"),
    (RESIDENTIAL, r"^r\d*[a-z]?$|住宅|居住|公寓|宿舍|民房|住房|商住|resid|dwelling|condo|\b(fam|res|apt|apartment)\b"),
    (COMMERCIAL, r"^[cb]\d+[a-z]?$|商业|商务|商服|办公|酒店|写字楼|市场|commerc|office|retail|shop|hotel"),
)  # fmt: skip
PUBLIC = "public"
PLANNED_WORDS: Classes = (
    *USE_WORDS,
    (
        PUBLIC,
        r"^(g|s|u|gic)\d*[a-z]?$|公共|公益|公用|学校|教育|幼儿|医疗|文化|体育|市政|交通|道路|绿|school|road|green",
    ),
)  # fmt: skip
DEMOLITION, IMPROVEMENT = "demolition", "improvement"
TYPE_WORDS = {
    DEMOLITION: r"拆除|拆建|重建|demol|rebuild|reconstruct",
    IMPROVEMENT: r"综合整治|整治|improve",
}
UNIT, DEVELOPMENT = "unit", "development"
RANGE_WORDS: Classes = (
    (DEMOLITION, r"拆除|demol"),
    (DEVELOPMENT, r"开发|建设用地|develop"),
    (UNIT, r"单元|unit"),
)
SOLE, JOINT, SHARES, STRATA = "sole", "joint", "shares", "strata"
OWNERSHIP_WORDS: Classes = (
    (STRATA, r"区分|strata|condomin"),
    (SHARES, r"按份|份额|share"),
    (JOINT, r"共同|joint"),
    (SOLE, r"单独|独有|sole|single"),
)
EDGE, ENCLOSED, INTERLOCKED = "edge", "enclosed", "interlocked"
ODD_LOT_WORDS: Classes = (
    (EDGE, r"边角|edge|corner"),
    (ENCLOSED, r"夹心|enclos"),
    (INTERLOCKED, r"插花|interl"),
)
OUTSIDE_WORDS: Classes = (("outside", r"外|outside|extern|off"),)
UNLEASED_WORDS: Classes = (("state_unleased", r"未出让|unleased"),)
LEASED_WORDS: Classes = (("leased", r"(?<!未)出让|(?<!un)leased"),)
LEVEL_WORDS: Classes = (("1", r"^(一|1|i)(级|$)|level.?1"), ("2", r"^(二|2|ii)(级|$)|level.?2"))
BLOCK_LINE = "industrial_block_line"
PINGSHAN = r"坪山中心|pingshan"
LINE_WORDS: Classes = (
    ("eco_redline", r"生态保护红线|生态红线"),
    ("eco_control_line", r"生态控制线|生态线"),
    ("permanent_farmland", r"基本农田|永农"),
    ("water_source_1", r"一级水源"),
    ("water_source_2", r"二级水源"),
    (BLOCK_LINE, r"区块线"),
    ("urban_growth_boundary", r"开发边界"),
    ("blue_line", r"蓝线"),
    ("yellow_line", r"黄线"),
    ("orange_line", r"橙线"),
    ("purple_line", r"紫线"),
    ("green_line", r"绿线"),
)


def classed(
    values: Sequence[Any] | pd.Series | Texts,
    classes: Classes,
    own: Mapping[str, str] | None = None,
    rest: str | None = OTHER,
) -> Texts:
    """Return the class of each text: `rest` where no class claims it, None where it is missing.

    >>> classed(["M1", "厂房", "商业", "小学", None], USE_WORDS).tolist()
    ['industrial', 'industrial', 'commercial', 'other', None]
    """
    plain = pd.Series(values, dtype=object)
    known = {one: _class_of(one, classes, own or {}, rest) for one in plain.dropna().unique()}
    return np.array([known.get(one) if _is_filled(one) else None for one in plain], dtype=object)


def line_kinds(values: Sequence[Any] | pd.Series) -> Texts:
    """Return the ids of control lines: ``蓝线`` is blue_line; an id stays, and so does what is unknown.

    >>> line_kinds(["蓝线", "eco_control_line", "龙脉线", None]).tolist()
    ['blue_line', 'eco_control_line', '龙脉线', None]
    """
    plain = pd.Series(values, dtype=object)
    named = {
        entry["zh"]: key.removeprefix("kind.")
        for key, entry in texts().items()
        if key.startswith("kind.")
    }
    found = classed(plain, LINE_WORDS, named, rest=None)
    return np.array(
        [kind if kind is not None else (str(one).strip() if _is_filled(one) else None)
         for kind, one in zip(found, plain, strict=True)], dtype=object,
    )  # fmt: skip


def blank(classes: Texts) -> NDArray[np.bool_]:
    """Return which classes are missing."""
    return np.array([one is None for one in classes], dtype=bool)


def yes(answers: Texts) -> NDArray[np.bool_]:
    """Return which of True, False and None are True."""
    return np.array([one is not None and bool(one) for one in answers], dtype=bool)


def no(answers: Texts) -> NDArray[np.bool_]:
    """Return which of True, False and None are False."""
    return np.array([one is not None and not one for one in answers], dtype=bool)


def is_of(value: object, pattern: str) -> bool:
    """Return whether a text contains a word of `pattern`."""
    return _is_filled(value) and re.search(pattern, str(value).strip().lower()) is not None


def _class_of(
    value: object, classes: Classes, own: Mapping[str, str], rest: str | None
) -> str | None:
    text = str(value).strip()
    if not text:
        return None
    if text in own:
        return own[text]
    lower = text.lower()
    return next((name for name, words in classes if re.search(words, lower)), rest)


def _is_filled(value: object) -> bool:
    return value is not None and not pd.isna(value) and bool(str(value).strip())  # type: ignore[call-overload]
