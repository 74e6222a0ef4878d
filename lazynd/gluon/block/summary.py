"""The table that ``Block.summary`` prints."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from ...nd import NDArray

if TYPE_CHECKING:
    from ..parameter import Parameter
    from .base import Block

_LINE = "{:>20}  {:>42} {:>15}"
_WIDTH = 80


def shapes_of(values: Any) -> Any:
    """The shapes of arrays in nested lists, which stay as they are."""
    if isinstance(values, list | tuple):
        return [shapes_of(each) for each in values]
    return values.shape if isinstance(values, NDArray) else values


def _shown(values: Any) -> str:
    if isinstance(values, list | tuple) and len(values) == 1:
        values = values[0]
    found = shapes_of(values)
    return str(found)[1:-1] if isinstance(found, list) else str(found)


class Summary:
    """Notes the calls of the blocks of a net, and prints them."""

    def __init__(self, inputs: tuple[Any, ...]) -> None:
        self.rows: list[tuple[str, str, int]] = [("Input", _shown(inputs), 0)]
        self.total = self.trainable = self.shared = 0
        self.seen: set[Parameter] = set()

    def note(self, block: Block, inputs: Any, output: Any) -> None:
        """A hook: ``block`` was called."""
        own = 0
        for each in block.params.values():
            size = each.data().size
            own += size
            self.trainable += size * (each.grad_req != "null")
            self.shared += size * (each in self.seen)
            self.seen.add(each)
        self.total += own
        self.rows.append((f"{type(block).__name__}-{len(self.rows)}", _shown(output), own))

    def show(self) -> None:
        print("-" * _WIDTH)
        print(_LINE.format("Layer (type)", "Output Shape", "Param #"))
        print("=" * _WIDTH)
        for row in self.rows:
            print(_LINE.format(*row))
        print("=" * _WIDTH)
        print("Parameters in forward computation graph, duplicate included")
        print(f"   Total params: {self.total}")
        print(f"   Trainable params: {self.trainable}")
        print(f"   Non-trainable params: {self.total - self.trainable}")
        print(f"Shared params in forward computation graph: {self.shared}")
        print(f"Unique parameters in model: {self.total - self.shared}")
        print("-" * _WIDTH)


def as_html(block: Block) -> str:
    """The blocks inside ``block`` as a table, with their parameters: what a notebook shows. Names are text."""
    rows = []
    stack: list[tuple[str, Block]] = [(block.name, block)]
    while stack:
        path, each = stack.pop()
        shapes = ", ".join(f"{p.name.removeprefix(each.prefix)} {p.shape}" for p in each._reg_params.values())
        rows.append((path, type(each).__name__, shapes))
        stack += [(f"{path}.{name}", child) for name, child in reversed(each._children.items())]
    cells = ["".join(f'<td style="text-align:left">{escape(text)}</td>' for text in row) for row in rows]
    head = "".join(f"<th>{name}</th>" for name in ("block", "class", "parameters"))
    return "\n".join(["<table>", f"<tr>{head}</tr>", *(f"<tr>{row}</tr>" for row in cells), "</table>"])
