"""Which inputs and outputs of a program are kernels of convolutions; see ``kernels.py``."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from typing import Final

from ...ir.graph import Graph
from ...ir.node import Node
from ...ir.primitive import Primitive
from ...ir.primitives.convolution import LEAD
from .convolution import MORE_TERMS
from .kernels import Kernels

#: Fewer elements are transposed in no time.
LEAST: Final = 1 << 14


def find(graph: Graph, n_leaves: int, given: Collection[int]) -> Kernels:
    """Which of the first ``n_leaves`` inputs of ``graph``, and of its outputs, are to be kernels.

    Those that are kernels already, with the numbers ``given``; those that a convolution reads or gives as a gradient;
    and those that are computed from these, or with them, element by element.
    """
    seeds = {(graph.inputs[number], 0) for number in given} | set(_seeds(graph))
    if not seeds:
        return Kernels()
    group = _groups(graph)
    chosen = {group(each) for each in seeds}
    inputs = [i for i, node in enumerate(graph.inputs[:n_leaves]) if group((node, 0)) in chosen]
    outputs = [i for i, ref in enumerate(graph.outputs) if group((ref.node, ref.index)) in chosen]
    return Kernels(frozenset(inputs), frozenset(outputs))


def _seeds(graph: Graph) -> Iterator[tuple[Node, int]]:
    """Values that a convolution reads as its kernel, or that are the gradient of one."""
    for node in graph.nodes:
        assert node.spec is not None and node.inputs is not None
        if node.spec.op.name == "convolution":
            source = node.inputs[1].node
            if _adds_axis(source, node.inputs[1].type.shape, node.type.shape):
                assert source.inputs is not None
                yield source.inputs[0].node, source.inputs[0].index
        elif node.spec.op.name == "reshape" and _is_gradient(node):
            yield node, 0


def _adds_axis(source: Node, shape: tuple[int, ...], result: tuple[int, ...]) -> bool:
    """Whether ``source`` gives a kernel [height, width, ...] the axis of its only group, for XLA's own convolution."""
    if source.spec is None or source.spec.op.name != "reshape":
        return False
    return source.spec.in_types[0].shape == shape[1:] and _pays(shape) and math.prod(result[LEAD:]) > 1


def _is_gradient(node: Node) -> bool:
    """Whether a reshape takes the axis of the group away from a convolution's result whose axes were put in order."""
    assert node.spec is not None and node.inputs is not None
    shape = node.spec.in_types[0].shape
    if node.type.shape != shape[1:] or not _pays(shape):
        return False
    at, transposed = node.inputs[0].node, False
    while at.spec is not None and at.spec.op.name in ("transpose", "reverse"):
        transposed |= at.spec.op.name == "transpose"
        at = at.inputs[0].node  # type: ignore[index]  # it has an operand
    return transposed and at.spec is not None and at.spec.op.name == "convolution"


def _pays(shape: tuple[int, ...]) -> bool:
    """Of a kernel [group, output, input, height, width]; small ones are computed in other ways."""
    if len(shape) != LEAD + 2 or shape[0] != 1 or math.prod(shape) < LEAST:
        return False
    window = math.prod(shape[LEAD:])
    return window > 1 and shape[2] * window > MORE_TERMS


def _groups(graph: Graph) -> Callable[[tuple[Node, int]], tuple[Node, int]]:
    """The group of each value, by one of its members: values of four axes that meet element by element."""
    leader: dict[tuple[Node, int], tuple[Node, int]] = {}

    def find_leader(value: tuple[Node, int]) -> tuple[Node, int]:
        while (above := leader.get(value, value)) != value:
            leader[value] = leader.get(above, above)
            value = above
        return value

    for node in graph.nodes:
        spec = node.spec
        assert spec is not None and node.inputs is not None
        if isinstance(spec.op, Primitive) and spec.op.elementwise and node.type.ndim == 4:
            for ref in node.inputs:
                if ref.type.shape == node.type.shape:
                    leader[find_leader((ref.node, ref.index))] = find_leader((node, 0))
    return find_leader
