"""What a reader of the public edition may still ask: controls whose columns are released."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from renewal_geo.maps.controls import Bars, Compare, Deadlines, Timeline, Total, Wall, Where
from renewal_geo.maps.public.layers import COUNT, Released
from renewal_geo.maps.spec import MapSpec, Text, both


@dataclass(frozen=True, slots=True)
class Controls:
    """The controls that stay, and the titles of those that do not."""

    totals: tuple[Total, ...]
    bars: tuple[Bars, ...]
    deadlines: Deadlines | None
    timeline: Timeline | None
    compare: Compare | None
    wall: Wall | None
    list_layer: str
    left_out: tuple[Text, ...]


def released_controls(spec: MapSpec, made: Mapping[str, Released]) -> Controls:
    """Return the controls of `spec` that the released layers can answer.

    A sum over merged rows counts what they stand for; one that misses withheld figures says so in
    its title. A list by day, a timeline and a wall speak of single rows: over merged rows they go.
    """
    totals = [_total(one, made.get(one.layer)) for one in spec.totals]
    bars = [_bars(one, made.get(one.layer)) for one in spec.bars]
    deadlines = _deadlines(spec.deadlines, made)
    timeline = _timeline(spec.timeline, made)
    wall = _wall(spec.wall, made)
    asked = [*spec.bars, spec.deadlines, spec.timeline]
    stayed = [*bars, deadlines, timeline]
    gone = [both("edition.totals")] if None in totals else []
    gone += [
        one.title for one, kept in zip(asked, stayed, strict=True) if one is not None and not kept
    ]
    gone += [both("edition.wall")] if spec.wall and not wall else []
    sides = {one.layer.side for one in made.values()}
    listed = made.get(spec.list_layer)
    return Controls(
        totals=tuple(one for one in totals if one),
        bars=tuple(one for one in bars if one),
        deadlines=deadlines,
        timeline=timeline,
        compare=spec.compare if {"before", "after"} <= sides else None,
        wall=wall,
        list_layer=spec.list_layer if listed and not listed.merged else "",
        left_out=tuple(gone),
    )


def _names(made: Released) -> set[str]:
    return {column.name for column in made.layer.columns}


def _asks_only(conditions: tuple[Where, ...], made: Released) -> bool:
    return {one.column for one in conditions} <= _names(made)


def _total(one: Total, made: Released | None) -> Total | None:
    if made is None or not _asks_only((*one.where, *(one.share_of or ())), made):
        return None
    column = one.column or (COUNT if made.merged else "")
    if column and column not in _names(made):
        return None
    return replace(one, column=column, title=_title(one.title, made))


def _bars(one: Bars, made: Released | None) -> Bars | None:
    if made is None or one.by not in _names(made):
        return None
    column = one.column or (COUNT if made.merged else "")
    if column and column not in _names(made):
        return None
    return replace(one, column=column, title=_title(one.title, made))


def _title(title: Text, made: Released) -> Text:
    return both("edition.published_only", title=title) if made.partial else title


def _deadlines(one: Deadlines | None, made: Mapping[str, Released]) -> Deadlines | None:
    found = made.get(one.layer) if one else None
    if one is None or found is None or found.merged:
        return None
    names = _names(found)
    if one.due not in names or not _asks_only(one.done, found):
        return None
    return replace(one, columns=tuple(name for name in one.columns if name in names))


def _timeline(one: Timeline | None, made: Mapping[str, Released]) -> Timeline | None:
    found = made.get(one.layer) if one else None
    if one is None or found is None or found.merged or one.date not in _names(found):
        return None
    return one


def _wall(one: Wall | None, made: Mapping[str, Released]) -> Wall | None:
    found = made.get(one.layer) if one else None
    if one is None or found is None or found.merged or one.name not in _names(found):
        return None
    names = _names(found)
    return replace(
        one,
        columns=tuple(name for name in one.columns if name in names),
        gates=tuple(gate for gate in one.gates if {gate.due, gate.done} <= names),
    )
