"""``gluon.contrib``: what MXNet keeps beside ``gluon``."""

from __future__ import annotations

import importlib
from typing import Any

from ...reference import absent

#: Loaded when first asked for.
_SUBMODULES = ("data",)


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise absent("gluon.contrib", name)


def __dir__() -> list[str]:
    return sorted(_SUBMODULES)
