"""Densities of samples, and their gradients by samples and parameters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..case import Case, Drawn, case, f, lit, whole, without_gradient

NAN, INF = float("nan"), float("inf")
HALF, WIDE = "float16", "float64"
#: MXNet's digamma of float64 is made of constants in float32.
SLOPES = 1e-6


def _drawn(shape: tuple[int, ...], bounds: tuple[float, float], dtype: str) -> Drawn:
    return f(*shape, low=bounds[0], high=bounds[1], dtype=dtype)


def density(sample: tuple[float, float], *parameters: tuple[float, float], counts: bool = False) -> list[Case]:
    """A density of numbers, of which ``sample`` and ``parameters`` say the bounds."""

    def call(shape: tuple[int, ...], lead: tuple[int, ...], dtype: str = "float32", **attributes: Any) -> Case:
        low, high = sample
        x = whole(*shape, low=int(low), high=int(high), dtype=dtype) if counts else _drawn(shape, sample, dtype)
        return case(x, *(_drawn(lead, each, dtype) for each in parameters), **attributes)

    few = ((2, 3), (2,))
    return [
        call(*few),
        call(*few, is_log=True),
        call((2, 3, 2), (2, 3)),
        call((2, 3, 2), (2,), is_log=True),
        call((4,), (4,)),
        replace(call(*few, dtype=WIDE), rtol=SLOPES),
        replace(call(*few, dtype=WIDE, is_log=True), rtol=SLOPES),
        # MXNet computes in half precision.
        replace(call(*few, dtype=HALF), rtol=2.0**-5),
        replace(call(*few, dtype=HALF, is_log=True), rtol=2.0**-5),
        call((3, 2), (2,)),  # what follows is refused
        call((2,), (2, 3)),
        case(*(lit([[1, 2], [3, 4]], "int32"), *(lit([1, 2], "int32") for _ in parameters))),
        case(*(f(2, 3), *(f(2, dtype=WIDE) for _ in parameters))),
    ]


def at(values: list[float], *parameters: float) -> list[Case]:
    """A density at edges, without gradients."""
    arrays = [lit([values]), *(lit([each]) for each in parameters)]
    return [without_gradient(*arrays, is_log=log) for log in (False, True)]


def vectors(shape: tuple[int, ...], lead: tuple[int, ...], dtype: str = "float32", **attributes: Any) -> Case:
    return case(_drawn(shape, (0.1, 0.8), dtype), _drawn(lead, (0.5, 3), dtype), **attributes)


CASES: dict[str, list[Case]] = {
    "_random_pdf_uniform": [
        *density((0.2, 0.8), (-1, 0), (1, 2)),
        *at([-1, 0, 0.5, 1, 2, NAN], 0, 2),
        *at([0.5], 1, 0),
        *at([0.5], 1, 1),
    ],
    "_random_pdf_normal": [
        *density((-1, 2), (0, 1), (0.5, 1.5)),
        *at([-1, 0, 40, INF, NAN], 0, 1),
        *at([0, 1], 0, 0),
        *at([0, 1], 0, -1),
    ],
    "_random_pdf_exponential": [*density((0.2, 3), (0.5, 2)), *at([-1, 0, 1, INF, NAN], 2), *at([1], 0)],
    "_random_pdf_gamma": [
        *density((0.2, 3), (0.5, 3), (0.5, 2)),
        *at([-1, 0, 1, INF, NAN], 2, 3),
        *at([0, 1], 0.5, 3),
        *at([1, 2], 0, 3),
        *at([1, 2], 2, 0),
        *at([1, 2], -0.5, 1),
    ],
    "_random_pdf_poisson": [
        *density((0, 6), (0.5, 3), counts=True),
        *at([-1, -2, 0, 1, 1.5, 3, NAN], 2),
        *at([1, 2], 0),
        *at([1, 2], -1),
    ],
    "_random_pdf_negative_binomial": [
        *density((0, 6), (1, 4), (0.25, 0.75), counts=True),
        *at([-1, 0, 1, 1.5, 3, NAN], 2, 0.3),
        *at([1, 2], 2, 1),
        *at([0, 1], 2, 0),
        *at([0, 1], 2, 1.5),
    ],
    "_random_pdf_generalized_negative_binomial": [
        *density((0, 6), (0.5, 3), (0.25, 0.75), counts=True),
        *at([-1, 0, 1, 1.5, 3, NAN], 2, 0.3),
        *at([1, 2], 0, 0.5),
        *at([0, 1], 2, 0),
    ],
    "_random_pdf_dirichlet": [
        vectors((3,), (3,)),
        vectors((2, 3), (3,), is_log=True),
        vectors((2, 3), (2, 3)),
        vectors((2, 4, 3), (2, 3), is_log=True),
        vectors((2, 4, 3), (2, 4, 3)),
        replace(vectors((2, 3), (3,), WIDE), rtol=SLOPES),
        replace(vectors((2, 3), (2, 3), HALF, is_log=True), rtol=2.0**-5),
        *(without_gradient(lit([[0.0, 1], [0.5, 0.2], [NAN, 1]]), lit([2.0, 3]), is_log=log) for log in (False, True)),
        without_gradient(lit([0.3, 0.7]), lit([0.0, 3])),
        vectors((2, 3), (2,)),
        vectors((2, 4, 3), (4, 3)),
        vectors((3,), (2, 3)),
        case(lit([[1, 2], [3, 4]], "int32"), lit([1, 2], "int32")),
    ],
}
