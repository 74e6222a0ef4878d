"""What a traced function does, as a call: one node, whatever it holds, and arrays that move."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from itertools import chain
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

from ...ir.call import call
from ...ir.errors import OperatorError
from ...ir.graph import Graph
from ...ir.linearize import linearize
from ...ir.node import Node, leaf
from ...ir.scope import closed, same_scopes
from ...ir.specialization import Slot, Specialization
from ..guard.sections import DeferSignals, Undivided
from ..run.express import Express, Stopped
from ..run.liveness import held_alone
from .body import Body
from .call_tracer import CallTracer
from .cell import Cell, Detached, ReadOnly, Ref
from .numbers import Number, put_back, value_of
from .recorder import Recorder
from .standing import ITSELF, Beyond, Capture, Origin, Restart, Standing, find, live, root_of
from .tape import Entry, Pulled, Source
from .tape import Origin as Version
from .tracing import Untraceable
from .views import View

if TYPE_CHECKING:
    from ..thread import State

#: How a call makes an array that it gives: kind and what that needs.
Made = tuple[Any, ...]
HELD: Final = "held"
_PLAIN: Final = {Cell}
NEW: Final = "new"
VIEW: Final = "view"
DETACHED: Final = "detached"


class Traced:
    """A traced function as a call, and how to record it."""

    def __init__(self, tracer: CallTracer, name: str, results: Sequence[Cell]) -> None:
        self.fences, self.fenced = tracer.fences, tracer.fenced
        self.draws, self.stream = tracer.draws, tracer.stream
        self._ledger = tracer.ledger
        self._ledger.asked = _allow  # it would hold the tracer, and with it what the arguments were
        self._varies = tracer.ledger.varies
        found = _Results(tracer, results)
        #: How each result is made.
        self.results = found.made
        written = [c for c in tracer.captures.values() if c.twin.content is not c.parameter]
        histories = [*found.histories, *map(_own_history, written)]
        needs = _needs(tracer, [each for each in histories if each is not None])
        self._build(tracer, name, found, written, histories, needs)
        self._check_later(tracer)

    def _build(
        self,
        tracer: CallTracer,
        name: str,
        found: _Results,
        written: list[Capture],
        histories: Sequence[Source | None],
        needs: frozenset[Node],
    ) -> None:
        refs = [*found.refs, *(each.twin.content for each in written)]
        body = Body(tracer, refs, needs)
        outputs = [
            ref if history is not None else body.stopped(ref)
            for ref, history in zip(body.outputs, histories, strict=True)
        ]
        read = set(body.graph(outputs)[1]) if outputs else set()
        order = sorted(range(len(written)), key=lambda i: written[i] in read)  # the call's own writes come last
        shown = len(found.refs)
        outputs[shown:] = [outputs[shown + i] for i in order]
        histories = [*histories[:shown], *(histories[shown + i] for i in order)]
        written = [written[i] for i in order]
        graph, captures, slots = body.graph(outputs)
        #: Where what is written goes; its values are the last outputs.
        self.targets = [each.origin for each in written]
        self.live = [history is not None for history in histories]
        self.count = shown
        self.spec: Specialization | None = None
        #: Whether the scopes in the body of ``spec`` are those of another block.
        self._closed = False
        self._values = tuple(body.values)
        #: Where the ledger has the numbers of the slots; none if they are the same at each call.
        self._places: list[int] = []
        if any(isinstance(each, Number) for each in body.values):
            constant = self._ledger.constant
            self._places = [each.place if isinstance(each, Number) else constant(each) for each in body.values]
        if outputs:
            self._specialize(graph, name, slots, captures, [each for each in written if each in read])
            if self.spec is not None and self.spec.pruned is not None and not needs:
                self.spec, kept = self.spec.pruned
                captures = [captures[i] for i in kept]
        self.inputs = [each.origin for each in captures]
        self.needs = tuple([each.parameter in needs for each in captures])
        self._taped = any(self.needs) and any(self.live)
        if self._taped and self.spec is not None:
            linearize(self.spec, self.needs)
        self._cells = [which if kind is ITSELF else None for kind, which in self.inputs]
        self._moving = [(i, each) for i, each in enumerate(self.inputs) if each[0] is not ITSELF]
        self._targets = [which if kind is ITSELF else None for kind, which in self.targets]
        self._moving_targets = [(i, each) for i, each in enumerate(self.targets) if each[0] is not ITSELF]
        place = {each: i for i, each in enumerate(captures)}
        #: By target the number of the input that is written over; -1 where the call does not read that array.
        self._read_by = [place.get(each, -1) for each in written]
        #: There if it shares a program with nothing.
        self._express: Express | None = None
        if self.fences and not self._taped and self.spec is not None:
            self._express = Express(self.spec)
        self._following = [(i - shown, i) for i in range(shown, len(self.live)) if self.live[i]]

    def _specialize(
        self, graph: Graph, name: str, slots: Sequence[Slot], captures: Sequence[Capture], written: Sequence[Capture]
    ) -> None:
        try:
            self.spec = call(graph, name, slots, [captures.index(each) for each in written])
        except OperatorError as error:
            raise Untraceable(str(error)) from None
        assert self.spec.body is not None
        self._closed = not same_scopes([graph], [self.spec.body])
        self.spec.op.arguments = tuple([_argument(each.origin) for each in captures])  # type: ignore[attr-defined]  # a Call

    def _check_later(self, tracer: CallTracer) -> None:
        """Note what must be as it was, for a call to be this one."""
        outside = [each.origin[1] for each in tracer.captures.values() if each.origin[0] is ITSELF]
        #: Arrays from outside, and whether they were variables; only a body that records asks.
        self._watched = [cell for cell in outside if tracer.recorded]
        self._variables = [cell.variable for cell in self._watched]
        self._constant = [cell for cell in self._watched if cell.variable is None]
        self._aliases = [(origin, cell) for cell, origin in tracer.aliased.items()]
        self._shared = {root_of(cell) for cell in tracer.aliased}
        self._outside = {root_of(cell) for cell in outside} | self._shared
        standing = tracer.variables
        self._asked = [(each.origin[1], each.before) for each in standing if each.asked and each.origin[0] is ITSELF]
        if any(each.asked for each in standing if each.origin[0] is not ITSELF):
            raise Untraceable("it asks whether the gradient of an argument is new")
        self._fresh: list[tuple[Origin, bool]] = [(each.origin, each.now) for each in standing if each.written]

    # ------------------------------------------------------------------------------------ calls

    def fits(self, recorder: Recorder, cells: Sequence[Cell], roots: Sequence[Cell]) -> bool:
        """Whether a call with ``cells``, whose memory is that of ``roots``, does the same."""
        if self._watched and [cell.variable for cell in self._watched] != self._variables:
            return False
        for cell in self._constant:
            history = (recorder.at(cell) if recorder.traces else cell).history
            if history is not None and not history[0].consumed:
                return False
        for variable, fresh in self._asked:
            if recorder.standing(variable).fresh is not fresh:
                return False
        if not self._aliases:
            return self._outside.isdisjoint(roots)
        met = {root for root in roots if root in self._outside}
        return met == self._shared and all(find(origin, cells) is cell for origin, cell in self._aliases)

    def record(
        self,
        state: State,
        cells: Sequence[Cell],
        numbers: Sequence[Any],
        code: CodeType | None,
        lasti: int,
        undo: list[Callable[[], None]],
    ) -> list[Cell | None]:
        """Record the call; gives the new arrays among its results, those that are held already as None.

        ``undo``: what puts back what the host has said for this call; empty once the call has happened. What this call
        asks of the host it puts back itself where it fails.
        """
        try:
            return self._record(state.recorder, cells, numbers, code, lasti, undo)
        except (Untraceable, Restart):  # of a trace around this one, which goes on from what the host has said
            undo.clear()
            raise
        except BaseException:
            put_back(undo)
            raise

    def _record(
        self,
        recorder: Recorder,
        cells: Sequence[Cell],
        numbers: Sequence[Any],
        code: CodeType | None,
        lasti: int,
        undo: list[Callable[[], None]],
    ) -> list[Cell | None]:
        scalars = self._scalars(recorder, numbers, undo)
        found = _found(self._cells, self._moving, cells)
        made: list[Cell | None] | None = None
        if self._express is not None and recorder.idle:
            made = self._at_once(self._express, recorder, found, cells, scalars, code, lasti, undo)
        elif self.fences:
            recorder.fence("a compiled call")
        if made is None:
            made = self._recorded(recorder, found, cells, scalars, code, lasti, undo)
        if self.fenced:
            recorder.fence("a compiled call")
        return self._given(cells, made)

    def _recorded(
        self,
        recorder: Recorder,
        found: Sequence[Cell],
        cells: Sequence[Cell],
        scalars: tuple[Any, ...],
        code: CodeType | None,
        lasti: int,
        undo: list[Callable[[], None]],
        stopped: Stopped | None = None,
    ) -> list[Cell | None]:
        """The new arrays, after recording the call on the arrays ``found`` as a node."""
        values: Sequence[Ref] = ()
        entry: Entry | None = None
        made: list[Cell | None] = []
        if self.spec is not None:
            needs = self.needs if self._taped else None
            scope = recorder.scope
            if self._closed:
                recorder.scope = closed(scope)
            try:
                values, entry = recorder.call(self.spec, found, needs, scalars, code, lasti)
            finally:
                recorder.scope = scope
            for value, live in zip(values[: self.count], self.live, strict=False):
                cell = Cell(value)
                if live and entry is not None:
                    cell.history = entry, len(made)
                made.append(cell)
        if self.targets or self._fresh:
            self._write(recorder, cells, values[self.count : len(self.live)], entry, undo)
        undo.clear()
        if stopped is not None:
            stopped.note(values)
        return made

    def _at_once(
        self,
        express: Express,
        recorder: Recorder,
        found: Sequence[Cell],
        cells: Sequence[Cell],
        scalars: tuple[Any, ...],
        code: CodeType | None,
        lasti: int,
        undo: list[Callable[[], None]],
    ) -> list[Cell | None] | None:
        """The new arrays, after running the call; None where it has to be recorded."""
        assert self.spec is not None
        targets = _found(self._targets, self._moving_targets, cells)
        if set(map(type, chain(targets, found))) != _PLAIN:
            return None
        with Undivided():
            refs = recorder.read_all(found)
            program = express.program(refs, scalars)
            if program is None:
                return None
            moved = self._move_on(targets, program.donate)
            scope = closed(recorder.scope) if self._closed else recorder.scope
            try:
                results = express.run(program, refs, scalars, code, lasti, scope)
            except Stopped as stopped:
                self._move_back(targets, moved, refs)
                return self._recorded(recorder, found, cells, scalars, code, lasti, undo, stopped)
            self._publish(targets, moved, results[self.count :])
            self._note_fresh(recorder, cells)
            undo.clear()
        return [Cell(_ran(self.spec, i, value, code, lasti)) for i, value in enumerate(results[: self.count])]

    def _move_on(self, targets: Sequence[Cell], donate: Container[int]) -> dict[int, Node]:
        """Let those of ``targets`` whose buffers a program may take over hold what has no value yet; by their numbers.

        Another thread that reads one of them from now on waits until the section ends, when the value is there.
        """
        moved: dict[int, Node] = {}
        for at, number in enumerate(self._read_by):
            if number in donate:
                targets[at].content = moved[at] = leaf(targets[at].type)
        return moved

    def _move_back(self, targets: Sequence[Cell], moved: Mapping[int, Node], refs: Sequence[Ref]) -> None:
        """Let ``targets`` hold what they held before ``_move_on``."""
        for at, node in moved.items():
            before = refs[self._read_by[at]]
            node.value = before.value
            if targets[at].content is node:
                targets[at].content = before

    def _publish(self, targets: Sequence[Cell], moved: Mapping[int, Node], values: Sequence[Any]) -> None:
        """Let ``targets`` have their new ``values``."""
        alone = held_alone(targets)
        for at, (target, value, free) in enumerate(zip(targets, values, alone, strict=True)):
            node, held = moved.get(at), target.content
            if node is not None:
                node.value = value
            elif free and held.__class__ is Node and held.spec is None and held.value is not None:
                held.value = value  # of a call before: nobody else can see it
            else:
                target.content = leaf(target.type, value)
            target.version += 1

    def _scalars(self, recorder: Recorder, numbers: Sequence[Any], undo: list[Callable[[], None]]) -> tuple[Any, ...]:
        scalars = self._values
        if self._varies:
            values = self._ledger.fill(numbers, recorder.host, undo)
            if self._places:
                scalars = tuple(map(values.__getitem__, self._places))
        if self.stream is not None:
            scalars = (*scalars, *recorder.draw(self.stream, self.draws))
        return scalars

    def _write(
        self,
        recorder: Recorder,
        cells: Sequence[Cell],
        refs: Sequence[Ref],
        entry: Entry | None,
        undo: list[Callable[[], None]],
    ) -> None:
        """Move the arrays that the call writes, and have what it did on the host stay done: all, or nothing."""
        targets = _found(self._targets, self._moving_targets, cells)
        with DeferSignals():
            recorder.write_all(targets, refs)
            if entry is not None:
                for i, output in self._following:
                    recorder.at(targets[i]).follow(refs[i], (entry, output))
            self._note_fresh(recorder, cells)
            undo.clear()

    def _note_fresh(self, recorder: Recorder, cells: Sequence[Cell]) -> None:
        """Say of the gradients whether they are new, as the function did."""
        traces = recorder.traces
        for (kind, which), state in self._fresh:
            variable: Any = which if kind is ITSELF else cells[which].variable
            if traces:
                variable = recorder.standing(variable)
            variable.fresh = state

    def _given(self, cells: Sequence[Cell], made: list[Cell | None]) -> list[Any]:
        found: list[Any] = []
        for how in self.results:
            if how[0] is NEW:
                found.append(made[how[1]])
            else:
                found.append(how[1] if how[0] is HELD else self._part(how, cells, made))
        return found

    def _part(self, how: Made, cells: Sequence[Cell], made: Sequence[Cell | None]) -> Any:
        """An array on the memory of another."""
        kind, which = how[:2]
        if kind is NEW:
            return made[which]
        if kind is HELD:
            return find(which, cells)
        base = self._part(which, cells, made)
        return Detached(base) if kind is DETACHED else View(base, how[2], how[3])


class _Results:
    """What a body gives: how each array is ``made``, the ``refs`` of those that are new, and their ``histories``."""

    def __init__(self, tracer: CallTracer, cells: Sequence[Cell]) -> None:
        self._tracer = tracer
        self._new: dict[Cell, int] = {}
        self.refs: list[Ref] = []
        self.histories: list[Source | None] = []
        self.made: list[Made] = []
        held = [tracer.holder(cell) for cell in cells]
        for cell, origin in zip(cells, held, strict=True):
            if origin is None and cell.__class__ is Cell:
                self._add(cell)
        for cell, origin in zip(cells, held, strict=True):
            self.made.append((HELD, origin) if origin is not None else self._how(cell))

    def _add(self, cell: Cell) -> int:
        """The number of ``cell`` among the new ones."""
        found = self._new.get(cell)
        if found is None:
            tracer = self._tracer
            if cell.variable is not None:
                raise Untraceable("it gives an array that was made a variable inside")
            found = self._new[cell] = len(self.refs)
            self.refs.append(tracer.read(cell))
            self.histories.append(cell.history if live(cell) else None)
        return found

    def _how(self, cell: Cell) -> Made:
        return self._known(cell) or (NEW, self._add(cell))

    def _known(self, cell: Cell) -> Made | None:
        """How ``cell`` is made, if its memory is that of an array from outside or of another result."""
        if cell in self._new:
            return NEW, self._new[cell]
        origin = self._tracer.holder(cell)
        if origin is not None:
            return HELD, origin
        if live(cell) or not isinstance(cell, View | Detached) or cell.__class__ is ReadOnly:
            return None
        base = self._known(cell.base)
        if base is None:
            return None
        return (DETACHED, base) if isinstance(cell, Detached) else (VIEW, base, value_of(cell.offset), cell.type)


def _found(cells: Sequence[Any], moving: Sequence[tuple[int, Origin]], given: Sequence[Cell]) -> Sequence[Cell]:
    """``cells``, with those that are ``moving`` found by way of the arguments ``given``."""
    if not moving:
        return cells
    found = list(cells)
    for i, origin in moving:
        found[i] = find(origin, given)
    return found


def _ran(spec: Specialization, number: int, value: Any, code: CodeType | None, lasti: int) -> Node:
    """A node for output ``number`` of a call that ran: the first one is of the call, and knows the line."""
    node = leaf(spec.out_types[number], value)
    if not number:
        node.spec, node.inputs, node.code, node.lasti = spec, None, code, lasti
    return node


def _argument(origin: Origin) -> int | None:
    """Which of the arrays among the arguments ``origin`` is; None for one from outside."""
    return origin[1] if origin[0] == "argument" else None


def _allow(roots: frozenset[int]) -> None:
    """A number that was kept is what it was."""


def _own_history(capture: Capture) -> Source | None:
    """The history that an array from outside got inside."""
    history = capture.twin.history
    return history if live(capture.twin) and history is not None and history[0] is not capture.entry else None


def _needs(tracer: CallTracer, histories: Sequence[Source]) -> frozenset[Node]:
    """The parameters to which gradients go from values with these ``histories``."""
    reached: set[Entry] = {entry for entry, _ in histories}
    stack = list(reached)
    while stack:
        entry = stack.pop()
        if isinstance(entry, Pulled):
            raise Untraceable("a gradient in Python goes out of it")
        further = {parent[0] for parent in entry.parents if parent is not None} - reached
        reached |= further
        stack += further
    needs = {each.entry: each.parameter for each in tracer.captures.values() if each.entry in reached}
    for entry in reached:
        outer = isinstance(entry, Version) and isinstance(entry.variable, Standing)
        if (outer or isinstance(entry, Beyond)) and entry not in needs:
            raise Untraceable("a gradient goes to a part of an array")
    return frozenset(each.parameter for each in tracer.captures.values() if each.entry in reached)
