"""How a wrong call is refused: MXNet's class of exception; operator, reason, operands and the line in the text."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, ParamSpec, TypeVar

import numpy as np

from ..ir.errors import MXNetError, OperatorError
from ..ir.types import Context, Type, is_floating
from ..runtime.record.cell import Cell
from ..runtime.tell.hiding import hide_frames
from ..runtime.tell.location import describe, is_ours, user_frame
from ..runtime.thread import LOCAL

_P = ParamSpec("_P")
_R = TypeVar("_R")
_LONGEST = 60


class _PlainKeyError(KeyError):
    """A ``KeyError`` whose text is not quoted."""

    def __str__(self) -> str:
        return str(self.args[0])


_PlainKeyError.__name__ = _PlainKeyError.__qualname__ = "KeyError"
_REFUSALS = (MXNetError, TypeError, ValueError, IndexError, KeyError, OverflowError, AssertionError)


def show(operand: Any) -> str:
    """An operand as an error shows it: the type of an array, else its value, with its class where that says more."""
    cell = getattr(operand, "_cell", operand)
    if isinstance(cell, Cell):
        return repr(cell.type)
    if cell is None and operand is not None:
        return f"{type(operand).__name__}(None)"
    if isinstance(operand, list | tuple) and any(isinstance(getattr(o, "_cell", o), Cell) for o in operand):
        return f"[{', '.join(map(show, operand))}]"
    if isinstance(operand, Type | Context | type | np.dtype):
        return str(operand) if not isinstance(operand, type) else operand.__name__
    try:
        text = repr(operand)
    except ValueError:  # an int of more digits than Python writes
        text = "too long to be written"
    text = text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
    plain = operand.__class__ in (int, float, bool, tuple, str)
    return text if plain and not isinstance(operand, str) else f"{operand.__class__.__name__} {text}"


def refusal(
    kind: type[Exception],
    name: str,
    reason: object,
    operands: Sequence[Any] = (),
    named: Mapping[str, Any] | None = None,
    frame: FrameType | None = None,
) -> Exception:
    """The exception of class ``kind`` for a wrong call of ``name``; the caller is found if ``frame`` is not given."""
    where = frame
    while where is not None and is_ours(where):  # our own code called an operator: the line to name is the user's
        where = where.f_back
    where = where or user_frame(2)
    place = describe(where.f_code, where.f_lasti, True) if where is not None else "unknown line"
    listed = [*map(show, operands), *(f"{key}={show(value)}" for key, value in (named or {}).items())]
    scope = LOCAL.state.recorder.within.full
    text = f"[{name}] {reason}\n  called with {', '.join(listed) or 'nothing'}\n  at {place}"
    text += f"\n  in the block {scope}" if scope else ""
    made = (_PlainKeyError if kind is KeyError else kind)(text)
    made.refused = True  # type: ignore[attr-defined]  # told once, by whoever knows most
    hide_frames(until=where)
    return made


def _class_of(error: Exception) -> type[Exception]:
    return MXNetError if isinstance(error, OperatorError) else type(error)


def _reason(error: Exception) -> object:
    if not isinstance(error, KeyError):
        return error
    key = error.args[0] if error.args else ""
    return f"{getattr(key, '__name__', key)} is not known"


def _raised_here(error: Exception) -> bool:
    """Whether lazynd raised ``error`` itself, not code of the user's that it called."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and is_ours(trace.tb_frame)


def _dtype_advice(reason: str, types: Sequence[Any]) -> str:
    """What to do where ``reason`` is that the dtypes of arrays differ; nothing where it is another."""
    arrays = [t.dtype for t in types if isinstance(t, Type)]
    named = [d for d in dict.fromkeys(arrays) if re.search(rf"\b{d}\b", reason)]
    if len(named) < 2:
        return ""
    floating = [d for d in named if is_floating(d)] or named
    widest = max(floating, key=lambda d: d.itemsize)
    other = next(d for d in named if d != widest)
    return f"\n  dtypes are not converted by themselves: make the {other} array {widest}, as in x.astype('{widest}')"


@contextmanager
def refuse(
    name: str, types: Sequence[Any], frame: FrameType, named: Callable[[], Mapping[str, Any]] | None = None
) -> Iterator[None]:
    """Says operator, types, ``named`` attributes and the caller's line where an operator's own rule refuses a call."""
    try:
        yield
    except (OperatorError, TypeError, KeyError, OverflowError) as error:
        if getattr(error, "refused", False) or not _raised_here(error):
            raise
        kind = MXNetError if isinstance(error, KeyError) else _class_of(error)
        reason = f"{_reason(error)}"
        reason += _dtype_advice(reason, types)
        raise refusal(kind, name, reason, types, named() if named else None, frame) from None


def check_request(name: str, request: Any, arrays: Sequence[Any]) -> None:
    """Refuse what is no ``grad_req`` of ``arrays``, with MXNet's class."""
    if request not in ("write", "add", "null"):
        reason = f"grad_req is 'write', 'add' or 'null', not {request!r}"
        raise refusal(KeyError, name, reason, arrays, {"grad_req": request})


def _check_keywords(given: dict[str, Any], known: tuple[str, ...]) -> None:
    given.pop("name", None)
    for each in sorted(given.keys() - known):
        raise MXNetError(f"Cannot find argument '{each}', Possible Arguments: {', '.join(known)}")


def reports(name: str, running: bool = False, keywords: bool = False) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Decorates a function of the front end: what it refuses says ``name``, the operands and the caller's line.

    ``running``: it may run programs, and their ``MXNetError`` passes as it is. ``keywords``: others than it has are
    refused as operators refuse them, except ``name``, which is taken and means nothing.
    """
    refusals = _REFUSALS[1:] if running else _REFUSALS

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        known = tuple(inspect.signature(function).parameters) if keywords else ()

        @functools.wraps(function)
        def checked(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            try:
                if keywords and kwargs.keys() - known:
                    _check_keywords(kwargs, known)
                return function(*args, **kwargs)
            except refusals as error:
                if getattr(error, "refused", False) or not _raised_here(error):
                    raise
                raise refusal(_class_of(error), name, _reason(error), args, kwargs) from None

        return checked

    return decorate
