"""The C library's allocator, told to keep freed memory (``lazynd.config.retain_memory``).

By itself it gives each block of more than 32 MB back to the system when the block is freed, and the ends of the heaps
of XLA's threads. Programs make such blocks anew in each run, for results and for what is between them; the system
clears each page when it is first touched, which can take longer than the computing.
"""

from __future__ import annotations

import ctypes
import logging
import os
from typing import Final

logger = logging.getLogger("lazynd")

#: Parameters of ``mallopt`` by their numbers in malloc.h of glibc, and what they are set to: nothing is mapped on its
#: own, the heap shrinks only when 2 GB of its end are free, and all threads share it, for only the first heap can grow
#: to any size. Threads that run already stay with the heaps that they have.
_M_MMAP_MAX, _M_TRIM_THRESHOLD, _M_ARENA_MAX = -4, -1, -8
_SETTINGS: Final = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, 2**31 - 1), (_M_ARENA_MAX, 1))


def retain_memory() -> bool:
    """Have freed memory stay with the process from now on; False, and a warning, where that cannot be arranged."""
    if _is_glibc():
        mallopt = ctypes.CDLL(None).mallopt
        if all(mallopt(parameter, value) for parameter, value in _SETTINGS):
            return True
    logger.warning(
        "lazynd.config.retain_memory changes nothing here: only the allocator of glibc can be told to keep memory",
        extra={"event": "allocator"},
    )
    return False


def give_back() -> None:
    """Have freed memory go back to the system, where it lies between blocks that are in use too; glibc's alone can.

    A compiler leaves hundreds of megabytes so, and the first run would come on top of them.
    """
    if _is_glibc():
        ctypes.CDLL(None).malloc_trim(0)


def _is_glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (AttributeError, ValueError, OSError):  # no such function, as on Windows, or no such name
        return False
