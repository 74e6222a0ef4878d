"""Casts between float32 and half precision, for programs that compute in both: they leave all other dtypes alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import BOOL, FLOAT32, is_floating, require
from .kinds import DType
from .operator import floats as _f
from .operator import numbered, op
from .partial import DTypes, Shapes, same


def _mixes(dtype: np.dtype[Any]) -> bool:
    """Whether arrays of ``dtype`` are cast: those of float64 are not."""
    return is_floating(dtype) and dtype.itemsize <= FLOAT32.itemsize


def _cast_dtypes(known: DTypes, *, dtype: np.dtype[Any]) -> None:
    data = known["data"]
    if data is not None:
        known.learn_output(dtype if _mixes(data) else data)


@op(
    method=False,
    shapes=same,
    dtypes=_cast_dtypes,
    samples=lambda r: [
        ((_f(r, 2, 3),), {"dtype": "float64"}),
        ((_f(r, 2, 3),), {"dtype": "float16"}),
        ((np.array([3, -7], "int32"),), {"dtype": "float16"}),
    ],
)
def amp_cast(data: Value, *, dtype: DType) -> Value:
    """``data`` as ``dtype`` if it is of float32 or half precision, else as it is."""
    require(dtype != BOOL, "Invalid Input: 'bool', valid values are numbers")
    return ir.convert(data, dtype) if _mixes(data.dtype) else data


def _chosen(dtypes: Sequence[np.dtype[Any]], narrow: bool) -> np.dtype[Any] | None:
    """The widest of those among ``dtypes`` that are cast, or the narrowest; None if there is none."""
    floats = [each for each in dtypes if _mixes(each)]
    size = min if narrow else max
    return size(floats, key=lambda each: each.itemsize, default=None)


def _multicast_dtypes(known: DTypes, *, cast_narrow: bool, **_: Any) -> None:
    given = [each for each in known.inputs if each is not None]
    if len(given) == len(known.inputs):
        dtype = _chosen(given, cast_narrow)
        for i, each in enumerate(given):
            known.learn_output(dtype if _mixes(each) else each, i)


def _each_alike(known: Shapes, **_: Any) -> None:
    for i in range(len(known.inputs)):
        known.learn_output(known.inputs[i], i)
        known.learn_input(i, known.output(i))


def _names(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    return numbered(attributes["num_outputs"])


@op(
    method=False,
    shapes=_each_alike,
    dtypes=_multicast_dtypes,
    outputs=_names,
    samples=lambda r: [
        ((_f(r, 2, 3), _f(r, 4).astype("float16")), {"num_outputs": 2}),
        ((_f(r, 2, 3), _f(r, 4).astype("float16")), {"num_outputs": 2, "cast_narrow": True}),
        ((_f(r, 2), np.array([3, 7], "int32")), {"num_outputs": 2}),
    ],
)
def amp_multicast(*data: Value, num_outputs: int, cast_narrow: bool = False) -> tuple[Value, ...]:
    """The arrays, those of float32 and half precision all in the widest of their dtypes, or the narrowest.

    ``num_outputs`` is how many arrays there are, ``cast_narrow`` asks for the narrowest.
    """
    require(0 < len(data) == num_outputs, f"num_outputs is {num_outputs}, but {len(data)} arrays are given")
    dtype = _chosen([each.dtype for each in data], cast_narrow)
    return tuple(ir.convert(each, dtype) if dtype and _mixes(each.dtype) else each for each in data)
