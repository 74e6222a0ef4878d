"""Given buffers go to the outputs that are computed from them; results keep the graph's order."""

import numpy as np

from lazynd.backends.xla import XlaBackend
from lazynd.backends.xla.aliasing import pairs
from lazynd.backends.xla.kernels import NO_KERNELS
from lazynd.ir.graph import Graph
from lazynd.ir.parse import parse_graph
from lazynd.ir.types import CPU

TWO_UPDATES = """graph main(%0: float32[2], %1: float32[2], %2: float32[2]) {
  %3: float32[2] = ir.multiply(%0, %2)
  %4: float32[2] = ir.multiply(%1, %2)
  %5: float32[2] = ir.subtract(%0, %3)
  %6: float32[2] = ir.subtract(%1, %4)
  return OUTPUTS
}"""


def updates(outputs: str) -> Graph:
    """Gradients %3 and %4 of %0 and %1, and what these are updated to, %5 and %6."""
    return parse_graph(TWO_UPDATES.replace("OUTPUTS", outputs))


def test_updates_take_over_what_they_replace() -> None:
    assert pairs(updates("%4, %3, %5, %6"), (0, 1), NO_KERNELS)[1] == [2, 3, 0, 1]
    assert pairs(updates("%4, %3, %6, %5"), (0, 1), NO_KERNELS)[1] == [3, 2, 0, 1]


def test_without_donation_the_order_stays() -> None:
    assert pairs(updates("%4, %3, %5, %6"), (), NO_KERNELS)[1] == [0, 1, 2, 3]


def test_more_given_than_outputs() -> None:
    assert pairs(updates("%6"), (0, 1), NO_KERNELS)[1] == [0]


def test_results_come_in_the_order_of_the_graph_and_buffers_are_taken_over() -> None:
    backend = XlaBackend()
    run, _ = backend.compile(updates("%4, %3, %5, %6"), 0, (0, 1), False)
    values = [np.array(v, "float32") for v in ([1, 2], [3, 5], [0.5, 0.25])]
    buffers = [backend.put(np.copy(v), CPU) for v in values]
    a, b, c = values
    found = [backend.get(each) for each in run(buffers, ())]
    for made, expected in zip(found, (b * c, a * c, a - a * c, b - b * c), strict=True):
        np.testing.assert_array_equal(made, expected)  # small multiples of powers of two: exact
    assert [backend.consumed(each) for each in buffers] == [True, True, False]
