"""``import mxnet`` answered by lazynd: opt-in, for this process only.

``lazynd.as_mxnet()`` before the first ``import mxnet``, or ``python -m lazynd.as_mxnet SCRIPT ARGUMENTS...``.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import runpy
import sys
from collections.abc import Sequence
from types import ModuleType


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds ``mxnet`` and ``mxnet.x.y`` as ``lazynd`` and ``lazynd.x.y``: the same module objects."""

    _names = {"mxnet": "lazynd", "mxnet.ndarray": "lazynd.nd", "mxnet.base": "lazynd.ir.errors"}

    def _real(self, name: str) -> str:
        for alias in sorted(self._names, key=len, reverse=True):
            if name == alias or name.startswith(f"{alias}."):
                return self._names[alias] + name[len(alias) :]
        raise KeyError(name)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "mxnet" and not name.startswith("mxnet."):
            return None
        real = self._real(name)
        try:
            found = importlib.util.find_spec(real)
        except ModuleNotFoundError:
            found = None
        if found is None:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=found.submodule_search_locations is not None)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module = importlib.import_module(self._real(spec.name))
        self._spec = module.__spec__, getattr(module, "__path__", None), module.__package__, module.__loader__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # Importing under another name rewrote these; the module stays what it is.
        module.__spec__, path, module.__package__, module.__loader__ = self._spec
        if path is not None:
            module.__path__ = path


def install() -> None:
    """Make ``import mxnet`` resolve to lazynd; refused if real MXNet is loaded already.

    >>> import lazynd
    >>> lazynd.as_mxnet()
    >>> import mxnet
    >>> mxnet is lazynd
    True
    """
    loaded = sys.modules.get("mxnet")
    if loaded is not None and loaded is not sys.modules["lazynd"]:
        raise RuntimeError("real mxnet is loaded in this process already; call lazynd.as_mxnet() before importing it")
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def main(arguments: list[str]) -> None:
    """Run a script as ``__main__`` with ``mxnet`` resolving to lazynd."""
    if not arguments:
        sys.exit("usage: python -m lazynd.as_mxnet SCRIPT [ARGUMENT ...]")
    install()
    sys.argv = arguments
    runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
