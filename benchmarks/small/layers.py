"""Layers of small size: convolutions, pooling, normalisation, recurrence, losses."""

from __future__ import annotations

from typing import Any

from mxnet import autograd, nd

from .collection import Results, Values, add, add_all, add_calls, add_gradients, read

_IMAGE = Values((2, 3, 6, 6))


def _convolution(x: Any, w: Any, **settings: Any) -> Any:
    return nd.Convolution(x, w, nd.ones((w.shape[0],)), num_filter=w.shape[0], kernel=w.shape[2:], **settings)


add_calls(
    "layers",
    {
        "Convolution of 3x3": _convolution,
        "Convolution(pad)": lambda x, w: _convolution(x, w, pad=(1, 1)),
        "Convolution(stride)": lambda x, w: _convolution(x, w, stride=(2, 2)),
        "Convolution(dilate)": lambda x, w: _convolution(x, w, dilate=(2, 2)),
        "Convolution of 1x1": _convolution,
        "Convolution of sequences": _convolution,
        "Convolution of volumes": _convolution,
    },
    [_IMAGE, Values((4, 3, 3, 3))],
    [_IMAGE, Values((2, 3, 3, 3))],
    [_IMAGE, Values((4, 3, 2, 2))],
    [_IMAGE, Values((2, 3, 2, 2))],
    [_IMAGE, Values((5, 3, 1, 1))],
    [Values((2, 3, 8)), Values((4, 3, 3))],
    [Values((1, 2, 4, 4, 4)), Values((2, 2, 2, 2, 2))],
)
add_calls(
    "layers",
    {
        "Deconvolution": lambda x, w: nd.Deconvolution(x, w, kernel=(2, 2), stride=(2, 2), num_filter=2, no_bias=True),
        "Convolution by groups": lambda x, w: nd.Convolution(
            x, nd.ones((4, 1, 2, 2)), kernel=(2, 2), num_filter=4, num_group=4, no_bias=True
        ),
    },
    [Values((1, 4, 3, 3)), Values((4, 2, 2, 2))],
)
add_calls(
    "layers",
    {
        "Pooling(max)": lambda x: nd.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max"),
        "Pooling(avg, pad)": lambda x: nd.Pooling(x, kernel=(3, 3), pad=(1, 1), pool_type="avg"),
        "Pooling(global)": lambda x: nd.Pooling(x, global_pool=True, pool_type="avg", kernel=(1, 1)),
        "LRN": lambda x: nd.LRN(x, nsize=3),
        "UpSampling": lambda x: nd.UpSampling(x, scale=2, sample_type="nearest"),
        "InstanceNorm": lambda x: nd.InstanceNorm(x, nd.ones((3,)), nd.zeros((3,))),
        "LayerNorm": lambda x: nd.LayerNorm(x, nd.ones((6,)), nd.zeros((6,))),
        "L2Normalization": lambda x: nd.L2Normalization(x, mode="channel"),
        "Dropout, not training": lambda x: nd.Dropout(x, p=0.5),
        "LeakyReLU": lambda x: nd.LeakyReLU(x, slope=0.1),
        "LeakyReLU(elu)": lambda x: nd.LeakyReLU(x, act_type="elu"),
        "Activation(softrelu)": lambda x: nd.Activation(x, act_type="softrelu"),
        "BatchNorm, not training": lambda x: nd.BatchNorm(
            x, nd.ones((3,)), nd.zeros((3,)), nd.zeros((3,)), nd.ones((3,))
        ),
        "GroupNorm": lambda x: nd.GroupNorm(x, nd.ones((3,)), nd.zeros((3,)), num_groups=3),
    },
    [_IMAGE],
)
add_gradients(
    "layers",
    {
        "Convolution": _convolution,
        "convolution, relu, pooling": lambda x, w: nd.Pooling(
            nd.relu(_convolution(x, w)), kernel=(2, 2), stride=(2, 2), pool_type="max"
        ).sum(),
        "FullyConnected": lambda x, w: nd.FullyConnected(x, w.reshape((4, -1)), num_hidden=4, no_bias=True),
    },
    [_IMAGE, Values((4, 3, 3, 3))],
    [Values((1, 2, 7, 7)), Values((3, 2, 2, 2))],
    [Values((5, 18)), Values((4, 2, 3, 3))],
)
add_gradients(
    "layers",
    {
        "Pooling(avg)": lambda x: nd.Pooling(x, kernel=(2, 2), stride=(1, 1), pool_type="avg"),
        "LayerNorm": lambda x: (nd.LayerNorm(x, nd.ones((6,)), nd.zeros((6,))) ** 3).sum(),
        "LeakyReLU": lambda x: nd.LeakyReLU(x, slope=0.2),
    },
    [_IMAGE],
)


def _recurrent(mode: str, gates: int, states: int, backward: bool) -> Results:
    steps, batch, inputs, size = 4, 2, 3, 5
    x = Values((steps, batch, inputs)).make(1)
    parameters = Values((gates * size * (inputs + size + 2),), low=-0.3, high=0.3).make(2)
    start = [nd.zeros((1, batch, size)) for _ in range(states)]
    parameters.attach_grad()
    with autograd.record(train_mode=backward):
        y = nd.RNN(x, parameters, *start, state_size=size, num_layers=1, mode=mode)
    if not backward:
        return read(y)
    y.backward()
    return read([y, parameters.grad])


for _mode, _gates, _states in (("rnn_tanh", 1, 1), ("gru", 3, 1), ("lstm", 4, 2)):
    for _backward in (False, True):
        _name = f"RNN({_mode}){' and its gradient' if _backward else ''}"
        add("layers", _name, lambda a=(_mode, _gates, _states, _backward): _recurrent(*a))


def _batch_norm() -> Results:
    x, gamma, beta, mean, var = _IMAGE.make(3), nd.ones((3,)), nd.zeros((3,)), nd.zeros((3,)), nd.ones((3,))
    gamma.attach_grad()
    with autograd.record():
        y = nd.BatchNorm(x, gamma, beta, mean, var, fix_gamma=False)
    y.backward()
    return read([y, gamma.grad, mean, var])


def _softmax_output() -> Results:
    x = Values((4, 3)).make(4)
    x.attach_grad()
    with autograd.record():
        y = nd.SoftmaxOutput(x, nd.array([0, 2, 1, 1]))
    y.backward()
    return read([y, x.grad])


def _embedding() -> Results:
    w = Values((5, 3)).make(5)
    w.attach_grad()
    with autograd.record():
        y = nd.Embedding(nd.array([1, 3, 1]), w, input_dim=5, output_dim=3)
    y.backward()
    return read([y, w.grad])


def _masked() -> Results:
    return read(nd.SequenceMask(Values((4, 3, 2)).make(6), nd.array([1, 4, 2]), use_sequence_length=True, value=-1))


def _attention() -> Results:
    q, k, v = (Values((2, 3, 4)).make(i) for i in (7, 8, 9))
    return read(nd.batch_dot(nd.softmax(nd.batch_dot(q, k, transpose_b=True) / 2), v))


add_all(
    "layers",
    {
        "BatchNorm, training": _batch_norm,
        "SoftmaxOutput and its gradient": _softmax_output,
        "Embedding and its gradient": _embedding,
        "SequenceMask": _masked,
        "attention": _attention,
    },
)
add("layers", "Dropout, training", lambda: read(_dropout()), drawn=True)


def _dropout() -> Any:
    with autograd.train_mode():
        return nd.Dropout(nd.ones((4, 5)), p=0.5)
