"""What varies between runs of one structure: numbers, indices, elements."""

from __future__ import annotations

import numpy as np

from .program import Hole

#: Exact in binary, so that what NumPy and a compiler make of them agrees to the last bit.
FLOATS = ("2", "3", "-1.5", "0.5", "-2", "-3", "1.5", "5")
#: Cast towards zero for integer arrays.
INTS = ("2", "3", "-2", "2.7", "-1", "5", "4")


def number(dtype: str) -> Hole:
    options = FLOATS if dtype.startswith("f") else INTS
    return lambda rng: options[rng.integers(len(options))]


def stretch(extent: int, count: int) -> Hole:
    """A slice of ``count`` elements somewhere in ``extent``."""

    def made(rng: np.random.Generator) -> str:
        start = int(rng.integers(extent - count + 1))
        return f"{start}:{start + count}"

    return made


def index(extent: int) -> Hole:
    return lambda rng: str(rng.integers(-extent, extent))


def rows(extent: int, count: int, distinct: bool) -> Hole:
    return lambda rng: str(rng.choice(extent, count, replace=not distinct).tolist())


def elements(shape: tuple[int, ...], dtype: str) -> Hole:
    low = 0 if dtype.startswith("u") else -4
    return lambda rng: str(rng.integers(low, 5, shape).tolist())
