"""``sym._internal``: operators by the names that begin with an underscore."""

from __future__ import annotations

from typing import Any

from ..reference import absent
from .generate import namespace

_any, __dir__ = namespace(__name__, "")


def __getattr__(name: str) -> Any:
    if not name.startswith("_"):
        raise absent("sym._internal", name)
    return _any(name)
