"""XLA against the interpreter where they could differ: special values of every dtype, for every primitive.

Subnormal numbers are left out: XLA on CPU treats them as zero (docs/backends.md), and a test says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import nd
from lazynd.backends import get_backend
from lazynd.backends.numpy import evaluate
from lazynd.backends.xla.lower import LOWERINGS, PLATFORM_LOWERINGS
from lazynd.ir.errors import OperatorError
from lazynd.ir.graph import Graph, graph_of
from lazynd.ir.node import Node, apply, leaf
from lazynd.ir.primitive import PRIMITIVES, Primitive
from lazynd.ir.types import DTYPES, Type

pytestmark = pytest.mark.lazy  # compares the XLA backend with the interpreter

Array = np.ndarray[Any, Any]
NAMES = list(DTYPES)
#: Results that are exact by definition: rounding has no choice.
EXACT = {
    "negate", "abs", "sign", "floor", "ceil", "round_nearest_even", "stop_gradient", "not", "add", "subtract",
    "multiply", "divide", "sqrt", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "and", "or",
    "xor", "shift_left", "shift_right_logical", "remainder",
}  # fmt: skip
#: Which zero is the larger one is left open.
EITHER_ZERO = {"maximum", "minimum"}
#: Units in the last place. NumPy's and XLA's functions are each good to 2 in these ranges; ``power`` and ``tan``
#: lose a few more where the argument is reduced.
ULPS = 4


def special(dtype: np.dtype[Any]) -> Array:
    if dtype.kind == "b":
        return np.array([False, True])
    if dtype.kind == "f":
        info = np.finfo(dtype)
        values: list[Any] = [
            0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3, -3, np.inf, -np.inf, np.nan, info.max, info.min,
            info.tiny, -info.tiny, info.eps, 1e-3, 10, -10, 100.25, 7.7,
        ]  # fmt: skip
    else:
        limits = np.iinfo(dtype)
        values = [0, 1, 2, 3, 5, 7, 8, 31, limits.max, limits.max - 1, limits.min, limits.min + 1, limits.max // 2]
        values += [-1, -2, -3, -7] if dtype.kind == "i" else []
    return np.array(values, dtype)


def compiled(graph: Graph, inputs: Sequence[Array]) -> list[Array]:
    backend = get_backend("xla")
    executable, _ = backend.compile(graph, 0, (), False)
    placed = [backend.put(np.array(v), n.type.context) for v, n in zip(inputs, graph.inputs, strict=True)]
    return [np.asarray(b) for b in executable(placed, [])]


def applied(arity: int, leaves: list[Node]) -> dict[str, Node]:
    """Every primitive of ``arity`` operands and no attributes that takes these types."""
    found: dict[str, Node] = {}
    for name, primitive in PRIMITIVES.items():
        arrays, attributes = primitive.samples(np.random.default_rng(0))[0]
        if attributes or len(arrays) != arity or name == "sort":
            continue
        try:
            found[name] = apply(primitive.specialize(tuple(n.type for n in leaves), {}), leaves)
        except OperatorError:
            continue
    return found


def flushed(array: Array) -> Array:
    """``array`` with subnormal numbers as zeros of their sign."""
    if array.dtype.kind != "f" or array.dtype == np.float16:  # XLA computes float16 in float32, where they are normal
        return array
    return np.where(np.abs(array) < np.finfo(array.dtype).tiny, np.copysign(array.dtype.type(0), array), array)


def agree(name: str, found: Array, expected: Array, inputs: Sequence[Array]) -> None:
    assert found.dtype == expected.dtype, name
    found, expected = flushed(found), flushed(expected)
    same = (found == expected) | ((found != found) & (expected != expected))
    if found.dtype.kind == "f":
        if name not in EITHER_ZERO:
            same &= (np.signbit(found) == np.signbit(expected)) | (found != found)
        if name not in EXACT:
            with np.errstate(all="ignore"):
                distance = np.abs(found.astype(np.longdouble) - expected) / np.spacing(np.abs(expected))
            same |= distance <= ULPS
    wrong = np.flatnonzero(~same)
    shown = [(*(x[i] for x in inputs), expected[i], found[i]) for i in wrong[:5]]
    assert not len(wrong), f"{name}: {len(wrong)} differ; operands, NumPy, XLA: {shown}"


@pytest.mark.parametrize("arity", [1, 2])
@pytest.mark.parametrize("dtype", NAMES)
def test_special_values(dtype: str, arity: int) -> None:
    values = special(DTYPES[dtype])
    inputs = [values] if arity == 1 else [np.repeat(values, len(values)), np.tile(values, len(values))]
    leaves = [leaf(Type(x.shape, x.dtype)) for x in inputs]
    nodes = applied(arity, leaves)
    assert len(nodes) >= 2, "the search finds primitives"
    graph = Graph(leaves, list(nodes.values()))
    for name, found, expected in zip(nodes, compiled(graph, inputs), evaluate(graph, inputs), strict=True):
        agree(name, found, expected, inputs)


def test_most_primitives_are_compared_on_floats() -> None:
    values = special(DTYPES["float32"])
    node = leaf(Type(values.shape, values.dtype))
    assert len(applied(1, [node])) >= 19 and len(applied(2, [node, leaf(node.type)])) >= 14


@pytest.mark.parametrize("source", NAMES)
def test_conversions_between_all_dtypes(source: str) -> None:
    values = special(DTYPES[source])
    if values.dtype.kind == "f":  # C leaves open what an integer makes of nan and of what does not fit into 64 bits
        values = values[np.isfinite(values) & (np.abs(values.astype(np.float64)) < 2.0**31)]
    leaves = [leaf(Type(values.shape, values.dtype))]
    targets = [t for t in DTYPES.values() if not (values.dtype.kind == "f" and t.kind == "u")]
    nodes = [apply(PRIMITIVES["convert"].specialize((leaves[0].type,), {"dtype": t}), leaves) for t in targets]
    graph = Graph(leaves, nodes)
    for target, found, expected in zip(targets, compiled(graph, [values]), evaluate(graph, [values]), strict=True):
        assert found.dtype == target
        np.testing.assert_array_equal(flushed(found), flushed(expected), err_msg=f"{source} to {target}")


@pytest.mark.parametrize("name", sorted(PRIMITIVES))
def test_every_primitive_on_its_own_samples(name: str) -> None:
    primitive = PRIMITIVES[name]
    for arrays, attributes in primitive.samples(np.random.default_rng(1)):
        given = [np.asarray(a) for a in arrays]
        graph = graph_of(primitive.specialize(tuple([Type(a.shape, a.dtype) for a in given]), attributes))
        for found, expected in zip(compiled(graph, given), evaluate(graph, given), strict=True):
            assert found.shape == expected.shape and found.dtype == expected.dtype
            # Sums of a few float32 products of size up to 10, in another order: some ulps of the largest term.
            np.testing.assert_allclose(found, expected, rtol=2e-6, atol=5e-6)


def test_every_primitive_has_a_lowering_and_no_lowering_is_left_over() -> None:
    assert set(LOWERINGS) == set(PRIMITIVES)
    assert all(set(rules) <= set(PRIMITIVES) for rules in PLATFORM_LOWERINGS.values())


@pytest.mark.parametrize("dtype", [n for n in NAMES if n != "bool"])
def test_order_of_special_values(dtype: str) -> None:
    """Sorting and extremes, with nan and both zeros, along each axis."""
    values = special(DTYPES[dtype])
    values = values[: len(values) // 2 * 2].reshape(2, -1)
    leaves = [leaf(Type(values.shape, values.dtype))]
    type = leaves[0].type
    nodes = [
        node
        for axis in (0, 1)
        for node in (
            apply(PRIMITIVES["sort"].specialize((type,), {"axis": axis}), leaves),
            apply(PRIMITIVES["reduce_max"].specialize((type,), {"axes": (axis,)}), leaves),
            apply(PRIMITIVES["reduce_min"].specialize((type,), {"axes": (axis,)}), leaves),
            apply(PRIMITIVES["argmax"].specialize((type,), {"axis": axis, "dtype": np.dtype("int32")}), leaves),
            apply(PRIMITIVES["argmin"].specialize((type,), {"axis": axis, "dtype": np.dtype("int32")}), leaves),
        )
    ]
    graph = Graph(leaves, nodes)
    for node, found, expected in zip(nodes, compiled(graph, [values]), evaluate(graph, [values]), strict=True):
        np.testing.assert_array_equal(found, expected, err_msg=str(node.spec))


def test_dtypes_that_a_primitive_is_not_defined_for_are_refused_by_its_type_rule() -> None:
    """Whatever the type rule lets through, both backends can run: nothing fails late."""
    refused = 0
    for dtype in DTYPES.values():
        for name, primitive in PRIMITIVES.items():
            assert isinstance(primitive, Primitive)
            if dtype.kind not in primitive.kinds and name != "constant":
                refused += 1
                with pytest.raises(OperatorError, match=f"{name}: expected operands of a .*{dtype}"):
                    primitive.specialize((Type((2,), dtype),) * 2, {})
    assert refused > 100


@pytest.mark.parametrize("call", [
    lambda: nd.softmax(nd.array([1, 2], dtype="int32")), lambda: nd.square(nd.array([0, 1], dtype="bool")),
], ids=["softmax", "square"])  # fmt: skip
def test_a_wrong_dtype_is_refused_at_the_call(call: Any) -> None:
    forces = lazynd.stats().forces
    with pytest.raises(lazynd.MXNetError, match=r"expected operands of a|only support floating point") as caught:
        call()
    assert __file__ in str(caught.value) and lazynd.stats().forces == forces


def test_sign_is_that_of_mxnet() -> None:
    found = nd.sign(nd.array([np.nan, -0.0, 0.0, -2, 3])).asnumpy()
    np.testing.assert_array_equal(found, [0, 0, 0, -1, 1])
    assert not np.signbit(found[1])


def test_subnormal_numbers_are_zero_on_the_cpu_as_documented() -> None:
    tiny = np.finfo(np.float32).smallest_subnormal
    assert (nd.array([tiny]) * 1).asscalar() == 0
    assert nd.array([tiny]).asscalar() == tiny, "an array that nothing is computed of keeps them"
