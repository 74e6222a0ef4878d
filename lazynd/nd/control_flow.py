"""``foreach``, ``while_loop`` and ``cond``: Python bodies traced into one operator, or run as Python where that fails.

The body is called once with arrays that have no values yet, which records it as a graph. A body that needs a value, or
writes to arrays from outside, is no graph: then Python does what it says, step by step.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from types import CodeType
from typing import Any

from ..config import config
from ..ir.graph import Graph
from ..ir.scope import closed, same_scopes
from ..ops import OPERATORS
from ..runtime.record.cell import Cell
from ..runtime.record.recorder import cell_of
from ..runtime.record.tracer import Closure, Effect, Tracer, Untraceable, tracing
from ..runtime.tell.location import describe, user_location
from ..runtime.tell.stats import logger
from ..runtime.thread import LOCAL
from .ndarray import NDArray
from .np_shape import is_np_shape
from .refusal import reports

__all__ = ["cond", "foreach", "while_loop"]

Cells = Sequence[Cell]
#: Bodies that could not be traced, which are not tried again.
_UNTRACEABLE: weakref.WeakSet[CodeType] = weakref.WeakSet()


@reports("foreach", running=True)
def foreach(body: Callable[..., Any], data: Any, init_states: Any, name: str = "foreach") -> tuple[Any, Any]:
    """``out, states = body(row, states)`` for each row of ``data`` along axis 0, as one operator.

    ``data``: an array, or a list of arrays with as many rows. ``init_states``: an array or (nested) lists of arrays.
    Gives the outputs stacked, in the structure that ``body`` gave them, and the last states. Arrays that ``body``
    reads from outside have gradients too. ``AssertionError`` for what is no array.

    >>> from lazynd import nd
    >>> sums, last = nd.contrib.foreach(lambda x, s: (x + s, x + s), nd.array([1, 2, 3]).reshape((3, 1)), nd.zeros(1))
    >>> sums.asnumpy().ravel(), last.asnumpy()
    (array([1., 3., 6.], dtype=float32), array([6.], dtype=float32))
    """
    rows, _ = _flatten(data, "foreach input", "data should be an NDArray or a nested list of NDArrays")
    message = "init_states should be an NDArray or a nested list of NDArrays"
    states, shape = _flatten(init_states, "foreach states", message)
    single = isinstance(data, NDArray)
    if _same_length(rows) and (single or all(isinstance(each, NDArray) for each in data)):
        made = _attempt([body], "foreach", lambda tracer: _trace_foreach(tracer, body, rows, single, states, shape))
        if made is not None:
            closure, out_shape, end_shape = made
            outputs, last = _record_foreach(closure, rows, states)
            return _regroup(outputs, out_shape), _regroup(last, end_shape, True)
    return _foreach_in_python(body, data, single, init_states)


def _same_length(rows: Sequence[NDArray]) -> bool:
    """Whether there are rows, as many in each sequence, and none without dimensions, which NumPy's shapes give."""
    lengths = {each.shape[:1] for each in rows}
    return len(lengths) == 1 and lengths.isdisjoint({(), (0,)}) and not is_np_shape()


def _trace_foreach(
    tracer: Tracer,
    body: Callable[..., Any],
    rows: Sequence[NDArray],
    single: bool,
    states: Sequence[NDArray],
    shape: Any,
) -> tuple[Closure, Any, Any]:
    begin = [NDArray(tracer.parameter(each._cell.type)) for each in states]
    given = [NDArray(tracer.parameter(each._cell.type.with_shape(_row_shape(each) or (1,)))) for each in rows]
    outputs, following = body(given[0] if single else given, _regroup(begin, shape))
    made, out_shape = _flatten(outputs, "foreach output")
    after, after_shape = _flatten(following, "foreach states")
    same = [a._cell.type for a in after] == [s._cell.type for s in states]
    if not same or _nesting(after_shape) != _nesting(shape):
        raise Untraceable("the states change their types")
    return tracer.close_over([[tracer.result(each._cell) for each in (*after, *made)]]), out_shape, after_shape


def _row_shape(data: NDArray) -> tuple[int, ...]:
    """The shape of a row; () of a vector, whose rows are arrays of one element: none is without dimensions."""
    return data.shape[1:]


def _record_foreach(
    closure: Closure, rows: Sequence[NDArray], states: Sequence[NDArray]
) -> tuple[list[NDArray], list[NDArray]]:
    """The outputs of the steps, and the last states."""
    length = rows[0].shape[0]
    recorder = LOCAL.state.recorder
    draw = (0, 0) if closure.stream is None else recorder.draw(closure.stream, closure.draws * length)
    cells = [each._cell if _row_shape(each) else each.reshape((length, 1))._cell for each in rows]
    attributes = {"body": closure.graphs[0], "sequences": len(rows), "draws": closure.draws, "draw": draw}
    made = _record("_foreach", closure, [*(s._cell for s in states), *cells], states=len(states), **attributes)
    return made[len(states) :], made[: len(states)]


def _foreach_in_python(body: Callable[..., Any], data: Any, single: bool, states: Any) -> tuple[Any, Any]:
    steps, shape = [], None
    for i in range((data if single else data[0]).shape[0]):
        outputs, states = body(data[i] if single else [each[i] for each in data], states)
        made, shape = _flatten(outputs, "foreach output")
        steps.append(made)
    stacked = [_stack(column) for column in zip(*steps, strict=False)]
    return (_regroup(stacked, shape) if steps else []), states


@reports("while_loop", running=True)
def while_loop(
    cond: Callable[..., Any], func: Callable[..., Any], loop_vars: Any, max_iterations: int | None = None
) -> tuple[Any, Any]:
    """``outputs, loop_vars = func(*loop_vars)`` while ``cond(*loop_vars)``, at most ``max_iterations`` times.

    Gives the outputs stacked in ``max_iterations`` rows, zeros behind the last step, in the structure that ``func``
    gave them ([] if there was no step), and the last ``loop_vars``. Whether there is a first step is asked at once if
    ``func`` has outputs; the rest is one operator. ``ValueError`` without ``max_iterations`` or ``loop_vars``, or if
    their number changes.

    >>> from lazynd import nd
    >>> outputs, (i, total) = nd.contrib.while_loop(
    ...     lambda i, total: i < 3, lambda i, total: (total, [i + 1, total + i]), [nd.array([1]), nd.zeros(1)], 3)
    >>> outputs.asnumpy().ravel(), total.asnumpy()
    (array([0., 1., 0.], dtype=float32), array([3.], dtype=float32))
    """
    if max_iterations is None:
        raise ValueError("max_iterations should be specified")
    limit = _scalar(max_iterations, int, "max_iteration")
    if len(loop_vars) == 0:
        raise ValueError("loop_vars should contain at least one element")
    single = isinstance(loop_vars, NDArray)
    variables = [loop_vars] if single else list(loop_vars)
    found = None
    if limit > 0 and all(isinstance(each, NDArray) for each in variables):
        found = _attempt([cond, func], "while_loop", lambda tracer: _trace_while(tracer, cond, func, variables))
    if found is None:
        outputs, last = _while_in_python(cond, func, variables, limit)
    else:
        closure, shape = found
        n = len(variables)
        # Without a first step there are no outputs, whatever func gives.
        if len(closure.graphs[1].outputs) > n and not _scalar(cond(*variables), bool, "Return value of cond"):
            outputs, last = [], variables
        else:
            cells = [each._cell for each in variables]
            test, body = closure.graphs
            made = _record("_while_loop", closure, cells, body=body, test=test, states=n, limit=limit)
            outputs, last = _regroup(made[n:], shape), made[:n]
    return outputs, last[0] if single else last


def _step(func: Callable[..., Any], variables: Sequence[Any]) -> tuple[Any, list[Any]]:
    """What ``func`` makes of ``variables``: the outputs, and the next ones as a list."""
    outputs, following = func(*variables)
    outputs = [] if outputs is None else outputs
    following = [] if following is None else following
    listed = list(following) if isinstance(following, list | tuple) else [following]
    if len(listed) != len(variables):
        raise ValueError("The length of loop_vars should be consistent during the loop")
    return outputs, listed


def _trace_while(
    tracer: Tracer, cond: Callable[..., Any], func: Callable[..., Any], variables: Sequence[NDArray]
) -> tuple[Closure, Any]:
    begin = [NDArray(tracer.parameter(each._cell.type)) for each in variables]
    going = cond(*begin)
    if not isinstance(going, NDArray):
        raise Untraceable("cond gives no array")
    if going.size != 1:
        raise ValueError("The current array is not a scalar")
    test = tracer.result(going._cell)
    outputs, following = _step(func, begin)
    made, shape = _flatten(outputs, "while output")
    if any(not isinstance(each, NDArray) for each in following):
        raise Untraceable("the loop variables are nested")
    if [a._cell.type for a in following] != [v._cell.type for v in variables]:
        raise Untraceable("the loop variables change their types")
    results = [tracer.result(each._cell) for each in (*following, *made)]
    closure = tracer.close_over([[test], results])
    if closure.draws:
        raise Untraceable("it draws, and how often is not known")
    return closure, shape


def _while_in_python(
    cond: Callable[..., Any], func: Callable[..., Any], variables: list[Any], limit: int
) -> tuple[Any, list[Any]]:
    steps: list[list[NDArray]] = []
    shape: Any = None
    while len(steps) < limit and _scalar(cond(*variables), bool, "Return value of cond"):
        outputs, variables = _step(func, variables)
        made, shape = _flatten(outputs, "while output")
        steps.append(made)
        if len(made) != len(steps[0]):
            raise ValueError("Number of elements in step_output should be the same in each step")
    stacked = []
    for number, column in enumerate(zip(*steps, strict=True), 1):
        if len({each._cell.type for each in column}) > 1:
            shapes = [f"  Step {i}, shape is {each.shape}" for i, each in enumerate(column)]
            head = f"Shapes of {number}-th elements in step_outputs are inconsistent, which are:"
            raise ValueError("\n".join([head, *shapes]))
        rows = _stack(column)
        missing = limit - len(steps)
        if missing:
            padding = _one("_full", (), value=0, shape=(missing, *rows.shape[1:]), dtype=rows.dtype, ctx=rows.context)
            rows = _one("Concat", (rows._cell, padding._cell), dim=0)
        stacked.append(rows)
    return (_regroup(stacked, shape) if steps else []), variables


@reports("cond", running=True)
def cond(pred: Any, then_func: Callable[[], Any], else_func: Callable[[], Any]) -> Any:
    """``then_func()`` if ``pred``, an array of one element, is not zero, else ``else_func()``.

    If the value of ``pred`` is there already, the one function runs, as in MXNet. If it is pending, both are traced and
    the choice is one operator, of which one branch runs; functions that cannot be traced, or whose results differ in
    type, make ``pred`` be computed at once.

    >>> from lazynd import nd
    >>> x = nd.array([3])
    >>> nd.contrib.cond(x * 2 < 5, lambda: x + 1, lambda: x - 1).asnumpy()
    array([2.], dtype=float32)
    """
    if isinstance(pred, NDArray) and pred.size == 1 and LOCAL.state.recorder.is_pending(pred._cell):
        made = _attempt([then_func, else_func], "cond", lambda tracer: _trace_cond(tracer, pred, then_func, else_func))
        if made is not None:
            closure, shape = made
            on_true, on_false = closure.graphs
            return _regroup(_record("_cond", closure, [pred._cell], on_true=on_true, on_false=on_false), shape, True)
    return then_func() if _scalar(pred, bool, "pred") else else_func()


def _trace_cond(
    tracer: Tracer, pred: NDArray, then_func: Callable[[], Any], else_func: Callable[[], Any]
) -> tuple[Closure, Any]:
    tracer.parameter(pred._cell.type)
    results, shapes = [], []
    for function in (then_func, else_func):
        try:
            made, shape = _flatten(function(), "")
        except _NotArrays:
            raise Untraceable("a branch gives something else than arrays") from None
        results.append([tracer.result(each._cell) for each in made])
        shapes.append(shape)
    types = [[ref.type for ref in refs] for refs in results]
    if shapes[0] != shapes[1] or types[0] != types[1] or not results[0]:
        raise Untraceable("the branches give different types, or nothing")
    closure = tracer.close_over(results)
    if closure.draws:
        raise Untraceable("it draws, and whether it does is not known")
    return closure, shapes[0]


class _NotArrays(AssertionError):
    """Something else than arrays in (nested) lists."""


_NotArrays.__name__ = _NotArrays.__qualname__ = "AssertionError"
_ARRAY = "array"


def _flatten(value: Any, what: str, message: str | None = None) -> tuple[list[NDArray], Any]:
    """The arrays in (nested) lists, and the structure."""
    if isinstance(value, NDArray):
        return [value], _ARRAY
    if not isinstance(value, list | tuple):
        raise _NotArrays(message or f"{what} must be (nested) list of NDArray, but got {value} of type {type(value)}")
    parts = [_flatten(each, what, message) for each in value]
    return [array for arrays, _ in parts for array in arrays], (type(value), [shape for _, shape in parts])


def _nesting(shape: Any) -> Any:
    """A structure without the difference between lists and tuples."""
    return shape if shape is _ARRAY else list(map(_nesting, shape[1]))


def _regroup(arrays: Sequence[NDArray], shape: Any, tuples: bool = False) -> Any:
    """``arrays`` in a structure that ``_flatten`` found; tuples become lists, as in MXNet, unless ``tuples``."""
    return _build(iter(arrays), shape, tuples)


def _build(left: Iterator[NDArray], shape: Any, tuples: bool) -> Any:
    # Not a function inside ``_regroup``: one that calls itself refers to itself, and would keep the arrays alive until
    # the collector of cycles runs.
    if shape is _ARRAY:
        return next(left)
    kind, parts = shape
    made = [_build(left, part, tuples) for part in parts]
    return tuple(made) if tuples and kind is not list else made


def _scalar(value: Any, kind: type, name: str) -> Any:
    """A Python number from an array of one element, or from anything that can be one."""
    if isinstance(value, NDArray):
        value = value.asscalar()
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise ValueError(f"Cannot convert {name} to python {kind.__name__}") from None


def _attempt(functions: Sequence[Any], name: str, trace: Callable[[Tracer], Any]) -> Any:
    """What ``trace`` makes of the functions; None if they cannot be traced."""
    codes = [code for f in functions if isinstance(code := getattr(f, "__code__", None), CodeType)]
    if config.eager or any(code in _UNTRACEABLE for code in codes):
        return None
    try:
        with tracing(LOCAL.state) as tracer:
            return trace(tracer)
    except Untraceable as reason:
        if isinstance(reason, Effect):
            _UNTRACEABLE.update(codes)
        logger.info(
            "%s at %s runs its functions in Python: %s", name, describe(*user_location()), reason,
            extra={"event": "trace", "reason": str(reason)},
        )  # fmt: skip
        return None


def _record(name: str, closure: Closure, cells: Cells, **attributes: Any) -> list[NDArray]:
    """The operator ``name`` on ``cells`` and what its bodies read from outside."""
    operator, recorder = OPERATORS[name], LOCAL.state.recorder
    operands = [*map(recorder.operand, cells), *(each.operand(recorder) for each in closure.captured)]
    types = tuple([ref.type for ref, _ in operands])
    spec, slots = operator.bind(types, {**attributes, "numbers": closure.numbers})
    before = recorder.scope
    if not same_scopes(closure.graphs, [g for g in spec.attributes.values() if isinstance(g, Graph)]):
        recorder.scope = closed(before)
    try:
        made = recorder.apply_to(spec, operands, tuple(slots), *user_location())
    finally:
        recorder.scope = before
    return [NDArray(cell_of(each)) for each in made]


def _one(name: str, cells: Cells, **attributes: Any) -> NDArray:
    operator = OPERATORS[name]
    spec, slots = operator.bind(tuple([c.type for c in cells]), attributes)
    return NDArray(LOCAL.state.recorder.apply(spec, cells, tuple(slots), *user_location()))


def _stack(column: Sequence[NDArray]) -> NDArray:
    return _one("stack", [each._cell for each in column], axis=0)
