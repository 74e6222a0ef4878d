"""Random programs for a process whose stderr is read: ``python tests/random_programs.py 3 10-20`` runs those seeds.

Each repeats a few operators many times, as loops do: that is what compilers stumble over.
"""

from __future__ import annotations

import logging
import random
import sys
from collections.abc import Callable
from typing import Any

from lazynd import autograd, nd

Array = nd.NDArray

STARTS: tuple[Callable[[random.Random], Array], ...] = (
    lambda r: nd.ones((r.randint(1, 4),)),
    lambda r: nd.zeros((3, r.randint(1, 5))),
    lambda r: nd.full((2, 3), r.uniform(-2, 2)),
    lambda r: nd.array([[r.uniform(-1, 1) for _ in range(4)] for _ in range(3)]),
    lambda r: nd.array([r.uniform(-1, 1) for _ in range(3)]).reshape((3, 1)).broadcast_to((3, 4)),
    lambda r: nd.arange(r.randint(2, 9)) * 0.1,
    lambda r: nd.random.uniform(shape=(2, 4)),
    lambda r: nd.random.normal(shape=(r.choice([3, 1200]),)),
    lambda r: nd.ones((40, 40)) * r.random(),
)

UNARY = (
    nd.exp, nd.tanh, nd.sigmoid, nd.relu, nd.sin, nd.cos, nd.abs, nd.square, nd.softsign, nd.erf, nd.floor, nd.sign,
    nd.arctan, nd.log1p, nd.cbrt, nd.rint, nd.negative, nd.reciprocal, nd.softmax, nd.flatten, nd.zeros_like,
)  # fmt: skip

Step = Callable[[Array, random.Random], Array]

#: What moves elements. XLA takes exponential time for a chain of such steps with others between them that read their
#: operand several times, as ``rint`` does; so there are few of them in a program.
MOVING: tuple[Step, ...] = (
    lambda x, r: x.transpose(),
    lambda x, r: x.reshape((-1,)),
    lambda x, r: x[::-1],
    lambda x, r: nd.concat(x, x, dim=0)[: x.shape[0]],
)

STEPS: tuple[Step, ...] = (
    *MOVING,
    *[lambda x, r, f=f: f(x) for f in UNARY],
    lambda x, r: -x,
    lambda x, r: x * r.choice([0.5, -1, 2, 1.0001]),
    lambda x, r: x + r.choice([0.1, -3]),
    lambda x, r: 1 - x,
    lambda x, r: x / r.choice([2.0, 3.0]),
    lambda x, r: 1 / (x + 2),
    lambda x, r: x**2,
    lambda x, r: nd.clip(x, -2, 2),
    lambda x, r: nd.maximum(x, 0.3),
    lambda x, r: x + x.mean(),
    lambda x, r: nd.broadcast_sub(x, x.max(axis=-1, keepdims=True)),
    lambda x, r: x.expand_dims(0).sum(axis=0),
    lambda x, r: nd.where(x > 0.2, x, -x),
    lambda x, r: x.astype("float64").astype("float32"),
    lambda x, r: x.astype("int32").astype("float32") * 0.5,
    lambda x, r: nd.cumsum(x, axis=0) * 0.3,
    lambda x, r: nd.sort(x),
)


def program(seed: int) -> None:
    """Computes something of the seed's choice, and its gradient now and then."""
    r = random.Random(seed)
    x = r.choice(STARTS)(r)
    steps = r.sample(STEPS, r.choice([1, 1, 2, 2, 3, 5]))
    count = r.choice([4, 30, 60, 110])
    if len(steps) > 1 and not set(steps).isdisjoint(MOVING):
        count = min(count, 8 * len(steps))
    if r.random() < 0.25:
        x.attach_grad()
        with autograd.record():
            y: Any = x
            for number in range(min(count, 60)):
                y = steps[number % len(steps)](y, r)
        y.backward()
        x.grad.asnumpy()
    else:
        y = x
        for number in range(count):
            y = steps[number % len(steps)](y, r)
    y.asnumpy()


if __name__ == "__main__":
    logging.getLogger("lazynd").setLevel(logging.ERROR)  # that each program is another is meant
    for seeds in sys.argv[1:]:
        first, _, last = seeds.partition("-")
        for seed in range(int(first), int(last or first) + 1):
            program(seed)
