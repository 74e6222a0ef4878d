"""How four numbers are a box: "corner" (left, top, right, bottom) or "center" (middle across and down, width, height).

As in MXNet, a box whose width or height is below 0 has no area.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..ir import build as ir
from ..ir.build import Value
from .boxes import common_area, corners
from .kinds import one_of

CORNER: Final = "corner"
CENTER: Final = "center"


def require_format(value: str, parameter: str = "format") -> None:
    one_of(value, CORNER, CENTER, parameter=parameter)


def to_corners(x: Value, y: Value, width: Value, height: Value) -> list[Value]:
    return [x - width / 2, y - height / 2, x + width / 2, y + height / 2]


def to_center(left: Value, top: Value, right: Value, bottom: Value) -> list[Value]:
    return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]


def corners_and_area(boxes: Value, format: str) -> list[Value]:
    """Left, top, right, bottom and area of ``boxes`` [..., 4]."""
    given = corners(boxes)
    width, height = given[2:] if format == CENTER else to_center(*given)[2:]
    area = ir.select((width < 0) | (height < 0), 0, width * height)
    return [*(to_corners(*given) if format == CENTER else given), area]


def shared(one: Sequence[Value], other: Sequence[Value]) -> tuple[Value, Value]:
    """Common area and joint area of boxes, each by its corners and its area, which broadcast."""
    common = common_area(one[:4], other[:4])
    return common, one[4] + other[4] - common
