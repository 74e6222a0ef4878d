"""Operators that pass gradients on otherwise than their slope says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lazynd import autograd, nd

WAYS: dict[str, tuple[Callable[[Any], Any], float]] = {
    "round_ste": (nd.contrib.round_ste, 1),
    "sign_ste": (nd.contrib.sign_ste, 1),
    "gradientmultiplier": (lambda x: nd.contrib.gradientmultiplier(x, scalar=-0.5), -0.5),
}


@pytest.mark.parametrize("name", WAYS)
def test_gradients_pass_times_a_number_and_have_none_themselves(name: str, on_numpy: None) -> None:
    function, factor = WAYS[name]
    x = nd.array([0.5, 0, -2.3, float("nan"), 7])
    x.attach_grad()
    with autograd.record():
        (slope,) = autograd.grad(function(x) * nd.arange(5), [x], create_graph=True)
        (again,) = autograd.grad(slope, [x], create_graph=True, retain_graph=True)
    assert np.array_equal(slope.asnumpy(), factor * np.arange(5))
    assert not again.asnumpy().any()


def test_a_gradient_of_what_follows_meets_the_rounded_values(on_numpy: None) -> None:
    x = nd.array([0.4, 1.6])
    x.attach_grad()
    with autograd.record():
        y = nd.contrib.round_ste(x) ** 2
    y.backward()
    assert x.grad.asnumpy().tolist() == [0, 4]
