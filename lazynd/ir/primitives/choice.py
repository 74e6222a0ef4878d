"""The choice between two graphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import build as ir
from ..choice_gradient import keep_in_cond, pull_back_cond
from ..control import cond
from ..errors import OperatorError
from ..graph import Graph
from ..node import leaf
from ..primitive import Primitive
from ..specialization import Specialization
from ..types import BOOL, Type
from ..value import Value
from .elementwise import Array, Samples

Branch = Callable[[Sequence[Array]], list[Array]]


class Cond(Primitive):
    """The results of ``on_true`` on the operands if the 0-d boolean holds, else those of ``on_false``; one runs."""

    name = "cond"
    cheap = False
    nests = True
    tupled = True
    shares = True

    def infer(self, predicate: Type, *xs: Type, on_true: Graph, on_false: Graph) -> tuple[Type, ...]:
        if predicate.shape or predicate.dtype != BOOL:
            raise OperatorError(f"cond: the predicate must be a 0-d bool, not {predicate}")
        for name, graph in (("on_true", on_true), ("on_false", on_false)):
            given = tuple(node.type for node in graph.inputs)
            if given != xs:
                raise OperatorError(f"cond: {name} takes {given}, not {xs}")
        made, other = (tuple(ref.type for ref in graph.outputs) for graph in (on_true, on_false))
        if made != other:
            raise OperatorError(f"cond: the branches give different types, {made} and {other}")
        return made

    def vjp(self, g: Any, y: Any, *xs: Value, **attributes: Any) -> Any:
        spec = self.specialize(tuple(x.type for x in xs), attributes)
        given, made = (g, y) if isinstance(y, tuple) else ((g,), (y,))
        return self.pull_back(spec, [t.dtype != BOOL for t in spec.in_types], given, made, xs)

    def keeping(self, spec: Specialization, wanted: Sequence[bool]) -> Graph | None:
        return keep_in_cond(spec, wanted)

    def pull_back(self, spec: Any, wanted: Any, cotangents: Any, outputs: Any, inputs: Any) -> Any:
        return pull_back_cond(spec, wanted, cotangents, outputs, inputs)

    def evaluate(self, predicate: Array, *xs: Array, on_true: Branch, on_false: Branch) -> tuple[Array, ...]:
        return tuple((on_true if predicate else on_false)(xs))

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        x, w = rng.uniform(0.5, 1, (2, 3)).astype("float64"), rng.uniform(0.5, 1, (3, 3)).astype("float64")

        def dense(x: Value, w: Value) -> list[Value]:
            return [ir.tanh(ir.dot_general(x, w, ((1,), (0,)))), x * x]

        def scaled(x: Value, w: Value) -> list[Value]:
            return [x * ir.sum(w), ir.exp(x)]

        types = [Type((), BOOL), *(Type(a.shape, a.dtype) for a in (x, w))]
        predicate, *operands = (Value(leaf(t)) for t in types)
        spec = cond(predicate, dense, scaled, operands)[0].ref.node.spec
        assert spec is not None
        return [((np.bool_(flag), x, w), dict(spec.attributes)) for flag in (True, False)]
