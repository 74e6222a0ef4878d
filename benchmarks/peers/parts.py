"""Where the time of a step with lazynd goes: Python, the calls of compiled programs, and the programs alone.

This looks into the runtime, after everything else has been measured. Python is counted in the thread's CPU time, which
leaves out waiting; a program alone by the clock and in CPU time of all threads.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import get_ident
from time import perf_counter, process_time, thread_time
from typing import Any

from lazynd.backends import loaded_backend
from lazynd.backends.xla.compiled import Compiled
from lazynd.config import config
from lazynd.runtime.run import drive as driver

Call = tuple[Compiled, list[Any], list[Any]]
#: Programs are run alone at least and at most so often: with copies of what they take over, made beforehand.
LEAST_ALONE, MOST_ALONE = 3, 20


class Watch:
    """Seconds of this thread in calls of programs, and in planning and calling together, without what nests."""

    def __init__(self) -> None:
        self.seconds = {"call": 0.0, "run": 0.0}
        self._deep = {"call": 0, "run": 0}
        self._thread = get_ident()

    def around(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function``, its seconds added to ``part``."""

        def watched(*given: Any, **named: Any) -> Any:
            if get_ident() != self._thread or self._deep[part]:
                return function(*given, **named)
            self._deep[part] += 1
            started = thread_time()
            try:
                return function(*given, **named)
            finally:
                self.seconds[part] += thread_time() - started
                self._deep[part] -= 1

        return watched


@contextmanager
def replaced(function: Callable[..., Any], by: Callable[..., Any]) -> Iterator[None]:
    """``by`` in place of ``function`` in every module of lazynd that has it under its name."""
    name = function.__name__
    there = [m for n, m in list(sys.modules.items()) if n.startswith("lazynd") and getattr(m, name, None) is function]
    try:
        for module in there:
            setattr(module, name, by)
        yield
    finally:
        for module in there:
            setattr(module, name, function)


@contextmanager
def calls_go_to(by: Callable[..., Any]) -> Iterator[None]:
    """Calls of compiled programs go to ``by`` inside."""
    kept = Compiled.__call__
    Compiled.__call__ = by  # type: ignore[method-assign]
    try:
        yield
    finally:
        Compiled.__call__ = kept  # type: ignore[method-assign]


def parts_of(step: Callable[[], float], times: int) -> dict[str, float]:
    """Of one of ``times`` steps, in seconds.

    ``recording``: Python outside of runs; of a step that is compiled whole, all of Python. ``planning``: Python from a
    read to the call of a program and after it. ``call``: this thread in the call, which computes small programs itself.
    ``alone`` and ``alone_cpu``: the programs that a step calls, ``programs`` in number, without anything around them.
    """
    watch = Watch()
    driven = driver.drive
    with replaced(driven, watch.around("run", driven)), calls_go_to(watch.around("call", Compiled.__call__)):
        started = thread_time()
        for _ in range(times):
            step()
        whole = (thread_time() - started) / times
    call, run = (watch.seconds[part] / times for part in ("call", "run"))
    planning = max(run - call, 0.0) if run else 0.0
    calls = _calls_of(step)
    alone, alone_cpu = _alone(calls, max(LEAST_ALONE, min(times, MOST_ALONE)))
    found = {"recording": whole - call - planning, "planning": planning, "call": call}
    return found | {"alone": alone, "alone_cpu": alone_cpu, "programs": float(len(calls))}


def _calls_of(step: Callable[[], float]) -> list[Call]:
    """The calls of one step, with copies of the buffers that they got."""
    backend, found = loaded_backend(config.backend), list[Call]()
    assert backend is not None
    call = Compiled.__call__

    def noting(program: Compiled, buffers: Sequence[Any], scalars: Sequence[Any]) -> Sequence[Any]:
        found.append((program, [backend.copy(each) for each in buffers], list(scalars)))
        return call(program, buffers, scalars)

    with calls_go_to(noting):
        step()
    return found


def _alone(calls: Sequence[Call], times: int) -> tuple[float, float]:
    """Seconds that ``calls`` take together, by the clock and of the processor: the least of ``times``."""
    backend = loaded_backend(config.backend)
    assert backend is not None
    given = [[backend.copy(each) for each in buffers] for _, buffers, _ in calls]
    walls, cpus = [], []
    for _ in range(times + 1):  # the first run of a program after others is a slow one
        wall = cpu = 0.0
        for (program, buffers, scalars), now in zip(calls, given, strict=True):
            for number, each in enumerate(buffers):
                if backend.consumed(now[number]):
                    now[number] = backend.copy(each)
                backend.wait(now[number])
            started, began = perf_counter(), process_time()
            for made in program(now, scalars):
                backend.wait(made)
            wall, cpu = wall + perf_counter() - started, cpu + process_time() - began
        walls.append(wall)
        cpus.append(cpu)
    return min(walls), min(cpus)
