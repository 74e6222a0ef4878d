"""``lazynd.config.retain_memory``: big blocks that were freed are used again without page faults."""

from __future__ import annotations

import ctypes
import logging
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import backends
from lazynd.backends import allocator, xla

needs_glibc = pytest.mark.skipif(not allocator._is_glibc(), reason="only glibc's allocator can be told")

#: Page faults of filling a fresh block of 40 MB five times, before and after.
PROGRAM = """
import resource
import numpy as np
from lazynd.backends.allocator import retain_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        np.ones(5_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

given_back = faults()
kept = retain_memory()
faults()  # the heap grows to hold one
print(given_back, faults(), kept)
"""


@needs_glibc
def test_blocks_that_were_freed_are_used_again() -> None:
    # No huge pages: with them there are few faults in any case. NumPy asks for them in blocks of 4 MB and more.
    environment = {**os.environ, "NUMPY_MADVISE_HUGEPAGE": "0"}
    run = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    given_back, kept, done = run.stdout.split()
    pages = 40_000_000 // os.sysconf("SC_PAGE_SIZE")
    assert done == "True"
    assert int(given_back) > 4 * pages
    assert int(kept) < pages // 10


def test_elsewhere_it_is_refused_with_a_warning(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    def no_such_name(name: str) -> str:
        raise ValueError(name)

    monkeypatch.setattr(os, "confstr", no_such_name, raising=False)
    with caplog.at_level(logging.WARNING, "lazynd"):
        assert not allocator.retain_memory()
    assert "retain_memory changes nothing here" in caplog.text


@pytest.mark.parametrize("wanted", [False, True])
def test_the_setting_is_read_when_a_backend_is_imported(wanted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[None] = []
    monkeypatch.setattr(backends, "retain_memory", lambda: asked.append(None))
    monkeypatch.setattr(backends, "_loaded", dict(backends._loaded))
    monkeypatch.setitem(backends._lazy, "another", ("lazynd.backends.numpy", "NumpyBackend"))
    with lazynd.config.using(retain_memory=wanted):
        backends.get_backend("another")
        backends.get_backend("another")
    assert len(asked) == wanted


@needs_glibc
def test_what_was_freed_between_blocks_in_use_is_given_back() -> None:
    library = ctypes.CDLL(None)
    library.malloc.restype = ctypes.c_void_p
    size, count = 100_000, 800  # below the size of blocks that are mapped on their own
    blocks = [library.malloc(ctypes.c_size_t(size)) for _ in range(count)]
    for block in blocks:
        ctypes.memset(block, 1, size)
    held = _resident()
    for at, block in enumerate(blocks):
        if at % 8:
            library.free(ctypes.c_void_p(block))
    allocator.give_back()
    assert _resident() < held - size * count // 2  # seven eighths were freed; other tests' memory may be given back too
    for block in blocks[::8]:
        library.free(ctypes.c_void_p(block))


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(("seconds", "retains", "given"), [(3, False, 1), (1, False, 0), (3, True, 0)])
def test_a_long_compile_gives_back_what_it_freed(
    seconds: int, retains: bool, given: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    times, calls = iter([0, seconds]), list[None]()
    monkeypatch.setattr(xla, "perf_counter", lambda: next(times))
    monkeypatch.setattr(xla, "give_back", lambda: calls.append(None))
    with lazynd.config.using(tier="compiled", backend="xla", cache=None, retain_memory=retains):
        x = lazynd.nd.array(np.ones((97, seconds, 1 + retains)))  # a shape that no other test has compiled this for
        assert (x + 1).asnumpy().sum() == 2 * x.size
    assert len(calls) == given
