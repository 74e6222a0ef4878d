"""Optimizers inside compiled steps: the same weights as without, with rates and counts that go on at each call."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd, optimizer
from lazynd.gluon import Trainer
from lazynd.lr_scheduler import FactorScheduler

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
