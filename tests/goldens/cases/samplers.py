"""Draws: shapes and dtypes, and values where only one is possible."""

from __future__ import annotations

from typing import Any

from ..case import Case, Drawn, Literal, f, lit, whole

HALF, WIDE = "float16", "float64"


def drawn(*arrays: Drawn | Literal, values: bool = False, grad: tuple[int, ...] = (), **attributes: Any) -> Case:
    return Case(arrays, attributes, values=values, grad=grad)


def positive(*shape: int, dtype: str = "float32") -> Drawn:
    return f(*shape, low=0.25, high=0.75, dtype=dtype)


def from_arrays(count: int) -> list[Case]:
    def one(*shape: int, of: str = "float32", **attributes: Any) -> Case:
        return drawn(*(positive(*shape, dtype=of) for _ in range(count)), **attributes)

    return [
        one(3), one(3, shape=2), one(2, 3, shape=(4,)), one(2, shape=(2, 3), dtype=WIDE), one(1, shape=(1,)),
        one(4, of=WIDE), one(3, shape=5, dtype=HALF), one(2, shape=(1, 2)),
        *([drawn(positive(3), positive(2))] if count > 1 else []),
        one(3, dtype="int32"),
    ]  # fmt: skip


def from_numbers(**numbers: float) -> list[Case]:
    first = next(iter(numbers))
    return [
        drawn(shape=(2, 3), **numbers),
        drawn(shape=(4,), dtype=WIDE, **numbers),
        drawn(shape=3, dtype=HALF, **numbers),
        drawn(shape=(1,), dtype="float32"),
        drawn(shape=(2, 2), ctx="cpu(0)", **{first: numbers[first]}),
        drawn(shape=(2, 1, 3)),
        drawn(shape=(2,), dtype="int32", **numbers),
    ]


def like(**numbers: float) -> list[Case]:
    first = next(iter(numbers))
    return [
        drawn(f(2, 3)), drawn(f(2, 3), **numbers), drawn(f(1), **numbers), drawn(f(4, dtype=WIDE), **numbers),
        drawn(f(4, dtype=HALF), **numbers), drawn(f(2, 1, 3), **{first: numbers[first]}), drawn(whole(3)),
    ]  # fmt: skip


def certain(values: Any, grad: tuple[int, ...] = (), **attributes: Any) -> Case:
    return drawn(lit(values), values=True, grad=grad, **attributes)


CASES: dict[str, list[Case]] = {
    "_sample_uniform": [
        *from_arrays(2),
        drawn(lit([1, -2]), lit([1, -2]), shape=3, values=True),
    ],
    "_sample_normal": [*from_arrays(2), drawn(lit([1, -2]), lit([0, 0]), shape=3, values=True)],
    "_sample_gamma": from_arrays(2),
    "_sample_exponential": from_arrays(1),
    "_sample_poisson": [*from_arrays(1), drawn(lit([0, 0]), shape=3, values=True)],
    "_sample_negative_binomial": [*from_arrays(2), drawn(lit([3, 5]), lit([1, 1]), shape=3, values=True)],
    "_sample_generalized_negative_binomial": from_arrays(2),
    "_sample_multinomial": [
        certain([0, 1, 0]),
        certain([[0, 0, 1], [1, 0, 0]]),
        certain([[0, 1], [1, 0], [0, 1]], shape=2, dtype="float32"),
        certain([[0, 1], [1, 0]], shape=(2, 3)),
        certain([[0, 1], [1, 0]], get_prob=True, grad=(0,)),
        certain([0, 1, 0], get_prob=True, shape=4, grad=(0,)),
        drawn(positive(2, 4), shape=3),
        drawn(positive(2, 4, dtype=WIDE), shape=(3, 2), get_prob=True),
        drawn(positive(5), dtype="uint8"),
        drawn(positive(5), dtype="int64"),
    ],
    "_shuffle": [
        drawn(f(5)), drawn(f(3, 2)), drawn(whole(4)), drawn(f(2, 3, 2, dtype=WIDE)),
        certain([1, 1, 1]), certain([[2, 3]]), certain([7]),
    ],
    "_random_gamma": from_numbers(alpha=2.0, beta=0.5),
    "_random_negative_binomial": from_numbers(k=3, p=0.5),
    "_random_generalized_negative_binomial": from_numbers(mu=2.0, alpha=0.5),
    "_random_uniform": from_numbers(low=-1.0, high=2.0),
    "_random_normal": from_numbers(loc=-1.0, scale=2.0),
    "_random_exponential": from_numbers(lam=2.0),
    # MXNet takes no other dtype, and dies of an empty range.
    "_random_randint": [
        drawn(low=3, high=4, shape=(2, 3), values=True),
        drawn(low=-3, high=-2, shape=4, dtype="int64", values=True),
        drawn(low=-(2**62), high=1 - 2**62, shape=(1,), dtype="int64", values=True),
        drawn(low="3", high="4", shape="(2,)", values=True),
        drawn(low=0, high=5, shape=(2, 1, 3)),
        drawn(low=-5, high=2**40, shape=(3, 2), dtype="int64", ctx="cpu(0)"),
        Case((), {"low": 2, "high": 5, "shape": (0, 3)}, grad=(), np_shape=True),
        drawn(low=3, high=4, shape=(2,), dtype="float32"),
        drawn(low=3, shape=(2,)),
    ],
    "_random_poisson": from_numbers(lam=2.0),
    "_random_uniform_like": like(low=-1.0, high=2.0),
    "_random_normal_like": like(loc=-1.0, scale=2.0),
    "_random_gamma_like": like(alpha=2.0, beta=0.5),
    "_random_exponential_like": like(lam=2.0),
    "_random_poisson_like": like(lam=2.0),
    "_random_negative_binomial_like": like(k=3, p=0.5),
    "_random_generalized_negative_binomial_like": like(mu=2.0, alpha=0.5),
}  # fmt: skip
