"""Operators written in Python: ``Custom`` runs them at the line of the call, in the calling thread.

What their code computes with arrays is recorded like any operation; where it asks for values, what was recorded so far
runs first, as a program of its own. (``mxnet.operator`` shows the classes.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import CodeType
from typing import Any, TypeVar

from .. import runtime
from ..ir.errors import MXNetError
from ..ir.types import Type, as_dtype, default_context
from ..runtime.record.cell import Cell, ReadOnly
from ..runtime.record.function import record_function
from ..runtime.tell.location import calling_frame, describe
from ..runtime.thread import LOCAL
from .ndarray import NDArray
from .out import Out
from .refusal import reports

__all__ = ["Custom", "CustomOp", "CustomOpProp", "register"]

_P = TypeVar("_P", bound=type)
#: Properties by the name that they are registered under.
REGISTERED: dict[str, Any] = {}


class CustomOp:
    """An operator in Python: subclass it, write ``forward`` and ``backward``, and make it in a ``CustomOpProp``."""

    def forward(
        self, is_train: bool, req: list[str], in_data: list[NDArray], out_data: list[NDArray], aux: list[NDArray]
    ) -> None:
        """Write the results to ``out_data``, best by ``self.assign(out_data[i], req[i], value)``.

        ``in_data`` is read-only; ``aux`` are the auxiliary states, which may be written.
        """

    def backward(
        self,
        req: list[str],
        out_grad: list[NDArray],
        in_data: list[NDArray],
        out_data: list[NDArray],
        in_grad: list[NDArray],
        aux: list[NDArray],
    ) -> None:
        """Write the gradients of the inputs to ``in_grad``, best by ``self.assign(in_grad[i], req[i], value)``.

        ``req[i]`` is "null" for an input that needs no gradient. It is "write" otherwise: gradients that are added up
        (``attach_grad("add")``) are added afterwards.
        """

    def assign(self, dst: NDArray, req: str, src: Any) -> None:
        """Write ``src`` to ``dst`` as ``req`` says: "write" (or "inplace"), "add", or "null" for nothing."""
        if req in ("write", "inplace"):
            dst[:] = src
        elif req == "add":
            dst[:] = dst + src


class CustomOpProp:
    """What a custom operator is like: subclass it, write ``create_operator``, and ``register`` it.

    Keywords of ``nd.Custom`` come to ``__init__`` as strings, as in MXNet. ``need_top_grad``: whether ``backward``
    reads the gradients of the outputs.
    """

    def __init__(self, need_top_grad: bool = True) -> None:
        self.need_top_grad_ = need_top_grad

    def infer_shape(self, in_shape: list[list[int]]) -> Any:
        """Shapes of inputs, outputs and (may be left out) auxiliary states; outputs by default like the first input."""
        return in_shape, [in_shape[0]] * len(self.list_outputs()), []

    def infer_type(self, in_type: list[Any]) -> Any:
        """Types of inputs, outputs and (may be left out) auxiliary states; by default all are the first input's."""
        return in_type, [in_type[0]] * len(self.list_outputs()), [in_type[0]] * len(self.list_auxiliary_states())

    def list_arguments(self) -> list[str]:
        """Names of the inputs."""
        return ["data"]

    def list_outputs(self) -> list[str]:
        """Names of the outputs."""
        return ["output"]

    def list_auxiliary_states(self) -> list[str]:
        """Names of the auxiliary states, which follow the inputs in a call."""
        return []

    def declare_backward_dependency(self, out_grad: list[int], in_data: list[int], out_data: list[int]) -> list[int]:
        """What ``backward`` reads, by number. All of it is there, whatever this says."""
        return [*(out_grad if self.need_top_grad_ else ()), *in_data, *out_data]

    def create_operator(self, ctx: Any, in_shapes: list[list[int]], in_dtypes: list[Any]) -> CustomOp:
        """The operator for inputs of these shapes and types."""
        return CustomOp()


def register(reg_name: str) -> Callable[[_P], _P]:
    """Class decorator: ``nd.Custom(..., op_type=reg_name)`` is the operator of this ``CustomOpProp``.

    >>> import lazynd
    >>> from lazynd import nd
    >>> class Twice(lazynd.operator.CustomOp):
    ...     def forward(self, is_train, req, in_data, out_data, aux):
    ...         self.assign(out_data[0], req[0], in_data[0] * 2)
    ...     def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
    ...         self.assign(in_grad[0], req[0], out_grad[0] * 2)
    >>> @lazynd.operator.register("twice")
    ... class TwiceProp(lazynd.operator.CustomOpProp):
    ...     def create_operator(self, ctx, in_shapes, in_dtypes):
    ...         return Twice()
    >>> nd.Custom(nd.array([1, 2]), op_type="twice").asnumpy()
    array([2., 4.], dtype=float32)
    """

    def do_register(prop_cls: _P) -> _P:
        REGISTERED[reg_name] = prop_cls
        return prop_cls

    return do_register


@reports("Custom")
def Custom(*data: NDArray, op_type: str = "", out: Any = None, name: str | None = None, **kwargs: Any) -> Any:
    """The operator registered as ``op_type`` on its inputs, then its auxiliary states, by place or by name.

    Further keywords are parameters of its ``CustomOpProp``. Gives an array, or a list of several. What its Python
    raises is the cause of an ``MXNetError`` here, or at the line of ``backward``.

    >>> from lazynd import nd, operator
    >>> class Twice(operator.CustomOp):
    ...     def forward(self, is_train, req, in_data, out_data, aux):
    ...         self.assign(out_data[0], req[0], in_data[0] * 2)
    ...     def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
    ...         self.assign(in_grad[0], req[0], out_grad[0] * 2)
    >>> @operator.register("twice")
    ... class TwiceProp(operator.CustomOpProp):
    ...     def create_operator(self, ctx, shapes, dtypes):
    ...         return Twice()
    >>> nd.Custom(nd.ones((2,)), op_type="twice").asnumpy()
    array([2., 2.], dtype=float32)
    """
    frame = calling_frame()
    if not op_type:
        raise MXNetError("Required argument `op_type` is missing.")
    if op_type not in REGISTERED:
        raise MXNetError(f"Cannot find custom operator {op_type}")
    parameters = {key: str(value) for key, value in kwargs.items() if not isinstance(value, NDArray)}
    call = _Call(op_type, frame.f_code, frame.f_lasti)
    with call.step("__init__"):
        prop = REGISTERED[op_type](**parameters)
    arrays = _arrays(prop, data, {k: v for k, v in kwargs.items() if isinstance(v, NDArray)})
    into = None if out is None else Out("Custom", out, arrays, frame)
    made = call.run(prop, arrays)
    if into is not None:
        return into.write(made)
    return NDArray(made[0]) if len(made) == 1 else list(map(NDArray, made))


def _arrays(prop: CustomOpProp, data: Sequence[Any], named: dict[str, NDArray]) -> list[NDArray]:
    """Inputs and auxiliary states in order."""
    names = [*prop.list_arguments(), *prop.list_auxiliary_states()]
    found = dict(zip(names, data, strict=False))
    unknown = sorted(named.keys() - set(names)) + sorted(named.keys() & found.keys())
    if unknown:
        raise MXNetError(f"'{unknown[0]}' is no further input: they are {', '.join(names)}")
    found |= named
    if len(found) != len(names) or len(data) > len(names):
        given = len(data) + len(named)
        raise MXNetError(f"Operator Custom expects {len(names)} inputs ({', '.join(names)}), but got {given} instead.")
    for name in names:
        if not isinstance(found[name], NDArray):
            raise AssertionError(f"Argument {name} must have NDArray type, but got {found[name]}")
    return [found[name] for name in names]


_READ_ONLY = "Cannot assign to readonly NDArray: what a custom operator is given to read"


def _read_only(cells: Sequence[Cell]) -> list[NDArray]:
    """Arrays on ``cells`` that refuse to be written."""
    return [NDArray(ReadOnly(cell, _READ_ONLY)) for cell in cells]


class _Call:
    """One call of a custom operator, and its backward pass."""

    def __init__(self, name: str, code: CodeType, lasti: int) -> None:
        self.name, self.code, self.lasti = name, code, lasti

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Around the operator's code: what it raises is told with the operator and the line that called it."""
        try:
            yield
        except Exception as error:
            where = describe(self.code, self.lasti, True)
            text = f"[Custom] {what} of '{self.name}' failed: {type(error).__name__}: {error}\n  called at {where}"
            made = MXNetError(text)
            made.refused = True  # type: ignore[attr-defined]  # it is told already
            raise made from error

    def run(self, prop: CustomOpProp, arrays: Sequence[NDArray]) -> list[Cell]:
        count = len(prop.list_arguments())
        inputs, aux = [a._cell for a in arrays[:count]], [a._cell for a in arrays[count:]]
        recorder = LOCAL.state.recorder
        refs = list(map(recorder.read, inputs))
        types = self._types(prop, [ref.type for ref in refs], [cell.type for cell in aux])
        context = refs[0].type.context if refs else default_context()
        shapes, dtypes = [list(ref.type.shape) for ref in refs], [ref.type.dtype.type for ref in refs]
        with self.step("create_operator"):
            operator = prop.create_operator(context, shapes, dtypes)
        # Cells of their own: the values that were there at the call, for both passes.
        given = [Cell(ref) for ref in refs]
        made = self._forward(operator, given, [Type(*t, context) for t in types], aux)
        if not recorder.state.recording:
            return made
        needed = [_needs_gradient(cell) for cell in inputs]

        def pull(gradients: list[Cell]) -> list[Cell]:
            return self._backward(operator, gradients, given, made, aux, needed)

        return record_function(recorder, inputs, made, pull)

    def _types(self, prop: CustomOpProp, given: Sequence[Type], aux: Sequence[Type]) -> list[tuple[Any, Any]]:
        """Shape and dtype of each output, those of inputs and auxiliary states being checked."""
        with self.step("infer_shape"):
            shapes = self._inferred(prop, prop.infer_shape([list(t.shape) for t in given]), "shape")
        with self.step("infer_type"):
            dtypes = self._inferred(prop, prop.infer_type([t.dtype.type for t in given]), "type")
        told = [*zip(shapes[0], dtypes[0], strict=True), *zip(shapes[2], dtypes[2], strict=True)]
        for (shape, dtype), type in zip(told, (*given, *aux), strict=True):
            if tuple(shape) != type.shape:
                raise MXNetError(f"Shape inconsistent, Provided = {list(type.shape)}, inferred shape={list(shape)}")
            if as_dtype(dtype) != type.dtype:
                raise MXNetError(f"expected an array of {as_dtype(dtype)}, got {type}")
        return [(tuple(shape), as_dtype(dtype)) for shape, dtype in zip(shapes[1], dtypes[1], strict=True)]

    @staticmethod
    def _inferred(prop: CustomOpProp, found: Any, what: str) -> list[list[Any]]:
        if len(found) not in (2, 3):
            raise AssertionError(f"infer_{what} must return 2 or 3 lists")
        lists = [list(each) for each in found] + [[]] * (3 - len(found))
        states = prop.list_auxiliary_states()
        if what == "type" and len(found) == 2:
            lists[2] = [lists[0][0]] * len(states)
        for kind, expected, listed in zip(
            ("input", "output", "aux state"), (prop.list_arguments(), prop.list_outputs(), states), lists, strict=True
        ):
            if len(listed) != len(expected):
                text = f"expecting {len(expected)} entries in returned {kind} {what}s, got {len(listed)}."
                raise AssertionError(f"Infer{what.capitalize()} Error: {text}")
        return lists

    def _forward(
        self, operator: CustomOp, given: Sequence[Cell], types: Sequence[Type], aux: Sequence[Cell]
    ) -> list[Cell]:
        outputs = [runtime.filled(type, 0) for type in types]
        training = LOCAL.state.training
        with self._inside(types[0].context, "forward"):
            operator.forward(
                is_train=training,
                req=["write"] * len(outputs),
                in_data=_read_only(given),
                out_data=list(map(NDArray, outputs)),
                aux=list(map(NDArray, aux)),
            )
        return [Cell(LOCAL.state.recorder.read(cell)) for cell in outputs]

    def _backward(
        self,
        operator: CustomOp,
        gradients: Sequence[Cell],
        given: Sequence[Cell],
        made: Sequence[Cell],
        aux: Sequence[Cell],
        needed: Sequence[bool],
    ) -> list[Cell]:
        slopes = [runtime.filled(cell.type, 0) for cell in given]
        with self._inside(made[0].type.context, "backward"):
            operator.backward(
                req=["write" if need else "null" for need in needed],
                out_grad=_read_only(gradients),
                in_data=_read_only(given),
                out_data=_read_only(made),
                in_grad=list(map(NDArray, slopes)),
                aux=list(map(NDArray, aux)),
            )
        return slopes

    @contextmanager
    def _inside(self, context: Any, what: str) -> Iterator[None]:
        with self.step(what), runtime.not_recording(), context:
            yield


def _needs_gradient(cell: Cell) -> bool:
    cell = LOCAL.state.recorder.at(cell)
    owner = cell.variable
    history = cell.history
    return (owner is not None and owner.request != "null") or (history is not None and not history[0].consumed)
