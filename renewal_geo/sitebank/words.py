"""What people write for inside and outside, for priorities, and for the uses that a need may have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from renewal_geo.foundation.schema import as_text

INSIDE, OUTSIDE = "inside", "outside"
PLACES: Mapping[str, tuple[str, ...]] = {
    OUTSIDE: ("外部", "外部移交", "单元外", "outside", "external", "off-site"),
    INSIDE: ("内部", "内部移交", "单元内", "inside", "internal", "on-site"),
}
PRIORITIES: tuple[str, ...] = (
    "高|high|urgent|紧急|一级|1",
    "中|medium|normal|一般|二级|2",
    "低|low|三级|3",
)
ANY_USE = frozenset({"any", "*", "不限", "全部"})
_BETWEEN = re.compile(r"[;；,，、|/]+")


def plain(values: pd.Series) -> pd.Series[str]:
    """Return texts without blanks around them and in small letters, empty where missing."""
    texts: pd.Series[str] = as_text(values).fillna("").map(lambda one: str(one).strip().casefold())
    return texts.astype(object)


def places(values: pd.Series) -> tuple[pd.Series[str], list[str]]:
    """Return inside, outside or empty for each site, and the words that are neither.

    >>> places(pd.Series(["外部", "On-site", None, "?"]))[0].tolist()
    ['outside', 'inside', '', '']
    """
    known = {word: place for place, words in PLACES.items() for word in words}
    texts = plain(values)
    odd = sorted({text for text in texts if text and text not in known})
    return texts.map(lambda one: known.get(one, "")), odd


def ranks(values: pd.Series, order: Sequence[str]) -> tuple[pd.Series[int], list[str]]:
    """Return the rank of each priority, 0 first, -1 where none is stated, and the words that are none.

    `order` goes from what comes first to what comes last; words between ``|`` are of one rank.

    >>> ranks(pd.Series(["中", "High", None, "soon"]), PRIORITIES)
    (0    1
    1    0
    2   -1
    3   -1
    dtype: int64, ['soon'])
    """
    known = {
        word.strip().casefold(): rank
        for rank, words in enumerate(order)
        for word in words.split("|")
    }
    texts = plain(values)
    odd = sorted({text for text in texts if text and text not in known})
    return texts.map(lambda one: known.get(one, -1)).astype("int64"), odd


def uses(text: str) -> tuple[str, ...]:
    """Return the uses that a cell lists, whatever stands between them.

    >>> uses("教育设施用地、GIC2; R*")
    ('教育设施用地', 'gic2', 'r*')
    """
    return tuple(one for part in _BETWEEN.split(text) if (one := part.strip().casefold()))


def use_fits(wanted: Sequence[str], given: Sequence[str]) -> bool:
    """Return whether a site of the uses `given` may serve a need that wants one of `wanted`.

    A need that names no use, or 不限, takes any. Else one of the site's uses must be one of the need's, letter
    for letter; ``GIC*`` stands for every use that begins so. A site without a use fits no need that names one.

    >>> use_fits(("教育设施用地",), ("教育设施用地",)), use_fits(("gic*",), ("gic2", "c1"))
    (True, True)
    >>> use_fits(("教育",), ("教育设施用地",)), use_fits((), ()), use_fits(("c1",), ())
    (False, True, False)
    """
    if not wanted or any(one in ANY_USE for one in wanted):
        return True
    return any(
        have.startswith(want[:-1]) if want.endswith("*") else have == want
        for want in wanted
        for have in given
    )
