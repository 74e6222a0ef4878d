"""Every claim is held to the body of its operator; which operators are claimed is part of what a program is called."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd, viz
from lazynd.backends import get_backend
from lazynd.backends.encode import NotEncodable, encode_graph
from lazynd.backends.xla import claims as claimed
from lazynd.backends.xla.claims import Claim, claims, current, fingerprint
from lazynd.backends.xla.lower import lower
from lazynd.ir.flatten import flatten
from lazynd.ir.graph import graph_of
from lazynd.ir.primitive import PRIMITIVES
from lazynd.ir.specialization import Specialization
from lazynd.ir.types import DTYPES, FLOAT32, Type, bfloat16, is_floating
from lazynd.ops import OPERATORS
from lazynd.passes import pipeline, run_pipeline
from lazynd.runtime.run.compile import PROGRAMS

from .. import differentiation as d
from ..test_operators import cases, close, seeds_for

get_backend("xla")  # its claims are registered with it
REGISTERED = current().all


@pytest.fixture
def own_claims(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Claims of the test alone."""
    monkeypatch.setattr(claimed, "_claims", [claimed.Claims()])
    PROGRAMS.clear()
    yield
    PROGRAMS.clear()


def in_every_dtype(arrays: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """``arrays``, and with the floats among them as each other float type."""
    yield arrays
    for dtype in DTYPES.values():
        if is_floating(dtype) and dtype != FLOAT32:
            yield tuple(np.asarray(a).astype(dtype) if np.asarray(a).dtype == FLOAT32 else a for a in arrays)


@pytest.mark.parametrize("claim", REGISTERED, ids=lambda claim: claim.operator.name)
def test_a_claim_agrees_with_the_body(claim: Claim) -> None:
    """Values, and first derivatives with the claimed values in them, on each sample within the rule."""
    if "cpu" not in claim.platforms:
        pytest.skip("only where there is a GPU")
    held = 0
    for sample, attributes in cases(claim.operator):
        for arrays in in_every_dtype(sample):
            spec, slots = d.bind(claim.operator, arrays, attributes)
            if not current()(spec):
                continue
            held += 1
            inputs = [*map(np.asarray, arrays), *slots]
            for found, expected in zip(d.compiled(spec, inputs), d.interpret(spec, inputs), strict=True):
                assert found.dtype == expected.dtype
                narrow = bfloat16 in (found.dtype, *(t.dtype for t in spec.in_types))
                if narrow or found.dtype == np.float16:
                    np.testing.assert_allclose(found.astype(float), expected.astype(float), rtol=2e-2, atol=1e-3)
                else:
                    close(found, expected, claim.operator.name)
            if claim.operator.differentiable and all(is_floating(t.dtype) for t in spec.out_types):
                seeds = seeds_for(spec)
                by_body = d.gradients(spec, inputs, seeds)
                by_claim = d.gradients(spec, inputs, seeds, run=d.compiled)
                assert by_body.keys() == by_claim.keys()
                for number, expected in by_body.items():
                    close(by_claim[number], expected, claim.operator.name)
    assert held, f"no sample of {claim.operator.name} lies within the rule of its claim"


# ------------------------------------------------------------------------------------------------ topk


@pytest.mark.parametrize("shape, k", [((3, 40), 20), ((3, 40), 1), ((2, 3, 17), 5), ((64,), 7), ((1, 2), 1)])
@pytest.mark.parametrize(
    "ret_typ", ["both", "mask", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("value", "indices"))]
)
@pytest.mark.parametrize("axis, is_ascend", [(-1, False), (None, True)])
def test_the_largest_few_are_those_of_the_sorted_line(
    shape: Any, k: int, ret_typ: str, axis: int | None, is_ascend: bool
) -> None:
    """To the bit and with every tie: zeros of both signs, infinities, NaN of both signs.

    Subnormal numbers are zeros to XLA, in the expanded operator too.
    """
    rng = np.random.default_rng(3)
    values = np.array([0.0, -0.0, 1, -1, np.inf, -np.inf, np.nan, -np.nan, 2.5], np.float32)
    x = rng.choice(values, shape)
    given = {"k": k, "ret_typ": ret_typ, "axis": axis, "dtype": "int32", "is_ascend": is_ascend}
    spec, _ = d.bind(OPERATORS["topk"], (x,), given)
    assert current()(spec)
    for found, expected in zip(d.compiled(spec, [x]), d.interpret(spec, [x]), strict=True):
        assert found.tobytes() == expected.tobytes()
    tiny = rng.choice([*values, np.float32(1e-42), np.float32(-1e-42)], shape)
    with jax.enable_x64(True):
        expanded = jax.jit(lower(flatten(graph_of(spec))))([tiny])
    for found, expected in zip(d.compiled(spec, [tiny]), expanded, strict=True):
        assert found.tobytes() == np.asarray(expected).tobytes()


@pytest.mark.parametrize("shape, k", [((1 << 18) + 5, 3), ((3, 90_000), 2_000)])
@pytest.mark.parametrize("nan", [False, True])
def test_the_largest_few_of_long_lines(shape: Any, k: int, nan: bool) -> None:
    """By groups of neighbours, but where there is NaN; with every tie."""
    values = [0.0, -0.0, 1, -1, np.inf, -np.inf, 2.5] + [np.nan] * nan
    x = np.random.default_rng(5).choice(np.array(values, np.float32), shape)
    for ascending in (False, True):
        spec, _ = d.bind(OPERATORS["topk"], (x,), {"k": k, "dtype": "int32", "is_ascend": ascending})
        assert current()(spec)
        (found,), (expected,) = d.compiled(spec, [x]), d.interpret(spec, [x])
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_the_largest_few_along_any_axis(dtype: str) -> None:
    x = np.random.default_rng(4).integers(-3, 4, (6, 3, 5)).astype(dtype)
    for given in ({"axis": 0, "ret_typ": "both"}, {"axis": 0, "ret_typ": "mask", "is_ascend": True}):
        spec, _ = d.bind(OPERATORS["topk"], (x,), {"k": 2, **given})
        assert current()(spec)
        for found, expected in zip(d.compiled(spec, [x]), d.interpret(spec, [x]), strict=True):
            assert found.dtype == expected.dtype and found.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    "dtype, attributes",
    [("float64", {}), ("int32", {}), ("float32", {"k": 0}), ("float32", {"k": 3})],
)
def test_what_was_not_measured_is_sorted(dtype: str, attributes: dict[str, Any]) -> None:
    spec, _ = d.bind(OPERATORS["topk"], (np.zeros((4, 4), dtype),), attributes)
    assert not current()(spec)


@pytest.mark.lazy
def test_a_program_runs_the_claim_and_its_gradient_the_body() -> None:
    x = nd.array([[3.0, 1, 2, 5, 4]])
    graph = viz.graph(nd.topk(x, k=2, dtype="int32"))
    backend = get_backend("xla")
    left = [node.spec.op for node in run_pipeline(graph, passes=pipeline(backend.claimed()), check=True).nodes]
    assert left == [OPERATORS["topk"]]
    assert PRIMITIVES["sort"] in [node.spec.op for node in run_pipeline(graph).nodes], "without a claim it is expanded"
    x.attach_grad()
    with autograd.record():
        best = nd.topk(x, k=2, ret_typ="value")
    best.backward()
    np.testing.assert_array_equal(best.asnumpy(), [[5, 4]])
    np.testing.assert_array_equal(x.grad.asnumpy(), [[0, 0, 0, 1, 1]])


# ------------------------------------------------------------------------------------------------ the mechanism


def always(spec: Specialization) -> bool:
    return True


def relu_spec(shape: tuple[int, ...] = (2, 3)) -> Specialization:
    return OPERATORS["relu"].bind((Type(shape, FLOAT32),), {})[0]


@pytest.mark.lazy
@pytest.mark.usefixtures("own_claims")
def test_a_rule_decides_by_shape_and_bodies_of_others_have_it_too() -> None:
    seen: list[tuple[int, ...]] = []

    @claims(OPERATORS["relu"], when=lambda spec: spec.in_types[0].shape[0] > 2)
    def relu(data: jax.Array) -> jax.Array:
        seen.append(data.shape)
        return jnp.maximum(data, 0)

    np.testing.assert_array_equal(nd.relu(nd.array([[-1.0, 1]])).asnumpy(), [[0, 1]])
    assert not seen
    np.testing.assert_array_equal((nd.relu(nd.array([-1.0, 1, 2])) * 2).asnumpy(), [0, 2, 4])
    assert seen == [(3,)]
    np.testing.assert_array_equal(nd.relu(nd.array([-1.0, 1, 5])).asnumpy(), [0, 1, 5])
    lazynd.config.backend, before = "numpy", lazynd.config.backend
    try:
        np.testing.assert_array_equal(nd.relu(nd.array([-1.0, 1, 2])).asnumpy(), [0, 1, 2])
    finally:
        lazynd.config.backend = before
    assert set(seen) == {(3,)} and len(seen) == 2


@pytest.mark.usefixtures("own_claims")
def test_numbers_reach_the_claim_by_name() -> None:
    @claims(OPERATORS["_mul_scalar"], when=always)
    def _mul_scalar(data: jax.Array, *, scalar: jax.Array) -> jax.Array:
        return data * scalar + 1

    spec, slots = d.bind(OPERATORS["_mul_scalar"], (np.ones(2, np.float32),), {"scalar": 3.0})
    np.testing.assert_array_equal(d.compiled(spec, [np.ones(2, np.float32), *slots])[0], [4, 4])


@pytest.mark.usefixtures("own_claims")
def test_a_claim_of_another_platform_is_not_used() -> None:
    claims(OPERATORS["relu"], when=always, platforms=("gpu",))(lambda data: data)
    assert not current()(relu_spec())


@pytest.mark.usefixtures("own_claims")
def test_a_claim_of_other_types_is_refused() -> None:
    claims(OPERATORS["relu"], when=always)(lambda data: data.astype(jnp.float16))
    with pytest.raises(TypeError, match=r"the claim of relu gives .*float16.*its body .*float32"):
        d.compiled(relu_spec(), [np.zeros((2, 3), np.float32)])


@pytest.mark.usefixtures("own_claims")
def test_what_refuses_values_is_not_claimed() -> None:
    claims(OPERATORS["take"], when=always)(lambda a, indices, *, axis, mode: a)
    types = (Type((3,), FLOAT32), Type((3,), FLOAT32))
    assert current()(OPERATORS["take"].bind(types, {"mode": "clip"})[0])
    assert not current()(OPERATORS["take"].bind(types, {"mode": "raise"})[0])


# ------------------------------------------------------------------------------------------------ keys


def claim_of(function: Callable[..., Any]) -> Claim:
    return Claim(OPERATORS["relu"], function, always, ("cpu",))


def test_a_fingerprint_is_of_all_that_a_claim_computes() -> None:
    """The same function of other numbers, from a closure, a default or a large array, is another program."""
    device = jax.devices("cpu")[0]
    helper = {"scale": 2.0}

    def scaled(by: Any) -> Callable[..., Any]:
        return lambda data: data * by

    def by_default(data: jax.Array, by: float = 5.0) -> jax.Array:
        return data * jnp.float32(by)

    def by_global(data: jax.Array) -> jax.Array:
        return data * jnp.float32(helper["scale"])

    large = np.ones((2000, 3), np.float32)
    other = large.copy()
    other[1000, 1] = np.nextafter(np.float32(1), np.float32(2))
    spec = relu_spec((2000, 3))
    kinds: list[Callable[..., Any]] = [scaled(jnp.float32(2)), scaled(jnp.float32(3)), scaled(large), scaled(other)]
    found = [fingerprint(claim_of(each), spec, device) for each in (*kinds, by_default)]
    assert len(set(found)) == 5
    before = fingerprint(claim_of(by_global), spec, device)
    assert before == found[0] == fingerprint(claim_of(scaled(jnp.float32(2))), spec, device), "the same code, once more"
    helper["scale"] = 7.0
    assert fingerprint(claim_of(by_global), spec, device) != before


def test_an_operator_is_never_taken_for_a_primitive_of_its_name() -> None:
    type = Type((2, 3), FLOAT32)
    operator = graph_of(OPERATORS["transpose"].specialize((type,), {"axes": (1, 0)}))
    primitive = graph_of(PRIMITIVES["transpose"].specialize((type,), {"axes": (1, 0)}))
    assert encode_graph(operator, lambda spec: b"") != encode_graph(primitive)
    assert encode_graph(operator, lambda spec: b"1") != encode_graph(operator, lambda spec: b"2")
    with pytest.raises(NotEncodable, match="an operator"):
        encode_graph(operator)


@pytest.mark.lazy
@pytest.mark.usefixtures("own_claims")
def test_no_claim_is_run_by_the_program_of_another_on_disk(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Expanded, claimed, claimed by a function of the same name: three entries, each found again."""
    monkeypatch.setattr(lazynd.config, "cache", tmp_path)

    def run() -> tuple[list[float], int]:
        PROGRAMS.clear()
        x = nd.array([-1.0, 2, 3])
        x.wait_to_read()
        before = lazynd.stats().loaded
        found = (nd.relu(x) * 2).asnumpy().tolist()
        return found, lazynd.stats().loaded - before

    def declare(extra: float) -> None:
        claimed.withdraw(OPERATORS["relu"])

        @claims(OPERATORS["relu"], when=always)
        def relu(data: jax.Array) -> jax.Array:
            return jnp.maximum(data, 0) + jnp.float32(extra)

    assert run() == ([0, 4, 6], 0)
    declare(1)
    assert run() == ([2, 6, 8], 0), "the expanded program is not that of the claim"
    assert run() == ([2, 6, 8], 1)
    declare(10)
    assert run() == ([20, 24, 26], 0), "nor is that of another claim"
    declare(1)
    assert run() == ([2, 6, 8], 1)
    claimed.withdraw(OPERATORS["relu"])
    assert run() == ([0, 4, 6], 1)
