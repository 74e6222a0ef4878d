"""MXNet's ``print_summary``: a symbol as a table of layers, with their shapes and numbers of parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..sym import Symbol
from .symbols import Listed, listed, shapes_inside

#: Inputs of operators that no parameter fills, though a variable may.
_GIVEN: Final = frozenset(("label", "state", "state_cell", "sequence_length", "data_lengths", "label_lengths"))
_HEADS: Final = ("Layer (type)", "Output Shape", "Param #", "Previous Layer")


def print_summary(
    symbol: Symbol,
    shape: Mapping[str, tuple[int, ...]] | None = None,
    line_length: int = 120,
    positions: Sequence[float] = (0.44, 0.64, 0.74, 1.0),
) -> None:
    """Print the layers of ``symbol``: shapes of results without the batch, numbers of parameters, what they read.

    ``shape``: of the inputs by name. Without it no shapes are shown, and parameters whose shapes are not known count as
    ``?``. ``line_length``: of the lines; ``positions``: where columns end, as parts of it or as numbers of letters.
    Every parameter is counted once, at the first layer that takes it, with the statistics of normalizing layers.
    Raises ``TypeError`` for what is no symbol, ``ValueError`` where shapes do not follow from ``shape``.

    >>> from lazynd import sym, viz
    >>> net = sym.FullyConnected(sym.var("data"), num_hidden=10, name="fc")
    >>> viz.print_summary(net, shape={"data": (32, 100)}, line_length=70)  # doctest: +NORMALIZE_WHITESPACE
    ______________________________________________________________________
    Layer (type)                  Output Shape  Param #Previous Layer
    ======================================================================
    data(null)                    100           0
    ______________________________________________________________________
    fc(FullyConnected)            10            1010   data
    ======================================================================
    Total params: 1010
    ______________________________________________________________________
    """
    if not isinstance(symbol, Symbol):
        raise TypeError(f"symbol must be Symbol, not {type(symbol).__name__}")
    ends = [int(line_length * each) for each in positions] if positions[-1] <= 1 else [int(each) for each in positions]
    table = _Table(symbol, shape)
    print("_" * line_length)
    print(_row(_HEADS, ends))
    print("=" * line_length)
    rows = table.rows()
    for number, lines in enumerate(rows):
        for fields in lines:
            print(_row(fields, ends))
        print(("=" if number == len(rows) - 1 else "_") * line_length)
    print(f"Total params: {table.total}{' and those of unknown shapes' if table.unknown else ''}")
    print("_" * line_length)


def _row(fields: Sequence[Any], ends: Sequence[int]) -> str:
    line = ""
    for field, end in zip(fields, ends, strict=True):
        line = f"{line}{field}"[:end].ljust(end)
    return line


class _Table:
    """The rows of a summary. Of those that were made ``total`` counts the parameters, and ``unknown`` the open ones."""

    def __init__(self, symbol: Symbol, shape: Mapping[str, tuple[int, ...]] | None) -> None:
        self.nodes = listed(symbol)
        self.shapes = shapes_inside(symbol, shape)
        self.given = {} if shape is None else dict(shape)
        self.shown = shape is not None
        self.total = self.unknown = 0
        self._counted: set[int] = set()
        self._several = {number for number, result in self.shapes if result}

    def rows(self) -> list[list[tuple[Any, ...]]]:
        """A list of lines for each layer, and for the first input."""
        return [self._layer(i, node) for i, node in enumerate(self.nodes) if not node.is_variable or i == 0]

    def _layer(self, number: int, node: Listed) -> list[tuple[Any, ...]]:
        before = [self.nodes[i].name for i, _ in node.inputs if not self.nodes[i].is_variable or i == 0]
        shape = self.shapes.get((number, 0), ()) if self.shown and number not in self._several else ()
        sizes = [self._size(node, place, source) for place, (source, _) in enumerate(node.inputs)]
        known = [size for size in sizes if size is not None]
        count = sum(known) if known == sizes else "?"
        self.total += sum(known)
        self.unknown += len(sizes) - len(known)
        title = f"{node.name}({node.operator or 'null'})"
        lines = [(title, "x".join(map(str, shape[1:])), count, before[0] if before else "")]
        return [*lines, *(("", "", "", name) for name in before[1:])]

    def _size(self, node: Listed, place: int, source: int) -> int | None:
        """The elements of an input, if it is a parameter that was not counted yet; None if its shape is not known."""
        variable = self.nodes[source]
        if not variable.is_variable or source in self._counted or variable.name in self.given:
            return 0
        if place < len(node.takes) and node.takes[place] in _GIVEN:
            return 0
        self._counted.add(source)
        shape = self.shapes.get((source, 0), ())
        if shape and all(shape):
            return math.prod(shape)
        return None if place else 0  # what an operator takes first is data, if nothing says what it is
