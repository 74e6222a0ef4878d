"""Objects on their way to another process: pickled, their large arrays beside the pickle in shared memory."""

from __future__ import annotations

import array
import errno
import io
import itertools
import pickle
import socket
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from ...context import Context
from ...nd import NDArray
from ...nd.host import adopted, lent
from .batches import WORTH_SHARING
from .memory import ALIGNMENT, Segment, segment_of

Array = np.ndarray[Any, Any]
#: Of a message: the bytes of its head and of its content, and how many open files come with it.
_SIZES: Final = struct.Struct("<QQB")
_FILES: Final = array.array("i")
_CLOSED_ON_EXEC: Final = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
#: So many arrays travel in memory of their own; of more, the others are copied into one.
_MOST: Final = 32
#: An array beside a pickle: which memory it is in, where it begins, and its bytes.
Place = tuple[int, int, int]


def _rebuilt(kind: type[NDArray], values: Array, device: tuple[str, int]) -> NDArray:
    context = Context(*device)
    return kind((adopted(values) if context.device_type == "gpu" else adopted(values, context))._cell)


def _reduced(x: NDArray) -> tuple[Any, ...]:
    values = lent(x)
    if values.dtype.isbuiltin != 1:  # bfloat16, which pickle copies: its state says all
        return x.__reduce_ex__(2)  # type: ignore[return-value]
    return _rebuilt, (type(x), values, (x.context.device_type, x.context.device_id))


class _Pickler(pickle.Pickler):
    """Python's own, which refers to functions and classes by name."""

    def reducer_override(self, obj: Any) -> Any:
        return _reduced(obj) if isinstance(obj, NDArray) and obj._cell is not None else NotImplemented


def _by_value() -> Any:
    """A pickler that also takes lambdas, and what is defined in a function, in a notebook or in the script."""
    import cloudpickle  # noqa: PLC0415 - loaded when processes are wanted

    class ByValue(cloudpickle.Pickler):  # type: ignore[misc]  # which has no types
        def reducer_override(self, obj: Any) -> Any:
            if isinstance(obj, NDArray) and obj._cell is not None:
                return _reduced(obj)
            return super().reducer_override(obj)

    return ByValue


class Parcel:
    """An object, packed: a pickle, and the memory of its large arrays."""

    def __init__(self, thing: Any, by_value: bool) -> None:
        """``by_value``: functions and classes of ``__main__`` travel too; else only if they are not found by name."""
        self._kept: list[Array] = []
        file = io.BytesIO()
        if by_value:
            self._dump(thing, file, _by_value())
        else:
            try:
                self._dump(thing, file, _Pickler)
            except (pickle.PicklingError, AttributeError, TypeError):
                file = io.BytesIO()
                self._dump(thing, file, _by_value())
        self.segments: list[Segment] = []
        places = list(self._placed())
        self.body = pickle.dumps((file.getvalue(), places), protocol=5)

    def _dump(self, thing: Any, file: io.BytesIO, pickler: Callable[..., Any]) -> None:
        self._kept.clear()
        pickler(file, protocol=5, buffer_callback=self._aside).dump(thing)

    def _aside(self, buffer: pickle.PickleBuffer) -> bool:
        """Whether a buffer stays in the pickle."""
        raw = buffer.raw()
        if raw.nbytes < WORTH_SHARING:
            return True
        self._kept.append(np.frombuffer(raw, np.uint8))
        return False

    def _placed(self) -> Iterable[Place]:
        """Where each array is; those that are not in shared memory are copied there."""
        found = [segment_of(values) for values in self._kept]
        rest, size = [], 0
        for number, (values, segment) in enumerate(zip(self._kept, found, strict=True)):
            if segment is None or number >= _MOST:
                rest.append((values, size))
                size += values.nbytes + -values.nbytes % ALIGNMENT
                found[number] = None
        self.segments = [segment for segment in found if segment is not None]
        number = len(self.segments)
        if rest:
            self.segments.append(Segment(size))
            for values, offset in rest:
                self.segments[-1].array(values.shape, values.dtype, offset)[:] = values
        copied, own = iter(rest), iter(range(number))
        for values, segment in zip(self._kept, found, strict=True):
            if segment is None:
                yield number, next(copied)[1], values.nbytes
            else:
                yield next(own), 0, values.nbytes

    def send(self, connection: socket.socket, head: Any) -> None:
        """Send ``head``, which is small, and the parcel."""
        send(connection, head, self.body, [segment.descriptor for segment in self.segments])


def unpacked(content: memoryview | bytes, segments: Sequence[Segment]) -> Any:
    """The object in a parcel; what is written to its arrays nobody else sees."""
    packed, places = pickle.loads(content)
    arrays = [segments[n].array((size,), np.dtype(np.uint8), offset) for n, offset, size in places]
    return pickle.loads(packed, buffers=arrays)


def send(connection: socket.socket, head: Any, content: bytes = b"", descriptors: Sequence[int] = ()) -> None:
    """Send a message: ``head``, any small object, ``content``, and open files."""
    first = pickle.dumps(head, protocol=5)
    sizes = _SIZES.pack(len(first), len(content), len(descriptors))
    if descriptors:
        _send_files(connection, sizes, descriptors)
        sizes = b""
    connection.sendall(sizes + first + content)


def _send_files(connection: socket.socket, sizes: bytes, descriptors: Sequence[int]) -> None:
    for wait in itertools.chain((0.001, 0.01), itertools.repeat(0.1)):
        try:
            socket.send_fds(connection, [sizes], list(descriptors))
            return
        except OSError as error:
            if error.errno != errno.ETOOMANYREFS:  # so many open files are on their way, to be received first
                raise
            time.sleep(wait)


class Message(NamedTuple):
    """What ``send`` sent."""

    head: Any
    body: memoryview
    segments: list[Segment]


def receive(connection: socket.socket) -> Message | None:
    """The next message; None where the other side is gone."""
    descriptors: list[int] = []
    sizes = b""
    while len(sizes) < _SIZES.size:
        room = socket.CMSG_SPACE((_MOST + 1) * _FILES.itemsize)
        part, ancillary, _, _ = connection.recvmsg(_SIZES.size - len(sizes), room, _CLOSED_ON_EXEC)
        for level, kind, found in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                files = array.array(_FILES.typecode)
                files.frombytes(found[: len(found) - len(found) % files.itemsize])
                descriptors += files
        if not part:
            return None
        sizes += part
    first, length, count = _SIZES.unpack(sizes)
    if len(descriptors) != count:
        raise RuntimeError(f"of {count} open files {len(descriptors)} came: too many are open in this process")
    message = bytearray(first + length)
    rest = memoryview(message)
    while rest:
        got = connection.recv_into(rest)
        if not got:
            return None
        rest = rest[got:]
    whole = memoryview(message)
    return Message(pickle.loads(whole[:first]), whole[first:], list(map(Segment.received, descriptors)))
