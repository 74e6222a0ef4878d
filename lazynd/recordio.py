"""RecordIO: files of records of bytes, byte for byte as MXNet 1.9.1 writes them, with an index by key beside them.

A record is a head of 8 bytes (a mark; the length, with 3 bits that say which part of a record this is), the bytes, and
zeros up to a multiple of 4. A record that holds the mark at a multiple of 4 is cut there, and the mark left out.
"""

from __future__ import annotations

import os
import struct
from collections import namedtuple
from collections.abc import Callable, Iterator
from typing import IO, Any, Final, TextIO

import numpy as np

from .base import MXNetError
from .nd import NDArray
from .nd.decoding import decoded, encoded
from .reference import fronts

__all__ = ["IRHeader", "MXIndexedRecordIO", "MXRecordIO", "pack", "pack_img", "unpack", "unpack_img"]

_MAGIC: Final = struct.pack("<I", 0xCED7230A)
_HEAD: Final = struct.Struct("<4sI")
#: The lower bits of a head's second word are the length, the upper ones which part of a record this is.
_LENGTH_BITS: Final = 29
_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)
Path = str | os.PathLike[str]


def _parts(record: bytes) -> list[bytes]:
    """``record`` cut where it holds the mark at a multiple of 4."""
    found, start, at = [], 0, record.find(_MAGIC)
    while at >= 0:
        if at % 4 == 0:
            found.append(record[start:at])
            start = at + 4
        at = record.find(_MAGIC, at + (4 if at % 4 == 0 else 1))
    return [*found, record[start:]]


def _framed(record: bytes) -> bytes:
    """What a file holds of ``record``."""
    if len(record) >> _LENGTH_BITS:
        raise MXNetError(f"a record has less than 2**{_LENGTH_BITS} bytes, this one has {len(record)}")
    parts = _parts(record)
    made = []
    for number, part in enumerate(parts):
        which = _WHOLE if len(parts) == 1 else _FIRST if not number else _LAST if number == len(parts) - 1 else _MIDDLE
        made += [_HEAD.pack(_MAGIC, which << _LENGTH_BITS | len(part)), part, bytes(-len(part) % 4)]
    return b"".join(made)


class MXRecordIO:
    """A file ``uri`` of records, read or written in order: ``flag`` is "r" or "w".

    Raises ``MXNetError`` where the file cannot be opened or is no RecordIO file, ``ValueError`` for another flag,
    ``AssertionError`` for reading what is written and the other way round. A file that is read can be pickled, and is
    opened anew in the other process, at its start; so it is in a forked one.

    >>> from lazynd import recordio
    >>> record = recordio.MXRecordIO("few.rec", "w")
    >>> for word in (b"one", b"two"):
    ...     record.write(word)
    >>> record.close()
    >>> record = recordio.MXRecordIO("few.rec", "r")
    >>> record.read(), record.read(), record.read()
    (b'one', b'two', None)
    """

    _file: IO[bytes]

    def __init__(self, uri: Path, flag: str) -> None:
        self.uri = os.fspath(uri)
        self.flag = flag
        self.pid: int | None = None
        self.is_open = False
        self.open()

    def open(self) -> None:
        """Open the file; one that is written begins empty."""
        if self.flag not in ("r", "w"):
            raise ValueError(f"Invalid flag {self.flag}")
        self.writable = self.flag == "w"
        try:
            self._file = open(self.uri, f"{self.flag}b")  # noqa: SIM115 - until ``close``
        except OSError as error:
            raise MXNetError(f"cannot open {self.uri!r}: {error.strerror or error}") from None
        self.pid = os.getpid()
        self.is_open = True

    def close(self) -> None:
        """Close the file, which may be opened again; does nothing if it is closed."""
        if self.is_open:
            self.is_open = False
            self._file.close()
            self.pid = None

    def __del__(self) -> None:
        if getattr(self, "is_open", False) and self.pid == os.getpid():
            self.close()

    def __getstate__(self) -> dict[str, Any]:
        if self.writable and self.is_open:
            raise MXNetError(f"{self.uri!r} is being written: whoever opened it again would begin it anew")
        state = {**self.__dict__, "pid": None}
        state.pop("_file", None)
        return state

    def __setstate__(self, d: dict[str, Any]) -> None:
        self.__dict__.update(d)
        if self.is_open:
            self.is_open = False
            self.open()

    def reset(self) -> None:
        """Close and open: reading begins with the first record again, and what was written is gone.

        >>> from lazynd import recordio
        >>> record = recordio.MXRecordIO("few.rec", "w")
        >>> record.reset()
        """
        self.close()
        self.open()

    def write(self, buf: bytes) -> None:
        """Add a record; ``TypeError`` for what is no bytes."""
        assert self.writable, f"{self.uri!r} is open for reading"
        if not isinstance(buf, bytes | bytearray | memoryview):
            raise TypeError(f"a record is bytes, not {type(buf).__name__}: encode a str")
        self._here()
        self._file.write(_framed(bytes(buf)))

    def read(self) -> bytes | None:
        """The next record; None behind the last."""
        assert not self.writable, f"{self.uri!r} is open for writing"
        self._here()
        return self._record(self._file.read)

    def _here(self) -> None:
        """Refuse a closed file; open that of the process that this one was forked from anew, to be read."""
        if not self.is_open:
            raise MXNetError(f"{self.uri!r} is closed")
        if self.pid != os.getpid():
            if self.writable:
                raise RuntimeError("Forbidden operation in multiple processes")
            self.is_open = False  # the parent's file stays as it is
            self.open()

    def _record(self, read: Callable[[int], bytes]) -> bytes | None:
        """The record that ``read`` comes to."""
        parts: list[bytes] = []
        while True:
            head = read(_HEAD.size)
            if not head and not parts:
                return None
            if len(head) < _HEAD.size:
                raise MXNetError(f"{self.uri!r} ends in the middle of a record")
            mark, word = _HEAD.unpack(head)
            which, length = word >> _LENGTH_BITS, word & (1 << _LENGTH_BITS) - 1
            if mark != _MAGIC or which not in ((_MIDDLE, _LAST) if parts else (_WHOLE, _FIRST)):
                raise MXNetError(f"{self.uri!r} is no RecordIO file, or no record begins where one was sought")
            padded = length + -length % 4
            content = read(padded)
            if len(content) < padded:
                raise MXNetError(f"{self.uri!r} ends in the middle of a record")
            parts.append(content[:length])
            if which in (_WHOLE, _LAST):
                return _MAGIC.join(parts)


class MXIndexedRecordIO(MXRecordIO):
    """A file ``uri`` of records that are found by key: their places are in the file ``idx_path``, a line each.

    ``key_type`` makes a key of its text. ``idx`` has the place of each key, ``keys`` the keys in order.

    >>> from lazynd import recordio
    >>> record = recordio.MXIndexedRecordIO("few.idx", "few.rec", "w")
    >>> for key in range(3):
    ...     record.write_idx(key, b"number %d" % key)
    >>> record.close()
    >>> record = recordio.MXIndexedRecordIO("few.idx", "few.rec", "r")
    >>> record.keys, record.read_idx(2)
    ([0, 1, 2], b'number 2')
    """

    def __init__(self, idx_path: Path, uri: Path, flag: str, key_type: Callable[[str], Any] = int) -> None:
        self.idx_path = os.fspath(idx_path)
        self.idx: dict[Any, int] = {}
        self.keys: list[Any] = []
        self.key_type = key_type
        self.fidx: TextIO | None = None
        super().__init__(uri, flag)

    def open(self) -> None:
        """Open both files; what is written begins empty."""
        super().open()
        self.idx, self.keys = {}, []
        try:
            if self.writable:
                self.fidx = open(self.idx_path, "w", encoding="utf-8")  # noqa: SIM115 - until ``close``
                return
            with open(self.idx_path, encoding="utf-8") as file:
                for key, place in self._places(file):
                    self.idx[key] = place
                    self.keys.append(key)
        except BaseException:
            super().close()
            raise

    def _places(self, lines: TextIO) -> Iterator[tuple[Any, int]]:
        for number, line in enumerate(lines, 1):
            try:
                key, place = line.strip().split("\t")
                yield self.key_type(key), int(place)
            except ValueError as error:
                text = f"line {number} of {self.idx_path!r} is no key, a tab and a place: {line.strip()!r}"
                raise ValueError(text) from error

    def close(self) -> None:
        """Close both files; does nothing if they are closed."""
        if self.is_open:
            super().close()
            if self.fidx is not None:
                self.fidx.close()
                self.fidx = None

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "fidx": None}

    def seek(self, idx: Any) -> None:
        """Have ``read`` give the record with the key ``idx`` next; ``KeyError`` where there is none."""
        assert not self.writable, f"{self.uri!r} is open for writing"
        self._here()
        self._file.seek(self.idx[idx])

    def tell(self) -> int:
        """The place in the file where the next record will be written."""
        assert self.writable, f"{self.uri!r} is open for reading"
        self._here()
        return self._file.tell()

    def read_idx(self, idx: Any) -> bytes | None:
        """The record with the key ``idx``; ``KeyError`` where there is none. Threads may read at the same time."""
        assert not self.writable, f"{self.uri!r} is open for writing"
        self._here()
        place = self.idx[idx]
        if not hasattr(os, "pread"):  # on Windows
            self._file.seek(place)
            return self.read()
        descriptor = self._file.fileno()

        def read(count: int) -> bytes:
            nonlocal place
            found = os.pread(descriptor, min(count, self._size()), place)
            place += len(found)
            return found

        return self._record(read)

    def _size(self) -> int:
        """Bytes of the file: more are not asked for, whatever a head says."""
        return os.fstat(self._file.fileno()).st_size

    def write_idx(self, idx: Any, buf: bytes) -> None:
        """Add a record with the key ``idx``."""
        key = self.key_type(idx)
        place = self.tell()
        self.write(buf)
        assert self.fidx is not None, "it is open for writing"
        self.fidx.write(f"{key}\t{place}\n")
        self.idx[key] = place
        self.keys.append(key)


#: What stands before the bytes of an example: how many numbers its label is (0 for one that stands in the header), the
#: label, its number, and another number.
IRHeader = namedtuple("HEADER", ["flag", "label", "id", "id2"])  # type: ignore[name-match]  # MXNet's name
_IR_HEADER: Final = struct.Struct("<IfQQ")


def pack(header: Any, s: bytes) -> bytes:
    """``header``, an ``IRHeader``, and the bytes ``s`` as the bytes of one record.

    A label that is no single number is stored behind the header as float32, and ``flag`` says how many they are.

    >>> from lazynd import recordio
    >>> packed = recordio.pack(recordio.IRHeader(0, [1, 2], 7, 0), b"data")
    >>> recordio.unpack(packed)
    (HEADER(flag=2, label=array([1., 2.], dtype=float32), id=7, id2=0), b'data')
    """
    if not isinstance(s, bytes | bytearray | memoryview):
        raise TypeError(f"a record is bytes, not {type(s).__name__}: encode a str")
    header = IRHeader(*header)
    label = header.label.asnumpy() if isinstance(header.label, NDArray) else header.label
    if isinstance(label, int | float | np.number):
        return _IR_HEADER.pack(0, label, header.id, header.id2) + bytes(s)
    label = np.asarray(label, dtype="<f4")
    return _IR_HEADER.pack(label.size, 0, header.id, header.id2) + label.tobytes() + bytes(s)


def unpack(s: bytes) -> tuple[Any, bytes]:
    """The header of a record that ``pack`` made, and the bytes behind it; ``MXNetError`` for fewer than it says."""
    if len(s) < _IR_HEADER.size:
        raise MXNetError(f"a packed record has at least {_IR_HEADER.size} bytes, this one has {len(s)}")
    header = IRHeader(*_IR_HEADER.unpack(s[: _IR_HEADER.size]))
    rest = s[_IR_HEADER.size :]
    if not header.flag:
        return header, rest
    if len(rest) < 4 * header.flag:
        raise MXNetError(f"a label of {header.flag} numbers has {4 * header.flag} bytes, {len(rest)} are left")
    label = np.frombuffer(rest, "<f4", header.flag).astype(np.float32)
    return header._replace(label=label), rest[4 * header.flag :]


def pack_img(header: Any, img: Any, quality: int = 95, img_fmt: str = ".jpg") -> bytes:
    """``header`` and an image, encoded as the file name extension ``img_fmt`` says, as the bytes of one record.

    ``img``: uint8 [height, width, 3], blue first as OpenCV has it, or [height, width], grey. ``quality``: of a JPEG
    from 1 to 100, of a PNG how much is done to make it small, from 0 to 9. Needs the extra ``image``.

    >>> import numpy as np
    >>> from lazynd import recordio
    >>> image = np.arange(12, dtype="uint8").reshape((2, 2, 3))
    >>> packed = recordio.pack_img(recordio.IRHeader(0, 1.0, 0, 0), image, quality=3, img_fmt=".png")
    >>> bool((recordio.unpack_img(packed)[1] == image).all())
    True
    """
    values = img.asnumpy() if isinstance(img, NDArray) else np.asarray(img)
    return pack(header, encoded(values, quality, img_fmt))


def unpack_img(s: bytes, iscolor: int = -1) -> tuple[Any, np.ndarray[Any, Any]]:
    """The header of a record that ``pack_img`` made, and its image, a NumPy array with blue first.

    ``iscolor``: 1 gives [height, width, 3], 0 [height, width], grey, -1 what the image is. Needs the extra ``image``.
    """
    header, content = unpack(s)
    return header, decoded(bytes(content), iscolor, "the bytes")


__getattr__, __dir__ = fronts(__name__)
