"""Convolutions that keep channels last: every rule against the primitives' meaning in NumPy, and nobody sees it."""

from __future__ import annotations

import itertools
from collections import Counter
from functools import partial
from typing import Any

import jax
import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.backends.xla import channels_last
from lazynd.backends.xla.convolution import Geometry
from lazynd.backends.xla.lower import lower
from lazynd.backends.xla.views import View, followed, laid_out, places
from lazynd.ir.graph import Graph
from lazynd.ir.parse import parse_graph
from lazynd.ir.primitive import PRIMITIVES
from lazynd.ir.types import Type

pytestmark = pytest.mark.lazy  # about what is compiled

Ints = tuple[int, ...]


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def view(array: Any, order: Ints) -> View:
    """``array`` as a view whose axes lie in ``order``."""
    return View(jax.numpy.asarray(np.transpose(array, places(order))), order)


# ------------------------------------------------------------------------------------------------ rules of views

X = normal(2, 3, 4, 5)
LAST = (0, 3, 1, 2)
#: Primitives on a view of ``X`` and on plain arrays, with attributes; whether the result is a view.
RULES: list[tuple[str, tuple[Any, ...], dict[str, Any], bool]] = [
    ("transpose", (X,), {"axes": (1, 0, 3, 2)}, True),
    ("reverse", (X,), {"axes": (2, 3)}, True),
    ("reshape", (X,), {"shape": (2, 1, 3, 4, 1, 5)}, True),
    ("reshape", (X,), {"shape": (6, 4, 5)}, False),
    ("multiply", (X, normal(2, 3, 4, 5, seed=1)), {}, True),
    ("concatenate", (X, normal(2, 2, 4, 5, seed=1)), {"axis": 1}, True),
    ("concatenate", (X, X), {"axis": 3}, True),
    ("reduce_sum", (X,), {"axes": (0, 2, 3)}, True),
    ("reduce_sum", (X,), {"axes": (1,)}, True),
    ("reduce_max", (X,), {"axes": (0, 1, 2, 3)}, True),
    ("pad", (X, np.float32(2)), {"low": (0, 1, -1, 0), "high": (0, 0, 2, 1), "interior": (0, 0, 1, 2)}, True),
    ("slice", (X,), {"start": (0, 1, 0, 2), "limit": (2, 3, 4, 5), "strides": (1, 1, 2, 1)}, True),
    *[
        (name, (X,), {"window": (1, 1, 2, 3), "strides": (1, 1, 1, 2), "low": (0, 0, 1, 0), "high": (0, 0, 0, 1)}, True)
        for name in ("reduce_window_max", "window_argmax")
    ],
    ("cumsum", (X,), {"axis": 1, "backwards": False}, False),
]


def test_rules_of_views_agree_with_numpy() -> None:
    run = lower(Graph([], [], []))

    def all_of_them() -> list[Any]:
        made = []
        for name, operands, attributes, keeps in RULES:
            types = tuple(Type(np.shape(each), np.dtype("float32")) for each in operands)
            spec = PRIMITIVES[name].specialize(types, attributes)
            given = [view(operands[0], LAST), *map(jax.numpy.asarray, operands[1:])]
            found = followed(spec, given, partial(run._apply, spec))
            assert (found is not None) == keeps, name
            made.append(found.whole() if keeps else None)
        return made

    for found, (name, operands, attributes, keeps) in zip(jax.jit(all_of_them)(), RULES, strict=True):
        if keeps:
            expected = PRIMITIVES[name].evaluate(*operands, **attributes)
            assert found.shape == expected.shape and found.dtype == expected.dtype
            # Sums of up to forty numbers.
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6, err_msg=f"{name} {attributes}")


def test_places_of_a_window_keep_their_numbers() -> None:
    """With height and width exchanged in memory there is no rule."""
    how = {"window": (1, 1, 2, 2), "strides": (1,) * 4, "low": (0,) * 4, "high": (0,) * 4}
    spec = PRIMITIVES["window_argmax"].specialize((Type(X.shape, np.dtype("float32")),), how)
    assert followed(spec, [view(X, (0, 3, 2, 1))], lambda *_: None) is None


def test_reversed_and_transposed_views_are_the_array() -> None:
    turned = View(jax.numpy.asarray(X), (1, 0, 3, 2), frozenset({2}))
    expected = np.transpose(X, (1, 0, 3, 2))[:, :, ::-1]
    np.testing.assert_array_equal(turned.whole(), expected)
    for order in itertools.islice(itertools.permutations(range(4)), 0, 24, 5):
        np.testing.assert_array_equal(laid_out(turned, order), np.transpose(expected, places(order)))


# -------------------------------------------------------------------------------------------------- convolutions

#: The rule, the shapes of operand and kernel as views (or plain), attributes.
PLAIN = (0, 1, 2, 3, 4)
IMAGES, KERNEL, BATCH = (0, 4, 3, 1, 2), (4, 3, 2, 0, 1), (3, 4, 0, 1, 2)


def how(**given: Ints) -> dict[str, Ints]:
    return {"strides": (1, 1), "low": (1, 1), "high": (1, 1), "spread": (1, 1), "dilation": (1, 1), **given}


CASES: list[tuple[str, Ints, Ints, Ints, Ints, Ints, dict[str, Ints]]] = [
    ("_sum_of_products", (2, 1, 6, 3, 4), PLAIN, (1, 5, 6, 3, 3), PLAIN, (), how()),
    ("_sum_of_products", (2, 1, 6, 3, 4), IMAGES, (1, 5, 6, 3, 3), KERNEL, (3, 4), how()),
    ("_sum_of_products", (2, 1, 6, 7, 6), IMAGES, (1, 5, 6, 3, 2), KERNEL, (), how(strides=(2, 3), high=(0, 1))),
    ("_sum_of_products", (2, 1, 6, 3, 4), IMAGES, (1, 5, 6, 3, 3), KERNEL, (3, 4), how(spread=(2, 3), high=(2, 0))),
    ("_sum_of_products", (2, 1, 6, 5, 4), IMAGES, (1, 5, 6, 3, 2), KERNEL, (),
     how(dilation=(2, 3), low=(3, -1), high=(0, 5))),
    ("_sum_of_products", (1, 1, 6, 2, 2), IMAGES, (1, 5, 6, 3, 3), KERNEL, (), how(low=(5, 1))),
    ("_sum_of_products", (2, 1, 6, 4, 4), IMAGES, (1, 5, 6, 1, 1), PLAIN, (),
     how(low=(0, 0), high=(0, 0), strides=(2, 2))),
    ("_each_result", (6, 1, 3, 4, 4), BATCH, (1, 5, 3, 4, 4), BATCH, (), how()),
    ("_each_result", (6, 1, 3, 6, 5), BATCH, (1, 5, 3, 2, 3), BATCH, (), how(dilation=(2, 2), high=(0, 1))),
    ("_each_result", (2, 1, 6, 4, 4), IMAGES, (1, 5, 6, 4, 4), PLAIN, (), how(low=(0, 0), high=(0, 0))),
    ("_each_result", (6, 1, 3, 4, 4), BATCH, (1, 5, 3, 1, 1), PLAIN, (), how(low=(5, 0), high=(0, 0), strides=(8, 4))),
    ("_general", (2, 1, 6, 8, 7), PLAIN, (1, 5, 6, 3, 3), KERNEL, (3, 4), how(strides=(2, 1))),
    ("_general", (6, 1, 3, 8, 7), BATCH, (1, 5, 3, 7, 6), BATCH, (), how(dilation=(1, 2), high=(1, 5))),
]  # fmt: skip


def case_of(name: str, x_shape: Ints, x_order: Ints, w_shape: Ints, w_order: Ints, flipped: Ints, given: Any) -> Any:
    x, w = normal(*x_shape), normal(*w_shape, seed=1)
    images = x[:, 0] if x_order == PLAIN else channels_last._without_group(view(x, x_order), 1)
    kernel: Any = w[0]
    if w_order != PLAIN:
        stored = view(np.flip(w, flipped), w_order)
        kernel = channels_last._without_group(View(stored.array, w_order, frozenset(flipped)), 0)
        assert kernel.flipped == {axis - 1 for axis in flipped}
    geometry = Geometry(**given)
    counts = (geometry.counts(x, w),) if name != "_general" else ()
    return getattr(channels_last, name)(images, kernel, geometry, *counts).whole()


def test_convolutions_of_views_agree_with_numpy() -> None:
    for found, case in zip(jax.jit(lambda: [case_of(*each) for each in CASES])(), CASES, strict=True):
        _, x_shape, _, w_shape, _, _, given = case
        expected = PRIMITIVES["convolution"].evaluate(normal(*x_shape), normal(*w_shape, seed=1), **given)
        # Sums of up to two hundred products of normal numbers, in another order.
        np.testing.assert_allclose(found, expected[:, 0], rtol=1e-5, atol=3e-5, err_msg=str(case))


AROUND = "{strides=(1, 1), low=(1, 1), high=(1, 1), spread=(1, 1), dilation=(1, 1)}"
TRAINED = """graph main(%0: float32[16,1,512,3,3], %1: float32[1,512,512,3,3]) {
  %2: float32[1,512,512,3,3] = ir.transpose(%1) {axes=(0, 2, 1, 3, 4)}
  %3: float32[1,512,512,3,3] = ir.reverse(%2) {axes=(3, 4)}
  %4: float32[16,1,512,3,3] = ir.convolution(%0, %3) AROUND
  return %4
}""".replace("AROUND", AROUND)


def test_it_pays_for_gradients_with_small_maps() -> None:
    assert channels_last.pays(parse_graph(TRAINED))
    assert not channels_last.pays(parse_graph(TRAINED.replace("512", "64")))
    assert not channels_last.pays(
        parse_graph(TRAINED.replace("512,3,3]", "512,24,24]").replace("1,512,512,24,24", "1,512,512,3,3"))
    )
    assert not channels_last.pays(parse_graph(TRAINED.replace("ir.convolution(%0, %3)", "ir.convolution(%0, %1)")))


# -------------------------------------------------------------------------------------------------------- a net


def trained(x: Any, weights: list[Any]) -> list[Any]:
    """Two convolutions with what is between them: results, and gradients of everything."""
    arrays = [nd.array(each) for each in (x, *weights)]
    for each in arrays:
        each.attach_grad()
    data, first, gamma, beta, second = arrays
    means = [nd.zeros(4), nd.ones(4)]
    with autograd.record():
        y = nd.Convolution(data, first, kernel=(3, 3), pad=(1, 1), num_filter=4, no_bias=True)
        y = nd.relu(nd.BatchNorm(y, gamma, beta, *means, fix_gamma=False))
        y = nd.Pooling(y, kernel=(3, 3), stride=(2, 2), pad=(1, 1))
        y = nd.concat(y, y * y, dim=1)
        y = nd.Convolution(y, second, kernel=(3, 3), stride=(2, 2), pad=(1, 1), num_filter=5, no_bias=True)
        z = nd.Flatten(y) + y.mean(axis=(1, 2, 3)).reshape((-1, 1))
    z.backward(nd.array(normal(*z.shape, seed=9)))
    return [each.asnumpy() for each in (z, *means, *(a.grad for a in arrays))]


@pytest.mark.parametrize("wide", [1, pytest.param(1 << 17, marks=pytest.mark.slow)], ids=["products", "XLA's"])
def test_a_net_is_the_same_in_the_interpreter(wide: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazynd.config, "cache", None)
    monkeypatch.setattr(channels_last, "WIDE", wide)
    monkeypatch.setattr("lazynd.backends.xla.pays", lambda graph: True)
    made: Counter[str] = Counter()
    for name in ("_sum_of_products", "_each_result", "_general"):
        whole = getattr(channels_last, name)
        monkeypatch.setattr(channels_last, name, lambda *given, n=name, f=whole: made.update([n]) or f(*given))
    extent = 6 + 2 * (wide > 1)  # of its own, so that no program is shared
    x = normal(2, 6, extent, extent - 1)
    weights = [normal(4, 6, 3, 3, seed=1), normal(4, seed=2), normal(4, seed=3), normal(5, 8, 3, 3, seed=4)]
    with lazynd.config.using(tier="compiled"):
        found = trained(x, weights)
    assert bool(made["_sum_of_products"]) == (wide == 1) and made["_general"]
    with lazynd.config.using(tier="interpreted"):
        expected = trained(x, weights)
    for one, other in zip(found, expected, strict=True):
        # Sums of some hundred products, divided by a deviation.
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4 * abs(other).max())
