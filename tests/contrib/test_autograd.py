"""``contrib.autograd``, the first interface: what MXNet 1.9.1 gives for the same calls."""

from __future__ import annotations

import pytest

from lazynd import autograd, contrib, nd
from lazynd.contrib.autograd import backward, grad, grad_and_loss, set_is_training, train_section


def flags() -> tuple[bool, bool]:
    return autograd.is_recording(), autograd.is_training()


def test_flags() -> None:
    assert set_is_training(True) is False and flags() == (True, True)
    assert set_is_training(False) is True and flags() == (False, False)
    with train_section():
        assert flags() == (True, True)
        with contrib.autograd.test_section():
            assert flags() == (False, False)
        assert flags() == (True, True)
    assert flags() == (False, False)


def test_gradients_of_functions() -> None:
    a, b = nd.array([1, 2]), nd.array([3, 4])
    slopes, value = grad_and_loss(lambda x, y: x * y + x)(a, b)
    assert [s.asnumpy().tolist() for s in slopes] == [[4, 5], [1, 2]] and value.asnumpy().tolist() == [4, 10]
    assert [s.asnumpy().tolist() for s in grad(lambda x, y: x * y, 1)(a, b)] == [[1, 2]]
    assert [s.asnumpy().tolist() for s in grad(lambda x, y: x * y, [0])(a, b)] == [[3, 4]]
    assert grad(lambda x: (x, x * 2))(a)[0].asnumpy().tolist() == [3, 3]


def test_refusals() -> None:
    with pytest.raises(AssertionError, match="should be NDArray, not int"):
        grad(lambda x: x)(1)
    with pytest.raises(AssertionError, match="outputs must be a list or tuple of NDArrays"):
        backward(nd.ones(1))  # type: ignore[arg-type]  # the error is the test


def test_contrib_is_found_under_its_other_names() -> None:
    assert contrib.nd.foreach is nd.contrib.foreach
