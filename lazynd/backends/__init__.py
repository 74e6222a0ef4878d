"""How graphs run. ``get_backend(name)``; the XLA backend is imported with the first program."""

from __future__ import annotations

import importlib
from typing import Any

from ..config import BACKENDS, config
from ..ir.primitive import PRIMITIVES, Primitive
from .allocator import retain_memory
from .fork_warning import FORK_WARNING
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
        FORK_WARNING.prepare()
        if config.retain_memory:
            retain_memory()  # before there are threads that have heaps of their own
        made: Any = getattr(importlib.import_module(module), attribute)()
        found = _loaded.setdefault(name, made)
    return found


def loaded_backend(name: str) -> Backend | None:
    """The backend called ``name``; None if ``get_backend(name)`` would have to import it."""
    return _loaded.get(name)


def compiled_function(name: str, *arrays: Any) -> Any:
    """The function ``name`` of ``protocol.FUNCTIONS`` on arrays of one type, with the bits of this process's programs.

    They are those of the backend in the settings, which is imported if need be; NumPy's if it has no functions.
    """
    function = get_backend(config.backend).function
    primitive = PRIMITIVES[name]
    assert isinstance(primitive, Primitive)
    return primitive.evaluate(*arrays) if function is None else function(name, *arrays)


def register_backend(backend: Backend, name: str | None = None) -> None:
    """Make ``backend`` available under ``name``, its own by default; replaces one of the same name."""
    _loaded[name or backend.name] = backend
    BACKENDS.add(name or backend.name)


def finish_all() -> None:
    """Wait until every backend has computed what was dispatched to it; then raise the first failure that it met."""
    failure: Exception | None = None
    for backend in list(_loaded.values()):
        try:
            backend.finish()
        except Exception as error:  # the others are waited for all the same
            failure = failure or error
    if failure is not None:
        raise failure


__all__ = [
    "Backend", "Executable", "NumpyBackend", "cast_scalar", "compiled_function", "finish_all", "get_backend",
    "loaded_backend", "register_backend",
]  # fmt: skip
