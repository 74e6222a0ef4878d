"""Random graphs: which operators, on which samples, fed by which earlier results; and the graph that such a plan is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lazynd.backends import cast_scalar
from lazynd.ir import build as ir
from lazynd.ir.errors import OperatorError
from lazynd.ir.gradient import cotangents_of
from lazynd.ir.graph import Graph, topological
from lazynd.ir.node import Node, apply, leaf
from lazynd.ir.node import outputs as outputs_of
from lazynd.ir.types import Type
from lazynd.ir.value import Value
from lazynd.ops import OPERATORS, Operator
from lazynd.ops.kinds import Scalar, kinds_of

from ..differentiation import bind, widen


def samples(operator: Operator, seed: int) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    assert operator.samples is not None
    return operator.samples(np.random.default_rng(seed))


def _widens(operator: Operator) -> bool:
    """Whether it takes float64 for float32: every float is widened here, for the model, or none.

    Not so ``mp_`` updates, which are fixed to two precisions, and what takes float32 alone.
    """
    try:
        for arrays, attributes in samples(operator, 0):
            bind(operator, [widen(array) for array in arrays], attributes)
    except OperatorError:
        return False
    return True


#: All but the copy to another device: a graph has one.
(SCALAR,) = kinds_of(Scalar, {})
ALL = {operator.name: operator for operator in OPERATORS.values() if operator.name != "_copyto" and _widens(operator)}


def family_of(name: str) -> str:
    return ALL[name].function.__module__.rpartition(".")[2]


#: The files that declare operators: the events of graphs.
FAMILIES = sorted(set(map(family_of, ALL)))


@dataclass(frozen=True)
class Use:
    """An operator on its sample number ``sample``. ``wires[i]`` is the earlier result behind input ``i``, or None.

    ``slots``: its arithmetic scalars are inputs of the graph. ``twice``: it is applied twice to the same.
    """

    name: str
    sample: int
    wires: tuple[int | None, ...]
    slots: bool
    twice: bool


@dataclass
class Built:
    """A graph of operators with its inputs' values: arrays, then numbers for ``slots`` of them."""

    graph: Graph
    arrays: list[Any] = field(default_factory=list)
    slots: list[Any] = field(default_factory=list)


#: A random graph: what it applies, in order; wires are positions in it.
Plan = tuple[Use, ...]


def dealt(rng: np.random.Generator) -> Iterator[str]:
    """The families in random order, again and again: however many there are, none is met less often than others."""
    while True:
        yield from map(str, rng.permutation(FAMILIES))


def plan(rng: np.random.Generator, families: Iterator[str]) -> Plan:
    """One to seven uses of random operators, later ones fed by former ones where that is sound."""
    uses: list[Use] = []
    names = sorted(ALL)
    for _ in range(rng.integers(1, 8)):
        # Most of them from each family in turn, or the small families would hardly be met.
        family = next(families) if rng.random() < 0.95 else None
        name = str(rng.choice([n for n in names if family in (None, family_of(n))]))
        cases = samples(ALL[name], 0)
        number = int(rng.integers(len(cases)))
        wires = tuple(
            int(rng.integers(len(uses))) if uses and wirable(ALL[name], array) and rng.random() < 0.7 else None
            for array in cases[number][0]
        )
        uses.append(Use(name, number, wires, bool(rng.random() < 0.5), bool(rng.random() < 0.15)))
    return tuple(uses)


#: Functions of matrices: where one is nearly singular the last bits decide.
OF_MATRICES = {
    "_linalg_det", "_linalg_gelqf", "_linalg_inverse", "_linalg_potrf", "_linalg_potri", "_linalg_slogdet",
    "_linalg_syevd", "_linalg_trsm",
}  # fmt: skip


def wirable(operator: Operator, array: Any) -> bool:
    """Whether an input may be any smooth value: where the operator jumps, a last bit would decide."""
    array = np.asarray(array)
    whole = bool(np.all(array == np.round(array)))
    smooth = operator.smooth and operator.name not in OF_MATRICES
    return smooth and array.dtype.kind == "f" and array.size > 0 and not whole


class _Building:
    def __init__(self, seed: int, dtype: Any) -> None:
        self.seed = seed
        self.dtype = np.dtype(dtype)
        self.parameters: list[Node] = []
        self.slots: list[Node] = []
        self.arrays: list[Any] = []
        self.numbers: list[Any] = []

    def parameter(self, array: Any) -> Value:
        array = np.asarray(array)
        array = array.astype(self.dtype) if array.dtype.kind == "f" else array
        node = leaf(Type(array.shape, array.dtype))
        self.parameters.append(node)
        self.arrays.append(array)
        return Value(node)

    def slot(self, number: Any, like: Value) -> Value:
        node = leaf(Type((), like.dtype))
        self.slots.append(node)
        self.numbers.append(number)
        return Value(node)

    def use(self, use: Use, results: Sequence[Sequence[Value]]) -> list[Value]:
        operator = ALL[use.name]
        arrays, attributes = samples(operator, self.seed)[use.sample]
        inputs = []
        for array, wire in zip(arrays, use.wires, strict=True):
            source = None if wire is None else results[wire][0]
            usable = source is not None and source.size and source.dtype.kind != "b"
            inputs.append(self.fitted(source, np.asarray(array)) if usable else self.parameter(array))
        given = {k: retyped(v, self.dtype) if isinstance(v, Graph) else v for k, v in attributes.items()}
        if operator.draws:
            given["draw"] = (np.uint32(7), np.uint32(len(results)))
        for parameter in operator.parameters:
            value = given.get(parameter.name, parameter.default)
            runtime = parameter.kind is SCALAR and isinstance(value, int | float) and inputs
            if runtime and use.slots and value not in operator.static_values.get(parameter.name, ()):
                given[parameter.name] = self.slot(value, inputs[0])
        made = operator(*inputs, **given)
        again = operator(*inputs, **given) if use.twice else None
        if use.twice and isinstance(made, Value) and made.dtype.kind == "f":
            return [made + again]
        return [made] if isinstance(made, Value) else list(made)

    def fitted(self, value: Value, array: Any) -> Value:
        """``value`` with the shape of ``array``, squeezed smoothly into the middle of its range."""
        low, high = float(array.min()), float(array.max())
        flat = ir.reshape(ir.convert(value, self.dtype), (-1,))
        while flat.size < array.size:
            flat = ir.concatenate([flat, flat], 0)
        part = ir.reshape(ir.slice_(flat, [0], [array.size]), array.shape)
        return ir.tanh(part) * (0.4 * (high - low)) + (low + high) / 2


def retyped(body: Graph, dtype: np.dtype[Any]) -> Graph:
    """The graph of a loop or a choice with floats of ``dtype``."""

    def change(value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            return value.astype(dtype)
        return dtype if isinstance(value, np.dtype) and value.kind == "f" else value

    made: dict[tuple[Node, int], Any] = {}
    for node in body.inputs:
        made[node, 0] = leaf(node.type.with_dtype(change(node.type.dtype)))
    for node in body.nodes:
        assert node.spec is not None and node.inputs is not None
        inputs = [made[ref.node, ref.index] for ref in node.inputs]
        attributes = {key: change(value) for key, value in node.spec.attributes.items()}
        results = outputs_of(apply(node.spec.op.specialize(tuple([ref.type for ref in inputs]), attributes), inputs))
        made.update({(node, i): result for i, result in enumerate(results)})
    return Graph([made[node, 0] for node in body.inputs], [made[ref.node, ref.index] for ref in body.outputs])


def build(plans: Sequence[Plan], seed: int, dtype: Any) -> Built:
    """The graphs in one: every result, then the gradient of their weighted sum for each float parameter."""
    b = _Building(seed, dtype)
    outputs: list[Value] = []
    for uses in plans:
        results: list[list[Value]] = []
        for use in uses:
            results.append(b.use(use, results))
        outputs += [value for values in results for value in values]
    wanted = [node for node in b.parameters if node.type.dtype.kind == "f"]
    seeds: list[Value | None] = []
    for value in outputs:
        if value.dtype.kind != "f" or not value.size:
            seeds.append(None)
            continue
        weights = b.parameter(np.random.default_rng([seed, len(seeds)]).uniform(0.5, 1.5, value.shape))
        seeds.append(ir.convert(weights, value.dtype))
    refs = [value.ref for value in outputs]
    found = cotangents_of(topological(refs), refs, seeds, wanted)
    gradients = [each.ref for each in found if each is not None]
    graph = Graph([*b.parameters, *b.slots], [*refs, *gradients])
    numbers = [cast_scalar(n, s.type) for n, s in zip(b.numbers, b.slots, strict=True)]
    return Built(graph, b.arrays, numbers)
