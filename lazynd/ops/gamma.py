"""Gamma numbers, in blocks that share what they need when a candidate is refused."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.control import cond
from ..ir.types import FLOAT64, INT32
from .random import Stream, fraction, normal_of

#: So many numbers share so many candidates beside one each. One is refused with probability 0.049 at most, so that more
#: are needed than there are for one number in 2 billion, which takes another value. Where fewer numbers have a
#: parameter in common, each has ``_ALONE`` more of its own.
_SHARING: Final = 16
_SHARED: Final = 10
_ALONE: Final = 5


@dataclass(frozen=True)
class Blocks:
    """How numbers of ``shape`` are laid out: [``size``, ``lines``, columns], parameters being equal along a line.

    A block is the ``size`` numbers at one place of a line, which share ``spare`` candidates. ``count`` numbers of each
    line are wanted.
    """

    shape: tuple[int, ...]
    size: int
    spare: int
    lines: int
    count: int

    @classmethod
    def of(cls, parameter: Sequence[int], shape: Sequence[int]) -> Blocks:
        """For a parameter, a number or an array that broadcasts to ``shape``."""
        differ = [axis for axis, n in enumerate(parameter) if n != 1]
        split = differ[-1] + 1 if differ else 0
        lines, count = math.prod(shape[:split]), math.prod(shape[split:])
        if count >= _SHARING:
            return cls(tuple(shape), _SHARING, _SHARED, lines, count)
        return cls(tuple(shape), 1, _ALONE, lines * count, 1)

    @property
    def columns(self) -> int:
        return -(-self.count // self.size)

    @property
    def candidates(self) -> int:
        return self.size + self.spare

    def words(self, draw: Stream, rows: int, dtype: np.dtype[Any]) -> tuple[Value, Value | None]:
        """[rows, lines, columns] random words, and as many more of float64."""
        wide = dtype == FLOAT64
        made = ir.random_bits(*draw, (1 + wide, rows, self.lines, self.columns))
        return ir.row(made, 0), ir.row(made, 1) if wide else None

    def lined(self, parameter: Value) -> Value:
        """A parameter of ``shape``, with an element a line; a number stays one."""
        if not parameter.ndim:
            return parameter
        wide = ir.broadcast_to(parameter, self.shape) if self.size == 1 else parameter
        return ir.reshape(wide, (1, self.lines, 1))

    def restored(self, x: Value) -> Value:
        """Numbers in blocks as ``shape``."""
        rows = ir.reshape(ir.transpose(x, (1, 0, 2)), (self.lines, self.size * self.columns))
        return ir.reshape(ir.slice_(rows, (0, 0), (self.lines, self.count)), self.shape)


def rows_of_gamma(blocks: Blocks) -> int:
    """How many rows of words gamma numbers take."""
    return 2 * blocks.candidates + blocks.size


def rows(words: tuple[Value, Value | None], start: int, stop: int) -> tuple[Value, Value | None]:
    """Rows ``start`` to ``stop`` of words."""
    first, more = words
    return part(first, start, stop), None if more is None else part(more, start, stop)


def part(x: Value, start: int, stop: int) -> Value:
    none = (0,) * (x.ndim - 1)
    return ir.slice_(x, (start, *none), (stop, *x.shape[1:]))


def gamma_of(words: tuple[Value, Value | None], alpha: Value, blocks: Blocks) -> Value:
    """Gamma numbers of shape ``alpha`` (as ``Blocks.lined`` has it) and scale 1, in blocks.

    By Marsaglia and Tsang, "A simple method for generating gamma variables", 2000: a cubed normal number, accepted or
    not; for a shape below 1 by a power of another one.
    """
    n = blocks.candidates
    small = alpha < 1
    d = ir.select(small, alpha + 1, alpha) - 1 / 3
    off = normal_of(*rows(words, 0, n)) * ir.rsqrt(9 * d)
    possible = off > -1
    cube = ir.square(1 + off) * (1 + off)
    # 1 - cube + log(cube), of which large shapes leave little: in powers of what is small.
    bound = 3 * ir.log1p(ir.select(possible, off, 0.0)) - off * (3 + off * (3 + off))
    bound = d * (4.5 * off * off + bound)
    accepted = possible & (ir.log(1 - fraction(*rows(words, n, 2 * n))) < bound)
    u = fraction(*rows(words, 2 * n, 2 * n + blocks.size))
    refused, further = ~part(accepted, 0, blocks.size), part(accepted, blocks.size, n)
    # In each block, refused candidates and further ones that are accepted are numbered from 1: equal numbers meet.
    turn, number = (ir.cumsum(ir.convert(each, INT32), 0) for each in (refused, further))
    given = (cube, accepted, turn, number, u, d, alpha)
    (made,) = cond(ir.max(small) if small.size > 1 else ir.reshape(small, ()), _powers, _chosen, given)
    return made


def _chosen(cube: Value, accepted: Value, turn: Value, number: Value, u: Value, d: Value, alpha: Value) -> tuple[Value]:
    """Gamma numbers of shapes from 1 on: in place of a refused candidate a further one, or 1 if none is left."""
    size = turn.shape[0]
    refused = ~part(accepted, 0, size)
    made = ir.select(refused, 1.0, part(cube, 0, size))
    for k in range(number.shape[0]):
        hit = refused & part(accepted, size + k, size + k + 1) & (turn == part(number, k, k + 1))
        made = ir.select(hit, part(cube, size + k, size + k + 1), made)
    return (d * made,)


def _powers(cube: Value, accepted: Value, turn: Value, number: Value, u: Value, d: Value, alpha: Value) -> tuple[Value]:
    """The same where some shapes are below 1, each of which takes a power of a uniform number ``u``."""
    (made,) = _chosen(cube, accepted, turn, number, u, d, alpha)
    return (made * ir.select(alpha < 1, ir.exp(ir.log(1 - u) / alpha), 1.0),)


def standard_gamma(draw: Stream, shape: Sequence[int], dtype: np.dtype[Any], alpha: Value) -> Value:
    """Gamma numbers of scale 1 in float32 or float64; ``alpha``, a number or an array, broadcasts to ``shape``."""
    if 0 in shape:
        return ir.full(shape, 0, dtype, alpha.context)
    blocks = Blocks.of(alpha.shape, shape)
    words = blocks.words(draw, rows_of_gamma(blocks), dtype)
    return blocks.restored(gamma_of(words, blocks.lined(alpha), blocks))
