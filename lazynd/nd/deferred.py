"""Arrays whose shape the first operator that takes them says: the parameters of layers that learn it from the data."""

from __future__ import annotations

from collections.abc import Sequence
from types import FrameType
from typing import Any, Protocol

from ..ir.errors import MXNetError, OperatorError
from ..ir.types import as_dtype
from ..ops import Operator, infer_shapes
from ..ops.partial import Shape
from ..ops.partial import complete as known
from ..runtime import aside as aside
from .invoke import given_attributes
from .ndarray import NDArray
from .refusal import refusal


class Awaited(Protocol):
    """What a ``Deferred`` array stands for. ``shape`` has None for the extents that are not known."""

    shape: Shape
    dtype: Any

    def make(self, shape: tuple[int, ...]) -> NDArray:
        """The array, now that its shape is known."""

    def unknown(self, why: str) -> Exception:
        """What to raise where the shape is needed and does not follow."""


class Deferred(NDArray):
    """Stands for an array whose shape is not known.

    When an operator takes it, the operator's rule for shapes says what it must be; then it becomes that array, of the
    plain class. Any other use raises what ``Awaited.unknown`` says.
    """

    __slots__ = ()

    def __init__(self, awaited: Awaited) -> None:
        self._awaited = awaited

    def __getattr__(self, name: str) -> Any:
        if name == "_cell":
            raise self._awaited.unknown("something other than an operator of nd takes it first")
        parent: Any = super()  # its stub has names, and not what looks them up
        return parent.__getattr__(name)

    def become(self, array: NDArray) -> None:
        """Be ``array`` from now on."""
        self._cell = array._cell
        del self._awaited
        self.__class__ = NDArray  # type: ignore[assignment]  # what it is now


def complete(operator: Operator, arrays: Sequence[Any], attributes: tuple[Any, ...], frame: FrameType) -> None:
    """Let each ``Deferred`` of ``arrays``, the inputs of a call, become what the call needs it to be."""
    arrays = [each for each in arrays if each is not None]
    shapes = [each._awaited.shape if each.__class__ is Deferred else each.shape for each in arrays]
    dtypes = [as_dtype(each._awaited.dtype if each.__class__ is Deferred else each.dtype) for each in arrays]
    try:
        found = infer_shapes(operator, shapes, given_attributes(operator, attributes), dtypes=dtypes).inputs
    except OperatorError as error:
        known_ones = [each for each in arrays if each.__class__ is not Deferred]
        raise refusal(MXNetError, operator.name, error, known_ones, None, frame) from None
    shape: Any  # of whole numbers alone
    for each, shape in zip(arrays, found, strict=True):
        if each.__class__ is Deferred:
            if not known(shape):
                raise each._awaited.unknown(f"{operator.name} takes it first, from which its shape does not follow")
            each.become(each._awaited.make(shape))
