"""Views: what is in them, for everything that has a graph; their JSON; nothing is run and nothing is told."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, gluon, nd, sym, viz
from lazynd.ir.graph import equal_graphs
from lazynd.viz import model
from tests.viz.things import net, step, views

pytestmark = pytest.mark.lazy  # nothing is pending in eager mode
HERE = pathlib.Path(__file__)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left pending is not compiled when a test ends."""
    monkeypatch.setattr(lazynd.config, "tier", "interpreted")


def operators(view: viz.View) -> list[str]:
    return [view.nodes[id].operator for id in view.graph.nodes]


# ---------------------------------------------------------------------------------------- what is in it


def test_nodes_are_those_of_the_graph():
    graph = viz.graph(step())
    view = viz.view(graph)
    assert view.graph.nodes == [f"n{i}" for i in range(len(graph))]
    assert view.graph.inputs == [f"p{i}" for i in range(len(graph.inputs))]
    number = {node: f"n{i}" for i, node in enumerate(graph.nodes)} | {n: f"p{i}" for i, n in enumerate(graph.inputs)}
    for node, id in zip(graph.nodes, view.graph.nodes, strict=True):
        shown = view.nodes[id]
        assert node.spec is not None and node.inputs is not None
        assert shown.operator == node.spec.op.name
        assert shown.inputs == [(number[ref.node], ref.index) for ref in node.inputs]
        assert shown.types == list(map(repr, node.spec.out_types))
        assert shown.bytes == sum(type.nbytes for type in node.spec.out_types)
        assert shown.origin == [id]
    assert view.graph.results == [(number[ref.node], ref.index) for ref in graph.outputs]


def test_kinds_of_a_step_by_hand():
    view = viz.view(step())
    by_kind: dict[str, list[str]] = {}
    for id in view.graph.nodes:
        by_kind.setdefault(view.nodes[id].kind, []).append(view.nodes[id].operator)
    assert by_kind["forward"] == ["dot", "broadcast_add", "relu", "square", "sum"]
    assert set(by_kind["gradient"]) > {"_full", "vjp_dot", "vjp_relu"}
    assert by_kind["update"] == ["broadcast_sub", "broadcast_sub"]


def test_kinds_of_a_step_with_a_trainer():
    block, x = net(), nd.ones((5, 3))
    trainer = gluon.Trainer(block.collect_params(), "sgd", {"learning_rate": 0.1})
    with autograd.record():
        loss = block(x).square().sum()
    loss.backward()
    trainer.step(5)
    view = viz.view(block[0].weight.data())
    kinds = {view.nodes[id].operator: view.nodes[id].kind for id in view.graph.nodes}
    assert kinds["FullyConnected"] == "forward" and kinds["vjp_FullyConnected"] == "gradient"
    assert all(kind == "update" for operator, kind in kinds.items() if "update" in operator)
    assert "update" in kinds.values()
    parameters = [view.nodes[id] for id in view.graph.inputs if view.nodes[id].kind == "parameter"]
    assert [each.types for each in parameters] == [["float32[4,3]"], ["float32[4]"], ["float32[2,4]"], ["float32[2]"]]
    assert all(each.name.rpartition(".")[2] in ("weight", "bias") for each in parameters)
    assert {"number"} <= {view.nodes[id].kind for id in view.graph.inputs}


def test_what_a_call_takes_is_what_its_body_does_with_it():
    block = net()
    block.hybridize()
    view = viz.view(block(nd.ones((5, 3))))
    assert "@net" in operators(view)
    roles = {(node.kind, node.name) for id in view.graph.inputs if (node := view.nodes[id]).types != ["float32[]"]}
    assert roles == {("parameter", f"net.{i}.{name}") for i in (0, 1) for name in ("weight", "bias")}


def test_a_body_that_another_block_recorded_is_closed():
    """Two blocks of one structure share a body; the names in it are those of the first."""

    class Named(gluon.HybridBlock):
        def __init__(self, name: str) -> None:
            super().__init__(prefix=f"{name}_")
            self._inner = name
            with self.name_scope():
                setattr(self, name, gluon.nn.Dense(2, in_units=3))

        def hybrid_forward(self, F: Any, x: Any) -> Any:
            return getattr(self, self._inner)(x)

    blocks = [Named("first"), Named("second")]
    views = []
    for block in blocks:
        block.initialize()
        block.hybridize()
        nd.waitall()
        views.append(viz.view(block(nd.array(np.ones((5, 3))))))
    calls = [view.nodes[id] for view in views for id in view.graph.nodes if view.nodes[id].body]
    assert [call.scope for call in calls] == ["first", "second"]
    assert [call.closed for call in calls] == [False, True]
    assert all(type(node.scope) is str for view in views for node in view.nodes.values())


def test_blocks_are_scopes():
    view = viz.view(net()(nd.ones((5, 3))))
    scopes = [view.nodes[id].scope for id in view.graph.nodes if view.nodes[id].operator == "FullyConnected"]
    assert len(set(scopes)) == 2 and all(scopes)


def test_lines_are_the_users():
    x = nd.ones((2,))
    y = x * 3  # this line
    view = viz.view(y)
    node = view.nodes[view.graph.nodes[-1]]
    assert node.file is not None
    file = view.files[node.file]
    assert file.name == "test_view.py" and file.lines[str(node.line)] == "    y = x * 3  # this line"
    assert view.place(node) == f"test_view.py:{node.line}"
    assert str(pathlib.Path(HERE).parent) not in view.json(), "no folder of the machine"


def test_stages_share_what_no_pass_touched():
    view = viz.view(nd.ones((2, 3)) * 2)
    assert [stage.name for stage in view.stages[:4]] == ["recorded", "roll", "simplify_operators", "expand"]
    assert view.stages[0].graph.nodes == view.stages[1].graph.nodes
    assert not view.stages[1].changed
    for stage in view.stages:
        for id in stage.graph.nodes:
            assert set(view.nodes[id].origin) <= set(view.graph.nodes) and view.nodes[id].origin


def test_changes_are_what_came_and_went():
    view = viz.view(step())
    for before, after in zip(view.stages, view.stages[1:], strict=False):
        came = [id for id in after.graph.nodes if id not in before.graph.nodes]
        went = [id for id in before.graph.nodes if id not in after.graph.nodes]
        assert sorted(id for change in after.changed for id in change.nodes) == sorted(came)
        assert sorted(id for change in after.changed for id in change.source) == sorted(went)
        for change in after.changed:
            what = {(True, True): "replaced", (True, False): "added", (False, True): "removed"}
            assert change.what == what[bool(change.nodes), bool(change.source)]


def test_the_rule_that_fired_is_named():
    x = nd.ones((2, 3))
    view = viz.view(x.T.T + 1)
    simplified = next(stage for stage in view.stages if stage.name == "simplify_operators")
    assert "transpose(transpose(x, axes=a), axes=b) -> transposed(x, a, b)" in [
        change.rule for change in simplified.changed
    ]


def test_bodies_stand_once():
    @lazynd.compile(name="layer")
    def layer(x: Any) -> Any:
        return nd.tanh(x) * x

    x = nd.ones((3,))
    with autograd.record():
        x.attach_grad()
        y = layer(layer(x))
    y.backward()
    view = viz.view(y)
    calls = [view.nodes[id] for id in view.graph.nodes if view.nodes[id].body]
    assert len(calls) == 4 and all("layer" in each.operator for each in calls)
    bodies = {name for call in calls for name in call.body.values()}
    assert bodies <= view.graphs.keys()
    for graph in view.graphs.values():
        for id in (*graph.inputs, *graph.nodes):
            assert id in view.nodes
    everywhere = [id for g in (view.graph, *view.graphs.values()) for id in (*g.inputs, *g.nodes)]
    assert len(set(everywhere)) == len(everywhere)


def test_loops_have_bodies_and_steps():
    total, _ = nd.contrib.foreach(lambda row, state: (row, state + row), nd.ones((7, 3)), nd.zeros((3,)))
    view = viz.view(total)
    loops = [
        node for stage in view.stages for id in stage.graph.nodes if (node := view.nodes[id]).operator == "ir.scan"
    ]
    assert loops and all(node.times == 7 and set(node.body) == {"body"} for node in loops)
    assert all(node.flops == 7 * 3 for node in loops)


# ---------------------------------------------------------------------------------------- anything


def test_a_gradient():
    w = nd.ones((2,))
    w.attach_grad()
    with autograd.record():
        y = (w * w).sum()
    y.backward()
    assert "vjp_sum" in operators(viz.view(w.grad))


def test_a_block():
    block = net()
    for view in (viz.view(block, (5, 3)), viz.view(block, nd.ones((5, 3)))):
        assert operators(view).count("FullyConnected") == 2
        names = [view.nodes[id].name for id in view.graph.inputs]
        assert names[0] == "x" and set(names[1:]) == {p.name for p in block.collect_params().values()}
        assert view.nodes["p0"].types == ["float32[5,3]"]
    assert viz.view(block, (5, 3), title="t").title == "t"


def test_a_block_that_waits_for_shapes():
    block = gluon.nn.Dense(4)
    block.initialize()
    view = viz.view(block, (8, 3))
    assert block.weight.shape == (4, 3)
    assert "float32[4,3]" in [view.nodes[id].types[0] for id in view.graph.inputs]


def test_a_function_changes_nothing():
    total = nd.zeros((3,))

    def adds(x: Any, factor: Any) -> Any:
        total[:] = total + x * factor
        return total * 2

    view = viz.view(adds, nd.ones((3,)), 4.0)
    assert "broadcast_add" in operators(view)
    assert view.nodes[view.graph.inputs[0]].kind in ("data", "parameter")
    np.testing.assert_array_equal(total.asnumpy(), np.zeros(3))


def test_a_compiled_function():
    @lazynd.compile
    def double(x: Any) -> Any:
        return x * 2

    with pytest.raises(ValueError, match="double has not been called yet: give the inputs of a call"):
        viz.view(double)
    assert operators(viz.view(double, (3,))) == ["_mul_scalar"]
    assert double.traces == 0, "it was another trace"  # type: ignore[attr-defined]  # of what compile gives
    double(nd.ones((4,)))
    assert viz.view(double).nodes["p0"].types == ["float32[4]"]


def test_what_no_graph_can_hold_says_why():
    with pytest.raises(ValueError, match=r"has no graph: a value is needed: .*test_view\.py:\d+.*if x\.sum\(\) > 0"):
        viz.view(_looks, nd.ones((2,)))


def _looks(x: Any) -> Any:
    if x.sum() > 0:
        return x
    return -x


def test_a_symbol():
    made = sym.softmax(sym.FullyConnected(sym.var("data"), num_hidden=4, name="fc"), name="out")
    typed, also, untyped = viz.view(made, data=(8, 3)), viz.view(made, (8, 3)), viz.view(made)
    assert [typed.nodes[id].name for id in typed.graph.nodes] == ["fc", "out"]
    assert [(typed.nodes[id].name, typed.nodes[id].kind) for id in typed.graph.inputs] == [
        ("data", "data"), ("fc_weight", "parameter"), ("fc_bias", "parameter"),
    ]  # fmt: skip
    assert typed.nodes["n0"].flops == 8 * 4 * (2 * 3 + 1)
    assert also.as_dict()["nodes"] == typed.as_dict()["nodes"]
    assert operators(untyped) == operators(typed) and untyped.nodes["n0"].types == ["?"]
    assert untyped.nodes["n0"].flops is None
    assert viz.dot(untyped).count("->") == viz.dot(typed).count("->")


def test_texts_and_files(tmp_path):
    loss = step()
    view = viz.view(loss)
    (tmp_path / "step.txt").write_text(viz.text(loss), encoding="utf-8")
    (tmp_path / "step.json").write_text(view.json(), encoding="utf-8")
    assert operators(viz.view(tmp_path / "step.txt")) == operators(view)
    assert operators(viz.view(str(tmp_path / "step.txt"))) == operators(view)
    assert viz.view(tmp_path / "step.json").as_dict() == view.as_dict()
    assert operators(viz.view(viz.text(loss))) == operators(view)
    assert equal_graphs(viz.parse(viz.text(tmp_path / "step.txt")), viz.parse(viz.text(loss)))


def test_a_program_that_was_kept():
    x = nd.ones((3, 2))
    nd.waitall()
    with lazynd.config.using(tier="compiled"):
        (nd.tanh(x) * 2 + nd.cos(x)).asnumpy()
    view = viz.view(viz.last())
    assert operators(view) == ["tanh", "_mul_scalar", "cos", "broadcast_add"]
    assert view.title.startswith("program at test_view.py:")
    assert view.program is not None and view.program.tier == "compiled" and view.program.runs >= 1
    assert view.clusters is not None and "fusion" in str(view.program.text)
    fused = [each for each in view.clusters if each.fused]
    assert {id for each in fused for id in each.nodes} == {"n0", "n1", "n2", "n3"}
    assert all(set(each.parts) <= set(view.stages[-1].graph.nodes) for each in view.clusters)
    assert model.read(view.json()).as_dict() == view.as_dict()


def test_what_the_interpreter_ran():
    x = nd.ones((3, 2))
    nd.waitall()
    nd.arctan(x).asnumpy()
    view = viz.view(viz.last())
    assert operators(view) == ["arctan"]
    assert view.clusters is None and view.program is not None and view.program.tier == "interpreted"
    assert viz.text(viz.last()).count("arctan") == 1
    assert "arctan" in viz.last()._repr_html_() and "<svg" in viz.last()._repr_html_()


def test_what_has_no_graph():
    with pytest.raises(TypeError, match="int has no graph: view\\(\\) takes an array, a block"):
        viz.view(3)
    with pytest.raises(ValueError, match="depends on its inputs"):
        viz.view(lambda x: x)
    with pytest.raises(TypeError, match="shapes by name are for symbols; view\\(\\) has no parameter data"):
        viz.view(nd.ones((2,)) * 2, data=(2,))
    x = nd.ones((2,)) * 2
    x.wait_to_read()
    with pytest.raises(ValueError, match="nothing is pending"):
        viz.view(x)


# ---------------------------------------------------------------------------------------- JSON


def test_json_is_as_documented():
    """What ``docs/view.md`` says of types, and that every id and name leads somewhere."""
    for view in views():
        found = json.loads(view.json())
        assert (found["format"], found["version"]) == ("lazynd-view", 1)
        assert found.keys() == {
            "format", "version", "title", "about", "nodes", "stages", "files", "graphs", "clusters", "program",
        }  # fmt: skip
        assert found["about"].keys() == {"lazynd", "backend", "device"}
        graphs = [*(stage["graph"] for stage in found["stages"]), *found["graphs"].values()]
        for graph in graphs:
            assert graph.keys() == {"name", "inputs", "nodes", "results"}
            met = set(graph["inputs"])
            for id in graph["nodes"]:
                assert {source for source, _ in found["nodes"][id].get("inputs", [])} <= met, "inputs come first"
                met.add(id)
            assert {source for source, _ in graph["results"]} <= met
        for node in found["nodes"].values():
            assert {"operator", "kind", "types", "bytes"} <= node.keys()
            assert node["kind"] in ("data", "parameter", "number", "forward", "gradient", "update")
            assert (not node["operator"]) == (node["kind"] in ("data", "parameter", "number"))
            assert set(node.get("body", {}).values()) <= found["graphs"].keys()
            assert node.get("file", 0) in range(max(len(found["files"]), 1))
            if "formula" in node:
                assert eval(node["formula"]) == node["flops"]
            for source, result in node.get("inputs", []):
                assert result < len(found["nodes"][source]["types"])


def test_json_comes_back():
    for view in views():
        assert model.read(view.json()).as_dict() == view.as_dict()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no JSON"),
        ("[]", 'one begins with "format": "lazynd-view"'),
        ('{"format": "lazynd-view", "version": 9}', "a view of version 9; this lazynd reads version 1"),
        ('{"format": "lazynd-view", "version": 1}', "this view is damaged: 'title'"),
    ],
)
def test_another_text_is_no_view(text, message):
    with pytest.raises(ValueError, match=message):
        model.read(text)
