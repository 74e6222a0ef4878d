"""Optimizers inside compiled steps: the same weights as without, with rates and counts that go on at each call."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd, optimizer
from lazynd.gluon import Trainer
from lazynd.lr_scheduler import FactorScheduler
from lazynd.runtime.record.pending import PendingWork

from ..gluon.test_trainer import Held

pytest.importorskip("lazynd.compiled")
#: What moves weights by their gradients; SVRG's two are called by others.
NAMES = sorted(
    set(optimizer.Optimizer.opt_registry) - {"_svrgoptimizer", "_assignmentoptimizer", "groupadagrad", "test"}
)


def trained(name: str, compiled: bool) -> tuple[list[float], Any, Trainer, Any]:
    rng = np.random.default_rng(0)
    lazynd.random.seed(1)
    w, b = Held("w", rng.normal(size=(3, 2))), Held("b", np.zeros(3))
    data = rng.normal(size=(5, 4, 2))
    options: dict[str, Any] = {"momentum": 0.5} if name in ("sgd", "nag", "lars") else {}
    rates = {"lr_scheduler": FactorScheduler(1, 0.9, base_lr=0.25), "learning_rate": 0.25, "wd": 0.125}
    trainer = Trainer([w, b], name, {**rates, **options})

    def step(x: nd.NDArray, size: int) -> nd.NDArray:
        with autograd.record():
            loss = nd.square(nd.FullyConnected(x, w.data(), b.data(), num_hidden=3)).sum()
        loss.backward()
        trainer.step(size)
        return loss

    function = lazynd.compile(step) if compiled else step
    losses = [float(function(nd.array(x[:size]), size)) for x, size in zip(data, (4, 4, 4, 2, 4), strict=True)]
    return losses, w.data().asnumpy(), trainer, function


@pytest.mark.lazy
@pytest.mark.parametrize("name", NAMES)
def test_a_whole_step_is_one_call(name: str) -> None:
    with lazynd.config.using(tier="interpreted"):
        losses, weights, plain, _ = trained(name, False)
        found, made, trainer, function = trained(name, True)
    assert function.traces == 2 and not function.reasons  # one for each batch size
    # The same operators, of which a program may join some: a unit in the last place or two, five steps long.
    np.testing.assert_allclose(found, losses, rtol=1e-5)
    np.testing.assert_allclose(made, weights, rtol=1e-5, atol=1e-6)
    assert trainer.optimizer.num_update == plain.optimizer.num_update == 5
    assert trainer.learning_rate == plain.learning_rate


class Failing:
    """A compiled step that raises after ``trainer.step``, or whose call cannot be recorded, while ``fails``."""

    def __init__(self, name: str) -> None:
        self.w = Held("w", np.ones(2))
        self.schedule = FactorScheduler(1, 0.5, base_lr=0.25)
        self.trainer = Trainer([self.w], name, {"lr_scheduler": self.schedule, "learning_rate": 0.25})
        self.fails = [False]
        self.step = lazynd.compile(self._step)

    def _step(self, x: nd.NDArray) -> nd.NDArray:
        with autograd.record():
            loss = (self.w.data() * x).sum()
        loss.backward()
        self.trainer.step(1)
        if self.fails[0]:
            raise ZeroDivisionError
        return loss

    def state(self) -> str:
        """All that a step changes."""
        options = vars(self.trainer.optimizer).items()
        numbers = {name: value for name, value in options if name not in ("lr_scheduler", "_device_id")}
        return repr((numbers, vars(self.schedule), self.w.data().asnumpy()))


@pytest.mark.lazy
@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize("name", ["sgd", "nadam", "lbsgd"])
def test_a_step_that_raises_after_the_update_has_not_happened(name: str, before: int, on_numpy: None) -> None:
    loop, x = Failing(name), nd.ones(2)
    for _ in range(before):
        loop.step(x)
    state = loop.state()
    loop.fails[0] = True
    loop.step.clear()
    with pytest.raises(ZeroDivisionError):
        loop.step(x)
    assert loop.state() == state
    loop.fails[0] = False
    loop.step(x)
    assert loop.trainer.optimizer.num_update == before + 1


@pytest.mark.lazy
def test_a_call_that_cannot_be_recorded_has_not_counted(on_numpy: None, monkeypatch: pytest.MonkeyPatch) -> None:
    loop, x = Failing("nadam"), nd.ones(2)
    loop.step(x)
    loop.step(x)
    state = loop.state()

    def full(*_: Any) -> Any:
        raise MemoryError

    with monkeypatch.context() as patch, pytest.raises(MemoryError):
        patch.setattr(PendingWork, "append", full)
        patch.setattr(PendingWork, "read_all", full)
        loop.step(x)
    assert loop.state() == state
    loop.step(x)
    assert loop.trainer.optimizer.num_update == 3 and loop.step.traces == 1


@pytest.mark.lazy
def test_a_compiled_step_inside_of_one_that_raises_has_not_counted(on_numpy: None) -> None:
    loop, x = Failing("sgd"), nd.ones(2)
    fails = [True]

    @lazynd.compile
    def outer(x: nd.NDArray) -> nd.NDArray:
        loss = loop.step(x) + loop.step(x)
        if fails[0]:
            raise ZeroDivisionError
        return loss

    for _ in range(2):  # the inner one is traced by the first
        state = loop.state()
        with pytest.raises(ZeroDivisionError):
            outer(x)
        assert loop.state() == state
    fails[0] = False
    outer(x)
    assert loop.trainer.optimizer.num_update == 2


@pytest.mark.lazy
def test_what_python_does_after_a_trace_was_given_up_is_counted_once(on_numpy: None) -> None:
    loop, x, fails = Failing("sgd"), nd.ones(2), [False]

    @lazynd.compile
    def step(x: nd.NDArray) -> float:
        loss = loop._step(x).asscalar()
        if fails[0]:
            raise ZeroDivisionError
        return float(loss)

    step(x)
    fails[0] = True
    step.clear()
    with pytest.raises(ZeroDivisionError):
        step(x)
    assert loop.trainer.optimizer.num_update == 2 and loop.w.data().asnumpy().tolist() == [0.625, 0.625]


class Written(optimizer.Optimizer):
    """As people write optimizers: numbers of Python that change from step to step."""

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        self._update_count(index)
        rate = self._get_lr(index) / self._index_update_count[index]
        weight -= rate * self.rescale_grad * grad


@pytest.mark.lazy
def test_an_optimizer_that_somebody_wrote_is_python(on_numpy: None) -> None:
    found = []
    for compiled in (False, True):
        w = Held("w", np.ones(1))
        trainer = Trainer([w], Written(lr_scheduler=FactorScheduler(1, 0.5, base_lr=1.0)))

        def step(size: int, w: Held = w, trainer: Trainer = trainer) -> None:
            with autograd.record():
                loss = w.data().sum()
            loss.backward()
            trainer.step(size)

        function: Any = lazynd.compile(step) if compiled else step
        for size in (1, 2, 4):
            function(size)
        found.append((w.data().asscalar(), trainer.optimizer.num_update, trainer.learning_rate))
    assert found[0] == found[1]
    assert function.reasons == ["Written, an optimizer of your own, counts and finds its rates anew"]
