"""What stands for a parameter whose shape is not known, in the first call of its block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...base import MXNetError
from ...context import Context
from ...nd import NDArray
from ...nd.deferred import Deferred

if TYPE_CHECKING:
    from .parameter import Parameter

Shape = tuple[int, ...]


class DeferredInitializationError(MXNetError):
    """A parameter's value is asked for before the first call, from which it learns its shape.

    >>> from lazynd import gluon
    >>> layer = gluon.nn.Dense(2, prefix="out_")
    >>> layer.initialize()
    >>> try:
    ...     layer.weight.data()
    ... except gluon.DeferredInitializationError as error:
    ...     print(str(error)[:51])
    Parameter 'out_weight' has not been initialized yet
    """


class ShapeUnknownError(DeferredInitializationError, ValueError):
    """A parameter's shape does not follow from the first call."""


def shape_is_known(shape: Shape | None) -> bool:
    """Whether all extents are there: 0 and -1 stand for one that is not known, as in MXNet."""
    return shape is not None and min(shape, default=1) > 0


def awaited(parameter: Parameter, ctx: Context, owner: str) -> NDArray:
    """The array that becomes the values of ``parameter`` on ``ctx`` when an operator says its shape.

    ``owner`` is what an error calls the block that has the parameter.
    """
    return Deferred(_Awaited(parameter, ctx, owner))


class _Awaited:
    """A parameter whose shape the first operator that takes it says."""

    def __init__(self, parameter: Parameter, ctx: Context, owner: str) -> None:
        self.parameter = parameter
        self.ctx = ctx
        self.owner = owner
        self.shape = None if parameter.shape is None else tuple(n if n > 0 else None for n in parameter.shape)
        self.dtype = parameter.dtype

    def make(self, shape: Shape) -> NDArray:
        self.parameter.shape = shape
        self.parameter._finish_deferred_init()
        return self.parameter.data(self.ctx)

    def unknown(self, why: str) -> Exception:
        parameter = self.parameter
        return ShapeUnknownError(
            f"Deferred initialization failed because shape cannot be inferred: of Parameter '{parameter.name}' of "
            f"{self.owner}, the shape {parameter.shape} is known, and {why}. Say its shape where the block is made "
            "(in_units, in_channels, input_size, or shape= where the parameter is got), or set parameter.shape before "
            "the first call."
        )
