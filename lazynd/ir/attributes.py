"""Attributes as keys: what distinguishes ``1``, ``True``, ``1.0``, ``0.0``, ``-0.0`` and ``nan``."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np


def attribute_key(value: Any) -> Hashable:
    """A hashable stand-in that is equal for two attributes only if Python type and exact bits are."""
    kind = value.__class__
    if kind is int or kind is bool or kind is str or value is None:
        return (kind, value)
    if kind is float:
        return (float, value.hex() if value == value else np.float64(value).tobytes())
    if kind is tuple:
        return (tuple, *map(attribute_key, value))
    if isinstance(value, np.ndarray):
        return ("array", value.dtype.str, value.shape, value.tobytes())
    return (kind, value)


def print_attribute(value: Any) -> str:
    """``value`` as text that ``parse_attribute`` reads back exactly."""
    if isinstance(value, np.dtype):
        return f"dtype:{value.name}"
    if isinstance(value, np.ndarray):
        return f"array:{value.dtype.name}:{list(value.shape)}:{value.tobytes().hex()}"
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return f"float:{value}" if value == value else f"nan:{np.float64(value).tobytes().hex()}"
    return repr(value)
