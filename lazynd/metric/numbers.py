"""Metrics of numbers: how far predictions are from labels, how they go together, and losses as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import nd
from ..nd import NDArray
from .base import EvalMetric, PairMetric, alias, as_arrays, as_one, check_label_shapes, register, wide
from .sums import Kept, Sum

Names = Sequence[str] | None


class _OfDifference(PairMetric):
    """The mean over batches of what is made of labels minus predictions."""

    def __init__(self, name: str, output_names: Names, label_names: Names) -> None:
        super().__init__(name, output_names=output_names, label_names=label_names, has_global_stats=True)

    @staticmethod
    def _error(difference: NDArray) -> NDArray:
        raise NotImplementedError

    def _one(self, label: NDArray, pred: NDArray) -> None:
        label, pred = as_one(label, pred)
        label, pred = (each.reshape((-1, 1)) if each.ndim == 1 else each for each in (label, pred))
        difference = label - pred if label.shape == pred.shape else nd.broadcast_sub(label, pred)
        self._add(self._error(difference), 1)


@register
class MAE(_OfDifference):
    """The mean of the absolute differences of labels and predictions, averaged over batches.

    >>> from lazynd import metric, nd
    >>> mae = metric.MAE()
    >>> mae.update(nd.array([3, -0.5, 2, 7]), nd.array([2.5, 0, 2, 8]))
    >>> mae.get()
    ('mae', 0.5)
    """

    def __init__(self, name: str = "mae", output_names: Names = None, label_names: Names = None) -> None:
        super().__init__(name, output_names, label_names)

    @staticmethod
    def _error(difference: NDArray) -> NDArray:
        made: NDArray = nd.abs(difference).mean()
        return made


@register
class MSE(_OfDifference):
    """The mean of the squared differences of labels and predictions, averaged over batches.

    >>> from lazynd import metric, nd
    >>> mse = metric.MSE()
    >>> mse.update(nd.array([3, -0.5, 2, 7]), nd.array([2.5, 0, 2, 8]))
    >>> mse.get()
    ('mse', 0.375)
    """

    def __init__(self, name: str = "mse", output_names: Names = None, label_names: Names = None) -> None:
        super().__init__(name, output_names, label_names)

    @staticmethod
    def _error(difference: NDArray) -> NDArray:
        made: NDArray = nd.square(difference).mean()
        return made


@register
class RMSE(_OfDifference):
    """The root of the mean of the squared differences of labels and predictions, averaged over batches.

    >>> from lazynd import metric, nd
    >>> rmse = metric.RMSE()
    >>> rmse.update(nd.array([3, 1]), nd.array([5, 3]))
    >>> rmse.get()
    ('rmse', 2.0)
    """

    def __init__(self, name: str = "rmse", output_names: Names = None, label_names: Names = None) -> None:
        super().__init__(name, output_names, label_names)

    @staticmethod
    def _error(difference: NDArray) -> NDArray:
        made: NDArray = nd.sqrt(nd.square(difference).mean())
        return made


@register
@alias("pearsonr")
class PearsonCorrelation(PairMetric):
    """Pearson's correlation of labels and predictions, of one shape (else ``ValueError``).

    ``average``: "macro" is the mean of the batches' correlations, "micro" the correlation of all numbers, from sums
    that go on from batch to batch, as MXNet has them.

    >>> from lazynd import metric, nd
    >>> pearson = metric.PearsonCorrelation()
    >>> pearson.update(nd.array([1, 2, 3]), nd.array([2, 4, 6]))
    >>> round(pearson.get()[1], 6)
    1.0
    """

    def __init__(
        self, name: str = "pearsonr", output_names: Names = None, label_names: Names = None, average: str = "macro"
    ) -> None:
        self.average = average
        super().__init__(name, output_names=output_names, label_names=label_names, has_global_stats=True)

    def reset(self) -> None:
        super().reset()
        self.reset_micro()

    def reset_micro(self) -> None:
        """Begin anew with "micro".

        >>> from lazynd import metric
        >>> metric.PearsonCorrelation(average="micro").reset_micro()
        """
        if "_conv" not in vars(self):
            #: Means, sums of squared distances from them, and the sum of their products.
            self._mean_l, self._mean_p, self._sse_l, self._sse_p, self._conv = (Kept() for _ in range(5))
            self._seen = Sum(0)
        for each in self._moments():
            each.clear()
        self._seen.set(0)

    def _moments(self) -> tuple[Kept, ...]:
        return self._mean_l, self._mean_p, self._sse_l, self._sse_p, self._conv

    def _kept(self) -> list[Kept]:
        return [*super()._kept(), *self._moments()]

    def update_variance(self, new_values: NDArray, *aggregate: Any) -> tuple[int, Any, Any]:
        """Count, mean and sum of squared distances from it, after further values.

        >>> from lazynd import metric, nd
        >>> pearson = metric.PearsonCorrelation(average="micro")
        >>> count, mean, squares = pearson.update_variance(nd.array([1, 3]), 0, 0, 0)
        >>> count, float(mean), float(squares)
        (2, 2.0, 2.0)
        """
        count, mean, squares = aggregate
        count += len(new_values)
        distance = new_values - mean
        mean = mean + (distance / count).sum()
        return count, mean, squares + (distance * (new_values - mean)).sum()

    def update_cov(self, label: NDArray, pred: NDArray) -> None:
        """Add the products of distances from the means to their sum.

        >>> from lazynd import metric, nd
        >>> pearson = metric.PearsonCorrelation(average="micro")
        >>> pearson.update_cov(nd.array([1, 2]), nd.array([3, 4]))
        >>> pearson._conv.read()
        array([11.])
        """
        total, mean_l, mean_p = (each.on(pred.context) for each in (self._conv, self._mean_l, self._mean_p))
        label, pred = (each.astype("float64", copy=False) for each in (label, pred))
        total[:] = total + ((label - mean_l) * (pred - mean_p)).sum()

    def _one(self, label: NDArray, pred: NDArray) -> None:
        check_label_shapes(label, pred, False, True)
        label = label.as_in_context(pred.context)
        label, pred = (each.reshape((-1,)).astype("float64") for each in (label, pred))
        if self.average == "macro":
            self._add(_correlation(label, pred), 1)
            return
        self._counts.add(1)
        seen = self._seen.count_on(len(pred))
        self._move(label, seen, self._mean_l, self._sse_l)
        self.update_cov(label, pred)
        self._move(pred, seen, self._mean_p, self._sse_p)

    def _move(self, values: NDArray, seen: Any, *moments: Kept) -> None:
        """Mean and squares go on to further values, after so many."""
        arrays = [each.on(values.context) for each in moments]
        _, *found = self.update_variance(values, seen, *arrays)
        for array, made in zip(arrays, found, strict=True):
            array[:] = made

    def get(self) -> tuple[Any, Any]:
        if self.average == "macro" or self.num_inst == 0:
            return super().get()
        n = self._seen.read() - 1
        together, *squares = (float(each.read()[0]) for each in (self._conv, self._sse_p, self._sse_l))
        with np.errstate(all="ignore"):
            return self.name, float(together / (n * np.sqrt(squares[0] / n) * np.sqrt(squares[1] / n)))


def _correlation(one: NDArray, other: NDArray) -> NDArray:
    one, other = one - one.mean(), other - other.mean()
    made: NDArray = (one * other).sum() / nd.sqrt(nd.square(one).sum() * nd.square(other).sum())
    return made


@register
class Loss(EvalMetric):
    """The mean of the predictions, which are losses; labels are not looked at.

    >>> from lazynd import metric, nd
    >>> loss = metric.Loss()
    >>> loss.update(None, nd.array([1, 2]))
    >>> loss.get()
    ('loss', 1.5)
    """

    def __init__(self, name: str = "loss", output_names: Names = None, label_names: Names = None) -> None:
        super().__init__(name, output_names=output_names, label_names=label_names, has_global_stats=True)

    def update(self, _: Any, preds: Any) -> None:
        arrays = as_arrays(preds)
        with self._recording(*arrays):
            for each in arrays:
                self._add(wide(each).sum(), each.size)


@register
class Torch(Loss):
    """``Loss`` under another name.

    >>> from lazynd import metric
    >>> metric.Torch().name
    'torch'
    """

    def __init__(self, name: str = "torch", output_names: Names = None, label_names: Names = None) -> None:
        super().__init__(name, output_names=output_names, label_names=label_names)


@register
class Caffe(Loss):
    """``Loss`` under another name.

    >>> from lazynd import metric
    >>> metric.Caffe().name
    'caffe'
    """

    def __init__(self, name: str = "caffe", output_names: Names = None, label_names: Names = None) -> None:
        super().__init__(name, output_names=output_names, label_names=label_names)


@register
class CustomMetric(EvalMetric):
    """The mean of what a function of a label and a prediction gives, both arrays of NumPy: so each update reads them.

    ``feval`` gives a number for a batch, or a sum and a count. ``allow_extra_outputs``: there may be more predictions
    than labels. The name is the function's unless given.

    >>> from lazynd import metric, nd
    >>> largest = metric.CustomMetric(lambda label, pred: float(abs(label - pred).max()), name="largest error")
    >>> largest.update(nd.array([1, 2]), nd.array([1, 4]))
    >>> largest.get()
    ('largest error', 2.0)
    """

    def __init__(
        self,
        feval: Callable[[Any, Any], Any],
        name: str | None = None,
        allow_extra_outputs: bool = False,
        output_names: Names = None,
        label_names: Names = None,
    ) -> None:
        if name is None:
            name = getattr(feval, "__name__", type(feval).__name__)
            name = f"custom({name})" if "<" in name else name
        super().__init__(
            name, feval=feval, allow_extra_outputs=allow_extra_outputs, output_names=output_names,
            label_names=label_names, has_global_stats=True,
        )  # fmt: skip
        self._feval = feval
        self._allow_extra_outputs = allow_extra_outputs

    def update(self, labels: Any, preds: Any) -> None:
        if not self._allow_extra_outputs:
            labels, preds = check_label_shapes(labels, preds, True)
        for pred, label in zip(as_arrays(preds), as_arrays(labels), strict=False):
            found = self._feval(label.asnumpy(), pred.asnumpy())
            total, count = found if isinstance(found, tuple) else (found, 1)
            self._add(total, count)

    def get_config(self) -> dict[str, Any]:
        """``NotImplementedError``: a function is no text.

        >>> from lazynd import metric
        >>> metric.CustomMetric(max).get_config()
        Traceback (most recent call last):
        ...
        NotImplementedError: CustomMetric cannot be serialized
        """
        raise NotImplementedError("CustomMetric cannot be serialized")


def np_metric(
    numpy_feval: Callable[[Any, Any], Any], name: str | None = None, allow_extra_outputs: bool = False
) -> CustomMetric:
    """A metric from a function of arrays of NumPy: ``CustomMetric`` of it, with its name.

    >>> from lazynd import metric, nd
    >>> def error(label, pred):
    ...     return float((label != pred).mean())
    >>> wrong = metric.np(error)
    >>> wrong.update(nd.array([1, 2]), nd.array([1, 4]))
    >>> wrong.get()
    ('error', 0.5)
    """

    def feval(label: Any, pred: Any) -> Any:
        return numpy_feval(label, pred)

    feval.__name__ = numpy_feval.__name__
    return CustomMetric(feval, name, allow_extra_outputs)
