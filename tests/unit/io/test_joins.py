"""Joins: several rows need a rule, and what did not match is counted."""

import pandas as pd
import pytest

from renewal_geo.foundation.errors import InputError
from renewal_geo.io.joins import join_rows

LAYER = pd.DataFrame({"宗地号": [1.0, 2.0, 3.0, None]}, index=pd.Index(range(4), name="fid"))
TABLE = pd.DataFrame(
    {
        "key": ["1", " 2.0", "2", "9"],
        "area": [10.0, 20.0, 5.0, 1.0],
        "use": ["a", "b", "c", "d"],
        "flag": ["是", "否", "是", "否"],
    }
)
MAPPED = {"parcel_id": "宗地号"}


def joined(columns, many=None, **more):
    return join_rows(
        LAYER, TABLE, on={"parcel_id": "key"}, columns=columns, many=many, mapped=MAPPED, **more
    )


@pytest.mark.parametrize(
    ("column", "rule", "expected"),
    [
        ("area", "sum", 25.0), ("area", "min", 5.0), ("area", "max", 20.0), ("area", "mean", 12.5),
        ("area", "first", 20.0), ("area", "last", 5.0), ("area", "count", 2), ("area", "mode", 5.0),
        ("use", "join", "b;c"), ("use", "mode", "b"), ("use", "min", "b"), ("use", "max", "c"),
        ("flag", "any", True), ("flag", "all", False),
    ],
)  # fmt: skip
def test_rules(column, rule, expected):
    made = joined({"x": column}, {"x": rule}).frame
    assert made.loc[1, column] == expected
    assert pd.isna(made.loc[2, column])


def test_several_rows_without_a_rule():
    with pytest.raises(InputError) as caught:
        joined({"x": "area", "y": "use"}, {"x": "sum"})
    assert caught.value.code == "join_many"
    assert "y has no rule" in caught.value.what
    assert "keys 2" in caught.value.where


def test_rows_that_match_nothing_need_no_rule():
    table = pd.concat([TABLE.drop(index=2), TABLE.iloc[[3]]])
    made = join_rows(LAYER, table, on={"宗地号": "key"}, columns={"x": "area"})
    assert made.frame["area"].tolist()[:2] == [10.0, 20.0]


def test_what_did_not_match_is_counted():
    notes = joined({"x": "area"}, {"x": "sum"}).notes
    assert notes == (
        "joined 3 rows of the table to 2 rows of the layer",
        "2 rows of the layer have no row in the table",
        "1 rows of the table (1 keys) have no row in the layer",
    )


def test_rows_and_caller_are_untouched():
    before = LAYER.copy()
    made = joined({"x": {"name": "area", "unit": "ft2"}}, {"x": "sum"})
    assert made.frame.index.equals(LAYER.index)
    assert made.columns == {"x": {"name": "area", "unit": "ft2"}}
    pd.testing.assert_frame_equal(before, LAYER)


def test_name_that_the_layer_has_already():
    layer = LAYER.assign(area=0.0)
    made = join_rows(layer, TABLE.iloc[:1], on={"宗地号": "key"}, columns={"x": "area"})
    assert made.frame["area"].tolist() == [0.0] * 4
    assert made.columns["x"]["name"] == "area_joined"


@pytest.mark.parametrize(
    ("on", "columns", "many", "code"),
    [
        ({"parcel_id": "keys"}, {"x": "area"}, {}, "unknown_column"),
        ({"宗地": "key"}, {"x": "area"}, {}, "unknown_column"),
        ({"parcel_id": "key"}, {"x": "arae"}, {}, "unknown_column"),
        ({"parcel_id": "key"}, {"x": "area"}, {"y": "sum"}, "unknown_column"),
        ({"parcel_id": "key"}, {"x": "area"}, {"x": "total"}, "unknown_rule"),
        ({"parcel_id": "use"}, {"x": "area"}, {}, "join_nothing"),
        ({"parcel_id": "key"}, {"x": "use"}, {"x": "sum"}, "not_a_number"),
    ],
)
def test_bad_joins(on, columns, many, code):
    with pytest.raises(InputError) as caught:
        join_rows(LAYER, TABLE, on=on, columns=columns, many=many, mapped=MAPPED)
    assert caught.value.code == code
    assert caught.value.fix


def test_feature_ids_serve_where_no_id_is_mapped():
    table = pd.DataFrame({"k": [0, 3], "v": [1.0, 2.0]})
    made = join_rows(LAYER, table, on={"parcel_id": "k"}, columns={"x": "v"})
    assert made.frame["v"].tolist()[::3] == [1.0, 2.0]


def test_two_keys_must_both_agree():
    layer = pd.DataFrame({"a": [1, 1], "b": ["x", "y"]})
    table = pd.DataFrame({"k": ["1", "1"], "m": ["y", "x"], "v": [10.0, 20.0]})
    made = join_rows(layer, table, on={"a": "k", "b": "m"}, columns={"v": "v"})
    assert made.frame["v"].tolist() == [20.0, 10.0]
