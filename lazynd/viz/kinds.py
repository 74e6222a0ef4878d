"""Which nodes are forward, gradient or update; which inputs are parameters; and what inputs are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ..ir.derived import Derived, root
from ..ir.flatten import flat_graph
from ..ir.graph import Graph, innermost_first
from ..ir.node import Node
from ..ir.scope import join
from ..ir.specialization import DRAW, Specialization

#: What operators call the inputs that training changes.
_PARAMETERS: Final = frozenset(
    ("weight", "weight32", "bias", "gamma", "beta", "parameters", "moving_mean", "moving_var", "mom", "moving_avg")
)
#: Primitives besides those on each element that such an update is made of.
_SPREADING: Final = frozenset(("broadcast", "constant", "reshape", "select", "convert"))
#: They add up squares of gradients for the updates.
_FOR_UPDATES: Final = frozenset(("multi_sum_sq", "multi_lars"))


#: Kind and name of an input.
Role = tuple[str, str]


def kinds(graph: Graph, around: str = "forward") -> dict[Node, str]:
    """The kind of each node of ``graph``, which is the body of a node of the kind ``around``.

    A gradient is what ``backward`` derives from an operator, and what is computed from gradients alone, as their sum;
    an update is an operator of an optimizer, and arithmetic on each element of a gradient and something else. What is
    computed for nothing but gradients, or but updates, belongs to them. Nothing else tells an update that is written
    by hand: ``w[:] = w - 0.1 * w.grad``.
    """
    if around != "forward":
        return dict.fromkeys(graph.nodes, around)
    found: dict[Node, str] = {}
    for node in graph.nodes:
        found[node] = _own_kind(node.spec) or _by_inputs(node, found)
    _by_users(graph, found)
    return found


def _by_inputs(node: Node, found: Mapping[Node, str]) -> str:
    spec = node.spec
    assert spec is not None
    arrays = (node.inputs or ())[: len(spec.in_types)]
    read = {found.get(ref.node, "data") for ref in arrays}
    if read <= {"data", "forward"}:
        return "forward"
    if read == {"gradient"}:
        return "gradient"
    return "update" if _elementwise(spec) else "forward"


def _elementwise(spec: Specialization) -> bool:
    """Whether each element of the result is made of those at its place."""
    if any(type.shape != spec.out_types[0].shape for type in spec.in_types):
        return False
    ops = [node.spec.op for node in flat_graph(spec).nodes if node.spec is not None]
    return all(getattr(op, "elementwise", False) or op.name in _SPREADING for op in ops)


def _by_users(graph: Graph, found: dict[Node, str]) -> None:
    """Give what is computed for one thing alone its kind."""
    users: dict[Node, set[str]] = {ref.node: {"forward"} for ref in graph.outputs}
    for node in reversed(graph.nodes):
        of = users.get(node, set())
        if found[node] == "forward" and len(of) == 1:
            found[node] = next(iter(of))
        for ref in node.inputs or ():
            users.setdefault(ref.node, set()).add(found[node])


def _own_kind(spec: Specialization | None) -> str | None:
    while spec is not None and isinstance(spec.op, Derived):
        if spec.op.derivation.step == "vjp":
            return "gradient"
        spec = spec.op.derivation.origin
    if spec is None:
        return None
    name = str(spec.op.name)
    return "update" if "update" in name or name in _FOR_UPDATES else None


def input_roles(graph: Graph) -> dict[Node, Role]:
    """Kind and name of each input: "number" what fills a slot, "parameter" a weight, or what only an update reads.

    The name is what the first operator that takes it calls it, if that says anything: "lr", or in a block
    "net.dense0.weight". What a call takes is what its body does with it.
    """
    known: dict[Specialization, Sequence[Role]] = {}
    for spec, bodies in innermost_first(graph, _body):
        if bodies:
            roles = _of_inputs(bodies[0], known)
            known[spec] = [roles[node] for node in bodies[0].inputs]
    return _of_inputs(graph, known)


def _body(spec: Specialization) -> Sequence[Graph]:
    return (spec.body,) if root(spec).op.is_call and spec.body is not None else ()


def _of_inputs(graph: Graph, known: Mapping[Specialization, Sequence[Role]]) -> dict[Node, Role]:
    wanted = set(graph.inputs)
    found: dict[Node, Role] = {}
    for node in graph.nodes:
        spec = node.spec
        if spec is None or wanted.isdisjoint([ref.node for ref in node.inputs or ()]):
            continue
        for ref, (kind, name) in zip(node.inputs or (), known.get(spec) or _roles(spec), strict=True):
            if ref.node in wanted and found.get(ref.node, ("data", ""))[0] == "data":
                if kind == "parameter" and name and node.scope:
                    name = join(node.scope, name) if spec in known else f"{node.scope}.{name}"
                found[ref.node] = kind, name
    return {node: found.get(node, ("data", "")) for node in graph.inputs}


def _roles(spec: Specialization) -> Iterable[Role]:
    """Kind and name of what each input of ``spec`` takes."""
    count = len(spec.in_types)
    names = _input_names(spec)
    updates = _own_kind(spec) == "update"
    for number in range(count):
        name = names[number] if number < len(names) else ""
        taken = name in _PARAMETERS or (updates and name != "grad")
        yield ("parameter", name) if taken else ("data", "")
    for slot in spec.slots:
        yield "number", "" if slot.kind == DRAW else slot.name


def _input_names(spec: Specialization) -> tuple[str, ...]:
    """The names of the inputs of an operator; of what is derived from it those that it still reads."""
    steps = []
    while isinstance(spec.op, Derived):
        steps.append(spec.op.derivation)
        spec = spec.op.derivation.origin
    names = tuple(getattr(spec.op, "inputs", ()))
    for step in reversed(steps):
        if step.step == "vjp":
            return ()
        if step.step == "live":
            names = tuple([name for name, kept in zip(names, step.inputs, strict=False) if kept])
    return names
