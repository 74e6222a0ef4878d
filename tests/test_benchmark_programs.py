"""The programs that the benchmarks run under two frameworks do what they say, and the tools that run them do too."""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.agreement import difference, kinds
from benchmarks.figures.small import PROGRAMS
from benchmarks.measuring import measured
from benchmarks.process import fresh
from benchmarks.whole import NAMES

#: What holds of the results of each whole program, whatever numbers the framework draws.
FACTS: dict[str, Callable[..., bool]] = {
    "gan": lambda losses, made: np.isfinite(losses).all() and made.shape == (5, 2),
    "k_means": lambda centres, nearest, inertia: (np.diff(inertia) <= 1e-3).all() and set(nearest) <= set(range(6)),
    "kalman_filter": lambda track, p, error: error < 0.3 and np.allclose(p, p.T, atol=1e-4),
    "shallow_water": lambda h, u, mass: (abs(mass / mass[0] - 1) < 1e-3).all() and not u[[0, -1]].any(),
    "policy_gradient": lambda lengths, losses, policy: lengths[:5].max() == 24 and lengths[-10:].max() <= 8,
    "written_out_gru": lambda losses, weights: losses[-5:].mean() < losses[:5].mean(),
    "growing_attention": lambda said, shares, values: len(said) == 61 and abs(shares.sum() - 1) < 1e-5,
    "word2vec": lambda losses, *near: losses[-1] < losses[0] and all(abs(n[0] - 1) < 1e-5 for n in near),
    "diffusion_sampler": lambda radius, spread: abs(radius[0] - 2) < 0.05 and spread[0] < 0.2,
    "batched_evaluation": lambda right, surest: len(surest) == 24 * 64 - 20 and (surest >= 0.1).all(),
    "tiny_transformer": lambda losses: losses[-1] < losses[0],
    "genetic_algorithm": lambda best, last: best == last < 4,
}


def test_small_programs_are_400_and_run() -> None:
    """In the interpreter, where nothing compiles; what they find is compared with MXNet's by the figure."""
    costs = fresh("benchmarks.children.small_programs", "lazynd", "all", LAZYND_BACKEND="numpy")
    assert len(costs) == PROGRAMS
    assert all(cost["cpu"] > 0 for cost in costs)


def test_facts_are_known_of_every_whole_program() -> None:
    files = pathlib.Path(__file__).parent.parent.joinpath("benchmarks", "whole").glob("[a-z]*.py")
    assert {file.stem for file in files} == set(NAMES) == set(FACTS)


@pytest.mark.parametrize("name", NAMES)
def test_whole_program(name: str, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "results.npz"
    said = fresh("benchmarks.children.whole_program", "lazynd", name, 1, file, LAZYND_BACKEND="numpy")
    with np.load(file) as found:
        assert FACTS[name](*found.values())
    assert said["first"]["cpu"] > 0 and len(said["later"]) == 1


def test_files_that_agree_and_files_that_do_not(tmp_path: pathlib.Path) -> None:
    ours, theirs = tmp_path / "ours.npz", tmp_path / "theirs.npz"
    np.savez(ours, np.array([1.0, np.nan, np.inf], "float32"))
    np.savez(theirs, np.array([1.00005, np.nan, np.inf], "float32"))
    assert difference(ours, theirs) == "" == kinds(ours, theirs)
    assert difference(ours, theirs, rtol=1e-6) == "values differ by up to 4.99e-05"
    np.savez(theirs, np.array([1.0, 0.0, np.inf], "float32"))
    assert difference(ours, theirs) == "values differ where one is NaN or infinite"
    np.savez(theirs, np.array([1.0, 2.0, 3.0]))
    assert difference(ours, theirs) == "float32[3], not float64[3]" == kinds(ours, theirs)
    np.savez(theirs, np.ones(3, "float32"), np.ones(2))
    assert difference(ours, theirs) == "1 results, not 2"
    assert kinds(ours, theirs) == "float32[3], not float32[3], float64[2]"


def test_imports_of_a_run_are_told_apart() -> None:
    def run() -> int:
        sys.modules.pop("colorsys", None)
        import colorsys  # loaded anew

        return len(colorsys.__name__) + sum(range(200_000))

    cost, result = measured(run)
    assert result == 8 + sum(range(200_000))
    assert 0 < cost["imports"] < cost["cpu"]  # the sum takes milliseconds
    cost, _ = measured(lambda: sum(range(200_000)))
    assert cost["imports"] == 0
    assert __import__.__name__ == "__import__"  # Python's own again


def test_a_fork_has_what_its_parent_had_and_leaves_nothing() -> None:
    """In a process without threads: forking is no matter of this one."""
    said = fresh("tests.forks_of_benchmarks")
    assert said == {"before": 1, "in fork": [2, 2], "after": 1, "error": "ValueError: no", "ended": True}
