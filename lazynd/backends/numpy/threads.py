"""The interpreter's products take one thread.

OpenBLAS, which comes with NumPy, has its threads spin while they wait for one another. The interpreter's products are
many and small, and there the spinning costs more than the products do: on two cores that others use too, five steps of
a ResNet took 29 seconds of the processor with two threads and 4.4 with one. What is large is compiled.
"""

from __future__ import annotations

import ctypes
import sys
from types import TracebackType
from typing import Any, Final

from ...config import config

#: How the functions are called in NumPy's wheels, and in distributions that have OpenBLAS as a library of its own.
_NAMES: Final = ("scipy_openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads", "openblas_{}_num_threads64_",
                 "openblas_{}_num_threads")  # fmt: skip


class Threads:
    """Inside a ``with`` of it, products of NumPy's take ``config.interpreter_threads`` threads, where that can be said.

    For the whole process: OpenBLAS has one number. Entering and leaving take a microsecond together.
    """

    __slots__ = ("_old",)
    #: What gets the number and what sets it; None where there is no such thing. Empty until it is looked for.
    _means: tuple[Any, Any] | tuple[()] | None = ()

    def __enter__(self) -> None:
        if self._means == ():
            Threads._means = _find()
        self._old = 0
        if self._means and config.interpreter_threads:
            get, put = self._means
            old = get()
            if old != config.interpreter_threads:
                self._old = old
                put(config.interpreter_threads)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._means and self._old:
            self._means[1](self._old)


def _find() -> tuple[Any, Any] | None:
    for name in ("numpy._core._multiarray_umath", "numpy.core._multiarray_umath"):
        path = getattr(sys.modules.get(name), "__file__", None)
        if path is None or path.endswith(".py"):
            continue
        library = ctypes.CDLL(path)  # asked for a name, it looks into what it was linked with too
        for form in _NAMES:
            if hasattr(library, form.format("set")) and hasattr(library, form.format("get")):
                return getattr(library, form.format("get")), getattr(library, form.format("set"))
    return None
