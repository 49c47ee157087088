"""How old the buildings of a demolition range are, use by use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from renewal_geo.eligibility import words
from renewal_geo.eligibility.cases import Case, missing_layer, missing_range, rows_where
from renewal_geo.eligibility.stock import BUILDINGS, PARCELS, Stock, stock_of
from renewal_geo.eligibility.units import Mask
from renewal_geo.eligibility.verdicts import (
    Answer,
    Offence,
    Part,
    Text,
    is_number,
    shown,
    unknown,
    unless,
    weigh,
)
from renewal_geo.eligibility.verdicts import words as text_of
from renewal_geo.rules import Rule, Verdict
from renewal_geo.spatial.area_tables import area_table
from renewal_geo.spatial.areas import pieces
from renewal_geo.spatial.polygons import flat_union

AGE_RULE = "unit.building_age"
AGE_RULES = tuple(f"{AGE_RULE}.{use}" for use in words.USES)
YOUNGER_RULE, BEFORE_RULE = "unit.younger_land_share", "unit.existed_before"


class Hosts(NamedTuple):
    """The parcel under every building, whether it is leased (None unknown), and why none of it is known."""

    parcel: NDArray[np.int64]
    leased: NDArray[np.object_]
    why: Text | None


def building_age(case: Case, mask: Mask) -> Answer:
    """Ask how old the youngest building of each use is, and whether all existed before the day set.

    Age is the year of the case less the year built. A building belongs to the range in which at least half of
    its footprint stands; uses are told by :data:`renewal_geo.eligibility.words.USE_WORDS`. Where a year is
    unknown, the youngest building may be younger than the youngest known: the answer stands only if that
    changes nothing. Too young buildings are excused (U6) where they stand on leased parcels that make up no
    more than ``unit.younger_land_share`` of the range. A building without a use leaves the question open
    unless it is old enough for every use. Uses other than the three are asked for no age.
    """
    answer = Answer()
    stock = stock_of(case, case.units.demolition)
    if stock is None:
        for row in rows_where(mask):
            answer.parts.append(
                unknown(
                    row,
                    AGE_RULE,
                    case.rule(AGE_RULES[0]),
                    text_of("figure_ages"),
                    missing_layer(BUILDINGS),
                )
            )
        return answer
    answer.notes.extend(stock.notes)
    figures = {
        f"{name}_{use}": np.full(len(case.units), np.nan)
        for use in words.USES for name in ("youngest_year", "too_young_share")
    }  # fmt: skip
    answer.figures.update(figures)
    hosts = _hosts_of(case, stock)
    for row in rows_where(mask):
        _ask_unit(case, stock, hosts, row, answer)
    return answer


def youngest(
    case: Case, row: int, rule_id: str, name: Text, stock: Stock, own: NDArray[np.bool_]
) -> Part:
    """Compare the age of the youngest of some buildings with a rule, in years."""
    rule = case.rule(rule_id)
    year, weight = stock.year[own], stock.weight[own]
    open_ = np.isnan(year)
    why = text_of(
        "why_years", unknown=int(open_.sum()), count=len(year), share=shown(_share(weight, open_), "1")
    ) if open_.any() else None  # fmt: skip
    if open_.all():
        return unknown(row, rule_id, rule, name, why or text_of("why_no_figure"))
    last = float(np.nanmax(year))
    age = case.as_of.year - last
    young = is_young(rule, case.as_of, year)
    note = text_of(
        "note_young", year=f"{last:.0f}", young=int(young.sum()), count=len(year),
        share=shown(_share(weight, young), "1"),
        basis=text_of("by_floor" if stock.by_floor[own].all() else "by_footprint"),
    )  # fmt: skip
    return weigh(
        row,
        rule_id,
        rule,
        name,
        age,
        low=0.0 if why else age,
        high=age,
        unit="year",
        why=why,
        note=note,
    )


def is_young(rule: Rule | None, day: dt.date, year: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which buildings miss the age that a rule asks; unknown years do not."""
    if rule is None or not is_number(rule.value):
        return np.zeros(len(year), dtype=bool)
    age = day.year - year
    return np.asarray(age <= rule.value if rule.operator == ">" else age < rule.value)


def _ask_unit(case: Case, stock: Stock, hosts: Hosts, row: int, answer: Answer) -> None:
    own = stock.of(row)
    if not own.any():
        why = missing_range() if np.isnan(case.demolition_m2[row]) else text_of("why_no_buildings")
        answer.parts.append(
            unknown(row, AGE_RULE, case.rule(AGE_RULES[0]), text_of("figure_ages"), why)
        )
        return
    parts = list(_by_use(case, stock, row, own, answer))
    young = own & _young(case, stock)
    if any(part.verdict.meets is False for part in parts):
        excuse = _excuse(case, row, young, young | (own & np.isnan(stock.year)), hosts)
        parts = [unless(part, excuse) for part in parts]
    parts += list(_untold(case, stock, row, own)) + list(_before(case, stock, row, own))
    if not parts:
        answer.left_out.append((row, text_of("left_other_uses")))
    answer.parts.extend(parts)
    if any(part.verdict.meets is False for part in parts):
        answer.offences.extend(_offences(case, stock, row, own))


def _by_use(
    case: Case, stock: Stock, row: int, own: NDArray[np.bool_], answer: Answer
) -> Iterator[Part]:
    for use, rule_id in zip(words.USES, AGE_RULES, strict=True):
        some = own & (stock.use == use)
        if not some.any():
            continue
        known = stock.year[some]
        if not np.isnan(known).all():
            answer.figures[f"youngest_year_{use}"][row] = np.nanmax(known)
        young = is_young(case.rule(rule_id), case.as_of, known)
        answer.figures[f"too_young_share_{use}"][row] = _share(stock.weight[some], young)
        yield youngest(case, row, rule_id, text_of(f"figure_age_{use}"), stock, some)


def _untold(case: Case, stock: Stock, row: int, own: NDArray[np.bool_]) -> Iterator[Part]:
    """Leave the question open for buildings without a use, unless they are old enough for every use."""
    blank = own & words.blank(stock.use)
    rules = [case.rule(one) for one in AGE_RULES]
    asked = [float(one.value) for one in rules if one is not None and is_number(one.value)]
    if not blank.any() or not asked:
        return
    age = case.as_of.year - stock.year[blank]
    unsure = ~(age > max(asked))
    if unsure.any():
        why = text_of("why_uses", count=int(unsure.sum()))
        yield unknown(row, AGE_RULE, rules[0], text_of("figure_age_untold"), why)


def _before(case: Case, stock: Stock, row: int, own: NDArray[np.bool_]) -> Iterator[Part]:
    """Ask whether every building existed before the day set; not asked where no such day is in force."""
    rule = case.rule(BEFORE_RULE)
    if rule is None:
        return
    name = text_of("figure_before")
    day = day_in(rule.value)
    year = stock.year[own]
    open_ = np.isnan(year)
    if day is None or open_.all():
        why = (
            None
            if day is None
            else text_of("why_years", unknown=int(open_.sum()), count=len(year), share="100.0 %")
        )
        yield unknown(row, BEFORE_RULE, rule, name, why or text_of("why_no_day"))
        return
    last = float(np.nanmax(year))
    # a building of a year was finished on any of its days; one of unknown year may be of this year
    top = case.as_of.year + 1.0 if open_.any() else last + 1.0
    limit = day.year + day.timetuple().tm_yday / _days_of(day.year)
    why = text_of(
        "why_years",
        unknown=int(open_.sum()),
        count=len(year),
        share=shown(_share(stock.weight[own], open_), "1"),
    )
    asked = replace(rule, value=limit, operator=rule.operator or "<=")
    part = weigh(
        row, BEFORE_RULE, asked, name, last, low=last + 1 / _days_of(int(last)), high=top, told=day.isoformat(),
        why=why if open_.any() else text_of("why_same_year"),
    )  # fmt: skip
    yield replace(part, limit=float(day.year))


def day_in(value: Any) -> dt.date | None:
    """Return the day that a rule's value states: a date, a text of one, or a year (its last day)."""
    if isinstance(value, dt.date):
        return value
    if isinstance(value, int):
        return dt.date(value, 12, 31)
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        return None


def _young(case: Case, stock: Stock) -> NDArray[np.bool_]:
    young = np.zeros(len(stock.row), dtype=bool)
    for use, rule_id in zip(words.USES, AGE_RULES, strict=True):
        young |= (stock.use == use) & is_young(case.rule(rule_id), case.as_of, stock.year)
    return young


def _excuse(
    case: Case, row: int, young: NDArray[np.bool_], perhaps: NDArray[np.bool_], hosts: Hosts
) -> Part | None:
    """Measure the leased land under younger buildings, at least and where unknown years are young as well."""
    rule = case.rule(YOUNGER_RULE)
    if rule is None:
        return None
    name = text_of("figure_younger")
    if hosts.why is not None:
        return unknown(row, YOUNGER_RULE, rule, name, hosts.why)
    if words.no(hosts.leased[young]).any():
        return Part(
            row,
            YOUNGER_RULE,
            rule,
            name,
            np.nan,
            Verdict("advisory", meets=False),
            text_of("note_not_leased"),
        )
    if words.blank(hosts.leased[young]).any():
        return unknown(row, YOUNGER_RULE, rule, name, text_of("why_lease"))
    low = _land_share(case, row, hosts.parcel[young])
    high = (
        _land_share(case, row, hosts.parcel[perhaps])
        if words.yes(hosts.leased[perhaps]).all()
        else 1.0
    )
    return weigh(
        row, YOUNGER_RULE, rule, name, low, low=low, high=high, unit="1",
        why=text_of("why_younger_years") if high > low else None,
    )  # fmt: skip


def _land_share(case: Case, row: int, under: NDArray[np.int64]) -> float:
    own = pieces(case.units.demolition[[row]], case.parcel_shapes[np.unique(under)]).geometry
    return float(flat_union(own).area / case.demolition_m2[row]) if len(own) else 0.0


def _hosts_of(case: Case, stock: Stock) -> Hosts:
    """Return for every building the parcel on which most of it stands (-1 none), and whether that is leased."""
    parcels, count = case.parcels, len(stock.row)
    nothing = (np.full(count, -1), np.full(count, None, dtype=object))
    if parcels is None:
        return Hosts(*nothing, missing_layer("parcels"))
    if "tenure" not in parcels.columns:
        return Hosts(
            *nothing, text_of("why_no_column", role=text_of("layer_parcels"), column="tenure")
        )
    told = words.classed(parcels["tenure"], words.LEASED_WORDS)
    parcel, leased = nothing
    if stock.role == PARCELS:
        parcel = stock.source
    else:
        found = area_table(stock.footprint, case.parcel_shapes)
        order = np.lexsort((found.area, found.zone))  # the last of each building is its largest
        parcel[found.zone[order]] = found.source[order]
    held = parcel >= 0
    leased[held] = [None if one is None else one == "leased" for one in told[parcel[held]]]
    return Hosts(parcel, leased, None)


def _offences(case: Case, stock: Stock, row: int, own: NDArray[np.bool_]) -> Iterator[Offence]:
    for use, rule_id in zip(words.USES, AGE_RULES, strict=True):
        some = own & (stock.use == use) & is_young(case.rule(rule_id), case.as_of, stock.year)
        if some.any():
            yield Offence(row, use, flat_union(stock.inside[some]))


def _share(weight: NDArray[np.float64], some: NDArray[np.bool_]) -> float:
    total = float(weight.sum())
    return float(weight[some].sum()) / total if total > 0 else np.nan


def _days_of(year: int) -> int:
    return dt.date(year, 12, 31).timetuple().tm_yday
