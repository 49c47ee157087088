"""Threads for GEOS and NumPy, which let go of Python's lock while they work."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any


class Inline(Executor):
    """Does at once, in the caller's own thread, what it is given."""

    def submit(self, work: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        """Do the work now; what it raises is raised when the result is asked for."""
        done: Future[Any] = Future()
        try:
            done.set_result(work(*given, **named))
        except Exception as fault:  # noqa: BLE001 - as every executor does
            done.set_exception(fault)
        return done


def threads(workers: int | None) -> Executor:
    """Return an executor of so many threads; None: one per processor. Use it with ``with``."""
    count = workers or os.cpu_count() or 1
    return Inline() if count == 1 else ThreadPoolExecutor(count)
