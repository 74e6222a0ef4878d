"""``_fresh_grad``, by which ``Trainer`` tells whether a gradient is new. MXNet 1.9.1 answers so."""

from __future__ import annotations

import pytest

from lazynd import MXNetError, autograd, nd


def differentiate(x: nd.NDArray) -> None:
    with autograd.record():
        y = x * 2
    y.backward()


def test_a_gradient_is_fresh_from_a_backward_pass_until_somebody_says_otherwise() -> None:
    x = nd.ones(2)
    assert not x._fresh_grad
    x.attach_grad()
    assert not x._fresh_grad
    for _ in range(2):
        with autograd.record():
            y = x * 2
        assert not x._fresh_grad
        y.backward()
        assert x._fresh_grad and x.detach()._fresh_grad is False and not x.grad._fresh_grad
        x._fresh_grad = False
        assert not x._fresh_grad


def test_only_what_a_pass_reaches_is_fresh() -> None:
    x, other = nd.ones(2), nd.ones(2)
    x.attach_grad("add")
    other.attach_grad()
    differentiate(x)
    assert x._fresh_grad and not other._fresh_grad


def test_gradients_that_are_returned_are_not_in_the_buffer() -> None:
    x = nd.ones(2)
    x.attach_grad()
    with autograd.record():
        y = x * 2
    autograd.grad(y, [x])
    assert not x._fresh_grad


def test_attaching_begins_anew() -> None:
    x = nd.ones(2)
    x.attach_grad()
    differentiate(x)
    x.attach_grad()
    assert not x._fresh_grad


def test_a_pass_that_fails_writes_none() -> None:
    x = nd.ones(2)
    x.attach_grad()
    with autograd.record():
        y = x * 2
    with pytest.raises(MXNetError):
        y.backward(nd.ones(3))
    assert not x._fresh_grad


def test_what_is_no_variable_has_no_gradient_to_be_fresh() -> None:
    with pytest.raises(MXNetError, match="has not been marked as a variable"):
        nd.ones(2)._fresh_grad = True
