"""Several devices: one program a device, cut at the copies; refusals at the user's line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd

from .fake import FakeBackend

pytestmark = pytest.mark.lazy  # the programs of a backend other than the interpreter

CPU, GPU0, GPU1 = ("cpu", 0), ("gpu", 0), ("gpu", 1)


def test_num_gpus_asks_the_backend(two_gpus: FakeBackend) -> None:
    assert lazynd.num_gpus() == 2
    two_gpus.gpus = 0
    assert lazynd.num_gpus() == 0


def test_an_array_is_made_on_the_gpu_it_names(two_gpus: FakeBackend) -> None:
    x = nd.ones((2, 3), ctx=lazynd.gpu(1)) * 2
    assert x.context == lazynd.gpu(1)
    np.testing.assert_array_equal(x.asnumpy(), np.full((2, 3), 2, np.float32))
    assert two_gpus.runs == [GPU1] and not two_gpus.moves


def test_one_program_a_device_cut_at_the_copies(two_gpus: FakeBackend) -> None:
    x = nd.array([1.0, 2.0, 3.0])
    for _ in range(3):
        del two_gpus.runs[:], two_gpus.moves[:]
        a = x * 2 + 1  # host
        b = a.as_in_context(lazynd.gpu(0)) * 3 + 1  # gpu(0)
        c = b.as_in_context(lazynd.gpu(1)) - 5  # gpu(1)
        np.testing.assert_array_equal(c.asnumpy(), [5, 11, 17])
        assert two_gpus.runs == [CPU, GPU0, GPU1]
        assert two_gpus.moves == [(CPU, GPU0), (GPU0, GPU1)]
    assert two_gpus.compiled == [CPU, GPU0, GPU1]


def test_two_streams_of_work_join_on_one_device(two_gpus: FakeBackend) -> None:
    a = nd.arange(4, ctx=lazynd.gpu(0)) + 1
    b = nd.arange(4, ctx=lazynd.gpu(1)) * 10
    total = a + b.as_in_context(lazynd.gpu(0))
    np.testing.assert_array_equal(total.asnumpy(), [1, 12, 23, 34])
    assert sorted(two_gpus.runs) == [GPU0, GPU0, GPU1] or sorted(two_gpus.runs) == [GPU0, GPU1]
    assert two_gpus.moves == [(GPU1, GPU0)]


def test_every_cpu_is_the_host_and_copies_between_them_are_free(two_gpus: FakeBackend) -> None:
    x = nd.array([1.0, 2.0], ctx=lazynd.cpu(0))
    y = (x + 1).as_in_context(lazynd.cpu(3)) * 2
    assert y.context == lazynd.cpu(3)
    np.testing.assert_array_equal(y.asnumpy(), [4, 6])
    assert two_gpus.runs == [CPU] and not two_gpus.moves


def test_the_gradient_crosses_devices_both_ways(two_gpus: FakeBackend) -> None:
    w = nd.array([1.0, 2.0], ctx=lazynd.gpu(0))
    w.attach_grad()
    with autograd.record():
        loss = ((w * 3).as_in_context(lazynd.gpu(1)) ** 2).sum()
    loss.backward()
    np.testing.assert_array_equal(w.grad.asnumpy(), [18, 36])
    assert w.grad.context == lazynd.gpu(0) and loss.context == lazynd.gpu(1)
    assert (GPU0, GPU1) in two_gpus.moves and (GPU1, GPU0) in two_gpus.moves


def test_writes_stay_on_the_device(two_gpus: FakeBackend) -> None:
    x = nd.zeros((3,), ctx=lazynd.gpu(1))
    for i in range(3):
        x += i
        x[1] = 7
    np.testing.assert_array_equal(x.asnumpy(), [3, 7, 3])
    y = nd.zeros((3,), ctx=lazynd.gpu(0))
    x.copyto(y)
    np.testing.assert_array_equal(y.asnumpy(), [3, 7, 3])
    assert y.context == lazynd.gpu(0)
    assert set(two_gpus.runs) <= {GPU0, GPU1}


def test_each_device_has_its_own_stream_of_random_numbers(two_gpus: FakeBackend) -> None:
    lazynd.random.seed(5)
    alone = nd.random.uniform(shape=(4,), ctx=lazynd.gpu(1)).asnumpy()
    lazynd.random.seed(5)
    nd.random.uniform(shape=(9,), ctx=lazynd.gpu(0))
    np.testing.assert_array_equal(nd.random.uniform(shape=(4,), ctx=lazynd.gpu(1)).asnumpy(), alone)


def test_mixed_contexts_are_refused_at_the_users_line(two_gpus: FakeBackend) -> None:
    a = nd.ones((2,), ctx=lazynd.gpu(0))
    b = nd.ones((2,), ctx=lazynd.gpu(1))
    forces = lazynd.stats().forces
    with pytest.raises(lazynd.MXNetError) as caught:
        a + b  # the line
    text = str(caught.value)
    assert "gpu(0)" in text and "gpu(1)" in text and "broadcast_add" in text
    assert f"{__file__}:" in text and "a + b  # the line" in text
    with pytest.raises(lazynd.MXNetError, match=r"gpu\(0\)"):
        a += nd.ones((2,))
    with pytest.raises(lazynd.MXNetError, match=r"gpu\(1\)"):
        nd.dot(nd.ones((2, 2)), nd.ones((2, 2), ctx=lazynd.gpu(1)))
    with pytest.raises(lazynd.MXNetError, match=r"gpu\(1\)"):
        nd.concat(a, b, dim=0)
    assert lazynd.stats().forces == forces
    np.testing.assert_array_equal(a.asnumpy(), [1, 1])


@pytest.mark.parametrize("make", [
    lambda ctx: nd.ones((2,), ctx=ctx),
    lambda ctx: nd.array([1.0], ctx=ctx),
    lambda ctx: nd.arange(3, ctx=ctx),
    lambda ctx: nd.random.uniform(shape=(2,), ctx=ctx),
    lambda ctx: nd.ones((2,)).as_in_context(ctx),
    lambda ctx: nd.ones((2,)).copyto(ctx),
], ids=["ones", "array", "arange", "uniform", "as_in_context", "copyto"])  # fmt: skip
@pytest.mark.parametrize("number", [2, 7])
def test_a_gpu_that_is_not_there_is_refused_where_it_is_named(two_gpus: FakeBackend, make: Any, number: int) -> None:
    forces = lazynd.stats().forces
    with pytest.raises(lazynd.MXNetError, match=rf"gpu\({number}\).*2 GPUs"):
        make(lazynd.gpu(number))
    assert lazynd.stats().forces == forces


def test_the_default_context_may_name_a_gpu(two_gpus: FakeBackend) -> None:
    with lazynd.gpu(1):
        x = nd.ones((2,))
        with lazynd.cpu(0):
            assert lazynd.current_context() == lazynd.cpu(0)
        assert lazynd.current_context() == lazynd.gpu(1)
    assert x.context == lazynd.gpu(1) and lazynd.current_context() == lazynd.cpu(0)
    with lazynd.gpu(5), pytest.raises(lazynd.MXNetError, match=r"gpu\(5\)"):
        nd.ones((2,))
