"""Dense layers, normalisation and containers, where MXNet has them."""

from __future__ import annotations

from ...reference import fronts
from .containers import HybridLambda, HybridSequential, Lambda, Sequential
from .dense import Dense, Dropout, Embedding, Flatten
from .normalization import BatchNorm, BatchNormReLU, GroupNorm, InstanceNorm, LayerNorm

__all__ = [
    "BatchNorm", "BatchNormReLU", "Dense", "Dropout", "Embedding", "Flatten", "GroupNorm", "HybridLambda",
    "HybridSequential", "InstanceNorm", "Lambda", "LayerNorm", "Sequential",
]  # fmt: skip

__getattr__, __dir__ = fronts(__name__)
