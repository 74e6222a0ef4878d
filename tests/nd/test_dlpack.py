"""DLPack both ways: private copies to read, shared memory to write, and what cannot be taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import MXNetError, autograd, nd
from lazynd.backends import get_backend

from ..backends.fake import FakeBackend

DTYPES = ["float32", "float64", "float16", "uint8", "int32", "int8", "int64", "bool", "uint32", "uint64"]


class Capsule:
    """A foreign array, as other libraries take ours."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __dlpack__(self, **_: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(2, 3), (1,), (0, 2)])
def test_values_go_out_and_come_back(dtype: str, shape: tuple[int, ...]) -> None:
    values = (np.arange(np.prod(shape)) % 2).astype(dtype).reshape(shape)
    x = nd.array(values, dtype=dtype)
    for found in (np.from_dlpack(x), np.from_dlpack(Capsule(x.to_dlpack_for_read()))):
        assert found.dtype == values.dtype and np.array_equal(found, values)
    for source in (x, x.to_dlpack_for_read(), x.to_dlpack_for_write(), values, values.__dlpack__()):
        made = nd.from_dlpack(source)
        assert made.dtype == x.dtype and made.shape == shape and np.array_equal(made.asnumpy(), values)


def test_pending_arrays_views_and_gradients_go_out() -> None:
    x = nd.arange(6).reshape((2, 3))
    x.attach_grad()
    with autograd.record():
        y = (x * x).sum()
    y.backward()
    assert np.from_dlpack(x + 1).tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert np.from_dlpack(x[1]).tolist() == [3.0, 4.0, 5.0]
    assert np.from_dlpack(x.grad).tolist() == [[0.0, 2.0, 4.0], [6.0, 8.0, 10.0]]


def test_what_was_handed_out_to_read_never_changes() -> None:
    """The runtime takes buffers over when arrays are updated in place, but not these."""
    x = nd.ones((4,)) * 3
    x.wait_to_read()
    capsule, seen = x.to_dlpack_for_read(), np.from_dlpack(x)
    for _ in range(3):
        x += 1
        x.wait_to_read()
    assert np.from_dlpack(Capsule(capsule)).tolist() == seen.tolist() == [3.0] * 4
    assert x.asnumpy().tolist() == [6.0] * 4


def test_memory_shared_for_writing() -> None:
    x = nd.ones((2, 3))
    row, detached = x[1], x.detach()
    pending = x * 10
    y = nd.from_dlpack(x.to_dlpack_for_write())
    y += 1
    assert x.asnumpy().tolist() == [[2.0] * 3] * 2 == detached.asnumpy().tolist()
    row[:] = 7
    x[0] = nd.array([1, 2, 3])
    assert y.asnumpy().tolist() == [[1.0, 2.0, 3.0], [7.0, 7.0, 7.0]]
    nd.elemwise_add(x, x, out=y)
    assert x.asnumpy().tolist() == [[2.0, 4.0, 6.0], [14.0, 14.0, 14.0]]
    assert pending.asnumpy().tolist() == [[10.0] * 3] * 2


def test_what_others_write_is_seen_by_what_is_recorded_later() -> None:
    memory = np.zeros(3, "float32")
    x = nd.from_dlpack(memory.__dlpack__())
    before = x + 1
    memory[:] = 5
    after = x + 1
    memory[:] = 9
    assert before.asnumpy().tolist() == [1.0] * 3 and after.asnumpy().tolist() == [6.0] * 3
    assert x.asnumpy().tolist() == [9.0] * 3
    x[1] = 2
    x *= 2
    assert memory.tolist() == [18.0, 4.0, 18.0]


def test_a_view_shares_its_part_for_writing() -> None:
    x = nd.zeros((2, 3))
    part = nd.from_dlpack(x[1].detach().to_dlpack_for_write())
    part[:] = nd.array([1, 2, 3])
    assert x.asnumpy().tolist() == [[0.0] * 3, [1.0, 2.0, 3.0]]


def test_shared_memory_is_differentiated() -> None:
    x = nd.from_dlpack(np.array([1, 2], "float32").__dlpack__())
    x.attach_grad()
    for step in range(2):
        with autograd.record():
            y = (x * x).sum()
        y.backward()
        assert x.grad.asnumpy().tolist() == [[2.0, 4.0], [0.0, 0.0]][step]
        x[:] = x - 0.5 * x.grad


def test_an_object_is_copied() -> None:
    memory = np.ones(3, "float32")
    x = nd.from_dlpack(memory)
    memory[:] = 5
    x += 1
    assert x.asnumpy().tolist() == [2.0] * 3 and memory.tolist() == [5.0] * 3


def test_memory_that_is_not_in_a_row_is_copied() -> None:
    memory = np.arange(6, dtype="float32").reshape(2, 3)
    x = nd.from_dlpack(memory.T.__dlpack__())
    x += 1
    assert x.asnumpy().tolist() == (memory.T + 1).tolist() and memory[0, 0] == 0


def test_jax_takes_our_arrays_and_we_take_jaxs() -> None:
    import jax

    assert jax.dlpack.from_dlpack(nd.ones((2,))).tolist() == [1.0, 1.0]
    theirs = jax.numpy.arange(3)
    ours = nd.from_dlpack(theirs)
    ours += 1
    assert ours.asnumpy().tolist() == [1, 2, 3] and theirs.tolist() == [0, 1, 2]


def test_a_capsule_is_taken_once() -> None:
    capsule = nd.ones((1,)).to_dlpack_for_read()
    nd.from_dlpack(capsule)
    for wrong in (capsule, 5, None, "text"):
        with pytest.raises(AssertionError, match="consumed only once"):
            nd.from_dlpack(wrong)


def test_what_cannot_be_taken_is_refused() -> None:
    import jax

    with pytest.raises(MXNetError, match="int16, which is none of"):
        nd.from_dlpack(np.ones(1, "int16"))
    with pytest.raises(MXNetError, match=r"float8_e5m2, which is none of|cannot be read"):
        nd.from_dlpack(jax.numpy.ones(1, "float8_e5m2"))
    with pytest.raises(BufferError, match="to_dlpack_for_write"):
        nd.ones((1,)).__dlpack__(copy=False)

    class Elsewhere:
        def __dlpack__(self, **_: Any) -> Any:
            pytest.fail("it was asked for its values")

        def __dlpack_device__(self) -> tuple[int, int]:
            return 8, 3

    with pytest.raises(MXNetError, match="device 3 of DLPack's kind 8"):
        nd.from_dlpack(Elsewhere())


def test_devices_have_dlpacks_numbers(two_gpus: FakeBackend) -> None:
    assert nd.ones((1,)).__dlpack_device__() == nd.ones((1,), ctx=lazynd.cpu(3)).__dlpack_device__() == (1, 0)
    x = nd.ones((1,), ctx=lazynd.gpu(1))
    assert x.__dlpack_device__() == (2, 1)
    with pytest.raises(MXNetError, match=r"(?s)not shared for writing.*test_dlpack\.py"):
        x.to_dlpack_for_write()


@pytest.mark.parametrize("name", ["xla", "numpy"])
def test_a_backend_adopts_a_private_copy(name: str) -> None:
    memory = np.arange(3.0)
    buffer = get_backend(name).adopt(memory)
    memory[:] = 7
    assert np.asarray(buffer).tolist() == [0.0, 1.0, 2.0] and buffer.dtype == np.float64


def test_a_recorded_view_sees_what_others_write() -> None:
    x = nd.array([1.0, 2.0, 3.0, 4.0])
    x.attach_grad()
    with autograd.record():
        view = x[1:3]
        assert (view * 1).asnumpy().tolist() == [2, 3]
        nd.from_dlpack(x.to_dlpack_for_write())[:] = 10
        assert (view * 1).asnumpy().tolist() == view.asnumpy().tolist() == [10, 10]
