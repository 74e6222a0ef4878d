"""Scalars, arrays of shape (), under NumPy's shapes. MXNet 1.9.1 gave these answers, unless a line says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import MXNetError, autograd, nd
from lazynd.util import np_shape


@pytest.fixture
def on() -> Iterator[None]:
    with np_shape():
        yield


def scalar(value: float = 1, dtype: str = "float32") -> nd.NDArray:
    with np_shape():
        return nd.full((), value, dtype=dtype)


#: Keys, and the shape of what they take from an array of shape (2, 3).
KEYS: list[tuple[Any, tuple[int, ...]]] = [
    ((0, 1), ()),
    ((-1, -1), ()),
    ((np.int64(1), 2), ()),
    ((0, None, 1), (1,)),
    ((0, slice(1, 2)), (1,)),
    (0, (3,)),
    ((slice(0, 1), 0), (1,)),
]


@pytest.mark.parametrize(("key", "shape"), KEYS, ids=str)
def test_integers_for_every_axis_take_a_scalar(key: Any, shape: tuple[int, ...], on: None) -> None:
    values = np.arange(6, dtype="float32").reshape(2, 3)
    x = nd.array(values)
    assert x[key].shape == shape
    assert x[key].asnumpy().tolist() == values[key].tolist()


def test_without_numpys_shapes_a_single_element_has_one_dimension() -> None:
    x = nd.arange(6).reshape((2, 3))
    assert [x[0, 1].shape, x[0][1].shape, nd.arange(3)[2].shape] == [(1,)] * 3


def test_a_scalar_taken_from_an_array_is_a_view(on: None) -> None:
    x = nd.arange(3)
    part = x[1]
    part[:] = 5
    part += 1
    assert x.asnumpy().tolist() == [0, 6, 2]
    x[:] = 7
    assert part.shape == () and part.asscalar() == 7
    assert [each.asscalar() for each in x] == [7, 7, 7] and [each.shape for each in x] == [()] * 3


def test_scalars_taken_by_arrays_of_indices(on: None) -> None:
    """MXNet refuses indices of shape (); ours gives what ``take`` gives."""
    x = nd.array([4, 5, 6])
    assert x[np.array(1)].shape == () and x[nd.array(1)].asscalar() == 5
    assert nd.take(x, nd.array(1)).shape == ()


def test_operators_on_scalars_taken_from_arrays(on: None) -> None:
    x = nd.array([1, 2, 3])
    assert (x[1] * x).asnumpy().tolist() == [2, 4, 6]
    assert (x[0] == 1).shape == () and x[0].astype("int32").shape == ()
    assert nd.stack(x[0], x[2]).asnumpy().tolist() == [1, 3]
    assert x[1].expand_dims(0).shape == (1,) and x[1].reshape((1, 1)).shape == (1, 1)


def test_gradients_go_through_a_scalar_taken_from_an_array(on: None) -> None:
    x = nd.array([1, 2, 3])
    x.attach_grad()
    with autograd.record():
        y = x[1] * 3
    y.backward()
    assert x.grad.asnumpy().tolist() == [0, 3, 0]


#: What is written into a scalar, and what it holds then.
WRITTEN: list[tuple[Any, float]] = [
    (2, 2),
    (2.5, 2.5),
    (np.float64(4), 4),
    (np.array(4), 4),
    (scalar(3), 3),
    (scalar(3, "int32"), 3),
    (nd.array([3]), 3),
    (nd.array([[3]]), 3),
]


@pytest.mark.parametrize("key", [slice(None), ()], ids=str)
@pytest.mark.parametrize(("value", "held"), WRITTEN)
def test_scalars_are_written(key: Any, value: Any, held: float, on: None) -> None:
    x = nd.ones(())
    alias = x.detach()
    x[key] = value
    assert x.shape == () and x.asscalar() == held and alias.asscalar() == held


def test_what_does_not_fit_a_scalar_is_refused(on: None) -> None:
    x = nd.ones(())
    with pytest.raises(ValueError, match="could not broadcast"):
        x[:] = nd.array([1, 2])
    for key in (0, True):
        with pytest.raises(IndexError, match="too many indices"):
            x[key] = 2
    assert x.asscalar() == 1


def test_scalars_are_written_into_arrays(on: None) -> None:
    x = nd.zeros((2, 2))
    x[0] = scalar(3)
    x[1, 1] = scalar(4)
    assert x.asnumpy().tolist() == [[3, 3], [0, 4]]
    x[:] = scalar(5)
    assert x.asnumpy().tolist() == [[5, 5], [5, 5]]


def test_a_recorded_scalar_is_written_whole(on: None) -> None:
    x = nd.array(3)
    x.attach_grad()
    with autograd.record():
        y = nd.zeros(())
        y[:] = x * 2
        z = y * 5
    z.backward()
    assert x.grad.asscalar() == 10


def test_scalars_are_copied(on: None) -> None:
    x = scalar(2.5)
    target = nd.zeros((), dtype="int32")
    assert x.copyto(target) is target and target.asscalar() == 2
    assert x.copyto(lazynd.cpu(1)).context == lazynd.cpu(1)
    for one, other in ((x, nd.zeros((1,))), (nd.zeros((1,)), x)):
        with pytest.raises(MXNetError, match="Incompatible attr"):
            one.copyto(other)
    assert nd.ones((), out=target.astype("float32")).asscalar() == 1


def test_a_scalar_has_no_length() -> None:
    with pytest.raises(IndexError, match="no length"):
        len(scalar())
    with pytest.raises(IndexError, match="no length"):
        list(scalar())
    with pytest.raises(TypeError, match="no length"):
        len(lazynd.np.ones(()))


@pytest.mark.parametrize("key", [slice(None), ()], ids=str)
def test_without_numpys_shapes_a_scalar_is_not_written(key: Any) -> None:
    x = scalar(3)
    with pytest.raises(MXNetError, match="has no known shape here"):
        x[key] = 2
    with pytest.raises(MXNetError, match="has no known shape here"):
        scalar(4).copyto(x)
    assert x.asscalar() == 3
    y = nd.zeros((2,))
    y[0] = x
    assert y.asnumpy().tolist() == [3, 0]


def test_arrays_of_np_follow_numpy_whatever_the_switch() -> None:
    x, v = lazynd.np.ones(()), lazynd.np.array([1, 2, 3])
    x[()] = 2
    assert repr(x) == "array(2.)"
    x[...] = lazynd.np.array(3.0)
    assert x.item() == 3 and v[0].shape == v[0, ...].shape == v[lazynd.np.array(1, dtype="int32")].shape == ()
    v[0].copyto(x)
    assert x.item() == 1 and type(x.copyto(lazynd.cpu(1))) is lazynd.np.ndarray
    for refused in (lambda: x[:], lambda: x.__setitem__(slice(None), 2), lambda: x[0]):
        with pytest.raises(IndexError, match=r"\[[gs]etitem\]"):
            refused()
