"""The worked units that planners write: tests/cases/units/*.toml."""

import tomllib
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

from renewal_geo.eligibility import CRITERIA, screen
from renewal_geo.rules import load

CRS = "EPSG:4547"
EAST, NORTH = 500_000.0, 2_500_000.0
FOLDER = Path(__file__).parents[2] / "cases" / "units"
LAYERS = (
    "development",
    "sites",
    "tenure",
    "buildings",
    "parcels",
    "odd_lots",
    "control_lines",
    "block_lines",
)
KEYS = {"title", "day", "unit", "study", "legal_kinds", "holders", "expect", *LAYERS}
EXPECTED = {"criterion", "status", "meets", "figure", "limit", "rule", "says"}
STATUSES = {"pass", "fail", "advisory", "not_evaluable"}
BECAUSE = "算例"


def cases():
    return [
        (f"{file.stem}: {one['title']}", one)
        for file in sorted(FOLDER.glob("*.toml"))
        for one in tomllib.loads(file.read_text(encoding="utf-8"))["case"]
    ]


def rectangles(told):
    several = told if told and isinstance(told[0], list) else [told]
    return [box(EAST + a, NORTH + b, EAST + c, NORTH + d) for a, b, c, d in several]


def ranges(told, **columns):
    shapes = rectangles(told)
    index = pd.Index(["U1"] * len(shapes), name="unit_id")
    return gpd.GeoDataFrame(
        {k: [v] * len(shapes) for k, v in columns.items()}, geometry=shapes, index=index, crs=CRS
    )


def layer(role, rows):
    if rows is None:
        return None
    shapes = [rectangles(row["box"])[0] for row in rows]
    table = pd.DataFrame([{k: v for k, v in row.items() if k not in ("box", "id")} for row in rows])
    names = (
        ["U1"] * len(rows)
        if role == "development"
        else [row.get("id", str(n)) for n, row in enumerate(rows)]
    )
    return gpd.GeoDataFrame(table, geometry=shapes, crs=CRS).set_index(pd.Index(names))


def holders(rows):
    if rows is None:
        return None
    people = [(n, k, row) for n, row in enumerate(rows) for k in range(row.get("count", 1))]
    table = pd.DataFrame(
        [{key: v for key, v in row.items() if key not in ("id", "count")} for _, _, row in people]
    )
    names = [row.get("id", f"{n}-{k}") for n, k, row in people]
    return table.assign(unit_id="U1").set_index(pd.Index(names, name="holder_id"))


def screened(case):
    rules = load("shenzhen").on(case["day"])
    for rule_id, value in case.get("study", {}).items():
        rules = rules.override(rule_id, value, because=BECAUSE)
    unit = {"renewal_type": "拆除重建类"} | case["unit"]
    drawn, cleared = unit.pop("range"), unit.pop("demolition", None)
    layers = {role: layer(role, case.get(role)) for role in LAYERS}
    demolition = ranges(drawn).iloc[:0] if cleared is None else ranges(cleared)
    return screen(
        ranges(drawn, **unit), rules=rules, demolition=demolition, holders=holders(case.get("holders")),
        legal_kinds=case.get("legal_kinds"), criteria=[case["expect"]["criterion"]], **layers,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "case"), [pytest.param(name, case, id=name) for name, case in cases()]
)
def test_worked_unit(name, case):
    assert set(case) <= KEYS, name
    expect = case["expect"]
    assert set(expect) <= EXPECTED, name
    found = screened(case).findings
    assert len(found) == 1
    one = found.iloc[0]
    assert one.status == expect["status"], one.text_zh
    for key, column in (("meets", "meets"), ("rule", "rule_id")):
        if key in expect:
            assert one[column] == expect[key], one.text_zh
    for key in ("figure", "limit"):
        if key in expect:
            assert one[key] == pytest.approx(expect[key], rel=1e-8), one.text_zh
    assert expect.get("says", "") in one.text_zh


def test_every_criterion_is_worked_with_every_status():
    shown = {}
    for _, case in cases():
        shown.setdefault(case["expect"]["criterion"], set()).add(case["expect"]["status"])
    assert {name: shown.get(name, set()) for name in CRITERIA} == dict.fromkeys(CRITERIA, STATUSES)


def test_every_rule_of_a_criterion_is_worked():
    """A rule that no worked unit asks may be wrong without anybody noticing."""
    asked = set()
    for _, case in cases():
        asked |= set(screened(case).comparisons["rule_id"])
    known = {one.rule_id for one in load("shenzhen")}
    wanted = {rule_id for one in CRITERIA.values() for rule_id in one.rules if rule_id in known}
    lines = {one for one in wanted if one.startswith("control_line.")}  # one kind is as the other
    assert wanted - lines - asked - {"unit.legal_land_kinds"} == set()
