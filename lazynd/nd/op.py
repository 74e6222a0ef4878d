"""``nd.op``: every operator by its name, without what ``nd`` adds."""

from __future__ import annotations

from .namespace import namespace

__getattr__, __dir__ = namespace(__name__, "")
