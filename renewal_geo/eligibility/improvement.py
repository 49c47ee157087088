"""Comprehensive improvement of old industrial areas: the auxiliary track, the business track, and age."""

from __future__ import annotations

import numpy as np
import pandas as pd

from renewal_geo.eligibility import words
from renewal_geo.eligibility.ages import is_young, youngest
from renewal_geo.eligibility.cases import Case, Floats, missing_layer, rows_where
from renewal_geo.eligibility.stock import BUILDINGS, Stock, stock_of
from renewal_geo.eligibility.units import Mask
from renewal_geo.eligibility.verdicts import Answer, Offence, Part, Text, number, unknown, weigh
from renewal_geo.eligibility.verdicts import words as text_of
from renewal_geo.spatial.polygons import flat_union

AUXILIARY_RULE, BUSINESS_RULE, AGE_RULE = (
    "improvement.auxiliary_max_share", "improvement.business_max_share", "improvement.min_age",
)  # fmt: skip
AUXILIARY, BUSINESS, EXISTING = (
    "auxiliary_floor_area_m2",
    "business_floor_area_m2",
    "existing_floor_area_m2",
)


def improvement(case: Case, mask: Mask) -> Answer:
    """Ask the two tracks of comprehensive improvement and the age of the industrial buildings.

    Added auxiliary floor area and added business floor area, each as a share of the existing floor area:
    ``existing_floor_area_m2`` of the unit, else the sum of the buildings in the unit range where each of them
    has a floor area. A unit that states 0 m2 of business area has no business track; one that leaves it out
    may have one. No public limit of the business track was found, so only a study's own decides it.
    """
    answer = Answer()
    ranges = case.units.unit_range
    stock = stock_of(case, ranges)
    if stock is not None:
        answer.notes.extend(stock.notes)
    existing, summed = _existing(case, stock)
    shares = {column: _amount(case, column) / existing for column in (AUXILIARY, BUSINESS)}
    answer.figures.update(
        existing_floor_area_m2=existing,
        auxiliary_share=shares[AUXILIARY],
        business_share=shares[BUSINESS],
    )
    for row in rows_where(mask):
        note = text_of("note_summed", area=number(existing[row])) if summed[row] else None
        answer.parts.append(
            _track(
                case, row, AUXILIARY, AUXILIARY_RULE, shares[AUXILIARY][row], existing[row], note
            )
        )
        if _amount(case, BUSINESS)[row] != 0:
            answer.parts.append(
                _track(
                    case, row, BUSINESS, BUSINESS_RULE, shares[BUSINESS][row], existing[row], None
                )
            )
        _ask_age(case, row, stock, answer)
    return answer


def _track(
    case: Case,
    row: int,
    column: str,
    rule_id: str,
    share: float,
    existing: float,
    note: Text | None,
) -> Part:
    why = None
    if np.isnan(_amount(case, column)[row]):
        why = text_of("why_no_amount", column=text_of(f"column_{column}"))
    elif not existing > 0:
        why = text_of("why_no_amount", column=text_of(f"column_{EXISTING}"))
    figure = np.nan if why is not None else share
    return weigh(
        row,
        rule_id,
        case.rule(rule_id),
        text_of(f"figure_{column}"),
        figure,
        unit="1",
        why=why,
        note=note,
    )


def _ask_age(case: Case, row: int, stock: Stock | None, answer: Answer) -> None:
    name = text_of("figure_age_industrial")
    rule = case.rule(AGE_RULE)
    if stock is None:
        answer.parts.append(unknown(row, AGE_RULE, rule, name, missing_layer(BUILDINGS)))
        return
    own = stock.of(row) & (stock.use == words.INDUSTRIAL)
    if not own.any():
        answer.parts.append(unknown(row, AGE_RULE, rule, name, text_of("why_no_industry")))
        return
    part = youngest(case, row, AGE_RULE, name, stock, own)
    answer.parts.append(part)
    young = is_young(rule, case.as_of, stock.year[own])
    if part.verdict.meets is False and young.any():
        answer.offences.append(Offence(row, words.INDUSTRIAL, flat_union(stock.inside[own][young])))


def _existing(case: Case, stock: Stock | None) -> tuple[Floats, Mask]:
    """Return the existing floor area, and for which units it is the sum of their buildings."""
    stated = _amount(case, EXISTING)
    if stock is None:
        return stated, np.zeros(len(stated), dtype=bool)
    count = len(case.units)
    held = np.bincount(stock.row[stock.by_floor], minlength=count) > 0
    summed = np.bincount(stock.row, stock.weight, minlength=count)
    used = np.isnan(stated) & held
    return np.where(used, summed, stated), used


def _amount(case: Case, column: str) -> Floats:
    return pd.to_numeric(case.units.table[column], errors="coerce").to_numpy(dtype=float)
