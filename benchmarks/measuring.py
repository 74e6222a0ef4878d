"""What one run of something costs in the process that runs it. For both environments: imports no framework."""

from __future__ import annotations

import builtins
import importlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any


class Imports:
    """CPU seconds spent in imports, those that a framework makes while a program runs."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._depth = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch ``import`` and ``importlib.import_module`` inside."""
        statement, function = builtins.__import__, importlib.import_module

        def import_statement(name: str, *given: Any, **named: Any) -> Any:
            space = given[0] if given else named.get("globals")
            level = given[3] if len(given) > 3 else named.get("level", 0)
            if _loaded(name, space, level):  # at once: functions of MXNet import whenever they are called
                return statement(name, *given, **named)
            return self._timed(partial(statement, **named), name, *given)

        builtins.__import__ = import_statement
        importlib.import_module = lambda name, package=None: self._timed(function, name, package)
        try:
            yield
        finally:
            builtins.__import__, importlib.import_module = statement, function

    def _timed(self, function: Callable[..., Any], *arguments: Any) -> Any:
        self._depth += 1
        start = time.process_time()
        try:
            return function(*arguments)
        finally:
            self._depth -= 1
            if not self._depth:
                self.seconds += time.process_time() - start


def _loaded(name: str, space: Any, level: int) -> bool:
    """Whether an ``import`` finds its module without loading it."""
    if level:
        package = space["__package__"].rsplit(".", level - 1)[0]
        name = f"{package}.{name}" if name else package
    return name in sys.modules


def compiled() -> int:
    """How many programs lazynd has compiled in this process; 0 where it is not there."""
    module = sys.modules.get("lazynd.runtime.tell.stats")
    return 0 if module is None else int(module.stats.programs)


def measured(run: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    """What ``run`` costs, and what it returns.

    ``cpu`` and ``wall`` are seconds, of all threads; ``imports`` those of the CPU seconds that imports took;
    ``compiled`` is a number of programs.
    """
    imports, before = Imports(), compiled()
    wall, cpu = time.perf_counter(), time.process_time()
    with imports.watched():
        result = run()
    cost = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    return cost | {"imports": imports.seconds, "compiled": compiled() - before}, result


def named_mxnet(framework: str) -> float:
    """Import ``mxnet``: the real one, or ``lazynd`` under its name. Gives the CPU seconds; NumPy is there before."""
    importlib.import_module("numpy.random")
    start = time.process_time()
    if framework == "lazynd":
        importlib.import_module("lazynd.as_mxnet")()  # type: ignore[operator]  # the module can be called
    importlib.import_module("mxnet")
    return time.process_time() - start
