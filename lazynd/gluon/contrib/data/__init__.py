"""``gluon.contrib.data``: more samplers. The data sets of text are not built yet."""

from __future__ import annotations

from ....reference import fronts
from . import sampler
from .sampler import IntervalSampler

__all__ = ["IntervalSampler", "sampler"]

__getattr__, __dir__ = fronts(__name__)
