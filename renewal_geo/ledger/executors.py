"""Who does the work of many tiles: this process, a pool of processes, a Dask cluster.

An executor is a plain function like the built-in ``map``: it gets a function and tasks, and yields
results in any order. It leaves out a task whose worker died; who asked sees what is missing.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any, TypeVar

from renewal_geo.foundation.errors import InputError, UsageError

Task = TypeVar("Task")
Result = TypeVar("Result")
Executor = Callable[[Callable[[Any], Any], Sequence[Any]], Iterable[Any]]


def serial(function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterable[Result]:
    """Do the tasks one after the other in this process."""
    return map(function, tasks)


def in_processes(workers: int, *, start: str = "spawn") -> Executor:
    """Return an executor that spreads tasks over processes of this machine.

    Parameters
    ----------
    workers
        Processes; no more than `workers` + 1 tasks are under way, so that memory is bounded.
    start
        ``spawn`` (any system, safe beside threads), ``forkserver`` or ``fork``. With spawn a
        script must start its work below ``if __name__ == "__main__":``.

    Raises
    ------
    InputError
        ``bad_workers``.
    """
    if workers < 1:
        raise InputError(
            f"{workers} workers cannot work",
            where="tiles",
            fix="ask for 1 or more",
            code="bad_workers",
        )

    def run(function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        waiting = list(reversed(tasks))
        while waiting:
            yield from _until_broken(function, waiting, workers, start)

    return run


def on_cluster(client: Any) -> Executor:
    """Return an executor that spreads tasks over the workers of a Dask cluster.

    Parameters
    ----------
    client
        A ``distributed.Client``. Tasks are sent ahead of the call, each to one worker; with files
        as input they hold paths only, which every worker must be able to open.

    Raises
    ------
    UsageError
        ``cluster_missing`` where ``distributed`` is not installed.
    """
    try:
        from distributed import as_completed
    except ImportError as fault:
        raise UsageError(
            "a Dask cluster needs the package distributed",
            fix="pip install 'renewal-geo[cluster]'",
            code="cluster_missing",
        ) from fault

    def run(function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        futures = [
            client.submit(function, client.scatter(task, hash=False), pure=False) for task in tasks
        ]
        for future in as_completed(futures):  # type: ignore[no-untyped-call]
            if future.status == "finished":
                yield future.result()
            future.release()

    return run


def _until_broken(
    function: Callable[[Task], Result], waiting: list[Task], workers: int, start: str
) -> Iterator[Result]:
    """Work through what is waiting until all is done or a worker dies, taking its pool with it."""
    context = multiprocessing.get_context(start)
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        under_way: set[Future[Result]] = set()
        with suppress(BrokenProcessPool):
            while waiting or under_way:
                while waiting and len(under_way) <= workers:
                    under_way.add(pool.submit(function, waiting[-1]))
                    waiting.pop()
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
