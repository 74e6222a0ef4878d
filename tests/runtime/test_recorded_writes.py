"""What is written under ``record()`` brings its history along."""

from __future__ import annotations

import numpy as np
import pytest

from lazynd import MXNetError, autograd, nd


def test_a_copy_of_a_variable_that_nothing_read_before_has_its_gradient() -> None:
    x = nd.ones((2,))
    x.attach_grad()
    with autograd.record():
        y = nd.zeros((2,))
        y[:] = x
        z = y * 3 + x
    z.backward()
    np.testing.assert_array_equal(x.grad.asnumpy(), [4, 4])


def test_an_array_keeps_its_type_whatever_is_written() -> None:
    x = nd.zeros((2, 3), dtype="float32")
    part, alias = x[0], x.detach()
    wide = nd.full((2, 3), 2.5, dtype="float64")
    whole = np.arange(6, dtype="int64").reshape(2, 3)

    def by_operator() -> None:
        nd.exp(wide, out=x)

    def in_place() -> None:
        x.__iadd__(wide)

    for write in (by_operator, in_place):
        with pytest.raises(MXNetError):
            write()
    for value in (wide, whole, 7, wide[0], nd.array([[1], [2]], dtype="int32")):
        x[:] = value
        for array in (x, part, alias, nd.relu(x), x * 1):
            assert array.dtype == np.float32
            assert array.asnumpy().dtype == np.float32 and array.asnumpy().shape == array.shape
