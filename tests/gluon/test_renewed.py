"""What was compiled sees arrays that were made anew: by another initialisation, on another device, read from a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, gluon, initializer, nd
from lazynd.gluon import nn

X = nd.array(np.linspace(-1, 1, 12).reshape(3, 4))


def _net() -> nn.HybridSequential:
    net = nn.HybridSequential()
    net.add(nn.Dense(5, activation="relu", in_units=4), nn.BatchNorm(in_channels=5), nn.Dense(2, in_units=5))
    net.initialize()
    for number, each in enumerate(net.collect_params().values()):
        each.set_data(nd.ones(each.data().shape) / (number + 1))
    return net


def _moved(net: nn.HybridSequential) -> None:
    net.collect_params().reset_ctx(lazynd.cpu(1))
    net.collect_params().reset_ctx(lazynd.cpu(0))
    net[0].weight.set_data(nd.ones((5, 4)) * 3)


RENEWALS: dict[str, Callable[[nn.HybridSequential], object]] = {
    "net": lambda net: net.initialize(initializer.One(), force_reinit=True),
    "child": lambda net: net[0].initialize(initializer.Constant(2), force_reinit=True),
    "parameter": lambda net: net[0].weight.initialize(initializer.Constant(2), force_reinit=True),
    "moved": _moved,
}


@pytest.mark.parametrize("renew", RENEWALS.values(), ids=list(RENEWALS))
def test_hybridized_calls(renew: Callable[[nn.HybridSequential], object]) -> None:
    plain, compiled = _net(), _net()
    compiled.hybridize()
    before = compiled(X).asnumpy()
    for each in (plain, compiled):
        renew(each)
    assert not np.array_equal(compiled(X).asnumpy(), before)
    np.testing.assert_array_equal(compiled(X).asnumpy(), plain(X).asnumpy())


def _trained(compile: bool, renew: Callable[[Any, Any], object]) -> tuple[list[Any], int]:
    """Losses and weights of training, in whose midst something is made anew; and how often the step was traced."""
    net = _net()
    trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.1})

    def step(x: Any) -> Any:
        with autograd.record():
            loss = (net(x) ** 2).mean()
        loss.backward()
        trainer.step(3)
        return loss

    run = lazynd.compile(step) if compile else step
    found = [run(X).asscalar() for _ in range(2)]
    renew(net, trainer)
    found += [run(X).asscalar() for _ in range(3)]
    return [*found, *(each.data().asnumpy() for each in net.collect_params().values())], getattr(run, "traces", 0)


@pytest.mark.lazy
def test_compiled_steps_after_another_initialisation() -> None:
    def renew(net: Any, trainer: Any) -> None:
        net.initialize(initializer.Constant(0.5), force_reinit=True)

    expected, _ = _trained(False, renew)
    found, traces = _trained(True, renew)
    for each, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(each, other)
    assert traces == 2


def test_compiled_steps_after_states_were_loaded(tmp_path: Path) -> None:
    file = str(tmp_path / "trainer.states")

    def renew(net: Any, trainer: Any) -> None:
        trainer.save_states(file)
        with autograd.record():
            loss = (net(X) ** 2).mean()
        loss.backward()
        trainer.step(3)
        trainer.load_states(file)

    expected, _ = _trained(False, renew)
    found, _ = _trained(True, renew)
    for each, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(each, other)


@pytest.mark.lazy
@pytest.mark.parametrize(("name", "option", "value"), [("sgd", "clip_gradient", 0.01), ("adam", "beta1", 0.3)])
def test_options_of_an_optimizer_that_change_are_seen_by_compiled_steps(name: str, option: str, value: float) -> None:
    def learned(compiled: bool) -> np.ndarray[Any, Any]:
        nd.random.seed(0)
        net = gluon.nn.Dense(1, in_units=3)
        net.initialize(lazynd.init.Normal(1))
        trainer = gluon.Trainer(net.collect_params(), name, {"learning_rate": 0.1})
        x = nd.array(np.arange(6).reshape(2, 3))

        def step(x: nd.NDArray) -> nd.NDArray:
            with autograd.record():
                loss = (net(x) ** 2).mean()
            loss.backward()
            trainer.step(1)
            return loss

        run: Any = lazynd.compile(step) if compiled else step
        for number in range(6):
            if number == 3:
                setattr(trainer.optimizer, option, value)
            run(x)
        if compiled:
            assert run.traces == 2
        made: np.ndarray[Any, Any] = net.weight.data().asnumpy()
        return made

    np.testing.assert_array_equal(learned(True), learned(False))


def _other_activation(net: Any) -> None:
    net[0].act = nn.Activation("tanh")


def _one_more(net: Any) -> None:
    net[1].act = nn.Activation("sigmoid")


def _other_layer(net: Any) -> None:
    net._children["1"] = nn.Dense(2, in_units=5)
    net[1].initialize(lazynd.init.One())


def _further_layer(net: Any) -> None:
    net[2].add(nn.Activation("sigmoid"))


def _no_layer(net: Any) -> None:
    del net._children["1"]


def _no_dropout(net: Any) -> None:
    net[3]._rate = 0.0


CHANGES = [_other_activation, _one_more, _other_layer, _further_layer, _no_layer, _no_dropout]


@pytest.mark.parametrize("mode", ["hybridized", "compiled"])
@pytest.mark.parametrize("change", CHANGES)
def test_blocks_inside_that_change_are_seen(change: Callable[[Any], None], mode: str, on_numpy: None) -> None:
    def made() -> Any:
        nd.random.seed(2)
        inner = nn.HybridSequential()
        inner.add(nn.HybridLambda(lambda F, x: x - 0.01))
        net = nn.HybridSequential()
        net.add(nn.Dense(5, in_units=3, activation="relu"), nn.Dense(2, in_units=5), inner, nn.Dropout(0.5))
        net.initialize(lazynd.init.Uniform(1))
        net.hybridize(mode == "hybridized")
        return net

    net, plain = made(), made()
    plain.hybridize(False)
    run: Any = net if mode == "hybridized" else lazynd.compile(lambda x: net(x))
    x = nd.array([[1, 2, 3], [-1, 2, 1]])
    with autograd.train_mode():
        run(x), run(x)
        for each in (net, plain):
            change(each)
        found = [(nd.random.seed(1), each(x).asnumpy())[1] for each in (run, plain)]
    np.testing.assert_array_equal(*found)
