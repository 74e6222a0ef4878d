"""How many programs a step of training with Gluon is, imperative, hybridized and compiled: DESIGN's table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
import pytest

import lazynd
from lazynd import autograd, gluon, metric, nd
from lazynd.backends.xla.compiled import Compiled
from lazynd.gluon import nn

pytestmark = pytest.mark.lazy
BATCH, STEPS = 8, 8
MODES = ("imperative", "hybridized", "compiled")
ONE_OF_TWO = ("imperative", pytest.param("hybridized", marks=pytest.mark.slow))  # of programs that take long to compile


def network(mode: str, outputs: int = 3) -> Any:
    net = nn.HybridSequential()
    net.add(nn.Dense(16, activation="relu"), nn.BatchNorm(), nn.Dropout(0.2), nn.Dense(outputs))
    net.initialize(lazynd.init.Xavier())
    if mode == "hybridized":
        net.hybridize()
    return net


def batches(count: int = STEPS) -> Iterator[tuple[nd.NDArray, nd.NDArray]]:
    rng = np.random.default_rng(2)
    for _ in range(count):
        yield nd.array(rng.random((BATCH, 5))), nd.array(rng.integers(0, 3, BATCH))


class Training:
    """A network, its loss and its trainer."""

    def __init__(self, mode: str, **options: Any) -> None:
        self.net = network(mode)
        self.loss = gluon.loss.SoftmaxCrossEntropyLoss()
        options = {"learning_rate": 0.1, "momentum": 0.9, **options}
        self.trainer = gluon.Trainer(self.net.collect_params(), "sgd", options)
        self.step: Callable[..., Any] = lazynd.compile(self.plain) if mode == "compiled" else self.plain

    def plain(self, x: nd.NDArray, y: nd.NDArray) -> tuple[nd.NDArray, nd.NDArray]:
        with autograd.record():
            scores = self.net(x)
            loss = self.loss(scores, y)
        loss.backward()
        self.trainer.step(BATCH)
        return loss, scores


def counted(steps: Iterator[Any], delta: Any) -> list[tuple[int, int]]:
    """Programs run and programs compiled in each of ``steps``."""
    found = []
    while True:
        since = delta()
        try:
            next(steps)
        except StopIteration:
            return found
        found.append((since.runs, since.programs))


@pytest.mark.parametrize("mode", MODES)
def test_a_loss_that_is_read_after_the_step_is_one_program(mode: str, delta: Any) -> None:
    training = Training(mode)

    def steps() -> Iterator[Any]:
        for x, y in batches():
            training.step(x, y)[0].asnumpy()
            yield

    found = counted(steps(), delta)
    assert [runs for runs, _ in found[2:]] == [1] * (STEPS - 2), found
    assert sum(programs for _, programs in found) <= 3 and not any(programs for _, programs in found[2:])


@pytest.mark.parametrize("mode", MODES)
def test_a_loss_that_is_never_read_is_one_program_a_step(mode: str, delta: Any) -> None:
    training = Training(mode)
    for x, y in batches(2):
        training.step(x, y)
    nd.waitall()
    since = delta()
    for x, y in batches():
        training.step(x, y)
    nd.waitall()
    assert since.runs == STEPS and since.programs == 0


@pytest.mark.parametrize("mode", ONE_OF_TWO)
def test_loss_and_accuracy_that_are_read_before_backward_are_two_programs(mode: str, delta: Any) -> None:
    training = Training(mode)

    def steps() -> Iterator[Any]:
        for x, y in batches():
            with autograd.record():
                scores = training.net(x)
                loss = training.loss(scores, y)
                right = scores.argmax(axis=1) == y
                mean, rate = loss.mean(), right.mean()
            mean.asscalar()
            rate.asscalar()
            loss.backward()
            training.trainer.step(BATCH)
            yield

    before = delta()
    found = counted(steps(), delta)
    assert all(runs <= 2 for runs, _ in found[2:]), found
    assert not any(programs for _, programs in found[3:])
    nd.waitall()
    executed = before.executed
    training = Training(mode)  # what the same steps run if nothing is read in between
    since = delta()
    for x, y in batches():
        with autograd.record():
            scores = training.net(x)
            loss = training.loss(scores, y)
            right = scores.argmax(axis=1) == y
            mean, rate = loss.mean(), right.mean()
        loss.backward()
        training.trainer.step(BATCH)
    assert [float(each.asscalar()) for each in (mean, rate)]
    nd.waitall()
    assert executed <= since.executed + 2 * STEPS, "no node runs twice"


@pytest.mark.parametrize("mode", MODES)
def test_a_metric_that_is_updated_each_step_and_read_each_epoch_adds_no_program(mode: str, delta: Any) -> None:
    training = Training(mode)
    accuracy = metric.Accuracy()

    def epoch() -> float:
        accuracy.reset()
        for x, y in batches():
            _, scores = training.step(x, y)
            accuracy.update(y, scores)
        return float(accuracy.get()[1])

    epoch()
    epoch()
    since = delta()
    assert 0 <= epoch() <= 1
    assert since.runs <= STEPS + 1 and since.programs == 0


@pytest.mark.parametrize("mode", ONE_OF_TWO)
def test_two_trainers_on_one_pair_of_networks_are_two_programs_a_step(mode: str, delta: Any) -> None:
    drawer, judge = network(mode, 5), network(mode, 1)
    loss = gluon.loss.SigmoidBinaryCrossEntropyLoss()
    trainers = [gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.01}) for net in (drawer, judge)]
    ones, zeros = nd.ones(BATCH), nd.zeros(BATCH)

    def steps() -> Iterator[Any]:
        for x, _ in batches():
            noise = nd.random.normal(shape=(BATCH, 4))
            with autograd.record():
                error = loss(judge(x), ones) + loss(judge(drawer(noise).detach()), zeros)
                mean = error.mean()
            error.backward()
            trainers[1].step(BATCH)
            with autograd.record():
                fooled = loss(judge(drawer(noise)), ones)
            fooled.backward()
            trainers[0].step(BATCH)
            mean.asscalar()
            nd.waitall()
            yield

    found = counted(steps(), delta)
    # The noise is drawn before ``record()``: one more.
    assert all(runs <= 3 for runs, _ in found[3:]), found
    assert not any(programs for _, programs in found[4:]), found


@pytest.mark.parametrize("mode", ONE_OF_TWO)
def test_gradients_that_add_up_are_a_program_for_each_batch_and_one_for_the_update(mode: str, delta: Any) -> None:
    training = Training(mode)
    parameters = training.net.collect_params()
    training.net(next(batches())[0])
    for each in parameters.values():
        if each.grad_req != "null":
            each.grad_req = "add"

    def steps() -> Iterator[Any]:
        for _ in range(4):
            for x, y in batches(4):
                with autograd.record():
                    loss = training.loss(training.net(x), y)
                loss.backward()
            training.trainer.step(4 * BATCH)
            parameters.zero_grad()
            loss.asnumpy()
            nd.waitall()
            yield

    found = counted(steps(), delta)
    assert all(runs <= 4 + 2 for runs, _ in found[2:]), found
    assert not any(programs for _, programs in found[3:]), found


class Memory:
    """The most bytes that were alive while a program ran: all buffers there are, and what the program takes."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.most = 0
        call = Compiled.__call__

        def counted(program: Any, *given: Any) -> Any:
            held = sum(each.nbytes for each in jax.live_arrays())  # type: ignore[no-untyped-call]  # jax's
            self.most = max(self.most, held + program.needs)
            return call(program, *given)

        patch.setattr(Compiled, "__call__", counted)

    def of(self, mode: str, count: int) -> int:
        """In steps that add up the gradients of ``count`` batches, of which nothing is read."""
        net = nn.HybridSequential()
        net.add(nn.Dense(16, in_units=16, activation="tanh"), nn.Dense(16, in_units=16))
        net.initialize()
        net.hybridize(mode == "hybridized")
        parameters = net.collect_params()
        parameters.setattr("grad_req", "add")
        trainer = gluon.Trainer(parameters, "sgd", {"learning_rate": 0.01})

        def add(x: nd.NDArray) -> None:
            with autograd.record():
                loss = (net(x) ** 2).sum()
            loss.backward()

        add_up = lazynd.compile(add) if mode == "compiled" else add
        for _ in range(3):
            self.most = 0
            for number in range(count):
                add_up(nd.array(np.full((512, 16), number)))
            trainer.step(count * 512)
            parameters.zero_grad()
            nd.waitall()
        return self.most


@pytest.mark.parametrize("mode", MODES)
def test_gradients_of_eight_batches_add_up_in_the_memory_of_one(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazynd.config, "tier", "compiled")
    memory = Memory(monkeypatch)
    one, eight = memory.of(mode, 1), memory.of(mode, 8)
    # A batch and what a layer makes of it, far more than all parameters.
    assert one > 2 * 512 * 16 * 4
    assert eight <= 1.3 * one, (one, eight)


@pytest.mark.parametrize("mode", MODES)
def test_rates_and_batches_of_other_sizes_compile_once_for_each_size(mode: str, delta: Any) -> None:
    training = Training(mode, lr_scheduler=lazynd.lr_scheduler.FactorScheduler(2, 0.9, base_lr=0.1))
    rng = np.random.default_rng(4)

    def run(size: int) -> None:
        training.step(nd.array(rng.random((size, 5))), nd.array(rng.integers(0, 3, size)))[0].asnumpy()

    for size in (8, 5, 8, 5, 8, 5):
        run(size)
    since = delta()
    for size in (8, 5, 5, 8, 8, 5):
        run(size)
    assert since.programs == 0 and since.runs == 6


def test_all_parameters_are_initialised_by_one_program(delta: Any) -> None:
    net = nn.HybridSequential()
    for _ in range(12):
        net.add(nn.Dense(8, in_units=8), nn.BatchNorm(in_channels=8))
    since = delta()
    net.initialize(lazynd.init.Xavier())
    for each in net.collect_params().values():
        each.data().asnumpy()
    assert since.runs == 1
