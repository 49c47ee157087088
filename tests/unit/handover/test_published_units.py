"""Three units of Longgang as their notices print them: our figures, to the printed digit."""

import importlib.util
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from shapely import box

from renewal_geo import handover

HERE = Path(__file__)
_spec = importlib.util.spec_from_file_location("drawn", HERE.with_name("drawn.py"))
drawn = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(drawn)
UNITS = tomllib.loads((HERE.parents[1] / "published_units.toml").read_text(encoding="utf-8"))
WIDTH = 250.0


def as_printed(value, printed):
    """Write a figure with the digits, sign and unit of the printed one."""
    bare = printed.removesuffix(" %")
    decimals = len(bare.partition(".")[2])
    sign = "+" if bare[0] in "+-" else ""
    scale = 100 if printed.endswith("%") else 1
    return f"{value * scale:{sign}.{decimals}f}" + (" %" if scale == 100 else "")


def strip(area, place):
    """A rectangle of exactly this area; units lie 2 km apart."""
    x, y = 510_000.0 + 2_000 * place, 2_505_000.0
    return box(x, y, x + WIDTH, y + area / WIDTH)


def of(item, column="unit_id"):
    rows = [
        (unit, strip(given["after"][item], place))
        for place, (unit, given) in enumerate(UNITS.items())
        if item in given["after"]
    ]
    return drawn.frame([column], *rows)


@pytest.fixture(scope="module")
def made():
    units = of("unit_range").assign(
        planned_floor_area_m2=[one["after"]["planned_floor_area"] for one in UNITS.values()],
        reason=[one["cause"] for one in UNITS.values()],
    )
    before = pd.DataFrame(
        {"demolition_m2": [one["before"]["demolition_range"] for one in UNITS.values()]},
        index=pd.Index(UNITS, name="unit_id"),
    )
    return handover.assess(
        units, rules=drawn.Rules(), demolition=of("demolition_range"), development=of("development_land"),
        odd_lots=of("odd_lots"), before=before,
    )  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_figures_to_the_printed_digit(made, unit):
    row, given = made.units.loc[unit], UNITS[unit]
    printed = given["printed"]
    for item, column in (
        ("unit_range", "unit_range_m2"),
        ("demolition_range", "demolition_m2"),
        ("development_land", "development_m2"),
    ):
        assert row[column] == pytest.approx(given["after"][item], abs=0.005)
    assert as_printed(row["far"], printed["far"]) == printed["far"]
    share = printed["development_share"]
    assert as_printed(row["development_share"], share) == share
    if "odd_lot_share" in printed:
        assert (
            as_printed(row["odd_lot_share"], printed["odd_lot_share"]) == printed["odd_lot_share"]
        )
        assert row["odd_lots_m2"] == pytest.approx(given["after"]["odd_lots"], abs=0.005)
    else:
        assert row["odd_lots_m2"] == 0.0


@pytest.mark.parametrize("unit", UNITS)
def test_changes_to_the_printed_digit_with_their_reasons(made, unit):
    table = made.changes[unit].table
    assert list(table.index) == ["demolition"]
    printed = UNITS[unit]["printed"]["change"]
    assert as_printed(table.loc["demolition", "change_share"], printed) == printed
    assert table.loc["demolition", "reason"]
    assert not table.loc["demolition", "needs_reason"]
    assert table.loc["demolition", "within_tolerance"] == (unit != "shilongkeng")


def test_the_published_far_of_seven_is_ours_rounded_once_more(made):
    printed = UNITS["xintangkeng"]["printed"]["far_published"]
    assert as_printed(made.units.loc["xintangkeng", "far"], printed) == printed


def test_the_table_of_changes_names_unit_and_range(made):
    table = handover.change_table(made.changes)
    assert list(table["unit_id"]) == list(UNITS)
    assert set(table["item"]) == {"demolition"}
