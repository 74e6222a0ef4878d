"""Functions that are called with each call of a block."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import TracebackType
from typing import Any

_numbers = itertools.count()


class HookHandle:
    """What registering a hook gives: ``detach`` removes it, as does leaving a ``with`` block.

    >>> from lazynd import gluon, nd
    >>> layer = gluon.nn.Flatten()
    >>> with layer.register_forward_hook(lambda block, inputs, output: print(output.shape)):
    ...     result = layer(nd.ones((2, 3, 4)))
    (2, 12)
    >>> result = layer(nd.ones((2, 3, 4)))
    """

    def __init__(self, hooks: dict[int, Any], hook: Callable[..., Any]) -> None:
        self._hooks: dict[int, Any] | None = hooks
        self._number = next(_numbers)
        hooks[self._number] = hook

    def detach(self) -> None:
        """Remove the hook; again does nothing.

        >>> from lazynd import gluon
        >>> gluon.nn.Flatten().register_forward_hook(print).detach()
        """
        if self._hooks is not None:
            self._hooks.pop(self._number, None)
            self._hooks = None

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.detach()
