"""What a fence looks at: items that another thread has already run are no obstacle."""

import threading

from lazynd import autograd, nd


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
