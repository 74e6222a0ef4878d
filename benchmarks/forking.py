"""A fork in place of a fresh process: it has imported what its parent has, and used nothing.

For both environments: imports no framework.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

#: Linux's advice to ``madvise``: map all pages now, for reading, or for writing, which copies them.
_POPULATE_READ, _POPULATE_WRITE = 22, 23


class Forks:
    """Forks of this process as it was when this object was made.

    After a fork the kernel maps the pages of libraries, and copies those that are written to, one fault at a time. A
    program's first run would pay up to 3 ms for it, which a process of its own paid while it imported. So a fork begins
    with mapping what its parent had mapped.
    """

    def __init__(self) -> None:
        linux = sys.platform == "linux"
        self._libc = ctypes.CDLL(None) if linux else None
        self._stretches = _mapped() if linux else []

    def run(self, work: Callable[[], Any]) -> Any:
        """What ``work`` returns in a fork, as JSON's types; an exception's text as ``{"error": ...}``."""
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.close(reader)
            self._live(work, writer)
        os.close(writer)
        with open(reader, encoding="utf-8") as file:
            said = file.read()
        _, status = os.waitpid(child, 0)
        return json.loads(said) if said else {"error": f"the process ended with status {status}"}

    def _live(self, work: Callable[[], Any], writer: int) -> NoReturn:
        """The life of the child. What it prints is nobody's."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        try:
            self._map()
            said = work()
        except BaseException as error:
            said = {"error": f"{type(error).__name__}: {error}"}
        with open(writer, "w", encoding="utf-8") as file:
            json.dump(said, file)
        os._exit(0)  # neither framework's threads can be waited for

    def _map(self) -> None:
        if self._libc is not None:
            for address, length, advice in self._stretches:
                self._libc.madvise(ctypes.c_void_p(address), ctypes.c_size_t(length), advice)


def _mapped() -> list[tuple[int, int, int]]:
    """Address, length and advice of the stretches of memory that this process has mapped, as the kernel tells."""
    found = []
    page = os.sysconf("SC_PAGE_SIZE")
    with open("/proc/self/maps", encoding="utf-8") as maps, open("/proc/self/pagemap", "rb") as pages:
        for line in maps.readlines():
            addresses, rights, *_ = line.split()
            if rights[0] != "r" or "[v" in line:  # not the kernel's own
                continue
            start, end = (int(address, 16) for address in addresses.split("-"))
            pages.seek(start // page * 8)
            present = np.frombuffer(pages.read((end - start) // page * 8), "<u8") >> np.uint64(63) == 1
            edges = np.flatnonzero(np.diff(present, prepend=False, append=False)).reshape(-1, 2) * page
            advice = _POPULATE_WRITE if rights[1] == "w" else _POPULATE_READ
            found += [(start + int(first), int(last - first), advice) for first, last in edges]
    return found
