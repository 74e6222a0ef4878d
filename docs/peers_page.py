"""The page of the documentation about peers, from the records in ``benchmarks/history``."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from peers_causes import CAUSES

from benchmarks.peers.measure import best_peer, ratio

HISTORY = pathlib.Path(__file__).resolve().parent.parent / "benchmarks" / "history"
#: So much more than the best peer is noise.
NOISE = 1.05
KINDS = {"wall": "by the clock", "cpu": "in CPU time"}
INTRODUCTION = """# Beside MXNet, jax and torch

The same fifteen workloads by lazynd, by MXNet 1.9.1, by hand in `jax.jit` (one program a step, state donated, channels
last, recurrences as `scan`) and by torch, which runs eagerly (inference in `inference_mode`). `make bench-peers`
measures them, with `ARGS="--quick NAME"` one of them in half a minute, with `ARGS=--keep` for this page.
`LAZYND_ORACLE` and `LAZYND_TORCH` name the Pythons of environments that have MXNet and torch; torch may also be
installed beside lazynd (`pip install lazynd[peers]`). A peer that is absent is said to be.

* Each subject has a process of its own. All begin with the same numbers, and what they find is compared: the first
  result to 1e-4, the second to 2e-2, and how far each parameter moved in the first step to 2e-2. Where each draws what
  it drops, results are compared to 5e-2 and parameters to 0.3. Who differs is named below.
* Of each peer the quickest of several forms was taken: torch channels last for ResNet, with fused attention where
  nothing is dropped, lookups before the loop; jax channels last, its variances in one pass. Threads that wait are told
  to sleep (`OMP_WAIT_POLICY=passive`): spinning would count as work, and takes the processor from other subjects.
* A step includes reading its loss, but in the loop that never reads. Rounds take turns, each beginning with another
  subject; a cell shows the median of the rounds.
* *Ratio* is ours to the best peer's of the same round: below 1, ours is the quickest. CPU counts the work of all
  threads, which a busy machine disturbs less; the best peer may be another than that by the clock.
* Additions under `record()` and Python control flow are about operators that run one by one. By hand in jax they are
  one program; so jax is a peer of the spelling that is compiled whole, in which choices are data too, and not of the
  imperative one.
* *First step* is the CPU time from importing the framework to the first result, in a process of its own; *twentieth*
  that to the twentieth. Warm is the second process that finds programs on the disk. By default lazynd interprets what
  it sees for the first time and compiles what comes again, which is why its twentieth costs more than its first.
"""
PARTS = """
## Where our time goes

Of one step, in milliseconds. *Recording* is Python that records operators, or looks up a step that is compiled whole;
*planning* is Python between a read and its program; *calling* is this thread in the call of the program. These three
are CPU time of the thread. *Alone* is CPU time of the step's programs, called with copies of the same arrays and
nothing around them: divided by the best peer's CPU time it is the ratio that is left if Python took no time.

| workload | | recording | planning | calling | programs | alone | best peer's step | alone, ratio |
|---|---|---|---|---|---|---|---|---|
"""


def records() -> list[dict[str, Any]]:
    """All records, the oldest first."""
    found: list[dict[str, Any]] = [json.loads(path.read_text(encoding="utf-8")) for path in HISTORY.glob("*.json")]
    return sorted(found, key=lambda record: str(record["date"]))


def peers_page(found: Sequence[dict[str, Any]]) -> str:
    """The page, of the newest record of ``found``, and of how they followed each other."""
    if not found:
        return f"{INTRODUCTION}\nNo record has been kept yet.\n"
    record = found[-1]
    facts, workloads = record["facts"], list(record["workloads"].values())
    packages = ", ".join(f"{name} {facts[name]}" for name in ("jax", "mxnet", "torch", "numpy") if name in facts)
    where = f"{facts['cores']} cores of an {facts['processor']}, Python {facts['python']}, {packages}"
    lines = [INTRODUCTION, f"Measured on {record['date'][:10]} at commit {record['commit']}: {where}.", ""]
    lines += [f"Absent: {name}, {why}." for name, why in record["absent"].items()]
    lines += [f"{each['title']}: results differ in the {what}." for each in workloads for what in each["differences"]]
    lines += ["", *_picture("peers", "Our time to the best peer's, by workload"), "## Steady state, milliseconds", ""]
    lines += ["| workload | | wall | CPU | best peer | wall | CPU | ratio, wall | ratio, CPU |", "|" + "---|" * 9]
    lines += [row for each in workloads for row in _steady_rows(each)]
    lines += [PARTS + "\n".join(row for each in workloads for row in _part_rows(each)), *missed(record)]
    lines += ["", "## From the start, CPU seconds, cold / warm", ""]
    lines += [
        "The last column is our first step divided by jax's. Where nothing is kept on the disk, warm is cold.",
        "",
    ]
    lines += ["| workload | | first step | twentieth | peak MB | first, to jax's |", "|" + "---|" * 6]
    lines += [row for each in workloads for row in _first_rows(each)]
    if len(found) > 1:
        lines += ["", "## By commit", "", "The ratio to the best peer in CPU time, the oldest record on the left.", ""]
        lines += _picture("peers_history", "The ratio to the best peer, by commit")
    return "\n".join(lines) + "\n"


def missed(record: dict[str, Any]) -> list[str]:
    """Each spelling that is slower than the best peer, by more than noise, and why."""
    lines = ["", "## What is missed, and why", ""]
    for name, workload in record["workloads"].items():
        slower = list(_slower(workload))
        if slower:
            told = [f"* **{workload['title']}**: {'; '.join(slower)}.", _jax_too(workload), CAUSES.get(name, "")]
            lines.append(" ".join(filter(None, told)))
    return lines if len(lines) > 3 else [*lines, "Nothing."]


def _jax_too(workload: dict[str, Any]) -> str:
    """Whether the compiler alone is slower than the best peer."""
    mark = ratio(workload, "jax", "cpu")
    return f"jax by hand, with the same compiler, is at {mark:.2f} in CPU time." if mark and mark > NOISE else ""


def _slower(workload: dict[str, Any]) -> Iterator[str]:
    for name, each in workload["subjects"].items():
        marks = {kind: ratio(workload, name, kind) or 0.0 for kind in KINDS} if name.startswith("lazynd") else {}
        if max(marks.values(), default=0.0) <= NOISE:
            continue
        told = " and ".join(f"{mark:.2f} {KINDS[kind]}" for kind, mark in marks.items() if mark > NOISE)
        yield f"{name.removeprefix('lazynd ')} {told}{_blame(workload, name, each)}"


def _blame(workload: dict[str, Any], name: str, each: dict[str, Any]) -> str:
    """What would be left without Python."""
    share = _alone_ratio(workload, name, each)
    return "" if share is None else f" (programs alone {share:.2f})"


def _alone_ratio(workload: dict[str, Any], name: str, each: dict[str, Any]) -> float | None:
    peer = best_peer(workload, name, "cpu")
    return each["parts"]["alone_cpu"] / median(workload["subjects"][peer]["cpu"]) if peer and "parts" in each else None


def _picture(name: str, text: str) -> list[str]:
    return ["```{raw} html", f'<img src="../{name}.svg" alt="{text}">', "```", ""]


def _ours(workload: dict[str, Any]) -> list[str]:
    return [name for name in workload["subjects"] if name.startswith("lazynd")]


def _steady_rows(workload: dict[str, Any]) -> list[str]:
    told, rows = workload["subjects"], []
    for name in _ours(workload):
        peer = best_peer(workload, name, "wall")
        cells = [workload["title"] if not rows else "", name.removeprefix("lazynd ")]
        cells += [_milliseconds(median(told[name][kind])) for kind in KINDS]
        cells += [peer or ""] + [_milliseconds(median(told[peer][kind])) if peer else "" for kind in KINDS]
        cells += [f"{found:.2f}" if (found := ratio(workload, name, kind)) else "" for kind in KINDS]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def _part_rows(workload: dict[str, Any]) -> list[str]:
    rows = []
    for name in _ours(workload):
        each = workload["subjects"][name]
        if "parts" not in each:
            continue
        parts, peer = each["parts"], best_peer(workload, name, "cpu")
        share = _alone_ratio(workload, name, each)
        cells = [workload["title"] if not rows else "", name.removeprefix("lazynd ")]
        cells += [_milliseconds(parts[part]) for part in ("recording", "planning", "call")]
        cells += [f"{parts['programs']:.0f}", _milliseconds(parts["alone_cpu"])]
        cells += [f"{peer} {_milliseconds(median(workload['subjects'][peer]['cpu']))}" if peer else ""]
        rows.append(f"| {' | '.join([*cells, '' if share is None else f'{share:.2f}'])} |")
    return rows


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.3g}"


def _first_rows(workload: dict[str, Any]) -> list[str]:
    rows, told = [], workload["subjects"]
    for name, each in told.items():
        if "cold" not in each:
            continue
        pairs = {step: [each[which][step]["cpu"] for which in ("cold", "warm")] for step in ("first", "twentieth")}
        times = [" / ".join(f"{seconds:.2f}" for seconds in pair) for pair in pairs.values()]
        beside = ""
        if name.startswith("lazynd") and "cold" in told.get("jax", {}):
            theirs = [told["jax"][which]["first"]["cpu"] for which in ("cold", "warm")]
            beside = " / ".join(f"{a / b:.2f}" for a, b in zip(pairs["first"], theirs, strict=True))
        title = workload["title"] if not rows else ""
        rows.append(f"| {title} | {name} | {times[0]} | {times[1]} | {each['peak'] / 2**20:.0f} | {beside} |")
    return rows
