"""``nd.contrib``: the operators registered as ``_contrib_*``, by their short names, and control flow."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.errors import MXNetError
from ..ops import OPERATORS
from ..runtime.tell.location import calling_frame
from .control_flow import cond, foreach, while_loop
from .creation import array
from .invoke import invoke
from .namespace import namespace
from .ndarray import NDArray
from .out import Out
from .refusal import refusal, reports

__all__ = ["boolean_mask", "cond", "foreach", "while_loop"]


@reports("boolean_mask")
def boolean_mask(data: NDArray, index: NDArray, axis: int = 0, out: Any = None, name: str | None = None) -> NDArray:
    """The slices of ``data`` along its first axis where ``index``, one number for each, is not 0.

    The shape of the result depends on the values of ``index``, which is forced. Its gradient is that of ``take``.

    >>> from lazynd import nd
    >>> nd.contrib.boolean_mask(nd.array([[1, 2], [3, 4], [5, 6]]), nd.array([1, 0, 1])).asnumpy()
    array([[1., 2.],
           [5., 6.]], dtype=float32)
    """
    frame = calling_frame()
    arrays, attributes = (data, index), {"axis": axis}
    if axis != 0:
        raise refusal(MXNetError, "boolean_mask", "only axis 0 is supported", arrays, attributes, frame)
    if index.shape != data.shape[:1]:
        reason = f"index must be [{data.shape[0]}], one number for each slice of data"
        raise refusal(MXNetError, "boolean_mask", reason, arrays, attributes, frame)
    chosen = array(np.flatnonzero(index.asnumpy()), ctx=data.context, dtype=np.int32)
    into = None if out is None else Out("boolean_mask", out, arrays, frame)
    made = invoke(OPERATORS["take"], (data._cell, chosen._cell), (), frame)
    if into is not None:
        written: NDArray = into.write(made)
        return written
    return NDArray(made[0])


__getattr__, __dir__ = namespace(__name__, "_contrib_")
