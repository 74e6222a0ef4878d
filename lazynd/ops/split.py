"""An array cut into parts of any length."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import normalize_axis, require
from .kinds import Shape
from .operator import floats as _f
from .operator import numbered, op
from .partial import Shapes


def _bounds(extent: int, indices: Sequence[int], sections: int) -> list[tuple[int, int]]:
    """Where each part begins and ends: ``sections`` as long as each other or longer by one, or those at ``indices``."""
    if sections:
        require(sections > 0, f"sections must not be negative, got {sections}")
        length, longer = divmod(extent, sections)
        indices = [number * length + min(number, longer) for number in range(sections)]
    places = [0, *indices, extent]
    ascend = all(low <= high for low, high in pairwise(places))
    require(ascend, f"indices {tuple(indices)} must ascend from 0 to the extent {extent}")
    return list(pairwise(places[1:]))


def _split_shapes(known: Shapes, *, indices: Sequence[int], axis: int, squeeze_axis: bool, sections: int) -> None:
    data = known["data"]
    if data is None:
        return
    at = normalize_axis(axis, len(data))
    extent = data[at]
    count = sections or len(indices)
    bounds = [None] * count if extent is None else [high - low for low, high in _bounds(extent, indices, sections)]
    for number, length in enumerate(bounds):
        known.learn_output((*data[:at], *(() if squeeze_axis else (length,)), *data[at + 1 :]), number)


@op(
    name="_split_v2",
    samples=lambda r: [
        ((_f(r, 2, 6),), {"indices": (), "sections": 3}),
        ((_f(r, 2, 6),), {"indices": (0, 1, 4)}),
        ((_f(r, 2, 3),), {"indices": (0, 1), "axis": 0, "squeeze_axis": True}),
        ((_f(r, 2, 5),), {"indices": (), "sections": 3}),
    ],
    method=False,
    shapes=_split_shapes,
    outputs=lambda attributes: numbered(attributes["sections"] or len(attributes["indices"])),
)
def split_v2(
    data: Value, *, indices: Shape, axis: int = 1, squeeze_axis: bool = False, sections: int = 0
) -> tuple[Value, ...]:
    """Parts along ``axis``: ``sections`` of them if that is not 0, else one from each of ``indices`` to the next.

    Where ``sections`` do not divide the extent, the first parts are longer by one. ``squeeze_axis`` drops the axis,
    along which parts must have length 1 then. Nothing comes before the first index.
    """
    at = normalize_axis(axis, data.ndim)
    parts = []
    for low, high in _bounds(data.shape[at], indices, sections):
        begin, end = [0] * data.ndim, list(data.shape)
        begin[at], end[at] = low, high
        part = ir.slice_(data, begin, end)
        require(not squeeze_axis or high - low == 1, f"a part of length {high - low} cannot be squeezed")
        parts.append(ir.squeeze(part, (at,)) if squeeze_axis else part)
    return tuple(parts)
