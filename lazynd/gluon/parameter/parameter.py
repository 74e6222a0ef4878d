"""Parameters of blocks: arrays on one or several contexts, with gradients, initialised at once or at the first call."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from typing import Any, Final
from warnings import warn

import numpy as np

from ... import autograd, context, initializer, nd
from ...context import Context, current_context
from ...nd import NDArray
from ...nd.deferred import aside
from .awaited import DeferredInitializationError, Shape, awaited, shape_is_known

_REQUESTS: Final = ("write", "add", "null")
_STORAGE: Final = ("default", "row_sparse", "csr")
_FOR_TRAINER: Final = (
    "Note that you should initialize parameters and create Trainer with Block.collect_params() instead of "
    "Block.params because the later does not include Parameters of nested child Blocks"
)


def _contexts(ctx: Context | Sequence[Context] | None) -> list[Context]:
    if ctx is None:
        return [current_context()]
    return [ctx] if isinstance(ctx, Context) else list(ctx)


def _copy(data: NDArray, ctx: Context) -> NDArray:
    made = data.copyto(ctx)
    assert isinstance(made, NDArray)
    return made


class Parameter:
    """An array that a block learns, on one context or a copy on each of several, with its gradients.

    ``grad_req``: "write", "add" or "null". ``shape``: extents, 0 for those that are learned from the first call if
    ``allow_deferred_init``. ``dtype``: float32. ``lr_mult``, ``wd_mult``: factors for ``Trainer``. ``init``: an
    initializer, or its name. ``differentiable``: False for what no gradient reaches. ``stype``, ``grad_stype``: the
    storage type "default", "row_sparse" or "csr"; all are stored dense.

    >>> from lazynd import gluon
    >>> weight = gluon.Parameter("weight", shape=(2, 3), init="ones")
    >>> weight.initialize()
    >>> weight.data().shape, weight.grad().asnumpy().sum(), weight.list_ctx()
    ((2, 3), np.float32(0.0), [cpu(0)])
    """

    def __init__(
        self,
        name: str,
        grad_req: str = "write",
        shape: Any = None,
        dtype: Any = np.float32,
        lr_mult: float = 1.0,
        wd_mult: float = 1.0,
        init: Any = None,
        allow_deferred_init: bool = False,
        differentiable: bool = True,
        stype: str = "default",
        grad_stype: str = "default",
    ) -> None:
        #: The block that it is a parameter of, as a path, once that was called.
        self._scope = ""
        for label, kind in (("stype", stype), ("grad_stype", grad_stype)):
            if kind not in _STORAGE:
                raise AssertionError(
                    f"{label} for Parameter '{name}' must be one of 'default', 'row_sparse', or 'csr', but got '{kind}'"
                )
        self.name = name
        self._data: list[NDArray] | None = None
        self._grad: list[NDArray] | None = None
        self._ctx_list: list[Context] | None = None
        #: The arrays by context, and by None if there is only one.
        self._by_context: dict[Context | None, NDArray] = {}
        self._trainer: Any = None
        self._deferred_init: tuple[Any, ...] = ()
        self._differentiable = differentiable
        self._allow_deferred_init = allow_deferred_init
        self._grad_req = "null"
        self._shape: Shape | None = (shape,) if isinstance(shape, int) else None if shape is None else tuple(shape)
        self._dtype = dtype
        self.lr_mult = lr_mult
        self.wd_mult = wd_mult
        self.init = init
        self._stype = stype
        self._grad_stype = grad_stype
        self._var: Any = None
        self.grad_req = grad_req

    def __repr__(self) -> str:
        return f"{type(self).__name__} {self.name} (shape={self.shape}, dtype={self.dtype})"

    # ------------------------------------------------------------------------------------ what it is

    @property
    def grad_req(self) -> str:
        """What happens to the gradient of a backward pass: it is written, added, or ("null") not computed.

        >>> from lazynd import gluon
        >>> weight = gluon.Parameter("weight", shape=(2,))
        >>> weight.initialize()
        >>> weight.grad_req = "null"
        >>> weight.grad()
        Traceback (most recent call last):
        ...
        RuntimeError: Cannot get gradient array for Parameter 'weight' because grad_req='null'
        """
        return self._grad_req

    @grad_req.setter
    def grad_req(self, req: str) -> None:
        if req not in _REQUESTS:
            raise AssertionError(f"grad_req must be one of 'write', 'add', or 'null', but got '{req}'")
        if not self._differentiable:
            req = "null"
        if self._grad_req == req:
            return
        self._grad_req = req
        if self._data is not None:
            self._attach()

    @property
    def dtype(self) -> Any:
        """The dtype of the values; setting it converts them.

        >>> from lazynd import gluon
        >>> gluon.Parameter("weight", shape=(2,), dtype="float16").dtype
        'float16'
        """
        return self._dtype

    @dtype.setter
    def dtype(self, dtype: Any) -> None:
        self.cast(dtype)

    @property
    def shape(self) -> Shape | None:
        """The extents, 0 for those that are not known; None if nothing is. Setting it fills in those that were not.

        >>> from lazynd import gluon
        >>> weight = gluon.Parameter("weight", shape=(2, 0))
        >>> weight.shape = (2, 5)
        >>> weight.shape
        (2, 5)
        """
        return self._shape

    @shape.setter
    def shape(self, new_shape: Any) -> None:
        if new_shape is None:
            raise ValueError("the new shape must not be None")
        new = tuple(new_shape)
        old = self._shape
        if old is not None:
            fits = len(old) == len(new) and all(a in (0, -1, b) for a, b in zip(old, new, strict=True))
            if not fits:
                raise AssertionError(f"Expected shape {new} is incompatible with given shape {old}.")
        self._shape = new

    def _set_trainer(self, trainer: Any) -> None:
        """Remember the trainer that updates this parameter, which it asks before its values are set."""
        if self._stype != "default" and self._trainer and trainer and self._trainer is not trainer:
            raise RuntimeError(
                f"Failed to set the trainer for Parameter '{self.name}' because it was already set. "
                f"More than one trainers for a {self._stype} Parameter is not supported."
            )
        self._trainer = trainer

    def __watched__(self) -> Iterator[tuple[dict[str, Any], str]]:
        """What compiled calls depend on: the arrays, which are other ones after another initialisation."""
        yield self.__dict__, "_data"

    # ------------------------------------------------------------------------------------ initialisation

    def initialize(
        self,
        init: Any = None,
        ctx: Any = None,
        default_init: Any = initializer.Uniform(),  # noqa: B008 - MXNet's default, which has no state
        force_reinit: bool = False,
    ) -> None:
        """Give it values on each of ``ctx`` (a context or a list, the current one by default), and gradients.

        ``init`` counts if given, then the parameter's own, then ``default_init``. If its shape is not known that
        waits for the first call, or (``ValueError``) it may not wait. What has values keeps them, with a warning, but
        for ``force_reinit``.

        >>> from lazynd import gluon
        >>> weight = gluon.Parameter("weight", shape=(2,))
        >>> weight.initialize("ones")
        >>> weight.data().asnumpy()
        array([1., 1.], dtype=float32)
        """
        if self._data is not None and not force_reinit:
            warn(
                f"Parameter '{self.name}' is already initialized, ignoring. Set force_reinit=True to re-initialize.",
                stacklevel=2,
            )
            return
        if init is None:
            init = default_init if self.init is None else self.init
        if not shape_is_known(self._shape) and not self._allow_deferred_init:
            raise ValueError(f"Cannot initialize Parameter '{self.name}' because it has invalid shape: {self._shape}.")
        self._forget()
        self._deferred_init = (init, _contexts(ctx), default_init, None)
        if shape_is_known(self._shape):
            self._finish_deferred_init()

    def _forget(self) -> None:
        self._data = self._grad = self._ctx_list = None
        self._by_context = {}

    def _finish_deferred_init(self) -> None:
        """Make the values that ``initialize`` or ``set_data`` asked for, now that the shape is known."""
        if not self._deferred_init:
            return
        init, contexts, default_init, data = self._deferred_init
        if not shape_is_known(self._shape):
            raise AssertionError(
                f"Cannot initialize Parameter '{self.name}' because it has invalid shape: {self._shape}. "
                "Please specify in_units, in_channels, etc for `Block`s."
            )
        with aside():
            if data is None:
                data = nd.zeros(self._shape or (), dtype=self._dtype, ctx=context.cpu())
                described = initializer.InitDesc(self.name, {"__init__": init})
                initializer.create(default_init)(described, data)
            self._hold(data, contexts)
        self._deferred_init = ()

    def _hold(self, data: NDArray, contexts: Sequence[Context]) -> None:
        """Take copies of ``data`` on ``contexts`` as values."""
        self._ctx_list = list(contexts)
        self._data = [_copy(data, each) for each in contexts]
        self._by_context = dict(zip(contexts, self._data, strict=True))
        if len(self._data) == 1:
            self._by_context[None] = self._data[0]
        self._attach()

    def _attach(self) -> None:
        """Gradients for the values, as ``grad_req`` wants."""
        assert self._data is not None
        wanted = self._grad_req != "null"
        if wanted or self._grad is not None:
            with aside():
                for each in self._data:
                    each.attach_grad(self._grad_req)
        self._grad = [each.grad for each in self._data] if wanted else None

    def _check_loaded(self, data: NDArray, ctx: Any, cast_dtype: bool = False) -> None:
        """Refuse the values of a file that do not fit: ``AssertionError``."""
        shape = self._shape
        if shape is not None and not (
            len(shape) == len(data.shape) and all(a in (0, -1, b) for a, b in zip(shape, data.shape, strict=True))
        ):
            raise AssertionError(
                f"Failed loading Parameter '{self.name}' from saved params: "
                f"shape incompatible expected {shape} vs saved {data.shape}"
            )
        if not cast_dtype and self._dtype is not None and np.dtype(self._dtype) != np.dtype(data.dtype):
            raise AssertionError(
                f"Failed loading Parameter '{self.name}' from saved params: dtype incompatible expected "
                f"{self._dtype} vs saved {data.dtype}. Set cast_dtype=True to cast the dtype of saved params."
            )
        if ctx is not None and (self._data is not None or self._deferred_init):
            contexts, held = _contexts(ctx), self.list_ctx()
            if set(contexts) != set(held):
                raise AssertionError(
                    f"Failed to load Parameter '{self.name}' on {contexts} because it was previous initialized on "
                    f"{held}."
                )

    def _load_init(self, data: NDArray, ctx: Any, cast_dtype: bool = False, dtype_source: str = "current") -> None:
        """Take the values of a file, on ``ctx`` if there were none."""
        if cast_dtype and dtype_source not in ("current", "saved"):
            raise AssertionError(f"dtype_source must be 'current' or 'saved', but got {dtype_source!r}")
        self._check_loaded(data, ctx, cast_dtype)
        if cast_dtype and dtype_source == "current" and self._dtype is not None:
            data = data.astype(self._dtype, copy=False)
        self._shape = data.shape
        if cast_dtype and dtype_source == "saved":
            self._dtype = data.dtype
        if self._data is not None and self._data[0].dtype == data.dtype:
            self.set_data(data)
            return
        held = self._data is not None or self._deferred_init
        with aside():
            self._hold(data, self.list_ctx() if held else [context.cpu()] if ctx is None else _contexts(ctx))
        self._deferred_init = ()

    def set_data(self, data: NDArray) -> None:
        """Write ``data`` into the values on every context; before the first call it waits until then.

        >>> from lazynd import gluon, nd
        >>> weight = gluon.Parameter("weight", shape=(2,))
        >>> weight.initialize()
        >>> weight.set_data(nd.array([1, 2]))
        >>> weight.data().asnumpy()
        array([1., 2.], dtype=float32)
        """
        self.shape = data.shape
        if self._data is None:
            if not self._deferred_init:
                raise AssertionError(f"Parameter '{self.name}' has not been initialized")
            self._deferred_init = (*self._deferred_init[:3], data)
            return
        # Values that the trainer keeps on its own have to be made from these.
        trainer = self._trainer
        if trainer and trainer._kv_initialized and trainer._update_on_kvstore and self not in trainer._params_to_init:
            trainer._reset_kvstore()
        for each in self._data:
            each[:] = data

    def reset_ctx(self, ctx: Any) -> None:
        """Move the values, or where they will be made, to ``ctx``, a context or a list. ``ValueError`` for none yet.

        >>> import lazynd
        >>> weight = lazynd.gluon.Parameter("weight", shape=(2,))
        >>> weight.initialize()
        >>> weight.reset_ctx([lazynd.cpu(0), lazynd.cpu(1)])
        >>> [each.context for each in weight.list_data()]
        [cpu(0), cpu(1)]
        """
        if self._data is not None:
            with aside():
                self._hold(self._reduce(), _contexts(ctx))
        elif self._deferred_init:
            init, _, default_init, data = self._deferred_init
            self._deferred_init = (init, _contexts(ctx), default_init, data)
        else:
            raise ValueError(f"Cannot reset context for Parameter '{self.name}' because it has not been initialized.")

    def cast(self, dtype: Any) -> None:
        """Convert values and gradients to ``dtype``.

        >>> from lazynd import gluon
        >>> weight = gluon.Parameter("weight", shape=(2,))
        >>> weight.initialize()
        >>> weight.cast("float16")
        >>> weight.data().dtype
        <class 'numpy.float16'>
        """
        self._dtype = dtype
        self._var = None
        if self._data is not None:
            with aside():
                self._hold(self._reduce().astype(dtype), self._contexts())

    def _reduce(self) -> NDArray:
        """The mean of the values on all contexts, on the host."""
        copies = [each.as_in_context(context.cpu()) for each in self.list_data()]
        return copies[0] if len(copies) == 1 else nd.add_n(*copies) / len(copies)

    def _contexts(self) -> list[Context]:
        assert self._ctx_list is not None
        return self._ctx_list

    # ------------------------------------------------------------------------------------ values and gradients

    def data(self, ctx: Context | None = None) -> NDArray:
        """The values on ``ctx``: the only ones, or those on the current context, by default.

        ``RuntimeError`` where there are none, ``DeferredInitializationError`` if the first call makes them.

        >>> import lazynd
        >>> weight = lazynd.gluon.Parameter("weight", shape=(2,), init="ones")
        >>> weight.initialize(ctx=[lazynd.cpu(0), lazynd.cpu(1)])
        >>> weight.data(lazynd.cpu(1))
        <BLANKLINE>
        [1. 1.]
        <NDArray 2 @cpu(1)>
        """
        found = self._by_context.get(ctx)
        return found if found is not None else self._of(self._data, ctx)

    def _of(self, arrays: list[NDArray] | None, ctx: Context | None) -> NDArray:
        """The one of ``arrays`` on ``ctx``."""
        self._require(arrays)
        if ctx is None and len(self._contexts()) == 1:
            return arrays[0]  # type: ignore[index]  # required
        wanted = current_context() if ctx is None else ctx
        for each, array in zip(self._contexts(), arrays or (), strict=True):
            # Pinned and shared memory are the host's.
            if (each.device_typeid & 1, each.device_id) == (wanted.device_typeid & 1, wanted.device_id):
                return array
        raise RuntimeError(
            f"Parameter '{self.name}' was not initialized on context {wanted}. "
            f"It was only initialized on {self._ctx_list}."
        )

    def _require(self, arrays: list[NDArray] | None) -> None:
        if arrays is not None:
            return
        if self._deferred_init:
            raise DeferredInitializationError(
                f"Parameter '{self.name}' has not been initialized yet because initialization was deferred. Actual "
                "initialization happens during the first forward pass. Please pass one batch of data through the "
                "network before accessing Parameters. You can also avoid deferred initialization by specifying "
                "in_units, num_features, etc., for network layers."
            )
        raise RuntimeError(f"Parameter '{self.name}' has not been initialized. {_FOR_TRAINER}")

    def list_data(self) -> list[NDArray]:
        """The values on each context.

        >>> import lazynd
        >>> weight = lazynd.gluon.Parameter("weight", shape=(2,))
        >>> weight.initialize(ctx=[lazynd.cpu(0), lazynd.cpu(1)])
        >>> [each.context for each in weight.list_data()]
        [cpu(0), cpu(1)]
        """
        self._require(self._data)
        return list(self._data or ())

    def grad(self, ctx: Context | None = None) -> NDArray:
        """The gradient on ``ctx``, as ``data`` gives the values; ``RuntimeError`` if ``grad_req`` is "null".

        >>> from lazynd import autograd, gluon
        >>> weight = gluon.Parameter("weight", shape=(2,), init="ones")
        >>> weight.initialize()
        >>> with autograd.record():
        ...     loss = (weight.data() * 3).sum()
        >>> loss.backward()
        >>> weight.grad().asnumpy()
        array([3., 3.], dtype=float32)
        """
        self._require_gradients()
        return self._of(self._grad, ctx)

    def _require_gradients(self) -> None:
        if self._data is not None and self._grad is None:
            raise RuntimeError(f"Cannot get gradient array for Parameter '{self.name}' because grad_req='null'")
        self._require(self._grad)

    def list_grad(self) -> list[NDArray]:
        """The gradients on each context, as ``list_data`` gives the values.

        >>> from lazynd import gluon
        >>> weight = gluon.Parameter("weight", shape=(2,))
        >>> weight.initialize()
        >>> [each.shape for each in weight.list_grad()]
        [(2,)]
        """
        self._require_gradients()
        return list(self._grad or ())

    def list_ctx(self) -> list[Context]:
        """The contexts that it is on, or will be.

        >>> import lazynd
        >>> weight = lazynd.gluon.Parameter("weight", shape=(0,), allow_deferred_init=True)
        >>> weight.initialize(ctx=lazynd.cpu(1))
        >>> weight.list_ctx()
        [cpu(1)]
        """
        if self._data is not None:
            return self._contexts()
        if self._deferred_init:
            found: list[Context] = self._deferred_init[1]
            return found
        raise RuntimeError(f"Parameter '{self.name}' has not been initialized")

    def zero_grad(self) -> None:
        """Set the gradients to zero, where there are any.

        >>> from lazynd import gluon
        >>> weight = gluon.Parameter("weight", shape=(2,))
        >>> weight.initialize()
        >>> weight.zero_grad()
        """
        for each in self._grad or ():
            each[:] = 0

    def row_sparse_data(self, row_id: NDArray) -> NDArray:
        """The values at the rows ``row_id`` of a parameter whose ``stype`` is "row_sparse": all, since all are stored.

        ``RuntimeError`` for another ``stype``.

        >>> from lazynd import gluon, nd
        >>> weight = gluon.Parameter("weight", shape=(2, 3), stype="row_sparse")
        >>> weight.initialize()
        >>> weight.row_sparse_data(nd.array([0])).shape
        (2, 3)
        """
        if self._stype != "row_sparse":
            raise RuntimeError(
                f"Cannot return a copy of Parameter {self.name} via row_sparse_data() because its storage type is "
                f"{self._stype}. Please use data() instead."
            )
        return self.data(row_id.context)

    def list_row_sparse_data(self, row_id: NDArray) -> list[NDArray]:
        """``row_sparse_data`` on each context.

        >>> from lazynd import gluon, nd
        >>> weight = gluon.Parameter("weight", shape=(2, 3), stype="row_sparse")
        >>> weight.initialize()
        >>> len(weight.list_row_sparse_data(nd.array([0])))
        1
        """
        if self._stype != "row_sparse":
            raise RuntimeError(
                f"Cannot return copies of Parameter '{self.name}' on all contexts via list_row_sparse_data() because "
                f"its storage type is {self._stype}. Please use data() instead."
            )
        return self.list_data()

    def var(self) -> Any:
        """The symbol of this name, with its shape, dtype and factors."""
        if self._var is None:
            self._var = importlib.import_module("lazynd.sym").var(
                self.name,
                shape=self.shape,
                dtype=self.dtype,
                lr_mult=self.lr_mult,
                wd_mult=self.wd_mult,
                init=self.init,
                stype=self._stype,
            )
        return self._var

    # ------------------------------------------------------------------------------------ the first call

    def _awaited(self, ctx: Context, owner: str) -> NDArray:
        """The values on ``ctx``, or what becomes them in the first call of the block ``owner``."""
        if self._data is None and self._deferred_init:
            if not shape_is_known(self._shape):
                return awaited(self, ctx, owner)
            self._finish_deferred_init()
        return self.data(ctx)

    # ------------------------------------------------------------------------------------ copies

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_by_context": {}, "_grad": self._grad, "_trainer": None, "_var": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self._data is not None:
            self._by_context = dict(zip(self._contexts(), self._data, strict=True))
            if len(self._data) == 1:
                self._by_context[None] = self._data[0]
            if self._grad is not None:
                autograd.mark_variables(self._data, self._grad, self._grad_req)
