"""A backend with two GPUs that are not there: NumPy underneath, buffers that know their device, calls noted.

Unlike the interpreter it refuses what a real device refuses: a buffer of another device, and one that was given up.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from lazynd.backends import NumpyBackend
from lazynd.backends.explained import Explanation
from lazynd.ir.errors import MXNetError
from lazynd.ir.graph import Graph
from lazynd.ir.types import Context

Device = tuple[str, int]


class Buffer:
    """An array in the memory of one device; ``array`` is None once a program took it over."""

    def __init__(self, array: np.ndarray[Any, Any], device: Device) -> None:
        self.array: np.ndarray[Any, Any] | None = array
        self.device = device

    def read(self) -> np.ndarray[Any, Any]:
        assert self.array is not None, "a buffer was read after it had been given up"
        return self.array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        assert self.device[0] == "cpu", "the host cannot see into the memory of a GPU"
        return np.array(self.read(), dtype=dtype)


class Executable:
    """A program of one device."""

    nbytes = 1
    kernels: Collection[int] = ()
    copies_kernels = False

    def __init__(self, backend: FakeBackend, graph: Graph, slots: int, donate: Sequence[int]) -> None:
        self.backend = backend
        self.run, _ = NumpyBackend().compile(graph, slots, (), False)
        self.donate = tuple(donate)
        devices = {ref.type.context.device for ref in (*graph.inputs, *graph.outputs)}
        assert len(devices) == 1, f"one program over several devices: {devices}"
        (self.device,) = devices

    def __call__(self, buffers: Sequence[Any], scalars: Sequence[Any]) -> list[Buffer]:
        for buffer in buffers:
            assert isinstance(buffer, Buffer) and buffer.device == self.device, (buffer, self.device)
        results = self.run([buffer.read() for buffer in buffers], scalars)
        for number in self.donate:
            buffers[number].array = None
        self.backend.runs.append(self.device)
        return [Buffer(each, self.device) for each in results]

    def explain(self, graph: Graph) -> Explanation:
        return Explanation("", (), {}, {})


class FakeBackend:
    """``gpus`` GPUs beside the host. ``compiled`` and ``runs`` list devices in order, ``moves`` (from, to)."""

    buffer_class: type = Buffer
    kernel_class: type | None = None
    function = None

    def __init__(self, gpus: int = 2, name: str = "fake") -> None:
        self.name = name
        self.gpus = gpus
        self.compiled: list[Device] = []
        self.runs: list[Device] = []
        self.moves: list[tuple[Device, Device]] = []

    def device_count(self, device_type: str) -> int:
        return self.gpus if device_type == "gpu" else 1

    def put(self, value: Any, context: Context) -> Buffer:
        device = context.device
        if device[1] >= self.device_count(device[0]):
            raise MXNetError(f"there is no device {context}")
        if isinstance(value, Buffer):
            if value.device == device:
                return value
            self.moves.append((value.device, device))
            return Buffer(np.array(value.read()), device)
        return Buffer(np.array(value), device)

    def get(self, buffer: Any) -> np.ndarray[Any, Any]:
        return np.array(buffer.read() if isinstance(buffer, Buffer) else buffer)

    def wait(self, buffer: Any) -> None:
        return None

    def finish(self) -> None:
        return None

    def copy(self, buffer: Any) -> Any:
        return Buffer(np.array(buffer.read()), buffer.device) if isinstance(buffer, Buffer) else np.array(buffer)

    def consumed(self, buffer: Any) -> bool:
        return isinstance(buffer, Buffer) and buffer.array is None

    def claimed(self) -> None:
        return None

    def compile(
        self, graph: Graph, slots: int, donate: Sequence[int], keep: bool, given_kernels: Collection[int] = ()
    ) -> tuple[Executable, bool]:
        made = Executable(self, graph, slots, donate)
        self.compiled.append(made.device)
        return made, False
