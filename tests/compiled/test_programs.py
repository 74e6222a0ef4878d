"""Compiled functions do what they do as Python: results, arrays from outside, gradients and draws, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import nd
from lazynd.compiled import Compiled

from .programs import PROGRAMS, TRACES

CALLS = 4


def values(thing: Any) -> list[Any]:
    """The values of arrays in nested lists, and what else there is."""
    if isinstance(thing, nd.NDArray):
        return [thing.asnumpy()]
    if isinstance(thing, list | tuple):
        return [each for part in thing for each in values(part)]
    if isinstance(thing, dict):
        return [each for name, part in thing.items() for each in (name, *values(part))]
    return [thing]


def outcomes(name: str, compiled: bool) -> tuple[list[list[Any]], Any]:
    lazynd.random.seed(11)
    function, call = PROGRAMS[name]()
    function = Compiled(function) if compiled else function
    return [values(call(function, i)) for i in range(CALLS)], function


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.lazy
def test_as_in_python(name: str, on_numpy: None) -> None:
    plain, _ = outcomes(name, False)
    found, function = outcomes(name, True)
    for expected, got in zip(plain, found, strict=True):
        assert len(expected) == len(got)
        for a, b in zip(expected, got, strict=True):
            if isinstance(a, np.ndarray):
                assert a.dtype == b.dtype
                # float32 and float64: a gradient of a call may be summed in another order than that of its operators.
                np.testing.assert_allclose(b, a, rtol=1e-6, atol=1e-7)
            else:
                assert a == b and type(a) is type(b)
    if not lazynd.config.eager:
        assert function.reasons == [] and function.traces == TRACES[name]
