"""``boolean_mask`` of symbols: how long its result is depends on values."""

from __future__ import annotations

from collections.abc import Sequence
from types import FrameType
from typing import Any

from ..ir.errors import OperatorError
from ..nd import NDArray, contrib
from ..ops.partial import DType, DTypes, Shape, Shapes
from .attributes import hidden, text
from .compose import place, scope
from .symbol import Symbol


class BooleanMask:
    """The rows of the first input where the second is not 0: the same interface as ``Applied``."""

    name = "_contrib_boolean_mask"
    inputs = ("data", "index")
    outputs = ("output",)
    states = ()

    def takes(self, name: str) -> bool:
        return name == "axis"

    def again(self, attributes: Any) -> BooleanMask:
        if attributes.get("axis", "0") != "0":
            raise OperatorError("only axis 0 is supported")
        return self

    def shapes(
        self, inputs: Sequence[Shape], outputs: Sequence[Shape], dtypes: Sequence[DType]
    ) -> tuple[Sequence[Shape], Sequence[Shape]]:
        known = Shapes(self.inputs, inputs, outputs)
        data = known["data"]
        if data is not None:
            known.learn("index", data[:1])
            known.learn_output((None, *data[1:]))
        return known.inputs, known.outputs

    def dtypes(self, inputs: Sequence[DType], outputs: Sequence[DType]) -> tuple[Sequence[DType], Sequence[DType]]:
        known = DTypes(self.inputs, inputs, outputs)
        known.learn_same((0,), (0,))
        return known.inputs, known.outputs

    def run(self, arrays: Sequence[NDArray], frame: FrameType) -> Sequence[NDArray]:
        data, index = arrays
        return [contrib.boolean_mask(data, index)]


def boolean_mask(
    data: Symbol | None = None,
    index: Symbol | None = None,
    axis: int = 0,
    name: str | None = None,
    attr: Any = None,
    out: Any = None,
    **kwargs: Any,
) -> Symbol:
    """The slices of ``data`` along its first axis where ``index``, one number for each, is not 0.

    >>> from lazynd import nd, sym
    >>> rows = sym.contrib.boolean_mask(sym.var("x"), sym.var("i"))
    >>> rows.eval(x=nd.array([[1, 2], [3, 4], [5, 6]]), i=nd.array([1, 0, 1]))[0].asnumpy()
    array([[1., 2.],
           [5., 6.]], dtype=float32)
    """
    given = {"axis": axis} if axis else {}
    attributes = {hidden(key): text(value) for key, value in {**scope().get(attr), **given, **kwargs}.items()}
    named = {key: each for key, each in (("data", data), ("index", index)) if each is not None}
    return Symbol(place(BooleanMask().again(attributes), "boolean_mask", name, attributes, [], named))
