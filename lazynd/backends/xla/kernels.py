"""Kernels of convolutions, kept in the order of axes in which XLA's convolution on a CPU reads them.

MXNet's order is [output, input, height, width]. XLA reads height, width, input, output, and would transpose a kernel
in each run of a program: of a step of ResNet-18 on a batch of two images that takes two fifths. So the buffer of such
a kernel is a ``Kernel``, and so are those of what is computed with it element by element: its gradient, what an
optimizer remembers of it, the kernel after the update. Whoever reads one sees MXNet's order.

Which inputs and outputs of a program are kernels is found in its graph; see ``layout.py``. While the graph is
lowered they are views; see ``views.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from .contexts import undisturbed
from .results import await_one

#: The order of axes, of MXNet's [output, input, height, width], and that of the way back.
AXES: Final = (2, 3, 1, 0)
BACK: Final = (3, 2, 0, 1)


class Kernel:
    """An array whose values are those of ``array`` with its axes in the order ``BACK``."""

    __slots__ = ("array",)

    def __init__(self, array: Any) -> None:
        self.array = array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """For NumPy, and so for what computes with it: the NumPy backend, and what moves data on the host."""
        found = on_host(self)
        return found if dtype is None else found.astype(dtype, copy=False)


def on_host(kernel: Kernel) -> np.ndarray[Any, Any]:
    """A private copy of the values of ``kernel`` in MXNet's order; waits for it."""
    await_one(kernel.array)
    with undisturbed():
        return np.array(np.transpose(np.asarray(kernel.array), BACK), order="C")


@dataclass(frozen=True, slots=True)
class Kernels:
    """The numbers of a program's inputs and of its outputs that are kernels."""

    inputs: frozenset[int] = frozenset()
    outputs: frozenset[int] = frozenset()

    def numbers(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Both in order."""
        return tuple(sorted(self.inputs)), tuple(sorted(self.outputs))


NO_KERNELS: Final = Kernels()
