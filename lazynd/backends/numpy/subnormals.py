"""Numbers below the normal range count as zero, as they do in compiled programs.

XLA has the processor take them for zero, in and out. NumPy computes with them, unless the processor is told the same:
C's ``fesetenv`` does that for the calling thread.
"""

from __future__ import annotations

import ctypes
import platform
import sys
from types import TracebackType
from typing import Any, Final

import numpy as np

#: Where floating point's control word stands in C's ``fenv_t``, its size, and its bits that say zero in and zero out.
_WORDS: Final = {
    ("linux", "x86_64"): (28, 4, 0x8040), ("darwin", "x86_64"): (4, 4, 0x8040), ("linux", "aarch64"): (0, 4, 1 << 24),
    ("darwin", "arm64"): (8, 8, 1 << 24),
}  # fmt: skip
#: No ``fenv_t`` is larger.
_Environment: Final = ctypes.c_char * 64


class Flushed:
    """Inside a ``with`` of it, on this thread, numbers below the normal range are zero, where the processor can do so.

    Entering and leaving take a microsecond together. It may be entered inside another.
    """

    __slots__ = ("_old",)
    #: C's ``fegetenv`` and ``fesetenv`` and the environment to set; None where they have not the effect.
    _means: tuple[Any, Any, Any] | None = None

    def __enter__(self) -> None:
        if self._means is not None:
            get, put, new = self._means
            self._old = _Environment()
            get(self._old)
            put(new)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._means is not None:
            self._means[1](self._old)


def _find() -> tuple[Any, Any, Any] | None:
    place = _WORDS.get((sys.platform, platform.machine()))
    if place is None:
        return None
    offset, size, bits = place
    library = ctypes.CDLL(None)
    if not hasattr(library, "fesetenv"):
        return None
    old, new = _Environment(), _Environment()
    library.fegetenv(old)
    word = int.from_bytes(old.raw[offset : offset + size], sys.byteorder) | bits
    new.raw = old.raw[:offset] + word.to_bytes(size, sys.byteorder) + old.raw[offset + size :]
    return library.fegetenv, library.fesetenv, new


def _has_effect() -> bool:
    """Whether products of small numbers are zero inside, and only there."""
    small = np.full(64, np.finfo(np.float32).tiny)
    with Flushed():
        inside = small * np.float32(0.5)
    return not np.any(inside.view(np.uint32)) and bool(np.all(small * np.float32(0.5)))


Flushed._means = _find()
if not _has_effect():
    Flushed._means = None
