"""Arrays made of numbers, and copies to other arrays. MXNet hangs where the step of a range is 0."""

from __future__ import annotations

from dataclasses import replace

from ..case import Case, Drawn, Literal, case, empty, f, lit, whole

NAN = float("nan")
HALF, WIDE = "float16", "float64"


def copied(source: Drawn | Literal, target: Drawn | Literal) -> Case:
    return Case([source, target], passed=1, out=1, grad=())


CASES: dict[str, list[Case]] = {
    "_arange": [
        case(start=0, stop=5),
        case(start=5),
        case(start=1, stop=2, step=0.3),
        case(start=5, stop=0, step=-2),
        case(start=0, stop=3, repeat=2),
        case(start=1, stop=7, step=2, dtype="int32"),
        case(start=0, stop=3, dtype=HALF, ctx="cpu(0)"),
        case(start=0.5, stop=1, step=0.1, dtype=WIDE),
        case(start=0, stop=3, dtype="uint8", repeat=3),
        case(start=3, stop=1),
        case(start=-3),
        case(start=0, stop=4, repeat=0),
        case(start=0.5, stop=4, dtype="int32"),
        case(start=0, stop=1, step=0.3, dtype="int32"),
        case(start=1, stop=3, infer_range=True),
        case(start=1, infer_range=True),
        case(start="0", stop="3"),
        case(start=-1.5, stop=-1.25),
        case(stop=4),
    ],
    "_eye": [
        case(N=3),
        case(N=3, M=4),
        case(N=3, M=4, k=1),
        case(N=3, M=2, k=-1, dtype=WIDE),
        case(N=2, M=5, k=9),
        case(N=1, dtype="int32"),
        case(N=3, dtype=HALF, ctx="cpu(0)"),
        case(N=2, k=-1, dtype="uint8"),
        case(N=2, M=3, k=-5),
        case(M=3),
        empty(N=0),
    ],
    "_copyto": [
        copied(f(2, 3), f(2, 3)),
        copied(f(3, 1, 2, dtype=WIDE), f(3, 1, 2, dtype=WIDE)),
        copied(f(4, dtype=HALF), f(4, dtype=HALF)),
        copied(whole(5), whole(5)),
        copied(lit([NAN, 1]), f(2)),
        copied(f(1), f(1)),
        replace(copied(f(0, 3), f(0, 3)), np_shape=True),
        copied(f(2, 3), f(3, 2)),
    ],
}
