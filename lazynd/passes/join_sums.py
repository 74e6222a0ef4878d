"""A sum of products becomes one product of what they multiply, side by side; a sum of scattered rows one scattering.

The gradient of weights that every step of a written-out loop reads is the sum of a product a step. Adding them up
passes over memory for each step; contracted once, with the steps beside each other, there is one product and no sum.
What ``ir/loop_sums.py`` does inside loops is the same for steps of a loop that is one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..ir.graph import Graph, Rewriter, rewrite
from ..ir.loop_sums import is_zero
from ..ir.node import Node, Output, apply, successor
from ..ir.primitive import PRIMITIVES
from ..ir.primitives.elementwise import Add
from ..ir.primitives.linalg import DotGeneral
from ..ir.primitives.shape import Reshape, Scatter, Slice, Transpose
from ..ir.specialization import Specialization
from ..ir.types import is_half

Ref = Node | Output
_MOVES: Final = (Reshape, Transpose)


def join_sums(graph: Graph, *, least: int = 1 << 21, most_copied: float = 2.0) -> Graph:
    """``graph`` with one product in place of a sum of products, and one scattering in place of a sum of them.

    Joined are those that have ``least`` elements together or more, where at most ``most_copied`` times as many are
    copied: smaller ones stay in the caches while they are added up, and one large product is not quicker.
    The terms of the sum are added up in another order. The result is a number of the same kind: integers wrap round as
    before, NaN and infinity come through, half precision is rounded once instead of once a term.
    """
    counts = Counter([node.spec for node in graph.nodes if node.spec is not None and _joins(node.spec)])
    if not any(n > 1 and n * spec.out_types[0].size >= least for spec, n in counts.items()):
        return graph
    uses = Counter([ref.node for node in graph.nodes for ref in node.inputs or ()])
    uses.update([ref.node for ref in graph.outputs])
    adds = [node for node in graph.nodes if _is_add(node)]
    inner = {ref.node for node in adds for ref in node.inputs or () if uses[ref.node] == 1 and _is_add(ref.node)}
    sums: dict[Node, _Sum] = {}
    for node in adds:
        if node not in inner:
            found = _Sum(node, inner, uses)
            found.groups = [terms for terms in found.groups if _pays(terms, least, most_copied)]
            if found.groups:
                sums[node] = found
    if not sums:
        return graph
    waiting = {node for each in sums.values() for node in each.adds[:-1]}
    places = _Places(graph)
    known: dict[Any, Node] = {}

    def step(rewriter: Rewriter, node: Node) -> None:
        if node in sums:  # all that it adds up is there
            rewriter.set(node, [sums[node].join(rewriter, places, known)])
        elif node not in waiting:
            rewriter.copy(node, rewriter.inputs_of(node))

    return rewrite(graph, step)


def _joins(spec: Specialization) -> bool:
    """Whether ``spec`` is a product of matrices, or adds rows to others. Adding in half precision is rounded each time,
    and a scattering adds in turn, so there the sum of sums is more precise."""
    if isinstance(spec.op, DotGeneral):
        return bool(spec.attributes["contract"][0]) and not spec.attributes["batch"][0]
    rows = isinstance(spec.op, Scatter) and spec.attributes["mode"] == "add" and bool(spec.in_types[2].shape)
    return rows and not is_half(spec.out_types[0].dtype)


def _is_add(node: Node) -> bool:
    return node.spec is not None and isinstance(node.spec.op, Add)


class _Term:
    """A summand: a product or a scattering, ``node``; how its elements are moved, ``after`` it; the last move, ``top``.

    ``factors`` are laid out beside those of the other terms, each along its axis of ``axes``.
    """

    __slots__ = ("after", "axes", "factors", "node", "top")

    def __init__(self, node: Node, after: tuple[Node, ...], top: Node) -> None:
        self.node = node
        self.after = after
        self.top = top
        assert node.spec is not None and node.inputs is not None
        product = isinstance(node.spec.op, DotGeneral)
        self.factors: Sequence[Ref] = node.inputs if product else node.inputs[1:]
        self.axes = [axes[0] for axes in node.spec.attributes["contract"]] if product else [0] * len(self.factors)


def _term_of(ref: Ref, uses: Mapping[Node, int]) -> _Term | None:
    """``ref`` as a term that is used here alone; None if it is no product and no scattering into zeros."""
    node, after = ref.node, []
    while uses[node] == 1:
        spec, inputs = node.spec, node.inputs
        if spec is None or inputs is None:
            break
        if isinstance(spec.op, _MOVES):
            after.append(node)
            node = inputs[0].node
        elif _joins(spec) and (isinstance(spec.op, DotGeneral) or is_zero(inputs[0])):
            return _Term(node, tuple(after[::-1]), ref.node)
        else:
            break
    return None


def _pays(terms: Sequence[_Term], least: int, most_copied: float) -> bool:
    made = sum(term.node.type.size for term in terms)
    copied = sum(factor.type.size for term in terms for factor in term.factors)
    return len(terms) > 1 and made >= least and copied <= most_copied * made


class _Sum:
    """A sum as a tree: ``adds`` are its additions, the root last; ``groups`` are terms that differ in operands only."""

    __slots__ = ("adds", "groups")

    def __init__(self, root: Node, inner: set[Node], uses: Mapping[Node, int]) -> None:
        self.adds: list[Node] = []
        found: dict[tuple[Any, ...], list[_Term]] = {}
        stack: list[Ref] = [root]
        while stack:
            ref = stack.pop()
            if ref is root or ref.node in inner:
                self.adds.append(ref.node)
                stack += ref.node.inputs or ()
            elif (term := _term_of(ref, uses)) is not None:
                found.setdefault((term.node.spec, *[node.spec for node in term.after]), []).append(term)
        self.adds.reverse()
        self.groups = list(found.values())

    def join(self, rewriter: Rewriter, places: _Places, known: dict[Any, Node]) -> Ref:
        """The sum with its groups joined. The additions that are left add the same values as before."""
        values: dict[Node, Ref | None] = {}
        for terms in self.groups:
            values.update(dict.fromkeys([term.top for term in terms]))  # None: part of the joined one
            values[terms[0].top] = _joined(sorted(terms, key=places.of_term), rewriter, known)
        for node in self.adds:
            assert node.spec is not None
            operands = [values[ref.node] if ref.node in values else rewriter[ref] for ref in node.inputs or ()]
            left = [each for each in operands if each is not None]
            values[node] = successor(node, node.spec, left) if len(left) == 2 else left[0] if left else None
        result = values[self.adds[-1]]
        assert result is not None
        return result


class _Places:
    """Where values stand in a graph: slices of one value by their bounds, others in the order of the nodes."""

    __slots__ = ("_number",)

    def __init__(self, graph: Graph) -> None:
        self._number = {node: number for number, node in enumerate((*graph.inputs, *graph.nodes))}

    def of(self, ref: Ref) -> tuple[int, ...]:
        cut = _slice_of(ref)
        if cut is None:
            return (self._number[ref.node], ref.index)
        return (self._number[cut[0].node], cut[0].index, *cut[1], self._number[ref.node])

    def of_term(self, term: _Term) -> tuple[int, ...]:
        """That of its first factor. So sums over the same steps lay out what they share alike, and once."""
        return min(map(self.of, term.factors))


def _joined(terms: Sequence[_Term], rewriter: Rewriter, known: dict[Any, Node]) -> Ref:
    first = terms[0]
    spec = first.node.spec
    assert spec is not None and first.node.inputs is not None
    make = _Maker([node for term in terms for node in (term.node, *term.after)], known)
    columns = zip(*[[rewriter[ref] for ref in term.factors] for term in terms], strict=True)
    wide = [make.concatenate(column, axis) for column, axis in zip(columns, first.axes, strict=True)]
    zeros = () if isinstance(spec.op, DotGeneral) else (rewriter[first.node.inputs[0]],)
    made = make.apply(spec.op.name, *zeros, *wide, **spec.attributes)
    for move in first.after:
        assert move.spec is not None
        made = make.apply(move.spec.op.name, made, **move.spec.attributes)
    return made


class _Maker:
    """Makes nodes in place of ``sites``: with the line of the first, and the origins of all. ``known``: those made."""

    __slots__ = ("_known", "_origin", "_site")

    def __init__(self, sites: Sequence[Node], known: dict[Any, Node]) -> None:
        self._site = sites[0]
        self._origin = tuple(sorted({number for each in sites for number in each.origin}))
        self._known = known

    def apply(self, name: str, *refs: Ref, **attributes: Any) -> Node:
        spec = PRIMITIVES[name].specialize(tuple([ref.type for ref in refs]), attributes)
        key = (spec, *[(ref.node, ref.index) for ref in refs])
        made = self._known.get(key)
        if made is None:
            made = apply(spec, refs, self._site.code, self._site.lasti, (), self._site.scope)
            made.origin = self._origin
            self._known[key] = made
        return made

    def concatenate(self, refs: Sequence[Ref], axis: int) -> Ref:
        """``refs`` along ``axis``: a slice of what they are slices of, where they lie beside each other in it."""
        cuts = [_slice_of(ref) for ref in refs]
        first, last = cuts[0], cuts[-1]
        if first is None or last is None or not all(map(_beside, cuts, cuts[1:], [axis] * len(cuts))):
            return self.apply("concatenate", *refs, axis=axis)
        source, start, limit = first[0], first[1], last[2]
        if limit == source.type.shape and not any(start):
            return source
        return self.apply("slice", source, start=start, limit=limit, strides=(1,) * len(start))


#: What a slice without steps is of, and its bounds there.
_Cut = tuple[Ref, tuple[int, ...], tuple[int, ...]]


def _slice_of(ref: Ref) -> _Cut | None:
    spec = ref.node.spec
    if spec is None or not isinstance(spec.op, Slice) or set(spec.attributes["strides"]) - {1}:
        return None
    assert ref.node.inputs is not None
    return ref.node.inputs[0], spec.attributes["start"], spec.attributes["limit"]


def _beside(a: _Cut | None, b: _Cut | None, axis: int) -> bool:
    """Whether ``b`` begins along ``axis`` where ``a`` ends, and covers the same of the other axes."""
    if a is None or b is None or (a[0].node, a[0].index) != (b[0].node, b[0].index):
        return False
    return all(b[1][i] == a[2][i] if i == axis else (a[1][i], a[2][i]) == (b[1][i], b[2][i]) for i in range(len(a[1])))
