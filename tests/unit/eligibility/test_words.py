"""Texts and classes: every key that is asked has its words, every word its class."""

import re
from pathlib import Path

import pytest

import renewal_geo.eligibility as package
from renewal_geo.eligibility import CRITERIA, words
from renewal_geo.eligibility.verdicts import shown
from renewal_geo.foundation.labels import texts

SOURCE = Path(package.__file__).parent
KEY = re.compile(r'text_of\(\s*(?:f?)"([a-z0-9_{}]+)"|[^_]words\(\s*"([a-z0-9_]+)"')
QUOTED = re.compile(
    r'"((?:why|note|said|left|mark|figure|unit|rule|key|layer|column|by|verified|criterion)_[a-z0-9_]+)"'
)

NO_TEXTS = {
    "key_unit",
    "why_zh",
    "why_en",
    "unit_id",
    "rule_id",
    "left_out",
    "unit_range_m2",
    "by_layer",
}


def test_every_key_in_the_source_has_its_words():
    known = {key.removeprefix("eligibility.") for key in texts() if key.startswith("eligibility.")}
    told = "".join(file.read_text(encoding="utf-8") for file in SOURCE.glob("*.py"))
    asked = {one or other for one, other in KEY.findall(told)}
    asked |= set(QUOTED.findall(told)) - NO_TEXTS
    plain = {one for one in asked if "{" not in one}
    assert plain - known == set()
    for formed in asked - plain:
        start = formed.split("{")[0]
        assert any(one.startswith(start) for one in known), formed
    assert {f"criterion_{one}" for one in CRITERIA} <= known
    assert {f"figure_age_{one}" for one in words.USES} <= known
    assert {f"figure_consent_{one}" for one in ("owners", "area", "shares", "land")} <= known
    kinds = {key.removeprefix("kind.") for key in texts() if key.startswith("kind.")}
    assert {kind for kind, _ in words.LINE_WORDS} <= known | kinds


def test_texts_ask_the_same_figures_in_both_languages():
    for key, entry in texts().items():
        if key.startswith("eligibility."):
            zh, en = (sorted(re.findall(r"{(\w+)}", entry[lang])) for lang in ("zh", "en"))
            assert zh == en, key
            assert entry["zh"], key


@pytest.mark.parametrize(
    ("text", "kind"),
    [("M1", "industrial"), ("W1", "industrial"), ("厂房宿舍", "industrial"), ("R2", "residential"), ("商住楼", "residential"), ("C1", "commercial"),
     ("商业服务业", "commercial"), ("GIC2", "other"), ("小学", "other"), ("", None), (None, None), (float("nan"), None), ("Industrial", "industrial"), ("SNGL-FAM-RES", "residential"), ("RES-LAND", "residential"), ("RETAIL", "commercial")],
)  # fmt: skip
def test_uses(text, kind):
    assert words.classed([text], words.USE_WORDS).tolist() == [kind]


@pytest.mark.parametrize(
    ("text", "leased", "unleased"),
    [("国有已出让", "leased", "other"), ("国有未出让", "other", "state_unleased"), ("国有出让", "leased", "other"), ("state_unleased_vacant", "other", "state_unleased")],
)  # fmt: skip
def test_leased_and_unleased(text, leased, unleased):
    assert words.classed([text], words.LEASED_WORDS).tolist() == [leased]
    assert words.classed([text], words.UNLEASED_WORDS).tolist() == [unleased]


@pytest.mark.parametrize(
    ("text", "level"),
    [("一级", "1"), ("1", "1"), (1, "1"), ("二级线", "2"), ("III", "other"), ("Level 1", "1")],
)
def test_levels(text, level):
    assert words.classed([text], words.LEVEL_WORDS).tolist() == [level]


def test_a_figure_beside_its_limit_is_told_apart_from_it():
    assert shown(0.59999, "1", 0.6) == "59.999 %"
    assert shown(9_999.96, "m2", 10_000.0) == "9,999.96 m²"
    assert shown(float("nan"), "m2") == "—"
