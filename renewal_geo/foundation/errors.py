"""Errors as part of the interface: what is wrong, where, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

SHOWN_IDS = 5


class RenewalWarning(UserWarning):
    """The only class of warning that this package emits."""


class RenewalError(Exception):
    """Base of every error that a planner can mend.

    Parameters
    ----------
    what
        One sentence: the fault, with its figures.
    where
        File, layer, feature ids or coordinate; empty where there is no place.
    fix
        An imperative: how to mend it.
    code
        Stable machine-readable name; the class's own where empty.
    """

    exit_code: ClassVar[int] = 1
    default_code: ClassVar[str] = "error"

    def __init__(self, what: str, *, where: str = "", fix: str = "", code: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix
        self.code = code or self.default_code

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  at: {self.where}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)

    def as_record(self) -> dict[str, str]:
        """Return ``{code, what, where, fix}``, the error object of ``--json``."""
        return {"code": self.code, "what": self.what, "where": self.where, "fix": self.fix}


class UsageError(RenewalError):
    """The command was called with words that it does not know."""

    exit_code = 2
    default_code = "usage"


class InputError(RenewalError, ValueError):
    """The input is wrong, or the question that is asked of it is meaningless."""

    exit_code = 3
    default_code = "input"


class SourceError(InputError):
    """A file, layer or database cannot be read or written."""

    default_code = "source"


class CRSError(InputError):
    """A coordinate reference system is missing, contradicted, or cannot measure."""

    default_code = "crs"


class SchemaError(InputError):
    """A table has not the columns, types or ids that it needs."""

    default_code = "schema"


class GeometryError(InputError):
    """Geometry that cannot be worked with."""

    default_code = "geometry"


class ExpressionError(InputError):
    """An expression is outside the grammar, or selects nothing."""

    default_code = "expression"


class RuleError(RenewalError):
    """A dated rule is unknown, not in force, or not verified."""

    exit_code = 4
    default_code = "rule"


class SolverError(RenewalError):
    """A solver is missing or stopped without an answer."""

    exit_code = 5
    default_code = "solver"


class ProofError(RenewalError):
    """A published result does not keep what it promises."""

    exit_code = 5
    default_code = "proof"


class RenderError(RenewalError):
    """A map, sheet or workbook could not be drawn or written."""

    exit_code = 6
    default_code = "render"


def some_ids(ids: Iterable[Any], shown: int = SHOWN_IDS) -> str:
    """Return up to `shown` ids and how many more there are, for the *where* of an error.

    >>> some_ids(["a", "b"])
    'a, b'
    >>> some_ids(range(8))
    '0, 1, 2, 3, 4 and 3 more'
    """
    listed = [str(one) for one in ids]
    text = ", ".join(listed[:shown])
    more = len(listed) - shown
    return f"{text} and {more} more" if more > 0 else text


@dataclass
class Faults:
    """Collects faults while a phase checks its input, then raises them as one error."""

    kind: type[RenewalError] = InputError
    found: list[RenewalError] = field(default_factory=list)

    def add(self, what: str, *, where: str = "", fix: str = "", code: str = "") -> None:
        """Note one fault; nothing is raised yet."""
        self.found.append(self.kind(what, where=where, fix=fix, code=code))

    def raise_if_any(self) -> None:
        """Raise what was found.

        Raises
        ------
        RenewalError
            The single fault itself, or one error of class `kind` that lists all of them.
        """
        if not self.found:
            return
        if len(self.found) == 1:
            raise self.found[0]
        first = self.found[0]
        raise self.kind(
            f"{len(self.found)} faults: "
            + "; ".join(f"({n}) {e.what}" for n, e in enumerate(self.found, 1)),
            where="; ".join(e.where for e in self.found if e.where),
            fix="; ".join(dict.fromkeys(e.fix for e in self.found if e.fix)),
            code=first.code,
        )
