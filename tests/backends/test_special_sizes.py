"""Special values at the sizes where XLA compiles otherwise: one element, a vector's rest, and from 4,096 on a library.

Each primitive of the registry is compared with the interpreter: elementwise ones alone and where a sum takes them in,
the others along each axis, with what is special at the beginning, in the middle and at the end. The fast suite has
4,096 float32 numbers; the other sizes and dtypes are in the long one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from lazynd.ir import build as ir
from lazynd.ir.graph import Graph
from lazynd.ir.node import leaf
from lazynd.ir.primitive import PRIMITIVES
from lazynd.ir.primitives.elementwise import Binary
from lazynd.ir.types import Type, finfo, is_floating, widened
from lazynd.ir.value import Value, emit

from ..ir.special import DTYPE_NAMES, compiled, graph_of, interpret, kind_of, special_values, together

pytestmark = pytest.mark.lazy  # compares the XLA backend with the interpreter

Array = np.ndarray[Any, Any]
Case = tuple[str, list[Array], dict[str, Any]]
SIZES = (1, 7, 1024, 4096, 70000)
FLOAT_NAMES = [name for name in DTYPE_NAMES if kind_of(name) == "f"]
FLOATS = [
    pytest.param(size, dtype, marks=() if (size, dtype) == (4096, "float32") else pytest.mark.slow)
    for size in SIZES
    for dtype in FLOAT_NAMES
]
WHOLE = [pytest.param(4096, name, marks=pytest.mark.slow) for name in DTYPE_NAMES if name not in FLOAT_NAMES]
ELEMENTWISE = [name for name, primitive in PRIMITIVES.items() if primitive.elementwise]
#: Rounded alike by NumPy and XLA on a CPU, beyond what is exact everywhere.
CORRECTLY_ROUNDED = {"divide", "sqrt", "maximum", "minimum", "sign"}
#: Errors of functions in units of the dtype's epsilon, as in ``tests/ir/test_primitives.py``.
UNITS = 16
#: Primitives of other values than numbers given to them, or tested with what they run, or in
#: ``tests/ops/test_linear_algebra.py`` and ``test_fourier.py``.
WITHOUT = {
    "constant", "iota", "random_bits", "hash_bits", "copy", "check_index", "check_matrices", "scan", "while", "cond",
    "cholesky", "triangular_solve", "eigh", "qr", "inverse", "determinant", "log_determinant", "fft",
}  # fmt: skip
#: Where there are many zeros of both signs, either may come out of an extreme or of a sum.
EITHER_ZERO = {
    "reduce_max", "reduce_min", "reduce_max_unless_nan", "reduce_sum", "cumsum", "reduce_window_sum", "dot_general",
    "convolution",
}  # fmt: skip
#: What these give for a line with NaN is left open.
OPEN_WITH_NAN = {"reduce_max_unless_nan"}


def edges(dtype: str) -> Array:
    """Special values, subnormal numbers among them."""
    values = special_values(dtype)
    if not is_floating(values.dtype):
        return values
    tiny = float(finfo(values.dtype).smallest_subnormal)
    return np.concatenate([values, np.array([tiny, -tiny, float(finfo(values.dtype).tiny) / 2]).astype(dtype)])


def flushed(x: Array) -> Array:
    """Subnormal numbers as zeros of their sign, which XLA takes them for on a CPU."""
    if not is_floating(x.dtype):
        return x
    wide = x.astype(widened(x.dtype))
    with np.errstate(all="ignore"):
        return np.where(np.abs(wide) < float(finfo(x.dtype).tiny), np.copysign(0, wide), wide).astype(x.dtype)


def same(found: Array, expected: Array, rtol: float, signed: bool) -> Array:
    """Where two arrays agree, NaN with NaN; zeros in sign too if ``signed``."""
    found, expected = flushed(found), flushed(expected)
    if not is_floating(found.dtype):
        return np.asarray(found == expected)
    one, other = found.astype(np.float64), expected.astype(np.float64)
    agree = (one == other) | (np.isnan(one) & np.isnan(other))
    if rtol:
        with np.errstate(all="ignore"):
            agree |= np.isfinite(other) & (np.abs(one - other) <= rtol * np.abs(other))
    return agree & (~np.bool_(signed) | np.isnan(other) | (np.signbit(one) == np.signbit(other)))


def check(cases: list[Case], rtol: Callable[[str, Any], float]) -> None:
    """Each case, all compiled as one program, against the interpreter, which may see subnormal numbers or zeros."""
    graphs = [graph_of(*case) for case in cases]
    results = compiled(together(graphs), [array for _, arrays, _ in cases for array in arrays])
    failures = []
    for (name, arrays, attributes), graph in zip(cases, graphs, strict=True):
        expected = interpret(graph, arrays)
        flat = interpret(graph, [flushed(a) for a in arrays])
        for either in zip(expected, flat, strict=True):
            found = results.pop(0)
            what = f"{name} of {[f'{a.dtype}{list(a.shape)}' for a in arrays]} {attributes}"
            assert (found.shape, found.dtype) == (either[0].shape, either[0].dtype), what
            units = rtol(name, found.dtype)
            agree = np.any([same(found, each, units, name not in EITHER_ZERO) for each in either], axis=0)
            if name in OPEN_WITH_NAN:
                agree |= np.isnan(either[0])
            if not agree.all():
                wrong = [tuple(map(int, at)) for at in np.argwhere(~agree)[:4]]
                shown = [
                    (at, [a[at] for a in arrays if a.shape == found.shape], found[at], either[0][at]) for at in wrong
                ]
                failures.append(f"{what}: {np.sum(~agree)} differ; place, operands, XLA, NumPy: {shown}")
    assert not results and not failures, "\n".join(failures)


def tolerance(name: str, dtype: Any) -> float:
    primitive = PRIMITIVES[name]
    exact = primitive.exact or primitive.moves or name in CORRECTLY_ROUNDED or not is_floating(dtype)
    return 0.0 if exact else UNITS * float(finfo(dtype).eps)


def pairs(values: Array, size: int) -> tuple[Array, Array]:
    """Every value with every other, over and over, in arrays of ``size`` elements."""
    left, right = np.meshgrid(values, values, indexing="ij")
    return np.resize(left, size), np.resize(right, size)


def operands(name: str, values: Array, size: int) -> list[Array]:
    left, right = pairs(values, size)
    if name == "select":
        return [np.arange(size) % 3 == 0, left, right]
    return [left, right] if isinstance(PRIMITIVES[name], Binary) else [np.resize(values, size)]


def attribute_sets(name: str, dtype: str) -> list[dict[str, Any]]:
    if name not in ("convert", "bitcast_convert"):
        return [{}]
    width = np.dtype(dtype).itemsize
    fits = [d for d in DTYPE_NAMES if name == "convert" or (np.dtype(d).itemsize == width and "bool" not in (d, dtype))]
    return [{"dtype": np.dtype(d)} for d in fits]


def elementwise(dtype: str, size: int) -> Iterator[Case]:
    for name in ELEMENTWISE:
        if kind_of(dtype) in PRIMITIVES[name].kinds:
            for attributes in attribute_sets(name, dtype):
                yield name, operands(name, edges(dtype), size), attributes


@pytest.mark.parametrize(("size", "dtype"), FLOATS + WHOLE)
def test_elementwise(size: int, dtype: str) -> None:
    check(list(elementwise(dtype, size)), tolerance)


@pytest.mark.parametrize(("size", "dtype"), FLOATS)
def test_elementwise_where_a_sum_takes_it_in(size: int, dtype: str) -> None:
    """Each pair of values fills a row, so that the sum of the row is a multiple of the result, or infinite, or NaN."""
    values = special_values(dtype)
    count = -(-size // len(values) ** 2)
    taken = {n: operands(n, values, len(values) ** 2) for n in ELEMENTWISE if "f" in PRIMITIVES[n].kinds}
    rows = {name: [np.repeat(a[:, None], count, 1) for a in arrays] for name, arrays in taken.items()}
    graphs = {name: graph for name, arrays in rows.items() if (graph := summed(name, arrays)) is not None}
    assert len(graphs) > 30
    results = compiled(together(list(graphs.values())), [a for name in graphs for a in rows[name]])
    for name, found in zip(graphs, results, strict=True):
        each = interpret(graph_of(name, taken[name], {}), taken[name])[0]
        agree = np.zeros(found.shape, bool)
        for term in (each, flushed(each)):
            with np.errstate(all="ignore"):
                expected = (term.astype(np.float64) * count).astype(each.dtype)
            # What a sum of equal numbers loses is below an epsilon for each of them.
            agree |= same(found, expected, (UNITS + count) * float(finfo(each.dtype).eps), False)
        wrong = [([a[i] for a in taken[name]], found[i], each[i]) for i in np.flatnonzero(~agree)[:4]]
        assert agree.all(), f"{name} in rows of {count}: operands, sum by XLA, term in NumPy: {wrong}"


def summed(name: str, arrays: list[Array]) -> Graph | None:
    """The sums of the rows of an elementwise primitive; None if they are no floats, or are to be converted."""
    leaves = [leaf(Type(a.shape, a.dtype)) for a in arrays]
    if name in ("convert", "bitcast_convert"):
        return None
    made = emit(name, *map(Value, leaves))
    return Graph(leaves, [ir.sum(made, 1).ref]) if is_floating(made.dtype) else None


def specials(dtype: str) -> list[Any]:
    """What gets lost or spreads: NaN, infinities, the least and largest numbers, the negative zero."""
    if is_floating(np.dtype(dtype)):
        info = finfo(np.dtype(dtype))
        return [np.nan, np.inf, -np.inf, float(info.max), float(info.min), -0.0]
    return list(special_values(dtype)[-4:])


def lines(size: int, dtype: str, filler: Sequence[int]) -> Array:
    """Lines of ``filler``, whose sums are exact, with what is special at the beginning, in the middle, at the end, or
    at the beginning with another special value behind it."""
    found = specials(dtype)
    made = np.resize(np.array(filler).astype(dtype), (len(found) * 4, size))
    for i, value in enumerate(found):
        made[4 * i, 0] = made[4 * i + 1, size // 2] = made[4 * i + 2, -1] = made[4 * i + 3, 0] = value
        made[4 * i + 3, size // 3] = found[(i + 1) % min(3, len(found))]
    return made


def layouts(made: Array) -> list[tuple[Array, int]]:
    """Lines along the last axis, the first one, and one between others."""
    between = np.stack([made, made[::-1]], 1)
    return [(made, 1), (np.ascontiguousarray(made.T), 0), (np.ascontiguousarray(np.moveaxis(between, 2, 1)), 1)]


def reductions(name: str, x: Array, axis: int) -> Iterator[Case]:
    for axes in {(axis,), tuple(range(x.ndim))}:
        yield name, [x], {"axes": axes}


def extremes(name: str, x: Array, axis: int) -> Iterator[Case]:
    yield name, [x], {"axis": axis, "dtype": np.dtype("int64")}


def running(name: str, x: Array, axis: int) -> Iterator[Case]:
    for backwards in (False, True):
        yield name, [x], {"axis": axis, "backwards": backwards}


def ordered(name: str, x: Array, axis: int) -> Iterator[Case]:
    yield name, [x, np.arange(x.size, dtype="int32").reshape(x.shape)], {"axis": axis}


def moved(name: str, x: Array, axis: int) -> Iterator[Case]:
    """Movement of elements, each along ``axis``."""
    n, zeros, ones = x.shape[axis], (0,) * x.ndim, (1,) * x.ndim
    at = tuple(n // 2 if i == axis else 0 for i in range(x.ndim))
    half = tuple(n - n // 2 if i == axis else k for i, k in enumerate(x.shape))
    index = (np.arange(n) * 5 % n).astype("int32")
    strides = tuple(2 if i == axis else 1 for i in range(x.ndim))
    yield {
        "broadcast": (name, [x], {"shape": (2, *x.shape), "axes": tuple(range(1, x.ndim + 1))}),
        "reshape": (name, [x], {"shape": (x.size,)}),
        "transpose": (name, [x], {"axes": tuple(reversed(range(x.ndim)))}),
        "reverse": (name, [x], {"axes": (axis,)}),
        "concatenate": (name, [x, x], {"axis": axis}),
        "pad": (name, [x, x.reshape(-1)[0]], {"low": ones, "high": at, "interior": at if n < 10 else zeros}),
        "slice": (name, [x], {"start": at, "limit": x.shape, "strides": strides}),
        "dynamic_slice": (name, [x, *map(np.int32, at)], {"sizes": half}),
        "dynamic_update_slice": (name, [x, x[tuple(map(slice, half))], *map(np.int32, at)], {}),
        "gather": (name, [x, index], {"axes": (axis,)}),
        "scatter": (name, [x, np.moveaxis(x, axis, 0), index], {"axes": (axis,), "mode": "set"}),
    }[name]  # fmt: skip


def contracted(name: str, x: Array, axis: int) -> Iterator[Case]:
    """What is special reaches the sums of its own line alone."""
    other = np.resize(np.array([1, 1, -1]).astype(x.dtype), (x.shape[axis], 3))
    yield name, [x, other], {"contract": ((axis,), (0,)), "batch": ((), ())}


def windowed(name: str, x: Array, axis: int) -> Iterator[Case]:
    def along(number: int, others: int) -> tuple[int, ...]:
        return tuple(number if i == axis else others for i in range(x.ndim))

    for window, stride in {(min(3, x.shape[axis]), 2), (min(70, x.shape[axis]), 9), (x.shape[axis], 1)}:
        if window > 1000:
            continue
        how: dict[str, Any] = {"window": along(window, 1), "strides": along(stride, 1)}
        how |= {"low": along(window // 2, 0), "high": along(window // 2, 0)}
        if name == "reduce_window_sum":
            how["spread"] = along(1, 1)
        yield name, [x], how


def convolved(name: str, x: Array, axis: int) -> Iterator[Case]:
    """Lines are images of a batch, or channels, or apart."""
    rows = np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis])
    n = rows.shape[1]
    for stride, spread in ((1, 1), (2, 1), (1, 2)):
        how = {"strides": (stride,), "low": (2,), "high": (2,), "spread": (spread,), "dilation": (1,)}
        kernel = np.array([1, -1, 1]).astype(x.dtype)[: min(n + 4, 3)]
        yield name, [rows[:, None, None], kernel[None, None, None]], how
        yield name, [rows[None, :, None], np.repeat(kernel[None, None, None], len(rows), 0)], how
        yield name, [rows[None, None], np.eye(len(rows), dtype=x.dtype)[None, :, :, None] * kernel], how


#: How the primitives that are not elementwise are called on an array and an axis.
ALONG: dict[str, Callable[[str, Array, int], Iterator[Case]]] = {
    **dict.fromkeys(("reduce_sum", "reduce_prod", "reduce_max", "reduce_min", "reduce_max_unless_nan"), reductions),
    **dict.fromkeys(("argmax", "argmin"), extremes),
    **dict.fromkeys(("reduce_window_sum", "reduce_window_max", "window_argmax"), windowed),
    **dict.fromkeys(
        ("broadcast", "reshape", "transpose", "reverse", "concatenate", "pad", "slice", "dynamic_slice",
         "dynamic_update_slice", "gather", "scatter"), moved,
    ),
    "cumsum": running, "sort": ordered, "dot_general": contracted, "convolution": convolved,
}  # fmt: skip


def test_every_primitive_is_tested_here() -> None:
    assert {*ELEMENTWISE, *ALONG, *WITHOUT} == set(PRIMITIVES)


@pytest.mark.parametrize("name", list(ALONG))
@pytest.mark.parametrize(("size", "dtype"), FLOATS + WHOLE)
def test_along_each_axis(size: int, dtype: str, name: str) -> None:
    if kind_of(dtype) in PRIMITIVES[name].kinds:
        made = lines(size, dtype, (1, -1) if name == "reduce_prod" else (1, -1, 2, -2, 0))
        check([case for x, axis in layouts(made) for case in ALONG[name](name, x, axis)], lambda name, dtype: 0.0)


@pytest.mark.parametrize("name", ["reduce_max", "reduce_min"])
def test_extremes_of_what_is_too_large_to_be_stored(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lazynd.backends.xla.special.HUGE", 0)
    test_along_each_axis(4096, "float32", name)
