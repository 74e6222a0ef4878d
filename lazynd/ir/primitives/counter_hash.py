"""Random bits by a hash of few multiplications, for masks: quicker than a cipher, and good enough to choose by."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from ..errors import OperatorError
from ..primitive import Primitive
from ..types import Type, require_counted
from ..value import Value
from .elementwise import Array, Samples

#: Odd numbers whose products, with shifts between them, let each bit of a word depend on each other one.
MULTIPLIERS: Final = (0x21F0AAAD, 0xD35A2D97, 0x735A2D97)
SHIFTS: Final = (16, 15, 15, 14)
#: What is added to a word before each of the rounds that make a key: the first digits of the roots of 2, 3, 5 and 7.
ROUND_KEYS: Final = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A)
#: NumPy hashes so many positions at a time: what it computes in between stays in the processor's cache.
_BLOCK: Final = 1 << 14


class HashBits(Primitive):
    """``uint32`` words of a counter-based stream: a hash of the element under a key made of (seed, draw).

    ``seed`` and ``counter`` are 0-d ``uint32``: the same seed and draw number give the same words wherever and with
    whatever they are computed. Each word depends on its own position alone, so that a compiler can compute it where it
    is read.
    """

    name = "hash_bits"

    def infer(self, seed: Type, counter: Type, *, shape: tuple[int, ...]) -> Type:
        if seed.dtype != np.uint32 or counter.dtype != np.uint32:
            raise OperatorError("hash_bits: seed and counter must be uint32")
        require_counted(math.prod(shape), counter.dtype)
        return Type(shape, np.dtype("uint32"), seed.context)

    def vjp(self, g: Value, y: Value, *xs: Value, shape: tuple[int, ...]) -> tuple[None, None]:
        return (None, None)

    def evaluate(self, seed: Array, counter: Array, *, shape: tuple[int, ...]) -> Array:
        words = np.arange(math.prod(shape), dtype=np.uint32)
        with np.errstate(over="ignore"):
            key = key_of(np.uint32(seed), np.uint32(counter))
            for start in range(0, words.size, _BLOCK):
                block = words[start : start + _BLOCK]
                block[...] = hashed(block, *key)
        return words.reshape(shape)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        return [((np.uint32(7), np.uint32(3)), {"shape": (3, 5)}), ((np.uint32(7), np.uint32(3)), {"shape": ()})]


def key_of(seed: Any, counter: Any) -> tuple[Any, Any]:
    """The two words of a key. No two pairs of seed and counter have the same: each round can be undone."""
    one, other = seed, counter
    for word in ROUND_KEYS:
        one, other = other, one ^ _mixed(other + np.uint32(word))
    return one, other


def hashed(position: Any, key: Any, more: Any) -> Any:
    """A word for each ``position`` under a key, in whatever array library the arguments come from.

    Up to the last line no two positions have the same word; that two random numbers may be equal is what it is for.
    """
    return _mixed(position + key, more) + (position ^ more)


def _mixed(x: Any, key: Any = None) -> Any:
    first, *others = SHIFTS
    x = x ^ (x >> np.uint32(first))
    for number, (multiplier, shift) in enumerate(zip(MULTIPLIERS, others, strict=True)):
        x = x * np.uint32(multiplier)
        if key is not None and number == 0:
            x = x ^ key
        x = x ^ (x >> np.uint32(shift))
    return x
