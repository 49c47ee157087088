"""Plain values as TOML text: what a study that we write needs, no more."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any


def as_toml(content: Mapping[str, Any]) -> str:
    """Return `content` as TOML: scalars first, then its tables; None is left out.

    Examples
    --------
    >>> print(as_toml({"name": "样例", "zones": {"pool": "a == 'x'", "gap": 0.01, "shares": {"i": "b"}}}))
    name = "样例"
    <BLANKLINE>
    [zones]
    pool = "a == 'x'"
    gap = 0.01
    shares = { "i" = "b" }
    <BLANKLINE>
    """
    lines = [
        f"{_key(name)} = {_value(value)}"
        for name, value in content.items()
        if not isinstance(value, Mapping) and value is not None
    ]
    for name, value in content.items():
        if isinstance(value, Mapping):
            lines += _table(_key(name), value)
    return "\n".join(lines) + "\n"


def _table(path: str, table: Mapping[str, Any]) -> list[str]:
    """A table of tables is written as sub-tables one level down, deeper ones inline."""
    deep = bool(table) and all(isinstance(value, Mapping) for value in table.values())
    if deep and "." not in path:
        return [line for name, one in table.items() for line in _table(f"{path}.{_key(name)}", one)]
    return [
        "",
        f"[{path}]",
        *(f"{_key(name)} = {_value(value)}" for name, value in table.items() if value is not None),
    ]


def _key(name: str) -> str:
    plain = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if plain else _text(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        inner = ", ".join(
            f"{_text(str(k))} = {_value(v)}" for k, v in value.items() if v is not None
        )
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    raise TypeError(f"no TOML for {type(value).__name__}")


def _text(value: str) -> str:
    """Return a basic string: what JSON writes, but for the one control character that JSON lets through."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
