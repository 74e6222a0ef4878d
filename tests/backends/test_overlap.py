"""Writes to a part of an array that read other parts of it: NumPy's numbers, however the array is read afterwards."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import lazynd
from lazynd import nd
from lazynd.backends.xla.overlap import overlapping, written
from lazynd.ir.graph import Graph
from lazynd.ir.node import apply, leaf
from lazynd.ir.primitive import PRIMITIVES
from lazynd.ir.types import CPU, INT32, Type


@pytest.mark.lazy
def test_rows_that_move_down_and_are_read_twice() -> None:
    """Found by the fuzzer: all rows of ``y`` were the first one of ``x``."""
    rows = np.array([[0, 3], [4, 1], [2, 3], [3, 3], [2, 1]], "uint8")
    x = nd.array(rows, dtype="uint8")
    x[1:] = x[:-1]
    y = x[::-2]
    assert y.asnumpy().tolist() == [[3, 3], [4, 1], [0, 3]]
    assert x.asnumpy().tolist() == [[0, 3], [0, 3], [4, 1], [2, 3], [3, 3]]


@pytest.mark.lazy
@pytest.mark.parametrize("seed", range(8))
def test_random_writes_of_parts_of_itself(seed: int) -> None:
    rng = np.random.default_rng(seed)
    expected = rng.integers(0, 9, (6, 3)).astype("int32")
    x = nd.array(expected, dtype="int32")
    views = []
    with lazynd.config.using(cache=None):
        for _ in range(3):
            size = int(rng.integers(1, 5))
            to, at = rng.integers(0, 6 - size + 1, 2).tolist()
            x[to : to + size] = x[at : at + size] + 1
            expected[to : to + size] = expected[at : at + size].copy() + 1
            step = int(rng.choice([-2, -1, 2]))
            views.append((x[::step] * 1, expected[::step].copy()))
        for found, right in views:
            np.testing.assert_array_equal(found.asnumpy(), right)
        np.testing.assert_array_equal(x.asnumpy(), expected)


def write(reads: str) -> Graph:
    """A write at a start that is an input, of what ``reads`` says."""
    x, other = leaf(Type((6,), INT32, CPU)), leaf(Type((2,), INT32, CPU))
    start, elsewhere = leaf(Type((), INT32, CPU)), leaf(Type((), INT32, CPU))

    def made(name: str, *inputs: object, **attributes: object) -> object:
        spec = PRIMITIVES[name].specialize(tuple(i.type for i in inputs), attributes)  # type: ignore[attr-defined]
        return apply(spec, inputs)  # type: ignore[arg-type]

    part = {
        "something else": other,
        "the same part": made("dynamic_slice", x, start, sizes=(2,)),
        "another part": made("dynamic_slice", x, elsewhere, sizes=(2,)),
        "a fixed part": made("slice", x, start=(1,), limit=(3,), strides=(1,)),
    }[reads]
    result = made("dynamic_update_slice", x, made("negate", part), start)
    return Graph([x, other, start, elsewhere], [result])  # type: ignore[list-item]


def test_which_writes_read_elsewhere() -> None:
    assert not overlapping(write("something else")) and not overlapping(write("the same part"))
    assert overlapping(write("another part")) and overlapping(write("a fixed part"))


@pytest.mark.parametrize("start", [-3, 0, 1, 2, 9])
def test_a_write_is_what_xla_makes_of_one(start: int) -> None:
    x, update = jnp.arange(12.0).reshape(4, 3), -jnp.ones((2, 2))
    starts = jnp.asarray(np.int32(start)), jnp.asarray(np.int32(1))
    expected = jax.lax.dynamic_update_slice(x, update, starts, allow_negative_indices=False)
    np.testing.assert_array_equal(written(x, update, *starts), expected)
