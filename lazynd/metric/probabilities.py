"""Metrics of probabilities: how sure predictions are of the right classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import nd
from ..nd import NDArray
from ..stages import at_hand
from .base import EvalMetric, PairMetric, alias, as_arrays, register, wide
from .classes import NO_CLASS

Names = Sequence[str] | None


class _OfPicked(PairMetric):
    """The sum over labels of minus the logarithm of the probability that is predicted for each."""

    def __init__(self, eps: float, name: str, output_names: Names, label_names: Names) -> None:
        super().__init__(name, eps=eps, output_names=output_names, label_names=label_names, has_global_stats=True)
        self.eps = eps

    def _one(self, label: NDArray, pred: NDArray) -> None:
        if label.size != pred.shape[0]:
            raise AssertionError((label.size, pred.shape[0]))
        values = at_hand(label)
        label = label.as_in_context(pred.context).reshape((-1,)).astype("int64")
        pred, classes = wide(pred), pred.shape[1]
        if values is None:
            outside = nd.broadcast_logical_or(label >= classes, label < -classes)
            self._doubt(outside.sum(), IndexError, NO_CLASS)
        else:
            _check_classes(values.astype("int64").ravel(), classes)
        label = nd.where(label < 0, label + classes, label)  # as NumPy counts from the end
        if pred.ndim == 2:
            picked = nd.pick(pred, label, axis=1)
        else:
            rows = nd.arange(label.size, dtype="int64", ctx=pred.context)
            picked = nd.gather_nd(pred, nd.stack(rows, label))
        self._add(-nd.log(picked + self.eps).sum(), label.size)


def _check_classes(labels: np.ndarray[Any, Any], classes: int) -> None:
    outside = labels[(labels >= classes) | (labels < -classes)]
    if outside.size:
        raise IndexError(f"index {outside[0]} is out of bounds for axis 1 with size {classes}")


@register
@alias("ce")
class CrossEntropy(_OfPicked):
    """The mean of minus the logarithm of the probability that is predicted for each label.

    Predictions are probabilities, a row for each label (else ``AssertionError``); ``eps`` keeps the logarithm finite. A
    label that is no class is an ``IndexError``; if it is still to be computed, when the metric is read.

    >>> from lazynd import metric, nd
    >>> entropy = metric.CrossEntropy()
    >>> entropy.update(nd.array([0, 1]), nd.array([[0.5, 0.5], [0.75, 0.25]]))
    >>> round(entropy.get()[1], 4)
    1.0397
    """

    def __init__(
        self, eps: float = 1e-12, name: str = "cross-entropy", output_names: Names = None, label_names: Names = None
    ) -> None:
        super().__init__(eps, name, output_names, label_names)


@register
@alias("nll_loss")
class NegativeLogLikelihood(_OfPicked):
    """``CrossEntropy`` under another name.

    >>> from lazynd import metric, nd
    >>> likelihood = metric.NegativeLogLikelihood()
    >>> likelihood.update(nd.array([0, 1]), nd.array([[0.5, 0.5], [0.75, 0.25]]))
    >>> round(likelihood.get()[1], 4)
    1.0397
    """

    def __init__(
        self, eps: float = 1e-12, name: str = "nll-loss", output_names: Names = None, label_names: Names = None
    ) -> None:
        super().__init__(eps, name, output_names, label_names)


@register
class Perplexity(EvalMetric):
    """The exponential of the mean of minus the logarithm of the probability that is predicted for each label.

    ``ignore_label`` is a label that does not count, None if all do. Predictions have the classes along ``axis``, the
    last one, and as many others as there are labels (else ``AssertionError``).

    >>> from lazynd import metric, nd
    >>> perplexity = metric.Perplexity(ignore_label=None)
    >>> perplexity.update([nd.array([0, 1])], [nd.array([[0.5, 0.5], [0.75, 0.25]])])
    >>> round(perplexity.get()[1], 4)
    2.8284
    """

    def __init__(
        self,
        ignore_label: int | None,
        axis: int = -1,
        name: str = "perplexity",
        output_names: Names = None,
        label_names: Names = None,
    ) -> None:
        super().__init__(
            name, ignore_label=ignore_label, output_names=output_names, label_names=label_names, has_global_stats=True
        )
        self.ignore_label = ignore_label
        self.axis = axis

    def update(self, labels: Any, preds: Any) -> None:
        if len(labels) != len(preds):
            raise AssertionError(f"{len(labels)} labels for {len(preds)} predictions")
        pairs = list(zip(as_arrays(labels), as_arrays(preds), strict=True))
        with self._recording(*(each for pair in pairs for each in pair)):
            for label, pred in pairs:
                if label.size != pred.size / pred.shape[-1]:
                    raise AssertionError(f"shape mismatch: {label.shape} vs. {pred.shape}")
                label = label.as_in_context(pred.context).reshape((label.size,))
                picked = nd.pick(wide(pred), label.astype("int32"), axis=self.axis)
                count: Any = picked.size
                if self.ignore_label is not None:
                    ignored = (label == self.ignore_label).astype(picked.dtype)
                    count = count - ignored.sum()
                    picked = picked * (1 - ignored) + ignored
                self._add(-nd.log(nd.maximum(1e-10, picked)).sum(), count)

    def get(self) -> tuple[Any, Any]:
        name, mean = super().get()
        return name, math.exp(mean)

    def get_global(self) -> tuple[Any, Any]:
        name, mean = super().get_global()
        return name, math.exp(mean)
