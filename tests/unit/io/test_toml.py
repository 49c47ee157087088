"""What we write as TOML is read back as it was."""

import tomllib

import pytest

from renewal_geo.io import as_toml


@pytest.mark.parametrize(
    "text",
    ["", '"', "\\", "a\nb", "\x00\x1f\x7f\x80", "样例 \u200b", "'''", '"""', "\U0001f600", "= # ["],
)
def test_any_text_comes_back(text):
    content = {"name": text, "table": {text or "k": text, "list": [text], "inner": {"a b": text}}}
    assert tomllib.loads(as_toml(content)) == content
