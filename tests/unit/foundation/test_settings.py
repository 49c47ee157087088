"""Settings: one table drives the study, the options and the help."""

import pytest

from renewal_geo.foundation.settings import SETTINGS, checked


@pytest.mark.parametrize("question", SETTINGS)
def test_every_setting_is_explained_and_its_default_passes(question):
    for key, setting in SETTINGS[question].items():
        assert setting.help
        assert setting.help_zh
        if setting.default is not None:
            faults = []
            made = checked(
                question, {key: setting.default}, lambda *fault, to=faults: to.append(fault)
            )
            assert made == {key: setting.default}
            assert not faults


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("min_area_ha", True), ("min_area_ha", "3"), ("min_zones", 1.5), ("min_zones", float("nan")),
        ("lock_in", "A"), ("lock_in", [1.5]), ("shares", {"a": 1}), ("min_share", {"a": True}),
        ("pool", 3), ("no_such_key", 1),
    ],
)  # fmt: skip
def test_values_of_the_wrong_kind(key, value):
    faults = []
    assert checked("zones", {key: value}, lambda *fault: faults.append(fault)) == {}
    assert len(faults) == 1
    assert all(faults[0])


def test_criteria():
    faults = []
    rows = [{"column": "built_year", "weight": 1, "direction": "cost"}]
    assert checked("potential", {"criteria": rows}, lambda *f: faults.append(f))["criteria"] == rows
    checked("potential", {"criteria": [{"colunm": "x"}]}, lambda *f: faults.append(f))
    assert "did you mean 'column'?" in faults[0][0]
