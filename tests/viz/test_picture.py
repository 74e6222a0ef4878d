"""Pictures of graphs: everything is in them, each box below what it reads, none on another; looking runs nothing."""

from __future__ import annotations

import itertools
import pathlib
import re
from typing import Any
from xml.etree import ElementTree

import networkx
import pytest

import lazynd
from lazynd import autograd, nd, viz
from lazynd.runtime.tell.stats import stats

SVG = "{http://www.w3.org/2000/svg}"
pytestmark = pytest.mark.lazy  # nothing is pending in eager mode


def step() -> nd.NDArray:
    """A training step: two results that are read, several gradients, shared inputs."""
    w, b, x = nd.ones((3, 2)), nd.zeros(2), nd.ones((4, 3))
    for each in (w, b):
        each.attach_grad()
    nd.waitall()
    with autograd.record():
        loss = nd.relu(nd.dot(x, w) + b).square().sum()
    loss.backward()
    for each in (w, b):
        each[:] = each - 0.1 * each.grad
    return loss


def boxes(text: str) -> list[dict[str, float]]:
    found = ElementTree.fromstring(text).iter(f"{SVG}rect")
    return [{name: float(box.attrib[name]) for name in ("x", "y", "width", "height")} for box in found]


@pytest.mark.parametrize("hide", [False, True])
def test_all_is_drawn_and_nothing_on_another(hide: bool) -> None:
    graph = viz.graph(step())
    text = viz.svg(graph, hide_inputs=hide)
    found = boxes(text)
    assert len(found) == len(graph) + len(graph.outputs) + (0 if hide else len(graph.inputs))
    for one, other in itertools.combinations(found, 2):
        apart = abs(one["x"] - other["x"]) >= (one if one["x"] < other["x"] else other)["width"]
        assert one["y"] != other["y"] or apart
    whole = ElementTree.fromstring(text).attrib
    for box in found:
        assert 0 <= box["x"] <= float(whole["width"]) - box["width"]
        assert 0 <= box["y"] <= float(whole["height"]) - box["height"]


def test_every_read_is_an_edge_that_goes_down() -> None:
    graph = viz.graph(step())
    paths = [path.attrib["d"] for path in ElementTree.fromstring(viz.svg(graph)).iter(f"{SVG}path")]
    reads = {(id(ref.node), id(node)) for node in graph.nodes for ref in node.inputs or ()}
    assert len(paths) == len(reads) + len(graph.outputs)
    for path in paths:
        numbers = [float(n) for n in re.findall(r"[\d.]+", path)]
        assert numbers[1] < numbers[-1]


def test_types_are_texts_whatever_they_hold() -> None:
    text = viz.svg(viz.graph(nd.ones((2,)) * 2), title="a < b & c")
    assert ElementTree.fromstring(text).find(f"{SVG}title").text == "a < b & c"  # type: ignore[union-attr]
    shown = [each.text for each in ElementTree.fromstring(text).iter(f"{SVG}text")]
    assert {"_full", "_mul_scalar", "float32[2]", "output 0"} <= set(shown)


def test_the_rules_of_a_picture_are_for_itself() -> None:
    """A notebook's page has boxes of class ``input`` and ``output`` too."""
    style = ElementTree.fromstring(viz.svg(nd.ones((2,)) * 2)).find(f"{SVG}style")
    assert style is not None and style.text is not None
    rules = [rule.partition("{")[0] for rule in style.text.split("}") if rule]
    assert len(rules) > 5 and all(rule.startswith(".lazynd ") for rule in rules)


def test_plot_network_answers() -> None:
    loss = step()
    before = stats.snapshot()
    drawing = lazynd.viz.plot_network(loss, title="one step", node_attrs={"color": 'a "blue"'}, hide_weights=False)
    assert stats.snapshot() == before, "looking runs nothing"
    assert drawing._repr_svg_() == drawing.svg == viz.svg(loss, "one step")
    assert drawing.source.startswith('digraph "one step" {') and 'color="a \\"blue\\""' in drawing.source


@pytest.mark.parametrize("hide", [False, True])
def test_its_dot_text_has_the_edges_of_the_graph(hide: bool, tmp_path: pathlib.Path) -> None:
    from lazynd import demo

    loss = step()
    viz.plot_network(loss, hide_weights=hide).save(tmp_path / "step.dot")
    viz.plot_network(loss, hide_weights=hide).save(tmp_path / "step.svg")
    assert boxes((tmp_path / "step.svg").read_text(encoding="utf-8"))
    expected: Any = viz.to_networkx(loss)
    if hide:
        expected.remove_nodes_from([name for name in expected if name.startswith("p")])
    drawn = demo.read_dot(tmp_path / "step.dot")
    assert networkx.utils.edges_equal(drawn.edges(), expected.edges(), directed=True)


def test_what_it_does_not_draw_is_refused() -> None:
    x = nd.ones((2,)) * 2
    x.wait_to_read()
    with pytest.raises(ValueError, match="nothing is pending"):
        viz.plot_network(x)
