"""What programs do on a GPU: on one that is not there, and, marked ``gpu``, on the real one where there is one."""

from __future__ import annotations

import pathlib
import pickle
from typing import Any

import jax
import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd

pytestmark = pytest.mark.lazy  # eager mode runs on the host


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.gpu)])
def gpu(request: pytest.FixtureRequest) -> Any:
    """The context of a GPU."""
    if request.param == "fake":
        request.getfixturevalue("two_gpus")
    return lazynd.gpu(0)


def test_arrays_are_made_there_and_read(gpu: Any) -> None:
    x = nd.arange(6, ctx=gpu).reshape((2, 3))
    assert x.context is gpu and (x * 2 + 1).asnumpy().tolist() == [[1.0, 3.0, 5.0], [7.0, 9.0, 11.0]]
    x[0][:] = 7
    assert x.asnumpy().tolist() == [[7.0] * 3, [3.0, 4.0, 5.0]] and str(x).endswith("@gpu(0)>")
    with gpu:
        assert nd.ones((1,)).context is gpu


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32", "int64", "uint8", "bool"])
def test_every_dtype_goes_there_and_back(gpu: Any, dtype: str) -> None:
    values = np.array([[1, 0, 1]], dtype)
    there = nd.array(values, dtype=dtype).as_in_context(gpu)
    assert there.dtype == values.dtype.type and there.as_in_context(lazynd.cpu()).asnumpy().tolist() == values.tolist()


def test_a_training_step_is_that_of_the_host(gpu: Any, rng: np.random.Generator) -> None:
    data, start = rng.normal(size=(8, 3)).astype("float32"), rng.normal(size=(3, 2)).astype("float32")

    def trained(context: Any) -> Any:
        x, w = nd.array(data, ctx=context), nd.array(start, ctx=context)
        w.attach_grad()
        for _ in range(3):
            with autograd.record():
                loss = (nd.softmax(nd.dot(x, w)) ** 2).sum()
            loss.backward()
            w -= 0.1 * w.grad
        return w

    w = trained(gpu)
    assert w.context is gpu
    # Three steps of sums of 8 products; a GPU may round the factors to 10 bits of mantissa (TF32), 2**-11 each.
    np.testing.assert_allclose(w.asnumpy(), trained(lazynd.cpu()).asnumpy(), atol=3 * 0.1 * 8 * 2**-10)


def test_two_devices_do_not_mix(gpu: Any) -> None:
    with pytest.raises(lazynd.MXNetError, match="gpu"):
        nd.ones((1,)) + nd.ones((1,), ctx=gpu)


def test_pickles_and_files_bring_arrays_back_there(gpu: Any, tmp_path: pathlib.Path) -> None:
    x = nd.arange(3, ctx=gpu) * 2
    nd.save(tmp_path / "f", x)
    for made in (pickle.loads(pickle.dumps(x)), nd.load(tmp_path / "f")[0]):
        assert made.context is gpu and made.asnumpy().tolist() == [0.0, 2.0, 4.0]


@pytest.mark.gpu
def test_dlpack_on_a_gpu() -> None:
    import jax

    x = nd.arange(3, ctx=lazynd.gpu(0)) * 2
    assert x.__dlpack_device__() == (2, 0)
    theirs = jax.dlpack.from_dlpack(x)
    assert theirs.tolist() == [0.0, 2.0, 4.0]
    for source in (theirs, x, x.to_dlpack_for_read()):
        made = nd.from_dlpack(source)
        assert made.context is lazynd.gpu(0) and made.asnumpy().tolist() == [0.0, 2.0, 4.0]
    made += 1
    assert x.asnumpy().tolist() == theirs.tolist() == [0.0, 2.0, 4.0]


@pytest.mark.gpu
def test_guards_of_the_host_programs_transfers_are_not_for_ours() -> None:
    gpu = lazynd.gpu(0)
    with jax.transfer_guard("disallow_explicit"):
        x = nd.array([1, 2, 3], ctx=gpu) * 2.5
        assert x.asnumpy().tolist() == [2.5, 5, 7.5] and x.as_in_context(lazynd.cpu()).asnumpy()[0] == 2.5
        assert x[nd.array([0, -1], ctx=gpu)].asnumpy().tolist() == [2.5, 7.5]
