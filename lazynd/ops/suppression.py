"""Which boxes are left of those that overlap much: greedy suppression, best first, block by block.

A block of rows is compared with the kept rows of earlier blocks, then with itself. That is as many comparisons as the
greedy loop makes, in a few hundred times fewer steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from ..ir import build as ir
from ..ir.build import Value
from ..ir.control import while_
from ..ir.types import INT32
from .boxes import at_places, corners, overlap

#: Rows of a block. The comparisons of two blocks stay in the cache of a core.
_BLOCK: Final = 256

#: Whether rows drop others: (numbers of the former [n, b, 1], those of the latter [n, 1, b], constants) to [n, b, b].
Drops = Callable[[Sequence[Value], Sequence[Value], Sequence[Value]], Value]


def suppressed(
    boxes: Value,
    classes: Value | None,
    alive: Value,
    threshold: Value,
    border: float = 0.0,
    beyond: bool = False,
) -> Value:
    """Which of the boxes [n, k, 4], the best first, are kept: ``alive`` [n, k] ones that no better box of their class
    overlaps by ``threshold``.

    By more than that, if ``beyond``. A box that is dropped drops no other. All are of one class where none is given.
    """

    def drops(better: Sequence[Value], worse: Sequence[Value], constants: Sequence[Value]) -> Value:
        common = overlap(better[:4], worse[:4], border)
        much = common > constants[0] if beyond else common >= constants[0]
        return much if classes is None else much & (better[4] == worse[4])

    rows = [*corners(boxes), *([] if classes is None else [classes])]
    places, count = survivors(rows, alive, drops, (threshold,))
    n, k = alive.shape
    kept = ir.full((n, k + 1), False, alive.dtype, alive.context)
    within = ir.iota((n, k), 1, INT32, alive.context) < count
    at = [ir.iota((n, k), 0, INT32, alive.context), ir.select(within, places, k)]
    return ir.slice_(ir.scatter(kept, within, at, (0, 1), "set"), [0, 0], [n, k])


def survivors(
    rows: Sequence[Value], alive: Value, drops: Drops, constants: Sequence[Value] = ()
) -> tuple[Value, Value]:
    """The places [n, k] of the rows that are kept, the best first, and how many they are [n, 1].

    ``rows`` are numbers [n, k] of each row, the best row first. One is kept if it is ``alive`` [n, k] and no better row
    that is kept ``drops`` it. What stands behind the last place means nothing.
    """
    n, k = alive.shape
    context = alive.context
    if not n * k:
        return ir.full((n, k), 0, INT32, context), ir.full((n, 1), 0, INT32, context)
    block = min(_BLOCK, k)
    blocks = -(-k // block)
    filled = [_filled(each, blocks * block) for each in (*rows, alive)]
    place = ir.iota((n, k), 1, INT32, context)
    end = ir.max(ir.select(alive, place + 1, 0))
    given = [*(ir.stop_gradient(each) for each in filled), end, *constants]

    def more(state: Any, given: Any) -> Any:
        return state[0] * block < given[len(filled)]

    def step(state: Any, given: Any) -> Any:
        number, places, count = state
        (*columns, living), constants = given[: len(filled)], given[len(filled) + 1 :]
        here = [_block(each, number * block, block) for each in columns]
        left = _unless_dropped(columns, here, _block(living, number * block, block), places, count, drops, constants)
        left = _settled(here, left, drops, constants)
        rank = ir.cumsum(ir.convert(left, INT32), 1)
        at = [ir.iota((n, block), 0, INT32, context), ir.select(left, count + rank - 1, blocks * block)]
        own = ir.iota((n, block), 1, INT32, context) + number * block
        places = ir.scatter(places, own, at, (0, 1), "set")
        return (number + 1, places, count + ir.slice_(rank, [0, block - 1], [n, block])), ()

    start = [ir.full(shape, 0, INT32, context) for shape in ((), (n, blocks * block + 1), (n, 1))]
    (_, places, count), _ = while_(more, step, start, given, limit=blocks)
    return ir.slice_(places, [0, 0], [n, k]), count


def _filled(rows: Value, k: int) -> Value:
    return ir.pad(rows, 0, [0, 0], [0, k - rows.shape[1]]) if k > rows.shape[1] else rows


def _block(rows: Value, start: Value, size: int) -> Value:
    n = rows.shape[0]
    return ir.dynamic_slice(rows, [ir.full((), 0, INT32, rows.context), start], [n, size])


def _dropped(by: Value, drops: Value) -> Value:
    """[n, b]: whether any row of those in ``by`` [n, b] drops each."""
    return ir.max(ir.expand_dims(by, 2) & drops, 1)


def _pairs(better: Sequence[Value], worse: Sequence[Value], drops: Drops, constants: Sequence[Value]) -> Value:
    return drops([ir.expand_dims(each, 2) for each in better], [ir.expand_dims(each, 1) for each in worse], constants)


def _unless_dropped(
    columns: Sequence[Value], here: Sequence[Value], left: Value, places: Value, count: Value, drops: Drops,
    constants: Sequence[Value],
) -> Value:  # fmt: skip
    """Those ``left`` of the rows ``here`` that none of the kept ones drops, a block of kept ones after the other."""
    n, block = left.shape
    if columns[0].shape[1] == block:
        return left
    width = len(columns)

    def more(state: Any, given: Any) -> Any:
        return state[0] * block < ir.max(given[1])

    def step(state: Any, given: Any) -> Any:
        number, left = state
        places, count, columns, here = given[0], given[1], given[2 : 2 + width], given[2 + width : 2 + 2 * width]
        at = _block(places, number * block, block)
        kept = ir.iota((n, block), 1, INT32, left.context) + number * block < count
        much = _pairs([at_places(each, at) for each in columns], here, drops, given[2 + 2 * width :])
        return (number + 1, left & ~_dropped(kept, much)), ()

    given = [places, count, *columns, *here, *constants]
    limit = columns[0].shape[1] // block - 1
    (_, left), _ = while_(more, step, (ir.full((), 0, INT32, left.context), left), given, limit=limit)
    return left


def _settled(rows: Sequence[Value], left: Value, drops: Drops, constants: Sequence[Value]) -> Value:
    """Those ``left`` of the ``rows`` that no better one of them drops which stays.

    Who stays among the first j is right after j rounds, and mostly after a few; nothing changes then.
    """
    block = left.shape[1]
    better = ir.iota((block, block), 0, INT32, left.context) < ir.iota((block, block), 1, INT32, left.context)
    much = _pairs(rows, rows, drops, constants) & better

    def more(state: Any, given: Any) -> Any:
        return state[1]

    def step(state: Any, given: Any) -> Any:
        stays = given[0] & ~_dropped(state[0], given[1])
        return (stays, ir.max(stays ^ state[0])), ()

    (stays, _), _ = while_(
        more, step, (left, ir.full((), True, left.dtype, left.context)), (left, much), limit=block + 1
    )
    return stays
