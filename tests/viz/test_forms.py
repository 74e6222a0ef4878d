"""Every form of a view: looking runs nothing and is told to no trace; what is written is whole, and text is text."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import networkx
import numpy as np
import pytest

import lazynd
from lazynd import autograd, gluon, nd, sym, viz
from lazynd.ir.graph import Graph
from lazynd.runtime.tell.stats import stats
from lazynd.runtime.thread import LOCAL
from tests.viz.things import net, step, views

pytestmark = pytest.mark.lazy  # nothing is pending in eager mode


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left pending is not compiled when a test ends."""
    monkeypatch.setattr(lazynd.config, "tier", "interpreted")


# ---------------------------------------------------------------------------------------- forces nothing

FORMS: dict[str, Callable[[Any], Any]] = {
    "view": viz.view, "json": lambda x: viz.view(x).json(), "text": viz.text, "dot": viz.dot, "svg": viz.svg,
    "networkx": viz.to_networkx, "summary": viz.summary, "passes": viz.passes, "html": viz.html,
    "model explorer": viz.model_explorer, "plot": viz.plot_network, "notebook": lambda x: viz.graph(x)._repr_html_(),
    "listing": lambda x: viz.text(viz.view(x)), "pending": lambda x: str(viz.pending()) + viz.pending()._repr_html_(),
    "stage": lambda x: viz.passes(x)[0]._repr_html_(), "numbers": lambda x: viz.summary(x)._repr_html_(),
    "view in a notebook": lambda x: viz.view(x)._repr_html_(),
}  # fmt: skip


def counters() -> dict[str, Any]:
    regions = LOCAL.state.regions
    return {**stats.snapshot(), "items": len(regions.open.items), "credit": regions.open.credit,
            "closed": len(regions.closed)}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_looking_runs_nothing(form):
    loss = step()
    before = counters()
    FORMS[form](loss)
    assert counters() == before


@pytest.mark.parametrize("form", FORMS)
def test_looking_in_the_middle_of_a_recorded_step(form):
    w, x = nd.ones((3, 2)), nd.ones((4, 3))
    w.attach_grad()
    nd.waitall()
    with autograd.record():
        y = nd.dot(x, w)
        before = counters()
        FORMS[form](y)
        assert counters() == before
        loss = y.sum()
    loss.backward()
    np.testing.assert_array_equal(w.grad.asnumpy(), np.full((3, 2), 4.0))


@pytest.mark.parametrize("form", FORMS)
def test_looking_inside_a_trace(form):
    """The trace reads what it would have read."""
    outside, unread = nd.ones((3,)), nd.ones((3,)) * 5

    def function(x: Any, look: bool) -> Any:
        y = x * outside
        if look:
            for each in (y, unread):
                FORMS[form](each)
        return y + 1

    before = counters()
    looked, plain = (
        lazynd.compiled.Compiled(lambda x, look=look: function(x, look), "f").traced(nd.ones((3,)))
        for look in (True, False)
    )
    assert looked.spec is plain.spec and looked.inputs[1:] == plain.inputs[1:]
    assert {name: counters()[name] for name in before if name not in ("items", "credit")} == {
        name: before[name] for name in before if name not in ("items", "credit")
    }


def test_inside_a_trace_a_parameter_has_nothing_to_show():
    def function(x: Any) -> Any:
        with pytest.raises(ValueError, match="recorded nothing for this array"):
            viz.text(x)
        return x * 2

    assert lazynd.compile(function)(nd.ones((2,))).asnumpy().tolist() == [2, 2]


def test_blocks_and_symbols_run_nothing():
    block = net()
    data, made = nd.ones((5, 3)), sym.relu(sym.var("x"))
    nd.waitall()
    before = counters()
    viz.view(block, data)
    viz.view(block, (5, 3))
    viz.view(made, x=(2, 3))
    block._repr_html_()
    assert counters() == before


# ---------------------------------------------------------------------------------------- forms


def test_networkx_has_the_ids_and_edges_of_the_view():
    view = viz.view(step())
    found = viz.to_networkx(view)
    assert set(found) == {*view.graph.inputs, *view.graph.nodes, *(f"out{i}" for i in range(len(view.graph.results)))}
    assert networkx.is_directed_acyclic_graph(found)


def test_model_explorer_has_what_its_schema_asks_for():
    """Ids that are texts and unique, edges from nodes of the graph, body graphs by id: graph_builder.py of the tool."""
    for view in views():
        (collection,) = json.loads(viz.model_explorer(view))
        assert collection.keys() == {"label", "graphs"}
        ids = [graph["id"] for graph in collection["graphs"]]
        assert len(set(ids)) == len(ids)
        for graph in collection["graphs"]:
            names = [node["id"] for node in graph["nodes"]]
            assert len(set(names)) == len(names)
            for node in graph["nodes"]:
                assert {"id", "label", "namespace", "incomingEdges"} <= node.keys() <= {
                    "id", "label", "namespace", "subgraphIds", "attrs", "incomingEdges", "outputsMetadata", "style",
                }  # fmt: skip
                assert set(node.get("subgraphIds", [])) <= set(ids)
                for pair in node.get("attrs", []):
                    assert isinstance(pair["key"], str) and isinstance(pair["value"], str)
                for edge in node["incomingEdges"]:
                    assert edge["sourceNodeId"] in names
                    assert all(isinstance(value, str) for value in edge.values())


def test_files_are_written_by_their_endings(tmp_path):
    x = nd.ones((2, 3)) * 2
    beginnings = {
        "a.svg": "<svg", "a.dot": "digraph", "a.gv": "digraph", "a.txt": "graph main", "a.json": '{"format"',
        "a.model-explorer.json": '[{"label"', "a.html": "<!doctype html>",
    }  # fmt: skip
    for name, beginning in beginnings.items():
        viz.save(x, tmp_path / name)
        assert (tmp_path / name).read_text(encoding="utf-8").lower().startswith(beginning.lower())
    with pytest.raises(ValueError, match=r"a\.pdf ends in none of"):
        viz.save(x, tmp_path / "a.pdf")


def test_in_a_notebook_everything_is_text():
    block = gluon.nn.HybridSequential(prefix="<script>alert(1)</script>")
    with block.name_scope():
        block.add(gluon.nn.Dense(2, in_units=3))
    block.initialize()
    view = viz.view(block, (1, 3), title="<script>")
    large = viz.view(_long, (2,), title="<script>", passes=False)
    for shown in (
        block._repr_html_(),
        view._repr_html_(),
        large._repr_html_(),
        viz.graph(block[0](nd.ones((1, 3))))._repr_html_(),
    ):
        assert "<script" not in shown and "<" in shown
    assert "200" in large._repr_html_() and "<svg" not in large._repr_html_()


def _long(x: Any) -> Any:
    for _ in range(200):
        x = nd.tanh(x)
    return x


def test_pending_says_what_waits_and_where():
    nd.waitall()
    x = nd.ones((2,))
    for _ in range(3):
        x = nd.tanh(x)
    found = viz.pending()
    assert len(found) == 4 and [line.operations for line in found.lines] == [1, 3]
    assert [line.operators for line in found.lines] == [("_full",), ("tanh",)]
    assert all(line.place.startswith("test_forms.py:") for line in found.lines)
    assert [line.bytes for line in found.lines] == [8, 24]
    assert "4 operations are pending" in str(found) and "<table>" in found._repr_html_()
    assert repr(x).startswith("\n[0.56627 "), "printing shows values"
    assert len(viz.pending()) == 0 and "nothing" in viz.pending()._repr_html_()


def test_graphs_are_graphs():
    graph = viz.graph(nd.ones((2,)) * 2)
    assert isinstance(graph, Graph) and viz.graph(graph) is graph
    assert isinstance(viz.passes(graph)[0].graph, Graph)
