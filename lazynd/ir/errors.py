"""The one error class of the front end, and how operators say what is wrong."""

from __future__ import annotations

import math
from typing import Any, Final


class MXNetError(RuntimeError):
    """A call that MXNet refuses: wrong shapes, dtypes, contexts, parameters, or use of the tape.

    The text reads ``[operator] what is wrong``, then the types it was called with and the user's line.

    >>> from lazynd import MXNetError, nd
    >>> try:
    ...     nd.ones((2, 3)) + nd.ones((4,))
    ... except MXNetError as error:
    ...     print(str(error).splitlines()[1])
      called with float32[2,3], float32[4]
    """


class InternalError(RuntimeError):
    """A mistake of lazynd's own."""


class CheckFailed(Exception):
    """A check refused a value when a program ran, as it would each time."""


class OutOfBounds(CheckFailed, IndexError):
    """An index that is not in ``extent`` elements of ``axis``."""

    def __init__(self, index: Any, axis: int, extent: int) -> None:
        whole = math.isfinite(index) and index == int(index)
        shown = int(index) if whole else index
        super().__init__(f"index {shown} is out of bounds for axis {axis} with size {extent}")


#: What a check finds wrong with a matrix, by a short name; in this order backends number them.
FAULTS: Final[dict[str, str]] = {
    "indefinite": "is not positive definite",
    "singular": "is singular: it has no inverse",
    "no factor": "is no Cholesky factor: it has a zero on its diagonal",
}


class BadMatrix(CheckFailed):
    """A matrix, number ``index`` of ``count``, of which what was asked for does not exist."""

    def __init__(self, fault: str, index: int, count: int) -> None:
        which = "the matrix" if count == 1 else f"matrix {index} of {count}"
        super().__init__(f"{which} {FAULTS[fault]}")


class OutOfMemory(MemoryError):
    """A program, or a copy, for which there is not enough memory."""


class OperatorError(MXNetError):
    """Raised inside an operator's body or a primitive's type rule; the recorder adds operator, types and line."""
