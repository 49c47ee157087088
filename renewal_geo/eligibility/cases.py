"""A case: the units with every layer that a criterion may ask, and what several criteria measure alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from renewal_geo.eligibility import words
from renewal_geo.eligibility.units import Mask, Units
from renewal_geo.eligibility.verdicts import Text
from renewal_geo.eligibility.verdicts import words as text_of
from renewal_geo.foundation.errors import RuleError
from renewal_geo.rules import Rule, RuleSet
from renewal_geo.spatial.area_tables import area_table
from renewal_geo.spatial.areas import Pieces, pieces
from renewal_geo.spatial.polygons import Shapes, flat_union, polygonal

LEGAL_KINDS_RULE = "unit.legal_land_kinds"
UNKNOWN, NOT_LEGAL = "unknown", "not_legal"
Floats = NDArray[np.float64]


class Share(NamedTuple):
    """Land inside n ranges, m2: what is known to count, what may count besides, and what is said twice."""

    known: Floats
    unknown: Floats
    contested: Floats


@dataclass(frozen=True, eq=False)
class Case:
    """Units, layers and rules; a layer that is not given is None and is never read as empty.

    `day` is that of the rules, `as_of` that of the case: ages are told on it.
    """

    units: Units
    rules: RuleSet
    day: dt.date
    as_of: dt.date
    sites: gpd.GeoDataFrame | None = None
    tenure: gpd.GeoDataFrame | None = None
    buildings: gpd.GeoDataFrame | None = None
    parcels: gpd.GeoDataFrame | None = None
    odd_lots: gpd.GeoDataFrame | None = None
    control_lines: gpd.GeoDataFrame | None = None
    block_lines: gpd.GeoDataFrame | None = None
    holders: pd.DataFrame | None = None
    legal_kinds: tuple[str, ...] | None = None
    blank_tenure: str = UNKNOWN
    use_words: Mapping[str, str] | None = None

    def rule(self, rule_id: str) -> Rule | None:
        """Return the value in force on the day of the case; None where there is none, or no such rule."""
        try:
            return self.rules.find(rule_id)
        except RuleError as fault:
            if fault.code != "unknown_rule":  # another city need not know every kind of line
                raise
            return None

    @cached_property
    def demolition_m2(self) -> Floats:
        """Area of the demolition ranges, NaN where there is none."""
        return _area(self.units.demolition)

    @cached_property
    def ground_m2(self) -> Floats:
        """Area of what is screened, NaN where there is nothing."""
        return _area(self.units.ground)

    @cached_property
    def is_key(self) -> Mask:
        """Which units are marked as key units; a missing mark is none."""
        marks = self.units.table["key_unit"]
        return np.array([not pd.isna(one) and bool(one) for one in marks], dtype=bool)

    @cached_property
    def public_land(self) -> Shapes:
        """Independent public land inside each demolition range, None where there is none.

        Sites of another unit do not count, nor those marked as outside the unit.
        """
        sites = self.sites
        if sites is None:
            return np.full(len(self.units), None, dtype=object)
        if "inside" in sites.columns:
            sites = sites[words.classed(sites["inside"], words.OUTSIDE_WORDS) != "outside"]
        return united(own_pieces(self, sites, self.units.demolition), len(self.units))

    @cached_property
    def public_m2(self) -> Floats:
        """Area of the public land, NaN without sites or without a demolition range."""
        area = np.nan_to_num(shapely.area(self.public_land))
        return np.where(np.isnan(self.demolition_m2) | (self.sites is None), np.nan, area)

    @cached_property
    def parcel_shapes(self) -> Shapes:
        """Valid polygons of the parcels, None where there is none; empty without parcels."""
        return polygonal(
            np.empty(0, object) if self.parcels is None else self.parcels.geometry.to_numpy()
        )

    @cached_property
    def kinds_of_legal_land(self) -> tuple[str, ...] | None:
        """Texts of tenure that count as legal: those given, else the rule's; None where neither is."""
        if self.legal_kinds is not None:
            return self.legal_kinds
        rule = self.rule(LEGAL_KINDS_RULE)
        return None if rule is None or rule.value is None else tuple(str(one) for one in rule.value)

    @cached_property
    def is_legal(self) -> NDArray[np.object_]:
        """Whether each row of tenure is legal land: True, False, None where the tenure is missing."""
        if (
            self.tenure is None
            or "tenure" not in self.tenure.columns
            or self.kinds_of_legal_land is None
        ):
            return np.empty(0, dtype=object)
        kinds = {one.strip() for one in self.kinds_of_legal_land}
        texts = self.tenure["tenure"]
        told = [
            None if pd.isna(one) or not str(one).strip() else str(one).strip() in kinds
            for one in texts
        ]
        return np.array(told, dtype=object)

    @cached_property
    def legal(self) -> Share | None:
        """Legal land inside each demolition range; None where it cannot be told."""
        if self.tenure is None or not len(self.is_legal):
            return None
        shapes = self.tenure.geometry.to_numpy()
        yes, no = words.yes(self.is_legal), words.no(self.is_legal)
        legal, other = (covered(self.units.demolition, shapes[some]) for some in (yes, no))
        told = covered(self.units.demolition, shapes[yes | no])
        area = np.nan_to_num(self.demolition_m2)
        blank = area - told if self.blank_tenure == UNKNOWN else np.zeros(len(area))
        return Share(legal, _clean(blank), _clean(legal + other - told))


def covered(zones: Shapes, layer: Shapes) -> Floats:
    """Return how much of each zone lies in the union of a layer, m2."""
    if not len(layer):
        return np.zeros(len(zones))
    table = area_table(zones, layer)
    return np.maximum(table.zone_area - table.uncovered, 0.0)


def own_pieces(case: Case, layer: gpd.GeoDataFrame, zones: Shapes) -> Pieces:
    """Return the pieces of a layer inside each zone; rows that name a unit count for that unit only."""
    found = pieces(zones, polygonal(layer.geometry.to_numpy()))
    if "unit_id" not in layer.columns:
        return found
    named = (
        layer["unit_id"].astype(object).where(layer["unit_id"].notna(), "").astype(str).str.strip()
    )
    owner = named.to_numpy()[found.source]
    kept = (owner == "") | (owner == np.array(case.units.ids, dtype=object)[found.zone])
    return Pieces(found.zone[kept], found.source[kept], found.geometry[kept], found.area[kept])


def united(found: Pieces, count: int) -> Shapes:
    """Return the union of the pieces in each zone, None where there is none."""
    out = np.full(count, None, dtype=object)
    for zone in np.unique(found.zone):
        own = found.geometry[found.zone == zone]
        out[zone] = own[0] if len(own) == 1 else flat_union(own)
    return out


def uses_of(case: Case, layer: gpd.GeoDataFrame, column: str) -> NDArray[np.object_]:
    """Return the class of use of each row; all None where the column is missing."""
    if column not in layer.columns:
        return np.full(len(layer), None, dtype=object)
    return words.classed(layer[column], words.USE_WORDS, case.use_words)


def missing_layer(role: str) -> Text:
    """Return why a question stays open: the study has no such layer."""
    return text_of("why_no_layer", role=text_of(f"layer_{role}"))


def missing_range() -> Text:
    """Return why a question stays open: the unit has no demolition range."""
    return text_of("why_no_range")


def rows_where(mask: Mask) -> Sequence[int]:
    """Return the numbers of the units in a mask."""
    return [int(one) for one in np.flatnonzero(mask)]


def without(shape: Any, taken: Any) -> Any:
    """Return a shape less what is taken, polygons only; None where nothing is left."""
    if shape is None or taken is None:
        return shape
    return polygonal(np.array([shapely.difference(shape, taken)], dtype=object))[0]


def _area(shapes: Shapes) -> Floats:
    return np.where(shapely.is_missing(shapes), np.nan, shapely.area(shapes))


def _clean(area: Floats) -> Floats:
    """Return areas without what is rounding."""
    return np.where(area > 1e-6, area, 0.0)
