"""What happens when the process forks: nothing is half done then, and the child goes on without XLA's threads."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from ...backends import finish_all, register_backend
from ...backends.forked import ForkedBackend
from ..run.compile import forget_compilations
from ..tell.stats import logger
from .leaving import forget_threads
from .sections import LOCK


def _before() -> None:
    LOCK.acquire()  # no other thread is in the middle of a run
    with suppress(Exception):  # what failed says so to whoever reads it
        finish_all()


def _in_child() -> None:
    LOCK.release()
    forget_compilations()
    forget_threads()
    if "jax" in sys.modules:
        register_backend(ForkedBackend(), "xla")
        logger.info("forked: programs of process %d run in the interpreter", os.getpid(), extra={"event": "fork"})


if hasattr(os, "register_at_fork"):  # not on Windows, where there is no fork
    os.register_at_fork(before=_before, after_in_parent=LOCK.release, after_in_child=_in_child)
