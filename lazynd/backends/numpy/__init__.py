"""The reference interpreter: primitives one by one in NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...ir.gradient import flatten
from ...ir.graph import Graph
from ...ir.node import Node
from ...ir.primitive import Primitive
from ...ir.types import Context
from ..protocol import cast_scalar

Array = np.ndarray[Any, Any]


def evaluate(graph: Graph, inputs: Sequence[Any]) -> list[Array]:
    """The outputs of a graph of primitives, interpreted."""
    known: dict[tuple[Node, int], Any] = {
        (node, 0): np.asarray(value) for node, value in zip(graph.inputs, inputs, strict=True)
    }
    uses: dict[Node, int] = {}
    for node in graph.nodes:
        for ref in node.inputs or ():
            uses[ref.node] = uses.get(ref.node, 0) + 1
    kept = {ref.node for ref in graph.outputs}
    with np.errstate(all="ignore"):
        for node in graph.nodes:
            spec = node.spec
            assert spec is not None and node.inputs is not None and isinstance(spec.op, Primitive)
            result = spec.op.evaluate(*(known[r.node, r.index] for r in node.inputs), **spec.attributes)
            for i, (each, type) in enumerate(zip(_listed(result), spec.out_types, strict=True)):
                array = np.asarray(each)
                assert array.shape == type.shape and array.dtype == type.dtype, (spec, array.shape, array.dtype)
                known[node, i] = array
            for ref in node.inputs:
                uses[ref.node] -= 1
                if not uses[ref.node] and ref.node not in kept:
                    for i in range(len(ref.node.spec.out_types) if ref.node.spec else 1):
                        known.pop((ref.node, i), None)
    return [known[ref.node, ref.index] for ref in graph.outputs]


def _listed(result: Any) -> Sequence[Any]:
    return result if isinstance(result, tuple) else (result,)


class Interpreted:
    """A graph and its interpreter."""

    nbytes = 0

    def __init__(self, graph: Graph, slots: int) -> None:
        self.graph = flatten(graph)
        self.slot_types = [node.type for node in graph.inputs[len(graph.inputs) - slots :]] if slots else []

    def __call__(self, buffers: Sequence[Any], scalars: Sequence[Any]) -> list[Array]:
        given = [cast_scalar(v, t) for v, t in zip(scalars, self.slot_types, strict=True)]
        # Results own their memory: an input must not be changed through an output.
        return [np.array(array) for array in evaluate(self.graph, [*map(np.asarray, buffers), *given])]


class NumpyBackend:
    """Everything on the host, nothing compiled."""

    name = "numpy"
    buffer_class: type = np.ndarray

    def device_count(self, device_type: str) -> int:
        return 1 if device_type == "cpu" else 0

    def put(self, value: Any, context: Context) -> Array:
        return np.asarray(value)

    def get(self, buffer: Any) -> Array:
        return np.array(buffer)

    def wait(self, buffer: Any) -> None:
        return None

    def copy(self, buffer: Any) -> Array:
        return np.array(buffer)

    def consumed(self, buffer: Any) -> bool:
        return False

    def compile(self, graph: Graph, slots: int, donate: Sequence[int], keep: bool) -> tuple[Interpreted, bool]:
        return Interpreted(graph, slots), False
