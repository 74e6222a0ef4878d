"""Switches between MXNet's own shapes and NumPy's."""

from __future__ import annotations

from .nd.np_shape import is_np_shape, np_shape, set_np_shape, use_np_shape
from .reference import fronts

__all__ = ["is_np_shape", "np_shape", "set_np_shape", "use_np_shape"]

__getattr__, __dir__ = fronts(__name__)
