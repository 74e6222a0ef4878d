"""Sizes: what no memory holds is refused when it is recorded, and positions beyond 2^31 are counted in 64 bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import MXNetError, nd
from lazynd.backends.memory import available
from lazynd.ir.types import INT32, INT64, Type
from lazynd.runtime.run.program import pending_graph

pytestmark = pytest.mark.lazy  # arrays of such sizes are recorded and never computed

FAR = 2**31


def in_numpy_shape(make: Callable[[], Any]) -> Any:
    with lazynd.np_shape():
        return make()


#: Each makes an array of at least 2^63 bytes.
TOO_LARGE: dict[str, Callable[[], Any]] = {
    "zeros": lambda: nd.zeros((FAR, FAR)),
    "fewer than 2^63 elements": lambda: nd.zeros((FAR, 2**30)),
    "many more": lambda: nd.ones((FAR, FAR, FAR)),
    "extents that are NumPy's": lambda: nd.ones((np.int64(FAR), np.int64(FAR))),
    "full": lambda: nd.full((FAR, FAR), 3.0),
    "empty": lambda: nd.empty((FAR, FAR)),
    "wider": lambda: nd.ones((2**60,)).astype("float64"),
    "broadcast_to": lambda: nd.ones((1,)).broadcast_to((2**61,)),
    "broadcast_add": lambda: nd.broadcast_add(nd.ones((2**31, 1)), nd.ones((1, 2**30))),
    "dot": lambda: nd.dot(nd.ones((2**31, 1)), nd.ones((1, 2**30))),
    "tile": lambda: nd.ones((2**40,)).tile(2**21),
    "repeat": lambda: nd.ones((2**40,)).repeat(2**21),
    "one_hot": lambda: nd.one_hot(nd.ones((2**40,)), 2**21),
    "concat": lambda: nd.concat(*[nd.ones((2**60,))] * 2, dim=0),
    "stack": lambda: nd.stack(*[nd.ones((2**60,))] * 2),
    "pad": lambda: nd.pad(nd.ones((1, 1, 1, 1)), mode="constant", pad_width=(0, 0, 0, 0, 0, 2**31, 0, 2**30)),
    "arange": lambda: nd.arange(2**62),
    "none, which NumPy and XLA refuse all the same": lambda: in_numpy_shape(lambda: nd.zeros((2**40, 2**40, 0))),
}


def refused(make: Callable[[], Any]) -> str:
    """What ``make`` is refused with. The error is not kept: its frames hold arrays that must never be computed."""
    try:
        make()
    except MXNetError as error:
        return str(error)
    raise AssertionError("it was recorded")


@pytest.mark.parametrize("name", TOO_LARGE)
def test_more_than_2_63_bytes_are_refused_at_their_line(name: str) -> None:
    text = refused(TOO_LARGE[name])
    assert "Size of tensor you are trying to allocate is larger than 2^63 bytes" in text
    assert text.startswith("[") and __file__ in text


@pytest.mark.parametrize(
    ("read", "bits"),
    [
        (lambda: nd.zeros((FAR + 1,)).argmax(axis=0), 31),
        (lambda: nd.zeros((2, FAR + 1)).argsort(), 31),
        (lambda: nd.zeros((FAR + 1,)).topk(k=3), 31),
        (lambda: nd.one_hot(nd.zeros((2,)), FAR + 1), 31),
        (lambda: nd.arange(FAR + 1, dtype="int32"), 31),
        (lambda: nd.random.uniform(shape=(2**33 + 1,)), 32),
    ],
)
def test_what_is_counted_in_fewer_bits_is_refused(read: Callable[[], Any], bits: int) -> None:
    """Better than numbers that begin anew, silently."""
    assert f"larger than 2^{bits} elements" in refused(read)


def numbers_of(array: Any) -> set[np.dtype[Any]]:
    """The dtypes of the scalars that the pending program of ``array`` is given."""
    graph = pending_graph(array._cell.read(_recorder()))
    return {node.type.dtype for node in graph.inputs if node.type.shape == () and node.type.dtype.itemsize > 1}


def _recorder() -> Any:
    from lazynd.runtime.thread import LOCAL

    return LOCAL.state.recorder


@pytest.mark.parametrize(("extent", "dtype"), [(1000, INT32), (FAR - 1, INT32), (FAR, INT64), (2**40, INT64)])
def test_positions_are_as_wide_as_the_array_needs(extent: int, dtype: np.dtype[Any]) -> None:
    x = nd.zeros((extent,), dtype="int8")
    assert numbers_of(x[extent - 3 :]) == {dtype}
    assert numbers_of(nd.slice(x, begin=(extent - 3,), end=(extent,))) == {dtype}
    x[extent - 2] = 1
    assert numbers_of(x) == {dtype}


def test_narrow_integers_begin_anew() -> None:
    assert nd.arange(300, dtype="uint8")[254:258].asnumpy().tolist() == [254, 255, 0, 1]


@pytest.mark.slow
def test_values_beyond_2_31_elements() -> None:
    left = available()
    if left is not None and left < 12 << 30:
        pytest.skip("needs 12 GB")
    n = FAR + 16
    x = nd.zeros((n,), dtype="int8")
    x[n - 1] = 5
    x[FAR + 2 : FAR + 4] = 3
    assert x[n - 20 :].asnumpy().tolist() == [0] * 6 + [3, 3] + [0] * 11 + [5]
    for index in ([n - 1, FAR + 2, 5], np.array([n - 1, FAR + 2, 5]), nd.array([n - 1, FAR + 2, 5], dtype="int64")):
        assert x[index].asnumpy().tolist() == [5, 3, 0]
    where = nd.array([n - 1, FAR + 2], dtype="int64")
    assert nd.take(x, where).asnumpy().tolist() == [5, 3]
    assert nd.take(x, where, mode="wrap").asnumpy().tolist() == [5, 3]
    assert nd.gather_nd(x, where.reshape((1, 2))).asnumpy().tolist() == [5, 3]
    assert nd.pick(x.reshape((1, -1)), where[:1], axis=1).asnumpy().tolist() == [5]
    x[where] = 9
    assert x[-1].asscalar() == 9 and x.reshape((2, -1))[1][-14:-10].asnumpy().tolist() == [9, 3, 0, 0]


def test_a_type_knows_its_size_whatever_its_extents_are_made_of() -> None:
    made = Type((np.int64(2**31), np.int64(2**29)), INT32)
    assert made.size == 2**60 and made.nbytes == 2**62 and type(made.size) is int
