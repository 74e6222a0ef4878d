"""What the host program does with jax itself: its settings for debugging, and its traces, do not reach our programs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Final

import jax

_NOTHING: Final = nullcontext()
_GUARDS: Final = ("jax_transfer_guard", *(f"jax_transfer_guard_{way}" for way in ("host_to_device", "device_to_host")))


def undisturbed() -> AbstractContextManager[None]:
    """Around compiling and running: without jit being off, without checks for NaN and infinities, transfers allowed.

    Entering all of it costs as much as dispatching a small program, so that is done only where something is set.
    """
    config = jax.config
    if config.jax_disable_jit or config.jax_debug_nans or config.jax_debug_infs:  # type: ignore[attr-defined]  # jax makes them
        return _settings()
    if any(getattr(config, name) not in (None, "allow") for name in _GUARDS):
        return _settings()
    return _NOTHING


@contextmanager
def _settings() -> Iterator[None]:
    with ExitStack() as stack:
        for each in (
            jax.disable_jit(False),
            jax.debug_nans(False),
            jax.debug_infs(False),
            jax.transfer_guard("allow"),
        ):
            stack.enter_context(each)
        yield


@contextmanager
def concrete() -> Iterator[None]:
    """Around making buffers: values of 64 bits stay so, and inside of a trace of the host's they are values too."""
    with undisturbed(), jax.ensure_compile_time_eval(), jax.enable_x64(True):
        yield
