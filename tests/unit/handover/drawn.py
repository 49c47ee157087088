"""One drawn unit whose every figure can be reckoned by hand, and rules as a test wants them."""

import datetime as dt

import geopandas as gpd
from shapely import box

from renewal_geo import handover
from renewal_geo.rules import Rule

CRS = "EPSG:4547"
X, Y = 520_000.0, 2_510_000.0


def at(x0, y0, x1, y1):
    """A rectangle, in metres from the corner of the unit."""
    return box(X + x0, Y + y0, X + x1, Y + y1)


def frame(columns, *rows, crs=CRS):
    """Rows of values, the shape last."""
    table = {name: [row[i] for row in rows] for i, name in enumerate(columns)}
    return gpd.GeoDataFrame(table, geometry=[row[-1] for row in rows], crs=crs)


class Rules(dict):
    """Values in force on one day."""

    day = dt.date(2020, 6, 30)

    def __init__(self, *rules):
        super().__init__((rule.rule_id, rule) for rule in rules)

    def find(self, rule_id):
        return self.get(rule_id)


def read(rule_id, value, **more):
    return Rule(rule_id, "handover", value, verified="read", **more)


def remembered(rule_id, value, **more):
    return Rule(rule_id, "handover", value, verified="remembered", **more)


def by_study(rule_id, value, **more):
    return Rule(rule_id, "handover", value, set_by="study", because="核对原文", **more)


SHARE = {"unit": "1", "operator": ">="}
AREA = {"unit": "m2", "operator": ">"}


def layers():
    """Unit 200 x 200 m; demolition 200 x 150; development land 100 x 150; a site of 50 x 120 = 6,000 m2."""
    return {
        "units": frame(
            ["unit_id", "name", "planned_floor_area_m2", "demolished_floor_area_m2", "base_gfa_m2"],
            ("U1", "甲", 60_000.0, 20_000.0, 45_000.0, at(0, 0, 200, 200)),
        ),
        "demolition": frame(["unit_id"], ("U1", at(0, 0, 200, 150))),
        "development": frame(["unit_id", "use"], ("U1", "R2", at(0, 0, 100, 150))),
        "sites": frame(
            ["site_id", "unit_id", "status", "use"],
            ("S1", "U1", "承诺", "道路用地", at(100, 0, 150, 120)),
        ),
        "tenure": frame(
            ["tenure"],
            ("国有", at(0, 0, 120, 150)),
            ("集体", at(120, 0, 180, 150)),
            ("国有未出让", at(180, 0, 200, 150)),
        ),
    }


def assess(*rules, **changed):
    """Assess the drawn unit, some layers and rules exchanged."""
    given = {"legal_kinds": ["国有"], **layers(), **changed}
    return handover.assess(given.pop("units"), rules=Rules(*rules), **given)
