"""``sym.sparse``: operators by their short names. There is no sparse storage: they are those of ``sym``."""

from __future__ import annotations

from .generate import namespace

__getattr__, __dir__ = namespace(__name__, "_sparse_")
