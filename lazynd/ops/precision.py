"""What operators compute half precision in."""

from __future__ import annotations

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import require_floats, widened


def wide(x: Value) -> Value:
    """``x`` in float32 if it has less; an error where it has no floats."""
    require_floats(x.type)
    return ir.convert(x, widened(x.dtype))
