"""How graphs run. ``get_backend(name)``; the XLA backend is imported with the first program."""

from __future__ import annotations

import importlib
from typing import Any

from .numpy import NumpyBackend
from .protocol import Backend, Executable, cast_scalar

_loaded: dict[str, Backend] = {"numpy": NumpyBackend()}
_lazy = {"xla": (f"{__name__}.xla", "XlaBackend")}


def get_backend(name: str) -> Backend:
    """The backend called ``name``: "xla" or "numpy"."""
    found = _loaded.get(name)
    if found is None:
        if name not in _lazy:
            raise ValueError(f"there is no backend {name!r}; there are {sorted({*_loaded, *_lazy})}")
        module, attribute = _lazy[name]
        made: Any = getattr(importlib.import_module(module), attribute)()
        found = _loaded.setdefault(name, made)
    return found


def register_backend(backend: Backend) -> None:
    """Make ``backend`` available under its ``name``; replaces one of the same name."""
    _loaded[backend.name] = backend


__all__ = ["Backend", "Executable", "NumpyBackend", "cast_scalar", "get_backend", "register_backend"]
