"""XLA through JAX: public API only, the host program's settings untouched."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import jax
import jax.dlpack
import numpy as np

from ...config import config
from ...ir.errors import MXNetError
from ...ir.flatten import flatten
from ...ir.graph import Graph
from ...ir.primitives.check import may_fail
from ...ir.specialization import Specialization
from ...ir.types import Context
from ..allocator import give_back
from ..fork_warning import FORK_WARNING
from . import control, convolution, matrices, sorting, special, top, window  # noqa: F401 - their lowerings and claims
from .aliasing import pairs
from .barriers import Barrier
from .channels_last import pays
from .claims import Claim, Claims, current
from .compiled import Compiled
from .contexts import compiling, concrete, neutral, prepare_lowering, read_refused
from .functions import Functions
from .kernels import AXES, NO_KERNELS, Kernel, Kernels, on_host
from .layout import find
from .lower import lower, needs_barrier
from .packing import Packing
from .persistent import Saved
from .results import await_one, finish

Array = np.ndarray[Any, Any]
#: Seconds of compiling after which what the compiler has freed is given back: that takes a tenth of a second at most.
_LONG: Final = 2.0


class XlaBackend:
    """CPU and GPU. 64-bit types are honoured in contexts of their own."""

    name = "xla"
    kernel_class: type | None = Kernel

    def __init__(self) -> None:
        self.buffer_class: type = type(None)  # known with the first buffer: jax.Array is only its interface
        self._devices: dict[str, list[Any]] = {}
        #: What owns the threads of XLA; see ``runtime/guard/fork.py``.
        self._clients: list[Any] = []
        self._saved: dict[tuple[Path, Any], Saved] = {}
        #: Functions of NumPy arrays with the bits that programs give.
        self.function = Functions(lambda graph: self.compile(graph, 0, (), keep=True)[0])

    def _device_list(self, device_type: str) -> list[Any]:
        found = self._devices.get(device_type)
        if found is None:
            platform = "cpu" if device_type.startswith("cpu") else "gpu"
            with _growing_memory(), _quiet():
                try:
                    found = list(jax.local_devices(backend=platform))
                except (RuntimeError, AssertionError):  # the latter where JAX_PLATFORMS names what is not there
                    found = []
            self._devices[device_type] = found
            self._clients += [device.client for device in found[:1]]
            FORK_WARNING.hide()
        return found

    def device_count(self, device_type: str) -> int:
        return len(self._device_list(device_type))

    def device(self, context: Context) -> Any:
        kind, number = context.device
        found = self._device_list(kind)
        if number >= len(found):
            platforms = os.environ.get("JAX_PLATFORMS")
            reason = f" (JAX_PLATFORMS is {platforms!r})" if platforms else ""
            raise MXNetError(f"there is no device {context}: jax has {len(found)} of type {kind}{reason}")
        return found[number]

    def as_kernel(self, value: Any) -> Any:
        if value.__class__ is Kernel:
            return value
        (device,) = value.devices()
        with concrete():
            return Kernel(jax.device_put(np.ascontiguousarray(np.transpose(self.view(value), AXES)), device))

    def put(self, value: Any, context: Context) -> Any:
        device = self.device(context)
        if value.__class__ is Kernel:
            value = on_host(value)
        if isinstance(value, jax.Array) and value.devices() == {device}:
            self.buffer_class = type(value)
            return value
        with concrete():
            made = jax.device_put(value, device)
        self.buffer_class = type(made)
        return made

    def get(self, buffer: Any) -> Array:
        if buffer.__class__ is Kernel:
            return on_host(buffer)
        if buffer.__class__ is not np.ndarray:
            await_one(buffer)
        if read_refused():
            with neutral():
                return np.array(buffer)
        return np.array(buffer)

    def view(self, buffer: Any) -> Array:
        if buffer.__class__ is Kernel:
            return on_host(buffer)
        if buffer.__class__ is not np.ndarray:
            await_one(buffer)
        if read_refused():
            with neutral():
                return np.asarray(buffer)
        return np.asarray(buffer)

    def wait(self, buffer: Any) -> None:
        if buffer.__class__ is not np.ndarray:
            await_one(_array(buffer))

    def finish(self) -> None:
        if not any(self._devices.values()):  # nothing has run, and asking would start jax's client
            return
        finish()

    def copy(self, buffer: Any) -> Any:
        if buffer.__class__ is Kernel:
            return Kernel(self.copy(buffer.array))
        if not isinstance(buffer, jax.Array):
            return np.array(buffer)
        with concrete():  # unlike jax.numpy.array this compiles nothing
            return jax.device_put(buffer, buffer.sharding, may_alias=False)

    def adopt(self, foreign: Any) -> Any:
        with concrete():
            return self.copy(jax.dlpack.from_dlpack(foreign)).block_until_ready()  # its owner may write from now on

    def consumed(self, buffer: Any) -> bool:
        array = _array(buffer)
        return isinstance(array, jax.Array) and array.is_deleted()

    def claimed(self) -> Claims | None:
        found = current()
        return found if found.all else None

    def compile(
        self, graph: Graph, slots: int, donate: Sequence[int], keep: bool, given_kernels: Collection[int] = ()
    ) -> tuple[Compiled, bool]:
        claims = current()
        flat = flatten(graph, claimed=claims if claims.all else None)
        present = claims.present(flat)
        n_leaves = len(flat.inputs) - slots
        device = self.device(_context_of(flat))
        turns = config.kernel_layout and device.platform == "cpu"
        kernels = find(flat, n_leaves, given_kernels) if turns else NO_KERNELS
        order = list(range(len(flat.outputs)))
        if donate:
            donate, order = pairs(flat, donate, kernels)
        # The nodes stay in their order: the compiled text numbers them by it.
        flat = Graph(flat.inputs, [flat.outputs[i] for i in order], flat.nodes, name=flat.name)
        last = config.channels_last and device.platform == "cpu" and pays(flat)
        ordered = Kernels(kernels.inputs, frozenset(i for i, number in enumerate(order) if number in kernels.outputs))
        hides = device.platform == "cpu" and needs_barrier(flat)
        packing = Packing([node.type for node in flat.inputs[n_leaves:]], hides)
        kept = [i for i in range(n_leaves + bool(packing.words)) if i not in donate]
        saved = self._saved_on(device) if keep else None
        with compiling(device):
            if device.platform == "cpu" and matrices.uses_library(flat):
                matrices.load_library()
            name = saved.name(flat, slots, donate, present, kernels, last) if saved is not None else None
            fails = may_fail(flat)
            n_outputs = len(flat.outputs) + fails
            found = saved.load(name, len(donate), len(kept), n_outputs) if saved and name else None
            if found is not None:
                executable, nbytes = found
            else:
                started = perf_counter()
                executable = _compile(flat, present, n_leaves, packing, donate, kept, device, ordered, last)
                if perf_counter() - started > _LONG and not config.retain_memory:
                    give_back()
                nbytes = saved.save(name, executable) if saved and name else 0
        needs = _needed_bytes(executable) if device.platform == "cpu" else 0
        made = Compiled(executable, donate, kept, order, fails, packing, device, needs, kernels)
        made.nbytes = nbytes or _code_bytes(executable, flat)
        made.text = executable.as_text
        return made, found is not None

    def _saved_on(self, device: Any) -> Saved | None:
        """Where programs for ``device`` are kept; None if they are not."""
        root = config.cache
        if root is None:
            return None
        found = self._saved.get((root, device))
        if found is None:
            found = self._saved.setdefault((root, device), Saved(root / "programs", device))
        return found


def _compile(
    graph: Graph,
    claims: Mapping[Specialization, Claim],
    n_leaves: int,
    packing: Packing,
    donate: Sequence[int],
    kept: Sequence[int],
    device: Any,
    kernels: Kernels,
    channels_last: bool,
) -> Any:
    def program(given: list[Any], kept_arguments: list[Any]) -> list[Any]:
        arguments: list[Any] = [None] * (len(given) + len(kept_arguments))
        for i, value in zip([*donate, *kept], [*given, *kept_arguments], strict=True):
            arguments[i] = value
        scalars = packing.unpack(arguments[n_leaves]) if packing.words else ()
        barrier = Barrier(packing.zero(arguments[n_leaves])) if packing.has_zero else None
        lowered = lower(graph, device.platform, claims, barrier, kernels, channels_last)
        results, failure = lowered.checked([*arguments[:n_leaves], *scalars])
        return results if failure is None else [*results, failure]

    sharding = jax.sharding.SingleDeviceSharding(device)

    struct: Any = jax.ShapeDtypeStruct
    leaves = []
    for number, node in enumerate(graph.inputs[:n_leaves]):
        shape = node.type.shape
        given_shape = tuple([shape[axis] for axis in AXES]) if number in kernels.inputs else shape
        leaves.append(struct(given_shape, node.type.dtype, sharding=sharding))
    if packing.words:
        leaves.append(struct((packing.words,), np.uint32, sharding=sharding))
    prepare_lowering(device)
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        jitted = jax.jit(program, donate_argnums=(0,), keep_unused=True)
        return jitted.lower([leaves[i] for i in donate], [leaves[i] for i in kept]).compile()


def _array(buffer: Any) -> Any:
    """What XLA holds of ``buffer``."""
    return buffer.array if buffer.__class__ is Kernel else buffer


def _context_of(graph: Graph) -> Context:
    for ref in (*graph.outputs, *graph.inputs):
        return ref.type.context
    raise ValueError("a program without outputs")


@contextmanager
def _growing_memory() -> Iterator[None]:
    """Around the start of jax's client: GPU memory grows as it is used, unless the user has said otherwise."""
    said = any(f"XLA_PYTHON_CLIENT_{name}" in os.environ for name in ("PREALLOCATE", "MEM_FRACTION", "ALLOCATOR"))
    if said:
        yield
        return
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    try:
        yield
    finally:
        os.environ.pop("XLA_PYTHON_CLIENT_PREALLOCATE", None)


@contextmanager
def _quiet() -> Iterator[None]:
    """Around the start of jax's client: which devices there are not is no news for a log that takes level INFO."""
    log = logging.getLogger("jax")
    if log.level != logging.NOTSET:  # the user has said what jax shall tell
        yield
        return
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(logging.NOTSET)


def _needed_bytes(executable: Any) -> int:
    """Bytes that a run takes beside its arguments, for results and what is between them; 0 where nobody knows."""
    analysis = executable.memory_analysis()
    output, temp, alias = (getattr(analysis, f"{each}_size_in_bytes", 0) for each in ("output", "temp", "alias"))
    return int(output + temp - alias)


#: Code of a program without operations, and of each primitive: fitted to serialized programs of XLA on CPU.
_BASE_BYTES, _PRIMITIVE_BYTES = 16 << 10, 1 << 10


def _code_bytes(executable: Any, graph: Graph) -> int:
    """Bytes of code: as the compiler says, where it does (a GPU), else an estimate from the number of primitives."""
    analysis = executable.memory_analysis()
    told = getattr(analysis, "generated_code_size_in_bytes", 0) + getattr(
        analysis, "host_generated_code_size_in_bytes", 0
    )
    return int(told) or _estimated_bytes(graph)


def _estimated_bytes(graph: Graph) -> int:
    return _BASE_BYTES + _PRIMITIVE_BYTES * len(graph.nodes)
