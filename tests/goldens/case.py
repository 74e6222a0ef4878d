"""A case: an operator's arrays, described rather than stored, and its attributes."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Drawn:
    """An array of numbers uniform in [low, high): whole ones if ``whole``, all different if ``distinct``."""

    shape: tuple[int, ...]
    low: float = -2.0
    high: float = 2.0
    dtype: str = "float32"
    whole: bool = False
    distinct: bool = False

    def array(self, rng: np.random.RandomState) -> Array:
        count = int(np.prod(self.shape))
        if self.distinct:
            made = rng.permutation(np.linspace(self.low, self.high, count, endpoint=False))
        elif self.whole:
            made = rng.randint(int(self.low), int(self.high), count)
        else:
            made = rng.uniform(self.low, self.high, count)
        return made.reshape(self.shape).astype(self.dtype)


@dataclass(frozen=True)
class Literal:
    """An array of given values."""

    values: Any
    dtype: str = "float32"

    def array(self, rng: np.random.RandomState) -> Array:
        return np.array(self.values, self.dtype)


def f(*shape: int, low: float = -2.0, high: float = 2.0, dtype: str = "float32") -> Drawn:
    """Floats."""
    return Drawn(shape, low, high, dtype)


def distinct(*shape: int, low: float = -2.0, high: float = 2.0, dtype: str = "float32") -> Drawn:
    """Floats of which no two are equal: no ties."""
    return Drawn(shape, low, high, dtype, distinct=True)


def whole(*shape: int, low: int = 0, high: int = 5, dtype: str = "int32") -> Drawn:
    """Whole numbers in [low, high): indices, labels, integers."""
    return Drawn(shape, low, high, dtype, whole=True)


def lit(values: Any, dtype: str = "float32") -> Literal:
    """The values as they stand: NaN, ties, edges."""
    return Literal(values, dtype)


@dataclass(frozen=True)
class Case:
    """One call: ``arrays`` are its inputs, ``attributes`` its keywords.

    ``grad``: numbers of the inputs whose gradients are compared, all floats if None. ``train``: recorded in training
    mode. ``values``: False compares shapes and dtypes alone, for draws. ``listed``: the arrays go in as one list.
    ``out``: number of the input that the result is written to, or of several. ``stype``: how the inputs are stored, all
    or each of them. ``passed``: how many inputs are passed as arguments, all if None. ``unchecked``: inputs that MXNet
    changes, or leaves, as it should not. ``apart``: by how much whole numbers may differ. ``np_shape``: evaluated under
    it, which MXNet needs for arrays without elements.
    """

    arrays: Sequence[Drawn | Literal]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    grad: tuple[int, ...] | None = None
    train: bool = True
    values: bool = True
    listed: bool = False
    rtol: float | None = None
    out: int | tuple[int, ...] | None = None
    stype: str | tuple[str, ...] = "default"
    passed: int | None = None
    unchecked: tuple[int, ...] = ()
    apart: int = 0
    np_shape: bool = False

    def key(self, operator: str) -> str:
        """Names the case in the stored goldens; any change of what is computed gives another one."""
        inputs: tuple[Any, ...] = (list(self.arrays), dict(self.attributes), self.grad, self.train, self.listed)
        if self.out is not None or self.stype != "default":
            inputs = (*inputs, self.out, self.stype)
        if self.np_shape:
            inputs = (*inputs, "np_shape")
        return f"{operator}:{zlib.crc32(repr((operator, inputs)).encode()):08x}"

    def inputs(self, operator: str) -> list[Array]:
        # RandomState is frozen by NumPy: the same numbers in each of its versions.
        rng = np.random.RandomState(zlib.crc32(self.key(operator).encode()))
        return [each.array(rng) for each in self.arrays]


def case(*arrays: Drawn | Literal, **attributes: Any) -> Case:
    """A case with all defaults."""
    return Case(arrays, attributes)


def empty(*arrays: Drawn | Literal, **attributes: Any) -> Case:
    """A case with arrays that have no elements."""
    return Case(arrays, attributes, np_shape=True)


def updating(*arrays: Drawn | Literal, out: int | tuple[int, ...] = 0, **attributes: Any) -> Case:
    """A case whose result is written to an input; without gradients."""
    return Case(arrays, attributes, grad=(), out=out)


def without_gradient(*arrays: Drawn | Literal, **attributes: Any) -> Case:
    """A case whose gradients are not compared, since MXNet states none or states a wrong one."""
    return Case(arrays, attributes, grad=())
