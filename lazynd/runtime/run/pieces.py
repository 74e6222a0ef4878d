"""Pieces of plans that run as one program each, one after the other.

A plan is cut once, as a whole: which results a piece returns follows from the whole plan, for those that a later piece
reads are known there. So cutting a plan into many pieces takes no more time than planning it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from ...ir.node import Node, Output
from .liveness import Ref
from .moves import move, only_moves
from .plan import Plan, plan_of
from .repeats import Repeat

#: A piece where a sequence repeats has at most so many items, or is one period.
PIECE: Final = 128


class Piece(NamedTuple):
    """Items that run as one program, or are one node that ``moves`` data on the host.

    ``outputs``: the positions of those that it returns. ``last``: nothing of the run comes later.
    """

    items: list[Ref]
    outputs: list[int]
    last: bool
    moves: bool


def ends_of(items: Sequence[Ref], repeats: Sequence[Repeat], limit: int) -> list[int]:
    """Where the pieces of ``items`` end: after whole periods where it repeats, after ``limit`` items elsewhere.

    What joins or parts many arrays is a piece of its own: as part of a program it would have code for each of them.
    """
    ends: list[int] = []
    at = 0
    for repeat in repeats:
        ends += _ends_between(items, at, repeat.start, limit)
        at = repeat.start
        for periods in _shares(repeat, max(min(PIECE, limit) // repeat.period, 1)):
            at += periods * repeat.period
            ends.append(at)
    ends += _ends_between(items, at, len(items), limit)
    return _between_nodes(items, ends)


def _ends_between(items: Sequence[Ref], low: int, high: int, limit: int) -> Iterator[int]:
    """Where pieces end in a stretch that does not repeat."""
    for number in range(low, high):
        if number - low == limit:
            yield number
            low = number
        if _is_move(items[number]):
            if number > low:
                yield number
            yield number + 1
            low = number + 1
    if high > low:
        yield high


def _is_move(item: Ref) -> bool:
    return isinstance(item, Node) and item.spec is not None and only_moves(item.spec)


def _shares(repeat: Repeat, most: int) -> Iterator[int]:
    """Of how many periods, at most ``most``, the pieces of ``repeat`` are: of as few different numbers as possible.

    A loop whose length changes needs few numbers for all lengths: the most, and the powers of four for what is left.

    >>> list(_shares(Repeat(0, 10, 30), 12))
    [10, 10, 10]
    >>> list(_shares(Repeat(0, 10, 30, changes=True), 12))
    [12, 12, 4, 1, 1]
    """
    if not repeat.changes:
        exact = [number for number in range(most, most // 2, -1) if not repeat.count % number]
        most = exact[0] if exact else -(-repeat.count // -(-repeat.count // most))
    for _ in range(repeat.count // most):
        yield most
    left = repeat.count % most
    if left and not repeat.changes:
        yield left
        return
    power = 4 ** (left.bit_length() // 2)
    while left:
        yield from [power] * (left // power)
        left, power = left % power, power // 4


def _between_nodes(items: Sequence[Ref], ends: Sequence[int]) -> list[int]:
    """``ends`` moved on so that each node has all its outputs in its piece, without those that then are equal."""
    moved: dict[int, None] = {}
    for end in ends:
        while end < len(items) and items[end].__class__ is Output:
            end += 1
        moved[end] = None
    return list(moved)


def cut(plan: Plan, ends: Sequence[int], repeats: Sequence[Repeat], complete: bool) -> list[Piece]:
    """``plan`` in pieces, the last one first; ``complete`` if the plan is all that is left of its run."""
    wanted = _wanted(plan, ends)
    _make_alike(wanted, ends, repeats)
    pieces: list[Piece] = []
    high = len(plan.items)
    for low in [*reversed(ends[:-1]), 0]:
        outputs = np.flatnonzero(wanted[low:high]).tolist()
        if outputs:
            items = list(plan.items[low:high])
            alone = all(item.node is items[0] for item in items)
            pieces.append(Piece(items, outputs, complete and not pieces, alone and _is_move(items[0])))
        high = low
    return pieces


def _wanted(plan: Plan, ends: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which items of ``plan`` are returned by their piece: outputs of the plan, and what a later piece reads."""
    wanted = np.zeros(len(plan.items), np.bool_)
    wanted[plan.outputs] = True
    read: set[int] = set()
    low, high = 0, ends[0]
    following = iter(ends[1:])
    number = -1
    positions = [i for i, item in enumerate(plan.items) if item.__class__ is Node]
    for entry in plan.key[: len(plan.key) - len(plan.outputs)]:
        if entry.__class__ is not int:  # the operator of the next node; what it reads follows
            number += 1
            while positions[number] >= high:
                low, high = high, next(following)
        elif 0 <= entry < low:
            read.add(entry)
    wanted[list(read)] = True
    return wanted


def _make_alike(
    wanted: np.ndarray[tuple[int], np.dtype[np.bool_]], ends: Sequence[int], repeats: Sequence[Repeat]
) -> None:
    """Let all pieces of a repeat return what one of them returns of its last period.

    The variables of a loop outlive its last round only. Without this its last piece would be another program.
    """
    for repeat in repeats:
        inside = [end for end in ends if repeat.start < end <= repeat.end]
        if inside and repeat.start + repeat.period <= inside[0]:
            rows = np.array(inside)[:, None] + np.arange(-repeat.period, 0)
            wanted[rows] = wanted[rows].any(axis=0)


def plan_of_next(pieces: list[Piece]) -> Plan | None:
    """The plan of the next piece; those that ran are dropped, those that move data run. None if there is none.

    If only some items of a piece ran, for another thread or in a failed attempt, all that is left has to be planned
    anew: then no piece stays.
    """
    while pieces:
        piece = pieces[-1]
        left = sum(map(_is_pending, piece.items))
        if left == len(piece.items):
            if piece.moves and all(ref.value is not None for ref in piece.items[0].node.inputs or ()):
                move(piece.items)
                continue
            plan = plan_of(piece.items, piece.outputs)
            plan.last = piece.last
            if not plan.foreign:
                return plan
        if left:
            pieces.clear()
        else:
            pieces.pop()
    return None


def _is_pending(item: Ref) -> bool:
    if item.value is not None:
        return False
    node = item.node
    return node is not None and node.inputs is not None
