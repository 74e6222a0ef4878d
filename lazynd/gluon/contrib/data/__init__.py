"""``gluon.contrib.data``: another sampler, and texts."""

from __future__ import annotations

from ....reference import fronts
from . import sampler, text
from .sampler import IntervalSampler

__all__ = ["IntervalSampler", "sampler", "text"]

__getattr__, __dir__ = fronts(__name__)
