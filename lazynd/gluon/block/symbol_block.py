"""``SymbolBlock``: a block of symbols that were composed before."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ... import sym
from ...nd import NDArray
from ...reference import absent
from ..parameter import Parameter, ParameterDict
from .hybrid import HybridBlock

__all__ = ["SymbolBlock"]


class SymbolBlock(HybridBlock):
    """A block that computes ``outputs``, a symbol or a list, from ``inputs``, variables among its arguments.

    The other arguments are parameters, and auxiliary states are parameters without gradients. They are taken from
    ``params``, a ``ParameterDict``, by name; those that are not there are made, and learn their shapes in the first
    call. ``AssertionError`` for an input that is no variable.

    >>> from lazynd import gluon, nd, sym
    >>> hidden = sym.FullyConnected(sym.var("data"), num_hidden=4, name="hidden")
    >>> net = gluon.SymbolBlock(sym.relu(hidden), sym.var("data"))
    >>> list(net.collect_params())
    ['hidden_weight', 'hidden_bias']
    >>> net.initialize()
    >>> net(nd.ones((2, 3))).shape
    (2, 4)
    """

    def __init__(self, outputs: Any, inputs: Any, params: ParameterDict | None = None) -> None:
        super().__init__(prefix=None, params=None)
        self._prefix = ""
        self._params = ParameterDict("", params)
        given = [inputs] if isinstance(inputs, sym.Symbol) else list(inputs)
        self._single = isinstance(outputs, sym.Symbol) and len(outputs) == 1
        self._outputs = outputs if isinstance(outputs, sym.Symbol) else sym.Group(list(outputs))
        for each in given:
            if len(each) != 1 or each.get_children() is not None:
                raise AssertionError(f"Input symbols must be variable, but {each} is an output of operators")
        self._inputs = [str(each.name) for each in given]
        self._make_parameters()

    def _make_parameters(self) -> None:
        states = set(self._outputs.list_auxiliary_states())
        for name in (*self._outputs.list_arguments(), *self._outputs.list_auxiliary_states()):
            if name not in self._inputs:
                req = {"grad_req": "null"} if name in states else {}
                self._params.get(name, allow_deferred_init=True, **req)
        names = list(self._params)
        # Names in files leave out what all begin with: characters, not folders.
        start = len(os.path.commonprefix(names))  # noqa: RUF071 - these are no paths
        self._reg_params = {name[start:]: self._params[name] for name in names}

    @staticmethod
    def imports(
        symbol_file: str,
        input_names: Any,
        param_file: str | None = None,
        ctx: Any = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
    ) -> SymbolBlock:
        """A block from MXNet's files of a symbol and of parameters: not built yet."""
        raise absent("gluon.SymbolBlock", "imports")

    def reset_ctx(self, ctx: Any) -> None:
        """Move all parameters to a context, or have copies on several.

        >>> import lazynd
        >>> from lazynd import gluon, sym
        >>> x = sym.var("x")
        >>> dense = gluon.SymbolBlock(sym.FullyConnected(x, num_hidden=2, name="fc", no_bias=True), x)
        >>> dense.initialize()
        >>> dense(lazynd.nd.ones((1, 3))).shape
        (1, 2)
        >>> dense.reset_ctx(lazynd.cpu(1))
        >>> dense.collect_params()["fc_weight"].list_ctx()
        [cpu(1)]
        """
        self.collect_params().reset_ctx(ctx)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(\n{self._outputs!r} : {len(self._inputs)} -> {len(self._outputs)}\n)"

    def forward(self, x: Any, *args: Any) -> Any:
        """The outputs on arrays, or on symbols, by the order of the inputs.

        >>> from lazynd import gluon, nd, sym
        >>> double = gluon.SymbolBlock(sym.var("x") * 2, sym.var("x"))
        >>> double(nd.ones((1, 2))).asnumpy()
        array([[2., 2.]], dtype=float32)
        """
        if 1 + len(args) != len(self._inputs):
            raise ValueError(f"the inputs are {', '.join(self._inputs)}, but {1 + len(args)} were given")
        given = dict(zip(self._inputs, (x, *args), strict=True))
        if not isinstance(x, NDArray):
            composed = self._outputs(**given)
            return composed if self._single else list(composed)
        ctx = x.context
        with ctx:
            arrays = {**given, **self._arrays(ctx, given)}
            found = sym.evaluate(self._outputs, arrays)
        return found[0] if self._single else found

    def _arrays(self, ctx: Any, given: dict[str, NDArray]) -> dict[str, NDArray]:
        """The parameters by name; in the first call their shapes are learned."""
        waiting: Sequence[Parameter] = [each for each in self._params.values() if each._deferred_init]
        if waiting:
            known = {name: each.shape for name, each in given.items()}
            known |= {each.name: each.shape for each in self._params.values() if each.shape}
            arguments, _, states = self._outputs.infer_shape(**known)
            if arguments is not None:
                names = (*self._outputs.list_arguments(), *self._outputs.list_auxiliary_states())
                shapes = dict(zip(names, (*arguments, *states), strict=True))
                for each in waiting:
                    each.shape = shapes[each.name]
            for each in waiting:
                each._finish_deferred_init()
        return {name: each.data(ctx) for name, each in self._params.items()}

    def cast(self, dtype: Any) -> None:
        """As ``Block.cast``, but for parameters that operators take in another dtype: those of BatchNorm in float16.

        >>> from lazynd import gluon, sym
        >>> net = gluon.SymbolBlock(sym.BatchNorm(sym.var("x"), name="norm"), sym.var("x"))
        >>> net.cast("float16")
        >>> net.params["norm_gamma"].dtype
        <class 'numpy.float32'>
        """
        super().cast(dtype)
        arguments, _, states = self._outputs.infer_type(**dict.fromkeys(self._inputs, dtype))
        names = (*self._outputs.list_arguments(), *self._outputs.list_auxiliary_states())
        for name, found in zip(names, (*(arguments or ()), *(states or ())), strict=False):
            if name in self._params:
                self._params[name].cast(found)

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        """A block of symbols has none: ``NotImplementedError``.

        >>> from lazynd import gluon, nd, sym
        >>> block = gluon.SymbolBlock(sym.var("x") * 2, sym.var("x"))
        >>> block.hybrid_forward(nd, nd.ones(1))
        Traceback (most recent call last):
        ...
        NotImplementedError: a SymbolBlock is called, it has no hybrid_forward
        """
        raise NotImplementedError("a SymbolBlock is called, it has no hybrid_forward")
