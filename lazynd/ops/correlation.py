"""Patches of one image compared with those around the same place of another: what optical flow is found by."""

from __future__ import annotations

from typing import Any, Final

from ..ir import build as ir
from ..ir.build import Value
from ..ir.control import scan
from ..ir.types import INT32, require, require_floats
from .operator import op
from .precision import wide

#: So many pixels of a row are compared at a time, or as many as they are displaced by.
_BLOCK: Final = 64


def _samples(rng: Any) -> list[Any]:
    # Differences that are no multiples of the step that finite differences take, and none of them zero.
    def draw(*shape: int) -> tuple[Any, Any]:
        return rng.random(shape).astype("float32"), (rng.random(shape) + 1.5).astype("float32")

    return [
        (draw(1, 2, 2, 3), {"pad_size": 1}),
        (draw(2, 1, 3, 4), {"kernel_size": 3, "max_displacement": 3, "stride2": 2, "pad_size": 3}),
        (draw(1, 1, 4, 3), {"kernel_size": 3, "stride1": 2, "pad_size": 2, "is_multiply": False}),
        (draw(1, 1, 4, 5), {"stride1": 2}),
    ]


def _check(
    data1: Value, data2: Value, kernel_size: int, max_displacement: int, stride1: int, stride2: int, pad_size: int
) -> None:
    for each in (data1, data2):
        require(each.ndim == 4, f"data should be a 4D tensor, got {each.type}")
        require_floats(each.type)
    same = (data1.shape, data1.dtype) == (data2.shape, data2.dtype)
    require(same, f"expected two arrays of one shape and dtype, got {data1.type} and {data2.type}")
    require(data1.shape[1] > 0, f"images without channels cannot be compared, got {data1.type}")
    require(kernel_size % 2 == 1, f"kernel size should be odd number, got {kernel_size}")
    for name, number, least in (
        ("kernel_size", kernel_size, 1), ("max_displacement", max_displacement, 0), ("stride1", stride1, 1),
        ("stride2", stride2, 1), ("pad_size", pad_size, 0),
    ):  # fmt: skip
        require(number >= least, f"{name} must be at least {least}, got {number}")
    border = max_displacement + kernel_size // 2
    extents = [n + 2 * pad_size - 2 * border for n in data1.shape[2:]]
    fits = min(extents) >= 1
    require(fits, f"Correlation cannot be done with current settings: {border} pixels around a patch in {data1.type}")


@op(samples=_samples, method=False)
def Correlation(
    data1: Value,
    data2: Value,
    *,
    kernel_size: int = 1,
    max_displacement: int = 1,
    stride1: int = 1,
    stride2: int = 1,
    pad_size: int = 0,
    is_multiply: bool = True,
) -> Value:
    """Patches of ``data1`` compared with patches of ``data2`` displaced from the same place.

    Both are [batch, channel, height, width], with ``pad_size`` zeros on each side. Patches are squares of
    ``kernel_size``, an odd number; their middles lie ``stride1`` apart, as far from the borders as patch and
    displacement reach. The result is [batch, displacements, rows, columns]. Displacements are multiples of ``stride2``
    up to ``max_displacement`` down and, running faster, across, both from the negative ones on. Each number is the mean
    over patch and channels of products, or of absolute differences unless ``is_multiply``, whose slope is 1 for
    ``data1`` where both are equal. Floats only. Dosovitskiy et al., 2015.

    >>> from lazynd import nd
    >>> one, other = nd.array([[[[0, 1, 0]]]]), nd.array([[[[0, 0, 1]]]])
    >>> nd.Correlation(one, other, pad_size=1).asnumpy()[0, 3:6, 0]  # by -1, 0 and 1 across
    array([[0., 0., 0.],
           [0., 0., 0.],
           [0., 1., 0.]], dtype=float32)
    """
    _check(data1, data2, kernel_size, max_displacement, stride1, stride2, pad_size)
    around = (0, pad_size, pad_size, 0)
    one, other = (ir.pad(ir.transpose(wide(each), (0, 2, 3, 1)), 0, around, around) for each in (data1, data2))
    d = max_displacement
    n, height, width, channels = one.shape
    one = ir.slice_(one, (0, d, d, 0), (n, height - d, width - d, channels))
    compare = _products if is_multiply else _differences
    # Displacement down, displacement across, batch, row, column.
    made = compare(one, other, d - d // stride2 * stride2, stride2, 2 * (d // stride2) + 1)
    window, strides = (1, 1, 1, kernel_size, kernel_size), (1, 1, 1, stride1, stride1)
    if kernel_size > 1 or stride1 > 1:
        made = ir.reduce_window_sum(made, window, strides, (0,) * 5, (0,) * 5)
    made = ir.reshape(made, (made.shape[0] * made.shape[1], *made.shape[2:]))
    return ir.convert(ir.moveaxis(made, 0, 1) / (kernel_size * kernel_size * channels), data1.dtype)


def _products(one: Value, other: Value, first: int, step: int, count: int) -> Value:
    """Inner products of pixels of ``one`` and of ``other``, displaced ``count`` times along each spatial axis.

    For each displacement down, the pixels of a block of a row meet all of another row that some displacement brings
    there. The band that is wanted is cut out of this table: in lines that are longer by 1, each row begins one column
    later.
    """
    n, height, width, channels = one.shape
    reach = first + (count - 1) * step + 1
    block = min(width, max(_BLOCK, reach))
    blocks, across = -(-width // block), block + reach - 1
    one = ir.pad(one, 0, [0] * 4, (0, 0, blocks * block - width, 0))
    one = ir.reshape(one, (n, height, blocks, block, channels))
    other = ir.pad(other, 0, [0] * 4, (0, 0, max((blocks - 1) * block + across - other.shape[2], 0), 0))
    columns = [ir.iota((blocks, across), axis, INT32, one.context) for axis in (0, 1)]
    other = ir.transpose(ir.gather(other, [columns[0] * block + columns[1]], (2,)), (2, 3, 0, 1, 4))

    def rows(state: Any, row: Any, constants: Any) -> Any:
        zero = ir.full((), 0, INT32, one.context)
        lines = ir.dynamic_slice(constants[1], [zero, row[0], zero, zero, zero], (n, height, *other.shape[2:]))
        table = ir.dot_general(constants[0], lines, ((4,), (4,)), ((0, 1, 2), (0, 1, 2)))
        table = ir.pad(ir.reshape(table, (n, height, blocks, block * across)), 0, [0] * 4, (0, 0, 0, block))
        table = ir.reshape(table, (n, height, blocks * block, across + 1))
        return (), (ir.slice_(table, (0, 0, 0, first), (n, height, width, reach), (1, 1, 1, step)),)

    _, (made,) = scan(rows, (), (_displacements(count, first, step, one),), (one, other))
    return ir.moveaxis(made, 4, 1)


def _differences(one: Value, other: Value, first: int, step: int, count: int) -> Value:
    """Sums of absolute differences, as ``_products`` is of products; pair by pair of displacements."""
    places = _displacements(count, first, step, one)
    pairs = [
        ir.reshape(ir.broadcast_to(ir.reshape(places, shape), (count, count)), (count * count,))
        for shape in ((count, 1), (1, count))
    ]

    def pair(state: Any, row: Any, constants: Any) -> Any:
        a, zero = constants[0], ir.full((), 0, INT32, one.context)
        b = ir.dynamic_slice(constants[1], [zero, row[0], row[1], zero], a.shape)
        return (), (ir.sum(ir.select(a >= b, a - b, b - a), 3),)

    _, (made,) = scan(pair, (), pairs, (one, other))
    return ir.reshape(made, (count, count, *made.shape[1:]))


def _displacements(count: int, first: int, step: int, like: Value) -> Value:
    return ir.iota((count,), 0, INT32, like.context) * step + first
