"""What a plan was made of, kept small: its key, and where its nodes were recorded. Its graph is made anew of these."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from operator import attrgetter, is_
from types import CodeType
from typing import Any, Final

import numpy as np

from ...backends import cast_scalar
from ...ir.graph import Graph, in_order, number_nodes
from ...ir.node import Node, apply, leaf, outputs
from ...ir.primitive import PRIMITIVES
from ...ir.specialization import Slot, Specialization
from .liveness import Ref
from .plan import Plan

_CODE: Final = attrgetter("code")
_LASTI: Final = attrgetter("lasti")
_SCOPE: Final = attrgetter("scope")
_RUNS: Final = count()


class Recorded:
    """The graph of a plan in some 20 bytes an item beside the key; it holds no nodes, and so no values.

    ``baked``: the numbers that are compiled in, by their positions among the plan's. ``firsts``: for each number the
    place of the one whose input it shares; None if each has its own. ``runs``: how often plans of this key ran so;
    ``forgotten``: those that reports leave out; ``when``: the number of the last of these among all runs. Lines and
    scopes are those of that run.
    """

    __slots__ = (
        "_code",
        "_codes",
        "_lasti",
        "_lastis",
        "_scopes",
        "baked",
        "firsts",
        "forgotten",
        "key",
        "runs",
        "when",
    )

    def __init__(self, plan: Plan, baked: Mapping[int, Any], firsts: Sequence[int] | None = None) -> None:
        self.key = plan.key
        self.baked = baked
        self.firsts = firsts
        self.runs = self.forgotten = 0
        self.when = -1
        self._locate(plan.items)

    def shown_for(self, plan: Plan) -> Recorded:
        """The same with the lines and scopes of ``plan``, which has this key."""
        made = Recorded(plan, self.baked, self.firsts)
        made.runs, made.when = self.runs, self.when
        return made

    def ran(self, items: Sequence[Ref]) -> None:
        """A plan of this key with ``items`` runs now. Every run passes here."""
        self.runs += 1
        self.when = next(_RUNS)
        first: Any = items[0]
        if (
            first.code is not self._code
            or first.lasti != self._lasti
            or not all(map(is_, map(_SCOPE, items), self._scopes))
        ):
            self._locate(items)

    def ran_alone(self, code: CodeType | None, lasti: int, scope: str) -> None:
        """A call that is the whole plan ran without being recorded, at this line and in this scope."""
        self.runs += 1
        self.when = next(_RUNS)
        if code is not self._code or lasti != self._lasti or scope is not self._scopes[0]:
            count = len(self._codes)
            self._place((code,) * count, array("i", [lasti] * count), [scope] * count)

    def _locate(self, items: Sequence[Ref]) -> None:
        self._place(tuple(map(_CODE, items)), array("i", map(_LASTI, items)), list(map(_SCOPE, items)))

    def _place(self, codes: Sequence[CodeType | None], lastis: Sequence[int], scopes: Sequence[str]) -> None:
        #: Where the first node was recorded: if it is the same place, all are taken to be.
        self._code, self._lasti = codes[0], lastis[0]
        self._codes, self._lastis, self._scopes = codes, lastis, scopes

    def operations(self) -> Iterator[tuple[Specialization, CodeType | None, int]]:
        """What was applied, in order, and the users' lines: what is known without making the graph."""
        place = 0
        for entry in self.key:
            if isinstance(entry, Specialization):
                yield entry, self._codes[place], self._lastis[place]
                place += len(entry.out_types)

    def graph(self) -> Graph:
        """The graph of operators, as ``build_graph`` makes it of the plan; its nodes know their numbers in it."""
        key, at = self.key, 0
        leaves: dict[int, Node] = {}
        slots: dict[int, Node] = {}
        results: list[Ref] = []
        numbers = count()
        while at < len(key) and key[at].__class__ is not int:
            spec = key[at]
            wires = key[at + 1 : at + 1 + len(spec.in_types)]
            at += 1 + len(wires)
            inputs: list[Ref] = []
            for type, wire in zip(spec.in_types, wires, strict=True):
                if wire < 0 and wire not in leaves:
                    leaves[wire] = leaf(type)
                inputs.append(leaves[wire] if wire < 0 else results[wire])
            for slot in spec.slots:
                number = next(numbers)
                number = number if self.firsts is None else self.firsts[number]
                inputs.append(number_input(slot, slots, self.baked, number))
            place = len(results)
            made = apply(spec, inputs, self._codes[place], self._lastis[place], scope=self._scopes[place])
            results.extend(outputs(made))
        return number_nodes(in_order([*leaves.values(), *slots.values()], [results[i] for i in key[at:]], results))


def number_input(slot: Slot, slots: dict[int, Node], baked: Mapping[int, Any], number: int) -> Node:
    """What stands for number ``number`` of a plan, in ``slot``: a constant, or a parameter, the same for each number.

    A new parameter is added to ``slots``.
    """
    if number in baked:
        value = np.asarray(cast_scalar(baked[number], slot.type))
        return apply(PRIMITIVES["constant"].specialize((), {"value": value, "context": slot.type.context}), ())
    if number not in slots:
        slots[number] = leaf(slot.type)
    return slots[number]
