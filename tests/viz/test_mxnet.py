"""``print_summary`` and ``plot_network`` against MXNet's, and their numbers against ``collect_params``."""

from __future__ import annotations

import contextlib
import io
import json
import math
import pathlib
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

import lazynd
import lazynd as mx
from lazynd import MXNetError, gluon, nd, sym, viz
from tests.viz.networks import answers, networks

GOLDEN = json.loads((pathlib.Path(__file__).parents[1] / "data" / "pictures_golden.json").read_text(encoding="utf-8"))
NETWORKS = {name: (symbol, shapes) for name, symbol, shapes in networks(sym)}
nn, rnn = gluon.nn, gluon.rnn


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left pending is not compiled when a test ends."""
    monkeypatch.setattr(lazynd.config, "tier", "interpreted")


def test_the_modules_are_mxnets():
    assert mx.viz is mx.visualization is viz


@pytest.mark.parametrize("name", NETWORKS)
def test_texts_are_mxnets(name):
    """But for the statistics of normalizing layers, which MXNet does not count."""
    found = answers(viz, *NETWORKS[name])
    expected = list(GOLDEN[name])
    if name == "normalized":
        # gamma, beta, mean and variance of 7 columns; MXNet counts two of the four
        expected[0] = re.sub(r"14( |\n)", r"28\1", expected[0])
    assert found == expected


# ---------------------------------------------------------------------------------------- counting


class Branches(gluon.HybridBlock):
    def __init__(self) -> None:
        super().__init__()
        with self.name_scope():
            self.a, self.b = nn.Dense(8, flatten=False), nn.Dense(8, flatten=False, use_bias=False)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return self.a(x) + self.b(x) * self.a(x)


class Own(gluon.HybridBlock):
    """A parameter of its own that no layer has, and a constant."""

    def __init__(self) -> None:
        super().__init__()
        with self.name_scope():
            self.scale = self.params.get("scale", shape=(1, 6))
            self.table = self.params.get_constant("table", [[1, 2, 3, 4, 5, 6]])

    def hybrid_forward(self, F: Any, x: Any, scale: Any, table: Any) -> Any:
        return F.broadcast_add(F.broadcast_mul(x, scale), table)


def shared() -> gluon.HybridBlock:
    net = nn.HybridSequential()
    first = nn.Dense(6, in_units=6)
    net.add(first, nn.Dense(6, in_units=6, params=first.params), nn.Dense(3))
    return net


def unrolled() -> gluon.HybridBlock:
    class Unrolled(gluon.HybridBlock):
        def __init__(self) -> None:
            super().__init__()
            with self.name_scope():
                self.cell = rnn.GRUCell(5, input_size=4)

        def hybrid_forward(self, F: Any, x: Any) -> Any:
            return self.cell.unroll(3, x, begin_state=[F.zeros((2, 5))], layout="NTC")[0]

    return Unrolled()


def sequential(*layers: gluon.HybridBlock) -> gluon.HybridBlock:
    net = nn.HybridSequential()
    net.add(*layers)
    return net


BLOCKS: dict[str, tuple[Callable[[], gluon.HybridBlock], tuple[int, ...]]] = {
    "perceptron": (lambda: sequential(nn.Dense(8, activation="relu"), nn.Dense(3)), (2, 6)),
    "convolutions": (
        lambda: sequential(
            nn.Conv2D(4, 3), nn.BatchNorm(), nn.Activation("relu"), nn.MaxPool2D(), nn.Flatten(), nn.Dense(3)
        ),
        (2, 3, 8, 8),
    ),
    "grouped": (lambda: sequential(nn.Conv2D(8, 3, groups=4, use_bias=False), nn.Conv2D(4, 1)), (2, 4, 6, 6)),
    "transposed": (lambda: sequential(nn.Conv2DTranspose(6, 3, groups=2), nn.GroupNorm(2)), (2, 4, 5, 5)),
    "embedding": (lambda: sequential(nn.Embedding(50, 8), nn.Dense(4)), (2, 5)),
    "lstm": (lambda: rnn.LSTM(5, num_layers=2, input_size=4), (3, 2, 4)),
    "gru, both ways": (lambda: rnn.GRU(5, bidirectional=True, input_size=4, layout="NTC"), (2, 3, 4)),
    "unrolled cell": (unrolled, (2, 3, 4)),
    "shared weights": (shared, (2, 6)),
    "norms": (lambda: sequential(nn.LayerNorm(), nn.InstanceNorm(), nn.PReLU()), (2, 3, 4)),
    "branches, one layer twice": (Branches, (2, 6)),
    "its own parameters": (Own, (2, 6)),
}  # fmt: skip


def total(symbol: sym.Symbol, shapes: dict[str, tuple[int, ...]] | None) -> int:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        viz.print_summary(symbol, shape=shapes)
    return int(re.findall(r"Total params: (\d+)", printed.getvalue())[0])


@pytest.mark.parametrize("name", BLOCKS)
def test_totals_are_those_of_collect_params(name):
    make, shape = BLOCKS[name]
    block = make()
    block.initialize()
    block(nd.ones(shape))
    expected = sum(math.prod(each.shape) for each in block.collect_params().values())
    made = block(sym.var("data"))
    assert total(made if isinstance(made, sym.Symbol) else sym.Group(made), {"data": shape}) == expected > 0


@pytest.mark.parametrize("name", ["perceptron", "convolutions", "embedding", "lstm", "shared weights", "norms"])
def test_block_summary_counts_the_same(name, capsys):
    make, shape = BLOCKS[name]
    block = make()
    block.initialize()
    block.summary(nd.ones(shape))
    expected = sum(math.prod(each.shape) for each in block.collect_params().values())
    assert int(re.findall(r"Unique parameters in model: (\d+)", capsys.readouterr().out)[0]) == expected


def test_without_shapes_those_that_are_known_count(capsys):
    assert total(nn.Dense(3, in_units=4)(sym.var("data")), None) == 15
    assert total(sym.relu(sym.var("data")), None) == 0
    weight = sym.var("weight", shape=(3, 4))
    viz.print_summary(sym.FullyConnected(sym.var("data"), weight, num_hidden=3, name="fc"))
    said = capsys.readouterr().out.split()
    assert said[said.index("fc(FullyConnected)") + 1] == "?"
    assert " ".join(said).endswith("Total params: 12 and those of unknown shapes " + "_" * 120)


# ---------------------------------------------------------------------------------------- refusals


def test_what_they_refuse():
    with pytest.raises(TypeError, match="symbol must be Symbol, not int"):
        viz.print_summary(3)  # type: ignore[arg-type]  # what the test is about
    with pytest.raises(ValueError, match=r"Input shape is incomplete: those of .*fc_weight.* do not follow"):
        viz.print_summary(sym.FullyConnected(sym.var("data"), num_hidden=3, name="fc"), shape={})
    with pytest.raises(TypeError, match="symbol must be a Symbol, an NDArray or a graph, not str"):
        viz.plot_network("net")
    net = sym.relu(sym.var("data"))
    for wrong in ((2, 3), "data", {1: (2, 3)}):
        with pytest.raises(TypeError, match=r"^shape must be a dict, with the shape of each input by its name, not "):
            viz.plot_network(net, shape=wrong)
        with pytest.raises(TypeError, match=r"^shape must be a dict"):
            viz.print_summary(net, shape=wrong)
        with pytest.raises(TypeError, match=r"^dtype must be a dict"):
            viz.plot_network(net, dtype=wrong)
    with pytest.raises(MXNetError, match="must be >= -1, while received -3"):
        viz.plot_network(net, shape={"data": (2, -3)})


# ---------------------------------------------------------------------------------------- drawings


def test_the_picture_has_the_boxes_and_colours_of_the_source():
    drawing = viz.plot_network(NETWORKS["convolutions"][0])
    boxes = [each.attrib for each in ElementTree.fromstring(drawing.svg).iter("{http://www.w3.org/2000/svg}rect")]
    assert [box["style"][5:] for box in boxes] == re.findall(r'fillcolor="(\S+)"', drawing.source)
    tops = [float(box["y"]) for box in boxes]
    assert tops[0] == max(tops) and tops[-1] == min(tops), "data is at the bottom, as MXNet draws it"


def test_labels_are_at_the_edges():
    symbol, shapes = NETWORKS["convolutions"]
    text = viz.plot_network(symbol, shape=shapes).svg
    assert ">8x26x26</text>" in text and ">1352</text>" in text


def test_names_are_text():
    symbol = sym.relu(sym.var('<script>"x"'), name="a & b")
    drawing = viz.plot_network(symbol)
    assert "<script>" not in drawing.svg and "&lt;script&gt;" in drawing.svg
    assert '"<script>\\"x\\""' in drawing.source


def test_equal_names_are_warned_about():
    symbol = sym.relu(sym.relu(sym.var("x"), name="r"), name="r")
    with pytest.warns(RuntimeWarning, match=r"multiple variables with the same name.*Repeated names: r"):
        viz.plot_network(symbol)


def test_render_writes_source_and_picture(tmp_path, monkeypatch):
    drawing = viz.plot_network(NETWORKS["perceptron"][0], title="net", save_format="svg")
    assert drawing.render(directory=tmp_path) == str(tmp_path / "net.gv.svg")
    assert (tmp_path / "net.gv").read_text(encoding="utf-8") == drawing.source
    assert (tmp_path / "net.gv.svg").read_text(encoding="utf-8") == drawing.svg == drawing._repr_svg_()
    monkeypatch.setattr("lazynd.viz.plotting.shutil.which", lambda name: None)
    with pytest.warns(UserWarning, match="lazynd: only Graphviz's dot draws pdf"):
        assert drawing.render("other", tmp_path, cleanup=True, format="pdf") == str(tmp_path / "other.svg")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.gv", "net.gv.svg", "other.svg"]


def test_png(tmp_path):
    pytest.importorskip("resvg_py")
    drawing = viz.plot_network(NETWORKS["perceptron"][0], save_format="png")
    path = pathlib.Path(drawing.render("net", tmp_path))
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
