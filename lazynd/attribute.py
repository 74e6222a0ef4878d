"""Attributes of symbols that are made inside a block."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import TracebackType
from typing import ClassVar

from .reference import fronts
from .scope import Scope

__all__ = ["AttrScope"]


class AttrScope(Scope):
    """Attributes, all of them text (else ``ValueError``), for the symbols that are made inside its ``with`` block.

    Inside another such block its attributes count too.

    >>> import lazynd
    >>> with lazynd.AttrScope(ctx_group="first"), lazynd.AttrScope(lr_mult="2") as scope:
    ...     scope.get({"lr_mult": "3"})
    {'ctx_group': 'first', 'lr_mult': '3'}
    """

    _held: ClassVar[threading.local] = threading.local()

    def __init__(self, **kwargs: str) -> None:
        if not all(isinstance(value, str) for value in kwargs.values()):
            raise ValueError("Attributes need to be string")
        self._attr = kwargs
        self._before: list[dict[str, str]] = []

    @classmethod
    def _outermost(cls) -> AttrScope:
        return AttrScope()

    def get(self, attr: Mapping[str, str] | None) -> dict[str, str]:
        """The attributes of the scope and ``attr``, which count more.

        >>> import lazynd
        >>> lazynd.AttrScope(a="1", b="2").get({"b": "3"})
        {'a': '1', 'b': '3'}
        """
        return {**self._attr, **(attr or {})}

    def __enter__(self) -> AttrScope:
        outer = type(self)._stack()[-1]
        self._before.append(self._attr)
        self._attr = outer.get(self._attr)
        super().__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._attr = self._before.pop()


__getattr__, __dir__ = fronts(__name__)
