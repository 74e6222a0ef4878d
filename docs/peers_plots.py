"""The plots of the page about peers."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

from matplotlib import pyplot

from benchmarks.peers.measure import ratio

COLOURS = {"imperative": "#4c72b0", "hybridized": "#55a868", "compiled": "#c44e52"}


def ratios(workload: dict[str, Any], kind: str = "wall") -> dict[str, float]:
    """Our time to the best peer's, by spelling; nothing where there is no peer."""
    names = [name for name in workload["subjects"] if name.startswith("lazynd")]
    found = {name.removeprefix("lazynd "): ratio(workload, name, kind) for name in names}
    return {spelling: each for spelling, each in found.items() if each is not None}


def save_bars(record: dict[str, Any], path: pathlib.Path) -> None:
    """Bars of each spelling's ratio to the best peer, on a logarithmic axis; the line is the best peer."""
    pyplot.switch_backend("svg")
    workloads = record["workloads"]
    figure, axes = pyplot.subplots(figsize=(8, 0.42 * len(workloads) + 1))
    for row, workload in enumerate(workloads.values()):
        found = ratios(workload)
        for place, (spelling, colour) in enumerate(COLOURS.items()):
            if spelling in found:
                axes.barh(row + 0.26 * (place - 1), found[spelling] - 1, 0.24, left=1, color=colour)
    axes.set_xscale("log")
    _plain(axes.xaxis)
    axes.axvline(1, color="grey", linewidth=1)
    axes.set_yticks(range(len(workloads)), [each["title"] for each in workloads.values()], fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("our time to the best peer's, by the clock (left of the line: ours is quicker)", fontsize=8)
    handles = [pyplot.Rectangle((0, 0), 1, 1, color=colour) for colour in COLOURS.values()]
    axes.legend(handles, list(COLOURS), fontsize=7)
    _save(figure, path)


def save_history(records: Sequence[dict[str, Any]], path: pathlib.Path) -> None:
    """A small plot a workload: the ratio of each spelling in CPU time, record by record."""
    pyplot.switch_backend("svg")
    names = list(dict.fromkeys(name for record in records for name in record["workloads"]))
    rows = -(-len(names) // 4)
    figure, grid = pyplot.subplots(rows, 4, figsize=(9, 1.5 * rows), sharex=True, squeeze=False)
    for axes in grid.flat[len(names) :]:
        axes.set_visible(False)
    for name, axes in zip(names, grid.flat, strict=False):
        found = [ratios(record["workloads"][name], "cpu") if name in record["workloads"] else {} for record in records]
        for spelling, colour in COLOURS.items():
            heights = [each.get(spelling, float("nan")) for each in found]
            axes.plot(range(len(records)), heights, marker=".", linewidth=1, color=colour)
        axes.axhline(1, color="grey", linewidth=0.7)
        axes.set_yscale("log")
        _plain(axes.yaxis)
        axes.set_title(name, fontsize=7)
        axes.tick_params(labelsize=6, which="both")
        axes.set_xticks(range(len(records)), [record["commit"] for record in records], rotation=90, fontsize=5)
    _save(figure, path)


def _plain(axis: Any) -> None:
    """Numbers as people write them, not as powers."""
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter("{x:g}")


def _save(figure: Any, path: pathlib.Path) -> None:
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)
