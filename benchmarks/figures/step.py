"""A training step against the same step written by hand under ``jax.jit``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from .. import networks
from ..networks import Network
from ..process import oracle
from ..registry import figure
from ..result import Budget, Row
from ..timing import Case, Effort, interleave, repeated, whole

NETWORKS = (
    Network((784, 10), 256),
    Network((64, 128, 10), 64),
    Network((784, 256, 10), 256),
    Network((784, 512, 512, 10), 256),
    Network((784, 1024, 1024, 10), 512),
)
STEPS = 200


@figure("a training step against jax.jit by hand with donation")
def measure(effort: Effort) -> Iterator[Row]:
    mxnet = oracle()
    for network in NETWORKS if effort.scale else NETWORKS[1:2]:
        size = max(network.batch * sum(a * b for a, b in pairwise(network.widths)), 1)
        steps = max(effort.times(min(STEPS, max(1, round(6e9 / size)))), 2)
        for read in (True, False):
            cases: dict[str, Case] = {
                "lazynd": _case(networks.imperative(network), float_of_ours, read, steps),
                "jax.jit": _case(networks.by_hand(network), float, read, steps),
                "jax.jit, no gradients": _case(networks.by_hand(network, gradients=False), float, read, steps),
            }
            if mxnet is not None:
                arguments = {"widths": network.widths, "batch": network.batch, "steps": steps, "read": read}
                cases["mxnet"] = lambda a=arguments: mxnet.seconds("step", **a)
            name = f"{network.name}, loss read {'every step' if read else 'after the last step'}"
            yield Row(name, "ms", interleave(cases, effort.rounds, 1e3), Budget(1.1, "jax.jit"))


def float_of_ours(loss: Any) -> float:
    return float(loss.asscalar())


def _case(step: Callable[[], Any], read: Callable[[Any], float], each: bool, steps: int) -> Case:
    """Seconds a step: its loss read each time, or at the end only."""
    if each:
        return repeated(lambda: read(step()), steps)

    def several() -> None:
        for _ in range(steps):
            loss = step()
        read(loss)

    return whole(several, steps)
