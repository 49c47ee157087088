"""Colours and hatches: safe for the colour-blind, and never colour alone."""

from __future__ import annotations

from dataclasses import dataclass

from renewal_geo.maps.spec import Hatch


@dataclass(frozen=True, slots=True)
class Ink:
    """How one class is drawn."""

    fill: str
    hatch: Hatch = ""
    line: str = ""
    width: float = 0.0


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
