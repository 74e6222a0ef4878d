"""``nd.contrib``'s updates of weights: AdamW and LAMB by the functions of MXNet's module, AdaGrad of dense rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lazynd import nd, sym
from lazynd.ir.errors import MXNetError

OPTIONS: dict[str, Any] = {"beta1": 0.5, "beta2": 0.75, "epsilon": 0.125}


def arrays(count: int, dtype: str = "float32", seed: int = 0) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [nd.array(rng.uniform(0.5, 1.5, (2, 3)), dtype=dtype) for _ in range(count)]


def adamw(w: Any, g: Any, m: Any, v: Any, lr: float, eta: float, wd: float, scale: float) -> tuple[Any, Any, Any]:
    """By NumPy."""
    w, g, m, v = (each.asnumpy() for each in (w, g, m, v))
    g = g * scale
    m, v = 0.5 * m + 0.5 * g, 0.75 * v + 0.25 * g * g
    return w - eta * (lr * m / (np.sqrt(v) + 0.125) + wd * w), m, v


def test_adamw() -> None:
    for scale in (0.5, nd.array([0.5])):
        w, g, m, v = arrays(4)
        expected = adamw(w, g, m, v, 0.25, 2, 0.125, 0.5)
        nd.contrib.adamw_update(w, g, m, v, scale, lr=0.25, eta=2, wd=0.125, out=w, **OPTIONS)
        for found, each in zip((w, m, v), expected, strict=True):
            np.testing.assert_allclose(found.asnumpy(), each, rtol=1e-6)


@pytest.mark.parametrize("scale", [0.0, np.inf, np.nan])
def test_nothing_changes_after_an_overflow(scale: float) -> None:
    w, g, m, v = arrays(4)
    before = [each.asnumpy() for each in (w, m, v)]
    nd.contrib.multi_adamw_update([w], [g], [m], [v], scale, [0.25], [0.125], [2], out=[w])
    assert [each.asnumpy().tolist() for each in (w, m, v)] == [each.tolist() for each in before]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_several_are_updated_as_one_by_one(dtype: str) -> None:
    groups = [arrays(2, dtype, seed) for seed in range(4)]
    rates = [(1, 0.5, 0), (2, 1, 0.25)]
    expected = [adamw(*each, *given, 0.5) for each, given in zip(zip(*groups, strict=True), rates, strict=True)]
    nd.contrib.multi_adamw_update(*groups, 0.5, [1, 2], [0, 0.25], [0.5, 1], out=groups[0], **OPTIONS)
    for number, made in enumerate(expected):
        for found, each in zip((groups[0], groups[2], groups[3]), made, strict=True):
            np.testing.assert_allclose(found[number].asnumpy(), each, rtol=2e-3 if dtype == "float16" else 1e-6)


def test_of_float16_the_copies_are_updated() -> None:
    copies, (m, v) = arrays(2), ([each] * 2 for each in arrays(2, seed=2))
    halves = [each.astype("float16") for each in copies]
    means, variances = [each.copy() for each in m], [each.copy() for each in v]
    grads = [each.copy() for each in halves]
    wholes = [[each.copy() for each in group] for group in (copies, means, variances)]
    wide = [each.astype("float32") for each in grads]
    nd.contrib.multi_lamb_update(wholes[0], wide, *wholes[1:], [1, 2], [0.1, 0.2], [0, 0.5], out=wholes[0])
    nd.contrib.multi_mp_lamb_update(
        halves, grads, means, variances, copies, [1, 2], [0.1, 0.2], [0, 0.5], out=halves
    )  # fmt: skip
    for half, copy, whole in zip(halves, copies, wholes[0], strict=True):
        assert copy.asnumpy().tolist() == whole.asnumpy().tolist()
        assert half.asnumpy().tolist() == copy.astype("float16").asnumpy().tolist()


def test_counts_that_do_not_fit_are_refused() -> None:
    groups = [arrays(2, seed=seed) for seed in range(4)]
    with pytest.raises(MXNetError, match="learning rates"):
        nd.contrib.multi_adamw_update(*groups, 1.0, [1], [0, 0], [1, 1], out=groups[0])
    with pytest.raises(MXNetError, match="step counts"):
        nd.contrib.multi_lamb_update(*groups, [1], [1, 1], [0, 0], out=groups[0])
    with pytest.raises(MXNetError, match="expects 12 inputs"):
        nd.contrib.multi_lamb_update(*groups, [1] * 3, [1] * 3, [0] * 3, out=groups[0], num_tensors=3)
    with pytest.raises(MXNetError, match="wd must be 0"):
        nd.sparse.adagrad_update(*arrays(3), lr=0.1, wd=0.1)
    with pytest.raises(MXNetError, match="one number a row"):
        nd.contrib.group_adagrad_update(*arrays(3), lr=0.1)


def test_adagrad_of_dense_arrays() -> None:
    w, g, h = arrays(3)
    total = h.asnumpy() + g.asnumpy() ** 2
    expected = w.asnumpy() - 0.5 * g.asnumpy() / np.sqrt(total + 1e-7)
    nd.sparse.adagrad_update(w, g, h, lr=0.5, out=w)
    np.testing.assert_allclose(w.asnumpy(), expected, rtol=1e-6)
    np.testing.assert_allclose(h.asnumpy(), total, rtol=1e-6)


def test_symbols() -> None:
    made = sym.contrib.adamw_update(*map(sym.var, "wgmv"), 0.5, lr=0.25, eta=2, wd=0.125, **OPTIONS)
    assert made.list_auxiliary_states() == ["m", "v"]
    w, g, m, v = arrays(4)
    expected = adamw(w, g, m, v, 0.25, 2, 0.125, 0.5)
    np.testing.assert_allclose(made.eval(w=w, g=g, m=m, v=v)[0].asnumpy(), expected[0], rtol=1e-6)
    mixed = sym.contrib.mp_adamw_update(*map(sym.var, ("w", "g", "m", "v", "w32")), sym.var("scale"), lr=1, eta=1)
    assert (mixed.list_arguments(), mixed.list_auxiliary_states()) == (["w", "g", "scale"], ["m", "v", "w32"])
