"""The interpreter's buffers: results own their memory, and nothing is copied that is its own already."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lazynd.backends import NumpyBackend
from lazynd.backends.numpy import evaluate
from lazynd.ir.graph import Graph
from lazynd.ir.node import Node, apply, leaf
from lazynd.ir.primitive import PRIMITIVES
from lazynd.ir.types import CPU, Type

FLOATS = Type((3, 4), np.dtype("float32"))


def node(name: str, *inputs: Node, **attributes: Any) -> Node:
    return apply(PRIMITIVES[name].specialize(tuple(n.type for n in inputs), attributes), inputs)


def run(graph: Graph, *arrays: Any) -> list[np.ndarray[Any, Any]]:
    executable, loaded = NumpyBackend().compile(graph, 0, (), False)
    assert not loaded
    return executable(arrays, [])


def test_a_computed_result_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    x = leaf(FLOATS)
    made: list[Any] = []
    negate = PRIMITIVES["negate"].evaluate

    def noted(array: Any) -> Any:
        made.append(negate(array))
        return made[-1]

    monkeypatch.setattr(PRIMITIVES["negate"], "evaluate", noted)
    (result,) = run(Graph([x], [node("negate", x)]), np.zeros((3, 4), np.float32))
    assert result is made[0]


def outputs() -> dict[str, Any]:
    x = leaf(FLOATS)
    constant = node("constant", value=np.ones((2,), np.float32), context=CPU)
    total = node("add", x, x)
    return {
        "the input": Graph([x], [x]),
        "the input unchanged": Graph([x], [node("stop_gradient", x)]),
        "a view of the input": Graph([x], [node("transpose", x, axes=(1, 0))]),
        "a slice": Graph([x], [node("slice", x, start=(0, 0), limit=(2, 4), strides=(1, 1))]),
        "a constant": Graph([x], [constant]),
        "a spread constant": Graph([x], [node("broadcast", constant, shape=(3, 2), axes=(1,))]),
        "one result twice": Graph([x], [total, total]),
        "a result and its view": Graph([x], [total, node("reshape", total, shape=(12,))]),
    }


@pytest.mark.parametrize("case", sorted(outputs()))
def test_results_share_memory_with_nothing(case: str) -> None:
    graph = outputs()[case]
    given = np.arange(12, dtype=np.float32).reshape(3, 4)
    expected = [np.array(r) for r in evaluate(graph, [given])]
    first = run(graph, given)
    for result in first:
        assert result.flags.writeable and result.flags.owndata
    for i, result in enumerate(first):
        result[...] = 77
        assert not np.shares_memory(result, given)
        assert not any(np.shares_memory(result, other) for other in first[:i] + first[i + 1 :])
    np.testing.assert_array_equal(given.ravel(), np.arange(12))
    for result, wanted in zip(run(graph, given), expected, strict=True):
        np.testing.assert_array_equal(result, wanted)
