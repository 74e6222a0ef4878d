"""What is known of values only when they are there: a program in which a check fails leaves no results."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import FAULTS, BadMatrix, OperatorError, OutOfBounds
from ..graph import Graph, subgraphs
from ..primitive import Primitive
from ..types import BOOL, Type
from ..value import Value
from .elementwise import Array, Samples


class CheckIndex(Primitive):
    """The operand, whose elements are indices into ``extent`` elements of ``axis``; an ``IndexError`` if one is not.

    ``negative``: those from ``-extent`` are indices too, counted from the end, and of a number with a fraction its
    whole part. Otherwise numbers lie between the first and the last.
    """

    name = "check_index"
    fails = True
    shares = True

    def infer(self, x: Type, *, axis: int, extent: int, negative: bool) -> Type:
        if extent < 0:
            raise OperatorError(f"check_index: a negative extent {extent}")
        return x

    def vjp(self, g: Value, y: Value, x: Value, **_: Any) -> tuple[Value]:
        return (g,)

    def evaluate(self, x: Array, *, axis: int, extent: int, negative: bool) -> Array:
        low, whole = (-extent, np.trunc(x)) if negative else (0, x)
        inside = (low <= whole) & (whole <= extent - 1)
        if not inside.all():
            raise OutOfBounds(x[~inside].flat[0], axis, extent)
        return x

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        index = rng.integers(-4, 4, (2, 3))
        return [
            ((index.astype("float32"),), {"axis": 0, "extent": 4, "negative": True}),
            ((abs(index).astype("int32"),), {"axis": 1, "extent": 5, "negative": False}),
        ]


class CheckMatrices(Primitive):
    """The first operand; an error if an element of the second holds, which has one for each matrix that is checked."""

    name = "check_matrices"
    fails = True
    shares = True

    def infer(self, x: Type, wrong: Type, *, fault: str) -> Type:
        if wrong.dtype != BOOL or fault not in FAULTS:
            raise OperatorError(f"check_matrices: a boolean for each matrix and a known fault, not {wrong} and {fault}")
        return x

    def vjp(self, g: Value, y: Value, x: Value, wrong: Value, *, fault: str) -> tuple[Value, None]:
        return (g, None)

    def evaluate(self, x: Array, wrong: Array, *, fault: str) -> Array:
        if wrong.any():
            raise BadMatrix(fault, int(wrong.argmax()), wrong.size)
        return x

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        return [((rng.random((2, 3, 3)).astype("float32"), np.zeros(2, bool)), {"fault": "singular"})]


def may_fail(graph: Graph) -> bool:
    """Whether a check is in ``graph``, of primitives, or in the graphs that it runs. Claimed operators have none."""
    for node in graph.nodes:
        spec = node.spec
        assert spec is not None
        if not isinstance(spec.op, Primitive):
            continue
        if spec.op.fails or (spec.op.nests and any(map(may_fail, subgraphs(spec).values()))):
            return True
    return False
