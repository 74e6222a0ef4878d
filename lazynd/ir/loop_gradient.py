"""The gradient of ``scan``: a scan the other way, reading what the steps kept, and contractions after it.

``keep_in_scan`` adds what the gradient reads to the outputs of the steps. ``pull_back_scan`` then finds it there; in a
scan that keeps nothing it runs the steps once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import build as ir
from .call import call
from .control import apply, row
from .graph import Graph, graph_of, inline
from .linearize import Backward, Linearized, linearize
from .loop_sums import Sums
from .node import Node, Output, leaf
from .specialization import Specialization
from .types import BOOL
from .value import Value

Ref = Node | Output


class _Scan:
    """A specialization of ``scan`` with its step linearised for the inputs that matter."""

    def __init__(self, spec: Specialization, wanted: Sequence[bool]) -> None:
        self.spec = spec
        self.body: Graph = spec.attributes["body"]
        self.length: int = spec.attributes["length"]
        self.reverse: bool = spec.attributes["reverse"]
        self.carries: int = spec.attributes["carries"]
        self.sequences: int = spec.attributes["sequences"]
        self.needs = self._needs(wanted)
        if not spec.parts:
            spec.parts = (call(self.body, "step"),)
        self.linear: Linearized = linearize(spec.parts[0], self.needs)
        #: Which output each value that the steps stack is.
        self._stacked: dict[tuple[Node, int], int] = {}
        for i, ref in enumerate(self.linear.graph.outputs[self.carries : len(self.body.outputs)], self.carries):
            self._stacked.setdefault((ref.node, ref.index), i)

    def _needs(self, wanted: Sequence[bool]) -> tuple[bool, ...]:
        """Which parameters of the body need a gradient: those wanted, and the state that depends on them."""
        needs = list(wanted)
        while True:
            active = {node for node, need in zip(self.body.inputs, needs, strict=True) if need}
            for node in self.body.nodes:
                if any(ref.node in active for ref in node.inputs or ()):
                    active.add(node)
            state = self.body.outputs[: self.carries]
            grown = [ref.node in active and ref.type.dtype != BOOL for ref in state]
            grown = [a or b for a, b in zip(grown, needs, strict=False)]
            if grown == needs[: self.carries]:
                return tuple(needs)
            needs[: self.carries] = grown

    def place(self, source: int) -> tuple[str, int] | None:
        """Where the stack of source ``source`` of the step is found; None if it was not kept.

        A constant or a sequence among the inputs, an output of the scan, or ("before") the output that holds the
        state after the step where the state before it is asked for.
        """
        n_inputs, results = len(self.body.inputs), self.linear.graph.outputs
        if self.carries <= source < n_inputs:
            return ("sequence" if source < self.carries + self.sequences else "constant"), source
        wanted: Ref = self.linear.graph.inputs[source] if source < n_inputs else results[source - n_inputs]
        found = self._output(wanted)
        if found is not None:
            return "output", found
        if source < self.carries:
            found = self._output(results[source])
            if found is not None and self.length:
                return "before", found
        return None

    def _output(self, wanted: Ref) -> int | None:
        """The output of the steps that is ``wanted``."""
        return self._stacked.get((wanted.node, wanted.index))

    def missing(self, sources: Sequence[int]) -> list[Ref]:
        """What must be kept of the step for ``sources`` to be found."""
        graph, n_inputs = self.linear.graph, len(self.body.inputs)
        lost = [k for k in sources if self.place(k) is None]
        results = {(graph.outputs[k - n_inputs].node, graph.outputs[k - n_inputs].index) for k in lost if k >= n_inputs}
        after = [(graph.outputs[k].node, graph.outputs[k].index) if k < self.carries else None for k in lost]
        # The state before a step is the one after the step before, if that is kept.
        lost = [k for k, state in zip(lost, after, strict=True) if state not in results or not self.length]
        return [graph.inputs[k] if k < n_inputs else graph.outputs[k - n_inputs] for k in lost]

    def keeping(self, further: Sequence[Ref]) -> Specialization:
        """The scan whose steps have the outputs ``further`` too."""
        graph = self.linear.graph
        body = Graph(graph.inputs, [*graph.outputs[: len(self.body.outputs)], *further])
        return self.spec.op.specialize(self.spec.in_types, {**self.spec.attributes, "body": body})


def keep_in_scan(spec: Specialization, wanted: Sequence[bool]) -> Graph | None:
    """``spec`` with outputs for what the gradients of the inputs ``wanted`` read; None if it has them."""
    scan = _Scan(spec, wanted)
    missing = scan.missing(scan.linear.kept)
    return graph_of(scan.keeping(missing)) if missing else None


def pull_back_scan(
    spec: Specialization,
    wanted: Sequence[bool],
    cotangents: Sequence[Value | None],
    outputs: Sequence[Value],
    inputs: Sequence[Value],
) -> list[Value | None]:
    """Cotangents of the inputs ``wanted``."""
    scan = _Scan(spec, wanted)
    n, n_results = scan.carries, len(scan.body.outputs)
    given = [None if ref.type.dtype == BOOL else g for ref, g in zip(scan.body.outputs, cotangents, strict=True)]
    hidden = len(scan.linear.graph.outputs) - n_results
    present = (*scan.needs[:n], *(g is not None for g in given[n:]), *(False for _ in range(hidden)))
    step = scan.linear.backward(present)
    if step.spec is None:
        return [None] * len(inputs)
    missing = scan.missing(step.residuals)
    if missing:  # they were not kept: run it again
        richer = scan.keeping(missing)
        again = apply("scan", inputs, **richer.attributes)
        more: list[Value | None] = [None] * (len(again) - n_results)
        return pull_back_scan(richer, wanted, [*cotangents, *more], again, inputs)
    return _Reversed(scan, step, given, outputs, inputs).results(wanted)


class _Reversed:
    """The scan that goes back: its operands, its body, and what its results are."""

    def __init__(
        self, scan: _Scan, step: Backward, given: Sequence[Value | None], outputs: Sequence[Value], inputs: Any
    ) -> None:
        self.scan, self.step, self.given, self.outputs, self.inputs = scan, step, given, outputs, inputs
        self.state = [i for i in range(scan.carries) if scan.needs[i]]
        #: Sequences and constants by what they are, each once, with their parameters in the body.
        self.sequences: dict[tuple[str, int], tuple[Value, Node]] = {}
        self.constants: dict[tuple[str, int], tuple[Value, Node]] = {}
        self.body, self.slopes = self._trace()

    def _trace(self) -> tuple[Graph, dict[int, Value]]:
        """The step's backward pass on the body's parameters; the cotangents of the step's inputs."""
        scan, step = self.scan, self.step
        assert step.spec is not None
        self.carried = {i: leaf(scan.body.outputs[i].type) for i in self.state}
        arguments: list[Node] = [self._residual(k) for k in step.residuals]
        arguments += self.carried.values()
        for i, g in enumerate(self.given[scan.carries :], scan.carries):
            if g is not None:
                arguments.append(self._sequence(("cotangent", i), g))
        graph = step.spec.body
        assert graph is not None
        results = inline(graph, arguments)
        slopes = {i: Value(ref) for i, ref in zip(step.targets, results, strict=True)}
        return Graph(arguments, results), slopes

    def _residual(self, source: int) -> Node:
        scan = self.scan
        place = scan.place(source)
        assert place is not None
        kind, i = place
        if kind == "constant":
            return self.constants.setdefault(place, (self.inputs[i], leaf(self.inputs[i].type)))[1]
        if kind == "sequence":
            return self._sequence(place, self.inputs[i])
        if kind == "output":
            return self._sequence(place, self.outputs[i])
        return self._sequence((kind, source), self._before(self.outputs[i], self.inputs[source]))

    def _sequence(self, key: tuple[str, int], value: Value) -> Node:
        return self.sequences.setdefault(key, (value, leaf(row(value.type))))[1]

    def _before(self, after: Value, first: Value) -> Value:
        """The states before the steps, from those after them and the first."""
        start, stop = (1, after.shape[0]) if self.scan.reverse else (0, after.shape[0] - 1)
        kept = ir.slice_(after, (start, *(0 for _ in first.shape)), (stop, *first.shape))
        parts = [ir.expand_dims(first, 0), kept]
        return ir.concatenate(parts[::-1] if self.scan.reverse else parts, 0)

    def results(self, wanted: Sequence[bool]) -> list[Value | None]:
        """Run it; the cotangents of the scan's inputs."""
        scan, n, m = self.scan, self.scan.carries, self.scan.sequences
        state = [self.slopes.get(i, ir.zeros_like(Value(self.carried[i]))) for i in self.state]
        rows = [i for i in range(n, n + m) if wanted[i] and i in self.slopes]
        shared = [i for i in range(n + m, len(wanted)) if wanted[i] and i in self.slopes]
        varying = {node: value for value, node in self.sequences.values()}
        constant = {node for _, node in self.constants.values()}
        sums = Sums([self.slopes[i].ref for i in shared], varying, constant)
        added = [leaf(ref.type) for ref in sums.accumulated]
        totals = [Value(a) + Value(ref) for a, ref in zip(added, sums.accumulated, strict=True)]
        operands = [*self.carried.values(), *added]
        operands += [node for _, node in (*self.sequences.values(), *self.constants.values())]
        results = [v.ref for v in (*state, *totals)] + [self.slopes[i].ref for i in rows] + sums.stacked
        zeros = [ir.full(ref.type.shape, 0, ref.type.dtype, ref.type.context) for ref in sums.accumulated]
        made = apply(
            "scan",
            [*(self._seed(i) for i in self.state), *zeros]
            + [value for value, _ in (*self.sequences.values(), *self.constants.values())],
            body=Graph(operands, results), length=scan.length, reverse=not scan.reverse,
            carries=len(state) + len(added), sequences=len(self.sequences),
        ) if results else ()  # fmt: skip
        at = iter(made)
        found: list[Value | None] = [None] * len(wanted)
        for i in self.state:
            slope = next(at)
            found[i] = slope if wanted[i] else None
        accumulated = [next(at) for _ in added]
        for i in rows:
            found[i] = next(at)
        for i, total in zip(shared, sums.totals(accumulated, list(at)), strict=True):
            found[i] = total
        return found

    def _seed(self, i: int) -> Value:
        given, type = self.given[i], self.scan.body.outputs[i].type
        return ir.full(type.shape, 0, type.dtype, type.context) if given is None else given
