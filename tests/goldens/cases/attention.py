"""Products of attention with several heads. MXNet computes them in float32 alone on a CPU."""

from __future__ import annotations

from ..case import Case, case, f, lit, whole

CASES: dict[str, list[Case]] = {
    "_contrib_interleaved_matmul_selfatt_qk": [
        case(f(4, 2, 12), heads=2),
        case(f(3, 1, 6), heads=1),
        case(f(2, 3, 12), heads=4),
        case(f(1, 1, 3), heads=1),
        case(f(5, 1, 18), heads=2),
        case(f(7, 2, 9), heads=3),
        case(f(4, 12), heads=1),
        case(f(4, 2, 12)),
        case(f(4, 2, 12), heads=-1),
    ],
    "_contrib_interleaved_matmul_selfatt_valatt": [
        case(f(4, 2, 12), f(4, 4, 4), heads=2),
        case(f(3, 1, 6), f(1, 3, 3), heads=1),
        case(f(2, 3, 12), f(12, 2, 2), heads=4),
        case(f(1, 1, 3), f(1, 1, 1), heads=1),
        case(f(5, 1, 18), f(2, 5, 5), heads=2),
        case(f(7, 2, 9), f(6, 7, 7), heads=3),
        case(f(4, 2, 12), f(4, 4, 3), heads=2),
        case(f(4, 2, 12), f(4, 3, 4), heads=2),
        case(f(4, 2, 12), f(4, 4), heads=2),
        case(f(4, 2, 12), f(4, 4, 4, dtype="float64"), heads=2),
    ],
    "_contrib_interleaved_matmul_encdec_qk": [
        case(f(3, 2, 4), f(5, 2, 8), heads=2),
        case(f(4, 1, 3), f(2, 1, 6), heads=1),
        case(f(2, 3, 4), f(2, 3, 8), heads=4),
        case(f(1, 1, 1), f(1, 1, 2), heads=1),
        case(f(1, 2, 6), f(6, 2, 12), heads=2),
        case(f(6, 1, 3), f(1, 1, 6), heads=3),
        case(f(3, 2, 4), f(5, 3, 8), heads=2),
        case(f(3, 2, 4), f(5, 2, 12), heads=2),
        case(f(3, 2, 4), f(5, 2), heads=2),
    ],
    "_contrib_interleaved_matmul_encdec_valatt": [
        case(f(5, 2, 8), f(4, 3, 5), heads=2),
        case(f(4, 1, 6), f(1, 3, 4), heads=1),
        case(f(2, 3, 8), f(12, 2, 2), heads=4),
        case(f(1, 1, 2), f(1, 1, 1), heads=1),
        case(f(6, 2, 12), f(4, 1, 6), heads=2),
        case(f(1, 1, 6), f(3, 6, 1), heads=3),
        case(f(5, 2, 8), f(4, 3, 4), heads=2),
        case(f(5, 2, 8), f(3, 3, 5), heads=2),
        case(f(5, 2, 8), f(4, 3, 5), heads=0),
    ],
    "_contrib_div_sqrt_dim": [
        case(f(2, 3)),
        case(f(2, 1, 4)),
        case(f(5)),
        case(f(1)),
        case(f(2, 3, dtype="float64")),
        case(f(2, 3, dtype="float16")),
        case(lit([[10, 20, 30, -7, 5]], "int32")),
        case(whole(2, 9, high=200, dtype="uint8")),
    ],
}
