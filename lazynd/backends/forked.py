"""What runs graphs in a process that was forked after jax was loaded: the interpreter, on the host alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.errors import MXNetError
from ..ir.types import Context
from .numpy import Array, NumpyBackend

_HOST = 1  # DLPack's number of the host's kind of device


class ForkedBackend(NumpyBackend):
    """The interpreter, for a forked process: XLA's threads do not exist there, and waiting for them would never end."""

    name = "forked"

    def put(self, value: Any, context: Context) -> Array:
        if context.device_type == "gpu":
            raise _refused(f"nothing runs on {context}")
        return _on_host(value)

    def get(self, buffer: Any) -> Array:
        return np.array(_on_host(buffer))

    def view(self, buffer: Any) -> Array:
        return _on_host(buffer)

    def wait(self, buffer: Any) -> None:
        _await(buffer)

    def copy(self, buffer: Any) -> Array:
        return np.array(_on_host(buffer))


def _on_host(value: Any) -> Array:
    if not isinstance(value, np.ndarray):
        if value.__dlpack_device__()[0] != _HOST:
            raise _refused("an array of the parent's GPU cannot be read")
        _await(value)
    return np.asarray(value)


def _await(value: Any) -> None:
    """Raise what computing ``value`` raised, if that failed: NumPy, given such a value, would end the process."""
    if hasattr(value, "block_until_ready"):
        value.block_until_ready()


def _refused(what: str) -> MXNetError:
    return MXNetError(
        f"{what} in a process that was forked after jax was loaded: start it with multiprocessing's 'spawn' instead"
    )
