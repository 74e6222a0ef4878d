"""``Block``: a part of a net, with parameters of its own and other blocks inside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from os import PathLike
from sys import _getframe
from typing import Any, ClassVar
from warnings import warn

from ... import initializer
from ...reference import absent, has, unknown
from ...stages import LOCAL, OURS
from ..hooks import HookHandle
from ..parameter import Parameter, ParameterDict
from . import files
from .children import Children
from .naming import BlockScope, names_of
from .places import Places, placed
from .summary import Summary, as_html


class Block:
    """The base of all layers and nets: subclass it, make parameters and blocks in ``__init__``, compute in ``forward``.

    Blocks and parameters that become attributes are registered. ``prefix``: what the names of parameters begin with,
    the class and a number by default. ``params``: parameters to share, those of another block.

    >>> from lazynd import gluon, nd
    >>> class Net(gluon.Block):
    ...     def __init__(self, **kwargs):
    ...         super().__init__(**kwargs)
    ...         with self.name_scope():
    ...             self.hidden = gluon.nn.Dense(4, activation="relu")
    ...             self.output = gluon.nn.Dense(2)
    ...     def forward(self, x):
    ...         return self.output(self.hidden(x))
    >>> net = Net(prefix="net_")
    >>> net.initialize()
    >>> net(nd.ones((3, 5))).shape
    (3, 2)
    >>> list(net.collect_params())
    ['net_dense0_weight', 'net_dense0_bias', 'net_dense1_weight', 'net_dense1_bias']
    """

    #: Attributes that a call asks for and that people change afterwards.
    _asked: ClassVar[tuple[str, ...]] = ()
    #: Whether calls may lead to blocks inside that there are not yet.
    _nests: ClassVar[bool] = True
    _children: Children
    _reg_params: dict[str, Parameter]

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        self._empty_prefix = prefix == ""
        self._prefix, self._params = names_of(prefix, params, self._alias())
        self._name = self._prefix.removesuffix("_")
        self._scope = BlockScope(self)
        self._places = Places()
        self._children = Children()
        self._reg_params = {}
        self._forward_hooks: dict[int, Callable[..., Any]] = {}
        self._forward_pre_hooks: dict[int, Callable[..., Any]] = {}

    def __getattr__(self, name: str) -> Any:
        for place in ("gluon.HybridBlock", "gluon.Block"):
            if has(place, name):
                raise absent(place, name)
        raise unknown(self, f"'{type(self).__name__}' object", name)

    def __watched__(self) -> Iterator[tuple[dict[str, Any], str]]:
        """What compiled calls of it depend on: which blocks are inside, and the arrays that their parameters hold."""
        for block in self._blocks():
            if block._children or block._nests:
                yield vars(block._children), "version"
            for name in block._asked:
                yield block.__dict__, name
            for each in block._params.values():
                yield from each.__watched__()

    def __uses__(self) -> Iterator[Callable[..., Any]]:
        """The functions that calls of it lead to, of all blocks inside."""
        blocks: list[Block] = [self]
        while blocks:
            each = blocks.pop()
            yield each.forward
            if hasattr(type(each), "hybrid_forward"):
                yield each.hybrid_forward
            blocks += each._children.values()

    def _alias(self) -> str:
        """What blocks of this class are called."""
        return type(self).__name__.lower()

    def __repr__(self) -> str:
        blocks = [(name, each) for name, each in self.__dict__.items() if isinstance(each, Block)]
        return f"{type(self).__name__}(\n{listed(blocks)}\n)"

    def _repr_html_(self) -> str:
        return as_html(self)

    def __setattr__(self, name: str, value: Any) -> None:
        existing = self.__dict__.get(name)
        if isinstance(existing, Parameter | Block) and not isinstance(value, type(existing)):
            raise TypeError(f"Changing attribute type for {name} from {type(existing)} to {type(value)}is not allowed.")
        if isinstance(value, Block):
            self.register_child(value, name)
        elif isinstance(value, Parameter):
            if name in self._reg_params:
                raise AssertionError(
                    f"Overriding Parameter attribute {name} is not allowed. If you want to share parameters between "
                    "blocks, please set 'params' at Block construction instead."
                )
            self._reg_params[name] = value
        super().__setattr__(name, value)

    # ------------------------------------------------------------------------------------ names

    @property
    def prefix(self) -> str:
        """What the names of its parameters begin with.

        >>> from lazynd import gluon
        >>> gluon.nn.Dense(2, prefix="out_").prefix
        'out_'
        """
        return self._prefix

    @property
    def name(self) -> str:
        """The prefix without the last underscore.

        >>> from lazynd import gluon
        >>> gluon.nn.Dense(2, prefix="out_").name
        'out'
        """
        return self._name

    def name_scope(self) -> BlockScope:
        """In its ``with`` block, blocks and parameters get names that begin with this block's prefix.

        >>> from lazynd import gluon
        >>> net = gluon.nn.Sequential(prefix="net_")
        >>> with net.name_scope():
        ...     net.add(gluon.nn.Dense(2))
        >>> net[0].prefix
        'net_dense0_'
        """
        return self._scope

    @property
    def params(self) -> ParameterDict:
        """Its own parameters, without those of the blocks inside.

        >>> from lazynd import gluon
        >>> list(gluon.nn.Dense(2, prefix="out_").params)
        ['out_weight', 'out_bias']
        """
        return self._params

    def collect_params(self, select: str | None = None) -> ParameterDict:
        """Its parameters and those of all blocks inside: those whose names match the regular expression ``select``.

        >>> from lazynd import gluon
        >>> list(gluon.nn.Dense(2, prefix="out_").collect_params(".*weight"))
        ['out_weight']
        """
        self._warn_of_containers()
        pattern = None if select is None else re.compile(select)
        found = ParameterDict(self._params.prefix)
        for block in self._blocks():
            found.update(block._params if pattern is None else _matching(block._params, pattern))
        return found

    def _blocks(self) -> list[Block]:
        """This block and all inside, in the order of registration; one that is there twice is listed once."""
        found: dict[Block, None] = {}
        stack = [self]
        while stack:
            block = stack.pop()
            if block not in found:
                found[block] = None
                stack += reversed(block._children.values())
        return list(found)

    def _warn_of_containers(self) -> None:
        """Warn of blocks in lists and dictionaries, which nobody registered."""
        children = set(self._children.values())
        for name, value in self.__dict__.items():
            if isinstance(value, list | tuple | dict) and not name.startswith("__") and value is not self._children:
                held = value.values() if isinstance(value, dict) else value
                if any(_holds_foreign(each, children) for each in held):
                    warn(
                        f'"{type(self).__name__}.{name}" is an unregistered container with Blocks. Note that Blocks '
                        "inside the list, tuple or dict will not be registered automatically. Make sure to register "
                        "them using register_child() or switching to nn.Sequential/nn.HybridSequential instead. ",
                        stacklevel=3,
                    )

    def _collect_params_with_prefix(self, prefix: str = "") -> dict[str, Parameter]:
        """Parameters by their place in the structure: "0.weight", "output.bias"."""
        dot = f"{prefix}." if prefix else ""
        found = {dot + name: each for name, each in self._reg_params.items()}
        for name, child in self._children.items():
            found.update(child._collect_params_with_prefix(dot + name))
        return found

    # ------------------------------------------------------------------------------------ blocks inside

    def register_child(self, block: Block, name: str | None = None) -> None:
        """Count ``block`` among the blocks inside, as an attribute is; by its number if it has no ``name``.

        >>> from lazynd import gluon
        >>> net = gluon.Block()
        >>> net.register_child(gluon.nn.Dense(2), "output")
        >>> [name.split(".")[0] for name in net._collect_params_with_prefix()]
        ['output', 'output']
        """
        self._children[str(len(self._children)) if name is None else name] = block
        if isinstance(block, Block):  # functions may be among the transformations of a Compose
            block._places.clear()

    def apply(self, fn: Callable[[Block], Any]) -> Block:
        """Call ``fn`` with every block inside, then with this one, which is returned.

        >>> from lazynd import gluon
        >>> net = gluon.nn.Sequential(prefix="net_")
        >>> net.add(gluon.nn.Dense(2, prefix="out_"))
        >>> applied = net.apply(lambda block: print(block.name))
        out
        net
        """
        for child in self._children.values():
            child.apply(fn)
        fn(self)
        return self

    def initialize(
        self,
        init: Any = initializer.Uniform(),  # noqa: B008 - MXNet's default, which has no state
        ctx: Any = None,
        verbose: bool = False,
        force_reinit: bool = False,
    ) -> None:
        """Initialise all parameters, see ``Parameter.initialize``; those of unknown shape in the first call.

        ``init``: an initializer for those that have none of their own, uniform in [-0.07, 0.07] by default. ``ctx``: a
        context or a list. All initial values are computed by one program.

        >>> import lazynd
        >>> net = lazynd.gluon.nn.Dense(2, in_units=3)
        >>> net.initialize(lazynd.init.One(), ctx=lazynd.cpu(1))
        >>> net(lazynd.nd.ones((1, 3), ctx=lazynd.cpu(1))).asnumpy()
        array([[3., 3.]], dtype=float32)
        """
        self.collect_params().initialize(init, ctx, verbose, force_reinit)

    def hybridize(self, active: bool = True, **kwargs: Any) -> None:
        """Have the hybrid blocks inside compile their calls, see ``HybridBlock.hybridize``.

        >>> from lazynd import gluon
        >>> net = gluon.nn.HybridSequential()
        >>> net.add(gluon.nn.Dense(2))
        >>> net.hybridize()
        """
        for child in self._children.values():
            child.hybridize(active, **kwargs)

    def cast(self, dtype: Any) -> None:
        """Convert all parameters to ``dtype``; the data of calls must be converted by who calls.

        >>> from lazynd import gluon, nd
        >>> net = gluon.nn.Dense(2)
        >>> net.cast("float16")
        >>> net.initialize()
        >>> net(nd.ones((1, 3), dtype="float16")).dtype
        <class 'numpy.float16'>
        """
        for child in self._children.values():
            child.cast(dtype)
        for each in self._params.values():
            each.cast(dtype)

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
            out = self.forward(*args)
        finally:
            recorder.within, recorder.scope, recorder.caller = outer, outer.path, caller
        for hook in self._forward_hooks.values():
            hook(self, args, out)
        return out

    def forward(self, *args: Any) -> Any:
        """What the block computes: to be written in a subclass. Call the block itself instead.

        >>> from lazynd import gluon
        >>> gluon.Block().forward()
        Traceback (most recent call last):
        ...
        NotImplementedError: Block has no forward: write one in the subclass
        """
        raise NotImplementedError(f"{type(self).__name__} has no forward: write one in the subclass")

    def register_forward_pre_hook(self, hook: Callable[..., Any]) -> HookHandle:
        """Call ``hook(block, inputs)`` before each call.

        >>> from lazynd import gluon, nd
        >>> layer = gluon.nn.Flatten()
        >>> handle = layer.register_forward_pre_hook(lambda block, inputs: print(inputs[0].shape))
        >>> result = layer(nd.ones((2, 3, 4)))
        (2, 3, 4)
        """
        return _attached(self._forward_pre_hooks, hook)

    def register_forward_hook(self, hook: Callable[..., Any]) -> HookHandle:
        """Call ``hook(block, inputs, output)`` after each call.

        >>> from lazynd import gluon, nd
        >>> layer = gluon.nn.Flatten()
        >>> handle = layer.register_forward_hook(lambda block, inputs, output: print(output.shape))
        >>> result = layer(nd.ones((2, 3, 4)))
        (2, 12)
        """
        return _attached(self._forward_hooks, hook)

    def summary(self, *inputs: Any) -> None:
        """Print the blocks that a call with ``inputs`` calls, with their shapes and numbers of parameters.

        >>> from lazynd import gluon, nd
        >>> net = gluon.nn.Dense(2)
        >>> net.initialize()
        >>> net.summary(nd.ones((1, 3)))  # doctest: +ELLIPSIS
        --------------------------------------------------------------------------------
                Layer (type)                                Output Shape         Param #
        ================================================================================
                       Input                                      (1, 3)               0
                     Dense-1                                      (1, 2)               8
        ...
        """
        made = Summary(inputs)
        handles = []
        blocks: dict[Block, None] = {}
        self.apply(blocks.setdefault)
        for block in blocks:
            if getattr(block, "_active", False):
                raise AssertionError(f'"{block.name}" must not be hybridized to print summary.')
            if block._in_summary:
                handles.append(block.register_forward_hook(made.note))
        try:
            self(*inputs)
        finally:
            for handle in handles:
                handle.detach()
        made.show()

    #: Whether ``summary`` lists it; containers are not listed.
    _in_summary = True

    # ------------------------------------------------------------------------------------ files

    def save_parameters(self, filename: str | PathLike[str], deduplicate: bool = False) -> None:
        """Write the parameters to a file of MXNet's format, under their places in the structure: "0.weight".

        ``deduplicate``: write what is shared once. Values on several contexts are averaged.

        >>> from lazynd import gluon, nd
        >>> net = gluon.nn.Sequential()
        >>> net.add(gluon.nn.Dense(2, in_units=3))
        >>> net.initialize()
        >>> net.save_parameters("net.params")
        >>> list(nd.load("net.params"))
        ['0.weight', '0.bias']
        """
        files.save(self._collect_params_with_prefix(), filename, deduplicate)

    def load_parameters(
        self,
        filename: str | PathLike[str],
        ctx: Any = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        cast_dtype: bool = False,
        dtype_source: str = "current",
    ) -> None:
        """Take the parameters of a file that ``save_parameters`` wrote, here or in MXNet.

        ``ctx``: where they go, if the block is not initialised. ``allow_missing``: leave parameters that the file does
        not have (else ``AssertionError``). ``ignore_extra``: leave what the block does not have (else ``ValueError``).
        ``cast_dtype``: convert, to the parameter's dtype, or the parameter to the file's if ``dtype_source`` is
        "saved". If a value does not fit, none is taken.

        >>> from lazynd import gluon
        >>> net, other = gluon.nn.Dense(2, in_units=3), gluon.nn.Dense(2)
        >>> net.initialize()
        >>> net.save_parameters("one.params")
        >>> other.load_parameters("one.params")
        >>> other.weight.shape
        (2, 3)
        """
        files.load(self, filename, ctx, allow_missing, ignore_extra, cast_dtype, dtype_source)

    def save_params(self, filename: str | PathLike[str]) -> None:
        """Deprecated (``UserWarning``): names of parameters less the prefix. Use ``save_parameters``.

        >>> from lazynd import gluon
        >>> from warnings import catch_warnings
        >>> net = gluon.nn.Dense(2, in_units=3)
        >>> net.initialize()
        >>> with catch_warnings(action="ignore"):
        ...     net.save_params("old.params")
        """
        warn(
            "save_params is deprecated. Please use save_parameters. Note that if you want load from SymbolBlock later, "
            "please use export instead.",
            stacklevel=2,
        )
        self.collect_params().save(filename, strip_prefix=self.prefix)

    def load_params(
        self, filename: str | PathLike[str], ctx: Any = None, allow_missing: bool = False, ignore_extra: bool = False
    ) -> None:
        """Deprecated (``UserWarning``): ``load_parameters``.

        >>> from lazynd import gluon
        >>> from warnings import catch_warnings
        >>> net = gluon.nn.Dense(2, in_units=3)
        >>> net.initialize()
        >>> net.save_parameters("new.params")
        >>> with catch_warnings(action="ignore"):
        ...     net.load_params("new.params")
        """
        warn("load_params is deprecated. Please use load_parameters.", stacklevel=2)
        self.load_parameters(filename, ctx, allow_missing, ignore_extra)


def listed(blocks: Any) -> str:
    """Names and blocks, a line each, as blocks print them."""
    return "\n".join(f"  ({name}): {indented(repr(block))}" for name, block in blocks)


def indented(text: str, by: int = 2) -> str:
    """``text`` with its lines but the first indented."""
    return text.replace("\n", "\n" + " " * by)


def _matching(params: ParameterDict, pattern: re.Pattern[str]) -> ParameterDict:
    found = ParameterDict(params.prefix)
    found._params.update((name, each) for name, each in params.items() if pattern.match(name))
    return found


def _holds_foreign(value: Any, children: set[Block]) -> bool:
    """Whether there is a block in nested containers that is not among ``children``."""
    if isinstance(value, list | tuple):
        return any(_holds_foreign(each, children) for each in value)
    if isinstance(value, dict):
        return any(_holds_foreign(each, children) for each in value.values())
    return isinstance(value, Block) and value not in children


def _attached(hooks: dict[int, Any], hook: Callable[..., Any]) -> HookHandle:
    """A handle on ``hook``, which is put among the ``hooks`` of a block."""
    handle = HookHandle()
    handle.attach(hooks, hook)
    return handle
