"""What MXNet has on trial in Gluon: layers, cells, data."""

from __future__ import annotations

from ...reference import fronts
from . import cnn, data, nn, rnn

__all__ = ["cnn", "data", "nn", "rnn"]

__getattr__, __dir__ = fronts(__name__)
