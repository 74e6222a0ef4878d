"""Scalars of a program packed into one array of 32-bit words: casting on the host, bit-casting inside."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Final

import jax
import numpy as np
from jax import lax

from ...ir.types import FLOAT32, INT32, Type
from ..protocol import cast_scalar

#: How ``struct`` calls the dtypes that most slots have.
_CODES: Final = {FLOAT32: "f", INT32: "i", np.dtype("uint32"): "I"}


class Packing:
    """Where each slot lies: one word, two for 64-bit types. With ``zero``, a word more is 0."""

    def __init__(self, types: Sequence[Type], zero: bool = False) -> None:
        self.types = list(types)
        self.offsets: list[int] = []
        self.words = 0
        self.has_zero = zero
        for type in types:
            self.offsets.append(self.words)
            self.words += 2 if type.dtype.itemsize == 8 else 1
        self.words += zero
        codes = [_CODES.get(t.dtype) for t in types]
        #: Packs the usual types, and values that they hold.
        self._struct = None if None in codes else struct.Struct(f"={''.join(map(str, codes))}{'4x' * zero}")

    def pack(self, scalars: Sequence[Any]) -> bytes:
        """The words of ``scalars``, each cast to its slot's dtype by MXNet's rule."""
        if self._struct is not None:
            try:
                return self._struct.pack(*scalars)
            except (struct.error, OverflowError):
                pass  # too big for its type, or a float for an int: as below
        words = np.zeros(self.words, np.uint32)
        raw = words.view(np.uint8)
        for value, type, offset in zip(scalars, self.types, self.offsets, strict=True):
            cast = np.frombuffer(cast_scalar(value, type).tobytes(), np.uint8)
            raw[4 * offset : 4 * offset + len(cast)] = cast
        return words.tobytes()

    def unpack(self, packed: jax.Array) -> list[jax.Array]:
        """Inside the program: each slot as a 0-d array of its type."""
        return [self._slot(packed, type, offset) for type, offset in zip(self.types, self.offsets, strict=True)]

    def zero(self, packed: jax.Array) -> jax.Array:
        """Inside the program: the word that is 0."""
        return packed[self.words - 1]

    def _slot(self, packed: jax.Array, type: Type, offset: int) -> jax.Array:
        dtype = type.dtype
        if dtype.itemsize == 8:
            return lax.bitcast_convert_type(packed[offset : offset + 2], dtype)
        word = packed[offset]
        if dtype.itemsize == 4:
            return lax.bitcast_convert_type(word, dtype)
        if dtype.kind == "b":
            return (word & np.uint32(1)) != np.uint32(0)
        narrow = np.dtype(f"uint{dtype.itemsize * 8}")
        return lax.bitcast_convert_type(lax.convert_element_type(word, narrow), dtype)
