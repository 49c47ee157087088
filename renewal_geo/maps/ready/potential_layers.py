"""The parcels of a map of potential: by score, by how sure the answer is, by limiting criterion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation.labels import LANGUAGES
from renewal_geo.maps import palettes
from renewal_geo.maps.contrasts import confusable
from renewal_geo.maps.ready.potential_tables import (
    ToldCriterion,
    bar,
    crossings,
    intervals,
    is_in_top,
    missing_said,
    seen,
    vetoes_said,
)
from renewal_geo.maps.ready.publications import Look, owners_of
from renewal_geo.maps.ready.ready_tables import own_columns, values_of
from renewal_geo.maps.ready.value_maps import NO_VALUE, STEPS
from renewal_geo.maps.spec import LayerSpec, MapClass, MapColumn, Scheme, Text, both, same

if TYPE_CHECKING:
    from renewal_geo.potential import Acceptability, Potential, Stability

PARCELS = "parcels"
VETOED, UNSCORED = palettes.Ink("#e0dacd", "cross"), palettes.Ink(NO_VALUE, "dots")
CLASS_INKS = {
    "always": palettes.Ink("#0b4f8a"),
    "likely": palettes.Ink("#5aa0d0"),
    "possible": palettes.Ink("#f0c75e", "dots"),
    "never": palettes.Ink("#ece9e2"),
}
NEVER = CLASS_INKS["never"]
FORMS: dict[str, tuple[str, int]] = {
    "score": ("number", 3), "rank": ("number", 0), "in_top": ("yes_no", 0), "top_share": ("share", 1),
    "limiting_rating": ("number", 2), "radius": ("number", 1), "area_m2": ("number", 0),
}  # fmt: skip
# what a popup says before and after the criteria
HEAD = (
    "parcel_id", "score", "rank", "interval", "class", "top_share", "crossing", "veto", "why", "limiting",
    "limiting_rating",
)  # fmt: skip
TAIL = ("radius", "in_top", "band", "area_m2")
FILTERS = ("score", "rank", "in_top", "class", "top_share", "limiting", "band", "veto", "area_m2")
# default-deny: of the parcels nothing else is ever public, and rows of one band and one class are one
PUBLIC_COLUMNS, PUBLIC_BY = ("band", "class", "area_m2"), ("class",)
SHARE_EDGES = (0.1, 0.5, 0.9)
SHIFT_EDGES = (0.02, 0.05, 0.1, 0.2)  # of all weight
SHIFT_INKS = (
    "#8c2d04",
    "#d95f0e",
    "#fe9929",
    "#fed98e",
    "#ffffd4",
)  # the nearer to the cut, the darker


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What is drawn: n parcels in the order of the score, with what was found of them.

    `area_m2` are n areas, `parcels` may repeat ids.
    """

    parcels: gpd.GeoDataFrame
    potential: Potential
    acceptability: Acceptability | None
    stability: Stability | None
    criteria: list[ToldCriterion]
    top: int
    area_m2: NDArray[np.float64]

    @property
    def scores(self) -> NDArray[np.float64]:
        """Return n scores."""
        return self.potential.scores.to_numpy(dtype=float)

    @property
    def is_vetoed(self) -> NDArray[np.bool_]:
        """Return whom a veto strikes."""
        return self.potential.is_vetoed.to_numpy(dtype=bool)


@dataclass(frozen=True, slots=True, eq=False)
class _Classes:
    """Legend entries and the n positions in them."""

    classes: tuple[MapClass, ...]
    class_of: NDArray[np.int32]


def parcel_layer(found: Scored, look: Look) -> LayerSpec:
    """Return the parcels by score, to be coloured by stability, probability and limiting criterion as well."""
    potential = found.potential
    steps = _by_step(found)
    table = _table(found, steps)
    shown = [
        *_named(found, table, HEAD),
        *_parts(found.criteria, table),
        *_named(found, table, TAIL),
    ]
    own = own_columns(found.parcels, look.get("columns", ()), shown, "parcels")
    for one in own:
        table[one.name] = found.parcels[one.name].to_numpy()
    shown += own
    known = {one.name for one in shown}
    return LayerSpec(
        name=PARCELS,
        title=both("potential_map.parcels"),
        kind="polygon",
        geometry=gpd.GeoSeries(found.parcels.geometry.reset_index(drop=True)),
        classes=steps.classes,
        class_of=steps.class_of,
        columns=tuple(shown),
        values=values_of(table, shown),
        scheme=both("potential_map.by_score"),
        schemes=_schemes(found, potential),
        area="area_m2",
        search=("parcel_id",),
        filters=(*(name for name in FILTERS if name in known), *(one.name for one in own)),
        public="merge",
        public_columns=tuple(name for name in PUBLIC_COLUMNS if name in known),
        public_by=tuple(name for name in PUBLIC_BY if name in known),
        owners=owners_of(found.parcels, look),
    )  # fmt: skip


def _table(found: Scored, steps: _Classes) -> pd.DataFrame:
    potential = found.potential
    ids = potential.scores.index.astype(str)
    values: dict[str, object] = {
        "parcel_id": ids,
        "score": found.scores,
        "rank": potential.ranks.to_numpy(dtype=float),
        "in_top": is_in_top(potential, found.top),
    }
    if found.acceptability is not None:
        table = found.acceptability.table
        values["interval"] = intervals(table)
        values["top_share"] = table["top_share"].where(table["rank"].notna()).to_numpy(dtype=float)
        kinds = [both(f"potential_map.{one}") for one in table["class"]]
        values |= {"class": [one.zh for one in kinds], "class_en": [one.en for one in kinds]}
    titles = {one.asked.id: one.title for one in found.criteria}
    limits = [titles.get(str(one), same("")) for one in potential.limiting["criterion"]]
    values |= {
        "limiting": [one.zh for one in limits],
        "limiting_en": [one.en for one in limits],
        "limiting_rating": potential.limiting["rating"].to_numpy(dtype=float),
    }
    if found.stability is not None:
        values |= _sides(
            "crossing",
            crossings(found.stability, potential.ranks.notna().to_numpy(), found.criteria),
        )
        # half of a change is what moves: it leaves some weights and joins others
        values["radius"] = 50 * found.stability.table["radius_low"].to_numpy(dtype=float)
    for name, said in (("veto", vetoes_said), ("why", missing_said)):
        texts = said(potential, found.criteria)
        if any(texts["zh"]):
            values |= _sides(name, texts)
    bands = [steps.classes[place].title for place in steps.class_of]
    values |= {"band": [one.zh for one in bands], "band_en": [one.en for one in bands]}
    values["area_m2"] = found.area_m2
    return pd.DataFrame(values)  # fmt: skip


def _sides(name: str, texts: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name if lang == "zh" else f"{name}_{lang}": texts[lang] for lang in LANGUAGES}


def _named(found: Scored, table: pd.DataFrame, names: Sequence[str]) -> list[MapColumn]:
    """Return those of some columns that there are."""
    made = []
    for name in names:
        if name not in table:
            continue
        title = both(f"potential_map.{name}", top=f"{found.top:,}")
        form, decimals = FORMS.get(name, ("text", 0))
        english = f"{name}_en" if f"{name}_en" in table else ""
        made.append(MapColumn(name, title, form, decimals, english))  # type: ignore[arg-type] # checked forms
    return made


def _parts(criteria: Sequence[ToldCriterion], table: pd.DataFrame) -> list[MapColumn]:
    """Add to `table`, and return, the raw figure of each criterion and its contribution as a bar.

    All bars have one scale: the heaviest weight is the longest.
    """
    most = max((one.weight for one in criteria), default=1.0) or 1.0
    made = []
    for place, one in enumerate(criteria):
        raw, part = f"raw_{place}", f"part_{place}"
        if one.form == "text":
            table[raw] = [seen(code) if isinstance(code, str) else "" for code in one.figures]
        else:
            table[raw] = one.figures.to_numpy(dtype=float)
        made.append(MapColumn(raw, one.heading, one.form, one.decimals))
        if one.parts is None:
            continue
        rounded = one.parts.round(3).tolist()
        said = {value: f"{value:.3f} {bar(value / most)}".strip() for value in set(rounded)}
        table[part] = [said[value] if value == value else "" for value in rounded]  # noqa: PLR0124 - NaN
        made.append(MapColumn(part, both("potential_map.part", weight=f"{100 * one.weight:.3g}%")))
    return made


def _by_step(found: Scored) -> _Classes:
    """Return the ranked parcels in five steps of equal width; vetoed and unscored ones have their own."""
    scores = found.scores
    ranked = np.isfinite(scores) & ~found.is_vetoed
    low, high = (scores[ranked].min(), scores[ranked].max()) if ranked.any() else (0.0, 1.0)
    edges = np.linspace(low, high, len(STEPS) + 1)
    place = np.clip(np.searchsorted(edges, scores, side="right") - 1, 0, len(STEPS) - 1)
    entries = [
        (f"step{n}", same(f"{a:.3f} – {b:.3f}"), palettes.Ink(fill))
        for n, ((a, b), fill) in enumerate(zip(pairwise(edges), STEPS, strict=True))
    ]
    return _with_rest(found, place, entries)


def _with_rest(
    found: Scored, place: NDArray[np.integer[Any]], entries: list[tuple[str, Text, palettes.Ink]]
) -> _Classes:
    """Return classes of the ranked parcels, and of those that are vetoed or not scored where there are any."""
    unscored = ~np.isfinite(found.scores) & ~found.is_vetoed
    rest = [("vetoed", VETOED, found.is_vetoed), ("unscored", UNSCORED, unscored)]
    at = place.copy()
    made = list(entries)
    for name, ink, rows in rest:
        if rows.any():
            at[rows] = len(made)
            made.append((name, both(f"potential_map.{name}"), ink))
    classes = tuple(
        MapClass(
            name, title, ink.fill, ink.line, ink.width, ink.hatch, (), int((at == n).sum()),
            float(np.nan_to_num(found.area_m2[at == n]).sum()),
        )
        for n, (name, title, ink) in enumerate(made)
    )  # fmt: skip
    return _Classes(classes, at.astype(np.int32))


def _schemes(found: Scored, potential: Potential) -> tuple[Scheme, ...]:
    schemes = []
    accepted = found.acceptability
    top = f"{found.top:,}"
    if accepted is not None:
        figures = {
            "top": top,
            "draws": f"{accepted.draws:,}",
            "law": both(f"potential_map.law_{accepted.law}"),
        }
        schemes += [
            _scheme("class", both("potential_map.by_class", **figures), _by_class(found, accepted)),
            _scheme(
                "top_share", both("potential_map.by_share", **figures), _by_share(found, accepted)
            ),
        ]
    schemes.append(
        _scheme("limiting", both("potential_map.by_limiting"), _by_limiting(found, potential))
    )
    if found.stability is not None:
        by_shift = _by_shift(found, found.stability)
        schemes.append(_scheme("shift", both("potential_map.by_shift", top=top), by_shift))
    return tuple(schemes)  # fmt: skip


def _scheme(name: str, title: Text, found: _Classes) -> Scheme:
    return Scheme(name, title, found.classes, found.class_of)


def _by_class(found: Scored, accepted: Acceptability) -> _Classes:
    order = list(CLASS_INKS)
    draws, top = f"{accepted.draws:,}", f"{accepted.top:,}"
    entries = [
        (one, both(f"potential_map.{one}_said", draws=draws, top=top), CLASS_INKS[one])
        for one in order
    ]
    place = accepted.table["class"].map({one: n for n, one in enumerate(order)}).fillna(0)
    return _with_rest(found, place.to_numpy(dtype=np.int64), entries)  # fmt: skip


def _by_share(found: Scored, accepted: Acceptability) -> _Classes:
    share = accepted.table["top_share"].to_numpy(dtype=float)
    place = np.where(share <= 0, 0, 1 + np.searchsorted(SHARE_EDGES, share, side="right"))
    place = np.where(share >= 1, len(SHARE_EDGES) + 2, place)
    bounds = [f"{100 * edge:g}" for edge in (0, *SHARE_EDGES, 1)]
    titles = [
        both("potential_map.share_none", draws=f"{accepted.draws:,}", top=f"{accepted.top:,}")
    ]
    titles += [both("potential_map.share_step", low=a, high=b) for a, b in pairwise(bounds)]
    titles.append(both("potential_map.share_all"))
    inks = [NEVER, *map(palettes.Ink, STEPS)]
    entries = [(f"share{n}", *pair) for n, pair in enumerate(zip(titles, inks, strict=True))]
    return _with_rest(found, place.astype(np.int64), entries)


def _by_limiting(found: Scored, potential: Potential) -> _Classes:
    weighted = [one for one in found.criteria if one.weight > 0]
    signs = _clear_inks(len(weighted))
    entries = [
        (f"limit{n}", one.title, ink)
        for n, (one, ink) in enumerate(zip(weighted, signs, strict=True))
    ]
    order = {one.asked.id: n for n, one in enumerate(weighted)}
    place = potential.limiting["criterion"].map(order).fillna(0).to_numpy(dtype=np.int64)
    return _with_rest(found, place, entries)


def _clear_inks(count: int) -> list[palettes.Ink]:
    """Return signs that nobody takes for one another: Okabe and Ito's colours first, then hatched ones.

    Should there be too few, the last are only new.
    """
    every = [palettes.cycled(place) for place in range(len(palettes.CYCLE) * len(palettes.HATCHES))]
    made: list[palettes.Ink] = []
    for ink in every:
        if len(made) == count:
            break
        drawn = [VETOED, UNSCORED, *made]
        alike = [
            (str(n), one.fill, one.hatch) for n, one in enumerate(drawn) if one.hatch == ink.hatch
        ]
        told = confusable([*alike, ("this", ink.fill, ink.hatch)])
        if not any("this" in (one, other) for _, one, other, _ in told):
            made.append(ink)
    rest = [ink for ink in every if ink not in made]
    return [*made, *(rest[n % len(rest)] for n in range(count - len(made)))]


def _by_shift(found: Scored, stability: Stability) -> _Classes:
    shift = stability.table["shift"].to_numpy(dtype=float)
    place = np.searchsorted(SHIFT_EDGES, shift, side="right")
    place = np.where(np.isfinite(shift), place, len(SHIFT_INKS))
    bounds = [f"{100 * edge:g}" for edge in (0, *SHIFT_EDGES)]
    titles = [both("potential_map.shift_step", low=a, high=b) for a, b in pairwise(bounds)]
    titles += [both("potential_map.shift_most", low=bounds[-1]), both("potential_map.shift_none")]
    inks = [*map(palettes.Ink, SHIFT_INKS), replace(NEVER, hatch="horizontal")]
    entries = [(f"shift{n}", *pair) for n, pair in enumerate(zip(titles, inks, strict=True))]
    return _with_rest(found, place.astype(np.int64), entries)
