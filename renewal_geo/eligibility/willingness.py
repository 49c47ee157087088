"""Willingness: do those who hold the land consent, parcel by parcel and over the whole range."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from renewal_geo.eligibility import words
from renewal_geo.eligibility.cases import Case, Floats, missing_layer, rows_where
from renewal_geo.eligibility.consent import PARCEL_RULES, Measure, Parcel, parcels_of
from renewal_geo.eligibility.stock import MOSTLY
from renewal_geo.eligibility.units import Mask, dissolved, ids_in
from renewal_geo.eligibility.verdicts import (
    Answer,
    Offence,
    Part,
    Text,
    joined,
    number,
    unknown,
    weigh,
)
from renewal_geo.eligibility.verdicts import words as text_of
from renewal_geo.foundation.errors import some_ids
from renewal_geo.rules import Rule
from renewal_geo.spatial.areas import pieces
from renewal_geo.spatial.polygons import Shapes, flat_union

LAND_RULE = "willingness.multi_parcel_land"
RULES = (*PARCEL_RULES, LAND_RULE)
FEWEST_OWNERS = 3  # a row or a shape that speaks of fewer people names them
MOST_SIGNERS = 100_000


def willingness(case: Case, mask: Mask) -> Answer:
    """Ask whether those who hold the land consent.

    A unit of one parcel is asked what its form of ownership asks (:mod:`renewal_geo.eligibility.consent`). A
    unit of several parcels is asked which share of their land, inside the demolition range, is of parcels
    that consent, each by its own form; parcels that most lie inside the range and have no holder listed may
    or may not. (Read as if every parcel had to consent, the 80 % would be idle.) A holder who has not
    answered has not consented; where the answer would depend on him, there is none. The sentence says the
    smallest number of further signers with whom the limit is reached.

    Offences are the parcels that do not consent, as one shape, and only where they have at least three
    owners: the shape of a single house names its owner.
    """
    answer = Answer()
    name = text_of("figure_consent")
    if case.holders is None:
        for row in rows_where(mask):
            answer.parts.append(
                unknown(row, LAND_RULE, case.rule(LAND_RULE), name, missing_layer("holders"))
            )
        return answer
    parcels = [one for one in parcels_of(case, case.holders) if mask[one.row]]
    land = _Land(case, parcels)
    answer.notes.extend(land.notes)
    by_row: dict[int, list[int]] = {}
    for k, one in enumerate(parcels):
        by_row.setdefault(one.row, []).append(k)
    share, further = np.full(len(case.units), np.nan), np.full(len(case.units), np.nan)
    for row in rows_where(mask):
        own = by_row.get(row, [])
        if not own:
            answer.parts.append(
                unknown(row, LAND_RULE, case.rule(LAND_RULE), name, text_of("why_no_holders"))
            )
            continue
        several = len(own) > 1 or land.unlisted[row] > 0
        parts, further[row] = (
            _range_part(case, row, parcels, own, land)
            if several
            else _parcel_parts(row, parcels[own[0]])
        )
        share[row] = parts[0].figure
        answer.parts.extend(parts)
        if any(part.verdict.meets is False for part in parts):
            answer.offences.extend(_offences(row, parcels, own, land))
    answer.figures.update({"consenting_share": share, "further_signers": further})
    return Answer(
        answer.parts,
        answer.offences,
        answer.figures,
        answer.left_out,
        answer.notes,
        _listed(case, parcels, land),
    )


def fewest(cost: Sequence[float], land: Sequence[float], needed: float) -> float:
    """Return the least total cost (whole numbers) of parcels whose land adds up to `needed`; NaN if none.

    A covering knapsack, solved exactly: most land for every number of signers.

    >>> fewest([3, 1, 2], [50.0, 20.0, 30.0], 50.0)
    3.0
    """
    if needed <= 0:
        return 0.0
    usable = [(int(c), a) for c, a in zip(cost, land, strict=True) if not math.isnan(c) and a > 0]
    total = min(sum(c for c, _ in usable), MOST_SIGNERS)
    if sum(a for _, a in usable) < needed - 1e-9:
        return math.nan
    best = np.zeros(total + 1)
    for c, a in usable:
        if c <= total:
            best[c:] = np.maximum(best[c:], best[: total + 1 - c] + a)
    reached = np.flatnonzero(best >= needed - 1e-9)
    return float(reached[0]) if len(reached) else math.nan


class _Land:
    """Land of the listed parcels inside the demolition range, and of parcels without a holder."""

    def __init__(self, case: Case, parcels: Sequence[Parcel]) -> None:
        count = len(case.units)
        self.known = case.parcels is not None
        self.area: Floats = np.full(len(parcels), np.nan)
        self.shapes: Shapes = np.full(len(parcels), None, dtype=object)
        self.unlisted: Floats = np.zeros(count)
        self.notes: list[str] = []
        if case.parcels is None:
            return
        rows = case.parcels.assign(unit_id=ids_in(case.parcels, "parcel_id").to_numpy())
        ids = sorted(set(rows["unit_id"]))
        shapes = dissolved(rows, ids, "parcels", self.notes)
        found = pieces(case.units.demolition, shapes)
        place = {one: n for n, one in enumerate(ids)}
        at = {
            (int(z), int(s)): k
            for k, (z, s) in enumerate(zip(found.zone, found.source, strict=True))
        }
        listed = set()
        for k, one in enumerate(parcels):
            source = place.get(one.parcel_id, -1)
            listed.add((one.row, source))
            if source >= 0:
                piece = at.get((one.row, source))
                self.area[k] = 0.0 if piece is None else found.area[piece]
                self.shapes[k] = None if piece is None else found.geometry[piece]
        mostly = found.area >= MOSTLY * shapely.area(shapes[found.source])
        for at_piece in np.flatnonzero(mostly):
            zone, source = int(found.zone[at_piece]), int(found.source[at_piece])
            if (zone, source) not in listed:
                self.unlisted[zone] += found.area[at_piece]
        self._note(parcels)

    def _note(self, parcels: Sequence[Parcel]) -> None:
        strange = sorted(
            {
                one.parcel_id or "(no parcel_id)"
                for k, one in enumerate(parcels)
                if np.isnan(self.area[k])
            }
        )
        if strange:
            self.notes.append(
                f"holders name {len(strange)} parcels that parcels has not: {some_ids(strange)}"
            )
        away = sorted({one.parcel_id for k, one in enumerate(parcels) if self.area[k] == 0.0})
        if away:
            self.notes.append(
                f"{len(away)} parcels of holders lie outside of the demolition range: {some_ids(away)}"
            )


def _parcel_parts(row: int, parcel: Parcel) -> tuple[list[Part], float]:
    note = _signers(parcel.further) if parcel.meets is not True else None
    parts = []
    for n, one in enumerate(parcel.measures):
        why = _why(parcel, one)
        name = text_of(f"figure_consent_{one.of}", parcel=parcel.parcel_id or "—")
        parts.append(
            weigh(row, one.rule_id, one.rule, name, one.low, low=one.low, high=one.high, unit="1", why=why,
                  note=note if n == 0 else None)
        )  # fmt: skip
    return parts, parcel.further


def _range_part(
    case: Case, row: int, parcels: Sequence[Parcel], own: Sequence[int], land: _Land
) -> tuple[list[Part], float]:
    rule = case.rule(LAND_RULE)
    meets = np.array([parcels[k].meets for k in own], dtype=object)
    area = land.area[list(own)]
    low, high, why = _land_share(meets, area, float(land.unlisted[row]), known=land.known)
    total = float(area.sum()) + float(land.unlisted[row])
    further = _range_signers(rule, [parcels[k] for k in own], area, total)
    used = {m.rule_id: m.rule for k in own for m in parcels[k].measures}
    yes = int(words.yes(meets).sum())
    note = text_of("note_parcels", met=yes, count=len(own))
    part = weigh(
        row, LAND_RULE, rule, text_of("figure_consent_land"), low, low=low, high=high, unit="1", why=why, also=used,
        note=note
    )  # fmt: skip
    if part.verdict.meets is True or math.isnan(further):
        return [part], 0.0 if part.verdict.meets is True else further
    return [dataclasses.replace(part, text=joined([part.text, _signers(further)]))], further


def _land_share(
    meets: NDArray[np.object_], area: Floats, unlisted: float, *, known: bool
) -> tuple[float, float, Text | None]:
    yes, no = words.yes(meets), words.no(meets)
    if not known or np.isnan(area).any():
        if yes.all() or no.all():  # whatever the land of each
            return (float(yes.all()),) * 2 + (None,)
        return (
            math.nan,
            math.nan,
            missing_layer("parcels") if not known else text_of("why_no_parcel"),
        )
    total = float(area.sum()) + unlisted
    if total <= 0:
        return math.nan, math.nan, text_of("why_no_parcel")
    low = float(area[yes].sum()) / total
    high = 1.0 - float(area[no].sum()) / total
    open_ = int(len(meets) - yes.sum() - no.sum())
    why = text_of("why_consent", open=open_, unlisted=number(unlisted)) if high > low else None
    return low, high, why


def _range_signers(rule: Rule | None, own: Sequence[Parcel], area: Floats, total: float) -> float:
    if rule is None or rule.value is None or math.isnan(total) or total <= 0:
        return math.nan
    met = np.array([one.meets is True for one in own])
    short = float(rule.value) * total - float(area[met].sum())
    rest = [k for k in range(len(own)) if not met[k]]
    return fewest([own[k].further for k in rest], [float(area[k]) for k in rest], short)


def _why(parcel: Parcel, measure: Measure) -> Text:
    if parcel.form is None:
        return text_of("why_no_form")
    return (
        text_of("why_no_holding")
        if math.isnan(measure.low)
        else text_of("why_unanswered", count=parcel.unanswered)
    )


def _signers(further: float) -> Text:
    return (
        text_of("note_signers_unknown")
        if math.isnan(further)
        else text_of("note_signers", count=f"{further:.0f}")
    )


def _offences(
    row: int, parcels: Sequence[Parcel], own: Sequence[int], land: _Land
) -> list[Offence]:
    some = [k for k in own if parcels[k].meets is not True and land.shapes[k] is not None]
    if sum(parcels[k].owners - parcels[k].consenting for k in some) < FEWEST_OWNERS or not some:
        return []
    return [Offence(row, "not_consenting", flat_union(land.shapes[some]))]


def _listed(case: Case, parcels: Sequence[Parcel], land: _Land) -> pd.DataFrame:
    return pd.DataFrame({
        "unit_id": [case.units.ids[one.row] for one in parcels],
        "parcel_id": [one.parcel_id for one in parcels],
        "form": [one.form for one in parcels],
        "owners": [one.owners for one in parcels],
        "consenting_owners": [one.consenting for one in parcels],
        "unanswered_owners": [one.unanswered for one in parcels],
        "owner_share": [one.owner_share for one in parcels],
        "floor_area_share": [one.area_share for one in parcels],
        "meets": pd.Series([one.meets for one in parcels], dtype=object),
        "further_signers": [one.further for one in parcels],
        "few_owners": [one.owners < FEWEST_OWNERS for one in parcels],
        "area_m2": land.area,
    })  # fmt: skip
