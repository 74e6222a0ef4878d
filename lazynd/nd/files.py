"""``save`` and ``load``: arrays in files of MXNet's format, written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

from ..ir.errors import MXNetError
from . import file_format, npz
from .file_format import Record
from .ndarray import _NUMPY_CLASS, NDArray
from .np_shape import is_np_shape
from .refusal import refusal, reports
from .state import cell_of, record_of

__all__ = ["load", "load_frombuffer", "save"]

Path = str | os.PathLike[str]
Loaded = list[NDArray] | dict[str, NDArray]


# ---------------------------------------------------------------------------------------------------- saving


def save(fname: Path, data: NDArray | list[NDArray] | dict[str, NDArray]) -> None:
    """Write an array, a list or a dict of arrays to the file ``fname``, as MXNet 1.9.1 reads it.

    The file is replaced when all of it is written, so a failure leaves what was there. Where NumPy's shapes are on or
    a 0-d array is among them, MXNet reads it under ``np_shape()``. Raises ``MXNetError`` where the file cannot be
    written, and for sparse arrays and dtypes that the format lacks. Forces.

    >>> from lazynd import nd
    >>> nd.save("weights.params", {"w": nd.ones((2, 3)), "b": nd.zeros(3)})
    >>> nd.load("weights.params")["w"].shape
    (2, 3)
    """
    arrays, names = _checked(data)
    write(fname, arrays, names, 3 if is_np_shape() or any(not a.shape for a in arrays) else 2)


@reports("save")
def _checked(data: Any) -> tuple[list[NDArray], list[str]]:
    """The arrays of ``data`` and their names."""
    arrays, names = split(data)
    if any(isinstance(a, _NUMPY_CLASS[0]) for a in arrays):
        raise TypeError("an array of lazynd.np is saved by npx.save, or as x.as_nd_ndarray()")
    return arrays, names


def split(data: Any) -> tuple[list[NDArray], list[str]]:
    """The arrays of a list, a dict or one array, and their names; refuses what no file can hold."""
    if isinstance(data, NDArray):
        data = [data]
    if not isinstance(data, list | dict):
        raise ValueError("data needs to either be a NDArray, dict of str, NDArray pairs or a list of NDarrays.")
    names, arrays = (list(data), list(data.values())) if isinstance(data, dict) else ([], list(data))
    if any(not isinstance(n, str) for n in names) or any(not isinstance(a, NDArray) for a in arrays):
        raise TypeError("save only accept dict str->NDArray or list of NDArray")
    for name in names:
        if "\0" in name or any("\ud800" <= letter <= "\udfff" for letter in name):
            raise ValueError(f"the name {name!r} holds a NUL or half a letter, which no file of MXNet does")
    for array in arrays:
        if array.stype != "default":
            raise MXNetError(f"sparse arrays are not saved, one is {array.stype}: save x.tostype('default')")
        if not file_format.has_code(array._cell.type.dtype.name):
            raise MXNetError(f"MXNet's files have no dtype {array._cell.type.dtype}: save x.astype(...)")
    return arrays, names


def write(fname: Path, arrays: Sequence[NDArray], names: Sequence[str], version: int) -> None:
    """Write ``arrays``, computed one by one, in records of ``version``."""

    def records() -> Iterator[Record]:
        for array in arrays:
            yield record_of(array._cell, version, "save")

    try:
        _replace(os.path.realpath(fname), lambda file: file_format.write(file, len(arrays), records(), names))
    except OSError as error:
        raise _unusable("save", fname, error) from error


def _replace(path: str, fill: Callable[[BinaryIO], None]) -> None:
    """Put what ``fill`` writes in the place of ``path`` once all of it is on disk; permissions stay as they are."""
    before = os.stat(path) if os.path.exists(path) else None
    if before is not None and not stat.S_ISREG(before.st_mode):  # a pipe or a device; a folder is refused
        with open(path, "wb") as file:
            fill(file)
        return
    if before is not None and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    temporary = os.path.join(os.path.dirname(path), f".lazynd-{os.urandom(8).hex()}.tmp")
    try:
        with open(temporary, "xb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        if before is not None:
            os.chmod(temporary, stat.S_IMODE(before.st_mode))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _unusable(name: str, fname: Path, error: OSError) -> Exception:
    shown = os.fspath(fname)
    what = "read" if name == "load" else "write"
    return refusal(MXNetError, name, f"cannot {what} {shown!r}: {error.strerror or error}", (shown,))


# ---------------------------------------------------------------------------------------------------- loading


@reports("load")
def load(fname: Path) -> Loaded:
    """The arrays of a file that MXNet or ``save`` wrote: a list, or a dict if they have names. Reads ``npz`` too.

    They are on the device that they were saved from, or on ``cpu(0)`` where that is not there. Raises ``MXNetError``
    that names the offset where the file is not what it should be; memory is taken only for what the file holds.

    >>> from lazynd import nd
    >>> nd.save("pair", [nd.ones(2), nd.zeros((1, 4))])
    >>> [x.shape for x in nd.load("pair")]
    [(2,), (1, 4)]
    """
    return read(fname)


@reports("load_frombuffer")
def load_frombuffer(buf: bytes) -> Loaded:
    """The arrays of a file whose content is ``buf``, as ``load`` gives them.

    >>> from lazynd import nd
    >>> nd.save("one", nd.ones(2))
    >>> with open("one", "rb") as file:
    ...     nd.load_frombuffer(file.read())[0].shape
    (2,)
    """
    if not isinstance(buf, bytes | bytearray | memoryview):
        raise TypeError(f"buf required to be bytes, it is {type(buf).__name__}")
    return _parse(io.BytesIO(buf), memoryview(buf).nbytes)


def read(fname: Path) -> Loaded:
    """The arrays of a file."""
    if not isinstance(fname, str | os.PathLike):
        raise TypeError("fname required to be a string")
    try:
        with open(fname, "rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode):
                return _parse(file, status.st_size)
            content = file.read()  # a pipe has no size
        return _parse(io.BytesIO(content), len(content))
    except OSError as error:
        raise _unusable("load", fname, error) from error
    except MXNetError as error:
        raise MXNetError(f"{os.fspath(fname)!r}: {error}") from None


def _parse(file: BinaryIO, size: int) -> Loaded:
    mark = file.read(4)
    file.seek(0)
    if mark in npz.MARKS:
        found = npz.read(file, size)
        entries = [(name, Record(values, values.dtype.name)) for name, values in found.items()]
        return {name: NDArray(cell_of(f"entry {name!r}", record)) for name, record in entries}
    records, names = file_format.read(file, size)
    arrays = [NDArray(cell_of(f"array {i}", record)) for i, record in enumerate(records)]
    return dict(zip(names, arrays, strict=True)) if names else arrays
