"""``nd._internal``: operators by the names that begin with an underscore."""

from __future__ import annotations

from typing import Any

from ..ir.errors import MXNetError
from ..ops import OPERATORS
from ..reference import absent
from ..runtime.tell.location import calling_frame
from .decoding import imdecode as _cvimdecode
from .decoding import imread as _cvimread
from .invoke import invoke
from .namespace import namespace
from .ndarray import NDArray
from .refusal import reports

__all__ = ["_cvimdecode", "_cvimread", "_set_value"]


@reports("_set_value")
def _set_value(src: float, out: NDArray | None = None) -> NDArray:
    """Fills ``out`` with a number.

    >>> from lazynd import nd
    >>> nd._internal._set_value(3, out=nd.zeros(2)).asnumpy()
    array([3., 3.], dtype=float32)
    """
    if out is None:
        raise MXNetError("the array to fill must be given as out")
    out[:] = NDArray(invoke(OPERATORS["_set_value"], (out._cell,), (src,), calling_frame())[0])
    return out


_any, __dir__ = namespace(__name__, "")


def __getattr__(name: str) -> Any:
    if not name.startswith("_"):
        raise absent("nd._internal", name)
    return _any(name)
