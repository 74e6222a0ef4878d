"""Tracing: Python that computes with arrays that have no value yet, recorded into a graph.

While a thread traces, its recorder is a ``BaseTracer``: what is recorded stays there. It sees every read and write of
an array. What a graph cannot hold ends the trace with ``Untraceable``; the caller then runs the Python. Two kinds of
tracers differ in what they hold: ``Tracer`` the body of a loop or a choice, ``CallTracer`` a compiled function.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ...ir.graph import Graph, number_nodes, topological
from ...ir.node import Node, Output, apply, leaf
from ...ir.specialization import Specialization
from ...ir.types import Context, Type
from ..run.failure import Lost
from ..tell.location import USERS, user_location
from .cell import Cell, Ref, Variable
from .numbers import Keep
from .recorder import Recorder

if TYPE_CHECKING:
    from ..thread import State

_NO_VALUE: Final = "this array stood for a value inside a traced body, and has none: return it from the body instead"


class Untraceable(BaseException):
    """The body did something that no graph can record. Not an ``Exception``: the body must not catch it."""


class Effect(Untraceable):
    """The body did something outside of itself, as it will at every call."""


class BaseTracer(Recorder):
    """Records the operations of one body. Its nodes have no value, and say so to whoever asks for one."""

    __slots__ = ("blind", "constants", "draws", "ended", "inside", "nodes", "parent", "stream")
    traces = True

    def __init__(self, state: State) -> None:
        super().__init__(state)
        #: What records where the body was called.
        self.parent: Recorder = state.recorder
        self.blind = self.parent.blind
        self.within = self.parent.within.traced
        self.caller = self.parent.caller
        #: What was recorded, in order.
        self.nodes: list[Node] = []
        #: Stands in the ``region`` of every node and parameter of this trace.
        self.inside = Lost(_NO_VALUE)
        #: Data that was made inside: by its leaf, a cell that nothing else writes.
        self.constants: dict[Ref, Cell] = {}
        #: Draws in the body, and the context of them all.
        self.draws = 0
        self.stream: Context | None = None
        #: Why the trace ended, with the user's line, once it has: a body that catches everything goes on.
        self.ended: tuple[Untraceable, tuple[CodeType | None, int]] | None = None

    # ------------------------------------------------------------------------------------ what ends it

    def end(self, reason: Untraceable) -> NoReturn:
        """End the trace at the user's line that is running."""
        if self.ended is None:
            self.ended = reason, user_location()
        raise self.ended[0]

    def leaves(self, what: str) -> None:
        self.end(Effect(what))

    def needs(self, cell: Cell, cause: str) -> Ref:
        """A value that was made inside, from no array, is the same in every run; any other ends the trace."""
        ref: Any = cell.content if cell.__class__ is Cell else None
        if ref in self.constants:
            return ref
        self.end(Effect(f"a value is needed: {cause}"))

    def is_pending(self, cell: Cell) -> bool:
        return cell.__class__ is not Cell or cell.content not in self.constants

    def host(self, function: Callable[[], Any], keep: Keep | None = None) -> Any:
        return self.parent.host(function, keep)

    @property
    def outermost(self) -> Recorder:
        return self.parent.outermost

    def ask(self, function: Callable[[], Any]) -> Any:
        return self.parent.ask(function)

    # ------------------------------------------------------------------------------------ cells

    def at(self, cell: Cell) -> Cell:
        return cell if self.owns(cell) else self.parent.at(cell)

    def real(self, cell: Cell) -> Cell:
        return self.parent.real(cell)

    def owned(self, cell: Cell) -> bool:
        return self.owns(cell) or self.parent.owned(cell)

    def standing(self, variable: Variable) -> Variable:
        return self.parent.standing(variable)

    def owns(self, cell: Cell) -> bool:
        """Whether what ``cell`` holds was made in this trace, so that nothing outside sees it written."""
        inner: Any = cell
        while inner.__class__ is not Cell and (base := getattr(inner, "base", None)) is not None:
            inner = base
        return inner.__class__ is Cell and (self.made_here(inner.content) or inner.content in self.constants)

    def made_here(self, ref: Ref) -> bool:
        node = ref.node
        return node is not None and node.region is self.inside

    def data(self, type: Type, value: Any) -> Cell:
        ref = leaf(type, value)
        self.constants[ref] = Cell(ref)
        return Cell(ref)

    def hold(self, type: Type) -> None:
        """A body keeps nothing alive: its parameters have no values."""

    def leaf(self, type: Type) -> Node:
        """A parameter of the graph."""
        node = leaf(type)
        node.region = self.inside
        return node

    # ------------------------------------------------------------------------------------ operations

    def note(self, spec: Specialization, refs: tuple[Ref, ...], scalars: tuple[Any, ...]) -> Node:
        return self.append(spec, refs, scalars, *user_location())[0].node

    def moves(self) -> None:
        """What is traced runs in a program."""

    def draw(self, context: Context, draws: int = 1) -> tuple[int, int]:
        """Draws are numbered in the body; what runs it counts them on the stream."""
        if self.stream is not None and self.stream.device != context.device:
            self.end(Untraceable("its draws come from several streams"))
        self.stream = context
        self.draws += draws
        return 0, self.draws - draws

    def append(
        self,
        spec: Specialization,
        refs: tuple[Ref, ...],
        scalars: tuple[Any, ...],
        code: CodeType | None,
        lasti: int,
    ) -> tuple[Ref, ...]:
        if spec.pruned is not None:
            spec, live = spec.pruned
            refs = tuple([refs[i] for i in live])
        if code is not None and code.co_filename not in USERS:
            code, lasti = self.users_line(code, lasti)
        node = apply(spec, refs, code, lasti, scalars, self.scope)
        node.region = self.inside
        self.nodes.append(node)
        return (node, *[Output(node, i, t) for i, t in enumerate(spec.out_types[1:], 1)])


def traced_graph(ref: Ref) -> Graph:
    """What a trace has recorded so far for ``ref``: a graph of new nodes. What it did not record is an input.

    ``ValueError`` where there is nothing: the array stands for a value to come.
    """
    inside = ref.node.region
    if ref.node.spec is None:
        raise ValueError("the function that is traced has recorded nothing for this array: it stands for a value")
    made: dict[Node, Node] = {}
    slots: list[Node] = []
    for node in topological([ref]):
        for each in node.inputs or ():
            if each.node not in made:
                made[each.node] = leaf(each.node.type)
        if node.region is not inside:
            made[node] = leaf(node.type)
            continue
        assert node.spec is not None and node.inputs is not None
        numbers = [leaf(slot.type) for slot in node.spec.slots]
        slots += numbers
        given = [_same(each, made) for each in node.inputs]
        made[node] = apply(node.spec, [*given, *numbers], node.code, node.lasti, scope=node.scope)
    inputs = [node for node in made.values() if node.spec is None]
    return number_nodes(Graph([*inputs, *slots], [_same(ref, made)]))


def _same(ref: Ref, made: dict[Node, Node]) -> Ref:
    node = made[ref.node]
    return node if not ref.index else Output(node, ref.index, ref.type)


def needed(nodes: list[Node], roots: list[Ref]) -> list[Node]:
    """Those of ``nodes`` that ``roots`` need, in the order in which they were recorded."""
    found: set[Node] = set()
    stack = [ref.node for ref in roots]
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack += [ref.node for ref in node.inputs or ()]
    return [node for node in nodes if node in found]
