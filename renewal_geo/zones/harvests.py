"""The zones that a search has met: feasible ones, each once, with what they are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from renewal_geo.zones.listing import AREA_TOLERANCE_HA
from renewal_geo.zones.problem import Problem, is_feasible, zone_value

POOL_LIMIT = 2_500  # packed at once
Ints = NDArray[np.int64]


@dataclass
class Harvest:
    """Zones harvested so far, with what they are worth."""

    problem: Problem
    zones: dict[bytes, Ints] = field(default_factory=dict)
    values: dict[bytes, float] = field(default_factory=dict)
    areas: dict[bytes, float] = field(default_factory=dict)

    def add(self, zone: Ints) -> None:
        """Take in a zone (sorted parcel numbers) if it is feasible and not known."""
        key = zone.tobytes()
        if key not in self.zones and is_feasible(self.problem, zone, AREA_TOLERANCE_HA):
            self.zones[key] = zone
            self.values[key] = zone_value(self.problem, zone)
            self.areas[key] = float(self.problem.area[zone].sum())

    def rated(self, price: float) -> list[bytes]:
        """Return all keys, dearest at the price first."""
        return sorted(self.zones, key=lambda k: (-(self.values[k] - price * self.areas[k]), k))

    def best(self, price: float, kept: Sequence[Ints]) -> list[bytes]:
        """Return the keys worth packing: dearest at the price first, the kept ones always."""
        chosen = dict.fromkeys(zone.tobytes() for zone in kept)
        for key in self.rated(price):
            if len(chosen) >= POOL_LIMIT:
                break
            chosen.setdefault(key)
        return list(chosen)
