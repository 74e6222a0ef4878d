"""What a backend offers the runtime: devices, buffers, and compiled graphs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, Protocol

import numpy as np

from ..ir.graph import Graph
from ..ir.primitives.compare import by_way_of, truncated
from ..ir.specialization import Specialization
from ..ir.types import Context, Type, is_floating
from .explained import Explanation

Buffer = Any

#: Primitives whose results are rounded as whoever computes them does it, where all others leave no choice: of these,
#: two backends agree bit for bit only where both call the same function (``xla/functions.py``). Integers leave none.
FUNCTIONS: Final = frozenset((
    "exponential", "log", "log_plus_one", "exponential_minus_one", "tanh", "logistic", "sine", "cosine", "tan", "erf",
    "sinh", "cosh", "asinh", "acosh", "atanh", "cbrt", "power", "atan2",
))  # fmt: skip
#: Of float32 arrays with up to so many elements, every backend on the host computes them in double precision and rounds
#: once, and so of half precision. Small arrays are those that people print and compare, and for them it costs nothing;
#: larger ones would take two to sixty times as long. docs/differences.md and docs/performance.md tell what it does and
#: costs.
EXACT_SIZE: Final = 1024


class Executable(Protocol):
    """A compiled graph."""

    #: Bytes of code and constants, for the bound on the program cache.
    nbytes: int

    #: Whether it has got kernels that it does not read as such, and copied them.
    copies_kernels: bool

    @property
    def kernels(self) -> Collection[int]:
        """The numbers of the buffers that it reads as kernels: others are turned into kernels first, and stay so."""

    def __call__(self, buffers: Sequence[Buffer], scalars: Sequence[Any]) -> Sequence[Buffer]:
        """Run on the buffers of the graph's leading inputs and the numbers for its slots; may return at once."""

    def explain(self, graph: Graph) -> Explanation:
        """What it consists of; ``graph`` is equal to the one that was compiled. Runs nothing.

        Without clusters if ``graph`` is another one: then nobody knows which nodes they are of.
        """


class OwnFunctions(Protocol):
    """``FUNCTIONS`` of NumPy arrays, with the bits that a backend's programs give."""

    def __call__(self, name: str, *arrays: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The function ``name`` of arrays of one type: float64, or float32 with more than ``EXACT_SIZE`` elements."""

    def ready(self, name: str, dtype: np.dtype[Any], count: int) -> bool:
        """Whether ``count`` numbers of ``dtype`` can be computed without compiling anything."""

    def prepare(self, name: str, dtype: np.dtype[Any], count: int) -> None:
        """Compile what computing ``count`` numbers of ``dtype`` needs."""


class Backend(Protocol):
    """How graphs run. Buffers are opaque to the runtime, but NumPy arrays are accepted everywhere."""

    name: str
    #: The class of what ``put`` gives. Such a buffer is on the device of its value's context and needs no ``put``.
    #: The class of the buffers in which a backend keeps kernels of convolutions, in an order of axes of its own; these
    #: too need no ``put``. None if it has none.
    kernel_class: type | None
    buffer_class: type
    #: Its own ``FUNCTIONS``; None if it has none, and NumPy's will do.
    function: OwnFunctions | None

    def device_count(self, device_type: str) -> int: ...

    def put(self, value: Buffer, context: Context) -> Buffer:
        """``value`` on the device of ``context``; a NumPy array is given away by the caller."""

    def as_kernel(self, buffer: Buffer) -> Buffer:
        """``buffer``, which ``put`` or a program gave, as one of ``kernel_class``."""

    def get(self, buffer: Buffer) -> np.ndarray[Any, Any]:
        """A private, writable copy on the host; waits for it."""

    def view(self, buffer: Buffer) -> np.ndarray[Any, Any]:
        """Its values on the host, not to be written: shared with the buffer where it lies there; waits for it."""

    def wait(self, buffer: Buffer) -> None:
        """Until ``buffer`` is computed."""

    def finish(self) -> None:
        """Until everything that was dispatched is computed; then raises the first failure."""

    def copy(self, buffer: Buffer) -> Buffer:
        """Another buffer of the same content."""

    def adopt(self, foreign: Any) -> Buffer:
        """A private buffer of the values of an object with ``__dlpack__``, on the device where they are."""

    def consumed(self, buffer: Buffer) -> bool:
        """Whether a program reused the memory of ``buffer``, whose values are gone then."""

    def claimed(self) -> Callable[[Specialization], bool] | None:
        """Which operators the backend runs as a whole, in its own way, so that ``expand`` leaves them; None for none.

        The same object as long as the answers are the same.
        """

    def compile(
        self, graph: Graph, slots: int, donate: Sequence[int], keep: bool, given_kernels: Collection[int] = ()
    ) -> tuple[Executable, bool]:
        """``graph``, whose last ``slots`` inputs are scalars, compiled. Also says whether it came from the disk.

        The caller gives up the buffers of the inputs ``donate``: results may reuse their memory. ``keep``: the program
        may be taken from the persistent cache and put there. ``given_kernels``: the inputs whose buffers are kernels.
        """


def cast_scalar(value: Any, type: Type) -> Any:
    """A Python number cast to an array's dtype as MXNet does it: it becomes a double first.

    An int keeps all of its digits where the dtype holds it, or the wider integer does by way of which MXNet casts.
    """
    dtype = type.dtype
    if is_floating(dtype):
        with np.errstate(all="ignore"):
            return dtype.type(value)
    if dtype.kind == "b":
        return np.bool_(value)
    if isinstance(value, int) and (_holds(dtype, value) or _holds(by_way_of(dtype), value)):
        return np.asarray(value, dtype if _holds(dtype, value) else by_way_of(dtype)).astype(dtype)[()]
    return truncated(np.asarray(value, np.float64), dtype)[()]


def _holds(dtype: np.dtype[Any], value: int) -> bool:
    limits = np.iinfo(dtype)
    return bool(limits.min <= value <= limits.max)
