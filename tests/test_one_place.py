"""Adding an operator touches one place: one file outside lazynd, and everything else follows from it."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import pathlib
import sys
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
import pytest

import lazynd
from lazynd import autograd, manual, nd, sym
from lazynd.__main__ import main as command_line
from lazynd.backends.xla import claims as xla_claims
from lazynd.backends.xla.lower import lower
from lazynd.ir.flatten import flatten
from lazynd.ir.linearize import linearize
from lazynd.ir.parse import parse_graph
from lazynd.ir.text import print_graph
from lazynd.ops import OPERATORS, Operator
from lazynd.passes import OPERATORS as ON_OPERATORS
from lazynd.passes import expand, run_pipeline

from . import differentiation as d
from . import test_operators as generic
from .backends import test_claims as check_claims

PACKAGE = pathlib.Path(lazynd.__file__).parent
SOURCE = '''
"""A gated activation."""

from lazynd.ir import build as ir
from lazynd.ir.types import normalize_axis, require
from lazynd.ops import op
from lazynd.ops.kinds import Scalar


def samples(rng):
    x, gate = rng.normal(size=(2, 3, 4)).astype("float32"), rng.normal(size=(2, 3, 4)).astype("float32")
    return [((x, gate), {}), ((x, gate), {"axis": 1, "beta": 0.5})]


@op(samples=samples, aliases=("GatedSwish",))
def gated_swish(data, gate, *, beta: Scalar = 1.5, axis: int = -1):
    """``data`` times the sigmoid of ``beta gate``, less its mean along ``axis``. Same shape and dtype."""
    require(data.type is gate.type, f"gate must be {data.type}, got {gate.type}")
    made = data * ir.logistic(beta * gate)
    return made - ir.mean(made, normalize_axis(axis, data.ndim), keepdims=True)
'''


def digest() -> str:
    """Of every source file of the package."""
    made = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        made.update(path.read_bytes())
    return made.hexdigest()


def forget(names: list[str], module: str) -> None:
    for name in names:
        OPERATORS.pop(name, None)
        for place, owner in ((nd, nd.NDArray), (sym, sym.Symbol)):
            vars(place).pop(name, None)
            if name in vars(owner):
                delattr(owner, name)
    for loaded in [m for m in sys.modules if m.partition(".")[0] == module]:
        del sys.modules[loaded]


def declare(folder: pathlib.Path, source: str, monkeypatch: pytest.MonkeyPatch) -> list[Operator]:
    """Write ``source`` as the one file of a package in ``folder``, and import it."""
    (folder / "my_operators").mkdir()
    (folder / "my_operators" / "gates.py").write_text(source)
    monkeypatch.syspath_prepend(folder)
    before = set(OPERATORS)
    importlib.import_module("my_operators.gates")
    return list({id(OPERATORS[n]): OPERATORS[n] for n in OPERATORS.keys() - before}.values())


@pytest.fixture
def operator(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operator]:
    before = digest()
    (made,) = declare(tmp_path, SOURCE, monkeypatch)
    monkeypatch.setitem(generic.ALL, made.name, made)
    yield made
    forget([made.name, *made.aliases], "my_operators")
    assert digest() == before, "no file of the package was touched"


def reference(x: Any, gate: Any, beta: float, axis: int) -> Any:
    made = x / (1 + np.exp(-beta * gate))
    return made - made.mean(axis=axis, keepdims=True)


def test_the_function_and_the_method_follow(operator: Operator) -> None:
    x, gate = operator.samples(np.random.default_rng(1))[0][0]
    a, b = nd.array(x), nd.array(gate)
    # float32: a few units in the last place of numbers below 4.
    expected = reference(x, gate, 0.7, 1)
    for found in (
        nd.gated_swish(a, b, beta=0.7, axis=1),
        nd.GatedSwish(data=a, gate=b, beta="0.7", axis="1"),
        a.gated_swish(b, 0.7, 1),
        nd.gated_swish(a, b, 0.7, 1, out=nd.zeros(x.shape)),
    ):
        np.testing.assert_allclose(found.asnumpy(), expected, rtol=2e-5, atol=2e-6)


def test_the_symbol_follows(operator: Operator) -> None:
    x, gate = map(nd.array, operator.samples(np.random.default_rng(1))[0][0])
    for made in (
        sym.gated_swish(sym.var("x"), beta=0.7, axis=1, name="g"),
        sym.var("x").gated_swish(beta=0.7, axis=1, name="g"),
    ):
        assert made.list_arguments() == ["x", "g_gate"] and made.list_outputs() == ["g_output"]
        assert made.infer_shape_partial(x=x.shape)[0] == [x.shape, ()]
        found = sym.evaluate(made, {"x": x, "g_gate": gate})[0]
        np.testing.assert_array_equal(found.asnumpy(), nd.gated_swish(x, gate, 0.7, 1).asnumpy())


def test_signature_and_docstring_follow(operator: Operator) -> None:
    shown = str(inspect.signature(nd.gated_swish))
    assert shown == "(data, gate, beta=1.5, axis=-1, *, out=None, name=None)"
    assert str(inspect.signature(nd.NDArray(nd.ones((1,))._cell).gated_swish)).startswith("(gate, beta=1.5")
    assert operator.__doc__ is not None and "less its mean" in operator.__doc__
    pointer = "See its example and types: ``python -m lazynd operators gated_swish``."
    assert nd.gated_swish.__doc__ == f"{operator.__doc__}\n\n{pointer}"
    assert "gated_swish" in dir(nd) and "gated_swish" in dir(nd.ones((1,)))


def test_errors_follow(operator: Operator) -> None:
    a = nd.ones((2, 3))
    with pytest.raises(lazynd.MXNetError, match=r"(?s)\[gated_swish\] gate must be.*float32\[3\].*test_one_place.py:"):
        nd.gated_swish(a, nd.ones((3,)))
    with pytest.raises(lazynd.MXNetError, match="Possible Arguments: beta, axis"):
        nd.gated_swish(a, a, alpha=1)


def test_a_number_does_not_recompile(operator: Operator) -> None:
    a = nd.array([[1, 2, 3]])
    nd.gated_swish(a, a, beta=0.1).asnumpy()
    compiles = lazynd.stats().programs
    for beta in (0.2, 0.3, 0.4):
        nd.gated_swish(a, a, beta=beta).asnumpy()
    assert lazynd.stats().programs == compiles


def test_the_generic_tests_hold(operator: Operator) -> None:
    """The suite's own checks: type rule, NumPy against XLA, finite differences to second order, docstring."""
    generic.test_type_rule_agrees_with_the_interpreter(operator.name)
    generic.test_xla_agrees_with_numpy(operator.name)
    generic.test_gradient_agrees_with_finite_differences(operator.name)
    generic.test_xla_gradient_agrees_with_numpy(operator.name)
    generic.test_second_order_agrees_with_finite_differences(operator.name)
    generic.test_body_prints_with_a_line_a_node(operator.name)
    generic.test_every_operator_is_documented(operator.name)


def test_second_order_agrees_with_jax(operator: Operator) -> None:
    rng = np.random.default_rng(4)
    arrays, attributes = operator.samples(rng)[1]
    wide = [a.astype("float64") for a in arrays]
    seed, outer = rng.normal(size=wide[0].shape), [rng.normal(size=w.shape) for w in wide]
    spec, slots = d.bind(operator, wide, attributes)
    run = lower(flatten(d.graph_of(spec)))

    def projected(x: Any, gate: Any) -> Any:
        def value(*given: Any) -> Any:
            return (run([*given, *slots])[0] * seed).sum()

        gradients = jax.grad(value, argnums=(0, 1))(x, gate)
        return sum((g * o).sum() for g, o in zip(gradients, outer, strict=True))

    with jax.enable_x64(True):
        expected = jax.grad(projected, argnums=(0, 1))(*wide)

    x, gate = (nd.array(w, dtype="float64") for w in wide)
    x.attach_grad()
    gate.attach_grad()
    with autograd.record():
        y = nd.gated_swish(x, gate, **attributes)
        first = autograd.grad(y, [x, gate], nd.array(seed, dtype="float64"), create_graph=True)
        total = sum((g * nd.array(o, dtype="float64")).sum() for g, o in zip(first, outer, strict=True))
    total.backward()
    for found, wanted in zip((x.grad, gate.grad), expected, strict=True):
        # float64 both, some tens of operations of numbers about 1.
        np.testing.assert_allclose(found.asnumpy(), np.asarray(wanted), rtol=1e-12, atol=1e-13)


def test_graphs_print_and_parse(operator: Operator) -> None:
    arrays, attributes = operator.samples(np.random.default_rng(2))[1]
    spec, _ = d.bind(operator, arrays, attributes)
    linear = linearize(spec, (True, True))
    for graph in (d.graph_of(spec), spec.body, d.graph_of(linear.spec)):
        text = print_graph(graph, locations=False)
        assert print_graph(parse_graph(text, OPERATORS), locations=False) == text
    assert "gated_swish(%0, %1, beta=%2) {axis=1}" in print_graph(d.graph_of(spec))


def test_the_manual_follows(operator: Operator) -> None:
    page = manual.describe(operator)
    for fragment in ("gated_swish", "GatedSwish", "less its mean along", "beta", "axis", "float32[2,3,4]", "logistic"):
        assert fragment in page
    assert operator in manual.families()["gates"]


def test_an_operator_without_samples_fails_the_suite(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = SOURCE.replace("samples=samples, ", "").replace("gated_swish", "unsampled").replace("GatedSwish", "Other")
    (made,) = declare(tmp_path, source, monkeypatch)
    try:
        assert made.samples is None
        monkeypatch.setitem(generic.ALL, made.name, made)
        for check in (generic.test_type_rule_agrees_with_the_interpreter, generic.test_xla_agrees_with_numpy):
            with pytest.raises(AssertionError, match="unsampled states no samples"):
                check(made.name)
    finally:
        forget([made.name, *made.aliases], "my_operators")


def test_a_wrong_gradient_fails_the_suite(operator: Operator) -> None:
    operator.gradient(lambda g, y, data, gate, **attributes: (g, None))
    with pytest.raises(AssertionError):
        generic.test_gradient_agrees_with_finite_differences(operator.name)


def test_names_are_declared_once(operator: Operator) -> None:
    from lazynd.ops import op

    with pytest.raises(TypeError, match="'gated_swish' is declared twice"):
        op(name="gated_swish")(lambda data: data)


PASS = '''
"""A pass and a lowering that the package does not know."""

import jax.numpy as jnp

from lazynd.backends.xla.claims import claims
from lazynd.ir.graph import Graph
from lazynd.ops import OPERATORS
from lazynd.passes.pattern import o, rule, variable
from lazynd.passes.rules import apply_rules, by_root

x = variable("x")
TABLE = by_root([rule(o.relu(o.relu(x)), lambda x: OPERATORS["relu"](x))])


def once(graph: Graph, *, times: int = 1) -> Graph:
    """``graph`` with one relu in place of two."""
    for _ in range(times):
        graph = apply_rules(graph, TABLE)
    return graph


@claims(OPERATORS["hard_sigmoid"], when=lambda spec: spec.in_types[0].ndim == 2, platforms=("cpu", "gpu"))
def hard_sigmoid(data, *, alpha, beta):
    CALLS.append(data.shape)
    return jnp.clip(data * alpha + beta, 0, 1)


CALLS = []
'''


def test_a_pass_and_a_lowering_touch_one_place(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One file outside lazynd: the pass runs in a pipeline and on the command line, the claim runs in programs, under
    the suite's own check."""
    before = digest()
    monkeypatch.setattr(xla_claims, "_claims", [xla_claims.Claims()])
    (tmp_path / "my_compiler.py").write_text(PASS)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("my_compiler")
    try:
        text = "graph main(%0: float32[2]) {\n" + "".join(f"%{i + 1}: float32[2] = relu(%{i})\n" for i in range(3))
        graph = parse_graph(text + "return %3\n}", OPERATORS)
        assert len(run_pipeline(graph, passes=(*ON_OPERATORS, module.once, expand), check=True)) < len(expand(graph))
        (tmp_path / "graph.txt").write_text(text + "return %3\n}")
        assert command_line(["passes", str(tmp_path / "graph.txt"), "-p", "my_compiler.once:times=2"]) == 0
        assert capsys.readouterr().out.count("relu") == 1
        (claim,) = xla_claims.current().all
        with monkeypatch.context() as patched:
            patched.setattr(claim.operator, "samples", lambda rng: [((rng.normal(size=(3, 4)).astype("float32"),), {})])
            check_claims.test_a_claim_agrees_with_the_body(claim)
        assert module.CALLS and set(module.CALLS) == {(3, 4)}
    finally:
        del sys.modules["my_compiler"]
    assert digest() == before, "no file of the package was touched"
