"""Layers and cells that MXNet has on trial."""

from __future__ import annotations

from ...reference import fronts
from . import cnn, nn, rnn

__all__ = ["cnn", "nn", "rnn"]

__getattr__, __dir__ = fronts(__name__)
