"""Texts in both languages, with figures and with other texts in them."""

from renewal_geo.foundation.labels import label
from renewal_geo.maps.texts import Text, both, listed, same


def test_a_text_within_a_text_is_said_in_its_language():
    made = both("edition.merged", title=Text("宗地", "Parcels"))
    assert made.zh == label("edition.merged", "zh", title="宗地")
    assert made.en == label("edition.merged", "en", title="Parcels")


def test_braces_of_the_users_own_words_stay():
    assert "{0} {title}" in both("edition.merged", title=same("{0} {title}")).en


def test_texts_in_a_row():
    assert listed([Text("甲", "a"), Text("乙", "b")]) == Text("甲、乙", "a, b")
    assert listed([]) == Text("", "")
