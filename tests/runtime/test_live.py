"""What a fence takes for live: what something outside the region may still want, and nothing else."""

from __future__ import annotations

import threading

from lazynd import autograd, nd
from lazynd.runtime.run.plan import live
from lazynd.runtime.thread import LOCAL


def test_dead_items_at_the_end_of_a_region_are_not_live() -> None:
    x = nd.array([1.0, 2.0])
    kept = x * 2
    _ = (x * 3) + (x * 4)
    del _
    assert live(LOCAL.state.regions.open) == [kept._cell.content]
    assert kept.asnumpy().tolist() == [2.0, 4.0]


def second_order() -> nd.NDArray:
    x = nd.array([0.5, 0.75])
    x.attach_grad()
    with autograd.record():
        y = x * x * x
        g = autograd.grad(y, [x], create_graph=True, retain_graph=True)[0]
    g.backward()
    return x.grad


def test_what_ran_for_a_gradient_is_not_wanted_again_by_its_dead_neighbours() -> None:
    for _ in range(4):
        assert second_order().asnumpy().tolist() == [3.0, 4.5]


def test_a_fence_after_another_thread_forced_part_of_the_open_region() -> None:
    x = nd.ones((3,))
    nd.waitall()
    y = x + 1
    z = y * 2
    reader = threading.Thread(target=y.asnumpy)
    reader.start()
    reader.join()
    with autograd.record():  # a fence
        w = x * 1
    assert z.asnumpy().tolist() == [4, 4, 4]
    assert w.asnumpy().tolist() == [1, 1, 1]
