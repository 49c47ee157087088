"""Colours and hatches: safe for the colour-blind, and never colour alone.

Palettes that a bureau may want to change are data (``assets/palettes``); :func:`load` reads them, or
a file of the user's own.
"""

from __future__ import annotations

import functools
import importlib.resources
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from renewal_geo.foundation.errors import InputError
from renewal_geo.maps.spec import Hatch
from renewal_geo.maps.texts import Text

COLOUR = re.compile(r"#[0-9a-f]{6}")
SYSTEMS = ("survey", "national", "shenzhen")
OWN_KEYS = {"title", "names", "fill", "hatch", "line", "width", *SYSTEMS}


@dataclass(frozen=True, slots=True)
class Ink:
    """How one class is drawn."""

    fill: str
    hatch: Hatch = ""
    line: str = ""
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One class of a palette: what it is called, its names and codes in the data, how it is drawn."""

    title: Text
    ink: Ink
    names: frozenset[str]
    codes: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Palette:
    """Classes with their colours; `other` for what has no place of its own, `missing` for no value."""

    title: Text
    entries: tuple[Entry, ...]
    other: Ink
    missing: Ink

    def entry(self, value: str, system: str = "") -> Entry | None:
        """Return the class that a value of the data belongs to, or None.

        Parameters
        ----------
        value
            A name, or a code; a longer code falls to the longest one that begins it.
        system
            Which codes: ``survey``, ``national``, ``shenzhen``. Empty: only names count.
        """
        named = next((one for one in self.entries if value in one.names), None)
        if named is not None or not system:
            return named
        fits = [
            (len(code), place)
            for place, one in enumerate(self.entries)
            for code in one.codes.get(system, ())
            if _begins(value, code)
        ]
        return self.entries[max(fits)[1]] if fits else None

    def system_of(self, values: Iterable[str]) -> str:
        """Return the one system whose codes explain the most values; empty where several do.

        The same digits mean different land in the survey (0601: industry) and in the plan (0601: a
        village road), so nothing is guessed where both would do.
        """
        wanted = set(values)
        told = {s: sum(self.entry(value, s) is not None for value in wanted) for s in SYSTEMS}
        best = [system for system in SYSTEMS if told[system] == max(told.values())]
        return best[0] if len(best) == 1 else ""


PAPER = "#f6f4ef"
TEXT = "#1c2733"
ZONE_LINE = "#0b2e4f"

# Okabe and Ito's hues, some of them lightened so that the chosen land stands out; each hue that
# could be mistaken for a neighbour carries a hatch as well.
REASONS: dict[str, Ink] = {
    "chosen": Ink("#0072b2"),
    "chosen_filler": Ink("#0072b2", "dots"),
    "budget": Ink("#e69f00"),
    "low_value": Ink("#f2da72"),
    "undecided": Ink("#b9a3d0", "horizontal"),
    "share": Ink("#d9795d", "backward"),
    "cut_off": Ink("#cc79a7", "cross"),
    "isolated": Ink("#c3c1bb", "dots"),
    "excluded": Ink("#7fb59a", "forward"),
    "locked_out": Ink("#77736b", "cross"),
    "not_in_pool": Ink("#e9e6de"),
    "ground": Ink("#fbfaf7"),
    "invalid": Ink("#3a3733", "backward"),
}
OTHER = Ink("#d7d3c8", "horizontal")

# Neighbouring zones take different shades of the one hue that means "chosen".
ZONE_SHADES = ("#0072b2", "#3f9bd1", "#004f86", "#62b4de", "#1b86a8", "#2a5fa5")

BARRIERS: dict[str, Ink] = {
    "river": Ink("#a9cfe6"),
    "canal": Ink("#a9cfe6"),
    "stream": Ink("#a9cfe6"),
    "water": Ink("#a9cfe6"),
    "railway": Ink("#55504a"),
    "motorway": Ink("#b08a62"),
    "expressway": Ink("#b08a62"),
    "trunk": Ink("#c2a27f"),
    "primary": Ink("#d3bda1"),
    "arterial": Ink("#d3bda1"),
}
BARRIER_CYCLE = ("#a08d74", "#7d8f9c", "#b7a99a", "#8c8579", "#a3b1ba", "#6e675e")
EXCLUSION_CYCLE = ("#4f8f6d", "#7a8f3c", "#3f8390", "#8f6a4f")
SEVERITIES: dict[str, Ink] = {
    "error": Ink("#d55e00", "", "#7a3300", 1.0),
    "warning": Ink("#e69f00", "", "#7d5700", 1.0),
    "info": Ink("#56b4e9", "", "#1d5f86", 1.0),
}

# Phases from dark (first) to light, one hue that no reason has, each with a hatch of its own.
PHASES: tuple[Ink, ...] = (
    Ink("#54278f"),
    Ink("#8c6bb1", "forward"),
    Ink("#b3a2d2", "dots"),
    Ink("#d4c9e6", "backward"),
    Ink("#ece7f4", "cross"),
    Ink("#f6f3fa", "horizontal"),
)
CROSSING_GAIN = Ink("#d6006c", "", "#d6006c", 4.0)
CROSSING_NONE = Ink("#8d5a75", "", "#8d5a75", 2.0)

# Colours for classes that no palette knows: Okabe and Ito's, then Tol's muted, which stay apart from
# them; with the hatches this gives more signs than a legend can hold.
CYCLE = (
    "#56b4e9", "#e69f00", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#999933", "#882255",
    "#88ccee", "#ddcc77", "#44aa99",
)  # fmt: skip
HATCHES: tuple[Hatch, ...] = get_args(Hatch)


def cycled(place: int) -> Ink:
    """Return the sign of the class at `place`: no two of the first 72 are the same."""
    turn = place // len(CYCLE)
    return Ink(CYCLE[place % len(CYCLE)], HATCHES[turn % len(HATCHES)])


def load(source: str | Path = "land_use") -> Palette:
    """Return a palette: one of the house (``land_use``, ``status``), or a TOML file of the same form.

    Raises
    ------
    InputError
        If there is no such palette, if it is no TOML, or if a class lacks a title or has a colour
        other than ``#rrggbb``, a hatch that we do not draw, or a key that we do not know.
    """
    if str(source) in HOUSE:
        return _house(str(source))
    try:
        text = Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise InputError(
            f"the palette {str(source)!r} cannot be read: {fault}",
            fix=f"a TOML file in UTF-8, or one of {', '.join(HOUSE)}",
            code="palette",
        ) from fault
    return _palette(text, str(source))


HOUSE = ("land_use", "status")


@functools.cache
def _house(name: str) -> Palette:
    folder = importlib.resources.files("renewal_geo.maps") / "assets" / "palettes"
    return _palette(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8"), name)


def _palette(text: str, where: str) -> Palette:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise _broken(where, str(fault)) from fault
    classes = data.get("class", [])
    if not isinstance(classes, list) or not classes:
        raise _broken(where, "it has no [[class]]")
    return Palette(
        title=_text(data.get("title", {"zh": where, "en": where}), where),
        entries=tuple(_entry(one, where) for one in classes),
        other=_ink(data.get("other", {"fill": OTHER.fill, "hatch": OTHER.hatch}), where),
        missing=_ink(data.get("missing", {"fill": "#f4f2ec", "hatch": "dots"}), where),
    )


def _entry(one: Mapping[str, Any], where: str) -> Entry:
    strange = sorted(set(one) - OWN_KEYS)
    if strange:
        raise _broken(where, f"the key {strange[0]!r} is unknown")
    codes = {system: frozenset(map(str, one.get(system, ()))) for system in SYSTEMS}
    return Entry(
        _text(one.get("title"), where), _ink(one, where), frozenset(map(str, one.get("names", ()))),
        codes,
    )  # fmt: skip


def _text(pair: object, where: str) -> Text:
    if not isinstance(pair, Mapping) or not {"zh", "en"} <= set(pair):
        raise _broken(where, f"a title needs zh and en, and is {pair!r}")
    return Text(str(pair["zh"]), str(pair["en"]))


def _ink(one: Mapping[str, Any], where: str) -> Ink:
    fill, line = str(one.get("fill", "")).lower(), str(one.get("line", "")).lower()
    hatch, width = one.get("hatch", ""), one.get("width", 0.0)
    for colour in (fill, line):
        if colour and not COLOUR.fullmatch(colour):
            raise _broken(where, f"{colour!r} is no colour #rrggbb")
    if not fill and not line:
        raise _broken(where, "a class has neither fill nor line")
    if hatch not in HATCHES:
        raise _broken(where, f"there is no hatch {hatch!r}, only {', '.join(HATCHES[1:])}")
    if not isinstance(width, (int, float)) or width < 0:
        raise _broken(where, f"{width!r} is no width")
    return Ink(fill, hatch, line, float(width))


def _begins(value: str, code: str) -> bool:
    """Return whether `code` is `value` or begins it; letters are not cut (M1 is no part of M12)."""
    rest = value[len(code) :]
    if not value.startswith(code):
        return False
    return not rest or (rest.isdigit() if code.isdigit() or code.isalpha() else False)


def _broken(where: str, why: str) -> InputError:
    return InputError(
        f"the palette {where} cannot be used: {why}",
        fix="mend it; renewal_geo/maps/assets/palettes/land_use.toml shows the form",
        code="palette",
    )
