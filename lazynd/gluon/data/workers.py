"""What makes batches beside the program: processes that share no thread, lock or library with it; or threads."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
import weakref
from collections.abc import Sequence
from concurrent import futures
from typing import Any, Final, Protocol

from ...nd.np_shape import is_np_shape
from .batches import are_numbers, make_batch
from .memory import AVAILABLE
from .parcel import Message, Parcel, receive, send, unpacked

logger: Final = logging.getLogger("lazynd")


class Unusable(Exception):
    """Processes cannot be used, for the reason in the text."""


class Source(Protocol):
    """Makes batches; each belongs to an iteration, and has a number there."""

    @property
    def alive(self) -> bool:
        """Whether it can make more."""

    def submit(self, iteration: int, number: int, indices: Sequence[Any], seed: int) -> None:
        """Have a batch made."""

    def result(self, iteration: int, number: int, timeout: float) -> Any:
        """The batch, or what making it raised; ``multiprocessing.TimeoutError`` after ``timeout`` seconds."""

    def drop(self, iteration: int) -> None:
        """What is left of an iteration is not wanted."""

    def close(self) -> None:
        """End what makes batches."""


class WorkerTraceback(Exception):
    """Where in a worker something was raised."""

    def __str__(self) -> str:
        return f'\n"""\n{self.args[0]}"""'


def late(timeout: float) -> Exception:
    return multiprocessing.TimeoutError(
        f"a worker of the DataLoader has not made its batch in {timeout:g} seconds: a transform is slow, or waits for "
        "what never comes. timeout=... waits longer"
    )


# ------------------------------------------------------------------------------------------------------ processes


class _Worker:
    """A process and the socket to it; how many batches it has yet to make."""

    def __init__(self, setup: Parcel, told: dict[str, Any]) -> None:
        self.connection, theirs = socket.socketpair()
        self.left = 0
        try:
            with theirs:
                self.process = _started(theirs.fileno())
        except BaseException:
            self.connection.close()
            raise
        try:
            setup.send(self.connection, told)
        except BaseException:
            _end([self], os.getpid())
            raise


#: Libraries of linear algebra start as many threads as there are cores, unless they are told; the workers are several.
_THREADS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def _started(descriptor: int) -> subprocess.Popen[bytes]:
    """A new Python, neither forked from this one nor told to run its script again."""
    path = [entry for entry in sys.path if isinstance(entry, str)]
    program = f"import sys; sys.path[:] = {path!r}; from lazynd.gluon.data.worker import main; main({descriptor})"
    options = [f"-W{option}" for option in sys.warnoptions]
    environment = {**dict.fromkeys(_THREADS, "1"), **os.environ}
    # It begins with interrupts blocked: Ctrl-C in a terminal is sent to every process there.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        return subprocess.Popen(
            [sys.executable, *options, "-c", program],
            stdin=subprocess.DEVNULL, pass_fds=[descriptor], env=environment,
        )  # fmt: skip
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(workers: list[_Worker], owner: int) -> None:
    """End processes; in a process that was forked from the one that started them, forget them."""
    for worker in workers:
        worker.connection.close()
        if os.getpid() == owner:
            worker.process.terminate()
        else:
            worker.process.returncode = 0  # it is not this process's to wait for
    for worker in workers:
        try:
            worker.process.wait(5)
        except subprocess.TimeoutExpired:  # it handles the signal
            worker.process.kill()
            worker.process.wait()
    workers.clear()


class Processes:
    """Batches of a dataset made by ``count`` processes, which end with this object, or with the program.

    Raises ``Unusable`` where there can be none, or what they need cannot be sent; so does ``result``, where it cannot
    be received there.
    """

    def __init__(self, dataset: Any, batchify_fn: Any, count: int) -> None:
        if not AVAILABLE or not sys.executable:
            raise Unusable("this system has none that could be used")
        try:
            setup = Parcel((dataset, batchify_fn), by_value=True)
        except Exception as error:
            raise Unusable(f"{type(error).__name__}: {error}") from error
        told = {"mxnet": sys.modules.get("mxnet") is sys.modules["lazynd"], "np_shape": is_np_shape()}
        self._workers: list[_Worker] = []
        self._results: dict[tuple[int, int], tuple[str, Message]] = {}
        self._dropped: set[int] = set()
        self._given: dict[tuple[int, int], _Worker] = {}
        self._owner = os.getpid()
        self._finalizer = weakref.finalize(self, _end, self._workers, self._owner)
        try:
            for _ in range(count):
                self._workers.append(_Worker(setup, told))
        except OSError as error:
            self.close()
            raise Unusable(f"starting one failed: {error}") from error
        except BaseException:
            self.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether the processes are there, and are this process's."""
        return self._finalizer.alive and self._owner == os.getpid()

    def submit(self, iteration: int, number: int, indices: Sequence[Any], seed: int) -> None:
        worker = min(self._workers, key=lambda each: each.left)
        worker.left += 1
        self._given[iteration, number] = worker
        try:
            if are_numbers(indices):
                send(worker.connection, (iteration, number, seed, indices))
            else:  # whatever a sampler of the user's gives
                Parcel(indices, by_value=True).send(worker.connection, (iteration, number, seed, None))
        except OSError:
            raise self._died(worker) from None

    def result(self, iteration: int, number: int, timeout: float) -> Any:
        end = time.monotonic() + timeout
        while (found := self._results.pop((iteration, number), None)) is None:
            left = end - time.monotonic()
            if left <= 0:
                raise late(timeout)
            self._receive(left)
        kind, message = found
        made = unpacked(message.body, message.segments)
        if kind == "batch":
            return made
        error, text = made
        raise error from WorkerTraceback(text)

    def _receive(self, timeout: float) -> None:
        """Take what the workers have sent, waiting if need be."""
        with selectors.DefaultSelector() as selector:
            for worker in self._workers:
                selector.register(worker.connection, selectors.EVENT_READ, worker)
            for key, _ in selector.select(timeout):
                self._take(key.data)

    def _take(self, worker: _Worker) -> None:
        try:
            message = receive(worker.connection)
        except ConnectionError:
            message = None
        if message is None:
            raise self._died(worker)
        kind, *rest = message.head
        if kind == "unusable":
            raise Unusable(rest[0])
        if kind == "ready":
            return
        iteration, number = rest
        key = (iteration, number)
        worker.left -= 1
        del self._given[key]
        if iteration in self._dropped:
            if not any(each == iteration for each, _ in self._given):
                self._dropped.discard(iteration)
        else:
            self._results[key] = kind, message

    def _died(self, worker: _Worker) -> Exception:
        try:
            code = worker.process.wait(5)
        except subprocess.TimeoutExpired:
            return RuntimeError(f"worker {worker.process.pid} of the DataLoader has closed its connection")
        what = f"ended with exit code {code}"
        if code < 0:
            what = f"was ended by {signal.Signals(-code).name}"
            if -code == signal.SIGKILL:
                what += ", which the system sends when memory runs out"
        return RuntimeError(f"worker {worker.process.pid} of the DataLoader {what}")

    def drop(self, iteration: int) -> None:
        for key in [key for key in self._results if key[0] == iteration]:
            del self._results[key]
        at_work = {id(worker): worker for (each, _), worker in self._given.items() if each == iteration}
        if at_work:
            self._dropped.add(iteration)
        for worker in at_work.values():
            with contextlib.suppress(OSError):  # whoever asks it for a batch will see that it is gone
                send(worker.connection, (iteration,))

    def close(self) -> None:
        self._finalizer()


# -------------------------------------------------------------------------------------------------------- threads


class Threads:
    """Batches of a dataset made by ``count`` threads of this process."""

    def __init__(self, dataset: Any, batchify_fn: Any, count: int) -> None:
        self._dataset = dataset
        self._batchify_fn = batchify_fn
        self._owner = os.getpid()
        self._pool = futures.ThreadPoolExecutor(count, "DataLoader")
        self._results: dict[tuple[int, int], futures.Future[Any]] = {}
        weakref.finalize(self, self._pool.shutdown, wait=False, cancel_futures=True)

    @property
    def alive(self) -> bool:
        return self._owner == os.getpid()

    def submit(self, iteration: int, number: int, indices: Sequence[Any], seed: int) -> None:
        future = self._pool.submit(make_batch, self._dataset, indices, self._batchify_fn)
        self._results[iteration, number] = future

    def result(self, iteration: int, number: int, timeout: float) -> Any:
        future = self._results.pop((iteration, number))
        if not futures.wait([future], timeout).done:
            raise late(timeout)
        return future.result()

    def drop(self, iteration: int) -> None:
        for key in [key for key in self._results if key[0] == iteration]:
            self._results.pop(key).cancel()

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
