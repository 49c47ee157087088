"""Odd lots 零星用地: remnants of state land that a project may take along, and their kind by geometry.

Let the *core* be the demolition range without its odd lots, and the *shared* part of a lot's outline that
which runs within 0.1 m of the core. By the share of the outline that is shared a lot is

- **enclosed** 夹心: at least 95 % - the project lies all round it;
- **interlocked** 插花: more than three fifths - it reaches into the project (a rectangular notch does when it
  is deeper than a quarter of its mouth, and so does a half disc);
- **edge** 边角: up to three fifths - it lies between the project and what bounds it (a rectangle in a corner
  shares half its outline, a strip along a road about half or less);
- **apart**: nothing - it does not touch the project.

Lots that touch each other are looked at as one.

The province's words (边角地 cut off between the edge of the project and that of the plan or of linear works,
夹心地 enclosed, 插花地 interlocking) carry no measure; this one is ours, and it depends on no scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from renewal_geo.eligibility import words
from renewal_geo.eligibility.cases import (
    Case,
    missing_layer,
    missing_range,
    own_pieces,
    rows_where,
    without,
)
from renewal_geo.eligibility.units import Mask
from renewal_geo.eligibility.verdicts import Answer, Offence, Part, Text, is_number, unknown, weigh
from renewal_geo.eligibility.verdicts import words as text_of
from renewal_geo.foundation.errors import some_ids
from renewal_geo.rules import Rule
from renewal_geo.spatial.areas import Pieces, pieces
from renewal_geo.spatial.polygons import Shapes, flat_union, polygonal

SHARE_RULE, TOTAL_RULE, SINGLE_RULE = (
    "unit.odd_lot_max_share", "unit.odd_lot_max_area", "unit.odd_lot_single_area",
)  # fmt: skip
APART = "apart"
SHAPES_OF_LOTS = (words.EDGE, words.ENCLOSED, words.INTERLOCKED, APART)
REACH_M = 0.1
MOSTLY_ROUND, THREE_FIFTHS = 0.95, 0.6
SMALLEST_M2 = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Lots:
    """Odd lots inside demolition ranges: unit number, shape, kind by geometry, kind declared, row in the layer."""

    row: NDArray[np.int64]
    shapes: Shapes
    kinds: NDArray[np.object_]
    declared: NDArray[np.object_]
    source: NDArray[np.int64]
    detected: bool


def odd_lots(case: Case, mask: Mask) -> Answer:
    """Ask how much of the demolition range odd lots make up, together and one by one.

    Lots count where they lie inside the demolition range. Where the study has no layer of odd lots, the
    connected remnants of unleased state land of `tenure` (未出让) are looked at instead, up to the largest
    single lot that a rule allows: such lots are a guess, so the finding is advisory whatever the rules say.
    """
    answer = Answer()
    if case.odd_lots is None and (case.tenure is None or "tenure" not in case.tenure.columns):
        for row in rows_where(mask):
            why = missing_layer("odd_lots")
            answer.parts.append(
                unknown(row, SHARE_RULE, case.rule(SHARE_RULE), text_of("figure_odd_share"), why)
            )
        return answer
    lots = _declared(case) if case.odd_lots is not None else _detected(case)
    answer.notes.extend(_notes(case, lots))
    total = np.zeros(len(case.units))
    for row in np.unique(lots.row):
        total[row] = float(flat_union(lots.shapes[lots.row == row]).area)
    total = np.where(np.isnan(case.demolition_m2), np.nan, total)
    answer.figures.update({"odd_lot_m2": total, "odd_lot_share": total / case.demolition_m2})
    for kind in SHAPES_OF_LOTS:
        count = np.bincount(lots.row[lots.kinds == kind], minlength=len(case.units))
        answer.figures[f"odd_lots_{kind}"] = count.astype(float)
    for row in rows_where(mask):
        parts = _parts(case, row, lots, total[row])
        answer.parts.extend(parts)
        if any(part.verdict.meets is False for part in parts):
            answer.offences.extend(_offences(lots, row))
    return answer


def kind_of(lot: Any, core: Any) -> str:
    """Return the kind of a lot by its geometry, as the module defines it.

    >>> from shapely import box
    >>> core = box(0, 0, 100, 100) - box(0, 0, 20, 20) - box(40, 40, 60, 60) - box(80, 30, 100, 60)
    >>> [kind_of(box(*b), core) for b in ((0, 0, 20, 20), (40, 40, 60, 60), (80, 30, 100, 60), (200, 0, 210, 9))]
    ['edge', 'enclosed', 'interlocked', 'apart']
    """
    if core is None:
        return APART
    outline = shapely.boundary(lot)
    near = shapely.buffer(core, REACH_M, join_style="mitre")
    share = shapely.length(shapely.intersection(outline, near)) / shapely.length(outline)
    # the ends of a shared stretch reach on by the tolerance, which a small lot would feel
    ends = 2 * REACH_M / shapely.length(outline)
    if share <= ends * (1 + 1e-6):
        return APART
    if share >= MOSTLY_ROUND:
        return words.ENCLOSED
    return words.INTERLOCKED if share - ends > THREE_FIFTHS + 1e-6 else words.EDGE


def _declared(case: Case) -> Lots:
    assert case.odd_lots is not None  # noqa: S101 - asked only then
    found = own_pieces(case, case.odd_lots, case.units.demolition)
    found = _wide(found)
    kinds = (
        words.classed(case.odd_lots["kind"], words.ODD_LOT_WORDS)[found.source]
        if "kind" in case.odd_lots.columns
        else np.full(len(found.zone), None, dtype=object)
    )
    return _lots(case, found, kinds, detected=False)


def _detected(case: Case) -> Lots:
    """Return the connected parts of unleased state land inside each range that are small enough."""
    assert case.tenure is not None  # noqa: S101 - asked only then
    unleased = words.classed(case.tenure["tenure"], words.UNLEASED_WORDS) == "state_unleased"
    found = pieces(case.units.demolition, polygonal(case.tenure.geometry.to_numpy()[unleased]))
    rule = case.rule(SINGLE_RULE) or case.rule(TOTAL_RULE)
    most = float(rule.value) if rule is not None and is_number(rule.value) else np.inf
    rows, shapes = [], []
    for row in np.unique(found.zone):
        for part in shapely.get_parts(flat_union(found.geometry[found.zone == row])):
            if part.area <= most:
                rows.append(row)
                shapes.append(part)
    made = np.empty(len(shapes), dtype=object)
    made[:] = shapes
    place = np.array(rows, dtype=np.int64)
    whole = _wide(Pieces(place, np.arange(len(place)), made, shapely.area(made)))
    return _lots(case, whole, np.full(len(whole.zone), None, dtype=object), detected=True)


def _wide(found: Pieces) -> Pieces:
    """Leave out lots of less than a square metre: a seam of the drawing is no lot."""
    kept = found.area >= SMALLEST_M2
    return Pieces(found.zone[kept], found.source[kept], found.geometry[kept], found.area[kept])


def _lots(case: Case, found: Pieces, declared: NDArray[np.object_], *, detected: bool) -> Lots:
    kinds = np.empty(len(found.zone), dtype=object)
    for row in np.unique(found.zone):
        own = np.flatnonzero(found.zone == row)
        together = flat_union(found.geometry[own])
        core = without(case.units.demolition[row], together)
        places = shapely.get_parts(together)
        told = np.array([kind_of(one, core) for one in places], dtype=object)
        which = shapely.intersects(
            shapely.point_on_surface(found.geometry[own])[:, None], places[None, :]
        )
        kinds[own] = told[which.argmax(axis=1)]
    return Lots(found.zone, found.geometry, kinds, declared, found.source, detected)


def _parts(case: Case, row: int, lots: Lots, total: float) -> list[Part]:
    guess: dict[str, Rule | None] = {"": None} if lots.detected else {}
    why = missing_range() if np.isnan(total) else None
    own = lots.row == row
    note = _kinds_said(lots, own)
    names = ("figure_odd_share", "figure_odd_area", "figure_odd_single")
    largest = float(shapely.area(lots.shapes[own]).max(initial=0.0)) if why is None else np.nan
    figures = (total / case.demolition_m2[row], total, largest)
    asked = zip(
        (SHARE_RULE, TOTAL_RULE, SINGLE_RULE), names, figures, ("1", "m2", "m2"), strict=True
    )
    return [
        weigh(
            row, rule_id, case.rule(rule_id), text_of(name), figure, unit=unit, why=why, also=guess,
            note=note if rule_id == SHARE_RULE else None,
        )
        for rule_id, name, figure, unit in asked
        if rule_id == SHARE_RULE or case.rule(rule_id) is not None
    ]  # fmt: skip


def _kinds_said(lots: Lots, own: Mask) -> Text | None:
    if not own.any():
        return text_of("note_no_lots_detected") if lots.detected else None
    counts = {kind: int((lots.kinds[own] == kind).sum()) for kind in SHAPES_OF_LOTS}
    return text_of("note_lots_detected" if lots.detected else "note_lots", **counts)


def _offences(lots: Lots, row: int) -> list[Offence]:
    own = lots.row == row
    return [
        Offence(row, kind, flat_union(lots.shapes[own & (lots.kinds == kind)]))
        for kind in SHAPES_OF_LOTS
        if (own & (lots.kinds == kind)).any()
    ]


def _notes(case: Case, lots: Lots) -> list[str]:
    if lots.detected:
        return [
            "there is no layer odd_lots: remnants of unleased state land in tenure were looked at instead"
        ]
    assert case.odd_lots is not None  # noqa: S101 - not detected
    differ = ~words.blank(lots.declared) & (lots.declared != lots.kinds)
    if not differ.any():
        return []
    named = [
        f"{case.odd_lots.index[lots.source[k]]} ({lots.declared[k]}, by its shape {lots.kinds[k]})"
        for k in np.flatnonzero(differ)
    ]
    return [
        f"{len(named)} odd lots are of another kind by their shape than declared: {some_ids(named)}"
    ]
