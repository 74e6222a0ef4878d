"""Calls of metrics, the same for real MXNet and for lazynd: what they say after updates and resets."""

from __future__ import annotations

from typing import Any

import numpy as np

#: Kinds of data: shapes of a label and its prediction, and how they are made.
Case = tuple[str, dict[str, Any], str]
OF_CLASSES = ("classes", "chosen", "wide", "half", "double", "integer labels", "lists")
OF_NUMBERS = ("flat", "columns", "mixed", "flat half", "flat double", "integers", "lists of numbers", "several columns")
METRICS: dict[str, tuple[tuple[dict[str, Any], ...], tuple[str, ...]]] = {
    "Accuracy": (({}, {"name": "right"}), OF_CLASSES),
    "TopKAccuracy": (({"top_k": 2}, {"top_k": 3}), ("classes", "wide", "double", "lists")),
    "F1": (({}, {"average": "micro"}), ("two", "two lists", "two half", "two one-sided")),
    "MCC": (({}, {"average": "micro"}), ("two", "two lists", "two half", "two one-sided")),
    "PCC": (({},), ("classes", "two", "chosen", "lists")),
    "Perplexity": (({"ignore_label": None}, {"ignore_label": 1}), ("classes", "integer labels", "lists", "sequence")),
    "CrossEntropy": (({}, {"eps": 0.125}), ("classes", "integer labels", "double", "lists", "negative labels")),
    "NegativeLogLikelihood": (({}, {"eps": 0.125}), ("classes", "integer labels", "double", "lists")),
    "MAE": (({}, {"name": "distance"}), OF_NUMBERS),
    "MSE": (({},), OF_NUMBERS),
    "RMSE": (({},), OF_NUMBERS),
    "PearsonCorrelation": (({}, {"average": "micro"}), ("flat", "columns", "flat half", "lists of numbers")),
    "Loss": (({},), ("flat", "columns", "flat double", "lists of numbers")),
    "Torch": (({},), ("flat",)),
    "Caffe": (({},), ("flat",)),
}


def cases() -> dict[str, Case]:
    made = [(name, kw, data) for name, (options, kinds) in METRICS.items() for kw in options for data in kinds]
    return {f"{name} {kw} {data}": (name, kw, data) for name, kw, data in made}


def _numbers(rng: Any, *shape: int) -> Any:
    """Multiples of 1/64 from -1 to 1."""
    return np.round(rng.uniform(-1, 1, shape) * 64) / 64


def _shares(rng: Any, *shape: int) -> Any:
    """Different probabilities in each row, which need not sum to 1."""
    order = rng.permuted(np.tile(np.arange(shape[-1]), (*shape[:-1], 1)), axis=-1)
    return (order + 1) / (2.0 * shape[-1]) + np.round(rng.uniform(0, 1, shape) * 8) / (64 * shape[-1])


def batch(kind: str, number: int) -> tuple[list[Any], list[Any]]:
    """Labels and predictions, lists of as many arrays."""
    rng = np.random.default_rng(number)
    dtype = "float16" if "half" in kind else "float64" if "double" in kind else "float32"
    if "lists" in kind:
        parts = [batch({"lists": "classes", "two lists": "two"}.get(kind, "flat"), 10 * number + i) for i in (0, 1)]
        return [each for labels, _ in parts for each in labels], [each for _, preds in parts for each in preds]
    if kind in ("flat", "flat half", "flat double"):
        label, pred = _numbers(rng, 6), _numbers(rng, 6)
    elif kind == "columns":
        label, pred = _numbers(rng, 4, 3), _numbers(rng, 4, 3)
    elif kind == "several columns":
        label, pred = _numbers(rng, 4), _numbers(rng, 4, 3)
    elif kind == "mixed":
        label, pred = _numbers(rng, 5), _numbers(rng, 5, 1)
    elif kind == "integers":
        return [rng.integers(0, 9, 5).astype("int32")], [_numbers(rng, 5).astype("float32")]
    elif kind == "chosen":
        label, pred = rng.integers(0, 4, 7), rng.integers(0, 4, 7)
    elif kind == "sequence":
        label, pred = rng.integers(0, 4, (2, 3)), _shares(rng, 6, 4)
    elif kind == "wide":
        label, pred = rng.integers(0, 70, 9), _shares(rng, 9, 70)
    elif kind == "negative labels":
        label, pred = rng.integers(-3, 0, 5), _shares(rng, 5, 3)
    else:
        classes = 2 if kind.startswith("two") else 4
        label = rng.integers(0, classes, 7) * (0 if kind == "two one-sided" else 1)
        pred = _shares(rng, 7, classes)
    labels = [label.astype("int32" if kind == "integer labels" else dtype)]
    return labels, [pred.astype(dtype)]


def run(mx: Any, case: Case) -> dict[str, Any]:
    """Values after two updates, after a third since ``reset_local``, and since the beginning."""
    name, options, kind = case
    metric = getattr(mx.metric, name)(**options)

    def update(number: int) -> None:
        given = [[mx.nd.array(each, dtype=each.dtype) for each in part] for part in batch(kind, number)]
        metric.update(*given)

    def counts() -> list[list[Any]]:
        """The counts since ``reset_local`` and since ``reset``, and whether they are fractions to Python."""
        return [[isinstance(each, float), float(each)] for each in (metric.num_inst, metric.global_num_inst)]

    found: dict[str, Any] = {"config": metric.get_config(), "empty": metric.get()[1], "no counts": counts()}
    update(1)
    update(2)
    found["name"], found["two"] = metric.get()
    found["counts"] = [count for _, count in counts()]
    found["sums"] = [float(metric.sum_metric), float(metric.global_sum_metric)]
    found["all of two"] = float(metric.get_global()[1])
    metric.reset_local()
    found["local counts"] = [count for _, count in counts()]
    update(3)
    found["third"], found["all"] = (float(each[1]) for each in (metric.get(), metric.get_global()))
    metric.reset()
    update(4)
    found["fourth"] = float(metric.get()[1])
    found["two"] = float(found["two"])
    return found
