"""The reference interpreter: primitives one by one in NumPy."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from ...ir.flatten import flatten
from ...ir.graph import Graph, subgraphs
from ...ir.node import Node
from ...ir.primitive import Primitive
from ...ir.specialization import Specialization
from ...ir.types import FLOAT32, Context, is_bfloat16
from ..explained import Explanation
from ..protocol import OwnFunctions, cast_scalar
from .functions import evaluation
from .steps import Steps
from .subnormals import Flushed
from .threads import Threads

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
    with np.errstate(all="ignore"), Flushed():
        for node in graph.nodes:
            spec = node.spec
            assert spec is not None and node.inputs is not None and isinstance(spec.op, Primitive)
            operands = [known[r.node, r.index] for r in node.inputs]
            function = evaluation(spec)
            result = _evaluate(spec.op, spec, operands) if function is None else function(*operands)
            del operands
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


def _evaluate(op: Primitive, spec: Specialization, operands: Sequence[Array]) -> Any:
    """The results of ``op``; bfloat16 is computed in float32 and rounded at the end."""
    if not op.in_float32 or not any(is_bfloat16(each.dtype) for each in operands):
        return op.evaluate(*operands, **_attributes(spec))
    exact = [each.astype(FLOAT32) if is_bfloat16(each.dtype) else each for each in operands]
    made = _listed(op.evaluate(*exact, **_attributes(spec)))
    return tuple(np.asarray(each).astype(t.dtype, copy=False) for each, t in zip(made, spec.out_types, strict=True))


def _attributes(spec: Specialization) -> Mapping[str, Any]:
    """The attributes of ``spec``, graphs among them as functions."""
    if not isinstance(spec.op, Primitive) or not spec.op.nests:
        return spec.attributes
    return {**spec.attributes, **{k: Interpretation(g) for k, g in subgraphs(spec).items()}}


class Interpretation:
    """A graph as a function of lists of arrays."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def __call__(self, inputs: Sequence[Any]) -> list[Array]:
        return evaluate(self.graph, inputs)


def _listed(result: Any) -> Sequence[Any]:
    return result if isinstance(result, tuple) else (result,)


class Interpreted:
    """A graph and its interpreter."""

    nbytes = 0
    kernels: Collection[int] = ()
    copies_kernels = False

    def __init__(self, graph: Graph, slots: int) -> None:
        self.slot_types = [node.type for node in graph.inputs[len(graph.inputs) - slots :]] if slots else []
        self.steps = Steps(flatten(graph))

    def __call__(self, buffers: Sequence[Any], scalars: Sequence[Any]) -> list[Array]:
        given = [*map(np.asarray, buffers)]
        given += [np.asarray(cast_scalar(v, t)) for v, t in zip(scalars, self.slot_types, strict=True)]
        with np.errstate(all="ignore"), Flushed(), Threads():
            made = self.steps(given)
        # Results own their memory: whoever writes to one must not change an input or another result.
        return [x if own and x.base is None else x.copy() for x, own in zip(made, self.steps.fresh, strict=True)]

    def explain(self, graph: Graph) -> Explanation:
        return Explanation()


class NumpyBackend:
    """Everything on the host, nothing compiled."""

    name = "numpy"
    buffer_class: type = np.ndarray
    kernel_class: type | None = None
    function: OwnFunctions | None = None

    def device_count(self, device_type: str) -> int:
        return 1 if device_type == "cpu" else 0

    def put(self, value: Any, context: Context) -> Array:
        return np.asarray(value)

    def as_kernel(self, buffer: Any) -> Array:
        raise NotImplementedError("no program of NumPy's asks for one")

    def get(self, buffer: Any) -> Array:
        return np.array(buffer)

    def view(self, buffer: Any) -> Array:
        return np.asarray(buffer)

    def wait(self, buffer: Any) -> None:
        return None

    def finish(self) -> None:
        return None

    def copy(self, buffer: Any) -> Array:
        return np.array(buffer)

    def adopt(self, foreign: Any) -> Array:
        return np.array(np.from_dlpack(foreign))

    def consumed(self, buffer: Any) -> bool:
        return False

    def claimed(self) -> None:
        return None

    def compile(
        self, graph: Graph, slots: int, donate: Sequence[int], keep: bool, given_kernels: Collection[int] = ()
    ) -> tuple[Interpreted, bool]:
        return Interpreted(graph, slots), False
