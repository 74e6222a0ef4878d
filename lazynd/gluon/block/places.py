"""Where a block is called: the scopes that its operations are told, and the path that users know it by."""

from __future__ import annotations

import functools
from collections.abc import Callable
from sys import _getframe
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeVar

from ...stages import LOCAL, OURS, Scope

if TYPE_CHECKING:
    from .base import Block

_P = ParamSpec("_P")
_R = TypeVar("_R")
_B = TypeVar("_B", bound="Block")
#: So many scopes are remembered for a block: a loss may be called in net after net.
_MOST: Final = 64


class Places(dict[Scope, Scope]):
    """The scopes of a block's calls, by the scopes that the calls were in. Copies and pickles of it are empty."""

    def __reduce__(self) -> tuple[type[Places], tuple[()]]:
        return Places, ()


def placed(block: Block, outer: Scope) -> Scope:
    """The scope of a call of ``block`` in the scope ``outer``; from now on the block knows it."""
    owner = outer.owner()
    found = outer if owner is block else outer.inside(_name(block, owner), block)
    if len(block._places) >= _MOST:
        block._places.clear()
    block._places[outer] = found
    for each in block._reg_params.values():
        each._scope = found.full
    return found


def scoped(method: Callable[Concatenate[_B, _P], _R]) -> Callable[Concatenate[_B, _P], _R]:
    """Decorates a method of blocks, other than ``__call__``: what it records belongs to the block, as in a call."""

    @functools.wraps(method)
    def inside(self: _B, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        recorder = LOCAL.state.recorder
        outer, caller, frame = recorder.within, recorder.caller, _getframe(1)
        if not OURS[frame.f_code.co_filename]:
            recorder.caller = frame.f_code, frame.f_lasti
        recorder.within = inner = self._places.get(outer) or placed(self, outer)
        recorder.scope = inner.path
        try:
            return method(self, *args, **kwargs)
        finally:
            recorder.within, recorder.scope, recorder.caller = outer, outer.path, caller

    return inside


def _name(block: Block, owner: Any) -> str:
    """What ``block`` is called inside of ``owner``.

    That is its place in the structure, as ``save_parameters`` writes it: "features.0". A block that is no part of the
    owner, and one outside of all, goes by its own name.
    """
    own = block._name or block._alias()
    if owner is None:
        return own
    level: list[tuple[str, Block]] = [("", owner)]
    seen = {owner}
    while level:
        further: list[tuple[str, Block]] = []
        for path, each in level:
            for name, child in each._children.items():
                inside = f"{path}.{name}" if path else name
                if child is block:
                    return inside
                if child not in seen:
                    seen.add(child)
                    further.append((inside, child))
        level = further
    return own.removeprefix(owner._prefix) or own
