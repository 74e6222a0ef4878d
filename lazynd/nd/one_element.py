"""Arrays of one element as numbers, for programs that were written for MXNet.

``float(x)``, ``int(x)`` and ``"%f" % x`` took any array of NumPy with one element, and such programs print losses so.
NumPy refuses it since 2.4, where the array has a dimension.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np


class OneElement(np.ndarray):
    """An array of NumPy with one element that converts to a number, and so do results of one element."""

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        if return_scalar:
            return array[()]
        return array.view(OneElement if array.size == 1 and array.ndim else np.ndarray)

    def __reduce__(self) -> Any:
        return self.view(np.ndarray).__reduce__()


# It prints as NumPy's class does, which it stands for.
OneElement.__name__, OneElement.__qualname__, OneElement.__module__ = "array", "ndarray", "numpy"


def as_expected(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """``values``, or the same memory as a ``OneElement`` if the program has imported ``mxnet``."""
    if values.ndim and "mxnet" in sys.modules:
        return values.view(OneElement)
    return values
