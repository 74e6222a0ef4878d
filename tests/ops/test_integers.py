"""Integers: reductions lose nothing before they are truncated, and indices may have 64 bits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from lazynd import nd
from lazynd.ir.errors import OperatorError
from lazynd.ir.flatten import flatten
from lazynd.ir.graph import graph_of
from lazynd.ir.primitives.check import may_fail
from lazynd.ops import OPERATORS

from .. import differentiation as d
from ..ir.special import compiled, interpret, together

DTYPES = ["int32", "int64"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_norm_is_the_integer_root_of_the_sum_of_squares(dtype: str) -> None:
    rows = [(a, b) for a in range(-1, 120, 7) for b in range(a, 240)]
    rows += [(15, 36), (21, 220), (-3, 4), (50_000, 50_000), (2**31 - 1, 0)]  # squares beyond 32 bits, exact in double
    found = nd.norm(nd.array(rows, dtype=dtype), axis=1)
    assert found.dtype == np.dtype(dtype)
    assert found.asnumpy().tolist() == [math.isqrt(a * a + b * b) for a, b in rows]


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_norm_of_narrow_integers_wraps_once_at_the_end(dtype: str) -> None:
    assert nd.norm(nd.array([100, 100], dtype=dtype)).asscalar() == np.asarray(141).astype(dtype)


@pytest.mark.parametrize("dtype", [*DTYPES, "int8", "uint8"])
@pytest.mark.parametrize("count", [1, 2, 3, 256, 1000])
def test_mean_sums_and_counts_in_64_bits(dtype: str, count: int) -> None:
    assert nd.mean(nd.full((count,), 100, dtype=dtype)).asscalar() == 100


@pytest.mark.parametrize(
    ("values", "mean"),
    [
        ([2**24 + 1] * 2, 2**24 + 1),
        ([2**31 - 1] * 5, 2**31 - 1),
        ([-1, -2], -1),
        ([1, 2], 1),
        ([-(2**31)] * 3, -(2**31)),
    ],
)
def test_mean_is_truncated(values: list[int], mean: int) -> None:
    assert [nd.mean(nd.array(values, dtype=d)).asscalar() for d in DTYPES] == [mean, mean]


def test_mean_of_int64_is_exact() -> None:
    assert nd.mean(nd.array([2**60 + 1, 2**60 + 3], dtype="int64")).asscalar() == 2**60 + 2


def test_mean_of_booleans_is_whether_one_is_true() -> None:
    x = nd.array([[1, 0], [0, 0]], dtype="bool")
    assert nd.mean(x, axis=1).asnumpy().tolist() == [True, False]


def test_indices_beyond_int32_are_clipped_and_wrapped_like_others() -> None:
    x = nd.array([[1, 2, 3], [4, 5, 6]])
    far = nd.array([2**40, -(2**40)], dtype="int64")
    assert nd.pick(x, far).asnumpy().tolist() == [3, 4]
    assert nd.pick(x, far, mode="wrap").asnumpy().tolist() == [2, 6]  # 2**40 is 3 n + 1
    for dtype, most in (("float32", 1e30), ("float64", 1e300), ("float16", np.inf)):
        index = nd.array(np.array([most, -most], dtype), dtype=dtype)
        assert nd.take(x, index, axis=1).asnumpy().tolist() == [[3, 1], [6, 4]], dtype


@pytest.mark.parametrize(
    ("positions", "shape", "expected"),
    [
        ([1, 5, 7], (-1, 4), [[0, 1, 1], [1, 1, 3]]),
        ([100], (2, 3), [[33], [1]]),  # beyond the array: the first row alone shows it
        ([-1, -5], (2, 3), [[0, -1], [-1, -2]]),
        ([7], (2,), [[7]]),
    ],
)
def test_coordinates_of_positions_as_mxnet_has_them(
    positions: list[int], shape: tuple[int, ...], expected: list[list[int]]
) -> None:
    assert nd.unravel_index(nd.array(positions), shape=shape).asnumpy().tolist() == expected


#: Beyond what float32 and float64 hold.
NARROW = [16777217, -16777217, 2147483647, -2147483647, 33554435, 7, -3, 0, 1]
LONG = [2**53 + 1, -(2**53) - 1, 2**62 + 1, -(2**62) - 3, 16777217, 7, -3, 0, 1]


def wrapped(value: int, bits: int) -> int:
    """The integer of so many bits that ``value`` becomes."""
    return (value + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


#: What MXNet rounds to a double on the way, or holds at the ends of the dtype: the digits that Python has.
EXACT: dict[str, tuple[Callable[..., Any], Callable[..., int]]] = {
    **{name: (getattr(nd, name), int) for name in ("floor", "ceil", "round", "rint", "trunc", "fix")},
    "relu": (nd.relu, lambda a: max(a, 0)),
    "abs": (nd.abs, abs),
    "square": (nd.square, lambda a: a * a),
    "square by power": (lambda x: x**2, lambda a: a * a),
    "first power": (lambda x: x**1, int),
    "sum with a large number": (lambda x: x + (2**53 + 1), lambda a: a + 2**53 + 1),
    "remainder by a large number": (lambda x: x % 16777217, lambda a: a % 16777217),
    "clip": (lambda x: nd.clip(x, -20000003, 16777219), lambda a: min(max(a, -20000003), 16777219)),
    "mask": (lambda x: nd.where(x > 16777216, x, -x), lambda a: a if a > 16777216 else -a),
    "norm": (lambda x: nd.norm(x.reshape((-1, 1)), ord=1, axis=1), abs),
}


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize(("dtype", "values"), [("int32", NARROW), ("int64", LONG)])
def test_no_digit_is_lost_on_the_way(dtype: str, values: list[int], name: str) -> None:
    function, exact = EXACT[name]
    if name == "sum with a large number" and dtype == "int32":
        return
    bits = 8 * np.dtype(dtype).itemsize
    found = function(nd.array(np.array(values, dtype), dtype=dtype)).asnumpy()
    assert found.dtype == np.dtype(dtype)
    assert found.tolist() == [wrapped(exact(value), bits) for value in values]


@pytest.mark.parametrize(("dtype", "values"), [("int32", NARROW), ("int64", LONG)])
def test_powers_and_remainders_of_integers(dtype: str, values: list[int]) -> None:
    bits = 8 * np.dtype(dtype).itemsize
    bases = [value for value in values for _ in range(4)]
    exponents = [0, 1, 3, 16] * len(values)
    x, n = (nd.array(np.array(each, dtype), dtype=dtype) for each in (bases, exponents))
    pairs = list(zip(bases, exponents, strict=True))
    assert nd._internal._power(x, n).asnumpy().tolist() == [wrapped(a**b, bits) for a, b in pairs]
    assert nd.modulo(x, n).asnumpy().tolist() == [a % b if b else 0 for a, b in pairs]
    assert nd.modulo(n, x).asnumpy().tolist() == [b % a if a else 0 for a, b in pairs]


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
def test_logarithms_of_powers_are_their_exponents(dtype: str) -> None:
    most = min(np.iinfo(dtype).max, 10**15)
    for base, function in ((2, nd.log2), (10, nd.log10)):
        exponents = [k for k in range(50) if base**k <= most]
        found = function(nd.array(np.array([base**k for k in exponents], dtype), dtype=dtype))
        assert found.asnumpy().tolist() == exponents
        less = [k for k in exponents[1:] if base**k < 2**40]  # the double next to the exponent is not it
        below = function(nd.array(np.array([base**k - 1 for k in less], dtype), dtype=dtype))
        assert below.asnumpy().tolist() == [k - 1 for k in less]


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_functions_of_integers_are_truncated_once(dtype: str) -> None:
    """By way of float32, 2147395599 has the root 46340, and e^20 other digits."""
    x = nd.array([2147395599, 20, 10, 16777217], dtype=dtype)
    assert nd.sqrt(x).asnumpy().tolist() == [46339, 4, 3, 4096]
    assert nd.exp(x[1:2]).asscalar() == 485165195
    assert nd.tanh(x[2:3]).asscalar() == 0 and nd.softsign(x[3:]).asscalar() == 0
    assert nd.broadcast_hypot(x, x[1:2]).asnumpy().tolist() == [2147395599, 28, 22, 16777217]
    assert nd.smooth_l1(x[:2], scalar=1.5).asnumpy().tolist() == [2147395598, 19]


def whole_calls(dtype: str) -> Iterator[tuple[str, Any, list[Any]]]:
    """Every operator that takes integers, on its own samples with large integers in place of floats."""
    values = np.array(NARROW if dtype == "int32" else LONG, dtype)
    for name, operator in sorted({operator.name: operator for operator in OPERATORS.values()}.items()):
        if operator.draws:
            continue
        for arrays, attributes in operator.samples(np.random.default_rng(5)):
            given = [np.asarray(a) for a in arrays]
            large = [np.resize(np.roll(values, k), a.shape) if a.dtype.kind == "f" else a for k, a in enumerate(given)]
            try:
                spec, slots = d.bind(operator, large, attributes)
            except OperatorError:
                continue
            numbers = any(each.dtype.kind == "f" and not np.all(each == np.round(each)) for each in given)
            if numbers and not may_fail(flatten(graph_of(spec))):
                yield name, spec, [*large, *slots]


#: Of results that are no integers, how far they may be apart.
APPROXIMATE = {"_histogram_edges": 1e-12, "_image_normalize": 1e-6, "_image_to_tensor": 1e-6}


@pytest.mark.lazy
@pytest.mark.parametrize("dtype", ["int32", pytest.param("int64", marks=pytest.mark.slow)])
def test_xla_and_numpy_have_the_same_digits(dtype: str) -> None:
    calls = list(whole_calls(dtype))
    assert len({name for name, _, _ in calls}) > 120
    graphs = [flatten(graph_of(spec)) for _, spec, _ in calls]
    results = compiled(together(graphs), [np.asarray(each) for _, _, inputs in calls for each in inputs])
    for (name, _, inputs), graph in zip(calls, graphs, strict=True):
        for expected in interpret(graph, inputs):
            np.testing.assert_allclose(results.pop(0), expected, rtol=APPROXIMATE.get(name, 0), err_msg=name)
    assert not results
