"""``nd.linalg``: the operators ``linalg_*`` by their short names."""

from __future__ import annotations

from typing import Any

from ..ops import OPERATORS
from .generate import make_function

_PREFIX = "linalg_"
__all__ = sorted(name.removeprefix(_PREFIX) for name in OPERATORS if name.startswith(_PREFIX))


def __getattr__(name: str) -> Any:
    operator = None if name.startswith("_") else OPERATORS.get(_PREFIX + name)
    if operator is None:
        raise AttributeError(f"module 'lazynd.nd.linalg' has no attribute {name!r}")
    made = globals()[name] = make_function(operator, name)
    return made


def __dir__() -> list[str]:
    return __all__
