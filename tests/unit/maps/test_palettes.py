"""Colours that can be told apart by anybody, or carry another sign; classes that stay few."""

import numpy as np
import pandas as pd
import pytest

from renewal_geo.foundation.errors import InputError
from renewal_geo.maps import palettes
from renewal_geo.maps.classes import classed
from renewal_geo.maps.contrasts import VISIONS, confusable, contrast, difference, lab
from renewal_geo.maps.spec import same

# Sharma, Wu and Dalal (2005), table 1
PAIRS = [
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, 3.1571, -77.2803), (50, 0, -82.7485), 2.8615),
    ((50, 2.8361, -74.0200), (50, 0, -82.7485), 3.4412),
    ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
    ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447), 1.4441),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


def drawn(palette):
    rows = [(one.title.en, one.ink.fill, one.ink.hatch) for one in palette.entries]
    return [*rows, *((name, ink.fill, ink.hatch) for name, ink in
                     (("other", palette.other), ("missing", palette.missing)))]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "expected"), PAIRS)
def test_the_colour_difference_is_the_published_one(one, other, expected):
    assert difference(np.array(one), np.array(other)) == pytest.approx(expected, abs=5e-5)
    assert difference(np.array(other), np.array(one)) == pytest.approx(expected, abs=5e-5)


def test_white_is_white_and_red_is_dim_without_red_cones():
    assert lab("#ffffff") == pytest.approx([100, 0, 0], abs=0.01)
    for vision in VISIONS:
        assert lab("#808080", vision) == pytest.approx(lab("#808080"), abs=0.5)
    assert lab("#ff0000", "protan")[0] < lab("#ff0000")[0] - 10


def test_the_closest_pair_is_found_under_each_vision():
    found = contrast({"red": "#d62728", "green": "#2ca02c", "blue": "#1f77b4"})
    assert set(found) == {"normal", "protan", "deutan", "tritan"}
    assert (found["normal"].one, found["normal"].other) != ("red", "green")
    assert {found["deutan"].one, found["deutan"].other} == {"red", "green"}
    assert found["deutan"].difference < found["normal"].difference


@pytest.mark.parametrize("name", palettes.HOUSE)
def test_classes_that_look_alike_to_somebody_carry_different_hatches(name):
    assert confusable(drawn(palettes.load(name))) == []


def test_reasons_that_look_alike_to_somebody_carry_different_hatches():
    rows = [(name, ink.fill, ink.hatch) for name, ink in palettes.REASONS.items()]
    alike = {frozenset(pair[1:3]) for pair in confusable(rows)}
    # paper-coloured ground and land outside the pool are both "not in question"
    assert alike <= {frozenset({"ground", "not_in_pool"})}


def test_every_status_has_a_hatch_of_its_own():
    status = palettes.load("status")
    hatches = [one.ink.hatch for one in status.entries]
    assert len(set(hatches)) == len(hatches)
    assert status.entry("overdue") is status.entry("已逾期")


def test_codes_and_names_find_their_class():
    land = palettes.load()
    assert land.entry("M1", "shenzhen") is land.entry("工业用地") is land.entry("0601", "survey")
    assert land.entry("070102", "national") is land.entry("居住用地")
    assert land.entry("GIC5", "shenzhen").title.en.startswith("Public")
    assert land.entry("M0", "shenzhen").title.zh == "新型产业用地"
    assert land.entry("M1") is None  # no system, no guess
    assert land.entry("ZZ", "shenzhen") is None


def test_a_system_is_told_only_where_one_explains_more():
    land = palettes.load()
    assert land.system_of(["M1", "R2", "GIC5"]) == "shenzhen"
    assert land.system_of(["0601", "0508"]) == "survey"
    assert land.system_of(["0701"]) == ""
    assert land.system_of(["?"]) == ""


def test_a_bureau_s_own_palette_is_read(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(
        'title = {zh = "本局", en = "Ours"}\n[[class]]\ntitle = {zh = "工业", en = "Industry"}\n'
        'names = ["工业"]\nshenzhen = ["M"]\nfill = "#AA5500"\nhatch = "cross"\n',
        encoding="utf-8",
    )
    own = palettes.load(file)
    assert own.entry("M1", "shenzhen").ink == palettes.Ink("#aa5500", "cross")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no \\[\\[class\\]\\]"),
        ("x = [", "cannot be used"),
        ('[[class]]\ntitle={zh="a",en="b"}\nfill="red"', "colour"),
        ('[[class]]\ntitle={zh="a",en="b"}\nfill="#ff0000"\nhatch="zigzag"', "hatch"),
        ('[[class]]\ntitle={zh="a"}\nfill="#ff0000"', "title"),
        ('[[class]]\ntitle={zh="a",en="b"}\nfill="#ff0000"\ncolour="x"', "colour"),
        ('[[class]]\ntitle={zh="a",en="b"}', "neither"),
        ('[[class]]\ntitle={zh="a",en="b"}\nfill="#ff0000"\nwidth=-1', "width"),
    ],
)
def test_a_broken_palette_is_refused(tmp_path, text, why):
    file = tmp_path / "own.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=why):
        palettes.load(file)


def test_a_palette_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="nowhere"):
        palettes.load("nowhere.toml")


def test_five_hundred_values_become_twenty_four_and_the_rest():
    values = pd.Series([f"用途{n:03d}" for n in range(500)] * 2)
    area = np.tile(np.arange(500, 0, -1.0), 2)
    made = classed(values, area, title=same("用途"))
    assert len(made.classes) == 25
    assert [one.value for one in made.classes[:2]] == ["用途000", "用途001"]
    assert made.classes[-1].value == "other"
    assert made.classes[-1].count == 2 * 476
    assert sum(one.area_m2 for one in made.classes) == pytest.approx(area.sum())
    assert "24" in made.note.en
    assert "476" in made.note.zh
    assert confusable([(one.value, one.fill, one.hatch) for one in made.classes]) == []
    assert made.class_of[:3].tolist() == [0, 1, 2]


def test_few_values_need_no_note_and_missing_ones_have_a_class():
    made = classed(pd.Series(["M1", None, "R2", "M1"]), np.array([1.0, 2.0, np.nan, 4.0]),
                   title=same("t"), palette=palettes.load())  # fmt: skip
    assert [(one.value, one.count, one.area_m2) for one in made.classes] == [
        ("M1", 2, 5.0), ("R2", 1, 0.0), ("no_value", 1, 2.0),
    ]  # fmt: skip
    assert made.class_of.tolist() == [0, 2, 1, 0]
    assert made.note is None
    assert made.classes[0].title.en == "M1 Industry"


def test_two_values_of_one_class_do_not_look_the_same():
    made = classed(
        pd.Series(["R1", "R2", "R3"]), np.ones(3), title=same("t"), palette=palettes.load()
    )
    assert len({one.fill for one in made.classes}) == 1  # all housing, all yellow
    assert len({one.hatch for one in made.classes}) == 3
    many = classed(pd.Series([f"R{n}" for n in range(9)]), np.ones(9), title=same("t"),
                   palette=palettes.load())  # fmt: skip
    assert confusable([(one.value, one.fill, one.hatch) for one in many.classes]) == []


def test_colours_of_unknown_classes_do_not_repeat():
    signs = [palettes.cycled(place) for place in range(72)]
    assert len({(one.fill, one.hatch) for one in signs}) == 72
    rows = [(str(n), one.fill, one.hatch) for n, one in enumerate(signs)]
    assert all(pair[3] > 2.0 for pair in confusable(rows))
