"""Random numbers depend on the seed and on how many draws came before, on nothing else."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.runtime import fence


def draws(count: int = 6) -> list[Any]:
    makers = [
        lambda: nd.random.uniform(shape=(3,)),
        lambda: nd.random.normal(shape=(2, 2)),
        lambda: nd.random.randint(0, 100, shape=(4,)),
    ]
    return [makers[i % 3]() for i in range(count)]


def values(arrays: list[Any]) -> list[Any]:
    return [a.asnumpy().tolist() for a in arrays]


def reference() -> list[Any]:
    nd.random.seed(42)
    return values(draws())


def test_the_same_seed_repeats_and_another_differs() -> None:
    first = reference()
    assert reference() == first
    nd.random.seed(43)
    assert values(draws()) != first
    assert len({str(v) for v in first}) == 6


def test_when_and_with_what_a_draw_is_forced_does_not_matter() -> None:
    expected = reference()
    nd.random.seed(42)
    late = draws()
    assert values(late[::-1])[::-1] == expected, "in reverse"
    nd.random.seed(42)
    some = draws()
    fence()
    assert values(some) == expected, "as one region"
    nd.random.seed(42)
    found = [nd.random.uniform(shape=(3,)).asnumpy().tolist(), nd.random.normal(shape=(2, 2)).asnumpy().tolist()]
    assert found == expected[:2], "each at once"
    nd.random.seed(42)
    mixed = []
    with autograd.record():
        for a in draws():
            mixed.append((a * 1, a))
    assert values([m for m, _ in mixed]) == expected and values([a for _, a in mixed]) == expected


def test_an_unused_draw_runs_nothing_and_shifts_nothing(node_counts: Any) -> None:
    expected = reference()
    node_counts.clear()
    nd.random.seed(42)
    draws(5)
    last = draws(6)[0]
    nd.random.seed(42)
    kept = draws()[5]
    assert kept.asnumpy().tolist() == expected[5]
    del last
    nd.waitall()
    assert sum(node_counts.values()) == 1, "of 17 draws one was wanted"


def test_a_thousand_unused_draws_cost_nothing(node_counts: Any, delta: Any) -> None:
    """R18."""
    since = delta()
    for _ in range(1000):
        nd.random.normal(shape=(100,))
    nd.waitall()
    assert since.draws == 1000 and sum(node_counts.values()) == 0


def test_a_draw_needed_twice_is_one_draw() -> None:
    nd.random.seed(1)
    x = nd.random.normal(shape=(5,))
    first = (x * 1).asnumpy()
    second = (x + 0).asnumpy()
    assert (first == second).all() and (x.asnumpy() == first).all()
    y = nd.random.normal(shape=(5,))
    assert (y.asnumpy() != first).any()


def test_a_draw_is_the_same_in_the_backward_pass() -> None:
    w = nd.ones((50,))
    w.attach_grad()
    with autograd.record():
        noise = nd.random.uniform(shape=(50,))
        y = (w * noise).sum()
    y.backward()
    assert (w.grad.asnumpy() == noise.asnumpy()).all()


def test_draws_of_threads_are_one_stream() -> None:
    """Which thread draws first is a race; the set of numbers drawn is not."""
    nd.random.seed(5)
    expected = {str(nd.random.normal(shape=(3,)).asnumpy()) for _ in range(40)}
    nd.random.seed(5)
    found: set[str] = set()

    def body() -> None:
        for _ in range(10):
            found.add(str(nd.random.normal(shape=(3,)).asnumpy()))

    threads = [threading.Thread(target=body) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


@pytest.mark.parametrize("draw", ["uniform", "normal", "randint"])
def test_backends_draw_the_same(draw: str, monkeypatch: pytest.MonkeyPatch, empty_cache: None) -> None:
    def numbers() -> Any:
        nd.random.seed(9)
        made = getattr(nd.random, draw)(*((0, 1000) if draw == "randint" else ()), shape=(200,))
        return made.asnumpy()

    xla = numbers()
    monkeypatch.setattr(lazynd.config, "backend", "numpy")
    interpreted = numbers()
    if draw == "normal":  # through a logarithm, a root and a cosine: each good to a few units in the last place
        np.testing.assert_allclose(xla, interpreted, rtol=1e-5, atol=1e-5)
    else:
        assert (xla == interpreted).all()


def test_eager_draws_are_the_lazy_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = reference()
    monkeypatch.setattr(lazynd.config, "eager", True)
    for found, lazy in zip(reference(), expected, strict=True):
        np.testing.assert_allclose(found, lazy, rtol=1e-5, atol=1e-5)  # normal: as above


def test_contexts_have_streams_of_their_own() -> None:
    nd.random.seed(3)
    first = nd.random.uniform(shape=(3,)).asnumpy().tolist()
    nd.random.seed(3, ctx=lazynd.cpu(0))
    assert nd.random.uniform(shape=(3,)).asnumpy().tolist() == first
    nd.random.seed(3)
    assert nd.random.uniform(shape=(3,), ctx=lazynd.cpu(1)).asnumpy().tolist() == first, "one device, one stream"
    assert nd.random.uniform(shape=(3,), ctx=lazynd.cpu(0)).asnumpy().tolist() != first
