"""Looking at what the engine did, and forbidding what it should not do."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .ir.node import Node, Output
from .runtime.guard.sections import LOCK
from .runtime.run.compile import PROGRAMS
from .runtime.tell.stats import Stats
from .runtime.tell.stats import stats as _stats
from .runtime.thread import LOCAL


def stats() -> Stats:
    """The engine's counters: forces, programs compiled, cache hits and more; a live object.

    >>> import lazynd
    >>> lazynd.stats().programs >= 0
    True
    """
    return _stats


def memory() -> tuple[int, int]:
    """How many computed buffers lazynd's arrays (those on a tape and in pending work too) hold, and their bytes.

    A buffer that several share counts once; what other libraries hold does not count. Looks at every object of the
    process, so it takes some milliseconds; it runs nothing.

    >>> import lazynd
    >>> from lazynd import nd
    >>> x = nd.ones((256, 1024))
    >>> before = lazynd.observe.memory()[1]
    >>> x.wait_to_read()
    >>> lazynd.observe.memory()[1] - before
    1048576
    """
    found: dict[int, int] = {}
    for each in gc.get_objects():
        if isinstance(each, Node | Output):
            value = getattr(each, "value", None)  # a node in the making has none yet
            if value is not None:
                found[id(value)] = each.type.nbytes
    return len(found), sum(found.values())


def report(limit: int = 10) -> str:
    """What the engine did, as text: totals, what is alive, and the lines of the user that cost most.

    The ``limit`` lines that spent most on compiling come first, then those that ran most often; a line stands for
    all programs that were first needed there and are still kept. Times are those of getting programs, compiled or
    loaded; runs are asynchronous, so their time is for a profiler. Nothing is run.

    >>> import lazynd
    >>> "programs" in lazynd.report()
    True
    """
    s = _stats
    with LOCK:
        families = list(PROGRAMS.families.values())
    count, size = memory()
    lines: dict[str, list[Any]] = {}
    for family in families:
        row = lines.setdefault(str(family.site), [0, 0.0, 0, 0])
        row[0] += (family.baked is not None) + (family.general is not None)
        row[1] += family.seconds
        row[2] += family.uses
        row[3] += family.nbytes
    seconds = sum(family.seconds for family in families)
    made = [
        f"{s.forces} forces and {s.windows} windows ran {s.executed} operators "
        f"in {s.runs} program runs and {s.interpreted} in the interpreter; {s.moved} moved data on the host",
        f"{s.hits} runs found their program; {s.programs} programs compiled, {s.loaded} loaded, {s.evicted} dropped",
        f"{len(families)} programs kept: {_bytes(sum(f.nbytes for f in families))} of code, {seconds:.3f} s to get",
        f"{count} buffers alive: {_bytes(size)}; {s.donated} donated, {s.copied} copied; {s.draws} draws",
    ]
    ranked = sorted(lines.items(), key=lambda item: (-item[1][1], -item[1][2], item[0]))[:limit]
    if ranked:
        made += ["", f"{'programs':>8} {'seconds':>8} {'runs':>8} {'code':>10}  first needed at"]
        made += [f"{n:>8} {took:>8.3f} {uses:>8} {_bytes(code):>10}  {line}" for line, (n, took, uses, code) in ranked]
        if len(lines) > limit:
            made.append(f"and {len(lines) - limit} more lines")
    return "\n".join(made)


def _bytes(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            break
        count /= 1024
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"


@contextmanager
def no_sync(mode: str = "raise") -> Iterator[None]:
    """Inside, a read that has to run something raises ``MXNetError``, or warns if ``mode`` is "warn".

    >>> import lazynd
    >>> from lazynd import nd
    >>> with lazynd.no_sync():
    ...     y = nd.ones((2,)) + 1
    """
    if mode not in ("raise", "warn"):
        raise ValueError(f"mode must be 'raise' or 'warn', not {mode!r}")
    state = LOCAL.state
    before = state.forbid_sync
    state.forbid_sync = mode
    try:
        yield
    finally:
        state.forbid_sync = before
