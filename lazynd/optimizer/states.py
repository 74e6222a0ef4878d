"""States of optimizers from bytes: a pickle, of which only what states are made of is let in.

A pickle can name any function and have it called. Here a name is looked up in short lists; what is in none raises
before anything of it is imported.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from .. import lr_scheduler
from ..context import Context, cpu, num_gpus
from ..nd import NDArray, array
from .base import Optimizer

#: Modules of optimizers, in MXNet and here.
_OPTIMIZERS: Final = ("mxnet.optimizer", "mxnet.contrib.svrg_optimization", "lazynd.optimizer")


def _array(values: Any, context: Any, kind: Any) -> NDArray:
    """An array as lazynd pickles it; what was on a GPU that is not here comes to the host."""
    if not (isinstance(values, np.ndarray) and isinstance(context, Context) and kind is NDArray):
        raise pickle.UnpicklingError(f"an array is made of values and a context, not of {values!r} and {context!r}")
    there = context.device_type != "gpu" or context.device_id < num_gpus()
    return array(values, ctx=context if there else cpu(), dtype=values.dtype)


def _bytes(content: Any = b"") -> bytearray:
    """Bytes that may be written, of bytes that there are; not so many zeros."""
    if not isinstance(content, bytes):
        raise pickle.UnpicklingError(f"bytes are made of bytes, not of {content!r}")
    return bytearray(content)


def _allowed() -> Iterator[tuple[tuple[str, str], Any]]:
    """What a pickle may name whatever the program has, and what it gets."""
    for module in ("mxnet.ndarray.ndarray", "lazynd.nd.ndarray"):
        yield (module, "NDArray"), NDArray
    yield ("lazynd.nd.ndarray", "_rebuild"), _array
    yield ("lazynd.ir.types", "Context"), Context
    yield ("builtins", "bytearray"), _bytes
    yield ("collections", "OrderedDict"), dict
    for name in lr_scheduler.__all__:
        if isinstance(getattr(lr_scheduler, name), type):
            for package in ("mxnet", "lazynd"):
                yield (f"{package}.lr_scheduler", name), getattr(lr_scheduler, name)
    for core in ("core", "_core"):  # what makes numbers and arrays has another place in each version
        yield (f"numpy.{core}.multiarray", "scalar"), np.float64().__reduce__()[0]
        yield (f"numpy.{core}.multiarray", "_reconstruct"), np.zeros(0).__reduce__()[0]
    for name in ("dtype", "ndarray", "bool_", "int32", "int64", "float16", "float32", "float64"):
        yield ("numpy", name), getattr(np, name)


_ALLOWED: Final[dict[tuple[str, str], Any]] = dict(_allowed())


class _Reader(pickle.Unpickler):
    """Finds arrays, registered optimizers, schedulers and numbers, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        found = _ALLOWED.get((module, name)) or _registered(module, name) or _scheduler(module, name)
        if found is None:
            raise pickle.UnpicklingError(
                f"{module}.{name} is no state, no registered optimizer and no scheduler, so it is not loaded: a file "
                "of states need not be trusted. Register an optimizer of your own before its states are loaded"
            )
        return found


def _registered(module: str, name: str) -> type | None:
    """The registered optimizer of that name; MXNet's and those of other versions are lazynd's own."""
    known = Optimizer.opt_registry.get(name.lower())
    if known is None or known.__name__ != name:
        return None
    ours = known.__module__.startswith("lazynd.") and module.startswith(_OPTIMIZERS)
    return known if ours or module == known.__module__ else None


def _scheduler(module: str, name: str) -> type | None:
    """A scheduler of the user's own that the program has already: none is imported for a file."""
    waiting = lr_scheduler.LRScheduler.__subclasses__()
    while waiting:
        each = waiting.pop()
        if (each.__module__, each.__qualname__) == (module, name):
            return each
        waiting += each.__subclasses__()
    return None


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
