"""``nd.all_finite`` and ``nd.multi_all_finite``, which may continue the answer that ``out`` holds."""

from __future__ import annotations

from typing import Any

from ..ir.errors import MXNetError
from ..ops import OPERATORS
from ..runtime.tell.location import calling_frame
from .invoke import invoke
from .ndarray import NDArray
from .out import Out
from .refusal import reports

__all__ = ["all_finite", "multi_all_finite"]


@reports("all_finite", keywords=True)
def all_finite(data: NDArray, init_output: bool = True, out: NDArray | None = None, name: str | None = None) -> NDArray:
    """1 if all of ``data``, an array of floats, are finite, else 0: float32 of shape (1,).

    With ``init_output=False`` the answer that ``out`` holds stays where all are finite.

    >>> from lazynd import nd
    >>> nd.all_finite(nd.array([1, float("inf")])).asscalar()
    np.float32(0.0)
    """
    return _answer("all_finite", (data,), (), init_output, out)


@reports("multi_all_finite", keywords=True)
def multi_all_finite(
    *data: NDArray, num_arrays: int = 1, init_output: bool = True, out: NDArray | None = None, name: str | None = None
) -> NDArray:
    """1 if all numbers of all arrays, of floats of one dtype, are finite, else 0: float32 of shape (1,).

    ``num_arrays`` is how many they are. With ``init_output=False`` the answer that ``out`` holds stays where all are
    finite, so that arrays can be asked for in several calls.

    >>> from lazynd import nd
    >>> answer = nd.ones(1)
    >>> for arrays in ([nd.ones(2), nd.ones(3)], [nd.ones(2), nd.array([float("nan")])]):
    ...     _ = nd.multi_all_finite(*arrays, num_arrays=2, init_output=False, out=answer)
    >>> answer.asscalar()
    np.float32(0.0)
    """
    return _answer("multi_all_finite", data, (num_arrays,), init_output, out)


def _answer(name: str, arrays: tuple[Any, ...], count: tuple[Any, ...], init_output: Any, out: Any) -> NDArray:
    frame, operator = calling_frame(), OPERATORS[name]
    for each in arrays:
        if not isinstance(each, NDArray):
            raise AssertionError(f"an input must be an NDArray, but got {each!r}")
    fresh = operator.by_name["init_output"].canonical(init_output)
    cells = [each._cell for each in arrays]
    if out is None:
        return NDArray(invoke(operator, cells, (*count, fresh), frame)[0])
    into = Out(name, out, arrays, frame)
    made = invoke(operator, cells, (*count, True), frame)
    if not fresh:
        if not isinstance(out, NDArray) or out._cell.type is not made[0].type:
            raise MXNetError(f"out must be one array of {made[0].type}")
        zero = invoke(OPERATORS["zeros_like"], (out._cell,), (), frame)
        made = invoke(OPERATORS["where"], (made[0], out._cell, zero[0]), (), frame)
    written: NDArray = into.write(made)
    return written
