"""Methods of symbols that are no plain operators: with a signature of their own, or of arrays alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..base import NotImplementedForSymbol
from .compose import call
from .node import Outputs


def _only_arrays(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        """Only arrays can: a symbol has no values (``NotImplementedForSymbol``)."""
        raise NotImplementedForSymbol(method, None)

    method.__name__ = method.__qualname__ = name
    return method


def _extents(given: Sequence[Any]) -> Any:
    """What stands for a shape: one argument, or several integers."""
    plain = len(given) > 1 and all(isinstance(n, int) and not isinstance(n, bool) for n in given)
    return (tuple(given),) if plain else given


class Methods(Outputs):
    """Methods beside those of the registry."""

    __slots__ = ()

    def astype(self, dtype: Any, **kwargs: Any) -> Any:
        """``sym.cast``."""
        return type(self)(call("cast", self, dtype=dtype, **kwargs))

    def reshape(self, *args: Any, **kwargs: Any) -> Any:
        """``sym.reshape``; the extents may be arguments."""
        return type(self)(call("reshape", self, *_extents(args), **kwargs))

    def transpose(self, *args: Any, **kwargs: Any) -> Any:
        """``sym.transpose``; the axes may be arguments."""
        return type(self)(call("transpose", self, *_extents(args), **kwargs))

    def expand_dims(self, axis: int, inplace: bool = False, **kwargs: Any) -> Any:
        """``sym.expand_dims``; ``inplace`` changes nothing."""
        return type(self)(call("expand_dims", self, axis=axis, **kwargs))

    def flatten(self, inplace: bool = False, **kwargs: Any) -> Any:
        """``sym.flatten``; ``inplace`` changes nothing."""
        return type(self)(call("flatten", self, **kwargs))

    def squeeze(self, axis: int | Sequence[int] | None = None, inplace: bool = False, **kwargs: Any) -> Any:
        """``sym.squeeze``; ``inplace`` changes nothing."""
        return type(self)(call("squeeze", self, axis=axis, **kwargs))

    def diag(self, k: int = 0, **kwargs: Any) -> Any:
        """``sym.diag``."""
        return type(self)(call("diag", self, k=k, **kwargs))

    def split_v2(self, indices_or_sections: Any, axis: int = 0, squeeze_axis: bool = False, **kwargs: Any) -> Any:
        """``sym.split_v2``."""
        if isinstance(indices_or_sections, int):
            cut: dict[str, Any] = {"indices": [], "sections": indices_or_sections}
        elif isinstance(indices_or_sections, tuple | list):
            cut = {"indices": [0, *indices_or_sections], "sections": 0}
        else:
            raise ValueError("indices_or_sections must either int or tuple of ints")
        return type(self)(call("_split_v2", self, axis=axis, squeeze_axis=squeeze_axis, **cut, **kwargs))

    def as_nd_ndarray(self) -> Any:
        """The symbol itself."""
        return self

    def as_np_ndarray(self) -> Any:
        """Symbols of ``mxnet.np`` are not built (``NotImplementedError``)."""
        raise NotImplementedError("symbols of mxnet.np are not built yet")

    wait_to_read = _only_arrays("wait_to_read")
    asnumpy = _only_arrays("asnumpy")
    asscalar = _only_arrays("asscalar")
    copy = _only_arrays("copy")
    as_in_context = _only_arrays("as_in_context")
    detach = _only_arrays("detach")
    backward = _only_arrays("backward")
