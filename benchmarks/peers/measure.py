"""Rounds of all subjects of a workload in turns, and what their first steps cost."""

from __future__ import annotations

import math
import tempfile
from statistics import median
from typing import Any

from .subjects import Process, Subject, subjects
from .workloads import Workload

#: Steps until a process is warm: lazynd compiles once more when it has seen which arrays a step keeps.
WARM_UP = 5
#: How far results may differ, as shares: the first, the second, and how far parameters moved in the first step. A first
#: result is one pass in float32; an update carries its rounding on, through statistics of small batches.
ROUNDING = (1e-4, 2e-2, 2e-2)
#: The same where each framework draws what it drops.
CHANCE = (5e-2, 5e-2, 0.3)
#: Parameters that moved less than this share of what moved most: their slopes are what rounding left.
STILL = 1e-3
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
        for subject in filter(lambda each: each.ours, chosen):
            told[subject.name]["parts"] = processes[subject.name].parts(max(1, min(counts[subject.name] // 3, 100)))
    finally:
        for process in processes.values():
            process.close()
    for subject in chosen if beginnings else ():
        told[subject.name] |= _beginning(workload, subject)
    found = {"title": workload.title, "eager": workload.eager}
    return found | {"differences": differences(workload, told), "subjects": told}


def _steady_state(workload: Workload, subject: Subject) -> tuple[Process, dict[str, Any]]:
    """A process that is warm, and what its first step and its second found."""
    process = Process(workload, subject, LAZYND_TIER="compiled") if subject.ours else Process(workload, subject)
    changes = process.changes()
    second = process.steps(1)
    for _ in range(1 if workload.steps > 1 else WARM_UP):
        alone = process.steps(1)["wall"]
    results = [process.first["result"], second["result"]]
    found = {"results": results, "changes": changes, "version": process.first["version"]}
    return process, found | {"alone": alone, "wall": [], "cpu": []}


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


def differences(workload: Workload, told: dict[str, dict[str, Any]]) -> list[str]:
    """Who found something else than most: in the first step, the second, or the parameters after the first."""
    first, second, moved = CHANCE if workload.random else ROUNDING
    if workload.steps > 1:  # the first result comes after so many updates
        first = second
    found = _odd("first result", {name: each["results"][0] for name, each in told.items()}, first)
    found += _odd("second result", {name: each["results"][1] for name, each in told.items()}, second)
    lengths = {name: len(each["changes"]) for name, each in told.items()}
    if len(set(lengths.values())) > 1:
        return [*found, f"numbers of parameters: {lengths}"]
    most = max((median(row) for row in zip(*(each["changes"] for each in told.values()), strict=True)), default=0.0)
    for number in range(max(lengths.values(), default=0)):
        changes = {name: each["changes"][number] for name, each in told.items()}
        found += _odd(f"change of parameter {number}", changes, moved, STILL * most)
    return found


def _odd(what: str, numbers: dict[str, float], share: float, still: float = 0.0) -> list[str]:
    """The numbers that are far from their median, or not finite, in words."""
    finite = [each for each in numbers.values() if math.isfinite(each)]
    middle = median(finite) if finite else 0.0
    near = share * abs(middle) + still
    odd = {name: each for name, each in numbers.items() if not math.isfinite(each) or abs(each - middle) > near}
    return [f"{what}: {name} {each:.6g}, most {middle:.6g}" for name, each in odd.items()]


def best_peer(workload: dict[str, Any], name: str, kind: str) -> str | None:
    """The peer whose median is smallest, of those that do what subject ``name`` does; None where there is none."""
    told = workload["subjects"]
    peers = {peer: median(each[kind]) for peer, each in told.items() if not peer.startswith("lazynd")}
    if workload["eager"] and name.endswith("imperative"):
        peers.pop("jax", None)
    return min(peers, key=lambda peer: peers[peer]) if peers else None


def ratio(workload: dict[str, Any], name: str, kind: str) -> float | None:
    """A subject's time to the best peer's: the median over the rounds, each of which ran both."""
    told, peer = workload["subjects"], best_peer(workload, name, kind)
    if peer is None:
        return None
    return median(a / b for a, b in zip(told[name][kind], told[peer][kind], strict=True))
