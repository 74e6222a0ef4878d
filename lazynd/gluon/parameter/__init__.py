"""Parameters of blocks, and dictionaries of them."""

from __future__ import annotations

from typing import Final

from ...nd import NDArray
from ...reference import fronts
from .awaited import DeferredInitializationError
from .constant import Constant
from .dictionary import ParameterDict
from .parameter import Parameter

__all__ = ["Constant", "DeferredInitializationError", "Parameter", "ParameterDict"]

#: Classes of what a parameter's value may be.
tensor_types: Final = (NDArray,)

__getattr__, __dir__ = fronts(__name__)
