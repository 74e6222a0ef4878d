"""How much memory the process can still get, so that a program which needs more is refused before it starts.

Where memory runs out the system may end the process instead of refusing what is asked for: Linux promises more memory
than there is, and ends who uses it. So whoever is about to use much asks here first.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from ..ir.errors import OutOfMemory

#: Bytes below which nobody asks: what a program of so many takes to run is much longer than asking.
NOTEWORTHY: Final = 64 << 20

#: The limit of a control group, what it uses, and its statistics.
_Files = tuple[Path, Path, Path]

_PAGE: Final[int] = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def require_memory(needed: int, settle: Callable[[], object]) -> bool:
    """Refuse, with ``OutOfMemory``, ``needed`` bytes if there are fewer; False if they are much of what there is.

    ``settle`` waits for what runs, so that what it holds is free; it is called before anything is refused.
    """
    there = available()
    if there is not None and needed > there:
        with suppress(Exception):  # whoever reads what failed is told
            settle()
        there = available()
        if there is not None and needed > there:
            raise OutOfMemory(f"it needs {_readable(needed)}, and {_readable(there)} are left")
    return there is None or needed < there // 4


def _readable(nbytes: int) -> str:
    return f"{nbytes / 1e9:,.1f} GB" if nbytes >= 1e9 else f"{nbytes / 1e6:,.1f} MB"


def available() -> int | None:
    """Bytes that the process can still use on the host; None where the system does not say."""
    found = [left for ask in (_of_the_machine, _of_the_group, _of_the_process) if (left := ask()) is not None]
    return max(min(found), 0) if found else None


def _of_the_machine() -> int | None:
    """What Linux can give without ending a process, swap included."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        return sum(int(fields[name].split()[0]) for name in ("MemAvailable", "SwapFree")) << 10
    except (OSError, KeyError, ValueError):
        return None


def _of_the_group() -> int | None:
    """What the control groups of the process leave to it, as in a container."""
    left: int | None = None
    for limit, used, statistics in _limited_groups():
        with suppress(OSError, ValueError):
            here = _number(limit) - _number(used)
            known = dict(line.split() for line in statistics.read_text(encoding="ascii").splitlines())
            here += int(known.get("total_inactive_file", known.get("inactive_file", 0)))  # given back when needed
            left = here if left is None else min(left, here)
    return left


@functools.cache
def _limited_groups(system: Path = Path("/sys/fs/cgroup"), of: Path = Path("/proc/self/cgroup")) -> list[_Files]:
    """Those of the groups ``of`` the process, and of the groups above, that have a limit; of either version."""
    found: list[_Files] = []
    with suppress(OSError, ValueError):
        for line in of.read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                root, limit, used = system, "memory.max", "memory.current"
            elif "memory" in controllers.split(","):
                root, limit, used = system / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
            else:
                continue
            inside = root / path.lstrip("/")
            for folder in (inside, *inside.parents):
                if root in (folder, *folder.parents) and _is_limited(folder / limit):
                    found.append((folder / limit, folder / used, folder / "memory.stat"))
    return found


def _number(file: Path) -> int:
    return int(file.read_text(encoding="ascii"))


def _is_limited(file: Path) -> bool:
    """Whether ``file`` is there and holds a limit: "max", and a number near the largest, are none."""
    try:
        return _number(file) < 1 << 60
    except (OSError, ValueError):
        return False


def _of_the_process() -> int | None:
    """What ``RLIMIT_AS`` leaves of the process's address space."""
    try:
        import resource  # noqa: PLC0415 - not on Windows

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit == resource.RLIM_INFINITY:
            return None
        with open("/proc/self/statm", encoding="ascii") as file:
            return limit - int(file.read().split()[0]) * _PAGE
    except (ImportError, OSError, ValueError):
        return None
