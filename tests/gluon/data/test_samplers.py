"""Samplers and datasets against what MXNet's give."""

from __future__ import annotations

import json
import pathlib
import pickle
from typing import Any

import numpy as np
import pytest

from lazynd import gluon, nd
from lazynd.gluon.data import ArrayDataset, Dataset, SimpleDataset

from .cases import samplers

FACTS = json.loads((pathlib.Path(__file__).parents[2] / "data" / "loading" / "facts.json").read_text(encoding="utf-8"))
X = np.arange(10, dtype="float32").reshape((5, 2))


@pytest.mark.parametrize("name", sorted(FACTS["samplers"]))
def test_what_samplers_give(name: str) -> None:
    found = json.loads(json.dumps(samplers(gluon)[name]))
    assert found == FACTS["samplers"][name]


def test_samplers_refuse() -> None:
    for last in ("x", None):
        sampler = gluon.data.BatchSampler(gluon.data.SequentialSampler(10), 3, last)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=f"but got {last}"):
            list(sampler)
        with pytest.raises(ValueError, match=f"but got {last}"):
            len(sampler)
    with pytest.raises(AssertionError, match="Interval 5 must be smaller than or equal to length 3"):
        gluon.contrib.data.IntervalSampler(3, 5)
    for method in (len, iter):
        with pytest.raises(NotImplementedError):
            method(gluon.data.Sampler())  # type: ignore[operator]


def test_array_dataset() -> None:
    data = ArrayDataset(nd.array(X), nd.array([0, 1, 2, 3, 4]))
    x, y = data[1]
    assert isinstance(x, nd.NDArray) and x.asnumpy().tolist() == [2, 3]
    assert isinstance(y, np.float32) and y == 1
    assert data[-1][1] == 4 and len(data) == 5
    xs, ys = data[1:3]
    assert xs.shape == (2, 2) and ys.tolist() == [1, 2]
    assert isinstance(ArrayDataset(nd.array([1, 2]))[0], np.float32)
    with pytest.raises(IndexError):
        data[7]
    with pytest.raises(AssertionError, match="Needs at least 1 arrays"):
        ArrayDataset()
    with pytest.raises(AssertionError, match=r"array\[0\] has length 5 while array\[1\] has 4"):
        ArrayDataset(X, [1, 2, 3, 4])


def test_transforms_of_datasets() -> None:
    data = ArrayDataset([1, 2, 3], [10, 20, 30])
    calls = []

    def double(x: int, *rest: int) -> Any:
        calls.append(x)
        return (x * 2, *rest)

    lazy = data.transform(double)
    assert not calls and lazy[1] == (4, 20) and lazy[1] == (4, 20) and calls == [2, 2]
    calls.clear()
    done = data.transform(double, lazy=False)
    assert calls == [1, 2, 3] and done[1] == (4, 20) and len(calls) == 3
    assert [data.transform_first(lambda x: -x)[i] for i in range(3)] == [(-1, 10), (-2, 20), (-3, 30)]
    assert SimpleDataset([1, 2]).transform_first(lambda x: -x)[1] == -2
    assert type(data.transform_first(abs, lazy=False)) is SimpleDataset
    assert pickle.loads(pickle.dumps(data.transform_first(abs)))[0] == (1, 10)


def test_choosing_examples() -> None:
    data = SimpleDataset(list(range(10)))
    assert list(data.filter(lambda x: x % 2 == 0)) == [0, 2, 4, 6, 8]
    assert (len(data.take(3)), len(data.take(30)), len(data.take(None)), len(data.take(0))) == (3, 10, 10, 0)
    assert data.sample(gluon.data.FilterSampler(lambda x: x > 5, data))[1] == 7
    for wrong, why in (((0, 0), "0 out of 0"), ((3, 3), "3 out of 3"), ((3, -1), "non-negative")):
        with pytest.raises(AssertionError) as caught:
            data.shard(*wrong)
        assert why in str(caught.value)
    with pytest.raises(TypeError, match="Invalid sampler type"):
        data.sample([1, 2])  # type: ignore[arg-type]
    for method in (len, lambda d: d[0]):
        with pytest.raises(NotImplementedError):
            method(Dataset())
