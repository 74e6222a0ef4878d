"""Functions of NumPy arrays with the bits of compiled programs, for the interpreter.

A function of an array of any shape is computed in blocks of two sizes, by programs that are compiled once for a
function and a dtype (and are kept on disk like others): nothing is compiled for a shape. Since functions are lowered so
that what surrounds a number does not matter, blocks give the bits that a program of the whole array gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from ...ir.graph import Graph, graph_of
from ...ir.primitive import PRIMITIVES
from ...ir.types import FLOAT64, Type
from ..protocol import EXACT_SIZE, FUNCTIONS, Executable

Array = np.ndarray[Any, Any]
#: Numbers in a block: a call costs what 10,000 numbers cost, so that smaller blocks would not be quicker.
SMALL, LARGE = 4096, 65536
assert SMALL > EXACT_SIZE, "smaller arrays are computed in another precision"


class Functions:
    """``FUNCTIONS`` of arrays; ``compile`` makes a program of a graph."""

    def __init__(self, compile: Callable[[Graph], Executable]) -> None:
        self._compile = compile
        self._programs: dict[tuple[str, np.dtype[Any], int], Executable] = {}

    def __call__(self, name: str, *arrays: Array) -> Array:
        """The primitive ``name`` of ``FUNCTIONS`` on each element, as a program computes it for an array of this size.

        ``arrays`` are its one or two operands, of one shape and dtype: float32 with more than ``EXACT_SIZE`` elements,
        or float64 with any number. The result is new. The first call for a function, dtype and size of blocks compiles
        (or loads) a program; whatever fails there is raised as it is.

        >>> from lazynd.backends import get_backend
        >>> x = np.linspace(0, 3, 5000, dtype="float32")
        >>> get_backend("xla").function("exponential", x)[:2]
        array([1.       , 1.0006003], dtype=float32)
        """
        shape, dtype = arrays[0].shape, arrays[0].dtype
        if name not in FUNCTIONS or any((x.shape, x.dtype) != (shape, dtype) for x in arrays):
            raise ValueError(f"no function of FUNCTIONS on arrays of one type: {name} of {[x.dtype for x in arrays]}")
        if dtype != FLOAT64 and (dtype != np.float32 or arrays[0].size <= EXACT_SIZE):
            raise ValueError(f"{name} of {arrays[0].size} numbers of {dtype} is not computed in that precision")
        flat = [x.reshape(-1) for x in arrays]
        made = np.empty(flat[0].size, dtype)
        for start, stop, size in _blocks(made.size):
            given = [_filled(x[start:stop], size) for x in flat]
            program = self._program(name, dtype, size, len(flat))
            with jax.enable_x64(True):
                (found,) = program(given, ())
            made[start:stop] = np.asarray(found)[: stop - start]
        return made.reshape(shape)

    def _program(self, name: str, dtype: np.dtype[Any], size: int, operands: int) -> Executable:
        found = self._programs.get((name, dtype, size))
        if found is None:
            spec = PRIMITIVES[name].specialize((Type((size,), dtype),) * operands, {})
            found = self._programs.setdefault((name, dtype, size), self._compile(graph_of(spec)))
        return found


def _blocks(count: int) -> Iterator[tuple[int, int, int]]:
    """Where each block of ``count`` numbers starts and stops, and how many it has room for."""
    start = 0
    while start < count:
        size = LARGE if count - start > 4 * SMALL else SMALL
        yield start, min(start + size, count), size
        start += size


def _filled(part: Array, size: int) -> Array:
    """``part`` in a block of ``size`` numbers, the others 1."""
    if part.size == size:
        return part
    block = np.ones(size, part.dtype)
    block[: part.size] = part
    return block
