"""Constant folding: what depends on constants alone is computed here, where that gives the backend's bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.graph import Graph, Rewriter
from ..ir.node import Node, Output
from ..ir.primitive import Primitive
from ..ir.primitives.compare import Convert
from ..ir.primitives.shape import Broadcast
from ..ir.primitives.source import Constant, Iota
from ..ir.specialization import Specialization
from ..ir.types import finfo, is_floating, is_half
from ..ir.value import broadcast_to, emit

Array = np.ndarray[Any, Any]
Ref = Node | Output


def fold_constants(graph: Graph, *, most: int = 64) -> Graph:
    """``graph`` with constants in place of what depends on constants alone.

    A uniform constant of any size takes one form, a broadcast 0-d constant. Others are folded up to ``most`` elements:
    larger results stay computed, for a constant is part of the program's text.
    Folded are data movement, integers and booleans, and those float operations that IEEE 754 rounds in one way;
    not half precision (backends keep more bits between operations), and not subnormal numbers (they may be flushed).
    """
    rewriter = Rewriter(graph.inputs)
    known: dict[Ref, Array] = {}  # The value of each constant node; of a uniform one, its one element.
    written: dict[Ref, Node] = {}

    def write(ref: Ref) -> Ref:
        """``ref``, or if it is constant, a node in the form that constants take; most are needed by constants alone."""
        if ref not in known:
            return ref
        made = written.get(ref)
        if made is None:
            node, value = ref.node, known[ref]
            made = written[ref] = node if _canonical(node, value) else _emit(value, node)
        return made

    for node in graph.nodes:
        spec = node.spec
        assert spec is not None
        inputs = rewriter.inputs_of(node)
        value = _value(spec, inputs, known, most)
        if value is None:
            rewriter.copy(node, tuple(map(write, inputs)))
        else:
            rewriter.keep(node)
            known[node] = value
    return Graph(graph.inputs, [write(rewriter[ref]) for ref in graph.outputs], name=graph.name)


def _value(spec: Specialization, inputs: Sequence[Ref], known: dict[Ref, Array], most: int) -> Array | None:
    """The value of ``spec`` on ``inputs`` if it is constant and may be folded."""
    op = spec.op
    if not isinstance(op, Primitive) or len(spec.out_types) != 1 or isinstance(op, Iota) or op.nests or op.fails:
        return None
    operands = [known[ref] for ref in inputs if ref in known]
    if len(operands) != len(inputs):
        return None
    type = spec.out_types[0]
    uniform = all(o.ndim == 0 for o in operands) and bool(operands)
    if uniform and op.elementwise:
        return _evaluate(spec, operands)
    if uniform and op.moves and type.size and len({(o.dtype, o.tobytes()) for o in operands}) == 1:
        return operands[0]
    if type.size > most or any(t.size > most for t in spec.in_types):
        return None
    full = [np.broadcast_to(o, t.shape) if not o.ndim else o for o, t in zip(operands, spec.in_types, strict=True)]
    return _evaluate(spec, full)


def _evaluate(spec: Specialization, operands: Sequence[Array]) -> Array | None:
    assert isinstance(spec.op, Primitive)
    with np.errstate(all="ignore"):
        result = np.asarray(spec.op.evaluate(*operands, **spec.attributes))
    if not spec.op.moves and not _exact(spec, operands, result):
        return None
    first = result.reshape(-1)[:1]
    if result.ndim and result.size and result.tobytes() == first.tobytes() * result.size:
        return first.reshape(())
    return result


def _exact(spec: Specialization, operands: Sequence[Array], result: Array) -> bool:
    """Whether every backend computes ``result`` to the bit."""
    floats = [array for array in (*operands, result) if is_floating(array.dtype)]
    if not floats:
        return True
    assert isinstance(spec.op, Primitive)
    if not spec.op.exact or any(is_half(a.dtype) for a in floats):
        return False
    if any(bool(np.any((a != 0) & (np.abs(a) < finfo(a.dtype).tiny))) for a in floats):
        return False
    if isinstance(spec.op, Convert) and result.dtype.kind in "iu":
        # A NaN, an infinity and what is out of range have no one conversion.
        limits = np.iinfo(result.dtype)
        return all(bool(np.all((a >= limits.min) & (a < limits.max))) for a in floats)
    return True


def _canonical(node: Node, value: Array) -> bool:
    """Whether ``node`` is the form that a constant takes."""
    assert node.spec is not None and node.inputs is not None
    if isinstance(node.spec.op, Constant):
        return value.shape == node.type.shape
    if not isinstance(node.spec.op, Broadcast):
        return False
    source = node.inputs[0].node
    return source.spec is not None and isinstance(source.spec.op, Constant) and source.type.shape == ()


def _emit(value: Array, site: Node) -> Node:
    """A constant node, or a 0-d one and its broadcast, with the user's line of ``site``."""
    type = site.type
    made = emit("constant", value=np.ascontiguousarray(value).reshape(value.shape), context=type.context)
    nodes: list[Node] = [made.ref.node]
    if made.shape != type.shape:
        nodes.append(broadcast_to(made, type.shape).ref.node)
    for node in nodes:
        node.code, node.lasti, node.scope, node.origin = site.code, site.lasti, site.scope, site.origin
    return nodes[-1]
