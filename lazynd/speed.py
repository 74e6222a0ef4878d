"""The optional C module: the hottest lines of recording and planning again. Without it the Python beside them runs.

It is built where a C compiler is when lazynd is installed from its sources; ``LAZYND_SPEED=0`` leaves it aside. Results
are the same to the bit, and so is what is recorded: the tests run with it and without.

>>> from lazynd import speed
>>> speed.in_use() in (True, False)
True
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, Final

#: Raised with every change of what Python and C agree on, as in ``csrc/slots.h``.
SEAM: Final = 3


def _found() -> Any:
    if os.environ.get("LAZYND_SPEED", "").strip().lower() in ("0", "off", "false", "no"):
        return None
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return None  # it relies on the lock, and importing it would bring the lock back
    try:
        module = importlib.import_module("lazynd._speed")
    except ImportError:  # it was not built, or for another Python
        return None
    # One that was built of other sources is left aside.
    return module if getattr(module, "SEAM", None) == SEAM else None


#: The module; None where it is not there, or not wanted.
MODULE: Final[Any] = _found()


def in_use() -> bool:
    """Whether the C module runs in this process."""
    return MODULE is not None
