"""Products of attention, against their definition by sums over named axes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lazynd import MXNetError, nd

LENGTH, BATCH, HEADS, FEATURES = 5, 2, 3, 4
#: Sums of a few products, in units of the last place that their largest term has.
RTOL = {"float16": 2.0**-8, "float32": 1e-5, "float64": 1e-12}


def drawn(*shape: int, dtype: str) -> Any:
    return np.random.default_rng(len(shape)).uniform(-1, 1, shape).astype(dtype)


def close(found: Any, expected: Any, dtype: str) -> None:
    assert np.dtype(found.dtype) == dtype
    np.testing.assert_allclose(found.asnumpy(), expected, rtol=RTOL[dtype], atol=RTOL[dtype])


@pytest.mark.parametrize("dtype", RTOL)
def test_self_attention(dtype: str, on_numpy: None) -> None:
    x = drawn(LENGTH, BATCH, HEADS, 3, FEATURES, dtype=dtype)
    wide = x.astype("float64")
    given = nd.array(x.reshape(LENGTH, BATCH, -1), dtype=dtype)
    scores = np.einsum("qbhf,kbhf->bhqk", wide[..., 0, :], wide[..., 1, :]) / 2
    scores = scores.reshape(BATCH * HEADS, LENGTH, LENGTH)
    close(nd.contrib.interleaved_matmul_selfatt_qk(given, heads=HEADS), scores, dtype)
    weights = drawn(BATCH * HEADS, LENGTH, LENGTH, dtype=dtype)
    apart = weights.reshape(BATCH, HEADS, LENGTH, LENGTH).astype("float64")
    expected = np.einsum("bhqk,kbhf->qbhf", apart, wide[..., 2, :]).reshape(LENGTH, BATCH, -1)
    found = nd.contrib.interleaved_matmul_selfatt_valatt(given, nd.array(weights, dtype=dtype), heads=HEADS)
    close(found, expected, dtype)


@pytest.mark.parametrize("dtype", RTOL)
def test_attention_between_two_sequences(dtype: str, on_numpy: None) -> None:
    queries = drawn(2, BATCH, HEADS, FEATURES, dtype=dtype)
    x = drawn(LENGTH, BATCH, HEADS, 2, FEATURES, dtype=dtype)
    wide = x.astype("float64")
    given = nd.array(x.reshape(LENGTH, BATCH, -1), dtype=dtype)
    scores = np.einsum("qbhf,kbhf->bhqk", queries.astype("float64"), wide[..., 0, :]) / 2
    asked = nd.array(queries.reshape(2, BATCH, -1), dtype=dtype)
    found = nd.contrib.interleaved_matmul_encdec_qk(asked, given, heads=HEADS)
    close(found, scores.reshape(BATCH * HEADS, 2, LENGTH), dtype)
    weights = drawn(BATCH * HEADS, 2, LENGTH, dtype=dtype)
    apart = weights.reshape(BATCH, HEADS, 2, LENGTH).astype("float64")
    expected = np.einsum("bhqk,kbhf->qbhf", apart, wide[..., 1, :]).reshape(2, BATCH, -1)
    found = nd.contrib.interleaved_matmul_encdec_valatt(given, nd.array(weights, dtype=dtype), heads=HEADS)
    close(found, expected, dtype)


@pytest.mark.parametrize("heads", [0, -1, 5])
def test_heads_that_do_not_share_the_features(heads: int) -> None:
    x = nd.ones((4, 2, 12))
    contrib = nd.contrib
    for call in (
        lambda: contrib.interleaved_matmul_selfatt_qk(x, heads=heads),
        lambda: contrib.interleaved_matmul_selfatt_valatt(x, nd.ones((4, 4, 4)), heads=heads),
        lambda: contrib.interleaved_matmul_encdec_qk(x, nd.ones((4, 2, 24)), heads=heads),
        lambda: contrib.interleaved_matmul_encdec_valatt(x, nd.ones((4, 4, 4)), heads=heads),
    ):
        with pytest.raises(MXNetError, match="heads"):
            call()


def test_integers_have_no_attention() -> None:
    with pytest.raises(MXNetError, match="must be of floats"):
        nd.contrib.interleaved_matmul_selfatt_qk(nd.ones((4, 2, 12), dtype="int32"), heads=2)
