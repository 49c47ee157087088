"""One key of a question's table in ``study.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal[
    "text",
    "float",
    "int",
    "bool",
    "list",
    "floats",
    "mapping",
    "numbers",
    "tables",
    "matrices",
    "dimensions",
]


@dataclass(frozen=True, slots=True)
class Setting:
    """One key: what its value is made of, its default, its unit and its meaning.

    `kind` is ``text``, ``float``, ``int``, ``bool``, ``list`` (of texts), ``floats`` (list of numbers),
    ``mapping`` (name to text), ``numbers`` (name to number), ``tables`` (list of tables), ``matrices`` (list of
    square lists of lists) or ``dimensions`` (list of texts, or of tables with name, layer and by). A
    default of None means that leaving the key out has a meaning of its own, which `help` states.
    """

    kind: Kind
    default: Any
    unit: str
    help: str
    help_zh: str
