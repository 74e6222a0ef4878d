"""Metrics from names, and several as one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .. import registry
from .base import EvalMetric, alias, register
from .numbers import CustomMetric
from .sums import Kept, Totals

_create = registry.get_create_func(EvalMetric, "metric")


def create(metric: Any, *args: Any, **kwargs: Any) -> EvalMetric:
    """A metric from its name and arguments, a function (``CustomMetric``), a list of these, or a metric itself.

    ``AssertionError`` for a name that there is not.

    >>> from lazynd import metric
    >>> metric.create("acc").name
    'accuracy'
    >>> [each.name for each in metric.create(["mse", "mae"]).metrics]
    ['mse', 'mae']
    """
    if callable(metric):
        return CustomMetric(metric, *args, **kwargs)
    if isinstance(metric, list):
        return CompositeEvalMetric([create(each, *args, **kwargs) for each in metric])
    made: EvalMetric = _create(metric, *args, **kwargs)
    return made


@register
@alias("composite")
class CompositeEvalMetric(EvalMetric):
    """Several metrics that are updated and asked together; ``metrics`` are what ``metric.create`` takes.

    >>> from lazynd import metric, nd
    >>> both = metric.CompositeEvalMetric(["mse", "mae"])
    >>> both.update([nd.array([1, 2])], [nd.array([1, 4])])
    >>> both.get()
    (['mse', 'mae'], [2.0, 1.0])
    """

    def __init__(
        self,
        metrics: Sequence[Any] | None = None,
        name: str = "composite",
        output_names: Sequence[str] | None = None,
        label_names: Sequence[str] | None = None,
    ) -> None:
        super().__init__(name, output_names=output_names, label_names=label_names, has_global_stats=True)
        self.metrics = [create(each) for each in metrics or ()]

    def add(self, metric: Any) -> None:
        """Add a metric, or what ``metric.create`` takes.

        >>> from lazynd import metric
        >>> both = metric.CompositeEvalMetric()
        >>> both.add("mse")
        >>> len(both.metrics)
        1
        """
        self.metrics.append(create(metric))

    def get_metric(self, index: int) -> Any:
        """The metric of that number. As in MXNet a ``ValueError`` is given back, not raised, where there is none.

        >>> from lazynd import metric
        >>> metric.CompositeEvalMetric(["mse"]).get_metric(0).name
        'mse'
        """
        try:
            return self.metrics[index]
        except IndexError:
            return ValueError(f"Metric index {index} is out of range 0 and {len(self.metrics)}")

    def update_dict(self, labels: Any, preds: Any) -> None:
        """``update_dict`` of each, with those arrays of dicts that this one's names allow.

        >>> from lazynd import metric, nd
        >>> both = metric.CompositeEvalMetric(["mse"])
        >>> both.update_dict({"a": nd.zeros(1)}, {"b": nd.ones(1)})
        >>> both.get()
        (['mse'], [1.0])
        """
        if self.label_names is not None:
            labels = {name: each for name, each in labels.items() if name in self.label_names}
        if self.output_names is not None:
            preds = {name: each for name, each in preds.items() if name in self.output_names}
        for each in self.metrics:
            each.update_dict(labels, preds)

    def update(self, labels: Any, preds: Any) -> None:
        for each in self.metrics:
            each.update(labels, preds)

    def reset(self) -> None:
        super().reset()
        for each in getattr(self, "metrics", ()):  # there are none yet when it is made
            each.reset()

    def reset_local(self) -> None:
        super().reset_local()
        for each in self.metrics:
            each.reset_local()

    def _kept(self) -> list[Kept]:
        return [kept for each in self.metrics for kept in each._kept()]

    def _totals(self) -> list[Totals]:
        return [total for each in self.metrics for total in each._totals()]

    def __uses__(self) -> Iterator[Callable[..., Any]]:
        for each in self.metrics:
            yield from each.__uses__()

    def _all(self, found: list[tuple[Any, Any]]) -> tuple[list[str], list[Any]]:
        names: list[str] = []
        values: list[Any] = []
        for name, value in found:
            names += name if isinstance(name, list) else [name]
            values += value if isinstance(value, list) else [value]
        return names, values

    def get(self) -> tuple[list[str], list[Any]]:
        return self._all([each.get() for each in self.metrics])

    def get_global(self) -> tuple[list[str], list[Any]]:
        return self._all([each.get_global() for each in self.metrics])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "metrics": [each.get_config() for each in self.metrics]}
