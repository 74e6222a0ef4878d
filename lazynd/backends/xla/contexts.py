"""Contexts of the thread in which lazynd uses jax, so that the host program's own settings of jax do not matter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from threading import Thread
from typing import Any, Final

import jax
import numpy as np

_NOTHING: Final = nullcontext()
#: Transfer guards that refuse; those that log are let through.
_REFUSING: Final = frozenset(("disallow", "disallow_explicit"))


def disturbed() -> bool:
    """Whether the host program has settings under which jax would refuse our calls, or change their results.

    Entering ``neutral`` takes ten microseconds, looking whether it is needed half a microsecond.
    """
    settings: Any = jax.config
    return (
        settings.jax_disable_jit
        or settings.jax_debug_nans
        or settings.jax_debug_infs
        or settings.jax_transfer_guard_host_to_device in _REFUSING
        or settings.jax_transfer_guard_device_to_host in _REFUSING
        or settings.jax_transfer_guard_device_to_device in _REFUSING
    )


def undisturbed() -> AbstractContextManager[None]:
    """Around a use of jax: ``neutral`` if the host program's settings need it."""
    return neutral() if disturbed() else _NOTHING


def read_refused() -> bool:
    """Whether jax refuses a copy to the host; only one setting does that."""
    settings: Any = jax.config
    return settings.jax_transfer_guard_device_to_host in _REFUSING


@contextmanager
def neutral() -> Iterator[None]:
    """Around a use of jax: without the settings that ``disturbed`` looks for."""
    with jax.disable_jit(False), jax.debug_nans(False), jax.debug_infs(False), jax.transfer_guard("allow"):
        yield


@contextmanager
def concrete() -> Iterator[None]:
    """Around what makes a buffer: 64-bit types are kept, and inside a function that the host program traces with jax, a
    buffer is made all the same, not a part of that trace.

    Not for use around a trace of our own: there it would compute constants instead of recording them.
    """
    with jax.ensure_compile_time_eval(), jax.enable_x64(True), undisturbed():
        yield


@contextmanager
def compiling(device: Any) -> Iterator[None]:
    """Around the making of a program for ``device``."""
    with ExitStack() as stack:
        stack.enter_context(neutral())
        stack.enter_context(jax.no_tracing(False))
        if not jax.sharding.get_abstract_mesh().empty:  # the host's is of other devices
            stack.enter_context(jax.set_mesh(jax.sharding.Mesh(np.array(device), ())))
        yield


#: Set once what lowering needs is imported.
_imported: list[bool] = []


def prepare_lowering(device: Any) -> None:
    """Have jax import now what it imports with the first lowering, in a thread of its own, which no signal reaches.

    Such an import cannot be repeated in the same process: after one Ctrl-C in its middle nothing would compile.
    """
    if not _imported:
        thread = Thread(target=_lower_nothing, args=(device,))
        thread.start()
        thread.join()


def _lower_nothing(device: Any) -> None:
    struct: Any = jax.ShapeDtypeStruct
    with suppress(Exception), neutral():  # whatever fails here fails again, and is told, in the lowering that is due
        jax.jit(lambda x: x).lower(struct((), np.float32, sharding=jax.sharding.SingleDeviceSharding(device)))
        _imported.append(True)
