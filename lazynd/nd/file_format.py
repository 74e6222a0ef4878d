"""MXNet's binary file of arrays: bytes to records and back, nothing of devices or programs.

All numbers are little-endian. A file is::

    u64 0x112   u64 unused   u64 number of records   the records
    u64 number of names, 0 or as many as records     the names: u64 length, UTF-8

A record is a shape (i32 dimensions, i64 each), i32 device type, i32 device number, i32 dtype, the elements. What
stands before the shape tells its version: 2 has u32 0xF993FAC9 and i32 storage type, 3 (NumPy's shapes: 0 dimensions
are a scalar) has 0xF993FACA and the same, 1 has 0xF993FAC8 alone; version 0 has nothing and a shape in u32.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import numpy as np

from ..ir.errors import MXNetError

LIST_MAGIC: Final = 0x112
_MAGICS: Final = {1: 0xF993FAC8, 2: 0xF993FAC9, 3: 0xF993FACA}
_VERSIONS: Final = {magic: version for version, magic in _MAGICS.items()}
_STORAGE: Final = {0: "default", 1: "row_sparse", 2: "csr"}
#: Dtypes by MXNet's codes, and how NumPy reads their elements, the bits of a bfloat16 as a whole number.
_ELEMENTS: Final = {
    0: ("float32", "<f4"), 1: ("float64", "<f8"), 2: ("float16", "<f2"), 3: ("uint8", "u1"), 4: ("int32", "<i4"),
    5: ("int8", "i1"), 6: ("int64", "<i8"), 7: ("bool", "?"), 12: ("bfloat16", "<u2"),
}  # fmt: skip
_CODES: Final = {name: code for code, (name, _) in _ELEMENTS.items()}
#: NumPy's bounds on an array.
_MOST_DIMENSIONS: Final = 64
_MOST_BYTES: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Record:
    """One array of a file: ``values`` is private and writable, ``device`` the codes of its type and its number."""

    values: np.ndarray[Any, Any]
    dtype: str
    device: tuple[int, int] = (1, 0)
    version: int = 2


def has_code(dtype: str) -> bool:
    """Whether a record can be of ``dtype``."""
    return dtype in _CODES


# ---------------------------------------------------------------------------------------------------- reading


class _Reader:
    """Takes a file apart; never asks for memory before it is known that the file holds as much."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._at = 0

    def refused(self, reason: str, at: int | None = None) -> MXNetError:
        return MXNetError(f"at byte {self._at if at is None else at} of {self._size}: {reason}")

    def _check(self, count: int, what: str) -> None:
        left = self._size - self._at
        if count > left:
            raise self.refused(f"expected {what}, {count} bytes, but {left} are left")

    def bytes(self, count: int, what: str) -> bytes:
        self._check(count, what)
        found = self._file.read(count)
        self._took(len(found), count, what)
        return found

    def numbers(self, layout: str, what: str) -> tuple[int, ...]:
        layout = "<" + layout
        return struct.unpack(layout, self.bytes(struct.calcsize(layout), what))

    def elements(self, shape: tuple[int, ...], dtype: np.dtype[Any], what: str) -> np.ndarray[Any, Any]:
        count = math.prod(shape) * dtype.itemsize
        self._check(count, what)
        made = np.empty(shape, dtype)
        if count:
            view: Any = made.reshape(-1).view(np.uint8).data
            self._took(self._file.readinto(view), count, what)  # type: ignore[attr-defined]  # binary files have it
        return made.astype(dtype.newbyteorder("="), copy=False)

    def _took(self, found: int, count: int, what: str) -> None:
        self._at += found
        if found != count:
            raise self.refused(f"the file ended inside {what}")

    @property
    def at(self) -> int:
        return self._at

    @property
    def left(self) -> int:
        return self._size - self._at


def read(file: BinaryIO, size: int) -> tuple[list[Record], list[str]]:
    """The records of a file of ``size`` bytes and their names, none for a list. What follows is left, as by MXNet.

    Raises ``MXNetError`` with the offset and what was expected there.
    """
    reader = _Reader(file, size)
    (magic,) = reader.numbers("Q", "the file's first number")
    if magic != LIST_MAGIC:
        raise reader.refused(f"no file of arrays: it begins with {magic:#x}, not {LIST_MAGIC:#x}", 0)
    _, count = reader.numbers("QQ", "the number of arrays")
    records = []
    for number in range(count):
        records.append(_read_record(reader, f"array {number} of {count}"))
    return records, _read_names(reader, count)


def read_record(file: BinaryIO, size: int) -> Record:
    """The one record of a file of ``size`` bytes, which is nothing else."""
    return _read_record(_Reader(file, size), "the array")


def _read_record(reader: _Reader, which: str) -> Record:
    start = reader.at
    (magic,) = reader.numbers("I", which)
    version = _VERSIONS.get(magic, 0)
    if version >= 2:
        (storage,) = reader.numbers("i", f"the storage type of {which}")
        if storage:
            kind = _STORAGE.get(storage)
            raise reader.refused(
                f"{which} is {kind}, and sparse arrays are not read: in MXNet, save x.tostype('default')"
                if kind
                else f"{which} has storage type {storage}, which is none",
                start + 4,
            )
    shape = _read_shape(reader, version, magic, which)
    *device, code = reader.numbers("iii", f"device and dtype of {which}")
    if code not in _ELEMENTS:
        raise reader.refused(f"{which} has dtype {code}; those that there are: {_listed()}", reader.at - 4)
    name, layout = _ELEMENTS[code]
    dtype = np.dtype(layout)
    if math.prod(n for n in shape if n) * dtype.itemsize > _MOST_BYTES:
        raise reader.refused(f"{which} has shape {shape}, too large for any machine", start)
    at = reader.at
    what = f"the elements of {which}, {name}{list(shape)}"
    if name == "bool":
        raw = reader.elements(shape, np.dtype("u1"), what)
        if raw.size and raw.max() > 1:
            raise reader.refused(f"{which} is bool and has an element that is neither 0 nor 1", at)
        return Record(raw.view(np.bool_), name, (device[0], device[1]), version)
    return Record(reader.elements(shape, dtype, what), name, (device[0], device[1]), version)


def _read_shape(reader: _Reader, version: int, magic: int, which: str) -> tuple[int, ...]:
    at = reader.at - 4 if version == 0 else reader.at
    dimensions = magic if version == 0 else reader.numbers("i", f"the number of dimensions of {which}")[0]
    if not 0 <= dimensions <= _MOST_DIMENSIONS:
        told = f"{which} begins with {magic:#x}" if version == 0 else f"{which} has {dimensions} dimensions"
        raise reader.refused(f"{told}, not 0 to {_MOST_DIMENSIONS} dimensions or the mark of a later version", at)
    if dimensions == 0 and version < 3:
        raise reader.refused(
            f"{which} has no dimensions, a scalar in version 3 alone: in MXNet, save it under np_shape()", at
        )
    shape = reader.numbers(f"{dimensions}{'I' if version == 0 else 'q'}", f"the shape of {which}")
    if any(n < 0 for n in shape):
        raise reader.refused(f"{which} has shape {shape}, with a negative extent", at)
    return shape


def _read_names(reader: _Reader, count: int) -> list[str]:
    at = reader.at
    (found,) = reader.numbers("Q", "the number of names")
    if found not in (0, count):
        raise reader.refused(f"{found} names for {count} arrays: expected none or one each", at)
    names: dict[str, None] = {}
    for number in range(found):
        at = reader.at
        (length,) = reader.numbers("Q", f"the length of name {number}")
        raw = reader.bytes(length, f"name {number}")
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise reader.refused(f"name {number} is not UTF-8: {error.reason}", at + 8 + error.start) from None
        if name in names:
            raise reader.refused(f"two arrays are called {name!r}", at)
        names[name] = None
    return list(names)


def _listed() -> str:
    return ", ".join(f"{code} {name}" for code, (name, _) in _ELEMENTS.items())


# ---------------------------------------------------------------------------------------------------- writing


def write(file: BinaryIO, count: int, records: Iterable[Record], names: Sequence[str] = ()) -> None:
    """Write ``count`` records, taken one by one, and their names, if they have any."""
    file.write(struct.pack("<QQQ", LIST_MAGIC, 0, count))
    for record in records:
        _write_record(file, record)
    file.write(struct.pack("<Q", len(names)))
    for name in names:
        raw = name.encode("utf-8")
        file.write(struct.pack("<Q", len(raw)) + raw)


def write_record(file: BinaryIO, record: Record) -> None:
    """Write one record alone, which ``read_record`` reads."""
    _write_record(file, record)


def _write_record(file: BinaryIO, record: Record) -> None:
    version, shape = record.version, record.values.shape
    code = _CODES[record.dtype]
    head = b"" if version == 0 else struct.pack("<I", _MAGICS[version])
    if version >= 2:
        head += struct.pack("<i", 0)
    extent = "I" if version == 0 else "q"
    head += struct.pack(f"<{'I' if version == 0 else 'i'}{len(shape)}{extent}", len(shape), *shape)
    file.write(head + struct.pack("<iii", *record.device, code))
    if record.values.size:
        layout = np.dtype(_ELEMENTS[code][1])
        elements = np.ascontiguousarray(record.values).view(layout.newbyteorder("=")).astype(layout, copy=False)
        file.write(elements.reshape(-1).view(np.uint8).data)
