"""Measure the table of ``lazynd/backends/costs.py``: what interpreting and compiling each primitive costs.

    python tools/measure_costs.py            # prints a table to put there
    python tools/measure_costs.py add sort   # of these alone

In CPU time, on a machine that does nothing else. Figures are rounded to two digits; a factor of two does no harm.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lazynd.backends import get_backend
from lazynd.backends.costs import calls_of, work_of
from lazynd.backends.numpy.steps import Steps
from lazynd.backends.numpy.threads import Threads
from lazynd.ir.graph import Graph, graph_of
from lazynd.ir.node import Node, Output, apply, leaf, outputs
from lazynd.ir.primitive import PRIMITIVES, Primitive
from lazynd.ir.primitives.elementwise import Binary, Unary
from lazynd.ir.primitives.reduce import Reduction
from lazynd.ir.specialization import Specialization
from lazynd.ir.types import CPU, Type

Case = tuple[Sequence[Any], dict[str, Any]]
SMALL, LARGE = 8, 256  # the sides of square arrays
COPIES = 9


def floats(*shape: int) -> Any:
    return np.random.default_rng(0).uniform(0.2, 0.9, shape).astype("float32")


def definite(n: int) -> Any:
    """A positive definite matrix."""
    x = floats(n, n)
    return x @ x.T + n * np.eye(n, dtype="float32")


def indices(n: int) -> Any:
    return (np.arange(n * n, dtype="int32") * 7 % n).reshape(n, n)


def window(n: int) -> dict[str, Any]:
    return {"window": (1, 1, 3, 3), "strides": (1, 1, 1, 1), "low": (0, 0, 1, 1), "high": (0, 0, 1, 1)}


ONES = (1, 1)
#: Operands and attributes of a primitive for arrays of n x n elements, where its family does not say.
CASES: dict[str, Callable[[int], Case]] = {
    "select": lambda n: ((floats(n, n) > 0.5, floats(n, n), floats(n, n)), {}),
    "convert": lambda n: ((floats(n, n),), {"dtype": np.dtype("int32")}),
    "bitcast_convert": lambda n: ((floats(n, n),), {"dtype": np.dtype("int32")}),
    "check_index": lambda n: ((indices(n),), {"axis": 0, "extent": n, "negative": False}),
    "check_matrices": lambda n: ((floats(n, n), np.zeros(1, bool)), {"fault": "singular"}),
    **dict.fromkeys(
        ("cholesky", "eigh", "qr", "inverse", "determinant", "log_determinant"), lambda n: ((definite(n),), {})
    ),
    "triangular_solve": lambda n: ((definite(n), floats(n, n)), {"lower": True, "transpose": False}),
    "broadcast": lambda n: ((floats(n),), {"shape": (n, n), "axes": (0,)}),
    "reshape": lambda n: ((floats(n, n),), {"shape": (n * n,)}),
    "transpose": lambda n: ((floats(n, n),), {"axes": (1, 0)}),
    "reverse": lambda n: ((floats(n, n),), {"axes": (0,)}),
    "concatenate": lambda n: ((floats(n, n), floats(n, n)), {"axis": 0}),
    "pad": lambda n: ((floats(n, n), np.float32(0)), {"low": ONES, "high": ONES, "interior": (0, 0)}),
    "slice": lambda n: ((floats(n, n),), {"start": ONES, "limit": (n, n), "strides": ONES}),
    "dynamic_slice": lambda n: ((floats(n, n), np.int32(1), np.int32(1)), {"sizes": (n - 1, n - 1)}),
    "dynamic_update_slice": lambda n: ((floats(n, n), floats(n - 1, n - 1), np.int32(1), np.int32(1)), {}),
    "gather": lambda n: ((floats(n, 1), indices(n)), {"axes": (0,)}),
    "scatter": lambda n: ((floats(n, 1), floats(n, n, 1), indices(n)), {"axes": (0,), "mode": "add"}),
    "sort": lambda n: ((floats(n, n),), {"axis": 1}),
    "argmax": lambda n: ((floats(n, n),), {"axis": 1, "dtype": np.dtype("float32")}),
    "argmin": lambda n: ((floats(n, n),), {"axis": 1, "dtype": np.dtype("float32")}),
    "cumsum": lambda n: ((floats(n, n),), {"axis": 1, "backwards": False}),
    "iota": lambda n: ((), {"shape": (n, n), "axis": 0, "dtype": np.dtype("float32"), "context": CPU}),
    "random_bits": lambda n: ((np.uint32(1), np.uint32(2)), {"shape": (n, n)}),
    "hash_bits": lambda n: ((np.uint32(1), np.uint32(2)), {"shape": (n, n)}),
    "dot_general": lambda n: ((floats(n, n), floats(n, n)), {"contract": ((1,), (0,)), "batch": ((), ())}),
    "convolution": lambda n: (
        (floats(4, 1, 8, n // 4, n // 4), floats(1, 16, 8, 3, 3)),
        {"strides": ONES, "low": ONES, "high": ONES, "spread": ONES, "dilation": ONES},
    ),
    "fft": lambda n: ((floats(n, n, 2),), {"inverse": False}),
    "reduce_window_sum": lambda n: ((floats(1, 1, n, n),), {**window(n), "spread": (1, 1, 1, 1)}),
    "reduce_window_max": lambda n: ((floats(1, 1, n, n),), window(n)),
    "window_argmax": lambda n: ((floats(1, 1, n, n),), window(n)),
}


def case_of(primitive: Primitive, n: int) -> Case | None:
    if primitive.name in CASES:
        return CASES[primitive.name](n)
    dtype = "float32" if "f" in primitive.kinds else "uint32"
    x = (floats(n, n) * (1 if dtype == "float32" else 30)).astype(dtype)
    if isinstance(primitive, Unary):
        return (x + (1 if primitive.name == "acosh" else 0),), {}
    if isinstance(primitive, Binary):
        return (x, x), {}
    return ((x,), {"axes": (1,)}) if isinstance(primitive, Reduction) else None


def specialization(primitive: Primitive, case: Case) -> Specialization:
    types = tuple(Type(np.shape(x), np.asarray(x).dtype) for x in case[0])
    return primitive.specialize(types, case[1])


def seconds(function: Callable[[], Any]) -> float:
    """CPU seconds of a call: the least of several rounds."""
    function()
    started, times = time.process_time(), 1
    while time.process_time() - started < 0.01:
        function()
        times += 1
    best = float("inf")
    for _ in range(7):
        started = time.process_time()
        for _ in range(times):
            function()
        best = min(best, (time.process_time() - started) / times)
    return best


def interpreting(primitive: Primitive, n: int) -> tuple[float, float]:
    """Microseconds of a call, and how much it had to do."""
    case = case_of(primitive, n)
    assert case is not None
    spec = specialization(primitive, case)
    steps, operands = Steps(graph_of(spec)), [np.asarray(x) for x in case[0]]
    with np.errstate(all="ignore"), Threads():
        return seconds(lambda: steps(operands)) * 1e6, work_of(spec)


def compiling(spec: Specialization, copies: int) -> float:
    """Microseconds to compile ``copies`` of ``spec``, each on operands of its own."""
    inputs: list[Node] = []
    made: list[Node | Output] = []
    for _ in range(copies):
        mine = [leaf(type) for type in spec.in_types]
        inputs += mine
        made += outputs(apply(spec, mine))
    graph, backend = Graph(inputs, made), get_backend("xla")
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        backend.compile(graph, 0, (), False)
        best = min(best, time.process_time() - started)
    return best * 1e6


def measured(primitive: Primitive) -> tuple[float, float, float, float]:
    """A call of NumPy on little, each unit of work, one more in a program, and a program of one, in microseconds."""
    (low, little), (high, much) = interpreting(primitive, SMALL), interpreting(primitive, LARGE)
    case = case_of(primitive, 24)
    assert case is not None
    spec = specialization(primitive, case)
    alone, together = compiling(spec, 1), compiling(spec, COPIES)
    each = max(high - low, 0.0) / max(much - little, 1)
    return max(low - each * little, 0.1) / calls_of(spec), each, max(together - alone, 0.0) / (COPIES - 1), alone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="primitives; all by default")
    for name in parser.parse_args().names or PRIMITIVES:
        primitive = PRIMITIVES[name]
        if primitive.nests or case_of(primitive, SMALL) is None:
            print(f"# {name}: not measured")
            continue
        call, each, more, alone = measured(primitive)
        print(f'    "{name}": Cost({call:.2g}, {each:.2g}, {more:.2g}),  # alone {alone:.2g}', flush=True)


if __name__ == "__main__":
    main()
