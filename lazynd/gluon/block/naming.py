"""Prefixes of blocks: ``dense0_`` at the top, ``net0_dense0_`` inside the name scope of ``net0_``."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ...name import NameManager, Prefix
from ..parameter import ParameterDict

if TYPE_CHECKING:
    from .base import Block


class _Current(threading.local):
    """The name scopes that this thread is in, the innermost last."""

    def __init__(self) -> None:
        self.stack: list[BlockScope] = []


_CURRENT = _Current()


class BlockScope:
    """The name scope of a block: blocks that are made inside are named after it and counted by it."""

    def __init__(self, block: Block) -> None:
        self._block = block
        self._counter: dict[str, int] = {}
        self._prefixes: list[Prefix] = []

    def __enter__(self) -> BlockScope:
        if not self._block._empty_prefix:
            _CURRENT.stack.append(self)
            prefix = Prefix(self._block.prefix)
            prefix.__enter__()
            self._prefixes.append(prefix)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._block._empty_prefix:
            self._prefixes.pop().__exit__(kind, error, trace)
            _CURRENT.stack.pop()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_prefixes": []}


def names_of(prefix: str | None, params: ParameterDict | None, hint: str) -> tuple[str, ParameterDict]:
    """The prefix and the own parameters of a new block: given ones, or the next of its kind, ``hint``."""
    scope = _CURRENT.stack[-1] if _CURRENT.stack else None
    if prefix is None:
        prefix = f"{NameManager._stack()[-1].get(None, hint)}_" if scope is None else _next(scope, hint)
    if scope is None:
        own = ParameterDict(prefix) if params is None else ParameterDict(params.prefix, params)
        return prefix, own
    parent = scope._block.params
    own = (
        ParameterDict(parent.prefix + prefix, parent._shared)
        if params is None
        else ParameterDict(params.prefix, params)
    )
    return scope._block.prefix + prefix, own


def _next(scope: BlockScope, hint: str) -> str:
    count = scope._counter.get(hint, 0)
    scope._counter[hint] = count + 1
    return f"{hint}{count}_"
