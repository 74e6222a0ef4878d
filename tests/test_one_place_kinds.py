"""A family of operators with a kind of parameter of its own touches one place: one file outside lazynd."""

from __future__ import annotations

import inspect
import pathlib
import runpy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, manual, nd
from lazynd.ir.errors import OperatorError
from lazynd.ir.parse import parse_graph
from lazynd.ir.text import print_graph
from lazynd.ops import OPERATORS, Operator, infer_dtypes, infer_shapes, infer_types
from lazynd.ops.kinds import Scalar, kinds_of

from . import differentiation as d
from . import test_operators as generic
from .test_one_place import declare, digest, forget

STUBS = pathlib.Path(__file__).resolve().parent.parent / "tools" / "make_stubs.py"
SOURCE = '''
"""Turned features: layers whose products turn pairs of numbers by an angle."""

from __future__ import annotations

import math
from typing import Annotated, Any

from lazynd.ir import build as ir
from lazynd.ir.errors import OperatorError
from lazynd.ir.specialization import RUNTIME
from lazynd.ir.types import require
from lazynd.ops import op
from lazynd.ops.kinds import Kind, as_number


def read_angle(value: Any) -> float:
    """Degrees: a number, or text such as "90deg" or "1.5rad"."""
    if isinstance(value, str) and value.endswith("rad"):
        return math.degrees(as_number(value.removesuffix("rad")))
    return float(as_number(value.removesuffix("deg") if isinstance(value, str) else value))


def read_side(value: Any) -> str:
    if value not in ("left", "right"):
        raise OperatorError("there are left and right")
    return value


Angle = Annotated[Any, Kind(
    "angle", read_angle, "float | str", "an angle in degrees: another one compiles nothing",
    RUNTIME, lambda fixed, name: [fixed.scalar(fixed.wide)],
)]
Angles = Annotated[tuple[Any, ...], Kind(
    "angles", lambda value: tuple(map(read_angle, value)), "Sequence[float | str]", "angles in degrees",
    RUNTIME, lambda fixed, name: [fixed.scalar(fixed.wide)] * fixed.static[name],
    several=True, counted=True, tuples=True,
)]
Side = Annotated[str, Kind("side", read_side, "str")]


def samples(rng: Any) -> list[Any]:
    x, w = rng.normal(size=(2, 3, 4)).astype("float32"), rng.normal(size=(6, 4)).astype("float32")
    return [((x, w), {"angle": 30.0, "units": 6}), ((x, w), {"angle": "0.5rad", "units": 6, "side": "right"})]


def dense(known, *, units, **_):
    data = known["data"]
    if data is not None:
        known.learn("weight", (units, data[-1]))
        known.learn_output((*data[:-1], units))


def turned(x, angle, side):
    radians = angle * (math.pi / 180)
    a, b = ir.slice_(x, (0,) * x.ndim, (*x.shape[:-1], x.shape[-1] // 2)), None
    b = ir.slice_(x, (*(0,) * (x.ndim - 1), x.shape[-1] // 2), x.shape)
    sine = ir.sin(radians) if side == "left" else -ir.sin(radians)
    return ir.concatenate([a * ir.cos(radians) - b * sine, a * sine + b * ir.cos(radians)], x.ndim - 1)


@op(samples=samples, shapes=dense, aliases=("TurnedDense",))
def turned_dense(data, weight, *, angle: Angle, units: int, side: Side = "left"):
    """``data`` times the transpose of ``weight``, both halves of the result turned against each other by ``angle``."""
    require(weight.shape == (units, data.shape[-1]), f"weight does not fit {data.type}, it is {weight.type}")
    require(units % 2 == 0, "units must be even")
    return turned(ir.dot_general(data, weight, ((data.ndim - 1,), (1,))), angle, side)


@op(samples=lambda rng: [((rng.normal(size=(2, 4)).astype("float32"),), {"angles": (30.0, "1rad")})])
def turned_often(data, *, angles: Angles):
    """``data`` turned by one of ``angles`` after the other."""
    for angle in angles:
        data = turned(data, angle, "left")
    return data
'''


@pytest.fixture
def family(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Operator]]:
    before = digest()
    made = {operator.name: operator for operator in declare(tmp_path, SOURCE, monkeypatch)}
    for name, operator in made.items():
        monkeypatch.setitem(generic.ALL, name, operator)
    yield made
    forget([name for operator in made.values() for name in operator.names], "my_operators")
    assert digest() == before, "no file of the package was touched"


def reference(x: Any, w: Any, degrees: float, sign: float = 1) -> Any:
    a, b = np.split(x @ w.T, 2, axis=-1)
    cosine, sine = np.cos(np.radians(degrees)), sign * np.sin(np.radians(degrees))
    return np.concatenate([a * cosine - b * sine, a * sine + b * cosine], axis=-1)


def arrays() -> tuple[Any, Any]:
    rng = np.random.default_rng(3)
    return rng.normal(size=(2, 4)).astype("float32"), rng.normal(size=(6, 4)).astype("float32")


def test_functions_and_methods_read_the_new_kinds(family: dict[str, Operator]) -> None:
    x, w = arrays()
    a, b = nd.array(x), nd.array(w)
    # float32: products of 4 terms below 10, and a turn: a few units in the last place of the largest.
    for angle, degrees in ((90, 90.0), ("90deg", 90.0), ("1.5rad", np.degrees(1.5)), (np.float32(30), 30.0)):
        found = nd.turned_dense(a, b, angle=angle, units=6).asnumpy()
        np.testing.assert_allclose(found, reference(x, w, degrees), rtol=1e-5, atol=1e-5)
    right = a.turned_dense(b, angle=45, units="6", side="right").asnumpy()
    np.testing.assert_allclose(right, reference(x, w, 45.0, -1), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(nd.TurnedDense(a, b, angle=0, units=6).asnumpy(), x @ w.T, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        nd.turned_often(a, angles=("30deg", 60)).asnumpy(),
        np.concatenate([-x[:, 2:], x[:, :2]], axis=1), rtol=1e-5, atol=1e-5,
    )  # fmt: skip


def test_wrong_values_are_refused_by_the_row(family: dict[str, Operator]) -> None:
    a, b = map(nd.array, arrays())
    with pytest.raises(lazynd.MXNetError, match="Invalid Parameter format for angle expect angle but value='far'"):
        nd.turned_dense(a, b, angle="far", units=6)
    with pytest.raises(lazynd.MXNetError, match="for side expect side but value='up': there are left and right"):
        nd.turned_dense(a, b, angle=1, units=6, side="up")
    with pytest.raises(lazynd.MXNetError, match="Required parameter angle of angle is not presented"):
        nd.turned_dense(a, b, units=6)


def test_another_number_compiles_nothing_another_text_does(family: dict[str, Operator]) -> None:
    a, b = map(nd.array, arrays())

    def compiles(**attributes: Any) -> int:
        before = lazynd.stats().programs
        nd.turned_dense(a, b, units=6, **attributes).asnumpy()
        nd.turned_often(a, angles=(attributes["angle"], 1)).asnumpy()
        return lazynd.stats().programs - before

    compiles(angle=1)
    assert compiles(angle=2) == compiles(angle="0.3rad") == 0


def test_the_shapes_of_what_is_open_follow(family: dict[str, Operator]) -> None:
    operator, given = family["turned_dense"], {"angle": "1rad", "units": "6"}
    known = infer_shapes(operator, [(None, 4), None], given)
    assert known["weight"] == (6, 4) and known.outputs == [(None, 6)]
    assert infer_dtypes(operator, [np.dtype("float64"), None], given)["weight"] == np.float64
    data = nd.ones((2, 4))._cell.type
    assert infer_types(operator, [data, None], given)[1] == (data.with_shape((2, 6)),)
    with pytest.raises(OperatorError, match=r"Provided = \[5,4\], inferred shape=\[6,4\] for weight"):
        infer_shapes(operator, [(2, 4), (5, 4)], given)


def test_the_manual_follows(family: dict[str, Operator]) -> None:
    page = manual.describe("turned_dense")
    assert "- `angle`: an angle in degrees: another one compiles nothing; required" in page
    assert "- `side`: side, part of the program; default `'left'`" in page
    assert "turned_dense(float32[2,3,4], float32[6,4], angle=30.0, units=6) -> float32[2,3,6]" in page
    assert {o.name for o in manual.families()["gates"]} == set(family)


def test_signature_and_stub_follow(family: dict[str, Operator]) -> None:
    stub = runpy.run_path(str(STUBS), run_name="stubs")["function"]
    shown = inspect.signature(nd.turned_dense)
    assert str(shown) == "(data, weight, angle, units, side='left', *, out=None, name=None)"
    text = stub("turned_dense", family["turned_dense"], shown)
    assert "angle: float | str, units: int, side: str = 'left'" in text
    text = stub("turned_often", family["turned_often"], inspect.signature(nd.turned_often))
    assert "angles: Sequence[float | str]" in text


def test_graphs_print_and_parse(family: dict[str, Operator]) -> None:
    texts = []
    for operator in family.values():
        assert operator.samples is not None
        for given, attributes in operator.samples(np.random.default_rng(2)):
            spec, _ = d.bind(operator, given, attributes)
            texts.append(print_graph(d.graph_of(spec), locations=False))
            assert print_graph(parse_graph(texts[-1], OPERATORS), locations=False) == texts[-1]
    assert any("turned_dense(%0, %1, angle=%2) {units=6, side='right'}" in text for text in texts)


def test_the_generic_tests_hold(family: dict[str, Operator]) -> None:
    for name in family:
        generic.test_type_rule_agrees_with_the_interpreter(name)
        generic.test_xla_agrees_with_numpy(name)
        generic.test_gradient_agrees_with_finite_differences(name)
        generic.test_second_order_agrees_with_finite_differences(name)
        generic.test_every_operator_is_documented(name)


def test_gradients_flow(family: dict[str, Operator]) -> None:
    x, w = arrays()
    a, b = nd.array(x), nd.array(w)
    a.attach_grad()
    with autograd.record():
        y = nd.turned_dense(a, b, angle=90, units=6)
    y.backward()
    # A quarter turn sends the halves (p, q) to (-q, p): the sum is of p less q.
    np.testing.assert_allclose(a.grad.asnumpy(), np.tile(w[:3].sum(0) - w[3:].sum(0), (2, 1)), rtol=1e-5, atol=1e-5)


def test_a_gradient_rule_gets_all_numbers_of_a_parameter(family: dict[str, Operator]) -> None:
    """A parameter of several numbers is a tuple in the rule as in the body."""
    seen: list[Any] = []

    def rule(g: Any, y: Any, data: Any, *, angles: Any) -> Any:
        seen.append(angles)
        return g

    family["turned_often"].gradient(rule)
    a = nd.ones((2, 4))
    a.attach_grad()
    with autograd.record():
        y = nd.turned_often(a, angles=(1, 2, 3))
    y.backward()
    assert a.grad.asnumpy().tolist() == [[1] * 4] * 2
    assert [len(each) for each in seen] == [3] * len(seen) and seen


def test_an_annotation_that_is_no_kind_is_refused() -> None:
    from lazynd.ops import op

    def function(data: Any, *, colour: Colour) -> Any:  # type: ignore[name-defined]  # noqa: F821
        return data

    with pytest.raises(TypeError, match="parameter colour needs one known kind, got 'Colour'"):
        op(name="coloured")(function)


def test_kinds_are_found_by_name_where_the_operator_is_written() -> None:
    """Another module may call its own kind ``Scalar``: what counts is what the name means there."""
    (scalar,) = kinds_of(Scalar, {})
    assert kinds_of("Number | None", {"Number": Scalar}) == [scalar]
    assert kinds_of("Scalar", {}) == []
