"""Custom operators in Python: ``CustomOp``, ``CustomOpProp`` and ``register``; ``nd.Custom`` calls them."""

from __future__ import annotations

from .nd.custom import REGISTERED, CustomOp, CustomOpProp, register
from .ops import every_name
from .reference import fronts

__all__ = ["CustomOp", "CustomOpProp", "get_all_registered_operators", "register"]


def get_all_registered_operators() -> list[str]:
    """The names of all operators, those of ``register`` among them.

    >>> from lazynd import operator
    >>> "FullyConnected" in operator.get_all_registered_operators()
    True
    """
    return sorted({*every_name(), *REGISTERED})


__getattr__, __dir__ = fronts(__name__)
