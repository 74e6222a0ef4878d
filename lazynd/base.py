"""MXNet's module of its error class."""

from __future__ import annotations

from .ir.errors import MXNetError
from .reference import fronts

__all__ = ["MXNetError"]

__getattr__, __dir__ = fronts(__name__)
