"""Reading graphs back from their text form (see ``text``)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from .attributes import parse_attributes
from .call import call
from .errors import OperatorError
from .graph import Graph
from .linearize import derive
from .node import Node, Output, apply, leaf
from .primitive import PRIMITIVES
from .specialization import Op, Slot, Specialization
from .text import CALL, PREFIX, derived_name
from .types import Context, Type, named_dtype

Ref = Node | Output
_STRING: Final = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_HEADER: Final = re.compile(
    r"\s*graph (?P<name>[^\s(]+)\((?P<parameters>.*?)\)(?: writes\((?P<writes>[\d, ]*)\))? \{\s*$"
)
_PARAMETER: Final = re.compile(r"(?P<name>%\d+): (?P<type>\S+)(?: (?P<kind>\w+) (?P<slot>\w+))?\s*$")
_NODE: Final = re.compile(
    r"\s*(?P<name>%\d+): (?P<types>[^=]*?) = (?P<op>@?[\w.<>]+)\((?P<operands>[^()]*)\)"
    rf"(?: \{{(?P<attributes>(?:[^{{}}'\"]|{_STRING})*)\}})?"
    r"(?: from (?P<origin>[^#]*?))?(?:\s+#.*)?$"
)
_RETURN: Final = re.compile(r"\s*return ?(?P<outputs>[^#]*?)\s*(?:#.*)?$")
_ORIGIN: Final = re.compile(r"(?P<op>@?[\w.<>]+)\((?P<types>.*?)\)(?P<steps>(?: (?:keep|vjp|live)\([\d,; ]*\))+)$")
_STEP: Final = re.compile(r"(keep|vjp|live)\(([\d, ]*)(?:; ?([\d, ]*))?\)")
_TYPE: Final = re.compile(r"(\w+)\[([\d,]*)\](?:@(\w+)\((\d+)\))?")


class ParseError(ValueError):
    """Text that is no graph; says in which line and why."""


def parse_graph(text: str, operators: Mapping[str, Op] | None = None) -> Graph:
    """The graph that ``print_graph`` printed as ``text``, the last one in it; nodes have no user's line.

    ``operators``: operators by name (``lazynd.ops.OPERATORS``), needed unless all nodes are primitives. Blank lines
    and comments (``# ...``) are passed over. Raises ``ParseError``.

    >>> graph = parse_graph('''graph main(%0: float32[2]) {
    ...   %1: float32[2] = ir.add(%0, %0)
    ...   return %1
    ... }''')
    >>> len(graph), graph.outputs[0].type
    (1, float32[2])
    """
    return _Parser(operators or {}).graph(text)


def parse_type(text: str) -> Type:
    """``float32[2,3]`` or ``float32[2,3]@gpu(0)`` as a type.

    >>> parse_type("int8[4]").nbytes
    4
    """
    found = _TYPE.fullmatch(text.strip())
    dtype = None if found is None else named_dtype(found[1])
    if found is None or dtype is None:
        raise ParseError(f"expected a type such as float32[2,3], got {text.strip()!r}")
    shape = tuple(int(n) for n in found[2].split(",") if n)
    if found[3] is None:
        return Type(shape, dtype)
    return Type(shape, dtype, Context(found[3], int(found[4])))


def _types(text: str) -> tuple[Type, ...]:
    """Types with commas between; a type has commas of its own."""
    parts = re.split(r", (?=\w+\[)", text.strip()) if text.strip() else []
    return tuple(map(parse_type, parts))


class _Parser:
    """Names known so far, and what texts meant before: graphs repeat themselves."""

    def __init__(self, operators: Mapping[str, Op]) -> None:
        self.operators = operators
        self.known: dict[str, Ref] = {}
        self.graphs: dict[str, Graph] = {}
        #: Slots and writes by name of the graph, for those that are called; and the calls.
        self.signatures: dict[str, tuple[Sequence[Slot], Sequence[int]]] = {}
        self.calls: dict[str, Specialization] = {}
        self.specs: dict[tuple[Any, ...], Specialization] = {}
        self.types: dict[str, tuple[Type, ...]] = {}

    def graph(self, text: str) -> Graph:
        lines = [(i, line) for i, line in enumerate(text.splitlines(), 1) if line.strip() and line.lstrip()[0] != "#"]
        if not lines:
            raise ParseError("the text is empty")
        starts = [0, *(i for i, (_, line) in enumerate(lines) if i and _HEADER.match(line))]
        for start, stop in pairwise([*starts, len(lines)]):
            self.known = {}  # each graph has names of its own
            made = self._one(lines[start:stop])
            if made.name in self.graphs:
                raise ParseError(f"line {lines[start][0]}: the graph {made.name} is defined twice")
            self.graphs[made.name] = made
        return made

    def _one(self, lines: Sequence[tuple[int, str]]) -> Graph:
        nodes: list[Node] = []
        inputs: list[Node] = []
        name, outputs = "", None
        for position, (number, line) in enumerate(lines):
            try:
                if position == 0:
                    name, inputs = self._header(line)
                elif outputs is not None:
                    if line.strip() != "}" or position != len(lines) - 1:
                        raise ParseError(f"expected the closing brace, got {line.strip()!r}")
                elif (found := _RETURN.match(line)) is not None:
                    outputs = [self._ref(each) for each in found["outputs"].split(",") if each.strip()]
                else:
                    nodes.append(self._node(line))
            except (ValueError, TypeError, KeyError, IndexError, OperatorError) as error:
                raise ParseError(f"line {number}: {error}") from error
        if outputs is None:
            raise ParseError("the graph has no return")
        if lines[-1][1].strip() != "}":
            raise ParseError("the closing brace is missing")
        return Graph(inputs, outputs, nodes, name="" if name == "main" else name)

    def _header(self, line: str) -> tuple[str, list[Node]]:
        found = _HEADER.match(line)
        if found is None:
            raise ParseError(f"expected 'graph NAME(PARAMETERS) {{', got {line.strip()!r}")
        inputs: list[Node] = []
        slots: list[Slot] = []
        for each in re.split(r", (?=%)", found["parameters"]) if found["parameters"] else []:
            parameter = _PARAMETER.match(each)
            if parameter is None:
                raise ParseError(f"expected '%NAME: TYPE', or '%NAME: TYPE KIND SLOT', got {each!r}")
            inputs.append(leaf(parse_type(parameter["type"])))
            self._define(parameter["name"], inputs[-1])
            if parameter["slot"] is not None:
                slots.append(Slot(parameter["slot"], parameter["kind"], inputs[-1].type))
            elif slots:
                raise ParseError("an input follows a slot")
        self.signatures[found["name"]] = slots, _numbers(found["writes"] or "")
        return found["name"], inputs

    def _define(self, name: str, node: Node) -> None:
        if name in self.known:
            raise ParseError(f"{name} is defined twice")
        self.known[name] = node
        for i, type in enumerate(node.spec.out_types[1:] if node.spec is not None else (), 1):
            self.known[f"{name}.{i}"] = Output(node, i, type)

    def _ref(self, text: str) -> Ref:
        found = self.known.get(text.strip())
        if found is None:
            raise ParseError(f"{text.strip()} is not defined before its use")
        return found

    def _node(self, line: str) -> Node:
        found = _NODE.match(line)
        if found is None:
            raise ParseError(f"expected '%NAME: TYPES = OP(OPERANDS) {{ATTRIBUTES}}', got {line.strip()!r}")
        operands, slots = [], []
        for each in found["operands"].split(",") if found["operands"].strip() else []:
            name, equals, value = each.rpartition("=")
            if equals:
                slots.append(name.strip())
            elif slots:
                raise ParseError("an operand follows a scalar slot")
            operands.append(self._ref(value))
        types = tuple([ref.type for ref in operands])
        key = (found["op"], types, tuple(slots), found["attributes"], found["origin"])
        spec = self.specs.get(key)
        if spec is None:
            spec = self.specs[key] = self._spec(*key)
        declared = self.types.get(found["types"])
        if declared is None:
            declared = self.types[found["types"]] = _types(found["types"])
        if declared != spec.out_types:
            raise ParseError(f"{spec.op.name} gives {', '.join(map(repr, spec.out_types))}, not {found['types']}")
        node = apply(spec, operands)
        self._define(found["name"], node)
        return node

    def _spec(
        self, name: str, types: tuple[Type, ...], slots: tuple[str, ...], attributes: str | None, origin: str | None
    ) -> Specialization:
        values = parse_attributes(attributes or "", self.graphs)
        tensors = types[: len(types) - len(slots)]
        if origin is None:
            spec = self._origin(name, tensors, values)
            meant = name if name.startswith(CALL) else spec.op.name
        else:
            spec, meant = self._derived(origin, values)
        if meant != name.removeprefix(PREFIX):
            raise ParseError(f"the derivation gives {meant}, not {name}")
        if tuple(s.name for s in spec.slots) != slots:
            raise ParseError(f"{name} has scalar slots {[s.name for s in spec.slots]}, not {list(slots)}")
        expected = (*spec.in_types, *(s.type for s in spec.slots))
        if expected != types:
            raise ParseError(f"{name} expects {', '.join(map(repr, expected))}, got {', '.join(map(repr, types))}")
        return spec

    def _op(self, name: str) -> Op:
        found = PRIMITIVES.get(name[len(PREFIX) :]) if name.startswith(PREFIX) else self.operators.get(name)
        if found is None:
            what = "primitive" if name.startswith(PREFIX) else "operator"
            raise ParseError(f"there is no {what} {name.removeprefix(PREFIX)!r}")
        return found

    def _origin(self, name: str, types: tuple[Type, ...], attributes: dict[str, Any]) -> Specialization:
        """What is derived from nothing else: a primitive, an operator, or a call of a graph above."""
        if not name.startswith(CALL):
            return self._op(name).specialize(types, attributes)
        name = name.removeprefix(CALL)
        if name not in self.graphs:
            raise ParseError(f"there is no graph {name!r} before its use")
        if attributes:
            raise ParseError(f"the call of {name!r} has attributes")
        if name not in self.calls:
            self.calls[name] = call(self.graphs[name], name, *self.signatures[name])
        return self.calls[name]

    def _derived(self, text: str, attributes: dict[str, Any]) -> tuple[Specialization, str]:
        """The derived operator, and its name in the text."""
        found = _ORIGIN.match(text.strip())
        if found is None:
            raise ParseError(f"expected 'OP(TYPES) keep(...) vjp(...; ...) live(...)', got {text.strip()!r}")
        name, types = found["op"], _types(found["types"])
        spec = self._origin(name, types, attributes)
        if spec.in_types != types:
            raise ParseError(f"{name} is a call on {', '.join(map(repr, spec.in_types))}, not {found['types']}")
        for kind, wanted, given in _STEP.findall(found["steps"]):
            spec = derive(spec, kind, frozenset(_numbers(wanted)), frozenset(_numbers(given)))
        return spec, derived_name(spec, name.removeprefix(CALL)) if name.startswith(CALL) else spec.op.name


def _numbers(text: str) -> tuple[int, ...]:
    return tuple([int(n) for n in text.split(",") if n.strip()])
