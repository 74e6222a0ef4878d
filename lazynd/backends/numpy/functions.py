"""Functions that are computed in double precision and rounded once, as every backend does it for small arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...ir.types import FLOAT32, Type
from ..protocol import EXACT_SIZE, ROUNDED_ONCE

Array = np.ndarray[Any, Any]


def rounded(name: str, type: Type, evaluate: Callable[..., Any]) -> Callable[..., Any]:
    """``evaluate``, or for the functions ``ROUNDED_ONCE`` of small float32 arrays of ``type``, what rounds once."""
    if name in ROUNDED_ONCE and type.dtype == FLOAT32 and type.size <= EXACT_SIZE:
        return partial(_once, evaluate)
    return evaluate


def _once(evaluate: Callable[[Any], Any], x: Any) -> Any:
    return evaluate(x.astype(np.float64)).astype(FLOAT32)
