"""Functions to be run as Python and compiled: each maker gives a function and what is done with it at each call.

What a call gives is compared to the bit, so it shows what the function gave and what it did to arrays.
"""

from __future__ import annotations

from . import arguments, gradients, outside, steps  # noqa: F401 - which put their programs there
from .registry import PROGRAMS, TRACES

__all__ = ["PROGRAMS", "TRACES"]
