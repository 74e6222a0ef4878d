"""What XLA fused, read back from the compiled text of the training steps of five networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

import lazynd
from lazynd import autograd, gluon, nd, viz
from lazynd.backends.explained import Cluster
from lazynd.backends.hlo import clusters_in, parse_module
from lazynd.gluon import nn, rnn
from lazynd.ir.primitive import Primitive
from lazynd.runtime.run.compile import PROGRAMS

pytestmark = pytest.mark.lazy


class Residual(gluon.HybridBlock):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.conv, self.norm = nn.Conv2D(2, 3, padding=1, in_channels=2), nn.BatchNorm(in_channels=2)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.relu(self.norm(self.conv(x)) + x)


class Attention(gluon.HybridBlock):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.embed, self.query = nn.Embedding(5, 4), nn.Dense(4, flatten=False, in_units=4)
            self.norm = nn.LayerNorm(in_channels=4)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        x = self.embed(x)
        weights = F.softmax(F.batch_dot(self.query(x), x, transpose_b=True) / 2)
        return self.norm(F.batch_dot(weights, x) + x)


class Rolled(gluon.HybridBlock):
    """A recurrent cell in a loop."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.cell = rnn.GRUCell(3, input_size=2)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.contrib.foreach(self.cell, x, [F.zeros((2, 3))])[0]


def perceptron() -> tuple[Any, Any]:
    net = nn.HybridSequential()
    net.add(nn.Dense(4, activation="sigmoid", in_units=3), nn.Dropout(0.5), nn.Dense(2, in_units=4))
    return net, nd.array([[1, 2, 3], [4, 5, 6]])


def lenet() -> tuple[Any, Any]:
    net = nn.HybridSequential()
    net.add(nn.Conv2D(2, 3, activation="tanh", in_channels=1), nn.MaxPool2D(2, 2), nn.Dense(2, in_units=18))
    return net, nd.array([[[[i * j % 7 for i in range(8)] for j in range(8)]]] * 2)


NETWORKS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "perceptron": perceptron,
    "lenet": lenet,
    "residual": lambda: (Residual(), nd.array([[[[i * j for i in range(4)] for j in range(4)]] * 2] * 2)),
    "attention": lambda: (Attention(), nd.array([[0, 1, 2], [2, 4, 0]])),
    "recurrent": lambda: (Rolled(), nd.array([[[i, j] for i in range(2)] for j in range(4)])),
}


def train(name: str, monkeypatch: pytest.MonkeyPatch) -> viz.Program:
    """The program of one training step; what comes before it is interpreted."""
    monkeypatch.setattr(lazynd.config, "tier", "interpreted")
    net, x = NETWORKS[name]()
    net.initialize()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"momentum": 0.9})
    nd.waitall()
    monkeypatch.setattr(lazynd.config, "tier", "compiled")
    with autograd.record():
        loss = (net(x) ** 2).mean()
    loss.backward()
    trainer.step(1)
    loss.wait_to_read()
    return viz.last()


def assert_all_fusions(text: str, clusters: Sequence[Cluster]) -> None:
    """``clusters`` has as many fusions as lines of ``text`` assign one: told by another parser than ours."""
    counted = sum(1 for line in text.splitlines() if "=" in line and line.partition("=")[2].count(" fusion("))
    assert counted > 0
    assert sum(each.fused for each in clusters) == counted


@pytest.mark.parametrize("name", NETWORKS)
def test_every_fusion_is_there_and_belongs_to_operators(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = train(name, monkeypatch)
    text = program.text
    assert text is not None
    assert_all_fusions(text, program.clusters)
    fusions = [each for each in program.clusters if each.fused]
    with pytest.raises(AssertionError):
        assert_all_fusions(text, [each for each in program.clusters if each is not fusions[0]])
    assert sum(bool(program.nodes_of(each)) for each in fusions) >= 0.95 * len(fusions)
    assert sum(not each.borrowed for each in fusions) >= 0.8 * len(fusions)
    compiled = program.stages[-1].graph.nodes
    shown = {number for each in program.clusters for number in each.numbers}
    elementwise = [
        number
        for number, node in enumerate(compiled)
        if node.spec is not None and isinstance(node.spec.op, Primitive) and node.spec.op.elementwise
    ]
    assert len(shown & set(elementwise)) >= 0.9 * len(elementwise), "XLA folds some, such as indices"
    recorded = {number for each in program.clusters for number in program.nodes_of(each)}
    wanted = {origin for number in elementwise for origin in compiled[number].origin}
    assert len(recorded & wanted) >= 0.95 * len(wanted)


LOOP = """HloModule jit_program, is_scheduled=true

%fused (p.0: f32[2,3], p.1: pred[]) -> (f32[2,3], s32[]) {
  %p.0 = f32[2,3]{1,0} parameter(0)
  %p.1 = pred[] parameter(1)
  %add.1 = f32[2,3]{1,0} add(%p.0, %p.0), metadata={op_name="jit(program)/scan.4/while/body/add.2/add"}
  ROOT %t = (f32[2,3]{1,0}, /*index=1*/s32[]) tuple(%add.1, %p.1)
}

%body (state: (f32[2,3])) -> (f32[2,3]) {
  %state = (f32[2,3]{1,0}) parameter(0)
  %item = f32[2,3]{1,0} get-tuple-element(%state), index=0
  %copy.9 = f32[2,3]{0,1} copy(%item)
  %fusion.1 = (f32[2,3]{1,0}, s32[]) fusion(%copy.9, %item), kind=kLoop, calls=%fused, backend_config={"a":"f(x"}
  ROOT %made = (f32[2,3]{1,0}) tuple(%fusion.1)
}

%test (state: (f32[2,3])) -> pred[] {
  %state = (f32[2,3]{1,0}) parameter(0)
  ROOT %yes = pred[] constant(true)
}

ENTRY %main.7 (given: f32[2,3]) -> f32[2,3] {
  %given = f32[2,3]{1,0} parameter(0), metadata={op_name="given[0]"}
  %while.3 = (f32[2,3]{1,0}) while(%given), condition=%test, body=%body, metadata={op_name="jit(program)/scan.4/while"}
  %dot.2 = f32[2,3]{1,0} custom-call(%given), custom_call_target="gemm", metadata={op_name="p/dot.1/d;p/add.0"}
  ROOT %copy.1 = f32[2,3]{1,0} copy(%dot.2)
}
"""


def test_loops_calls_and_copies() -> None:
    found = clusters_in(parse_module(LOOP))
    told = [(each.name, each.kind, each.numbers, each.borrowed, each.inside) for each in found]
    assert told == [
        ("while.3", "while", (4,), False, ""),
        ("copy.9", "copy", (4,), True, "while.3"),
        ("fusion.1", "loop", (4,), False, "while.3"),
        ("dot.2", "custom-call", (0, 1), False, ""),
        ("copy.1", "copy", (0, 1), True, ""),
    ]
    assert [each.nbytes for each in found] == [48, 48, 76, 48, 48]
    assert found[2].text.splitlines()[-1].endswith("tuple(%add.1, %p.1)")


def test_text_that_is_none() -> None:
    with pytest.raises(ValueError, match="no compiled text"):
        parse_module("%a = f32[] add(%b, %c)\n")


def test_fusions_do_not_change_results(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scopes reach the text by names alone: what is computed is what the interpreter computes."""
    x = nd.array([0.1, 2, 3])
    monkeypatch.setattr(lazynd.config, "tier", "compiled")
    compiled = (nd.tanh(x * 3) + x / 7).asnumpy()
    monkeypatch.setattr(lazynd.config, "tier", "interpreted")
    PROGRAMS.clear()
    assert (nd.tanh(x * 3) + x / 7).asnumpy().tobytes() == compiled.tobytes()


def test_of_another_graph_no_cluster_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazynd.config, "tier", "compiled")
    x = nd.array([0.1, 2, 3])
    nd.tanh(x).wait_to_read()
    first, executable = viz.last(), next(reversed(PROGRAMS.families.values())).baked
    nd.exp(x).wait_to_read()
    assert executable is not None
    told = executable.executable.explain(viz.last().stages[-1].graph)
    assert (told.text, told.clusters) == (first.text, ())
    assert first.clusters
