"""Shapes: reshaping, moving axes, joining and cutting; arrays made, cast and copied."""

from __future__ import annotations

import mxnet as mx
import numpy as np
from mxnet import nd

from .collection import Values, add_all, add_calls, read

add_calls(
    "shaping",
    {
        "reshape(-1)": lambda x: x.reshape(-1),
        "reshape((0, -1))": lambda x: x.reshape((0, -1)),
        "reshape((-3, 0))": lambda x: x.reshape((-3, 0)),
        "reshape((-4, 1, -1, 0, 0))": lambda x: x.reshape((-4, 1, -1, 0, 0)),
        "transpose": nd.transpose,
        "x.T": lambda x: x.T,
        "transpose(axes)": lambda x: nd.transpose(x, axes=(1, 2, 0)),
        "swapaxes(0, 2)": lambda x: x.swapaxes(0, 2),
        "expand_dims(1)": lambda x: x.expand_dims(1),
        "flatten": nd.flatten,
        "tile((2, 1, 2))": lambda x: nd.tile(x, (2, 1, 2)),
        "repeat(2, axis=1)": lambda x: nd.repeat(x, 2, axis=1),
        "flip": lambda x: nd.flip(x, axis=1),
        "split": lambda x: nd.split(x, num_outputs=2, axis=0),
        "split_v2": lambda x: nd.split_v2(x, (1,), axis=1),
        "concat": lambda x: nd.concat(x, x + 1, dim=1),
        "stack": lambda x: nd.stack(x, -x, axis=1),
        "squeeze": lambda x: nd.squeeze(x[:1], axis=0),
        "shape_array": nd.shape_array,
        "reshape_like": lambda x: nd.reshape_like(nd.arange(x.size), x),
        "ones_like - zeros_like": lambda x: nd.ones_like(x) - nd.zeros_like(x),
        "moveaxis": lambda x: nd.moveaxis(x, 0, 2),
        "stack of its rows": lambda x: nd.stack(*[x[i] for i in range(len(x))]),
    },
    [Values((2, 3, 4))],
    [Values((4, 2, 3), "float64")],
    [Values((2, 5, 1))],
    [Values((6, 2, 2), "int32", -9, 9)],
)
add_calls(
    "shaping",
    {
        "pad": lambda x: nd.pad(x, mode="constant", pad_width=(0, 0, 0, 0, 1, 1, 2, 2), constant_value=3),
        "pad(mode='edge')": lambda x: nd.pad(x, mode="edge", pad_width=(0, 0, 0, 0, 1, 2, 1, 0)),
        "diag": lambda x: nd.diag(x[0, 0]),
    },
    [Values((1, 2, 3, 4))],
    [Values((2, 1, 3, 3))],
)
add_all(
    "making",
    {
        "zeros": lambda: read(nd.zeros((3, 2))),
        "ones of integers": lambda: read(nd.ones((2, 2), dtype="int32")),
        "full": lambda: read(nd.full((2, 3), 1.5)),
        "arange": lambda: read(nd.arange(2, 12, 3)),
        "arange(repeat=2)": lambda: read(nd.arange(0, 3, repeat=2)),
        "linspace": lambda: read(nd.linspace(0, 1, 7)),
        "eye": lambda: read(nd.eye(4, k=1)),
        "array of lists": lambda: read(nd.array([[1, 2], [3, 4]])),
        "array, a scalar of it": lambda: [np.float32(nd.array([2.5]).asscalar())],
    },
)
add_calls(
    "making",
    {
        "astype('int32')": lambda x: x.astype("int32"),
        "cast('float16')": lambda x: nd.cast(x, "float16"),
        "astype, then back": lambda x: x.astype("float64").astype("float32") / 3,
        "copy": lambda x: x.copy(),
        "as_in_context": lambda x: x.as_in_context(mx.cpu()),
    },
    [Values((3, 3))],
    [Values((7,))],
)
add_calls("making", {"array of rows": lambda x: nd.array([row.asnumpy() for row in x])}, [Values((4, 3))])
