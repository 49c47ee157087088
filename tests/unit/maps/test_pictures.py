"""A picture shows what the spec says, with any text and with any font."""

import io

import matplotlib.image
import numpy as np
import pytest

from renewal_geo.maps.sheet import pictures
from renewal_geo.maps.sheet.fonts import chinese_family, drawable
from renewal_geo.maps.sheet.pictures import zone_picture


def pixels(png):
    return (matplotlib.image.imread(io.BytesIO(png))[:, :, :3] * 255).round().astype(int)


def share_of(image, colour):
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return (np.abs(image - rgb).max(axis=2) <= 2).mean()


def test_the_picture_is_painted_and_the_same_every_time(drawn):
    first = zone_picture(drawn.delineation(), dpi=50)
    assert first == zone_picture(drawn.delineation(), dpi=50)
    image = pixels(first)
    assert share_of(image, "#0072b2") > 0.08  # nine of thirty squares, on two thirds of the sheet
    assert share_of(image, "#e69f00") > 0.008


def test_any_text_can_be_drawn(drawn):
    hostile = drawn.delineation(hostile=True, names=(r"$\frac", "x^{2$ 😀 \n 第二行"))
    assert zone_picture(hostile, title=r"$\alpha 改造 😀", notes=(r"$\bad{", ""), dpi=40)


def test_without_a_chinese_font_the_labels_are_english(drawn, monkeypatch):
    monkeypatch.setattr(pictures, "chinese_family", lambda: None)
    assert zone_picture(drawn.delineation(), title="改造", source="来源", dpi=40)


def test_a_district_without_an_answer_has_a_picture(drawn):
    assert zone_picture(drawn.without_answer(), edition="public", lang="en", dpi=40)


def test_signs_that_no_font_draws_become_boxes():
    assert drawable("a\u4e00\tb", "DejaVu Sans") == "a□ b"


def test_a_chinese_font_draws_chinese():
    family = chinese_family()
    if family is None:
        pytest.skip("no Chinese font on this machine")
    assert drawable("连片改造区", family) == "连片改造区"
