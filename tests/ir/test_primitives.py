"""Each primitive's meaning in NumPy against its lowering, where they could differ: at the edges of every dtype."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lazynd.ir.errors import OperatorError
from lazynd.ir.primitive import PRIMITIVES
from lazynd.ir.primitives.elementwise import Binary, Unary

from .special import DTYPE_NAMES, compiled, graph_of, interpret, pairs, special_values, together

ELEMENTWISE = sorted(name for name, primitive in PRIMITIVES.items() if primitive.elementwise)
#: Functions that no backend rounds correctly: relative error in units of the dtype's epsilon. Tangents of large
#: arguments lose a few more.
UNITS = 16
#: Exact on a CPU beyond those that are exact everywhere.
CORRECTLY_ROUNDED = ("divide", "sqrt", "maximum", "minimum", "sign")


def agree(found: Any, expected: Any, what: str, exact: bool) -> None:
    """Equal to the bit but for NaN payloads and subnormal numbers; up to ``UNITS`` where not ``exact``."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype), what
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(found, expected, err_msg=what)
        return
    info = np.finfo(expected.dtype)
    with np.errstate(all="ignore"):
        tiny = np.abs(expected) < info.tiny
        flushed = np.where(tiny, np.copysign(0, expected), expected)
        found = np.where(np.abs(found) < info.tiny, np.copysign(0, found), found)
    np.testing.assert_allclose(found, flushed, rtol=0 if exact else UNITS * info.eps, atol=0, err_msg=what)
    signed = ~np.isnan(flushed)
    np.testing.assert_array_equal(np.signbit(found)[signed], np.signbit(flushed)[signed], err_msg=what)


def operands(name: str, dtype: str) -> list[Any]:
    if name == "select":
        a, b = pairs(dtype)
        return [np.arange(a.size).reshape(a.shape) % 2 == 0, a, b]
    return list(pairs(dtype)) if isinstance(PRIMITIVES[name], Binary) else [special_values(dtype)]


def attribute_sets(name: str, dtype: str) -> list[dict[str, Any]]:
    if name not in ("convert", "bitcast_convert"):
        return [{}]
    width = np.dtype(dtype).itemsize
    return [{"dtype": np.dtype(d)} for d in DTYPE_NAMES if name == "convert" or np.dtype(d).itemsize == width]


def accepted(name: str, dtype: str) -> bool:
    primitive = PRIMITIVES[name]
    kinds = getattr(primitive, "kinds", "fiub")
    whole = name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "convert", "bitcast_convert")
    return whole or np.dtype(dtype).kind in kinds


def check(cases: list[tuple[str, list[Any], dict[str, Any]]], exact: bool = False) -> None:
    """Every case, compiled as one program, against the interpreter."""
    graphs = [graph_of(*case) for case in cases]
    results = compiled(together(graphs), [array for _, arrays, _ in cases for array in arrays])
    for (name, arrays, attributes), graph in zip(cases, graphs, strict=True):
        for expected in interpret(graph, arrays):
            what = f"{name} of {[f'{a.dtype}{list(a.shape)}' for a in arrays]} {attributes}"
            agree(results.pop(0), expected, what, exact)
    assert not results


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_special_values(name: str) -> None:
    cases = []
    for dtype in DTYPE_NAMES:
        for attributes in attribute_sets(name, dtype) if accepted(name, dtype) else ():
            if name != "bitcast_convert" or "bool" not in (dtype, attributes["dtype"].name):
                cases.append((name, operands(name, dtype), attributes))
    primitive = PRIMITIVES[name]
    check(cases, primitive.exact or primitive.moves or name in CORRECTLY_ROUNDED)


@pytest.mark.parametrize("name", [n for n in ELEMENTWISE if isinstance(PRIMITIVES[n], Unary | Binary)])
def test_a_dtype_without_meaning_is_refused_when_typed(name: str) -> None:
    for dtype in DTYPE_NAMES:
        if not accepted(name, dtype):
            with pytest.raises(OperatorError, match=f"{name}: expected operands of"):
                graph_of(name, operands(name, dtype), {})


@pytest.mark.parametrize("shape", [(0,), (2, 0, 3), ()])
def test_empty_and_scalar_shapes(shape: tuple[int, ...]) -> None:
    cases = []
    for name in ELEMENTWISE:
        dtype = next(d for d in ("float32", "int32", "uint32") if accepted(name, d))
        arrays = [np.full(shape, a.reshape(-1)[-1]) for a in operands(name, dtype)]
        cases += [(name, arrays, attributes) for attributes in attribute_sets(name, dtype)[:2]]
    check(cases)


def test_floats_become_integers_as_on_x86() -> None:
    # What MXNet 1.9.1 gives for astype of these on x86-64.
    values = np.array([np.inf, -np.inf, np.nan, 1e20, -1e20, -1.5, 3e9, -3e9], np.float32)
    least32, least64 = -(2**31), -(2**63)
    for dtype, expected in (
        ("int32", [least32] * 5 + [-1, least32, least32]),
        ("uint8", [0] * 5 + [255, 0, 0]),
        ("int8", [0] * 5 + [-1, 0, 0]),
        ("int64", [least64] * 5 + [-1, 3000000000, -3000000000]),
    ):
        for wide in (np.float32, np.float64):
            graph = graph_of("convert", [values.astype(wide)], {"dtype": np.dtype(dtype)})
            assert interpret(graph, [values.astype(wide)])[0].tolist() == expected
            assert compiled(graph, [values.astype(wide)])[0].tolist() == expected
