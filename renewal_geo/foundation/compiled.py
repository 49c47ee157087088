"""Compilation of inner loops by numba, or plain Python where numba is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

try:
    import numba

    _compile: Any = numba.njit(cache=True, nogil=True)
except ImportError:  # every loop also runs as it stands, slower
    _compile = None

COMPILED = _compile is not None
PACE = 1.0 if COMPILED else 1 / 60  # how much work a loop gets done in the same time, measured


def compiled(function: Function) -> Function:
    """Compile `function` once, cache it on disk, and let it run beside other threads."""
    if _compile is None:
        return function
    made: Function = _compile(function)
    return made
