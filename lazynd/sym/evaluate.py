"""Symbols on arrays: every node is one call of ``nd``, in the order of the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..ir.errors import MXNetError
from ..nd import NDArray
from ..runtime.tell.location import calling_frame
from . import infer
from .errors import told
from .node import Entry, Node, topological

if TYPE_CHECKING:
    from .symbol import Symbol


def evaluate(symbol: Symbol, arrays: Mapping[str, NDArray]) -> list[NDArray]:
    """The outputs of ``symbol``, given an array for each of its arguments and auxiliary states by name.

    The operators are recorded like calls of ``nd``: under ``autograd.record()`` they can be differentiated, in training
    mode they update the auxiliary states. Further arrays are ignored. ``ValueError`` where one is missing; an
    ``MXNetError`` names the node.

    >>> from lazynd import nd, sym
    >>> net = sym.FullyConnected(sym.var("data"), num_hidden=2, no_bias=True, name="fc")
    >>> sym.evaluate(net, {"data": nd.ones((1, 3)), "fc_weight": nd.ones((2, 3))})[0].asnumpy()
    array([[3., 3.]], dtype=float32)
    """
    return run(symbol._entries, arrays, calling_frame())


def run(entries: Sequence[Entry], arrays: Mapping[str, Any], frame: FrameType) -> list[NDArray]:
    """``evaluate`` for outputs of nodes. ``frame`` is whose line the operators are noted with."""
    nodes = topological([node for node, _ in entries])
    whole = infer.filled(nodes, entries, lambda: {n: a.shape for n, a in arrays.items() if isinstance(a, NDArray)})
    found: dict[Node, list[NDArray]] = {}
    for node in nodes:
        if node.applied is None:
            found[node] = [_given(node.name, arrays)]
            continue
        inputs = [found[each][number] for each, number in node.inputs]
        try:
            found[node] = list(whole.get(node, node.applied).run(inputs, frame))
        except MXNetError as error:
            raise told(error, node) from error.__cause__
    return [found[node][number] for node, number in entries]


def _given(name: str, arrays: Mapping[str, Any]) -> NDArray:
    if name not in arrays:
        raise ValueError(f"key `{name}` is missing in `args`: there are {', '.join(arrays) or 'none'}")
    array = arrays[name]
    if not isinstance(array, NDArray):
        raise TypeError(f"the array for {name} must be an NDArray, got {type(array).__name__}")
    return array
