"""Code of the user's that runs in the middle of a force: handlers of signals, finalizers, other threads."""

from __future__ import annotations

import contextlib
import gc
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

import numpy as np
import pytest

from lazynd import autograd, nd
from lazynd.runtime.guard.leaving import _Inside
from lazynd.runtime.guard.sections import DeferSignals, Undivided
from lazynd.runtime.run import compile as obtain

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="needs signals besides the keyboard's")
STEPS = 5


@contextlib.contextmanager
def handling(handler: Any, number: int = signal.SIGUSR1 if hasattr(signal, "SIGUSR1") else 0) -> Iterator[None]:
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


@contextlib.contextmanager
def at_each_line(code: CodeType, action: Callable[[int], None]) -> Iterator[None]:
    """Call ``action`` with the number of each line of ``code`` that begins, counted from 0.

    A line that comes again is the end of a ``with``, where Python itself lets nothing come between.
    """
    seen: list[int] = []

    def local(frame: Any, event: str, argument: Any) -> Any:
        if event == "line" and frame.f_lineno not in seen:
            seen.append(frame.f_lineno)
            action(len(seen) - 1)
        return local

    before = sys.gettrace()
    sys.settrace(lambda frame, event, argument: local if frame.f_code is code else None)
    try:
        yield
    finally:
        sys.settrace(before)


class Training:
    """A loop whose steps take the old weights' buffers over."""

    def __init__(self) -> None:
        self.w = nd.array(np.linspace(-1, 1, 1000))
        self.w.attach_grad()
        self.loss = nd.zeros(1)

    def step(self) -> None:
        with autograd.record():
            self.loss = (self.w * self.w).mean()
        self.loss.backward()
        self.w[:] = self.w - 0.1 * self.w.grad
        self.loss.asscalar()


def weights_after(steps: int) -> np.ndarray[Any, Any]:
    """w - 0.1 * 2 w / 1000, step by step."""
    return np.linspace(-1, 1, 1000) * (1 - 0.2 / 1000) ** steps


@pytest.mark.parametrize("point", ["put", "compile", "run", "ran"])
def test_a_handler_that_reads_in_the_middle_of_a_force(point: str, faulty: Any) -> None:
    """As one that saves a checkpoint when a job is told to end."""
    training, saved = Training(), []

    def save(number: int, frame: Any) -> None:
        saved.append(training.w.asnumpy())

    reached: list[str] = []

    def send(where: str) -> None:
        if where == point and len(reached) < STEPS:
            reached.append(where)
            signal.raise_signal(signal.SIGUSR1)

    faulty.fail = send
    with handling(save):
        for _ in range(STEPS):
            training.step()
    assert reached and len(saved) == len(reached)
    np.testing.assert_allclose(training.w.asnumpy(), weights_after(STEPS), rtol=1e-6, atol=1e-7)
    for found in saved:
        assert any(np.allclose(found, weights_after(n), rtol=1e-6, atol=1e-7) for n in range(STEPS + 1))


def test_finalizers_that_read_while_arrays_are_forced() -> None:
    training, read, failed = Training(), [], []

    class Meter:
        """In a cycle, so that the collector ends it, whenever that runs."""

        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            try:
                read.append((training.loss.asscalar(), training.w.asnumpy()))
            except Exception as error:
                failed.append(error)

    threshold = gc.get_threshold()
    try:
        for n in range(60):
            gc.set_threshold(15 + n)
            Meter()
            training.step()
    finally:
        gc.set_threshold(*threshold)
    assert len(read) > 30 and not failed, failed[:1]
    np.testing.assert_allclose(training.w.asnumpy(), weights_after(60), rtol=1e-5, atol=1e-6)


def test_the_collector_rests_in_the_section_alone() -> None:
    assert gc.isenabled()
    with Undivided():
        assert not gc.isenabled()
        with Undivided():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    try:
        with Undivided():
            pass
        assert not gc.isenabled(), "whoever turned it off keeps it off"
    finally:
        gc.enable()


def test_every_signal_that_is_held_back_comes() -> None:
    came: list[str] = []

    def first(number: int, frame: Any) -> None:
        came.append("first")
        raise ValueError("of the handler")

    with (
        handling(first),
        handling(lambda number, frame: came.append("second"), signal.SIGUSR2),
        pytest.raises(ValueError, match="of the handler"),
        DeferSignals(),
    ):
        signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGUSR2)
        assert not came
    assert came == ["first", "second"]


def read_elsewhere(array: nd.NDArray) -> list[Any]:
    """The values as another thread reads them; nothing where it waits for ever."""
    found: list[Any] = []
    reader = threading.Thread(target=lambda: found.append(array.asnumpy()), daemon=True)
    reader.start()
    reader.join(60)
    return found


def test_an_interrupt_at_any_line_of_compiling_leaves_no_wait(empty_cache: None) -> None:
    """Whoever wants the same program later compiles it."""
    code, line, interrupted = obtain.compile_program.__code__, 0, True
    while interrupted:
        x = nd.array([1.0, 2.0])
        y = x * 2 + (line + 2)

        def interrupt(at: int, wanted: int = line) -> None:
            if at == wanted:
                raise KeyboardInterrupt

        interrupted = False
        obtain.PROGRAMS.clear()
        try:
            with at_each_line(code, interrupt):
                y.asnumpy()
        except KeyboardInterrupt:
            interrupted = True
        found = read_elsewhere(y)
        assert found and found[0].tolist() == [line + 4, line + 6], f"after an interrupt at line {line}"
        line += 1
    assert line > 5, "the function has more lines than that"


LEAVING = """
import sys
from lazynd import nd
from lazynd.runtime.guard.leaving import _Inside
x = nd.ones(3) * 2
x.wait_to_read()
def local(frame, event, argument):
    if event == "line" and frame.f_locals.get("thread"):
        sys.settrace(None)
        raise KeyboardInterrupt
    return local
code = {_Inside.__enter__.__code__, _Inside.__exit__.__code__}
for _ in range(4):
    sys.settrace(lambda frame, event, argument: local if frame.f_code in code else None)
    try:
        x.asnumpy()
    except KeyboardInterrupt:
        print("interrupted")
    sys.settrace(None)
"""


def test_python_can_be_left_after_an_interrupt_inside_a_backend() -> None:
    done = subprocess.run([sys.executable, "-c", LEAVING], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "interrupted" in done.stdout


def test_a_read_of_a_view_while_another_thread_writes_its_base() -> None:
    x = nd.zeros((4,))
    x.wait_to_read()
    view = x[1:3]

    def write(line: int) -> None:
        if line == 0:
            sys.settrace(None)
            writer = threading.Thread(target=lambda: x.__setitem__(slice(None), x + 1))
            writer.start()
            writer.join()

    with at_each_line(_Inside.__enter__.__code__, write):
        found = view.asnumpy()
    assert found.tolist() in ([0, 0], [1, 1]), "before the write or after it"
    assert view.asnumpy().tolist() == [1, 1]
