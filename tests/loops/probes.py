"""Small habits that make lazy systems compile again and again: what each compiles here.

``python -m tests.loops.probes [N]`` runs all in one process and prints, for each, what it compiled and ran as JSON;
bodies without a read are repeated N times.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from lazynd import autograd, nd, stats

from .watch import CompileEvents


def item_reads() -> None:
    """``x[i].asscalar()`` over 100 ``i``."""
    x = nd.array(np.arange(128))
    assert [x[i].asscalar() for i in range(100)] == list(range(100))


def computed_item_reads() -> None:
    """The same, of an array that is computed anew each time."""
    x = nd.array(np.arange(128))
    assert [(x * 2)[i].asscalar() for i in range(100)] == list(range(0, 200, 2))


def slice_sums() -> None:
    """``x[i:i+10].sum()`` over 100 ``i``."""
    x = nd.array(np.arange(128))
    assert [x[i : i + 10].sum().asscalar() for i in range(100)] == [sum(range(i, i + 10)) for i in range(100)]


def slice_operators() -> None:
    """``nd.slice_axis`` over 100 bounds ten apart, then ``nd.slice`` of two dimensions, one of them backwards."""
    x = np.arange(120 * 7).reshape(120, 7)
    a = nd.array(x)
    for i in range(100):
        assert nd.slice_axis(a, axis=0, begin=i, end=i + 10).sum().asscalar() == x[i : i + 10].sum()
    for i in range(100):
        found = nd.slice(a, begin=(i + 10, i % 3), end=(i, i % 3 + 4), step=(-2, 1))
        assert (found.asnumpy() == x[i + 10 : i : -2, i % 3 : i % 3 + 4]).all()


def slice_gradients() -> None:
    """The gradient of ``nd.slice_axis`` over 50 bounds."""
    a = nd.array(np.arange(128))
    a.attach_grad()
    for i in range(50):
        with autograd.record():
            loss = nd.slice_axis(a, axis=0, begin=i, end=i + 10).sum()
        loss.backward()
        assert loss.asscalar() == sum(range(i, i + 10))
        assert np.flatnonzero(a.grad.asnumpy()).tolist() == list(range(i, i + 10))


def _descend(rates: list[Any]) -> None:
    w, g = nd.ones((4,)), nd.array([1.0, 2.0, 3.0, 4.0])
    expected = np.ones(4, np.float32)
    for rate in rates:
        w[:] = w - rate * g
        expected = expected - np.float32(rate) * np.array([1, 2, 3, 4], np.float32)
        # One multiplication and one subtraction each: a fused multiply-add differs in the last place, 100 times.
        np.testing.assert_allclose(w.asnumpy(), expected, rtol=1e-5, atol=1e-5)


def one_rate() -> None:
    """A hundred steps with one learning rate."""
    _descend([0.1] * 100)


def hundred_rates() -> None:
    """A hundred learning rates, also of other Python types, also 0 and 1."""
    _descend([0.5 / (i + 1) for i in range(92)] + [0, 1, 0.0, 1.0, True, np.float32(0.25), np.float64(0.125), -1])


def draws() -> None:
    """Fifty draws."""
    seen = [tuple(nd.random.normal(shape=(3,)).asnumpy().tolist()) for _ in range(50)]
    assert len(set(seen)) == 50


def adam(steps: int = 40) -> None:
    """Adam written from scratch: its step count changes the bias correction each time."""
    w, m, v = nd.ones((4,)), nd.zeros((4,)), nd.zeros((4,))
    g = nd.array([0.1, -0.2, 0.3, 1.0])
    for t in range(1, steps + 1):
        m[:] = 0.9 * m + 0.1 * g
        v[:] = 0.999 * v + 0.001 * g * g
        w[:] = w - 0.01 * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)) ** 0.5 + 1e-8)
        # A constant gradient: both corrected moments are exact, each step is the rate times the sign.
        expected = 1 - 0.01 * t * np.sign([0.1, -0.2, 0.3, 1.0])
        np.testing.assert_allclose(w.asnumpy(), expected, rtol=1e-4, atol=1e-4)


def adam_one_step() -> None:
    """One step of it."""
    adam(1)


def powers() -> None:
    """``x ** p`` for 50 values of ``p``, none of them one of those that are structure."""
    x = nd.array([1.0, 2.0, 3.0])
    for i in range(50):
        p = 1.25 + i / 64
        np.testing.assert_allclose((x**p).asnumpy(), np.array([1.0, 2.0, 3.0]) ** p, rtol=1e-5)


def moving_writes() -> None:
    """``x[i] = i`` and ``x[i:i+3] *= 2`` over 50 ``i``, read each time."""
    x = nd.zeros((64,))
    model = np.zeros(64, np.float32)
    for i in range(50):
        x[i] = i
        model[i] = i
        assert (x.asnumpy() == model).all()
    for i in range(50):
        x[i : i + 3] *= 2
        model[i : i + 3] *= 2
        assert (x.asnumpy() == model).all()


def look_alikes() -> None:
    """One structure written at several lines, under names of its own: one program."""
    x = nd.array([1.0, 2.0])
    (x * 3 + 1).asnumpy()
    y = x * 3
    z = y + 1
    del y
    z.asnumpy()

    def inner(a: Any) -> Any:
        return a * 5 + 2

    inner(x).asnumpy()


def _repeat(body: Callable[[Any], Any], times: int, closed_form: Callable[[int], float]) -> None:
    x = nd.zeros((2,))
    for _ in range(times):
        x = body(x)
    assert x.asnumpy().tolist() == [closed_form(times)] * 2


def body_1(times: int) -> None:
    """One operator."""
    x = nd.zeros((2,))
    for _ in range(times):
        x += 1
    assert x.asnumpy().tolist() == [times] * 2


def body_7(times: int) -> None:
    """Seven operators that add one."""
    _repeat(lambda x: nd.maximum((x * 2 + 2) / 2 - 3 + 3, x * 1), times, float)


def body_13(times: int) -> None:
    """Thirteen operators that add one."""
    _repeat(lambda x: nd.maximum((((x + 5 - 4) * 2 / 2 + 7 - 7) * 4 / 4 + 3 - 3) * 1, x + 1), times, float)


def measure(times: int) -> dict[str, dict[str, int]]:
    """What each compiled and ran."""
    events = CompileEvents()
    found = {}
    bodies = [body_1, body_7, body_13]
    plain = [
        item_reads, computed_item_reads, slice_sums, slice_operators, one_rate, hundred_rates, draws, adam_one_step,
        adam, powers, moving_writes, look_alikes,
    ]  # fmt: skip
    for probe in [*plain, *bodies, slice_gradients]:  # what follows ``record()`` is cut by another limit
        nd.waitall()
        before, heard = stats().snapshot(), events.count
        probe(times) if probe in bodies else probe()  # type: ignore[operator]  # bodies alone take a number
        after = stats().snapshot()
        found[probe.__name__] = {k: after[k] - before[k] for k in ("programs", "programs", "runs", "hits", "executed")}
        found[probe.__name__]["events"] = events.count - heard
    return found


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)))
