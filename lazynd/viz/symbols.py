"""What a symbol is made of, listed as MXNet numbers it; shapes and dtypes of all that is inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..sym import Symbol

#: The number of a node, and which of its results.
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Listed:
    """A node: an operator with its parameters as texts, or a variable if ``operator`` is empty.

    ``takes``: what the operator calls its inputs.
    """

    name: str
    operator: str
    attributes: Mapping[str, str]
    inputs: Sequence[Place]
    takes: Sequence[str]

    @property
    def is_variable(self) -> bool:
        return not self.operator


def listed(symbol: Symbol) -> list[Listed]:
    """The nodes of ``symbol``, inputs first.

    >>> from lazynd import sym
    >>> [(node.operator, node.name, node.inputs) for node in listed(sym.relu(sym.var("x"), name="r"))]
    [('', 'x', []), ('relu', 'r', [(0, 0)])]
    """
    numbers = {node: number for number, node in enumerate(symbol._nodes)}
    return [
        Listed(
            node.name,
            "" if node.applied is None else node.applied.name,
            node.attributes,
            [(numbers[each], result) for each, result in node.inputs],
            () if node.applied is None else node.applied.inputs,
        )
        for node in symbol._nodes
    ]


def shapes_inside(symbol: Symbol, given: Mapping[str, Any] | None) -> dict[Place, tuple[int, ...]]:
    """The shapes of all values inside, as far as they are known.

    ``ValueError`` if some are given and not all follow, ``TypeError`` if they are not given by name.
    """
    _require_names(given or {}, "shape")
    internals = symbol.get_internals()
    shapes = internals.infer_shape_partial(**(given or {}))[1] or []
    if given is not None and any(not each or 0 in each for each in shapes):
        open_ = [name for name, shape in zip(internals.list_outputs(), shapes, strict=True) if not shape or 0 in shape]
        more = f" and {len(open_) - 8} more" if len(open_) > 8 else ""
        raise ValueError(f"Input shape is incomplete: those of {', '.join(open_[:8])}{more} do not follow from it")
    return {place: tuple(shape) for place, shape in zip(_places(symbol), shapes, strict=True)}


def dtypes_inside(symbol: Symbol, given: Mapping[str, Any]) -> dict[Place, str]:
    """The names of the dtypes of all values inside; ``ValueError`` if not all follow."""
    _require_names(given, "dtype")
    found = symbol.get_internals().infer_type(**given)[1]
    if found is None:
        raise ValueError("Input type is incomplete")
    return {place: each.__name__ for place, each in zip(_places(symbol), found, strict=True)}


def _require_names(given: Any, parameter: str) -> None:
    """Refuse what is no ``parameter`` of inputs by name."""
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise TypeError(f"{parameter} must be a dict, with the {parameter} of each input by its name, not {given!r}")


def _places(symbol: Symbol) -> list[Place]:
    """Node and result of each output of the internals, in their order."""
    numbers = {node: number for number, node in enumerate(symbol._nodes)}
    return [(numbers[node], result) for node, result in symbol.get_internals()._entries]
