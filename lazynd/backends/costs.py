"""What it costs to interpret an operator, and what it adds to compiling: estimates, in microseconds of one core.

The figures were measured by ``tools/measure_costs.py``. They decide when a plan is compiled (``runtime/run/tiers.py``)
and so must be the same on every machine and in every run: within a factor of two is good enough.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from ..ir.flatten import flat_graph
from ..ir.graph import Graph, subgraphs
from ..ir.specialization import DRAW, Specialization
from .numpy.functions import call_of, needs_compiled


class Cost(NamedTuple):
    """Of one primitive. ``call``: of interpreting it on nothing, for each of its calls in NumPy (``_CALLS``);
    ``element``: for each unit of work (``_WORK``).

    ``compiling``: what one more of it adds to compiling a program.
    """

    call: float
    element: float
    compiling: float


#: Compiling a program without operations.
PROGRAM: Final = 33_000.0
#: The share of its cost that an equal operation costs once more in a program. XLA compiles equal kernels once, but what
#: it fuses around equal operations often differs: 0.05 for 50 equal layers, 0.5 to 0.75 in networks.
AGAIN: Final = 0.5
#: Draws read a position of their own and so are kernels of their own.
_NEVER_EQUAL: Final = {"random_bits"}
#: The usual: an elementwise operation, or one that moves its operand.
USUAL: Final = Cost(1.3, 0.0001, 1_000)
_FUNCTION: Final = Cost(2, 0.0003, 1_500)
#: More for a function that the interpreter has a compiling backend compute, in blocks.
_BLOCKS: Final = Cost(60, 0.004, 0)
_REDUCTION: Final = Cost(4, 0.0002, 25_000)
COSTS: Final[dict[str, Cost]] = {
    **dict.fromkeys(("exponential", "exponential_minus_one", "log", "log_plus_one", "sine", "cosine", "tan", "tanh",
                     "cbrt", "sinh", "cosh", "asinh", "acosh", "atanh", "atan2", "rsqrt"), _FUNCTION),
    "logistic": Cost(6, 0.0008, 4_000),
    "erf": Cost(5, 0.05, 2_000),
    "power": Cost(1.5, 0.0004, 2_000),
    "remainder": Cost(1.5, 0.001, 1_500),
    "maximum": Cost(5, 0.0006, 1_000),
    "minimum": Cost(5, 0.0006, 1_000),
    "sign": Cost(3.5, 0.0005, 1_000),
    "select": Cost(1.7, 0.0008, 1_000),
    "convert": Cost(4, 0.0005, 1_500),
    "check_index": Cost(4, 0.0002, 40_000),
    "broadcast": Cost(4, 0.0001, 600),
    "reshape": Cost(1.2, 0, 300),
    "transpose": Cost(1.2, 0, 600),
    "reverse": Cost(2.6, 0, 600),
    "slice": Cost(1.6, 0, 800),
    "stop_gradient": Cost(0, 0, 0),
    "copy": Cost(0, 0, 0),
    "constant": Cost(0, 0, 100),
    "iota": Cost(5, 0, 600),
    "reduce_sum": _REDUCTION,
    "reduce_prod": Cost(4, 0.0006, 25_000),
    "reduce_max": Cost(8, 0.0003, 25_000),
    "reduce_min": Cost(8, 0.0003, 25_000),
    "argmax": Cost(3, 0.0002, 40_000),
    "argmin": Cost(3, 0.0002, 40_000),
    "cumsum": Cost(4, 0.0015, 80_000),
    "concatenate": Cost(2, 0.0002, 6_000),
    "pad": Cost(24, 0.0004, 1_500),
    "dynamic_slice": Cost(3.4, 0, 3_000),
    "dynamic_update_slice": Cost(4, 0.0002, 10_000),
    "gather": Cost(7, 0.0007, 8_000),
    "scatter": Cost(8, 0.005, 30_000),
    "sort": Cost(5, 0.03, 25_000),
    "random_bits": Cost(75, 0.007, 80_000),
    "hash_bits": Cost(75, 0.002, 20_000),
    "dot_general": Cost(5, 0.00003, 11_000),
    "convolution": Cost(26, 0.00025, 60_000),
    "fft": Cost(10, 0.008, 25_000),
    "check_matrices": Cost(2, 0, 20_000),
    "cholesky": Cost(20, 0.00008, 60_000),
    "triangular_solve": Cost(3, 0.00003, 40_000),
    "eigh": Cost(50, 0.0004, 100_000),
    "qr": Cost(30, 0.0002, 60_000),
    "inverse": Cost(15, 0.00015, 90_000),
    "determinant": Cost(10, 0.00004, 50_000),
    "log_determinant": Cost(13, 0.00004, 60_000),
    "reduce_window_sum": Cost(7, 0.003, 25_000),
    "reduce_window_max": Cost(9, 0.003, 40_000),
    "window_argmax": Cost(9, 0.003, 40_000),
}  # fmt: skip


def _largest(spec: Specialization) -> float:
    """Elements of the largest operand or result."""
    return max([type.size for type in (*spec.in_types, *spec.out_types)], default=0)


def _products(spec: Specialization) -> float:
    a = spec.in_types[0]
    return spec.out_types[0].size * math.prod(a.shape[i] for i in spec.attributes["contract"][0])


def _convolved(spec: Specialization) -> float:
    window = spec.in_types[1]
    return spec.out_types[0].size * window.size / max(window.shape[0] * window.shape[1], 1)


def _windows(spec: Specialization) -> float:
    return spec.out_types[0].size * math.prod(spec.attributes["window"])


def _places(spec: Specialization) -> float:
    """The places of a window: NumPy is called for each."""
    return math.prod(spec.attributes["window"])


def _eliminated(spec: Specialization) -> float:
    """Elements of the matrices times their side: what functions of matrices take."""
    return spec.in_types[0].size * spec.in_types[0].shape[-1]


def _rows(spec: Specialization) -> float:
    """The rows of a triangular system: NumPy is called for each."""
    return spec.in_types[0].shape[-1]


def _solved(spec: Specialization) -> float:
    return spec.in_types[1].size * spec.in_types[0].shape[-1]


#: How many calls in NumPy a primitive is, where it is not one.
_CALLS: Final[dict[str, Callable[[Specialization], float]]] = {
    "convolution": lambda spec: math.prod(spec.in_types[1].shape[3:]),
    **dict.fromkeys(("reduce_window_sum", "reduce_window_max", "window_argmax"), _places),
    "triangular_solve": _rows,
}
#: How much there is to do, where that is not the number of elements.
_WORK: Final[dict[str, Callable[[Specialization], float]]] = {
    "dot_general": _products,
    "convolution": _convolved,
    "reduce_window_sum": _windows,
    "reduce_window_max": _windows,
    "window_argmax": _windows,
    **dict.fromkeys(("cholesky", "eigh", "qr", "inverse", "determinant", "log_determinant"), _eliminated),
    "triangular_solve": _solved,
}


def interpreting(spec: Specialization) -> float:
    """Microseconds that the interpreter takes for ``spec``."""
    return _price(spec)[0]


def compiling(specs: Iterable[Specialization]) -> float:
    """Microseconds that compiling a program of ``specs`` takes."""
    return PROGRAM + _together(specs, lambda spec: _price(spec)[1])


def _together(specs: Iterable[Specialization], price: Callable[[Specialization], float]) -> float:
    """What ``specs`` cost to compile in one program, if each costs ``price`` in one that has no other like it."""
    return sum(
        price(spec) * (times if _draws(spec) else 1 + AGAIN * (times - 1)) for spec, times in Counter(specs).items()
    )


def _draws(spec: Specialization) -> bool:
    return spec.op.name in _NEVER_EQUAL or any(slot.kind == DRAW for slot in spec.slots)


def _price(spec: Specialization) -> tuple[float, float]:
    found = spec.price
    if found is None:
        found = spec.price = _of_graph(flat_graph(spec))
    return found


def _of_graph(graph: Graph) -> tuple[float, float]:
    specs = [node.spec for node in graph.nodes if node.spec is not None]
    prices = {spec: _of_primitive(spec) for spec in set(specs)}
    return sum(prices[spec][0] for spec in specs), _together(specs, lambda spec: prices[spec][1])


def _of_primitive(spec: Specialization) -> tuple[float, float]:
    cost = COSTS.get(spec.op.name, USUAL)
    inside = [_of_graph(graph) for graph in subgraphs(spec).values()]
    if inside:
        steps = spec.attributes.get("length", spec.attributes.get("limit", 1))
        return (
            cost.call + steps * sum(run for run, _ in inside),
            cost.compiling + sum(compiled for _, compiled in inside),
        )
    run = cost.call * calls_of(spec) + cost.element * work_of(spec)
    call = call_of(spec)
    if call is not None and needs_compiled(call):
        run += _BLOCKS.call + _BLOCKS.element * work_of(spec)
    return run, cost.compiling


def calls_of(spec: Specialization) -> float:
    """How many calls of NumPy interpreting a primitive is: what ``Cost.call`` is multiplied by."""
    return _CALLS[spec.op.name](spec) if spec.op.name in _CALLS else 1


def work_of(spec: Specialization) -> float:
    """How much a primitive has to do: what ``Cost.element`` is multiplied by."""
    return _WORK.get(spec.op.name, _largest)(spec)
