"""``Trainer``: steps, programs, several contexts, stale gradients, files, and what it refuses."""

from __future__ import annotations

import copy
import os
import pathlib
import pickle
import signal
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import MXNetError, autograd, nd, optimizer, stats
from lazynd.gluon import Trainer
from lazynd.lr_scheduler import FactorScheduler


class Held:
    """What a trainer asks of a parameter, and no more."""

    def __init__(
        self,
        name: str,
        values: Any,
        ctx: Sequence[Any] = (lazynd.cpu(),),
        grad_req: str = "write",
        dtype: str = "float32",
    ) -> None:
        self.name, self.grad_req = name, grad_req
        self.lr_mult = self.wd_mult = 1.0
        self._deferred_init: tuple[Any, ...] = ()
        self._trainer: Any = None
        self._arrays = [nd.array(values, ctx=each, dtype=dtype) for each in ctx]
        for each in self._arrays:
            each.attach_grad(grad_req)

    def _set_trainer(self, trainer: Any) -> None:
        self._trainer = trainer

    def list_ctx(self) -> list[Any]:
        return [each.context for each in self._arrays]

    def list_data(self) -> list[nd.NDArray]:
        return self._arrays

    def list_grad(self) -> list[nd.NDArray]:
        return [each.grad for each in self._arrays]

    def data(self, ctx: Any = None) -> nd.NDArray:
        return self._arrays[0]


def backward(params: Sequence[Held], scale: float = 1.0) -> None:
    """Gradients of ``scale`` times the number of the context, from 1, on each."""
    with autograd.record():
        losses = [(w * (scale * (i + 1))).sum() for p in params for i, w in enumerate(p.list_data())]
    autograd.backward(losses)


def values(*params: Held) -> list[float]:
    return [float(w.asnumpy().ravel()[0]) for p in params for w in p.list_data()]


TWO = (lazynd.cpu(0), lazynd.cpu(1))


def test_a_step() -> None:
    w, b = Held("w", [1.0, 1]), Held("b", [2.0])
    w.lr_mult, b.wd_mult = 0.5, 0.0
    trainer = Trainer({"w": w, "b": b}, "sgd", {"learning_rate": 0.5, "wd": 0.5})
    assert [each.name for each in trainer._params] == ["b", "w"] and w._trainer is trainer
    backward([w, b], 4)
    trainer.step(2)
    # w: 1 - 0.25 (2 + 0.5), b: 2 - 0.5 * 2
    assert values(w, b) == [0.375, 1.0]
    assert trainer.optimizer.rescale_grad == 0.5 and trainer.learning_rate == 0.5


def test_an_optimizer_with_a_scale_of_its_own() -> None:
    w = Held("w", [0.0])
    trainer = Trainer([w], optimizer.SGD(learning_rate=1, rescale_grad=0.5))
    backward([w], 8)
    trainer.step(2)
    assert values(w) == [-2]


@pytest.mark.lazy
def test_fifty_steps_with_a_schedule_are_one_program() -> None:
    rng = np.random.default_rng(0)
    w, b = Held("w", rng.normal(size=(3, 2))), Held("b", np.zeros(3))
    data = rng.normal(size=(4, 2))
    trainer = Trainer([w, b], "adam", {"lr_scheduler": FactorScheduler(1, 0.9), "learning_rate": 0.25})
    nd.waitall()
    counts = []
    for _ in range(50):
        x = nd.array(data)
        with autograd.record():
            loss = nd.square(nd.FullyConnected(x, w.data(), b.data(), num_hidden=3)).sum()
        loss.backward()
        trainer.step(4)
        loss.asscalar()
        counts.append((stats().runs, stats().programs + stats().loaded))
    runs, programs = zip(*counts, strict=True)
    assert programs[-1] == programs[0]  # the first step is like all others: states were made aside
    assert runs[-1] == runs[0] + 49


@pytest.mark.lazy
def test_a_step_ends_the_program() -> None:
    w = Held("w", [1.0, 2])
    trainer = Trainer([w], "sgd")
    sizes = []
    for more in (False, True):
        backward([w])
        trainer.step(1)
        if more:  # recorded after the step, and no part of it
            other = w.data() * 2
            other = other.exp()
        before = stats().executed
        w.data().asnumpy()
        sizes.append(stats().executed - before)
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("store", ["device", "local", None])
@pytest.mark.parametrize("on_store", [None, True, False])
@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_several_contexts(store: Any, on_store: Any, name: str) -> None:
    """Gradients are 1 and 2; the values are those of real MXNet, but for None with True, which fails there."""
    w = Held("w", [1.0, 1], TWO)
    options = {"momentum": 0.5} if name == "sgd" else {}
    trainer = Trainer([w], name, {"learning_rate": 0.5, **options}, kvstore=store, update_on_kvstore=on_store)
    backward([w], 4)
    trainer.step(4)
    grads = [float(g[0]) for g in w.list_grad()]
    if store is None:
        assert values(w) == pytest.approx([0.5, 0.0] if name == "sgd" else [0.5, 0.5], abs=1e-5) and grads == [4, 8]
    elif on_store is False:
        assert values(w) == pytest.approx([-0.5, -0.5] if name == "sgd" else [0.5, 0.5], abs=1e-5)
        assert grads == [12, 12]
    else:
        assert values(w) == pytest.approx([-0.5, -0.5] if name == "sgd" else [0.5, 0.5], abs=1e-5)
        assert grads == [4, 8]
    assert w.list_data()[1].context == lazynd.cpu(1)


def test_gradients_summed_up_apart_from_the_update() -> None:
    w = Held("w", [1.0], TWO)
    trainer = Trainer([w], "sgd", {"learning_rate": 1}, update_on_kvstore=False)
    backward([w])
    trainer.allreduce_grads()
    assert [float(g) for g in w.list_grad()] == [3, 3]
    for grad in w.list_grad():
        grad *= 2
    trainer.update(3)
    assert values(w) == [-1, -1]
    stored = Trainer([Held("w", [1.0], TWO)], "sgd")
    text = r"{}\(\) when parameters are updated on kvstore is not supported. Try setting `update_on_kvstore` to False"
    for refused, call in (("allreduce_grads", stored.allreduce_grads), ("update", lambda: stored.update(1))):
        with pytest.raises(AssertionError, match=text.format(refused)):
            call()


def test_the_environment_says_where_to_update(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MXNET_UPDATE_ON_KVSTORE", "0")
    w = Held("w", [1.0], TWO)
    trainer = Trainer([w], "sgd")
    backward([w])
    trainer.step(1)
    assert trainer._update_on_kvstore is False and [float(g) for g in w.list_grad()] == [3, 3]


def test_stale_gradients() -> None:
    w, b, fixed = Held("w", [1.0]), Held("b", [1.0]), Held("fixed", [1.0], grad_req="null")
    trainer = Trainer([w, b, fixed], "sgd", {"learning_rate": 1})
    backward([w])
    with pytest.raises(UserWarning) as error:
        trainer.step(1)
    assert str(error.value) == (
        "Gradient of Parameter `b` on context cpu(0) has not been updated by backward since last `step`. This could "
        "mean a bug in your model that made it only use a subset of the Parameters (Blocks) for this iteration. If you "
        "are intentionally only using a subset, call step with ignore_stale_grad=True to suppress this warning and "
        "skip updating of Parameters with stale gradient"
    )
    assert values(w, b, fixed) == [1, 1, 1] and trainer.optimizer.num_update == 0
    trainer.step(1, ignore_stale_grad=True)
    assert values(w, b, fixed) == [0, 1, 1]
    trainer.step(1, ignore_stale_grad=True)
    assert values(w, b, fixed) == [0, 1, 1]
    with pytest.raises(UserWarning, match="Gradient of Parameter `w`"):
        trainer.update(1)


def test_half_precision_in_float32_copies() -> None:
    w = Held("w", [1.0], dtype="float16")
    trainer = Trainer([w], "sgd", {"learning_rate": 2.0**-12, "multi_precision": True})
    for _ in range(4):  # 2 ** -12 is below the last place of 1 in float16, four of them are not
        backward([w])
        trainer.step(1)
    assert values(w) == [1 - 2.0**-10] and trainer._updaters[0].states[0][1].dtype == np.float32


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (([1], "sgd"), ValueError, "list or dict of Parameters, got list of <class 'int'>."),
        ((3, "sgd"), ValueError, "First argument must be a list or dict of Parameters, got <class 'int'>."),
        (([], "foo"), ValueError, "Cannot find optimizer foo"),
        (([], optimizer.SGD(), {"wd": 1}), AssertionError, "optimizer_params must be None if optimizer is an instance"),
        (([], "sgd", {}, "dist_sync"), NotImplementedError, "'dist_sync' trains with several processes, which is not"),
        (([], "sgd", {}, "horovod"), NotImplementedError, "several processes"),
        (([], "sgd", {}, 3), TypeError, "kvstore must be KVStore, str or None"),
    ],
)
def test_refused_when_made(arguments: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        Trainer(*arguments)


def test_other_contexts_are_refused() -> None:
    with pytest.raises(
        AssertionError, match=r"Parameter b is initialized on \[cpu\(1\)\] while previous .* \[cpu\(0\)\]"
    ):
        Trainer([Held("a", [1.0]), Held("b", [1.0], [lazynd.cpu(1)])], "sgd")


def test_stores_of_several_contexts() -> None:
    for options, error, text in (
        ({"kvstore": "foo"}, MXNetError, 'Unknown KVStore type "foo"'),
        ({"kvstore": "nccl"}, MXNetError, "'nccl' is not built"),
        ({"compression_params": {"type": "2bit"}}, NotImplementedError, "gradients are not compressed"),
    ):
        w = Held("w", [1.0], TWO)
        trainer = Trainer([w], "sgd", **options)
        backward([w])
        with pytest.raises(error, match=text):
            trainer.step(1)
        one = Held("w", [1.0])
        alone = Trainer([one], "sgd", **options)  # there is nothing to send
        backward([one])
        alone.step(1)
        assert values(w) == [1, 1] and values(one) == pytest.approx([0.99])


def test_rates() -> None:
    trainer = Trainer([], "sgd", {"lr_scheduler": FactorScheduler(1, base_lr=0.25)})
    assert trainer.learning_rate == 0.25
    with pytest.raises(UserWarning, match="LRScheduler of the optimizer has already been defined"):
        trainer.set_learning_rate(1)


@pytest.mark.parametrize("contexts", [(lazynd.cpu(),), TWO])
@pytest.mark.parametrize("on_store", [True, False])
def test_states_are_saved_and_loaded(tmp_path: pathlib.Path, contexts: Any, on_store: bool) -> None:
    file = str(tmp_path / "trainer.states")

    def trained() -> tuple[Held, Trainer]:
        w = Held("w", [1.0], contexts)
        return w, Trainer([w], "sgd", {"learning_rate": 0.5, "momentum": 0.5}, update_on_kvstore=on_store)

    w, trainer = trained()
    for _ in range(2):
        backward([w])
        trainer.step(1)
    trainer.save_states(file)
    other, again = trained()
    for mine, saved in zip(other.list_data(), w.list_data(), strict=True):
        mine[:] = saved
    other.lr_mult = 2.0
    again.set_learning_rate(9)
    again.load_states(file)
    assert again.learning_rate == 0.5 and again.optimizer.param_dict == {0: other} and again.optimizer.num_update == 2
    assert all(updater.optimizer is again.optimizer for updater in again._updaters)
    other.lr_mult = 1.0
    for each in ((w, trainer), (other, again)):
        backward([each[0]])
        each[1].step(1)
    assert values(w) == values(other)


def test_a_file_that_calls_something_changes_nothing(tmp_path: pathlib.Path) -> None:
    class Caller:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "made"),)

    file = tmp_path / "bad.states"
    file.write_bytes(pickle.dumps(({0: Caller()}, optimizer.SGD())))
    w = Held("w", [1.0])
    trainer = Trainer([w], "sgd", {"learning_rate": 0.5, "momentum": 0.5})
    backward([w])
    trainer.step(1)
    mine, states = trainer.optimizer, trainer._updaters[0].states
    with pytest.raises(pickle.UnpicklingError, match="mkdir is no state"):
        trainer.load_states(str(file))
    assert not (tmp_path / "made").exists()
    assert trainer.optimizer is mine and trainer._updaters[0].states is states


@pytest.mark.parametrize("how", ["pickle", "copy"])
def test_pickles_and_copies(how: str) -> None:
    w = Held("w", [1.0])
    trainer = Trainer([w], "sgd", {"learning_rate": 0.5, "momentum": 0.5})
    backward([w])
    trainer.step(1)
    again = pickle.loads(pickle.dumps(trainer)) if how == "pickle" else copy.deepcopy(trainer)
    assert again.optimizer.param_dict == {0: again._params[0]} and again._params[0] is not w
    assert again.optimizer is again._updaters[0].optimizer is not trainer.optimizer
    assert float(again._updaters[0].states[0]) == -0.5
    again._params[0].lr_mult = 0.0
    assert again.optimizer._get_lr(0) == 0 and trainer.optimizer._get_lr(0) == 0.5


def test_a_signal_comes_before_or_after_a_step() -> None:
    class Interrupting(FactorScheduler):
        def __call__(self, num_update: int) -> float:
            os.kill(os.getpid(), signal.SIGINT)
            return 0.5

    params = [Held(f"w{i}", [1.0]) for i in range(3)]
    trainer = Trainer(params, "sgd", {"momentum": 0.5, "lr_scheduler": Interrupting(1)})
    backward(params)
    before = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell has what it runs behind itself ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            trainer.step(1)
    finally:
        signal.signal(signal.SIGINT, before)
    assert values(*params) == [0.5] * 3 and [float(trainer._updaters[0].states[i]) for i in range(3)] == [-0.5] * 3
    assert not any(p.data()._fresh_grad for p in params)


def test_an_overflow_that_a_loss_scaler_sees_skips_the_update() -> None:
    class Scaler:
        def has_overflow(self, params: Any) -> bool:
            return True

    w = Held("w", [1.0])
    trainer = Trainer([w], "sgd")
    trainer._amp_loss_scaler = Scaler()
    backward([w])
    trainer.step(1)
    assert values(w) == [1]


def test_a_parameter_whose_gradients_are_added_up() -> None:
    w = Held("w", [1.0], grad_req="add")
    trainer = Trainer([w], "sgd", {"learning_rate": 0.5})
    for _ in range(3):
        backward([w])
    trainer.step(3)
    assert values(w) == [0.5] and float(w.list_grad()[0]) == 3


def test_no_parameters() -> None:
    Trainer([], "sgd").step(1)
