"""Optimizers: names, rates, what is counted and refused, those of users, and how many programs a loop compiles."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import nd, optimizer, stats
from lazynd.ir.node import Node
from lazynd.lr_scheduler import FactorScheduler
from lazynd.runtime.thread import LOCAL

EVERY = sorted(set(optimizer.Optimizer.opt_registry) - {"_svrgoptimizer"})


def test_the_registered_names() -> None:
    names = (
        "_assignmentoptimizer _svrgoptimizer adadelta adagrad adam adamax ccsgd dcasgd ftml ftrl groupadagrad lamb "
        "lars lbsgd nadam nag rmsprop sgd sgld signum test"
    )
    assert set(optimizer.Optimizer.opt_registry) >= set(names.split())


@pytest.mark.lazy
@pytest.mark.parametrize("name", EVERY)
def test_fifty_steps_compile_what_two_compile(name: str) -> None:
    options: dict[str, Any] = {"param_idx2name": {0: "a_weight", 1: "b_bias"}}
    if name not in ("test", "_assignmentoptimizer"):
        options |= {"lr_scheduler": FactorScheduler(1, 0.97, base_lr=0.5), "learning_rate": 0.5}
    updater = optimizer.get_updater(optimizer.create(name, **options))
    weights = [nd.array(np.full(shape, 0.5)) for shape in ((3, 4), (2, 3))]
    grads = [nd.array(np.full(w.shape, 0.25)) for w in weights]
    nd.waitall()
    for number in range(50):
        updater([0, 1], grads, weights)
        nd.waitall()
        if number == 1:
            before = stats().programs + stats().loaded
    assert stats().programs + stats().loaded == before
    assert all(np.isfinite(w.asnumpy()).all() for w in weights)


@pytest.mark.lazy
@pytest.mark.parametrize("name", ["sgd", "nag", "signum", "adam", "rmsprop", "ftrl", "ftml"])
def test_all_weights_are_updated_by_one_node(name: str) -> None:
    updater = optimizer.get_updater(optimizer.create(name, **({"momentum": 0.5} if name in ("sgd", "nag") else {})))
    with lazynd.config.using(tier="interpreted"):
        weights = [nd.ones((n + 1,)) for n in range(10)]
        grads = [nd.ones((n + 1,)) for n in range(10)]
        updater(list(range(10)), grads, weights)
        nd.waitall()
        updater(list(range(10)), grads, weights)
        recorded = [item for item in LOCAL.state.regions.open.items if isinstance(item, Node)]
        assert len(recorded) == 1


def test_unknown_names_and_wrong_ones() -> None:
    with pytest.raises(ValueError, match=r"Cannot find optimizer nothing; there are adadelta, adagrad, .*signum$"):
        optimizer.create("nothing")
    with pytest.raises(AssertionError, match="only classes are registered"):
        optimizer.register(optimizer.SGD())
    with pytest.raises(AssertionError, match="param_idx2name should be a dict of param indexes to names"):
        optimizer.SGD(param_idx2name=["a"])
    assert type(optimizer.create("SGD")) is optimizer.SGD


def test_a_name_taken_over_is_warned_of() -> None:
    before = optimizer.Optimizer.opt_registry["sgd"]
    try:
        with pytest.warns(UserWarning, match="is overriding existing optimizer lazynd.optimizer.sgd.SGD"):
            optimizer.register(type("SGD", (optimizer.SGD,), {}))
    finally:
        optimizer.Optimizer.opt_registry["sgd"] = before


def test_rates() -> None:
    sgd = optimizer.SGD(learning_rate=0.5)
    sgd.set_learning_rate(0.25)
    assert sgd.learning_rate == 0.25 and optimizer.SGD().learning_rate == 0.01
    scheduled = optimizer.SGD(lr_scheduler=FactorScheduler(1, base_lr=0.125))
    assert scheduled.learning_rate == 0.125
    with pytest.raises(UserWarning, match="LRScheduler of the optimizer has already been defined"):
        scheduled.set_learning_rate(1)
    with pytest.raises(DeprecationWarning):
        sgd.set_lr_scale({})


def test_a_rate_overrides_the_scheduler_s(capsys: pytest.CaptureFixture[str]) -> None:
    scheduler = FactorScheduler(1, base_lr=0.5)
    optimizer.SGD(lr_scheduler=scheduler, learning_rate=0.5)
    assert not capsys.readouterr().out
    optimizer.Adam(lr_scheduler=scheduler)
    text = "learning rate from ``lr_scheduler`` has been overwritten by ``learning_rate`` in optimizer.\n"
    assert capsys.readouterr().out == text and scheduler.base_lr == 0.001


def test_multipliers() -> None:
    class Parameter:
        lr_mult, wd_mult = 3.0, 5.0

    names = {0: "a_weight", 1: "a_bias", 2: "a_gamma"}
    sgd = optimizer.SGD(learning_rate=1, wd=1, param_idx2name=names, param_dict={7: Parameter()})
    assert sgd._get_lrs([0, 7, 9]) == [1, 3, 1]
    assert sgd._get_wds([0, 1, 2, 7, 9]) == [1, 0, 1, 5, 1]
    sgd.set_lr_mult({"a_bias": 0.5, 9: 0.25})
    sgd.set_wd_mult({"a_bias": 0.5, 0: 0.25})
    assert sgd._get_lrs([0, 1, 9]) == [1, 0.5, 0.25] and sgd._get_wds([0, 1, 2]) == [0.25, 0.5, 1]
    assert optimizer.LARS(wd=1, param_idx2name=names)._get_wds([0, 1, 2]) == [1, 0, 0]

    class Symbol:
        def attr_dict(self) -> Any:
            return {"a_weight": {"__lr_mult__": "2", "__wd_mult__": "0.5"}}

        def list_arguments(self) -> Any:
            return ["data", "a_weight"]

    of_symbol = optimizer.SGD(learning_rate=1, wd=1, param_idx2name=names, sym=Symbol())
    assert of_symbol._get_lr(0) == 2 and of_symbol._get_wd(0) == 0.5


def test_counts_of_devices() -> None:
    scheduler = FactorScheduler(1, 0.5, base_lr=1)
    sgd = optimizer.SGD(lr_scheduler=scheduler, learning_rate=1, begin_num_update=2)
    updaters = [optimizer.Updater(sgd) for _ in range(2)]
    for i, updater in enumerate(updaters):
        ctx = lazynd.cpu(i)
        updater([0], [nd.ones(1, ctx=ctx)], [nd.ones(1, ctx=ctx)])
    assert sgd._all_index_update_counts == {0: {0: 3}, 1: {0: 3}} and sgd.num_update == 3


@pytest.mark.parametrize("kind", [optimizer.SGD, optimizer.Adam, optimizer.NAG])
def test_half_precision_without_copies_is_warned_of(kind: Any) -> None:
    with pytest.warns(UserWarning, match="Accumulating with float16 in optimizer can lead to poor accuracy"):
        kind().create_state_multi_precision(0, nd.ones(1, dtype="float16"))


def test_optimizers_that_users_write() -> None:
    class Signs(optimizer.Optimizer):
        def create_state(self, index: Any, weight: nd.NDArray) -> nd.NDArray:
            return nd.zeros_like(weight)

        def update(self, index: Any, weight: nd.NDArray, grad: nd.NDArray, state: nd.NDArray) -> None:
            self._update_count(index)
            assert not isinstance(weight, list)
            state[:] = grad * self.rescale_grad + self._get_wd(index) * weight
            weight[:] = weight - self._get_lr(index) * nd.sign(state)

    updater = optimizer.Updater(Signs(learning_rate=0.5))
    weights = [nd.ones(1), nd.ones(1)]
    updater([0, 1], [nd.ones(1), -nd.ones(1)], weights)
    assert [w.asscalar() for w in weights] == [0.5, 1.5] and updater.optimizer.num_update == 1


def test_a_subclass_that_updates_in_its_own_way_gets_weights_one_by_one() -> None:
    class Decaying(optimizer.Adam):
        def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
            assert index in (0, 1)
            weight *= 0.5
            super().update(index, weight, grad, state)

    updater = optimizer.Updater(Decaying(learning_rate=0))
    weights = [nd.ones(1), nd.ones(1)]
    updater([0, 1], [nd.ones(1)] * 2, weights)
    assert [w.asscalar() for w in weights] == [0.5, 0.5]


def test_sgld_draws_noise_of_the_rate() -> None:
    updater = optimizer.Updater(optimizer.SGLD(learning_rate=0.25, wd=2))
    w = nd.ones((40_000,))
    updater(0, nd.ones(w.shape), w)
    values = w.asnumpy()
    # 1 - 0.25 / 2 * (1 + 2) = 0.625 and 0.5; of 40,000 numbers the errors are 0.0025 and 0.0018: five times these.
    assert abs(values.mean() - 0.625) < 0.0125 and abs(values.std() - 0.5) < 0.009


def test_dcasgd_with_momentum() -> None:
    # MXNet asks whether the momentum is true, which fails for more than one element.
    updater = optimizer.Updater(optimizer.DCASGD(momentum=0.5, learning_rate=0.5, lamda=1))
    w = nd.array([1.0, 2])
    for _ in range(2):
        updater(0, nd.ones(2), w)
    # m = -0.5, w = 0.5; then m = -0.25 - 0.5 (1 + (w - 1)) = -0.25 - 0.25 = -0.5, w = 0
    assert w.asnumpy().tolist() == [0, 1]


def test_svrg() -> None:
    svrg = optimizer.create(
        "_svrgoptimizer", default_optimizer="sgd", learning_rate=1, param_idx2name={0: "w", 1: "w_full"}
    )
    updater = optimizer.Updater(svrg)
    weights = [nd.ones(1), nd.ones(1)]
    updater([0, 1], [nd.array([0.25])] * 2, weights)
    assert [w.asscalar() for w in weights] == [0.75, 0.25]


def test_group_adagrad_refuses() -> None:
    grouped = optimizer.contrib.GroupAdaGrad(wd=0.5)
    with pytest.raises(AssertionError, match="updates matrices"):
        grouped.create_state(0, nd.ones(3))
    with pytest.raises(AssertionError, match="Weight decay is not supported for GroupAdaGrad"):
        grouped.update(0, nd.ones((1, 2)), nd.ones((1, 2)), nd.ones((1, 1)))


def test_gradients_stay_as_they_are() -> None:
    grads = [nd.array([4.0, -4])]
    for name in EVERY:
        if name not in ("groupadagrad",):
            updater = optimizer.Updater(optimizer.create(name, clip_gradient=1, rescale_grad=0.5))
            updater([0], grads, [nd.ones(2)])
    assert grads[0].asnumpy().tolist() == [4, -4]


def test_bytes_are_names_too() -> None:
    updater = optimizer.Updater(optimizer.SGD(momentum=0.5))
    updater(b"w", nd.ones(1), nd.ones(1))
    assert list(updater.states) == ["w"]


def test_the_updates_of_a_step_are_all_or_none() -> None:
    class Failing(FactorScheduler):
        def __call__(self, num_update: int) -> float:
            raise RuntimeError("no rate")

    updater = optimizer.Updater(optimizer.SGD(lr_scheduler=Failing(1), momentum=0.5))
    weights = [nd.ones(1), nd.ones(1)]
    with pytest.raises(RuntimeError, match="no rate"):
        updater([0, 1], [nd.ones(1)] * 2, weights)
    assert [w.asscalar() for w in weights] == [1, 1]


def test_copies() -> None:
    sgd = optimizer.SGD(param_dict={0: object()}, learning_rate=0.5)
    again = copy.deepcopy(sgd)
    assert again.param_dict == {} and again.lr == 0.5 and type(again) is optimizer.SGD


def test_parameters_are_keywords_where_mxnet_s_are() -> None:
    assert list(inspect.signature(optimizer.Adam).parameters) == [
        "learning_rate", "beta1", "beta2", "epsilon", "lazy_update", "kwargs",
    ]  # fmt: skip
