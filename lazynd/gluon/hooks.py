"""Hooks: functions kept in a dict until somebody takes them out."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import Any

__all__ = ["HookHandle"]

_numbers = itertools.count()


class HookHandle:
    """A hook in a dict of hooks, to be taken out by ``detach`` or at the end of a ``with`` block.

    >>> from lazynd import gluon
    >>> hooks = {}
    >>> with gluon.utils.HookHandle() as handle:
    ...     handle.attach(hooks, print)
    ...     len(hooks)
    1
    >>> len(hooks)
    0
    """

    def __init__(self) -> None:
        self._hooks_dict_ref: Any = None
        self._id: int | None = None

    def attach(self, hooks_dict: dict[int, Any], hook: Callable[..., Any]) -> None:
        """Put ``hook`` into ``hooks_dict``; ``AssertionError`` if the handle has been used."""
        assert self._hooks_dict_ref is None, "The same handle cannot be attached twice."
        self._id = next(_numbers)  # not the hook's identity: one that is registered twice is called twice
        hooks_dict[self._id] = hook
        self._refer(hooks_dict)

    def _refer(self, hooks_dict: dict[int, Any]) -> None:
        try:
            self._hooks_dict_ref = weakref.ref(hooks_dict)
        except TypeError:  # a plain dict takes no weak references
            self._hooks_dict_ref = lambda: hooks_dict

    def detach(self) -> None:
        """Take the hook out; does nothing if it is out already."""
        found = None if self._hooks_dict_ref is None else self._hooks_dict_ref()
        if found is not None and self._id in found:
            del found[self._id]

    def __getstate__(self) -> tuple[Any, int | None]:
        return (None if self._hooks_dict_ref is None else self._hooks_dict_ref(), self._id)

    def __setstate__(self, state: tuple[Any, int | None]) -> None:
        hooks_dict, self._id = state
        self._hooks_dict_ref = None
        if hooks_dict is not None:
            self._refer(hooks_dict)

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(
        self, ptype: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.detach()
