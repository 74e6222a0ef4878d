"""Sums and their kin along axes; sorting."""

from __future__ import annotations

from mxnet import nd

from .collection import Values, add_calls

_INPUTS = ([Values((3, 4))], [Values((2, 3, 4))], [Values((5, 1, 2), "float64")], [Values((2, 6))])

add_calls(
    "reductions",
    {f"{name}()": lambda x, n=name: getattr(x, n)() for name in ("sum", "mean", "max", "min", "prod", "norm")},
    *_INPUTS,
    [Values((9,))],
)
add_calls(
    "reductions",
    {f"{name}(axis=1)": lambda x, n=name: getattr(x, n)(axis=1) for name in ("sum", "mean", "max", "min", "prod")},
    *_INPUTS,
)
add_calls(
    "reductions",
    {
        "sum(axis=0, keepdims=True)": lambda x: x.sum(axis=0, keepdims=True),
        "mean(axis=(0, 2))": lambda x: x.mean(axis=(0, 2)),
        "max(axis=-1)": lambda x: x.max(axis=-1),
        "sum(axis=1, exclude=True)": lambda x: nd.sum(x, axis=1, exclude=True),
        "argmax(axis=0)": lambda x: x.argmax(axis=0),
        "argmin(axis=2)": lambda x: x.argmin(axis=2),
        "norm(ord=1, axis=1)": lambda x: nd.norm(x, ord=1, axis=1),
        "nansum": nd.nansum,
        "nanprod(axis=1)": lambda x: nd.nanprod(x, axis=1),
        "moments": lambda x: nd.moments(x, axes=(0, 2)),
        "variance": lambda x: ((x - x.mean()) ** 2).mean(),
        "softmax": nd.softmax,
        "log_softmax(axis=1)": lambda x: nd.log_softmax(x, axis=1),
        "softmin": nd.softmin,
        "log of the sum of exponentials": lambda x: nd.log(nd.exp(x - x.max()).sum()) + x.max(),
        "cumsum(axis=1)": lambda x: nd.cumsum(x, axis=1),
    },
    [Values((2, 3, 4))],
    [Values((3, 2, 2), "float64")],
    [Values((1, 5, 3))],
)
add_calls(
    "reductions",
    {
        "sum of integers": lambda x: x.sum(),
        "max of integers": lambda x: x.max(axis=0),
        "sum(axis=(0, 1)) of integers": lambda x: x.sum(axis=(0, 1)),
        "argmax_channel": lambda x: nd.argmax_channel(x),
    },
    [Values((3, 4), "int32", -9, 9)],
    [Values((4, 3), "int64", -9, 9)],
    [Values((2, 8), "int32", -9, 9)],
    [Values((6, 5))],
)

add_calls(
    "ordering",
    {
        "sort": nd.sort,
        "sort(axis=0, is_ascend=False)": lambda x: nd.sort(x, axis=0, is_ascend=False),
        "argsort": nd.argsort,
        "argsort(axis=0)": lambda x: nd.argsort(x, axis=0),
        "topk(k=2)": lambda x: nd.topk(x, k=2),
        "topk(k=3, ret_typ='value')": lambda x: nd.topk(x, k=3, ret_typ="value"),
        "topk(k=2, ret_typ='both')": lambda x: nd.topk(x, k=2, ret_typ="both"),
        "topk(k=1, ret_typ='mask')": lambda x: nd.topk(x, k=1, ret_typ="mask"),
        "topk(axis=0, is_ascend=True)": lambda x: nd.topk(x, axis=0, k=2, is_ascend=True),
        "take in the order of argsort": lambda x: nd.take(x, nd.argsort(x[:, 0])),
        "median": lambda x: nd.sort(x.reshape((-1,)))[x.size // 2],
        "histogram": lambda x: nd.histogram(x, bins=5, range=(-2, 2)),
    },
    [Values((4, 5))],
    [Values((6, 3))],
    [Values((3, 7))],
)
