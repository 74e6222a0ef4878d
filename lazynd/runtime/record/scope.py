"""Where operations are recorded: in the call of which block, inside of which others."""

from __future__ import annotations

import weakref
from sys import intern
from typing import Any, Final

from ...ir.scope import join


class Scope:
    """The call of a block. ``path`` is what its operations are told, relative to the call that is traced around it.

    ``full`` is the path from outside of all calls; ``owner`` gives the block, or None once it is gone. There is one
    object for a block inside of another scope, which whoever enters it keeps.
    """

    __slots__ = ("_traced", "full", "owner", "path")

    def __init__(self, path: str, full: str, owner: Any) -> None:
        self.path = path
        self.full = full
        self.owner: Any = weakref.ref(owner) if owner is not None else _nobody
        self._traced: Scope | None = None

    def inside(self, name: str, owner: Any) -> Scope:
        """The scope of the block ``owner``, called ``name``, in a call of this one's."""
        return Scope(intern(join(self.path, name)), intern(join(self.full, name)), owner)

    @property
    def traced(self) -> Scope:
        """The same scope for what a call that is recorded here consists of: paths begin anew."""
        if not self.path:
            return self
        if self._traced is None:
            made = Scope("", self.full, None)
            made.owner = self.owner
            self._traced = made
        return self._traced


def _nobody() -> None:
    """The owner of what is in no block."""


#: Outside of all blocks.
ROOT: Final = Scope("", "", None)
