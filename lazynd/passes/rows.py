"""Values that are rows of arrays: what a loop stacks and what another reads, without taking them apart between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.derived import root
from ..ir.graph import Graph, Rewriter
from ..ir.node import Node, Output, apply
from ..ir.primitive import PRIMITIVES
from ..ir.primitives.source import Constant
from ..ir.value import Value
from ..ops import OPERATORS
from .located import located

Ref = Node | Output
Key = tuple[Node, int]


def is_constant(ref: Ref) -> bool:
    return ref.node.spec is not None and isinstance(ref.node.spec.op, Constant)


class Rows:
    """Which values of a graph are rows of which arrays: of ``array``, if that is None of the rewritten ``base``."""

    def __init__(self, rewriter: Rewriter) -> None:
        self._rewriter = rewriter
        self._rows: dict[Key, tuple[object, int]] = {}
        self._arrays: dict[object, Value] = {}
        self._bases: dict[object, tuple[Ref, tuple[int, ...]]] = {}

    def add(self, node: Node, index: int, array: Value, number: int) -> None:
        """Result ``index`` of ``node`` is row ``number`` of ``array``."""
        self._arrays[array.ref.node, array.ref.index] = array
        self._rows[node, index] = ((array.ref.node, array.ref.index), number)

    def add_parts(self, node: Node, index: int, base: Ref, number: int, count: int) -> None:
        """The same of ``base``, a value of the graph before, in ``count`` equal parts."""
        ref = node if not index else Output(node, index, node.spec.out_types[index] if node.spec else node.type)
        key = (base.node, base.index, count, ref.type)
        self._bases[key] = (base, (count, *ref.type.shape))
        self._rows[node, index] = (key, number)

    def __contains__(self, ref: Ref) -> bool:
        return (ref.node, ref.index) in self._rows

    def array(self, key: object) -> Value:
        made = self._arrays.get(key)
        if made is None:
            base, shape = self._bases[key]
            made = self._arrays[key] = ir.reshape(Value(self.value(base)), shape)
        return made

    def value(self, ref: Ref) -> Ref:
        """``ref`` in the new graph; a row is taken out of its array when it is first asked for."""
        made = self._rewriter.replaced.get((ref.node, ref.index))
        if made is None:
            if is_constant(ref):
                made = ref
            else:
                key, number = self._rows[ref.node, ref.index]
                made = located(ir.row(self.array(key), number).ref, ref.node)
            self._rewriter.replaced[ref.node, ref.index] = made
        return made

    def direction(self, refs: Sequence[Ref]) -> int:
        """1 if ``refs`` are rows of an array in its order, -1 if in the reverse order; else 0."""
        found = [self._rows.get((ref.node, ref.index)) for ref in refs[:2]]
        if len(found) < 2 or found[0] is None or found[1] is None or found[0][0] != found[1][0]:
            return 0
        step = found[1][1] - found[0][1]
        return step if step in (1, -1) else 0

    def stacked(self, refs: Sequence[Ref]) -> tuple[Value, int]:
        """``refs`` as one array, a row each, and how many bytes were copied for it one by one."""
        if all(map(is_constant, refs)):
            return _constants(refs), 0
        pieces: list[Value] = []
        copied = at = 0
        while at < len(refs):
            key, number = self._rows.get((refs[at].node, refs[at].index), (None, 0))
            end = at + 1
            while key is not None and end < len(refs):
                if self._rows.get((refs[end].node, refs[end].index)) != (key, number + end - at):
                    break
                end += 1
            if key is None:
                pieces.append(ir.expand_dims(Value(self.value(refs[at])), 0))
                copied += refs[at].type.nbytes
            else:
                array = self.array(key)
                first, last = [number] + [0] * (array.ndim - 1), [number + end - at, *array.shape[1:]]
                pieces.append(ir.slice_(array, first, last))
            at = end
        return ir.concatenate(pieces, 0), copied


def _constants(refs: Sequence[Ref]) -> Value:
    values = [ref.node.spec.attributes["value"] for ref in refs if ref.node.spec is not None]
    attributes: dict[str, Any] = {"value": np.stack(values), "context": refs[0].type.context}
    return Value(apply(PRIMITIVES["constant"].specialize((), attributes), ()))


def find_rows(graph: Graph, rows: Rows, least: int) -> dict[Node, Node]:
    """Tell ``rows`` which nodes take parts of an array; those that do nothing else, with what they take parts of."""
    views: dict[Key, list[Node]] = {}
    for node in graph.nodes:
        assert node.spec is not None and node.inputs is not None
        if node.spec.op is OPERATORS["_view"] and is_constant(node.inputs[1]):
            size, given = max(node.type.size, 1), node.inputs[0]
            offset = int(_offset(node.inputs[1]))
            if node.type.size and not given.type.size % size and not offset % size and 0 <= offset < given.type.size:
                views.setdefault((given.node, given.index), []).append(node)
        elif _is_concat_gradient(node):
            for index in range(len(node.spec.out_types)):
                rows.add_parts(node, index, node.inputs[-1], index, len(node.spec.out_types))
    found: dict[Node, Node] = {}
    for (base, _), nodes in views.items():
        if len(nodes) >= least:
            for node in nodes:
                given = (node.inputs or ())[0]
                size = node.type.size
                rows.add_parts(node, 0, given, int(_offset((node.inputs or ())[1])) // size, given.type.size // size)
                found[node] = base
    return found


def _offset(ref: Ref) -> Any:
    assert ref.node.spec is not None
    return ref.node.spec.attributes["value"]


def _is_concat_gradient(node: Node) -> bool:
    """Whether the results are the equal parts of the one operand, along its first axis."""
    spec = node.spec
    assert spec is not None
    if len(spec.out_types) < 2 or len(spec.in_types) != 1 or len(set(spec.out_types)) > 1:
        return False
    whole = root(spec)
    if whole is spec or whole.op is not OPERATORS["Concat"]:
        return False
    joined = (spec.out_types[0].shape[0] * len(spec.out_types), *spec.out_types[0].shape[1:])
    return whole.attributes["dim"] == 0 and spec.in_types[0].shape == joined == whole.out_types[0].shape


def joins_rows(node: Node) -> bool:
    """Whether ``node`` joins equal arrays along their first axis: its elements are those of a stack of them."""
    spec = node.spec
    assert spec is not None
    return spec.op is OPERATORS["Concat"] and spec.attributes["dim"] == 0 and len(set(spec.in_types)) == 1
