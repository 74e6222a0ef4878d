"""Convolution, pooling and their kin where MXNet has no answer, or only an error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.ops import OPERATORS

from .. import differentiation as d


def arrays(*shapes: tuple[int, ...], dtype: str = "float32") -> list[Any]:
    rng = np.random.default_rng(7)
    return [nd.array(rng.normal(size=shape), dtype=dtype) for shape in shapes]


def refused(match: str, function: Any, *given: Any, **attributes: Any) -> None:
    with pytest.raises(lazynd.MXNetError, match=match) as caught:
        function(*given, **attributes)
    assert __file__ in str(caught.value)


X, W, B = (2, 4, 7, 6), (6, 4, 3, 3), (6,)


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"kernel": (3, 3, 3, 3)}, "4D convolution not supported"),
        ({"kernel": (3,)}, "Input data should be 3D"),
        ({"kernel": (8, 3)}, "kernel size exceed input: 8 in 7 padded to 7"),
        ({"kernel": (3, 3), "dilate": (3, 3)}, "kernel size exceed input: 7 in 6"),
        ({"stride": (2,)}, "stride needs 2 numbers as kernel has"),
        ({"stride": (0, 1)}, "stride must be at least 1"),
        ({"dilate": (1, 0)}, "dilate must be at least 1"),
        ({"pad": (-1, 0)}, "pad must be at least 0"),
        ({"num_filter": 0}, "num_filter should be greater equal to 1"),
        ({"num_group": 0}, "num_group should be greater equal to 1"),
        ({"num_group": 3}, "channels of float32.* do not make 3 groups"),
        ({"num_group": 4}, "num_filter 6 must be a multiple of num_group 4"),
        ({"num_group": 2}, r"weight must be \[6, 2, 3, 3\]"),
        ({"num_filter": 8, "no_bias": True}, r"weight must be \[8, 4, 3, 3\]"),
        ({"layout": "NCW"}, "layout NCW does not fit 2 spatial dimensions"),
        ({"layout": "HWC"}, "Invalid Input: 'HWC', valid values are"),
        ({"cudnn_tune": "best"}, "Invalid Input: 'best', valid values are: {None, 'fastest'"),
        ({"bias": None}, "bias is missing"),
        ({"bias": (5,), "num_filter": 6}, r"bias must be \[6\]"),
        ({"no_bias": True, "bias": B}, "a bias is given, but no_bias=True"),
    ],
)
def test_wrong_convolutions_are_refused(changed: dict[str, Any], match: str) -> None:
    attributes = {"kernel": (3, 3), "num_filter": 6, **changed}
    bias = attributes.pop("bias", None if changed.get("no_bias") else B)
    refused(match, nd.Convolution, *arrays(X, W, *filter(None, [bias])), **attributes)


def test_wrong_dtypes_are_refused() -> None:
    x, w = arrays(X, W)
    refused("expected 'float64' for weight", nd.Convolution, x.astype("float64"), w, kernel=(3, 3), num_filter=6,
            no_bias=True)  # fmt: skip
    integers = [each.astype("int32") for each in (x, w)]
    refused("only floating point", nd.Convolution, *integers, kernel=(3, 3), num_filter=6, no_bias=True)
    for function, attributes in (
        (nd.Pooling, {"kernel": (2, 2)}), (nd.UpSampling, {"scale": 2, "sample_type": "nearest"}),
    ):  # fmt: skip
        refused("only floating point", function, integers[0], **attributes)


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"adj": (1, 1)}, "must be smaller than stride"),
        ({"adj": (1,), "stride": (2, 2)}, "adj needs 2 numbers"),
        ({"target_shape": (16, 9), "stride": (2, 2)}, r"too big target shape: at most \[15, 13\]"),
        ({"target_shape": (9, 0)}, "target_shape must be at least 1"),
        ({"pad": (5, 5)}, "leaves nothing"),
        ({"num_group": 2}, r"weight must be \[4, 3, 3, 3\]"),
        ({"no_bias": False}, "bias is missing"),
    ],
)
def test_wrong_transposed_convolutions_are_refused(changed: dict[str, Any], match: str) -> None:
    refused(match, nd.Deconvolution, *arrays(X, (4, 6, 3, 3)), **{"kernel": (3, 3), "num_filter": 6, **changed})


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"kernel": (2,)}, "kernel needs 2 numbers for 2 spatial dimensions"),
        ({"kernel": ()}, "kernel needs 2 numbers"),
        ({"kernel": (8, 2)}, r"kernel size \(8\) exceeds input \(7 padded to 7\)"),
        ({"kernel": (0, 2)}, "must be positive"),
        ({"stride": (2,)}, "stride needs 2 numbers"),
        ({"pad": (2, 0)}, "less than kernel"),
        ({"pad": (-1, 0)}, "pad must be from 0"),
        ({"pad": (1,)}, "pad needs 2 numbers"),
        ({"pool_type": "min"}, "Invalid Input: 'min', valid values are: {'avg', 'lp', 'max', 'sum'}"),
        ({"pooling_convention": "half"}, "Invalid Input: 'half'"),
        ({"pooling_convention": "same"}, "for one spatial dimension"),
        ({"pool_type": "lp"}, "p_value must be 1, 2 or 3"),
        ({"pool_type": "lp", "p_value": 4}, "p_value must be 1, 2 or 3"),
        ({"layout": "NWC"}, "layout NWC does not fit"),
    ],
)
def test_wrong_pooling_is_refused(changed: dict[str, Any], match: str) -> None:
    refused(match, nd.Pooling, *arrays(X), **{"kernel": (2, 2), **changed})


def test_wrong_upsampling_cropping_and_normalisation_are_refused() -> None:
    small, large, weight, flat = arrays((1, 2, 3, 4), (1, 3, 6, 8), (2, 1, 4, 4), (3, 4))
    up = {"scale": 2, "sample_type": "nearest"}
    refused("greater equal to 1", nd.UpSampling, small, scale=0, sample_type="nearest")
    refused("num_args is 1, but 2 arrays", nd.UpSampling, small, large, num_args=1, **up)
    refused("at least one array", nd.UpSampling, **up)
    refused("channels must be the same", nd.UpSampling, small, large, multi_input_mode="sum", **up)
    refused("does not divide an image of 6 by 8", nd.UpSampling, small, arrays((1, 2, 4, 4))[0], **up)
    refused("batches differ", nd.UpSampling, small, arrays((2, 2, 3, 4))[0], **up)
    refused("4D", nd.UpSampling, flat, **up)
    refused("an image and a weight, got 1", nd.UpSampling, small, scale=2, sample_type="bilinear", num_filter=2)
    refused("num_filter must be", nd.UpSampling, small, weight, scale=2, sample_type="bilinear")
    refused("a part of \\[4, 4\\] does not lie in", nd.Crop, small, h_w=(4, 4))
    refused("offset \\[2, 0\\] leaves no room", nd.Crop, small, h_w=(2, 2), offset=(2, 0))
    refused("a part of \\[0, 0\\]", nd.Crop, small)
    refused("one or two arrays", nd.Crop, small, small, small)
    refused("4D", nd.Crop, flat, h_w=(1, 1))
    refused("nsize must be positive", nd.LRN, small, nsize=0)
    refused("Required parameter nsize", nd.LRN, small)


@pytest.mark.parametrize("operator", ["Convolution", "Deconvolution"])
@pytest.mark.parametrize("layout", ["NWC", "NHWC", "NDHWC"])
def test_channels_last_is_channels_first_transposed(operator: str, layout: str) -> None:
    n = len(layout) - 2
    first = operator == "Convolution"
    x, w = arrays((2, 4, *range(4, 4 + n)), (6, 2, *(3, 2, 1)[:n]) if first else (4, 3, *(3, 2, 1)[:n]))
    last = (0, *range(2, n + 2), 1)
    attributes = {"kernel": (3, 2, 1)[:n], "num_filter": 6, "num_group": 2, "no_bias": True, "stride": (2, 1, 1)[:n]}
    y = getattr(nd, operator)(x, w, **attributes)
    other = getattr(nd, operator)(x.transpose(last), w.transpose(last), layout=layout, **attributes)
    # The same sums of at most twelve products, perhaps in another order.
    np.testing.assert_allclose(other.asnumpy(), y.transpose(last).asnumpy(), rtol=1e-5, atol=1e-5)


def test_half_precision_is_that_of_single_rounded() -> None:
    """MXNet has no half precision on a CPU."""
    x, w = arrays((2, 3, 6, 5), (4, 3, 3, 3), dtype="float16")
    y = nd.Convolution(x, w, kernel=(3, 3), num_filter=4, no_bias=True)
    exact = nd.Convolution(x.astype("float32"), w.astype("float32"), kernel=(3, 3), num_filter=4, no_bias=True)
    assert y.dtype == np.float16
    np.testing.assert_allclose(y.asnumpy(), exact.asnumpy(), rtol=2.0**-10, atol=2.0**-12)


def test_an_average_in_half_precision_does_not_overflow() -> None:
    x = nd.full((1, 1, 40, 50), 100, dtype="float16")
    assert nd.Pooling(x, global_pool=True, pool_type="avg").asnumpy().item() == 100


@pytest.mark.parametrize("run", [d.interpret, d.compiled])
@pytest.mark.parametrize(
    ("operator", "others", "attributes", "shape"),
    [
        ("Convolution", [W, B], {"kernel": (3, 3), "num_filter": 6}, (6, 5, 4)),
        ("Convolution", [(2, 4, 1, 1)], {"kernel": (1, 1), "num_filter": 2, "no_bias": True}, (2, 7, 6)),
        ("Deconvolution", [(4, 6, 3, 3)], {"kernel": (3, 3), "num_filter": 6}, (6, 9, 8)),
        ("Pooling", [], {"kernel": (2, 2), "stride": (2, 2)}, (4, 3, 3)),
        ("Pooling", [], {"kernel": (2, 2), "pool_type": "avg"}, (4, 6, 5)),
        ("Pooling", [], {"global_pool": True}, (4, 1, 1)),
        ("UpSampling", [], {"scale": 2, "sample_type": "nearest"}, (4, 14, 12)),
        ("LRN", [], {"nsize": 3}, (4, 7, 6)),
    ],
)
def test_an_empty_batch_stays_empty(run: Any, operator: str, others: list[Any], attributes: Any, shape: Any) -> None:
    """MXNet refuses it."""
    given = [np.zeros((0, *X[1:]), "float32"), *(np.ones(each, "float32") for each in others)]
    spec, slots = d.bind(OPERATORS[operator], given, attributes)
    (y,) = run(spec, [*given, *slots])
    assert y.shape == (0, *shape)
    found = d.gradients(spec, [*given, *slots], [np.zeros_like(y)], run=run)
    assert found[0].shape == given[0].shape
    assert all(found[i].shape == g.shape and not found[i].any() for i, g in enumerate(given) if i)


def test_a_maximum_of_nothing_but_nan_sends_its_gradient_to_the_first() -> None:
    x = nd.array([[[np.nan, np.nan, 1, np.nan]]])
    x.attach_grad()
    with autograd.record():
        y = nd.Pooling(x, kernel=(2,), stride=(2,), pad=(0,))
    y.backward(nd.array([[[5, 7]]]))
    assert y.asnumpy().ravel().tolist() == [np.finfo("float32").min, 1]
    assert x.grad.asnumpy().ravel().tolist() == [5, 0, 7, 0]


def test_second_order_through_a_network() -> None:
    """As in penalties on a gradient's norm: MXNet has no second order of these operators."""

    def network(x: Any, w: Any, v: Any) -> Any:
        h = nd.tanh(nd.Convolution(x, w, kernel=(3, 3), num_filter=3, pad=(1, 1), no_bias=True))
        h = nd.Pooling(h, kernel=(2, 2), stride=(2, 2), pool_type="avg")
        return nd.Convolution(h, v, kernel=(1, 1), num_filter=2, no_bias=True).square().sum()

    inputs = arrays((2, 2, 6, 6), (3, 2, 3, 3), (2, 3, 1, 1), dtype="float64")
    autograd.check_gradients(network, inputs, order=2, rtol=1e-6)
