"""Answers about whole arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lazynd import MXNetError, nd, sym

NAN, INF = float("nan"), float("inf")
NUMBERS = [NAN, INF, -INF, 0.0, -0.0, 1.0, 1.00005, 1e30, -1e-9]


@pytest.mark.parametrize("equal_nan", [True, False])
@pytest.mark.parametrize("rtol", [0, 1e-3, 2])
def test_allclose_agrees_with_numpy(rtol: float, equal_nan: bool, on_numpy: None) -> None:
    for a in NUMBERS:
        for b in NUMBERS:
            one, other = (np.array([2, each], "float64") for each in (a, b))
            found = nd.contrib.allclose(
                nd.array(one, dtype="float64"), nd.array(other, dtype="float64"), rtol=rtol, equal_nan=equal_nan
            )
            assert bool(found.asscalar()) == np.allclose(one, other, rtol=rtol, equal_nan=equal_nan), (a, b)


def test_integers_are_compared_exactly(on_numpy: None) -> None:
    def near(a: int, b: int, dtype: str, **tolerances: float) -> bool:
        return bool(
            nd.contrib.allclose(nd.array([a], dtype=dtype), nd.array([b], dtype=dtype), **tolerances).asscalar()
        )

    assert near(0, 255, "uint8", atol=255) and not near(0, 255, "uint8", atol=254)
    assert near(-128, 127, "int8", atol=255) and not near(-128, 127, "int8", atol=254)
    assert not near(2**60, 2**60 + 1, "int64", rtol=0)


def test_numbers_that_float32_does_not_hold_are_finite_in_float64(on_numpy: None) -> None:
    assert nd.all_finite(nd.array([1e300], dtype="float64")).asscalar() == 1


def test_an_answer_continues_the_one_before(on_numpy: None) -> None:
    good, bad = nd.ones((2, 3)), nd.array([1, INF])
    answer = nd.ones(1)
    for arrays, expected in (([good, good], 1), ([good, bad], 0), ([good, good], 0)):
        made = nd.multi_all_finite(*arrays, num_arrays=2, init_output=False, out=answer)
        assert made is answer and answer.asscalar() == expected
    assert nd.all_finite(good, out=answer).asscalar() == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda x: nd.all_finite(x, init_output=False),
        lambda x: nd.multi_all_finite(x, x, num_arrays=2, init_output=False),
        lambda x: sym.all_finite(sym.var("x"), init_output=False).eval(x=x),
    ],
)
def test_there_is_nothing_to_continue_without_out(call: Any) -> None:
    with pytest.raises(MXNetError, match="init_output=False continues the answer that out holds"):
        call(nd.ones(2))


@pytest.mark.parametrize("out", [nd.ones(2), nd.ones(1, dtype="int32"), [nd.ones(1), nd.ones(1)]])
def test_an_answer_fits_out(out: Any) -> None:
    with pytest.raises(MXNetError, match="out"):
        nd.all_finite(nd.ones(2), init_output=False, out=out)


def test_of_nothing_all_is_well_but_no_array_has_no_answer(on_numpy: None) -> None:
    nothing = nd.ones(2)[2:]
    assert nd.all_finite(nothing).asscalar() == nd.contrib.allclose(nothing, nothing).asscalar() == 1
    for call in (nd.multi_all_finite, nd.amp_multicast):
        with pytest.raises(MXNetError, match="arrays"):
            call(**{"num_arrays" if call is nd.multi_all_finite else "num_outputs": 0})


def test_many_arrays(on_numpy: None) -> None:
    arrays = [nd.ones(2)] * 250
    assert nd.multi_all_finite(*arrays, num_arrays=250).asscalar() == 1  # 200 are too many for MXNet


@pytest.mark.parametrize("dtype", ["int32", "uint8"])
def test_integers_are_finite(dtype: str, on_numpy: None) -> None:
    x = nd.array([0, 1], dtype=dtype)
    found = [f(x).asnumpy().tolist() for f in (nd.contrib.isnan, nd.contrib.isinf, nd.contrib.isfinite)]
    assert found == [[0, 0], [0, 0], [1, 1]]
