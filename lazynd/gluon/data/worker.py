"""A process that makes batches: it computes in NumPy, never imports jax, and ends when nobody listens any more."""

from __future__ import annotations

import os
import queue
import random
import signal
import socket
import sys
import threading
import traceback
from types import TracebackType
from typing import Any

import numpy as np

from ... import nd
from ...config import config
from ...nd.np_shape import set_np_shape
from .batches import make_batch
from .parcel import Message, Parcel, receive, send, unpacked

_HERE = os.path.dirname(os.path.abspath(__file__))


def main(descriptor: int) -> None:
    """Make the batches that are asked for through the socket ``descriptor``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that listens, which ends this one
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    config.backend = "numpy"
    with socket.socket(fileno=descriptor) as connection:
        message = receive(connection)
        if message is None:
            return
        if message.head["mxnet"]:
            sys.modules["lazynd"].as_mxnet()
        set_np_shape(message.head["np_shape"])
        try:
            dataset, batchify_fn = unpacked(message.body, message.segments)
        except Exception:
            send(connection, ("unusable", traceback.format_exc().strip().splitlines()[-1]))
            return
        send(connection, ("ready", os.getpid()))
        _serve(connection, dataset, batchify_fn)


def _serve(connection: socket.socket, dataset: Any, batchify_fn: Any) -> None:
    tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
    dropped: set[int] = set()
    threading.Thread(target=_listen, args=(connection, tasks, dropped), daemon=True).start()
    while True:
        (iteration, number, seed, indices), message = tasks.get()
        if iteration in dropped:
            send(connection, ("skipped", iteration, number))
            continue
        head, parcel = _made(dataset, batchify_fn, indices, message, seed)
        parcel.send(connection, (head, iteration, number))
        del parcel  # its memory belongs to whoever receives it
        _flush()


def _listen(connection: socket.socket, tasks: queue.SimpleQueue[Any], dropped: set[int]) -> None:
    """Take tasks as they come, so that nobody waits with sending them; end with the process that sends."""
    try:
        while (message := receive(connection)) is not None:
            if len(message.head) == 1:
                dropped.update(message.head)
            else:
                tasks.put((message.head, message))
    finally:
        _flush()
        os._exit(0)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


def _made(dataset: Any, batchify_fn: Any, indices: Any, message: Message, seed: int) -> tuple[str, Parcel]:
    """What became of a task, and the batch or what was raised. All that draws begins from ``seed``."""
    try:
        if indices is None:
            indices = unpacked(message.body, message.segments)
        random.seed(seed)
        np.random.seed(seed)
        nd.random.seed(seed)
        return "batch", Parcel(make_batch(dataset, indices, batchify_fn), by_value=False)
    except BaseException as error:
        text = "".join(traceback.format_exception(type(error), error, _users(error.__traceback__)))
        try:
            return "raised", Parcel((error.with_traceback(None), text), by_value=False)
        except Exception:
            return "raised", Parcel((RuntimeError(f"{type(error).__name__}: {error}"), text), by_value=False)


def _users(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames of this package at its beginning."""
    found = trace
    while found is not None and os.path.dirname(os.path.abspath(found.tb_frame.f_code.co_filename)) == _HERE:
        found = found.tb_next
    return found or trace
