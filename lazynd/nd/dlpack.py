"""Arrays to and from other libraries by DLPack, as capsules in MXNet's way or as objects in Python's array API."""

from __future__ import annotations

import ctypes
from typing import Any, Final

import numpy as np

from .. import runtime
from ..ir.errors import MXNetError
from ..ir.types import CPU, DTYPE_NAMES, Context, Type, is_bfloat16, named_dtype
from ..runtime.record.shared import memory_of, shared_cell, writable
from ..runtime.thread import LOCAL
from .handle import _SHARE
from .ndarray import NDArray
from .refusal import refusal, reports

__all__ = ["from_dlpack", "to_dlpack_for_read", "to_dlpack_for_write"]

#: Names of capsules that nobody has taken yet.
_FRESH: Final = (b"dltensor", b"dltensor_versioned")
#: DLPack's numbers of kinds of devices.
_HOST, _CUDA = 1, 2


def to_dlpack_for_read(data: NDArray) -> Any:
    """A capsule of a private copy of the values, which later writes to ``data`` do not change. Forces.

    >>> from lazynd import nd
    >>> nd.from_dlpack(nd.to_dlpack_for_read(nd.ones((2,)))).asnumpy()
    array([1., 1.], dtype=float32)
    """
    return data.__dlpack__()


def to_dlpack_for_write(data: NDArray) -> Any:
    """A capsule of the memory of ``data``, on the host: what its taker writes there, ``data`` shows, and the reverse.

    From then on an operation copies that memory when it is recorded, and writes to ``data`` are computed at once.

    >>> from lazynd import nd
    >>> x = nd.ones((2,))
    >>> y = nd.from_dlpack(nd.to_dlpack_for_write(x))
    >>> y += 1
    >>> x.asnumpy()
    array([2., 2.], dtype=float32)
    """
    if data.context.device_type == "gpu":
        reason = "the memory of an array on a GPU is not shared for writing; use to_dlpack_for_read"
        raise refusal(MXNetError, "to_dlpack_for_write", reason, (data,))
    if is_bfloat16(data._cell.type.dtype):
        reason = "NumPy, which holds the memory, does not share bfloat16; use to_dlpack_for_read"
        raise refusal(MXNetError, "to_dlpack_for_write", reason, (data,))
    return memory_of(LOCAL.state.recorder, data._cell).__dlpack__()


_SHARE.append(to_dlpack_for_write)


@reports("from_dlpack")
def from_dlpack(dlpack: Any) -> NDArray:
    """An array of a capsule, whose memory on the host it shares, or a copy of an object with ``__dlpack__``.

    A capsule can be taken once. ``AssertionError`` for what is no capsule, or was taken.

    >>> import numpy as np
    >>> from lazynd import nd
    >>> nd.from_dlpack(np.arange(3)).dtype
    <class 'numpy.int64'>
    """
    source = dlpack if hasattr(dlpack, "__dlpack__") else _Capsule(dlpack)
    kind, number = source.__dlpack_device__()
    if kind != _HOST:
        context = Context("gpu", number)
        if kind != _CUDA or number >= runtime.device_count("gpu"):
            raise MXNetError(f"the values are on device {number} of DLPack's kind {int(kind)}, which is not here")
        buffer = runtime.adopt(source)
        return NDArray(runtime.data(Type(tuple(buffer.shape), _known(buffer.dtype), context), buffer))
    try:
        values = np.from_dlpack(source)
    except (BufferError, RuntimeError, ValueError) as error:  # a dtype that NumPy does not have: it may be bfloat16
        return _adopted(source, error)
    type = Type(values.shape, _known(values.dtype), CPU)
    shared = isinstance(source, _Capsule) and (source.may_write or values.flags.writeable)
    if shared and values.flags.c_contiguous:  # a capsule of the first version does not say that it may be written
        return NDArray(shared_cell(type, writable(values)))
    return NDArray(runtime.data(type, np.array(values, order="C")))


def _adopted(source: Any, reason: Exception) -> NDArray:
    """A copy made by the backend of what NumPy did not take, for ``reason``."""
    try:
        buffer = runtime.adopt(source)
    except Exception:  # of whatever class the backend's is
        raise MXNetError(f"the values cannot be read: {reason}") from reason
    return NDArray(runtime.data(Type(tuple(buffer.shape), _known(buffer.dtype), CPU), buffer))


def _known(dtype: np.dtype[Any]) -> np.dtype[Any]:
    found = named_dtype(np.dtype(dtype).name)
    if found is None:
        raise MXNetError(f"the values are {dtype}, which is none of {', '.join(DTYPE_NAMES)}")
    return found


class _Capsule:
    """A capsule as an object that gives it, once, and knows its device."""

    def __init__(self, capsule: Any) -> None:
        api = ctypes.pythonapi
        api.PyCapsule_IsValid.argtypes = api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
        api.PyCapsule_GetPointer.restype = ctypes.c_void_p
        name = next((n for n in _FRESH if api.PyCapsule_IsValid(capsule, n)), None)
        if name is None:
            raise AssertionError("Invalid DLPack Tensor. DLTensor capsules can be consumed only once.")
        start = api.PyCapsule_GetPointer(capsule, name)
        pointer = ctypes.sizeof(ctypes.c_void_p)
        if name != _FRESH[0]:  # a version, a manager, its deleter and flags come before the tensor
            start += 8 + 2 * pointer + 8
        self._device = tuple((ctypes.c_int32 * 2).from_address(start + pointer))  # behind the pointer to the elements
        self.may_write = name == _FRESH[0]  # the first version does not say
        self._capsule = capsule

    def __dlpack__(self, **_: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, ...]:
        return self._device
