"""Every rule of a criterion refuses what breaks it, says where and how to mend it, and lets the rest through."""

import dataclasses
import tomllib

import numpy as np
import pandas as pd
import pytest

from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.expressions import select
from renewal_geo.io import as_toml
from renewal_geo.potential.criteria import asked_of, checked
from renewal_geo.potential.criterion import Criterion, is_only_veto, veto_expression

SOUND = {
    "column": {"column": "a", "weight": 1},
    "expression": {"column": "a / b", "weight": 1},
    "share": {"source": "share", "layer": "tenure", "where": "tenure == '国有'", "weight": 2},
    "raster": {"source": "raster", "layer": "dem", "derive": "slope_deg", "statistic": "max", "weight": 1},
    "codes": {"source": "raster", "layer": "lc", "statistic": "share", "values": [1, "2"], "weight": 1},
    "majority": {"source": "raster", "layer": "lc", "statistic": "majority", "categories": {"1": 1.0}, "weight": 1},
    "distance": {"source": "distance", "layer": "metro", "by": "network", "weight": 1},
    "density": {"source": "density", "layer": "plants", "column": "capacity", "within_m": 500, "weight": 1},
    "breaks": {"column": "a", "breaks": [15, 30], "scores": [0, 0.5, 1], "weight": 1},
    "sigmoid": {"column": "a", "transform": "sigmoid", "low": 0, "high": 9, "direction": "cost", "weight": 1},
    "category": {"column": "use", "categories": {"M1": 1, "M0": 0.6}, "weight": 1, "veto": "in ['G1']"},
    "experts": {"column": "a", "weight": [3, 4.5], "missing": 0},
    "numpy": {"column": "a", "weight": np.float64(2), "low": np.int64(1), "breaks": None},
}  # fmt: skip


@pytest.mark.parametrize("asked", SOUND.values(), ids=SOUND)
def test_sound_criteria_pass_and_come_back_as_they_were_asked(asked):
    (one,) = checked([asked])
    assert checked([one]) == (one,)
    assert checked([asked_of(one)]) == (one,)
    written = tomllib.loads(as_toml({"c": asked_of(one)}))["c"]
    assert checked([written]) == (one,)


def test_asked_of_tells_only_what_is_not_by_default():
    (one,) = checked([{"column": "a", "weight": 1, "source": "column", "statistic": "mean"}])
    assert asked_of(one) == {"id": "a", "column": "a", "weight": 1.0}


BROKEN = [
    # (criterion, what the sentence says, what the fix says)
    ({"weight": 1}, "names no column", "add column"),
    ({"column": "", "weight": 1}, "names no column", "add column"),
    ({"column": 3, "weight": 1}, "column = 3 is not a text", "quotes"),
    ({"column": "a", "wieght": 1, "weight": 1}, "did you mean 'weight'", "use one of"),
    ({"column": "a", "weight": 1, "source": "rastr"}, "did you mean 'raster'", "use column, share"),
    ({"layer": "dem", "weight": 1}, "names the layer 'dem' and no source", "source = share, raster"),
    ({"source": "share", "weight": 1}, "names no layer", "add layer"),
    ({"source": "raster", "weight": 1}, "names no layer", "add layer"),
    ({"source": "distance", "layer": " ", "weight": 1}, "names no layer", "add layer"),
    ({"column": "a", "layer": "x", "source": "column", "weight": 1}, "layer = 'x' means nothing", "source = share"),
    ({"column": "a", "within_m": 100, "weight": 1}, "within_m = 100 means nothing", "take within_m out"),
    ({"source": "raster", "layer": "d", "where": "a > 1", "weight": 1}, "where = 'a > 1' means nothing", "take where out"),
    ({"source": "share", "layer": "t", "where": "a >", "weight": 1}, "where: 'a >' cannot be read", "where:"),
    ({"source": "share", "layer": "t", "within_m": -1, "weight": 1}, "within_m is -1, below 0", "0 or more"),
    ({"source": "share", "layer": "t", "within_m": float("inf"), "weight": 1}, "not a finite number", "within_m"),
    ({"source": "raster", "layer": "d", "statistic": "average", "weight": 1}, "statistic is 'average'", "mean, min"),
    ({"source": "raster", "layer": "d", "statistic": "share", "weight": 1}, "names no values", "add values"),
    ({"source": "raster", "layer": "d", "values": [1], "weight": 1}, "means nothing for statistic mean", "share"),
    ({"source": "raster", "layer": "d", "statistic": "share", "values": [True], "weight": 1}, "not a code", "values"),
    ({"source": "raster", "layer": "d", "derive": "slope", "weight": 1}, "did you mean 'slope_deg'", "slope_percent"),
    ({"source": "raster", "layer": "d", "derive": "slope_deg", "statistic": "sum", "weight": 1}, "the sum of slope_deg", "mean"),
    ({"source": "raster", "layer": "d", "statistic": "majority", "weight": 1}, "names no categories", "categories"),
    ({"source": "distance", "layer": "m", "by": "road", "weight": 1}, "by is 'road'", "line, network"),
    ({"column": "a", "weight": 1, "direction": "up"}, "direction is 'up', not benefit or cost", "benefit"),
    ({"column": "a", "weight": 1, "transform": "log"}, "transform is 'log'", "sigmoid"),
    ({"column": "a", "weight": 1, "breaks": [1, 2]}, "has no scores", "add scores"),
    ({"column": "a", "weight": 1, "scores": [0, 1]}, "has no breaks", "add breaks"),
    ({"column": "a", "weight": 1, "transform": "breaks"}, "has no breaks", "add breaks"),
    ({"column": "a", "weight": 1, "breaks": [2, 1], "scores": [0, 0.5, 1]}, "breaks do not rise", "from small to large"),
    ({"column": "a", "weight": 1, "breaks": [1, 1], "scores": [0, 0.5, 1]}, "breaks do not rise", "once"),
    ({"column": "a", "weight": 1, "breaks": [1, float("nan")], "scores": [0, 0.5, 1]}, "not all finite", "breaks"),
    ({"column": "a", "weight": 1, "breaks": [1, 2], "scores": [0, 1]}, "2 scores for 2 breaks", "write 3 scores"),
    ({"column": "a", "weight": 1, "breaks": [1], "scores": [0, 7]}, "score 7 is outside 0..1", "0 to 1"),
    ({"column": "a", "weight": 1, "breaks": 5, "scores": [0, 1]}, "breaks = 5 is not a list", "brackets"),
    ({"column": "a", "weight": 1, "breaks": [1], "scores": [0, 1], "transform": "linear"}, "states breaks and scores, and its transform is linear", "transform = breaks"),
    ({"column": "a", "weight": 1, "breaks": [1], "scores": [0, 1], "low": 0}, "states low, and its transform is breaks", "take low out"),
    ({"column": "a", "weight": 1, "low": 2, "high": 2}, "low 2 is not below high 2", "cost"),
    ({"column": "a", "weight": 1, "low": "x"}, "low = 'x' is not a finite number", "without quotes"),
    ({"column": "a", "weight": 1, "high": float("inf")}, "not a finite number", "high"),
    ({"column": "a", "weight": 1, "transform": "category"}, "names no categories", "categories"),
    ({"column": "a", "weight": 1, "categories": {"M1": 2}}, "'M1' has the score 2, outside 0..1", "categories"),
    ({"column": "a", "weight": 1, "categories": {"": 1}}, "has no code", "categories"),
    ({"column": "a", "weight": 1, "categories": {3: 1, "3": 0}}, "'3' occurs twice", "categories"),
    ({"column": "a", "weight": 1, "missing": 1.5}, "missing figures is 1.5, outside 0..1", "leave it out"),
    ({"column": "a", "weight": 1, "veto": ">"}, "veto '>' cannot be used", "compare the figure"),
    ({"column": "a", "weight": 1, "veto": "> slope"}, "'slope' is not a column", "compare the figure"),
    ({"column": "a", "weight": 1, "veto": "25"}, "does not ask about the figure", "> 25"),
    ({"column": "a", "weight": 1, "veto": "True"}, "does not ask about the figure", "> 25"),
    ({"column": "a", "weight": 1, "veto": "+ 2"}, "does not ask about the figure", "> 25"),
    ({"column": "a", "weight": 1, "veto": "value + 2"}, "not yes or no", "> 25"),
    ({"column": "a", "weight": 1, "veto": "in ['G1']"}, "compares text with a number", "compare the figure"),
    ({"column": "a", "weight": 1, "veto": "> __import__('os')"}, "is not in the grammar", "compare the figure"),
    ({"column": "a", "weight": 1, "categories": {"M1": 1}, "veto": "> 25"}, "compares text with a number", "compare"),
    ({"column": "a"}, "neither a weight nor a veto", "positive number"),
    ({"column": "a", "weight": 0}, "weight is 0 and it has no veto", "add a veto"),
    ({"column": "a", "weight": -1}, "weight is -1, below 0", "cost"),
    ({"column": "a", "weight": float("nan")}, "weight nan is not a finite number", "positive number"),
    ({"column": "a", "weight": 10**400}, "is not a finite number", "positive number"),
    ({"column": "a", "weight": True}, "weight True is not a finite number", "positive number"),
    ({"column": "a", "weight": "3"}, "neither a number nor a list", "one number"),
    ({"column": "a", "weight": [1, "x"]}, "weight 'x' is not a finite number", "per expert"),
    ({"column": "a", "weight": -1, "veto": "> 2"}, "weight is -1, below 0", "cost"),
    ({"column": "a", "weight": 1, "id": " "}, "its id is empty", "short name"),
    ({"column": "a", "weight": 1, "id": "a\nb"}, "cannot be the name of a column", "short name"),
    ({"column": "a", "weight": 1, "id": "a`b"}, "cannot be the name of a column", "short name"),
    ({"column": "a", "weight": 1, "id": "x" * 61}, "cannot be the name of a column", "short name"),
    ({"column": "a", "weight": 1, "id": "robust"}, "a column of the score itself", "short name"),
    ({"column": "a", "weight": 1, "id": 7}, "id = 7 is not a text", "quotes"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "what", "fix"), BROKEN)
def test_what_breaks_a_rule_is_refused_in_one_sentence(asked, what, fix):
    with pytest.raises(InputError) as refused:
        checked([asked])
    assert refused.value.code == "bad_criterion"
    assert what in refused.value.what
    assert fix in refused.value.fix
    assert "faults" not in refused.value.what, refused.value.what


def test_all_faults_are_named_at_once():
    rows = [
        {"id": "one", "column": "a", "weight": -1, "missing": 3},
        {"id": "two", "source": "share", "weight": 1, "low": 5, "high": 2},
        {"id": "TWO", "column": "b", "weight": 1},
    ]
    with pytest.raises(InputError, match="5 faults") as refused:
        checked(rows)
    for said in ("criterion one: its weight", "one: its rating for missing", "two: its source is share",
                 "two: low 5", "TWO: its id occurs twice"):  # fmt: skip
        assert said in refused.value.what


@pytest.mark.parametrize("criteria", [[], ()])
def test_no_criteria_are_refused(criteria):
    with pytest.raises(InputError) as refused:
        checked(criteria)
    assert refused.value.code == "no_criteria"


def test_what_is_no_table_is_refused():
    with pytest.raises(InputError, match="criterion 1 is 'a'"):
        checked(["a"])


def test_a_score_needs_a_weight_somewhere():
    with pytest.raises(InputError, match="no criterion has a weight"):
        checked([{"column": "a", "veto": "> 2"}])


def test_experts_give_as_many_weights_to_every_criterion():
    rows = [{"column": "a", "weight": [1, 2]}, {"column": "b", "weight": 3}]
    with pytest.raises(InputError, match="different numbers of weights.*a 2, b 1"):
        checked(rows)
    # what is only a veto needs none
    assert checked([rows[0], {"column": "b", "veto": "> 2", "weight": 0}])


@pytest.mark.parametrize(
    ("asked", "transform"),
    [
        ({"breaks": [1], "scores": [0, 1]}, "breaks"),
        ({"categories": {"M1": 1}}, "category"),
        ({"low": 0}, "linear"),
        ({}, "linear"),
        ({"direction": "cost", "transform": "sigmoid"}, "sigmoid"),
    ],
)
def test_the_transform_is_inferred_where_it_is_left_out(asked, transform):
    assert checked([{"column": "a", "weight": 1, **asked}])[0].transform == transform


def test_a_veto_on_codes_makes_a_criterion_one_of_codes():
    by_code = {"column": "land_use", "veto": "in ['G1', 'E2']"}
    by_figure = {"column": "slope", "veto": "> 25"}
    weighted = {"column": "a", "weight": 1}
    assert [one.transform for one in checked([by_code, by_figure, weighted])] == [
        "category", "linear", "linear",
    ]  # fmt: skip


def test_names_where_no_id_is_stated():
    rows = [
        {"column": "距地铁(m)", "weight": 1},
        {"column": "land_use in ['M1', 'M0']", "weight": 1},
        {"source": "share", "layer": "tenure", "weight": 1},
    ]
    assert [c.id for c in checked(rows)] == ["距地铁(m)", "land_use_in_M1_M0", "tenure"]


def test_codes_are_text():
    rows = [{"column": "a", "categories": {3: 1, 4.0: 0.5}, "weight": 1},
            {"source": "raster", "layer": "l", "statistic": "share", "values": [1.0, "x "], "weight": 1}]  # fmt: skip
    first, second = checked(rows)
    assert dict(first.categories) == {"3": 1.0, "4": 0.5}
    assert second.values == ("1", "x")


@pytest.mark.parametrize(
    ("veto", "struck"),
    [
        ("> 25", [30.0]), (">=25", [25.0, 30.0]), ("≥ 25", [25.0, 30.0]), ("≠ 25", [1.0, 30.0]),
        ("= 25", [25.0]), ("between(20, 26)", [25.0]), (".between(20, 26)", [25.0]), ("in [1, 30]", [1.0, 30.0]),
        ("not in [1]", [25.0, 30.0]), ("value < 2 or value > 26", [1.0, 30.0]), ("isin([1])", [1.0]),
        ("not (value > 2)", [1.0]),
    ],
)  # fmt: skip
def test_vetoes_in_all_their_forms(veto, struck):
    (one, _) = checked([{"column": "a", "veto": veto}, {"column": "b", "weight": 1}])
    figures = pd.DataFrame({"value": [1.0, 25.0, 30.0]})
    hit = select(veto_expression(one.veto), figures)
    assert figures["value"][hit].tolist() == struck


def test_weights_that_are_found_need_none():
    rows = [
        {"column": "a"},
        {"column": "slope", "veto": "> 25", "high": 25},
        {"column": "eco", "veto": "> 0"},
        {"column": "c", "weight": 0, "veto": "> 9", "low": 0},
    ]
    for method in ("ahp", "entropy"):
        found = checked(rows, weighting=method)
        assert [one.weight for one in found] == [(), (), (0.0,), (0.0,)]
        assert [is_only_veto(one, method) for one in found] == [False, False, True, True]
        # ranges that are filled in later change nothing of it
        filled = [dataclasses.replace(one, low=0.0, high=9.0) for one in found]
        assert [is_only_veto(one, method) for one in filled] == [False, False, True, True]
    for method in ("direct", "swing"):
        with pytest.raises(InputError, match="criterion a: it has neither a weight nor a veto"):
            checked(rows, weighting=method)
    with pytest.raises(InputError, match="weight is 0 and it has no veto"):
        checked([{"column": "a", "weight": 0}, {"column": "b"}], weighting="ahp")


def test_criterion_objects_pass_through_the_same_checks():
    with pytest.raises(InputError, match="low 3 is not below high 2"):
        checked([Criterion("a", column="a", low=3.0, high=2.0, weight=(1.0,))])
    with pytest.raises(InputError, match="below 0"):
        checked([Criterion("a", column="a", weight=(-1.0,))])
    with pytest.raises(InputError, match="names no layer"):
        checked([Criterion("a", source="distance", weight=(1.0,))])
    given = Criterion("a", column="a", breaks=(1.0,), scores=(0.0, 1.0), weight=(1.0,))
    assert checked([given])[0].transform == "breaks"


def test_an_unknown_method_is_named_before_anything_else():
    with pytest.raises(
        InputError, match="weighting is 'entropie'.*did you mean 'entropy'"
    ) as refused:
        checked([{"column": "a"}], weighting="entropie")
    assert refused.value.code == "bad_weighting"
