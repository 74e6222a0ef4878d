"""Calls of initializers, the same for real MXNet and for lazynd: exact values, or statistics of many."""

from __future__ import annotations

from typing import Any

import numpy as np

#: Class, arguments, name of the array, shape and dtype.
Case = tuple[str, tuple[Any, ...], str, tuple[int, ...], str]

EXACT: list[Case] = [
    ("Zero", (), "fc_weight", (2, 3), "float32"),
    ("One", (), "fc_weight", (2, 3), "float16"),
    ("Constant", (2.5,), "fc_weight", (2, 3), "float64"),
    ("Constant", (3,), "fc_weight", (2, 3), "int32"),
    *(("One", (), f"fc_{name}", (4,), "float32") for name in ("weight", "bias", "gamma", "beta", "min", "max")),
    *(("One", (), f"fc_{name}", (4,), "float32") for name in ("bias_quantize", "running_min", "running_max")),
    *(("Bilinear", (), "up_weight", shape, "float32") for shape in ((1, 1, 4, 4), (2, 3, 3, 3), (1, 1, 2, 5))),
    ("LSTMBias", (2.0,), "lstm_weight", (8,), "float32"),
    ("LSTMBias", (), "lstm_bias", (8,), "float32"),
    *(
        ("FusedRNN", (("One", ()), 3, layers, mode, both, 5.0), "rnn_weight", (size,), "float32")
        for mode, layers, both, size in (
            ("lstm", 1, False, 4 * 3 * (2 + 3) + 4 * 3 * 2), ("gru", 1, False, 3 * 3 * (2 + 3) + 3 * 3 * 2),
            ("rnn_tanh", 2, False, 3 * (2 + 3) + 3 * (3 + 3) + 2 * 3 * 2),
            ("lstm", 2, True, 2 * (4 * 3 * (2 + 3) + 4 * 3 * (6 + 3)) + 2 * 2 * 4 * 3 * 2),
        )
    ),
]  # fmt: skip
SHAPE = (200, 30, 3, 3)
RANDOM: list[Case] = [
    ("Uniform", (), "a_weight", SHAPE, "float32"),
    ("Uniform", (0.5,), "a_weight", SHAPE, "float64"),
    ("Normal", (), "a_weight", SHAPE, "float32"),
    ("Normal", (2.0,), "a_weight", SHAPE, "float16"),
    *(("Xavier", (kind, factor, 3), "a_weight", SHAPE, "float32")
      for kind in ("uniform", "gaussian") for factor in ("avg", "in", "out")),
    ("Xavier", ("uniform", "avg", 2.34), "a_weight", (300, 200), "float32"),
    ("MSRAPrelu", (), "a_weight", SHAPE, "float32"),
    ("MSRAPrelu", ("in", 0.0), "a_weight", (300, 200), "float32"),
    ("Orthogonal", (), "a_weight", (40, 200), "float32"),
    ("Orthogonal", (2.0, "normal"), "a_weight", (200, 10, 3), "float32"),
]  # fmt: skip
#: Those whose ``dumps`` are compared.
DUMPED: list[tuple[str, tuple[Any, ...]]] = [
    *dict.fromkeys((case[0], case[1]) for case in (*EXACT, *RANDOM) if case[0] != "FusedRNN"),
    ("Constant", ((1.0, 2.0),)),
]


def cases() -> dict[str, Any]:
    found: dict[str, Any] = {f"exact {case}": ("exact", case) for case in EXACT}
    found |= {f"random {case}": ("random", case) for case in RANDOM}
    found |= {f"dumps {case}": ("dumps", case) for case in DUMPED}
    return found


def make(mx: Any, name: str, arguments: tuple[Any, ...]) -> Any:
    """An initializer; one among the arguments is given as class and arguments."""
    given = [getattr(mx.init, a[0])(*a[1]) if isinstance(a, tuple) and isinstance(a[0], str) else a for a in arguments]
    return getattr(mx.init, name)(*given)


def run(mx: Any, case: Any) -> Any:
    kind, given = case
    if kind == "dumps":
        name, arguments = given
        if arguments and isinstance(arguments[0], tuple):
            arguments = (mx.nd.array(arguments[0]),)
        return make(mx, name, arguments).dumps()
    name, arguments, called, shape, dtype = given
    array = mx.nd.full(shape, 7, dtype=dtype)
    mx.random.seed(5)
    make(mx, name, arguments)(mx.init.InitDesc(called), array)
    made = array.asnumpy()
    if kind == "exact":
        return made
    wide = made.astype("float64")
    numbers = [wide.mean(), wide.std(), wide.min(), wide.max(), np.abs(wide).mean()]
    return {"shape": list(made.shape), "dtype": made.dtype.name, "numbers": [float(n) for n in numbers]}
