"""What a node of a symbol applies: an operator with its parameters, before any type is known."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any, Final

from ..ir.errors import OperatorError
from ..nd import NDArray
from ..nd.invoke import invoke
from ..nd.np_shape import is_np_shape
from ..ops import Operator, find, infer_dtypes, infer_shapes
from ..ops.operator import Parameter
from ..ops.partial import DType, Shape, Shapes
from ..reference import twins

_EMPTY: Final = inspect.Parameter.empty


def _absent(parameter: Parameter, value: str) -> bool:
    """Whether the text of an attribute says that it is not given: None, where MXNet takes that for nothing."""
    if parameter.kind.fill is not None and value in ("", "None"):
        return True
    return value == "None" and not parameter.optional and parameter.kind.name.startswith("Shape")


class Applied:
    """An operator with ``attributes``, on ``count`` inputs where it takes any number of them.

    ``inputs`` and ``outputs`` are their names, ``states`` the numbers of the inputs that are auxiliary states.
    Raises ``OperatorError`` if a parameter is wrong or missing.
    """

    def __init__(self, operator: Operator, attributes: Mapping[str, str], count: int = 0) -> None:
        self.operator = operator
        #: What MXNet registered the operator as.
        self.name = twins(operator.name)[0]
        self.count = count
        #: The parameters that are given, read.
        self.given = {
            p.name: p.canonical(attributes[p.name])
            for p in operator.visible
            if p.name in attributes and not _absent(p, attributes[p.name])
        }
        whole = operator.canonical(self.given)
        self.inputs = _names(operator, whole, count)
        self.outputs = operator.outputs(whole)
        self.states = operator.states(whole, len(self.inputs))
        #: What is known of the shape of something made of nothing, if an extent of it is 0, which means open.
        self.open = _open_shape(operator, whole)
        self._values = tuple([self.given.get(p.name, _EMPTY) for p in operator.visible])

    def takes(self, name: str) -> bool:
        """Whether there is a parameter called ``name``, or none at all, and then names do not matter."""
        return name in self.operator.by_name or not self.operator.visible

    def again(self, attributes: Mapping[str, str]) -> Applied:
        """The same with other ``attributes``."""
        return Applied(self.operator, attributes, self.count)

    def shapes(
        self, inputs: Sequence[Shape], outputs: Sequence[Shape], dtypes: Sequence[DType]
    ) -> tuple[Sequence[Shape], Sequence[Shape]]:
        """What follows for the shapes of inputs and outputs."""
        if self.open is not None:
            made = Shapes((), (), outputs)
            made.learn_output(self.open)
            return (), made.outputs
        known = infer_shapes(self.operator, inputs, self.given, outputs, dtypes)
        return known.inputs, known.outputs

    def dtypes(self, inputs: Sequence[DType], outputs: Sequence[DType]) -> tuple[Sequence[DType], Sequence[DType]]:
        """What follows for the dtypes of inputs and outputs."""
        known = infer_dtypes(self.operator, inputs, self.given, outputs)
        return known.inputs, known.outputs

    def run(self, arrays: Sequence[NDArray], frame: FrameType) -> Sequence[NDArray]:
        """The outputs, of arrays; auxiliary states are updated. ``frame`` is whose line is noted."""
        return list(map(NDArray, invoke(self.operator, [each._cell for each in arrays], self._values, frame)))

    def of_shape(self, shape: tuple[int, ...]) -> Applied:
        """The same for something of ``shape``."""
        return Applied(self.operator, {**self._texts(), "shape": str(shape)}, self.count)

    def _texts(self) -> dict[str, str]:
        return {key: str(value) for key, value in self.given.items()}

    def __reduce__(self) -> tuple[Any, ...]:
        return restored, (self.name, self._texts(), self.count)


def restored(name: str, attributes: Mapping[str, str], count: int) -> Applied:
    """What was pickled."""
    operator = find(name)
    if operator is None:
        raise OperatorError(f"there is no operator {name}")
    return Applied(operator, attributes, count)


def _open_shape(operator: Operator, attributes: Mapping[str, Any]) -> Shape:
    shape = () if operator.inputs else attributes.get("shape") or ()
    return tuple([n or None for n in shape]) if 0 in shape and not is_np_shape() else None


def _names(operator: Operator, attributes: Mapping[str, Any], count: int) -> tuple[str, ...]:
    """The names of the inputs."""
    if not operator.variadic:
        optional = operator.optional
        return tuple([n for n in operator.inputs if n not in optional or optional[n](attributes)])
    if operator.name == "UpSampling" and attributes["sample_type"] == "bilinear":
        return ("data", "weight")
    fixed = operator.inputs[:-1]
    if not (attributes.get("num_args") or count):
        raise OperatorError("at least one symbol is needed")
    return (*fixed, *(f"arg{i}" for i in range((attributes.get("num_args") or count) - len(fixed))))
