"""What the page's data block holds, read again by the decoder of unpacked.py."""

import datetime as dt
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point, box

from renewal_geo.foundation.errors import RenderError
from renewal_geo.foundation.labels import texts
from renewal_geo.maps.controls import Deadlines, Total, Where
from renewal_geo.maps.page.payload import TEXT_GROUPS, encode, payload
from renewal_geo.maps.spec import LayerSpec, MapClass, MapColumn, MapSpec, Scheme, same

CRS = "EPSG:4547"
SQUARE = box(500_000, 2_510_000, 500_010, 2_510_010)


def layer_of(geometry, columns=(), values=None, **more):
    count = len(geometry)
    given = {
        "name": "one", "title": same("one"), "kind": "polygon", "geometry": gpd.GeoSeries(geometry, crs=CRS),
        "classes": (MapClass("c", same("c"), "#0072b2"),), "class_of": np.zeros(count, dtype=np.int32),
        "columns": tuple(columns), "values": pd.DataFrame(values if values is not None else {}, index=range(count)),
    }  # fmt: skip
    return LayerSpec(**{**given, **more})


def spec_of(*layers, **more):
    head = (same("t"), same(""), "zh", "internal", None, CRS, "", "", ())
    spec = MapSpec(*head, tuple(layers))
    return (
        spec if not more else MapSpec(**{**{n: getattr(spec, n) for n in spec.__slots__}, **more})
    )


@pytest.fixture(scope="module")
def sent(unpacked):
    """Send a spec into a page's block and read it again."""

    def go(*layers, **more):
        return unpacked.unpacked(encode(payload(spec_of(*layers, **more))))

    return go


def column_sent(sent, form, values, decimals=0, **more):
    column = MapColumn("v", same("v"), form, decimals, **more)
    return sent(layer_of([SQUARE] * len(values), [column], {"v": values}))["layers"][0]["columns"][
        0
    ]


def test_numbers_come_back_as_they_are_printed_and_missing_ones_as_none(sent):
    numbers = [1.25, np.nan, np.inf, -3.333, 0.0, 1e9]
    assert column_sent(sent, "number", numbers, 1)["numbers"] == [1.2, None, None, -3.3, 0.0, 1e9]
    assert column_sent(sent, "number", [12.345, 0.005], 2)["numbers"] == [12.34, 0.0]
    assert column_sent(sent, "share", [0.12345, None], 1)["numbers"] == [0.123, None]
    assert column_sent(sent, "year", [1987, 2020, None])["numbers"] == [1987, 2020, None]
    assert column_sent(sent, "number", ["12", "none", None])["numbers"] == [12, None, None]


def test_a_sum_in_the_page_is_that_of_the_table(sent):
    areas = np.random.default_rng(1).uniform(10, 1e6, 5000).round(2)
    numbers = column_sent(sent, "number", areas, 2)["numbers"]
    assert numbers == areas.tolist()


def test_numbers_too_large_for_scaled_integers_stay_doubles(sent):
    numbers = [1e300, -2.5, np.nan]
    assert column_sent(sent, "number", numbers, 2)["numbers"] == [1e300, -2.5, None]
    edge = [2.0**51 - 1, 1 - 2.0**51, 2.0**51]
    assert column_sent(sent, "number", edge)["floats"] == edge
    assert column_sent(sent, "number", edge[:2])["numbers"] == edge[:2]


def test_days_are_day_numbers_whatever_holds_them(sent):
    days = [dt.date(2020, 6, 30), None, dt.date(1969, 12, 31)]
    expected = [18443, None, -1]
    assert column_sent(sent, "date", days)["days"] == expected
    assert column_sent(sent, "date", pd.to_datetime(pd.Series(days)))["days"] == expected
    assert column_sent(sent, "date", ["2020-06-30", "", "1969-12-31"])["days"] == expected
    zoned = pd.to_datetime(pd.Series(["2020-06-30 23:30", None])).dt.tz_localize("Asia/Shanghai")
    assert column_sent(sent, "date", zoned)["days"] == [18443, None]
    assert column_sent(sent, "date", [None, None])["days"] == [None, None]
    assert column_sent(sent, "date", [pd.Timestamp("2020-06-30 18:45")])["days"] == [18443]


def test_texts_come_back_of_whatever_kind(sent):
    texts_of = [None, "", "甲", "a\0b", 12, 1.0, 1, True, "甲"]
    made = column_sent(sent, "text", pd.Series(texts_of, dtype=object))
    assert made["texts"] == ["", "", "甲", "ab", "12", "1.0", "1", "True", "甲"]
    assert column_sent(sent, "text", pd.Categorical(["b", None, "a"]))["texts"] == ["b", "", "a"]
    assert column_sent(sent, "yes_no", [True, False])["texts"] == ["True", "False"]
    assert column_sent(sent, "text", pd.Series(["\ud800"], dtype=object))["texts"] == ["?"]


def test_a_long_text_is_cut_and_says_so(sent):
    made = column_sent(sent, "text", ["长" * 10_000, "短"])["texts"]
    assert made == ["长" * 1999 + "…", "短"]


def test_numbered_words_become_numbers(sent):
    ids = [f"440307{k // 400:03d}GB{k % 400 + 1:05d}" for k in range(3000)]
    made = column_sent(sent, "text", [*ids[:7], None, *ids[7:]])
    assert made["pattern"] == [9, "GB", 5]
    assert made["texts"] == [*ids[:7], "", *ids[7:]]
    size = len(
        encode(payload(spec_of(layer_of([SQUARE] * 3000, [MapColumn("v", same("v"))], {"v": ids}))))
    )
    plain = len(encode(payload(spec_of(layer_of([SQUARE] * 3000)))))
    assert size - plain < 400


@pytest.mark.parametrize(
    "ids",
    [
        ["A1", "A12", "B3"],
        ["12-34", "12-35", "x"],
        ["９９", "12"],
        ["1" * 20, "2" * 20],
        ["007", "008"],
        ["é1", "é2", "é2"],
        [""],
    ],
)
def test_words_that_are_not_alike_are_listed(sent, ids):
    assert column_sent(sent, "text", ids)["texts"] == ids


def test_english_sides_make_pairs(sent):
    column = MapColumn("v", same("v"), english="w")
    values = {"v": ["甲", "甲", None, "乙"], "w": ["A", "B", None, "A"]}
    made = sent(layer_of([SQUARE] * 4, [column], values))["layers"][0]["columns"][0]
    assert [made["titles"][code] for code in made["codes"]] == [
        {"zh": "甲", "en": "A"}, {"zh": "甲", "en": "B"}, None, {"zh": "乙", "en": "A"},
    ]  # fmt: skip


def test_every_colouring_is_there_the_specs_own_first(sent):
    other = Scheme(
        "use",
        same("by use"),
        (MapClass("x", same("x"), "#112233"),),
        np.array([-1, 0], dtype=np.int32),
    )
    layer = sent(layer_of([SQUARE] * 2, schemes=(other,), scheme=same("by status")))["layers"][0]
    assert [(s["name"], s["title"]["en"], s["class_of"]) for s in layer["schemes"]] == [
        ("", "by status", [0, 0]), ("use", "by use", [-1, 0]),
    ]  # fmt: skip


def test_controls_are_plain_data_of_the_same_names(sent):
    where = Where("v", first_day=-3, last_day=30)
    data = sent(
        layer_of([SQUARE]),
        as_of=dt.date(2020, 6, 30),
        totals=(Total("n", same("n"), "one", where=(where,), factor=1e-4),),
        deadlines=Deadlines(same("due"), "one", "v", ("a", "b")),
    )
    assert data["as_of_day"] == 18443
    assert data["totals"][0]["where"] == [
        {"column": "v", "texts": [], "first_day": -3, "last_day": 30, "missing": False}
    ]
    assert data["totals"][0]["factor"] == 1e-4
    assert data["totals"][0]["share_of"] is None
    assert data["deadlines"]["columns"] == ["a", "b"]
    assert data["timeline"] is data["wall"] is data["compare"] is data["basemap"] is None
    assert data["online"] is False


def test_classes_that_a_column_decides_come_back(sent):
    status = ["b", None, "a", "b"] * 9
    of = np.array([1, -1, 0, 1] * 9, dtype=np.int32)
    classes = (MapClass("a", same("a")), MapClass("b", same("b")))
    column, shapes = MapColumn("v", same("v")), [SQUARE] * 36
    for other in (of, np.append(of[:-1], 0)):
        one = layer_of(shapes, [column], {"v": status}, classes=classes, class_of=other)
        assert sent(one)["layers"][0]["class_of"] == other.tolist()
    plain = layer_of(shapes, [column], {"v": status}, classes=classes, class_of=of)
    assert payload(spec_of(plain))["layers"][0]["schemes"][0]["class_of"]["column"] == "v"


def test_captions_and_marks_come_back(sent):
    layer = sent(layer_of([SQUARE, None], captions=("甲片", ""), marks=("甲", "")))["layers"][0]
    assert layer["captions"] == ["甲片", ""]
    assert layer["marks"] == ["甲", ""]
    assert [at[1] for at in layer["spots"]] == [-1, -1]


def test_nothing_of_a_text_stands_in_clear_in_the_block():
    values = {"v": ["</script><!-- & \u2028 secret"]}
    block = encode(payload(spec_of(layer_of([SQUARE], [MapColumn("v", same("v"))], values))))
    assert not set("<>& ") & set(block)
    assert "secret" not in block


def test_the_same_spec_gives_the_same_bytes():
    made = [
        encode(
            payload(
                spec_of(
                    layer_of([SQUARE, Point(1, 2)], [MapColumn("v", same("v"))], {"v": ["a", "b"]})
                )
            )
        )
        for _ in "12"
    ]
    assert made[0] == made[1]


def test_an_empty_layer_and_an_empty_spec(sent):
    assert (
        sent(layer_of([], [MapColumn("v", same("v"), form) for form in ("text",)], {"v": []}))[
            "layers"
        ][0]["rings"]
        == []
    )
    for form in ("number", "date", "share", "yes_no"):
        assert (
            sent(layer_of([], [MapColumn("v", same("v"), form)], {"v": []}))["layers"][0]["n"] == 0
        )
    assert sent()["layers"] == []


def test_five_hundred_classes(sent):
    classes = tuple(MapClass(str(k), same(k), f"#{k:06x}") for k in range(500))
    of = np.arange(500, dtype=np.int32)[::-1]
    layer = sent(layer_of([SQUARE] * 500, classes=classes, class_of=of))["layers"][0]
    assert layer["class_of"] == of.tolist()
    assert layer["classes"][499]["fill"] == "#0001f3"


@pytest.mark.parametrize("colour", ["red", "#12345", "#1234567", "#0072b2;x", "url(x)", "#00 2b2"])
@pytest.mark.parametrize("place", ["fill", "line", "shades", "scheme"])
def test_a_colour_that_is_no_colour_is_refused(colour, place):
    given = {"shades": {"shades": (colour,)}, "scheme": {"fill": colour}}.get(
        place, {place: colour}
    )
    classes = (MapClass("c", same("c"), **given),)
    layer = layer_of([SQUARE], classes=classes)
    if place == "scheme":
        layer = layer_of(
            [SQUARE], schemes=(Scheme("s", same("s"), classes, np.zeros(1, dtype=np.int32)),)
        )
    with pytest.raises(RenderError, match="colour"):
        payload(spec_of(layer))


def test_uneven_layers_are_refused():
    with pytest.raises(RenderError, match="2 geometries"):
        payload(spec_of(layer_of([SQUARE] * 2, class_of=np.zeros(3, dtype=np.int32))))


def test_keys_of_the_pages_texts_are_unique():
    keys = [key for key in texts() if key.partition(".")[0] in TEXT_GROUPS]
    names = [key.partition(".")[2] for key in keys]
    assert sorted(names) == sorted(set(names))


def test_no_value_that_json_does_not_know(sent):
    with pytest.raises(ValueError, match="JSON"):
        sent(layer_of([SQUARE], classes=(MapClass("c", same("c"), area_m2=float("nan")),)))
    assert json.dumps(sent(layer_of([SQUARE])), allow_nan=False)
