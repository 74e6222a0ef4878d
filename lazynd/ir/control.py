"""Loops and choices in the bodies of operators: functions of values traced into the graphs that the primitives run.

total, sums = scan(lambda state, x: ((state[0] + x[0],), (state[0] + x[0],)), (zero,), (xs,))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .errors import OperatorError
from .graph import Graph
from .node import leaf
from .primitive import PRIMITIVES
from .types import Type
from .value import VOCABULARY, Value, results, wrap

VOCABULARY.add(__file__)

Values = tuple[Value, ...]


def as_graph(function: Callable[..., Sequence[Value]], types: Sequence[Type], name: str = "") -> Graph:
    """``function`` of values of ``types`` as a graph. It may compute with nothing but its arguments."""
    parameters = [leaf(type) for type in types]
    made = Graph(parameters, [value.ref for value in function(*map(Value, parameters))], name=name)
    known = {*parameters, *made.nodes}
    used = [ref.node for node in made.nodes for ref in node.inputs or ()] + [ref.node for ref in made.outputs]
    if any(node not in known for node in used):
        raise OperatorError("the body of a loop computes with a value from outside: pass it as a constant")
    return made


def row(type: Type) -> Type:
    """The type of one step's part of a sequence."""
    return type.with_shape(type.shape[1:])


def scan(
    step: Callable[..., tuple[Sequence[Value], Sequence[Value]]],
    init: Sequence[Value],
    sequences: Sequence[Value] = (),
    constants: Sequence[Value] = (),
    *,
    length: int | None = None,
    reverse: bool = False,
) -> tuple[Values, Values]:
    """``step(state, rows, constants)`` for each row of ``sequences``: the last state, and the outputs stacked.

    ``step`` gets tuples and returns the next state, of the same types, and the outputs of the step. ``length`` is
    needed where there are no sequences; ``reverse`` goes from the last row to the first.
    """
    n, m = len(init), len(sequences)

    def flat(*values: Value) -> list[Value]:
        state, outputs = step(values[:n], values[n : n + m], values[n + m :])
        return [*state, *outputs]

    given = [*init, *sequences, *constants]
    body = as_graph(flat, [*(v.type for v in init), *(row(v.type) for v in sequences), *(v.type for v in constants)])
    steps = sequences[0].shape[0] if length is None else length
    made = apply("scan", given, body=body, length=steps, reverse=reverse, carries=n, sequences=m)
    return made[:n], made[n:]


def cond(
    predicate: Value,
    on_true: Callable[..., Sequence[Value]],
    on_false: Callable[..., Sequence[Value]],
    operands: Sequence[Value] = (),
) -> Values:
    """``on_true(*operands)`` if the 0-d boolean ``predicate`` holds, else ``on_false(*operands)``; one of them runs."""
    types = [v.type for v in operands]
    branches = {"on_true": as_graph(on_true, types), "on_false": as_graph(on_false, types)}
    return apply("cond", [predicate, *operands], **branches)


def while_(
    test: Callable[..., Value],
    step: Callable[..., tuple[Sequence[Value], Sequence[Value]]],
    init: Sequence[Value],
    constants: Sequence[Value] = (),
    *,
    limit: int,
) -> tuple[Values, Values]:
    """``step(state, constants)`` while ``test(state, constants)`` holds, at most ``limit`` times.

    The last state, and the outputs stacked in ``limit`` rows, zeros behind the last step.
    """
    n = len(init)

    def flat(*values: Value) -> list[Value]:
        state, outputs = step(values[:n], values[n:])
        return [*state, *outputs]

    given = [*init, *constants]
    types = [v.type for v in given]
    body = as_graph(flat, types)
    made = apply(
        "while", given,
        test=as_graph(lambda *values: [test(values[:n], values[n:])], types), body=body, limit=limit, carries=n,
    )  # fmt: skip
    return made[:n], made[n:]


def apply(name: str, values: Sequence[Value], **attributes: Any) -> Values:
    """The results of the primitive ``name``, always a tuple."""
    refs = [value.ref for value in values]
    return results(wrap(PRIMITIVES[name].specialize(tuple([r.type for r in refs]), attributes), refs))
