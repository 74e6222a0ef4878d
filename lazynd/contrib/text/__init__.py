"""Text: counting tokens, vocabularies, and the vectors of tokens that others have trained."""

from __future__ import annotations

from ...reference import fronts
from . import embedding, utils, vocab

__all__ = ["embedding", "utils", "vocab"]

__getattr__, __dir__ = fronts(__name__)
