"""Rounds of all subjects of a workload in turns, and what their first steps cost."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from statistics import median
from typing import Any

from .subjects import Process, Subject, subjects
from .workloads import Workload

#: Steps until a process is warm: lazynd compiles once more when it has seen which arrays a step keeps.
WARM_UP = 5
#: Steps that a beginning counts: what is interpreted first has been compiled by then, if it will be.
BEGINNING = 20


def measured(workload: Workload, rounds: int, seconds: float, beginnings: bool = True) -> dict[str, Any]:
    """Everything about one workload: each subject's rounds of at least ``seconds``, results, memory, first steps."""
    chosen = subjects(workload)
    found = {subject.name: _steady_state(workload, subject) for subject in chosen}
    processes = {name: process for name, (process, _) in found.items()}
    told: dict[str, dict[str, Any]] = {name: result for name, (_, result) in found.items()}
    try:
        counts = {name: max(1, round(seconds / told[name]["alone"])) for name in processes}
        names = list(processes)
        for number in range(rounds):
            for i in range(len(names)):
                name = names[(i + number) % len(names)]
                once = processes[name].steps(counts[name])
                told[name]["wall"].append(once["wall"])
                told[name]["cpu"].append(once["cpu"])
                told[name]["peak"] = once["peak"]
    finally:
        for process in processes.values():
            process.close()
    for subject in chosen if beginnings else ():
        told[subject.name] |= _beginning(workload, subject)
    return {"title": workload.title, "agree": agree(workload, told), "subjects": told}


def _steady_state(workload: Workload, subject: Subject) -> tuple[Process, dict[str, Any]]:
    """A process that is warm, and the results of its first step and its second."""
    process = Process(workload, subject, LAZYND_TIER="compiled") if subject.ours else Process(workload, subject)
    second = process.steps(1)
    for _ in range(1 if workload.steps > 1 else WARM_UP):
        alone = process.steps(1)["wall"]
    results = [process.first["result"], second["result"]]
    return process, {"results": results, "alone": alone, "wall": [], "cpu": []}


def _beginning(workload: Workload, subject: Subject) -> dict[str, Any]:
    """Seconds from importing the framework to the first result, and to the twentieth; then again, with what is kept.

    Only lazynd and jax keep programs on the disk.
    """
    with tempfile.TemporaryDirectory() as folder:
        kept = {"LAZYND_CACHE": folder}
        if subject.framework == "jax":
            kept = {"JAX_COMPILATION_CACHE_DIR": folder, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
                    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1"}  # fmt: skip
        times = []
        for _ in range(2 if subject.framework in ("lazynd", "jax") else 1):
            process = Process(workload, subject, **kept)
            count = 1 if workload.steps > 1 else BEGINNING - 1
            later = process.steps(count)
            process.close()
            first = {kind: process.first[kind] for kind in ("wall", "cpu")}
            times.append({"first": first, "twentieth": {k: first[k] + count * later[k] for k in first}})
    return {"cold": times[0], "warm": times[-1]}


def agree(workload: Workload, told: dict[str, dict[str, Any]]) -> bool:
    """Whether all found the same first result and nearly the same second, if nothing was drawn."""
    if workload.random:
        return True
    firsts, seconds = zip(*(each["results"] for each in told.values()), strict=True)
    # A first result is one pass in float32. An update carries its rounding on, through statistics of small batches.
    return _close(firsts, 1e-4 if workload.steps == 1 else 2e-2) and _close(seconds, 2e-2)


def _close(numbers: Sequence[float], most: float) -> bool:
    return max(numbers) - min(numbers) <= most * max(map(abs, numbers))


def best_peer(told: dict[str, dict[str, Any]], kind: str) -> str | None:
    """The peer whose median is smallest; None where there is none."""
    peers = {name: median(each[kind]) for name, each in told.items() if not name.startswith("lazynd")}
    return min(peers, key=lambda name: peers[name]) if peers else None


def ratio(told: dict[str, dict[str, Any]], name: str, kind: str) -> float | None:
    """A subject's time to the best peer's: the median over the rounds, each of which ran both."""
    peer = best_peer(told, kind)
    if peer is None:
        return None
    return median(a / b for a, b in zip(told[name][kind], told[peer][kind], strict=True))
