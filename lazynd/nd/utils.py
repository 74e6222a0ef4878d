"""``nd.utils``: files and creation, where MXNet has them too."""

from __future__ import annotations

from .creation import array, empty, zeros
from .files import load, load_frombuffer, save

__all__ = ["array", "empty", "load", "load_frombuffer", "save", "zeros"]
