"""Where results are hidden from the compiler, so that elementwise arithmetic is computed one operation after the other.

XLA and LLVM know that a processor computes ``a * b + c`` in one instruction, which rounds once where two operations
round twice; that ``log(exp(x))`` is ``x``; and what functions of constants are. Each is quicker or nearer to the truth,
and none gives the bits that the operations give one by one, in the interpreter or in another program. So a result of
which the compiler could make something else together with what reads it goes through a *barrier*: its bits are or-ed
with a zero that is an input of the program, so that the compiler takes it for an unknown number.

Sums and products of matrices may be rounded in any way: what they alone read has no barrier.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Flag
from typing import Final

import jax
import numpy as np
from jax import lax

from ...ir.graph import Graph
from ...ir.node import Node
from ...ir.primitive import PRIMITIVES, Primitive
from ...ir.specialization import Specialization
from ...ir.types import is_floating
from ..protocol import FUNCTIONS

Hide = Callable[[jax.Array], jax.Array]


class Kind(Flag):
    """What a reader must not see through."""

    NOTHING = 0
    #: Products and quotients that an addition could take in.
    PRODUCTS = 1
    #: Functions that cancel each other, or that a fused maximum would compute with other digits.
    FUNCTIONS = 2
    #: Constants of which the compiler would compute functions itself, or change the order of operations.
    CONSTANTS = 4
    ALL = 7


#: What a reader must not see through in its operands: sums mind nothing, nor does what only reads whole numbers ...
_READERS: dict[str, Kind] = dict.fromkeys((
    "reduce_sum", "reduce_prod", "reduce_window_sum", "dot_general", "convolution", "check_index",
), Kind.NOTHING)  # fmt: skip
#: ... what compares numbers gives others where one digit is another ...
_READERS |= dict.fromkeys((
    "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "sign", "floor", "ceil",
    "round_nearest_even", "reduce_max", "reduce_min", "argmax", "argmin", "sort", "reduce_window_max", "window_argmax",
), Kind.FUNCTIONS)  # fmt: skip
_READERS |= dict.fromkeys(("multiply", "divide", "remainder", "convert"), Kind.FUNCTIONS | Kind.CONSTANTS)
#: ... and others (additions, functions, loops, which the compiler may unroll, claimed operators) mind everything.
_OTHERS: Final = Kind.ALL
_ALL_BUT_CONSTANTS: Final = Kind.PRODUCTS | Kind.FUNCTIONS
#: Which of these come through an operation: those that move numbers, or change their sign, hand on what they read.
#: What is chosen among several operands is no constant.
_THROUGH: Final[dict[str, Kind]] = {
    **{name: Kind.ALL for name, primitive in PRIMITIVES.items() if primitive.moves},
    **dict.fromkeys(("negate", "abs"), Kind.ALL),
    **dict.fromkeys(("select", "pad", "concatenate", "dynamic_update_slice"), _ALL_BUT_CONSTANTS),
    **dict.fromkeys(("maximum", "minimum"), Kind.FUNCTIONS),
}
#: What each source of such results is.
_SOURCES: Final[dict[str, Kind]] = {
    "multiply": Kind.PRODUCTS, "constant": Kind.CONSTANTS, "convert": Kind.FUNCTIONS, "sqrt": Kind.FUNCTIONS,
    **dict.fromkeys(FUNCTIONS, Kind.FUNCTIONS),
}  # fmt: skip


def hidden(graph: Graph, inside: bool) -> frozenset[Node]:
    """The nodes of ``graph`` whose results go through a barrier; ``inside``: it is the graph of a loop or a choice."""
    seen: dict[Node, Kind] = {}
    if inside:
        seen = {ref.node: Kind.ALL for ref in graph.outputs}
    found = []
    for node in reversed(graph.nodes):
        spec = node.spec
        assert spec is not None and node.inputs is not None
        kind = seen.get(node, Kind.NOTHING)
        if kind & _source(spec):
            found.append(node)
        asked = _asked(spec, kind)
        if asked:
            for ref in node.inputs:
                seen[ref.node] = seen.get(ref.node, Kind.NOTHING) | asked
    return frozenset(found)


def _source(spec: Specialization) -> Kind:
    """What kind of result ``spec`` gives."""
    if not is_floating(spec.out_types[0].dtype):
        return Kind.NOTHING
    if spec.op.name == "convert" and spec.out_types[0].dtype.itemsize >= spec.in_types[0].dtype.itemsize:
        return Kind.NOTHING
    return _SOURCES.get(spec.op.name, Kind.NOTHING)


def _asked(spec: Specialization, kind: Kind) -> Kind:
    """What is not to be seen through in the operands of ``spec``, whose result has readers that ask for ``kind``."""
    name = spec.op.name
    if not isinstance(spec.op, Primitive):
        return _OTHERS
    if name in _THROUGH:
        return kind & _THROUGH[name]
    if name.startswith("reduce_") and spec.in_types[0].size == spec.out_types[0].size:
        return kind  # nothing is reduced
    return _READERS.get(name, _OTHERS)


class Barrier:
    """Hides floating point numbers, by a zero that is an input of the program."""

    def __init__(self, zero: jax.Array) -> None:
        #: By the number of bytes. Made here, in the outermost trace: they are used inside loops.
        self._zeros = {4: zero, 2: lax.convert_element_type(zero, np.uint16)}
        self._zeros[8] = lax.convert_element_type(zero, np.uint64)

    def __call__(self, x: jax.Array) -> jax.Array:
        zero = self._zeros[x.dtype.itemsize]
        bits = lax.bitcast_convert_type(x, zero.dtype)
        return lax.bitcast_convert_type(lax.bitwise_or(bits, lax.broadcast(zero, x.shape)), x.dtype)
