"""Classes drawn by Zipf's law, all different."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.control import Values, while_
from ..ir.types import FLOAT64, INT32, require
from .kinds import Draw, Shape
from .operator import numbered, op
from .partial import DTypes
from .random import uniform

INT64: Final = np.dtype("int64")
#: No draw needs so many rounds: all of n classes are among n log(n)^2 draws or so, and a round has n.
_ROUNDS: Final = 1 << 20


def _classes(draw: tuple[Value, Value], shape: tuple[int, ...], range_max: int) -> Value:
    """Classes below ``range_max``, c with the probability ``log((c + 2) / (c + 1)) / log(range_max + 1)``."""
    grown = ir.exp(uniform(draw, shape, FLOAT64) * math.log(range_max + 1))
    return ir.minimum(ir.convert(grown, INT64) - 1, range_max - 1)


def _first_times(classes: Value, line: Value) -> Value:
    """1 where a class is in its line for the first time, else 0."""
    place = ir.iota(classes.shape, 1, INT32, classes.context)
    ordered, places = ir.sort(classes, place, axis=1)
    lines, count = classes.shape
    before = ir.slice_(ordered, (0, 0), (lines, count - 1))
    differs = ir.convert(ir.slice_(ordered, (0, 1), (lines, count)) != before, INT32)
    first = ir.pad(differs, 1, (0, 1), (0, 0))
    return ir.scatter(first, first, [line, places], (0, 1), "set")


def _dtypes(known: DTypes, **attributes: object) -> None:
    for number in range(2):
        known.learn_output(INT64, number)


@op(
    samples=lambda rng: [((), {"range_max": 20, "shape": (2, 5)}), ((), {"range_max": 4, "shape": (1, 4)})],
    method=False,
    differentiable=False,
    dtypes=_dtypes,
    outputs=lambda attributes: numbered(2),
)
def _sample_unique_zipfian(*, range_max: int, shape: Shape = (), draw: Draw) -> Values:
    """Classes below ``range_max`` drawn by Zipf's law until there are enough different ones: int64 of ``shape``.

    ``shape`` is (lines, classes in a line). Class c has the probability ``log((c + 2) / (c + 1)) / log(range_max + 1)``
    in each draw. The second result says how many draws each line took.
    """
    require(len(shape) == 2, f"shape must be (lines, classes in a line), got {shape}")
    lines, count = shape
    require(count <= range_max, "Number of samples cannot exceed the number of possible classes")
    context = draw[0].context
    none = ir.full((lines, count), range_max, INT64, context)
    tries = ir.full((lines,), 0, INT64, context)
    if 0 in shape:
        return none, tries
    # Each round has words of a stream of its own, of which a draw says the seed.
    seed = ir.random_bits(draw[0], draw[1], ())
    start = (none, tries, ir.full((), 0, seed.dtype, context))

    def unfinished(state: Values, _: Values) -> Value:
        return ir.max(state[0]) == range_max

    def step(state: Values, constants: Values) -> tuple[Values, Values]:
        """A round: ``count`` draws behind the classes that are there."""
        found, tries, number = state
        drawn = _classes((constants[0], number), shape, range_max)
        both = ir.concatenate([found, drawn], 1)
        line = ir.iota(both.shape, 0, INT32, context)
        new = (_first_times(both, line) == 1) & (both < range_max)
        order = ir.cumsum(ir.convert(new, INT32), 1)
        taken = new & (order <= count)
        places = [line, ir.select(taken, order - 1, count)]  # the column behind the last is for all others
        room = ir.full((lines, count + 1), range_max, INT64, context)
        kept = ir.slice_(ir.scatter(room, both, places, (0, 1), "set"), (0, 0), shape)
        # Columns before the one that completes a line, of which the first ``count`` are no draws.
        before = ir.sum(ir.convert(order < count, INT64), 1)
        return (kept, tries + ir.minimum(before - (count - 1), count), number + 1), ()

    (classes, tries, _), _ = while_(unfinished, step, start, (seed,), limit=_ROUNDS)
    return classes, tries
