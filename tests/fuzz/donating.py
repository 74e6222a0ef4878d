"""The interpreter with buffers that die: what a program takes over is overwritten, as on a real device."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from lazynd.backends.numpy import Interpreted, NumpyBackend
from lazynd.ir.graph import Graph

#: Every byte of a buffer that was given up.
SPOILT = 0x7B


class Donating(Interpreted):
    def __init__(self, graph: Graph, slots: int, donate: Sequence[int]) -> None:
        super().__init__(graph, slots)
        self.donate = tuple(donate)

    def __call__(self, buffers: Sequence[Any], scalars: Sequence[Any]) -> list[Any]:
        results = super().__call__(buffers, scalars)
        for number in self.donate:
            buffers[number].reshape(-1).view(np.uint8)[:] = SPOILT
        return results


class DonatingBackend(NumpyBackend):
    """Programs of the interpreter that use up their donated inputs."""

    name = "donating"

    def compile(
        self, graph: Graph, slots: int, donate: Sequence[int], keep: bool, given_kernels: Collection[int] = ()
    ) -> tuple[Any, bool]:
        return Donating(graph, slots, donate), False
