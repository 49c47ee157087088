"""The grammar of expressions: what it means, and all that it refuses."""

import pandas as pd
import pytest

from renewal_geo.foundation.errors import ExpressionError
from renewal_geo.foundation.expressions import columns_of, evaluate, select

ROWS = pd.DataFrame(
    {
        "land_use": ["M1", "R2", None],
        "far": [1.0, 2.0, None],
        "分區類": ["工業區", "住宅區(+)", None],
        "odd name": [1, 2, 3],
        "ok": [True, None, False],
        "on": pd.to_datetime(["2020-01-01", "2021-01-01", None]),
    }
)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("land_use in ['M1', 'M0']", [True, False, False]),
        ("land_use not in ['M1']", [False, True, False]),
        ("land_use != 'M1'", [False, True, False]),
        ("not (land_use == 'M1')", [False, True, True]),
        ("~(land_use == 'M1') & (far > 1)", [False, True, False]),
        ("分區類.str.contains('工業')", [True, False, False]),
        ("分區類.str.contains('(+)')", [False, True, False]),
        ("land_use.str.startswith('M') or land_use.str.endswith('2')", [True, True, False]),
        ("`odd name` > 1 and far.notna()", [False, True, False]),
        ("1 < far <= 2", [False, True, False]),
        ("far.between(1, 1.5)", [True, False, False]),
        ("land_use.isna() | far.isin([2])", [False, True, True]),
        ("ok", [True, False, False]),
        ("on < '2020-06-30'", [True, False, False]),
        ("far * 2 - 1 >= `odd name`", [True, True, False]),
        ("True", [True, True, True]),
        ("land_use == '`x`'", [False, False, False]),
    ],
)
def test_meaning(expression, expected):
    assert select(expression, ROWS).tolist() == expected


def test_arithmetic_and_conditions_as_numbers():
    value = evaluate("1.5 * (land_use == 'M1') - 0.5 + -far / 2", ROWS)
    assert value.iloc[:2].tolist() == [0.5, -1.5]
    assert pd.isna(value.iloc[2])


@pytest.mark.parametrize(
    ("expression", "piece"),
    [
        ("land_use == 3", "land_use == 3"),
        ("far == 'M1'", "far == 'M1'"),
        ("__import__('os').system('x')", "__import__"),
        ("far.apply(1)", "far.apply(1)"),
        ("[x for x in far]", "[x for x in far]"),
        ("far ** 2", "far ** 2"),
        ("land_use + 1", "land_use"),
        ("'a' * 10", "'a'"),
        ("far == 1 & far == 2", "1"),
        ("far and ok", "far"),
        ("land_use.str.match('a')", "match"),
        ("far is None", "far is None"),
        ("far == None", "None"),
        ("far / 0", "far / 0"),
        ("far in 3", "3"),
        ("far.__class__", "__class__"),
        ("lambda: 1", "lambda"),
        ("f'{far}'", "f'"),
    ],
)
def test_refusals_quote_the_piece(expression, piece):
    with pytest.raises(ExpressionError) as fault:
        select(expression, ROWS, where="[zones] pool")
    assert piece in fault.value.what
    assert fault.value.exit_code == 3
    assert fault.value.where == "[zones] pool"
    assert fault.value.fix


@pytest.mark.parametrize(
    "expression",
    ["", "  ", "(", "a b", "far > " + "1" * 400, "(" * 90 + "1" + ")" * 90, "1 +" * 5000 + "1"],
)
def test_unreadable_and_monstrous(expression):
    with pytest.raises(ExpressionError):
        select(expression, ROWS)


def test_nearest_column_is_offered():
    with pytest.raises(ExpressionError, match="land_use"):
        select("landuse == 'M1'", ROWS)


def test_columns_that_an_expression_uses():
    assert columns_of("`odd name` > 1 and far.notna() or far < 2") == ("odd name", "far")


def test_numbers_are_no_condition():
    with pytest.raises(ExpressionError, match="not yes or no"):
        select("far + 1", ROWS)
