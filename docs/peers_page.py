"""The page of the documentation about peers, from the newest record in ``benchmarks/history``."""

from __future__ import annotations

import json
import pathlib
from statistics import median
from typing import Any

from matplotlib import pyplot

from benchmarks.peers.measure import best_peer, ratio

HISTORY = pathlib.Path(__file__).resolve().parent.parent / "benchmarks" / "history"
INTRODUCTION = """# Beside MXNet, jax and torch

The same fifteen workloads by lazynd, by MXNet 1.9.1, by hand in `jax.jit` (one program a step, state donated, channels
last, recurrences as `scan`) and by torch, which runs eagerly. `make bench-peers` measures them; `LAZYND_ORACLE` and
`LAZYND_TORCH` name the Pythons of environments that have MXNet and torch, and a peer that is absent is said to be.

* Each subject has a process of its own. All begin with the same numbers, and what they find must agree: the first
  result to 1e-4, the second to 2e-2 (statistics of small batches carry rounding on).
* A step includes reading its loss, but in the loop that never reads. Rounds of a second or more take turns, each
  beginning with another subject; a cell shows the median of the rounds.
* *Ratio* is ours to the best peer's of the same round: below 1, ours is the quickest. CPU counts the work of all
  threads, which a busy machine disturbs less; the best peer may be another than that by the clock.
* *First step* is the CPU time from importing the framework to the first result, in a process of its own; *twentieth*
  that to the twentieth. Warm is the second process that finds programs on the disk. By default lazynd interprets what
  it sees for the first time and compiles what comes again, which is why its twentieth costs more than its first.
"""


def newest() -> dict[str, Any]:
    """The record that was written last."""
    paths = sorted(HISTORY.glob("*.json"))
    records: list[dict[str, Any]] = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return max(records, key=lambda record: record["date"])


def peers_page(record: dict[str, Any]) -> str:
    facts = record["facts"]
    where = f"{facts['cores']} cores of an {facts['processor']}, Python {facts['python']}, jax {facts['jax']}"
    lines = [INTRODUCTION, f"Measured on {record['date'][:10]} at commit {record['commit']}: {where}.", ""]
    lines += ["```{raw} html", '<img src="../peers.svg" alt="Our time to the best peer\'s, by workload">', "```", ""]
    lines += [f"Absent: {name}, {why}." for name, why in record["absent"].items()]
    lines += ["", "## Steady state, milliseconds", ""]
    lines += [
        "| workload | | wall | CPU | best peer | wall | CPU | ratio, wall | ratio, CPU |",
        "|" + "---|" * 9,
    ]
    for workload in record["workloads"].values():
        lines += _steady_rows(workload)
    lines += ["", "## From the start, CPU seconds, cold / warm", ""]
    lines += ["| workload | | first step | twentieth | peak MB |", "|---|---|---|---|---|"]
    for workload in record["workloads"].values():
        lines += _first_rows(workload)
    return "\n".join(lines) + "\n"


def _steady_rows(workload: dict[str, Any]) -> list[str]:
    told, rows = workload["subjects"], []
    peer = best_peer(told, "wall")
    for name in (each for each in told if each.startswith("lazynd")):
        cells = [workload["title"] if not rows else "", name.removeprefix("lazynd ")]
        cells += [_milliseconds(told[name], kind) for kind in ("wall", "CPU")]
        cells += [peer or ""] + [_milliseconds(told[peer], kind) if peer else "" for kind in ("wall", "CPU")]
        cells += [f"{found:.2f}" if (found := ratio(told, name, kind)) else "" for kind in ("wall", "cpu")]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def _milliseconds(each: dict[str, Any], kind: str) -> str:
    return f"{median(each[kind.lower()]) * 1e3:.3g}"


def _first_rows(workload: dict[str, Any]) -> list[str]:
    rows = []
    for name, each in workload["subjects"].items():
        if "cold" in each:
            times = [
                " / ".join(f"{each[which][step]['cpu']:.2f}" for which in ("cold", "warm"))
                for step in ("first", "twentieth")
            ]
            title = workload["title"] if not rows else ""
            rows.append(f"| {title} | {name} | {times[0]} | {times[1]} | {each['peak'] / 2**20:.0f} |")
    return rows


def save_plot(record: dict[str, Any], path: pathlib.Path) -> None:
    """Bars of each spelling's ratio to the best peer, on a logarithmic axis; the line is the best peer."""
    pyplot.switch_backend("svg")
    workloads = record["workloads"]
    figure, axes = pyplot.subplots(figsize=(8, 0.42 * len(workloads) + 1))
    colours = {"imperative": "#4c72b0", "hybridized": "#55a868", "compiled": "#c44e52"}
    for row, workload in enumerate(workloads.values()):
        told = workload["subjects"]
        for place, (spelling, colour) in enumerate(colours.items()):
            found = ratio(told, name, "wall") if (name := f"lazynd {spelling}") in told else None
            if found:
                axes.barh(row + 0.26 * (place - 1), found - 1, 0.24, left=1, color=colour)
    axes.set_xscale("log")
    axes.axvline(1, color="grey", linewidth=1)
    axes.set_yticks(range(len(workloads)), [each["title"] for each in workloads.values()], fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("our time to the best peer's, by the clock (left of the line: ours is quicker)", fontsize=8)
    handles = [pyplot.Rectangle((0, 0), 1, 1, color=colour) for colour in colours.values()]
    axes.legend(handles, colours, fontsize=7)
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)
