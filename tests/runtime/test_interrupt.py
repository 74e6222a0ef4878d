"""After a keyboard interrupt at any moment each array has its value from before the program or from after it."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, backends, nd
from lazynd.runtime.guard.sections import DeferSignals
from lazynd.runtime.thread import LOCAL

STEPS = 6


@pytest.fixture(autouse=True)
def keyboard() -> Iterator[None]:
    """Python's own handler: a shell starts what it puts in the background with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Model:
    """A loop that keeps its own count in an array beside its weights."""

    def __init__(self) -> None:
        self.w = nd.array([1.0, -2.0])
        self.w.attach_grad()
        self.x = nd.array([0.5, 0.25])
        self.total = nd.zeros((2,))

    def step(self) -> float:
        with autograd.record():
            loss = ((self.w * self.x) ** 2).sum()
        loss.backward()
        self.w[:] = self.w - 0.25 * self.w.grad
        self.total[0:1] += 1
        return float(loss.asscalar())


def history() -> list[tuple[list[float], list[float]]]:
    """Weights before the first step and after each."""
    model = Model()
    seen = [(model.w.asnumpy().tolist(), model.total.asnumpy().tolist())]
    for _ in range(STEPS + 2):
        model.step()
        seen.append((model.w.asnumpy().tolist(), model.total.asnumpy().tolist()))
    return seen


def timed(model: Model) -> float:
    """Seconds that an undisturbed loop lasts, programs being compiled."""
    started = time.perf_counter()
    for _ in range(STEPS):
        model.step()
    return time.perf_counter() - started


def known(row: list[float], rows: list[list[float]]) -> bool:
    # The interrupted loop may be cut into other programs, which may round the last place otherwise.
    return any(np.allclose(row, each, rtol=1e-6, atol=0) for each in rows)


class Interrupts:
    """Raises ``KeyboardInterrupt`` at a SIGINT while armed, once; one that comes too late does nothing."""

    def __init__(self) -> None:
        self.armed = False
        self.raised = 0

    def __call__(self, number: int, frame: Any) -> None:
        if self.armed:
            self.armed = False
            self.raised += 1
            raise KeyboardInterrupt

    def loop(self, model: Model, delay: float) -> None:
        """Train ``model`` and interrupt that after ``delay`` seconds, if it lasts so long."""
        main = threading.main_thread().ident
        assert main is not None
        timer = threading.Timer(delay, signal.pthread_kill, (main, signal.SIGINT))
        with contextlib.suppress(KeyboardInterrupt):
            self.armed = True
            timer.start()
            for _ in range(STEPS):
                model.step()
            self.armed = False
        timer.join()


@pytest.fixture
def interrupts() -> Iterator[Interrupts]:
    made = Interrupts()
    before = signal.signal(signal.SIGINT, made)
    yield made
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs signals to threads")
# Python drops what is raised in a callback of its garbage collector, and jax has one: such an interrupt is lost.
@pytest.mark.filterwarnings("ignore:Exception ignored in.*_xla_gc_callback:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("moments", [60, pytest.param(200, marks=pytest.mark.slow)])
def test_interrupts_at_random_moments(moments: int, interrupts: Interrupts) -> None:
    states = history()
    weights, totals = [w for w, _ in states], [t for _, t in states]
    rng = random.Random(moments)
    lasts = min(timed(Model()) for _ in range(3))
    for _ in range(moments):
        model = Model()
        interrupts.loop(model, rng.uniform(0, lasts))
        assert not autograd.is_recording() and LOCAL.state.record_depth == 0
        w, total = model.w.asnumpy().tolist(), model.total.asnumpy().tolist()
        assert total in totals and known(w, weights), (w, total)
        at = next(i for i, each in enumerate(weights) if np.allclose(w, each, rtol=1e-6, atol=0))
        assert at - totals.index(total) in (0, 1), "at most the step that was interrupted is half recorded"
        model.step()
        assert known(model.w.asnumpy().tolist(), weights[at + 1 : at + 2]), "the next step is whole"
    assert interrupts.raised >= moments // 20, "the interrupts came too late to test anything"


def test_an_interrupt_inside_the_section_comes_after_it() -> None:
    steps: list[Any] = []
    with pytest.raises(KeyboardInterrupt):
        with DeferSignals():
            signal.raise_signal(signal.SIGINT)
            steps.append("whole")
        steps.append("never")
    assert steps == ["whole"]
    assert not isinstance(getattr(signal.getsignal(signal.SIGINT), "__self__", None), DeferSignals)


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.default_int_handler])
def test_the_handler_is_the_same_afterwards(handler: Any) -> None:
    before = signal.signal(signal.SIGINT, handler)
    try:
        with DeferSignals():
            pass
        assert signal.getsignal(signal.SIGINT) is handler or signal.getsignal(signal.SIGINT) == handler
    finally:
        signal.signal(signal.SIGINT, before)


def read_interrupted(array: nd.NDArray, point: str, faulty: Any) -> None:
    """Read ``array``, interrupted when the backend comes to ``point``."""

    def fail(reached: str) -> None:
        if reached == point:
            signal.raise_signal(signal.SIGINT)

    faulty.fail = fail
    with pytest.raises(KeyboardInterrupt):
        array.asnumpy()
    faulty.fail = lambda reached: None


def test_publishing_is_not_split(faulty: Any) -> None:
    """The interrupt arrives while the program runs: its results are published, then it is raised."""
    x = nd.array([1.0, 2.0])
    y = x * 2
    z = y + 1
    read_interrupted(z, "ran", faulty)
    assert y._cell.content.value is not None and z._cell.content.value is not None
    assert z.asnumpy().tolist() == [3, 5] and y.asnumpy().tolist() == [2, 4]


def test_an_interrupt_while_compiling_leaves_everything_pending(faulty: Any) -> None:
    x = nd.array([1.0, 2.0])
    y = x * 2
    read_interrupted(y, "compile", faulty)
    assert y._cell.content.value is None
    assert y.asnumpy().tolist() == [2, 4]


SLOW_LIBRARY = """
import signal
import subprocess
signal.raise_signal(signal.SIGINT)
from lazynd.backends.numpy import NumpyBackend

class Whole(NumpyBackend):
    name = "slow"
"""


def test_importing_a_backend_is_not_split(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_library.py").write_text(SLOW_LIBRARY)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(backends._lazy, "slow", ("slow_library", "Whole"))
    monkeypatch.setattr(backends, "_loaded", dict(backends._loaded))
    monkeypatch.setattr(sys.modules["lazynd.config"], "BACKENDS", {*backends.BACKENDS, "slow"})
    monkeypatch.setattr(lazynd.config, "backend", "slow")
    y = nd.array([1.0, 2.0]) * 2
    with pytest.raises(KeyboardInterrupt):
        y.asnumpy()
    assert y.asnumpy().tolist() == [2, 4]


LATE_IMPORTS = """
import sys, threading
from lazynd import nd
from lazynd.backends import get_backend

get_backend("xla")

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("jax"):
            found.setdefault(threading.current_thread() is threading.main_thread(), []).append(name)

found = {}
sys.meta_path.insert(0, Watch())
nd.ones(3).asnumpy()
print(found.get(True, []), bool(found.get(False)))
"""


def test_what_the_first_program_has_jax_import_is_not_split() -> None:
    """Signals come to the main thread. An import of jax's that one interrupts cannot be repeated."""
    environment = {**os.environ, "LAZYND_CACHE": "off"}
    done = subprocess.run([sys.executable, "-c", LATE_IMPORTS], env=environment, capture_output=True, text=True)
    assert done.stdout == "[] True\n", done.stderr
