"""The text form of graphs: one line a node, with types and the user's line. ``parse`` reads it back.

    graph main(%0: float32[2,3], %1: float32[]) {
      %2: float32[2,3] = _mul_scalar(%0, scalar=%1)  # train.py:12
      %3: float32[2,3] = ir.transpose(%2) {axes=(0, 1)}
      return %3
    }

Primitives carry the prefix ``ir.``, operators none; scalar slots are named. A derived operator ends with what it
is derived from: an operator on types, then each step: ``keep(0)`` is the forward pass
that keeps residuals for the gradient of input 0, ``vjp(0; 1)`` the gradient of input 0 from the cotangent of
output 1, ``live(0)`` the operator on input 0 alone, the only one that it reads. A graph that is an
attribute, as the body of a loop, is printed before the graph that runs it, under the name that the attribute has:
``{body=@body, length=5}``.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from .attributes import print_attribute
from .derived import Derived
from .graph import Graph, subgraphs
from .node import Node, Output
from .primitive import Primitive
from .specialization import Specialization

PREFIX = "ir."


def print_graph(graph: Graph, locations: bool = True) -> str:
    """``graph`` as text that ``parse_graph`` reads back to an equal graph (up to locations)."""
    title = graph.name or "main"
    bodies: dict[Hashable, str] = {}
    parts = [_print(body, bodies[body.structure], bodies, locations) for body in _bodies(graph, title, bodies)]
    return "".join([*parts, _print(graph, title, bodies, locations)])


def _bodies(graph: Graph, title: str, names: dict[Hashable, str]) -> list[Graph]:
    """The graphs that ``graph`` runs, each once and before those that run it; fills ``names`` by structure."""
    found: list[Graph] = []
    for spec in dict.fromkeys(node.spec for node in graph.nodes):
        for attribute, body in subgraphs(spec).items() if spec is not None else ():
            if body.structure not in names:
                found += [*_bodies(body, title, names), body]
                taken = {title, *names.values()}
                more = (f"{attribute}{i}" for i in range(2, len(taken) + 3))
                names[body.structure] = next(name for name in (attribute, *more) if name not in taken)
    return found


def _print(graph: Graph, title: str, bodies: Mapping[Hashable, str], locations: bool) -> str:
    names: dict[Node, str] = {node: f"%{i}" for i, node in enumerate(graph.inputs)}
    parameters = ", ".join(f"{names[node]}: {node.type!r}" for node in graph.inputs)
    lines = [f"graph {title}({parameters}) {{"]
    applied: dict[Specialization, tuple[str, str]] = {}
    for node in graph.nodes:
        spec = node.spec
        assert spec is not None and node.inputs is not None
        name = names[node] = f"%{len(names)}"
        operands = [_number(names, ref) for ref in node.inputs]
        for i, slot in enumerate(spec.slots, len(operands) - len(spec.slots)):
            operands[i] = f"{slot.name}={operands[i]}"
        if spec not in applied:
            applied[spec] = _head(spec), _tail(spec, bodies)
        head, tail = applied[spec]
        line = f"  {name}: {head}({', '.join(operands)}){tail}"
        if locations and node.code is not None:
            line += f"  # {node.code.co_filename.rpartition('/')[2]}:{_line(node)}"
        lines.append(line)
    lines.append(f"  return {', '.join(_number(names, ref) for ref in graph.outputs)}")
    return "\n".join([*lines, "}"]) + "\n"


def _number(names: dict[Node, str], ref: Node | Output) -> str:
    return names[ref.node] if not ref.index else f"{names[ref.node]}.{ref.index}"


def _head(spec: Specialization) -> str:
    prefix = PREFIX if isinstance(spec.op, Primitive) else ""
    return f"{', '.join(map(repr, spec.out_types))} = {prefix}{spec.op.name}"


def _tail(spec: Specialization, bodies: Mapping[Hashable, str]) -> str:
    attributes = ", ".join(f"{k}={print_attribute(v, bodies)}" for k, v in spec.attributes.items())
    return (f" {{{attributes}}}" if attributes else "") + print_derivation(spec)


def print_derivation(spec: Specialization) -> str:
    """What ``spec`` is derived from, with a space before it; nothing if it is an operator of its own."""
    steps: list[str] = []
    while isinstance(spec.op, Derived):
        step = spec.op.derivation
        present = f"; {_marked(step.present)}" if step.present else ""
        steps.append(f"{step.step}({_marked(step.inputs)}{present})")
        spec = step.origin
    if not steps:
        return ""
    prefix = PREFIX if isinstance(spec.op, Primitive) else ""
    types = ", ".join(map(repr, spec.in_types))
    return f" from {prefix}{spec.op.name}({types}) {' '.join(reversed(steps))}"


def _marked(flags: tuple[bool, ...]) -> str:
    return ", ".join(str(i) for i, flag in enumerate(flags) if flag)


def _line(node: Node) -> int:
    assert node.code is not None
    for start, end, line in node.code.co_lines():
        if start <= node.lasti < end and line is not None:
            return line
    return node.code.co_firstlineno
