"""The files of known data sets: found in a folder, or fetched into it; read whole or refused."""

from __future__ import annotations

import gzip
import os
import posixpath
import struct
import tarfile
import zlib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ....base import MXNetError
from ...fetching import fetch_from_repository, put

Array = np.ndarray[Any, Any]
#: Where Linux distributions install data sets (Debian's package dataset-fashion-mnist).
_INSTALLED: Final = "/usr/share/datasets"


def found(root: str, namespace: str, name: str, sha1: str, advice: str = "") -> str:
    """The path of the file ``name`` of a data set: in ``root``, where the system has it, or fetched into ``root``.

    ``MXNetError`` that says what to do, where it is in none of these places.
    """
    for folder in (root, os.path.join(_INSTALLED, namespace)):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            return path
    return fetched(root, namespace, name, sha1, advice)


def fetched(root: str, namespace: str, name: str, sha1: str, advice: str = "") -> str:
    """The path of a file that was fetched into ``root`` and has the SHA-1 that it should have."""
    return fetch_from_repository(f"gluon/dataset/{namespace}", name, root, sha1, f"the data set {namespace}", advice)


def unpack(archive: str, root: str, names: Sequence[str]) -> None:
    """Take the files ``names`` out of a tar file, wherever they lie in it, into the folder ``root``; nothing else."""
    left = set(names)
    try:
        with tarfile.open(archive) as file:
            for member in file:
                name = posixpath.basename(member.name)
                content = file.extractfile(member) if name in left and member.isfile() else None
                if content is not None:
                    left.discard(name)
                    with content:
                        put(content, root, name)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise MXNetError(f"{archive!r} is no whole tar file: {error}. Remove it to have it fetched again") from error
    if left:
        raise MXNetError(f"{archive!r} lacks {', '.join(sorted(left))}")


def read_idx(path: str, dimensions: int) -> Array:
    """The bytes of an idx file, compressed by gzip or not, as an array of so many dimensions."""
    try:
        with open(path, "rb") as file:
            content = file.read()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise MXNetError(f"{path!r} cannot be read: {error}") from error
    head = 4 + 4 * dimensions
    # Two zeros, 8 for bytes, the number of dimensions; then the extents.
    if len(content) < head or content[:4] != bytes([0, 0, 8, dimensions]):
        raise MXNetError(f"{path!r} is no idx file of bytes in {dimensions} dimensions")
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    if len(content) - head != int(np.prod(shape, dtype=object)):
        raise MXNetError(f"{path!r} has {len(content) - head} bytes of data, its head says {'x'.join(map(str, shape))}")
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape)


def read_rows(path: str, width: int) -> Array:
    """A file of bytes as rows of ``width``."""
    try:
        values = np.fromfile(path, np.uint8)
    except OSError as error:
        raise MXNetError(f"{path!r} cannot be read: {error}") from error
    if not values.size or values.size % width:
        raise MXNetError(f"{path!r} has {values.size} bytes, which are no rows of {width}")
    return values.reshape((-1, width))
