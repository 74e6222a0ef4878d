"""Results that are still computed, and what is told of those that failed on their way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import jax

from ...ir.errors import OutOfMemory


def told(error: Exception) -> Exception:
    """``error`` of jax in the runtime's words, where it has a word of its own for it."""
    if isinstance(error, jax.errors.JaxRuntimeError):
        text = str(error)
        at = text.find("Out of memory")  # what failed because an operand had failed says it after words of its own
        if at >= 0 or text.startswith("RESOURCE_EXHAUSTED"):
            return OutOfMemory(text[max(at, 0) :].splitlines()[0])
    return error


def await_one(buffer: Any) -> None:
    """Until ``buffer`` is computed; raises if that failed.

    Whoever looks into a buffer waits for it so. NumPy, given one that failed, would end the process or wait for ever.
    """
    try:
        buffer.block_until_ready()
    except jax.errors.JaxRuntimeError as error:
        raise told(error) from error


def await_all(buffers: Iterable[Any]) -> None:
    """Until all ``buffers`` are computed; then raises the first failure."""
    failure: Exception | None = None
    for buffer in buffers:
        try:
            await_one(buffer)
        except Exception as error:
            if not buffer.is_deleted():  # another thread's program may have taken it over meanwhile
                failure = failure or error
    if failure is not None:
        raise failure


def finish() -> None:
    """Until all that was dispatched is computed; then raises the first failure."""
    await_all(jax.live_arrays())  # type: ignore[no-untyped-call]  # jax has no types for it
