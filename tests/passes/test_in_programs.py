"""What the passes make of recorded programs: results that share a node, results that are inputs, lines in bodies."""

from __future__ import annotations

import numpy as np
import pytest

from lazynd import nd, viz
from lazynd.runtime.tell.stats import stats


@pytest.mark.lazy
def test_results_that_are_one_node_stay_two_arrays() -> None:
    x = nd.array([1, 2, 3])
    shared = nd.negative(x)
    a, b = nd.square(shared), nd.square(shared)
    del shared
    graphs = viz.stages(a)
    assert graphs[-1].outputs[0] is graphs[-1].outputs[1]
    before = stats.snapshot()["runs"]
    a.wait_to_read()
    assert stats.snapshot()["runs"] == before + 1
    a += 1
    b *= 10
    np.testing.assert_array_equal(a.asnumpy(), [2, 5, 10])
    np.testing.assert_array_equal(b.asnumpy(), [10, 40, 90])
    np.testing.assert_array_equal(x.asnumpy(), [1, 2, 3])


@pytest.mark.lazy
def test_a_result_that_is_an_input_does_not_share_its_buffer() -> None:
    x = nd.array([1, -2, 3])
    y = nd.negative(nd.negative(x))
    made = viz.stages(y)[-1]
    assert made.outputs == made.inputs
    y.wait_to_read()
    for _ in range(3):  # in place, so that the old buffer of x is taken over
        x += 1
        x.wait_to_read()
    np.testing.assert_array_equal(y.asnumpy(), [1, -2, 3])
    np.testing.assert_array_equal(x.asnumpy(), [4, 1, 6])


def test_an_update_that_vanishes_leaves_the_array() -> None:
    x = nd.array([1, -2, 3])
    keep = x.copy()
    x[:] = nd.negative(nd.negative(x))
    x.wait_to_read()
    x += 1
    np.testing.assert_array_equal(keep.asnumpy(), [1, -2, 3])
    np.testing.assert_array_equal(x.asnumpy(), [2, -1, 4])


@pytest.mark.lazy
def test_expanded_nodes_carry_the_users_line() -> None:
    y = nd.softmax(nd.array([1, 2, 3]))
    for graph in viz.stages(y):
        assert graph.nodes
        for node in graph.nodes:
            assert node.code is not None and node.code.co_name == "test_expanded_nodes_carry_the_users_line"


@pytest.mark.lazy
def test_nodes_of_a_body_carry_the_line_of_the_body() -> None:
    spec = viz.graph(nd.softmax(nd.array([1, 2, 3]))).nodes[0].spec
    assert spec is not None
    body = spec.body
    assert body is not None
    names = {node.code.co_filename.rpartition("/")[2] for node in body.nodes if node.code is not None}
    assert names == {"nn.py"}


@pytest.mark.lazy
def test_the_old_name_of_viz_passes_warns() -> None:
    x = nd.ones((2, 3)) * 2
    with pytest.warns(
        DeprecationWarning, match=r"viz\.trace is called viz\.passes now, and will be gone in lazynd 0\.3"
    ):
        found = viz.trace(x)
    assert [stage.name for stage in found] == [stage.name for stage in viz.passes(x)]
