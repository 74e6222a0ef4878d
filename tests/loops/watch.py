"""Watching a process compile and run: jax's own compile events beside lazynd's counters."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

import jax

from lazynd import stats

COMPILE_EVENT = "/jax/core/compile/backend_compile_duration"


class CompileEvents:
    """How often jax handed something to its compiler since this object was made."""

    def __init__(self) -> None:
        self.count = 0
        jax.monitoring.register_event_duration_secs_listener(self._hear)

    def _hear(self, event: str, seconds: float, **_: Any) -> None:
        self.count += event == COMPILE_EVENT


class _Sizes(logging.Handler):
    """Operators of each program compiled, from the log."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "event", "") == "compile":
            assert isinstance(record.args, tuple)
            self.sizes.append(int(str(record.args[1]).split()[0]))


class Watch:
    """Of each step of a loop, the programs that ran; of the whole loop, what was compiled."""

    def __init__(self) -> None:
        self.events = CompileEvents()
        self.runs: list[int] = []
        self.compiled: list[int] = []
        self.marks: list[Any] = []
        self._log = _Sizes()
        logger = logging.getLogger("lazynd")
        logger.addHandler(self._log)
        logger.setLevel(logging.INFO)
        logger.propagate = False
        self._before = stats().snapshot()

    def step(self) -> None:
        """A step ended."""
        now = stats().snapshot()
        self.runs.append(now["runs"] - self._before["runs"])
        self.compiled.append(now["programs"] - self._before["programs"])
        self._before = now

    def mark(self, value: Any) -> None:
        """Report ``value``."""
        self.marks.append(value)

    def count_nodes(self) -> None:
        """From now on, count how often each recorded line runs."""
        stats().per_node = Counter()

    def node_counts(self) -> dict[str, int]:
        """The most often that any line of each operator ran since ``count_nodes``."""
        found: dict[str, int] = {}
        per_node = stats().per_node
        assert per_node is not None
        for (name, _, _), times in per_node.items():
            found[name] = max(found.get(name, 0), times)
        return found

    def report(self) -> dict[str, Any]:
        """What was seen, for JSON."""
        return {
            **stats().snapshot(),
            "events": self.events.count,
            "step_runs": self.runs,
            "step_compiles": self.compiled,
            "sizes": self._log.sizes,
            "marks": self.marks,
        }
