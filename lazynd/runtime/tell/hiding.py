"""Errors in notebooks: the user's frames, and not ours between them and the message."""

from __future__ import annotations

import sys
from types import FrameType

from ...ir.errors import CheckFailed
from .location import is_ours


def hide_frames(error: BaseException | None = None, until: FrameType | None = None) -> None:
    """Mark our frames that ``error`` came through, and those that run now up to ``until``, as details.

    IPython passes over frames so marked, but for the last, and says how many there were. Where it is not loaded
    nothing is marked: who reads a plain traceback may want all of it.
    """
    if "IPython" not in sys.modules:
        return
    if error is not None and isinstance(error.__cause__, CheckFailed):
        error.__cause__ = None  # whose text it has: another traceback would come before the user's
    while error is not None:
        trace = error.__traceback__
        while trace is not None:
            _mark(trace.tb_frame)
            trace = trace.tb_next
        error = error.__cause__
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame is not until and _mark(frame):
        frame = frame.f_back


def _mark(frame: FrameType) -> bool:
    """Mark ``frame`` if it is ours: our code, that of functions which we make, or a ``with`` of ours."""
    ours = is_ours(frame) or frame.f_code.co_filename.startswith("<lazynd.")
    if ours or frame.f_globals.get("__name__") == "contextlib":
        frame.f_locals["__tracebackhide__"] = True
        return True
    return False
