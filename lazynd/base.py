"""MXNet's module of its error class."""

from __future__ import annotations

from typing import Any

from .ir.errors import MXNetError
from .reference import absent

__all__ = ["MXNetError"]


def __getattr__(name: str) -> Any:
    raise absent("base", name)
