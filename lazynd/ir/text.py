"""The text form of graphs: one line a node, with types and the user's line. ``parse`` reads it back.

    graph main(%0: float32[2,3], %1: float32[]) {
      %2: float32[2,3] = _mul_scalar(%0, scalar=%1)  # train.py:12
      %3: float32[2,3] = ir.transpose(%2) {axes=(0, 1)}
      return %3
    }

Primitives carry the prefix ``ir.``, operators none; scalar slots are named. A derived operator ends with what it
is derived from: an operator on types, then each step: ``keep(0)`` is the forward pass
that keeps residuals for the gradient of input 0, ``vjp(0; 1)`` the gradient of input 0 from the cotangent of
output 1, ``live(0)`` the operator on input 0 alone, the only one that it reads.

A graph that another one runs is printed before it, once, under a name of its own in the text. The body of a loop or a
branch of a choice is named like the attribute that it is: ``{body=@body, length=5}``. A call is applied by its name,
and what is derived from it says so:

    graph step(%0: float32[2], %1: float32[2], %2: float32[] runtime lr, %3: uint32[] draw seed) writes(0) {
      ...
    }
    graph main(%0: float32[2], %1: float32[2], %2: float32[], %3: uint32[]) {
      %4: float32[2], float32[2] = @step(%0, %1, lr=%2, seed=%3)  # train.py:30
      %5: float32[2] = vjp_step(%1, %4, lr=%2, seed=%3) from @step(float32[2], float32[2]) vjp(1; 0)
      return %5
    }

The last parameters of such a graph may be slots of its calls, told with kind and name (see ``Slot``); ``writes``
numbers the inputs to which the last outputs are written.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

from .attributes import print_attribute
from .derived import Derived, root
from .graph import Graph, innermost_first, subgraphs
from .node import Node, Output
from .primitive import Primitive
from .specialization import Specialization

PREFIX = "ir."
CALL = "@"


def last_part(file: str) -> str:
    """The name of a file without its folder.

    >>> last_part("/home/ann/train.py")
    'train.py'
    """
    return file.rpartition("/")[2]


def print_graph(graph: Graph, locations: bool = True, named: Callable[[str], str] = last_part) -> str:
    """``graph`` as text that ``parse_graph`` reads back to an equal graph (up to locations).

    ``locations``: whether lines of the user's are told, in files as they are ``named``.
    """
    called = named if locations else None
    title = graph.name or "main"
    names = _Names(title)
    parts = []
    for key, name, body in _named(graph):
        if key not in names.known:
            names.add(key, name)
            parts.append(_print(body, names.known[key], names.known, called, key))
    return "".join([*parts, _print(graph, title, names.known, called)])


class _Names:
    """Names for the graphs in a text: calls by specialization, bodies of loops and branches by structure."""

    def __init__(self, title: str) -> None:
        self.known: dict[Hashable, str] = {}
        self._taken = {title}
        self._counts: dict[str, int] = {}

    def add(self, key: Hashable, wanted: str) -> None:
        name = wanted
        while name in self._taken:
            self._counts[wanted] = self._counts.get(wanted, 1) + 1
            name = f"{wanted}{self._counts[wanted]}"
        self._taken.add(name)
        self.known[key] = name


def _named(graph: Graph) -> Iterator[tuple[Hashable, str, Graph]]:
    """The graphs that ``graph`` runs, each before those that run it, with key and name; some of them repeatedly."""

    def inside(spec: Specialization) -> Iterable[Graph]:
        called = root(spec)
        if called.op.is_call and called.body is not None:
            return (called.body,)
        return subgraphs(spec).values()

    for spec, bodies in innermost_first(graph, inside):
        called = root(spec)
        if called.op.is_call:
            yield called, called.op.name, bodies[0]
        else:
            for attribute, body in zip(subgraphs(spec), bodies, strict=True):
                yield body.structure, attribute, body


def _print(
    graph: Graph, title: str, bodies: Mapping[Hashable, str], called: Callable[[str], str] | None, key: Hashable = None
) -> str:
    names: dict[Node, str] = {node: f"%{i}" for i, node in enumerate(graph.inputs)}
    lines = [f"graph {title}{_signature(graph, key)} {{"]
    applied: dict[Specialization, tuple[str, str]] = {}
    for node in graph.nodes:
        spec = node.spec
        assert spec is not None and node.inputs is not None
        name = names[node] = f"%{len(names)}"
        operands = [_number(names, ref) for ref in node.inputs]
        for i, slot in enumerate(spec.slots, len(operands) - len(spec.slots)):
            operands[i] = f"{slot.name}={operands[i]}"
        if spec not in applied:
            applied[spec] = _head(spec, bodies), _tail(spec, bodies)
        head, tail = applied[spec]
        line = f"  {name}: {head}({', '.join(operands)}){tail}"
        if called is not None and node.code is not None:
            line += f"  # {called(node.code.co_filename)}:{_line(node)}"
        lines.append(line)
    lines.append(f"  return {', '.join(_number(names, ref) for ref in graph.outputs)}")
    return "\n".join([*lines, "}"]) + "\n"


def _signature(graph: Graph, key: Hashable) -> str:
    """The parameters; of the call ``key`` also which of them are slots, and what it writes."""
    parameters = [f"%{i}: {node.type!r}" for i, node in enumerate(graph.inputs)]
    writes = ""
    if isinstance(key, Specialization):
        for i, slot in enumerate(key.slots, len(key.in_types)):
            parameters[i] += f" {slot.kind} {slot.name}"
        writes = f" writes({', '.join(map(str, key.writes))})" if key.writes else ""
    return f"({', '.join(parameters)}){writes}"


def _number(names: dict[Node, str], ref: Node | Output) -> str:
    return names[ref.node] if not ref.index else f"{names[ref.node]}.{ref.index}"


def _own_name(spec: Specialization, calls: Mapping[Hashable, str]) -> str:
    """How the text names ``spec``, which is derived from nothing else."""
    if spec.op.is_call:
        return CALL + calls[spec]
    return f"{PREFIX if isinstance(spec.op, Primitive) else ''}{spec.op.name}"


def _head(spec: Specialization, calls: Mapping[Hashable, str]) -> str:
    called = root(spec)
    name: str = spec.op.name
    if spec is called:
        name = _own_name(spec, calls)
    elif called.op.is_call:
        name = derived_name(spec, calls[called])
    return f"{', '.join(map(repr, spec.out_types))} = {name}"


def derived_name(spec: Specialization, call: str) -> str:
    """The name of ``spec``, derived from a call that is named ``call`` in the text: with its prefixes."""
    name: str = spec.op.name
    return name.removesuffix(root(spec).op.name) + call


def _tail(spec: Specialization, bodies: Mapping[Hashable, str]) -> str:
    attributes = ", ".join(f"{k}={print_attribute(v, bodies)}" for k, v in spec.attributes.items())
    return (f" {{{attributes}}}" if attributes else "") + _derivation(spec, bodies)


def _derivation(spec: Specialization, calls: Mapping[Hashable, str]) -> str:
    """What ``spec`` is derived from, with a space before it; nothing if it is an operator of its own."""
    steps: list[str] = []
    while isinstance(spec.op, Derived):
        step = spec.op.derivation
        present = f"; {_marked(step.present)}" if step.present else ""
        steps.append(f"{step.step}({_marked(step.inputs)}{present})")
        spec = step.origin
    if not steps:
        return ""
    types = ", ".join(map(repr, spec.in_types))
    return f" from {_own_name(spec, calls)}({types}) {' '.join(reversed(steps))}"


def _marked(flags: tuple[bool, ...]) -> str:
    return ", ".join(str(i) for i, flag in enumerate(flags) if flag)


def _line(node: Node) -> int:
    assert node.code is not None
    for start, end, line in node.code.co_lines():
        if start <= node.lasti < end and line is not None:
            return line
    return node.code.co_firstlineno
