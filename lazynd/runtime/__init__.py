"""The lazy engine: cells, views, pending work, forcing, programs, devices, random streams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from time import perf_counter
from typing import Any

import numpy as np

from ..backends import finish_all
from ..backends.memory import NOTEWORTHY, require_memory
from ..ir.errors import MXNetError
from ..ir.primitives.compare import truncated
from ..ir.types import Context, Type, as_dtype, is_bfloat16, is_floating
from ..ops import OPERATORS
from ..reference import absent
from .features import Feature, Features, feature_list
from .guard import fork as fork
from .guard.leaving import INSIDE
from .record import gradient
from .record.cell import Cell, Ref
from .record.pending import PendingWork
from .record.views import View
from .run import fence as fences
from .run.drive import current_backend
from .run.failure import failed
from .run.force import force
from .run.late import computed
from .tell.hiding import hide_frames
from .tell.ledger import NOTED, waited
from .tell.location import user_location
from .tell.sites import current_site
from .tell.stats import stats
from .tell.tracing import TRACING
from .thread import LOCAL, State

__all__ = [
    "Feature", "Features", "adopt", "aside", "backward", "copy_to", "current_backend", "data", "device_count",
    "existing", "exported", "feature_list", "fence", "fetch", "filled", "grad", "host_array", "not_recording",
    "recording", "stats", "wait", "waitall",
]  # fmt: skip

Array = np.ndarray[Any, Any]


def recording(on: bool) -> AbstractContextManager[None]:
    """This thread's recording flag set for a while, without opening a region."""
    return gradient.recording(LOCAL.state, on)


def not_recording() -> AbstractContextManager[None]:
    """A context in which operations are not taped."""
    return gradient.recording(LOCAL.state, False)


def backward(heads: Sequence[Cell], head_gradients: Sequence[Cell | None] | None, retain_graph: bool) -> None:
    """Move the gradient cells of every variable that ``heads`` depend on."""
    trace = TRACING.now
    started = 0.0 if trace is None else perf_counter()
    gradient.backward(LOCAL.state, heads, head_gradients, retain_graph)
    if trace is not None:
        trace.span("backward", "record", current_site(), started)


def grad(
    heads: Sequence[Cell],
    variables: Sequence[Cell],
    head_gradients: Sequence[Cell | None] | None,
    retain_graph: bool,
    create_graph: bool,
) -> list[Cell]:
    """The gradients of ``variables`` as new cells; on the tape themselves if ``create_graph``."""
    return gradient.grad(LOCAL.state, heads, variables, head_gradients, retain_graph, create_graph)


def filled(type: Type, value: int) -> Cell:
    """An array of ``type`` with ``value`` everywhere."""
    return gradient.filled(LOCAL.state.recorder, type, value)


def data(type: Type, value: Any) -> Cell:
    """A cell on a buffer, which is given away."""
    return LOCAL.state.recorder.data(type, value)


def fence(what: str = "record() begins") -> None:
    """Close this thread's open region: what comes after, ``what`` it is, shares no program with what came before."""
    LOCAL.state.recorder.fence(what)


@contextmanager
def aside() -> Iterator[None]:
    """What is recorded inside is no part of what this thread records now: of no trace, no tape and no program of it.

    It becomes one program, with what is recorded aside later, if nothing asks for its values before.
    """
    state = LOCAL.state
    with state.preserved():
        state.recorder, state.recording = PendingWork(state), False
        with state.regions.aside():
            yield


def waitall() -> None:
    """Run everything that is pending in this thread, and wait for all that runs. The first failure is raised then.

    >>> from lazynd import nd
    >>> x = nd.ones((2, 3)) * 2
    >>> nd.waitall()
    """
    state = LOCAL.state
    state.recorder.leaves("waitall")
    if state.forbid_sync and state.regions.pending():
        state.forbid_sync.refuse("waitall")
    try:
        fences.waitall(state.regions)
    except Exception as error:
        hide_frames(error)
        raise


def fetch(cell: Cell, cause: str) -> Array:
    """The values of ``cell`` as a private, writable NumPy array."""
    state = LOCAL.state
    if cell.__class__ is View and cell.type.context.device_type != "gpu":
        part = _fetch_part(state, cell, cause)
        if part is not None:
            return part
    try:
        ref = state.recorder.needs(cell, cause)
        value = ref.value
        forced = value is None
        if forced:
            value = force(ref, state.regions, cause)
    except Exception as error:
        hide_frames(error)
        raise
    try:
        if ref.type.nbytes >= NOTEWORTHY:
            require_memory(ref.type.nbytes, finish_all)
        if isinstance(value, np.ndarray):
            return np.array(value, order="C")  # the interpreter's may lie in another order
        backend, started = current_backend(), perf_counter()
        with INSIDE:
            found = backend.get(value)
        seconds = perf_counter() - started
        if seconds > NOTED:
            waited(seconds, forced)
        return found
    except Exception as error:
        if not isinstance(value, np.ndarray):
            computed(ref, value, current_backend())  # raises if what failed is not the copy
        raise failed(ref, "copying its result to the host", error) from error


def shows(cell: Cell) -> bool:
    """Whether to print ``cell`` shows its values; False in a trace that goes on without them."""
    recorder = LOCAL.state.recorder
    return not (recorder.blind and recorder.is_pending(cell))


def _fetch_part(state: State, view: View, cause: str) -> Array | None:
    """The values of ``view``, cut out on the host if its base is there: a read of a view needs no program."""
    recorder = state.recorder
    if recorder.is_pending(view.base):
        return None
    base = recorder.needs(view.base, cause)
    value = base.value
    if value is None:  # another thread wrote the base meanwhile
        return None
    whole = _on_host(base, value).reshape(-1)
    return np.array(whole[view.offset : view.offset + view.type.size]).reshape(view.type.shape)


def _on_host(ref: Ref, value: Any) -> Array:
    """``value``, which ``ref`` has, as a NumPy array that must not be written."""
    if isinstance(value, np.ndarray):
        return value
    backend, started = current_backend(), perf_counter()
    computed(ref, value, backend)  # NumPy must not see one that failed
    seconds = perf_counter() - started
    if seconds > NOTED:
        waited(seconds)
    with INSIDE:
        return backend.view(value)


def at_hand(cell: Cell) -> Array | None:
    """The values of data that the host gave, which must not be written; None where reading would wait or copy."""
    if LOCAL.state.recorder.traces or cell.__class__ is not Cell:
        return None
    ref = LOCAL.state.recorder.peek(cell)
    value = ref.value
    if value is None or ref.node.spec is not None:  # computed: it may still be on its way
        return None
    if not isinstance(value, np.ndarray) and cell.type.context.device_type == "gpu":
        return None
    return _on_host(ref, value)


def value_of(cell: Cell, cause: str) -> tuple[Ref, Any]:
    """What ``cell`` holds and its buffer, computed if need be."""
    state = LOCAL.state
    try:
        ref = state.recorder.needs(cell, cause)
        return ref, ref.value if ref.value is not None else force(ref, state.regions, cause)
    except Exception as error:
        hide_frames(error)
        raise


def lent(cell: Cell, cause: str) -> Array:
    """The values of ``cell`` as an array that must not be written, on the memory that holds them where it can be."""
    return _on_host(*value_of(cell, cause))


def wait(cell: Cell) -> None:
    """Compute ``cell`` and wait for it."""
    ref, value = value_of(cell, "wait_to_read")
    if not isinstance(value, np.ndarray):  # else there is nothing to wait for, and no backend is needed
        started = perf_counter()
        computed(ref, value, current_backend())
        seconds = perf_counter() - started
        if seconds > NOTED:
            waited(seconds)


def exported(cell: Cell) -> Any:
    """A private copy of the value of ``cell`` as an object with ``__dlpack__``, on its device."""
    if cell.type.context.device_type != "gpu" and not is_bfloat16(cell.type.dtype):
        return fetch(cell, "dlpack")
    backend = current_backend()  # NumPy gives no bfloat16
    value = computed(*value_of(cell, "dlpack"), backend)
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
    return LOCAL.state.recorder.apply(spec, (cell,), (), *user_location())


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
        raise TypeError(f"source_array must be array like object{_unlike_an_array(source)}") from None


def _unlike_an_array(source: Any) -> str:
    """What about nested lists makes no array of them, where that is easily told."""
    level = [source]
    while level and all(isinstance(each, list | tuple) for each in level):
        lengths = sorted({len(each) for each in level})
        if len(lengths) > 1:
            return f": lists beside each other have {lengths[0]} and {lengths[-1]} elements"
        level = [item for each in level for item in each]
    if any(isinstance(each, list | tuple) for each in level):
        return ": numbers and lists stand beside each other"
    words = [each for each in level if isinstance(each, str)]
    return f": {words[0]!r} is no number" if words and words[0] is not source else ""


def _as_int64(numbers: Array) -> Array:
    if not ((numbers >= -(2.0**63)) & (numbers < 2.0**63)).all():
        raise OverflowError("a number does not fit 64 bits")
    return numbers.astype(np.int64)


def __getattr__(name: str) -> Any:
    raise absent("runtime", name)  # MXNet has a module of this name, which says what it was built with
