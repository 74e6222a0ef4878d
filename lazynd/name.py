"""Names of symbols that are given none."""

from __future__ import annotations

import threading
from typing import ClassVar

from .reference import fronts
from .scope import Scope

__all__ = ["NameManager", "Prefix"]


class NameManager(Scope):
    """Numbers symbols by their kind. Inside its ``with`` block it is the one that is asked.

    >>> from lazynd import name
    >>> with name.NameManager() as names:
    ...     names.get(None, "fc"), names.get("mine", "fc"), names.get(None, "fc")
    ('fc0', 'mine', 'fc1')
    """

    _held: ClassVar[threading.local] = threading.local()

    def __init__(self) -> None:
        self._counter: dict[str, int] = {}

    @classmethod
    def _outermost(cls) -> NameManager:
        return NameManager()

    def get(self, name: str | None, hint: str) -> str:
        """``name``, or if there is none ``hint`` with the next number.

        >>> from lazynd import name
        >>> name.NameManager().get(None, "conv")
        'conv0'
        """
        if name:
            return name
        count = self._counter.get(hint, 0)
        self._counter[hint] = count + 1
        return f"{hint}{count}"


class Prefix(NameManager):
    """A manager that puts ``prefix`` before every name, also before those that are given.

    >>> from lazynd import name
    >>> name.Prefix("net_").get(None, "fc"), name.Prefix("net_").get("mine", "fc")
    ('net_fc0', 'net_mine')
    """

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def get(self, name: str | None, hint: str) -> str:
        return self._prefix + super().get(name, hint)


__getattr__, __dir__ = fronts(__name__)
