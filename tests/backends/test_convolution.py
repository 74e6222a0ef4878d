"""Convolutions and windows: the special lowerings for CPUs against XLA's own and against their meaning in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from lazynd.backends.xla import convolution as rules
from lazynd.backends.xla.lower import LOWERINGS, PLATFORM_LOWERINGS, lower
from lazynd.ir.errors import OperatorError
from lazynd.ir.primitive import PRIMITIVES
from lazynd.ir.types import Type

from ..ir.special import graph_of
from ..ir.test_primitive_gradients import gradient

pytestmark = pytest.mark.lazy  # about what is compiled

Ints = tuple[int, ...]
Attributes = dict[str, Ints]
LEAD = 3


def how(n: int, **given: Ints) -> Attributes:
    """Attributes of a convolution of ``n`` spatial dimensions."""
    ones, zeros = (1,) * n, (0,) * n
    return {"strides": ones, "low": zeros, "high": zeros, "spread": ones, "dilation": ones, **given}


#: Shapes of operand and kernel, attributes: what the rule of that name is for, and where it begins to apply.
CASES: dict[str, list[tuple[Ints, Ints, Attributes]]] = {
    "pointwise": [
        ((2, 1, 5, 6, 7), (1, 4, 5, 1, 1), how(2)),
        ((2, 1, 40, 2, 2), (1, 40, 40, 1, 1), how(2)),
        ((2, 3, 2, 6, 7), (3, 4, 2, 1, 1), how(2, strides=(2, 3), low=(1, 0), high=(0, -1))),
        ((2, 1, 3, 4), (1, 2, 3, 1), how(1, spread=(3,), low=(-1,), high=(2,), dilation=(2,))),
    ],
    "one_position": [
        ((3, 1, 4, 6, 7), (1, 5, 4, 6, 7), how(2)),
        ((30, 1, 2, 3), (1, 40, 2, 3), how(1)),
        ((3, 2, 4, 5, 6), (2, 3, 4, 3, 2), how(2, dilation=(2, 3), high=(0, -2), strides=(3, 1))),
    ],
    "few_terms": [
        ((2, 1, 1, 9, 8), (1, 6, 1, 5, 4), how(2, low=(1, 0), high=(0, 2))),
        ((2, 40, 1, 6, 5), (40, 2, 1, 3, 3), how(2, strides=(2, 1), low=(1, 1), high=(1, 1))),
        ((2, 3, 4, 6, 5), (3, 4, 4, 2, 2), how(2, dilation=(2, 3))),
        ((2, 1, 12, 7, 5), (1, 1, 12, 3, 4), how(2)),
        ((2, 3, 1, 5), (3, 1, 1, 4), how(1, spread=(2,), low=(2,), high=(2,))),
    ],
    "few_sums": [
        ((1, 8, 5, 9, 8), (8, 1, 5, 7, 7), how(2)),
        ((2, 3, 6, 8, 9), (3, 4, 6, 5, 5), how(2, low=(1, 0), high=(0, -1), strides=(2, 3))),
        ((1, 1, 9, 22), (1, 6, 9, 8), how(1, dilation=(3,), high=(1,))),
    ],
    "each_group": [
        ((2, 2, 9, 6, 5), (2, 3, 9, 3, 2), how(2, low=(1, 1), high=(1, 0))),
        ((2, 3, 8, 7, 6), (3, 2, 8, 3, 3), how(2, strides=(1, 2))),
    ],
    "by_slices": [
        ((2, 1, 3, 5, 6, 4), (1, 2, 3, 3, 2, 3), how(3, low=(1, 1, 0), high=(1, 0, 1), strides=(2, 1, 1))),
        ((1, 1, 6, 4, 5, 4), (1, 2, 6, 2, 2, 2), how(3, dilation=(2, 1, 2), spread=(2, 2, 1), low=(0, 0, 1))),
    ],
}


def test_each_rule_has_cases() -> None:
    assert list(CASES) == [rule.__name__ for rule in rules.RULES]


def first_rule(x: Any, w: Any, geometry: rules.Geometry) -> Any:
    """The rule that applies."""
    traced = ((rule, jax.eval_shape(lambda x, w, rule=rule: rule(x, w, geometry), x, w)) for rule in rules.RULES)
    return next(rule for rule, made in traced if made is not None)


@pytest.mark.parametrize("name", CASES)
def test_rule_agrees_with_xla_and_numpy(name: str, rng: np.random.Generator) -> None:
    rule = getattr(rules, name)
    for x_shape, w_shape, attributes in CASES[name]:
        x, w = rng.normal(size=x_shape).astype("float32"), rng.normal(size=w_shape).astype("float32")
        geometry = rules.Geometry(**attributes)
        assert first_rule(x, w, geometry) is rule
        found = jax.jit(lambda x, w, rule=rule, geometry=geometry: rule(x, w, geometry))(x, w)
        expected = PRIMITIVES["convolution"].evaluate(x, w, **attributes)
        general = jax.jit(lambda x, w, how=attributes: LOWERINGS["convolution"](x, w, **how))(x, w)
        for made in (found, general):
            assert made.shape == expected.shape and made.dtype == expected.dtype
            # Sums of up to some hundred products of normal numbers, in another order.
            np.testing.assert_allclose(
                made, expected, rtol=1e-5, atol=3e-5, err_msg=f"{x_shape} {w_shape} {attributes}"
            )


def random_case(rng: np.random.Generator) -> tuple[Ints, Ints, Attributes]:
    n = int(rng.integers(1, 4))
    draw = lambda low, high: tuple(int(v) for v in rng.integers(low, high, n))  # noqa: E731 - a shorthand
    window, spread, dilation = draw(1, 4), draw(1, 3), draw(1, 3)
    low, high, extent = draw(-1, 3), draw(-1, 3), draw(2, 6)
    groups, channels, outputs = (int(rng.choice([1, 1, 2, 3])), int(rng.choice([1, 2, 5])), int(rng.choice([1, 2, 4])))
    attributes = how(n, strides=draw(1, 4), low=low, high=high, spread=spread, dilation=dilation)
    return (2, groups, channels, *extent), (groups, outputs, channels, *window), attributes


def test_random_convolutions_and_their_gradients(rng: np.random.Generator) -> None:
    """By the rules and by the primitive's own gradient, against NumPy and JAX's gradient of XLA's convolution."""
    cases: list[tuple[Any, Any, Any, Attributes]] = []
    while len(cases) < 12:
        x_shape, w_shape, attributes = random_case(rng)
        types = (Type(x_shape, np.dtype("float64")), Type(w_shape, np.dtype("float64")))
        try:
            made = PRIMITIVES["convolution"].specialize(types, attributes).out_types[0]
        except OperatorError:  # the window does not fit
            continue
        cases.append((rng.normal(size=x_shape), rng.normal(size=w_shape), rng.normal(size=made.shape), attributes))
    graphs = [graph_of("convolution", [x, w], attributes) for x, w, _, attributes in cases]

    def ours(arrays: list[Any]) -> list[Any]:
        pairs = zip(graphs, arrays, strict=True)
        return [[*lower(graph)([x, w]), *lower(gradient(graph))([x, w, g])] for graph, (x, w, g) in pairs]

    def theirs(arrays: list[Any]) -> list[Any]:
        found = []
        for (x, w, g), (*_, attributes) in zip(arrays, cases, strict=True):
            y, pull = jax.vjp(lambda x, w, how=attributes: LOWERINGS["convolution"](x, w, **how), x, w)
            found.append([y, *pull(g)])
        return found

    arrays = [case[:3] for case in cases]
    with jax.enable_x64(True):
        results = zip(jax.jit(ours)(arrays), jax.jit(theirs)(arrays), cases, strict=True)
    for found, expected, (x, w, _, attributes) in results:
        meaning = PRIMITIVES["convolution"].evaluate(x, w, **attributes)
        for one, other in zip([found[0], *found], [meaning, *expected], strict=True):
            # float64, some hundred products of normal numbers.
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-12, err_msg=f"{x.shape} {w.shape} {attributes}")


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_other_dtypes_in_every_rule(dtype: str, rng: np.random.Generator) -> None:
    for name, cases in CASES.items():
        x_shape, w_shape, attributes = cases[0]
        x, w = rng.normal(size=x_shape).astype(dtype), rng.normal(size=w_shape).astype(dtype)
        expected = PRIMITIVES["convolution"].evaluate(x, w, **attributes)
        with jax.enable_x64(True):
            found = jax.jit(lambda x, w, how=attributes: PLATFORM_LOWERINGS["cpu"]["convolution"](x, w, **how))(x, w)
        assert found.dtype == dtype
        # Half precision is rounded once, at the end.
        limit = 2.0**-10 if dtype == "float16" else 1e-12
        np.testing.assert_allclose(found, expected, rtol=limit, atol=limit, err_msg=name)


def windows(n: int, **given: Ints) -> Attributes:
    ones, zeros = (1,) * n, (0,) * n
    return {"window": ones, "strides": ones, "low": zeros, "high": zeros, **given}


#: Shapes and windows: unrolled at once, along axes, whole axes, too large to unroll, sticking out, apart.
WINDOWS: list[tuple[Ints, Attributes]] = [
    ((2, 3, 6, 7), windows(4, window=(1, 1, 3, 2), strides=(1, 1, 2, 1), low=(0, 0, 1, 0), high=(0, 0, 1, 1))),
    ((2, 3, 9, 8), windows(4, window=(1, 1, 5, 6), low=(0, 0, 2, 0), high=(0, 0, 0, 3), strides=(1, 1, 1, 2))),
    ((2, 3, 9, 8), windows(4, window=(1, 1, 9, 8))),
    ((2, 9, 8, 3), windows(4, window=(1, 9, 8, 1), strides=(1, 4, 1, 1))),
    ((2, 9, 8), windows(3, window=(1, 9, 2), low=(0, 0, 1), strides=(1, 1, 3), high=(0, 0, 2))),
    ((2, 90), windows(2, window=(1, 70), strides=(1, 3), low=(0, 2), high=(0, -1))),
    ((2, 90, 2), windows(3, window=(1, 90, 1))),
    ((3, 5), windows(2, window=(2, 1), strides=(1, 3), low=(-1, 0), high=(1, -1))),
    ((1, 6), windows(2, window=(1, 1), strides=(1, 5), high=(0, 5))),
]


def with_ties_and_nan(shape: Ints, rng: np.random.Generator) -> Any:
    x = rng.integers(-2, 3, shape).astype("float32")
    x[rng.random(shape) < 0.2] = np.nan
    x[rng.random(shape) < 0.1] = -np.inf
    x[rng.random(shape) < 0.1] = np.finfo("float32").min
    return x


def check_windows(name: str, cases: list[tuple[Any, Attributes]]) -> None:
    """Both lowerings, each of all cases in one program, against NumPy, exactly."""
    for lowering in (PLATFORM_LOWERINGS["cpu"][name], LOWERINGS[name]):

        def results(arrays: list[Any], lowering: Callable[..., Any] = lowering) -> list[Any]:
            return [lowering(x, **attributes) for x, (_, attributes) in zip(arrays, cases, strict=True)]

        for found, (x, attributes) in zip(jax.jit(results)([x for x, _ in cases]), cases, strict=True):
            expected = PRIMITIVES[name].evaluate(x, **attributes)
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected, err_msg=f"{lowering.__name__} {x.shape} {attributes}")


@pytest.mark.parametrize("name", ["reduce_window_max", "window_argmax"])
def test_maxima_agree_with_ties_and_nan(name: str, rng: np.random.Generator) -> None:
    some = [(with_ties_and_nan(shape, rng), attributes) for shape, attributes in WINDOWS]
    check_windows(name, [*some, *((np.full(shape, np.nan, "float32"), how) for shape, how in WINDOWS[:2])])


def test_sums_agree(rng: np.random.Generator) -> None:
    spreads: list[Callable[[int], Ints]] = [lambda n: (1,) * n, lambda n: (1,) * (n - 1) + (3,), lambda n: (2,) * n]
    whole = [(rng.integers(-9, 9, shape).astype("float32"), attributes) for shape, attributes in WINDOWS]
    check_windows("reduce_window_sum", [(x, {**how, "spread": each(x.ndim)}) for x, how in whole for each in spreads])
