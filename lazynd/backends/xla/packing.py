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

UINT32: Final = np.dtype("uint32")


class Packing:
    """Where each slot lies: one word, two for 64-bit types."""

    def __init__(self, types: Sequence[Type]) -> None:
        self.types = list(types)
        self.offsets: list[int] = []
        self.words = 0
        for type in types:
            self.offsets.append(self.words)
            self.words += 2 if type.dtype.itemsize == 8 else 1
        #: Whether a slot is a float, for types that ``struct`` packs: the usual ones.
        self._floats = [t.dtype == FLOAT32 for t in types]
        usual = all(t.dtype == FLOAT32 or t.dtype == INT32 or t.dtype == UINT32 for t in types)
        layout = "".join("f" if is_float else "I" for is_float in self._floats)
        self._struct = struct.Struct(f"={layout}") if usual else None
        self._all_float = all(self._floats)

    def pack(self, scalars: Sequence[Any]) -> bytes:
        """The words of ``scalars``, each cast to its slot's dtype by MXNet's rule."""
        if self._struct is not None:
            try:
                if self._all_float:
                    return self._struct.pack(*scalars)
                pairs = zip(scalars, self._floats, strict=True)
                return self._struct.pack(*[v if is_float else v & 0xFFFFFFFF for v, is_float in pairs])
            except (struct.error, OverflowError, TypeError):
                pass  # too big for a float, or a float for an int: as below
        words = np.zeros(self.words, np.uint32)
        raw = words.view(np.uint8)
        for value, type, offset in zip(scalars, self.types, self.offsets, strict=True):
            cast = np.frombuffer(cast_scalar(value, type).tobytes(), np.uint8)
            raw[4 * offset : 4 * offset + len(cast)] = cast
        return words.tobytes()

    def unpack(self, packed: jax.Array) -> list[jax.Array]:
        """Inside the program: each slot as a 0-d array of its type."""
        return [self._slot(packed, type, offset) for type, offset in zip(self.types, self.offsets, strict=True)]

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
