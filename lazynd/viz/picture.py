"""A graph as a picture that any browser and every notebook shows: operators in layers, what they read above them."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .model import View

#: Sizes in the units of SVG, which are pixels at first.
_LETTER: Final = 7
_HEIGHT: Final = 36
_LAYER: Final = 64
_GAP: Final = 18
#: How often the layers are put in order, each by the places of what it is connected with.
_SWEEPS: Final = 6
#: Edges go round other boxes in pictures that need no more points for it than this.
_MOST_POINTS: Final = 4000


@dataclass(eq=False)
class Box:
    """A node of the picture: its lines, kind ("input", "output", or of an operator), place, and the boxes it reads."""

    lines: tuple[str, ...]
    kind: str
    fill: str = ""
    #: What stands at the edges to the boxes that it reads, by ``id``.
    labels: dict[int, str] = field(default_factory=dict)
    #: The points that the edges to them go through, likewise.
    ways: dict[int, list[Box]] = field(default_factory=dict)
    reads: list[Box] = field(default_factory=list)
    readers: list[Box] = field(default_factory=list)
    layer: int = 0
    x: float = 0.0
    #: What it is next to in the layers around it: boxes, and points that longer edges go through.
    above: list[Box] = field(default_factory=list)
    below: list[Box] = field(default_factory=list)

    @property
    def width(self) -> int:
        return max(map(len, self.lines)) * _LETTER + 16 if self.lines else 0


def _boxes(view: View, hide_inputs: bool) -> list[Box]:
    graph = view.graph
    made: dict[str, Box] = {}
    for number, id in enumerate(() if hide_inputs else graph.inputs):
        made[id] = Box((f"input {number}", *view.nodes[id].types), "input")
    for id in graph.nodes:
        node = view.nodes[id]
        kind = node.kind if node.kind in ("gradient", "update") else "operator"
        made[id] = box = Box((node.label, ", ".join(node.types)), kind)
        connect(box, [made[source] for source, _ in node.inputs if source in made])
    ends = []
    for number, (source, _) in enumerate(graph.results):
        ends.append(Box((f"output {number}",), "output"))
        connect(ends[-1], [made[source]] if source in made else [])
    return [*made.values(), *ends]


def connect(box: Box, reads: Sequence[Box]) -> None:
    box.reads = list(dict.fromkeys(reads))
    for each in box.reads:
        each.readers.append(box)


def _layers(boxes: Sequence[Box]) -> list[list[Box]]:
    """The boxes by layer, each below all that it reads; inputs right above their first reader."""
    for box in boxes:
        box.layer = 1 + max((each.layer for each in box.reads), default=0)
    for box in boxes:
        if box.kind == "input" and box.readers:
            box.layer = min(each.layer for each in box.readers) - 1
    points = _points(boxes)
    first = min((box.layer for box in boxes), default=0)
    layers: list[list[Box]] = [[] for _ in range(max((box.layer for box in boxes), default=0) - first + 1)]
    for box in (*boxes, *points):
        layers[box.layer - first].append(box)
    return [layer for layer in layers if layer]


def _points(boxes: Sequence[Box]) -> list[Box]:
    """The places in the layers between at which an edge passes other boxes; none where there would be too many."""
    edges = [(source, box) for box in boxes for source in box.reads]
    if sum(box.layer - source.layer - 1 for source, box in edges) > _MOST_POINTS:
        for source, box in edges:
            _join(source, box)
        return []
    points = []
    for source, box in edges:
        last = source
        for layer in range(source.layer + 1, box.layer):
            points.append(Box((), "point", layer=layer))
            _join(last, points[-1])
            last = points[-1]
        _join(last, box)
        box.ways[id(source)] = [] if last is source else points[len(points) - (box.layer - source.layer - 1) :]
    return points


def _join(upper: Box, lower: Box) -> None:
    upper.below.append(lower)
    lower.above.append(upper)


def _place(layers: Sequence[list[Box]]) -> float:
    """Give every box its ``x``, from left to right in its layer; the width of the whole."""
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            layer.sort(key=lambda box: _middle(box.above if down else box.below, box.x))
            x = 0.0
            for box in layer:
                box.x = x + box.width / 2
                x += box.width + _GAP
            for box in layer:
                box.x -= (x - _GAP) / 2
    left = min((box.x - box.width / 2 for layer in layers for box in layer), default=0.0) - _GAP
    for layer in layers:
        for box in layer:
            box.x -= left
    return max((box.x + box.width / 2 for layer in layers for box in layer), default=0.0) + _GAP


def _middle(others: Sequence[Box], default: float) -> float:
    return sum(each.x for each in others) / len(others) if others else default


#: Where a picture stands in a page its rules are those of the page too: they name it.
_STYLE: Final = "".join(
    f".lazynd {rule}"
    for rule in (
        "text{font:12px Helvetica,Arial,Liberation Sans,DejaVu Sans,sans-serif;text-anchor:middle;fill:#222}",
        ".types{font-size:10px;fill:#555}", "rect{stroke:#888}", ".operator{fill:#fff}", ".gradient{fill:#eaf1fb}",
        ".update{fill:#fdf3df}",
        ".label{font-size:10px;paint-order:stroke;stroke:#fff;stroke-width:4px}",
        ".input{fill:#f2f2f2}", ".output{fill:none;stroke:none}", "path{fill:none;stroke:#999}",
    )
)  # fmt: skip


def picture_of(view: View, title: str = "", hide_inputs: bool = False) -> str:
    """What was recorded, as SVG."""
    return draw(_boxes(view, hide_inputs), title)


def draw(boxes: Sequence[Box], title: str = "", upward: bool = False) -> str:
    """``boxes`` as SVG, each below what it reads; ``upward``: above it, as MXNet draws networks."""
    layers = _layers(boxes)
    width = _place(layers)
    rows = layers[::-1] if upward else layers
    tops = {id(box): _GAP + number * _LAYER for number, layer in enumerate(rows) for box in layer}
    height = _GAP + len(layers) * _LAYER
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="lazynd" width="{width:.0f}" height="{height}" '
        f'viewBox="0 0 {width:.0f} {height}">',
        f"<title>{html.escape(title or 'graph')}</title><style>{_STYLE}</style>",
    ]
    lines += [_edge(each, box, tops, upward) for box in boxes for each in box.reads]
    lines += [_drawn(box, tops[id(box)]) for box in boxes]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _edge(source: Box, target: Box, tops: Mapping[int, int], upward: bool) -> str:
    """A curve from box to box, by way of its points, and its label."""
    leave, arrive = (0, _HEIGHT) if upward else (_HEIGHT, 0)
    x, y = source.x, tops[id(source)] + leave
    curve = f"M{x:.0f} {y}"
    for each in (*target.ways.get(id(source), ()), target):
        top = tops[id(each)] + arrive
        curve += f"C{x:.0f} {(y + top) / 2:.0f} {each.x:.0f} {(y + top) / 2:.0f} {each.x:.0f} {top}"
        x, y = each.x, tops[id(each)] + leave
        if each is not target:
            curve += f"L{x:.0f} {y}"
    label = target.labels.get(id(source), "")
    if not label:
        return f'<path d="{curve}"/>'
    near = (*target.ways.get(id(source), ()), target)[0]
    height = (tops[id(source)] + leave + tops[id(near)] + arrive) / 2 + 3
    place = f'x="{(source.x + near.x) / 2:.0f}" y="{height:.0f}"'
    return f'<path d="{curve}"/><text class="label" {place}>{html.escape(label)}</text>'


def _drawn(box: Box, top: int) -> str:
    left, rounding = box.x - box.width / 2, 12 if box.kind in ("input", "output") else 3
    fill = f' style="fill:{html.escape(box.fill)}"' if box.fill else ""
    place = f'x="{left:.0f}" y="{top}" width="{box.width}" height="{_HEIGHT}" rx="{rounding}"'
    made = f'<rect class="{box.kind}"{fill} {place}/>'
    for number, line in enumerate(box.lines):
        style = (' class="types"' if not box.fill else ' style="font-size:10px"') if number else ""
        y = top + (16 if len(box.lines) > 1 else 22) + 13 * number
        made += f'<text{style} x="{box.x:.0f}" y="{y}">{html.escape(line)}</text>'
    return made
