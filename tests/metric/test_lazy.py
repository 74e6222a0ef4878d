"""Updates of metrics are recorded: they cost no run of their own, and what only values tell is told when read."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, metric, nd, stages, stats


class Loop:
    """A training step from scratch that ends as ``Trainer.step`` does."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.w = nd.array(rng.normal(size=(4, 3)))
        self.w.attach_grad()
        self.data = rng.normal(size=(8, 4)), rng.integers(0, 3, 8)

    def step(self) -> tuple[Any, Any, Any]:
        x, label = (nd.array(each) for each in self.data)
        with autograd.record():
            out = nd.dot(x, self.w)
            loss = nd.softmax_cross_entropy(out, label)
        loss.backward()
        self.w -= 0.1 * self.w.grad
        stages.end_step()
        return label, out, loss


@pytest.fixture
def loop() -> Iterator[Loop]:
    found = Loop()
    nd.waitall()
    yield found
    nd.waitall()


@pytest.mark.lazy
def test_a_metric_in_a_loop_costs_no_run_and_no_program(loop: Loop) -> None:
    both = metric.CompositeEvalMetric(["acc", "ce", metric.Loss()])
    for number in range(6):
        if number == 2:
            nd.waitall()
            before = stats().runs, stats().programs
        label, out, _ = loop.step()
        both.update([label], [out])
    nd.waitall()
    assert (stats().runs, stats().programs) == (before[0] + 4, before[1])
    assert both.get()[0] == ["accuracy", "cross-entropy", "loss"]


@pytest.mark.lazy
def test_after_the_loss_is_read_a_metric_is_a_small_program_of_its_own(loop: Loop) -> None:
    accuracy = metric.Accuracy()
    for number in range(4):
        if number == 2:
            nd.waitall()
            before = stats().runs
        label, out, loss = loop.step()
        loss.asscalar()
        accuracy.update(label, out)
    nd.waitall()
    assert stats().runs == before + 4


@pytest.mark.lazy
def test_what_was_computed_since_is_not_mixed_up_with_the_step(loop: Loop) -> None:
    loss = metric.Loss()
    _, out, _ = loop.step()
    later = out * 2
    loss.update(None, later)
    assert loss.get()[1] == pytest.approx(float(out.sum()) * 2 / out.size, rel=1e-6)


def test_an_update_that_raises_leaves_recording_as_it_was(loop: Loop) -> None:
    accuracy = metric.Accuracy()
    label, out, _ = loop.step()
    try:
        accuracy.update(nd.zeros(3), out)
    except ValueError as error:
        kept = error  # with its traceback, and the frames
    assert "does not match" in str(kept)
    with autograd.record():
        assert autograd.is_recording()
    accuracy.update(label, out)
    assert accuracy.num_inst == 8 and 0 <= accuracy.get()[1] <= 1


def test_updates_are_on_no_tape() -> None:
    x = nd.array([1.0, 2.0])
    x.attach_grad()
    loss = metric.Loss()
    with autograd.record():
        y = x * x
        loss.update(None, y)
        y = y.sum()
    y.backward()
    assert x.grad.asnumpy().tolist() == [2, 4] and loss.get()[1] == 2.5


def test_arrays_of_numpy() -> None:
    accuracy, mse = metric.Accuracy(), metric.MSE()
    accuracy.update(np.array([0, 1]), np.array([[1.0, 0], [1, 0]]))
    mse.update([np.array([1.0, 2])], [nd.array([1, 4])])
    assert accuracy.get() == ("accuracy", 0.5) and mse.get() == ("mse", 2.0)


def test_half_precision_is_summed_up_in_float32() -> None:
    loss = metric.Loss()
    loss.update(None, nd.ones((5000,), dtype="float16"))
    assert loss.get()[1] == 1.0  # in float16 the sum would stop at 2048
    accuracy = metric.Accuracy()
    scores = nd.one_hot(nd.array([2049]), 4000).astype("float16")
    accuracy.update(nd.array([2049]), scores)
    assert accuracy.get()[1] == 1.0  # and 2049 would be 2048


def test_many_updates_hold_one_array() -> None:
    loss = metric.Loss()
    for _ in range(300):
        loss.update(None, nd.ones((4,)))
    nd.waitall()
    assert loss.get() == ("loss", 1.0) and loss.num_inst == 1200


@pytest.mark.parametrize("kind", [metric.F1, metric.MCC])
def test_more_than_two_classes(kind: Any) -> None:
    score, told = kind(), f"{kind.__name__} currently only supports binary classification."
    label = nd.array([0, 1, 2])
    with pytest.raises(ValueError, match=told):
        score.update(label, nd.ones((3, 2)))
    assert score.num_inst == 0
    score.update(label + 0, nd.ones((3, 2)))  # not computed yet: told when it is read
    for _ in range(2):
        with pytest.raises(ValueError, match=told):
            score.get()
    score.reset()
    score.update(nd.array([5, 5, 3]), nd.ones((3, 2)))  # two values, as MXNet counts them
    assert score.get()[1] == 0


@pytest.mark.parametrize("label", [3, -4])
def test_a_label_that_is_no_class(label: int) -> None:
    for entropy in (metric.CrossEntropy(), metric.NegativeLogLikelihood()):
        with pytest.raises(IndexError, match=f"index {label} is out of bounds for axis 1 with size 3"):
            entropy.update(nd.array([label]), nd.ones((1, 3)))
        entropy.update(nd.array([label]) + 0, nd.ones((1, 3)))  # not computed yet: told when it is read
        with pytest.raises(IndexError, match="not among the classes"):
            entropy.get()
    pcc = metric.PCC()
    pcc.update(nd.array([abs(label)]) + 0, nd.ones((1, 3)))
    with pytest.raises(IndexError, match="not among the classes"):
        pcc.get()
    pcc.reset()
    pcc.update(nd.array([0, 1, abs(label)]), nd.array([[1, 0], [0, 1], [1, 0]]))
    assert pcc.lcm.shape == (abs(label) + 1,) * 2 and pcc.lcm[0, abs(label)] == 1


@pytest.mark.parametrize(
    ("make", "labels", "preds", "error", "text"),
    [
        (metric.Accuracy, nd.zeros(3), nd.zeros((2, 4)), ValueError, "Shape of labels 3 does not match shape of pred"),
        (metric.Accuracy, [nd.zeros(3)], [nd.zeros(3)] * 2, ValueError, "labels 1 does not match shape of pred"),
        (lambda: metric.TopKAccuracy(2), nd.zeros(2), nd.zeros((2, 2, 2)), AssertionError, "no more than 2 dims"),
        (lambda: metric.TopKAccuracy(1), None, None, AssertionError, "Please use Accuracy if top_k is no more than 1"),
        (lambda: metric.Perplexity(None), [nd.zeros(2)], [nd.zeros((3, 2))], AssertionError, r"\(2,\) vs. \(3, 2\)"),
        (lambda: metric.Perplexity(None), [nd.zeros(2)], [], AssertionError, "1 labels for 0 predictions"),
        (metric.CrossEntropy, nd.zeros(2), nd.zeros((2, 3))[:1], ValueError, "labels 2 does not match"),
        (metric.PearsonCorrelation, nd.zeros(2), nd.zeros((2, 1)), ValueError, r"labels \(2,\) does not match"),
        (metric.F1, nd.zeros(2), nd.zeros(2), ValueError, "a number for each class"),
    ],
)  # fmt: skip
def test_refused(make: Any, labels: Any, preds: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make().update(labels, preds)


def test_metrics_that_users_write_in_mxnet_s_way() -> None:
    class Mine(metric.EvalMetric):
        def __init__(self) -> None:
            super().__init__("mine", has_global_stats=True, weight=2)

        def update(self, labels: Any, preds: Any) -> None:
            self.sum_metric += float(preds[0].asnumpy().sum())
            self.global_sum_metric += float(preds[0].asnumpy().sum())
            self.num_inst += 1
            self.global_num_inst += 1

    mine = Mine()
    for value in (1, 3):
        mine.update([], [nd.array([value])])
    assert mine.get() == ("mine", 2.0) == mine.get_global() and str(mine) == "EvalMetric: {'mine': 2.0}"
    mine.reset_local()
    assert np.isnan(mine.get()[1]) and mine.get_global() == ("mine", 2.0)
    mine.update([], [nd.array([8])])
    assert mine.get() == ("mine", 8.0) and mine.get_global() == ("mine", 4.0)
    assert mine.get_config() == {
        "weight": 2, "metric": "Mine", "name": "mine", "output_names": None, "label_names": None,
    }  # fmt: skip
    mine.reset()
    assert np.isnan(mine.get_global()[1])


def test_infinite_sums() -> None:
    class Mine(metric.EvalMetric):
        def update(self, labels: Any, preds: Any) -> None:
            self.sum_metric += preds
            self.global_sum_metric += preds
            self.num_inst += 1
            self.global_num_inst += 1

    mine = Mine("mine", has_global_stats=True)
    mine.update(None, float("inf"))
    mine.reset_local()
    mine.update(None, 1.0)
    assert mine.get()[1] == 1 and mine.get_global()[1] == float("inf")


def test_from_names_functions_lists_and_json() -> None:
    assert isinstance(metric.create("top_k_acc", top_k=3), metric.TopKAccuracy)
    assert isinstance(metric.create("CE"), metric.CrossEntropy)
    assert metric.create('{"metric": "mse", "name": "m"}').name == "m"
    config = metric.TopKAccuracy(3).get_config()
    assert config["top_k"] == 3 and config["metric"] == "TopKAccuracy"
    several = metric.create(["acc", lambda label, pred: 0.5])
    assert isinstance(several, metric.CompositeEvalMetric) and several.metrics[1].name == "custom(<lambda>)"
    assert isinstance(metric.np(lambda label, pred: 1.0, "one"), metric.CustomMetric)
    same = metric.MSE()
    assert metric.create(same) is same
    with pytest.raises(AssertionError, match=r"nothing is not registered\. Please register with metric.register first"):
        metric.create("nothing")


def test_custom_metrics_of_sums_and_counts() -> None:
    found = metric.CustomMetric(lambda label, pred: (float(pred.sum()), 2), name="two", allow_extra_outputs=True)
    found.update([nd.zeros(1)], [nd.array([1, 2]), nd.zeros(9)])
    assert found.get() == ("two", 1.5)


def test_several_as_one() -> None:
    both = metric.CompositeEvalMetric(["mse"], label_names=["y"], output_names=["out"])
    both.add("mae")
    both.update_dict({"y": nd.zeros(2), "other": nd.zeros(3)}, {"out": nd.ones(2), "loss": nd.zeros(1)})
    assert both.get_name_value() == [("mse", 1.0), ("mae", 1.0)] == both.get_global_name_value()
    both.reset_local()
    assert np.isnan(both.get()[1]).all() and both.get_global()[1] == [1.0, 1.0]
    assert isinstance(both.get_metric(5), ValueError) and both.get_metric(1).name == "mae"
    assert [each["metric"] for each in both.get_config()["metrics"]] == ["MSE", "MAE"]


@pytest.mark.parametrize("name", ["acc", "mse", "pcc", "f1", "pearsonr"])
def test_pickles(name: str) -> None:
    found = metric.create(name)
    found.update(nd.array([0, 1, 1]), nd.array([0, 1, 0]) if name in ("mse", "pearsonr") else nd.array([[1, 0]] * 3))
    again = pickle.loads(pickle.dumps(found))
    assert str(again) == str(found)


def test_on_several_contexts() -> None:
    loss = metric.Loss()
    loss.update(None, [nd.ones(2, ctx=lazynd.cpu(i)) * i for i in range(3)])
    assert loss.get() == ("loss", 1.0)
    accuracy = metric.Accuracy()
    accuracy.update([nd.array([0], ctx=lazynd.cpu(1))], [nd.array([[1, 0]])])
    assert accuracy.get()[1] == 1
