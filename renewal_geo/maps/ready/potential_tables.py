"""What people read of a score: criteria by name, raw figures with units, vetoes, what would change it."""

from __future__ import annotations

import dataclasses
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.labels import LANGUAGES, has_label, label
from renewal_geo.maps.spec import Form, Text, both, same

if TYPE_CHECKING:
    from renewal_geo.potential import Acceptability, Criterion, Potential, Stability

FULL, EIGHTHS = "█", "▏▎▍▌▋▊▉"
BAR_SIGNS = 8  # blocks of the longest bar
DIGITS = 3  # that count in a raw figure
YEARS = (1500, 2200)
CLOSE_UNITS = {"°", "′", "％"}  # that stand right behind the figure
YEAR_UNITS = {"年", "year", "years", "a"}
UNJUDGED, NO_SCORE = "veto cannot be judged: ", "no score for "  # how reasons of the score begin
UNSEEN = {"Cc", "Cf", "Zl", "Zp"}  # signs that turn or hide what stands beside them
LANDS = {"zh": "；", "en": "; "}


@dataclass(frozen=True, slots=True, eq=False)
class ToldCriterion:
    """A criterion as people read it.

    Attributes
    ----------
    asked, low, high
        As checked, and its range as used.
    title, unit
        Its name, without signs that are not seen, and the unit of its figures.
    weight
        0 to 1; 0 for what is only a veto.
    figures, parts
        n raw figures, numbers or codes, and n contributions to the score; None for what is only a veto.
    form, decimals
        How figures are printed; ``text`` for codes.
    source
        What was measured, in words.
    """

    asked: Criterion
    low: float | None
    high: float | None
    title: Text
    unit: str
    weight: float
    figures: pd.Series
    parts: NDArray[np.float64] | None
    form: Form
    decimals: int
    source: Text

    @property
    def filled(self) -> Criterion:
        """Return the criterion with its range filled in."""
        return dataclasses.replace(self.asked, low=self.low, high=self.high)

    @property
    def heading(self) -> Text:
        """Return its name with its unit."""
        if not self.unit:
            return self.title
        return both("potential_map.raw_unit", name=self.title, unit=self.unit)

    def printed(self, figure: object, *, unit: bool = True) -> str:
        """Return a figure as people read it, with its unit."""
        if isinstance(figure, str) or not isinstance(figure, (int, float, np.number)):
            return seen(figure)
        number = float(figure)
        if not math.isfinite(number):
            return "—"
        if self.form == "year":
            return f"{number:.0f}"
        if self.form == "share":
            return f"{100 * number:,.{self.decimals}f} %"
        said = f"{number:,.{self.decimals}f}"
        return self.with_unit(said) if unit else said

    def with_unit(self, said: str) -> str:
        """Return a printed figure with its unit behind it."""
        gap = "" if not self.unit or self.unit in CLOSE_UNITS else " "
        return f"{said}{gap}{self.unit}"

    def brief(self, figure: float) -> str:
        """Return a figure as it is printed, without unit and without zeros at its end."""
        said = self.printed(figure, unit=False)
        number, gap, rest = said.partition(" ")
        return f"{_stripped(number)}{gap}{rest}"

    def marked(self, figure: float) -> str:
        """Return a figure that somebody has set, with four digits that count, without unit."""
        if self.form == "share":
            return f"{_short(100 * figure)} %"
        return f"{figure:.0f}" if self.form == "year" else _short(figure)


def _short(figure: float) -> str:
    decimals = int(np.clip(3 - math.floor(math.log10(max(abs(figure), 1e-4))), 0, 6))
    return _stripped(f"{figure:,.{decimals}f}")


def _stripped(said: str) -> str:
    return said.rstrip("0").rstrip(".") if "." in said else said


def told_criteria(potential: Potential) -> list[ToldCriterion]:
    """Return the criteria in their order, as people read them."""
    weights, parts = potential.weighting.weights, potential.contributions
    made = []
    for one in potential.asked:
        figures = potential.values[one.id]  # noqa: PD011 - a field of the result
        form, decimals = _form(one, figures)
        unit = (
            "" if form in {"share", "year"} else seen(_fact(potential, one.id, "unit") or one.unit)
        )
        made.append(
            ToldCriterion(
                asked=one,
                low=_end(potential, one, "low"),
                high=_end(potential, one, "high"),
                title=Text(seen(one.named("zh")), seen(one.named("en"))),
                unit=unit,
                weight=float(weights.get(one.id, 0.0)),
                figures=figures,
                parts=parts[one.id].to_numpy(dtype=float) if one.id in parts else None,
                form=form,
                decimals=decimals,
                source=_source(potential, one),
            )
        )
    return made


def _source(potential: Potential, one: Criterion) -> Text:
    """Return what a criterion measures, in both languages; its column or layer where that is not said."""
    bare = one.column or one.layer
    chinese, english = (_fact(potential, one.id, name) or bare for name in ("source_zh", "source"))
    return Text(seen(chinese), seen(english))


def _fact(potential: Potential, criterion: str, name: str) -> Any:
    facts = potential.facts
    if name not in facts.columns or criterion not in facts.index:
        return ""
    said = facts[name].to_dict()[criterion]
    return "" if said is None or said != said else said  # noqa: PLR0124 - NaN


def _end(potential: Potential, one: Criterion, name: str) -> float | None:
    """Return an end of the range as used: the table of criteria has it filled in."""
    table = potential.criteria
    used = table[name].to_dict().get(one.id) if name in table.columns else getattr(one, name)
    return None if used is None or used != used else float(used)  # noqa: PLR0124 - NaN


def _form(one: Criterion, figures: pd.Series) -> tuple[Form, int]:
    if not pd.api.types.is_numeric_dtype(figures):
        return "text", 0
    known = figures.to_numpy(dtype=float)
    known = known[np.isfinite(known)]
    if one.source == "share" or one.statistic == "share":
        return "share", 1
    if not len(known):
        return "number", 0
    whole = bool((known == np.rint(known)).all())
    low, high = np.quantile(known, (0.05, 0.95))
    if whole and low >= YEARS[0] and high <= YEARS[1] and (not one.unit or one.unit in YEAR_UNITS):
        return "year", 0
    if whole:
        return "number", 0
    most = max(float(np.quantile(np.abs(known), 0.95)), 1e-4)
    return "number", max(0, DIGITS - 1 - math.floor(math.log10(most)))


def seen(text: object) -> str:
    r"""Return a text on one line, without signs that are not seen or turn the ones beside them.

    >>> seen("a\u202eb\n c")
    'ab c'
    """
    line = " ".join(str(text).split())
    return "".join(sign for sign in line if unicodedata.category(sign) not in UNSEEN)


def bar(share: float, most: int = BAR_SIGNS) -> str:
    """Return a bar of `share` of `most` blocks, to an eighth of a block; something wherever there is anything.

    >>> bar(1.0, 3), bar(0.5, 3), bar(0.0), bar(0.001)
    ('███', '█▌', '', '▏')
    """
    if not share > 0:
        return ""
    eighths = max(1, round(8 * most * min(share, 1.0)))
    rest = eighths % 8
    return FULL * (eighths // 8) + (EIGHTHS[rest - 1] if rest else "")


def require_own(potential: Potential, rows: pd.Index, what: str) -> None:
    """Refuse a table of other parcels, or in another order, than the score's.

    Raises
    ------
    InputError
        ``other_parcels``.
    """
    if len(rows) != len(potential.scores) or not (rows == potential.scores.index).all():
        raise InputError(
            f"{what} are not the parcels of the score, or stand in another order",
            fix="give the parcels that were scored, and what was found of that score",
            code="other_parcels",
        )


def top_of(
    potential: Potential, acceptability: Acceptability | None, stability: Stability | None
) -> int:
    """Return N: that of what was found, else a tenth of the ranked parcels; 0 where none is ranked.

    Raises
    ------
    InputError
        ``two_cuts`` where the two were made for different N.
    """
    asked = {one.top for one in (acceptability, stability) if one is not None}
    if len(asked) > 1:
        raise InputError(
            f"acceptability and stability are for different cuts: top {' and top '.join(map(str, sorted(asked)))}",
            fix="make both for the same top",
            code="two_cuts",
        )
    if asked or not potential.ranks.notna().any():
        return next(iter(asked), 0)
    from renewal_geo.potential import cut_of  # compiles: only a map without draws waits

    return cut_of(potential, 0, 0.0, None)


def is_in_top(potential: Potential, top: int) -> NDArray[np.bool_]:
    """Return who is in the top N: fewer than N of the ranked parcels score higher."""
    return (potential.ranks <= top).to_numpy(dtype=bool)


def cut_score(potential: Potential, top: int) -> float:
    """Return the score of the last parcel in the top N, NaN where nothing is ranked."""
    inside = potential.scores.to_numpy(dtype=float)[is_in_top(potential, top)]
    return float(inside.min()) if len(inside) else math.nan


def drawn_said(acceptability: Acceptability) -> Text:
    """Return how weightings were drawn, in one phrase."""
    law = both(f"potential_map.law_{acceptability.law}")
    figures = {
        "draws": f"{acceptability.draws:,}", "law": law, "noise": f"{acceptability.noise:g}",
        "seed": acceptability.seed,
    }  # fmt: skip
    key = "draws_noise" if acceptability.law == "around" else "draws_said"
    return both(f"potential_map.{key}", **figures)


def intervals(table: pd.DataFrame) -> list[str]:
    """Return n rank intervals: that of nine of ten draws, and that of all in brackets."""
    names = ("rank_p05", "rank_p95", "rank_best", "rank_worst")
    rows = zip(*(table[name].to_numpy(dtype=float) for name in names), strict=True)
    return [
        f"{math.floor(low):,} – {math.ceil(high):,} [{best:,.0f} – {worst:,.0f}]"
        if math.isfinite(low + high + best + worst)
        else ""
        for low, high, best, worst in rows
    ]


def crossings(
    stability: Stability, ranked: NDArray[np.bool_], criteria: list[ToldCriterion]
) -> dict[str, list[str]]:
    """Return by language n sentences: the smallest move of weight that carries a parcel across the cut.

    Points are rounded up to a tenth, so that what is printed is enough. Empty without a rank.
    """
    titles = {one.asked.id: one.title for one in criteria}
    names = ("is_in", "shift", "from_criterion", "to_criterion")
    said: dict[tuple[Any, ...], Text] = {}
    made = []
    for is_ranked, inside, shift, giver, taker in zip(
        ranked, *(stability.table[name] for name in names), strict=True
    ):
        key = (bool(inside), _points(shift), str(giver), str(taker)) if is_ranked else ()
        if key not in said:
            said[key] = _crossing(*key, titles=titles) if key else same("")
        made.append(said[key])
    return {lang: [one.said(lang) for one in made] for lang in LANGUAGES}


def _number(value: Any) -> float:
    return math.nan if value is None or value is pd.NA else float(value)


def _points(shift: Any) -> str:
    number = _number(shift)
    return f"{math.ceil(1000 * number - 1e-6) / 10:.1f}" if math.isfinite(number) else ""


def _crossing(
    inside: bool, points: str, giver: str, taker: str, *, titles: Mapping[str, Text]
) -> Text:
    if not points:
        return both("potential_map.crossing_none")
    sides = {"giver": titles.get(giver, same(giver)), "taker": titles.get(taker, same(taker))}
    return both(f"potential_map.crossing_{'out' if inside else 'in'}", points=points, **sides)


def vetoes_said(potential: Potential, criteria: list[ToldCriterion]) -> dict[str, list[str]]:
    """Return by language n texts: which vetoes strike, with the figure; empty where none does."""
    named = {one.asked.id: one for one in criteria}
    table = potential.vetoes
    rows = []
    for parcel, criterion, value, veto in zip(
        *(table[name] for name in ("parcel_id", "criterion", "value", "veto")), strict=True
    ):
        one = named[str(criterion)]
        figures = {"name": one.title, "value": one.printed(value), "veto": seen(veto)}
        rows.append((parcel, both("potential_map.veto_said", **figures)))
    return _by_parcel(potential, rows, potential.is_vetoed)


def missing_said(potential: Potential, criteria: list[ToldCriterion]) -> dict[str, list[str]]:
    """Return by language n texts: which figures are missing and why; empty where none is."""
    named = {one.asked.id: one for one in criteria}
    said: dict[tuple[str, str], Text] = {}
    rows = []
    for row in potential.missing.itertuples():
        key = (str(row.criterion), str(row.why))
        if key not in said:
            said[key] = both("potential_map.why_said", name=named[key[0]].title, why=_why(key[1]))
        rows.append((row.parcel_id, said[key]))
    lacking = potential.values.isna().any(axis=1)  # noqa: PD011 - a field of the result
    return _by_parcel(potential, rows, lacking | potential.scores.isna())


def _why(phrase: str) -> Text:
    """Return in both languages why a figure is missing; a phrase that nobody has translated stays."""
    before, is_veto, plain = phrase.rpartition(UNJUDGED)
    if is_veto:
        return both("potential_map.why_veto", why=_why(before + plain))
    if plain.startswith(NO_SCORE):
        return both("potential_map.why_no_score", code=seen(plain.removeprefix(NO_SCORE)))
    key = f"potential_map.why_{re.sub(r'[^a-z]+', '_', plain.casefold()).strip('_')}"
    figure = next(iter(re.findall(r"\d[\d.,]*", plain)), "")
    return both(key, figure=figure) if has_label(key) else same(seen(plain))


def _by_parcel(
    potential: Potential, rows: Iterable[tuple[Any, Text]], concerned: pd.Series
) -> dict[str, list[str]]:
    """Return by language n texts of the parcels that are concerned: ids may repeat, and others bear them too."""
    found: dict[Any, list[Text]] = {}
    for parcel, text in rows:
        found.setdefault(parcel, []).append(text)
    own = [
        found.get(parcel, []) if is_it else []
        for parcel, is_it in zip(potential.scores.index, concerned, strict=True)
    ]
    return {
        lang: [LANDS[lang].join(one.said(lang) for one in texts) for texts in own]
        for lang in LANGUAGES
    }


def weights_said(criteria: list[ToldCriterion]) -> Text:
    """Return the weighted criteria with their weights, the heaviest first."""
    order = sorted((one for one in criteria if one.weight > 0), key=lambda one: -one.weight)
    return Text(
        *(
            ("、" if lang == "zh" else ", ").join(
                f"{one.title.said(lang)} {one.weight:.1%}" for one in order
            )
            for lang in LANGUAGES
        )
    )


def method_said(potential: Potential) -> Text:
    """Return how the weights were found."""
    return Text(
        *(label(f"potential_map.method_{potential.weighting.method}", lang) for lang in LANGUAGES)
    )
