"""Whole steps; loops and calls inside."""

from __future__ import annotations

from typing import Any

import numpy as np

from lazynd import autograd, nd
from lazynd.compiled import compile, host_number, untraced

from .registry import program, variables


@program("a training step")
def _() -> Any:
    rng = np.random.default_rng(3)
    parameters = variables(*(rng.normal(size=s) * 0.1 for s in ((8, 5), (8,), (3, 8), (3,))))
    momenta = [nd.zeros(p.shape) for p in parameters]
    asked = [0]

    def rates() -> tuple[float, float]:
        asked[0] += 1
        return 0.1 / asked[0], 1e-4

    def step(x: Any, y: Any) -> Any:
        w1, b1, w2, b2 = parameters
        with autograd.record():
            hidden = nd.Dropout(nd.relu(nd.FullyConnected(x, w1, b1, num_hidden=8)), p=0.3)
            loss = nd.softmax_cross_entropy(nd.FullyConnected(hidden, w2, b2, num_hidden=3), y)
        loss.backward()
        rate, decay = host_number(rates)
        for p, m in zip(parameters, momenta, strict=True):
            nd.sgd_mom_update(p, p.grad, m, lr=rate, wd=decay, momentum=0.9, rescale_grad=1 / x.shape[0], out=p)
            p._fresh_grad = False
        return loss

    def call(f: Any, i: int) -> Any:
        data = np.random.default_rng(i)
        loss = f(nd.array(data.normal(size=(4, 5))), nd.array(data.integers(0, 3, 4)))
        return loss, parameters, momenta, [p.grad for p in parameters], asked[0], parameters[0]._fresh_grad

    return step, call


@program("two steps that share a network")
def _() -> Any:
    first, second = variables([1.0, 2.0], [0.5, 0.5])

    def net(x: Any, w: Any) -> Any:
        return nd.sigmoid(x * w)

    shared = compile(net)

    def f(x: Any) -> Any:
        for own, other in ((first, second), (second, first)):
            with autograd.record():
                loss = (shared(x, own) - shared(x, other).detach()).square().sum()
            loss.backward()
            own[:] = own - 0.5 * own.grad
        return loss

    return f, lambda f, i: (f(nd.ones(2) * i), first, second, shared(nd.ones(2), first))


@program("loops and choices inside")
def _() -> Any:
    (w,) = variables([0.5, 0.5, 0.5])

    def f(x: Any, rate: float) -> Any:
        with autograd.record():
            rows, last = nd.contrib.foreach(lambda row, state: (row * w * rate, state + row * w), x, nd.zeros(3))
            loss = rows.sum() + (last * last).sum()
        loss.backward()
        chosen = nd.contrib.cond(loss > 1, lambda: w * 2, lambda: w - 1)
        return loss, chosen

    return f, lambda f, i: (f(nd.ones((4, 3)) * i, 0.1 * i), w.grad)


@program("calls in calls in calls")
def _() -> Any:
    (w,) = variables([1.0, 2.0])
    counts = nd.zeros(1)

    @compile
    def inner(x: Any, n: float) -> Any:
        counts[:] = counts + 1
        return x * w * n + nd.random.uniform(shape=(2,))

    @compile
    def middle(x: Any, n: float) -> Any:
        return inner(x, n) + inner(x + 1, n * 2)

    def outer(x: Any, n: float) -> Any:
        return middle(middle(x, n), n / 2)

    def call(f: Any, i: int) -> Any:
        if i == 2:
            inner(nd.ones(2), 1.0)
        with autograd.record():
            y = f(nd.ones(2), 0.5 * i)
        y.backward()
        return y, w.grad, counts

    return outer, call


@program("a recursive function")
def _() -> Any:
    @compile
    def power(x: Any, n: int) -> Any:
        return x if n == 1 else x * power(x, n - 1)

    return lambda x: power(x, 5), lambda f, i: f(nd.ones(2) * i)


@program("a compiled function in a loop")
def _() -> Any:
    (w,) = variables([0.5, 0.5])
    layer = compile(lambda x, h: nd.tanh(x * w + h))

    def f(x: Any) -> Any:
        return nd.contrib.foreach(lambda row, h: (layer(row, h), layer(h, row)), x, nd.zeros(2))

    def call(f: Any, i: int) -> Any:
        with autograd.record():
            rows, last = f(nd.ones((3, 2)) * i)
            loss = rows.sum() + last.sum()
        loss.backward()
        return loss, w.grad

    return f, call


@program("states that are made at the first call")
def _() -> Any:
    (w,) = variables([0.5, 0.5])
    states: dict[str, Any] = {}

    def f(x: Any) -> Any:
        with autograd.record():
            loss = (w * x).sum()
        loss.backward()
        if not states:
            with untraced():
                states["momentum"] = nd.zeros_like(w)
        nd.sgd_mom_update(w, w.grad, states["momentum"], lr=0.1, momentum=0.9, out=w)
        return loss

    return f, lambda f, i: (f(nd.ones(2) * i), w, states)


@program("a state that is recorded by one call and read by the next")
def _() -> Any:
    (w,) = variables([0.5, 0.5])
    state = nd.zeros(2)

    @compile
    def forward(x: Any) -> Any:
        state[:] = nd.tanh(w * x + state)
        return state * 1

    def f(x: Any) -> Any:
        return forward(x) + forward(x * 2)

    def call(f: Any, i: int) -> Any:
        state[:] = 0
        with autograd.record():
            loss = f(nd.ones(2) * i).sum()
        loss.backward()
        return loss, w.grad, state

    return f, call
