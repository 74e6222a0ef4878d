"""``np.ndarray``: an ``NDArray`` with NumPy's rules of shapes, dtypes, truth values and printing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as onp

from .. import nd, runtime
from ..ir.errors import MXNetError
from ..ir.types import Context, is_floating
from ..nd import array_function
from ..nd.creation import as_extents
from ..nd.invoke import invoke
from ..nd.ndarray import _NUMPY_CLASS, NDArray
from ..nd.np_shape import use_np_shape
from ..nd.refusal import reports
from ..ops import OPERATORS
from ..runtime.tell.location import calling_frame

Axis = int | Sequence[int] | None


def wrap(array: NDArray) -> ndarray:
    """A handle of this class on the cell of ``array``."""
    return ndarray(array._cell)


def _promoted(a: ndarray, b: ndarray) -> tuple[NDArray, NDArray]:
    """Both in a common dtype: the wider float, or the float where only one is, so never wider than asked for."""
    if a.dtype == b.dtype:
        return a, b
    floats = [x.dtype for x in (a, b) if is_floating(x.dtype)]
    common = floats[0] if len(floats) == 1 else onp.promote_types(a.dtype, b.dtype)
    return a.astype(common, copy=False), b.astype(common, copy=False)


def _arithmetic(function: Callable[[Any, Any], Any], floating: bool = False) -> Callable[[Any, Any], Any]:
    """A binary method; ``floating``: integers give float32."""

    @use_np_shape
    def method(self: ndarray, other: Any) -> Any:
        if isinstance(other, list | tuple | onp.ndarray):
            other = wrap(nd.array(other, self.context))
        left: Any = self
        if isinstance(other, ndarray):
            left, other = _promoted(self, other)
        if floating and not is_floating(left.dtype):
            left = left.astype("float32")
            other = other.astype("float32") if isinstance(other, ndarray) else other
        return wrap(function(left, other))

    return method


def _comparison(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    compare = _arithmetic(function)

    def method(self: ndarray, other: Any) -> Any:
        return compare(self, other).astype("bool")

    return method


def _reduction(name: str) -> Callable[..., ndarray]:
    @use_np_shape
    def method(self: ndarray, axis: Axis = None, keepdims: bool = False) -> ndarray:
        data: NDArray = self
        if name == "mean" and not is_floating(self.dtype):
            data = self.astype("float32")
        made = wrap(getattr(nd, name)(data, axis=axis, keepdims=keepdims))
        reduced = range(self.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
        return made.reshape(()) if len(set(reduced)) == self.ndim and not keepdims else made

    method.__name__ = name
    method.__doc__ = f"The {name} along ``axis`` (all by default), of shape () where nothing is left."
    return method


def resolved(shape: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
    """``target`` with the extent that is -1 found out; ``MXNetError`` where an array of ``shape`` cannot have it."""
    if any(n < -1 for n in target):
        raise MXNetError(f"an extent of {target} is below -1, which stands for the one to be inferred")
    if target.count(-1) > 1:
        raise MXNetError(f"Can only specify one unknown dimension, but {target} has {target.count(-1)}")
    size, known = math.prod(shape), math.prod(n for n in target if n != -1)
    if -1 in target and known and size % known == 0:
        return tuple([size // known if n == -1 else n for n in target])
    if -1 in target or known != size:
        raise MXNetError(f"Cannot reshape array of size {size} into shape {target}")
    return target


#: The functions of ``lazynd.np`` that stand for NumPy's, which it sets.
FUNCTIONS: array_function.Table = {}


class ndarray(NDArray):
    """An n-dimensional array with NumPy's rules: scalars have shape (), comparisons give booleans.

    >>> import lazynd
    >>> lazynd.np.array([1, 2]) > 1
    array([False,  True])
    """

    __slots__ = ()

    def __hash__(self) -> int:  # defining __eq__ would drop it
        return object.__hash__(self)

    @property
    def dtype(self) -> Any:
        """The dtype, as NumPy has it."""
        return self._cell.type.dtype

    def __array_function__(self, func: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        return array_function.call(func, args, kwargs, FUNCTIONS)

    def __repr__(self) -> str:
        if not runtime.shows(self._cell):
            return super().__repr__()
        values = self.asnumpy()
        body = onp.array2string(values, separator=", ", prefix="array(", legacy="1.25")
        shown = "" if values.dtype in (onp.float32, onp.bool_) else f", dtype={values.dtype}"
        return f"array({body}{shown})"

    def __str__(self) -> str:
        return str(self.asnumpy()) if runtime.shows(self._cell) else super().__repr__()

    __add__ = _arithmetic(nd.add)
    __radd__ = _arithmetic(lambda a, b: nd.add(b, a))
    __sub__ = _arithmetic(nd.subtract)
    __rsub__ = _arithmetic(lambda a, b: nd.subtract(b, a))
    __mul__ = _arithmetic(nd.multiply)
    __rmul__ = _arithmetic(lambda a, b: nd.multiply(b, a))
    __truediv__ = _arithmetic(nd.divide, floating=True)
    __rtruediv__ = _arithmetic(lambda a, b: nd.divide(b, a), floating=True)
    __mod__ = _arithmetic(nd.modulo)
    __pow__ = _arithmetic(nd.power)
    __rpow__ = _arithmetic(lambda a, b: nd.power(b, a))
    __eq__ = _comparison(nd.equal)
    __ne__ = _comparison(nd.not_equal)
    __lt__ = _comparison(nd.lesser)
    __le__ = _comparison(nd.lesser_equal)
    __gt__ = _comparison(nd.greater)
    __ge__ = _comparison(nd.greater_equal)
    sum, mean, max, min, prod = map(_reduction, ("sum", "mean", "max", "min", "prod"))

    def __neg__(self) -> ndarray:
        return self * -1

    @use_np_shape
    def __matmul__(self, other: Any) -> Any:
        return dot(self, other)

    @use_np_shape
    @reports("getitem")
    def __getitem__(self, key: Any) -> ndarray:
        return wrap(NDArray.__getitem__(self, self._checked(key)))

    @use_np_shape
    @reports("setitem")
    def __setitem__(self, key: Any, value: Any) -> None:
        NDArray.__setitem__(self, self._checked(key), value)

    def _checked(self, key: Any) -> Any:
        if isinstance(key, slice) and not self.shape:
            raise IndexError("a scalar takes no slice as an index: () and ... are all of it")
        return key

    @reports("len")
    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("an array of shape () has no length")
        return self.shape[0]

    @use_np_shape
    @reports("reshape")
    def reshape(self, *newshape: Any, order: str = "C") -> ndarray:
        """A copy with another shape of as many elements (else ``MXNetError``); one extent may be -1."""
        if not newshape:
            raise TypeError("reshape needs a shape")
        if order != "C":
            raise NotImplementedError(f"reshape reads elements in the order 'C', not {order!r}")
        target = resolved(self.shape, as_extents(newshape[0] if len(newshape) == 1 else newshape, "newshape"))
        return ndarray(invoke(OPERATORS["_reshape_to"], (self._cell,), (target,), calling_frame())[0])

    def flatten(self, order: Any = "C") -> ndarray:
        """A copy with one dimension, as in NumPy; ``order`` is "C"."""
        return self.reshape(-1, order=order)

    @use_np_shape
    def astype(self, dtype: Any, copy: bool = True) -> ndarray:
        """The array cast to ``dtype``."""
        return wrap(NDArray.astype(self, dtype, copy))

    @use_np_shape
    def copy(self) -> ndarray:
        """A copy on the same device."""
        return wrap(NDArray.copy(self))

    @use_np_shape
    def copyto(self, other: NDArray | Context) -> Any:
        """Copy into ``other``, an array of the same shape, or to another context."""
        return NDArray.copyto(self, other)

    def argmax(self, axis: int | None = None) -> ndarray:
        """The position of the first maximum, int64."""
        made = wrap(nd.argmax(self, axis=axis)).astype("int64")
        return made.reshape(()) if axis is None or self.ndim == 1 else made

    @property
    def grad(self) -> Any:
        """A handle on the gradient buffer, None before ``attach_grad``."""
        found = NDArray.grad.fget(self)  # type: ignore[attr-defined]  # a property
        return None if found is None else wrap(found)

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers. Forces."""
        return self.asnumpy().tolist()

    def as_nd_ndarray(self) -> NDArray:
        """A handle on the same memory with MXNet's own rules."""
        return NDArray(self._cell)

    def as_np_ndarray(self) -> ndarray:
        """This array."""
        return self


def reshape(a: ndarray, newshape: Any, order: str = "C") -> ndarray:
    """A copy of ``a`` with another shape of as many elements (else ``MXNetError``); one extent may be -1.

    >>> from lazynd import np
    >>> np.reshape(np.arange(6), (2, -1))
    array([[0., 1., 2.],
           [3., 4., 5.]])
    """
    if not isinstance(a, ndarray):
        raise AssertionError(f"Argument a must have NDArray type, but got {a}")
    return a.reshape(newshape, order=order)


@use_np_shape
def dot(a: ndarray, b: ndarray) -> ndarray:
    """The last axis of ``a`` contracted with the first of ``b``; shape () for two vectors.

    >>> from lazynd import np
    >>> np.dot(np.array([1, 2]), np.array([3, 4]))
    array(11.)
    """
    left, right = _promoted(a, b)
    made = wrap(nd.dot(left, right))
    return made.reshape(()) if a.ndim == b.ndim == 1 else made


_NUMPY_CLASS.append(ndarray)
