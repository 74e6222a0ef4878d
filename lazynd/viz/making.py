"""From graphs to a view: every node is met once, whatever the number of stages that it is in."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..config import config
from ..ir.attributes import print_attribute
from ..ir.derived import root
from ..ir.flops import flops, steps_of
from ..ir.graph import Graph, subgraphs
from ..ir.node import Node, Output
from ..ir.primitive import Primitive
from ..ir.scope import Closed
from ..ir.specialization import Specialization
from ..ir.text import CALL, PREFIX, derived_name
from ..ir.types import default_context
from ..passes import Stage
from ..passes.rules import Fired
from .changes import changes
from .kinds import input_roles, kinds
from .lines import Lines
from .model import Value, View, ViewGraph, ViewNode, ViewStage

#: Longer texts of parameters are cut: those of folded constants are as long as the arrays.
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Named:
    """A graph, and what is known of its inputs: name and kind, each empty where it is not known."""

    graph: Graph
    inputs: Sequence[tuple[str, str]] = ()
    #: Names of nodes, where somebody gave them any.
    nodes: Mapping[Node, str] | None = None


def make_view(stages: Sequence[Stage], title: str, named: Named | None = None) -> View:
    """The view of a graph as recorded, and what passes made of it. ``named``: of the first."""
    maker = _Maker(named)
    first = stages[0].graph
    made: list[ViewStage] = []
    for stage in stages:
        graph = maker.stage(stage.graph, first)
        made.append(ViewStage(stage.name, graph, round(1000 * stage.seconds, 3)))
    for before, after, stage in zip(made, made[1:], stages[1:], strict=False):
        after.changed = changes(before.graph, after.graph, maker.nodes, maker.rules(stage.fired))
    return View(title, about(), maker.nodes, made, maker.lines.files(), maker.graphs)


def about() -> dict[str, str]:
    """Where a view was made."""
    version: str = sys.modules["lazynd"].__version__
    return {"lazynd": version, "backend": config.backend, "device": repr(default_context())}


@dataclass(slots=True)
class _Applied:
    """What all nodes of one specialization have in common."""

    operator: str
    types: list[str]
    parameters: dict[str, str]
    nbytes: int
    flops: int | None
    formula: str
    body: dict[str, str]
    times: int


class _Maker:
    def __init__(self, named: Named | None) -> None:
        self.nodes: dict[str, ViewNode] = {}
        self.graphs: dict[str, ViewGraph] = {}
        self.lines = Lines()
        self._named = named
        self._ids: dict[Node, str] = {}
        self._counts = {"p": 0, "n": 0}
        self._applied: dict[Specialization, _Applied] = {}
        #: Bodies by what they are the bodies of, and those that wait to be shown, each with the kind around it.
        self._names: dict[Any, str] = {}
        self._waiting: list[tuple[str, Graph, str]] = []
        self._first: list[str] = []
        #: Bodies that are run by a call of another block than the one whose scopes they have.
        self._closed: set[Graph] = set()

    def stage(self, graph: Graph, first: Graph) -> ViewGraph:
        """Show a graph of the pipeline, which began with ``first``."""
        began = graph is first
        made = self._graph(graph, graph.name or "main", {} if not began else None, "forward")
        if began:
            self._first = made.nodes
        self._later(graph, began)
        while self._waiting:
            name, body, around = self._waiting.pop()
            self.graphs[name] = self._graph(body, name, None, around)
        return made

    def rules(self, fired: Sequence[Fired]) -> dict[str, str]:
        """The rules that fired in a stage, by the nodes that they replaced or made."""
        nodes = ((node, rule) for rule, site, made in fired for node in (site, *made))
        return {self._ids[node]: str(rule) for node, rule in nodes if node in self._ids}

    # ------------------------------------------------------------------------------------ graphs

    def _graph(self, graph: Graph, name: str, known: dict[Node, str] | None, around: str) -> ViewGraph:
        roles = None
        inputs = []
        for number, node in enumerate(graph.inputs):
            if node not in self._ids:
                roles = input_roles(graph) if roles is None else roles
                self._input(node, number, roles[node])
            inputs.append(self._ids[node])
        found = kinds(graph, around) if known is None else known
        closed = graph in self._closed
        nodes = [self._ids.get(node) or self._node(node, found.get(node, "forward"), closed) for node in graph.nodes]
        return ViewGraph(name, inputs, nodes, [self._value(ref) for ref in graph.outputs])

    def _later(self, graph: Graph, began: bool) -> None:
        """Tell the nodes of a stage where they come from; those of later ones are of the kind of what that is."""
        for node in graph.nodes:
            shown = self.nodes[self._ids[node]]
            if began:
                shown.origin = [self._ids[node]]
            elif not shown.origin and node.origin:
                shown.origin = [self._first[number] for number in node.origin if number < len(self._first)]
                of = {self.nodes[id].kind for id in shown.origin}
                shown.kind = next((kind for kind in ("forward", "gradient", "update") if kind in of), shown.kind)
                shown.scope = shown.scope or (self.nodes[shown.origin[0]].scope if shown.origin else "")

    def _next(self, letter: str) -> str:
        number = self._counts[letter]
        self._counts[letter] = number + 1
        return f"{letter}{number}"

    def _value(self, ref: Node | Output) -> Value:
        return self._ids[ref.node], ref.index

    def _input(self, node: Node, number: int, role: tuple[str, str]) -> None:
        kind, name = role
        if self._named is not None and number < len(self._named.inputs) and node in self._named.graph.inputs:
            given_name, given_kind = self._named.inputs[number]
            kind, name = given_kind or kind, given_name or name
        self._ids[node] = id = self._next("p")
        self.nodes[id] = ViewNode("", kind, [repr(node.type)], node.type.nbytes, name)

    def _node(self, node: Node, kind: str, closed: bool) -> str:
        spec = node.spec
        assert spec is not None
        what = self._applied.get(spec)
        if what is None:
            what = self._applied[spec] = self._of(spec, kind)
        if closed or node.scope.__class__ is Closed:
            self._closed.update(_bodies(spec).values())
        file, line = self.lines.at(node.code, node.lasti)
        id = self._ids[node] = self._next("n")
        names = self._named.nodes if self._named is not None else None
        self.nodes[id] = ViewNode(
            what.operator, kind, what.types, what.nbytes,
            name="" if names is None else names.get(node, ""),
            inputs=[(self._ids[ref.node], ref.index) for ref in node.inputs or ()],
            parameters=what.parameters, scope="" if closed else str(node.scope),
            closed=bool(what.body) and isinstance(node.scope, Closed), file=file, line=line, flops=what.flops,
            formula=what.formula, body=what.body, times=what.times,
        )  # fmt: skip
        return id

    # ------------------------------------------------------------------------------------ specializations

    def _of(self, spec: Specialization, kind: str) -> _Applied:
        counted = flops(spec)
        return _Applied(
            self._operator(spec),
            list(map(repr, spec.out_types)),
            {name: _cut(print_attribute(v)) for name, v in spec.attributes.items() if not isinstance(v, Graph)},
            sum(type.nbytes for type in spec.out_types),
            counted.count,
            counted.formula if counted.count else "",
            self._body(spec, kind),
            steps_of(spec),
        )

    def _operator(self, spec: Specialization) -> str:
        """How the text names it: primitives and calls are marked."""
        called = root(spec)
        if not called.op.is_call:
            return f"{PREFIX if isinstance(spec.op, Primitive) else ''}{spec.op.name}"
        name = self._unique(("call", called), called.op.name)
        return f"{CALL}{name}" if spec.op.is_call else derived_name(spec, name)

    def _body(self, spec: Specialization, kind: str) -> dict[str, str]:
        return {role: self._shown(graph, role, spec, kind) for role, graph in _bodies(spec).items()}

    def _shown(self, graph: Graph, role: str, spec: Specialization, kind: str) -> str:
        """The name of a body, which is shown once."""
        key = id(graph)
        known = self._names.get(key)
        if known is None:
            wanted = self._operator(spec).removeprefix(CALL) if root(spec).op.is_call else role
            own = self._names.get(("call", spec)) if role == "body" else None
            known = self._names[key] = own or self._unique(key, wanted)
            self._waiting.append((known, graph, kind))
        return known

    def _unique(self, key: Any, wanted: str) -> str:
        """A name that no other graph has."""
        known = self._names.get(key)
        if known is None:
            known, number = wanted, 1
            taken = {*self._names.values(), "main"}
            while known in taken:
                number += 1
                known = f"{wanted}{number}"
            self._names[key] = known
        return known


def _bodies(spec: Specialization) -> dict[str, Graph]:
    """The graphs that ``spec`` runs, by what they are to it."""
    return {"body": spec.body} if root(spec).op.is_call and spec.body is not None else subgraphs(spec)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
