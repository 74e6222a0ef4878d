"""Shapes that are learned in the first call, and the programs that initialise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, gluon, nd
from lazynd.gluon import HybridBlock, nn

from .test_block import Scale


def test_the_error_says_parameter_block_and_what_to_do(on_numpy: None) -> None:
    net = Scale(prefix="scale_")
    net.initialize()
    with pytest.raises(gluon.DeferredInitializationError, match=r"shape cannot be inferred") as caught:
        net(nd.ones((1, 4)))
    assert isinstance(caught.value, ValueError), "which it is in MXNet"
    for part in ("Parameter 'scale_w'", "Scale 'scale'", "(0, 2)", "dot", "shape= where the parameter is got"):
        assert part in str(caught.value)
    net.w.shape = (4, 2)
    assert net(nd.ones((1, 4))).shape == (1, 2), "nothing was lost"


def test_other_uses_of_what_waits_say_the_same(on_numpy: None) -> None:
    class Total(Scale):
        def hybrid_forward(self, F: Any, x: Any, w: Any) -> Any:
            return x + w.reshape((-1,))

    net = Total()
    net.initialize()
    with pytest.raises(gluon.DeferredInitializationError, match=r"takes it first"):
        net(nd.ones((1, 4)))


def test_a_contradiction_is_the_operators_error(on_numpy: None) -> None:
    net = nn.Dense(2, in_units=3)
    net.initialize()
    with pytest.raises(lazynd.MXNetError, match=r"FullyConnected"):
        net(nd.ones((1, 4)))

    class Two(HybridBlock):
        def __init__(self) -> None:
            super().__init__()
            self.weight = self.params.get("weight", shape=(3, 0), allow_deferred_init=True)

        def hybrid_forward(self, F: Any, x: Any, weight: Any) -> Any:
            return F.FullyConnected(x, weight, no_bias=True, num_hidden=2)

    net = Two()
    net.initialize()
    with pytest.raises(lazynd.MXNetError, match=r"\[FullyConnected\] Shape inconsistent"):
        net(nd.ones((1, 4)))


def test_custom_layers_learn_the_shapes_of_their_operators(on_numpy: None) -> None:
    class Odd(HybridBlock):
        def __init__(self) -> None:
            super().__init__()
            with self.name_scope():
                self.weight = self.params.get("weight", shape=(4, 0), allow_deferred_init=True)
                self.gamma = self.params.get("gamma", shape=(0,), init="ones", allow_deferred_init=True)
                self.beta = self.params.get("beta", shape=(0,), init="zeros", allow_deferred_init=True)

        def hybrid_forward(self, F: Any, x: Any, weight: Any, gamma: Any, beta: Any) -> Any:
            hidden = F.FullyConnected(x, weight, no_bias=True, num_hidden=4)
            for _ in range(x.shape[0]):
                hidden = F.LayerNorm(hidden, gamma, beta)
            return hidden

    net = Odd()
    net.initialize()
    assert net(nd.ones((2, 3))).shape == (2, 4)
    assert (net.weight.shape, net.gamma.shape) == ((4, 3), (4,))


@pytest.mark.lazy
def test_shapes_can_be_learned_without_a_call(on_numpy: None) -> None:
    net = nn.HybridSequential()
    net.add(nn.Conv2D(4, 3), nn.BatchNorm(), nn.Flatten(), nn.Dense(2))
    before = lazynd.stats().forces
    net.infer_shape(nd.ones((2, 3, 5, 6)))
    assert net[0].weight.shape == (4, 3, 3, 3) and net[3].weight.shape == (2, 48) and net[1].gamma.shape == (4,)
    with pytest.raises(RuntimeError, match=r"has not been initialized"):
        net[0].weight.data()
    assert lazynd.stats().forces == before
    net.initialize()
    assert net[0].weight.data().shape == (4, 3, 3, 3)


def test_recurrent_layers_learn_the_size_of_their_input(on_numpy: None) -> None:
    layer = gluon.rnn.LSTM(4, num_layers=2, bidirectional=True)
    layer.initialize()
    layer(nd.ones((5, 2, 3)))
    assert layer.l0_i2h_weight.shape == (16, 3) == layer.r0_i2h_weight.shape and layer.l1_i2h_weight.shape == (16, 8)


def build() -> Any:
    net = nn.HybridSequential()
    net.add(nn.Dense(5, activation="relu"), nn.BatchNorm(), nn.Dense(4, activation="tanh"), nn.Dense(3))
    return net


def train(net: Any, steps: int, read_first: bool) -> list[int]:
    """Programs compiled up to the end of each step."""
    loss_of = gluon.loss.SoftmaxCrossEntropyLoss()
    x, y = nd.array(np.linspace(-1, 1, 24).reshape(4, 6)), nd.array([0, 1, 2, 0])
    net.initialize(lazynd.init.Xavier())
    counts = []
    before = lazynd.stats().programs
    for _ in range(steps):
        with autograd.record():
            loss = loss_of(net(x), y)
        loss.backward()
        for each in net.collect_params().values():
            if each.grad_req != "null":
                each.data()[:] = each.data() - 0.1 * each.grad()
        if read_first:
            loss.asnumpy()
        counts.append(lazynd.stats().programs - before)
    nd.waitall()
    counts.append(lazynd.stats().programs - before)
    return counts


@pytest.mark.lazy
def test_all_initial_values_are_one_program_and_no_part_of_a_step(on_numpy: None) -> None:
    assert train(build(), 4, True) == [2, 2, 2, 2, 2]


@pytest.mark.lazy
def test_initial_values_of_known_shapes_are_one_program(on_numpy: None) -> None:
    net = build()
    net.infer_shape(nd.ones((4, 6)))
    net.initialize()
    before = lazynd.stats().programs
    values = [each.data().asnumpy() for each in net.collect_params().values()]
    assert lazynd.stats().programs - before == 1 and len(values) == 10


@pytest.mark.lazy
def test_reading_in_the_midst_of_the_first_call_is_fine(on_numpy: None) -> None:
    seen = []
    net = build()
    net[1].register_forward_hook(lambda block, inputs, output: seen.append(output.asnumpy()))
    net.initialize()
    x = nd.ones((2, 6))
    with autograd.record():
        loss = net(x).sum()
    loss.backward()
    assert seen[0].shape == (2, 5) and net[0].weight.grad().shape == (5, 6)
    assert loss.asscalar() == pytest.approx(net_value(net, x), rel=1e-5)


def net_value(net: Any, x: Any) -> float:
    with autograd.train_mode():
        return float(net(x).sum().asscalar())


def test_the_same_seed_gives_the_same_values_deferred_or_not(on_numpy: None) -> None:
    def values(learn_first: bool) -> list[Any]:
        lazynd.random.seed(3)
        net = nn.Sequential()
        net.add(nn.Dense(3, in_units=4 if learn_first else 0))
        net.initialize()
        net(nd.ones((1, 4)))
        return [each.data().asnumpy() for each in net.collect_params().values()]

    for one, other in zip(values(True), values(False), strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_initializer_that_fails_loses_nothing(on_numpy: None) -> None:
    class Failing(lazynd.init.Initializer):
        def _init_weight(self, name: Any, arr: Any) -> None:
            raise OSError("no values")

    net = nn.Dense(2)
    net.initialize(Failing())
    with pytest.raises(OSError, match=r"no values"):
        net(nd.ones((1, 3)))
    with pytest.raises(gluon.DeferredInitializationError):
        net.weight.data()
    net.initialize(force_reinit=True)
    assert net(nd.ones((1, 3))).shape == (1, 2)
