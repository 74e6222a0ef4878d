"""Recurrent cells, where MXNet has them."""

from __future__ import annotations

from ...reference import fronts
from .basic_cells import GRUCell, LSTMCell, RNNCell
from .cell import HybridRecurrentCell, RecurrentCell
from .containers import BidirectionalCell, HybridSequentialRNNCell, SequentialRNNCell
from .modifiers import DropoutCell, ModifierCell, ResidualCell, ZoneoutCell

__all__ = [
    "BidirectionalCell", "DropoutCell", "GRUCell", "HybridRecurrentCell", "HybridSequentialRNNCell", "LSTMCell",
    "ModifierCell", "RNNCell", "RecurrentCell", "ResidualCell", "SequentialRNNCell", "ZoneoutCell",
]  # fmt: skip

__getattr__, __dir__ = fronts(__name__)
