"""The one error class of the front end, and how operators say what is wrong."""

from __future__ import annotations

import math
from typing import Any


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


class OutOfBounds(IndexError):
    """An index that a check refused when a program ran: not in ``extent`` elements of ``axis``."""

    def __init__(self, index: Any, axis: int, extent: int) -> None:
        whole = math.isfinite(index) and index == int(index)
        shown = int(index) if whole else index
        super().__init__(f"index {shown} is out of bounds for axis {axis} with size {extent}")


class OutOfMemory(MemoryError):
    """A program, or a copy, for which there is not enough memory."""


class OperatorError(MXNetError):
    """Raised inside an operator's body or a primitive's type rule; the recorder adds operator, types and line."""
