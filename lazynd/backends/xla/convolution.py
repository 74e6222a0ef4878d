"""Convolution in JAX. On a CPU, those that XLA computes slowly are computed in other ways, by rules on the shapes.

A rule gives None where it does not apply. The figures are CPU milliseconds of one core pair, with jax 0.10.2, of the
form named in ``benchmarks/figures/convolution.py``: by XLA's convolution, then by the rule.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
from jax import lax

from ...ir.primitives.convolution import LEAD, reach, windows
from ...ir.types import widened
from .lower import PLATFORM_LOWERINGS, lowers

Ints = tuple[int, ...]


@dataclass(frozen=True)
class Geometry:
    """The attributes of a convolution: see the primitive."""

    strides: Ints
    low: Ints
    high: Ints
    spread: Ints
    dilation: Ints

    def counts(self, x: jax.Array, w: jax.Array) -> Ints:
        """The extents of the result."""
        parts = (self.strides, self.low, self.high, self.spread, self.dilation)
        extents = zip(x.shape[LEAD:], w.shape[LEAD:], *parts, strict=True)
        return tuple(windows("convolution", *each) for each in extents)

    def padded(self, x: jax.Array) -> jax.Array:
        """``x`` with its padding, and zeros between its elements."""
        spatial = zip(self.low, self.high, (s - 1 for s in self.spread), strict=True)
        return lax.pad(x, x.dtype.type(0), [(0, 0, 0)] * LEAD + list(spatial))


def _general(x: jax.Array, w: jax.Array, how: Geometry) -> jax.Array:
    batch, groups = x.shape[:2]
    made = lax.conv_general_dilated(
        x.reshape(batch, groups * x.shape[2], *x.shape[LEAD:]),
        w.reshape(groups * w.shape[1], *w.shape[2:]),
        how.strides, list(zip(how.low, how.high, strict=True)), how.spread, how.dilation, feature_group_count=groups,
        precision=lax.Precision.HIGHEST,
    )  # fmt: skip
    return made.reshape(batch, groups, w.shape[1], *made.shape[2:])


def _narrow(x: jax.Array, w: jax.Array, convolve: Callable[..., jax.Array], attributes: dict[str, Ints]) -> jax.Array:
    """Half precision is computed in single."""
    precise = widened(x.dtype)
    return convolve(x.astype(precise), w.astype(precise), Geometry(**attributes)).astype(x.dtype)


@lowers("convolution")
def _convolution(x: jax.Array, w: jax.Array, **attributes: Ints) -> jax.Array:
    return _narrow(x, w, _general, attributes)


def _on_cpu(x: jax.Array, w: jax.Array, **attributes: Ints) -> jax.Array:
    return _narrow(x, w, _best, attributes)


PLATFORM_LOWERINGS["cpu"]["convolution"] = _on_cpu


def _best(x: jax.Array, w: jax.Array, how: Geometry) -> jax.Array:
    for rule in RULES:
        made = rule(x, w, how)
        if made is not None:
            return made
    return _general(x, w, how)


def _product(equation: str, x: jax.Array, w: jax.Array) -> jax.Array:
    return jnp.einsum(equation, x, w, precision=lax.Precision.HIGHEST)


def pointwise(x: jax.Array, w: jax.Array, how: Geometry) -> jax.Array | None:
    """A window of one element: a product of matrices. 1x1: forward 8.5 to 5.6, backward 25 to 12."""
    if math.prod(w.shape[LEAD:]) != 1 or not x.size:
        return None
    shape = how.counts(x, w)
    first = math.prod(shape) <= math.prod(x.shape[LEAD:])  # Moving elements about goes where there are fewer.
    if first:
        x = _strided(how.padded(x), how.strides, shape)
    batch, groups, channels, *extents = x.shape
    pixels, matrix = x.reshape(batch, groups, channels, -1), w.reshape(w.shape[:LEAD])
    if _small(channels, w.shape[1], pixels.shape[-1]):
        # One product for each image: nothing is transposed, and the copies of the weight are small.
        made = _product("ngip,ngoi->ngop", pixels, jnp.broadcast_to(matrix, (batch, *matrix.shape)))
    else:
        made = _product("ngip,goi->ngop", pixels, matrix)
    made = made.reshape(batch, groups, w.shape[1], *extents)
    return made if first else _strided(how.padded(made), how.strides, shape)


def _small(rows: int, columns: int, common: int) -> bool:
    """Whether a product of matrices has no more elements than its factors."""
    return rows * columns <= common * (rows + columns)


def _strided(x: jax.Array, strides: Ints, shape: Ints) -> jax.Array:
    """Every so many elements of the spatial axes."""
    limits = [reach(n, s) for n, s in zip(shape, strides, strict=True)]
    return lax.slice(x, (0,) * x.ndim, (*x.shape[:LEAD], *limits), (1, 1, 1, *strides))


def one_position(x: jax.Array, w: jax.Array, how: Geometry) -> jax.Array | None:
    """A result of one element: a product of matrices too, like the weight's gradient of a window of one element."""
    if math.prod(how.counts(x, w)) != 1 or not x.size:
        return None
    seen = _strided(how.padded(x), how.dilation, w.shape[LEAD:])
    batch, groups, channels = seen.shape[:LEAD]
    left, right = seen.reshape(batch, groups, channels, -1), w.reshape(*w.shape[:LEAD], -1)
    if _small(batch, w.shape[1], left.shape[-1]):
        made = _product("bgcp,gocp->cgbo", left, right).sum(0).swapaxes(0, 1)
    else:
        made = _product("bgcp,gocp->bgo", left, right)
    return made.reshape(batch, groups, w.shape[1], *(1,) * len(how.strides))


#: How many products may be added up for an element of the result, in one expression. With a single output for each
#: group, or with many groups, XLA is so slow that more of them pay.
TERMS, MORE_TERMS, MANY_GROUPS = 32, 160, 32


def has_few_terms(kernel: Ints) -> bool:
    """Whether ``few_terms`` is for a kernel of this shape."""
    groups, outputs, channels, *window = kernel
    some = TERMS + 16 * (groups > 1)
    return channels * math.prod(window) <= (MORE_TERMS if outputs == 1 or groups > MANY_GROUPS else some)


def few_terms(x: jax.Array, w: jax.Array, how: Geometry) -> jax.Array | None:
    """Few channels and a small window: shifted operands times numbers, added up in one loop.

    5x5 of one channel: forward 10.5 to 0.7; depthwise: 47 to 1.1; in groups of 4 channels: 66 to 5.
    """
    if not has_few_terms(w.shape):
        return None
    groups, outputs, channels, *window = w.shape
    shape = how.counts(x, w)
    padded, made = how.padded(x), None
    for at in itertools.product(*map(range, window)):
        piece = _shifted(padded, at, how, shape)
        for channel in range(channels):
            scale = w[(slice(None), slice(None), channel, *at)].reshape(1, groups, outputs, *(1,) * len(window))
            term = piece[:, :, channel : channel + 1] * scale
            made = term if made is None else made + term
    return made


def _shifted(padded: jax.Array, at: Ints, how: Geometry, shape: Ints) -> jax.Array:
    """The elements of all windows at place ``at``."""
    begin = [k * d for k, d in zip(at, how.dilation, strict=True)]
    limit = [b + reach(n, s) for b, n, s in zip(begin, shape, how.strides, strict=True)]
    return lax.slice(padded, (0, 0, 0, *begin), (*padded.shape[:LEAD], *limit), (1, 1, 1, *how.strides))


#: How many sums are taken in one pass, and of how many outputs times inputs.
SUMS, FEW_PAIRS, FEW_GROUPED_PAIRS = 64, 8, 16


def has_few_sums(x: Ints, w: Ints, how: Geometry, shape: Ints) -> bool:
    """Whether ``few_sums`` is for operands of these shapes, with a result of ``shape``."""
    pairs = x[0] * w[1]
    few = pairs <= (FEW_GROUPED_PAIRS if x[1] > 1 else FEW_PAIRS) and 1 < math.prod(shape) <= SUMS
    return few and math.prod(w[LEAD:]) >= 2 * math.prod(shape) and max(how.spread) == 1


def few_sums(x: jax.Array, w: jax.Array, how: Geometry) -> jax.Array | None:
    """A small result of large windows, as gradients of weights are: all its sums in one pass over both operands.

    The weight's gradient of depthwise: 50 to 2.7; of groups of 4 channels: 115 to 9.
    """
    shape = how.counts(x, w)
    if not has_few_sums(x.shape, w.shape, how, shape):
        return None
    padded = how.padded(x)
    turned = replace(how, strides=how.dilation, dilation=how.strides)
    factor = w[None]
    terms = [
        _shifted(padded, at, turned, w.shape[LEAD:])[:, :, None] * factor
        for at in itertools.product(*map(range, shape))
    ]
    zero = x.dtype.type(0)
    axes = tuple(range(LEAD, factor.ndim))
    sums = lax.reduce(tuple(terms), (zero,) * len(terms), _both, axes)
    return jnp.stack(sums, -1).reshape(x.shape[0], x.shape[1], w.shape[1], *shape)


def _both(one: tuple[jax.Array, ...], other: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def each_group(x: jax.Array, w: jax.Array, how: Geometry) -> jax.Array | None:
    """Not too many groups: a convolution for each. 8 groups of 16 channels: 56 to 12."""
    groups = x.shape[1]
    if not 1 < groups <= MANY_GROUPS:
        return None
    return jnp.concatenate([_best(x[:, g : g + 1], w[g : g + 1], how) for g in range(groups)], 1)


def by_slices(x: jax.Array, w: jax.Array, how: Geometry) -> jax.Array | None:
    """Three dimensions: slices across the first that a window meets become channels of one image. 75 to 18."""
    if len(how.strides) != 3 or x.shape[1] > 1:
        return None
    count, depth = how.counts(x, w)[0], w.shape[LEAD]
    flat = replace(how, low=(how.low[0], 0, 0), high=(how.high[0], 0, 0), spread=(how.spread[0], 1, 1))
    padded = flat.padded(x)[:, 0]
    stride, step = how.strides[0], how.dilation[0]
    met = [padded[:, :, k * step : k * step + reach(count, stride) : stride] for k in range(depth)]
    batch, channels = x.shape[0], x.shape[2]
    images = jnp.stack(met, 1).transpose(0, 3, 1, 2, 4, 5).reshape(batch * count, 1, depth * channels, *x.shape[-2:])
    kernel = w.swapaxes(2, 3).reshape(1, w.shape[1], depth * channels, *w.shape[-2:])
    plane = Geometry(how.strides[1:], how.low[1:], how.high[1:], how.spread[1:], how.dilation[1:])
    made = _best(images, kernel, plane)
    return made.reshape(batch, count, 1, *made.shape[2:]).transpose(0, 2, 3, 1, 4, 5)


RULES = (pointwise, one_position, few_terms, few_sums, each_group, by_slices)
