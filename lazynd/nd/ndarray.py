"""``NDArray``: a handle on a storage cell, with MXNet's rules of arithmetic, indexing, views and printing."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from sys import _getframe
from typing import Any, Final
from warnings import warn

import numpy as np

from .. import runtime
from ..ir.errors import MXNetError
from ..ir.memo import Recent
from ..ir.specialization import Specialization
from ..ir.types import BOOL, INT64, Context, Type, as_dtype
from ..ops import OPERATORS, Operator, find
from ..ops.shape import resolve_reshape
from ..reference import absent, has, unknown
from ..runtime.record.cell import Detached, Variable
from ..runtime.tell.location import calling_frame
from ..runtime.thread import LOCAL
from ..speed import MODULE
from . import array_function, indexing
from .handle import index_of
from .invoke import SCALAR_CALLS, bind_scalar, gathered, invoke, method_of
from .np_shape import has_scalar
from .refusal import check_request, refuse, reports
from .state import Stateful

#: Classes of the whole numbers that are used as an index.
_INTEGERS: Final = frozenset((int, *np.signedinteger.__subclasses__(), *np.unsignedinteger.__subclasses__()))


class NDArray(Stateful):
    """An n-dimensional array of one dtype on one device.

    Operations on it are recorded and run together when a value is needed: by ``asnumpy``, ``asscalar``, printing,
    ``float`` or ``bool`` (``len`` needs none). Operators are methods too: ``x.exp()`` is ``nd.exp(x)``.

    >>> from lazynd import nd
    >>> x = nd.array([[1, 2], [3, 4]])
    >>> (x * 2).sum().asscalar()
    np.float32(20.0)
    """

    __slots__ = ("__weakref__", "_awaited")
    __array_priority__ = 1000.0
    #: Of an array whose shape is not known yet, what makes it; see ``deferred``.
    _awaited: Any

    @property
    def T(self) -> NDArray:
        """The array with its dimensions in reverse order: a copy, or the array itself if it has less than two.

        >>> from lazynd import nd
        >>> nd.zeros((2, 3)).T.shape
        (3, 2)
        """
        if len(self.shape) < 2:
            return self
        return method_of(OPERATORS["transpose"], self, _getframe(1))

    @property
    def grad(self) -> Any:
        """A handle on the gradient buffer (an ``NDArray``), None before ``attach_grad``.

        >>> from lazynd import nd
        >>> x = nd.ones((2,))
        >>> x.grad is None
        True
        >>> x.attach_grad()
        >>> x.grad.asnumpy()
        array([0., 0.], dtype=float32)
        """
        variable = self._cell.variable
        return None if variable is None or variable.grad is None else NDArray(variable.grad)

    @property
    def _fresh_grad(self) -> bool:
        """Whether a backward pass has written the gradient since this was set to False, as ``Trainer`` does.

        >>> from lazynd import autograd, nd
        >>> x = nd.ones(1)
        >>> x.attach_grad()
        >>> with autograd.record():
        ...     y = x * 2
        >>> y.backward()
        >>> x._fresh_grad
        True
        """
        variable = LOCAL.state.recorder.at(self._cell).variable
        return variable is not None and variable.fresh

    @_fresh_grad.setter
    def _fresh_grad(self, state: bool) -> None:
        variable = LOCAL.state.recorder.at(self._cell).variable
        if variable is None:
            raise MXNetError("NDArray has not been marked as a variable and does not have gradient state")
        variable.fresh = bool(state)

    def __array_function__(self, func: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        return array_function.call(func, args, kwargs)

    def __iter__(self) -> Iterator[NDArray]:
        for i in range(len(self)):
            yield self[i]

    __hash__ = object.__hash__

    # ------------------------------------------------------------------------------------------ arithmetic

    def __add__(self, other: Any) -> NDArray:
        return _binary("broadcast_add", "_plus_scalar", self, other, _getframe(1))

    __radd__ = __add__

    def __sub__(self, other: Any) -> NDArray:
        return _binary("broadcast_sub", "_minus_scalar", self, other, _getframe(1))

    def __rsub__(self, other: Any) -> NDArray:
        return _scalar("_rminus_scalar", self, other, _getframe(1))

    def __mul__(self, other: Any) -> NDArray:
        return _binary("broadcast_mul", "_mul_scalar", self, other, _getframe(1))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> NDArray:
        return _binary("broadcast_div", "_div_scalar", self, other, _getframe(1))

    def __rtruediv__(self, other: Any) -> NDArray:
        return _scalar("_rdiv_scalar", self, other, _getframe(1))

    def __mod__(self, other: Any) -> NDArray:
        return _binary("broadcast_mod", "_mod_scalar", self, other, _getframe(1))

    def __rmod__(self, other: Any) -> NDArray:
        return _scalar("_rmod_scalar", self, other, _getframe(1))

    def __pow__(self, other: Any) -> NDArray:
        return _binary("broadcast_power", "_power_scalar", self, other, _getframe(1))

    def __rpow__(self, other: Any) -> NDArray:
        return _scalar("_rpower_scalar", self, other, _getframe(1))

    def __matmul__(self, other: Any) -> NDArray:
        if not isinstance(other, NDArray):
            return NotImplemented
        name = "batch_dot" if self.ndim > 2 else "dot"
        return NDArray(invoke(OPERATORS[name], (self._cell, other._cell), (), _getframe(1))[0])

    def __neg__(self) -> NDArray:
        if self._cell.type.dtype == BOOL:
            return _scalar("_mul_scalar", self, -1, _getframe(1))
        return method_of(OPERATORS["negative"], self, _getframe(1))

    def __abs__(self) -> NDArray:
        return method_of(OPERATORS["abs"], self, _getframe(1))

    def __eq__(self, other: object) -> Any:
        return _binary("broadcast_equal", "_equal_scalar", self, other, _getframe(1))

    def __ne__(self, other: object) -> Any:
        return _binary("broadcast_not_equal", "_not_equal_scalar", self, other, _getframe(1))

    def __lt__(self, other: Any) -> NDArray:
        return _binary("broadcast_lesser", "_lesser_scalar", self, other, _getframe(1))

    def __le__(self, other: Any) -> NDArray:
        return _binary("broadcast_lesser_equal", "_lesser_equal_scalar", self, other, _getframe(1))

    def __gt__(self, other: Any) -> NDArray:
        return _binary("broadcast_greater", "_greater_scalar", self, other, _getframe(1))

    def __ge__(self, other: Any) -> NDArray:
        return _binary("broadcast_greater_equal", "_greater_equal_scalar", self, other, _getframe(1))

    def __iadd__(self, other: Any) -> NDArray:
        return self._assign(_binary("broadcast_add", "_plus_scalar", self, other, _getframe(1)))

    def __isub__(self, other: Any) -> NDArray:
        return self._assign(_binary("broadcast_sub", "_minus_scalar", self, other, _getframe(1)))

    def __imul__(self, other: Any) -> NDArray:
        return self._assign(_binary("broadcast_mul", "_mul_scalar", self, other, _getframe(1)))

    def __itruediv__(self, other: Any) -> NDArray:
        return self._assign(_binary("broadcast_div", "_div_scalar", self, other, _getframe(1)))

    def __imod__(self, other: Any) -> NDArray:
        return self._assign(_binary("broadcast_mod", "_mod_scalar", self, other, _getframe(1)))

    @reports("in-place")
    def _assign(self, result: NDArray) -> NDArray:
        """Write ``result`` into this array's storage."""
        cell = self._cell
        recorder = LOCAL.state.recorder
        recorder.guard_write(cell)
        if result._cell.type is not cell.type:
            raise MXNetError(f"the result {result._cell.type} does not fit the array {cell.type} it is written to")
        if recorder.traces or result._cell.history is not None:
            recorder.guard_value(result._cell)
        recorder.move(cell, result._cell)
        return self

    # ------------------------------------------------------------------------------------------ indexing, views

    def __getitem__(self, key: Any) -> NDArray:
        kind = key.__class__
        if kind is int or kind in _INTEGERS:
            row = indexing.row(self._cell, key if kind is int else int(key))
            if row is not None:
                return NDArray(row)
        return self._item(key)

    @reports("getitem")
    def _item(self, key: Any) -> NDArray:
        if (key.__class__ is slice and key == slice(None)) or (key.__class__ is tuple and not key):
            return self
        return NDArray(indexing.read(self._cell, index_of(key)))

    @reports("setitem")
    def __setitem__(self, key: Any, value: Any) -> None:
        indexing.write(self._cell, index_of(key), value._cell if isinstance(value, NDArray) else value)

    @reports("reshape")
    def reshape(self, *shape: Any, **kwargs: Any) -> NDArray:
        """A view with another shape of as many elements (else ``MXNetError``): extents, or MXNet's codes.

        0 keeps an extent, -1 infers one, -2 keeps all that are left, -3 joins two, -4 splits one into the two that
        follow; ``reverse`` reads the codes from the right.

        >>> from lazynd import nd
        >>> x = nd.zeros((2, 3, 4))
        >>> x.reshape((0, -1)).shape, x.reshape((-3, 0)).shape, x.reshape((-4, 1, 2, -2)).shape
        ((2, 12), (6, 4), (1, 2, 3, 4))
        """
        if len(shape) == 1 and isinstance(shape[0], tuple | list):
            target: Sequence[int] = tuple(shape[0])
        elif not shape:
            target = kwargs.get("shape")  # type: ignore[assignment]  # refused at once
            if target is None:
                raise AssertionError("Shape must be provided.")
            if isinstance(target, int):
                target = (target,)
        else:
            target = shape
        unknown = sorted(kwargs.keys() - {"shape", "reverse"})
        if unknown:
            raise TypeError(
                f"Got unknown keywords in reshape: {', '.join(unknown)}. "
                "Accepted keyword arguments are 'shape' and 'reverse'."
            )
        target = tuple(operator.index(n) for n in target)
        if len(target) == 0 and self.size != 1:
            raise ValueError(f"Cannot reshape array of size {self.size} into shape ()")
        if target and min(target) > 0 and math.prod(target) < self.size:
            raise ValueError(f"Cannot reshape array of size {self.size} into shape {target}")
        made = resolve_reshape(self.shape, target, bool(kwargs.get("reverse", False)))
        return NDArray(indexing.reshape_view(self._cell, made))

    @reports("expand_dims")
    def expand_dims(self, axis: int, inplace: bool = False) -> NDArray:
        """A copy with a dimension of length 1 at ``axis``, or a view of the same memory if ``inplace``.

        >>> from lazynd import nd
        >>> nd.zeros((2, 3)).expand_dims(1).shape
        (2, 1, 3)
        """
        return self._moved(method_of(OPERATORS["expand_dims"], self, calling_frame(), axis), inplace)

    @reports("squeeze")
    def squeeze(self, axis: int | Sequence[int] | None = None, inplace: bool = False) -> NDArray:
        """A copy without the dimensions ``axis`` of length 1, all such by default; a view if ``inplace``.

        ``MXNetError`` where one of ``axis`` has another length.

        >>> from lazynd import nd
        >>> nd.zeros((2, 1, 3)).squeeze().shape
        (2, 3)
        """
        return self._moved(method_of(OPERATORS["squeeze"], self, calling_frame(), axis), inplace)

    @reports("flatten")
    def flatten(self, inplace: bool = False) -> NDArray:
        """A copy with all dimensions but the first joined into one, or a view of the same memory if ``inplace``.

        >>> from lazynd import nd
        >>> nd.zeros((2, 3, 4)).flatten().shape
        (2, 12)
        """
        return self._moved(method_of(OPERATORS["Flatten"], self, calling_frame()), inplace)

    @reports("broadcast_like")
    def broadcast_like(self, other: NDArray) -> NDArray:
        """The array broadcast to the shape of ``other``, as by ``broadcast_to``. ``ValueError`` where it does not fit.

        >>> from lazynd import nd
        >>> nd.ones((1, 3)).broadcast_like(nd.zeros((2, 3))).shape
        (2, 3)
        """
        if not isinstance(other, NDArray):
            raise AssertionError(f"Argument other must have NDArray type, but got {other}")
        return self.broadcast_to(other.shape)

    @reports("split_v2")
    def split_v2(
        self, indices_or_sections: int | tuple[int, ...], axis: int = 0, squeeze_axis: bool = False
    ) -> NDArray | list[NDArray]:
        """Parts along ``axis``: ``nd.split_v2`` of the array.

        >>> from lazynd import nd
        >>> [part.shape for part in nd.zeros((6, 2)).split_v2(3)]
        [(2, 2), (2, 2), (2, 2)]
        """
        made = [NDArray(cell) for cell in indexing.parts(self._cell, indices_or_sections, axis, squeeze_axis)]
        return made if len(made) > 1 else made[0]

    def _moved(self, copy: NDArray, inplace: bool) -> NDArray:
        """``copy``, or a view of this array with its shape."""
        return NDArray(indexing.reshape_view(self._cell, copy.shape)) if inplace else copy

    @reports("broadcast_to")
    def broadcast_to(self, shape: Sequence[int]) -> NDArray:
        """Axes of length 1 repeated, and axes put in front, up to ``shape``. ``ValueError`` where they do not fit.

        >>> from lazynd import nd
        >>> nd.array([1, 2, 3]).broadcast_to((2, 3)).asnumpy()
        array([[1., 2., 3.],
               [1., 2., 3.]], dtype=float32)
        """
        target = tuple(shape)
        extra = len(target) - self.ndim
        if extra < 0 or any(n not in (1, m) for n, m in zip(self.shape, target[extra:], strict=True)):
            text = "operands could not be broadcast together with remapped shapes[original->remapped]"
            raise ValueError(f"{text}: {self.shape} and requested shape {target}")
        wide = self.reshape((1,) * extra + self.shape) if extra else self
        return method_of(OPERATORS["broadcast_to"], wide, calling_frame(), target)

    def detach(self) -> NDArray:
        """A handle on the same memory, read without history: to the tape it is a constant.

        >>> from lazynd import autograd, nd
        >>> x = nd.array([3.0])
        >>> x.attach_grad()
        >>> with autograd.record():
        ...     y = x.detach() * x
        >>> y.backward()
        >>> x.grad.asscalar()
        np.float32(3.0)
        """
        return NDArray(Detached(self._cell))

    def copy(self) -> NDArray:
        """A copy on the same device: writing to one does not change the other.

        >>> from lazynd import nd
        >>> x = nd.zeros((2,))
        >>> y = x.copy()
        >>> y[:] = 1
        >>> x.asnumpy()
        array([0., 0.], dtype=float32)
        """
        return method_of(OPERATORS["_copy"], self, _getframe(1))

    @reports("astype")
    def astype(self, dtype: Any, copy: bool = True) -> NDArray:
        """The array cast to ``dtype``, towards zero; itself if that is its dtype and not ``copy``.

        >>> from lazynd import nd
        >>> nd.array([1.7, -1.7]).astype("int32").asnumpy()
        array([ 1, -1], dtype=int32)
        """
        wanted = as_dtype(dtype)
        if wanted == self._cell.type.dtype and not copy:
            return self
        return method_of(OPERATORS["Cast"], self, calling_frame(), wanted)

    @reports("copyto")
    def copyto(self, other: NDArray | Context) -> NDArray | bool:
        """Copy into ``other``: an array of the same shape, which is written, or a context, where one is made.

        Cast to the dtype of ``other``. ``MXNetError`` where the shapes differ, ``TypeError`` for anything else. Returns
        what was written or made; False, with a warning, where ``other`` is the array itself.

        >>> from lazynd import nd
        >>> y = nd.zeros((3,), dtype="int32")
        >>> nd.array([1.5, 2, 3]).copyto(y).asnumpy()
        array([1, 2, 3], dtype=int32)
        """
        if isinstance(other, Context):
            return type(self)(runtime.copy_to(self._cell, other))
        if not isinstance(other, NDArray):
            raise TypeError(f"copyto does not support type {type(other)}")
        if other is self:
            warn("You are attempting to copy an array to itself", RuntimeWarning, stacklevel=3)
            return False
        if other.shape != self.shape:
            raise MXNetError(f"Incompatible attr in node  at 0-th output: expected {self.shape}, got {other.shape}")
        indexing.write(other._cell, slice(None), self.as_in_context(other.context)._cell)
        return other

    @reports("slice_assign")
    def slice_assign(self, rhs: NDArray, begin: Any, end: Any, step: Any) -> NDArray:
        """Put ``rhs``, of their shape, in place of the elements ``begin`` to ``end``, ``step`` apart; gives the array.

        >>> from lazynd import nd
        >>> nd.zeros(4).slice_assign(nd.array([5, 6]), (1,), (3,), (1,)).asnumpy()
        array([0., 5., 6., 0.], dtype=float32)
        """
        made = invoke(OPERATORS["_slice_assign"], (self._cell, rhs._cell), (begin, end, step), calling_frame())
        return self._assign(NDArray(made[0]))

    @reports("slice_assign_scalar")
    def slice_assign_scalar(self, value: float, begin: Any, end: Any, step: Any) -> NDArray:
        """Put a number in their place: see ``slice_assign``.

        >>> from lazynd import nd
        >>> nd.zeros(4).slice_assign_scalar(5, (None,), (None,), (2,)).asnumpy()
        array([5., 0., 5., 0.], dtype=float32)
        """
        made = invoke(OPERATORS["_slice_assign_scalar"], (self._cell,), (value, begin, end, step), calling_frame())
        return self._assign(NDArray(made[0]))

    @reports("as_in_context")
    def as_in_context(self, context: Context) -> NDArray:
        """The array on ``context`` (else ``TypeError``): itself if it is there, else a copy; also ``as_in_ctx``.

        >>> import lazynd
        >>> x = lazynd.nd.ones((2,))
        >>> x.as_in_context(lazynd.cpu(0)) is x
        True
        """
        if not isinstance(context, Context):
            raise TypeError(f"copyto does not support type {type(context)}")
        return self if context is self.context else type(self)(runtime.copy_to(self._cell, context))

    as_in_ctx = as_in_context

    def as_nd_ndarray(self) -> NDArray:
        """A handle on the same memory with this class's rules: itself here.

        >>> from lazynd import nd
        >>> type(nd.ones((2,)).as_np_ndarray().as_nd_ndarray()) is nd.NDArray
        True
        """
        return self

    def as_np_ndarray(self) -> Any:
        """A handle on the same memory with NumPy's rules: a ``lazynd.np.ndarray``.

        >>> from lazynd import nd
        >>> nd.ones((2,)).as_np_ndarray()
        array([1., 1.])
        """
        return _NUMPY_CLASS[0](self._cell)

    @reports("tostype")
    def tostype(self, stype: str) -> NDArray:
        """The array as ``stype``: "default", "csr" (two dimensions, else ``MXNetError``) or "row_sparse"; stored dense.

        >>> from lazynd import nd
        >>> nd.array([[0, 5], [0, 0]]).tostype("csr").indices.asnumpy()
        array([1])
        """
        wanted = _STYPES.get(stype)
        if wanted is None:
            raise MXNetError(f"Invalid Input: {stype!r}, valid values are: {', '.join(_STYPES)}")
        if stype == "csr" and self.ndim != 2:
            raise MXNetError(f"[cast_storage] csr needs two dimensions, the array is {self._cell.type}")
        return wanted(self._cell if stype == self.stype else self.copy()._cell)

    # ------------------------------------------------------------------------------------------ autograd

    @reports("attach_grad")
    def attach_grad(self, grad_req: str = "write", stype: str | None = None) -> None:
        """Make the array a variable, with a gradient buffer of zeros; its history is cut.

        ``grad_req``: "write" overwrites the gradient on each backward pass, "add" adds, "null" keeps none (else
        ``KeyError``).

        >>> from lazynd import autograd, nd
        >>> x = nd.array([1.0, 2.0])
        >>> x.attach_grad("add")
        >>> for _ in range(2):
        ...     with autograd.record():
        ...         y = x * x
        ...     y.backward()
        >>> x.grad.asnumpy()
        array([4., 8.], dtype=float32)
        """
        check_request("attach_grad", grad_req, (self,))
        cell = self._cell
        LOCAL.state.recorder.new_variable(cell, "attach_grad")
        with runtime.not_recording():
            buffer = runtime.filled(cell.type, 0)
        cell.history = None
        cell.variable = Variable(buffer, grad_req)

    @reports("backward")
    def backward(self, out_grad: NDArray | None = None, retain_graph: bool = False, train_mode: bool = True) -> None:
        """Add the graph of the gradients of this array with respect to the variables it depends on. Runs nothing.

        ``out_grad``: this array's own gradient, of its shape and dtype; ones by default. ``retain_graph``: keep the
        graph, to differentiate it again. ``MXNetError`` where the array was not recorded.

        >>> from lazynd import autograd, nd
        >>> x = nd.array([1.0, 2.0])
        >>> x.attach_grad()
        >>> with autograd.record():
        ...     y = x * x
        >>> y.backward(nd.array([1, 10]))
        >>> x.grad.asnumpy()
        array([ 2., 40.], dtype=float32)
        """
        heads = None if out_grad is None else [out_grad._cell]
        runtime.backward([self._cell], heads, retain_graph)

    def __getattr__(self, name: str) -> Any:
        if name != "_cell" and self._cell is None:
            raise ValueError(f"this {type(self).__name__} has no value: __setstate__ gives it one")
        operator = None if name.startswith("_") else find(name)
        if operator is not None and operator.method:  # declared since lazynd was imported
            _ADD_METHODS[0](operator)
            return getattr(self, name)
        for place in ("nd.NDArray", f"nd.sparse.{type(self).__name__}"):
            if has(place, name):
                raise absent(place, name)
        raise unknown(self, "'NDArray' object", name)

    def __dir__(self) -> list[str]:
        methods = {n for o in OPERATORS.values() if o.method for n in o.names if not n.startswith("_")}
        return sorted({*object.__dir__(self), *methods})

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.asnumpy(), self.context, type(self))

    def __copy__(self) -> NDArray:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> NDArray:
        return self.copy()


@reports("unpickle")
def _rebuild(values: np.ndarray[Any, Any], context: Context, kind: type[NDArray]) -> NDArray:
    return kind(runtime.data(Type(values.shape, values.dtype, runtime.existing(context)), values))


#: Calls with two arrays, by operator and types.
BINARY_CALLS: Final[Recent[tuple[str, Type, Type], Specialization]] = Recent(320)
_bound: Final = BINARY_CALLS.now


def binary_in_python(name: str, scalar_name: str, a: NDArray, b: Any, frame: Any) -> NDArray:
    """An operator of two arrays, or of an array and a number."""
    if not isinstance(b, NDArray):
        return _scalar(scalar_name, a, b, frame)
    left, right = a._cell, b._cell
    key = (name, left.type, right.type)
    spec = _bound.get(key)
    if spec is None:
        spec = BINARY_CALLS.older(key)
    if spec is None:
        types = key[1:]
        if left.type.context is not right.type.context and left.type.context.device == right.type.context.device:
            return binary_in_python(name, scalar_name, a, NDArray(gathered((left, right))[1]), frame)
        with refuse(name, types, frame):
            scalar = has_scalar(name, types)
            spec = OPERATORS[name].bind(types, {})[0]
        if not scalar:
            BINARY_CALLS.put(key, spec)
    made = NDArray.__new__(NDArray)
    made._cell = LOCAL.state.recorder.apply(spec, (left, right), (), frame.f_code, frame.f_lasti)
    return made


def scalar_in_python(name: str, a: NDArray, b: Any, frame: Any) -> NDArray:
    """An operator of an array and a number."""
    cell = a._cell
    if cell.type.dtype == BOOL:  # a number makes integers of truth values
        cell = method_of(OPERATORS["Cast"], a, frame, INT64)._cell
    spec, scalars = bind_scalar(name, cell.type, b, frame)
    made = NDArray.__new__(NDArray)
    made._cell = LOCAL.state.recorder.apply(spec, (cell,), scalars, frame.f_code, frame.f_lasti)
    return made


def _quickest() -> tuple[Callable[..., NDArray], Callable[..., NDArray]]:
    if MODULE is None:
        return binary_in_python, scalar_in_python
    MODULE.prepare_binary(NDArray, LOCAL, _bound, binary_in_python, SCALAR_CALLS.now, scalar_in_python)
    return MODULE.binary, MODULE.scalar


#: The two of the C module, if it is there, which ask those above for all but the plain case.
_QUICKEST: Final = _quickest()
_binary: Callable[[str, str, NDArray, Any, Any], NDArray] = _QUICKEST[0]
_scalar: Callable[[str, NDArray, Any, Any], NDArray] = _QUICKEST[1]
array_function.RESULT.append(NDArray)
#: Set by ``generate``, which needs this class: ``add_methods``.
_ADD_METHODS: list[Callable[[Operator], None]] = []
#: Set by ``lazynd.np``: its class.
_NUMPY_CLASS: list[Any] = []
#: Storage types by name, set by ``sparse``.
_STYPES: dict[str, type[NDArray]] = {}
