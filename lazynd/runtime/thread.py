"""What each thread has: its recording flags, its pending work, and the recorder that its operations are told to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from ..speed import MODULE
from .record.pending import PendingWork
from .record.recorder import Recorder
from .run.force import Ban
from .run.regions import Regions


class State:
    """Flags, regions and recorder of one thread.

    ``recording`` and ``training`` are what ``autograd`` sets; ``record_depth`` counts the ``record()`` blocks that the
    thread is in; ``forbid_sync`` is what ``no_sync`` forbids, None if nothing. ``given``: functions of the host that a
    trace asked before it was given up, and what they said.
    """

    __slots__ = ("forbid_sync", "given", "record_depth", "recorder", "recording", "regions", "training")

    def __init__(self) -> None:
        self.recording = False
        self.training = False
        self.record_depth = 0
        self.forbid_sync: Ban | None = None
        self.given: list[tuple[Any, Any]] = []
        self.regions = Regions()
        self.recorder: Recorder = PendingWork(self)

    @contextmanager
    def preserved(self) -> Iterator[None]:
        """Whatever happens inside, the state is afterwards as it was."""
        before = {name: getattr(self, name) for name in self.__slots__}
        try:
            yield
        finally:
            for name, value in before.items():
                setattr(self, name, value)


class Local(threading.local):
    """A ``State`` for each thread, made when the thread first asks."""

    def __init__(self) -> None:
        self.state = State()


LOCAL: Final = Local()
if MODULE is not None:
    MODULE.prepare_state(State)
