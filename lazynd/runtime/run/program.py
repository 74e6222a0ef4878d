"""Programs: plans turned into graphs, optimised, compiled, and kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from time import perf_counter
from types import MappingProxyType
from typing import Any, Final

from ...backends import Backend, Executable
from ...config import config
from ...ir.graph import Graph, in_order, number_nodes
from ...ir.node import Node, Output, apply, leaf
from ...ir.primitives.check import may_fail
from ...ir.specialization import INDEX
from ...passes import Stage, pipeline, run_pipeline
from ..guard.leaving import INSIDE
from ..guard.sections import Undivided
from ..tell.sites import Site, current_site
from ..tell.stats import stats
from ..tell.tracing import TRACING, Trace
from .equal_numbers import first_equals, hold
from .failure import unfinished
from .liveness import Ref, dead_leaves
from .plan import Plan, make_plan
from .recorded import Recorded, number_input

_VALUE: Final = attrgetter("value")


class Program:
    """One compiled program. ``donate`` numbers the leaves whose buffers it takes over, with their uses by the plan.

    ``recorded``: what it is a program of. ``loaded``: whether it came from the disk. ``milliseconds``: what the last
    run took that was timed. ``result_bytes``: of all results.
    """

    __slots__ = (
        "backend", "donate", "executable", "loaded", "milliseconds", "recorded", "result_bytes", "scalar_positions",
    )  # fmt: skip

    def __init__(
        self,
        executable: Executable,
        donate: dict[int, int],
        scalar_positions: list[int] | None,
        recorded: Recorded,
        backend: Backend,
        loaded: bool,
        result_bytes: int,
    ) -> None:
        self.executable = executable
        self.donate = donate
        #: Which of the plan's scalars are its inputs; None for all.
        self.scalar_positions = scalar_positions
        self.recorded = recorded
        self.backend = backend
        self.loaded = loaded
        self.milliseconds: float | None = None
        self.result_bytes = result_bytes

    @property
    def graph(self) -> Graph:
        """The graph of operators, made anew; lines and scopes are those of its last run. Nodes know their numbers."""
        return self.recorded.graph()

    @property
    def optimised(self) -> Graph:
        """What was compiled, made anew: ``graph`` after the passes. Each ``node.origin`` are numbers in ``graph``."""
        return optimise(self.graph, self.backend)


class Family:
    """The programs of one key, at most two: with the index parameters of the first plan, and with any.

    ``baked`` has the index parameters ``first`` compiled in; ``general`` has all of them as inputs. ``site``: the
    user's line that first needed the key. ``seconds``: what compiling took. ``uses``: how often the programs ran;
    ``forgotten``: how many of these reports leave out. ``varies``: whether index parameters differed before anything
    was compiled; then the general one is all there is.
    """

    __slots__ = (
        "backend", "baked", "first", "firsts", "forgotten", "general", "index_positions", "nbytes", "seconds", "site",
        "turned", "uses", "varies",
    )  # fmt: skip

    def __init__(
        self, backend: Backend, index_positions: list[int], first: tuple[Any, ...], site: Site, varies: bool = False
    ) -> None:
        self.backend = backend
        self.index_positions = index_positions
        self.first = first
        #: The equal numbers that are one input of the baked program; see ``equal_numbers.py``.
        self.firsts: tuple[int, ...] | None = None
        self.baked: Program | None = None
        self.general: Program | None = None
        self.site = site
        self.nbytes = 0
        self.seconds = 0.0
        self.uses = self.forgotten = 0
        self.varies = varies
        #: Whether programs were given up because they copied kernels; see ``match``.
        self.turned = False

    def match(self, scalars: Sequence[Any]) -> Program | None:
        """The program for these scalars, if it is compiled.

        One that copies kernels, having been compiled when they were arrays like others, is given up, once for a key.
        """
        found = self._found(scalars)
        if found is not None and found.executable.copies_kernels and not self.turned:
            self.turned = True
            self.baked = self.general = self.firsts = found = None
        return found

    def _found(self, scalars: Sequence[Any]) -> Program | None:
        same = not self.varies and (not self.index_positions or self.indices(scalars) == self.first)
        if same and (self.firsts is None or hold(scalars, self.firsts)):
            return self.baked
        return self.general

    def indices(self, scalars: Sequence[Any]) -> tuple[Any, ...]:
        return tuple([scalars[i] for i in self.index_positions])

    def used(self, hit: bool) -> None:
        """Note a run; a ``hit`` is one that found its program compiled."""
        self.uses += 1
        stats.hits += hit


class ProgramCache:
    """Families by key, least recently used first, bounded by count and bytes. Keys are compared whole."""

    def __init__(self) -> None:
        self.families: OrderedDict[Any, Family] = OrderedDict()
        self.nbytes = 0
        #: A lock for each key that is being compiled: other threads that want the program wait for it. It is
        #: reentrant: a handler of a signal, or a finalizer, may want the program in the thread that compiles it. It is
        #: a lock, not an event, because an interrupt cannot leave it held: ``with`` releases it.
        self.compiling: dict[Any, Any] = {}

    def get(self, key: Any, backend: Backend) -> Family | None:
        found = self.families.get(key)
        if found is None or found.backend is not backend:
            return None
        self.families.move_to_end(key)
        return found

    def add(self, key: Any, family: Family) -> None:
        known = self.families.get(key)
        if known is not None and known is not family:
            self.nbytes -= known.nbytes
        self.families[key] = family

    def grew(self, family: Family, nbytes: int) -> None:
        family.nbytes += nbytes
        self.nbytes += nbytes
        while len(self.families) > 1 and (len(self.families) > config.programs or self.nbytes > config.program_bytes):
            _, dropped = self.families.popitem(last=False)
            self.nbytes -= dropped.nbytes
            stats.evicted += 1

    def clear(self) -> None:
        self.families.clear()
        self.nbytes = 0


def slot_positions(plan: Plan, kind: str) -> list[int]:
    """Positions among the plan's scalars of slots of ``kind``."""
    return [at for at, slot in enumerate(plan.slots()) if slot.kind == kind]


def build_graph(
    plan: Plan, baked: Mapping[int, Any] = MappingProxyType({}), firsts: Sequence[int] | None = None
) -> tuple[Graph, int]:
    """The plan as a graph of operators, the numbers ``baked`` as constants, and how many numbers are inputs.

    ``firsts``: for each number the place of the one whose input it shares.
    """
    replaced: dict[int, Node] = {}
    tensors: list[Node] = []
    for ref in plan.leaves:
        made = leaf(ref.type)
        replaced[id(ref.value)] = made
        tensors.append(made)
    results: dict[Ref, Ref] = {ref: leaf(ref.type) for ref in plan.foreign}  # of another region: shown as inputs
    tensors += [made for made in results.values() if isinstance(made, Node)]
    slots: dict[int, Node] = {}
    at = 0
    for item in plan.items:
        if item.__class__ is Output:
            results[item] = Output(results[item.node].node, item.index, item.type)
            continue
        assert isinstance(item, Node) and item.spec is not None and item.inputs is not None
        inputs: list[Ref] = []
        for ref in item.inputs:
            known = results.get(ref)
            inputs.append(replaced[id(ref.value)] if known is None else known)
        for slot in item.spec.slots:
            inputs.append(number_input(slot, slots, baked, at if firsts is None else firsts[at]))
            at += 1
        results[item] = apply(item.spec, inputs, item.code, item.lasti, scope=item.scope)
    graph = in_order([*tensors, *slots.values()], [results[plan.items[i]] for i in plan.outputs], results.values())
    return number_nodes(graph), len(slots)


def optimise(graph: Graph, backend: Backend, observe: Callable[[Stage], None] | None = None) -> Graph:
    """``graph`` through the pipeline, for ``backend``."""
    return run_pipeline(graph, passes=pipeline(backend.claimed()), check=config.verify, observe=observe)


def _note_pass(trace: Trace, stage: Stage) -> None:
    if stage.name != "recorded":
        trace.span(stage.name, "pass", current_site(), perf_counter() - stage.seconds, operators=len(stage.graph))


class Draft:
    """What compiling needs of a plan, copied with the lock held: another thread may run the plan's items later."""

    __slots__ = ("donate", "firsts", "graph", "kernels", "recorded", "scalar_positions", "slots")

    def __init__(self, plan: Plan, bake: bool, backend: Backend) -> None:
        baked = {i: plan.scalars[i] for i in slot_positions(plan, INDEX)} if bake else {}
        self.firsts = first_equals(plan) if bake else None
        self.recorded = Recorded(plan, baked, self.firsts)
        self.graph, self.slots = build_graph(plan, baked, self.firsts)
        self.donate = donation(plan)
        self.kernels = [
            i for i, value in enumerate(map(_VALUE, plan.leaves)) if value.__class__ is backend.kernel_class
        ]
        inputs = range(len(plan.scalars)) if self.firsts is None else sorted(set(self.firsts))
        self.scalar_positions = [i for i in inputs if i not in baked] if baked or self.firsts is not None else None


def is_stale(plan: Plan) -> bool:
    """Whether some of ``plan`` ran, or was lost, since it was made."""
    return len(unfinished(plan.items)) < len(plan.items)


def compile_draft(draft: Draft, backend: Backend) -> tuple[Program, int]:
    """The compiled program, and the bytes of its code."""
    trace = TRACING.now
    graph = optimise(draft.graph, backend, None if trace is None else partial(_note_pass, trace))
    started = perf_counter()
    donate = {} if may_fail(graph) else draft.donate  # so that a failure loses no value
    with INSIDE:
        executable, loaded = backend.compile(graph, draft.slots, tuple(donate), True, draft.kernels)
    if trace is not None:
        trace.span(f"{backend.name} compiles", "compile", current_site(), started, operators=len(graph))
    if loaded:
        stats.loaded += 1
    else:
        stats.programs += 1
    nbytes = sum(ref.type.nbytes for ref in draft.graph.outputs)
    program = Program(executable, donate, draft.scalar_positions, draft.recorded, backend, loaded, nbytes)
    return program, executable.nbytes


def donation(plan: Plan) -> dict[int, int]:
    """The leaves whose buffers the program takes over, and their uses: dead ones, each with an output of its type."""
    wanted = [plan.items[i].type for i in plan.outputs]
    uses = leaf_uses(plan)
    chosen: dict[int, int] = {}
    for number in dead_leaves(plan.leaves, uses):
        type = plan.leaves[number].type
        if type in wanted:
            wanted.remove(type)
            chosen[number] = uses[number]
    return chosen


def leaf_uses(plan: Plan) -> dict[int, int]:
    """How often the plan's nodes read each leaf: the same for every plan of its key."""
    uses = dict.fromkeys(range(len(plan.leaves)), 0)
    for entry in plan.key:
        if entry.__class__ is int and entry < 0:
            uses[~entry] += 1
    return uses


def pending_graph(ref: Ref) -> Graph:
    """What a force of ``ref`` would run now, as a graph of operators."""
    with Undivided():
        return build_graph(pending_plan(ref))[0]


def pending_plan(ref: Ref) -> Plan:
    """The plan that a force of ``ref`` would make now, for who only looks: in the undivided section of the caller."""
    if ref.value is not None:
        raise ValueError("the value is there already: nothing is pending; viz.last() and viz.programs() tell what ran")
    region = ref.node.region
    return make_plan(unfinished(region.items), ref, not region.closed)
