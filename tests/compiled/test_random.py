"""Random bodies, as Python and compiled: what they give, write, draw and differentiate is the same."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.compiled import Compiled, host_number

#: Bodies; each is called so many times.
BODIES, CALLS = 24, 4
SHAPES = ((3,), (2, 3), (3, 3))

Step = Callable[[random.Random, list[Any], "World"], None]


class World:
    """Arrays outside of a body: some are variables. ``asked`` counts what the host said."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.arrays = [nd.array(rng.normal(size=shape), dtype="float64") for shape in SHAPES for _ in range(2)]
        self.asked = 0
        for i in range(0, len(self.arrays), 2):
            self.arrays[i].attach_grad("add" if seed % 3 == 0 else "write")
        self.views = [self.arrays[1].reshape((1, 3)), self.arrays[3][1], self.arrays[5][1:]]

    def rate(self) -> float:
        self.asked += 1
        return 1 / (1 + self.asked)

    def values(self) -> list[Any]:
        grads = [a.grad for a in self.arrays if a.grad is not None]
        return [a.asnumpy() for a in (*self.arrays, *grads)] + [self.asked]


def _any(rng: random.Random, made: list[Any], world: World) -> Any:
    return rng.choice([*made[-4:], *world.arrays, *world.views])


def _like(rng: random.Random, made: list[Any], world: World, shape: Any) -> Any:
    found = [a for a in (*made, *world.arrays, *world.views) if a.shape == shape]
    return rng.choice(found) if found else nd.ones(shape, dtype="float64")


def elementwise(rng: random.Random, made: list[Any], world: World) -> None:
    x = _any(rng, made, world)
    made.append(rng.choice([nd.tanh, nd.sigmoid, nd.relu, nd.square, lambda a: a * 0.5 + 1, lambda a: 1 - a])(x))


def binary(rng: random.Random, made: list[Any], world: World) -> None:
    x = _any(rng, made, world)
    y = _like(rng, made, world, x.shape)
    made.append(rng.choice([lambda: x + y, lambda: x * y * 0.5, lambda: nd.maximum(x, y), lambda: x - y])())


def reduction(rng: random.Random, made: list[Any], world: World) -> None:
    x = _any(rng, made, world)
    made.append(x.sum(axis=0, keepdims=True) if x.ndim == 1 else x.mean(axis=rng.randrange(x.ndim)))


def product(rng: random.Random, made: list[Any], world: World) -> None:
    made.append(nd.dot(_like(rng, made, world, (2, 3)), _like(rng, made, world, (3, 3))))


def view(rng: random.Random, made: list[Any], world: World) -> None:
    x = _any(rng, made, world)
    made.append(rng.choice([lambda: x[0], lambda: x.reshape((-1,)), lambda: x[-1:], lambda: x.detach()])())


def write(rng: random.Random, made: list[Any], world: World) -> None:
    x = _any(rng, made, world)
    y = _like(rng, made, world, x.shape)

    def whole() -> None:
        x[:] = y

    def number() -> None:
        x[:] = rng.random()

    def add() -> None:
        x.__iadd__(y)

    def part() -> None:
        x[0] = 0.25

    def scale() -> None:
        x.__imul__(0.5)

    rng.choice([whole, number, add, part, scale])()


def draw(rng: random.Random, made: list[Any], world: World) -> None:
    x = _any(rng, made, world)
    made.append(
        nd.Dropout(x, p=0.4, mode="always")
        if rng.random() < 0.5
        else x + nd.random.uniform(shape=x.shape, dtype="float64")
    )


def host(rng: random.Random, made: list[Any], world: World) -> None:
    made.append(_any(rng, made, world) * host_number(world.rate))


def train(rng: random.Random, made: list[Any], world: World) -> None:
    with autograd.record():
        inner = list(made[:1])
        for _ in range(rng.randrange(1, 4)):
            rng.choice([elementwise, binary, product, reduction])(rng, inner, world)
        loss = (inner[-1] * rng.choice(world.arrays[::2]).sum()).sum()
    loss.backward()
    made.append(loss)
    chosen = rng.choice(world.arrays[::2])
    chosen[:] = chosen - 0.1 * chosen.grad


STEPS: list[Step] = [
    elementwise,
    elementwise,
    binary,
    binary,
    reduction,
    product,
    view,
    write,
    write,
    draw,
    host,
    train,
]


def body_of(seed: int, world: World) -> Callable[..., Any]:
    def body(x: Any, y: Any, rate: float) -> Any:
        rng = random.Random(seed)
        made = [x * rate, y]
        for _ in range(rng.randrange(3, 12)):
            steps = (
                STEPS if not autograd.is_recording() else [elementwise, binary, reduction, product, view, draw, host]
            )
            rng.choice(steps)(rng, made, world)
        return made[-1], {"all": made[1:-1:2]}

    return body


def outcome(seed: int, compiled: bool) -> tuple[list[Any], Any]:
    rng = random.Random(seed)
    lazynd.random.seed(seed)
    world = World(seed)
    function: Any = body_of(seed, world)
    function = Compiled(function) if compiled else function
    found: list[Any] = []
    base = nd.arange(9, dtype="float64").reshape((3, 3)) / 9
    for i in range(CALLS):
        x, y = (base[i % 3], base[(i + 1) % 3]) if seed % 2 else (nd.ones(3, dtype="float64") * i, base[0])
        if seed % 5 == 0:
            with autograd.record():
                last, others = function(x, y, 0.5 + i)
                loss = (last * last).sum()
            try:
                loss.backward()
            except lazynd.MXNetError as error:
                assert (
                    "no inputs" in str(error)
                    or "There are no inputs" in str(error)
                    or "not in a computational" in str(error)
                )
        else:
            last, others = function(x, y, 0.5 + i)
        if rng.random() < 0.5:
            last += 1 if seed % 5 else 0
        found += [last.asnumpy(), *(a.asnumpy() for a in others["all"]), *world.values(), base.asnumpy()]
        found.append(nd.random.uniform(shape=(2,)).asnumpy())
        del last, others
    return found, function


def run(seed: int) -> int:
    """Compare; gives how often the body was traced."""
    try:
        expected, _ = outcome(seed, False)
    except lazynd.MXNetError as refused:
        with pytest.raises(lazynd.MXNetError, match=str(refused).split("]")[0].replace("[", r"\[")):
            outcome(seed, True)
        return 0
    found, function = outcome(seed, True)
    assert len(found) == len(expected)
    for a, b in zip(expected, found, strict=True):
        # float64: a dozen operations, gradients summed in another order.
        np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-12, err_msg=f"seed {seed}")
    assert lazynd.config.eager or not function.reasons, (seed, function.reasons)
    return int(function.traces)


@pytest.mark.parametrize("part", range(4))
def test_random_bodies(part: int, on_numpy: None) -> None:
    traces = [run(seed) for seed in range(part, BODIES, 4)]
    assert lazynd.config.eager or sum(map(bool, traces)) > len(traces) / 2


if __name__ == "__main__":
    lazynd.config.backend = "numpy"
    for number in range(*map(int, sys.argv[1:3])):
        run(number)
