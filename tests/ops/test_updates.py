"""Updates of weights: what is written where, in which buffers, and what another rate compiles."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import nd


def test_the_result_is_new_unless_out_says_where() -> None:
    w, g, m = nd.array([1.0, 2]), nd.array([2.0, 4]), nd.zeros(2)
    made = nd.sgd_mom_update(w, g, m, lr=0.5)
    assert made.asnumpy().tolist() == [0, 0] and w.asnumpy().tolist() == [1, 2]
    assert m.asnumpy().tolist() == [-1, -2], "states are always written"
    assert nd.sgd_mom_update(w, g, m, lr=0.5, momentum=1, out=w) is w
    assert w.asnumpy().tolist() == [-1, -2] and m.asnumpy().tolist() == [-2, -4]


def test_several_weights_in_one_call() -> None:
    w, v = nd.array([1.0]), nd.array([[2.0, 3]])
    g = [nd.ones(1), nd.ones((1, 2))]
    m = [nd.zeros(1), nd.zeros((1, 2))]
    found = nd.multi_sgd_mom_update(
        w, g[0], m[0], v, g[1], m[1], lrs=(0.5, 1), wds=(0, 1), num_weights=2, out=[w, v]
    )  # fmt: skip
    assert found[0] is w and found[1] is v
    assert w.asnumpy().tolist() == [0.5] and v.asnumpy().tolist() == [[-1, -1]]
    assert m[0].asnumpy().tolist() == [-0.5] and m[1].asnumpy().tolist() == [[-3, -4]]


def test_arrays_are_reset_in_place() -> None:
    a, b = nd.ones(3), nd.ones((2, 2))
    view = b[1]
    assert nd.reset_arrays(a, b, num_arrays=2) == []
    assert not a.asnumpy().any() and not b.asnumpy().any() and not view.asnumpy().any()


@pytest.mark.lazy
def test_another_rate_compiles_nothing() -> None:
    w, g, m, v = nd.ones(7), nd.ones(7), nd.zeros(7), nd.zeros(7)

    def step(rate: float) -> None:
        nd.sgd_update(w, g, lr=rate, wd=rate / 2, clip_gradient=rate, out=w)
        nd.adam_update(w, g, m, v, lr=rate, beta1=0.5 + rate, out=w)
        nd.multi_sgd_update(w, g, v, g, lrs=(rate, 2 * rate), wds=(rate, 0), num_weights=2, out=[w, v])
        nd.lamb_update_phase1(w, g, m, v, wd=rate, t=1 + int(100 * rate))
        w.asnumpy(), v.asnumpy()

    step(0.125)  # the first also makes the arrays
    step(0.5)
    compiles = lazynd.stats().programs
    for rate in (0.25, 0.0625, 0.375):
        step(rate)
    assert lazynd.stats().programs == compiles


@pytest.mark.lazy
@pytest.mark.parametrize("name", ["sgd_mom_update", "adam_update", "rmspropalex_update"])
def test_weights_and_states_keep_their_buffers(name: str) -> None:
    """Each old buffer is given to the program, which returns the new value in it."""
    jax = pytest.importorskip("jax")
    shape = (43, 47)  # of no other test
    count = {"sgd_mom_update": 1, "adam_update": 2, "rmspropalex_update": 3}[name]
    w, g, *states = (nd.array(np.ones(shape)) for _ in range(2 + count))

    def step() -> None:
        getattr(nd, name)(w, g, *states, lr=0.01, out=w)
        w.wait_to_read()

    for _ in range(3):
        step()
    donated, copied = lazynd.stats().donated, lazynd.stats().copied
    for _ in range(4):
        step()
    after = lazynd.stats()
    assert after.donated - donated == 4 * (1 + count) and after.copied == copied
    gc.collect()
    assert sum(a.shape == shape for a in jax.live_arrays()) == 2 + count


@pytest.mark.lazy
def test_several_weights_keep_their_buffers() -> None:
    shapes = [(3, 5), (7,), (2, 2)]
    arrays = [nd.array(np.ones(s)) for s in shapes for _ in range(3)]
    out = arrays[::3]

    def step() -> None:
        nd.multi_sgd_mom_update(*arrays, lrs=(0.1,) * 3, wds=(0,) * 3, momentum=0.5, num_weights=3, out=out)
        out[0].wait_to_read()

    for _ in range(3):
        step()
    before = lazynd.stats().donated
    step()
    assert lazynd.stats().donated - before == 6


def test_eager_and_lazy_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    def run() -> list[Any]:
        w, g, m, v = (nd.array(np.linspace(low, 1, 6)) for low in (-1, 0.5, 0.1, 0.2))
        for _ in range(3):
            nd.adam_update(w, g, m, v, lr=0.1, wd=0.01, out=w)
        return [each.asnumpy() for each in (w, m, v)]

    lazy = run()
    monkeypatch.setattr(lazynd.config, "eager", True)
    for one, other in zip(lazy, run(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)  # fused or not: a few roundings of float32


def test_wrong_states_are_refused() -> None:
    w = nd.ones(3)
    with pytest.raises(lazynd.MXNetError, match=r"1-th input: expected float32\[3\], got float32\[4\]"):
        nd.sgd_update(w, nd.ones(4), lr=0.1)
    with pytest.raises(lazynd.MXNetError, match="Required parameter lr"):
        nd.sgd_update(w, w)
    with pytest.raises(lazynd.MXNetError, match="Expected number of learning rates: 1, and got 2"):
        nd.multi_sgd_update(w, w, lrs=(1, 2), wds=(0,))
    with pytest.raises(lazynd.MXNetError, match="2-th input: expected float32"):
        half = w.astype("float16")
        nd.mp_sgd_update(half, half, half, lr=0.1)
    whole = w.astype("int32")
    with pytest.raises(lazynd.MXNetError, match="weight must be float16 or float32, got int32"):
        nd.mp_sgd_update(whole, whole, w, lr=0.1)
