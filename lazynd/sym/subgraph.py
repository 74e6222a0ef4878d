"""Symbols inside a node: the bodies of loops and choices, with what they take from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Any

from ..nd import NDArray
from . import infer
from .compose import is_symbol
from .evaluate import run
from .node import Entry, Node, last_serial, states, topological
from .symbol import Symbol


class Body:
    """What a Python function made of symbols: a graph whose variables all are ``inputs``, by name.

    The first inputs are the ``parameters`` that the function was called with, the others stand for what it took from
    outside. ``updated``: which inputs are auxiliary states.
    """

    def __init__(self, outputs: Sequence[Entry], inputs: Sequence[str]) -> None:
        self.entries = tuple(outputs)
        self.inputs = tuple(inputs)
        updated = {node.name for node in states(topological([node for node, _ in outputs]))}
        self.updated = frozenset(i for i, name in enumerate(self.inputs) if name in updated)

    def run(self, arrays: Sequence[NDArray], frame: FrameType) -> list[NDArray]:
        return run(self.entries, dict(zip(self.inputs, arrays, strict=True)), frame)

    def infer_shapes(self, shapes: Sequence[Any], dtypes: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """Shapes of inputs and outputs from those of some inputs."""
        known = {name: each for name, each in zip(self.inputs, shapes, strict=True) if each is not None}
        found = infer.infer_shapes(self.entries, known, self._named(dtypes))
        return self._split(found, known)

    def infer_dtypes(self, dtypes: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        known = self._named(dtypes)
        return self._split(infer.infer_dtypes(self.entries, known), known)

    def _named(self, values: Sequence[Any]) -> dict[str, Any]:
        return {name: each for name, each in zip(self.inputs, values, strict=False) if each is not None}

    def _split(self, found: infer.Inference[Any], known: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
        leaves = {node.name: found.of((node, 0)) for node in found.nodes if node.applied is None}
        return [leaves.get(name, known.get(name)) for name in self.inputs], [found.of(each) for each in self.entries]

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (Symbol(self.entries) if self.entries else None, self.inputs)


def _restored(symbol: Symbol | None, inputs: Sequence[str]) -> Body:
    return Body(() if symbol is None else symbol._entries, inputs)


def traced(
    function: Callable[..., Any], parameters: Sequence[str], regroup: Callable[[Sequence[Symbol]], Sequence[Any]]
) -> tuple[Any, Callable[[Sequence[Symbol], dict[Entry, str]], Body]]:
    """What ``function`` gives for variables, and what makes the body of some of its results.

    ``regroup`` makes the function's arguments of variables, one for each of ``parameters``. The second result is called
    with the symbols that the body shall give and the names of what is taken from outside, which grow.
    """
    start = last_serial()
    variables = [Node(name, {}) for name in parameters]
    made = function(*regroup([Symbol([(node, 0)]) for node in variables]))

    def body(results: Sequence[Symbol], outside: dict[Entry, str]) -> Body:
        entries = [entry for each in results for entry in each._entries]
        inside = _cut(entries, set(variables), start, outside)
        return Body(inside, [*parameters, *outside.values()])

    return made, body


def _cut(entries: Sequence[Entry], parameters: set[Node], start: int, outside: dict[Entry, str]) -> list[Entry]:
    """The outputs of a copy in which what is older than ``start``, and every variable, is one of ``outside``."""
    copies: dict[Node, Node] = {}
    leaves: dict[str, Node] = {}

    def inner(entry: Entry) -> Entry:
        if entry[0] in copies:
            return copies[entry[0]], entry[1]
        name = _name_outside(entry, outside)
        return leaves.setdefault(name, Node(name, {})), 0

    for node in topological([node for node, _ in entries]):
        if node in parameters:
            copies[node] = node
        elif node.applied is not None and node.serial > start:
            copies[node] = Node(node.name, node.attributes, node.applied, [inner(each) for each in node.inputs])
            copies[node].line = node.line
    return [inner(each) for each in entries]


def _name_outside(entry: Entry, outside: dict[Entry, str]) -> str:
    """The name that stands for ``entry`` inside; variables of one name are one."""
    if entry[0].applied is None:
        same = (each for each in outside if each[0].applied is None and each[0].name == entry[0].name)
        entry = next(same, entry)
    return outside.setdefault(entry, f"outside{len(outside)}")


def flatten(value: Any, what: str) -> tuple[list[Symbol], Any]:
    """The symbols in (nested) lists, and the structure: None for a symbol with one output, a list for one with more."""
    if is_symbol(value):
        flat = list(value)
        return flat, None if len(flat) == 1 else [None] * len(flat)
    if not isinstance(value, list | tuple):
        raise ValueError(f"{what} should be a Symbol or a nested list of Symbols, got {value!r}")
    parts = [flatten(each, what) for each in value]
    return [each for part, _ in parts for each in part], [structure for _, structure in parts]


def regroup(values: Sequence[Any], shape: Any) -> Any:
    """``values`` in a structure."""
    waiting = iter(values)

    def build(structure: Any) -> Any:
        return next(waiting) if structure is None else [build(each) for each in structure]

    return build(shape)
