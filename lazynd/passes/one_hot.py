"""Products with one-hot rows as gathers, and their gradients as scatters: no row of zeros is multiplied.

A one-hot row times a matrix picks one row of the matrix. The product of rows with a matrix of ``depth`` rows costs
``depth`` times what picking them does. Numbers are the same; 0 times infinity or NaN is NaN in a product, and so it
is here: a column of the matrix that holds one of them is NaN in every row of the result. (Where the row that is picked
holds an infinity and no other does, the product would be that infinity; here it is NaN.) The gradient adds each
row to that which its index picks; what is infinite or NaN in it reaches that row and not, times 0, all the others.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from ..config import config
from ..ir import build as ir
from ..ir.graph import Graph
from ..ir.node import Node
from ..ir.primitive import PRIMITIVES
from ..ir.types import INT32, is_floating
from ..ir.value import Value, emit
from .common import common_subexpressions
from .pattern import p, rule, variable
from .rules import Table, apply_rules, by_root
from .simplify import simplify

Ints = tuple[int, ...]
Contraction = tuple[Ints, Ints]
#: Rows of a matrix from which picking one pays, by measurement; a product with fewer is as quick.
LEAST: Final = 32
#: Such products in one graph beyond which all stay: each gather is a kernel of its own, which takes long to compile.
MOST: Final = 16

i, w, axis, axes, contract, added = (variable(n) for n in ("i", "w", "axis", "axes", "contract", "added"))
_HOT: Final = p.select(p.equal(p.iota(axis=axis), p.broadcast(i, axes=axes)), 1, 0)


def gather_one_hot(graph: Graph, *, least: int = LEAST, most: int = MOST) -> Graph:
    """``graph`` with gathers and scatters in place of products with one-hot rows of at least ``least`` numbers.

    Where there may be more than ``most`` of them, all stay as they are.
    """
    if not config.gather_one_hot or sum(map(_may_be_one, graph.nodes)) > most:
        return graph
    made = apply_rules(graph, _table(least))
    return graph if made is graph else simplify(common_subexpressions(made))


def _may_be_one(node: Node) -> bool:
    """Whether ``node`` is a product, and a factor is selected."""
    if node.spec is None or node.spec.op is not PRIMITIVES["dot_general"]:
        return False
    factors = [ref.node.spec for ref in node.inputs or ()]
    return any(spec is not None and spec.op is PRIMITIVES["select"] for spec in factors)


def _picks(contracted: Ints, axis: int, axes: Ints, i: Value) -> bool:
    """Whether the product goes over the axis of the one-hot rows, and the others are those of the indices, in order."""
    others = tuple(n for n in range(i.ndim + 1) if n != axis)
    return contracted == (axis,) and axes == others and i.dtype.kind == "i"


def _spreads(contracted: Ints, axis: int, axes: Ints, i: Value) -> bool:
    """Whether the product goes over all axes of the indices, and the one-hot axis is left."""
    others = tuple(n for n in range(i.ndim + 1) if n != axis)
    return i.ndim > 0 and sorted(contracted) == list(others) and axes == others and i.dtype.kind == "i"


def _within(i: Value, depth: int) -> tuple[Value, Value]:
    """Indices in range, and which of them were: a row of an index out of range is all zeros."""
    inside = (i >= 0) & (i < depth)
    return ir.convert(ir.minimum(ir.maximum(i, 0), depth - 1), INT32), inside


def _along(mask: Value, shape: Ints) -> Value:
    """``mask`` over the first axes of ``shape``."""
    return emit("broadcast", mask, shape=shape, axes=tuple(range(mask.ndim)))


def picked(i: Value, w: Value, at: int) -> Value:
    """The parts of ``w`` along axis ``at`` that ``i`` picks, zeros where it is out of range; see above for NaN."""
    index, inside = _within(i, w.shape[at])
    rows = ir.gather(w, (index,), (at,))
    rows = ir.select(_along(inside, rows.shape), rows, ir.full(rows.shape, 0, w.dtype, w.context))
    if not is_floating(w.dtype):
        return rows
    spoilt = ir.sum(w * ir.full(w.shape, 0, w.dtype, w.context), (at,))  # 0, or NaN
    return rows + emit("broadcast", spoilt, shape=rows.shape, axes=tuple(range(i.ndim, rows.ndim)))


def spread(i: Value, w: Value, contracted: Ints, axis: int, w_contracted: Ints, depth: int) -> Value:
    """``w`` added up by index: the rows of a [depth, ...] array, of which row ``k`` is the sum where ``i`` is ``k``."""
    order = dict(zip(contracted, w_contracted, strict=True))
    front = tuple(order[n] for n in range(i.ndim + 1) if n != axis)
    rest = tuple(n for n in range(w.ndim) if n not in front)
    rows = ir.transpose(w, (*front, *rest))
    index, inside = _within(i, depth)
    rows = ir.select(_along(inside, rows.shape), rows, ir.full(rows.shape, 0, w.dtype, w.context))
    zeros = ir.full((depth, *rows.shape[i.ndim :]), 0, w.dtype, w.context)
    return ir.scatter(zeros, rows, (index,), (0,), "add")


def _last_first(x: Value, count: int) -> Value:
    """``x`` with its first ``count`` axes behind the others."""
    return ir.transpose(x, (*range(count, x.ndim), *range(count)))


@cache
def _table(least: int) -> Table:
    """The rules for matrices of at least ``least`` rows."""
    nothing = ((), ())
    left = p.dot_general(_HOT, w, contract=contract, batch=nothing)
    right = p.dot_general(w, _HOT, contract=contract, batch=nothing)
    return by_root(
        (
            rule(
                left,
                lambda i, w, contract: picked(i, w, contract[1][0]),
                when=lambda i, w, axis, axes, contract: (
                    _picks(contract[0], axis, axes, i) and w.shape[contract[1][0]] >= least
                ),
            ),
            rule(
                right,
                lambda i, w, contract: _last_first(picked(i, w, contract[0][0]), i.ndim),
                when=lambda i, w, axis, axes, contract: (
                    _picks(contract[1], axis, axes, i) and w.shape[contract[0][0]] >= least
                ),
            ),
            rule(
                left,
                lambda i, w, axis, contract, type: spread(i, w, contract[0], axis, contract[1], type.shape[0]),
                when=lambda i, axis, axes, contract, type: (
                    _spreads(contract[0], axis, axes, i) and type.shape[0] >= least
                ),
            ),
            rule(
                right,
                lambda i, w, axis, contract, type: _last_first(
                    spread(i, w, contract[1], axis, contract[0], type.shape[-1]), 1
                ),
                when=lambda i, axis, axes, contract, type: (
                    _spreads(contract[1], axis, axes, i) and type.shape[-1] >= least
                ),
            ),
            # One array of sums, into which each step adds its rows.
            rule(
                p.add(p.scatter(0, w, i, axes=axes, mode="add"), added),
                lambda w, i, axes, added: ir.scatter(added, w, (i,), axes, "add"),
            ),
        )
    )
