"""``nd.contrib``: the operators registered as ``_contrib_*``, by their short names, and control flow."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ir.errors import MXNetError
from ..ir.types import Context
from ..ops import OPERATORS
from ..runtime.tell.location import calling_frame
from .control_flow import cond, foreach, while_loop
from .creation import _context, array
from .invoke import invoke
from .namespace import namespace
from .ndarray import NDArray
from .out import Out
from .random import uniform
from .refusal import refusal, reports
from .updates import (
    adamw_update,
    mp_adamw_update,
    multi_adamw_update,
    multi_lamb_update,
    multi_mp_adamw_update,
    multi_mp_lamb_update,
)

__all__ = [
    "adamw_update", "boolean_mask", "cond", "foreach", "mp_adamw_update", "multi_adamw_update", "multi_lamb_update",
    "multi_mp_adamw_update", "multi_mp_lamb_update", "rand_zipfian", "while_loop",
]  # fmt: skip


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


def rand_zipfian(
    true_classes: NDArray, num_sampled: int, range_max: int, ctx: Context | None = None
) -> tuple[NDArray, NDArray, NDArray]:
    """Classes below ``range_max`` drawn by Zipf's law: ``num_sampled`` of them, with what is expected of each.

    Class ``c`` has the probability ``log((c + 2) / (c + 1)) / log(range_max + 1)``. Gives the drawn classes as int64,
    how often each of ``true_classes`` is expected among them, and the same of the drawn ones, as float64; on ``ctx``,
    the current context by default.

    >>> from lazynd import nd
    >>> drawn, of_true, of_drawn = nd.contrib.rand_zipfian(nd.array([3]), 4, 5)
    >>> of_true.asnumpy().round(4)
    array([0.4982])
    """
    context = _context(ctx)
    spread = math.log(range_max + 1)
    drawn = uniform(0, spread, shape=(num_sampled,), dtype="float64", ctx=context)
    sampled = (drawn.exp() - 1).astype("int64") % range_max

    def expected(classes: NDArray) -> NDArray:
        whole = classes.as_in_context(context).astype("float64")
        made: NDArray = ((whole + 2.0) / (whole + 1.0)).log() / spread * num_sampled
        return made

    return sampled, expected(true_classes), expected(sampled)


__getattr__, __dir__ = namespace(__name__, "_contrib_")
