"""A call is an operator: a named graph that is applied as one node, whatever it holds.

Its body may hold operators, loops, choices and other calls. Equal calls are one specialization, so that keys compare
them by identity:

    >>> from lazynd.ir.build import tanh
    >>> from lazynd.ir.control import as_graph
    >>> from lazynd.ir.types import FLOAT32, Type
    >>> first, second = (as_graph(lambda x: [tanh(x), x], [Type((2,), FLOAT32)]) for _ in range(2))
    >>> call(first, "layer") is call(second, "layer")
    True
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from typing import Final

from .derived import GraphOp, prune
from .errors import OperatorError
from .graph import Graph
from .memo import Interning
from .specialization import DRAW, INDEX, RUNTIME, Slot, Specialization
from .types import Type

#: What the runtime knows to fill a slot with; see ``Slot``.
SLOT_KINDS: Final = (RUNTIME, INDEX, DRAW)
NAME: Final = r"[\w.<>]+"

#: None is kept in existence by having been used last: a call holds its whole body.
_CALLS: Interning[Hashable, Specialization] = Interning(0)


class Call(GraphOp):
    """An operator made of a graph by ``call``."""

    is_call = True
    #: For each input, which of the arrays among its caller's arguments that was first; None for one from outside.
    arguments: tuple[int | None, ...] = ()


def call(graph: Graph, name: str, slots: Sequence[Slot] = (), writes: Sequence[int] = ()) -> Specialization:
    """``graph`` as an operator.

    The last parameters of ``graph`` are its ``slots``, numbers that come with each call: of kind "runtime" or "index",
    or "draw", two of which are the position of one draw. The last outputs are written to the inputs numbered
    ``writes``: the results of the node, these among them, are values, and whoever records it moves the arrays. There
    must be an output, of either sort; an output may be a parameter, and may occur twice.

    Calls that compute the same with the same slots and writes are one specialization as long as it is in use, under
    the name that it had first. Raises ``OperatorError``.
    """
    n_inputs = len(graph.inputs) - len(slots)
    _check(graph, name, slots, writes, n_inputs)
    key = (graph.structure, tuple(slots), tuple(writes))
    found = _CALLS.find(key)
    if found is None:
        types = [node.type for node in graph.inputs]
        out_types = tuple([ref.type for ref in graph.outputs])
        nodes = sum(node.spec.nodes for node in graph.nodes if node.spec is not None)
        made = Specialization(Call(name), tuple(types[:n_inputs]), {}, out_types, tuple(slots), graph, max(nodes, 1))
        made.writes = tuple(writes)
        found = _CALLS.one(key, prune(made))
    return found


def _check(graph: Graph, name: str, slots: Sequence[Slot], writes: Sequence[int], n_inputs: int) -> None:
    """Refuse what is no call."""
    if re.fullmatch(NAME, name) is None:
        raise OperatorError(f"a call cannot be named {name!r}: letters, digits and the characters _ . < > are allowed")
    if not graph.outputs:
        raise OperatorError(f"{name}: a call needs an output")
    known = {*graph.inputs, *graph.nodes}
    read = [ref.node for node in graph.nodes for ref in node.inputs or ()] + [ref.node for ref in graph.outputs]
    if any(node not in known for node in read):
        raise OperatorError(f"{name}: the graph of a call reads a value from outside: make it a parameter")
    types = [ref.type for ref in (*graph.inputs, *graph.outputs)]
    types += [type for node in graph.nodes if node.spec is not None for type in node.spec.out_types]
    if len({type.context.device for type in types}) > 1:
        raise OperatorError(f"{name}: a call runs on one device, so that no copy to another one can be part of it")
    if n_inputs < 0:
        raise OperatorError(f"{name}: {len(slots)} slots, but the graph has {len(graph.inputs)} parameters")
    for slot, node in zip(slots, graph.inputs[n_inputs:], strict=True):
        if slot.kind not in SLOT_KINDS or not slot.name.isidentifier():
            raise OperatorError(f"{name}: {slot.kind} {slot.name} is no slot; kinds are {', '.join(SLOT_KINDS)}")
        _same(name, f"slot {slot.name}", slot.type, node.type)
    if len(set(writes)) < len(writes) or any(not 0 <= i < n_inputs for i in writes):
        raise OperatorError(f"{name}: it writes to {list(writes)}, which are not different ones of {n_inputs} inputs")
    if len(writes) > len(graph.outputs):
        raise OperatorError(f"{name}: it writes to {len(writes)} inputs, but has {len(graph.outputs)} outputs")
    for target, ref in zip(writes, graph.outputs[len(graph.outputs) - len(writes) :], strict=True):
        _same(name, f"what is written to input {target}", ref.type, graph.inputs[target].type)


def _same(name: str, what: str, found: Type, expected: Type) -> None:
    if found is not expected:
        raise OperatorError(f"{name}: {what} is {found}, not {expected}")
