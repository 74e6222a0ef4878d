"""jax's warning at a fork, hidden in programs in which nobody but lazynd uses jax.

It warns of a deadlock in the child. There lazynd goes on without XLA (``runtime/guard/fork.py``). Whoever imported jax
before lazynd did may use it in the child too, and is warned as ever.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import Final


class ForkWarning:
    """``prepare`` is called before lazynd imports jax; ``hide`` once jax runs, which is when it begins to warn."""

    def __init__(self) -> None:
        self._concerns_others = True
        self._filters: warnings.catch_warnings[None] | None = None

    def prepare(self) -> None:
        """See whether others have imported jax."""
        self._concerns_others = "jax" in sys.modules

    def hide(self) -> None:
        """Have jax's warning hidden from now on. Of what is called before a fork, what came last comes first."""
        if hasattr(os, "register_at_fork") and not self._concerns_others:  # the former is not on Windows
            os.register_at_fork(before=self._before, after_in_parent=self._after, after_in_child=self._after)
            self._concerns_others = True  # and no second time

    def _before(self) -> None:
        self._filters = warnings.catch_warnings()
        self._filters.__enter__()
        warnings.filterwarnings("ignore", r"os\.fork\(\) was called", RuntimeWarning)

    def _after(self) -> None:
        if self._filters is not None:
            self._filters.__exit__(None, None, None)
            self._filters = None


FORK_WARNING: Final = ForkWarning()
