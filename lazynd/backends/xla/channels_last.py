"""Convolutions of images on a CPU, of views and giving views: channels last, kernels as XLA reads them.

Where the map is small, or elements lie apart, XLA's convolution loses: it multiplies what lies in the padding, and
transposes the kernel for the gradient of the operand. There the convolution is a sum of products of matrices, one for
each place in the window, or, for the gradient of a kernel, one product for each element of its window. The figures are
CPU milliseconds of two cores, with jax 0.10.2, sixteen images: by XLA's convolution, then by the rule.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import jax
import jax.numpy as jnp
from jax import lax

from ...ir.graph import Graph
from ...ir.primitives.convolution import LEAD, reach
from ...ir.types import widened
from .convolution import Geometry, has_few_sums, has_few_terms
from .kernels import BACK
from .lower import VIEWED
from .spread import whole
from .views import View, laid_out, reshaped

Ints = tuple[int, ...]
#: Where axes of [batch, channel, height, width] lie if channels are last; and with the batch last, as a gradient of a
#: kernel has its operands.
LAST: Final = (0, 3, 1, 2)
BATCH_LAST: Final = (3, 0, 1, 2)


def pays(graph: Graph) -> bool:
    """Whether ``graph`` trains a net with small maps: then a step is quicker. Without gradients nothing is gained, and
    with wide maps alone the order of axes does not matter."""
    for node in graph.nodes:
        assert node.spec is not None and node.inputs is not None
        if node.spec.op.name != "convolution" or len(node.type.shape) != LEAD + 2:
            continue
        source, (x, w) = node.inputs[1].node, node.spec.in_types
        if source.spec is not None and source.spec.op.name == "reverse" and x.shape[1] == 1:
            how = Geometry(**node.spec.attributes)
            if math.prod(w.shape[LEAD:]) > 1 and _of_operand(x, w, how, node.type.shape[LEAD:]):
                return True
    return False


def convolved(x: Any, w: Any, how: Geometry) -> View | None:
    """The convolution of ``x`` and ``w``, arrays or views, as a view; None where that is not for it."""
    if len(how.strides) != 2 or x.shape[1] != 1 or not math.prod(x.shape) or not math.prod(w.shape):
        return None
    counts, window = how.counts(x, w), w.shape[LEAD:]
    if not math.prod(counts):
        return None
    if math.prod(window) == 1 or math.prod(counts) == 1:
        if not isinstance(x, View):
            return None
    elif has_few_terms(w.shape) or has_few_sums(x.shape, w.shape, how, counts):
        return None
    images, kernel = _without_group(x, 1), _without_group(w, 0)
    if _by_window(x, w, how, counts):
        made = _sum_of_products(images, kernel, how, counts)
    elif _by_result(images, w, how, counts):
        made = _each_result(images, kernel, how, counts)
    else:
        made = _general(images, kernel, how)
    shape = (made.shape[0], 1, *made.shape[1:])
    with_group = reshaped(made, {"shape": shape})
    assert with_group is not None
    return with_group


def _without_group(value: Any, axis: int) -> Any:
    shape = value.shape[:axis] + value.shape[axis + 1 :]
    made = reshaped(value, {"shape": shape}) if isinstance(value, View) else None
    return whole(value).reshape(shape) if made is None else made


#: The widest maps of which convolutions, and gradients of operands, are sums of products; of the latter those whose
#: elements lie apart too; of which gradients of kernels are one product for each place. Few rows make poor products.
#: Every product is compiled, so there must be as many channels, inputs times outputs, as make much work.
SMALL_MAP, SPREAD_MAP, LEAST_MAP, FEW_ROWS, WIDE = 64, 576, 16, 128, 1 << 17


def _by_window(x: Any, w: Any, how: Geometry, counts: Ints) -> bool:
    """512 channels on 3x3: 10.4 to 5.9, its operand's gradient 14.8 to 6.4; of 2x2, which XLA pads, 277 to 3.1."""
    pairs = zip(how.strides, how.spread, strict=True)
    window = math.prod(w.shape[LEAD:])
    if any(stride > 1 and spread > 1 for stride, spread in pairs) or window > 9:
        return False
    if window == 1:
        return True
    if isinstance(w, View) and w.flipped:
        return _of_operand(x, w, how, counts)
    if x.shape[2] * w.shape[1] < WIDE:
        return False
    sticks_out = any(reach(k, d) > n for k, d, n in zip(w.shape[LEAD:], how.dilation, x.shape[LEAD:], strict=True))
    enough = x.shape[0] * math.prod(counts) >= FEW_ROWS
    return sticks_out or (math.prod(counts) <= SMALL_MAP and enough and max(how.spread) == 1)


def _of_operand(x: Any, w: Any, how: Geometry, counts: Ints) -> bool:
    """Of 512 channels on 3x3 14.8 to 6.4; of 256 on 6x6 from 512 on 3x3 7.0 to 3.3; on 24x24 it would lose."""
    most = SPREAD_MAP if max(how.spread) > 1 else SMALL_MAP
    return x.shape[2] * w.shape[1] >= WIDE and math.prod(counts) <= most


def _by_result(x: Any, w: Any, how: Geometry, counts: Ints) -> bool:
    """The gradient of the kernel for 512 channels on 3x3: 8.9 to 6.7; on 12x12 it would lose."""
    if max(how.spread) > 1:
        return False
    if math.prod(counts) == 1:
        return True
    small = math.prod(counts) <= 9 and math.prod(w.shape[LEAD:]) <= LEAST_MAP
    return small and _for_gradient(x) and x.shape[0] * w.shape[1] >= WIDE


def _for_gradient(x: Any) -> bool:
    """Whether what is batch here, for the gradient of a kernel, lies last."""
    return isinstance(x, View) and x.shape[0] > 1 and x.order[0] > max(x.order[2:])


@dataclass(frozen=True, slots=True)
class _Met:
    """Along one axis, the elements of the result that a place in the window gives, and those of the operand."""

    begin: int
    step: int
    source: int
    source_step: int
    number: int


def _met(place: int, count: int, extent: int, stride: int, low: int, spread: int, dilation: int) -> _Met:
    at = place * dilation - low
    if spread == 1:  # result o is element o * stride + at
        begin = max(0, -(at // stride))
        end = min(count - 1, (extent - 1 - at) // stride)
        return _Met(begin, 1, begin * stride + at, stride, end - begin + 1)
    begin = max(0, -(-at // spread))  # element i is result i * spread - at
    end = min(extent - 1, (count - 1 + at) // spread)
    return _Met(begin * spread - at, spread, begin, 1, end - begin + 1)


def _sum_of_products(x: Any, w: Any, how: Geometry, counts: Ints) -> View:
    images = laid_out(x, LAST)
    kernel = w if _leads(w) else View(laid_out(w, BACK), BACK)
    axes = list(zip(counts, images.shape[1:3], how.strides, how.low, how.spread, how.dilation, strict=True))
    zero, made = images.dtype.type(0), None
    for place in itertools.product(*map(range, w.shape[2:])):
        met = [_met(k, *axis) for k, axis in zip(place, axes, strict=True)]
        if min(each.number for each in met) <= 0:
            continue
        matrix, inputs = _matrix(kernel, place)
        term = _dot(_taken(images, (1, 2), met), matrix, (3,), (inputs,))
        around = [
            (m.begin, n - m.begin - reach(m.number, m.step), m.step - 1) for m, n in zip(met, counts, strict=True)
        ]
        term = lax.pad(term, zero, [(0, 0, 0), *around, (0, 0, 0)])
        made = term if made is None else made + term
    if made is None:
        made = jnp.zeros((images.shape[0], *counts, w.shape[0]), images.dtype)
    return View(made, LAST)


def _leads(kernel: Any) -> bool:
    """Whether the weights of each place in the window lie together."""
    return isinstance(kernel, View) and set(kernel.order[2:]) == {0, 1} and kernel.flipped <= {2, 3}


def _matrix(kernel: View, place: Ints) -> tuple[jax.Array, int]:
    """The weights at ``place`` in the window, and which of its two axes is that of the inputs."""
    array = kernel.array
    for axis, number in zip((2, 3), place, strict=True):
        at = array.shape[kernel.order[axis]] - 1 - number if axis in kernel.flipped else number
        array = lax.slice_in_dim(array, at, at + 1, axis=kernel.order[axis])
    matrix = array.reshape(array.shape[2:])
    return matrix, int(kernel.order[1] > kernel.order[0])


def _taken(array: jax.Array, axes: Ints, met: Sequence[_Met]) -> jax.Array:
    for axis, m in zip(axes, met, strict=True):
        array = lax.slice_in_dim(array, m.source, m.source + reach(m.number, m.source_step), m.source_step, axis)
    return array


def _each_result(x: Any, w: Any, how: Geometry, counts: Ints) -> View:
    gradient = _for_gradient(x)
    images, kernel = laid_out(x, BATCH_LAST if gradient else LAST), laid_out(w, BATCH_LAST if gradient else BACK)
    common, kernel_at = ((0, 1, 2), (1, 2)) if gradient else ((1, 2, 3), (0, 1))
    extents = [(kernel.shape[k], images.shape[i]) for k, i in zip(kernel_at, (1, 2), strict=True)]
    made = []
    for place in itertools.product(*map(range, counts)):
        # Place and window change roles: which elements of the window meet an element of the operand.
        axes = zip(place, extents, how.dilation, how.low, how.strides, strict=True)
        met = [_met(o, *extent, step, low, 1, stride) for o, extent, step, low, stride in axes]
        if min(each.number for each in met) <= 0:
            made.append(jnp.zeros((x.shape[0], kernel.shape[3]), images.dtype))
            continue
        weights = kernel
        for axis, m in zip(kernel_at, met, strict=True):
            weights = lax.slice_in_dim(weights, m.begin, m.begin + m.number, axis=axis)
        made.append(_dot(_taken(images, (1, 2), met), weights, common, (0, 1, 2)))
    return View(jnp.stack(made).reshape(*counts, *made[0].shape), (2, 3, 0, 1))


def _dot(left: jax.Array, right: jax.Array, one: Ints, other: Ints) -> jax.Array:
    return lax.dot_general(left, right, ((one, other), ((), ())), precision=lax.Precision.HIGHEST)


def _general(x: Any, w: Any, how: Geometry) -> View:
    """By XLA's convolution, which is told where the axes lie. It reverses windows on the way to its own order."""
    given, kernel = _array(x), _array(w)
    made = (2, 3, 0, 1) if _for_gradient(x) else LAST
    numbers = lax.ConvDimensionNumbers(given[1], kernel[1], made)
    result = lax.conv_general_dilated(
        given[0], kernel[0], how.strides, list(zip(how.low, how.high, strict=True)), how.spread, how.dilation, numbers,
        precision=lax.Precision.HIGHEST,
    )  # fmt: skip
    return View(result, made)


def _array(value: Any) -> tuple[jax.Array, Ints]:
    if not isinstance(value, View):
        return value, (0, 1, 2, 3)
    array = lax.rev(value.array, sorted(value.order[axis] for axis in value.flipped)) if value.flipped else value.array
    return array, value.order


def _in_single(x: Any, w: Any, **attributes: Ints) -> View | None:
    """Half precision is computed in single."""
    precise = widened(x.dtype)
    made = convolved(_converted(x, precise), _converted(w, precise), Geometry(**attributes))
    return None if made is None else _converted(made, x.dtype)


def _converted(value: Any, dtype: Any) -> Any:
    if value.dtype == dtype:
        return value
    return (
        View(value.array.astype(dtype), value.order, value.flipped)
        if isinstance(value, View)
        else whole(value).astype(dtype)
    )


VIEWED["convolution"] = _in_single
