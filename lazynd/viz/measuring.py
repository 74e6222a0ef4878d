"""How long each operator takes by itself: they are run one after the other, and timed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from time import perf_counter
from typing import Any, Final

import numpy as np

from ..backends import Backend, Executable, get_backend
from ..ir.graph import Graph, graph_of
from ..ir.node import Node
from ..ir.specialization import Specialization
from ..ir.types import Type, is_floating
from ..nd import NDArray
from ..runtime.guard.sections import Undivided
from ..runtime.run.program import pending_plan
from ..runtime.thread import LOCAL
from .looking import view
from .model import View
from .programs import Program
from .recorded import recorded

_SEED: Final = 0


def measure(shown: NDArray | Graph | Program, backend: str = "numpy", repeat: int = 3) -> View:
    """A view of ``shown`` whose operators have their times: each is run by itself, and the best of ``repeat`` counts.

    ``shown``: a pending array, which is measured with the values that it will be computed of, and stays pending; or a
    graph or what ran, with made-up values: numbers between 0 and 1, integers 0. ``backend``: "numpy", the interpreter,
    which is what runs a graph the first times; or "xla", where each operator becomes a program of its own, which takes
    time to compile. A whole program takes less than its operators by themselves, for they are fused: ``timed`` tells.

    ``ValueError`` if the value of the array is there already, and for a ``repeat`` below 1; ``TypeError`` for anything
    else.

    >>> from lazynd import nd, viz
    >>> x = nd.ones((50, 50))
    >>> view = viz.measure(nd.dot(x, x) + 1)
    >>> [view.nodes[id].operator for id in view.graph.nodes if view.nodes[id].milliseconds > 0]
    ['_full', 'dot', '_plus_scalar']
    """
    if repeat < 1:
        raise ValueError(f"repeat must be 1 or more, not {repeat}")
    graph = shown.graph if isinstance(shown, Program) else recorded(shown)
    values = _pending_values(shown, graph) if isinstance(shown, NDArray) else {}
    times = _Measuring(graph, get_backend(backend), repeat, values).run()
    made = view(shown if isinstance(shown, Program) else graph)
    for id, taken in zip(made.graph.nodes, times, strict=True):
        made.nodes[id].milliseconds = taken
    return made


def _pending_values(array: NDArray, graph: Graph) -> dict[Node, Any]:
    """The values of the inputs of ``graph``, the pending graph of ``array``, as far as they are there."""
    ref = LOCAL.state.recorder.read(array._cell)
    with Undivided():
        plan = pending_plan(ref)
        given = [each.value for each in plan.leaves]
        numbers = list(plan.scalars)
    places = [*given, *([None] * len(plan.foreign)), *numbers]
    if len(places) != len(graph.inputs):  # something ran meanwhile
        return {}
    return {node: value for node, value in zip(graph.inputs, places, strict=True) if value is not None}


class _Measuring:
    """One run of a graph, operator by operator. Values are dropped after their last use."""

    def __init__(self, graph: Graph, backend: Backend, repeat: int, values: dict[Node, Any]) -> None:
        self._graph = graph
        self._backend = backend
        self._repeat = repeat
        self._programs: dict[Specialization, Executable] = {}
        self._values: dict[tuple[Node, int], Any] = {}
        self._left = Counter(ref.node for node in graph.nodes for ref in node.inputs or ())
        random = np.random.default_rng(_SEED)
        for node in graph.inputs:
            known = values.get(node)
            self._values[node, 0] = _made_up(node.type, random) if known is None else known

    def run(self) -> list[float]:
        """Milliseconds of each node."""
        return [self._one(node) for node in self._graph.nodes]

    def _one(self, node: Node) -> float:
        spec, refs = node.spec, node.inputs
        assert spec is not None and refs is not None
        given = [self._values[ref.node, ref.index] for ref in refs]
        count = len(spec.in_types)
        arrays = [self._backend.put(v, t.context) for v, t in zip(given[:count], spec.in_types, strict=True)]
        numbers = [_number(each) for each in given[count:]]
        program = self._program(spec)
        best = float("inf")
        made: Sequence[Any] = ()
        for _ in range(self._repeat):
            started = perf_counter()
            made = program(arrays, numbers)
            for each in made:
                self._backend.wait(each)
            best = min(best, perf_counter() - started)
        for ref in refs:
            self._left[ref.node] -= 1
            if not self._left[ref.node]:
                self._drop(ref.node)
        for index, each in enumerate(made):
            self._values[node, index] = each
        if not self._left[node]:
            self._drop(node)
        return best * 1000

    def _drop(self, node: Node) -> None:
        for index in range(1 if node.spec is None else len(node.spec.out_types)):
            self._values.pop((node, index), None)

    def _program(self, spec: Specialization) -> Executable:
        found = self._programs.get(spec)
        if found is None:
            graph = graph_of(spec, spec.op.name)
            found = self._programs[spec] = self._backend.compile(graph, len(spec.slots), (), False)[0]
        return found


def _number(value: Any) -> Any:
    """A number for a slot: of an array with one element, that element."""
    return value if isinstance(value, bool | int | float) else np.asarray(value).item()


def _made_up(type: Type, random: np.random.Generator) -> Any:
    """A value of ``type``: numbers between 0 and 1, or zeros where it is no floating type."""
    if is_floating(type.dtype):
        return random.uniform(size=type.shape).astype(type.dtype)
    return np.zeros(type.shape, type.dtype)
