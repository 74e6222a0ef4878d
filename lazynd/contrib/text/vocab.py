"""``contrib.text.vocab``: tokens by number and numbers by token."""

from __future__ import annotations

from ...reference import fronts
from ...tokens import Vocabulary
from . import _constants as C  # noqa: F401 - MXNet has it here too

__all__ = ["Vocabulary"]

__getattr__, __dir__ = fronts(__name__)
