"""Objects of which one is current in each thread, inside its ``with`` block: what gives names, or attributes."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, ClassVar
from warnings import warn

__all__ = ["Scope", "ScopeClass"]


class ScopeClass(type):
    """The class of classes of scopes: the current one is an attribute of the class, which MXNet deprecates."""

    _held: threading.local

    def _stack(cls) -> list[Any]:
        """The scopes of the ``with`` blocks that this thread is in, the current one last."""
        if not hasattr(cls._held, "stack"):
            cls._held.stack = [cls._outermost()]
        stack: list[Any] = cls._held.stack
        return stack

    def _outermost(cls) -> Any:
        """What is current outside of all blocks."""
        raise NotImplementedError

    @property
    def current(cls) -> Any:
        """The scope that is current in this thread. Deprecated (``DeprecationWarning``): use ``with``."""
        _deprecated(cls)
        return cls._stack()[-1]

    @current.setter
    def current(cls, scope: Any) -> None:
        _deprecated(cls)
        cls._stack()[-1] = scope


def _deprecated(cls: type) -> None:
    text = f"{cls.__name__}.current has been deprecated. It is advised to use the `with` statement with {cls.__name__}."
    warn(text, DeprecationWarning, stacklevel=3)


class Scope(metaclass=ScopeClass):
    """A scope; a class of them has a ``threading.local`` of its own in ``_held``, and says which is the outermost."""

    _held: ClassVar[threading.local]

    def __enter__(self) -> Any:
        type(self)._stack().append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        type(self)._stack().pop()
