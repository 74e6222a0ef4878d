"""Gradients, inside and around."""

from __future__ import annotations

from typing import Any

import numpy as np

from lazynd import autograd, nd

from .registry import program, variables


@program("recorded from outside")
def _() -> Any:
    (w,) = variables([1.0, 2.0, 3.0])

    def call(f: Any, i: int) -> Any:
        with autograd.record():
            y = f(nd.ones(3) * i)
            loss = (y * y).sum()
        loss.backward()
        return loss, w.grad

    return lambda x: nd.tanh(w * x) + w, call


@program("recorded from outside, seldom", 2)
def _() -> Any:
    (w,) = variables([1.0, 2.0, 3.0])

    def call(f: Any, i: int) -> Any:
        if i % 2:
            return f(nd.ones(3)), w.grad
        with autograd.record():
            y = f(nd.ones(3))
        y.backward()
        return y, w.grad

    return lambda x: nd.sigmoid(w * x), call


@program("recorded inside, differentiated outside")
def _() -> Any:
    (w,) = variables([1.0, 2.0])

    def f(x: Any) -> Any:
        with autograd.record():
            y = w * x * x
            with autograd.pause():
                z = y * 2
            return (y * z).sum(), y

    def call(f: Any, i: int) -> Any:
        loss, y = f(nd.ones(2) * (i + 1))
        loss.backward()
        return loss, y, w.grad

    return f, call


@program("constants and detached values")
def _() -> Any:
    (w,) = variables([1.0, 2.0])

    def f(x: Any) -> Any:
        return w.detach() * w + nd.stop_gradient(w * x) * w, nd.BlockGrad(w)

    def call(f: Any, i: int) -> Any:
        with autograd.record():
            y, z = f(nd.ones(2))
            loss = y.sum() + z.sum()
        loss.backward()
        return loss, w.grad

    return f, call


@program("a gradient to an argument that was computed")
def _() -> Any:
    (w,) = variables([1.0, 2.0])

    def call(f: Any, i: int) -> Any:
        with autograd.record():
            y = f(w * 3, nd.ones(2))
            loss = (y * w).sum()
        loss.backward()
        return loss, w.grad

    return lambda h, x: nd.exp(h * 0.1) * x + h, call


@program("several heads, kept")
def _() -> Any:
    (w,) = variables([1.0, 2.0])

    def call(f: Any, i: int) -> Any:
        with autograd.record():
            a, b = f(w)
        a.backward(nd.array([1.0, 10.0]), retain_graph=True)
        first = w.grad.copy()
        b.backward()
        return first, w.grad

    return lambda x: (x * x, nd.exp(x)), call


@program("second order through a call")
def _() -> Any:
    (x,) = variables([0.5, 1.0, 2.0])

    def call(f: Any, i: int) -> Any:
        with autograd.record():
            y = f(x)
            (slope,) = autograd.grad(y, [x], create_graph=True)
            loss = (slope * slope).sum()
        loss.backward()
        return slope, x.grad

    return lambda a: (nd.exp(a) * a).sum(), call


@program("a gradient penalty inside")
def _() -> Any:
    (w,) = variables([0.5, 1.0, 2.0])

    def f(x: Any) -> Any:
        with autograd.record():
            y = nd.tanh(w * x).sum()
            (slope,) = autograd.grad(y, [w], create_graph=True)
            loss = y + (slope * slope).sum()
        loss.backward()
        w[:] = w - 0.1 * w.grad
        return loss, slope

    return f, lambda f, i: (f(nd.ones(3) * (i + 1)), w, w.grad)


@program("gradients are added up")
def _() -> Any:
    w = nd.array([1.0, 2.0])
    w.attach_grad("add")

    def f(x: Any) -> Any:
        with autograd.record():
            loss = (w * w * x).sum()
        loss.backward()
        return loss

    def call(f: Any, i: int) -> Any:
        loss = f(nd.ones(2) * i)
        seen = w.grad.copy()
        if i % 3 == 2:
            w.grad[:] = 0
        return loss, seen

    return f, call


@program("variables as arguments")
def _() -> Any:
    models = [variables([1.0, 2.0]), variables([3.0, 4.0])]

    def f(w: Any, x: Any, rate: float) -> Any:
        with autograd.record():
            loss = ((w * x) ** 2).sum()
        loss.backward()
        w -= rate * w.grad
        return loss

    return f, lambda f, i: (f(models[i % 2][0], nd.ones(2), 0.1 / (i + 1)), [[m[0], m[0].grad] for m in models])


@program("a variable made inside")
def _() -> Any:
    def f(x: Any) -> Any:
        z = x * 2
        z.attach_grad()
        with autograd.record():
            loss = (z * z).sum()
        loss.backward()
        return z.grad * 1, loss

    return f, lambda f, i: f(nd.ones(2) * i)


@program("a function with its own gradient, used up inside")
def _() -> Any:
    class Twice(autograd.Function):
        def forward(self, x: Any) -> Any:
            return x * 2

        def backward(self, g: Any) -> Any:
            return g * 5

    (w,) = variables([1.0, 2.0])

    def f(x: Any) -> Any:
        with autograd.record():
            loss = (Twice()(w * x)).sum()
        loss.backward()
        return loss

    return f, lambda f, i: (f(nd.ones(2) * i), w.grad)


@program("statistics are written in training", 2)
def _() -> Any:
    gamma, beta = variables([1.0, 2.0, 3.0], [0.0, 0.0, 1.0])
    mean, var = nd.zeros(3), nd.ones(3)
    rng = np.random.default_rng(1)

    def f(x: Any) -> Any:
        return nd.BatchNorm(x, gamma, beta, mean, var, fix_gamma=False)

    def call(f: Any, i: int) -> Any:
        x = nd.array(rng.normal(size=(4, 3)))
        if i % 2:
            return f(x), mean, var
        with autograd.record():
            loss = (f(x) ** 2).sum()
        loss.backward()
        return loss, mean, var, gamma.grad, beta.grad

    return f, call


@program("a state is carried on the tape")
def _() -> Any:
    (w,) = variables([1.0, 2.0])
    state = nd.zeros(2)

    def f(x: Any) -> Any:
        state[:] = nd.tanh(w * x)
        return state * 2

    def call(f: Any, i: int) -> Any:
        state[:] = 0
        with autograd.record():
            loss = f(nd.ones(2) * (i + 1)).sum()
        loss.backward()
        return w.grad, state

    return f, call
