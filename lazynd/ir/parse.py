"""Reading graphs back from their text form (see ``text``)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from .attributes import parse_attributes
from .errors import OperatorError
from .graph import Graph
from .linearize import derive
from .node import Node, Output, apply, leaf
from .primitive import PRIMITIVES
from .specialization import Op, Specialization
from .text import PREFIX
from .types import Context, Type, named_dtype

Ref = Node | Output
_STRING: Final = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_HEADER: Final = re.compile(r"\s*graph (?P<name>[^\s(]+)\((?P<parameters>.*)\) \{\s*$")
_NODE: Final = re.compile(
    r"\s*(?P<name>%\d+): (?P<types>[^=]*?) = (?P<op>[\w.<>]+)\((?P<operands>[^()]*)\)"
    rf"(?: \{{(?P<attributes>(?:[^{{}}'\"]|{_STRING})*)\}})?"
    r"(?: from (?P<origin>[^#]*?))?(?:\s+#.*)?$"
)
_RETURN: Final = re.compile(r"\s*return ?(?P<outputs>[^#]*?)\s*(?:#.*)?$")
_ORIGIN: Final = re.compile(r"(?P<op>[\w.<>]+)\((?P<types>.*?)\)(?P<steps>(?: (?:keep|vjp|live)\([\d,; ]*\))+)$")
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
        inputs = []
        for each in re.split(r", (?=%)", found["parameters"]) if found["parameters"] else []:
            name, _, type = each.partition(": ")
            inputs.append(leaf(parse_type(type)))
            self._define(name, inputs[-1])
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
            spec = self._op(name).specialize(tensors, values)
        else:
            spec = self._derived(origin, values)
        if spec.op.name != name.removeprefix(PREFIX):
            raise ParseError(f"the derivation gives {spec.op.name}, not {name}")
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

    def _derived(self, text: str, attributes: dict[str, Any]) -> Specialization:
        found = _ORIGIN.match(text.strip())
        if found is None:
            raise ParseError(f"expected 'OP(TYPES) keep(...) vjp(...; ...) live(...)', got {text.strip()!r}")
        spec = self._op(found["op"]).specialize(_types(found["types"]), attributes)
        for kind, wanted, given in _STEP.findall(found["steps"]):
            spec = derive(spec, kind, _numbers(wanted), _numbers(given))
        return spec


def _numbers(text: str) -> frozenset[int]:
    return frozenset(int(n) for n in text.split(",") if n.strip())
