"""One layer, forward and backward, by lazynd and by MXNet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lazynd import autograd, nd

from .process import oracle
from .result import Budget, Row
from .timing import Case, Effort, interleave, repeated

#: Calls in a round.
TIMES = 5
#: A layer takes at most so many times MXNet's time.
LIMIT = 3.0


@dataclass(frozen=True)
class Layer:
    """A call of an operator on arrays of ``shapes``, all of which have gradients."""

    name: str
    operator: str
    shapes: Sequence[Sequence[int]]
    attributes: Mapping[str, Any]


def rows(layers: Sequence[Layer], effort: Effort) -> Iterator[Row]:
    """Two rows for each layer: its result, and its result and gradients."""
    mxnet = oracle()
    times = effort.times(TIMES)
    for layer in layers if effort.scale else layers[:1]:
        for backward in (False, True):
            cases: dict[str, Case] = {"lazynd": repeated(_ours(layer, backward), times)}
            if mxnet is not None:
                asked = {"operator": layer.operator, "shapes": layer.shapes, "attributes": layer.attributes}
                cases["mxnet"] = lambda a=asked, b=backward: mxnet.seconds("layer", **a, backward=b, times=times)
            name = f"{layer.name}, {'forward and backward' if backward else 'forward'}"
            samples = interleave(cases, effort.some_rounds(5), 1e3)
            yield Row(name, "ms", samples, None if mxnet is None else Budget(LIMIT, "mxnet"))


def _ours(layer: Layer, backward: bool) -> Callable[[], None]:
    function = getattr(nd, layer.operator)
    rng = np.random.default_rng(3)
    arrays = [nd.array(rng.random(shape)) for shape in layer.shapes]
    seed = nd.array(rng.random(function(*arrays, **layer.attributes).shape))
    nd.waitall()

    def forward() -> None:
        function(*arrays, **layer.attributes).wait_to_read()

    def both() -> None:
        with autograd.record():
            y = function(*arrays, **layer.attributes)
        y.backward(seed)
        for array in arrays:
            array.grad.wait_to_read()
        y.wait_to_read()

    if backward:
        for array in arrays:
            array.attach_grad()
    return both if backward else forward
