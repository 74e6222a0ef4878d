"""``gluon.data``: datasets, the order in which their examples are taken, and loaders that make batches of them."""

from __future__ import annotations

import importlib
from typing import Any

from ...reference import absent
from . import dataloader, dataset, sampler
from .dataloader import DataLoader
from .dataset import ArrayDataset, Dataset, RecordFileDataset, SimpleDataset
from .sampler import BatchSampler, FilterSampler, RandomSampler, Sampler, SequentialSampler

__all__ = [
    "ArrayDataset", "BatchSampler", "DataLoader", "Dataset", "FilterSampler", "RandomSampler", "RecordFileDataset",
    "Sampler", "SequentialSampler", "SimpleDataset", "dataloader", "dataset", "sampler",
]  # fmt: skip


#: Loaded when first asked for: it needs blocks, which those who only load data do without.
_SUBMODULES = ("vision",)


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise absent("gluon.data", name)


def __dir__() -> list[str]:
    return sorted({*__all__, *_SUBMODULES})
