"""Compiled programs as the runtime calls them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import jax
import numpy as np

from ...ir.graph import Graph
from ..explained import Cluster, Explanation
from ..hlo import clusters_in, parse_module
from ..memory import NOTEWORTHY, require_memory
from .checks import error_of
from .contexts import concrete, disturbed, neutral, undisturbed
from .kernels import NO_KERNELS, Kernel, Kernels, on_host
from .numbers import check
from .packing import Packing
from .results import await_all, await_one, finish, told


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
        kernels: Kernels = NO_KERNELS,
    ) -> None:
        self.executable = executable
        #: The numbers of the inputs that are kernels of convolutions, and of the outputs.
        self.kernels = kernels.inputs
        self._made_kernels = kernels.outputs
        self.copies_kernels = False
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
        plenty = self.needs < NOTEWORTHY or require_memory(self.needs, finish)
        arguments = list(buffers)
        if Kernel in set(map(type, arguments)):
            arguments = [self._read(number, each) for number, each in enumerate(buffers)]
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
        if self._made_kernels:
            return [Kernel(each) if number in self._made_kernels else each for number, each in enumerate(made)]
        return made

    def _read(self, number: int, buffer: Any) -> Any:
        """Argument ``number`` as the executable takes it. A kernel that it takes for an array is copied for it."""
        if buffer.__class__ is not Kernel:
            return buffer
        if number in self.kernels:
            return buffer.array
        self.copies_kernels = True
        return on_host(buffer)

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
            failure = np.asarray(made[-1]).tolist()
        if failure[0]:
            raise error_of(failure)
        return made[:-1]


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
