"""``sym.image``: the operators on images registered as ``_image_*``, by their short names."""

from __future__ import annotations

from .generate import namespace

__getattr__, __dir__ = namespace(__name__, "_image_")
