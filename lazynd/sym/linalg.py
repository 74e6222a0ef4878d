"""``sym.linalg``: the operators of linear algebra, registered as ``_linalg_*``, by their short names."""

from __future__ import annotations

from .generate import namespace

__getattr__, __dir__ = namespace(__name__, "_linalg_")
