"""Types and contexts are interned: comparing them is ``is``."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from lazynd.ir.types import CPU, DTYPES, Context, Type, as_dtype


def test_equal_types_are_one_object() -> None:
    for dtype in DTYPES.values():
        for shape in ((), (0,), (2, 3)):
            for context in (CPU, Context("gpu", 1)):
                made = Type(shape, dtype, context)
                assert Type(tuple(shape), np.dtype(dtype.name), Context(context.device_type, context.device_id)) is made
                assert pickle.loads(pickle.dumps(made)) is made
                assert copy.deepcopy(made) is made


def test_types_that_differ_are_different_objects() -> None:
    made = {Type(s, d, c) for s in ((), (1,), (1, 1)) for d in DTYPES.values() for c in (CPU, Context("cpu", 1))}
    assert len(made) == 3 * len(DTYPES) * 2


def test_sizes() -> None:
    made = Type((2, 3), DTYPES["float16"])
    assert (made.size, made.nbytes, made.ndim) == (6, 12, 2)
    assert Type((2, 0), DTYPES["int64"]).nbytes == 0
    assert Type((), DTYPES["float64"]).size == 1


@pytest.mark.parametrize("given, name", [("float16", "float16"), (int, "int64"), (np.uint8, "uint8"), (bool, "bool")])
def test_dtypes_by_any_name(given: object, name: str) -> None:
    assert as_dtype(given) is DTYPES[name]


@pytest.mark.parametrize("given", ["complex64", np.int16, object])
def test_a_dtype_that_mxnet_lacks_is_a_key_error(given: object) -> None:
    with pytest.raises(KeyError):
        as_dtype(given)


def test_a_context_type_that_is_unknown_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        Context("tpu", 0)


def test_extents_are_python_integers_whatever_made_the_type() -> None:
    shape = (np.int64(97), np.int32(89))
    assert [type(extent) for extent in Type(shape, np.dtype("int8")).shape] == [int, int]
    assert Type(shape, np.dtype("int8")) is Type((97, 89), np.dtype("int8"))
