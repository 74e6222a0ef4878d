"""States of optimizers from bytes: a pickle, of which only what states are made of is let in.

A pickle can name any function and have it called. Here a name is looked up in a short list; what is not in it raises
before anything of it is imported.
"""

from __future__ import annotations

import io
import pickle
from typing import Any, Final

import numpy as np

from .. import lr_scheduler
from ..context import Context, cpu, num_gpus
from ..nd import NDArray, array
from .base import Optimizer

#: Modules of arrays, of optimizers and of schedulers, in MXNet and here.
_ARRAYS: Final = frozenset({"mxnet.ndarray.ndarray", "lazynd.nd.ndarray", "lazynd.nd"})
_OPTIMIZERS: Final = ("mxnet.optimizer", "mxnet.contrib.svrg_optimization", "lazynd.optimizer")
_SCHEDULERS: Final = frozenset({"mxnet.lr_scheduler", "lazynd.lr_scheduler"})
#: What makes numbers and arrays of NumPy, under the names of its versions.
_NUMPY: Final = {
    **{(f"numpy.{core}.multiarray", "scalar"): ("_core.multiarray", "scalar") for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "_reconstruct"): ("_core.multiarray", "_reconstruct") for core in ("core", "_core")},
    ("numpy", "dtype"): ("", "dtype"),
    ("numpy", "ndarray"): ("", "ndarray"),
}
#: NumPy's classes of numbers and dtypes, which states have as values.
_PLAIN: Final = frozenset(
    {f"{kind}{bits}" for kind in ("int", "uint", "float") for bits in (8, 16, 32, 64)} | {"bool_", "bool"}
)


class _Reader(pickle.Unpickler):
    """Finds arrays, registered optimizers, schedulers and numbers, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if module in _ARRAYS and name in ("NDArray", "_rebuild"):
            return NDArray if name == "NDArray" else _array
        if (module, name) in (("lazynd.ir.types", "Context"), ("lazynd.context", "Context")):
            return Context
        if module in _SCHEDULERS and name in lr_scheduler.__all__:
            found = getattr(lr_scheduler, name)
            if isinstance(found, type):
                return found
        known = Optimizer.opt_registry.get(name.lower())
        if known is not None and known.__name__ == name:
            ours = known.__module__.startswith("lazynd.")
            if module == known.__module__ or (ours and module.startswith(_OPTIMIZERS)):
                return known
        scheduler = _subclass(lr_scheduler.LRScheduler, module, name)
        if scheduler is not None:
            return scheduler
        if (module, name) == ("collections", "OrderedDict"):
            return dict
        numpy_name = _NUMPY.get((module, name))
        if numpy_name is not None:
            return _of_numpy(*numpy_name)
        if module == "numpy" and name in _PLAIN:
            return getattr(np, name)
        raise pickle.UnpicklingError(
            f"{module}.{name} is no state, no registered optimizer and no scheduler, so it is not loaded: states are "
            "read from a file that need not be trusted. Register an optimizer of your own before its states are loaded"
        )


def _array(values: Any, context: Any, kind: Any) -> NDArray:
    """An array as lazynd pickles it; what was on a GPU that is not here comes to the host."""
    if not (isinstance(values, np.ndarray) and isinstance(context, Context) and kind is NDArray):
        raise pickle.UnpicklingError(f"an array is made of values and a context, not of {values!r} and {context!r}")
    there = context.device_type != "gpu" or context.device_id < num_gpus()
    return array(values, ctx=context if there else cpu(), dtype=values.dtype)


def _subclass(base: type, module: str, name: str) -> type | None:
    """A class of the user's own that the program has already: one with another name is not imported for a file."""
    waiting = list(base.__subclasses__())
    while waiting:
        each = waiting.pop()
        if each.__module__ == module and each.__qualname__ == name:
            return each
        waiting += each.__subclasses__()
    return None


def _of_numpy(place: str, name: str) -> Any:
    found: Any = np
    for step in filter(None, (*place.split("."), name)):
        found = getattr(found, step)
    return found


def read_states(content: bytes) -> tuple[dict[Any, Any], Optimizer | None]:
    """States by index, and the optimizer if ``content`` has it. ``pickle.UnpicklingError`` for anything else."""
    try:
        found = _Reader(io.BytesIO(content)).load()
    except (EOFError, KeyError, IndexError, AttributeError, ValueError, TypeError) as error:
        raise pickle.UnpicklingError(f"these {len(content)} bytes are no states of an optimizer: {error}") from error
    optimizer = None
    if isinstance(found, tuple) and len(found) == 2:
        found, optimizer = found
    if not isinstance(found, dict) or not (optimizer is None or isinstance(optimizer, Optimizer)):
        what = type(found if optimizer is None else optimizer).__name__
        raise pickle.UnpicklingError(f"states are a dict by index, with an optimizer or without; this is a {what}")
    return found, optimizer
