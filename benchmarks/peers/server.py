"""One framework and one workload in a process of their own: ``server FRAMEWORK WORKLOAD SPELLING``.

Its first line tells what the first step cost, from importing the framework until its result was read. Then a line
``{"steps": n}`` runs n steps and tells what they took.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy.random  # noqa: F401 - all need it

from benchmarks.peers import workloads  # noqa: F401 - likewise


def step_of(framework: str, workload: str, spelling: str) -> Callable[[], float]:
    if framework in ("lazynd", "mxnet"):
        written = importlib.import_module("benchmarks.peers.in_mxnet")
        made: Callable[[], float] = written.step_of(importlib.import_module(framework), workload, spelling)
        return made
    made = importlib.import_module(f"benchmarks.peers.in_{framework}").step_of(workload)
    return made


def timed(work: Callable[[], float], times: int) -> dict[str, Any]:
    """Seconds of each of ``times`` calls, of the clock and of the processor, and the last result."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(times):
        result = work()
    return {
        "wall": (time.perf_counter() - wall) / times,
        "cpu": (time.process_time() - cpu) / times,
        "result": result,
    }


def main(framework: str, workload: str, spelling: str) -> None:
    made: list[Callable[[], float]] = []

    def first() -> float:
        made.append(step_of(framework, workload, spelling))
        return made[0]()

    print(json.dumps(timed(first, 1)), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({**timed(made[0], asked["steps"]), "peak": peak}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
