"""Columns of images, blocks and their kin where MXNet 1.9.1 has an error or reads past its arrays."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from lazynd import MXNetError, autograd, image, nd
from lazynd.ir.graph import Graph
from lazynd.ops import OPERATORS

from .. import differentiation as d


def drawn(*shape: int, dtype: str = "float32") -> Any:
    return np.random.default_rng(3).uniform(-1, 1, shape).astype(dtype)


def columns(x: Any, kernel: Any, stride: Any, dilate: Any, pad: Any) -> Any:
    """``im2col`` window by window."""
    padded = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in pad)])
    extents = zip(padded.shape[2:], kernel, stride, dilate, strict=True)
    starts = [range(0, n - (k - 1) * step, s) for n, k, s, step in extents]
    made = []
    for at in itertools.product(*starts):
        window = tuple(slice(a, a + (k - 1) * step + 1, step) for a, k, step in zip(at, kernel, dilate, strict=True))
        made.append(padded[(..., *window)].reshape(x.shape[0], -1))
    return np.stack(made, -1)


@pytest.mark.parametrize(
    ("shape", "kernel", "stride", "dilate", "pad"),
    [
        ((2, 3, 7), (3,), (2,), (2,), (1,)),
        ((1, 2, 5), (1,), (3,), (1,), (0,)),
        ((2, 2, 3, 4, 5), (2, 1, 3), (1, 2, 1), (2, 1, 1), (1, 0, 1)),
        ((1, 2, 41), (18,), (3,), (2,), (1,)),
        ((1, 1, 19, 20), (17, 18), (1, 2), (1, 1), (0, 1)),
    ],
)
def test_windows_of_any_dimensions_and_sizes(
    shape: Any, kernel: Any, stride: Any, dilate: Any, pad: Any, on_numpy: None
) -> None:  # fmt: skip
    how = {"kernel": kernel, "stride": stride, "dilate": dilate, "pad": pad}
    x, values = nd.array(drawn(*shape)), drawn(*shape)
    x.attach_grad()
    with autograd.record():
        made = nd.im2col(x, **how)
    expected = columns(values, **how)
    assert np.array_equal(made.asnumpy(), expected)
    head = drawn(*made.shape)
    made.backward(nd.array(head))
    back = nd.col2im(nd.array(head), output_size=shape[2:], **how)
    assert np.array_equal(x.grad.asnumpy(), back.asnumpy())
    # The transpose: both inner products are sums of the same products.
    np.testing.assert_allclose((values * back.asnumpy()).sum(), (expected * head).sum(), rtol=1e-5)


@pytest.mark.parametrize(
    ("function", "shape", "how", "match"),
    [
        (nd.im2col, (1, 1, 4, 4), {"kernel": (2, 2), "dilate": (0, 1)}, "dilate must be at least 1"),
        (nd.im2col, (1, 1, 4, 4), {"kernel": (2, 2), "pad": (-1, 0)}, "pad must be at least 0"),
        (nd.im2col, (1, 1, 4, 4), {"kernel": (0, 2)}, "kernel must be at least 1"),
        (nd.im2col, (1, 4, 4), {"kernel": (2, 2)}, "Input data should be 4D"),
        (nd.im2col, (1, 1, 4, 4), {"kernel": (1, 1, 1, 1)}, "4D convolution not supported"),
        (nd.col2im, (1, 3, 6), {"output_size": (3, 4), "kernel": (2, 2)}, "do not make channels of 4"),
        (nd.col2im, (1, 4, 6), {"output_size": (3,), "kernel": (2, 2)}, "output_size needs 2 numbers"),
        (nd.col2im, (4, 6), {"output_size": (3, 4), "kernel": (2, 2)}, "expected columns"),
        (nd.depth_to_space, (1, 4, 2, 2), {"block_size": -2}, "positive integer"),
        (nd.space_to_depth, (1, 4, 3, 2), {"block_size": 2}, "must be multiples of block_size"),
        (nd.Correlation, (1, 1, 4, 4), {"stride2": 0}, "stride2 must be at least 1"),
        (nd.Correlation, (1, 1, 4, 4), {"stride1": 0}, "stride1 must be at least 1"),
        (nd.contrib.AdaptiveAvgPooling2D, (1, 1, 4, 4), {"output_size": (2, 3, 4)}, "one number or two"),
        (nd.contrib.AdaptiveAvgPooling2D, (1, 1, 4, 4), {"output_size": 0}, "must be positive"),
        (nd.contrib.AdaptiveAvgPooling2D, (1, 1, 0, 4), {"output_size": 2}, "no pixels"),
        (nd.contrib.BilinearResize2D, (1, 1, 4, 4), {"scale_height": -1, "scale_width": 1}, "must not be negative"),
        (image.copyMakeBorder, (2, 2, 1), {"top": 0, "bot": 0, "left": 0, "right": 0, "type": 7}, "border type 7"),
    ],
)
def test_what_does_not_fit(function: Any, shape: Any, how: dict[str, Any], match: str) -> None:
    arrays = [nd.array(np.ones(shape))] * (2 if function is nd.Correlation else 1)
    with pytest.raises(MXNetError, match=match):
        function(*arrays, **how)


def test_correlation_refuses_two_shapes() -> None:
    with pytest.raises(MXNetError, match="expected two arrays of one shape"):
        nd.Correlation(nd.ones((1, 2, 4, 4)), nd.ones((1, 2, 4, 5)))


@pytest.mark.parametrize("is_multiply", [True, False])
def test_correlation_of_rows_longer_than_a_block(is_multiply: bool, on_numpy: None) -> None:
    one, other = drawn(1, 2, 2, 131), drawn(1, 2, 2, 131)
    made = nd.Correlation(nd.array(one), nd.array(other), max_displacement=3, pad_size=3, is_multiply=is_multiply)
    padded = np.pad(other, [(0, 0), (0, 0), (3, 3), (3, 3)])
    for number, (down, across) in enumerate(itertools.product(range(7), repeat=2)):
        moved = padded[:, :, down : down + 2, across : across + 131]
        expected = (one * moved if is_multiply else abs(one - moved)).mean(1)
        np.testing.assert_allclose(made.asnumpy()[:, number], expected, atol=1e-6)


def body(name: str, *arrays: Any, **attributes: Any) -> Graph:
    found = d.bind(OPERATORS[name], arrays, attributes)[0].body
    assert found is not None
    return found


def test_bodies_do_not_grow_with_what_they_work_on() -> None:
    small, large = drawn(1, 1, 21, 21), drawn(1, 1, 50, 50)
    # Of windows up to 16 each place is an operation, which a compiler likes better.
    for name, inputs, one, other in (
        ("im2col", 1, {"kernel": (17, 19)}, {"kernel": (45, 33)}),
        ("Correlation", 2, {"max_displacement": 1}, {"max_displacement": 20}),
        ("Correlation", 2, {"is_multiply": False}, {"max_displacement": 20, "is_multiply": False}),
        ("Pooling_v1", 1, {"kernel": (17, 20)}, {"kernel": (44, 50)}),
        ("_contrib_AdaptiveAvgPooling2D", 1, {"output_size": 4}, {"output_size": 40}),
        ("_contrib_BilinearResize2D", 1, {"height": 2, "width": 4}, {"height": 90, "width": 70}),
    ):
        few, many = body(name, *[small] * inputs, **one), body(name, *[large] * inputs, **other)
        assert len(few.nodes) == len(many.nodes), name


def test_half_precision_is_summed_up_in_float32(on_numpy: None) -> None:
    x = nd.full((1, 1, 100, 100), 100, dtype="float16")
    assert nd.contrib.AdaptiveAvgPooling2D(x).asscalar() == 100, "in MXNet infinite"
    assert nd.Pooling_v1(x * 100, kernel=(4, 4), pool_type="avg").asnumpy().max() == 10_000


def test_the_maximum_of_large_windows(on_numpy: None) -> None:
    values = drawn(1, 2, 20, 19)
    x = nd.array(values)
    x.attach_grad()
    with autograd.record():
        y = nd.Pooling_v1(x, global_pool=True)
    y.backward()
    most = values.max((2, 3), keepdims=True)
    assert np.array_equal(y.asnumpy(), most)
    assert np.array_equal(x.grad.asnumpy(), values == most)


def test_the_border_has_a_slope() -> None:
    x = nd.array(np.arange(3).reshape(1, 3, 1))
    x.attach_grad()
    with autograd.record():
        y = image.copyMakeBorder(x, 0, 0, 2, 1, type=1)
    y.backward()
    assert x.grad.asnumpy().ravel().tolist() == [3, 1, 2]
