"""Each primitive's meaning in NumPy against its lowering, where they could differ: at the edges of every dtype."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lazynd.ir.errors import OperatorError
from lazynd.ir.primitive import PRIMITIVES
from lazynd.ir.primitives.elementwise import Binary, Unary
from lazynd.ir.primitives.source import _BLOCK
from lazynd.ir.types import finfo, widened

from .special import DTYPE_NAMES, compiled, graph_of, interpret, kind_of, pairs, special_values, together

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
    if kind_of(expected.dtype) != "f":
        np.testing.assert_array_equal(found, expected, err_msg=what)
        return
    info = finfo(expected.dtype)
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
    return kind_of(dtype) in PRIMITIVES[name].kinds


@pytest.mark.parametrize(
    "name", ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "convert", "select", "sort"]
)
def test_booleans_are_compared_converted_chosen_and_sorted(name: str) -> None:
    assert PRIMITIVES[name].kinds == "fiub"


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


def table(dtype: str) -> Any:
    """The special values in rows of different beginnings: NaN meets infinity, zeros meet each other."""
    values = special_values(dtype)
    return np.stack([np.roll(values, k) for k in range(3)])


def finite_of(x: Any) -> Any:
    """``x`` with numbers from 0 to 4 in place of all others. NumPy's own functions do not know bfloat16."""
    wide = x.astype(widened(x.dtype))
    return (np.nan_to_num(wide, nan=1, posinf=2, neginf=3, copy=True) % 4).astype(x.dtype)


REDUCTIONS = ("reduce_sum", "reduce_prod", "reduce_max", "reduce_min")


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_of_special_values(name: str) -> None:
    cases = []
    for dtype in DTYPE_NAMES:
        if kind_of(dtype) not in PRIMITIVES[name].kinds:
            with pytest.raises(OperatorError, match=f"{name}: expected operands of"):
                graph_of(name, [table(dtype)], {"axes": (0,)})
            continue
        x = table(dtype)
        finite = x if kind_of(dtype) != "f" else finite_of(x)
        cases += [(name, [a], {"axes": axes}) for a in (x, finite) for axes in ((0,), (1,), (0, 1))]
        cases += [(name, [np.zeros((2, 0, 3), dtype)], {"axes": (0,)})]
        if name in ("reduce_sum", "reduce_prod"):
            cases += [(name, [np.zeros((2, 0, 3), dtype)], {"axes": (1,)})]
    check(cases)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_a_reduction_has_an_axis(name: str) -> None:
    with pytest.raises(OperatorError, match=f"{name}: no axis to reduce"):
        graph_of(name, [np.zeros((2, 3), "float32")], {"axes": ()})


@pytest.mark.parametrize("name", ["reduce_max", "reduce_min", "argmax", "argmin"])
def test_nothing_has_no_extreme(name: str) -> None:
    along = {"axes": (1,)} if name.startswith("reduce") else {"axis": 1, "dtype": np.dtype("int32")}
    with pytest.raises(OperatorError, match=f"{name}: no elements to choose from"):
        graph_of(name, [np.zeros((2, 0, 3), "float32")], along)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_positions_of_extremes(name: str) -> None:
    check(
        [
            (name, [table(d)], {"axis": axis, "dtype": np.dtype(to)})
            for d in DTYPE_NAMES
            for axis in (0, 1)
            for to in ("int32", "int64", "float32")
        ]
    )


def test_sorting_special_values() -> None:
    cases: list[Any] = []
    for dtype in DTYPE_NAMES:
        x = table(dtype)
        position = np.arange(x.size, dtype="int32").reshape(x.shape)
        cases += [("sort", [x, position], {"axis": axis}) for axis in (0, 1)]
        cases += [("sort", [x], {"axis": 1}), ("sort", [np.zeros((0, 3), dtype)], {"axis": 0})]
    check(cases, exact=True)


@pytest.mark.parametrize("dtype", DTYPE_NAMES)
def test_long_lines_are_sorted_as_short_ones(dtype: str) -> None:
    """By their digits: every special value and its neighbours, many times over."""
    values = np.random.default_rng(0).permutation(np.resize(table(dtype), (1 << 14) + 1))
    position = np.arange(values.size, dtype="int32")
    found, order = interpret(graph_of("sort", [values, position], {"axis": 0}), [values, position])
    wide = values.astype("float32") if dtype == "bfloat16" else values
    np.testing.assert_array_equal(order, np.argsort(wide, kind="stable"))
    assert found.tobytes() == values[order].tobytes()


def test_running_sums() -> None:
    cases: list[Any] = []
    for dtype in DTYPE_NAMES:
        if dtype == "bool":
            continue
        x = table(dtype) if kind_of(dtype) != "f" else np.arange(12, dtype=dtype).reshape(3, 4)
        cases += [("cumsum", [x], {"axis": a, "backwards": b}) for a in (0, 1) for b in (True, False)]
    cases.append(("cumsum", [np.zeros((0, 2), "float32")], {"axis": 0, "backwards": False}))
    check(cases)


def test_movement_keeps_every_bit() -> None:
    i, one = np.array([2, 0], "int32"), np.int32(1)
    cases: list[Any] = []
    for dtype in DTYPE_NAMES:
        x = table(dtype)
        edge, n = x.reshape(-1)[0], x.shape[1]
        x3 = x[:, :2]
        cases += [
            ("broadcast", [x3], {"shape": (2, 3, 2), "axes": (1, 2)}),
            ("broadcast", [edge], {"shape": (2,), "axes": ()}),
            ("broadcast", [x3[:, :1]], {"shape": (3, 4), "axes": (0, 1)}),
            ("broadcast", [np.zeros((1,), dtype)], {"shape": (0,), "axes": (0,)}),
            ("reshape", [x], {"shape": (n, 3)}),
            ("reshape", [np.zeros((2, 0), dtype)], {"shape": (0, 5)}),
            ("transpose", [x], {"axes": (1, 0)}),
            ("transpose", [edge], {"axes": ()}),
            ("reverse", [x], {"axes": (0, 1)}),
            ("concatenate", [x, np.zeros((0, n), dtype), x], {"axis": 0}),
            ("pad", [x, edge], {"low": (1, -1), "high": (0, 2), "interior": (1, 0)}),
            ("pad", [x, edge], {"low": (-1, 0), "high": (-1, -1), "interior": (0, 1)}),
            ("pad", [np.zeros((0, 2), dtype), edge], {"low": (1, 0), "high": (1, 0), "interior": (3, 0)}),
            ("slice", [x], {"start": (0, 1), "limit": (3, n), "strides": (2, 1)}),
            ("slice", [x], {"start": (1, 0), "limit": (1, 0), "strides": (1, 1)}),
            ("dynamic_slice", [x, np.int32(-5), np.int32(99)], {"sizes": (2, 1)}),
            ("dynamic_slice", [edge], {"sizes": ()}),
            ("dynamic_update_slice", [x, x3[:1], np.int32(99), np.int32(-1)], {}),
            ("gather", [x, i], {"axes": (0,)}),
            ("gather", [x, i[:0]], {"axes": (1,)}),
            ("gather", [x, one, one], {"axes": (1, 0)}),
            ("scatter", [x, x[:2][::-1], i], {"axes": (0,), "mode": "set"}),
        ]
        if kind_of(dtype) in "iu":
            cases.append(("scatter", [x, x[:2][::-1], i * 0], {"axes": (0,), "mode": "add"}))
    check(cases, exact=True)


def test_contractions() -> None:
    cases: list[Any] = []
    for dtype in DTYPE_NAMES:
        if dtype == "bool":
            continue
        a, b = np.arange(6, dtype=dtype).reshape(2, 3), np.arange(12, dtype=dtype).reshape(3, 4)
        cases += [
            ("dot_general", [a, b], {"contract": ((1,), (0,)), "batch": ((), ())}),
            ("dot_general", [a, b[:0]], {"contract": ((), ()), "batch": ((), ())}),
            ("dot_general", [a[:, :0], b[:0]], {"contract": ((1,), (0,)), "batch": ((), ())}),
            ("dot_general", [b, b], {"contract": ((1,), (1,)), "batch": ((0,), (0,))}),
        ]
        if kind_of(dtype) in "iu":
            wide = special_values(dtype)
            cases.append(("dot_general", [wide, wide], {"contract": ((0,), (0,)), "batch": ((), ())}))
    check(cases)


def test_draws_are_the_same_words_everywhere() -> None:
    limits = (np.uint32(0), np.uint32(2**32 - 1))
    check(
        [
            (name, [s, c], {"shape": shape})
            for name in ("random_bits", "hash_bits")
            for s in limits
            for c in limits
            for shape in ((), (0,), (3,), (2, 5), (2 * _BLOCK + 2,), (3, 2 * _BLOCK + 3))
        ],
        exact=True,
    )
