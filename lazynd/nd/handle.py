"""A handle on a storage cell: what it is, and its values for Python, NumPy and others."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import runtime
from ..ir.types import Context
from ..runtime.record.cell import Cell, ReadOnly
from .one_number import as_number
from .refusal import reports


class Handle:
    """What every array is. Reading values forces; nothing else here does."""

    __slots__ = ("_cell",)
    _cell: Cell

    def __init__(self, cell: Cell) -> None:
        self._cell = cell

    # ------------------------------------------------------------------------------------------ what it is

    @property
    def shape(self) -> tuple[int, ...]:
        """Extents of the dimensions.

        >>> from lazynd import nd
        >>> nd.zeros((2, 3)).shape
        (2, 3)
        """
        return self._cell.type.shape

    @property
    def dtype(self) -> type[np.generic]:
        """NumPy's class of the element type, as in MXNet: ``x.dtype == np.float32``.

        >>> from lazynd import nd
        >>> nd.zeros((2, 3), dtype="int8").dtype
        <class 'numpy.int8'>
        """
        return self._cell.type.dtype.type

    @property
    def writable(self) -> bool:
        """Whether the array may be written to: what an operator written in Python is given may not.

        >>> from lazynd import nd
        >>> nd.zeros((2, 3)).writable
        True
        """
        return not isinstance(self._cell, ReadOnly)

    @property
    def size(self) -> int:
        """Number of elements.

        >>> from lazynd import nd
        >>> nd.zeros((2, 3)).size
        6
        """
        return self._cell.type.size

    @property
    def ndim(self) -> int:
        """Number of dimensions.

        >>> from lazynd import nd
        >>> nd.zeros((2, 3)).ndim
        2
        """
        return len(self._cell.type.shape)

    @property
    def context(self) -> Context:
        """The device that the array lives on; ``ctx`` is the same.

        >>> from lazynd import nd
        >>> nd.zeros((2, 3)).context
        cpu(0)
        """
        return self._cell.type.context

    ctx = context

    @property
    def stype(self) -> str:
        """The storage type: "default", unless the array says otherwise (see ``tostype``); all are stored dense.

        >>> from lazynd import nd
        >>> nd.zeros((2, 3)).stype
        'default'
        """
        return "default"

    # ------------------------------------------------------------------------------------------ values

    def asnumpy(self) -> np.ndarray[Any, Any]:
        """The values as a NumPy array that is private and writable. Forces.

        After ``lazynd.as_mxnet()`` an array of one element is a number where one is asked for, as it was in NumPy
        before 2.4: ``"%f" % x.mean().asnumpy()``.

        >>> from lazynd import nd
        >>> nd.ones((2,)).asnumpy()
        array([1., 1.], dtype=float32)
        """
        return as_number(runtime.fetch(self._cell, "asnumpy"))

    @reports("asscalar", running=True)
    def asscalar(self) -> Any:
        """The value of an array of one element (else ``ValueError``), as a NumPy scalar. Forces.

        >>> from lazynd import nd
        >>> nd.array([[2.5]]).asscalar()
        np.float32(2.5)
        """
        return self._scalar("asscalar")

    @reports("item", running=True)
    def item(self) -> Any:
        """The value of an array of one element (else ``ValueError``), as a Python number. Forces.

        >>> from lazynd import nd
        >>> nd.array([[2.5]]).item()
        2.5
        """
        return self._scalar("item").item()

    def _scalar(self, cause: str) -> Any:
        if self.size != 1:
            raise ValueError("The current array is not a scalar")
        return runtime.fetch(self._cell, cause).reshape(())[()]

    def wait_to_read(self) -> None:
        """Compute the value, and wait until it is there. Forces.

        >>> from lazynd import nd
        >>> x = nd.ones((2, 3)) * 2
        >>> x.wait_to_read()
        """
        runtime.wait(self._cell)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if copy is False:
            raise ValueError("an NDArray gives a copy of its values; to_dlpack_for_write shares its memory")
        made = self.asnumpy()
        return made if dtype is None else made.astype(dtype, copy=False)

    @reports("bool", running=True)
    def __bool__(self) -> bool:
        if self.size == 0:
            return False
        if self.size > 1:
            raise ValueError("The truth value of an NDArray with multiple elements is ambiguous.")
        return bool(self._scalar("bool"))

    @reports("float", running=True)
    def __float__(self) -> float:
        return float(self._single("float"))

    @reports("int", running=True)
    def __int__(self) -> int:
        return int(self._single("int"))

    @reports("index", running=True)
    def __index__(self) -> int:
        if self._cell.type.dtype.kind not in "iu":
            raise TypeError(f"only integer arrays of one element are an index, this one is {self._cell.type}")
        return int(self._single("index"))

    def _single(self, what: str) -> Any:
        if self.size != 1:
            raise TypeError(f"only an array of one element converts to {what}; this one has shape {self.shape}")
        return self._scalar(what)

    def __dlpack__(
        self, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: bool | None = None
    ) -> Any:
        """A DLPack capsule of a private copy of the values. Forces. ``BufferError`` if no copy may be made."""
        if copy is False:
            raise BufferError("an NDArray gives a copy of its values; to_dlpack_for_write shares its memory")
        options = {"stream": stream, "max_version": max_version, "dl_device": dl_device}
        given = {name: option for name, option in options.items() if option is not None}
        return runtime.exported(self._cell).__dlpack__(**given)

    def __dlpack_device__(self) -> tuple[int, int]:
        """DLPack's number of the kind of device, 1 for the host and 2 for a GPU, and the device's own."""
        kind, number = self.context.device
        return (2 if kind == "gpu" else 1), number

    def to_dlpack_for_read(self) -> Any:
        """A DLPack capsule of a private copy of the values, see ``nd.to_dlpack_for_read``. Forces.

        >>> from lazynd import nd
        >>> nd.from_dlpack(nd.ones((2,)).to_dlpack_for_read()).shape
        (2,)
        """
        return self.__dlpack__()

    def to_dlpack_for_write(self) -> Any:
        """A DLPack capsule of the array's memory, see ``nd.to_dlpack_for_write``. Forces.

        >>> from lazynd import nd
        >>> x = nd.ones((2,))
        >>> shared = nd.from_dlpack(x.to_dlpack_for_write())
        >>> shared[:] = 5
        >>> x.asnumpy()
        array([5., 5.], dtype=float32)
        """
        return _SHARE[0](self)

    @reports("format", running=True)
    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        how = "x.asscalar() gives the number" if self.size == 1 else "x.asnumpy() gives the numbers"
        raise TypeError(f"an NDArray takes no format such as {spec!r}: {how} to format")

    @reports("round", running=True)
    def __round__(self, ndigits: int | None = None) -> Any:
        how = "round(x.asscalar(), n) its number" if self.size == 1 else "numpy.round(x.asnumpy(), n) to n digits"
        raise TypeError(f"Python's round is of numbers: x.round() rounds each element of an NDArray, {how}")

    @reports("len")
    def __len__(self) -> int:
        if not self.shape:
            raise IndexError("an array of shape () has no first dimension, so no length")
        return self.shape[0]

    def __repr__(self) -> str:
        extents = "x".join(map(str, self.shape))
        if not runtime.shows(self._cell):
            return f"<{type(self).__name__} {extents} @{self.context}, inside a compiled call>"
        return f"\n{_text(runtime.fetch(self._cell, 'print'))}\n<NDArray {extents} @{self.context}>"

    __str__ = __repr__


#: Set by ``dlpack``: ``to_dlpack_for_write``.
_SHARE: list[Any] = []


def _text(values: np.ndarray[Any, Any]) -> str:
    """Values as NumPy 1 printed them, like MXNet; NumPy 2.0 to 2.4 print large float32 otherwise."""
    return str(values) if not values.ndim else np.array2string(values, legacy="1.25")


def index_of(key: Any) -> Any:
    """``key`` of ``array[key]``, with cells in place of arrays."""
    if isinstance(key, Handle):
        return key._cell
    if isinstance(key, tuple):
        return tuple(k._cell if isinstance(k, Handle) else k for k in key)
    return key
