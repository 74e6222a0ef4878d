"""The gradient of ``cond``: the same choice between the gradients of the branches, reading what the branch kept."""

from __future__ import annotations

from collections.abc import Sequence

from . import build as ir
from .control import apply
from .derived import GraphOp, as_operator
from .graph import Graph, graph_of, inline
from .linearize import Backward, Linearized, linearize
from .node import Node, Output, leaf
from .specialization import Specialization
from .types import Type
from .value import Value

Ref = Node | Output
_BRANCHES = ("on_true", "on_false")


def _linearized(spec: Specialization, wanted: Sequence[bool]) -> list[Linearized]:
    """The branches, linearised for the operands ``wanted``."""
    if not spec.parts:
        spec.parts = tuple([as_operator(spec.attributes[name], GraphOp(name)) for name in _BRANCHES])
    return [linearize(branch, tuple(wanted[1:])) for branch in spec.parts]


def _zeros(type: Type) -> Ref:
    return ir.full(type.shape, 0, type.dtype, type.context).ref


def _keeping(spec: Specialization, branches: Sequence[Linearized]) -> Specialization:
    """``spec`` with what each branch keeps as further outputs, zeros where the other one ran."""
    hidden = [linear.graph.outputs[linear.visible :] for linear in branches]
    graphs = {}
    for number, (name, linear) in enumerate(zip(_BRANCHES, branches, strict=True)):
        further = [r if i == number else _zeros(r.type) for i, refs in enumerate(hidden) for r in refs]
        graphs[name] = Graph(linear.graph.inputs, [*linear.graph.outputs[: linear.visible], *further])
    return spec.op.specialize(spec.in_types, graphs)


def keep_in_cond(spec: Specialization, wanted: Sequence[bool]) -> Graph | None:
    """``spec`` with outputs for what the gradients of the inputs ``wanted`` read; None if it has them."""
    branches = _linearized(spec, wanted)
    if all(len(linear.graph.outputs) == linear.visible for linear in branches):
        return None
    return graph_of(_keeping(spec, branches))


def pull_back_cond(
    spec: Specialization,
    wanted: Sequence[bool],
    cotangents: Sequence[Value | None],
    outputs: Sequence[Value],
    inputs: Sequence[Value],
) -> list[Value | None]:
    """Cotangents of the inputs ``wanted``."""
    branches = _linearized(spec, wanted)
    steps = []
    for linear in branches:
        hidden = len(linear.graph.outputs) - linear.visible
        steps.append(linear.backward((*(g is not None for g in cotangents), *(False for _ in range(hidden)))))
    sources = sorted({k for step in steps for k in step.residuals})
    targets = sorted({i for step in steps for i in step.targets})
    if not targets:
        return [None] * len(inputs)
    operands = inputs[1:]
    if any(k >= len(operands) + len(outputs) for k in sources):  # not kept: run it again
        richer = _keeping(spec, branches)
        again = apply("cond", inputs, **richer.attributes)
        more: list[Value | None] = [None] * (len(again) - len(outputs))
        return pull_back_cond(richer, wanted, [*cotangents, *more], again, inputs)
    known = [*operands, *outputs]
    seeds = [g for g in cotangents if g is not None]
    given = [*(known[k] for k in sources), *seeds]
    graphs = {
        name: _branch(step, sources, targets, [v.type for v in given], operands)
        for name, step in zip(_BRANCHES, steps, strict=True)
    }
    found: list[Value | None] = [None] * len(inputs)
    for i, made in zip(targets, apply("cond", [inputs[0], *given], **graphs), strict=True):
        found[i + 1] = made
    return found


def _branch(
    step: Backward, sources: Sequence[int], targets: Sequence[int], types: Sequence[Type], operands: Sequence[Value]
) -> Graph:
    """The backward pass ``step`` of one branch on the sources and seeds of both, with the targets of both."""
    parameters = [leaf(type) for type in types]
    made: dict[int, Ref] = {}
    if step.spec is not None:
        body = step.spec.body
        assert body is not None
        at = dict(zip(sources, parameters, strict=False))
        used = [at[k] for k in step.residuals]
        made = dict(zip(step.targets, inline(body, [*used, *parameters[len(sources) :]]), strict=True))
    return Graph(parameters, [made.get(i) or _zeros(operands[i].type) for i in targets])
