"""Diagonals at and beyond the edge of a matrix; MXNet 1.9.1 gave these answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lazynd import MXNetError, autograd, nd


@pytest.mark.parametrize("k", range(-2, 4))
def test_diagonals_up_to_the_one_next_to_the_edge(k: int) -> None:
    values = np.arange(6, dtype="float32").reshape(2, 3)
    x = nd.array(values)
    x.attach_grad()
    with autograd.record():
        y = nd.diag(x, k=k)
        z = (y * 3).sum() + x.sum()
    z.backward()
    assert y.asnumpy().tolist() == np.diag(values, k).tolist()
    assert x.grad.asnumpy().tolist() == (1 + 3 * np.eye(2, 3, k)).tolist()


@pytest.mark.parametrize("k", [-3, 4, 9])
def test_diagonals_further_out_do_not_exist(k: int) -> None:
    with pytest.raises(MXNetError, match=rf"Diagonal does not exist: {k} lies outside float32\[2,3\]"):
        nd.diag(nd.ones((2, 3)), k=k)


#: Diagonals of an array of shape (2, 3, 4) in the plane of the axes 0 and 2: their shapes, None where there is none.
PLANES: dict[int, Any] = {-3: None, -2: (3, 0), -1: (3, 1), 0: (3, 2), 3: (3, 1), 4: (3, 0), 5: None}


@pytest.mark.parametrize("k", PLANES)
def test_diagonals_of_planes(k: int) -> None:
    values = np.arange(24, dtype="float32").reshape(2, 3, 4)
    if PLANES[k] is None:
        with pytest.raises(MXNetError, match="Diagonal does not exist"):
            nd.diag(nd.array(values), k=k, axis1=0, axis2=2)
        return
    made = nd.diag(nd.array(values), k=k, axis1=0, axis2=2)
    assert made.shape == PLANES[k]
    assert made.asnumpy().tolist() == np.diagonal(values, k, 0, 2).tolist()
