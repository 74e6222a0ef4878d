"""Contexts, dtypes and the interned ``Type`` of a value."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable
from typing import Any, ClassVar, Final
from warnings import warn

import numpy as np

from .errors import OperatorError
from .memo import Interning

DTypeLike = Any

_NAMES: Final = (
    "float32", "float64", "float16", "uint8", "int32", "int8", "int64", "bool", "uint32", "uint64",
)  # fmt: skip
DTYPES: Final[dict[str, np.dtype[Any]]] = {name: np.dtype(name) for name in _NAMES}
_BY_KEY: dict[Any, np.dtype[Any]] = {
    **DTYPES,
    **{dtype.type: dtype for dtype in DTYPES.values()},
    **{dtype: dtype for dtype in DTYPES.values()},
    None: np.dtype("float32"),
    int: np.dtype("int64"),
    float: np.dtype("float64"),
    bool: np.dtype("bool"),
    "int": np.dtype("int64"),
    "float": np.dtype("float64"),
}
FLOAT32: Final = np.dtype("float32")
FLOAT64: Final = np.dtype("float64")
INT32: Final = np.dtype("int32")
UINT32: Final = np.dtype("uint32")
INT64: Final = np.dtype("int64")
BOOL: Final = np.dtype("bool")
#: Every dtype by name. What MXNet spells as a structure of bits is NumPy's extension by ml_dtypes here.
DTYPE_NAMES: Final = (*_NAMES, "bfloat16")
_MXNETS_BFLOAT16: Final = np.dtype([("bfloat16", np.uint16)])


def bfloat16() -> np.dtype[Any]:
    """The dtype bfloat16. ml_dtypes is loaded by the first who asks; it lets NumPy know the name, and no more.

    NumPy calls its kind "V": ask ``is_floating``, ``widened`` and ``finfo``.

    >>> bfloat16().name, bfloat16().itemsize, is_floating(bfloat16())
    ('bfloat16', 2, True)
    """
    found = _BY_KEY.get("bfloat16")
    if found is None:
        import ml_dtypes  # noqa: PLC0415 - a third party, loaded when wanted

        found = np.dtype(ml_dtypes.bfloat16)
        _BY_KEY.update(dict.fromkeys((found, found.type, _MXNETS_BFLOAT16, "bfloat16"), found))
    return found


def named_dtype(name: str) -> np.dtype[Any] | None:
    """The dtype called ``name``, None if there is none."""
    return DTYPES.get(name) or (bfloat16() if name == "bfloat16" else None)


def is_bfloat16(dtype: np.dtype[Any]) -> bool:
    """Whether ``dtype``, which is one of ours, is bfloat16."""
    return dtype.kind == "V"


def is_floating(dtype: np.dtype[Any]) -> bool:
    """Whether ``dtype``, which is one of ours, is of floating point numbers."""
    return dtype.kind in "fV"


def is_half(dtype: np.dtype[Any]) -> bool:
    """Whether ``dtype`` is float16 or bfloat16, which are summed in float32."""
    return dtype.itemsize == 2 and dtype.kind in "fV"


def widened(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """What numbers of ``dtype`` are computed in where half precision is not enough: float32 for the two halves."""
    return FLOAT32 if is_half(dtype) else dtype


def counting(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """What positions among elements of ``dtype`` are counted in: float32 for bfloat16, which counts to 256."""
    return FLOAT32 if is_bfloat16(dtype) else dtype


def position_dtype(extent: int) -> np.dtype[Any]:
    """What positions among ``extent`` elements are counted in: int32, or int64 where that does not hold them."""
    return INT32 if extent < 1 << 31 else INT64


def require_counted(extent: int, dtype: np.dtype[Any]) -> None:
    """Refuse to count ``extent`` elements in an integral ``dtype`` of 32 bits or more that does not hold them.

    Narrower ones begin anew, as in MXNet: nobody who wants positions counts in them.
    """
    if dtype.kind in "iu" and dtype.itemsize > 2 and extent > np.iinfo(dtype).max + 1:
        bits = 8 * dtype.itemsize - (dtype.kind == "i")
        raise OperatorError(f"Size of tensor you are trying to allocate is larger than 2^{bits} elements: {extent}")


def finfo(dtype: np.dtype[Any]) -> Any:
    """``numpy.finfo``, of bfloat16 too."""
    if is_bfloat16(dtype):
        import ml_dtypes  # noqa: PLC0415 - a third party, loaded when wanted

        described: Any = ml_dtypes.finfo
        return described(dtype)
    return np.finfo(dtype)


def as_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """The NumPy dtype that ``dtype`` stands for: a name, a NumPy class, dtype or code, ``int``, ``float``, None.

    ``"bfloat16"``, ``ml_dtypes.bfloat16``, ``jax.numpy.bfloat16`` and MXNet's structure of it are bfloat16.

    Raises as MXNet does: ``TypeError`` for what is no dtype, ``KeyError`` for one that MXNet has no code for.

    >>> as_dtype("float16"), as_dtype(int)
    (dtype('float16'), dtype('int64'))
    """
    try:
        return _BY_KEY[dtype]
    except (KeyError, TypeError):
        if isinstance(dtype, str) and dtype == "bfloat16":
            return bfloat16()
        if isinstance(dtype, int):
            raise TypeError(f"{dtype} is no dtype; the extents of a shape are one argument, as in (2, 3)") from None
        made = np.dtype(dtype)
    if made.name == "bfloat16" or made == _MXNETS_BFLOAT16:
        return bfloat16()
    if made.type not in _BY_KEY:
        raise KeyError(made.type)
    return _BY_KEY[made.type]


class _ContextClass(type):
    """The class of ``Context``, which has the default context for an attribute."""

    @property
    def default_ctx(cls) -> Context:
        """The default context of this thread. Deprecated (``DeprecationWarning``): ``current_context()`` gives it."""
        _deprecated_default()
        return default_context()

    @default_ctx.setter
    def default_ctx(cls, context: Context) -> None:
        _deprecated_default()
        if not isinstance(context, Context):
            raise TypeError(f"the default context must be a Context, not {context!r}")
        _DEFAULTS.stack[-1] = context


def _deprecated_default() -> None:
    text = "Context.default_ctx has been deprecated: use current_context(), and `with` to set a default context."
    warn(text, DeprecationWarning, stacklevel=3)


class Context(metaclass=_ContextClass):
    """A device: ``Context("cpu", 0)`` prints as ``cpu(0)``. Interned, so equal contexts are identical.

    Also a context manager that makes the device the default for arrays created inside it. ``KeyError`` for a type of
    device that there is not.

    >>> import lazynd
    >>> with lazynd.Context("cpu", 1):
    ...     print(lazynd.nd.ones((2,)).context, lazynd.current_context() is lazynd.cpu(1))
    cpu(1) True
    """

    __slots__ = ("__weakref__", "device_id", "device_type")
    device_type: str
    device_id: int
    _interned: ClassVar[dict[tuple[str, int], Context]] = {}
    #: MXNet's numbers of types of devices.
    devstr2type: ClassVar[dict[str, int]] = {"cpu": 1, "gpu": 2, "cpu_pinned": 3, "cpu_shared": 5}
    devtype2str: ClassVar[dict[int, str]] = {number: name for name, number in devstr2type.items()}

    def __new__(cls, device_type: str | Context = "cpu", device_id: int = 0) -> Context:
        if isinstance(device_type, Context):
            return device_type
        if device_type not in cls.devstr2type:
            raise KeyError(device_type)
        key = (device_type, int(device_id))
        found = cls._interned.get(key)
        if found is None:
            made = super().__new__(cls)
            made.device_type, made.device_id = key
            found = cls._interned.setdefault(key, made)
        return found

    @property
    def device_typeid(self) -> int:
        """MXNet's number of the device type: 1 for cpu, 2 for gpu."""
        return self.devstr2type[self.device_type]

    @property
    def device(self) -> tuple[str, int]:
        """The physical device: every ``cpu(i)``, pinned and shared memory is the one host."""
        return ("gpu", self.device_id) if self.device_type == "gpu" else ("cpu", 0)

    def __enter__(self) -> Context:
        _DEFAULTS.stack.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _DEFAULTS.stack.pop()

    def __repr__(self) -> str:
        return f"{self.device_type}({self.device_id})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Context, (self.device_type, self.device_id)


CPU: Final = Context("cpu", 0)


class _Defaults(threading.local):
    """The contexts of the ``with`` blocks that a thread is in, the outermost one first."""

    def __init__(self) -> None:
        self.stack: list[Context] = [CPU]


_DEFAULTS: Final = _Defaults()


def default_context() -> Context:
    """The context of arrays that this thread makes without saying where.

    >>> with Context("cpu", 3):
    ...     default_context()
    cpu(3)
    """
    return _DEFAULTS.stack[-1]


#: No array has so many bytes: whoever computes with sizes and positions may do so in 64 bits.
MOST_BYTES: Final = 1 << 63


class Type:
    """Shape, dtype and context of a value. Interned: two equal types are one object, compared with ``is``."""

    __slots__ = ("__weakref__", "context", "dtype", "nbytes", "shape", "size")
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    context: Context
    size: int
    nbytes: int
    _interned: ClassVar[Interning[tuple[Any, ...], Type]] = Interning(2048)
    _recent: ClassVar[dict[tuple[Any, ...], Type]] = _interned.recent

    def __new__(cls, shape: tuple[int, ...], dtype: np.dtype[Any], context: Context = CPU) -> Type:
        key = (shape, dtype, context)
        found = cls._recent.get(key)
        if found is None:
            found = cls._interned.find(key) or cls._make(*key)
        return found

    @classmethod
    def _make(cls, shape: tuple[int, ...], dtype: np.dtype[Any], context: Context) -> Type:
        made = super().__new__(cls)
        # NumPy's integers are equal to Python's, and would be what everyone sees from now on.
        made.shape, made.dtype, made.context = key = (tuple(map(int, shape)), dtype, context)
        if any(n < 0 for n in made.shape):
            raise OperatorError(f"shape {list(made.shape)} has a negative extent")
        made.size = math.prod(made.shape)
        made.nbytes = made.size * dtype.itemsize
        if math.prod(n or 1 for n in made.shape) * dtype.itemsize >= MOST_BYTES:  # also beside an extent of 0
            raise OperatorError(
                f"Size of tensor you are trying to allocate is larger than 2^63 bytes: {dtype.name}{list(made.shape)}"
            )
        return cls._interned.one(key, made)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def with_shape(self, shape: tuple[int, ...]) -> Type:
        return Type(shape, self.dtype, self.context)

    def with_dtype(self, dtype: np.dtype[Any]) -> Type:
        return Type(self.shape, dtype, self.context)

    def with_context(self, context: Context) -> Type:
        return Type(self.shape, self.dtype, context)

    def __repr__(self) -> str:
        where = "" if self.context is CPU else f"@{self.context}"
        return f"{self.dtype.name}[{','.join(map(str, self.shape))}]{where}"

    def __reduce__(self) -> tuple[Any, ...]:
        return Type, (self.shape, self.dtype, self.context)


def require(condition: bool, message: str) -> None:
    """Refuse a call from inside an operator or a type rule."""
    if not condition:
        raise OperatorError(message)


def require_floats(type: Type) -> None:
    """Refuse what has no floats."""
    require(is_floating(type.dtype), f"This operation only support floating point types, not {type.dtype}")


def normalize_axis(axis: int, ndim: int) -> int:
    """``axis`` counted from the front, checked against ``ndim``."""
    require(-ndim <= axis < ndim, f"axis {axis} exceeds the input dimension of {ndim}")
    return axis + ndim if axis < 0 else axis


def distinct_axes(axes: int | Iterable[int], ndim: int) -> tuple[int, ...]:
    """``axes`` counted from the front, each checked against ``ndim`` and named once."""
    given = (axes,) if isinstance(axes, int) else tuple(axes)
    made = tuple(normalize_axis(axis, ndim) for axis in given)
    require(len(set(made)) == len(made), f"axes {given} name one of {ndim} dimensions twice")
    return made
