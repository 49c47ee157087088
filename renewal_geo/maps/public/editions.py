"""What may leave the house: released columns, merged rows, a coarse grid, no figure of a few owners."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations

from renewal_geo.foundation.errors import InputError
from renewal_geo.maps.public.controls import released_controls
from renewal_geo.maps.public.layers import Released, Told, released
from renewal_geo.maps.spec import Bar, Basemap, Fact, LayerSpec, MapSpec, Panel, Text, both
from renewal_geo.maps.texts import listed

PUBLIC_GRID_M = 10.0
MIN_OWNERS = 3
# names under which services take a key in the address of a tile, and users in front of a host
KEY = re.compile(
    r"[?&](tk|ak|sk|key|api_?key|app_?key|appid|token|access_?token|auth|sig|signature)=[^&{]"
    r"|//[^/@]+@",
    re.IGNORECASE,
)

__all__ = ["MIN_OWNERS", "PUBLIC_GRID_M", "Told", "public_spec", "refuse_key"]


def public_spec(
    spec: MapSpec,
    *,
    grid_m: float = PUBLIC_GRID_M,
    min_owners: int = MIN_OWNERS,
    told: Sequence[Told] = (),
    panel: Panel | None = None,
) -> MapSpec:
    """Return the public edition of any map; whoever builds a map calls it last.

    Default-deny: of each layer only `public_columns` stay, in popups, search, filters, colourings,
    totals, bars, lists and captions; a control that asks for anything else goes. Owners never stay.
    Layers marked ``drop`` go, rows of layers marked ``merge`` become one per class and `public_by`.
    Coordinates lie on a grid, on which neighbours of a layer still share their edges. Areas are the
    table's. The classes of a layer are what the map is about: their titles stay.

    Parameters
    ----------
    spec
        The internal map.
    grid_m
        Width of the grid (m).
    min_owners
        A count or an area behind which fewer owners stand is not told, nor any other figure from
        which it would follow (:mod:`renewal_geo.maps.public.suppression`). Where a layer names no owners,
        each row counts as one. The *shapes* stay: who measures on the map gets an area to the grid.
    told
        What figures of the funnel, of the facts and of rows of other layers add up, and texts that
        add up nothing. Facts that are not named here are left out: they could speak of one parcel.
        So is an unnamed funnel, where its steps differ by too few parcels or anything is withheld.
    panel
        The panel of the public edition; that of `spec` is for the house and never stays.

    Returns
    -------
    MapSpec
        With the edition ``public``, and notes about what is left out.

    Raises
    ------
    InputError
        For a basemap whose address carries a key, and for a grid without width.
    """
    refuse_key(spec.basemap)
    sums = {one.column for one in spec.totals} | {one.column for one in spec.bars}
    made = {
        layer.name: released(
            layer,
            grid_m=grid_m,
            min_owners=min_owners,
            told=[one for one in told if one.layer == layer.name],
            sums=sums,
        )
        for layer in spec.layers
        if layer.public != "drop"
    }
    refused = [one for each in made.values() for one in each.refused]
    safe = not any(each.withheld for each in made.values())
    funnel = _funnel(spec.funnel, told, refused, min_owners, safe=safe)
    facts = _facts(spec.facts, told, refused)
    controls = released_controls(spec, made)
    gone = list(dict.fromkeys(controls.left_out))
    gone += [layer.title for layer in spec.layers if layer.public == "drop"]
    gone += [both("edition.funnel")] if len(funnel) < len(spec.funnel) else []
    gone += [both("edition.facts")] if len(facts) < len(spec.facts) else []
    gone += [both("edition.panel")] if spec.panel and not panel else []
    return replace(
        spec,
        edition="public",
        layers=tuple(_without(each.layer, refused) for each in made.values()),
        notes=(*spec.notes, *_notes(made.values(), gone, grid_m, min_owners)),
        facts=facts,
        funnel=funnel,
        panel=panel,
        totals=controls.totals,
        bars=controls.bars,
        deadlines=controls.deadlines,
        timeline=controls.timeline,
        compare=controls.compare,
        wall=controls.wall,
        list_layer=controls.list_layer,
    )


def refuse_key(basemap: Basemap | None) -> None:
    """Refuse an online basemap whose address carries a key: everyone could read it in the file.

    Raises
    ------
    InputError
        Naming the basemap.
    """
    if basemap is not None and any(KEY.search(address) for address in basemap.address):
        raise InputError(
            f"the address of the basemap {basemap.name!r} carries a key that everyone could read",
            fix="publish without an online basemap, or with one that needs no key",
            code="basemap_key",
        )


def _funnel(
    funnel: tuple[Bar, ...], told: Sequence[Told], refused: list[Told], least: int, *, safe: bool
) -> tuple[Bar, ...]:
    """Return the steps that may be told; where nobody said what they add up, all or none."""
    named = {one.position for one in told if one.place == "funnel"}
    if named >= set(range(len(funnel))):
        never = {one.position for one in refused if one.place == "funnel"}
        return tuple(bar for place, bar in enumerate(funnel) if place not in never)
    steps = [bar.count for bar in funnel]
    apart = [abs(a - b) for a, b in combinations([0, *steps], 2)]
    return funnel if safe and all(step == 0 or step >= least for step in apart) else ()


def _facts(facts: tuple[Fact, ...], told: Sequence[Told], refused: list[Told]) -> tuple[Fact, ...]:
    named = {one.position for one in told if one.place == "facts"}
    never = {one.position for one in refused if one.place == "facts"}
    return tuple(fact for place, fact in enumerate(facts) if place in named - never)


def _without(layer: LayerSpec, refused: list[Told]) -> LayerSpec:
    """Return a layer without the numbers of rows that would give away those of another layer."""
    rows = [one.position for one in refused if one.place == layer.name]
    numbers = [one.name for one in layer.columns if one.form == "number"]
    if not rows or not numbers:
        return layer
    values = layer.values.astype(dict.fromkeys(numbers, float))
    values.loc[rows, numbers] = float("nan")
    # the sum over all rows would give the missing one
    bare = tuple(replace(one, count=None, area_m2=None) for one in layer.classes)
    return replace(layer, values=values, classes=bare)


def _notes(made: Iterable[Released], gone: list[Text], grid_m: float, least: int) -> list[Text]:
    made = list(made)
    plain = "map.public_note" if any(each.merged for each in made) else "edition.grid"
    notes = [both(plain, grid=f"{grid_m:g}")]
    lost = sum(each.lost for each in made)
    withheld = sum(each.withheld for each in made)
    if lost:
        notes.append(both("edition.lost", count=lost))
    if withheld:
        notes.append(both("edition.withheld", least=least, count=withheld))
    if withheld and any(each.guessed for each in made):
        notes.append(both("edition.rows_as_owners"))
    if gone:
        notes.append(both("edition.left_out", names=listed(gone)))
    return notes
