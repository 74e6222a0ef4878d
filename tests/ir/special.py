"""Values at the edges of each dtype, and graphs of one primitive to run on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lazynd.backends import get_backend
from lazynd.backends.numpy import evaluate
from lazynd.ir.graph import Graph
from lazynd.ir.graph import graph_of as one_node
from lazynd.ir.primitive import PRIMITIVES
from lazynd.ir.types import DTYPES, Type, bfloat16, finfo, is_floating

Array = np.ndarray[Any, Any]
DTYPE_NAMES = (*DTYPES, bfloat16().name)


def special_values(name: str) -> Array:
    """What breaks arithmetic of this dtype; no subnormal numbers, which XLA flushes to zero on a CPU."""
    dtype = np.dtype(name)
    if dtype.kind == "b":
        return np.array([False, True])
    if is_floating(dtype):
        info = finfo(dtype)
        values = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3, 100, 300.7, 3e9, -3e9]
        values += [float(info.max), float(info.min), float(info.tiny)]
        with np.errstate(over="ignore"):
            return np.array(values, np.float64).astype(dtype)
    limits = np.iinfo(dtype)
    values = [0, 1, 2, 3, 7, limits.max, limits.max - 1, limits.min]
    if dtype.kind == "i":
        values += [-1, -2, -3, -7, limits.min + 1]
    return np.array(values, dtype)


def kind_of(dtype: Any) -> str:
    """NumPy's letter, "f" for bfloat16 too."""
    made = np.dtype(dtype)
    return "f" if is_floating(made) else made.kind


def pairs(name: str) -> tuple[Array, Array]:
    """Every special value with every other."""
    values = special_values(name)
    left, right = np.meshgrid(values, values, indexing="ij")
    return left.copy(), right.copy()


def graph_of(name: str, arrays: Sequence[Array], attributes: dict[str, Any]) -> Graph:
    """The primitive ``name`` applied to parameters of the arrays' types."""
    types = tuple(Type(np.shape(a), np.asarray(a).dtype) for a in arrays)
    return one_node(PRIMITIVES[name].specialize(types, attributes))


def together(graphs: Sequence[Graph]) -> Graph:
    """All of them as one graph: compiling costs by the program."""
    return Graph(
        [node for graph in graphs for node in graph.inputs], [ref for graph in graphs for ref in graph.outputs]
    )


def interpret(graph: Graph, arrays: Sequence[Array]) -> list[Array]:
    return evaluate(graph, arrays)


def compiled(graph: Graph, arrays: Sequence[Array]) -> list[Array]:
    backend = get_backend("xla")
    executable, _ = backend.compile(graph, 0, (), None)
    placed = [backend.put(np.array(a), n.type.context) for a, n in zip(arrays, graph.inputs, strict=True)]
    return [backend.get(b) for b in executable(placed, ())]
