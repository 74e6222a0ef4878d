"""Arrays of one element that count as numbers, for programs that were written for NumPy before 2.4.

There ``float`` and formats such as ``%f`` took an array of shape [1], which is what MXNet's sums and means are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_wanted = False


class array(np.ndarray[Any, Any]):
    """A NumPy array of one element, in one dimension or more, that is a number where one is asked for."""

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __array_wrap__(self, made: Any, context: Any = None, return_scalar: bool = False) -> Any:
        """What is computed from it is a plain array, unless it has one element too."""
        return made[()] if return_scalar else as_number(made.view(np.ndarray))

    def __reduce__(self) -> Any:
        """A pickle is that of a plain array."""
        return self.view(np.ndarray).__reduce__()


# It prints as NumPy's own, which it stands for.
array.__qualname__, array.__module__ = "ndarray", "numpy"


def want() -> None:
    """From now on ``as_number`` does so."""
    global _wanted
    _wanted = True


def as_number(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """``values``; in a class that counts as a number if that is wanted and they are one."""
    return values.view(array) if _wanted and values.size == 1 and values.ndim else values
