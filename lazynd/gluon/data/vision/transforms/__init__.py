"""What is done to images before they are learned from: blocks, to be given to ``transform_first`` of a dataset.

They take images [height, width, channel] of uint8 or float32, alone or (those that do not draw) in a batch.
"""

from __future__ import annotations

from .....reference import fronts
from ....block import Block as Block  # MXNet's module has these four too
from ....block import HybridBlock as HybridBlock
from ....nn import HybridSequential as HybridSequential
from ....nn import Sequential as Sequential
from .draws import (
    RandomBrightness,
    RandomColorJitter,
    RandomContrast,
    RandomFlipLeftRight,
    RandomFlipTopBottom,
    RandomHue,
    RandomLighting,
    RandomSaturation,
)
from .places import CenterCrop, CropResize, RandomResizedCrop, RandomRotation, Resize, Rotate
from .plain import Cast, Compose, Normalize, RandomApply, ToTensor

__all__ = [
    "Cast",
    "CenterCrop",
    "Compose",
    "CropResize",
    "Normalize",
    "RandomApply",
    "RandomBrightness",
    "RandomColorJitter",
    "RandomContrast",
    "RandomFlipLeftRight",
    "RandomFlipTopBottom",
    "RandomHue",
    "RandomLighting",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomSaturation",
    "Resize",
    "Rotate",
    "ToTensor",
]

__getattr__, __dir__ = fronts(__name__)
