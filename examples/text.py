"""The text that the language models learn: the Declaration of Independence of the United States, 1776.

It is in the public domain.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import numpy as np

from lazynd import nd

TEXT = (pathlib.Path(__file__).parent / "data" / "declaration.txt").read_text(encoding="utf-8").lower()
#: Each character has the number of its place here.
CHARACTERS = sorted(set(TEXT))
NUMBERS = np.array([CHARACTERS.index(each) for each in TEXT], np.float32)


class Batches:
    """Pieces of ``batch`` stretches of the text, side by side: inputs and targets of [steps, batch].

    A piece goes on where the one before ended, so that the state of a network goes on too.
    """

    def __init__(self, batch: int, steps: int) -> None:
        length = (len(NUMBERS) - 1) // batch
        self._inputs = NUMBERS[: batch * length].reshape(batch, length).T.copy()
        self._targets = NUMBERS[1 : batch * length + 1].reshape(batch, length).T.copy()
        self._steps = steps

    def __len__(self) -> int:
        return len(self._inputs) // self._steps

    def __iter__(self) -> Iterator[tuple[nd.NDArray, nd.NDArray]]:
        for start in range(0, len(self) * self._steps, self._steps):
            piece = slice(start, start + self._steps)
            yield nd.array(self._inputs[piece]), nd.array(self._targets[piece])


def shown(numbers: list[int]) -> str:
    """The text of some characters' numbers."""
    return "".join(CHARACTERS[number] for number in numbers).replace("\n", " ")
