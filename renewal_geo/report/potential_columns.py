"""Columns of the sheets of a score: what is live, what stands as it was found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation.labels import has_label, label
from renewal_geo.foundation.quantities import M2_PER_HA
from renewal_geo.potential.criterion import Criterion
from renewal_geo.potential.ranking import DECIMALS, checked_areas, cut_of
from renewal_geo.potential.scoring import UNJUDGED
from renewal_geo.potential.transforms import tells_nothing
from renewal_geo.report.long_sheets import LongColumn, wide_text

if TYPE_CHECKING:
    from renewal_geo.potential import Acceptability, Potential, Stability

LIVE_RANKS = 30_000
"""Up to so many parcels every rank is live: beyond, one change of a weight would take a minute."""
WEIGHT_ROW, PRECEDENCE_ROW, HEADING_ROW = 3, 4, 5
TICK = "✓"
NAMED = 24  # how wide a name a heading has room for
LISTED = 3  # criteria that the state of a parcel names
NONE_RATED = 9.0  # above every rating
FORMS = {
    "rank": "count", "rank_best": "count", "rank_worst": "count", "rank_p05": "count", "rank_p95": "count",
    "top_share": "share", "class": "text", "is_in": "text", "is_exact": "text", "from_criterion": "text",
    "to_criterion": "text",
}  # fmt: skip
WIDTHS = {
    "class": 16.0, "from_criterion": 20.0, "to_criterion": 20.0, "shift": 13.0, "radius": 20.0, "radius_low": 15.0,
    "radius_high": 15.0, "top_share": 12.0, "score_robust": 12.0,
}  # fmt: skip
CENTRED = {"rank", "rank_best", "rank_worst", "rank_p05", "rank_p95", "is_in", "is_exact"}


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A score, ready for its sheets.

    Attributes
    ----------
    potential
        Of n parcels.
    order
        Positions of the parcels by rank; then those without a score, then the vetoed, by score and id.
    rated, others
        Criteria that weigh, in the order of the score; and those that only rule out or have no weight.
    one_value
        Ids that tell nothing apart.
    top
        N.
    areas_ha
        n areas by position, or none.
    lang
        Of all labels.
    """

    potential: Potential
    order: NDArray[np.intp]
    rated: Sequence[Criterion]
    others: Sequence[Criterion]
    one_value: frozenset[str]
    top: int
    areas_ha: NDArray[np.float64] | None
    lang: str

    def named(self, criterion_id: object) -> str:
        """Return what a criterion is called; empty for none."""
        for one in (*self.rated, *self.others):
            if one.id == criterion_id:
                return one.named(self.lang)
        return "" if criterion_id is None or criterion_id != criterion_id else str(criterion_id)  # noqa: PLR0124

    def sorted(self, values: Any) -> list[Any]:
        """Return n figures or texts in the order of the sheet, None where there is none."""
        return told(np.asarray(values, dtype=object)[self.order])

    @property
    def ids(self) -> list[str]:
        """Return the ids in the order of the sheet."""
        return [
            str(one) for one in np.asarray(self.potential.scores.index, dtype=object)[self.order]
        ]

    @property
    def is_live(self) -> bool:
        """Return whether every rank is."""
        return len(self.order) <= LIVE_RANKS


@dataclass(frozen=True, slots=True)
class WeightCells:
    """Where the sheet of weights holds what the scores need, as references from any sheet."""

    sheet: str
    first: int
    last: int
    ok: str
    top: str
    cut: str

    def at(self, letter: str, row: int) -> str:
        """Return one cell."""
        return f"'{self.sheet}'!${letter}${row}"

    def span(self, letter: str) -> str:
        """Return a column over the criteria that weigh."""
        return f"'{self.sheet}'!${letter}${self.first}:${letter}${self.last}"


def case_of(
    potential: Potential,
    *,
    acceptability: Acceptability | None,
    stability: Stability | None,
    areas: pd.Series | None,
    lang: str,
) -> Case:
    """Return a score made ready: its order, its N, its criteria."""
    by_id = {one.id: one for one in potential.asked}
    names = [str(one) for one in potential.ratings.columns]
    ranks = potential.ranks.to_numpy(dtype=float, na_value=np.nan)
    scores = potential.scores.to_numpy(dtype=float, na_value=np.nan)
    ids = potential.scores.index.astype(str)
    order = np.lexsort((ids, -scores, potential.is_vetoed.to_numpy(dtype=bool), ranks))
    top = next((one.top for one in (acceptability, stability) if one is not None), None)
    land = None if areas is None else checked_areas(areas, potential) / M2_PER_HA
    return Case(
        potential=potential,
        order=order,
        rated=[by_id[one] for one in names],
        others=[one for one in potential.asked if one.id not in names],
        one_value=frozenset(one for one in names if tells_nothing(by_id[one])),
        top=cut_of(potential) if top is None else top,
        areas_ha=land,
        lang=lang,
    )


def score_columns(case: Case, cells: WeightCells) -> list[LongColumn]:
    """Return the columns of the sheet of scores, from left to right.

    Parts and ratings are named ``p0 …`` and ``r0 …`` in the order of the criteria; ``ranked, loss, place`` at the
    right are figures on the way.
    """
    score = case.potential
    ranks = case.sorted(score.ranks)
    is_in = [one is not None and one <= case.top for one in ranks]
    is_open = [not one for one in score.is_vetoed.to_numpy(dtype=bool)[case.order]]
    has_all = score.ratings.notna().all(axis=1).to_numpy()[case.order]
    shown = ranks if case.is_live else [r if i else None for r, i in zip(ranks, is_in, strict=True)]
    scores = np.round(score.scores.to_numpy(dtype=float, na_value=np.nan), DECIMALS)

    def live(formula: str) -> list[str]:
        return [formula if one else "" for one in is_open]

    def column(name: str, values: Any, form: str, formula: Any = "", **look: Any) -> LongColumn:
        return LongColumn(name, _said(name, case.lang), values, form, formula, **look)

    area = [] if case.areas_ha is None else [
        column("area", told(case.areas_ha[case.order]), "ha")
    ]  # fmt: skip
    limited, lowest, place = _limiting(case)
    move, fall = 'IF(OR({rank}{n}="",{original_rank}{n}=""),"",%s)', "{original_rank}{n}<=INT(%s)"
    return [
        column("rank", shown, "count", live(_rank_formula(case, cells)), width=9, is_centred=True),
        column("parcel", case.ids, "text", width=16),
        column("in_top", [TICK if one else None for one in is_in], "text",
               live(f'IF(OR({{ranked}}{{n}}="",{cells.cut}=""),"",IF({{ranked}}{{n}}>={cells.cut},"{TICK}",""))'),
               width=8, is_centred=True),
        *area,
        column("score", told(scores[case.order]), "0.0000", _score_formulas(case, cells, has_all), width=12),
        column("original_rank", ranks, "count", width=9, is_centred=True),
        column("moved", [None if one is None else 0.0 for one in shown], "[Blue]+#,##0;[Red]-#,##0;0",
               live(move % "{original_rank}{n}-{rank}{n}"), width=10, is_centred=True),
        column("limiting", limited, "text",
               f'IF({{place}}{{n}}="","",INDEX({cells.span("A")},{{place}}{{n}}))', width=20),
        column("limiting_rating", lowest, "0.000", _lowest_formulas(case, has_all), width=10),
        column("state", _states(case), "text", width=26),
        *_parts(case, has_all),
        *_ratings(case),
        column("ranked", told(np.where(is_open, scores[case.order], np.nan)), "0.000000000000",
               live("{score}{n}"), is_hidden=True),
        column("loss", [0.0 if one else None for one in is_in], "0",
               live(move % f'IF({fall % cells.top},{{rank}}{{n}}-{{original_rank}}{{n}},"")'), is_hidden=True),
        column("place", place, "0", _place_formula(case), is_hidden=True),
    ]  # fmt: skip


def stability_columns(
    case: Case, acceptability: Acceptability | None, stability: Stability | None
) -> list[LongColumn]:
    """Return the columns of the sheet of stability: ranks over the draws, and what would change sides."""
    lang, figures = case.lang, {"top": f"{case.top:,}", "draws": ""}
    if acceptability is not None:
        figures["draws"] = f"{acceptability.draws:,}"
    columns = [
        _found("rank", case.sorted(case.potential.ranks), lang, figures),
        LongColumn("parcel", _said("parcel", lang), case.ids, width=16.0),
        _found("score", case.sorted(case.potential.scores), lang, figures),
    ]
    if acceptability is not None:
        table = acceptability.table
        kinds = [_said(str(one), lang) for one in table["class"]]
        columns.append(_found("class", case.sorted(kinds), lang, figures))
        columns += [
            _found(name, case.sorted(table[name]), lang, figures)
            for name in (
                "rank_best", "rank_p05", "rank_p95", "rank_worst", "top_share", "score_robust", "score_mean",
                "score_sd",
            )
        ]  # fmt: skip
    if stability is not None:
        table = stability.table
        for name in (
            "is_in", "shift", "from_criterion", "to_criterion", "radius", "radius_low", "radius_high", "is_exact",
        ):  # fmt: skip
            values = list(table[name])
            if name in {"from_criterion", "to_criterion"}:
                values = [case.named(one) for one in values]
            elif name in {"is_in", "is_exact"}:
                values = [TICK if one is True or one == 1 else None for one in values]
            columns.append(_found(name, case.sorted(values), lang, figures))
    return columns


def record_columns(case: Case, table: pd.DataFrame, names: Sequence[str]) -> list[LongColumn]:
    """Return the columns of a table of parcels and criteria: vetoes, what is missing."""
    widths = {"parcel_id": 18.0, "criterion": 28.0, "why": 60.0, "veto": 26.0, "value": 16.0}
    columns = []
    for name in names:
        key = {"parcel_id": "parcel", "criterion": "name"}.get(name, name)
        values: list[Any] = list(table[name]) if name in table else [None] * len(table)
        if name == "criterion":
            values = [case.named(one) for one in values]
        elif name == "unit":
            units = {one.id: one.unit for one in (*case.rated, *case.others)}
            values = [units.get(str(one), "") for one in table["criterion"]]
        elif name == "why":
            values = [_reason(str(one), case.lang) for one in values]
        elif name != "value":
            values = [str(one) for one in values]
        form = "#,##0.######" if name == "value" else "text"
        columns.append(
            LongColumn(name, _said(key, case.lang), told(values), form, width=widths.get(name, 11.0))
        )  # fmt: skip
    return columns


def brief(name: str) -> str:
    """Return a name on one line that a heading has room for.

    >>> brief("a  b"), brief("x" * 40)
    ('a b', 'xxxxxxxxxxxxxxxxxxxxxxx…')
    """
    line = re.sub(r"\s+", " ", name).strip()
    if wide_text(line) <= NAMED:
        return line
    return next(line[:n] for n in range(len(line), 0, -1) if wide_text(line[:n]) < NAMED) + "…"


def told(values: Any) -> list[Any]:
    """Return figures and texts as cells hold them: plain numbers and texts, None for nothing.

    >>> told([1, float("nan"), "a", None, np.float64(0.5), ""])
    [1.0, None, 'a', None, 0.5, None]
    """
    made: list[Any] = []
    for one in values:
        if one is None or one is pd.NA or one != one or one == "":  # noqa: PLR0124 - NaN
            made.append(None)
        elif isinstance(one, (bool, np.bool_)):
            made.append(TICK if one else None)
        elif isinstance(one, (int, float, np.integer, np.floating)):
            made.append(float(one) if np.isfinite(one) else None)
        else:
            made.append(str(one))
    return made


def _found(name: str, values: list[Any], lang: str, figures: dict[str, str]) -> LongColumn:
    return LongColumn(
        name, _said(name, lang), values, FORMS.get(name, "0.0000"), width=WIDTHS.get(name, 11.0),
        is_centred=name in CENTRED,
        help=label(f"potential_sheet.help_{name}", lang, **figures),
    )  # fmt: skip


def _rank_formula(case: Case, cells: WeightCells) -> str:
    """Return the rank of a row.

    COUNTIF takes less than half the time of RANK in LibreOffice and as much elsewhere; the scores have twelve
    digits, so that none is lost where the comparison is written as a text.
    """
    last = HEADING_ROW + max(len(case.order), 1)
    span = f"{{ranked}}${HEADING_ROW + 1}:{{ranked}}${last}"
    count = f'COUNTIF({span},">"&{{ranked}}{{n}})+1'
    if not case.is_live:
        inside = f"{{ranked}}{{n}}>={cells.cut},{{original_rank}}{{n}}<=N({cells.top})"
        count = f'IF(OR({inside}),{count},"")'
    return f'IF({{ranked}}{{n}}="","",{count})'


def _score_formulas(case: Case, cells: WeightCells, has_all: Any) -> list[str]:
    ratings, weights = _row("{n}", case), _row(f"${WEIGHT_ROW}", case)
    total = f"ROUND(SUMPRODUCT({weights},{ratings}),{DECIMALS})"
    lacking = f'SUMPRODUCT(({ratings}="")*({weights}>0))=0'
    whole = f'IF({cells.ok}=1,{total},"")'
    partial = f'IF(AND({cells.ok}=1,{lacking}),{total},"")'
    return [whole if one else partial for one in has_all]


def _lowest_formulas(case: Case, has_all: Any) -> list[str]:
    """Return the least rating of a row among the criteria that have a precedence."""
    ratings, precedence = _row("{n}", case), _row(f"${PRECEDENCE_ROW}", case)
    rounded = f"ROUND({ratings},{DECIMALS})"
    least = f"SUMPRODUCT(MIN({rounded}+{NONE_RATED:g}*({precedence}=0)))"
    whole = f'IF(SUM({precedence})=0,"",{least})'
    known = f'SUMPRODUCT(MIN({rounded}+{NONE_RATED:g}*((({precedence}=0)+({ratings}=""))>0)))'
    partial = f'IF({known}>=8,"",{known})'
    return [whole if one else partial for one in has_all]


def _place_formula(case: Case) -> str:
    """Return which criterion that rating belongs to; of equal ones that of the greatest precedence."""
    ratings, precedence = _row("{n}", case), _row(f"${PRECEDENCE_ROW}", case)
    hit = f'(ROUND({ratings},{DECIMALS})={{limiting_rating}}{{n}})*({ratings}<>"")*{precedence}'
    return f'IF({{limiting_rating}}{{n}}="","",MATCH(SUMPRODUCT(MAX({hit})),{precedence},0))'


def _limiting(case: Case) -> tuple[list[Any], list[Any], list[Any]]:
    """Return name, rating and place of the limiting criterion, by row."""
    table = case.potential.limiting
    places = {one.id: float(at) for at, one in enumerate(case.rated, 1)}
    found = np.asarray(table["criterion"], dtype=object)[case.order]
    names = {one.id: one.named(case.lang) for one in case.rated}
    ratings = np.round(table["rating"].to_numpy(dtype=float, na_value=np.nan), DECIMALS)
    return (
        [names.get(one) for one in found],
        told(ratings[case.order]),
        [places.get(one) for one in found],
    )


def _states(case: Case) -> list[Any]:
    score = case.potential
    said: dict[str, str] = {}
    for key, table in (("unscored", score.missing), ("vetoed", score.vetoes)):
        rated = {one.id for one in case.rated}
        for parcel, rows in table.groupby("parcel_id", sort=False)["criterion"]:
            names = [case.named(one) for one in rows if key == "vetoed" or one in rated]
            if names:
                said[f"{key} {parcel}"] = label(
                    f"potential_sheet.state_{key}", case.lang, by=_listed(names, case.lang)
                )
    vetoed = score.is_vetoed.to_numpy(dtype=bool)[case.order]
    unscored = score.scores.isna().to_numpy()[case.order]
    return [
        said.get(f"{'vetoed' if v else 'unscored'} {i}") if v or u else None
        for i, v, u in zip(case.ids, vetoed, unscored, strict=True)
    ]


def _reason(why: str, lang: str) -> str:
    """Return why a figure is missing in the reader's language, where it is a reason of ours."""
    prefix, _, last = why.rpartition(": ")
    key = f"potential_sheet.why_{last.replace(' ', '_')}"
    said = label(key, lang) if has_label(key) else last
    if not prefix:
        return said
    known = (
        label("potential_sheet.unjudged", lang)
        if prefix == UNJUDGED.rstrip(": ")
        else f"{prefix}: "
    )
    return f"{known}{said}"


def _listed(names: Sequence[str], lang: str) -> str:
    told_names = ("、" if lang == "zh" else ", ").join(brief(one) for one in names[:LISTED])
    if len(names) <= LISTED:
        return told_names
    return label("potential_sheet.and_more", lang, names=told_names, count=len(names))


def _parts(case: Case, has_all: Any) -> list[LongColumn]:
    columns = []
    for at, one in enumerate(case.rated):
        whole = f"{{r{at}}}{{n}}*{{r{at}}}${WEIGHT_ROW}"
        formulas = [whole if full else f'IF({{r{at}}}{{n}}="","",{whole})' for full in has_all]
        values = told(case.potential.contributions[one.id].to_numpy()[case.order])
        title = label("potential_sheet.part", case.lang, name=brief(one.named(case.lang)))
        columns.append(LongColumn(f"p{at}", title, values, "0.0000", formulas, width=13.0))
    return columns


def _ratings(case: Case) -> list[LongColumn]:
    columns = []
    for at, one in enumerate(case.rated):
        values = told(case.potential.ratings[one.id].to_numpy()[case.order])
        title = label("potential_sheet.rating", case.lang, name=brief(one.named(case.lang)))
        columns.append(LongColumn(f"r{at}", title, values, "0.000", width=13.0))
    return columns


def _row(end: str, case: Case) -> str:
    """Return a reference over the columns of ratings: ``{n}`` this row, ``$3`` a fixed one."""
    fixed = "$" if end.startswith("$") else ""
    return f"{fixed}{{r0}}{end}:{fixed}{{r{len(case.rated) - 1}}}{end}"


def _said(name: str, lang: str) -> str:
    return label(f"potential_sheet.{name}", lang)
