"""Equal numbers are one input of a program; what is equal by chance is not taken for granted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import nd, viz
from lazynd.runtime.run.compile import PROGRAMS
from lazynd.runtime.run.equal_numbers import FEWEST, hold

pytestmark = pytest.mark.lazy

COUNT = 2 * FEWEST


@pytest.fixture(autouse=True)
def compiled(monkeypatch: pytest.MonkeyPatch, empty_cache: None) -> None:
    monkeypatch.setattr(lazynd.config, "tier", "compiled")


def scaled(numbers: Sequence[Any], dtype: str = "float32") -> Any:
    """1 divided by each number, computed as one program with an input for each number or fewer."""
    one = nd.array([1], dtype=dtype)
    return nd.concat(*[one / number for number in numbers], dim=0).asnumpy()


def words() -> list[int]:
    """How many words of numbers each program takes, in the order of their making."""
    programs = [p for family in PROGRAMS.families.values() for p in (family.baked, family.general) if p is not None]
    return [program.executable.packing.words for program in programs]  # type: ignore[attr-defined]


def test_numbers_that_differ_later_are_inputs_of_their_own() -> None:
    assert scaled([4.0] * COUNT).tolist() == [0.25] * COUNT
    assert words() == [1]
    assert scaled([2.0] * COUNT).tolist() == [0.5] * COUNT
    assert words() == [1]
    mixed = [2.0] * (COUNT - 1) + [4.0]
    assert scaled(mixed).tolist() == [0.5] * (COUNT - 1) + [0.25]
    assert words() == [1, COUNT]
    programs = lazynd.stats().programs
    for numbers in ([8.0] * COUNT, mixed[::-1], [0.5, 2.0] * FEWEST):
        np.testing.assert_array_equal(scaled(numbers), np.float32(1) / np.float32(numbers))
    assert lazynd.stats().programs == programs


def test_numbers_of_several_values_are_as_many_inputs() -> None:
    scaled([2.0, 4.0] * FEWEST)
    assert words() == [2]
    assert scaled([4.0, 4.0] * FEWEST).tolist() == [0.25] * COUNT  # equal ones may go to different inputs
    assert words() == [2]


@pytest.mark.parametrize(("first", "second"), [(0.0, -0.0), (-0.0, 0.0)])
def test_zeros_of_two_signs_are_not_equal(first: float, second: float) -> None:
    signs = [np.inf if str(first) == "0.0" else -np.inf] * (COUNT - 1)
    assert scaled([first] * COUNT)[:-1].tolist() == signs
    assert scaled([first] * (COUNT - 1) + [second]).tolist() == [*signs, -signs[0]]


def test_nans_and_integers() -> None:
    assert np.isnan(scaled([float("nan")] * COUNT)).all()
    assert scaled([2, 2.0] * FEWEST).tolist() == [0.5] * COUNT
    large = [2**53 + 1, 2.0**53] * FEWEST  # equal as doubles, which is what becomes of them
    np.testing.assert_array_equal(scaled(large, "float64"), scaled([2.0**53] * COUNT, "float64"))


def test_few_numbers_or_many_values_each_have_an_input() -> None:
    scaled([2.0] * (FEWEST - 1))
    scaled(list(range(1, COUNT + 1)))
    assert words() == [FEWEST - 1, COUNT]


def test_numbers_of_two_types_are_two_inputs() -> None:
    both = [scaled([4.0] * FEWEST), scaled([4.0] * FEWEST, "float64")]
    assert [each.dtype.name for each in both] == ["float32", "float64"]
    one, wide = nd.array([1]), nd.array([1], dtype="float64")
    made = nd.concat(*[(x / 3).astype("float64") for x in [one, wide] * FEWEST], dim=0).asnumpy()
    assert made.tolist() == [np.float64(np.float32(1) / np.float32(3)), 1 / 3] * FEWEST


def test_rates_that_change_at_each_step_compile_nothing() -> None:
    weights = [nd.array(np.ones((2, 3))) for _ in range(COUNT)]
    programs = []
    for step in range(5):
        for w in weights:
            w -= (0.1 + step) * w
        nd.waitall()
        programs.append(lazynd.stats().programs)
    assert len(set(programs)) == 1
    expected = np.float32(1)
    for step in range(5):
        expected = expected - np.float32(0.1 + step) * expected
    np.testing.assert_array_equal([w.asnumpy()[0, 0] for w in weights], expected)


def test_what_ran_is_shown_with_its_inputs() -> None:
    scaled([4.0] * COUNT)
    graph = viz.last().graph
    assert len(graph.inputs) == 2  # the array and the number


def test_what_holds() -> None:
    assert hold([1, 1.0, 2], (0, 0, 2)) and not hold([1, 2, 2], (0, 0, 2))
    assert not hold([0.0, -0.0], (0, 0)) and not hold(["a", "a"], (0, 0))
