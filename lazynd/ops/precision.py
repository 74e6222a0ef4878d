"""What operators compute half precision in."""

from __future__ import annotations

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import require_floats, widened


def wide(x: Value) -> Value:
    """``x`` in float32 if it is of half precision, else as it is; what is no float is refused."""
    require_floats(x.type)
    return ir.convert(x, widened(x.dtype))
