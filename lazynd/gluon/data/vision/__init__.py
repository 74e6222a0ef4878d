"""Data sets of images, and what is done to images before they are learned from."""

from __future__ import annotations

from ....reference import fronts
from . import datasets, transforms
from .datasets import CIFAR10, CIFAR100, MNIST, FashionMNIST, ImageFolderDataset, ImageRecordDataset

__all__ = [
    "CIFAR10", "CIFAR100", "MNIST", "FashionMNIST", "ImageFolderDataset", "ImageRecordDataset", "datasets",
    "transforms",
]  # fmt: skip

__getattr__, __dir__ = fronts(__name__)
