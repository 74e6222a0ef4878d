"""What ran is seen again: graphs, lines, scopes and compiled text, of every tier; looking changes nothing."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import pytest

import lazynd
from lazynd import autograd, gluon, nd, observe, viz
from lazynd.gluon import nn
from lazynd.ir.graph import Graph, equal_graphs
from lazynd.ir.verify import verify
from lazynd.runtime.run import history
from lazynd.runtime.run.compile import PROGRAMS

from ..conftest import Delta

pytestmark = pytest.mark.lazy


@pytest.fixture(autouse=True)
def nothing_is_kept() -> None:
    PROGRAMS.clear()
    history.INTERPRETED.clear()


@pytest.fixture(params=["compiled", "interpreted"])
def tier(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(lazynd.config, "tier", request.param)
    return str(request.param)


def gradient() -> nd.NDArray:
    x = nd.array([[1, 2], [3, 4]])
    x.attach_grad()
    with autograd.record():
        y = nd.sum(nd.tanh(x) * 3) + nd.BatchNorm(x, nd.ones(2), nd.zeros(2), nd.zeros(2), nd.ones(2)).sum()
    y.backward()
    return x.grad


def several() -> nd.NDArray:
    first, second = nd.split(nd.array([[4, 1], [3, 2]]), 2)
    return nd.dot(first, second, transpose_b=True) + first * 2.5 + nd.random.uniform(shape=(2,))


def called() -> nd.NDArray:
    step = lazynd.compile(lambda x, n: nd.tanh(x * n) + x)
    return step(nd.array([1, 2]), 0.5)


MADE: dict[str, Callable[[], nd.NDArray]] = {"gradient": gradient, "several results": several, "a call": called}


def places(graph: Graph) -> list[tuple[str, int, str]]:
    return [(node.code.co_filename if node.code else "", node.lasti, node.scope) for node in graph.nodes]


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_the_graph_of_what_ran_is_the_one_that_was_pending(make: Callable[[], nd.NDArray], tier: str) -> None:
    for _ in range(2):
        array = make()
        nd.waitall()
        array = make()
        pending = viz.graph(array)
        array.wait_to_read()
        found = viz.last()
        assert equal_graphs(found.graph, pending)
        assert places(found.graph) == places(pending)
        assert [node.origin for node in verify(found.graph).nodes] == [(i,) for i in range(len(pending))]
        assert (found.tier, found.stages[0].graph) == (tier, found.graph)
        assert found.site.rpartition(":")[0] == __file__


def test_numbers_that_are_compiled_in_and_those_that_are_not() -> None:
    x = nd.array([[1, 2], [3, 4], [5, 6]])
    x.wait_to_read()
    for i, runs in ((0, 1), (1, 1), (2, 2)):
        pending = (x[i] + 1) * 2
        names = [node.spec.op.name for node in viz.graph(pending).nodes if node.spec is not None]
        pending.wait_to_read()
        found = viz.last()
        assert [node.spec.op.name for node in found.graph.nodes if node.spec is not None][-len(names) :] == names
        assert found.runs == runs, "the first index is compiled in, the others share a program"
    assert len(viz.programs()[0].graph.inputs) == len(viz.programs()[1].graph.inputs) + 1


def test_looking_changes_nothing(delta: type[Delta], tier: str) -> None:
    (nd.ones(3) * 2).wait_to_read()
    x = nd.ones(3)
    x.attach_grad()
    with autograd.record():
        y = nd.tanh(x) * 3
        before = lazynd.stats().snapshot()
        assert viz.last().runs and viz.programs()[0].stages[-1].graph.nodes
        assert [bool(viz.last().text), bool(viz.last().clusters), bool(viz.last().memory), bool(viz.last().cost)] == [
            tier == "compiled"
        ] * 4
        assert viz.program(y) is None
        assert repr(viz.last())
        assert lazynd.stats().snapshot() == before
    y.backward()
    assert len(viz.graph(x.grad)) > 2, "it is still pending"


def test_what_ran_keeps_no_array(tier: str) -> None:
    nd.waitall()
    before = observe.memory()
    y = nd.ones((100, 100)) * 3
    y.wait_to_read()
    assert observe.memory() != before
    del y
    assert observe.memory() == before


class Two(gluon.HybridBlock):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.inner = nn.HybridSequential()
            self.inner.add(nn.Dense(2, in_units=2, activation="tanh"))

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return self.inner(x) + 1


def scopes(graph: Graph) -> set[str]:
    return {node.scope for node in graph.nodes}


@pytest.mark.parametrize("hybrid", [False, True])
def test_a_shared_program_shows_whom_it_ran_for(hybrid: bool, tier: str, delta: type[Delta]) -> None:
    x = nd.array([[1, 2]])
    nets = [Two(prefix=f"{name}_") for name in ("first", "second")]
    for net in nets:
        net.initialize()
        net.hybridize(hybrid)
        nd.waitall()

    def read(net: Any) -> None:
        net(x).wait_to_read()

    read(nets[0])
    before = delta()
    for net in (*nets, nets[0]):
        read(net)
        name = net.name
        assert {scope.partition(".")[0] for scope in scopes(viz.last().graph)} == {name}
        assert f"{name}.inner.0.act" in scopes(viz.last().stages[-1].graph)
        assert f"{name}.inner.0.act" in scopes(viz.programs()[0].stages[-1].graph)
    assert before.programs == 0
    asked = viz.program(nets[1](x))
    assert asked is not None and asked.runs == 4
    assert {scope.partition(".")[0] for scope in scopes(asked.graph)} == {"second"}


def test_compiled_steps() -> None:
    net = nn.Dense(2, in_units=2, prefix="net_")
    net.initialize()
    trainer = gluon.Trainer(net.collect_params(), "sgd")

    @lazynd.compile
    def step(x: Any) -> Any:
        with autograd.record():
            loss = (net(x) ** 2).sum()
        loss.backward()
        trainer.step(1)
        return loss

    x = nd.array([[1, 2]])
    for _ in range(4):
        step(x).wait_to_read()
    found = viz.last()
    assert [node.spec.op.name for node in found.graph.nodes if node.spec is not None] == ["test_compiled_steps.step"]
    assert found.runs >= 2
    assert scopes(found.stages[-1].graph) >= {"net"}
    assert found.text


def test_programs_from_disk(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazynd.config, "cache", tmp_path)
    x = nd.array([1, 2, 3])
    shown = []
    for function in (lambda x: nd.tanh(x) * x, nn.HybridLambda(lambda F, x: F.tanh(x) * x, prefix="block_")):
        PROGRAMS.clear()
        function(x).wait_to_read()
        shown.append(viz.last())
    assert [each.loaded for each in shown] == [False, True], "who computes it makes no other entry"
    assert [scopes(each.graph) for each in shown] == [{""}, {"block"}]
    assert shown[0].text and shown[1].text
    for program in shown:
        assert [program.nodes_of(each) for each in program.clusters if each.fused] == [(0, 1)]
        assert program.memory["argument"] == 12


def test_in_the_order_of_their_last_runs() -> None:
    x = nd.array([1, 2, 3])
    for _ in range(2):
        for function in (nd.sin, nd.cos):
            function(x).wait_to_read()
    nd.sin(x).wait_to_read()
    first, second = viz.programs()[:2]
    assert [each.graph.nodes[-1].spec.op.name for each in (first, second)] == ["sin", "cos"]  # type: ignore[union-attr]
    assert (first.runs, second.runs) == (3, 2)


def test_what_is_dropped_still_shows_its_graph() -> None:
    nd.sin(nd.array([1, 2, 3])).wait_to_read()
    PROGRAMS.clear()
    found = viz.last()
    assert (found.tier, found.text, found.runs, len(found.graph)) == ("dropped", None, 1, 1)


def test_of_the_interpreter_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazynd.config, "tier", "interpreted")
    for n in range(1, 200):
        (nd.ones(n) + 1).wait_to_read()
    limit = history.INTERPRETED.limit
    assert limit <= len(history.INTERPRETED.values()) <= 2 * limit
    assert viz.programs()[0].graph.nodes[-1].type.shape == (199,)


def test_before_anything_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history.HISTORY, "last", None)
    with pytest.raises(ValueError, match="nothing has run in this process yet"):
        viz.last()


def test_times_are_those_of_runs_inside(tier: str) -> None:
    x = nd.array([1, 2, 3])
    (x * 5).wait_to_read()
    assert viz.last().milliseconds is None
    with viz.timed():
        (x * 5).wait_to_read()
    took = viz.last().milliseconds
    assert took is not None and took > 0
    (x * 5).wait_to_read()
    assert viz.last().milliseconds == took
