"""The terms of a delineation: every limit that the planner sets, checked before any work."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from renewal_geo.foundation.errors import Faults, InputError

EXCLUSION_MODES = ("drop", "cut")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a zone must satisfy, and what the search may spend. Areas in hectares.

    Expressions and column names are texts of the parcels' table; ``value`` may be a number (per
    hectare). See :func:`renewal_geo.zones.delineate` for the meaning of each.
    """

    value: str | float = 1.0
    pool: str | None = None
    filler: str | None = None
    area_budget_ha: float | None = None
    min_area_ha: float = 30.0
    max_area_ha: float | None = None
    min_share: Mapping[str, float] = field(default_factory=dict)
    shares: Mapping[str, str] = field(default_factory=dict)
    boundary_weight: float = 0.0
    lock_in: Sequence[str] = ()
    lock_out: Sequence[str] = ()
    keep_together: str | None = None
    min_zones: int | None = None
    max_zones: int | None = None
    exclusion_mode: Literal["drop", "cut"] = "drop"
    exclusion_tolerance: float = 0.01
    sliver_min_m2: float = 100.0
    time_limit_s: float = 60.0
    gap: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:  # noqa: C901 - one line per limit that can be wrong
        """Refuse limits that make no sense, all of them at once.

        Raises
        ------
        InputError
            ``bad_limit``, naming every limit at fault.
        """
        faults = Faults(InputError)

        def refuse(what: str, fix: str) -> None:
            faults.add(what, where="[zones]", fix=fix, code="bad_limit")

        for name, strict in _NUMBERS.items():
            value = getattr(self, name)
            if value is None:
                continue
            bad = not isinstance(value, (int, float)) or isinstance(value, bool)
            if bad or not math.isfinite(value) or value < 0 or (strict and value == 0):
                refuse(
                    f"{name} is {value!r}",
                    f"give a {'positive' if strict else 'non-negative'} number",
                )
        faults.raise_if_any()
        if isinstance(self.value, float) and not math.isfinite(self.value):
            refuse(f"value is {self.value!r}", "give a finite number per hectare")
        if self.max_area_ha is not None and self.min_area_ha > self.max_area_ha:
            refuse(
                f"min_area_ha {self.min_area_ha:g} is above max_area_ha {self.max_area_ha:g}",
                "lower min_area_ha or raise max_area_ha",
            )
        if self.area_budget_ha is not None and self.area_budget_ha < self.min_area_ha:
            refuse(
                f"area_budget_ha {self.area_budget_ha:g} is below min_area_ha {self.min_area_ha:g}",
                "raise the budget or lower min_area_ha",
            )
        if self.min_zones and self.max_zones and self.min_zones > self.max_zones:
            refuse(
                f"min_zones {self.min_zones} is above max_zones {self.max_zones}",
                "lower min_zones or raise max_zones",
            )
        for name, least in self.min_share.items():
            if not isinstance(least, (int, float)) or not 0 <= least <= 1:
                refuse(f"min_share {name} is {least!r}", "give a share in 0..1")
        both = sorted(set(self.lock_in) & set(self.lock_out))
        if both:
            refuse(
                f"parcels are locked in and out: {', '.join(both[:5])}", "take them off one list"
            )
        if self.exclusion_mode not in EXCLUSION_MODES:
            refuse(f"exclusion_mode is {self.exclusion_mode!r}", "drop or cut")
        faults.raise_if_any()

    def as_record(self) -> dict[str, Any]:
        """Return the terms as plain values for the certificate."""
        return {
            name: _plain(getattr(self, name))
            for name in self.__slots__
            if name not in {"time_limit_s", "gap", "seed"}
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Terms:
        """Rebuild the terms from a certificate; unknown keys are left aside."""
        known = {name: record[name] for name in cls.__slots__ if name in record}
        return cls(**known)


_NUMBERS = {
    "area_budget_ha": True,
    "min_area_ha": False,
    "max_area_ha": True,
    "boundary_weight": False,
    "min_zones": False,
    "max_zones": False,
    "exclusion_tolerance": False,
    "sliver_min_m2": False,
    "time_limit_s": True,
    "gap": False,
}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (list, tuple)):
        return sorted(str(one) for one in value)
    return value
