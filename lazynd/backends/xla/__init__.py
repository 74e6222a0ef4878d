"""XLA through JAX: public API only, the host program's settings untouched."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import jax
import jax.dlpack
import numpy as np

from ...config import config
from ...ir.errors import MXNetError, OutOfBounds
from ...ir.flatten import flatten
from ...ir.graph import Graph
from ...ir.primitives.check import may_fail
from ...ir.specialization import Specialization
from ...ir.types import Context
from ..explained import Cluster, Explanation
from ..fork_warning import FORK_WARNING
from ..hlo import clusters_in, parse_module
from ..memory import NOTEWORTHY, require_memory
from . import control, convolution, sorting, special, top, window  # noqa: F401 - their lowerings and claims
from .aliasing import output_order
from .barriers import Barrier
from .claims import Claim, Claims, current
from .contexts import compiling, concrete, disturbed, neutral, prepare_lowering, read_refused, undisturbed
from .functions import Functions
from .lower import lower, needs_barrier
from .numbers import check
from .packing import Packing
from .persistent import Saved
from .results import await_all, await_one, told

Array = np.ndarray[Any, Any]


class Compiled:
    """A compiled program as the runtime calls it: with all its buffers in order, and its scalars as numbers.

    ``executable`` takes the buffers that it consumes, those with the numbers ``donated``, apart from the others, those
    with the numbers ``kept``. It gives its outputs in the ``order`` in which they take over the consumed buffers, and
    after them, if the program ``may_fail``, its first failure.
    """

    def __init__(
        self,
        executable: Any,
        donated: Sequence[int],
        kept: Sequence[int],
        order: Sequence[int],
        may_fail: bool,
        packing: Packing,
        device: Any,
        needs: int,
    ) -> None:
        self.executable = executable
        #: Bytes of the host's memory that a run takes for results and what is between them.
        self.needs = needs
        #: The compiled text, for tools.
        self.text: Callable[[], str] = str
        self.packing = packing
        self.device = device
        self.nbytes = 0
        self._donated = donated
        self._kept = kept
        self._may_fail = may_fail
        #: Where each output stands among those of ``executable``.
        self._places = sorted(range(len(order)), key=order.__getitem__)
        #: The packed scalars of the last call, and from the second call with them on as a buffer on the device.
        self._last: bytes | None = None
        self._packed: Any = None

    def __call__(self, buffers: Sequence[Any], scalars: Sequence[Any]) -> Sequence[Any]:
        plenty = self.needs < NOTEWORTHY or require_memory(self.needs, _finish)
        arguments = list(buffers)
        if self.packing.words:
            arguments.append(self._numbers(scalars))
        given = list(map(arguments.__getitem__, self._donated))
        kept = list(map(arguments.__getitem__, self._kept))
        try:
            if disturbed():
                with neutral():
                    made = self.executable(given, kept)
            else:
                made = self.executable(given, kept)
            if self._may_fail:
                made = self._checked(made)
        except jax.errors.JaxRuntimeError as error:
            raise told(error) from error
        if given:
            made = list(map(made.__getitem__, self._places))
        if not plenty:
            await_all(made)  # if it fails, then now, when what it should compute is pending still
        return made

    def explain(self, graph: Graph) -> Explanation:
        text = self.text()
        module = parse_module(text)
        clusters: Sequence[Cluster] = ()
        with suppress(ValueError):
            check(module, graph)
            clusters = clusters_in(module)
        return Explanation(text, clusters, _memory(self.executable), _cost(self.executable))

    def _numbers(self, scalars: Sequence[Any]) -> Any:
        """``scalars`` packed: the last argument of the program."""
        raw = self.packing.pack(scalars)
        if raw != self._last:  # handed over from the host, which is quicker than a device array used once
            self._last, self._packed = raw, None
            return np.frombuffer(raw, np.uint32)
        if self._packed is None:  # steps mostly repeat their scalars
            with concrete():
                self._packed = jax.device_put(np.frombuffer(raw, np.uint32), self.device)
        return self._packed

    def _checked(self, made: Sequence[Any]) -> Sequence[Any]:
        """The outputs in ``made``, or the failure behind them: waited for, since a failed program gives no values."""
        await_one(made[-1])
        with undisturbed():
            failed, index, axis, extent = np.asarray(made[-1])
        if failed:
            raise OutOfBounds(index, int(axis), int(extent))
        return made[:-1]


class XlaBackend:
    """CPU and GPU. 64-bit types are honoured in contexts of their own."""

    name = "xla"

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
            with _growing_memory():
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

    def put(self, value: Any, context: Context) -> Any:
        device = self.device(context)
        if isinstance(value, jax.Array) and value.devices() == {device}:
            return value
        with concrete():
            made = jax.device_put(value, device)
        self.buffer_class = type(made)
        return made

    def get(self, buffer: Any) -> Array:
        if buffer.__class__ is not np.ndarray:
            await_one(buffer)
        if read_refused():
            with neutral():
                return np.array(buffer)
        return np.array(buffer)

    def view(self, buffer: Any) -> Array:
        if buffer.__class__ is not np.ndarray:
            await_one(buffer)
        if read_refused():
            with neutral():
                return np.asarray(buffer)
        return np.asarray(buffer)

    def wait(self, buffer: Any) -> None:
        if buffer.__class__ is not np.ndarray:
            await_one(buffer)

    def finish(self) -> None:
        if not any(self._devices.values()):  # nothing has run, and asking would start jax's client
            return
        _finish()

    def copy(self, buffer: Any) -> Any:
        if not isinstance(buffer, jax.Array):
            return np.array(buffer)
        with concrete():  # unlike jax.numpy.array this compiles nothing
            return jax.device_put(buffer, buffer.sharding, may_alias=False)

    def adopt(self, foreign: Any) -> Any:
        with concrete():
            return self.copy(jax.dlpack.from_dlpack(foreign)).block_until_ready()  # its owner may write from now on

    def consumed(self, buffer: Any) -> bool:
        return isinstance(buffer, jax.Array) and buffer.is_deleted()

    def claimed(self) -> Claims | None:
        found = current()
        return found if found.all else None

    def compile(self, graph: Graph, slots: int, donate: Sequence[int], keep: bool) -> tuple[Compiled, bool]:
        claims = current()
        flat = flatten(graph, claimed=claims if claims.all else None)
        present = claims.present(flat)
        order = output_order(flat, donate) if donate else list(range(len(flat.outputs)))
        # The nodes stay in their order: the compiled text numbers them by it.
        flat = Graph(flat.inputs, [flat.outputs[i] for i in order], flat.nodes, name=flat.name)
        n_leaves = len(flat.inputs) - slots
        device = self.device(_context_of(flat))
        hides = device.platform == "cpu" and needs_barrier(flat)
        packing = Packing([node.type for node in flat.inputs[n_leaves:]], hides)
        kept = [i for i in range(n_leaves + bool(packing.words)) if i not in donate]
        saved = self._saved_on(device) if keep else None
        with compiling(device):
            name = saved.name(flat, slots, donate, present) if saved is not None else None
            fails = may_fail(flat)
            n_outputs = len(flat.outputs) + fails
            found = saved.load(name, len(donate), len(kept), n_outputs) if saved and name else None
            if found is not None:
                executable, nbytes = found
            else:
                executable = _compile(flat, present, n_leaves, packing, donate, kept, device)
                nbytes = saved.save(name, executable) if saved and name else 0
        needs = _needed_bytes(executable) if device.platform == "cpu" else 0
        made = Compiled(executable, donate, kept, order, fails, packing, device, needs)
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
) -> Any:
    def program(given: list[Any], kept_arguments: list[Any]) -> list[Any]:
        arguments: list[Any] = [None] * (len(given) + len(kept_arguments))
        for i, value in zip([*donate, *kept], [*given, *kept_arguments], strict=True):
            arguments[i] = value
        scalars = packing.unpack(arguments[n_leaves]) if packing.words else ()
        barrier = Barrier(packing.zero(arguments[n_leaves])) if packing.has_zero else None
        lowered = lower(graph, device.platform, claims, barrier)
        results, failure = lowered.checked([*arguments[:n_leaves], *scalars])
        return results if failure is None else [*results, failure]

    sharding = jax.sharding.SingleDeviceSharding(device)

    struct: Any = jax.ShapeDtypeStruct
    types = [node.type for node in graph.inputs[:n_leaves]]
    leaves = [struct(type.shape, type.dtype, sharding=sharding) for type in types]
    if packing.words:
        leaves.append(struct((packing.words,), np.uint32, sharding=sharding))
    prepare_lowering(device)
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        jitted = jax.jit(program, donate_argnums=(0,), keep_unused=True)
        return jitted.lower([leaves[i] for i in donate], [leaves[i] for i in kept]).compile()


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


def _finish() -> None:
    """Until all that was dispatched is computed; then raises the first failure."""
    await_all(jax.live_arrays())  # type: ignore[no-untyped-call]  # jax has no types for it


def _needed_bytes(executable: Any) -> int:
    """Bytes that a run takes beside its arguments, for results and what is between them; 0 where nobody knows."""
    analysis = executable.memory_analysis()
    output, temp, alias = (getattr(analysis, f"{each}_size_in_bytes", 0) for each in ("output", "temp", "alias"))
    return int(output + temp - alias)


#: What a compiler tells of the memory of a program, in bytes.
_MEMORY: Final = ("argument", "output", "temp", "alias", "generated_code")


def _memory(executable: Any) -> dict[str, int]:
    """Bytes by what they are for, as far as the compiler tells."""
    analysis = executable.memory_analysis()
    told = {each: getattr(analysis, f"{each}_size_in_bytes", None) for each in _MEMORY}
    return {name: int(count) for name, count in told.items() if count is not None}


def _cost(executable: Any) -> dict[str, float]:
    """What the compiler's own count of the work is, in total."""
    try:
        found = executable.cost_analysis()
    except Exception:  # not every backend has one
        return {}
    listed = found if isinstance(found, list) else [found]
    each = listed[0] if listed else None
    return {name: float(each[name]) for name in ("flops", "transcendentals", "bytes accessed") if each and name in each}


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
