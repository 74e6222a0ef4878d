"""One framework and one workload in a process of their own: ``server FRAMEWORK WORKLOAD SPELLING``.

Its first line tells what the first step cost, from importing the framework until its result was read. Then each line
asks: ``{"steps": n}`` runs n steps and tells what they took, ``{"changes": 1}`` how far the parameters have come, and
``{"parts": n}``, of lazynd alone, where the time of n steps goes.
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

from benchmarks.peers import workloads


def step_of(framework: str, workload: str, spelling: str) -> workloads.Step:
    if framework in ("lazynd", "mxnet"):
        written = importlib.import_module("benchmarks.peers.in_mxnet")
        made: workloads.Step = written.step_of(importlib.import_module(framework), workload, spelling)
        return made
    made = importlib.import_module(f"benchmarks.peers.in_{framework}").step_of(workload)
    return made


def timed(work: Callable[[], float], times: int, finish: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Seconds of each of ``times`` calls, with what ``finish`` waits for, and the last result."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(times):
        result = work()
    finish()
    return {
        "wall": (time.perf_counter() - wall) / times,
        "cpu": (time.process_time() - cpu) / times,
        "result": result,
    }


def finish() -> None:
    """MXNet gives a loss before the updates after it are done: they belong to the round. All others do a step whole."""
    if "mxnet" in sys.modules:
        sys.modules["mxnet"].nd.waitall()


def answer(asked: dict[str, int], workload: str, step: workloads.Step) -> Any:
    if "changes" in asked:
        return workloads.changes(workload, step)
    if "parts" in asked:
        return importlib.import_module("benchmarks.peers.parts").parts_of(step.run, asked["parts"])
    told = timed(step.run, asked["steps"], finish)
    return told | {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


def main(framework: str, workload: str, spelling: str) -> None:
    made: list[workloads.Step] = []

    def first() -> float:
        made.append(step_of(framework, workload, spelling))
        return made[0].run()

    told = timed(first, 1)
    print(json.dumps({**told, "version": sys.modules[framework].__version__}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), workload, made[0])), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
