"""Functions to be run as Python and compiled: each maker gives a function and what is done with it at each call.

What a call gives is compared to the bit, so it shows what the function gave and what it did to arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lazynd import autograd, nd
from lazynd.compiled import compile, host_number, untraced

Maker = Callable[[], tuple[Callable[..., Any], Callable[[Any, int], Any]]]
PROGRAMS: dict[str, Maker] = {}
#: How often each is traced in four calls, where that is not once.
TRACES: dict[str, int] = {}


def program(name: str, traces: int = 1) -> Callable[[Maker], Maker]:
    def add(maker: Maker) -> Maker:
        PROGRAMS[name] = maker
        TRACES[name] = traces
        return maker

    return add


def variables(*values: Any) -> list[Any]:
    made = [nd.array(value) for value in values]
    for each in made:
        each.attach_grad()
    return made


# ------------------------------------------------------------------------------------ arguments and results


@program("one array")
def _() -> Any:
    return lambda x: nd.tanh(x) * 2 + 1, lambda f, i: f(nd.arange(6).reshape((2, 3)) * i)


@program("nested arguments")
def _() -> Any:
    def f(first: Any, *rest: Any, scale: Any = 1, **named: Any) -> Any:
        return {"sum": first["a"] + first["b"][0] * scale, "others": [rest[0] * 2, (rest[1], named["c"])]}

    def call(f: Any, i: int) -> Any:
        x = nd.ones(3) * i
        return f({"a": x, "b": (x + 1, None)}, x, None, scale=0.5, c=x * 3)

    return f, call


@program("nothing but numbers come out")
def _() -> Any:
    return lambda x: (3, None, x.shape, "text", [1.5]), lambda f, i: f(nd.ones((2, 3)))


@program("an argument comes back")
def _() -> Any:
    def f(x: Any, y: Any) -> Any:
        x += 1
        return x, [y, x]

    def call(f: Any, i: int) -> Any:
        x, y = nd.ones(2) * i, nd.zeros(2)
        first, (second, third) = f(x, y)
        return first is x, second is y, third is x, x

    return f, call


@program("an array from outside comes back")
def _() -> Any:
    w = nd.zeros(3)

    def f(x: Any) -> Any:
        w[:] = w + x
        return w, w[1:]

    def call(f: Any, i: int) -> Any:
        whole, part = f(nd.ones(3) * i)
        part[:] = part * 2
        return whole, w.copy()

    return f, call


@program("a view of a result")
def _() -> Any:
    def f(x: Any) -> Any:
        y = x * 2
        return y, y[0], y.reshape((-1,))[1:3], (x + 1)[0]

    def call(f: Any, i: int) -> Any:
        y, row, part, other = f(nd.arange(6).reshape((2, 3)))
        row[:] = 7
        part += i
        return y, row, part, other

    return f, call


@program("the same result twice")
def _() -> Any:
    def f(x: Any) -> Any:
        y = x + 1
        return y, y, y.detach()

    def call(f: Any, i: int) -> Any:
        a, b, c = f(nd.ones(2))
        a *= 3
        return a, b, c

    return f, call


@program("numbers enter arithmetic")
def _() -> Any:
    def f(x: Any, t: int, rate: float) -> Any:
        return x * rate / (1 - 0.9**t) + t - rate * 2

    return f, lambda f, i: f(nd.ones(3), i + 1, 0.1 * (i + 1))


@program("a number is an extent", 4)
def _() -> Any:
    return lambda x, n: x.reshape((n, -1)) * n, lambda f, i: f(nd.arange(12), (1, 2, 3, 4, 2)[i])


@program("a number decides", 2)
def _() -> Any:
    return lambda x, n: x * n if n > 2 else x - n, lambda f, i: f(nd.ones(3), (1, 1, 5, 5)[i % 4])


@program("kinds of numbers", 3)
def _() -> Any:
    def f(x: Any, n: Any) -> Any:
        return x * n, isinstance(n, float)

    return f, lambda f, i: f(nd.array([2, 3], dtype="int32"), (2, 2.7, True, 3)[i % 4])


@program("flags are arguments", 2)
def _() -> Any:
    return lambda x, how: nd.relu(x) if how else -x, lambda f, i: f(nd.ones(3), i % 2 == 0)


@program("shapes and dtypes", 4)
def _() -> Any:
    def call(f: Any, i: int) -> Any:
        return f(nd.ones((2, 3 + i % 2), dtype=("float32", "float64")[i // 2 % 2]))

    return lambda x: (x * 3).sum(axis=1), call


# ------------------------------------------------------------------------------------ arrays from outside


@program("an array from outside is read anew")
def _() -> Any:
    w = nd.ones(3)

    def call(f: Any, i: int) -> Any:
        w[:] = i
        made = f(nd.ones(3))
        w[1:2] = 10
        return made, f(nd.ones(3))

    return lambda x: x + w, call


@program("an array from outside is written")
def _() -> Any:
    w, v = nd.ones(3), nd.zeros((2, 3))

    def f(x: Any) -> Any:
        w[:] = w * 2 + x
        v[1] = w
        v[:, 0:1] += 1
        return w * 1

    return f, lambda f, i: (f(nd.ones(3)), w, v)


@program("an argument is written")
def _() -> Any:
    def f(x: Any, y: Any) -> Any:
        x[0] = y
        x *= 2
        nd.relu(y - 1, out=y)

    def call(f: Any, i: int) -> Any:
        x, y = nd.ones((2, 2)) * i, nd.ones(2) * i
        return f(x, y), x, y

    return f, call


@program("one array as two arguments", 2)
def _() -> Any:
    def f(x: Any, y: Any) -> Any:
        x += 1
        return x * y

    def call(f: Any, i: int) -> Any:
        x, y = nd.ones(2), nd.ones(2)
        return f(x, x) if i % 2 else f(x, y), x, y

    return f, call


@program("views of one array as arguments", 2)
def _() -> Any:
    def f(a: Any, b: Any) -> Any:
        a += 1
        b *= 2
        return a + b

    def call(f: Any, i: int) -> Any:
        x = nd.arange(6).reshape((2, 3))
        return (f(x[0], x[1]), x) if i % 2 else (f(x[1], x.reshape((6,))[3:]), x)

    return f, call


@program("a row as an argument", 1)
def _() -> Any:
    x = nd.arange(12).reshape((4, 3))

    def f(row: Any) -> Any:
        row += 10
        return row.sum()

    return f, lambda f, i: (f(x[i % 4]), x)


@program("an argument that is also outside", 2)
def _() -> Any:
    w, other = nd.ones(2), nd.ones(2)

    def f(x: Any) -> Any:
        x += 1
        w[:] = w * 2
        return x - w

    return f, lambda f, i: (f(w if i % 2 else other), w, other)


@program("a view of what is outside", 2)
def _() -> Any:
    w, other = nd.ones((2, 2)), nd.ones((2, 2))

    def f(row: Any) -> Any:
        row += 1
        w[:] = w * 2
        return row - w

    return f, lambda f, i: (f(w[0] if i % 2 else other[0]), w, other)


@program("data made inside")
def _() -> Any:
    def f(x: Any) -> Any:
        table = nd.array([[1, 2], [3, 4]])
        table[0] = x
        return table * nd.array([1, 10])

    return f, lambda f, i: f(nd.ones(2) * i)


@program("gathered rows")
def _() -> Any:
    return (
        lambda x, index: (x[index], nd.stack(*[x[i] for i in range(9)]), nd.take(x, index)),
        lambda f, i: f(nd.arange(30).reshape((10, 3)) * i, nd.array([1, 2, i], dtype="int32")),
    )


# ------------------------------------------------------------------------------------ draws


@program("draws")
def _() -> Any:
    def f(x: Any) -> Any:
        first = nd.random.uniform(shape=(3,))
        return nd.Dropout(x, p=0.5, mode="always") + first, nd.random.normal(shape=(2,)), first

    return f, lambda f, i: (nd.random.uniform(shape=(1,)), f(nd.ones(3)), nd.random.randint(0, 9, (3,)))


@program("draws of which one is not used")
def _() -> Any:
    def f(x: Any) -> Any:
        nd.random.uniform(shape=(3,))
        return x + nd.random.uniform(shape=(3,))

    return f, lambda f, i: (f(nd.ones(3)), nd.random.uniform(shape=(1,)))


@program("dropout in both modes", 2)
def _() -> Any:
    def call(f: Any, i: int) -> Any:
        with autograd.train_mode() if i % 2 else autograd.predict_mode():
            return f(nd.ones(20))

    return lambda x: nd.Dropout(x, p=0.5), call


# ------------------------------------------------------------------------------------ gradients


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


# ------------------------------------------------------------------------------------ whole steps


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
