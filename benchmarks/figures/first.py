"""What somebody waits for who starts a process: the first result, and the first step of a perceptron."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..perceptron import STEPS
from ..process import child, child_under, oracle_python
from ..registry import figure
from ..result import Budget, Row
from ..timing import Case, Effort, interleave

#: CPU seconds from importing lazynd to a printed ``x + 1``.
FIRST_RESULT = 0.35
_AS_JAX = Budget(1.0, "jax.jit")


@figure("CPU seconds of the first result of a process, the cache on disk off")
def measure(effort: Effort) -> Iterator[Row]:
    rounds = effort.some_rounds(5)
    subjects = ["lazynd", "jax", "numpy", *(["mxnet"] if oracle_python() else [])]
    cases: dict[str, Case] = {name: partial(_first_result, name) for name in subjects}
    samples = interleave(cases, rounds, warm_up=bool(effort.scale))
    yield Row("import to a printed x + 1", "s", samples, Budget(FIRST_RESULT))
    for what in ("whole", "without imports"):
        steps: dict[str, Case] = {who: partial(_first_step, who, what) for who in STEPS}
        yield Row(f"to a perceptron's first loss, {what}", "s", interleave(steps, rounds, warm_up=False), _AS_JAX)


def _first_result(who: str) -> float:
    return float(child_under(who, "first_result", who)["cpu"])


def _first_step(who: str, what: str) -> float:
    return float(child("first_perceptron_step", who)[what])
