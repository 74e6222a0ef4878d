"""What is written under ``record()`` brings its history along."""

from __future__ import annotations

import numpy as np

from lazynd import autograd, nd


def test_a_copy_of_a_variable_that_nothing_read_before_has_its_gradient() -> None:
    x = nd.ones((2,))
    x.attach_grad()
    with autograd.record():
        y = nd.zeros((2,))
        y[:] = x
        z = y * 3 + x
    z.backward()
    np.testing.assert_array_equal(x.grad.asnumpy(), [4, 4])
