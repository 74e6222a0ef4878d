"""``import mxnet`` answered by lazynd, for this process only."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Final

from .nd.one_number import want
from .reference import refuse_module

#: MXNet's names of modules that are called something else here.
_NAMES: Final = {
    "mxnet": "lazynd",
    "mxnet.contrib.nd": "lazynd.nd.contrib",
    "mxnet.contrib.ndarray": "lazynd.nd.contrib",
    "mxnet.contrib.sym": "lazynd.sym.contrib",
    "mxnet.contrib.symbol": "lazynd.sym.contrib",
    "mxnet.img": "lazynd.image",
    "mxnet.init": "lazynd.initializer",
    "mxnet.ndarray": "lazynd.nd",
    "mxnet.numpy": "lazynd.np",
    "mxnet.numpy_extension": "lazynd.npx",
    "mxnet.random": "lazynd.nd.random",
    "mxnet.symbol": "lazynd.sym",
    "mxnet.visualization": "lazynd.viz",
}
#: The version of MXNet whose interface this is.
INTERFACE: Final = "1.9.1"


def _real(name: str) -> str:
    """The module of lazynd that stands for ``name``."""
    alias = max((a for a in _NAMES if name == a or name.startswith(f"{a}.")), key=len)
    return _NAMES[alias] + name[len(alias) :]


class _Finder:
    """Finds ``mxnet`` and ``mxnet.x.y`` as ``lazynd`` and ``lazynd.x.y``: the same module objects.

    A finder and a loader by its methods: ``importlib.abc`` would load tempfile, shutil and what they need.
    """

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "mxnet" and not name.startswith("mxnet."):
            return None
        try:
            found = importlib.util.find_spec(_real(name))
        except ModuleNotFoundError:
            found = None
        if found is None:
            refuse_module(name.removeprefix("mxnet."))
            return None
        package = found.submodule_search_locations is not None
        return importlib.machinery.ModuleSpec(name, self, is_package=package)  # type: ignore[arg-type]  # see above

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module = importlib.import_module(_real(spec.name))
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # Importing under another name put another spec in its place; the module stays what it is.
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state


def install() -> None:
    """Make ``import mxnet`` resolve to lazynd in this process; ``RuntimeError`` if real MXNet is loaded already.

    Every submodule that lazynd has is found under MXNet's name, as the same module object. Opt-in: importing lazynd
    does not do this. From then on ``__version__`` is 1.9.1, the version of the interface, for programs that ask which
    MXNet they run on; the package's own is what ``python -m lazynd --version`` prints. And ``asnumpy`` of one
    element gives what counts as a number, as it did in the NumPy of MXNet's days.

    >>> import lazynd
    >>> lazynd.as_mxnet()
    >>> import mxnet
    >>> mxnet is lazynd
    True
    """
    loaded = sys.modules.get("mxnet")
    if loaded is not None and loaded is not sys.modules["lazynd"]:
        where = getattr(loaded, "__file__", None) or "an unknown place"
        raise RuntimeError(
            f"real mxnet is loaded in this process already, from {where}: call lazynd.as_mxnet() before anything "
            "imports mxnet"
        )
    sys.modules["lazynd"].__version__ = INTERFACE  # type: ignore[attr-defined]  # a module takes any name
    want()
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
