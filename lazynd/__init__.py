"""lazynd: MXNet's way of programming on a lazy graph compiler.

Operations record an IR graph; when a value is asked for, the graph is differentiated, optimised, fused and run as
one XLA program.

>>> from lazynd import autograd, nd
>>> x = nd.arange(4).reshape((2, 2))
>>> (x + 1).asnumpy()
array([[1., 2.],
       [3., 4.]], dtype=float32)
"""

from __future__ import annotations

import importlib
from typing import Any

from . import attribute, autograd, base, image, name, nd, np, npx, operator, util
from .attribute import AttrScope
from .config import config
from .context import Context, cpu, cpu_pinned, current_context, gpu, num_gpus
from .ir.errors import MXNetError
from .mxnet_name import install as as_mxnet
from .nd import NDArray, random, waitall
from .observe import debug_nans, explain, no_sync, profile, report, stats
from .reference import absent
from .util import is_np_shape, np_shape, set_np_shape, use_np_shape

#: Loaded when first asked for, by the name here.
_SUBMODULES = {
    "callback": "callback", "compiled": "compiled", "contrib": "contrib", "coverage": "coverage", "demo": "demo",
    "gluon": "gluon", "init": "initializer", "initializer": "initializer", "lr_scheduler": "lr_scheduler",
    "manual": "manual", "metric": "metric", "optimizer": "optimizer", "profiler": "profiler", "recordio": "recordio",
    "registry": "registry", "sym": "sym", "symbol": "sym", "visualization": "viz", "viz": "viz",
}  # fmt: skip

#: MXNet's long names of modules.
ndarray, numpy, numpy_extension, img = nd, np, npx, image

#: What is installed, "0+unknown" where nothing is: a checkout on the path by hand.
__version__: str

__all__ = [
    "AttrScope", "Context", "MXNetError", "NDArray", "as_mxnet", "attribute", "autograd", "base", "config", "cpu",
    "cpu_pinned", "current_context", "debug_nans", "explain", "gpu", "image", "img", "is_np_shape", "name", "nd",
    "ndarray", "no_sync", "np", "np_shape", "npx", "num_gpus", "numpy", "numpy_extension", "operator", "profile",
    "random", "report", "set_np_shape", "stats", "use_np_shape", "util", "waitall",
]  # fmt: skip


def _installed_version() -> str:
    metadata = importlib.import_module("importlib.metadata")  # takes a third of what lazynd takes to import
    try:
        found: str = metadata.version("lazynd")
    except metadata.PackageNotFoundError:
        return "0+unknown"
    return found


def __getattr__(name: str) -> Any:
    if name == "__version__":
        globals()[name] = _installed_version()
        return globals()[name]
    if name == "compile":
        return importlib.import_module("lazynd.compiled").compile
    if name in _SUBMODULES:
        return importlib.import_module(f"lazynd.{_SUBMODULES[name]}")
    raise absent("", name)


def __dir__() -> list[str]:
    return sorted({*__all__, *_SUBMODULES, "__version__", "compile"})
