"""The lazy engine: cells, views, pending work, forcing, programs, devices, random streams."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.errors import MXNetError
from ..ir.primitives.compare import truncated
from ..ir.types import Context, as_dtype, is_bfloat16, is_floating
from ..ops import OPERATORS
from ..reference import absent
from .guard import fork as fork
from .guard.leaving import INSIDE
from .record.cell import Cell, Ref, View
from .record.gradient import backward, filled, grad, recording
from .record.pending import call
from .run.execute import failed
from .run.force import current_backend, fence, force, waitall
from .tell.location import user_location
from .tell.stats import stats

__all__ = [
    "adopt", "backward", "copy_to", "current_backend", "device_count", "existing", "exported", "fence",
    "fetch", "filled", "force", "grad", "host_array", "not_recording", "recording", "stats", "wait", "waitall",
]  # fmt: skip

Array = np.ndarray[Any, Any]


def not_recording() -> Any:
    """A context in which operations are not taped."""
    return recording(False)


def fetch(cell: Cell, cause: str) -> Array:
    """The values of ``cell`` as a private, writable NumPy array."""
    if isinstance(cell, View) and cell.type.context.device_type != "gpu":
        base = cell.base.ref.value  # asked once: another thread may write the base meanwhile
        if base is not None:
            with INSIDE:
                whole = np.asarray(base).reshape(-1)  # on the host: no program for a read of a view
            return np.array(whole[cell.offset : cell.offset + cell.type.size]).reshape(cell.type.shape)
    ref = cell.ref
    value = force(ref, cause)
    if isinstance(value, np.ndarray):
        return np.array(value)
    backend = current_backend()
    try:
        with INSIDE:
            return backend.get(value)
    except Exception as error:
        raise _late(ref, error) from error


def wait(cell: Cell) -> None:
    """Compute ``cell`` and wait for it."""
    ref = cell.ref
    value = force(ref, "wait_to_read")
    backend = current_backend()
    try:
        with INSIDE:
            backend.wait(value)
    except Exception as error:
        raise _late(ref, error) from error


def _late(ref: Ref, error: Exception) -> MXNetError:
    """What a device reports when its result is waited for, told with the operator and its line."""
    return failed(ref, "running the program that computed it", error)


def exported(cell: Cell) -> Any:
    """A private copy of the value of ``cell`` as an object with ``__dlpack__``, on its device."""
    if cell.type.context.device_type != "gpu" and not is_bfloat16(cell.type.dtype):
        return fetch(cell, "dlpack")
    backend = current_backend()  # NumPy gives no bfloat16
    value = force(cell.ref, "dlpack")
    with INSIDE:
        return backend.copy(backend.put(value, cell.type.context))


def adopt(foreign: Any) -> Any:
    """A private buffer of the values of an object with ``__dlpack__``, on the device where they are."""
    backend = current_backend()
    with INSIDE:
        return backend.adopt(foreign)


def device_count(device_type: str) -> int:
    return current_backend().device_count(device_type)


def existing(context: Context) -> Context:
    """``context``, if there is such a device."""
    if context.device_type == "gpu" and context.device_id >= device_count("gpu"):
        raise MXNetError(f"there is no {context}: {device_count('gpu')} GPUs were found; use cpu()")
    return context


def copy_to(cell: Cell, context: Context) -> Cell:
    """A copy of ``cell`` on another context, recorded like any operator."""
    existing(context)
    spec, _ = OPERATORS["_copyto"].bind((cell.type,), {"ctx": context})
    return call(spec, (cell,), (), *user_location())


def host_array(source: Any, dtype: np.dtype[Any]) -> Array:
    """A private NumPy array of ``dtype`` from anything array-like.

    Raises ``TypeError`` in MXNet's words for what is not. Numbers in lists become integers by way of int64, and
    must fit it; NumPy's arrays are cast as ours are.
    """
    integral, of_numpy = dtype.kind in "iu", isinstance(source, np.ndarray)
    try:
        with np.errstate(all="ignore"):
            found = np.asarray(source)
            if found.dtype.kind == "c":
                raise TypeError
            if found.dtype.names is not None:
                found = found.view(as_dtype(found.dtype))  # bfloat16 as MXNet has it
            if found.dtype == object:
                found = found.astype(np.int64 if integral else np.float64)
            if integral and of_numpy and is_floating(found.dtype):
                return np.asarray(truncated(found, dtype), order="C")
            if integral and not of_numpy and (is_floating(found.dtype) or found.dtype.kind == "u"):
                found = _as_int64(found)
            return np.array(found, dtype, order="C") if found.dtype == dtype else found.astype(dtype, order="C")
    except (TypeError, ValueError, OverflowError):
        raise TypeError("source_array must be array like object") from None


def _as_int64(numbers: Array) -> Array:
    if not ((numbers >= -(2.0**63)) & (numbers < 2.0**63)).all():
        raise OverflowError("a number does not fit 64 bits")
    return numbers.astype(np.int64)


def __getattr__(name: str) -> Any:
    raise absent("runtime", name)  # MXNet has a module of this name, which says what it was built with
