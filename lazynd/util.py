"""Switches between MXNet's own shapes and NumPy's; the environment."""

from __future__ import annotations

import os

from .nd.np_shape import is_np_shape, np_shape, set_np_shape, use_np_shape
from .reference import fronts

__all__ = ["getenv", "is_np_shape", "np_shape", "set_np_shape", "setenv", "use_np_shape"]


def getenv(name: str) -> str | None:
    """The value of an environment variable, None where it is not set.

    >>> from lazynd import util
    >>> util.getenv("NO_SUCH_VARIABLE") is None
    True
    """
    return os.environ.get(name)


def setenv(name: str, value: str | None) -> None:
    """Set an environment variable of this process and of those that it starts; None removes it.

    Settings that were read already, when lazynd was imported, do not change: see ``lazynd.config``.

    >>> from lazynd import util
    >>> util.setenv("MY_VARIABLE", "1")
    >>> util.getenv("MY_VARIABLE")
    '1'
    >>> util.setenv("MY_VARIABLE", None)
    """
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


__getattr__, __dir__ = fronts(__name__)
