"""Splitting an op into a forward pass that keeps residuals and a backward pass that reads them.

Found once per (specialization, needed inputs): the body is differentiated, and the boundary between the two
passes is chosen so that cheap elementwise work and data movement is recomputed, draws are regenerated, and only
contractions, reductions and loops hand their results over as hidden outputs. A call, as which the step of a loop is
differentiated too, also hands over transcendentals: functions of many instructions that would be computed again in
another program, or at each step. Calls inside a call are opened for that, so that what is worth keeping is decided
across all of it, not call by call.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from .derived import Derivation, Derived, prune, root
from .flatten import flatten, inline_at
from .gradient import cotangents_of
from .graph import Graph, Rewriter, graph_of, rewrite
from .node import Node, Output, leaf
from .primitive import Primitive
from .specialization import Specialization
from .types import BOOL
from .value import Value

Ref = Node | Output
Key = tuple[Node, int]


@dataclass(frozen=True, slots=True)
class Backward:
    """One backward pass: ``spec`` on the sources numbered ``residuals``, then the present cotangents.

    Output ``i`` is the cotangent of input ``targets[i]``; inputs that no path reaches are not among them.
    ``spec`` is None when none is reached.
    """

    spec: Specialization | None
    residuals: tuple[int, ...]
    targets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A backward pass as a tape makes it: what need not be computed is handed on, and recorded nowhere.

    ``handed``: for each input that a cotangent goes to, in order, the number of the present cotangent that it is, or
    -1: then it is the next output of ``computed``, whose ``targets`` say the same.
    """

    computed: Backward
    targets: tuple[int, ...]
    handed: tuple[int, ...]


class Linearized:
    """An op's forward pass with hidden outputs, and its backward passes by present cotangents."""

    __slots__ = ("_backwards", "_steps", "graph", "kept", "needs", "origin", "place", "spec", "visible")

    def __init__(self, origin: Specialization, needs: tuple[bool, ...]) -> None:
        self.origin = origin
        self.needs = needs
        self.visible = len(origin.out_types)
        #: The body, with hidden outputs behind the visible ones.
        self.graph = keep_residuals(_body(origin), needs)
        cheap = _cheap_in_a_call if root(origin).op.is_call else _cheap
        self._backwards: dict[tuple[bool, ...], Backward] = {}
        self._steps: dict[tuple[bool, ...], Step] = {}
        hidden: list[Ref] = []
        while True:  # Hidden outputs are outputs: their gradients must find their residuals too.
            cut = _boundary(self.graph, hidden, needs, cheap)
            if not cut:
                break
            hidden += cut
        self.spec = self._forward(hidden)
        results = [*self.graph.outputs[: self.visible], *hidden]
        self.graph = Graph(self.graph.inputs, results)
        every = self._derive(tuple(ref.type.dtype != BOOL for ref in results))
        #: What a tape must keep: sources that some backward pass reads. Source ``i`` is input ``i``, source
        #: ``len(inputs) + k`` is output ``k``.
        self.kept: tuple[int, ...] = every.residuals
        #: Where among them each source is.
        self.place: dict[int, int] = {source: at for at, source in enumerate(self.kept)}

    def _forward(self, hidden: Sequence[Ref]) -> Specialization:
        if not hidden:
            return self.origin
        origin = self.origin
        graph = Graph(self.graph.inputs, [*self.graph.outputs, *hidden])
        out_types = (*origin.out_types, *(ref.type for ref in hidden))
        derived = Derived(origin.op.name, Derivation(origin, "keep", self.needs))
        made = Specialization(derived, origin.in_types, origin.attributes, out_types, origin.slots, graph, origin.nodes)
        return prune(made)

    def backward(self, present: tuple[bool, ...]) -> Backward:
        """The backward pass for cotangents of the outputs marked ``present``."""
        found = self._backwards.get(present)
        if found is None:
            found = self._backwards.setdefault(present, self._derive(present))
        return found

    def step(self, present: tuple[bool, ...]) -> Step:
        """The same, without what only passes a cotangent on, as an addition does."""
        found = self._steps.get(present)
        if found is None:
            found = self._steps.setdefault(present, self._step(present))
        return found

    def _step(self, present: tuple[bool, ...]) -> Step:
        whole = self.backward(present)
        handed = _handed(whole)
        passed = {target for target, seed in zip(whole.targets, handed, strict=True) if seed >= 0}
        if len(passed) == len(whole.targets):
            return Step(Backward(None, (), ()), whole.targets, handed)
        if passed and self.spec is self.origin:
            less = linearize(self.origin, tuple([need and i not in passed for i, need in enumerate(self.needs)]))
            # What it computes reads the same sources, unless its forward pass keeps others.
            if less.spec is self.origin:
                return Step(less.backward(present), whole.targets, handed)
        return Step(whole, whole.targets, (-1,) * len(whole.targets))

    def _derive(self, present: tuple[bool, ...]) -> Backward:
        graph, origin = self.graph, self.origin
        seeds = [leaf(ref.type) if there else None for ref, there in zip(graph.outputs, present, strict=True)]
        wanted = [i for i, need in enumerate(self.needs) if need]
        cotangents = cotangents_of(
            graph.nodes,
            graph.outputs,
            [None if s is None else Value(s) for s in seeds],
            [graph.inputs[i] for i in wanted],
        )
        reached = [(i, c.ref) for i, c in zip(wanted, cotangents, strict=True) if c is not None]
        if not reached:
            return Backward(None, (), ())
        n_inputs = len(origin.in_types)
        tensors, slots = graph.inputs[:n_inputs], graph.inputs[n_inputs:]
        sources: list[Ref] = [*tensors, *graph.outputs]
        boundary = {(ref.node, ref.index): leaf(ref.type) for ref in sources}
        slot_leaves = [leaf(s.type) for s in slots]
        seed_leaves = [s for s in seeds if s is not None]
        boundary.update({(s, 0): new for s, new in zip(slots, slot_leaves, strict=True)})
        boundary.update({(s, 0): s for s in seed_leaves})
        used, results = _extract([ref for _, ref in reached], boundary)
        first: dict[Key, int] = {}  # an output may be an input passed through, or another output
        for k, ref in enumerate(sources):
            first.setdefault((ref.node, ref.index), k)
        residuals = tuple([k for key, k in first.items() if key in used])
        kept = [boundary[sources[k].node, sources[k].index] for k in residuals]
        body = Graph([*kept, *seed_leaves, *slot_leaves], results)
        spec = Specialization(
            Derived(f"vjp_{origin.op.name}", Derivation(origin, "vjp", self.needs, present)),
            tuple(n.type for n in (*kept, *seed_leaves)),
            origin.attributes,
            tuple(ref.type for ref in results),
            origin.slots,
            body,
            origin.nodes,
        )
        return Backward(prune(spec), residuals, tuple(i for i, _ in reached))


def _handed(whole: Backward) -> tuple[int, ...]:
    """Which outputs of a backward pass are cotangents that it was given, and which: -1 for the others."""
    if whole.spec is None:
        return ()
    body = whole.spec.body
    assert body is not None
    seeds = {node: i for i, node in enumerate(body.inputs[len(whole.residuals) : len(whole.spec.in_types)])}
    return tuple([seeds.get(ref.node, -1) for ref in body.outputs])


def linearize(spec: Specialization, needs: tuple[bool, ...]) -> Linearized:
    """``spec`` split for the gradients of the inputs marked in ``needs``; memoised on ``spec``."""
    found: Linearized | None = spec.linearized.get(needs)
    if found is None:
        found = spec.linearized.setdefault(needs, Linearized(spec, needs))
    return found


def derive(origin: Specialization, step: str, inputs: Collection[int], present: Collection[int]) -> Specialization:
    """What a ``Derivation`` describes, its marked inputs and outputs given by number."""
    if step == "live":
        if origin.pruned is None or origin.pruned[1] != sorted(inputs):
            raise ValueError(f"it is not so that {origin.op.name} reads the inputs {sorted(inputs)} alone")
        return origin.pruned[0]
    linear = linearize(origin, tuple(i in inputs for i in range(len(origin.in_types))))
    if step == "keep":
        return linear.spec
    found = linear.backward(tuple(i in present for i in range(len(linear.spec.out_types)))).spec
    if found is None:
        raise ValueError(f"no gradient of {origin.op.name} reaches the inputs {sorted(inputs)}")
    return found


def _body(spec: Specialization) -> Graph:
    """The body down to what has a gradient rule; an op with a rule of its own is one node of itself."""
    if spec.body is None or spec.op.has_gradient_rule:
        return graph_of(spec)
    return flatten(spec.body, keep_rules=True)


def keep_residuals(graph: Graph, needs: Sequence[bool]) -> Graph:
    """``graph``, its loops and choices keeping what the gradients of the inputs marked ``needs`` read of them."""
    active: set[Node] = {node for node, need in zip(graph.inputs, needs, strict=False) if need}

    def step(rewriter: Rewriter, node: Node) -> None:
        spec = node.spec
        assert spec is not None and node.inputs is not None
        wanted = [ref.node in active and ref.type.dtype != BOOL for ref in node.inputs]
        inputs = rewriter.inputs_of(node)
        richer = spec.op.keeping(spec, wanted) if any(wanted) else None
        if any(wanted):
            active.add(node)
        if richer is None:
            rewriter.copy(node, inputs)
        else:
            rewriter.set(node, inline_at(richer, inputs, node, node.scope)[: len(spec.out_types)])

    return rewrite(graph, step)


def _boundary(graph: Graph, hidden: Sequence[Ref], needs: tuple[bool, ...], cheap: Callable[[Node], bool]) -> list[Ref]:
    """Results of ``graph``, not yet ``hidden``, that its gradients read and that are too expensive to compute again."""
    results = [*graph.outputs, *hidden]
    seeds = [Value(leaf(ref.type)) if ref.type.dtype != BOOL else None for ref in results]
    wanted = [graph.inputs[i] for i, need in enumerate(needs) if need]
    found = [c.ref for c in cotangents_of(graph.nodes, results, seeds, wanted) if c is not None]
    forward = set(graph.nodes)
    known: set[Key] = {(ref.node, ref.index) for ref in (*graph.inputs, *results)}
    boundary: list[Ref] = []
    seen: set[Node] = set()
    stack: list[Ref] = list(found)
    while stack:
        ref = stack.pop()
        key = (ref.node, ref.index)
        if key in known or ref.node.spec is None:
            continue
        if ref.node in forward and not cheap(ref.node):
            known.add(key)
            boundary.append(ref)
        elif ref.node not in seen:
            seen.add(ref.node)
            assert ref.node.inputs is not None
            stack.extend(ref.node.inputs)
    return boundary


def _cheap(node: Node) -> bool:
    assert node.spec is not None
    return isinstance(node.spec.op, Primitive) and node.spec.op.cheap


def _cheap_in_a_call(node: Node) -> bool:
    assert node.spec is not None
    return _cheap(node) and not getattr(node.spec.op, "transcendental", False)


def _extract(results: Sequence[Ref], boundary: Mapping[Key, Node]) -> tuple[set[Key], list[Ref]]:
    """Copies what ``results`` need above ``boundary``; says which parts of the boundary were used."""
    used: set[Key] = set()
    order: list[Node] = []
    done: set[Node] = set()
    stack: list[tuple[Ref, bool]] = [(ref, False) for ref in reversed(results)]
    while stack:
        ref, expanded = stack.pop()
        if expanded:
            order.append(ref.node)
            continue
        if (ref.node, ref.index) in boundary:
            used.add((ref.node, ref.index))
        elif ref.node not in done:
            done.add(ref.node)
            stack.append((ref, True))
            assert ref.node.inputs is not None
            stack.extend((source, False) for source in reversed(ref.node.inputs))
    rewriter = Rewriter()
    rewriter.replaced.update(boundary)
    for node in order:
        assert node.spec is not None
        keys = [(node, i) for i in range(len(node.spec.out_types))]
        rewriter.copy(node, rewriter.inputs_of(node))
        # An output that is also a residual is read from there, not computed again.
        rewriter.replaced.update({k: boundary[k] for k in keys if k in boundary})
    return used, [rewriter[ref] for ref in results]
