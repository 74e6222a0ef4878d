"""The likelihood of events that make further events likelier."""

from __future__ import annotations

from typing import Any

from ..case import Case, f, lit, whole, without_gradient


def events(n: int, k: int, marks: Any, length: Any, end: Any, dtype: str = "float32", **kinds: str) -> Case:
    """``n`` sequences of ``k`` marks.

    MXNet's gradients are those of the likelihood alone, as if the state at the beginning were constant.
    """
    steps = len(marks[0])
    rates, state = f(n, k, low=0.5, high=1.5, dtype=dtype), f(n, k, low=0, high=1, dtype=dtype)
    alpha, beta = f(k, low=0.1, high=0.9, dtype=dtype), f(k, low=0.5, high=2, dtype=dtype)
    lags = f(n, steps, low=0.1, high=2, dtype=kinds.get("of_lags", dtype))
    which = lit(marks, kinds.get("of_marks", "int32"))
    arrays = (rates, alpha, beta, state, lags, which, lit(length, dtype), lit(end, dtype))
    # MXNet's exponentials of float64 are good to float32 alone.
    return Case(arrays, grad=(), rtol=1e-7 if dtype == "float64" else None)


MARKS = [[0, 2, 1, 0], [1, 0, 2, 2]]

CASES: dict[str, list[Case]] = {
    "_contrib_hawkesll": [
        events(2, 3, MARKS, [4, 2], [10, 12]),
        events(2, 3, MARKS, [4, 2], [10, 12], "float64"),
        events(2, 3, MARKS, [4, 2], [10, 12], "float16"),
        events(2, 3, MARKS, [4, 0], [10, 12]),
        events(2, 3, MARKS, [4, -1], [10, 12]),
        events(2, 3, MARKS, [4, 2.7], [10, 12]),
        events(2, 3, MARKS, [4, 3], [1, 1]),
        events(1, 1, [[0, 0, 0]], [3], [5]),
        events(3, 2, [[0], [1], [1]], [1, 1, 0], [2, 3, 4]),
        events(1, 3, [[1, 1, 7, -2]], [2], [5]),
        events(2, 3, MARKS, [4, 2], [10, 12], of_marks="float32"),
        events(2, 3, MARKS, [4, 2], [10, 12], of_marks="int64"),
        events(2, 3, MARKS, [4, 2], [10, 12], of_lags="float64"),
        events(2, 3, MARKS, [4, 2], [10]),
        events(2, 3, MARKS, [4], [10, 12]),
        without_gradient(f(3), f(3), f(3), f(2, 3), f(2, 4), whole(2, 4, high=3), f(2), f(2)),
    ],
}
