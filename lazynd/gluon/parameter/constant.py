"""Parameters that are no variables."""

from __future__ import annotations

from typing import Any
from warnings import warn

from ... import initializer, nd
from ...nd import NDArray
from .parameter import Parameter


class Constant(Parameter):
    """A parameter that is no variable: ``value``, anything array-like, is saved and moved with the others.

    >>> from lazynd import gluon
    >>> scale = gluon.Constant("scale", [[1, 2], [3, 4]])
    >>> scale.initialize()
    >>> scale.data().shape, scale.grad_req
    ((2, 2), 'null')
    """

    def __init__(self, name: str, value: Any) -> None:
        if not isinstance(value, NDArray):
            value = nd.array(value)
        self.value = value
        super().__init__(name, grad_req="null", shape=value.shape, dtype=value.dtype, init=_ValueOf(value))

    @property
    def grad_req(self) -> str:
        """ "null": setting it is ignored, with a warning.

        >>> from lazynd import gluon
        >>> gluon.Constant("scale", [1, 2]).grad_req
        'null'
        """
        return "null"

    @grad_req.setter
    def grad_req(self, req: str) -> None:
        if req != "null":
            warn(
                f'Constant parameter "{self.name}" does not support grad_req other than "null", and new value "{req}" '
                "is ignored.",
                stacklevel=2,
            )


class _ValueOf(initializer.Initializer):
    """Initialises with an array."""

    def __init__(self, value: NDArray) -> None:
        super().__init__()
        self._value = value

    def _init_weight(self, name: Any, arr: NDArray) -> None:
        arr[:] = self._value
