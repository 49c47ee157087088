"""Lines that bind: control lines inside the range, and what industrial block lines ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from renewal_geo.eligibility import words
from renewal_geo.eligibility.cases import (
    Case,
    Floats,
    covered,
    missing_layer,
    rows_where,
    uses_of,
    without,
)
from renewal_geo.eligibility.units import TOLERANCE_M2, Mask
from renewal_geo.eligibility.verdicts import (
    AREA_DECIMALS,
    Answer,
    Offence,
    Part,
    Text,
    joined,
    number,
    shown,
    unknown,
    weigh,
)  # fmt: skip
from renewal_geo.eligibility.verdicts import words as text_of
from renewal_geo.foundation.errors import some_ids
from renewal_geo.foundation.labels import has_label, label
from renewal_geo.rules import Rule, Verdict
from renewal_geo.spatial.area_tables import area_table
from renewal_geo.spatial.areas import pieces
from renewal_geo.spatial.polygons import Shapes, flat_union, polygonal

LINE_RULE = "control_line"
SHARE_RULE, LEVEL_RULE = "block_line.industrial_share", "block_line.level_1_uses"
WITHIN = "urban_growth_boundary"  # the one line that ground must lie inside of
LEVEL_1 = "1"
LINE_RULES = tuple(
    f"{LINE_RULE}.{kind}" for kind, _ in words.LINE_WORDS if kind != words.BLOCK_LINE
)


class Blocks(NamedTuple):
    """Pairs of unit and block line that share ground: unit number, row in the layer, ids, levels, shapes."""

    row: NDArray[np.int64]
    source: NDArray[np.int64]
    ids: NDArray[np.object_]
    level: NDArray[np.object_]
    shapes: Shapes


def control_lines(case: Case, mask: Mask) -> Answer:
    """Ask how much of each kind of control line lies inside the range, kind by kind.

    The range is the demolition range, the unit range where nothing is demolished. Kinds are told by their
    ids or Chinese names (:data:`renewal_geo.eligibility.words.LINE_WORDS`); several lines of one kind are
    measured as one. Ground must lie within the urban development boundary, so there the figure is what lies
    outside. A kind without a rule in force leaves the question open where it lies inside a range. Kinds that
    have a rule but no line in the layer were not tested, and a note says which. Industrial block lines have
    their own criterion.
    """
    answer = Answer()
    name = text_of("figure_lines")
    layer = case.control_lines
    if layer is None or "kind" not in layer.columns:
        why = missing_layer("control_lines") if layer is None else _no_kind()
        answer.parts.extend(unknown(row, LINE_RULE, None, name, why) for row in rows_where(mask))
        return answer
    kinds = np.where(words.blank(found := words.line_kinds(layer["kind"])), "unknown", found)
    asked = sorted(set(kinds) - {words.BLOCK_LINE})
    answer.notes.extend(_untested(case, set(kinds)))
    shapes = layer.geometry.to_numpy()
    for kind in asked:
        _ask_kind(case, mask, kind, shapes[kinds == kind], answer)
    answered = {part.row for part in answer.parts}
    for row in rows_where(mask):
        if case.units.ground[row] is None:
            answer.parts.append(unknown(row, LINE_RULE, None, name, text_of("why_no_range")))
        elif row not in answered:
            answer.left_out.append((row, text_of("left_no_lines")))
    return answer


def block_lines(case: Case, mask: Mask) -> Answer:
    """Ask what industrial block lines require of units inside them.

    Per block line that a unit shares more than 1 m2 with: the share of industrial land in the whole block
    line once the unit is carried out - the industrial parcels outside of the range, and inside of it the
    industrial part of the development land (the parcels as they are where no development land with a use is
    given). In lines of level 1: how much development land has a use that is neither industrial nor among
    those of ``block_line.level_1_uses``. Units that share ground with no block line are left out.
    """
    answer = Answer()
    layer = _block_layer(case)
    if layer is None:
        said = missing_layer("block_lines")
        for row in rows_where(mask):
            answer.parts.append(
                unknown(row, SHARE_RULE, case.rule(SHARE_RULE), text_of("figure_block"), said)
            )
        return answer
    blocks = _touching(case, layer)
    inside = np.bincount(blocks.row, minlength=len(case.units)) > 0
    answer.left_out.extend((row, text_of("left_no_block")) for row in rows_where(mask & ~inside))
    before, low, high, why = _industrial(case, blocks)
    for k in np.flatnonzero(mask[blocks.row]):
        row = int(blocks.row[k])
        name = text_of("figure_block_share", block=str(blocks.ids[k]))
        answer.parts.append(
            weigh(row, SHARE_RULE, case.rule(SHARE_RULE), name, low[k], low=low[k], high=high[k], unit="1", why=why,
                  note=None if np.isnan(before[k]) else text_of("note_block", before=number(100 * before[k])))
        )  # fmt: skip
        if blocks.level[k] == LEVEL_1:
            _ask_level(case, row, blocks.shapes[k], str(blocks.ids[k]), answer)
    answer.figures["block_industrial_share"] = _least(blocks.row, low, len(case.units))
    return answer


def _ask_kind(case: Case, mask: Mask, kind: str, shapes: Shapes, answer: Answer) -> None:
    rule = case.rule(f"{LINE_RULE}.{kind}")
    ground = case.units.ground
    table = area_table(ground, shapes)
    inside = np.maximum(table.zone_area - table.uncovered, 0.0)
    sliver = np.bincount(table.zone, table.sliver, minlength=len(ground))
    figure = np.where(
        np.isnan(case.ground_m2), np.nan, table.uncovered if kind == WITHIN else inside
    )
    answer.figures[f"{kind}_m2"] = figure
    name = text_of("figure_line_out" if kind == WITHIN else "figure_line", kind=_kind_said(kind))
    for row in rows_where(mask & ~np.isnan(figure)):
        thin = bool(sliver[row] >= inside[row] > 0)
        part = _line_part(row, kind, rule, name, figure[row], thin=thin)
        if part is None:
            continue
        answer.parts.append(part)
        if part.verdict.meets is not True and figure[row] > 0:
            answer.offences.append(Offence(row, kind, _where(ground[row], shapes, kind)))


def _line_part(
    row: int, kind: str, rule: Rule | None, name: Text, figure: float, *, thin: bool
) -> Part | None:
    """Judge ground under one kind of line; none where nothing is asked.

    A rule whose value is a word (``conditional``) states no limit: ground under such a line is for each
    case to decide, which is ``advisory``. A limit without an operator is one that must not be exceeded.
    """
    nothing = round(figure, AREA_DECIMALS) <= 0
    if nothing and (rule is None or isinstance(rule.value, str)):
        return None
    rule_id = f"{LINE_RULE}.{kind}"
    note = text_of("note_sliver") if thin and kind != WITHIN else None
    if rule is not None and isinstance(rule.value, str):
        said = text_of(
            "said_conditional",
            name=name,
            figure=shown(figure, "m2"),
            document=rule.document or rule_id,
        )
        return Part(
            row, rule_id, rule, name, round(figure, AREA_DECIMALS), Verdict("advisory", None),
            said if note is None else joined([said, note]), unit="m2",
        )  # fmt: skip
    asked = rule if rule is None or rule.operator else replace(rule, operator="<=")
    return weigh(row, rule_id, asked, name, figure, unit="m2", note=note, quiet=nothing)


def _where(ground: object, shapes: Shapes, kind: str) -> object:
    own = pieces(np.array([ground], dtype=object), polygonal(shapes)).geometry
    taken = flat_union(own) if len(own) else None
    return without(ground, taken) if kind == WITHIN else taken


def _untested(case: Case, kinds: set[str]) -> Iterator[str]:
    ids = [kind for kind, _ in words.LINE_WORDS if kind != words.BLOCK_LINE]
    absent = [
        kind for kind in ids if kind not in kinds and case.rule(f"{LINE_RULE}.{kind}") is not None
    ]
    if absent:
        yield f"control_lines has no line of these kinds, which were not tested: {some_ids(absent, len(absent))}"


def _kind_said(kind: str) -> Text:
    for group in ("kind", "eligibility"):
        if has_label(f"{group}.{kind}"):
            return Text(label(f"{group}.{kind}", "zh"), label(f"{group}.{kind}", "en"))
    return Text(kind, kind)


def _no_kind() -> Text:
    return text_of("why_no_column", role=text_of("layer_control_lines"), column="kind")


def _block_layer(case: Case) -> gpd.GeoDataFrame | None:
    """Return the block lines; those among the control lines where there is no layer of their own."""
    if case.block_lines is not None:
        return case.block_lines
    layer = case.control_lines
    if layer is None or "kind" not in layer.columns:
        return None
    own = layer[words.line_kinds(layer["kind"]) == words.BLOCK_LINE]
    return own if len(own) else None


def _touching(case: Case, layer: gpd.GeoDataFrame) -> Blocks:
    shapes = polygonal(layer.geometry.to_numpy())
    found = pieces(case.units.ground, shapes)
    kept = found.area > TOLERANCE_M2
    ids = layer.index.astype(str).to_numpy(dtype=object)
    order = np.lexsort((ids[found.source[kept]].astype(str), found.zone[kept]))
    row, source = found.zone[kept][order], found.source[kept][order]
    level = (
        words.classed(layer["level"], words.LEVEL_WORDS)
        if "level" in layer.columns
        else np.full(len(layer), None, dtype=object)
    )
    return Blocks(row, source, ids[source], level[source], shapes[source])


def _industrial(case: Case, blocks: Blocks) -> tuple[Floats, Floats, Floats, Text | None]:
    """Return the industrial share of each block line: as it is, and at least and at most after the unit."""
    count = len(blocks.row)
    nothing = np.full(count, np.nan)
    if case.parcels is None or "land_use" not in case.parcels.columns:
        why = missing_layer("parcels") if case.parcels is None else text_of(
            "why_no_column", role=text_of("layer_parcels"), column="land_use"
        )  # fmt: skip
        return nothing, nothing, nothing, why
    uses = uses_of(case, case.parcels, "land_use")
    shapes = case.parcels.geometry.to_numpy()
    area = shapely.area(blocks.shapes)
    planned, blank = _planned(case, blocks)
    industrial, open_ = (shapes[some] for some in (uses == words.INDUSTRIAL, words.blank(uses)))
    # what lies outside of the range is what lies in the block line less what lies in both
    inside = shapely.intersection(blocks.shapes, case.units.ground[blocks.row])
    cut = ~np.isnan(planned)
    total, unsure = _in_each(blocks, industrial), _in_each(blocks, open_)
    known = total - np.where(cut, covered(inside, industrial), 0.0) + np.nan_to_num(planned)
    unsure = unsure - np.where(cut, covered(inside, open_), 0.0) + blank
    high = np.minimum((known + unsure) / area, 1.0)
    return (
        total / area,
        known / area,
        high,
        text_of("why_block_use") if (unsure > 1e-6).any() else None,
    )


def _in_each(blocks: Blocks, layer: Shapes) -> Floats:
    """Return how much of a layer lies in each block line, each measured once."""
    _, first, back = np.unique(blocks.source, return_index=True, return_inverse=True)
    return covered(blocks.shapes[first], layer)[back]


def _planned(case: Case, blocks: Blocks) -> tuple[Floats, Floats]:
    """Return planned industrial land, and land of unknown use, of each unit in each block line, m2."""
    lots = case.units.lots
    planned, blank = np.full(len(blocks.row), np.nan), np.zeros(len(blocks.row))
    if not len(lots) or "use" not in lots.columns:
        return planned, blank
    uses = uses_of(case, lots, "use")
    shapes = polygonal(lots.geometry.to_numpy())
    owner = lots["unit_id"].to_numpy()
    for k, row in enumerate(blocks.row):
        own = owner == case.units.ids[row]
        if own.any():
            zone = shapely.intersection(blocks.shapes[[k]], case.units.ground[[row]])
            planned[k] = covered(zone, shapes[own & (uses == words.INDUSTRIAL)])[0]
            blank[k] = covered(zone, shapes[own & words.blank(uses)])[0]
    return planned, blank


def _ask_level(case: Case, row: int, block: object, block_id: str, answer: Answer) -> None:
    """Ask for the planned uses in a block line of level 1."""
    rule = case.rule(LEVEL_RULE)
    name = text_of("figure_level", block=block_id)
    lots = case.units.lots
    own = lots[lots["unit_id"] == case.units.ids[row]] if len(lots) else lots
    why = None
    if not len(own) or "use" not in own.columns:
        why = text_of("why_no_planned_use")
    elif rule is not None and not isinstance(rule.value, (list, tuple)):
        why = text_of("why_no_uses")
    if why is not None or rule is None:
        answer.parts.append(unknown(row, LEVEL_RULE, rule, name, why or text_of("why_no_figure")))
        return
    allowed = _allowed(case, own, rule)
    shapes = polygonal(own.geometry.to_numpy())
    zone = np.array([block], dtype=object)
    strange = shapes[words.no(allowed)]
    blank = covered(zone, shapes[words.blank(allowed)])[0]
    figure = covered(zone, strange)[0]
    part = weigh(
        row, LEVEL_RULE, replace(rule, value=0.0, operator="<=", unit="m2"), name, figure,
        low=figure, high=figure + blank, why=text_of("why_block_use"),
    )  # fmt: skip
    answer.parts.append(part)
    if part.verdict.meets is False:
        ground = np.array([case.units.ground[row]], dtype=object)
        own_pieces = pieces(shapely.intersection(zone, ground), strange).geometry
        if len(own_pieces):
            answer.offences.append(Offence(row, "level_1_use", flat_union(own_pieces)))


def _allowed(case: Case, lots: gpd.GeoDataFrame, rule: Rule) -> NDArray[np.object_]:
    """Return whether each planned use may lie in a line of level 1: True, False, None where unknown.

    Industry may; so may the texts that the rule names and whatever is of the class of one of them.
    """
    names = {str(one).strip() for one in rule.value}
    told = [
        words.classed(some, words.PLANNED_WORDS, case.use_words)
        for some in (sorted(names), lots["use"])
    ]
    allowed = {words.INDUSTRIAL, *told[0]} - {words.OTHER, None}
    return np.array(
        [True if str(use).strip() in names or kind in allowed else None if kind in (None, words.OTHER) else False
         for use, kind in zip(lots["use"], told[1], strict=True)], dtype=object,
    )  # fmt: skip


def _least(row: NDArray[np.int64], share: Floats, count: int) -> Floats:
    out = np.full(count, np.inf)
    np.fmin.at(out, row, share)
    return np.where(np.isinf(out), np.nan, out)
