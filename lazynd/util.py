"""Switches between MXNet's own shapes and NumPy's."""

from __future__ import annotations

from typing import Any

from .nd.np_shape import is_np_shape, np_shape, set_np_shape, use_np_shape
from .reference import absent

__all__ = ["is_np_shape", "np_shape", "set_np_shape", "use_np_shape"]


def __getattr__(name: str) -> Any:
    raise absent("util", name)
