"""Every operator, generically from the registry: types, NumPy against XLA, gradients to second order, text, docs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lazynd.ir.errors import OperatorError
from lazynd.ir.graph import Graph, subgraphs
from lazynd.ir.linearize import linearize
from lazynd.ir.text import print_graph
from lazynd.ir.types import bfloat16
from lazynd.ir.verify import verify
from lazynd.ops import OPERATORS, Operator

from . import differentiation as d

ALL = {operator.name: operator for operator in OPERATORS.values()}
NAMES = sorted(ALL)
DIFFERENTIABLE = [n for n in NAMES if ALL[n].differentiable]


def cases(operator: Operator) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    assert operator.samples is not None, f"{operator.name} states no samples"
    found = operator.samples(np.random.default_rng(5))
    assert found, f"{operator.name} has no sample"
    return found


def close(found: Any, expected: Any, name: str) -> None:
    # float32 results differ by the order of sums and a few units in the last place of each function.
    kind = np.asarray(expected).dtype.kind
    np.testing.assert_allclose(
        found, expected, rtol=2e-5 if kind == "f" else 0, atol=2e-6 if kind == "f" else 0, err_msg=name
    )


@pytest.mark.parametrize("name", NAMES)
def test_type_rule_agrees_with_the_interpreter(name: str) -> None:
    for arrays, attributes in cases(ALL[name]):
        spec, slots = d.bind(ALL[name], arrays, attributes)
        verify(d.graph_of(spec))
        results = d.interpret(spec, [*map(np.asarray, arrays), *slots])
        assert [(r.shape, r.dtype) for r in results] == [(t.shape, t.dtype) for t in spec.out_types]
        if name != "_contrib_allclose":
            assert all(t.shape != () for t in spec.out_types), "MXNet has no other 0-d results"


@pytest.mark.parametrize("name", NAMES)
def test_xla_agrees_with_numpy(name: str) -> None:
    arrays, attributes = cases(ALL[name])[0]
    spec, slots = d.bind(ALL[name], arrays, attributes)
    inputs = [*map(np.asarray, arrays), *slots]
    for found, expected in zip(d.compiled(spec, inputs), d.interpret(spec, inputs), strict=True):
        close(found, expected, name)


def seeds_for(spec: Any) -> list[Any]:
    rng = np.random.default_rng(3)
    return [rng.uniform(0.5, 1.5, t.shape).astype(t.dtype) for t in spec.out_types]


def is_index(value: Any) -> bool:
    """Whether a sample is an array of indices, or of labels: whole numbers, which have no slope."""
    return bool(np.all(value == np.round(value)))


#: Those that pass a gradient on in another way than their slope says; see tests/ops/test_straight_through.py.
STRAIGHT_THROUGH = {"_contrib_gradientmultiplier", "_contrib_round_ste", "_contrib_sign_ste"}


def exact_gradient(name: str) -> bool:
    """Whether the gradient is that of the function: loss heads state another one."""
    return not ALL[name].ignores_cotangent and name not in STRAIGHT_THROUGH


#: Of symmetric matrices they read one triangle, and have a gradient that is symmetric too: MXNet's.
SYMMETRIC = {"_linalg_potrf", "_linalg_syevd"}


#: Of these, derivatives by differences take several seconds each.
MANY = {"_contrib_DeformableConvolution", "_contrib_ModulatedDeformableConvolution"}
BY_DIFFERENCES = [pytest.param(n, marks=[pytest.mark.slow] * (n in MANY)) for n in DIFFERENTIABLE]


@pytest.mark.parametrize("name", BY_DIFFERENCES)
def test_gradient_agrees_with_finite_differences(name: str) -> None:
    for arrays, attributes in cases(ALL[name]):
        wide = [d.widen(a) for a in arrays]
        spec, slots = d.bind(ALL[name], wide, attributes)
        inputs, seeds = [*wide, *slots], seeds_for(spec)
        if any(t.dtype.kind != "f" for t in spec.out_types):
            continue
        found = d.gradients(spec, inputs, seeds)
        for number, need in enumerate(d.needs_of(spec)):
            if not need or not exact_gradient(name) or is_index(wide[number]):
                continue
            expected = d.numeric_gradient(spec, inputs, seeds, number)
            if name in SYMMETRIC:
                expected = (expected + expected.swapaxes(-1, -2)) / 2
            given = found.get(number, np.zeros_like(expected))
            # Central differences with step 1e-6 are good to about 1e-9 relative to the curvature.
            np.testing.assert_allclose(
                given, expected, rtol=2e-5, atol=2e-6, err_msg=f"{name} {attributes} input {number}"
            )


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_xla_gradient_agrees_with_numpy(name: str) -> None:
    arrays, attributes = cases(ALL[name])[0]
    spec, slots = d.bind(ALL[name], arrays, attributes)
    inputs, seeds = [*map(np.asarray, arrays), *slots], seeds_for(spec)
    expected = d.gradients(spec, inputs, seeds)
    found = d.gradients(spec, inputs, seeds, run=d.compiled)
    assert found.keys() == expected.keys()
    for number in expected:
        close(found[number], expected[number], name)


#: Those that have no bfloat16, being of float32 and float64 alone, or of int32 and int64.
WITHOUT_BFLOAT16 = {
    "BilinearSampler", "GridGenerator", "SpatialTransformer", "_contrib_DeformableConvolution",
    "_contrib_ModulatedDeformableConvolution", "_contrib_MultiBoxDetection", "_contrib_MultiBoxTarget",
    "_contrib_MultiProposal", "_contrib_Proposal", "_cvcopyMakeBorder", "_linalg_det", "_linalg_extracttrian",
    "_linalg_gelqf", "_linalg_inverse", "_linalg_maketrian", "_linalg_potrf", "_linalg_potri", "_linalg_slogdet",
    "_linalg_syevd", "_linalg_trmm", "_linalg_trsm", "_random_randint", "khatri_rao",
}  # fmt: skip


def with_bfloat16(name: str) -> tuple[Any, list[Any]]:
    """The first sample in bfloat16: what is float16 in it, else all floats, else the first array alone; bound."""
    for arrays, attributes in cases(ALL[name]):
        given = [np.asarray(a) for a in arrays]
        narrowed = np.float16 if any(a.dtype == np.float16 for a in given) else np.float32
        all_of_it = [a.astype(bfloat16()) if a.dtype == narrowed else a for a in given]
        first_alone = [*all_of_it[:1], *given[1:]]
        if not arrays and "dtype" in ALL[name].by_name and ALL[name].by_name["dtype"].kind.name == "dtype":
            attributes = {**attributes, "dtype": "bfloat16"}
        for tried in (all_of_it, first_alone):
            try:
                spec, slots = d.bind(ALL[name], tried, attributes)
            except OperatorError as error:
                refusal = error
            else:
                return spec, [*tried, *slots]
    raise refusal


def close_bfloat16(found: Any, expected: Any, name: str) -> None:
    """A float32 result next to the middle of two bfloat16 may become either: one unit, 2 ** -7 of it, or of the largest
    number where numbers are subtracted afterwards."""
    assert found.dtype == expected.dtype, name
    if found.dtype != bfloat16():
        close(found, expected, name)
        return
    wide = expected.astype("float32")
    largest = np.abs(wide[np.isfinite(wide)]).max(initial=0)
    np.testing.assert_allclose(found.astype("float32"), wide, rtol=2**-7, atol=2**-7 * largest, err_msg=name)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] if i % 6 else []) for i, n in enumerate(NAMES)]
)
def test_bfloat16_is_the_same_in_xla_and_numpy(name: str) -> None:
    if name in WITHOUT_BFLOAT16:
        with pytest.raises(OperatorError, match=r"float32|float64|int32"):
            with_bfloat16(name)
        return
    spec, inputs = with_bfloat16(name)
    verify(d.graph_of(spec))
    results = d.interpret(spec, inputs)
    assert [(r.shape, r.dtype) for r in results] == [(t.shape, t.dtype) for t in spec.out_types]
    for found, expected in zip(d.compiled(spec, inputs), results, strict=True):
        close_bfloat16(found, expected, name)
    if name in DIFFERENTIABLE:
        seeds = seeds_for(spec)
        slopes = d.gradients(spec, inputs, seeds)
        found_slopes = d.gradients(spec, inputs, seeds, run=d.compiled)
        assert found_slopes.keys() == slopes.keys()
        for number, slope in slopes.items():
            assert slope.dtype == spec.in_types[number].dtype
            close_bfloat16(found_slopes[number], slope, name)


SMOOTH = [each for each in BY_DIFFERENCES if ALL[each.values[0]].smooth]


@pytest.mark.parametrize("name", SMOOTH)
def test_second_order_agrees_with_finite_differences(name: str) -> None:
    arrays, attributes = cases(ALL[name])[0]
    wide = [d.widen(a) for a in arrays]
    spec, slots = d.bind(ALL[name], wide, attributes)
    inputs, seeds = [*wide, *slots], seeds_for(spec)
    linear = linearize(spec, d.needs_of(spec))
    results = d.interpret(linear.spec, inputs)
    step = linear.backward(tuple(k < len(spec.out_types) for k in range(len(linear.spec.out_types))))
    if step.spec is None:
        return
    sources = [*inputs[: len(spec.in_types)], *results]
    given = [sources[k] for k in step.residuals] + list(seeds)
    again = [*given, *(slots if step.spec.slots else [])]
    outer = seeds_for(step.spec)
    found = d.gradients(step.spec, again, outer)
    for number, need in enumerate(d.needs_of(step.spec)):
        if need and number < len(given) and not is_index(given[number]):
            expected = d.numeric_gradient(step.spec, again, outer, number)
            np.testing.assert_allclose(found.get(number, 0 * expected), expected, rtol=5e-5, atol=5e-6, err_msg=name)


@pytest.mark.parametrize("name", NAMES)
def test_body_prints_with_a_line_a_node(name: str) -> None:
    arrays, attributes = cases(ALL[name])[0]
    spec, _ = d.bind(ALL[name], arrays, attributes)
    body = spec.body
    assert body is not None
    text = print_graph(body)
    graphs = [body, *run_by(body)]
    assert text.count("\n") == sum(len(graph.nodes) + 3 for graph in graphs)
    assert all(node.spec is not None and node.spec.op.name in text for graph in graphs for node in graph.nodes)


def run_by(graph: Graph) -> list[Graph]:
    """The graphs of the loops and choices in ``graph``, and of those inside them, each once."""
    found: dict[Any, Graph] = {}
    left = [graph]
    while left:
        for node in left.pop().nodes:
            for body in subgraphs(node.spec).values():
                if body.structure not in found:
                    found[body.structure] = body
                    left.append(body)
    return list(found.values())


@pytest.mark.parametrize("name", NAMES)
def test_every_operator_is_documented(name: str) -> None:
    assert ALL[name].__doc__, f"{name} has no docstring"
