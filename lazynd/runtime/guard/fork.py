"""Forking: no run is half done when the process forks, and the child goes on without XLA's threads, which it lacks.

Whoever keeps something about the threads of the process registers with ``in_child`` what forgets it. Python calls these
functions in the order of their registration, so that of this module, which releases the lock, comes first.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from contextlib import suppress

from ...backends import Backend, finish_all, loaded_backend, register_backend
from ...backends.forked import ForkedBackend
from ..tell.stats import logger
from .sections import LOCK, forget_main_thread


def in_child(forget: Callable[[], object]) -> None:
    """Have ``forget`` called in each child that is forked, with the lock free."""
    if hasattr(os, "register_at_fork"):  # not on Windows, where there is no fork
        os.register_at_fork(after_in_child=forget)


def _keep_for_ever(backend: Backend | None) -> None:
    """Have Python never free ``backend``, which holds XLA's client, not even when the process ends.

    Freeing the client would wait for its threads, and they are the parent's: the child would never end.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(backend))


def _before() -> None:
    LOCK.acquire()  # no other thread is in the middle of a run
    with suppress(Exception):  # what failed says so to whoever reads it
        finish_all()


def _in_child() -> None:
    LOCK.release()
    forget_main_thread()
    if "jax" in sys.modules:
        _keep_for_ever(loaded_backend("xla"))
        register_backend(ForkedBackend(), "xla")
        logger.info("forked: programs of process %d run in the interpreter", os.getpid(), extra={"event": "fork"})


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=LOCK.release, after_in_child=_in_child)
