"""The likelihood of a Hawkes process, against a restatement event by event and what must hold of any likelihood."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from lazynd import autograd, nd

N, STEPS, MARKS = 3, 6, 4


def drawn(seed: int = 0) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [
        rng.uniform(0.5, 1.5, (N, MARKS)), rng.uniform(0.1, 0.9, MARKS), rng.uniform(0.5, 2, MARKS),
        rng.uniform(0, 1, (N, MARKS)), rng.uniform(0.1, 2, (N, STEPS)), rng.integers(0, MARKS, (N, STEPS)),
        np.array([6.0, 0, 3]), rng.uniform(12, 15, N),
    ]  # fmt: skip


def arrays(values: list[Any]) -> list[Any]:
    return [nd.array(v, dtype="int32" if i == 5 else "float64") for i, v in enumerate(values)]


def restated(rates: Any, alpha: Any, beta: Any, state: Any, lags: Any, marks: Any, length: Any, end: Any) -> Any:
    """Sum of the logarithms of the rates at the events, less the integral of all rates."""
    likelihoods, states = [], []
    for i in range(len(rates)):
        times, count = np.cumsum(lags[i]), int(length[i])

        def excitement(
            k: int, until: float, inclusive: bool = False, i: int = i, n: int = count, at: Any = times
        ) -> Any:
            earlier = [t for t, m in zip(at[:n], marks[i], strict=False) if m == k and (t < until or inclusive)]
            return state[i, k] * math.exp(-beta[k] * until) + sum(math.exp(-beta[k] * (until - t)) for t in earlier)

        total = 0.0
        for t, k in zip(times[:count], marks[i], strict=False):
            total += math.log(rates[i, k] + alpha[k] * beta[k] * excitement(k, t))
        last = [excitement(k, end[i], inclusive=True) for k in range(MARKS)]
        for k in range(MARKS):
            events = state[i, k] + sum(m == k for m in marks[i][:count])
            total -= rates[i, k] * end[i] + alpha[k] * (events - last[k])
        likelihoods.append(total)
        states.append(last)
    return np.array(likelihoods), np.array(states)


@pytest.mark.parametrize("seed", range(3))
def test_likelihood_and_state_are_those_of_the_definition(seed: int) -> None:
    values = drawn(seed)
    found, expected = nd.contrib.hawkesll(*arrays(values)), restated(*values)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.asnumpy(), other, rtol=1e-12)  # some dozens of operations of float64


def test_two_intervals_are_as_likely_as_one() -> None:
    rates, alpha, beta, state, lags, marks, _, _ = drawn()
    cut, half = np.cumsum(lags, 1)[:, 2] + 0.05, np.full(N, 3.0)
    whole = nd.contrib.hawkesll(*arrays([rates, alpha, beta, state, lags, marks, 2 * half, cut + 9]))
    first = nd.contrib.hawkesll(*arrays([rates, alpha, beta, state, lags[:, :3], marks[:, :3], half, cut]))
    rest = lags[:, 3:] - np.array([0.05, 0, 0])
    second = nd.contrib.hawkesll(
        *arrays([rates, alpha, beta, first[1].asnumpy(), rest, marks[:, 3:], half, np.full(N, 9.0)])
    )
    np.testing.assert_allclose((first[0] + second[0]).asnumpy(), whole[0].asnumpy(), rtol=1e-12)
    np.testing.assert_allclose(second[1].asnumpy(), whole[1].asnumpy(), rtol=1e-12)


def test_gradients_of_the_likelihood_are_those_of_mxnet() -> None:
    rng = np.random.RandomState(0)
    rates, alpha, beta = rng.uniform(0.5, 1.5, (2, 3)), rng.uniform(0.1, 0.9, 3), rng.uniform(0.5, 2, 3)
    state, lags = rng.uniform(0, 1, (2, 3)), rng.uniform(0.1, 2, (2, 4))
    given = arrays([rates, alpha, beta, state, lags, [[0, 2, 1, 0], [1, 0, 2, 2]], [4, 2], [10, 12]])
    for each in given[:3]:
        each.attach_grad()
    with autograd.record():
        likelihood, _ = nd.contrib.hawkesll(*given)
    likelihood.backward()
    # MXNet 1.9.1, whose exponentials of float64 are good to float32 alone.
    expected: list[Any] = [
        [[-8.138338479, -9.177196990, -9.094071248], [-11.045412149, -10.923565877, -12.0]],
        [-3.507797461, -2.938226387, -1.902356517],
        [-0.092196008, -0.004214250, -0.003540560],
    ]
    for each, values in zip(given, expected, strict=False):
        np.testing.assert_allclose(each.grad.asnumpy(), values, rtol=1e-6)


@pytest.mark.parametrize(("number", "value"), [(5, MARKS), (5, -1), (6, STEPS + 1)])
def test_marks_and_lengths_that_there_are_not(number: int, value: int) -> None:
    values = drawn()
    values[number][0, ...] = value
    with pytest.raises(IndexError, match=str(value)):
        nd.contrib.hawkesll(*arrays(values))[0].asnumpy()


def test_marks_that_do_not_count_may_be_anything() -> None:
    values = drawn()
    expected = nd.contrib.hawkesll(*arrays(values))[0].asnumpy()
    values[5][1], values[5][2, 3:] = -7, 99
    assert np.array_equal(nd.contrib.hawkesll(*arrays(values))[0].asnumpy(), expected)
