"""Program counts: the table of the design, and the habits that make lazy systems compile again and again.

Each loop runs in a fresh process without a persistent cache; lazynd's counters must equal jax's own events.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from functools import cache
from typing import Any

import numpy as np
import pytest

import lazynd

from . import programs
from .programs import TABLE

ROOT = pathlib.Path(__file__).resolve().parents[2]


def fresh(module: str, *arguments: str) -> Any:
    """What ``python -m module`` printed, as JSON."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    unset = ("LAZYND_EAGER", "LAZYND_BACKEND", "MXNET_ENGINE_TYPE")
    environment = {k: v for k, v in os.environ.items() if k not in unset}
    environment |= {"LAZYND_CACHE": "off", "LAZYND_TIER": "compiled", "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], capture_output=True, text=True, env=environment, timeout=500
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def in_epochs(found: dict[str, Any], name: str, per_epoch: int) -> list[list[int]]:
    """Step counts, a row an epoch."""
    counts = found[name]
    assert len(counts) == per_epoch * (len(counts) // per_epoch)
    return [counts[i : i + per_epoch] for i in range(0, len(counts), per_epoch)]


@pytest.mark.parametrize("name", TABLE)
def test_loop_runs_compiles_and_learns_as_the_table_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    steady, compiled = TABLE[name]
    found = fresh("tests.loops.programs", name)
    runs = in_epochs(found, "step_runs", len(steady))
    assert len(runs) >= 4
    assert all(row == steady for row in runs[1:]), runs
    # The first epoch compiles it all, its last and smaller batch included.
    assert not any(map(any, in_epochs(found, "step_compiles", len(steady))[2:]))
    assert found["programs"] == found["programs"] == found["events"] == len(found["sizes"])
    assert found["programs"] <= compiled, found["sizes"]
    assert found["hits"] == found["runs"] - found["programs"]
    assert found["interpreted"] == found["copied"] == 0
    # About 30 steps, each a few sums of at most 16 float32 products: errors grow to some 1e-6 of the values.
    np.testing.assert_allclose(numbers(found["marks"]), numbers(eagerly(name, monkeypatch)), rtol=1e-4, atol=1e-5)


def eagerly(name: str, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the loop reports when every operation runs at its own line, in NumPy."""
    monkeypatch.setattr(lazynd.config, "eager", True)
    lazynd.nd.random.seed(0)
    quiet = Quiet()
    programs.LOOPS[name](quiet)  # type: ignore[arg-type]  # looks like a Watch
    assert quiet.marks
    return quiet.marks


class Quiet:
    """Takes the place of a ``Watch`` where only values matter."""

    def __init__(self) -> None:
        self.marks: list[Any] = []

    def step(self) -> None: ...

    def mark(self, value: Any) -> None:
        self.marks.append(value)


def numbers(marks: list[Any]) -> list[float]:
    """The numbers reported, out of lists and printed arrays too."""
    found = []
    for mark in marks:
        if isinstance(mark, str):
            mark = float(mark.split("[")[1].split("]")[0])
        found += mark if isinstance(mark, list) else [mark]
    return found


@cache
def probed() -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = fresh("tests.loops.probes", "3000")
    return found


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("item_reads", 2),
        ("computed_item_reads", 2),
        ("slice_sums", 2),
        ("slice_operators", 4),  # two for each of two structures
        ("slice_gradients", 4),  # two each for the loss and its gradient: no pending node is shared
        ("draws", 2),
        ("powers", 2),
        ("moving_writes", 5),  # one for x[i], two for the slices; each twice at most, before and after they mix
        ("look_alikes", 1),
        ("hundred_rates", 0),  # after ``one_rate`` in the same process
        ("adam", 1),  # after ``adam_one_step``, which also made the parameters
        # What is left of the first stretch, the repeated program, and what is left at the end.
        ("body_1", 3),
        ("body_7", 3),
        ("body_13", 3),
    ],
)
def test_habit_compiles_at_most(name: str, most: int) -> None:
    found = probed()[name]
    assert found["programs"] <= most
    assert found["events"] == found["programs"] == found["programs"]


@pytest.mark.parametrize(("name", "operators"), [("body_1", 1), ("body_7", 7), ("body_13", 13)])
def test_body_that_is_never_read_meets_one_program_again_and_again(name: str, operators: int) -> None:
    found = probed()[name]
    assert found["executed"] == 3000 * operators + 1
    # A budget of 100 operators, cut where the body ends.
    alike = 3000 * operators // (100 // operators * operators)
    assert alike - 3 <= found["runs"] <= alike + 2
    assert found["runs"] - found["hits"] == found["programs"] <= 3


@pytest.mark.slow
def test_bodies_repeated_a_hundred_thousand_times() -> None:
    found = fresh("tests.loops.probes", "100000")
    for name in ("body_1", "body_7", "body_13"):
        assert found[name]["programs"] == found[name]["events"] <= 3
