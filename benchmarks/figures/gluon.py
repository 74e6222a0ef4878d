"""Training steps written with Gluon, in three ways, against the same step by hand under ``jax.jit``, and MXNet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import lazynd

from .. import nets, nets_by_hand
from ..nets import NETS, Net
from ..process import oracle
from ..registry import figure
from ..result import Budget, Row
from ..timing import Case, Effort, interleave, repeated

MODES = ("imperative", "hybridized", "compiled")
_BUDGETS = {"imperative": 1.1, "hybridized": 1.05, "compiled": 1.02}


@figure("training steps with Gluon against jax.jit by hand with donation")
def measure(effort: Effort) -> Iterator[Row]:
    mxnet = oracle()
    for number, net in enumerate(NETS if effort.scale else NETS[1:2]):
        by_hand = nets_by_hand.step_of(net)
        steps = {mode: nets.step_of(lazynd, net, mode) for mode in MODES}
        for step in (by_hand, *steps.values()):
            for _ in range(3):
                _read(step)
        alone = min(repeated(partial(_read, by_hand), 2)() for _ in range(5))
        times = max(effort.times(max(round(1.0 / alone), 2)), 2)
        cases: dict[str, Case] = {mode: repeated(partial(_read, step), times) for mode, step in steps.items()}
        cases["jax.jit"] = repeated(partial(_read, by_hand), times)
        if mxnet is not None:
            for mode in MODES[:2]:
                ask = partial(mxnet.seconds, "gluon", number=number, mode=mode, steps=times)
                cases[f"mxnet {mode}"] = ask
        samples = interleave(cases, effort.rounds, 1e3)
        yield from _rows(net, samples)


def _rows(net: Net, samples: dict[str, list[float]]) -> Iterator[Row]:
    """A row for each way: the others are the same in each. Of small nets only the compiled one is judged."""
    others = {who: times for who, times in samples.items() if who not in MODES}
    for mode in MODES:
        limit = 1.15 if net.small else _BUDGETS[mode]
        budget = Budget(limit, "jax.jit") if mode == "compiled" or not net.small else None
        yield Row(f"{net.name}, {mode}", "ms", {"lazynd": samples[mode], **others}, budget)


def _read(step: Callable[[], Any]) -> float:
    loss = step()
    return float(loss.asscalar() if hasattr(loss, "asscalar") else loss)
