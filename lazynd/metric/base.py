"""What every metric is: a name, sums that are added up without being read, and a value.

``update`` records operators on what it is given and adds their results to sums; nothing is computed. ``get`` reads the
sums. They are float64, as the sums of MXNet are; what is added to them is computed as NumPy would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np

from .. import nd, registry
from ..autograd import pause
from ..nd import NDArray
from ..stages import beside_step
from .sums import Kept, Sum, Totals, parts


def check_label_shapes(labels: Any, preds: Any, wrap: bool = False, shape: bool = False) -> tuple[Any, Any]:
    """``labels`` and ``preds``, each in a list if it is one array and ``wrap`` is on.

    ``ValueError`` where there are not as many of both; with ``shape``, where their shapes differ.

    >>> from lazynd import metric
    >>> metric.check_label_shapes([1, 2], [3])
    Traceback (most recent call last):
    ...
    ValueError: Shape of labels 2 does not match shape of predictions 1
    """
    found = (labels.shape, preds.shape) if shape else (len(labels), len(preds))
    if found[0] != found[1]:
        raise ValueError(f"Shape of labels {found[0]} does not match shape of predictions {found[1]}")
    if wrap:
        labels, preds = ([each] if isinstance(each, NDArray | np.ndarray) else each for each in (labels, preds))
    return labels, preds


def as_array(given: Any) -> NDArray:
    """What a metric is given, an array or one of NumPy, as an array of the same dtype."""
    if isinstance(given, NDArray):
        return given
    values = np.asarray(given)
    return nd.array(values, dtype=values.dtype)


def as_arrays(given: Any) -> list[NDArray]:
    """The arrays of a list, or one array in a list."""
    return [as_array(given)] if isinstance(given, NDArray | np.ndarray) else list(map(as_array, given))


def wide(array: NDArray) -> NDArray:
    """Half precision as float32: sums of it need more."""
    return array.astype("float32") if array.dtype.__name__ in ("float16", "bfloat16") else array


def as_one(label: NDArray, pred: NDArray) -> tuple[NDArray, NDArray]:
    """Both on the device of ``pred``, of the dtype that NumPy would compute their difference in, float32 at least."""
    label = label.as_in_context(pred.context)
    common = np.result_type(wide(label).dtype, wide(pred).dtype, np.float32)
    return label.astype(common, copy=False), pred.astype(common, copy=False)


class EvalMetric:
    """Base of metrics: subclass it and write ``update``, which adds to ``sum_metric`` and ``num_inst``.

    The value is their quotient, NaN before the first update. There are two pairs: those that begin with ``global_``
    go on over ``reset_local``, if the metric has them. ``output_names`` and ``label_names`` choose what ``update_dict``
    uses; further arguments are what ``get_config`` shows.

    >>> from lazynd import metric, nd
    >>> class Largest(metric.EvalMetric):
    ...     def update(self, labels, preds):
    ...         self.sum_metric += float(preds[0].max())
    ...         self.num_inst += 1
    >>> largest = Largest("largest")
    >>> largest.update([nd.zeros(2)], [nd.array([1, 5])])
    >>> largest.get()
    ('largest', 5.0)
    """

    #: What is counted begins with this: in some metrics counts are no integers.
    _none: ClassVar[float] = 0
    _sums: Totals
    _counts: Totals
    _doubts: list[tuple[Sum, type[Exception], str]]

    def __init__(
        self,
        name: str,
        output_names: Sequence[str] | None = None,
        label_names: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.name = str(name)
        self.output_names = output_names
        self.label_names = label_names
        self._has_global_stats = kwargs.pop("has_global_stats", False)
        self._kwargs = kwargs
        EvalMetric.reset(self)  # a subclass may do it in its own way
        self.reset()

    def __str__(self) -> str:
        return f"EvalMetric: {dict(self.get_name_value())}"

    def get_config(self) -> dict[str, Any]:
        """The arguments by name, of which ``metric.create`` makes the same metric.

        >>> from lazynd import metric
        >>> metric.Accuracy().get_config()["metric"]
        'Accuracy'
        """
        own = {"metric": type(self).__name__, "name": self.name}
        return {**self._kwargs, **own, "output_names": self.output_names, "label_names": self.label_names}

    # ------------------------------------------------------------------------------------ updates

    def update(self, labels: Any, preds: Any) -> None:
        """Add what ``preds``, an array or a list of them, say about ``labels``, as many."""
        raise NotImplementedError

    def update_dict(self, label: Any, pred: Any) -> None:
        """``update`` with the arrays of dicts, those named by ``label_names`` and ``output_names``, or all.

        >>> from lazynd import metric, nd
        >>> accuracy = metric.Accuracy(output_names=["out"])
        >>> accuracy.update_dict({"label": nd.array([1])}, {"out": nd.array([[0, 1]]), "loss": nd.zeros(1)})
        >>> accuracy.get()
        ('accuracy', 1.0)
        """
        chosen = [
            list(given.values()) if names is None else [given[name] for name in names]
            for given, names in ((label, self.label_names), (pred, self.output_names))
        ]
        self.update(*chosen)

    @contextmanager
    def _recording(self, *arrays: Any) -> Iterator[None]:
        """What an update records inside joins the program of the training step before, and is on no tape."""
        given = [each for each in arrays if isinstance(each, NDArray)]
        waiting = [each.array for each in self._kept() if each.array is not None]
        with pause(), beside_step(*given, *waiting):
            yield

    def _kept(self) -> list[Kept]:
        """The arrays that an update writes."""
        return [each.kept for each in (*parts(self._totals()), *(doubt[0] for doubt in self._doubts))]

    def _totals(self) -> list[Totals]:
        """The sums that an update adds to."""
        return [self._sums, self._counts]

    def __watched__(self) -> Iterator[tuple[dict[str, Any], str]]:
        """What compiled calls depend on: the arrays that an update writes."""
        for total in self._totals():
            yield vars(total), "apart"
        for each in self._kept():
            yield vars(each), "array"

    def __uses__(self) -> Iterator[Callable[..., Any]]:
        """What an update leads to."""
        yield self.update

    def _add(self, total: Any, count: Any) -> None:
        """Add to the sums and to the counts."""
        self._sums.add(total)
        self._counts.add(count)

    # ------------------------------------------------------------------------------------ sums

    def reset(self) -> None:
        """Begin anew.

        >>> from lazynd import metric, nd
        >>> loss = metric.Loss()
        >>> loss.update(None, nd.ones((4,)))
        >>> loss.reset()
        >>> loss.get()
        ('loss', nan)
        """
        if "_sums" not in vars(self):
            self._sums, self._counts = Totals(0.0), Totals(self._none)
            self._doubts = []
        for each in (self._sums, self._counts):
            each.reset()
        for count, _, _ in self._doubts:
            count.set()

    def reset_local(self) -> None:
        """Begin anew, but for what ``get_global`` gives.

        >>> from lazynd import metric, nd
        >>> loss = metric.Loss()
        >>> loss.update(None, nd.ones((4,)))
        >>> loss.reset_local()
        >>> loss.get(), loss.get_global()
        (('loss', nan), ('loss', 1.0))
        """
        self._sums.reset_local()
        self._counts.reset_local()

    def _doubt(self, count: NDArray, error: type[Exception], text: str) -> None:
        """If the sum of ``count`` is not 0 when the metric is read, ``error`` is raised: what values alone tell.

        For values that are still to be computed; see ``stages.at_hand``.
        """
        if not self._doubts:
            self._doubts.append((Sum(), error, text))
        self._doubts[0][0].add(count)

    def _check(self) -> None:
        for count, error, text in self._doubts:
            if count.read():
                raise error(text)

    @property
    def sum_metric(self) -> Any:
        """The sum since ``reset_local``. Forces where terms are not computed yet."""
        self._check()
        return self._sums.local.read()

    @sum_metric.setter
    def sum_metric(self, value: Any) -> None:
        self._sums.set_local(value)

    @property
    def num_inst(self) -> Any:
        """By what the sum is divided."""
        return self._counts.local.read()

    @num_inst.setter
    def num_inst(self, value: Any) -> None:
        self._counts.set_local(value)

    @property
    def global_sum_metric(self) -> Any:
        """The sum since ``reset``. Forces where terms are not computed yet."""
        self._check()
        return self._sums.read_all()

    @global_sum_metric.setter
    def global_sum_metric(self, value: Any) -> None:
        self._sums.set_all(value)

    @property
    def global_num_inst(self) -> Any:
        """By what that sum is divided."""
        return self._counts.read_all()

    @global_num_inst.setter
    def global_num_inst(self, value: Any) -> None:
        self._counts.set_all(value)

    # ------------------------------------------------------------------------------------ the value

    def get(self) -> tuple[Any, Any]:
        """Name and value, since ``reset_local``. Forces.

        >>> from lazynd import metric
        >>> metric.MSE().get()
        ('mse', nan)
        """
        count = self.num_inst
        return self.name, float("nan") if count == 0 else self.sum_metric / count

    def get_global(self) -> tuple[Any, Any]:
        """Name and value since ``reset``, or what ``get`` gives of a metric that has no such.

        >>> from lazynd import metric
        >>> metric.MSE().get_global()
        ('mse', nan)
        """
        if not self._has_global_stats:
            return self.get()
        count = self.global_num_inst
        return self.name, float("nan") if count == 0 else self.global_sum_metric / count

    def get_name_value(self) -> list[tuple[str, Any]]:
        """Pairs of name and value, one for each value.

        >>> from lazynd import metric
        >>> metric.MSE().get_name_value()
        [('mse', nan)]
        """
        return _pairs(*self.get())

    def get_global_name_value(self) -> list[tuple[str, Any]]:
        """The same since ``reset``.

        >>> from lazynd import metric
        >>> metric.MSE().get_global_name_value()
        [('mse', nan)]
        """
        return _pairs(*self.get_global()) if self._has_global_stats else self.get_name_value()


class PairMetric(EvalMetric):
    """A metric that looks at one array of labels and its predictions at a time: ``_one`` says how."""

    def update(self, labels: Any, preds: Any) -> None:
        labels, preds = check_label_shapes(labels, preds, True)
        pairs = list(zip(as_arrays(labels), as_arrays(preds), strict=True))
        with self._recording(*(each for pair in pairs for each in pair)):
            for label, pred in pairs:
                self._one(label, pred)

    def _one(self, label: NDArray, pred: NDArray) -> None:
        raise NotImplementedError


def _pairs(name: Any, value: Any) -> list[tuple[str, Any]]:
    names = name if isinstance(name, list) else [name]
    values = value if isinstance(value, list) else [value]
    return list(zip(names, values, strict=False))


register = registry.get_register_func(EvalMetric, "metric")
alias = registry.get_alias_func(EvalMetric, "metric")
