"""Arrays on the memory of NumPy arrays, which it freezes. MXNet 1.9.1 gave these answers unless a line says so."""

from __future__ import annotations

import mmap
import pathlib
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.runtime.record.shared import Frozen

DTYPES = ["float32", "float64", "float16", "uint8", "int32", "int8", "int64", "bool", "uint32", "uint64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(2, 3), (1,), (0, 2), ()])
@pytest.mark.parametrize("zero_copy", [True, False])
def test_values_shape_and_dtype(dtype: str, shape: tuple[int, ...], zero_copy: bool) -> None:
    values = (np.arange(np.prod(shape)) % 2).astype(dtype).reshape(shape)
    x = nd.from_numpy(values, zero_copy)
    assert type(x) is nd.NDArray and x.shape == shape and x.dtype == np.dtype(dtype) and x.context == lazynd.cpu(0)
    assert x.asnumpy().tolist() == values.tolist()
    assert values.flags.writeable is not zero_copy


def test_what_is_written_is_in_the_memory_of_the_source() -> None:
    values = np.arange(6, dtype="float32").reshape(2, 3)
    x = nd.from_numpy(values)
    row, pending = x[0], x * 10
    x[1] = 5
    assert values.tolist() == [[0, 1, 2], [5, 5, 5]]
    row += 1
    nd.elemwise_add(x, x, out=x)
    assert values.tolist() == [[2, 4, 6], [10, 10, 10]] == x.asnumpy().tolist()
    x[:] = nd.ones((2, 3))
    assert values.tolist() == [[1, 1, 1], [1, 1, 1]] and row.asnumpy().tolist() == [1, 1, 1]
    assert pending.asnumpy().tolist() == [[0, 10, 20], [30, 40, 50]], "it was recorded before"


def test_the_source_is_read_only_also_when_the_array_is_gone() -> None:
    values = np.arange(3.0)
    x = nd.from_numpy(values)
    with pytest.raises(ValueError, match="read-only"):
        values[0] = 1
    copy = x.asnumpy()
    copy[:] = 7
    assert values.tolist() == [0, 1, 2]
    del x
    assert not values.flags.writeable


def test_the_memory_lives_as_long_as_the_array() -> None:
    values = np.arange(3.0)
    x = nd.from_numpy(values)
    del values
    x += 1
    assert (x + 1).asnumpy().tolist() == [2, 3, 4]


def test_a_copy_shares_nothing() -> None:
    values = np.arange(3.0)
    x = nd.from_numpy(values, zero_copy=False)
    values[0] = 7
    x[1] = 9
    assert x.asnumpy().tolist() == [0, 9, 2] and values.tolist() == [7, 1, 2]


def test_a_source_that_is_made_writable_again_is_read_anew() -> None:
    values = np.arange(3.0)
    x = nd.from_numpy(values)
    before = x + 1
    values.flags.writeable = True
    values[0] = 7
    assert x.asnumpy().tolist() == [7, 1, 2] and before.asnumpy().tolist() == [1, 2, 3]
    values.flags.writeable = False
    assert (x * 2).asnumpy().tolist() == [14, 2, 4]


def test_a_view_is_frozen_and_what_it_is_a_view_of_is_not() -> None:
    whole = np.arange(6.0)
    x = nd.from_numpy(whole[2:4])
    x[:] = 9
    assert whole.tolist() == [0, 1, 9, 9, 4, 5] and x.asnumpy().tolist() == [9, 9]
    whole[3] = 8
    assert x.asnumpy().tolist() == [9, 8] and (x + 1).asnumpy().tolist() == [10, 9]


@pytest.mark.parametrize("part", [slice(None), slice(1, 3)], ids=["all", "part"])
def test_two_arrays_on_one_memory_show_what_is_written_to_either(part: slice) -> None:
    values = np.arange(4.0)
    x, y = nd.from_numpy(values), nd.from_numpy(values[part])
    sums = [x.sum().asscalar(), y.sum().asscalar()]
    x[:] = 4
    assert y.asnumpy().tolist() == [4] * y.size and sums == [6, np.arange(4.0)[part].sum()]
    y[:] = 5
    assert x.asnumpy()[part].tolist() == [5] * y.size == values[part].tolist()


def test_memory_is_copied_once_for_all_operations_that_read_it() -> None:
    x = nd.from_numpy(np.arange(4.0))
    assert isinstance(x._cell, Frozen)
    first = x._cell.content
    x[1:3] * 2, nd.take(x, nd.array([0])), x + 1
    assert x._cell.content is first
    x[0] = 3
    assert x._cell.content is not first and (x + 1).asnumpy().tolist() == [4, 2, 3, 4]


def test_memory_handed_on_for_writing_is_read_anew() -> None:
    values = np.arange(3.0)
    x = nd.from_numpy(values)
    assert (x + 1).asnumpy().tolist() == [1, 2, 3]
    y = nd.from_dlpack(x.to_dlpack_for_write())
    y[:] = 6
    assert x.asnumpy().tolist() == [6, 6, 6] == values.tolist() and (x + 1).asnumpy().tolist() == [7, 7, 7]


def test_training_an_array_on_memory_of_numpy() -> None:
    values = np.array([1, 2], "float32")
    w = nd.from_numpy(values)
    w.attach_grad()
    for _ in range(3):
        with autograd.record():
            loss = (w * w).sum()
        loss.backward()
        w -= 0.25 * w.grad
    assert values.tolist() == [0.125, 0.25]


def test_read_only_memory_is_never_written(tmp_path: pathlib.Path) -> None:
    """MXNet writes to the bytes, and dies of the mapped file."""
    raw = b"\0\1\2\3"
    (tmp_path / "data").write_bytes(raw)
    with (tmp_path / "data").open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    for source in (np.frombuffer(raw, "uint8"), np.frombuffer(mapped, "uint8"), np.memmap(tmp_path / "data", mode="r")):
        x = nd.from_numpy(source)
        x[:] = 9
        assert x.asnumpy().tolist() == [9] * 4 and source.tolist() == [0, 1, 2, 3]
    assert raw == b"\0\1\2\3" == (tmp_path / "data").read_bytes()
    held = bytearray(raw)
    nd.from_numpy(np.frombuffer(held, "uint8"))[:] = 9
    assert held == b"\t\t\t\t", "these may be written"


REFUSED: list[tuple[Any, type[Exception], str]] = [
    (np.arange(6).reshape(2, 3).T, ValueError, "c-contiguous"),
    (np.arange(6)[::2], ValueError, "c-contiguous"),
    (np.ones(2, "int16"), ValueError, "int16 is not supported"),
    (np.ones(2, "complex64"), ValueError, "complex64 is not supported"),
    (np.ones(2, ">f4"), ValueError, "is not supported"),
    (np.ones(2, object), ValueError, "object is not supported"),
    ([1, 2], TypeError, "not list"),
]


@pytest.mark.parametrize(("source", "error", "text"), REFUSED)
def test_what_is_not_shared_is_refused_and_stays_as_it_was(source: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        nd.from_numpy(source)
    assert not isinstance(source, np.ndarray) or source.flags.writeable


def test_copies_are_of_any_layout_and_the_class_may_be_chosen() -> None:
    values = np.arange(6).reshape(2, 3).T
    assert nd.from_numpy(values, zero_copy=False).asnumpy().tolist() == values.tolist()
    for zero_copy in (True, False):
        made = nd.from_numpy(np.arange(2.0), zero_copy, array_cls=lazynd.np.ndarray)
        assert repr(made) == "array([0., 1.], dtype=float64)"
