"""What a move of an aliasing program is: it adds a line or a few, and names the event that it is."""

from __future__ import annotations

from collections.abc import Callable

from .generate import Builder
from .model import Array

Move = Callable[[Builder], str | None]
Moves = list[tuple[float, Move]]


def registry() -> tuple[Moves, Callable[[float], Callable[[Move], Move]]]:
    """A list of moves with their weights, and the decorator that adds to it."""
    moves: Moves = []

    def move(weight: float) -> Callable[[Move], Move]:
        def register(function: Move) -> Move:
            moves.append((weight, function))
            return function

        return register

    return moves, move


def is_float(a: Array) -> bool:
    return a.data.dtype.kind == "f"


def filled(a: Array) -> bool:
    return a.data.size > 0
