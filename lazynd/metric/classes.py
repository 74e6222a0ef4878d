"""Metrics of classes: how often the right one is found, among which, and how sure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from .. import nd
from ..nd import NDArray
from ..stages import at_hand
from .base import EvalMetric, PairMetric, alias, as_arrays, check_label_shapes, register, wide
from .sums import Kept, Totals

Names = Sequence[str] | None
#: What labels are told that are none of the columns of predictions.
NO_CLASS = "a label is not among the classes that predictions have"


def _same_length(label: NDArray, pred: NDArray) -> None:
    if len(label) != len(pred):
        raise ValueError(f"Shape of labels {len(label)} does not match shape of predictions {len(pred)}")


@register
@alias("acc")
class Accuracy(PairMetric):
    """How many labels are found: those that are the largest of the predictions along ``axis``.

    Predictions of the shape of the labels are classes themselves. ``ValueError`` where there are not as many of both.

    >>> from lazynd import metric, nd
    >>> accuracy = metric.Accuracy()
    >>> accuracy.update(nd.array([0, 1, 1]), nd.array([[0.3, 0.7], [0, 1], [0.4, 0.6]]))
    >>> accuracy.get()
    ('accuracy', 0.6666666666666666)
    """

    def __init__(
        self, axis: int = 1, name: str = "accuracy", output_names: Names = None, label_names: Names = None
    ) -> None:
        super().__init__(name, axis=axis, output_names=output_names, label_names=label_names, has_global_stats=True)
        self.axis = axis

    def _one(self, label: NDArray, pred: NDArray) -> None:
        if pred.shape != label.shape:
            pred = nd.argmax(wide(pred), axis=self.axis)
        if label.size != pred.size:
            raise ValueError(f"Shape of labels {label.size} does not match shape of predictions {pred.size}")
        label = label.as_in_context(pred.context).astype("int32", copy=False).reshape((-1,))
        self._add((pred.astype("int32", copy=False).reshape((-1,)) == label).sum(), pred.size)


@register
@alias("top_k_accuracy", "top_k_acc")
class TopKAccuracy(PairMetric):
    """How many labels are among the ``top_k`` largest of the predictions, a row for each label.

    ``AssertionError`` for ``top_k`` of 1, which is ``Accuracy``, and for predictions of more than two dimensions.

    >>> from lazynd import metric, nd
    >>> accuracy = metric.TopKAccuracy(top_k=2)
    >>> accuracy.update(nd.array([0, 2]), nd.array([[0.3, 0.6, 0.1], [0.4, 0.5, 0.1]]))
    >>> accuracy.get()
    ('top_k_accuracy_2', 0.5)
    """

    def __init__(
        self,
        top_k: int = 1,
        name: str = "top_k_accuracy",
        output_names: Names = None,
        label_names: Names = None,
    ) -> None:
        super().__init__(name, top_k=top_k, output_names=output_names, label_names=label_names, has_global_stats=True)
        self.top_k = top_k
        if not top_k > 1:
            raise AssertionError("Please use Accuracy if top_k is no more than 1")
        self.name += f"_{top_k}"

    def _one(self, label: NDArray, pred: NDArray) -> None:
        if pred.ndim > 2:
            raise AssertionError("Predictions should be no more than 2 dims")
        _same_length(label, pred)
        label = label.as_in_context(pred.context).astype("int32", copy=False)
        if pred.ndim == 1:
            found = nd.argsort(wide(pred), dtype="int32") == label.reshape((-1,))
        else:
            best = nd.topk(wide(pred), k=min(self.top_k, pred.shape[1]), axis=1, dtype="int32")
            found = nd.broadcast_equal(best, label.reshape((-1, 1)))
        self._add(found.sum(), len(pred))


def _binary_counts(metric: Any, label: NDArray, pred: NDArray) -> list[NDArray]:
    """How often predicted and meant are true and true, true and false, false and true, false and false."""
    _same_length(label, pred)
    text = f"{type(metric).__name__} currently only supports binary classification."
    values = at_hand(label)
    if values is not None and len(np.unique(values.astype("int32"))) > 2:
        raise ValueError(text)
    label = label.as_in_context(pred.context).astype("int32", copy=False).reshape((-1,))
    chosen = nd.argmax(wide(pred), axis=1).astype("int32")
    if values is None:
        metric._doubt(((label != label.min()) * (label != label.max())).sum(), ValueError, text)
    yes, meant = chosen == 1, label == 1
    no, denied = 1 - yes, 1 - meant
    return [
        (one * other).sum().astype("float64") for one, other in ((yes, meant), (yes, denied), (no, meant), (no, denied))
    ]


def _or_zero(above: Any, below: Any) -> Any:
    """The quotient, 0 where ``below`` is."""
    if isinstance(below, NDArray):
        safe = nd.where(below > 0, below, nd.ones_like(below))
        return nd.where(below > 0, above / safe, nd.zeros_like(below))
    return above / below if below > 0 else 0.0


def _f_score(counts: Sequence[Any]) -> Any:
    """The harmonic mean of precision and recall, of arrays or numbers."""
    both, false_alarms, missed, _ = counts
    precision, recall = _or_zero(both, both + false_alarms), _or_zero(both, both + missed)
    return _or_zero(2 * precision * recall, precision + recall)


def _matthews(counts: Sequence[Any]) -> Any:
    """The correlation of what is predicted and meant; sums that are 0 count as 1."""
    both, false_alarms, missed, neither = counts
    product: Any = 1.0
    for total in (both + false_alarms, both + missed, neither + false_alarms, neither + missed):
        if isinstance(total, NDArray):
            product = nd.where(total == 0, nd.ones_like(total), total) * product
        else:
            product *= total or 1.0
    root = nd.sqrt(product) if isinstance(product, NDArray) else math.sqrt(product)
    return (both * neither - false_alarms * missed) / root


class _Binary(EvalMetric):
    """A score of two classes: of each batch, then averaged ("macro"), or of the counts of all batches ("micro")."""

    def __init__(self, name: str, output_names: Names, label_names: Names, average: str) -> None:
        self.average = average
        super().__init__(name, output_names=output_names, label_names=label_names, has_global_stats=True)

    @staticmethod
    def _score(counts: Sequence[Any]) -> Any:
        raise NotImplementedError

    def reset(self) -> None:
        super().reset()
        if "_tables" not in vars(self):
            #: With "micro", counts of batches, of which the score is made when it is asked for.
            self._tables = [Totals() for _ in range(4)]
        for each in self._tables:
            each.reset()

    def reset_local(self) -> None:
        super().reset_local()
        for each in self._tables:
            each.reset_local()

    def _totals(self) -> list[Totals]:
        return [*super()._totals(), *self._tables]

    def update(self, labels: Any, preds: Any) -> None:
        labels, preds = check_label_shapes(labels, preds, True)
        pairs = list(zip(as_arrays(labels), as_arrays(preds), strict=True))
        for _, pred in pairs:
            if pred.ndim != 2:
                raise ValueError(f"predictions are a number for each class in each row, not of shape {pred.shape}")
        with self._recording(*(each for pair in pairs for each in pair)):
            found = [_binary_counts(self, label, pred) for label, pred in pairs]
            counts = [_plus(column) for column in zip(*found, strict=True)]
            if self.average == "macro":
                self._add(self._score(counts), 1 + self._none)
            else:
                self._counts.add(sum(label.size for label, _ in pairs))
                for total, each in zip(self._tables, counts, strict=True):
                    total.add(each)

    def _of_all(self, counts: list[Any], count: Any) -> Any:
        """With "micro" the sum is the score of all, times their number."""
        self._check()
        return self._score(counts) * count

    @property
    def sum_metric(self) -> Any:
        if self.average == "macro":
            return super().sum_metric
        return self._of_all([each.local.read() for each in self._tables], self.num_inst)

    @sum_metric.setter
    def sum_metric(self, value: Any) -> None:
        self._sums.set_local(value)

    @property
    def global_sum_metric(self) -> Any:
        if self.average == "macro":
            return super().global_sum_metric
        return self._of_all([each.read_all() for each in self._tables], self.global_num_inst)

    @global_sum_metric.setter
    def global_sum_metric(self, value: Any) -> None:
        self._sums.set_all(value)


def _plus(arrays: Sequence[NDArray]) -> NDArray:
    first, *others = arrays
    for each in others:
        first = first + each.as_in_context(first.context)
    return first


@register
class F1(_Binary):
    """The harmonic mean of precision and recall of two classes, of which 1 is the one looked for.

    Predictions have a column for each class. ``average``: "macro" is the mean of the batches' scores, "micro" the score
    of all together. Labels of more than two classes are a ``ValueError``; if they are still to be computed, when the
    metric is read.

    >>> from lazynd import metric, nd
    >>> f1 = metric.F1()
    >>> f1.update(nd.array([0, 1, 1]), nd.array([[0.3, 0.7], [0, 1], [0.4, 0.6]]))
    >>> f1.get()
    ('f1', 0.8)
    """

    def __init__(
        self, name: str = "f1", output_names: Names = None, label_names: Names = None, average: str = "macro"
    ) -> None:
        super().__init__(name, output_names, label_names, average)

    _score = staticmethod(_f_score)


@register
class MCC(_Binary):
    """Matthews' correlation of two classes: 1 if all are found, 0 as by chance, -1 if none (Matthews, 1975).

    Predictions have a column for each class; ``average`` as in ``F1``, and so what is said of more than two classes.

    >>> from lazynd import metric, nd
    >>> mcc = metric.MCC()
    >>> mcc.update(nd.array([0, 1, 1, 0]), nd.array([[0.3, 0.7], [0, 1], [0.4, 0.6], [0.9, 0.1]]))
    >>> mcc.get()
    ('mcc', 0.5773502691896258)
    """

    _none: ClassVar[float] = 0.0

    def __init__(
        self, name: str = "mcc", output_names: Names = None, label_names: Names = None, average: str = "macro"
    ) -> None:
        super().__init__(name, output_names, label_names, average)

    _score = staticmethod(_matthews)


@register
class PCC(PairMetric):
    """The correlation of predicted and meant classes, of any number: of two it is ``MCC`` (Gorodkin, 2004).

    Predictions have a column for each class, or are classes themselves; those are read when they come, since they say
    how many there are. Labels beyond the columns are further classes; if they are still to be computed, they are an
    ``IndexError`` when the metric is read.

    >>> from lazynd import metric, nd
    >>> pcc = metric.PCC()
    >>> pcc.update(nd.array([0, 1, 1, 0]), nd.array([[0.3, 0.7], [0, 1], [0.4, 0.6], [0.9, 0.1]]))
    >>> round(pcc.get()[1], 4)
    0.5774
    """

    _none: ClassVar[float] = 0.0

    def __init__(
        self, name: str = "pcc", output_names: Names = None, label_names: Names = None, has_global_stats: bool = True
    ) -> None:
        self.k = 2
        super().__init__(
            name=name, output_names=output_names, label_names=label_names, has_global_stats=has_global_stats
        )  # fmt: skip

    def reset(self) -> None:
        super().reset()
        if "_table" not in vars(self):
            #: How often each class was predicted where each was meant, since ``reset_local``.
            self._table = Kept()
        self._table.clear()
        #: The same before.
        self._before: np.ndarray[Any, Any] = np.zeros((self.k, self.k))

    def reset_local(self) -> None:
        self._before = self.gcm
        self._table.clear()
        super().reset_local()

    def _kept(self) -> list[Kept]:
        return [*super()._kept(), self._table]

    @property
    def lcm(self) -> np.ndarray[Any, Any]:
        """Counts by predicted (rows) and meant class since ``reset_local``. Forces."""
        self._check()
        return self._table.read() + np.zeros((self.k, self.k))

    @property
    def gcm(self) -> np.ndarray[Any, Any]:
        """The same since ``reset``. Forces."""
        return _grown(self._before, self.k) + self.lcm

    def update(self, labels: Any, preds: Any) -> None:
        super().update(labels, preds)
        self._counts.add(1.0)

    def _one(self, label: NDArray, pred: NDArray) -> None:
        values = at_hand(label)
        label = label.as_in_context(pred.context).astype("int32", copy=False)
        if pred.shape == label.shape:
            chosen = pred.astype("int32")
            classes = int(max(chosen.max().asscalar(), label.max().asscalar())) + 1
        else:
            chosen, classes = nd.argmax(wide(pred), axis=1).astype("int32"), pred.shape[1]
            if values is None:
                self._doubt((label >= classes).sum(), IndexError, NO_CLASS)
            elif values.size:
                classes = max(classes, int(values.max()) + 1)
        self.k = max(self.k, classes)
        one, other = (nd.one_hot(each.reshape((-1,)), self.k) for each in (chosen, label))
        table = self._table.on(pred.context, (self.k, self.k))
        table[:] = table + nd.dot(one, other, transpose_a=True).astype("float64").as_in_context(table.context)

    @property
    def sum_metric(self) -> Any:
        return _correlation(self.lcm) * self.num_inst

    @sum_metric.setter
    def sum_metric(self, value: Any) -> None:
        raise AttributeError("the correlation is computed from counts and cannot be set")

    @property
    def global_sum_metric(self) -> Any:
        return _correlation(self.gcm) * self.global_num_inst

    @global_sum_metric.setter
    def global_sum_metric(self, value: Any) -> None:
        raise AttributeError("the correlation is computed from counts and cannot be set")


def _grown(table: np.ndarray[Any, Any], size: int) -> np.ndarray[Any, Any]:
    return np.pad(table, (0, size - len(table)))


def _correlation(table: np.ndarray[Any, Any]) -> float:
    total, predicted, meant = table.sum(), table.sum(axis=1), table.sum(axis=0)
    spread = [float((each * (total - each)).sum()) for each in (predicted, meant)]
    if 0 in spread:
        return float("nan")
    return float((table.diagonal() * total - predicted * meant).sum() / math.sqrt(spread[0] * spread[1]))
