"""``sym.op``: every operator by its name, without what ``sym`` adds."""

from __future__ import annotations

from .generate import namespace

__getattr__, __dir__ = namespace(__name__, "")
