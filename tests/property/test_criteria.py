"""Whatever a table of criteria holds, it is understood or refused in a sentence; what is understood comes back."""

import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.potential_settings import CRITERION
from renewal_geo.io import as_toml
from renewal_geo.potential.criteria import asked_of, checked
from renewal_geo.potential.criterion_rules import WORDS

words = st.sampled_from([word for known in WORDS.values() for word in known])
figures = st.one_of(
    st.integers(-3, 30), st.floats(), st.booleans(), st.none(), st.sampled_from([0.0, 0.5, 1.0])
)
signs = st.characters(codec="utf-8", exclude_categories=["Cc"])
texts = st.one_of(
    words,
    st.text(signs, max_size=6),
    st.sampled_from(["> 25", "in ['G1']", "a / b", "value", "between(1, 2)"]),
)
lists = st.lists(st.one_of(figures, texts), max_size=4)
rising = st.lists(st.integers(-9, 9), max_size=3, unique=True).map(sorted)
anything = st.one_of(
    figures,
    texts,
    lists,
    rising,
    st.dictionaries(st.one_of(texts, st.integers(0, 3)), figures, max_size=3),
)
FITTING = {"text": texts, "number": figures, "numbers": figures | lists, "list": lists | rising,
           "mapping": st.dictionaries(texts, figures, max_size=3)}  # fmt: skip


@st.composite
def criteria(draw):
    """Mostly keys with values of their kind, some with anything."""
    asked = {"column": "a", "weight": 1} if draw(st.integers(0, 4)) else {}
    for key in draw(st.sets(st.sampled_from([*CRITERION, "wieght"]), max_size=4)):
        known = (
            st.sampled_from(WORDS[key])
            if key in WORDS
            else FITTING.get(CRITERION.get(key, ""), anything)
        )
        asked[key] = draw(known if draw(st.integers(0, 9)) else anything)
    return asked


@settings(max_examples=150)
@given(st.lists(criteria(), max_size=3), st.sampled_from(["direct", "ahp", "swing", "entropy"]))
def test_understood_or_refused(rows, weighting):
    found, refused = None, None
    try:
        found = checked(rows, weighting=weighting)
    except InputError as fault:
        refused = fault
    if found is None:
        assert refused.what
        assert refused.fix
        return
    assert checked(found, weighting=weighting) == found
    asked = [asked_of(one) for one in found]
    assert checked(asked, weighting=weighting) == found
    written = tomllib.loads(as_toml({"criteria": asked}))["criteria"]
    assert checked(written, weighting=weighting) == found
