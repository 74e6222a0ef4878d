"""What MXNet has on trial: vocabularies and token embeddings, operators, and the first interface of autograd."""

from __future__ import annotations

from .. import nd as _nd
from .. import sym as _sym
from ..reference import fronts
from . import autograd, text

#: MXNet's other names of ``nd.contrib`` and ``sym.contrib``.
nd = ndarray = _nd.contrib
sym = symbol = _sym.contrib

__all__ = ["autograd", "nd", "ndarray", "sym", "symbol", "text"]

__getattr__, __dir__ = fronts(__name__)
