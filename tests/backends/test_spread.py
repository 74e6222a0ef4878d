"""Few numbers spread over an array: what is computed on the few gives what it gives on the whole."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import lazynd
from lazynd import nd
from lazynd.backends import get_backend
from lazynd.backends.numpy import evaluate
from lazynd.backends.xla.lower import lower
from lazynd.ir.parse import parse_graph
from lazynd.runtime.run.compile import PROGRAMS

pytestmark = pytest.mark.lazy

ONE = "%1: {dtype}[2,3,4] = ir.broadcast(%0) {{shape=(2, 3, 4), axes=()}}"
LONG = "%1: {dtype}[2,3,4] = ir.broadcast(%0) {{shape=(2, 3, 4), axes=(1, 2)}}"
LINE = "%1: {dtype}[2,3,4] = ir.broadcast(%0) {{shape=(2, 3, 4), axes=(1,)}}"
TWO = "%1: {dtype}[2,3,4] = ir.broadcast(%0) {{shape=(2, 3, 4), axes=(0, 2)}}"
UNITS = "%1: {dtype}[2,1,1,3] = ir.broadcast(%0) {{shape=(2, 1, 1, 3), axes=(3,)}}"

#: The shape of the few, how they are spread, and an operation on ``%1`` whose result is spread too (True) or not.
Case = tuple[str, str, str, bool]


def named(case: Case) -> str:
    return f"{case[0]} {case[2].split('ir.')[1].split('(')[0]}"


CASES: list[Case] = [
    ("[]", ONE, "{dtype}[2,3,4] = ir.negate(%1)", True),
    ("[3]", LINE, "{dtype}[2,3,4] = ir.negate(%1)", True),
    ("[2,4]", TWO, "{dtype}[2,3,4] = ir.multiply(%1, %1)", True),
    ("[3,1]", LONG, "{dtype}[2,3,4] = ir.negate(%1)", True),
    ("[3,1]", LONG, "{dtype}[1,2,2] = ir.slice(%1) {{start=(0, 1, 1), limit=(1, 3, 3), strides=(1, 1, 1)}}", True),
    ("[3,1]", LONG, "{dtype}[4,3,2] = ir.transpose(%1) {{axes=(2, 1, 0)}}", True),
    ("[]", ONE, "{dtype}[24] = ir.reshape(%1) {{shape=(24,)}}", True),
    ("[3]", LINE, "{dtype}[6,4] = ir.reshape(%1) {{shape=(6, 4)}}", False),
    ("[3]", UNITS, "{dtype}[2,3,1] = ir.reshape(%1) {{shape=(2, 3, 1)}}", True),
    ("[3]", LINE, "{dtype}[2,1,3,1,4] = ir.reshape(%1) {{shape=(2, 1, 3, 1, 4)}}", True),
    ("[2,4]", TWO, "{dtype}[4,3,2] = ir.transpose(%1) {{axes=(2, 1, 0)}}", True),
    ("[3]", LINE, "{dtype}[4,2,3] = ir.transpose(%1) {{axes=(2, 0, 1)}}", True),
    ("[2,4]", TWO, "{dtype}[2,3,4] = ir.reverse(%1) {{axes=(0, 1)}}", True),
    ("[3]", LINE, "{dtype}[2,3,4] = ir.reverse(%1) {{axes=(0, 2)}}", True),
    ("[]", ONE, "{dtype}[1,2,2] = ir.slice(%1) {{start=(0, 1, 0), limit=(1, 3, 3), strides=(1, 1, 2)}}", True),
    ("[3]", LINE, "{dtype}[1,2,4] = ir.slice(%1) {{start=(0, 1, 0), limit=(1, 3, 4), strides=(1, 1, 1)}}", True),
    ("[2,4]", TWO, "{dtype}[1,2,2] = ir.slice(%1) {{start=(1, 1, 1), limit=(2, 3, 4), strides=(1, 1, 2)}}", True),
    ("[]", ONE, "{dtype}[2,6,4] = ir.concatenate(%1, %1) {{axis=1}}", True),
    ("[3]", LINE, "{dtype}[2,6,4] = ir.concatenate(%1, %1) {{axis=1}}", True),
    ("[3]", LINE, "{dtype}[4,3,4] = ir.concatenate(%1, %1) {{axis=0}}", True),
    ("[3]", LINE, "{dtype}[2,3,4] = ir.sort(%1) {{axis=1}}", False),
    ("[3]", LINE, "{dtype}[2,3,4] = ir.sort(%1) {{axis=2}}", True),
    ("[2,4]", TWO, "{dtype}[2,4] = ir.reduce_max(%1) {{axes=(1,)}}", True),
    ("[2,4]", TWO, "{dtype}[3,4] = ir.reduce_max(%1) {{axes=(0,)}}", False),
    ("[]", ONE, "{dtype}[] = ir.reduce_min(%1) {{axes=(0, 1, 2)}}", True),
    ("[]", ONE, "{dtype}[3] = ir.reduce_sum(%1) {{axes=(0, 2)}}", True),
    ("[3]", LINE, "{dtype}[3] = ir.reduce_sum(%1) {{axes=(0, 2)}}", True),
    ("[3]", LINE, "{dtype}[2,4] = ir.reduce_sum(%1) {{axes=(1,)}}", False),
    ("[3]", UNITS, "{dtype}[2,3] = ir.reduce_prod(%1) {{axes=(1, 2)}}", True),
    ("[3]", LINE, "{dtype}[3] = ir.reduce_prod(%1) {{axes=(0, 2)}}", False),
    ("[3]", LINE, "{dtype}[5,2,3,4] = ir.broadcast(%1) {{shape=(5, 2, 3, 4), axes=(1, 2, 3)}}", True),
]
SPECIAL = [-0.0, 0.0, np.nan, np.inf, -np.inf, 1e30, 0.1, -3.0]


@pytest.mark.parametrize("dtype", ["float32", "int8", "bfloat16"])
@pytest.mark.parametrize("case", CASES, ids=named)
def test_results_are_those_of_the_whole_array(case: Case, dtype: str, rng: np.random.Generator) -> None:
    few, first, then, _ = case
    text = f"graph main(%0: {{dtype}}{few}) {{{{\n  {first}\n  %2: {then}\n  return %2\n}}}}"
    graph = parse_graph(text.format(dtype=dtype))
    backend = get_backend("xla")
    program, _ = backend.compile(graph, 0, (), False)
    shape, kind = graph.inputs[0].type.shape, graph.inputs[0].type.dtype
    for number in range(4):
        values = rng.choice(SPECIAL, shape) if dtype != "int8" else rng.integers(-128, 128, shape)
        if not number:
            values = np.full(shape, 100)  # sums overflow int8
        given = np.asarray(values).astype(kind)
        (found,) = program([backend.put(given, graph.inputs[0].type.context)], [])
        (expected,) = evaluate(graph, [given])
        got, wanted = backend.get(found), np.asarray(expected)
        # A sum of up to eight equal numbers, each addition rounded: 2**-24 for each of seven, and 2**-8 in bfloat16.
        rtol = {"float32": 7 * 2.0**-24, "bfloat16": 2.0**-8, "int8": 0}[dtype]
        np.testing.assert_allclose(got.astype("float64"), wanted.astype("float64"), rtol=rtol)
        if "sum" not in then:
            assert got.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("case", CASES, ids=named)
def test_what_follows_is_computed_on_the_few(case: Case) -> None:
    few, first, then, spread = case
    result = then.split(" = ")[0]
    lines = (
        f"graph main(%0: {{dtype}}{few}) {{{{",
        first,
        f"%2: {then}",
        f"%3: {result} = ir.sqrt(%2)",
        "return %3",
        "}}",
    )
    graph = parse_graph("\n".join(lines).format(dtype="float32"))
    given = np.zeros(graph.inputs[0].type.shape, np.float32)
    with jax.enable_x64(True):  # as programs are compiled
        traced = jax.make_jaxpr(lower(graph))([given])
    (root,) = (each for each in traced.eqns if each.primitive.name == "sqrt")
    size, whole = root.outvars[0].aval.size, graph.outputs[0].type.size
    assert size <= max(given.size, whole // 2) if spread else size == whole


@pytest.mark.parametrize("size", [1, 1000, 1024, 1025, 5000])
def test_how_often_a_function_is_rounded_is_a_matter_of_the_whole_array(size: int) -> None:
    """Arrays of up to 1,024 elements are computed in double precision, whatever they are made of."""
    values = np.full(size, 0.7, np.float32)
    made = nd.full((size,), 0.7)
    for _ in range(3):
        made = nd.exp(nd.sin(made))
    given = nd.array(values)
    for _ in range(3):
        given = nd.exp(nd.sin(given))
    assert made.asnumpy().tobytes() == given.asnumpy().tobytes()


def test_a_long_chain_after_a_fill_compiles_in_few_sweeps(capfd: pytest.CaptureFixture[str]) -> None:
    PROGRAMS.clear()
    with lazynd.config.using(budget_nodes=400):
        for x in (nd.ones((3,)), nd.ones((2000,)), nd.array([0.1, 0.2]).reshape((2, 1)).broadcast_to((2, 3))):
            for _ in range(100):
                x = nd.exp(-x)
            x.asnumpy()
    assert "simplif" not in capfd.readouterr().err
