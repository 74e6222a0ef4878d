"""Nodes know the block call that recorded them; gradients, updates and the bodies of calls keep it."""

from __future__ import annotations

import copy
import pickle
import threading
from typing import Any

import pytest

import lazynd
from lazynd import autograd, gluon, nd, viz
from lazynd.gluon import nn, rnn
from lazynd.ir.graph import Graph
from lazynd.ir.scope import Closed
from lazynd.ir.verify import verify

from ..conftest import Delta

pytestmark = pytest.mark.lazy


class Net(gluon.HybridBlock):
    """``features`` holds two layers; ``output`` is called beside it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.features = nn.HybridSequential()
            self.features.add(nn.Dense(4, activation="relu", in_units=3), nn.Dense(4, in_units=4))
            self.output = nn.Dense(2, in_units=4)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return self.output(self.features(x) * 2)


def scopes(graph: Graph) -> list[tuple[str, str]]:
    return [(node.spec.op.name, node.scope) for node in graph.nodes if node.spec is not None]


def row() -> Any:
    return nd.array([[1, 2, 3]])


def made(prefix: str = "net_", kind: type[gluon.Block] = Net) -> Any:
    net = kind(prefix=prefix)
    net.initialize()
    nd.waitall()
    return net


def test_operations_have_the_path_of_the_innermost_call() -> None:
    x = row()
    assert scopes(viz.graph(made()(x) + 1)) == [
        ("FullyConnected", "net.features.0"), ("Activation", "net.features.0.act"),
        ("FullyConnected", "net.features.1"), ("_mul_scalar", "net"), ("FullyConnected", "net.output"),
        ("_plus_scalar", ""),
    ]  # fmt: skip


def test_paths_are_those_of_the_files_of_parameters() -> None:
    net = made()
    places = {f"net.{name.rpartition('.')[0]}" for name in net._collect_params_with_prefix()}
    recorded = {scope for name, scope in scopes(viz.graph(net(row()))) if name == "FullyConnected"}
    assert recorded == places


@pytest.mark.parametrize("hybrid", [False, True])
def test_gradients_and_updates_inherit(hybrid: bool) -> None:
    net = made()
    if hybrid:
        net.hybridize()
    trainer = gluon.Trainer(net.collect_params(), "sgd")
    loss = gluon.loss.L2Loss(prefix="l2_")
    for _ in range(2):
        with autograd.record():
            value = loss(net(row()), nd.ones((1, 2)))
        value.backward()
        trainer.step(1)
        nd.waitall()
    with autograd.record():
        value = loss(net(row()), nd.ones((1, 2)))
    value.backward()
    trainer.step(1)
    graph = viz.graph(net.output.weight.data())
    found = scopes(graph)
    assert ("multi_sgd_update", "net") in found
    backwards = {scope for name, scope in found if name.startswith("vjp_")}
    inside = {"net"} if hybrid else {"net", "net.output", "net.features.1", "net.features.0", "net.features.0.act"}
    assert backwards == {"l2"} | inside
    last = viz.passes(graph)[-1].graph
    verify(last)
    assert {"net.output", "net.features.1", "net.features.0", "net.features.0.act", "l2", "net"} <= {
        scope for _, scope in scopes(last)
    }


def test_an_update_of_one_parameter_is_its_blocks() -> None:
    net = made()
    (net(row())).wait_to_read()
    trainer = gluon.Trainer({"weight": net.output.weight}, "sgd")
    with autograd.record():
        value = net(row())
    value.backward()
    trainer.step(1)
    assert ("multi_sgd_update", "net.output") in scopes(viz.graph(net.output.weight.data()))


def test_an_optimizer_that_takes_one_at_a_time() -> None:
    net = made()
    net(row()).wait_to_read()
    trainer = gluon.Trainer({"w": net.output.weight, "v": net.features[0].weight}, "dcasgd")
    with autograd.record():
        value = net(row())
    value.backward()
    trainer.step(1)
    nodes = viz.graph(net.output.weight.data()).nodes + viz.graph(net.features[0].weight.data()).nodes
    lines = {node.scope for node in nodes if node.code is not None and node.code.co_filename == __file__}
    assert {"net.output", "net.features.0"} <= lines
    assert {"net.output"} == {node.scope for node in viz.graph(net.output.weight.data()).nodes[-3:]}


def test_bodies_of_calls_have_paths_relative_to_the_block() -> None:
    net = made()
    net.hybridize()
    (call,) = viz.graph(net(row())).nodes
    assert call.scope == "net"
    assert call.spec is not None and call.spec.body is not None
    inner = scopes(call.spec.body)
    assert [scope for _, scope in inner] == ["features", "", "output"]
    features = call.spec.body.nodes[0].spec
    assert features is not None and features.body is not None
    assert [scope for _, scope in scopes(features.body)] == ["0", "1"]
    expanded = viz.passes(net(row()))[-1].graph
    assert {scope for _, scope in scopes(expanded)} >= {"net.features.0.act", "net.features.1", "net", "net.output"}


def test_blocks_of_equal_structure_share_a_program_and_not_their_names(delta: type[Delta]) -> None:
    first, second = made("first_"), made("second_")
    first.hybridize(), second.hybridize()
    x = row()
    first(x).wait_to_read()
    before = delta()
    second(x).wait_to_read()
    assert (before.programs, before.hits) == (0, 1)
    shown = viz.passes(second(x))[-1].graph
    assert {scope.partition(".")[0] for _, scope in scopes(shown)} - {""} == {"second"}


class Renamed(gluon.HybridBlock):
    """``Net`` by other names."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.body = nn.HybridSequential()
            self.body.add(nn.Dense(4, activation="relu", in_units=3), nn.Dense(4, in_units=4))
            self.head = nn.Dense(2, in_units=4)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return self.head(self.body(x) * 2)


def test_a_body_that_another_block_recorded_lends_no_names(delta: type[Delta]) -> None:
    first, second = made("first_"), made("second_", Renamed)
    first.hybridize(), second.hybridize()
    x = row()
    first(x).wait_to_read()
    before = delta()
    second(x).wait_to_read()
    assert before.programs == 0
    pending = second(x)
    (call,) = viz.graph(pending).nodes
    assert call.scope.__class__ is Closed
    assert {scope for _, scope in scopes(viz.passes(pending)[-1].graph)} - {""} == {"second"}
    for view, inside in ((viz.view(pending), {""}), (viz.view(first(x)), {"", "features", "output", "0", "1", "act"})):
        assert {view.nodes[id].scope for graph in view.graphs.values() for id in graph.nodes} == inside


def test_a_loop_inside_a_block() -> None:
    class Loop(gluon.Block):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.cell = nn.Dense(3, in_units=3)

        def forward(self, x: Any) -> Any:
            return nd.contrib.foreach(lambda one, state: (self.cell(one), state), x, nd.zeros(1))[0]

    net = made("loop_", Loop)
    graph = viz.graph(net(nd.ones((4, 2, 3))))
    loop = graph.nodes[-1]
    assert loop.spec is not None
    assert loop.scope == "loop"
    assert [scope for _, scope in scopes(loop.spec.attributes["body"])] == ["cell"]


def test_recurrent_cells() -> None:
    cells = rnn.SequentialRNNCell(prefix="cells_")
    cells.add(rnn.GRUCell(2, input_size=3))
    cells.add(rnn.ResidualCell(rnn.LSTMCell(2, input_size=2)))
    cells.initialize()
    nd.waitall()
    x = nd.array([[[1, 2, 3], [4, 5, 6]]])
    for outputs in (cells(x[0], cells.begin_state(batch_size=2))[0], cells.unroll(2, x, merge_outputs=True)[0]):
        found = {scope for _, scope in scopes(viz.graph(outputs))} - {""}
        assert found >= {"cells.0", "cells.1", "cells.1.base_cell"}
        assert all(scope.startswith("cells") for scope in found)


def test_names_where_the_structure_has_none() -> None:
    class Odd(gluon.Block):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            with self.name_scope():
                self.inner = nn.Sequential()
                self.inner.add(nn.Flatten())
                self.listed = [nn.Flatten()]

        def forward(self, x: Any, again: bool = True) -> Any:
            x = self.listed[0](self.inner[0](x))
            return self(x, False) if again else x

    found = [scope for name, scope in scopes(viz.graph(Odd(prefix="odd_")(nd.ones((2, 3)) + 1))) if name == "Flatten"]
    assert found == ["odd.inner.0", "odd.flatten1"] * 2
    nameless = [scope for _, scope in scopes(viz.graph(Odd(prefix="")(nd.ones((2, 3)) + 1)))]
    assert nameless[-1].startswith("odd.flatten")


def test_a_layer_is_called_by_its_place_now() -> None:
    layer, x = nn.Flatten(prefix="layer_"), nd.ones((2, 3)) + 1
    outer = nn.Sequential(prefix="outer_")
    outer.register_child(layer, "before")
    assert viz.graph(outer(x)).nodes[-1].scope == "outer.before"
    del outer._children["before"]
    outer.register_child(layer, "after")
    assert viz.graph(outer(x)).nodes[-1].scope == "outer.after"
    assert viz.graph(layer(x)).nodes[-1].scope == "layer"


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies(copied: Any) -> None:
    net = made()
    net(row()).wait_to_read()
    other = copied(net)
    nd.waitall()
    assert scopes(viz.graph(other(row()))) == scopes(viz.graph(net(row())))


def test_an_error_leaves_the_scope_and_names_it() -> None:
    net = made()
    with pytest.raises(lazynd.MXNetError, match=r"\n  in the block net\.features\.0$"):
        net(nd.ones((1, 5)))
    assert [scope for _, scope in scopes(viz.graph(nd.ones(1) + 1))] == ["", ""]


def test_an_error_of_a_run_names_the_block() -> None:
    net = nn.HybridLambda(lambda F, x: F.take(x, nd.array([7]), mode="raise"), prefix="taking_")
    with pytest.raises(IndexError, match=r"\n  in the block taking$"):
        net(nd.ones((2, 3))).wait_to_read()


def test_threads_are_in_scopes_of_their_own() -> None:
    found: list[str] = []

    class Asks(gluon.Block):
        def forward(self, x: Any) -> Any:
            worker = threading.Thread(target=lambda: found.append(viz.graph(nd.ones(1) + 1).nodes[-1].scope))
            worker.start()
            worker.join()
            return x + 1

    assert viz.graph(Asks(prefix="asks_")(nd.ones(1))).nodes[-1].scope == "asks"
    assert found == [""]


def test_functions_with_a_gradient_in_python() -> None:
    class Double(autograd.Function):
        def forward(self, x: Any) -> Any:
            return x * 2

        def backward(self, dy: Any) -> Any:
            return dy * 2

    class Layer(gluon.Block):
        def forward(self, x: Any) -> Any:
            return Double()(x)

    x = nd.ones(2)
    x.attach_grad()
    with autograd.record():
        y = Layer(prefix="layer_")(x)
    y.backward()
    assert ("_mul_scalar", "layer") in scopes(viz.graph(x.grad))


@pytest.mark.parametrize("hybrid", [False, True])
def test_operations_of_our_layers_have_the_users_lines(hybrid: bool) -> None:
    net = made()
    net.features.hybridize(hybrid)
    trainer = gluon.Trainer(net.collect_params(), "sgd")
    with autograd.record():
        value = net(row())
    value.backward()
    trainer.step(1)
    graph = viz.graph(value)
    for shown in (graph, viz.passes(graph)[-1].graph):
        assert {node.code.co_filename for node in shown.nodes if node.code is not None} == {__file__}
    functions = {node.code.co_name: node.scope for node in graph.nodes if node.code is not None}
    assert set(functions) == {"hybrid_forward", "test_operations_of_our_layers_have_the_users_lines"}


def test_whatever_of_ours_records_has_the_users_lines() -> None:
    class Doubled(gluon.Block):
        def __init__(self) -> None:
            super().__init__()
            self.layer = rnn.GRU(3, layout="NTC", input_size=2)

        def forward(self, x: Any) -> Any:
            return self.layer(x) * 2

    net = Doubled()
    net.initialize()
    nd.waitall()
    result = net(nd.ones((1, 2, 2)))
    nodes = [node for node in viz.graph(result).nodes if node.scope]
    assert {node.code.co_name for node in nodes if node.code} == {"forward"}
    assert {node.scope.partition(".")[2] for node in nodes} == {"", "layer"}
    gradients = [nd.ones(2) * 3, nd.ones(3) * 4]
    gluon.utils.clip_global_norm(gradients, 1.0)
    ours = lazynd.np.ones((2,)).sum() + 1
    for array in (gradients[0], ours):
        assert {node.code.co_filename for node in viz.graph(array).nodes if node.code} == {__file__}


def test_scopes_are_no_part_of_the_text() -> None:
    text = viz.text(made()(row()))
    assert {scope for _, scope in scopes(viz.parse(text))} == {""}
