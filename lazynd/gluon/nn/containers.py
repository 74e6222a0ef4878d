"""Blocks of blocks, one called after the other, and functions as blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from warnings import warn

from ... import nd
from ..block import Block, HybridBlock
from ..block.base import listed


class _Stack(Block):
    """What both kinds of stacks are: blocks by number."""

    _in_summary = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}(\n{listed(self._children.items())}\n)"

    def __getitem__(self, key: Any) -> Any:
        layers = list(self._children.values())[key]
        if not isinstance(layers, list):
            return layers
        made = type(self)(prefix=self._prefix)
        with made.name_scope():
            made.add(*layers)
        return made

    def __len__(self) -> int:
        return len(self._children)

    def __iter__(self) -> Iterator[Block]:
        return iter(self._children.values())

    def add(self, *blocks: Block) -> None:
        """Add blocks at the end.

        >>> from lazynd.gluon import nn
        >>> net = nn.Sequential()
        >>> net.add(nn.Dense(2), nn.Dense(3))
        >>> len(net), net[1]
        (2, Dense(None -> 3, linear))
        """
        for block in blocks:
            self.register_child(block)


class Sequential(_Stack):
    """Blocks that are called one after the other.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> net = nn.Sequential()
    >>> net.add(nn.Dense(4, activation="relu"), nn.Dense(2))
    >>> net.initialize()
    >>> net(nd.ones((3, 5))).shape
    (3, 2)
    >>> net
    Sequential(
      (0): Dense(5 -> 4, Activation(relu))
      (1): Dense(4 -> 2, linear)
    )
    """

    def forward(self, x: Any) -> Any:
        """What the last block gives.

        >>> from lazynd import nd
        >>> from lazynd.gluon import nn
        >>> nn.Sequential().forward(nd.ones(2)).shape
        (2,)
        """
        for block in self._children.values():
            x = block(x)
        return x

    def hybridize(self, active: bool = True, **kwargs: Any) -> None:
        """Have each block inside compile its calls; ``HybridSequential`` compiles them together.

        >>> from warnings import catch_warnings
        >>> from lazynd.gluon import nn
        >>> net = nn.Sequential()
        >>> net.add(nn.Dense(2))
        >>> with catch_warnings(action="ignore"):
        ...     net.hybridize()
        """
        if self._children and all(isinstance(each, HybridBlock) for each in self._children.values()):
            warn(
                f"All children of this Sequential layer '{self.prefix}' are HybridBlocks. Consider using "
                "HybridSequential for the best performance.",
                stacklevel=2,
            )
        super().hybridize(active, **kwargs)


class HybridSequential(_Stack, HybridBlock):
    """Hybrid blocks that are called one after the other, and compiled together.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> net = nn.HybridSequential()
    >>> net.add(nn.Dense(4, activation="relu"), nn.Dense(2))
    >>> net.initialize()
    >>> net.hybridize()
    >>> net(nd.ones((3, 5))).shape
    (3, 2)
    """

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """What the last block gives.

        >>> from lazynd import nd
        >>> from lazynd.gluon import nn
        >>> nn.HybridSequential().hybrid_forward(nd, nd.ones(2)).shape
        (2,)
        """
        for block in self._children.values():
            x = block(x)
        return x


def _named(function: str, where: str) -> str:
    """The name of an operator (else ``AssertionError``), which is looked for ``where``."""
    if not hasattr(nd, function):
        raise AssertionError(f"Function name {function} is not found in {where}.")
    return function


def _unusable(function: Any) -> ValueError:
    return ValueError(f"Unrecognized function in lambda: {function} of type {type(function)}")


class Lambda(Block):
    """A function of arrays as a block; or the name of one in ``nd``.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.Lambda("relu")(nd.array([-1, 1])).asnumpy(), nn.Lambda(lambda x: x * 2)(nd.ones(1)).asscalar()
    (array([0., 1.], dtype=float32), np.float32(2.0))
    """

    def __init__(self, function: str | Callable[..., Any], prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)
        if isinstance(function, str):
            self._func_name = _named(function, "ndarray")
            self._func_impl: Callable[..., Any] = getattr(nd, function)
        elif callable(function):
            self._func_impl, self._func_name = function, getattr(function, "__name__", repr(function))
        else:
            raise _unusable(function)

    def __repr__(self) -> str:
        return f"Lambda({self._func_name})"

    def forward(self, *args: Any) -> Any:
        """What the function gives.

        >>> from lazynd import nd
        >>> from lazynd.gluon import nn
        >>> nn.Lambda("relu").forward(nd.array([-1, 1])).asnumpy()
        array([0., 1.], dtype=float32)
        """
        return self._func_impl(*args)


class HybridLambda(HybridBlock):
    """A function ``f(F, x, ...)`` with ``nd`` or ``sym`` as ``F``, as a block; or the name of an operator.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.HybridLambda(lambda F, x: F.relu(x) + 1)(nd.array([-1, 1])).asnumpy()
    array([1., 2.], dtype=float32)
    """

    def __init__(self, function: str | Callable[..., Any], prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)
        self._function: str | Callable[..., Any]
        if isinstance(function, str):
            self._func_name = _named(function, "symbol/ndarray")
        elif callable(function):
            self._func_name = getattr(function, "__name__", repr(function))
        else:
            raise _unusable(function)
        self._function = function

    def __repr__(self) -> str:
        return f"HybridLambda({self._func_name})"

    def hybrid_forward(self, F: Any, x: Any, *args: Any) -> Any:
        """What the function gives.

        >>> from lazynd import nd
        >>> from lazynd.gluon import nn
        >>> nn.HybridLambda("relu").hybrid_forward(nd, nd.array([-1, 1])).asnumpy()
        array([0., 1.], dtype=float32)
        """
        if isinstance(self._function, str):
            return getattr(F, self._function)(x, *args)
        return self._function(F, x, *args)
