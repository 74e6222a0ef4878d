"""``gluon``: networks of blocks, their parameters, training, and data."""

from __future__ import annotations

import importlib
from typing import Any

from ..reference import absent

#: Loaded when first asked for.
_SUBMODULES = {"contrib", "data", "utils"}


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise absent("gluon", name)


def __dir__() -> list[str]:
    return sorted(_SUBMODULES)
