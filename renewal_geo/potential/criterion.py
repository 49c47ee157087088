"""One criterion of a score: where its figure comes from, how it becomes 0..1, what it weighs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Origin = Literal["column", "share", "raster", "distance", "density"]
Transform = Literal["breaks", "linear", "sigmoid", "category"]
Direction = Literal["benefit", "cost"]

_METHOD = re.compile(r"\.?\s*(between|isin|isna|notna|str\.)")
_SIGN = re.compile(r"(?:>=|<=|==|!=|[><=≥≤≠])|(?:not\s+)?in\b")
_SIGNS = {"=": "==", "≥": ">=", "≤": "<=", "≠": "!="}


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion, checked.

    Attributes
    ----------
    id, title, title_en
        Name in tables, and for people in Chinese and English.
    source
        ``column``: a column or an expression of the parcels; ``share``: share of the parcel that rows of a
        layer cover, 0..1; ``raster``: a statistic of a raster; ``distance``: metres to the nearest
        feature of a layer; ``density``: features, metres of line or an amount per hectare of ground.
    column
        For ``column`` the column or expression; for ``density`` the column that is added up (empty: features
        are counted, lines measured).
    layer, where
        Role of the layer or raster, and the expression that picks its rows (empty: all).
    statistic
        Of a raster: ``mean, min, max, median, stdev`` of a level, ``sum`` or ``per_ha`` of a count, ``share`` (of the
        codes in `values`) or ``majority`` of a category.
    derive
        What is made of a raster first: nothing, ``slope_deg`` or ``slope_percent``.
    values
        Codes of a category raster whose share is taken.
    by
        How ways are measured: ``line`` (from the outline) or ``network`` (along streets, from the centre).
    within_m
        How far around a parcel raster, share and density look; 0: the parcel itself.
    unit
        Of the figure, for people.
    direction
        ``benefit``: more is riper; ``cost``: less is. Turns straight and S-shaped lines only.
    transform
        How the figure becomes 0..1; see :mod:`renewal_geo.potential.transforms`.
    breaks, scores
        Of ``breaks``: rising figures, and one score in 0..1 more than breaks.
    low, high
        Of ``linear`` and ``sigmoid``: where the ends lie; None: the least and greatest figure found.
    categories
        Of ``category``: code to 0..1; empty for what is only a veto on codes.
    veto
        Comparison of the raw figure that rules a parcel out, whatever its score: ``> 25``, ``in ['G1']``, or an
        expression on ``value``; empty: none.
    weight
        One figure per expert as given; empty: none is given (AHP, entropy, or only a veto). Zeros: only a veto.
    missing
        The 0..1 that stands for a missing figure; None: such a parcel has no score.
    reference
        Why: the text, plan or survey that it rests on.
    """

    id: str
    title: str = ""
    title_en: str = ""
    source: Origin = "column"
    column: str = ""
    layer: str = ""
    where: str = ""
    statistic: str = "mean"
    derive: str = ""
    values: tuple[str, ...] = ()
    by: str = "line"
    within_m: float = 0.0
    unit: str = ""
    direction: Direction = "benefit"
    transform: Transform = "linear"
    breaks: tuple[float, ...] = ()
    scores: tuple[float, ...] = ()
    low: float | None = None
    high: float | None = None
    categories: Mapping[str, float] = field(default_factory=dict)
    veto: str = ""
    weight: tuple[float, ...] = ()
    missing: float | None = None
    reference: str = ""

    def named(self, lang: str) -> str:
        """Return its name for people in a language, the other language's or its id where there is none."""
        first, second = (self.title, self.title_en) if lang == "zh" else (self.title_en, self.title)
        return first or second or self.id


def is_only_veto(criterion: Criterion, weighting: str = "direct") -> bool:
    """Return whether a criterion rules parcels out and weighs nothing.

    Where weights are given (``direct, swing``): one with a veto and without a positive weight. Where they are
    found (``ahp, entropy``): one with a veto whose weight is stated as 0, or that states neither a weight nor
    how its figure becomes 0..1. :func:`renewal_geo.potential.criteria.checked` then writes the 0 down.

    >>> is_only_veto(Criterion("slope", column="slope", veto="> 25"), "ahp")
    True
    >>> is_only_veto(Criterion("slope", column="slope", veto="> 25", high=25.0), "ahp")
    False
    """
    if not criterion.veto or any(criterion.weight):
        return False
    if criterion.weight or weighting not in {"ahp", "entropy"}:
        return True
    ends = (criterion.low, criterion.high)
    is_rated = criterion.breaks or criterion.categories or any(end is not None for end in ends)
    return not (is_rated or criterion.direction == "cost" or criterion.transform == "sigmoid")


def veto_expression(veto: str) -> str:
    """Return a veto as an expression on the column ``value``.

    >>> veto_expression("> 25"), veto_expression("between(10, 20)"), veto_expression("≥ 0.1")
    ('value > 25', 'value.between(10, 20)', 'value >= 0.1')
    >>> veto_expression("in ['G1']"), veto_expression("value < 2 or value > 9")
    ("value in ['G1']", 'value < 2 or value > 9')
    """
    text = veto.strip()
    if _METHOD.match(text):
        return f"value.{text.lstrip('. ')}"
    sign = _SIGN.match(text)
    if sign is None:
        return text
    return f"value {_SIGNS.get(sign[0], sign[0])} {text[sign.end() :].strip()}"
