"""XLA through JAX: public API only, the host program's settings untouched."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from ...ir.errors import MXNetError
from ...ir.gradient import flatten
from ...ir.graph import Graph
from ...ir.types import Context
from .lower import lower
from .packing import Packing
from .persistent import Store

Array = np.ndarray[Any, Any]


class Compiled:
    """A compiled program and the packed scalars of its last call."""

    def __init__(self, executable: Any, packing: Packing, device: Any, nbytes: int) -> None:
        self.executable = executable
        self.packing = packing
        self.device = device
        self.nbytes = nbytes
        self._last: bytes | None = None
        self._packed: Any = None

    def __call__(self, buffers: Sequence[Any], scalars: Sequence[Any]) -> Sequence[Any]:
        if not self.packing.words:
            made: Sequence[Any] = self.executable(list(buffers))
            return made
        packed = self.packing.pack(scalars)
        raw = packed.tobytes()
        if raw != self._last:
            # A device array is worth its 20 microseconds only once: steps mostly repeat their scalars.
            self._packed = jax.device_put(packed, self.device)
            self._last = raw
        made = self.executable([*buffers, self._packed])
        return made


class XlaBackend:
    """CPU and GPU. 64-bit types are honoured in contexts of their own."""

    name = "xla"

    def __init__(self) -> None:
        self._devices: dict[str, list[Any]] = {}
        self._store: Store | None = None

    def _device_list(self, device_type: str) -> list[Any]:
        found = self._devices.get(device_type)
        if found is None:
            platform = "cpu" if device_type.startswith("cpu") else "gpu"
            # Memory is to grow as it is used, unless the user has said otherwise (read when the client starts).
            unset = "XLA_PYTHON_CLIENT_PREALLOCATE" not in os.environ
            if unset:
                os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
            try:
                found = list(jax.local_devices(backend=platform))
            except RuntimeError:
                found = []
            finally:
                if unset:
                    os.environ.pop("XLA_PYTHON_CLIENT_PREALLOCATE", None)
            self._devices[device_type] = found
        return found

    def device_count(self, device_type: str) -> int:
        return len(self._device_list(device_type))

    def device(self, context: Context) -> Any:
        kind, number = context.device
        found = self._device_list(kind)
        if number >= len(found):
            raise MXNetError(f"there is no device {context}: {len(found)} of type {kind} found")
        return found[number]

    def put(self, value: Any, context: Context) -> Any:
        device = self.device(context)
        if isinstance(value, jax.Array) and value.devices() == {device}:
            return value
        with jax.enable_x64(True):
            return jax.device_put(value, device)

    def get(self, buffer: Any) -> Array:
        return np.array(buffer)

    def wait(self, buffer: Any) -> None:
        if isinstance(buffer, jax.Array):
            buffer.block_until_ready()

    def copy(self, buffer: Any) -> Any:
        with jax.enable_x64(True):
            return jax.numpy.array(buffer, copy=True) if isinstance(buffer, jax.Array) else np.array(buffer)

    def consumed(self, buffer: Any) -> bool:
        return isinstance(buffer, jax.Array) and buffer.is_deleted()

    def compile(self, graph: Graph, slots: int, donate: Sequence[int], cache_key: str | None) -> tuple[Compiled, bool]:
        flat = flatten(graph)
        n_leaves = len(flat.inputs) - slots
        context = _context_of(flat)
        device = self.device(context)
        packing = Packing([node.type for node in flat.inputs[n_leaves:]])
        if cache_key is not None and self._store is None:
            self._store = Store(device)
        stored = self._store.load(cache_key) if cache_key is not None and self._store is not None else None
        if stored is not None:
            return Compiled(stored, packing, device, _code_bytes(stored)), True
        executable = self._compile(flat, n_leaves, packing, donate, device)
        if cache_key is not None and self._store is not None:
            self._store.save(cache_key, executable)
        return Compiled(executable, packing, device, _code_bytes(executable)), False

    def _compile(self, graph: Graph, n_leaves: int, packing: Packing, donate: Sequence[int], device: Any) -> Any:
        traced = lower(graph)
        kept = [i for i in range(n_leaves + bool(packing.words)) if i not in donate]

        def program(given: list[Any], kept_arguments: list[Any]) -> list[Any]:
            arguments: list[Any] = [None] * (len(given) + len(kept_arguments))
            for i, value in zip([*donate, *kept], [*given, *kept_arguments], strict=True):
                arguments[i] = value
            return traced([*arguments[:n_leaves], *(packing.unpack(arguments[n_leaves]) if packing.words else ())])

        sharding = jax.sharding.SingleDeviceSharding(device)

        struct: Any = jax.ShapeDtypeStruct
        types = [node.type for node in graph.inputs[:n_leaves]]
        leaves = [struct(type.shape, type.dtype, sharding=sharding) for type in types]
        if packing.words:
            leaves.append(struct((packing.words,), np.uint32, sharding=sharding))
        with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Some donated buffers were not usable")
            jitted = jax.jit(program, donate_argnums=(0,), keep_unused=True)
            compiled = jitted.lower([leaves[i] for i in donate], [leaves[i] for i in kept]).compile()

        if not donate:
            return lambda arguments: compiled([], arguments)
        donated = list(donate)
        return lambda arguments: compiled([arguments[i] for i in donated], [arguments[i] for i in kept])


def _context_of(graph: Graph) -> Context:
    for ref in (*graph.outputs, *graph.inputs):
        return ref.type.context
    raise ValueError("a program without outputs")


def _code_bytes(executable: Any) -> int:
    return 64 << 10
