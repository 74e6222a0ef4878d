"""Arrays in NumPy's ``npz`` files, read without pickles and without trusting a size that the file claims."""

from __future__ import annotations

import math
import zipfile
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.lib import format as npy

from ..ir.errors import MXNetError

#: What an ``npz`` begins with, or one without arrays.
MARKS: Final = (b"PK\x03\x04", b"PK\x05\x06")
_HEADERS: Final = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
#: Deflate gives at most so many bytes for one (and a little for its first).
_MOST_EXPANSION: Final = 1032


def read(file: BinaryIO, size: int) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of a file of ``size`` bytes by name. Raises ``MXNetError`` with the entry and what is wrong."""
    where = "the archive"
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if sum(entry.compress_size for entry in entries) > size:
                raise MXNetError(f"the entries claim more bytes than the {size} of the file")
            found: dict[str, np.ndarray[Any, Any]] = {}
            for entry in entries:
                name = entry.filename.removesuffix(".npy")
                where = f"entry {name!r} at byte {entry.header_offset} of {size}"
                if name in found:
                    raise MXNetError(f"{where}: a second array of that name")
                found[name] = _array(archive, entry)
            return found
    except MXNetError:
        raise
    except Exception as error:  # damaged bytes come out of zipfile and NumPy as almost any exception
        raise MXNetError(f"{where} is damaged or holds no array: {error}") from None


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> np.ndarray[Any, Any]:
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"it is packed by method {entry.compress_type}, which NumPy does not use")
    if entry.file_size > (entry.compress_size + 1) * _MOST_EXPANSION:
        raise ValueError(f"{entry.compress_size} bytes cannot hold the {entry.file_size} that it claims")
    with archive.open(entry) as opened:
        member: Any = opened  # it can read into an array, which its type does not say
        version = npy.read_magic(member)
        if version not in _HEADERS:
            raise ValueError(f"its npy version is {version}")
        shape, by_columns, dtype = _HEADERS[version](member)
        if dtype.hasobject or dtype.names is not None:
            raise ValueError(f"its dtype is {dtype}, and pickles and structures are not read")
        if any(n < 0 for n in shape):
            raise ValueError(f"its shape is {shape}")
        wanted, there = math.prod(shape) * dtype.itemsize, entry.file_size - member.tell()
        if wanted != there:
            raise ValueError(f"expected {wanted} bytes for {dtype}{list(shape)}, found {there}")
        made = np.empty(shape[::-1] if by_columns else shape, dtype)
        view: Any = made.reshape(-1).view(np.uint8).data if wanted else bytearray()
        if member.readinto(view) != wanted or member.read(1):  # the last read checks the sum
            raise EOFError("it ends early")
    if made.dtype.kind == "b" and made.size and made.view(np.uint8).max() > 1:
        raise ValueError("it is bool and has an element that is neither 0 nor 1")
    made = made.astype(dtype.newbyteorder("="), copy=False)
    return np.ascontiguousarray(made.T) if by_columns else made
