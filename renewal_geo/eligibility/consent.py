"""Consent parcel by parcel: who has agreed, by the form of ownership, and how many more it takes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.eligibility import words
from renewal_geo.eligibility.cases import Case
from renewal_geo.eligibility.units import ids_in
from renewal_geo.eligibility.verdicts import SHARE_DECIMALS
from renewal_geo.rules import Rule, judge

JOINT_RULE, SHARES_RULE = "willingness.joint", "willingness.shares"
AREA_RULE, OWNERS_RULE = "willingness.strata_area", "willingness.strata_owners"
OLD_AREA_RULE, OLD_OWNERS_RULE = (
    "willingness.old_residential_area",
    "willingness.old_residential_owners",
)
PARCEL_RULES = (JOINT_RULE, SHARES_RULE, AREA_RULE, OWNERS_RULE, OLD_AREA_RULE, OLD_OWNERS_RULE)
OLD = "old_residential"
BY_OWNERS, BY_AREA, BY_SHARES = "owners", "area", "shares"
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measure:
    """One share of a parcel that consents: its rule, at least and at most, and further signers to the limit."""

    rule_id: str
    rule: Rule | None
    of: str
    low: float
    high: float
    further: float

    @property
    def meets(self) -> bool | None:
        """Whether the limit is reached; None where that depends on what is unknown."""
        first, second = judge(self.rule, self.low).meets, judge(self.rule, self.high).meets
        return first if first is second else None


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel of one unit: its form of ownership, its owners by their answer, and what is measured."""

    row: int
    parcel_id: str
    form: str | None
    owners: int
    consenting: int
    unanswered: int
    owner_share: float
    area_share: float
    measures: tuple[Measure, ...] = field(default=())

    @property
    def meets(self) -> bool | None:
        """Whether every share is reached; None where that depends on what is unknown."""
        met = [one.meets for one in self.measures]
        return False if False in met else None if None in met or not met else True

    @property
    def further(self) -> float:
        """The smallest number of further signers with whom every share is reached; NaN where unknown.

        Who signs first should hold most: the largest holdings serve every share at once, so the greatest of
        the numbers that each share needs is enough for all.
        """
        return 0.0 if self.meets else max((one.further for one in self.measures), default=math.nan)


@dataclass(frozen=True, slots=True)
class _Owners:
    """The owners of one parcel: floor area and share that each holds, has signed for, and has refused."""

    answer: NDArray[np.object_]
    area: Floats
    signed_area: Floats
    refused_area: Floats
    share: Floats
    signed_share: Floats
    refused_share: Floats


def parcels_of(case: Case, holders: pd.DataFrame) -> Iterator[Parcel]:
    """Return every parcel that has a rights holder, by unit and parcel."""
    table = _table(case, holders)
    starts = np.flatnonzero(
        np.r_[True, (table["row"].to_numpy()[1:] != table["row"].to_numpy()[:-1])
              | (table["parcel_id"].to_numpy()[1:] != table["parcel_id"].to_numpy()[:-1])]
    ) if len(table) else np.empty(0, dtype=np.int64)  # fmt: skip
    columns = {name: table[name].to_numpy() for name in table.columns}
    rules = {one: case.rule(one) for one in PARCEL_RULES}
    for first, last in zip(starts, np.r_[starts[1:], len(table)], strict=True):
        yield _parcel({name: values[first:last] for name, values in columns.items()}, rules)


def _table(case: Case, holders: pd.DataFrame) -> pd.DataFrame:
    """Return the holders of the units asked, sorted by unit, parcel and holder."""
    place = {one: row for row, one in enumerate(case.units.ids)}
    count = len(holders)
    ids = ids_in(holders, "holder_id").to_numpy() if count else np.empty(0, dtype=object)
    blank = ids == ""
    ids = np.where(
        blank, [f"\0{n}" for n in range(count)], ids
    )  # each row without an id is a person
    told = pd.DataFrame({
        "row": [place.get(one, -1) for one in ids_in(holders, "unit_id")],
        "parcel_id": ids_in(holders, "parcel_id").to_numpy(),
        "holder_id": ids,
        "form": words.classed(_column(holders, "ownership"), words.OWNERSHIP_WORDS, rest=None),
        "share": pd.to_numeric(_column(holders, "share"), errors="coerce").to_numpy(dtype=float),
        "area": pd.to_numeric(_column(holders, "floor_area_m2"), errors="coerce").to_numpy(dtype=float),
        "consents": [None if pd.isna(one) else bool(one) for one in _column(holders, "consents")],
        "old": [not pd.isna(one) and bool(one) for one in _column(holders, "old_residential")],
    })  # fmt: skip
    return told[told["row"] >= 0].sort_values(["row", "parcel_id", "holder_id"], kind="stable")


def _column(holders: pd.DataFrame, name: str) -> pd.Series:
    if name in holders.columns:
        return holders[name].astype(object)
    return pd.Series(None, index=holders.index, dtype=object)


def _parcel(own: dict[str, NDArray[Any]], rules: dict[str, Rule | None]) -> Parcel:
    owners = _owners(own)
    forms = {one for one in own["form"] if one is not None}
    form = next(iter(forms)) if len(forms) == 1 else None
    count = len(owners.answer)
    if not forms and count == 1:
        form = words.SOLE
    if own["old"].any() and rules[OLD_OWNERS_RULE] is not None:
        form = OLD
    yes = int(words.yes(owners.answer).sum())
    no = int(words.no(owners.answer).sum())
    area = _ends(owners.area, owners.signed_area, owners.refused_area)[0]
    return Parcel(
        int(own["row"][0]), str(own["parcel_id"][0]), form, count, yes, count - yes - no, yes / count, area,
        tuple(_measures(form, owners, rules)),
    )  # fmt: skip


def _owners(own: dict[str, NDArray[Any]]) -> _Owners:
    """Add up the rows of each owner: he consents with all of them, and refuses with one."""
    _, at = np.unique(own["holder_id"].astype(str), return_inverse=True)
    count = int(at.max()) + 1
    signed = words.yes(own["consents"])
    refused = words.no(own["consents"])
    rows = np.bincount(at, minlength=count)
    answer = np.full(count, None, dtype=object)
    answer[np.bincount(at, signed, count) == rows] = True
    answer[np.bincount(at, refused, count) > 0] = False
    parts = [
        np.bincount(at, values * some, count)
        for values in (own["area"].astype(float), own["share"].astype(float))
        for some in (1.0, np.nan_to_num(signed), np.nan_to_num(refused))
    ]
    return _Owners(answer, *(np.asarray(one, dtype=float) for one in parts))


def _measures(
    form: str | None, owners: _Owners, rules: dict[str, Rule | None]
) -> Iterator[Measure]:
    """Return the shares that a form of ownership asks.

    Sole and joint ownership ask all, ownership by shares its shares, strata and old residential estates floor
    area and owners. Where the rule of a form is not in force, the pair of floor area and owners is asked, as
    before 2021. Where the form is unknown, only the consent of all tells.
    """
    if form == OLD:
        yield _by_area(OLD_AREA_RULE, owners, rules)
        yield _by_owners(OLD_OWNERS_RULE, owners, rules)
    elif form == words.SHARES and rules[SHARES_RULE] is not None:
        yield _by_shares(SHARES_RULE, owners, rules)
    elif form in (words.SOLE, words.JOINT) and rules[JOINT_RULE] is not None:
        yield _by_owners(JOINT_RULE, owners, rules)
    elif form is None:
        yield _untold(owners, rules)
    else:
        yield _by_area(AREA_RULE, owners, rules)
        yield _by_owners(OWNERS_RULE, owners, rules)


def _by_owners(rule_id: str, owners: _Owners, rules: dict[str, Rule | None]) -> Measure:
    each = np.ones(len(owners.answer))
    yes, no = ((owners.answer == told).astype(float) for told in (True, False))
    return _measure(rule_id, rules[rule_id], BY_OWNERS, each, yes, no)


def _by_area(rule_id: str, owners: _Owners, rules: dict[str, Rule | None]) -> Measure:
    if len(owners.answer) == 1 and np.isnan(owners.area).any():  # all or nothing, whatever the area
        return _by_owners(rule_id, owners, rules)
    return _measure(
        rule_id, rules[rule_id], BY_AREA, owners.area, owners.signed_area, owners.refused_area
    )


def _by_shares(rule_id: str, owners: _Owners, rules: dict[str, Rule | None]) -> Measure:
    """Add the shares that consent; what no holder is listed for, or has no share, has not answered."""
    low = float(np.nansum(owners.signed_share))
    high = max(low, 1.0 - float(np.nansum(owners.refused_share)))
    gains = np.nan_to_num(owners.share - owners.signed_share)
    return Measure(
        rule_id, rules[rule_id], BY_SHARES, _round(low), _round(high), further_signers(rules[rule_id], low, gains)
    )  # fmt: skip


def _untold(owners: _Owners, rules: dict[str, Rule | None]) -> Measure:
    rule_id = JOINT_RULE if rules[JOINT_RULE] is not None else OWNERS_RULE
    found = _by_owners(rule_id, owners, rules)
    return (
        found
        if found.low == 1.0
        else Measure(rule_id, found.rule, BY_OWNERS, found.low, 1.0, math.nan)
    )


def _measure(
    rule_id: str, rule: Rule | None, of: str, held: Floats, signed: Floats, refused: Floats
) -> Measure:
    low, high = _ends(held, signed, refused)
    total = float(held.sum())
    further = math.nan if math.isnan(low) else further_signers(rule, low, (held - signed) / total)
    return Measure(rule_id, rule, of, low, high, further)


def _ends(held: Floats, signed: Floats, refused: Floats) -> tuple[float, float]:
    """Return the share signed for, and the share not refused; NaN where a holding is not known."""
    total = float(held.sum())
    if math.isnan(total) or total <= 0:
        return math.nan, math.nan
    return _round(float(signed.sum()) / total), _round(1.0 - float(refused.sum()) / total)


def further_signers(rule: Rule | None, share: float, gains: Floats) -> float:
    """Return how many more must sign, the largest first, until a share reaches its limit; NaN if never.

    >>> further_signers(Rule("r", "q", 0.75, operator=">="), 0.5, np.array([0.1, 0.2, 0.2]))
    2.0
    """
    if rule is None or rule.value is None or math.isnan(share):
        return math.nan
    reached = share + np.r_[0.0, np.cumsum(np.sort(gains[gains > 0])[::-1])]
    met = [judge(rule, _round(float(one))).meets for one in reached]
    return float(met.index(True)) if True in met else math.nan


def _round(share: float) -> float:
    return round(share, SHARE_DECIMALS)
