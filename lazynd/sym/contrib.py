"""``sym.contrib``: the operators registered as ``_contrib_*``, by their short names."""

from __future__ import annotations

from typing import Any

from . import generate
from .arithmetic import is_number
from .symbol import Symbol

__all__ = ["rand_zipfian"]


def rand_zipfian(true_classes: Symbol, num_sampled: int, range_max: int) -> tuple[Symbol, Symbol, Symbol]:
    """Placeholder."""
    raise NotImplementedError(is_number)


_any: Any = None
__getattr__, __dir__ = generate.namespace(__name__, "_contrib_")
