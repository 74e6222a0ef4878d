"""Liveness: which values something else may still want, told by counting references.

This is the only module that calls ``sys.getrefcount``. Nothing is registered while recording; the count of references
that Python keeps for every object anyway is the bookkeeping. It rests on these facts.

**Who refers to a pending item** (a ``Node``, or an ``Output`` of one):

- from outside: the cell of an array handle, an entry of the tape, the list of what a fence found live
  (``Region.kept``), a pending node of another region, the root of a force, another thread that is recording;
- from inside: the nodes of the same plan that read it, once for each input (``uses``), and an ``Output`` its node;
- the engine's own holders, which are three at the moment of the question: the region's list of items, the list of
  items that the plan is made from, and one dictionary that has the items as its keys.

So an item is referred to from outside exactly if its count exceeds ``uses`` plus what the three holders and the call of
``getrefcount`` add. That sum is not written down but measured when this module is imported (``_measure_item``): it
differs between versions of Python. A value that is wanted from outside is an output of the program; any other is not
computed, or dies inside the program.

**Who refers to a leaf** (data, or a value computed before) of a plan: the plan's nodes that read it, the plan's list of
leaves, and whoever else still wants it. If nobody does, and nothing but the leaf refers to its buffer, then the program
may take the buffer over (donation).

A region goes on listing an item that ran in a part of a plan, or for another thread, until the region is finished. As a
leaf of the next plan such an item counts as wanted, so its buffer is copied instead of donated: slower, and right.

**What breaks it.** One reference too many makes a value look wanted: the program returns more than it has to, has
another key, and donates less. One too few would lose a value that somebody wants. Therefore, between the making of the
list of items and the call of these functions, a caller

- holds no item and no leaf in a variable, except the root, which is an output in any case. A loop variable lives on
  after its loop, and ``enumerate`` keeps the last pair that it gave;
- makes no second list of the items, and drops a plan before it makes the next one, for its lists count as well;
- is in an undivided section (``guard.sections``): the lists of another thread that plans or publishes would count, and
  a finalizer or a handler of a signal could start to plan the same items;
- keeps no exception of an earlier attempt: its traceback holds the frames and their variables.

A plan that is cut in pieces (``pieces.py``) is asked about once, as a whole. The pieces that wait hold their items; if
another plan is made of these meanwhile, they look wanted: it returns more than it has to, and is right.

A thread that records needs no lock. What it is about to read it refers to, so that is wanted from outside.

``tests/runtime/test_liveness.py`` compares, for every way to come here, the outputs and donations of the program with
those that are due, and fails if a caller holds one reference too many.

**The interpreter.** Where Python has its global lock, counts are exact, and no other thread runs while C code counts
all items in one go. A free-threaded interpreter splits and defers its counts; there ``EXACT`` is False, every item is
an output and nothing is donated: slower, and right.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from operator import attrgetter, sub
from sys import getrefcount
from typing import Any, Final

from ...ir.node import Node, Output, leaf
from ...ir.types import CPU, FLOAT32, Type

Ref = Node | Output
_CONTENT: Final = attrgetter("content")

#: Whether a reference count proves anything in this interpreter.
EXACT: Final[bool] = getattr(sys, "_is_gil_enabled", lambda: True)()


def wanted_outside(items: Sequence[Ref], uses: Sequence[int]) -> list[bool]:
    """Which of ``items`` something outside the plan refers to; ``uses`` counts the references from inside.

    The caller holds each item three times: in its region's list, in ``items`` and as a key of one dictionary.
    """
    if not EXACT:
        return [True] * len(items)
    return list(map(_ITEM.__lt__, map(sub, map(getrefcount, items), uses)))  # in C: every force passes here


def dead_leaves(leaves: Sequence[Ref], uses: Mapping[int, int]) -> list[int]:
    """Those leaves, of the numbers in ``uses``, which nothing else wants: neither the leaf nor its buffer.

    ``uses`` tells how often the nodes of the plan read each. Two leaves on one buffer share a number and its uses; then
    the other leaf holds the buffer, and it is not dead.
    """
    dead: list[int] = []
    if EXACT:
        for number, used in uses.items():
            if getrefcount(leaves[number]) - used <= _LEAF and getrefcount(leaves[number].value) <= _BUFFER:
                dead.append(number)
    return dead


def held_alone(cells: Sequence[Any]) -> list[bool]:
    """Of which of ``cells``, of the plain kind, nothing else refers to the content."""
    if not EXACT:
        return [False] * len(cells)
    return list(map(_IN_CELL.__ge__, map(getrefcount, map(_CONTENT, cells))))


def _example() -> Node:
    return leaf(Type((), FLOAT32, CPU), object())


def _measure_item() -> int:
    """The count of an item that nothing refers to but the three holders, as ``wanted_outside`` sees it."""
    region = [_example()]
    items = list(region)
    position: dict[Any, int] = dict.fromkeys(items, 0)
    counts = list(map(getrefcount, items))
    assert position
    return counts[0]


def _measure_leaf() -> tuple[int, int]:
    """The counts of a leaf that only a list of leaves holds, and of its buffer, as ``dead_leaves`` sees them."""
    leaves = [_example()]
    number = 0
    return getrefcount(leaves[number]), getrefcount(leaves[number].value)


class _Holder:
    """Like a cell."""

    def __init__(self) -> None:
        self.content = _example()


def _measure_cell() -> int:
    """The count of a leaf that only a cell holds, as ``held_alone`` sees it."""
    (found,) = list(map(getrefcount, map(_CONTENT, [_Holder()])))
    return found


_ITEM: Final = _measure_item()
_LEAF, _BUFFER = _measure_leaf()
_IN_CELL: Final = _measure_cell()
