"""What parameters hold at first. An initializer fills an array that it is given; the call is recorded like others.

Nothing is computed when an initializer is called: draws and fills are pending work, so that all parameters of a net
are filled by one program. ``print_func`` of ``set_verbosity`` reads each array, and so ends that.
"""

from __future__ import annotations

from .. import nd as ndarray
from .. import registry
from ..nd import NDArray, load, random
from ..reference import fronts
from .base import InitDesc, Initializer, alias, create, register
from .chosen import Load, Mixed
from .kinds import Bilinear, Constant, MSRAPrelu, Normal, One, Orthogonal, Uniform, Xavier, Zero
from .recurrent import FusedRNN, LSTMBias

__all__ = [
    "Bilinear", "Constant", "FusedRNN", "InitDesc", "Initializer", "LSTMBias", "Load", "MSRAPrelu", "Mixed", "NDArray",
    "Normal", "One", "Orthogonal", "Uniform", "Xavier", "Zero", "alias", "create", "load", "ndarray", "random",
    "register", "registry",
]  # fmt: skip

__getattr__, __dir__ = fronts(__name__, "init")
