"""Python's own control flow with values that are read, ``nd.contrib``'s, and sweeps such as a test makes."""

from __future__ import annotations

import numpy as np
from mxnet import autograd, nd

from .collection import Results, Values, add_all, read


def _newton() -> Results:
    x = nd.array([1.0])
    for _ in range(6):
        x = (x + 2 / x) / 2
    return read(x)


def _until_small() -> Results:
    x = nd.array([64.0])
    steps = 0
    while x.asscalar() > 1:
        x = x / 2
        steps += 1
    return [x.asnumpy(), np.array(steps)]


def _branch() -> Results:
    x = nd.array([3.0])
    return read(x * 2 if x > 1 else x - 1)


def _collatz() -> Results:
    x = nd.array([7], dtype="int32")
    seen = []
    while x.asscalar() != 1:
        x = x / 2 if x.asscalar() % 2 == 0 else 3 * x + 1
        seen.append(x.asscalar())
    return [np.array(seen)]


def _running_sum() -> Results:
    x, total, sums = nd.arange(8), nd.zeros((1,)), []
    for i in range(8):
        total = total + x[i]
        sums.append(total.asscalar())
    return [np.array(sums)]


def _fibonacci() -> Results:
    x = nd.zeros((10,))
    x[1] = 1
    for i in range(2, 10):
        x[i] = x[i - 1] + x[i - 2]
    return read(x)


def _horner() -> Results:
    x, y = Values((6,)).make(1), nd.zeros((6,))
    for c in (1.0, -2.0, 0.5, 3.0):
        y = y * x + c
    return read(y)


def _bubble() -> Results:
    x = Values((4,)).make(2)
    for i in range(3):
        for j in range(3 - i):
            if x[j].asscalar() > x[j + 1].asscalar():
                low = x[j + 1].copy()
                x[j + 1] = x[j]
                x[j] = low
    return read(x)


def _descent() -> Results:
    x = nd.array([3.0, -2.0])
    x.attach_grad()
    for _ in range(5):
        with autograd.record():
            loss = (x * x).sum()
        loss.backward()
        x -= 0.1 * x.grad
    return read(x)


def _losses() -> Results:
    w, x, y = Values((3, 1)).make(3), Values((8, 3)).make(4), Values((8, 1)).make(5)
    w.attach_grad()
    losses = []
    for _ in range(4):
        with autograd.record():
            loss = ((nd.dot(x, w) - y) ** 2).mean()
        loss.backward()
        w[:] = w - 0.1 * w.grad
        losses.append(loss.asscalar())
    return [np.array(losses)]


def _recurrence() -> Results:
    w, h, steps = Values((4, 4)).make(6), nd.zeros((2, 4)), Values((5, 2, 4)).make(7)
    for x in steps:
        h = nd.tanh(nd.dot(h, w) + x)
    return read(h)


def _foreach() -> Results:
    outputs, state = nd.contrib.foreach(lambda x, s: (x + s, x + s), Values((4, 3)).make(8), nd.zeros((3,)))
    return read([outputs, state])


def _foreach_gradient() -> Results:
    x = Values((3, 2)).make(9)
    x.attach_grad()
    with autograd.record():
        outputs, _ = nd.contrib.foreach(lambda d, s: (d * s, s + d), x, nd.ones((2,)))
        loss = outputs.sum()
    loss.backward()
    return read([loss, x.grad])


def _while_loop() -> Results:
    outputs, states = nd.contrib.while_loop(
        lambda i, s: i < 5, lambda i, s: ([s], [i + 1, s + i]), [nd.zeros((1,)), nd.ones((1,))], max_iterations=8
    )
    return [outputs[0][:5].asnumpy(), *read(states)]


def _cond() -> Results:
    a, b = nd.array([1.0]), nd.array([2.0])
    return read(nd.contrib.cond(a < b, lambda: a + b, lambda: a - b))


add_all(
    "control flow",
    {
        "Newton's square root": _newton,
        "halved until small": _until_small,
        "a branch": _branch,
        "Collatz": _collatz,
        "a running sum, read": _running_sum,
        "Fibonacci in place": _fibonacci,
        "Horner": _horner,
        "bubble sort": _bubble,
        "gradient descent": _descent,
        "losses of a regression": _losses,
        "a recurrence": _recurrence,
        "foreach": _foreach,
        "gradient through foreach": _foreach_gradient,
        "while_loop": _while_loop,
        "cond": _cond,
    },
)


def _sums_of_shapes() -> Results:
    return [Values(shape).make(1).sum().asnumpy() for shape in ((2,), (2, 3), (2, 3, 4), (1, 2, 1, 2), (3, 1, 2, 1, 2))]


def _dtypes() -> Results:
    return [(Values((2, 3), dtype, 0, 9).make(2) + 1).asnumpy() for dtype in ("float32", "float64", "int32", "uint8")]


def _every_axis() -> Results:
    x = Values((2, 3, 2)).make(3)
    return [x.sum(axis=axis, keepdims=keep).asnumpy() for axis in (0, 1, 2) for keep in (False, True)]


def _broadcasts() -> Results:
    pairs = [((2, 1), (1, 3)), ((4,), (1,)), ((2, 1, 2), (2, 3, 1)), ((1, 1), (2, 2))]
    return [nd.broadcast_add(Values(a).make(4), Values(b).make(5)).asnumpy() for a, b in pairs]


def _gradients_of_shapes() -> Results:
    found = []
    for shape in ((3,), (2, 2), (1, 2, 3)):
        x = Values(shape).make(6)
        x.attach_grad()
        with autograd.record():
            y = (nd.sigmoid(x) * x).sum()
        y.backward()
        found.append(x.grad.asnumpy())
    return found


def _differences() -> Results:
    """A gradient against differences, as tests check it."""
    x = Values((3,), "float64").make(7)
    slopes = []
    for i in range(3):
        step = nd.zeros((3,), dtype="float64")
        step[i] = 1e-4
        slopes.append(((nd.sin(x + step) - nd.sin(x - step)).sum() / 2e-4).asscalar())
    return [np.array(slopes)]


def _products_of_sizes() -> Results:
    return [nd.dot(Values((m, k)).make(8), Values((k, n)).make(9)).asnumpy() for m, k, n in ((1, 2, 3), (4, 1, 2))]


def _chain_of_four() -> Results:
    found = []
    for function in (nd.exp, nd.tanh, nd.square, nd.sigmoid):
        for shape in ((2, 2), (5,)):
            found.append(function(Values(shape).make(10)).asnumpy())
    return found


def _slices() -> Results:
    x = Values((6, 5)).make(11)
    return [x[a:b].asnumpy() for a, b in ((0, 2), (1, 4), (3, 6), (2, 3))]


def _against_numpy() -> Results:
    a, b = np.linspace(-1, 1, 12).reshape(3, 4), np.linspace(0, 2, 12).reshape(3, 4)
    ours = (nd.array(a) * nd.array(b) + 1).asnumpy()
    np.testing.assert_allclose(ours, a * b + 1, rtol=1e-6)
    return [ours]


add_all(
    "sweeps",
    {
        "sums of five shapes": _sums_of_shapes,
        "x + 1 of four types": _dtypes,
        "sums along every axis": _every_axis,
        "broadcasts of four pairs": _broadcasts,
        "gradients of three shapes": _gradients_of_shapes,
        "a gradient by differences": _differences,
        "products of two sizes": _products_of_sizes,
        "four functions of two shapes": _chain_of_four,
        "four slices": _slices,
        "against NumPy": _against_numpy,
    },
)
