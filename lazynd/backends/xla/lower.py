"""Primitives in JAX: one entry a primitive. Lowering a graph traces these entries in order."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ...ir.graph import Graph, subgraphs
from ...ir.node import Node
from ...ir.primitive import Primitive
from ...ir.primitives.check import may_fail
from ...ir.primitives.compare import by_way_of
from ...ir.primitives.counter_hash import hashed, key_of
from ...ir.primitives.source import threefry
from ...ir.specialization import Specialization
from ...ir.types import finfo, is_bfloat16, widened
from ..protocol import EXACT_SIZE, FUNCTIONS
from .barriers import Barrier, hidden
from .claims import Claim
from .elementary import WRITTEN_OUT, is_function, quotient
from .kernels import BACK, NO_KERNELS, Kernels
from .numbers import scope
from .overlap import overlapping, written
from .spread import Spread, few_of, moved, whole
from .views import View, followed, laid_out


def _halves(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """exp(|x|) / 2 and exp(-|x|) / 2 by way of exp(|x| / 2), which does not overflow before the first does."""
    root = lax.exp(lax.abs(x) * 0.5)
    return (root * 0.5) * root, 0.5 / (root * root)


def _sinh(x: jax.Array) -> jax.Array:
    # XLA's own adds log(1/2) to the argument, which rounds away digits of large ones.
    grows, fades = _halves(x)
    return lax.select(lax.abs(x) < 1, lax.sinh(x), lax.sign(x) * (grows - fades))


def _cosh(x: jax.Array) -> jax.Array:
    grows, fades = _halves(x)
    return grows + fades


LOWERINGS: dict[str, Callable[..., Any]] = {
    "negate": lambda x: x if x.dtype == bool else lax.neg(x),
    "abs": lambda x: x if jnp.issubdtype(x.dtype, jnp.unsignedinteger) else lax.abs(x),
    "sign": lambda x: lax.convert_element_type(x > 0, x.dtype) - lax.convert_element_type(x < 0, x.dtype),
    "exponential": lax.exp,
    "exponential_minus_one": lax.expm1,
    "log": lax.log,
    "log_plus_one": lax.log1p,
    "sqrt": lax.sqrt,
    "rsqrt": lax.rsqrt,
    "cbrt": lax.cbrt,
    "sine": lax.sin,
    "cosine": lax.cos,
    "tan": lax.tan,
    "tanh": lax.tanh,
    "sinh": _sinh,
    "cosh": _cosh,
    "asinh": lax.asinh,
    "acosh": lax.acosh,
    "atanh": lax.atanh,
    "logistic": lax.logistic,
    "erf": lax.erf,
    "floor": lax.floor,
    "ceil": lax.ceil,
    "round_nearest_even": lambda x: lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN),
    "stop_gradient": lax.stop_gradient,
    "copy": lambda x, *, context: x,
    "not": lax.bitwise_not,
    "add": lax.add,
    "subtract": lax.sub,
    "multiply": lax.mul,
    "remainder": lax.rem,
    "maximum": lax.max,
    "minimum": lax.min,
    "atan2": lax.atan2,
    "and": lax.bitwise_and,
    "or": lax.bitwise_or,
    "xor": lax.bitwise_xor,
    "shift_left": lax.shift_left,
    "shift_right_logical": lax.shift_right_logical,
    "equal": lax.eq,
    "not_equal": lax.ne,
    "less": lax.lt,
    "less_equal": lax.le,
    "greater": lax.gt,
    "greater_equal": lax.ge,
    "select": lambda c, a, b: lax.select(c, a, b),
    "bitcast_convert": lambda x, *, dtype: lax.bitcast_convert_type(x, dtype),
    "broadcast": lambda x, *, shape, axes: lax.broadcast_in_dim(x, shape, axes),
    "reshape": lambda x, *, shape: lax.reshape(x, shape),
    "transpose": lambda x, *, axes: lax.transpose(x, axes),
    "reverse": lambda x, *, axes: lax.rev(x, axes),
    "concatenate": lambda *xs, axis: lax.concatenate(xs, axis),
    "slice": lambda x, *, start, limit, strides: lax.slice(x, start, limit, strides),
    "dynamic_slice": lambda x, *starts, sizes: lax.dynamic_slice(x, starts, sizes, allow_negative_indices=False),
    "dynamic_update_slice": lambda x, update, *starts: lax.dynamic_update_slice(
        x, update, starts, allow_negative_indices=False
    ),
    "argmax": lambda x, *, axis, dtype: lax.argmax(x, axis, np.int32).astype(dtype),
    "argmin": lambda x, *, axis, dtype: lax.argmin(x, axis, np.int32).astype(dtype),
    "reduce_max": lambda x, *, axes: lax.reduce_max(x, axes),
    "reduce_min": lambda x, *, axes: lax.reduce_min(x, axes),
    "reduce_max_unless_nan": lambda x, *, axes: lax.stop_gradient(lax.reduce_max(x, axes)),
    "reduce_prod": lambda x, *, axes: lax.reduce_prod(x, axes),
    "iota": lambda *, shape, axis, dtype, context: lax.broadcasted_iota(dtype, shape, axis),
    "constant": lambda *, value, context: jnp.asarray(value),
}


#: What is lowered in another way on a platform.
PLATFORM_LOWERINGS: dict[str, dict[str, Callable[..., Any]]] = {"cpu": {}}
#: What takes views and gives them, where a program keeps channels last; each gives None where it does not apply.
VIEWED: dict[str, Callable[..., Any]] = {}


def lowers(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the lowering of primitive ``name``."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        LOWERINGS[name] = function
        return function

    return register


@lowers("divide")
def _divide(x: jax.Array, y: jax.Array) -> jax.Array:
    return quotient(x, y) if jnp.issubdtype(x.dtype, jnp.floating) else lax.div(x, y)


@lowers("power")
def _power(x: jax.Array, y: jax.Array) -> jax.Array:
    if jnp.issubdtype(x.dtype, jnp.floating):
        return lax.pow(x, y)
    # Integers by squaring; a negative exponent gives the truncated inverse, as C's pow cast back does.
    zero, one = jnp.zeros_like(x), jnp.ones_like(x)
    result, base, exponent = one, x, lax.max(y, zero)
    for _ in range(x.dtype.itemsize * 8):
        result = lax.select((exponent & one) == one, result * base, result)
        base, exponent = base * base, lax.shift_right_logical(exponent, one)
    if jnp.issubdtype(x.dtype, jnp.unsignedinteger):
        return result
    sign = lax.select((y & one) == one, x, one)
    inverse = lax.select(lax.abs(x) == one, sign, zero)
    return lax.select(y < zero, inverse, result)


def _to_bfloat16(x: jax.Array, dtype: np.dtype[Any]) -> jax.Array:
    """Rounded once. XLA leaves out a conversion to a narrow type and back, but never a ``reduce_precision``."""
    exact = lax.convert_element_type(x, widened(x.dtype) if jnp.issubdtype(x.dtype, jnp.floating) else np.float64)
    precision = finfo(dtype).nexp, finfo(dtype).nmant
    return lax.convert_element_type(lax.reduce_precision(exact, *precision), dtype)


def _to_float16(x: jax.Array, dtype: np.dtype[Any]) -> jax.Array:
    """float64 rounded once: on XLA's way through float32, what is inexact becomes odd, so that the end knows it."""
    near = lax.convert_element_type(x, np.float32)
    bits = lax.bitcast_convert_type(near, np.uint32)
    too_large = lax.abs(lax.convert_element_type(near, np.float64)) > lax.abs(x)
    bits = bits - lax.convert_element_type(too_large, np.uint32)
    short = lax.bitcast_convert_type(bits, np.float32)
    inexact = (lax.convert_element_type(short, np.float64) != x) & (lax.abs(x) < np.inf) & (short != 0)
    odd = lax.bitcast_convert_type(bits | lax.convert_element_type(inexact, np.uint32), np.float32)
    return lax.convert_element_type(odd, dtype)


@lowers("convert")
def _convert(x: jax.Array, *, dtype: np.dtype[Any]) -> jax.Array:
    if is_bfloat16(dtype):
        return _to_bfloat16(x, dtype)
    if dtype == np.float16 and x.dtype == np.float64:
        return _to_float16(x, dtype)
    if dtype.kind == "b" and jnp.issubdtype(x.dtype, jnp.floating) and x.dtype.itemsize > 2:
        # Not x != 0, which of a number that was a subnormal bfloat16 is decided without taking it for zero.
        return ~(lax.abs(x) < finfo(x.dtype).tiny)
    if not jnp.issubdtype(x.dtype, jnp.floating) or dtype.kind not in "iu":
        return lax.convert_element_type(x, dtype)
    x = lax.convert_element_type(x, widened(x.dtype))
    if dtype == np.uint64:
        half = x.dtype.type(2.0**63)
        upper = x >= half
        lower = lax.bitcast_convert_type(_truncated(lax.select(upper, x - half, x), np.dtype("int64")), dtype)
        return lax.select(upper, lower ^ np.uint64(1 << 63), lower)
    return lax.convert_element_type(_truncated(x, by_way_of(dtype)), dtype)


def _truncated(x: jax.Array, way: np.dtype[Any]) -> jax.Array:
    """float32 or float64 to a signed integer, the least one for all that does not fit, where XLA would saturate."""
    limit = x.dtype.type(2.0 ** (8 * way.itemsize - 1))
    # In float64 a fraction below the least int32 still truncates to it.
    above = x > -limit - 1 if x.dtype == np.float64 and way == np.int32 else x >= -limit
    fits = above & (x < limit)
    least = jnp.full_like(x, np.iinfo(way).min, dtype=way)
    return lax.select(fits, lax.convert_element_type(x, way), least)


@lowers("reduce_sum")
def _reduce_sum(x: jax.Array, *, axes: tuple[int, ...]) -> jax.Array:
    return jnp.sum(x, axes, dtype=x.dtype)


@lowers("cumsum")
def _cumsum(x: jax.Array, *, axis: int, backwards: bool) -> jax.Array:
    if not jnp.issubdtype(x.dtype, jnp.floating):
        return lax.cumsum(x, axis, reverse=backwards)
    return lax.rev(_sums_of_pairs(lax.rev(x, [axis]), axis), [axis]) if backwards else _sums_of_pairs(x, axis)


def _sums_of_pairs(x: jax.Array, axis: int) -> jax.Array:
    """Running sums in the order of ``CumSum``: first of pairs, then of those and what stands between."""
    count = x.shape[axis]
    if count < 2:
        return x
    part = partial(lax.slice_in_dim, axis=axis)
    odd = _sums_of_pairs(part(x, 0, count - 1, 2) + part(x, 1, count, 2), axis)
    between = part(odd, 0, (count - 1) // 2) + part(x, 2, count, 2) if count > 2 else part(x, 0, 0)
    even = lax.concatenate([part(x, 0, 1), between], axis)
    if count % 2:
        odd = lax.concatenate([odd, part(x, 0, 1)], axis)
    shape = [*x.shape[:axis], 2 * even.shape[axis], *x.shape[axis + 1 :]]
    return part(jnp.stack([even, odd], axis + 1).reshape(shape), 0, count)


@lowers("pad")
def _pad(x: jax.Array, value: jax.Array, *, low: Any, high: Any, interior: Any) -> jax.Array:
    return lax.pad(x, value, list(zip(low, high, interior, strict=True)))


@lowers("dot_general")
def _dot_general(a: jax.Array, b: jax.Array, *, contract: Any, batch: Any) -> jax.Array:
    precision = lax.Precision.HIGHEST
    made = lax.dot_general(a, b, (contract, batch), precision=precision, preferred_element_type=widened(a.dtype))
    return made.astype(a.dtype)


@lowers("sort")
def _sort(*xs: jax.Array, axis: int) -> Any:
    made = lax.sort(xs, dimension=axis, is_stable=True, num_keys=1)
    return tuple(made) if len(xs) > 1 else made[0]


@lowers("gather")
def _gather(x: jax.Array, *indices: jax.Array, axes: tuple[int, ...]) -> jax.Array:
    rest = [i for i in range(x.ndim) if i not in axes]
    index = jnp.stack(indices, -1)
    offset = tuple(range(index.ndim - 1, index.ndim - 1 + len(rest)))
    numbers = lax.GatherDimensionNumbers(
        offset_dims=offset, collapsed_slice_dims=tuple(sorted(axes)), start_index_map=axes
    )
    sizes = [1 if i in axes else n for i, n in enumerate(x.shape)]
    return lax.gather(x, index, numbers, tuple(sizes), mode=lax.GatherScatterMode.CLIP)


@lowers("scatter")
def _scatter(x: jax.Array, updates: jax.Array, *indices: jax.Array, axes: tuple[int, ...], mode: str) -> jax.Array:
    rest = [i for i in range(x.ndim) if i not in axes]
    index = jnp.stack(indices, -1)
    window = tuple(range(index.ndim - 1, index.ndim - 1 + len(rest)))
    numbers = lax.ScatterDimensionNumbers(
        update_window_dims=window, inserted_window_dims=tuple(sorted(axes)), scatter_dims_to_operand_dims=axes
    )
    put = lax.scatter_add if mode == "add" else lax.scatter
    return put(x, index, updates, numbers, mode=lax.GatherScatterMode.CLIP)


@lowers("fft")
def _fft(x: jax.Array, *, inverse: bool) -> jax.Array:
    wide = x.astype(widened(x.dtype))
    real, imaginary = wide[..., 0], wide[..., 1]
    # The inverse is the conjugate of the transform of conjugates: XLA's own would divide by n.
    turn = lax.neg if inverse else lambda part: part
    made = lax.fft(lax.complex(real, turn(imaginary)), lax.FftType.FFT, x.shape[-2:-1])
    return jnp.stack([lax.real(made), turn(lax.imag(made))], -1).astype(x.dtype)


@lowers("random_bits")
def _random_bits(seed: jax.Array, counter: jax.Array, *, shape: tuple[int, ...]) -> jax.Array:
    size = math.prod(shape)
    half = (size + 1) // 2
    words = threefry(seed, counter, lax.iota(np.uint32, half))
    return jnp.concatenate(words)[:size].reshape(shape)


@lowers("hash_bits")
def _hash_bits(seed: jax.Array, counter: jax.Array, *, shape: tuple[int, ...]) -> jax.Array:
    return hashed(lax.iota(np.uint32, math.prod(shape)), *key_of(seed, counter)).reshape(shape)


#: The first failed check, as ``checks.error_of`` reads it. None where nothing is checked.
Failure = jax.Array | None


class Checked(NamedTuple):
    """What the lowering of something that may fail gives."""

    results: tuple[jax.Array, ...]
    failure: Failure


def no_failure(*graphs: Lowered) -> Failure:
    """That nothing has failed yet that runs ``graphs``."""
    return jnp.zeros(4, np.float64) if any(graph.may_fail for graph in graphs) else None


def first_failure(one: Failure, other: Failure) -> Failure:
    if one is None or other is None:
        return other if one is None else one
    return jnp.where(one[0] != 0, one, other)


class Lowered:
    """A graph as a function of lists of arrays for JAX to trace, for a program on ``platform``.

    With a ``barrier`` its elementwise arithmetic is that of the interpreter, bit for bit.
    """

    def __init__(
        self,
        graph: Graph,
        platform: str,
        claims: Mapping[Specialization, Claim],
        barrier: Barrier | None = None,
        inside: bool = False,
        kernels: Kernels = NO_KERNELS,
        channels_last: bool = False,
    ) -> None:
        self.graph = graph
        self._kernels = kernels
        self._viewed = VIEWED if channels_last else {}
        self._claims = claims
        self.may_fail = may_fail(graph)
        self._platform = platform
        self._lowerings = LOWERINGS | PLATFORM_LOWERINGS.get(platform, {})
        self._barrier = barrier
        self._hidden = hidden(graph, inside) if barrier is not None else frozenset()
        self._overlapping = overlapping(graph)

    def __call__(self, inputs: Sequence[Any]) -> list[Any]:
        """The outputs, of no meaning if a check fails."""
        return self.checked(inputs)[0]

    def checked(self, inputs: Sequence[Any]) -> tuple[list[Any], Failure]:
        """The outputs, and the first failure."""
        graph, failure = self.graph, None
        known: dict[tuple[Node, int], Any] = {(n, 0): v for n, v in zip(graph.inputs, inputs, strict=True)}
        for number in self._kernels.inputs:
            known[graph.inputs[number], 0] = View(inputs[number], BACK)
        for number, node in enumerate(graph.nodes):
            spec = node.spec
            assert spec is not None and node.inputs is not None
            with jax.named_scope(scope(spec, number)):
                attributes = {k: self._nested(v) if isinstance(v, Graph) else v for k, v in spec.attributes.items()}
                operands = [known[r.node, r.index] for r in node.inputs]
                if node in self._overlapping:
                    made = written(*map(whole, operands))
                else:
                    made = self._spread(spec, operands, attributes)
                if self._barrier is not None and node in self._hidden:
                    hide = self._barrier.product if spec.op.name == "multiply" else self._barrier
                    made = _behind(hide, made[0] if isinstance(made, tuple) else made)
            if isinstance(made, Checked):
                made, latest = made
                failure = first_failure(failure, latest)
            for i, each in enumerate(made if isinstance(made, tuple) else (made,)):
                known[node, i] = each
        made = [known[ref.node, ref.index] for ref in graph.outputs]
        for number, value in enumerate(made):
            made[number] = laid_out(value, BACK) if number in self._kernels.outputs else whole(value)
        return made, failure

    def _spread(self, spec: Specialization, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
        """The results of a primitive; a ``Spread`` where few numbers are spread over the result, or a ``View``."""
        viewed = self._viewed.get(spec.op.name)
        made = viewed(*operands, **attributes) if viewed is not None else None
        if made is None and View in set(map(type, operands)):
            made = followed(spec, operands, partial(self._apply, spec))
        if made is not None:
            return made
        operands = [whole(each) if isinstance(each, View) else each for each in operands]
        if isinstance(spec.op, Primitive):
            made = moved(spec, operands)
            if made is not None:
                return made
            found = few_of(operands) if spec.op.elementwise else None
            if found is not None:
                few, like = found
                made = self._apply(spec, few, attributes)
                return Spread(made[0] if isinstance(made, tuple) else made, like.shape, like.axes)
        return self._apply(spec, list(map(whole, operands)), attributes)

    def _nested(self, graph: Graph) -> Lowered:
        """``graph``, which a loop or a choice of this one runs."""
        return Lowered(graph, self._platform, {}, self._barrier, inside=True, channels_last=bool(self._viewed))

    def _apply(self, spec: Specialization, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
        """The results of a primitive; bfloat16 is computed in float32 and rounded at the end."""
        if not isinstance(spec.op, Primitive):
            return self._claims[spec].apply(spec, operands)
        name = spec.op.name
        if self._platform == "cpu" and is_function(spec):
            return self._function(spec, operands)
        lowering = self._lowerings[name]
        narrow = spec.op.in_float32 and name not in _BY_THEMSELVES
        if not narrow or not any(each.dtype == jnp.bfloat16 for each in operands):
            return lowering(*operands, **attributes)
        exact = [lax.convert_element_type(x, np.float32) if x.dtype == jnp.bfloat16 else x for x in operands]
        made = lowering(*exact, **attributes)
        if isinstance(made, Checked):
            return Checked(_typed(made.results, spec), made.failure)
        return _typed(made if isinstance(made, tuple) else (made,), spec)

    def _function(self, spec: Specialization, operands: Sequence[Any]) -> Any:
        """One of ``FUNCTIONS`` or of those written out: of half precision as of float32, rounded at the end.

        How it is computed is a matter of the size of the result, of which ``operands`` may be a few numbers.
        """
        name, given, wide = spec.op.name, operands[0].dtype, widened(operands[0].dtype)
        twice = wide == np.float32 and spec.out_types[0].size <= EXACT_SIZE and name in FUNCTIONS
        exact = [lax.convert_element_type(x, np.float64 if twice else wide) for x in operands]
        if self._barrier is not None and name in WRITTEN_OUT:
            (x,) = exact
            made = self._barrier(WRITTEN_OUT[name](x, self._barrier))
        else:
            made = self._lowerings[name](*exact)
        return _convert(lax.convert_element_type(made, wide), dtype=given)


def _behind(hide: Callable[[Any], Any], value: Any) -> Any:
    """``value`` behind a barrier: of one that is spread, the few numbers."""
    if isinstance(value, View):
        return View(hide(value.array), value.order, value.flipped)
    return Spread(hide(value.few), value.shape, value.axes) if isinstance(value, Spread) else hide(value)


#: Their lowerings know what half precision is.
_BY_THEMSELVES = {"dot_general", "convolution"}


def _typed(made: Sequence[jax.Array], spec: Specialization) -> tuple[jax.Array, ...]:
    return tuple(lax.convert_element_type(x, t.dtype) for x, t in zip(made, spec.out_types, strict=True))


def needs_barrier(graph: Graph, inside: bool = False) -> bool:
    """Whether anything in ``graph``, ``inside`` a loop or a choice, goes through a barrier."""
    if hidden(graph, inside):
        return True
    specs = {node.spec for node in graph.nodes if node.spec is not None}
    if any(spec.op.name in WRITTEN_OUT and is_function(spec) for spec in specs):
        return True
    return any(needs_barrier(body, True) for spec in specs for body in subgraphs(spec).values())


def lower(
    graph: Graph,
    platform: str = "cpu",
    claims: Mapping[Specialization, Claim] | None = None,
    barrier: Barrier | None = None,
    kernels: Kernels = NO_KERNELS,
    channels_last: bool = False,
) -> Lowered:
    """``graph``, of primitives and of operators that ``claims`` tells how to run, in JAX.

    The inputs and outputs that are ``kernels`` have their axes in that order. With ``channels_last`` convolutions give
    views.
    """
    return Lowered(graph, platform, claims or {}, barrier, kernels=kernels, channels_last=channels_last)
