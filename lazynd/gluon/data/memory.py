"""Memory that processes share without a name: nobody else finds it, and it is gone with the last who has it open."""

from __future__ import annotations

import ctypes
import functools
import mmap
import os
import sys
import tempfile
import weakref
from typing import Any, Final

import numpy as np

Array = np.ndarray[Any, Any]
#: Whether there is such memory here; there is none on Windows.
AVAILABLE: Final = os.name == "posix"
#: Arrays begin at multiples of it, so that XLA takes them as they are.
ALIGNMENT: Final = 64


class Segment:
    """``size`` bytes of shared memory: new ones, or those of the open file ``descriptor``, which it closes at once.

    What is written to the latter nobody else sees.
    """

    __slots__ = ("__weakref__", "address", "descriptor", "memory", "size")

    def __init__(self, size: int, descriptor: int | None = None) -> None:
        self.size = size
        self.descriptor = -1
        if descriptor is None:
            descriptor = self.descriptor = _anonymous(size)
            weakref.finalize(self, os.close, descriptor).atexit = False
            self.memory = _mapped(descriptor, size, mmap.MAP_SHARED)
        else:
            try:
                self.memory = _mapped(descriptor, size, mmap.MAP_PRIVATE)
            finally:
                os.close(descriptor)
        self.address = int(np.frombuffer(self.memory, np.uint8, 1).ctypes.data)

    def array(self, shape: tuple[int, ...], dtype: np.dtype[Any], offset: int = 0) -> Array:
        """The memory from ``offset`` on as an array. It stays mapped while the array lives."""
        count = int(np.prod(shape, dtype=np.int64))
        return np.frombuffer(self.memory, dtype, count, offset).reshape(shape)

    @classmethod
    def received(cls, descriptor: int) -> Segment:
        """That of an open file that came from another process."""
        return cls(os.fstat(descriptor).st_size, descriptor)


if sys.version_info >= (3, 13):

    def _mapped(descriptor: int, size: int, flags: int) -> Any:
        """A buffer on an open file. It keeps no file open: whoever keeps a thousand batches may not have as many."""
        return mmap.mmap(descriptor, size, flags, trackfd=False)

else:

    @functools.cache
    def _functions() -> tuple[Any, Any]:
        """C's ``mmap`` and ``munmap``."""
        library = ctypes.CDLL(None, use_errno=True)
        library.mmap.restype = ctypes.c_void_p
        library.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
        library.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        return library.mmap, library.munmap

    def _mapped(descriptor: int, size: int, flags: int) -> Any:
        """A buffer on an open file. It keeps no file open, as Python's own does before 3.13."""
        map_, unmap = _functions()
        address = map_(None, size, mmap.PROT_READ | mmap.PROT_WRITE, flags, descriptor, 0)
        if address == ctypes.c_void_p(-1).value:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        made = (ctypes.c_char * size).from_address(address)
        weakref.finalize(made, unmap, address, size).atexit = False
        return made


def _anonymous(size: int) -> int:
    """An open file of ``size`` bytes that has no name."""
    if hasattr(os, "memfd_create"):
        made = os.memfd_create("lazynd", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as file:
            made = os.dup(file.fileno())
    try:
        os.truncate(made, size)
    except BaseException:
        os.close(made)
        raise
    return made


#: The segments of the arrays that ``shared`` made and that live, by the address of the array.
_MADE: Final[dict[int, Segment]] = {}


def shared(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """A new array in shared memory, which another process can be given as it is."""
    segment = Segment(int(np.prod(shape, dtype=np.int64)) * dtype.itemsize)
    whole = np.frombuffer(segment.memory, dtype)
    _MADE[segment.address] = segment
    weakref.finalize(whole, _MADE.pop, segment.address).atexit = False  # every view of it refers to it
    return whole.reshape(shape)


def segment_of(values: Array) -> Segment | None:
    """The segment of which ``values`` are all, if ``shared`` made it."""
    found = _MADE.get(values.ctypes.data)
    return found if found is not None and found.size == values.nbytes else None
