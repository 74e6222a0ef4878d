"""MXNet's ``plot_network``: a symbol drawn in its colours, without Graphviz."""

from __future__ import annotations

import ast
import pathlib
import re
import shutil
import subprocess
import webbrowser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from warnings import warn

from ..ir.graph import Graph
from ..nd import NDArray
from ..sym import Symbol
from .drawing import dot, quote
from .looking import of
from .picture import Box, connect, draw
from .png import png_of
from .scalable import svg
from .symbols import Listed, Place, dtypes_inside, listed, shapes_inside

#: MXNet's, in its order.
_COLOURS: Final = ("#8dd3c7", "#fb8072", "#ffffb3", "#bebada", "#80b1d3", "#fdb462", "#b3de69", "#fccde5")
_PLACES: Final = {
    "Convolution": 1, "FullyConnected": 1, "Activation": 2, "LeakyReLU": 2, "BatchNorm": 3, "Pooling": 4,
    "Concat": 5, "Flatten": 5, "Reshape": 5, "Softmax": 6,
}  # fmt: skip
_WEIGHTS: Final = (
    "_weight", "_bias", "_beta", "_gamma", "_moving_var", "_moving_mean", "_running_var", "_running_mean",
)  # fmt: skip
_BOX: Final = {"shape": "box", "fixedsize": "true", "width": "1.3", "height": "0.8034", "style": "filled"}
_PLAIN: Final = re.compile(r"[a-zA-Z_\x80-\uffff][\w\x80-\uffff]*|-?(\.\d+|\d+(\.\d*)?)")


@dataclass(frozen=True)
class Drawing:
    """A drawn graph, as Graphviz's ``Digraph``: a notebook shows it, ``source`` is DOT text, ``svg`` the picture.

    >>> from lazynd import nd, viz
    >>> drawing = viz.plot_network(nd.zeros((2, 3)) + 1)
    >>> drawing.source.splitlines()[0], drawing.svg[:4]
    ('digraph plot {', '<svg')
    """

    title: str
    source: str = field(repr=False)
    svg: str = field(repr=False)
    format: str = "pdf"

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, filename: str | pathlib.Path | None = None, directory: str | pathlib.Path | None = None) -> str:
        """Write a file by its ending: ``.svg`` and ``.png`` the picture, any other the DOT text. Gives its path.

        ``filename``: the title with ``.gv`` if not given. ``.png`` needs ``pip install lazynd[png]``.

        >>> import pathlib
        >>> from lazynd import nd, viz
        >>> pathlib.Path(viz.plot_network(nd.zeros((2, 3)) + 1).save("sum.svg")).read_text()[:4]
        '<svg'
        """
        path = pathlib.Path(directory or ".") / (filename or f"{self.title}.gv")
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".png":
            path.write_bytes(png_of(self.svg))
        else:
            path.write_text(self.svg if path.suffix == ".svg" else self.source, encoding="utf-8")
        return str(path)

    def render(
        self,
        filename: str | pathlib.Path | None = None,
        directory: str | pathlib.Path | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
    ) -> str:
        """Write the DOT text to ``filename`` and the picture beside it, in ``format``. Gives the picture's path.

        ``format``: what ``save_format`` was. SVG, and with ``lazynd[png]`` PNG, need no other program; for any other
        format Graphviz's ``dot`` draws where it is installed, else the picture is SVG, and a warning says so.
        ``view``: open it. ``cleanup``: keep the picture alone.

        >>> from lazynd import nd, viz
        >>> viz.plot_network(nd.zeros((2, 3)) + 1, save_format="svg").render("net")
        'net.svg'
        """
        wanted = format or self.format
        source = pathlib.Path(self.save(filename or f"{self.title}.gv", directory))
        source.write_text(self.source, encoding="utf-8")
        if wanted not in ("svg", "png") and shutil.which("dot") is None:
            warn(f"lazynd: only Graphviz's dot draws {wanted}, and it is not installed: drawn as SVG", stacklevel=2)
            wanted = "svg"
        path = source.with_name(f"{source.name}.{wanted}")
        if wanted in ("svg", "png"):
            self.save(path)
        else:
            subprocess.run(["dot", f"-T{wanted}", "-o", str(path), str(source)], check=True)
        if cleanup:
            source.unlink()
        if view:
            webbrowser.open(path.resolve().as_uri())
        return str(path)

    def view(self, filename: str | None = None, directory: str | None = None, cleanup: bool = False) -> str:
        """``render`` and open the picture.

        >>> from lazynd import nd, viz
        >>> drawing = viz.plot_network(nd.zeros((2, 3)) + 1, save_format="svg")
        >>> drawing.view("net")  # doctest: +SKIP
        'net.svg'
        """
        return self.render(filename, directory, True, cleanup)


def plot_network(
    symbol: Any,
    title: str = "plot",
    save_format: str = "pdf",
    shape: Mapping[str, Any] | None = None,
    dtype: Mapping[str, Any] | None = None,
    node_attrs: Mapping[str, str] | None = None,
    hide_weights: bool = True,
) -> Drawing:
    """A symbol, drawn as MXNet draws it; also what a read of an array would run, or a graph. Needs no Graphviz.

    ``title``: the name of the drawing. ``save_format``: what ``render`` writes. ``shape`` and ``dtype``: of the inputs
    by name, for labels on the edges. ``node_attrs``: attributes of the nodes for Graphviz, in the DOT text.
    ``hide_weights``: without variables with names such as ``fc1_weight``; of arrays, without what comes from outside.
    Raises ``TypeError`` for anything else, ``ValueError`` where shapes do not follow, or the array has its value.

    >>> from lazynd import sym, viz
    >>> net = sym.Activation(sym.FullyConnected(sym.var("data"), num_hidden=8, name="fc"), act_type="relu", name="act")
    >>> print(viz.plot_network(net, node_attrs={"fixedsize": "false"}).source)  # doctest: +NORMALIZE_WHITESPACE
    digraph plot {
        data [label=data fillcolor="#8dd3c7" fixedsize=false height=0.8034 shape=oval style=filled width=1.3]
        fc [label="FullyConnected
    8" fillcolor="#fb8072" fixedsize=false height=0.8034 shape=box style=filled width=1.3]
        act [label="Activation
    relu" fillcolor="#ffffb3" fixedsize=false height=0.8034 shape=box style=filled width=1.3]
        fc -> data [label="" arrowtail=open dir=back]
        act -> fc [label="" arrowtail=open dir=back]
    }
    """
    if isinstance(symbol, Symbol):
        return _Plot(symbol, shape, dtype, hide_weights).drawing(title, save_format, dict(node_attrs or {}))
    if not isinstance(symbol, Graph | NDArray):
        raise TypeError(f"symbol must be a Symbol, an NDArray or a graph, not {type(symbol).__name__}")
    found = of(symbol)
    attributes = "".join(f", {name}={quote(str(value))}" for name, value in (node_attrs or {}).items())
    source = dot(found, title if title.isidentifier() else quote(title), attributes, hide_weights)
    return Drawing(title, source, svg(found, title, hide_weights), save_format)


class _Plot:
    """The nodes and edges of a symbol, as MXNet shows them."""

    def __init__(
        self, symbol: Symbol, shape: Mapping[str, Any] | None, dtype: Mapping[str, Any] | None, hide_weights: bool
    ) -> None:
        self.nodes = listed(symbol)
        names = [node.name for node in self.nodes]
        twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
        if twice:
            warn(
                "There are multiple variables with the same name in your graph, this may result in cyclic graph. "
                f"Repeated names: {','.join(twice)}",
                RuntimeWarning,
                stacklevel=4,
            )
        self.shapes = {} if shape is None else shapes_inside(symbol, shape)
        self.dtypes = {} if dtype is None else dtypes_inside(symbol, dtype)
        self.hidden = {name for name in names if name.endswith(_WEIGHTS)} if hide_weights else set()

    def drawing(self, title: str, save_format: str, attributes: Mapping[str, str]) -> Drawing:
        lines = [f"digraph {_quoted(title)} {{"]
        boxes: dict[str, Box] = {}
        for node in self.nodes:
            name, variable = node.name, node.is_variable
            if variable and name.endswith(_WEIGHTS):
                if name not in self.hidden:  # Graphviz draws one for the edges to it, with nothing but its name
                    boxes[name] = Box((name,), "input")
                continue
            colour = _COLOURS[0 if variable else _PLACES.get(node.operator, 7)]
            label = name if variable else _label(node)
            own = {**_BOX, **attributes, "fillcolor": colour, **({"shape": "oval"} if variable else {})}
            lines.append(f"\t{_quoted(name)} [{_attributes(label, own)}]")
            boxes[name] = Box(tuple(label.split("\n")), "input" if variable else "operator", fill=colour)
        for node in self.nodes:
            reads: list[Box] = []
            for number, result in _drawn(node):
                source = self.nodes[number].name
                if source not in self.hidden:
                    label = self._edge_label(number, result)
                    ends = {"dir": "back", "arrowtail": "open"}
                    lines.append(f"\t{_quoted(node.name)} -> {_quoted(source)} [{_attributes(label, ends)}]")
                    reads.append(boxes[source])
                    boxes[node.name].labels[id(boxes[source])] = label
            if node.name in boxes:
                connect(boxes[node.name], reads)
        return Drawing(title, "\n".join([*lines, "}"]), draw(list(boxes.values()), title, upward=True), save_format)

    def _edge_label(self, number: int, result: int) -> str:
        label = "x".join(map(str, self.shapes.get((number, result), ())[1:]))
        return f"{label}({self.dtypes[number, result]})" if self.dtypes else label


def _drawn(node: Listed) -> Sequence[Place]:
    """The inputs that MXNet draws."""
    return node.inputs[:1] if node.operator == "_contrib_BilinearResize2D" else node.inputs


def _label(node: Listed) -> str:
    """What stands in the box of an operator."""
    operator, attributes = node.operator, node.attributes
    if operator == "Convolution":
        return (
            f"Convolution\n{_extent(attributes, 'kernel')}/{_extent(attributes, 'stride')}, {attributes['num_filter']}"
        )
    if operator == "FullyConnected":
        return f"FullyConnected\n{attributes['num_hidden']}"
    if operator == "Activation":
        return f"Activation\n{attributes['act_type']}"
    if operator == "LeakyReLU":
        return f"LeakyReLU\n{attributes.get('act_type', 'Leaky')}"
    if operator == "Pooling":
        kind, kernel = attributes.get("pool_type", "max"), _extent(attributes, "kernel", "[]")
        return f"Pooling\n{kind}, {kernel}/{_extent(attributes, 'stride')}"
    return str(attributes["op_type"] if operator == "Custom" else node.name)


def _extent(attributes: Mapping[str, str], name: str, default: str = "1") -> str:
    """A parameter such as "(3, 3)" as "3x3"."""
    if name not in attributes:
        return default
    found = ast.literal_eval(attributes[name])
    return "x".join(map(str, found)) if isinstance(found, tuple | list) else str(found)


def _quoted(text: str) -> str:
    """A word of DOT: as it stands if it may, else as a string, with line breaks as they are."""
    if _PLAIN.fullmatch(text) and text.lower() not in ("node", "edge", "graph", "digraph", "subgraph", "strict"):
        return text
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'


def _attributes(label: str, others: Mapping[str, str]) -> str:
    listed = [f"{_quoted(name)}={_quoted(str(value))}" for name, value in sorted(others.items())]
    return " ".join([f"label={_quoted(label)}", *listed])
