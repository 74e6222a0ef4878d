"""``contrib.text.utils``: tokens counted."""

from __future__ import annotations

from ...reference import fronts
from ...tokens import count_tokens_from_str

__all__ = ["count_tokens_from_str"]

__getattr__, __dir__ = fronts(__name__)
