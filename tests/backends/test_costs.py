"""The estimates of what interpreting costs: what they count. Whether they are right ``tools/measure_costs.py`` says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lazynd.backends.costs import AGAIN, COSTS, compiling, interpreting
from lazynd.ir.primitive import PRIMITIVES
from lazynd.ir.specialization import Specialization
from lazynd.ir.types import CPU, Type
from lazynd.ops import OPERATORS


def made(name: str, *shapes: tuple[int, ...], dtype: str = "float32", **attributes: Any) -> Specialization:
    return PRIMITIVES[name].specialize(tuple(Type(shape, np.dtype(dtype)) for shape in shapes), attributes)


def convolution(window: int) -> Specialization:
    size = 8 + window - 1
    one = (1, 1)
    return made(
        "convolution", (1, 1, 1, size, size), (1, 1, 1, window, window),
        strides=one, low=(0, 0), high=(0, 0), spread=one, dilation=one,
    )  # fmt: skip


def test_a_convolution_is_a_call_of_numpy_for_each_place_of_its_window() -> None:
    small, large = (interpreting(convolution(window)) for window in (2, 8))
    call = COSTS["convolution"].call
    assert small == pytest.approx(4 * call, rel=0.1) and large == pytest.approx(64 * call, rel=0.1)


def test_a_window_is_too() -> None:
    def maximum(window: int) -> float:
        sides = {"window": (1, window), "strides": (1, 1), "low": (0, 0), "high": (0, 0)}
        return interpreting(made("reduce_window_max", (1, 64), **sides))

    assert maximum(16) > 6 * maximum(2)


def test_a_triangular_system_is_a_call_for_each_row() -> None:
    def system(rows: int) -> float:
        return interpreting(made("triangular_solve", (rows, rows), (rows, 1), lower=True, transpose=False))

    assert system(30) == pytest.approx(30 * COSTS["triangular_solve"].call, rel=0.1)


def test_factors_take_the_cube_of_their_side() -> None:
    small, large = (interpreting(made("cholesky", (side, side))) for side in (500, 1000))
    assert large == pytest.approx(8 * small, rel=0.1)


@pytest.mark.parametrize("name", ["tanh", "power"])
def test_functions_of_many_numbers_are_computed_in_blocks_which_cost_more(name: str) -> None:
    def cost(count: int, dtype: str = "float32") -> float:
        return interpreting(made(name, *[(count,)] * (2 if name == "power" else 1), dtype=dtype))

    assert cost(1025) > cost(1024) + 60 and cost(8, "float64") > cost(8) + 60
    assert cost(100_000) > 50 * cost(1024)


def test_compiling_costs_what_a_program_and_its_primitives_cost() -> None:
    one = made("tanh", (8,))
    other = made("tanh", (9,))
    assert compiling([one, other]) - compiling([one]) == COSTS["tanh"].compiling
    assert compiling([]) > 10 * COSTS["tanh"].compiling


def test_an_equal_operation_costs_a_share_of_the_first() -> None:
    one = made("tanh", (8,))
    assert compiling([one] * 5) - compiling([one]) == 4 * AGAIN * COSTS["tanh"].compiling


def test_equal_draws_cost_as_much_as_different_ones() -> None:
    one = made("random_bits", (), (), dtype="uint32", shape=(8,))
    assert compiling([one] * 5) - compiling([one]) == 4 * COSTS["random_bits"].compiling
    drawn, _ = OPERATORS["_random_uniform"].bind((), {"shape": (8,), "ctx": CPU, "dtype": "float32"})
    assert compiling([drawn] * 5) - compiling([drawn]) == pytest.approx(4 * (compiling([drawn]) - compiling([])))
