"""``nd.contrib``: the operators registered as ``_contrib_*``, by their short names."""

from __future__ import annotations

from .namespace import namespace

__getattr__, __dir__ = namespace(__name__, "_contrib_")
