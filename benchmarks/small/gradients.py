"""Gradients of the first and of the second order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mxnet import autograd, nd

from .collection import Results, Values, add, add_all, add_gradients

add_gradients(
    "gradients",
    {
        "(tanh(x) * x).sum()": lambda x: (nd.tanh(x) * x).sum(),
        "exp(x)": nd.exp,
        "sigmoid(x)": nd.sigmoid,
        "relu(x - 0.3)": lambda x: nd.relu(x - 0.3),
        "x ** 3": lambda x: x**3,
        "sin(x) + cos(2 * x)": lambda x: nd.sin(x) + nd.cos(2 * x),
        "1 / (1 + x * x)": lambda x: 1 / (1 + x * x),
        "abs(x)": nd.abs,
        "softmax(x)": lambda x: (nd.softmax(x) ** 2).sum(),
        "log_softmax(x)": lambda x: nd.log_softmax(x).mean(),
        "x.mean(axis=1)": lambda x: x.mean(axis=1) ** 2,
        "x.max(axis=0)": lambda x: x.max(axis=0) * 2,
        "x.norm()": lambda x: x.norm(),
        "x.T": lambda x: x.T * nd.arange(x.size).reshape(x.T.shape),
        "x[1:]": lambda x: (x[1:] * x[:-1]).sum(),
        "x[[0, 0, 1]]": lambda x: x[[0, 0, 1]] * 3,
        "clip(x)": lambda x: nd.clip(x, -1, 1) * x,
        "where(x > 0)": lambda x: nd.where(x > 0, x * x, -x),
        "concat(x, x * x)": lambda x: nd.concat(x, x * x, dim=0),
        "a stopped gradient": lambda x: nd.BlockGrad(x * 2) * x,
        "smooth_l1": lambda x: nd.smooth_l1(x, scalar=1.0).sum(),
    },
    [Values((3, 4))],
    [Values((5, 2))],
    [Values((2, 7), "float64")],
    [Values((4, 1))],
)
add_gradients(
    "gradients",
    {
        "x * y": lambda x, y: x * y,
        "x / y": lambda x, y: x / y,
        "broadcast_add": nd.broadcast_add,
        "broadcast_mul": lambda x, y: nd.broadcast_mul(x, y).sum(),
        "maximum": nd.broadcast_maximum,
        "mean squared error": lambda x, y: ((x - y) ** 2).mean(),
    },
    [Values((3, 4), low=0.5), Values((3, 4), low=0.5)],
    [Values((2, 3), low=0.5), Values((1, 3), low=0.5)],
)
add_gradients(
    "gradients",
    {
        "dot": nd.dot,
        "relu(dot)": lambda x, w: nd.relu(nd.dot(x, w)).sum(),
        "cross-entropy": lambda x, w: -nd.pick(nd.log_softmax(nd.dot(x, w)), nd.array([0, 1, 1])).mean(),
    },
    [Values((3, 4)), Values((4, 2))],
)


def _grad_of_variable() -> Results:
    x = Values((3,)).make(1)
    with autograd.record():
        x.attach_grad()
        y = x * x
        z = y * x
    return [autograd.grad(z, x)[0].asnumpy()]


def _accumulated() -> Results:
    x = Values((2, 2)).make(2)
    x.attach_grad("add")
    for factor in (1, 2, 3):
        with autograd.record():
            y = x * x * factor
        y.backward()
    return [x.grad.asnumpy()]


def _seeded() -> Results:
    x = Values((2, 3)).make(3)
    x.attach_grad()
    with autograd.record():
        y = nd.exp(x)
    y.backward(nd.arange(6).reshape((2, 3)))
    return [x.grad.asnumpy()]


def _two_heads() -> Results:
    x = Values((4,)).make(4)
    x.attach_grad()
    with autograd.record():
        y, z = nd.sin(x), x * 3
    autograd.backward([y, z])
    return [x.grad.asnumpy()]


def _detached() -> Results:
    x = Values((4,)).make(5)
    x.attach_grad()
    with autograd.record():
        y = x * x
        z = y.detach() * x
    z.backward()
    return [x.grad.asnumpy()]


def _paused() -> Results:
    x = Values((4,)).make(6)
    x.attach_grad()
    with autograd.record():
        y = x * 2
        with autograd.pause():
            scale = nd.abs(x).sum()
        z = y / scale
    z.backward()
    return [x.grad.asnumpy()]


add_all(
    "gradients",
    {
        "autograd.grad of a variable made inside": _grad_of_variable,
        "grad_req 'add', three passes": _accumulated,
        "backward(seed)": _seeded,
        "two heads": _two_heads,
        "detach": _detached,
        "pause": _paused,
    },
)


def _second(function: Callable[[Any], Any], values: Values) -> Callable[[], Results]:
    def run() -> Results:
        x = values.make(8)
        x.attach_grad()
        with autograd.record():
            y = function(x)
            first = autograd.grad(y, x, create_graph=True, retain_graph=True)[0]
        first.backward()
        return [first.asnumpy(), x.grad.asnumpy()]

    return run


_TWICE: dict[str, Callable[[Any], Any]] = {
    "sin(x)": nd.sin,
    "log(x)": nd.log,
    "sigmoid(x)": nd.sigmoid,
    "exp(sin(x))": lambda x: nd.exp(nd.sin(x)),
    "log(square(x))": lambda x: nd.log(nd.square(x)),
    "tanh(x)": nd.tanh,
    "sqrt(x)": nd.sqrt,
    "reciprocal(x)": nd.reciprocal,
    "cos(sin(x))": lambda x: nd.cos(nd.sin(x)),
    "arctan(x)": nd.arctan,
    "square(x)": nd.square,
    "cbrt(x)": nd.cbrt,
    "expm1(x)": nd.expm1,
}
for _i, (_name, _function) in enumerate(_TWICE.items()):
    _values = (Values((3, 4), low=0.3), Values((5,), low=0.3), Values((2, 2, 2), low=0.3))[_i % 3]
    add("second order", f"{_name} of {_values}", _second(_function, _values))
