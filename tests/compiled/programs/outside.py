"""Arrays from outside, and draws."""

from __future__ import annotations

from typing import Any

from lazynd import autograd, nd

from .registry import program


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
