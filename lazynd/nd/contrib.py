"""``nd.contrib``: the operators registered as ``_contrib_*``, by their short names, and control flow."""

from __future__ import annotations

from .control_flow import cond, foreach, while_loop
from .namespace import namespace

__all__ = ["cond", "foreach", "while_loop"]

__getattr__, __dir__ = namespace(__name__, "_contrib_")
