"""float64 and int64 are computed in 64 bits, without a switch and without touching jax's."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from lazynd import autograd, nd


@pytest.mark.parametrize("dtype", ["float64", "int64", "uint64"])
def test_an_array_keeps_its_dtype_and_every_digit(dtype: str) -> None:
    values = np.array([1, 2**53 - 1, 3], dtype)
    x = nd.array(values, dtype=dtype)
    assert x.dtype == np.dtype(dtype)
    for found, expected in ((x, values), (x + 1, values + np.ones(3, dtype)), (x * 3, values * np.array(3, dtype))):
        assert found.asnumpy().dtype == np.dtype(dtype)
        np.testing.assert_array_equal(found.asnumpy(), expected)


def test_creation_reduction_and_products_are_in_64_bits() -> None:
    x = nd.arange(1, 4, dtype="float64") / 3
    np.testing.assert_array_equal(x.asnumpy(), np.arange(1, 4, dtype=np.float64) / 3)
    # Each product and sum rounds once in double: within 3 units of 2**-53.
    np.testing.assert_allclose(nd.dot(x, x).asscalar(), 14 / 9, rtol=4e-16)
    np.testing.assert_allclose(x.exp().sum().asscalar(), np.exp(x.asnumpy()).sum(), rtol=4e-16)
    assert nd.zeros((2,), dtype="float64").dtype == np.float64
    assert nd.array([2**40, 2**41], dtype="int64").sum().asscalar() == 3 * 2**40


def test_integers_wrap_at_64_bits() -> None:
    assert (nd.array([2**63 - 1], dtype="int64") + 1).asscalar() == -(2**63)
    assert (nd.array([2**31 - 1], dtype="int64") + 1).asscalar() == 2**31


def test_gradients_are_in_64_bits() -> None:
    x = nd.array([0.1, 0.2, 0.7], dtype="float64")
    x.attach_grad()
    with autograd.record():
        y = ((x * 1.1).tanh() ** 2).sum()
    y.backward()
    t = np.tanh(x.asnumpy() * 1.1)
    assert x.grad.dtype == np.float64
    np.testing.assert_allclose(x.grad.asnumpy(), 2 * t * (1 - t * t) * 1.1, rtol=1e-14)


def test_views_writes_and_copies_keep_64_bits() -> None:
    x = nd.zeros((2, 2), dtype="float64")
    x[0] = 0.1
    x[1, 1] = np.float64(1) / 3
    y = x[0].copy()
    y += 1e-12
    np.testing.assert_array_equal(x.asnumpy(), [[0.1, 0.1], [0, 1 / 3]])
    np.testing.assert_array_equal(y.asnumpy(), np.float64(0.1) + 1e-12)


def test_conversion_between_32_and_64_bits() -> None:
    x = nd.array([1 / 3], dtype="float64")
    assert x.astype("float32").asnumpy()[0] == np.float32(1 / 3)
    assert x.astype("float32").astype("float64").asnumpy()[0] == np.float64(np.float32(1 / 3))
    assert nd.array([2**40 + 1], dtype="int64").astype("int32").asscalar() == 1


def test_jax_itself_still_has_32_bits() -> None:
    (nd.ones((2,), dtype="float64") * 2).wait_to_read()
    assert not jax.config.jax_enable_x64
    assert jax.numpy.arange(3).dtype == np.int32
