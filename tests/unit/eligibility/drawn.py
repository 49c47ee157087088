"""Units of rectangles, and rules that decide or do not, for the tests of eligibility."""

import datetime as dt

import geopandas as gpd
import pandas as pd
from shapely import box

from renewal_geo.rules import Rule

CRS = "EPSG:4547"
EAST, NORTH = 500_000.0, 2_500_000.0
DAY = dt.date(2020, 6, 30)
LIMITS = {
    "unit.min_demolition_area": (10_000, "m2", ">"),
    "unit.public_land_min_area": (3_000, "m2", ">"),
    "unit.public_land_min_share": (0.15, "1", ">="),
    "unit.legal_land_share": (0.6, "1", ">="),
    "unit.legal_land_share.pingshan_core": (0.5, "1", ">="),
    "unit.legal_land_share.key_unit": (0.3, "1", ">="),
    "unit.building_age.industrial": (15, "year", ">="),
    "unit.building_age.commercial": (15, "year", ">="),
    "unit.building_age.residential": (20, "year", ">="),
    "unit.odd_lot_max_share": (0.1, "1", "<="),
    "unit.odd_lot_max_area": (3_000, "m2", "<="),
    "unit.odd_lot_single_area": (2_000, "m2", "<"),
    "control_line.eco_control_line": (0, "m2", "<="),
    "control_line.blue_line": (0, "m2", "<="),
    "control_line.urban_growth_boundary": (0, "m2", "<="),
    "block_line.industrial_share": (0.6, "1", ">="),
    "block_line.level_1_uses": (["industrial", "道路"], "", ""),
    "willingness.joint": (1.0, "1", ">="),
    "willingness.shares": (0.75, "1", ">="),
    "willingness.strata_area": (0.75, "1", ">="),
    "willingness.strata_owners": (0.75, "1", ">="),
    "willingness.old_residential_area": (0.95, "1", ">="),
    "willingness.old_residential_owners": (0.95, "1", ">="),
    "willingness.multi_parcel_land": (0.8, "1", ">="),
    "improvement.auxiliary_max_share": (0.15, "1", "<="),
    "improvement.business_max_share": (None, "1", "<="),
    "improvement.min_age": (15, "year", ">="),
    "unit.legal_land_kinds": (["国有出让"], "", ""),
}


class Rules(dict):
    """A set of one day: rules by id."""

    day = DAY

    def find(self, rule_id):
        return self.get(rule_id)


def rule(rule_id, value, unit, operator, *, verified="read", **more):
    return Rule(
        rule_id, "eligibility", value, unit=unit, operator=operator, verified=verified, **more
    )


def rules(*, verified="read", without=(), **values):
    """Return all the limits above, with some values exchanged (dots written as two underscores) or left out."""
    found = {}
    for rule_id, (value, unit, operator) in LIMITS.items():
        if rule_id not in without:
            asked = values.pop(rule_id.replace(".", "__"), value)
            found[rule_id] = rule(rule_id, asked, unit, operator, verified=verified)
    return Rules(found)


def with_rule(base, rule_id, value, unit, operator, **more):
    """Return a set with one more rule."""
    return Rules({**base, rule_id: rule(rule_id, value, unit, operator, **more)})


def rect(xmin, ymin, xmax, ymax):
    return box(EAST + xmin, NORTH + ymin, EAST + xmax, NORTH + ymax)


def layer(*boxes, index=None, index_name=None, **columns):
    """Return a layer of rectangles with columns."""
    table = gpd.GeoDataFrame(columns, geometry=[rect(*one) for one in boxes], crs=CRS)
    if index is not None:
        table.index = pd.Index(index, name=index_name)
    return table


def units(*boxes, ids=None, **columns):
    """Return unit ranges of the demolition type."""
    ids = ids or [f"U{n}" for n in range(1, len(boxes) + 1)]
    columns.setdefault("renewal_type", ["拆除重建类"] * len(boxes))
    return layer(*boxes, index=ids, index_name="unit_id", **columns)


def finding(screening, criterion, unit="U1"):
    table = screening.findings
    found = table[(table["unit_id"] == unit) & (table["criterion"] == criterion)]
    assert len(found) == 1, found
    return found.iloc[0]
