"""Graphs: parameters in, values out. All traversals are iterative."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

from .node import Node, Output, apply, leaf, outputs, successor
from .several import several
from .specialization import Specialization


class Graph:
    """A pure function of its parameters, as nodes in an order where inputs come before users.

    ``inputs`` are leaves without value; ``outputs`` refer to nodes or to their further outputs. Leaves that
    hold a value do not occur: data is always a parameter.
    """

    __slots__ = ("_structure", "inputs", "name", "nodes", "outputs")

    def __init__(
        self,
        inputs: Sequence[Node],
        outputs: Sequence[Node | Output],
        nodes: Sequence[Node] | None = None,
        name: str = "",
    ) -> None:
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self.nodes = tuple(topological(self.outputs) if nodes is None else nodes)
        self.name = name
        self._structure: Hashable = None

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        given, made = (", ".join(repr(ref.type) for ref in refs) for refs in (self.inputs, self.outputs))
        return f"<graph ({given}) -> ({made}) of {several(len(self.nodes), 'node')}>"

    @property
    def structure(self) -> Hashable:
        """What the graph computes, as a key: equal for two graphs that differ in names and locations only."""
        if self._structure is None:
            number = {node: i for i, node in enumerate((*self.inputs, *self.nodes))}
            wires = [(n.spec, *((number[r.node], r.index) for r in n.inputs or ())) for n in self.nodes]
            returned = [(number[r.node], r.index) for r in self.outputs]
            self._structure = (tuple(n.type for n in self.inputs), tuple(wires), tuple(returned))
        return self._structure


def subgraphs(spec: Specialization) -> dict[str, Graph]:
    """The attributes of ``spec`` that are graphs: the bodies of a loop or the branches of a choice."""
    return {name: value for name, value in spec.attributes.items() if isinstance(value, Graph)}


def with_subgraphs(spec: Specialization, change: Callable[[Graph], Graph]) -> Specialization:
    """``spec`` with ``change`` applied to each graph among its attributes; itself if it has none."""
    found = subgraphs(spec)
    if not found:
        return spec
    return spec.op.specialize(spec.in_types, {**spec.attributes, **{k: change(g) for k, g in found.items()}})


def innermost_first(
    graph: Graph, inside: Callable[[Specialization], Iterable[Graph]]
) -> list[tuple[Specialization, Sequence[Graph]]]:
    """What ``graph`` applies that has graphs ``inside``, with these; what is in these first, each once."""
    order: list[tuple[Specialization, Sequence[Graph]]] = []
    done: set[Specialization | None] = {None}
    stack: list[tuple[Specialization | None, Sequence[Graph]]] = [(spec, ()) for spec in _specs(graph)]
    while stack:
        spec, graphs = stack.pop()
        if graphs and spec is not None:
            order.append((spec, graphs))
        elif spec not in done:
            done.add(spec)
            assert spec is not None
            graphs = tuple(inside(spec))
            if graphs:
                stack.append((spec, graphs))
                stack += [(each, ()) for body in graphs for each in _specs(body)]
    return order


def _specs(graph: Graph) -> list[Specialization | None]:
    """What ``graph`` applies, each once, the last first."""
    return list(dict.fromkeys([node.spec for node in graph.nodes]))[::-1]


def graph_of(spec: Specialization, name: str = "") -> Graph:
    """The graph of one node: ``spec`` on parameters for its inputs, then its slots."""
    parameters = [leaf(t) for t in (*spec.in_types, *(slot.type for slot in spec.slots))]
    return Graph(parameters, outputs(apply(spec, parameters)), name=name)


def number_nodes(graph: Graph) -> Graph:
    """``graph`` itself, its nodes told their numbers in it as their origin. They must be nodes of no other graph."""
    for number, node in enumerate(graph.nodes):
        node.origin = (number,)
    return graph


def copied(graph: Graph) -> Graph:
    """The same graph of new nodes, which know their numbers in it."""
    made: dict[Node, tuple[Node | Output, ...]] = {node: (leaf(node.type),) for node in graph.inputs}

    def found(ref: Node | Output) -> Node | Output:
        return made[ref.node][ref.index]

    for node in graph.nodes:
        assert node.spec is not None and node.inputs is not None
        applied = apply(node.spec, list(map(found, node.inputs)), node.code, node.lasti, scope=node.scope)
        made[node] = outputs(applied)
    inputs, nodes = ([made[node][0].node for node in part] for part in (graph.inputs, graph.nodes))
    return number_nodes(Graph(inputs, list(map(found, graph.outputs)), nodes, name=graph.name))


def topological(roots: Iterable[Node | Output]) -> list[Node]:
    """The applied nodes that ``roots`` need, inputs first, deterministic, without recursion."""
    order: list[Node] = []
    done: set[Node] = set()
    stack: list[tuple[Node, bool]] = [(root.node, False) for root in reversed(list(roots))]
    while stack:
        node, expanded = stack.pop()
        if expanded:
            order.append(node)
            continue
        if node in done or node.spec is None:
            continue
        done.add(node)
        stack.append((node, True))
        assert node.inputs is not None
        for ref in reversed(node.inputs):
            if ref.node not in done:
                stack.append((ref.node, False))
    return order


def in_order(inputs: Sequence[Node], outputs: Sequence[Node | Output], refs: Iterable[Node | Output]) -> Graph:
    """The graph whose nodes are in the order of ``refs``, but for what these need and is not among them before."""
    needed = set(topological(outputs))
    return Graph(inputs, outputs, topological([*(ref for ref in refs if ref.node in needed), *outputs]))


def equal_graphs(a: Graph, b: Graph) -> bool:
    """Whether the graphs are equal up to locations: the same ops on the same values in the same order."""
    if len(a.inputs) != len(b.inputs) or len(a.nodes) != len(b.nodes) or len(a.outputs) != len(b.outputs):
        return False
    if a.name != b.name or any(m.type is not n.type for m, n in zip(a.inputs, b.inputs, strict=True)):
        return False
    known = dict(zip(a.inputs, b.inputs, strict=True))

    def agree(refs: Sequence[Node | Output], others: Sequence[Node | Output]) -> bool:
        return len(refs) == len(others) and all(
            r.index == o.index and known.get(r.node) is o.node for r, o in zip(refs, others, strict=True)
        )

    for m, n in zip(a.nodes, b.nodes, strict=True):
        if m.spec is not n.spec or not agree(m.inputs or (), n.inputs or ()):
            return False
        known[m] = n
    return agree(a.outputs, b.outputs)


class Rewriter:
    """Copies nodes while replacing references: the loop that every pass shares."""

    def __init__(self, inputs: Iterable[Node] = ()) -> None:
        self.replaced: dict[tuple[Node, int], Node | Output] = {(n, 0): n for n in inputs}

    def __getitem__(self, ref: Node | Output) -> Node | Output:
        return self.replaced[ref.node, ref.index]

    def set(self, node: Node, results: Sequence[Node | Output]) -> None:
        for i, result in enumerate(results):
            self.replaced[node, i] = result

    def inputs_of(self, node: Node) -> tuple[Node | Output, ...]:
        assert node.inputs is not None
        return tuple([self.replaced[ref.node, ref.index] for ref in node.inputs])

    def copy(self, node: Node, inputs: tuple[Node | Output, ...]) -> Node:
        """``node`` on ``inputs``: itself when nothing changed."""
        assert node.spec is not None and node.inputs is not None
        if len(inputs) == len(node.inputs) and all(a is b for a, b in zip(inputs, node.inputs, strict=True)):
            self.keep(node)
            return node
        return self.renew(node, node.spec, inputs)

    def renew(self, node: Node, spec: Specialization, inputs: Sequence[Node | Output]) -> Node:
        """A new node of ``spec`` on ``inputs`` in place of ``node``, with as many outputs."""
        made = successor(node, spec, inputs)
        self.replaced[node, 0] = made
        for i, type in enumerate(spec.out_types[1:], 1):
            self.replaced[node, i] = Output(made, i, type)
        return made

    def keep(self, node: Node) -> None:
        assert node.spec is not None
        self.replaced[node, 0] = node
        for i, type in enumerate(node.spec.out_types[1:], 1):
            self.replaced[node, i] = Output(node, i, type)


def rewrite(graph: Graph, step: Callable[[Rewriter, Node], None]) -> Graph:
    """``graph`` with ``step`` applied to each node in order; ``step`` must set or copy the node."""
    rewriter = Rewriter(graph.inputs)
    for node in graph.nodes:
        step(rewriter, node)
    return Graph(graph.inputs, [rewriter[ref] for ref in graph.outputs], name=graph.name)


def inline(graph: Graph, arguments: Sequence[Node | Output]) -> list[Node | Output]:
    """The outputs of ``graph`` with ``arguments`` in place of its parameters."""
    rewriter = Rewriter()
    for parameter, argument in zip(graph.inputs, arguments, strict=True):
        rewriter.replaced[parameter, 0] = argument
    for node in graph.nodes:
        rewriter.copy(node, rewriter.inputs_of(node))
    return [rewriter[ref] for ref in graph.outputs]
