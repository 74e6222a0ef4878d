"""Gluon: nets as blocks with parameters, losses, trainers and data. See ``docs/gluon.md``."""

from __future__ import annotations

import importlib
from typing import Any

from ..reference import absent
from . import block, loss, nn, parameter, rnn, trainer
from .block import Block, HybridBlock, SymbolBlock
from .parameter import Constant, DeferredInitializationError, Parameter, ParameterDict
from .trainer import Trainer

#: Loaded when first asked for.
_SUBMODULES = ("contrib", "data", "utils")

__all__ = [
    "Block", "Constant", "DeferredInitializationError", "HybridBlock", "Parameter", "ParameterDict", "SymbolBlock",
    "Trainer", "block", "loss", "nn", "parameter", "rnn", "trainer",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"lazynd.gluon.{name}")
    raise absent("gluon", name)


def __dir__() -> list[str]:
    return sorted({*__all__, *_SUBMODULES})
