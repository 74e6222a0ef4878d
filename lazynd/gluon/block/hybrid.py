"""``HybridBlock``: a block that computes with arrays or symbols, and whose calls can be compiled."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from sys import _getframe
from typing import Any
from warnings import warn

from ... import autograd, initializer, nd
from ...compiled import Compiled
from ...context import Context
from ...nd import NDArray
from ...stages import LOCAL, OURS
from ..parameter import Parameter
from .base import Block
from .places import placed

_NO_ARRAY = "In HybridBlock, there must be one NDArray or one Symbol in the input. Please check the type of the args.\n"
_MIXED = (
    "In HybridBlock, we do not support mixed NDArrays and Symbols types for the input. Please check the type of the "
    "args.\n"
)


class HybridBlock(Block):
    """A block that computes in ``hybrid_forward(F, x, ..., parameter=...)``, with the operators of ``F``.

    ``F`` is ``nd`` where it is called with arrays, and the parameters that are attributes come as arrays, by name.
    Their shapes, where they are not known, are learned in the first call.

    >>> from lazynd import gluon, nd
    >>> class Scale(gluon.HybridBlock):
    ...     def __init__(self, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.factor = self.params.get("factor", shape=(1,), init="ones")
    ...     def hybrid_forward(self, F, x, factor):
    ...         return F.broadcast_mul(x, factor)
    >>> layer = Scale()
    >>> layer.initialize()
    >>> layer(nd.array([1, 2])).asnumpy()
    array([1., 2.], dtype=float32)
    """

    def __init__(self, prefix: str | None = None, params: Any = None) -> None:
        super().__init__(prefix=prefix, params=params)
        self._active = False
        self._flags: dict[str, Any] = {}
        #: The compiled form of calls, made when it is first needed.
        self._compiled: Callable[..., Any] | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if isinstance(value, HybridBlock | Parameter):
            self._clear_cached_op()

    def register_child(self, block: Block, name: str | None = None) -> None:
        """As ``Block.register_child``, of hybrid blocks alone (else ``ValueError``).

        >>> from lazynd import gluon
        >>> gluon.HybridBlock().register_child(gluon.nn.Dense(2))
        """
        if not isinstance(block, HybridBlock):
            raise ValueError(
                f"Children of HybridBlock must also be HybridBlock, but {block} has type {type(block)}. If you are "
                "using Sequential, please try HybridSequential instead."
            )
        super().register_child(block, name)
        self._clear_cached_op()

    def _clear_cached_op(self) -> None:
        """Forget the compiled form of calls: what they compute has changed."""
        self.__dict__["_compiled"] = None

    # ------------------------------------------------------------------------------------ compiling

    def hybridize(
        self,
        active: bool = True,
        backend: str | None = None,
        clear: bool = True,
        static_alloc: bool = False,
        static_shape: bool = False,
        inline_limit: int = 2,
        forward_bulk_size: int | None = None,
        backward_bulk_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Compile the calls of this block and of those inside, or no more if not ``active``.

        The other arguments are MXNet's hints to its memory planner, and are kept without effect.

        >>> from lazynd import gluon, nd
        >>> net = gluon.nn.Dense(2)
        >>> net.initialize()
        >>> net.hybridize()
        >>> net(nd.ones((1, 3))).shape
        (1, 2)
        """
        self._active = active
        self._flags = {
            "static_alloc": static_alloc, "static_shape": static_shape, "inline_limit": inline_limit,
            **({} if backend is None else {"backend": backend}),
            **({} if forward_bulk_size is None else {"forward_bulk_size": forward_bulk_size}),
            **({} if backward_bulk_size is None else {"backward_bulk_size": backward_bulk_size}),
            **kwargs,
        }  # fmt: skip
        if clear:
            self._clear_cached_op()
        if active and (self._forward_hooks or self._forward_pre_hooks):
            warn(
                f'HybridBlock {self} is hybridized while still having forward hook/pre-hook. If "{self}" is a child of '
                "HybridBlock, the hooks will not take effect.",
                stacklevel=2,
            )
        super().hybridize(
            active,
            static_alloc=static_alloc,
            static_shape=static_shape,
            inline_limit=inline_limit,
            forward_bulk_size=forward_bulk_size,
            backward_bulk_size=backward_bulk_size,
            **kwargs,
        )

    def optimize_for(
        self,
        x: Any,
        *args: Any,
        backend: str | None = None,
        clear: bool = False,
        static_alloc: bool = False,
        static_shape: bool = False,
        inline_limit: int = 2,
        forward_bulk_size: int | None = None,
        backward_bulk_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Hybridize, and call once with these arrays. There are no backends to choose from: ``ValueError`` for one.

        >>> from lazynd import gluon, nd
        >>> net = gluon.nn.Dense(2)
        >>> net.initialize()
        >>> net.optimize_for(nd.ones((1, 3)))
        """
        if backend is not None:
            raise ValueError(f"there is no backend {backend!r}: calls are compiled by the one of lazynd.config.backend")
        self.hybridize(
            True, backend, clear, static_alloc, static_shape, inline_limit, forward_bulk_size, backward_bulk_size
        )
        self(x, *args)

    def cast(self, dtype: Any) -> None:
        """As ``Block.cast``; calls are compiled anew.

        >>> from lazynd import gluon
        >>> gluon.nn.Dense(2).cast("float64")
        """
        self._clear_cached_op()
        super().cast(dtype)

    # ------------------------------------------------------------------------------------ calls

    def __call__(self, *args: Any) -> Any:
        for hook in self._forward_pre_hooks.values():
            hook(self, args)
        recorder = LOCAL.state.recorder
        outer, caller, frame = recorder.within, recorder.caller, _getframe(1)
        if not OURS[frame.f_code.co_filename]:
            recorder.caller = frame.f_code, frame.f_lasti
        recorder.within = inner = self._places.get(outer) or placed(self, outer)
        recorder.scope = inner.path
        try:
            out = self._call_hybridized(*args) if self._active else self.forward(*args)
        finally:
            recorder.within, recorder.scope, recorder.caller = outer, outer.path, caller
        for hook in self._forward_hooks.values():
            hook(self, args, out)
        return out

    def _call_hybridized(self, *args: Any) -> Any:
        """A call while ``hybridize`` is on: the one place that says whether the compiled form is called."""
        alone = len(args) == 1 and args[0].__class__ is NDArray  # the usual call: nothing to look for
        if not alone and not isinstance(_first(args), NDArray):
            return self.forward(*args)
        compiled = self._compiled
        if compiled is None:
            if not self._known():
                return self.forward(*args)  # shapes are learned, and parameters initialised, once
            compiled = self.__dict__["_compiled"] = Compiled(self.forward, self._name, blind=True)
        return compiled(*args)

    def _known(self) -> bool:
        """Whether all parameters have their values, or will never have any."""
        return not any(each._deferred_init for each in self.collect_params().values())

    def forward(self, x: Any, *args: Any) -> Any:
        """Call ``hybrid_forward`` with ``nd`` or ``sym``, whichever the inputs are of, and the parameters.

        >>> from lazynd import gluon, nd
        >>> gluon.nn.Flatten().forward(nd.ones((2, 3, 4))).shape
        (2, 12)
        """
        first = x
        if not isinstance(x, NDArray):
            first = _first((x, *args))
            if not isinstance(first, NDArray):
                return self._forward_symbols(first, x, args)
        ctx = first.context
        with ctx:
            # What ``data`` gives, without a call of it where the values are there: this is the hot path.
            params = {}
            for name, each in self._reg_params.items():
                found = each._by_context.get(ctx)
                if found is None:
                    params = self._first_arrays(ctx, x, args)
                    break
                params[name] = found
            return self.hybrid_forward(nd, x, *args, **params)

    def _first_arrays(self, ctx: Context, x: Any, args: tuple[Any, ...]) -> dict[str, NDArray]:
        """The parameters by name where some have no values yet; see ``Parameter._awaited``."""
        if any(each._data is None and each._deferred_init for each in self._reg_params.values()):
            self._learn_shapes(x, *args)
        owner = f"{type(self).__name__} {self._name!r}"
        return {name: each._awaited(ctx, owner) for name, each in self._reg_params.items()}

    def _learn_shapes(self, x: Any, *args: Any) -> None:
        """Set the shapes of parameters that the operators in ``hybrid_forward`` do not say, from arrays of a call."""

    def infer_shape(self, *args: Any) -> None:
        """Learn the shapes of all parameters, from arrays like those of calls, whose values do not matter.

        Nothing is computed. Parameters that wait for their shapes are initialised.

        >>> from lazynd import gluon, nd
        >>> layer = gluon.nn.Dense(2)
        >>> layer.infer_shape(nd.ones((4, 3)))
        >>> layer.weight.shape
        (2, 3)
        """
        bare = [each for each in self.collect_params().values() if each._data is None and not each._deferred_init]
        contexts = [_first(args).context]
        try:
            for each in bare:  # for the while of the call
                each._deferred_init = ("zeros", contexts, initializer.Zero(), None)
            with autograd.pause():
                self.forward(*args)
        finally:
            for each in bare:
                each._forget()
                each._deferred_init = ()

    def _forward_symbols(self, first: Any, x: Any, args: tuple[Any, ...]) -> Any:
        params = {name: each.var() for name, each in self._reg_params.items()}
        with self.name_scope():
            return self.hybrid_forward(sys.modules["lazynd.sym"], x, *args, **params)

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        """What the block computes: to be written in a subclass.

        >>> from lazynd import gluon, nd
        >>> gluon.HybridBlock()(nd.ones(1))
        Traceback (most recent call last):
        ...
        NotImplementedError: HybridBlock has no hybrid_forward: write one in the subclass
        """
        raise NotImplementedError(f"{type(self).__name__} has no hybrid_forward: write one in the subclass")


def _first(values: tuple[Any, ...]) -> Any:
    """The first array or symbol in nested lists; ``ValueError`` if there is none, or some of both."""
    symbol = getattr(sys.modules.get("lazynd.sym"), "Symbol", ())
    first = None
    for each in _leaves(values):
        if isinstance(each, NDArray) or (symbol and isinstance(each, symbol)):
            if first is None:
                first = each
            elif isinstance(first, NDArray) is not isinstance(each, NDArray):
                raise ValueError(_MIXED)
    if first is None:
        raise ValueError(_NO_ARRAY)
    return first


def _leaves(values: Any) -> Iterator[Any]:
    for each in values:
        if isinstance(each, list | tuple):
            yield from _leaves(each)
        else:
            yield each
