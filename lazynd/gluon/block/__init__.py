"""Blocks: parts of nets, plain and hybrid."""

from __future__ import annotations

from ...reference import fronts
from .base import Block
from .hybrid import HybridBlock
from .symbol_block import SymbolBlock

__all__ = ["Block", "HybridBlock", "SymbolBlock"]

__getattr__, __dir__ = fronts(__name__)
