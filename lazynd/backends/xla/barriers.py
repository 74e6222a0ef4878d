"""Where results are hidden from the compiler, so that elementwise arithmetic is computed one operation after the other.

XLA and LLVM know that a processor computes ``a * b + c`` in one instruction, which rounds once where two operations
round twice; that ``log(exp(x))`` is ``x``; and what functions of constants are. Each is quicker or nearer to the truth,
and none gives the bits that the operations give one by one, in the interpreter or in another program. So a result of
which the compiler could make something else together with what reads it goes through a *barrier*: -0.0 is
added to a product, and the bits of anything else are or-ed with a zero. Both come from an input of the program, so that
the compiler takes the result for an unknown number.

Sums and products of matrices may be rounded in any way: what they alone read has no barrier.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import jax
import numpy as np
from jax import lax

from ...ir.graph import Graph
from ...ir.node import Node
from ...ir.primitive import PRIMITIVES, Primitive
from ...ir.specialization import Specialization
from ...ir.types import is_floating, is_half
from ..protocol import FUNCTIONS

Hide = Callable[[jax.Array], jax.Array]

# What a reader must not see through, as bits of a number.
#: Products, which an addition could take in.
_PRODUCT: Final = 1
#: Functions, which undo each other, and which a fused maximum computes with other digits.
_FUNCTION: Final = 2
#: Constants, of which the compiler would compute functions itself, or change the order of operations.
_CONSTANT: Final = 4
#: Functions whose products are such functions: exp(x) * exp(y) is exp(x + y).
_POWER: Final = 8
#: Roots, of which functions are others, and products none: log(sqrt(x)) is log(x) / 2.
_ROOT: Final = 16
_ALL: Final = 31

#: What readers must not see through in their operands; nothing, if they are free to round as they like.
_READERS: Final[dict[str, int]] = {
    **dict.fromkeys((
        "reduce_sum", "reduce_prod", "reduce_window_sum", "dot_general", "convolution", "check_index", "check_matrices",
        "cholesky", "triangular_solve", "eigh", "qr", "inverse", "determinant", "log_determinant", "fft",
    ), 0),
    **dict.fromkeys(("add", "subtract", "cumsum", "scatter"), _PRODUCT | _FUNCTION | _CONSTANT),
    "multiply": _POWER | _ROOT | _CONSTANT, "divide": _CONSTANT, "remainder": _CONSTANT,
    "convert": _FUNCTION | _CONSTANT,
    # What compares numbers finds them among others, so they have to be the same.
    **dict.fromkeys((
        "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "sign", "floor", "ceil", "sort",
        "round_nearest_even", "reduce_max", "reduce_min", "argmax", "argmin", "reduce_window_max", "window_argmax",
    ), _FUNCTION),
}  # fmt: skip
#: Functions, loops and choices, whose graphs the compiler may unroll into this one, and claimed operators.
_OTHERS: Final = _ALL
#: Readers that hand on what they read, and which of it. What is chosen among several operands is no constant.
_THROUGH: Final[dict[str, int]] = {
    **{name: _ALL for name, primitive in PRIMITIVES.items() if primitive.moves},
    **dict.fromkeys(("negate", "abs"), _ALL),
    **dict.fromkeys(("select", "pad", "concatenate", "dynamic_update_slice"), _ALL & ~_CONSTANT),
    **dict.fromkeys(("maximum", "minimum"), _FUNCTION),
}
#: What there is to see in a result. (A quotient shows nothing: see ``elementary.quotient``.)
_SOURCES: Final[dict[str, int]] = {
    "multiply": _PRODUCT, "constant": _CONSTANT, "convert": _FUNCTION, "sqrt": _ROOT,
    **dict.fromkeys(FUNCTIONS, _FUNCTION), **dict.fromkeys(("exponential", "power"), _FUNCTION | _POWER),
}  # fmt: skip


def hidden(graph: Graph, inside: bool = False) -> frozenset[Node]:
    """The nodes of ``graph`` whose results go through a barrier; ``inside``: it is the graph of a loop or a choice."""
    asked = {ref.node: _ALL for ref in graph.outputs} if inside else {}
    found = []
    for node in reversed(graph.nodes):
        spec = node.spec
        assert spec is not None and node.inputs is not None
        here = asked.get(node, 0)
        if here & _source(spec):
            found.append(node)
        below = _asked(spec, here)
        if below:
            for ref in node.inputs:
                asked[ref.node] = asked.get(ref.node, 0) | below
    return frozenset(found)


def _source(spec: Specialization) -> int:
    """What there is to see in the result of ``spec``."""
    kind = _SOURCES.get(spec.op.name, 0)
    if not kind or not is_floating(spec.out_types[0].dtype):
        return 0
    if kind == _PRODUCT and is_half(spec.out_types[0].dtype):
        return 0  # it is rounded once more than float32, which nothing is merged with
    if spec.op.name == "convert" and spec.out_types[0].dtype.itemsize >= spec.in_types[0].dtype.itemsize:
        return 0  # all digits are there
    return kind


def _asked(spec: Specialization, here: int) -> int:
    """What is not to be seen in the operands of ``spec``, where ``here`` is not to be seen in its result."""
    name = spec.op.name
    if not isinstance(spec.op, Primitive):
        return _OTHERS
    if name in _THROUGH:
        return here & _THROUGH[name]
    if name.startswith("reduce_") and spec.in_types[0].size == spec.out_types[0].size:
        return here  # it reduces nothing
    return _READERS.get(name, _OTHERS)


class Barrier:
    """Hides floating point numbers behind a ``zero`` that the compiler does not know."""

    def __init__(self, zero: jax.Array) -> None:
        #: By the number of bytes. They are made in the outermost trace: loops use them too.
        self._zeros = {size: lax.convert_element_type(zero, np.dtype(f"uint{8 * size}")) for size in (2, 4, 8)}
        #: -0.0, which changes no number that it is added to.
        self._negative = {
            size: lax.bitcast_convert_type(
                lax.bitwise_or(self._zeros[size], self._zeros[size].dtype.type(1 << (8 * size - 1))),
                np.dtype(f"float{8 * size}"),
            )
            for size in (4, 8)
        }

    def __call__(self, x: jax.Array) -> jax.Array:
        zero = self._zeros[x.dtype.itemsize]
        bits = lax.bitcast_convert_type(x, zero.dtype)
        return lax.bitcast_convert_type(lax.bitwise_or(bits, lax.broadcast(zero, x.shape)), x.dtype)

    def product(self, x: jax.Array) -> jax.Array:
        """``x``, a product, hidden from additions: one is done here, which the compiler may merge with it for all."""
        return x + lax.broadcast(self._negative[x.dtype.itemsize], x.shape)
