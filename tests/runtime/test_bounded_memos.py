"""What types and shapes are remembered by is bounded, and forgetting never makes a known program unknown."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.ir.memo import Recent
from lazynd.ir.specialization import SPECIALIZATIONS, Specialization
from lazynd.ir.types import Type
from lazynd.nd import indexing, invoke, known, ndarray
from lazynd.runtime.record import gradient, views
from lazynd.runtime.run import moves
from lazynd.runtime.run.compile import PROGRAMS

pytestmark = pytest.mark.lazy
MEMOS: tuple[Recent[Any, Any], ...] = (
    invoke.CALLS, invoke.SCALAR_CALLS, ndarray.BINARY_CALLS, SPECIALIZATIONS._memo, Type._interned._memo,
    moves._MOVERS, known.KNOWN_CALLS, known.PATTERNS,
)  # fmt: skip
CACHES: tuple[Any, ...] = (
    gradient._add_spec, gradient._fill, views.read_spec, views._write_spec, views._whole_spec,
    indexing._row_type, indexing._slice_spec, indexing._assign_spec,
)  # fmt: skip


def forget() -> None:
    """Nothing is kept that nothing but memos refers to; programs stay."""
    for memo in MEMOS:
        memo.clear()
    for cache in CACHES:
        cache.cache_clear()
    gc.collect()


def living(kind: type) -> set[Any]:
    gc.collect()
    return {each for each in gc.get_objects() if isinstance(each, kind)}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Memos and the cache of programs hold little, and nothing from before."""
    monkeypatch.setattr(lazynd.config, "programs", 20)
    for memo in MEMOS:
        monkeypatch.setattr(memo, "limit", 100)
    PROGRAMS.clear()
    forget()
    yield
    PROGRAMS.clear()


def step(shape: tuple[int, ...]) -> float:
    """Record, differentiate and run something of this shape."""
    x = nd.ones(shape)
    x.attach_grad()
    with autograd.record():
        y = (nd.relu(x * 1.5)[: shape[0]] * x).sum()
    y.backward()
    assert x.grad.asnumpy()[0, 0] == 3
    return float(y.asscalar())


def test_a_thousand_shapes_leave_what_the_memos_hold(small: None, on_numpy: None) -> None:
    specs, types = (
        living(Specialization),
        living(Type),
    )  # of other tests; held, so that none goes
    for i in range(1000):
        shape = (3 + i // 40, 3 + i % 40)
        if i % 10 == 0:
            step(shape)
        else:
            _ = nd.relu(nd.ones(shape) + 1.5) * 2
        if i % 20 == 19:
            nd.waitall()
    bound = len(living(Specialization) - specs)
    # Without bounds there are 10,500, and 2,000 types.
    assert bound < 8_000 and len(living(Type) - types) < 1_500
    PROGRAMS.clear()
    forget()
    assert len(living(Specialization) - specs) < bound / 10, "a few are in use"


def test_a_program_is_found_again_after_the_memos_forgot_how_it_was_recorded(
    delta: Any, empty_cache: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert step((5, 7)) == 52.5
    count = delta()
    for _ in range(3):
        forget()
        assert step((5, 7)) == 52.5
    assert count.programs == 0 and count.hits == count.runs > 0


def test_a_program_is_found_again_after_thousands_of_other_shapes(
    delta: Any, empty_cache: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for memo in MEMOS:
        monkeypatch.setattr(memo, "limit", 50)
    step((5, 7))
    with lazynd.config.using(backend="numpy"):
        for i in range(400):
            nd.relu(nd.ones((11 + i, 3)) + 1.5).wait_to_read()
    forgotten = Type((11, 3), nd.ones(1)._cell.type.dtype)
    assert all(forgotten not in key for key in invoke.CALLS.now)
    count = delta()
    step((5, 7))
    assert count.programs == 0 and count.hits == count.runs > 0


def test_old_arrays_fit_new_ones_after_everything_was_forgotten() -> None:
    old = [nd.array(np.full((4, 6), i, np.float32)) for i in range(3)]
    old[0].attach_grad()
    with autograd.record():
        pending_loss = (old[0] * old[1])[1:3]
    forget()
    new = nd.ones((2, 6))
    assert new._cell.type is pending_loss._cell.type
    pending_loss.backward(new)
    forget()
    assert (old[0].grad + nd.zeros((4, 6))).asnumpy().sum() == 12
    forget()
    old[1][1:3] = new
    assert (old[1] + old[2]).asnumpy().sum() == 2 * 12 + 12 + 12 + 24


def test_a_hot_call_stays_while_others_come_and_go(small: None) -> None:
    x, y = nd.ones((5, 7)), nd.ones((7, 5))
    spec = weakref.ref(nd.dot(x, y)._cell.content.spec)
    for i in range(1000):
        assert nd.dot(x, y)._cell.content.spec is spec()
        _ = nd.ones((3 + i, 2)) + 1.5
        if i % 100 == 99:
            nd.waitall()


_LONG = """
import gc, sys
import lazynd
from lazynd import autograd, nd
from lazynd.backends import get_backend

lazynd.config.backend = "numpy"

def resident():
    gc.collect()
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20

def step(shape):
    x = nd.ones(shape)
    x.attach_grad()
    with autograd.record():
        y = (nd.relu(x * 1.5) * x).sum()
    y.backward()
    return y.asscalar(), x.grad.asnumpy()

step((7000, 1))
start = resident()
for i in range(100_000):
    step((1 + i // 400, 1 + i % 400))
print(resident() - start)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux how much memory a process has")
def test_a_hundred_thousand_shapes_end_within_a_hundred_megabytes() -> None:
    """Recorded, differentiated and run in the interpreter: to compile them all would take hours."""
    run = subprocess.run([sys.executable, "-c", _LONG], capture_output=True, text=True, check=False, timeout=7200)
    assert run.returncode == 0, run.stderr
    assert float(run.stdout) < 100
