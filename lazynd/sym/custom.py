"""Operators written in Python, in symbols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any

from ..ir.errors import MXNetError
from ..ir.types import as_dtype
from ..nd import Custom as custom_call
from ..nd import NDArray
from ..nd.custom import REGISTERED
from ..ops.partial import DType, DTypes, Shape, Shapes
from .attributes import hidden, is_note, text
from .compose import is_symbol, place, scope
from .symbol import Symbol

__all__ = ["Custom"]


class CustomCall:
    """The operator registered as ``op_type`` with further attributes: the same interface as ``Applied``."""

    name = "Custom"
    operator = None

    def __init__(self, attributes: Mapping[str, str]) -> None:
        self.parameters = {key: value for key, value in attributes.items() if not is_note(key)}
        given = dict(self.parameters)
        kind = given.pop("op_type", "")
        if not kind:
            raise MXNetError("Required argument `op_type` is missing.")
        if kind not in REGISTERED:
            raise MXNetError(f"Cannot find custom operator {kind}")
        self.prop = REGISTERED[kind](**given)
        arguments, updated = self.prop.list_arguments(), self.prop.list_auxiliary_states()
        self.inputs = (*arguments, *updated)
        self.outputs = tuple(self.prop.list_outputs())
        self.states = tuple(range(len(arguments), len(self.inputs)))

    def takes(self, name: str) -> bool:
        return True

    def again(self, attributes: Mapping[str, str]) -> CustomCall:
        return CustomCall(attributes)

    def shapes(
        self, inputs: Sequence[Shape], outputs: Sequence[Shape], dtypes: Sequence[DType]
    ) -> tuple[Sequence[Shape], Sequence[Shape]]:
        """What ``infer_shape`` says, which is asked with 0 or [] for what is open."""
        known = Shapes(self.inputs, inputs, outputs)
        arguments = self.states[0] if self.states else len(self.inputs)
        if any(shape is None for shape in inputs[:1]):
            return known.inputs, known.outputs
        asked = [[n or 0 for n in shape or ()] for shape in inputs[:arguments]]
        found = self.prop.infer_shape(asked)
        listed = [*found[0], *(found[2] if len(found) > 2 else ())]
        for number, shape in enumerate(listed):
            known.learn_input(number, _opened(shape))
        for number, shape in enumerate(found[1]):
            known.learn_output(_opened(shape), number)
        return known.inputs, known.outputs

    def dtypes(self, inputs: Sequence[DType], outputs: Sequence[DType]) -> tuple[Sequence[DType], Sequence[DType]]:
        """What ``infer_type`` says once all inputs are known."""
        known = DTypes(self.inputs, inputs, outputs)
        arguments = self.states[0] if self.states else len(self.inputs)
        asked = [each.type for each in inputs[:arguments] if each is not None]
        if len(asked) == arguments and asked:
            found = self.prop.infer_type(asked)
            for number, dtype in enumerate([*found[0], *(found[2] if len(found) > 2 else ())]):
                known.learn_input(number, as_dtype(dtype))
            for number, dtype in enumerate(found[1]):
                known.learn_output(as_dtype(dtype), number)
        return known.inputs, known.outputs

    def run(self, arrays: Sequence[NDArray], frame: FrameType) -> Sequence[NDArray]:
        made = custom_call(*arrays, **self.parameters)
        return made if isinstance(made, list) else [made]

    def __reduce__(self) -> tuple[Any, ...]:
        return CustomCall, (self.parameters,)


def _opened(shape: Sequence[int]) -> Shape:
    return tuple([int(n) or None for n in shape]) if len(shape) else None


def Custom(*data: Symbol, op_type: str = "", name: str | None = None, attr: Any = None, **kwargs: Any) -> Symbol:
    """The operator registered as ``op_type`` (see ``mxnet.operator``) on its inputs, then its auxiliary states.

    Those that are left out become variables; keywords that are no symbols are parameters of its ``CustomOpProp``.

    >>> from lazynd import operator, sym
    >>> @operator.register("symbolic")
    ... class Prop(operator.CustomOpProp):
    ...     def list_arguments(self):
    ...         return ["data", "weight"]
    >>> sym.Custom(sym.var("x"), op_type="symbolic", name="c").list_arguments()
    ['x', 'c_weight']
    """
    for each in data:
        if not is_symbol(each):
            raise AssertionError(f"Positional arguments must be Symbol instances, but got {each}")
    raw = {"op_type": op_type, **{key: value for key, value in kwargs.items() if not is_symbol(value)}}
    attributes = {hidden(key): text(value) for key, value in {**scope().get(attr), **raw}.items()}
    named = {key: value for key, value in kwargs.items() if is_symbol(value)}
    return Symbol(place(CustomCall(attributes), "Custom", name, attributes, data, named))
