"""Index arrays mixed with integers, slices and new axes, against NumPy: read, and assigned through."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from lazynd import nd


def random_key(choose: random.Random, numbers: np.random.Generator, shape: tuple[int, ...]) -> tuple[Any, ...]:
    wide = choose.choice([(2,), (3,), (2, 2), (1,), (2, 1)])
    key: list[Any] = []
    for extent in shape[: choose.randint(1, len(shape))]:
        if choose.random() < 0.2:
            key.append(None)
        kind = choose.choice(["array", "array", "int", "whole", "slice"])
        if kind == "array":
            key.append(numbers.integers(-extent, extent, wide if choose.random() < 0.7 else wide[-1:]))
        elif kind == "int":
            key.append(choose.randint(-extent, extent - 1))
        else:
            bounds = (choose.choice([None, 0, 1]), choose.choice([None, extent, 2]), choose.choice([1, 1, 2, -1]))
            key.append(slice(None) if kind == "whole" else slice(*bounds))
    if not any(isinstance(part, np.ndarray) for part in key):
        key[-1] = numbers.integers(-shape[0], shape[0], wide) if len(key) == 1 else np.array([0])
    return tuple(key)


@pytest.mark.parametrize("seed", range(10))
def test_mixed_keys(seed: int, on_numpy: None) -> None:
    choose, numbers = random.Random(seed), np.random.default_rng(seed)
    for _ in range(20):
        shape = tuple(choose.randint(1, 4) for _ in range(choose.randint(1, 4)))
        values = numbers.integers(0, 99, shape).astype("float32")
        key = random_key(choose, numbers, shape)
        ours = tuple(
            nd.array(part, dtype="int32") if isinstance(part, np.ndarray) and choose.random() < 0.5 else part
            for part in key
        )
        expected = values[key]
        if not expected.size:
            continue
        x = nd.array(values)
        np.testing.assert_array_equal(x[ours].asnumpy(), expected.reshape(expected.shape or (1,)), err_msg=str(key))
        places = np.arange(values.size).reshape(shape)[key]
        if np.unique(places).size == places.size:  # NumPy leaves open which of several values stays
            given = numbers.integers(100, 200, expected.shape).astype("float32")
            values[key] = given
            x[ours] = nd.array(given) if given.shape else float(given)
            np.testing.assert_array_equal(x.asnumpy(), values, err_msg=str(key))
