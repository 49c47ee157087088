"""Land: the area of the demolition range, independent public land inside it, and its legal share."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np
import shapely

from renewal_geo.eligibility import words
from renewal_geo.eligibility.cases import (
    LEGAL_KINDS_RULE,
    Case,
    missing_layer,
    missing_range,
    rows_where,
    without,
)
from renewal_geo.eligibility.units import Mask
from renewal_geo.eligibility.verdicts import (
    Answer,
    Offence,
    Part,
    Text,
    joined,
    number,
    shown,
    unknown,
    unless,
    weigh,
)
from renewal_geo.eligibility.verdicts import words as text_of
from renewal_geo.rules import Rule
from renewal_geo.spatial.polygons import flat_union, polygonal

AREA_RULE, SMALL_LOT_RULE = "unit.min_demolition_area", "unit.small_lot_public_area"
PUBLIC_AREA_RULE, PUBLIC_SHARE_RULE = "unit.public_land_min_area", "unit.public_land_min_share"
LEGAL_RULE = "unit.legal_land_share"
LEGAL_PINGSHAN_RULE, LEGAL_KEY_RULE = f"{LEGAL_RULE}.pingshan_core", f"{LEGAL_RULE}.key_unit"


class Measured(NamedTuple):
    """The legal share of one unit, the least and most that it can be, and what is unsure about it."""

    share: float
    low: float
    high: float
    why: Text | None


def area(case: Case, mask: Mask) -> Answer:
    """Ask whether the demolition range is large enough; a small lot may be excused by its public land.

    A range that misses the least area is excused (U3) where independent public land reaches
    ``unit.small_lot_public_area``; see :func:`renewal_geo.eligibility.verdicts.unless`.
    """
    answer = Answer(figures={"demolition_m2": case.demolition_m2})
    rule, excuse = case.rule(AREA_RULE), case.rule(SMALL_LOT_RULE)
    name = text_of("figure_area")
    for row in rows_where(mask):
        figure = case.demolition_m2[row]
        if np.isnan(figure):
            answer.parts.append(unknown(row, AREA_RULE, rule, name, missing_range()))
            continue
        public = _public_part(case, row, SMALL_LOT_RULE, excuse, text_of("figure_small_lot"))
        part = unless(weigh(row, AREA_RULE, rule, name, figure, unit="m2"), public)
        answer.parts.append(part)
        if part.verdict.meets is False:
            answer.offences.append(Offence(row, "area", case.units.demolition[row]))
    return answer


def public_land(case: Case, mask: Mask) -> Answer:
    """Ask for independent public land: its area, and its share of the demolition range; both must be met.

    One finding with both comparisons: the notice states them in one sentence, and a unit fails with either.
    The finding shows the one that binds; ``comparisons`` of the screening holds both.
    """
    answer = Answer()
    share = case.public_m2 / case.demolition_m2
    answer.figures.update({"public_land_m2": case.public_m2, "public_land_share": share})
    rule = case.rule(PUBLIC_SHARE_RULE)
    name = text_of("figure_public_share")
    for row in rows_where(mask):
        answer.parts.append(
            _public_part(
                case,
                row,
                PUBLIC_AREA_RULE,
                case.rule(PUBLIC_AREA_RULE),
                text_of("figure_public_area"),
            )
        )
        why = _no_public(case, row)
        answer.parts.append(
            weigh(row, PUBLIC_SHARE_RULE, rule, name, share[row], unit="1", why=why)
        )
    return answer


def legal_land(case: Case, mask: Mask) -> Answer:
    """Ask which share of the demolition range is legal land, by overlay with tenure.

    The threshold is that of key units where ``key_unit`` is true, of the centre of Pingshan where
    ``policy_area`` says so, else the general one. Land without a text of tenure, or without any row of
    tenure, is unknown (``blank_tenure = "not_legal"`` counts it as not legal), as is land drawn as legal and
    as not legal at once: where the answer depends on it, there is none. Which texts are legal is given by
    the study (`legal_kinds`) or by the rule ``unit.legal_land_kinds``; unless that decides, nothing does.
    """
    answer = Answer()
    shares = [measured(case, row) for row in range(len(case.units))]
    answer.figures["legal_land_share"] = np.array([one.share for one in shares])
    if case.legal is not None:
        answer.figures["legal_land_m2"] = case.legal.known
        answer.figures["unknown_tenure_m2"] = case.legal.unknown
    for row in rows_where(mask):
        rule_id = _legal_rule(case, row)
        part = legal_part(case, row, rule_id, shares[row])
        answer.parts.append(part)
        if part.verdict.meets is False:
            answer.offences.append(Offence(row, "not_legal", _not_legal(case, row)))
    return answer


def key_unit(case: Case, mask: Mask) -> Answer:
    """Say what being a key unit changes: the legal share is asked by a lower threshold.

    Only for units marked so. Its status is that of the key unit's own threshold; the sentence says what the
    general one would have said. The successor's share of historic land is the handover's question.
    """
    answer = Answer()
    general = case.rule(LEGAL_RULE)
    key = case.is_key
    for row in rows_where(mask & ~key):
        answer.left_out.append((row, text_of("left_not_key")))
    for row in rows_where(mask & key):
        share = measured(case, row)
        part = legal_part(case, row, LEGAL_KEY_RULE, share)
        without_it = weigh(
            row,
            LEGAL_RULE,
            general,
            text_of("figure_legal"),
            share.share,
            low=share.low,
            high=share.high,
            unit="1",
        )
        meets = {True: "key_same", False: "key_helps", None: "key_unknown"}[
            without_it.verdict.meets
        ]
        limit = general.value if general is not None else None
        said = text_of(meets, limit="—" if limit is None else shown(float(limit), "1"))
        answer.parts.append(dataclasses.replace(part, text=joined([part.text, said])))
    return answer


def measured(case: Case, row: int) -> Measured:
    """Return the legal share of a unit's demolition range."""
    whole = case.demolition_m2[row]
    if np.isnan(whole):
        return Measured(np.nan, np.nan, np.nan, missing_range())
    if case.tenure is None:
        return Measured(np.nan, np.nan, np.nan, missing_layer("tenure"))
    if "tenure" not in case.tenure.columns:
        return Measured(
            np.nan,
            np.nan,
            np.nan,
            text_of("why_no_column", role=text_of("layer_tenure"), column="tenure"),
        )
    if case.legal is None:
        return Measured(np.nan, np.nan, np.nan, text_of("why_no_kinds"))
    known, blank, contested = (part[row] for part in case.legal)
    why = None
    if blank or contested:
        why = text_of("why_tenure", blank=number(blank), contested=number(contested))
    return Measured(known / whole, (known - contested) / whole, (known + blank) / whole, why)


def legal_part(case: Case, row: int, rule_id: str, share: Measured) -> Part:
    """Compare the legal share of a unit with one of the thresholds."""
    also = {} if case.legal_kinds is not None else {LEGAL_KINDS_RULE: case.rule(LEGAL_KINDS_RULE)}
    return weigh(
        row, rule_id, case.rule(rule_id), text_of("figure_legal"), share.share, unit="1",
        low=share.low, high=share.high, why=share.why, also=also, note=share.why,
    )  # fmt: skip


def _legal_rule(case: Case, row: int) -> str:
    if case.is_key[row]:
        return LEGAL_KEY_RULE
    return (
        LEGAL_PINGSHAN_RULE
        if words.is_of(case.units.table["policy_area"].iloc[row], words.PINGSHAN)
        else LEGAL_RULE
    )


def _public_part(case: Case, row: int, rule_id: str, rule: Rule | None, name: Text) -> Part:
    why = _no_public(case, row)
    return weigh(row, rule_id, rule, name, case.public_m2[row], unit="m2", why=why)


def _no_public(case: Case, row: int) -> Text | None:
    if np.isnan(case.demolition_m2[row]):
        return missing_range()
    return missing_layer("sites") if case.sites is None else None


def _not_legal(case: Case, row: int) -> object:
    """Return the part of a demolition range that no legal land covers."""
    assert case.tenure is not None  # noqa: S101 - a share was measured
    legal = case.tenure.geometry.to_numpy()[words.yes(case.is_legal)]
    ground = case.units.demolition[row]
    near = polygonal(legal[shapely.intersects(legal, ground)])
    return without(ground, flat_union(near) if len(near) else None)
