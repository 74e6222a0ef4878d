"""Products of matrices, and the updates of optimizers."""

from __future__ import annotations

from mxnet import nd

from .collection import Values, add_calls

add_calls(
    "products",
    {
        "dot of vectors": nd.dot,
        "dot of a matrix and a vector": nd.dot,
        "dot": nd.dot,
        "dot(transpose_a=True)": lambda a, b: nd.dot(a, b, transpose_a=True),
        "dot(transpose_b=True)": lambda a, b: nd.dot(a, b, transpose_b=True),
        "dot of three axes": nd.dot,
        "batch_dot": nd.batch_dot,
        "batch_dot(transpose_b=True)": lambda a, b: nd.batch_dot(a, b, transpose_b=True),
        "linalg.gemm2": lambda a, b: nd.linalg.gemm2(a, b, alpha=0.5),
        "dot of float64": nd.dot,
        "outer product": lambda a, b: a.expand_dims(1) * b.expand_dims(0),
        "cosine": lambda a, b: (a * b).sum() / (a.norm() * b.norm()),
    },
    [Values((5,)), Values((5,))],
    [Values((3, 4)), Values((4,))],
    [Values((3, 4)), Values((4, 2))],
    [Values((4, 3)), Values((4, 2))],
    [Values((3, 4)), Values((2, 4))],
    [Values((2, 3, 4)), Values((4, 2))],
    [Values((2, 3, 4)), Values((2, 4, 2))],
    [Values((2, 3, 4)), Values((2, 5, 4))],
    [Values((2, 3)), Values((3, 2))],
    [Values((6, 2), "float64"), Values((2, 6), "float64")],
    [Values((4,)), Values((3,))],
    [Values((6,)), Values((6,))],
)
add_calls(
    "products",
    {
        "linalg.syrk": nd.linalg.syrk,
        "linalg.gemm": lambda a: nd.linalg.gemm(a, a, nd.ones((3, 3)), transpose_b=True, beta=2.0),
        "power iteration": lambda a: nd.dot(nd.dot(a.T, a), nd.dot(nd.dot(a.T, a), nd.ones((4,)))),
        "covariance": lambda a: nd.dot((a - a.mean(axis=0)).T, a - a.mean(axis=0)) / 3,
    },
    [Values((3, 4))],
)
add_calls(
    "products",
    {
        "FullyConnected": lambda x, w: nd.FullyConnected(x, w, nd.ones((5,)), num_hidden=5),
        "FullyConnected(no_bias=True)": lambda x, w: nd.FullyConnected(x, w, num_hidden=5, no_bias=True),
        "two layers": lambda x, w: nd.dot(nd.relu(nd.dot(x, w.T)), w),
    },
    [Values((4, 3)), Values((5, 3))],
)

_STATE = Values((3, 4), low=0.1)
add_calls(
    "updates",
    {
        "sgd_update": lambda w, g: nd.sgd_update(w, g, lr=0.1, wd=0.01),
        "sgd_update(out=w)": lambda w, g: [nd.sgd_update(w, g, lr=0.1, out=w), w],
        "w - 0.1 * g": lambda w, g: w - 0.1 * g,
        "signsgd_update": lambda w, g: nd.signsgd_update(w, g, lr=0.1),
    },
    [Values((3, 4)), Values((3, 4))],
    [Values((6,)), Values((6,))],
)
add_calls(
    "updates",
    {
        "sgd_mom_update": lambda w, g, m: [nd.sgd_mom_update(w, g, m, lr=0.1, momentum=0.9), m],
        "nag_mom_update": lambda w, g, m: [nd.nag_mom_update(w, g, m, lr=0.1, momentum=0.9), m],
        "rmsprop_update": lambda w, g, m: [nd.rmsprop_update(w, g, m, lr=0.1), m],
        "adagrad by hand": lambda w, g, m: w - 0.1 * g / nd.sqrt(m + g * g + 1e-6),
    },
    [Values((3, 4)), Values((3, 4)), _STATE],
)
add_calls(
    "updates",
    {
        "adam_update": lambda w, g, m, v: [nd.adam_update(w, g, m, v, lr=0.1), m, v],
        "ftrl_update": lambda w, g, m, v: [nd.ftrl_update(w, g, m, v, lr=0.1), m, v],
    },
    [Values((3, 4)), Values((3, 4)), _STATE, _STATE],
)
