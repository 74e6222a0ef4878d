"""Arguments and results."""

from __future__ import annotations

from typing import Any

from lazynd import nd

from .registry import program


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
