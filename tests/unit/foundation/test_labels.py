"""Every code that people may see has a Chinese and an English text."""

import pytest

from renewal_geo.foundation.labels import LANGUAGES, has_label, label, texts
from renewal_geo.maps.palettes import REASONS


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_text_has_both_languages(lang):
    empty = [key for key, entry in texts().items() if lang not in entry]
    assert empty == []


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_a_text(reason):
    assert has_label(f"reason.{reason}")


def test_titles_of_columns_come_from_the_schema_where_none_is_ours():
    assert label("column.land_use", "zh") == "现状用途"
    assert label("column.不认识", "en") == "不认识"


def test_shares_are_named_after_what_they_measure():
    assert label("column.share_legal", "en") == "Share of legal land (net)"
    assert label("column.share_green_gross", "en") == "Share of green (gross)"


def test_figures_are_put_into_their_places():
    assert "10" in label("map.public_note", "zh", grid=10)
