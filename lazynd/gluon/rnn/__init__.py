"""Recurrent layers and cells."""

from __future__ import annotations

from ...reference import fronts
from . import rnn_cell, rnn_layer
from .rnn_cell import *  # noqa: F403 - what its __all__ lists
from .rnn_layer import *  # noqa: F403

__all__ = ["rnn_cell", "rnn_layer", *rnn_cell.__all__, *rnn_layer.__all__]

__getattr__, __dir__ = fronts(__name__)
