"""What is remembered by type and shape: bounded, and never at the cost of identity.

A loop that sees a new shape each step must not grow for ever, so a memo forgets what was not used for long. Types and
specializations are compared with ``is``: of those there must never be a second one while anything holds the first.
So an ``Interning`` finds each object for as long as it exists, and a ``Recent`` keeps what was used last in existence.
"""

from __future__ import annotations

import weakref
from _weakref import _remove_dead_weakref  # type: ignore[attr-defined]  # CPython's own, not in the stubs
from collections.abc import Callable, Hashable
from typing import Any, Final, Generic, TypeVar

#: Removes a key from a dictionary if the weak reference under it is dead, as one step that nothing divides: what the
#: standard library's own dictionaries of weak references are built on.
_remove_if_dead: Final[Callable[[dict[Any, Any], Any], None]] = _remove_dead_weakref

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
T = TypeVar("T")


class Recent(Generic[K, V]):
    """A memo of what was used last: at least ``limit`` entries, at most twice as many; with a limit of 0, none.

    ``now`` is an ordinary dictionary, the same one for ever, which callers on the hot path ask themselves: a hit costs
    nothing more. Once it holds ``limit`` entries they become the older half, and what was the older half is dropped;
    an entry that is asked for comes back from there. Threads need no lock: at worst an entry is forgotten early.

    >>> memo = Recent(2)
    >>> for key in "abc":
    ...     memo.put(key, key.upper())
    >>> memo.now.get("a"), memo.older("a"), memo.now.get("a")
    (None, 'A', 'A')
    """

    __slots__ = ("_before", "limit", "now")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.now: dict[K, V] = {}
        self._before: dict[K, V] = {}

    def older(self, key: K) -> V | None:
        """What is remembered under ``key``, which ``now`` does not have."""
        found = self._before.get(key)
        if found is not None:
            self.put(key, found)
        return found

    def put(self, key: K, value: V) -> None:
        now = self.now
        if not self.limit:
            return
        if len(now) >= self.limit:
            self._before = now.copy()
            now.clear()
        now[key] = value

    def values(self) -> list[V]:
        """All that is remembered, each once.

        >>> memo = Recent(2)
        >>> for key in "abcb":
        ...     memo.put(key, key.upper())
        >>> sorted(memo.values())
        ['A', 'B', 'C']
        """
        return list({**self._before, **self.now}.values())

    def clear(self) -> None:
        self.now.clear()
        self._before = {}


class _Entry(weakref.ref[T]):
    """A weak reference that knows the key it is kept under."""

    __slots__ = ("key",)
    key: Hashable


class Interning(Generic[K, T]):
    """One object for each key, for as long as anything refers to it; the last ones used are kept in any case.

    Lookups ask ``recent`` first, then ``find``; who makes an object uses what ``one`` gives. Threads that make an
    object at the same time are given the same one, and an object may die at any moment in any of them: there is no
    lock, which a finalizer could find taken, but steps on dictionaries that Python does not divide.

    One limit is Python's: the collector of cycles clears weak references to all that it found unreachable, and then
    calls finalizers, which still see it. A finalizer that records with an array of its own cycle, of a type that
    nothing else holds or has used lately, may so be given a second specialization: one more program is compiled.
    """

    __slots__ = ("_known", "_memo", "recent")

    def __init__(self, recent: int) -> None:
        self._memo: Recent[K, T] = Recent(recent)
        #: The last ones used, for the hot path.
        self.recent: Final = self._memo.now
        self._known: dict[Any, _Entry[T]] = {}

    def __len__(self) -> int:
        """How many objects exist."""
        return len(self._known)

    def find(self, key: K) -> T | None:
        """The object of ``key``, which ``recent`` does not have, if it exists."""
        found = self._memo.older(key)
        if found is None:
            entry = self._known.get(key)
            found = None if entry is None else entry()
            if found is not None:
                self._memo.put(key, found)
        return found

    def one(self, key: K, made: T) -> T:
        """The object of ``key``: ``made``, or the one that there is already."""
        entry = _Entry(made, self._forget)
        entry.key = key
        while True:
            found = self._known.setdefault(key, entry)()
            if found is not None:
                break
            _remove_if_dead(self._known, key)
        self._memo.put(key, found)
        return found

    def forget_recent(self) -> None:
        """Keep nothing in existence that nothing else refers to."""
        self._memo.clear()

    def _forget(self, entry: _Entry[T], remove: Any = _remove_if_dead) -> None:
        """Called when an object dies, at any moment. Another one may stand under its key by now: that one stays."""
        remove(self._known, entry.key)
