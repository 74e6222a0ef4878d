"""Late failures: of programs that were dispatched, whose results are published before they are computed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...backends import Backend
from ..guard.leaving import INSIDE
from ..guard.sections import Undivided
from ..tell.hiding import hide_frames
from .failure import Lost, failed, lose_value
from .liveness import Ref


def computed(ref: Ref, value: Any, backend: Backend) -> Any:
    """``value``, which ``ref`` has, once it is computed. If that failed, it is lost, and the failure is raised.

    Whoever looks into a buffer from outside its backend asks here first.
    """
    if value.__class__ is not np.ndarray:
        try:
            with INSIDE:
                backend.wait(value)
        except Exception as error:
            hide_frames(error)
            wrapped = failed(ref, "running the program that computed it", error)
            with Undivided():
                lose_value(ref, value, Lost(str(wrapped)))
            raise wrapped from error
    return value
