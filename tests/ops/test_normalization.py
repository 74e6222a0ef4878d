"""Normalisation: when statistics move, and how good they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd


def batch_norm(x: Any, mean: Any, var: Any, **options: Any) -> Any:
    c = x.shape[1]
    return nd.BatchNorm(x, nd.ones(c), nd.zeros(c), mean, var, fix_gamma=False, **options)


def moving(count: int = 2) -> tuple[Any, Any]:
    return nd.zeros(count), nd.ones(count)


DATA = [[1.0, 10.0], [3.0, 30.0]]  # means 2 and 20, variances 1 and 100


@pytest.mark.parametrize("backward_passes", [0, 1, 3])
def test_statistics_move_once_a_training_forward(backward_passes: int) -> None:
    mean, var = moving()
    x = nd.array(DATA)
    x.attach_grad()
    with autograd.record():
        y = batch_norm(x, mean, var, momentum=0.5)
    for _ in range(backward_passes):
        y.backward(retain_graph=True)
    assert mean.asnumpy().tolist() == [1, 10]
    assert var.asnumpy().tolist() == [1, 50.5]
    batch_norm(x, mean, var, momentum=0.5, training=True)
    assert mean.asnumpy().tolist() == [1.5, 15], "read or not"


def test_statistics_stay_outside_training() -> None:
    mean, var = moving()
    x = nd.array(DATA)
    with autograd.record(train_mode=False):
        batch_norm(x, mean, var)
    batch_norm(x, mean, var).asnumpy()
    with autograd.record():
        batch_norm(x, mean, var, use_global_stats=True).asnumpy()
    assert mean.asnumpy().tolist() == [0, 0] and var.asnumpy().tolist() == [1, 1]


def test_eager_moves_them_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazynd.config, "eager", True)
    test_statistics_move_once_a_training_forward(1)
    test_statistics_stay_outside_training()


def test_statistics_on_another_context_move_too() -> None:
    x = nd.array(DATA, ctx=lazynd.cpu(0))
    mean, var = (each.as_in_context(lazynd.cpu(1)) for each in moving())
    with autograd.train_mode():
        batch_norm(x, mean, var, momentum=0.5)
    assert mean.asnumpy().tolist() == [1, 10] and mean.context == lazynd.cpu(1)


def test_a_view_of_statistics_is_written_through() -> None:
    both = nd.zeros((2, 2))
    with autograd.train_mode():
        batch_norm(nd.array(DATA), both[0], nd.ones(2), momentum=0.5)
    assert both.asnumpy().tolist() == [[1, 10], [0, 0]]


@pytest.mark.lazy
def test_statistics_belong_to_the_program_of_the_step() -> None:
    mean, var = moving(3)
    w = nd.array(np.ones((4, 3)))
    w.attach_grad()

    def step() -> None:
        with autograd.record():
            loss = (batch_norm(nd.dot(nd.ones((5, 4)), w), mean, var) ** 2).sum()
        loss.backward()
        w[:] = w - 0.1 * w.grad
        loss.asscalar()

    step()
    step()
    before, stats = lazynd.stats().snapshot(), lazynd.stats()
    for _ in range(4):
        step()
    assert stats.programs == before["programs"] and stats.runs - before["runs"] == 4
    # Weights, both statistics: each old buffer becomes the new one.
    assert stats.donated - before["donated"] >= 3 * 4 and stats.copied == before["copied"]


def test_a_fixed_gamma_is_set_to_one() -> None:
    gamma = nd.array([5.0, 7.0])
    y = nd.BatchNorm(nd.array(DATA), gamma, nd.zeros(2), *moving(), eps=0)
    assert gamma.asnumpy().tolist() == [1, 1] and y.asnumpy().tolist() == DATA


def reference(x: Any, axes: tuple[int, ...], eps: float) -> Any:
    wide = x.astype("float64")
    return (wide - wide.mean(axes, keepdims=True)) / np.sqrt(wide.var(axes, keepdims=True) + eps)


def test_variances_survive_a_large_mean(rng: np.random.Generator) -> None:
    """The mean of squares less the square of the mean would be off by 1e8 * 2**-24 = 6."""
    x = (1e4 + rng.normal(size=(64, 2))).astype("float32")
    with autograd.train_mode():
        y = batch_norm(nd.array(x), *moving(), eps=1e-3).asnumpy()
    # The mean is good to half a unit in the last place of 1e4, 5e-4.
    np.testing.assert_allclose(y, reference(x, (0,), 1e-3), atol=2e-3)


def test_half_precision_has_statistics_in_float32(rng: np.random.Generator) -> None:
    """300 numbers of about 300: their sum is beyond float16, whose largest number is 65,504."""
    x = rng.uniform(250, 350, (300, 2)).astype("float16")
    mean, var = nd.zeros(2), nd.zeros(2)
    with autograd.train_mode():
        y = batch_norm(nd.array(x, dtype="float16"), mean, var, momentum=0, eps=0.001)
    assert (y.dtype, mean.dtype) == (np.float16, np.float32)
    np.testing.assert_allclose(mean.asnumpy(), x.astype("float64").mean(0), rtol=1e-6)
    np.testing.assert_allclose(y.asnumpy(), reference(x, (0,), 0.001), rtol=2**-10, atol=2**-10)
    z = nd.LayerNorm(nd.array(x.T, dtype="float16"), *(f(300, dtype="float16") for f in (nd.ones, nd.zeros)))
    np.testing.assert_allclose(z.asnumpy(), reference(x.T, (1,), 1e-5), rtol=2**-10, atol=2**-10)


def test_relu_after_batch_norm_moves_statistics_too() -> None:
    """MXNet's moves none."""
    results = []
    for function in (nd.BatchNorm, nd.contrib.BatchNormWithReLU):
        x, (mean, var) = nd.array(DATA), moving()
        x.attach_grad()
        with autograd.record():
            y = function(x, nd.ones(2), nd.zeros(2), mean, var, fix_gamma=False)
            y = y if function is not nd.BatchNorm else nd.relu(y)
        y.backward(nd.array([[1, 2], [3, 4]]))
        results.append([each.asnumpy() for each in (y, mean, var, x.grad)])
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


def test_wrong_parameters_are_refused() -> None:
    x = nd.array(DATA)
    with pytest.raises(lazynd.MXNetError, match=r"\[BatchNorm\] gamma must be float32\[2\]"):
        nd.BatchNorm(x, nd.ones(3), nd.ones(2), *moving())
    with pytest.raises(lazynd.MXNetError, match="moving_mean must be float32"):
        nd.BatchNorm(x.astype("float16"), nd.ones(2), nd.ones(2), nd.zeros(2, dtype="float16"), nd.ones(2))
    with pytest.raises(lazynd.MXNetError, match="4 channels do not make 3 groups"):
        nd.GroupNorm(nd.ones((2, 4, 3)), nd.ones(3), nd.ones(3), num_groups=3)
    with pytest.raises(lazynd.MXNetError, match="use ndev=1"):
        nd.contrib.SyncBatchNorm(x, nd.ones(2), nd.ones(2), *moving(), key="a", ndev=2)
