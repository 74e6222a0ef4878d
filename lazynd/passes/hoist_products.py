"""Products with weights out of loops: of rows before the loop, of what it stacks after it, one for all steps."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from ..ir import build as ir
from ..ir.control import apply
from ..ir.graph import Graph, Rewriter, inline, rewrite
from ..ir.node import Node, Output, leaf, outputs, successor
from ..ir.primitive import Primitive
from ..ir.primitives.linalg import DotGeneral
from ..ir.primitives.loop import Scan
from ..ir.value import Value, broadcast_to, wrap
from .bodies import prune_loops
from .located import located

Ref = Node | Output
Key = tuple[Node, int]


def hoist_products(graph: Graph, *, least: int = 4, size: int = 1 << 14, share: int = 1) -> Graph:
    """``graph`` with products of all steps at once, for those in loops that need no state or that no state needs.

    The other operand is the same in all steps and has ``size`` elements or more; a step's part and its product have at
    most ``share`` times as many. Each element is the same sum, which a larger product may add up in another order.
    """
    if not any(_is_loop(node, least) for node in graph.nodes):
        return graph

    def step(rewriter: Rewriter, node: Node) -> None:
        if not _is_loop(node, least):
            rewriter.copy(node, rewriter.inputs_of(node))
            return
        loop = _Loop(node, rewriter.inputs_of(node), size, share)
        loop.before()
        loop.after()
        loop.put(rewriter)

    return prune_loops(rewrite(graph, step))


def _is_loop(node: Node, least: int) -> bool:
    spec = node.spec
    return spec is not None and isinstance(spec.op, Scan) and bool(spec.attributes["length"] >= least)


def _dependent(nodes: Sequence[Node], on: Collection[Node]) -> set[Node]:
    """Those of ``nodes`` that need one of ``on``, and these."""
    found = set(on)
    for node in nodes:
        if any(ref.node in found for ref in node.inputs or ()):
            found.add(node)
    return found


class _Late(NamedTuple):
    """What is computed after a loop: ``products``, with the operand that changes, and ``arithmetic`` on them.

    ``places``: which result of the loop is the stack of a value. ``results``: the numbers of those that this gives.
    """

    products: Mapping[Node, int]
    arithmetic: Sequence[Node]
    places: Mapping[Key, int]
    results: Sequence[int]


class _Loop:
    """A scan that is being taken apart."""

    def __init__(self, node: Node, inputs: Sequence[Ref], size: int, share: int) -> None:
        assert node.spec is not None
        self.node = node
        self.size, self.share = size, share
        attributes = node.spec.attributes
        self.attributes = dict(attributes)
        body: Graph = attributes["body"]
        n, m = attributes["carries"], attributes["sequences"]
        self.state, self.rows = list(body.inputs[:n]), list(body.inputs[n : n + m])
        self.constants = list(body.inputs[n + m :])
        self.given_state = list(inputs[:n])
        #: The arrays of which the rows are.
        self.arrays = dict(zip(self.rows, inputs[n : n + m], strict=True))
        self.given_constants = list(inputs[n + m :])
        self.made = body.outputs
        self.name = body.name
        self.late = _Late({}, (), {}, ())
        self.changed = False

    def _nodes(self) -> Sequence[Node]:
        return Graph([*self.state, *self.rows, *self.constants], self.made).nodes

    def _products(self, nodes: Sequence[Node], of: Collection[Node], unchanging: Collection[Node]) -> dict[Node, int]:
        """Products of values among ``of`` with unchanging ones, none needing another; which operand changes."""
        found: dict[Node, int] = {}
        needing: set[Node] = set()
        for node in nodes:
            refs = node.inputs or ()
            if any(ref.node in needing for ref in refs):
                needing.add(node)
                continue
            spec = node.spec
            if spec is None or not isinstance(spec.op, DotGeneral) or spec.attributes["batch"][0]:
                continue
            side = 0 if refs[1].node in unchanging else 1
            weights, other = refs[1 - side], refs[side]
            copied = (other.type.size + node.type.size) // self.share
            if weights.node in unchanging and other.node in of and weights.type.size >= max(self.size, copied):
                found[node] = side
                needing.add(node)
        return found

    def _unchanging(self, nodes: Sequence[Node]) -> set[Node]:
        found = set(self.constants)
        for node in nodes:
            if all(ref.node in found for ref in node.inputs or ()):
                found.add(node)
        return found

    def _outside(self, ref: Ref) -> Value:
        """The value outside of ``ref``, which does not change."""
        return Value(inline(Graph(self.constants, [ref]), self.given_constants)[0])

    def _multiply(self, node: Node, side: int, stack: Value) -> Value:
        """The product ``node`` of all steps, from the stack of the operand that changes."""
        assert node.spec is not None and node.inputs is not None
        contract = list(node.spec.attributes["contract"])
        free = len(node.inputs[0].type.shape) - len(contract[0])
        contract[side] = tuple([axis + 1 for axis in contract[side]])
        weights = self._outside(node.inputs[1 - side])
        first, second = (stack, weights) if side == 0 else (weights, stack)
        product = ir.dot_general(first, second, (contract[0], contract[1]))
        return product if side == 0 else ir.moveaxis(product, free, 0)

    def before(self) -> None:
        """Products that need no state go before the loop."""
        nodes = self._nodes()
        unchanging = self._unchanging(nodes)
        stateless = {*self.rows, *nodes} - _dependent(nodes, self.state) - unchanging
        found = self._products(nodes, stateless, unchanging)
        if not found:
            return
        self.changed = True
        refs = [(node.inputs or ())[side] for node, side in found.items()]
        stacks = self._stacks_before(list({(ref.node, ref.index): ref for ref in refs}.values()))
        rewriter = Rewriter([*self.state, *self.rows, *self.constants])
        for node in nodes:
            if node in found:
                side = found[node]
                ref = (node.inputs or ())[side]
                parameter = leaf(node.type)
                self.rows.append(parameter)
                self.arrays[parameter] = located(self._multiply(node, side, stacks[ref.node, ref.index]).ref, self.node)
                rewriter.set(node, [parameter])
            else:
                rewriter.copy(node, rewriter.inputs_of(node))
        self.made = tuple([rewriter[ref] for ref in self.made])

    def _stacks_before(self, refs: Sequence[Ref]) -> dict[Key, Value]:
        """The stacks of ``refs``, which need no state: of those that are computed, from a loop that does only that."""
        found = {(ref.node, 0): Value(self.arrays[ref.node]) for ref in refs if ref.node in self.arrays}
        computed = [ref for ref in refs if ref.node not in self.arrays]
        if computed:
            made = apply(
                "scan", [*(Value(self.arrays[row]) for row in self.rows), *map(Value, self.given_constants)],
                body=Graph([*self.rows, *self.constants], computed), length=self.attributes["length"],
                reverse=self.attributes["reverse"], carries=0, sequences=len(self.rows),
            )  # fmt: skip
            found.update({(ref.node, ref.index): value for ref, value in zip(computed, made, strict=True)})
        return found

    def after(self) -> None:
        """Products that no state needs go behind the loop, with the arithmetic on them."""
        n = len(self.state)
        nodes = self._nodes()
        unchanging = self._unchanging(nodes)
        needed = set(Graph([], self.made[:n]).nodes)
        free = [node for node in nodes if node not in needed]
        found = self._products(free, {*nodes, *self.state, *self.rows} - unchanging, unchanging)
        if not found:
            return
        behind = _dependent(free, found)
        arithmetic = [node for node in free if node in behind and node not in found]
        late = [i for i, ref in enumerate(self.made) if i >= n and ref.node in behind]
        kept = {(ref.node, ref.index): i for i, ref in enumerate(self.made) if i >= n and i not in late}
        factors = {(ref.node, ref.index): ref for node, side in found.items() for ref in [(node.inputs or ())[side]]}
        places = {**kept}
        more = [ref for key, ref in factors.items() if key not in kept and ref.node not in self.arrays]
        for ref in more:
            places[ref.node, ref.index] = len(self.made) + len(places) - len(kept)
        if not all(
            _is_plain(node, behind, unchanging, {*places, *((row, 0) for row in self.rows)}) for node in arithmetic
        ):
            return
        self.late = _Late(found, arithmetic, places, late)
        self.made = (*self.made, *more)
        self.changed = True

    def put(self, rewriter: Rewriter) -> None:
        """The loop, and what is computed after it, in the place of the node."""
        node, spec = self.node, self.node.spec
        assert spec is not None
        body = Graph([*self.state, *self.rows, *self.constants], self.made, name=self.name)
        given = [*self.given_state, *(self.arrays[row] for row in self.rows), *self.given_constants]
        if not self.changed:
            rewriter.renew(node, spec, given)
            return
        attributes = {**self.attributes, "body": body, "sequences": len(self.rows)}
        for ref in given:
            located(ref, node)
        made = successor(node, spec.op.specialize(tuple([ref.type for ref in given]), attributes), given)
        results = list(outputs(made))
        for number, value in self._computed(results).items():
            results[number] = located(value.ref, node, made)
        rewriter.set(node, results[: len(spec.out_types)])

    def _computed(self, results: Sequence[Ref]) -> Mapping[int, Value]:
        """By number, the results of the loop that are computed after it."""
        late = self.late
        values: dict[Key, Value] = {key: Value(results[i]) for key, i in late.places.items()}
        values.update({(row, 0): Value(array) for row, array in self.arrays.items()})
        for node, side in late.products.items():
            ref = (node.inputs or ())[side]
            values[node, 0] = self._multiply(node, side, values[ref.node, ref.index])
        length = self.attributes["length"]
        for node in late.arithmetic:
            assert node.spec is not None
            operands = []
            for ref in node.inputs or ():
                value = values.get((ref.node, ref.index))
                if value is None:
                    value = broadcast_to(self._outside(ref), (length, *ref.type.shape))
                operands.append(value.ref)
            made = wrap(node.spec.op.specialize(tuple([ref.type for ref in operands]), node.spec.attributes), operands)
            values[node, 0] = made
        return {i: values[self.made[i].node, self.made[i].index] for i in late.results}


def _is_plain(node: Node, behind: Collection[Node], unchanging: Collection[Node], stacked: Collection[Key]) -> bool:
    """Whether ``node`` is exact arithmetic element by element, on what is known after the loop."""
    op = node.spec.op if node.spec is not None else None
    if (
        not isinstance(op, Primitive)
        or not op.elementwise
        or not op.exact
        or len(node.spec.out_types if node.spec else ()) > 1
    ):
        return False
    return all(
        ref.node in behind or ref.node in unchanging or (ref.node, ref.index) in stacked for ref in node.inputs or ()
    )
