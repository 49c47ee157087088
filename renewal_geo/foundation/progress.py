"""Progress that the core reports and the edges show.

The core calls :func:`report` (a stage, a share done, a few figures) and never prints. Who wants
to see it opens :func:`shown` with a listener; a context variable keeps threads apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Step:
    """One report: `stage` (dotted name), `share` done in 0..1 or None, named `figures`."""

    stage: str
    share: float | None = None
    figures: dict[str, float] = field(default_factory=dict)


Listener = Callable[[Step], None]

_listener: ContextVar[Listener | None] = ContextVar("renewal_geo_progress", default=None)


def report(stage: str, share: float | None = None, **figures: float) -> None:
    """Tell whoever listens how far `stage` is; costs nothing when nobody does."""
    listener = _listener.get()
    if listener is not None:
        listener(Step(stage, share, figures))


@contextmanager
def shown(listener: Listener) -> Iterator[None]:
    """Send every report made inside the block to `listener`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
