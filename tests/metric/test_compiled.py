"""Metrics that are updated inside of compiled steps: part of the call, and read outside."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, metric, nd
from lazynd.gluon import Trainer, nn
from lazynd.gluon.loss import SoftmaxCrossEntropyLoss

from .cases import Case, batch, cases, run

pytestmark = pytest.mark.lazy
#: One kind of data for each metric with each of its options.
CASES = {name: case for name, case in cases().items() if case[2] in ("classes", "two", "flat")}


@pytest.fixture(autouse=True)
def interpreted(on_numpy: None) -> Iterator[None]:
    yield


class Compiled:
    """``lazynd`` with metrics whose updates are compiled functions."""

    nd = nd

    def __init__(self) -> None:
        self.metric = self
        self.steps: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        def make(**options: Any) -> Any:
            made = getattr(metric, name)(**options)
            step = lazynd.compile(lambda labels, preds: type(made).update(made, labels, preds))
            self.steps.append(step)
            made.update = step
            return made

        return make


@pytest.mark.parametrize("name", CASES)
def test_updates_are_part_of_a_call(name: str) -> None:
    case: Case = CASES[name]
    compiled = Compiled()
    found, plain = run(compiled, case), run(lazynd, case)
    assert str(found) == str(plain)
    (step,) = compiled.steps
    # Once is enough: neither what was read nor what was reset is another array.
    assert (step.traces, step.reasons) == (1, [])


class Training:
    """A step with two metrics inside."""

    def __init__(self) -> None:
        nd.random.seed(1)
        self.net, self.loss = nn.Dense(3, in_units=4), SoftmaxCrossEntropyLoss()
        self.net.initialize()
        self.trainer = Trainer(self.net.collect_params(), "sgd", {"learning_rate": 0.1})
        self.metrics = metric.CompositeEvalMetric([metric.Accuracy(), metric.Loss(), "f1"])
        self.mean = metric.Loss()
        rng = np.random.default_rng(0)
        self.data = [(nd.array(rng.normal(size=(8, 4))), nd.array(rng.integers(0, 2, 8))) for _ in range(3)]

    def step(self, x: nd.NDArray, y: nd.NDArray) -> nd.NDArray:
        with autograd.record():
            scores = self.net(x)
            loss = self.loss(scores, y)
        loss.backward()
        self.trainer.step(8)
        self.metrics.update([y], [nd.softmax(scores)[:, :2]])
        self.mean.update(None, loss)
        return loss

    def epoch(self, step: Any) -> tuple[Any, ...]:
        self.metrics.reset()
        for x, y in self.data:
            step(x, y)
        found = self.metrics.get()[1], self.mean.get(), self.mean.num_inst
        self.mean.reset_local()
        return *found, self.mean.get_global()


def test_a_step_with_metrics_is_one_program_and_traced_once(delta: Any) -> None:
    plain, training = Training(), Training()
    step = lazynd.compile(training.step)
    for _ in range(2):
        np.testing.assert_equal(training.epoch(step), plain.epoch(plain.step))
    nd.waitall()
    since = delta()
    training.metrics.reset()
    for x, y in training.data:
        step(x, y)
    training.metrics.get()
    assert (since.runs, since.programs) == (3, 0)
    assert (step.traces, step.reasons) == (1, [])


def test_copies_and_other_metrics_are_noticed() -> None:
    training = Training()
    step = lazynd.compile(training.step)
    training.epoch(step)
    training.mean = copy.deepcopy(training.mean)
    training.metrics = metric.create(["acc"])
    training.epoch(step)
    assert training.metrics.num_inst == 0 and training.metrics.metrics[0].num_inst == 24
    assert training.mean.get_global()[1] > 0 and step.traces == 2


def test_a_step_that_fails_is_not_counted() -> None:
    loss, fails = metric.Loss(), [False]

    @lazynd.compile
    def step(x: nd.NDArray) -> None:
        loss.update(None, x)
        if fails[0]:
            raise ZeroDivisionError

    step(nd.ones(4))
    step.clear()
    fails[0] = True
    with pytest.raises(ZeroDivisionError):
        step(nd.ones(4) * 5)
    assert loss.get() == ("loss", 1.0) and loss.num_inst == 4


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        (lambda each: each.get(), "a metric is read"),
        (lambda each: each.reset(), "a metric is reset"),
        (lambda each: each.reset_local(), "a metric is reset"),
        (lambda each: setattr(each, "sum_metric", 3.0), "a metric is reset"),
    ],
)
def test_reading_and_resetting_inside_is_python(what: Any, reason: str) -> None:
    found = []
    for compile in (False, True):
        loss = metric.Loss()

        def step(x: nd.NDArray, loss: Any = loss) -> None:
            what(loss)
            loss.update(None, x)

        function: Any = lazynd.compile(step) if compile else step
        for i in range(3):
            function(nd.ones(2) * i)
        found.append((loss.get(), loss.num_inst, loss.get_global()))
    assert found[0] == found[1] and function.reasons == [reason]


def test_more_classes_than_before_are_python() -> None:
    found = []
    for compile in (False, True):
        pcc = metric.PCC()
        step: Any = lazynd.compile(pcc.update) if compile else pcc.update
        for number, kind in enumerate(("two", "two", "classes", "two", "wide")):
            labels, preds = batch(kind, number)
            step([nd.array(each) for each in labels], [nd.array(each) for each in preds])
        found.append(pcc.get())
    assert found[0] == found[1]
