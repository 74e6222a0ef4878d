"""Devices by name, and the default one."""

from __future__ import annotations

from . import runtime
from .ir.types import Context, default_context
from .reference import fronts

__all__ = ["Context", "cpu", "cpu_pinned", "current_context", "gpu", "num_gpus"]


def cpu(device_id: int = 0) -> Context:
    """The host. Every ``cpu(i)`` is the one host device; copies between them are free.

    >>> import lazynd
    >>> lazynd.nd.ones((2,), ctx=lazynd.cpu(1)).context
    cpu(1)
    """
    return Context("cpu", device_id)


def gpu(device_id: int = 0) -> Context:
    """The GPU number ``device_id``; whether there is one shows when it is used (else ``MXNetError``).

    >>> import lazynd
    >>> lazynd.gpu(1)
    gpu(1)
    """
    return Context("gpu", device_id)


def cpu_pinned(device_id: int = 0) -> Context:
    """Host memory for fast copies: the host here.

    >>> import lazynd
    >>> lazynd.cpu_pinned()
    cpu_pinned(0)
    """
    return Context("cpu_pinned", device_id)


def num_gpus() -> int:
    """How many GPUs there are.

    >>> import lazynd
    >>> lazynd.num_gpus() >= 0
    True
    """
    return runtime.device_count("gpu")


def current_context() -> Context:
    """The context of arrays that are made without one.

    >>> import lazynd
    >>> lazynd.current_context()
    cpu(0)
    """
    return default_context()


__getattr__, __dir__ = fronts(__name__)
