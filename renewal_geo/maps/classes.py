"""A column of texts as legend entries: known land use in its colours, the rest told apart, few enough."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.maps.contrasts import CLEAR, VISIONS, difference, lab
from renewal_geo.maps.palettes import CYCLE, HATCHES, Entry, Ink, Palette, cycled
from renewal_geo.maps.spec import MapClass, Text, both, same

MOST_CLASSES = 24
OTHER, MISSING = "other", ""


@dataclass(frozen=True, slots=True, eq=False)
class Classed:
    """Legend entries, the position of each row in them, and a note where some had to be joined."""

    classes: tuple[MapClass, ...]
    class_of: NDArray[np.int32]
    note: Text | None


def classed(
    values: pd.Series,
    area_m2: NDArray[np.float64],
    *,
    title: Text,
    palette: Palette | None = None,
    titles: Mapping[str, Text] | None = None,
    missing: Text | None = None,
    most: int = MOST_CLASSES,
) -> Classed:
    """Return the values of a column as legend entries, the largest by area first.

    Parameters
    ----------
    values, area_m2
        n texts, missing ones allowed, and the areas that the table gives them (m2; NaN counts 0).
    title
        What the column is called, for the note.
    palette
        Colours by name or code. Values that it does not know, or whose code could be of two
        systems, take colours and hatches of their own.
    titles, missing
        Titles of values, and of none.
    most
        So many values have a class of their own; the rest, the smallest by area, is one class.

    Returns
    -------
    Classed
        Counts and areas of the classes are those of the table. Ties go by the text.
    """
    texts = (
        values.astype(object)
        .where(values.notna().to_numpy(), MISSING)
        .map(lambda v: str(v).strip())
    )
    area = np.nan_to_num(np.asarray(area_m2, dtype=float))
    sums = pd.Series(area).groupby(texts.to_numpy()).sum()
    named = [str(one) for one in sums.index if one != MISSING]
    order = sorted(named, key=lambda one: (-float(sums[one]), one))
    kept = order if len(order) <= most else order[:most]
    system = palette.system_of(named) if palette else ""
    entries = {one: palette.entry(one, system) if palette else None for one in kept}
    inks = _inks(entries)
    titles = titles or {}
    said = [(one, titles.get(one) or _title(one, entries[one]), inks[one]) for one in kept]
    rest = len(order) - len(kept)
    other, none = (palette.other, palette.missing) if palette else (REST, NONE)
    if rest:
        said.append((OTHER, both("edition.other_classes", count=rest), other))
    if (texts == MISSING).any():
        said.append((MISSING, missing or both("edition.no_value"), none))
    places = {value: place for place, (value, _, _) in enumerate(said)}
    where = dict.fromkeys(order[len(kept) :], len(kept))
    where.update({one: place for place, one in enumerate(kept)})
    where[MISSING] = places.get(MISSING, -1)
    class_of = np.array([where[text] for text in texts], dtype=np.int32)
    classes = tuple(
        MapClass(
            value or "no_value", text, ink.fill, ink.line, ink.width, ink.hatch, (),
            int((class_of == place).sum()), float(area[class_of == place].sum()),
        )
        for place, (value, text, ink) in enumerate(said)
    )  # fmt: skip
    return Classed(classes, class_of, _note(title, len(order), len(kept)) if rest else None)


REST, NONE = Ink("#d7d3c8", "horizontal"), Ink("#f4f2ec", "dots")


def _inks(entries: Mapping[str, Entry | None]) -> dict[str, Ink]:
    """Return a sign for each value, no two alike.

    Values of one class share its colour: the largest has its sign, the others another hatch. Values
    that no palette knows, and more of one class than there are hatches, take signs that are free.
    """
    signs: dict[str, Ink] = {}
    for value, entry in entries.items():
        if entry is not None:
            hatches = dict.fromkeys((entry.ink.hatch, *HATCHES))
            own = (replace(entry.ink, hatch=hatch) for hatch in hatches)
            ink = next((one for one in own if _is_clear(one, signs.values())), None)
            if ink is not None:
                signs[value] = ink
    for value in entries:
        if value not in signs:
            signs[value] = _free(signs.values())
    return signs


def _free(taken: Collection[Ink]) -> Ink:
    """Return a sign that nobody takes for one of `taken`; should there be none, one that is new."""
    every = [cycled(place) for place in range(len(CYCLE) * len(HATCHES))]
    clear = (one for one in every if _is_clear(one, taken))
    return next(clear, None) or next((one for one in every if one not in taken), every[0])


def _is_clear(ink: Ink, taken: Iterable[Ink]) -> bool:
    alike = [one for one in taken if one.hatch == ink.hatch]
    return all(
        difference(lab(ink.fill, vision), lab(one.fill, vision)) >= CLEAR
        for one in alike
        for vision in VISIONS
    )


def _title(value: str, entry: Entry | None) -> Text:
    if entry is None or value in entry.names:
        return entry.title if entry and value == entry.title.zh else same(value)
    return Text(f"{value} {entry.title.zh}", f"{value} {entry.title.en}")


def _note(title: Text, every: int, shown: int) -> Text:
    figures = {"all": every, "shown": shown, "rest": every - shown}
    return both("edition.many_classes", title=title, **figures)
