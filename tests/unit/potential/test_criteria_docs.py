"""The examples of docs/potential.md are executed, and its tables name every key and word."""

import re
import tomllib
from pathlib import Path

from renewal_geo.foundation.criterion_words import VALUES
from renewal_geo.foundation.potential_settings import CRITERION
from renewal_geo.foundation.settings import checked as settings_checked
from renewal_geo.potential.criteria import checked
from renewal_geo.potential.pairwise import RANDOM_INDEX
from renewal_geo.report import criteria_workbook

PAGE = Path(__file__).parents[3] / "docs" / "potential.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def test_the_studies_are_understood():
    studies = [tomllib.loads(text)["potential"] for kind, text in BLOCKS if kind == "toml"]
    assert len(studies) == 2
    faults = []
    for study in studies:
        settings_checked("potential", study, lambda *fault: faults.append(fault))
    assert faults == []
    (slope,) = checked(studies[0]["criteria"])
    assert (slope.veto, slope.derive, slope.weight) == ("> 25", "slope_deg", (10.0,))


def test_the_python_example_runs(tmp_path, monkeypatch):
    criteria = checked([{"column": "a", "weight": 1, "title": "甲"}, {"column": "b", "weight": 2}])
    (tmp_path / "因子.xlsx").write_bytes(criteria_workbook(criteria))
    monkeypatch.chdir(tmp_path)
    space = {}
    for kind, text in BLOCKS:
        if kind == "python":
            exec(compile(text, str(PAGE), "exec"), space)  # noqa: S102 - our own page
    assert space["found"].weights.tolist() == [0.5, 0.5]


def test_every_key_word_and_random_index_stands_on_the_page():
    rows = [line for line in TEXT.splitlines() if line.startswith("| `")]
    for key in CRITERION:
        assert any(f"`{key}`" in line for line in rows), key
    for key, values in VALUES.items():
        row = next(line for line in rows if f"`{key}`" in line)
        for value in values:
            assert re.search(rf"\b{value}\b", row), (key, value)
    assert ", ".join(f"{one:.2f}" if one else "0" for one in RANDOM_INDEX) in TEXT
