"""Integers that float32 cannot hold, and int64 that float64 cannot: what becomes of their last digits.

Of int64 beyond 2^53 MXNet rounds in what it computes by way of double: those cases stay below, and
``tests/ops/test_integers.py`` has the others.
"""

from __future__ import annotations

from typing import Any

from ..case import Case, lit

#: Beyond 2^24, to the ends of int32.
NARROW = [16777217, -16777217, 33554435, -33554433, 2147483647, -2147483647, 20000001, 7, -3, 0, 1, 2147483646]
#: Beyond 2^53.
WIDE = [2**53 + 1, -(2**53) - 1, 2**62 + 1, -(2**62) - 3, 2**40 + 1, 16777217, 7, -3, 0, 1, 2**63 - 2, 5 - 2**63]
#: Within 2^53.
DOUBLE = [2**53 - 1, 1 - 2**53, 2**52 + 1, -(2**51) - 3, 2**40 + 1, 16777217, 7, -3, 0, 1, 2**31 + 5, -(2**33) - 7]
#: Divisors.
SMALL = [3, -7, 2, 5, 16777217, 11, -3, 4, 9, 1, 6, 1000003]


def rows(values: list[int], turned: int = 0) -> list[list[int]]:
    """Three rows of four, beginning with another value."""
    values = values[turned:] + values[:turned]
    return [values[k : k + 4] for k in (0, 4, 8)]


def narrow(turned: int = 0) -> Any:
    return lit(rows(NARROW, turned), "int32")


def wide(turned: int = 0) -> Any:
    return lit(rows(WIDE, turned), "int64")


def double(turned: int = 0) -> Any:
    return lit(rows(DOUBLE, turned), "int64")


def small(dtype: str) -> Any:
    return lit(rows(SMALL), dtype)


def calls(*arrays: list[Any], **attributes: Any) -> list[Case]:
    return [Case(each, attributes, grad=()) for each in arrays]


def one(*each: dict[str, Any], exact: bool = True) -> list[Case]:
    """A function of one array; not ``exact``: MXNet computes it in double."""
    return [Case([x], attributes, grad=()) for attributes in each or ({},) for x in (narrow(), (double, wide)[exact]())]


def two() -> list[Case]:
    return calls([narrow(), narrow(3)], [wide(), wide(3)])


def divided(exact: bool = True) -> list[Case]:
    wider = wide if exact else double
    return calls([narrow(), small("int32")], [wider(), small("int64")])


def index(*values: Any, dtype: str = "int32") -> Any:
    return lit(list(values), dtype)


def indexed(at: Any, **attributes: Any) -> list[Case]:
    return calls([narrow(), at], [wide(), at], **attributes)


CASES: dict[str, list[Case]] = {
    **{name: one(exact=False) for name in ("abs", "ceil", "floor", "round", "rint", "trunc", "fix", "relu")},
    **{name: one() for name in ("negative", "sign", "_copy", "zeros_like", "ones_like", "logical_not", "BlockGrad")},
    **{
        name: one(exact=False)
        for name in ("sqrt", "cbrt", "log", "log10", "log2", "log1p", "sin", "cos", "arctan", "arcsinh", "tanh", "erf",
                     "sigmoid", "softsign", "exp", "expm1", "sinh", "cosh")
    },
    **{name: two() for name in ("elemwise_add", "elemwise_sub", "elemwise_mul", "broadcast_add", "broadcast_sub")},
    **{name: two() for name in ("broadcast_mul", "_maximum", "_minimum", "broadcast_maximum", "broadcast_minimum")},
    **{
        f"_{name}": two()
        for name in ("equal", "not_equal", "greater", "greater_equal", "lesser", "lesser_equal", "logical_and",
                     "logical_or", "logical_xor")
    },
    **{name: divided() for name in ("elemwise_div", "broadcast_div")},
    **{name: divided(exact=False) for name in ("_mod", "broadcast_mod")},
    **{
        name: one({"scalar": 3}, {"scalar": 16777217})
        for name in ("_plus_scalar", "_minus_scalar", "_rminus_scalar", "_mul_scalar", "_div_scalar", "_maximum_scalar",
                     "_minimum_scalar", "_equal_scalar", "_not_equal_scalar", "_greater_scalar", "_lesser_scalar",
                     "_greater_equal_scalar", "_lesser_equal_scalar", "_logical_and_scalar")
    },
    "_mod_scalar": one({"scalar": 3}, {"scalar": -7}, exact=False),
    "clip": one({"a_min": -20000004, "a_max": 16777220}, {"a_min": 1, "a_max": 5}),
    "Cast": one({"dtype": "int64"}, {"dtype": "int32"}, {"dtype": "float64"}, {"dtype": "float32"}, {"dtype": "uint8"}),
    "add_n": calls([narrow(), narrow(1), narrow(2)], [wide(), wide(1), wide(2)]),
    "where": calls(
        [lit(rows([1, 0, 2**31 - 1] * 4), "int32"), narrow(), narrow(5)],
        [lit(rows([0, 2**62, 0] * 4), "int64"), wide(), wide(5)],
    ),
    **{name: one({}, {"axis": 0}, {"axis": 1, "keepdims": True}) for name in ("max", "min", "sum", "nansum", "prod")},
    **{name: one({"axis": 0}, {"axis": 1}) for name in ("argmax", "argmin")},
    "cumsum": one({"axis": 1}, {}),
    "norm": calls([narrow(5)], ord=1, axis=1),
    "sort": one({}, {"axis": 0, "is_ascend": False}, {"axis": None}),
    "argsort": one({}, {"axis": 0, "is_ascend": False}),
    "topk": one({"k": 2, "ret_typ": "value"}, {"k": 3, "ret_typ": "indices", "axis": 0}, {"k": 1, "ret_typ": "mask"}),
    "Reshape": one({"shape": (2, -1)}),
    "Flatten": one(),
    "transpose": one({}),
    "SwapAxis": one({"dim1": 0, "dim2": 1}),
    "expand_dims": one({"axis": 1}),
    "slice": one({"begin": (0, 1), "end": (3, 4)}),
    "slice_axis": one({"axis": 1, "begin": 1, "end": 3}),
    "reverse": one({"axis": 0}),
    "tile": one({"reps": (1, 2)}),
    "repeat": one({"repeats": 2, "axis": 1}),
    "diag": one({"k": 0}),
    "broadcast_axis": calls([lit([NARROW], "int32")], [lit([WIDE], "int64")], axis=0, size=2),
    "broadcast_to": calls([lit([NARROW], "int32")], [lit([WIDE], "int64")], shape=(2, 12)),
    "SliceChannel": one({"num_outputs": 2, "axis": 1}),
    "Concat": calls([narrow(), narrow(2)], [wide(), wide(2)], dim=1, num_args=2),
    "stack": calls([narrow(), narrow(2)], [wide(), wide(2)], axis=1, num_args=2),
    "take": indexed(index(2, 0, 9)),
    "pick": indexed(index(2, 0, 3)),
    "gather_nd": indexed(index([2, 0], [1, 3])),
    "Embedding": calls([index(2, 0), narrow()], [index(2, 0), wide()], input_dim=3, output_dim=4),
    "SequenceMask": indexed(index(1, 3, 2, 0), use_sequence_length=True, value=-20000004),
    "SequenceLast": indexed(index(1, 3, 2, 1), use_sequence_length=True),
    "SequenceReverse": indexed(index(1, 3, 2, 1), use_sequence_length=True),
    "_hypot": calls([lit([3, 20, 5], "int32"), lit([4, 21, 12], "int32")]),
    "smooth_l1": calls([lit([0, 1, 7, -3, 100], "int32")], scalar=1.5),
}  # fmt: skip
