"""Memory: loops stay flat, chains of any length free without recursion, nothing outlives its last handle."""

from __future__ import annotations

import gc
import json
import os
import pathlib
import subprocess
import sys
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.ir.node import Node, Output
from lazynd.runtime.record.tape import Entry
from lazynd.runtime.run.compile import PROGRAMS
from lazynd.runtime.thread import LOCAL

ROOT = pathlib.Path(__file__).resolve().parents[2]

RSS = """
import os, resource, sys, json
import numpy as np
from lazynd import nd, autograd, stats
from lazynd.runtime.thread import LOCAL
def rss():
    with open('/proc/self/statm') as f:
        return int(f.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') / 1e6
"""

COUNTING = """
first, last = int(sys.argv[1]), int(sys.argv[2])
x = nd.zeros((2,))
pending = 0
for i in range(1, last + 1):
    x += 1
    if i == first:
        before = peak = rss()
    if i >= first and i % 997 == 0:
        peak = max(peak, rss())
        pending = max(pending, LOCAL.state.regions.pending())
peak = max(peak, rss())
print(json.dumps({'grown': peak - before, 'value': x.asnumpy().tolist(), 'pending': pending,
                  'programs': stats().programs}))
"""

TRAINING = """
steps = [int(n) for n in sys.argv[1:]]
rng = np.random.default_rng(0)
w = nd.array(rng.normal(size=(512, 512)) / 64)
w.attach_grad()
x = nd.array(rng.normal(size=(256, 512)))
total = nd.zeros((1,))
found = {}
for i in range(1, max(steps) + 1):
    with autograd.record():
        loss = nd.relu(nd.dot(x, w)).square().mean()
    loss.backward()
    w[:] = w - 0.01 * w.grad
    total += loss
    if i in steps:
        found[i] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({'peaks': [found[n] for n in steps], 'total': float(total.asscalar())}))
"""


def child(code: str, *arguments: int) -> Any:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LAZYND_CACHE": "off", "LAZYND_VERIFY": "0"}
    done = subprocess.run(
        [sys.executable, "-c", RSS + code, *map(str, arguments)],
        capture_output=True, text=True, env=environment, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


linux = pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="reads /proc")


@linux
@pytest.mark.parametrize(("first", "last"), [(5_000, 40_000), pytest.param(10_000, 1_000_000, marks=pytest.mark.slow)])
def test_counting_without_reading_stays_flat(first: int, last: int) -> None:
    found = child(COUNTING, first, last)
    assert found["value"] == [last, last]
    assert found["grown"] < 50
    assert found["pending"] <= 250, "a budget of 100 in the open region, one closed region waiting, and a margin"
    assert found["programs"] <= 3


@linux
@pytest.mark.parametrize("steps", [200, pytest.param(10_000, marks=pytest.mark.slow)])
def test_steps_that_never_read_stay_flat(steps: int) -> None:
    found = child(TRAINING, 10, steps)
    at_ten, at_end = found["peaks"]
    assert at_end <= 1.1 * at_ten, found
    assert np.isfinite(found["total"])


ADDING = """
from lazynd import config
config.tier = "compiled" if sys.argv[1] == "1" else "auto"
source = np.ones((250, 1000), 'float32')
total = nd.zeros(source.shape)
def step():
    global total
    total += nd.array(source)
for _ in range(60):
    step()
nd.waitall()
before = peak = rss()
for _ in range(400):
    step()
    peak = max(peak, rss())
print(json.dumps({'grown': peak - before, 'value': float(total[0, 0].asscalar()), 'programs': stats().programs}))
"""


@linux
@pytest.mark.parametrize("compiled", [0, 1])
def test_a_loop_that_adds_data_without_reading_holds_little_of_it(compiled: int) -> None:
    """Arrays of 1 MB: 64 of them at most, of which programs hold a copy on the device until they have run."""
    found = child(ADDING, compiled)
    assert found["value"] == 460
    assert found["grown"] < (130 if compiled else 70), found
    assert found["programs"] <= 4, "whole regions, one that was cut by waiting, the ends"


CHAIN = 200_000


def grow(x: Any, length: int) -> Any:
    """A chain of ``length`` operators; its values stay small."""
    for _ in range(length // 4):
        x = (x + 1) * 0.5 - 0.25 + 0.125
    return x


@pytest.mark.parametrize(("length", "backend"), [(8_000, "xla"), (8_000, "numpy")])
def test_chain_agrees_with_plain_numpy(
    length: int, backend: str, monkeypatch: pytest.MonkeyPatch, empty_cache: None
) -> None:
    _chain(length, backend, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["xla", "numpy"])
def test_chain_of_200_000(backend: str, monkeypatch: pytest.MonkeyPatch, empty_cache: None) -> None:
    _chain(CHAIN, backend, monkeypatch)


def _chain(length: int, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazynd.config, "backend", backend)
    limit = sys.getrecursionlimit()
    start = np.array([3.0, -2.0], np.float32)
    expected = start.copy()
    for _ in range(length // 4):
        expected = (expected + np.float32(1)) * np.float32(0.5) - np.float32(0.25) + np.float32(0.125)
    y = grow(nd.array(start), length)
    # The chain contracts by a half each time around, and so does every rounding error.
    np.testing.assert_allclose(y.asnumpy(), expected, rtol=1e-6)
    assert sys.getrecursionlimit() == limit


@pytest.mark.parametrize("backend", ["xla", "numpy"])
def test_chain_with_gradient(
    backend: str, monkeypatch: pytest.MonkeyPatch, empty_cache: None, settings: Any, delta: Any
) -> None:
    since = delta()
    with settings(program_nodes=100):
        _chain_with_gradient(3_000, backend, monkeypatch)
    assert since.runs >= 60
    assert since.programs <= 8, "its pieces are alike: first, middle and last, forwards and backwards"


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["xla", "numpy"])
def test_chain_of_200_000_with_gradient(backend: str, monkeypatch: pytest.MonkeyPatch, empty_cache: None) -> None:
    _chain_with_gradient(CHAIN, backend, monkeypatch)


def _chain_with_gradient(length: int, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazynd.config, "backend", backend)
    x = nd.array([3.0, -2.0])
    x.attach_grad()
    with autograd.record():
        y = x
        for _ in range(length // 2):
            y = y * 1.0001
            y = y / 1.0001
        total = y.sum()
    total.backward()
    # Each factor rounds by at most 2**-24, in either direction, and the errors of a chain add up.
    bound = max(length * 2.0**-24, 1e-6)
    np.testing.assert_allclose(x.grad.asnumpy(), [1, 1], rtol=2 * bound)
    np.testing.assert_allclose(y.asnumpy(), [3, -2], rtol=2 * bound)


def pending() -> int:
    return LOCAL.state.regions.pending()


def test_a_pending_chain_that_nobody_reads_is_freed_without_recursion() -> None:
    x = nd.array([1.0])
    x.attach_grad()
    with autograd.record():
        y = grow(x, 15_000)  # under the hard limit: nothing has run
    assert pending() > 10_000
    del y
    nd.waitall()
    assert pending() == 0


def of_ours() -> int:
    """Nodes and tape entries alive."""
    gc.collect()
    return sum(isinstance(o, Node | Output | Entry) for o in gc.get_objects())


def step(w: Any, x: Any) -> Any:
    with autograd.record():
        loss = nd.relu(nd.dot(x, w)).square().mean()
    loss.backward()
    w[:] = w - 0.01 * w.grad
    return loss


def test_no_node_outlives_its_step() -> None:
    w, x = nd.ones((4, 4)), nd.ones((3, 4))
    w.attach_grad()
    for _ in range(5):
        step(w, x).asscalar()
    nd.waitall()
    before = of_ours()
    for _ in range(40):
        step(w, x).asscalar()
    nd.waitall()
    # Fewer than one node a step: the memo of a specialization may still grow by a few.
    assert of_ours() <= before + 5


def test_history_is_dropped_once_it_ran() -> None:
    """R19: what was forced is a leaf; its inputs are not kept alive by it."""
    a = nd.array(np.ones(1000))
    b = a * 2
    c = b + 1
    inner = b._cell.content
    assert inner.inputs is not None
    c.asnumpy()
    assert c._cell.content.inputs is None and inner.inputs is None
    buffer = weakref.ref(a)
    cell = weakref.ref(a._cell)
    del a
    assert buffer() is None and cell() is None, "freed at once, not by the cycle collector"


def test_buffers_die_with_their_handles() -> None:
    """Of a forced chain, only what has a handle keeps a buffer on the device."""
    jax = pytest.importorskip("jax")

    def live(size: int) -> int:
        return sum(a.size == size for a in jax.live_arrays())

    size = 4321  # of no other test
    x = nd.array(np.ones(size))
    y = (x + 1) * 2
    z = (y - 1).exp()
    z.asnumpy()
    del y
    assert live(size) == 2, "x and z; y was live when z was forced and is gone"
    for _ in range(20):
        z = z * 0.5
        z.asnumpy()
    assert live(size) == 2
    del x, z
    nd.waitall()
    assert live(size) == 0


def test_weights_are_updated_in_place(delta: Any) -> None:
    """R29: the buffer of the old weights becomes that of the new ones."""
    jax = pytest.importorskip("jax")
    size = (37, 41)
    w, x = nd.array(np.ones(size)), nd.array(np.ones((2, 37)))
    w.attach_grad()
    for _ in range(3):
        step(w, x).asscalar()
    since = delta()
    for _ in range(5):
        step(w, x).asscalar()
    assert since.donated >= 5 and since.copied == 0
    gc.collect()
    assert sum(a.shape == size for a in jax.live_arrays()) == 2, "the weights and their gradient"


def test_shared_subgraphs_do_not_blow_up(delta: Any) -> None:
    """R17: a sum with itself 100 times is 100 nodes, backwards too."""
    x = nd.array([1.0])
    x.attach_grad()
    since = delta()
    with autograd.record():
        y = x
        for _ in range(100):
            y = (y + y) * 0.5
    y.backward()
    assert x.grad.asscalar() == 1
    assert y.asscalar() == 1
    assert since.executed < 1000


def test_consuming_a_tape_drops_its_residuals() -> None:
    jax = pytest.importorskip("jax")
    shape = (29, 31)
    x = nd.array(np.ones(shape))
    x.attach_grad()
    with autograd.record():
        y = nd.dot(x.exp().tanh(), nd.array(np.ones((31, 2)))).square().sum()
    y.asscalar()
    y.backward()
    x.grad.asnumpy()
    gc.collect()
    assert sum(a.shape == shape for a in jax.live_arrays()) == 2, "x and its gradient"


LIKE: dict[str, Callable[[nd.NDArray], nd.NDArray]] = {
    "zeros_like": nd.zeros_like,
    "ones_like": nd.ones_like,
    "shape_array": nd.shape_array,
    "size_array": nd.size_array,
    "reshape_like": lambda p: nd.reshape_like(nd.ones((p.size,)), p),
    "broadcast_like": lambda p: nd.broadcast_like(nd.ones((1, 1)), p),
    "slice_like": lambda p: nd.slice_like(nd.ones((2, 4)), p),
    "power 0": lambda p: p**0,
}


@pytest.mark.parametrize("name", list(LIKE))
def test_what_needs_only_the_type_of_an_array_does_not_hold_it(name: str, empty_cache: None) -> None:
    """Such work, pending in another region, is not in the way of the array's update in place."""
    p = nd.array(np.ones((2, 3)))
    p.wait_to_read()
    state = LIKE[name](p)
    lazynd.runtime.fence()
    p[:] = p - 0.25
    p.wait_to_read()
    assert p.asnumpy().tolist() == [[0.75] * 3] * 2
    (made,) = PROGRAMS.families.values()
    assert made.baked is not None and made.baked.donate == {0: 1}
    assert state.asnumpy().shape == state.shape
