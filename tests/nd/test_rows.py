"""Batches of rows and lists of arrays, joined and cut again: values, aliasing and gradients, against NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.ir.errors import MXNetError
from lazynd.nd import NDArray, invoke

Array = np.ndarray[Any, Any]
#: Negative ones too, and one of them twice.
CHOSEN = [3, -1, 0, 7, -8, 3, 2, 5, 1, -2, 6, 4]


def values(*shape: int, dtype: str = "float32") -> Array:
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


def same(ours: NDArray, expected: Array) -> None:
    assert ours.shape == expected.shape and ours.dtype == expected.dtype.type
    np.testing.assert_array_equal(ours.asnumpy(), expected)


#: Rows of an array of shape (8, 3, 4) in the ways that views are made, the same for NumPy.
ROWS: dict[str, Callable[[Any, int], Any]] = {
    "x[i]": lambda x, i: x[i],
    "x[NumPy's integer]": lambda x, i: x[np.int64(i)],
    "x[i:i+1]": lambda x, i: x[i % 8 : i % 8 + 1],
    "windows": lambda x, i: x[i % 6 : i % 6 + 3],
    "rows of rows": lambda x, i: x[i][i % 3],
    "x[i, j]": lambda x, i: x[i, (i + 1) % 3],
    "x[i, j:j+2]": lambda x, i: x[i, i % 2 : i % 2 + 2],
    "x[i].reshape": lambda x, i: x[i].reshape((2, 6)),
    "x.reshape[i]": lambda x, i: x.reshape((12, 8))[i],
}


@pytest.mark.parametrize("kind", ROWS)
def test_rows_are_joined_along_every_axis(kind: str) -> None:
    source = values(8, 3, 4)
    x, row = nd.array(source), ROWS[kind]
    expected = [row(source, i) for i in CHOSEN]
    for axis in range(-expected[0].ndim - 1, expected[0].ndim + 1):
        same(nd.stack(*[row(x, i) for i in CHOSEN], axis=axis), np.stack(expected, axis))
    for axis in range(-expected[0].ndim, expected[0].ndim):
        same(nd.concat(*[row(x, i) for i in CHOSEN], dim=axis), np.concatenate(expected, axis))


def test_elements_of_a_vector_and_a_list_in_place_of_arguments() -> None:
    labels = nd.array(values(8))
    same(nd.stack([labels[i] for i in CHOSEN]), values(8)[CHOSEN][:, None])
    same(nd.concatenate([labels[i] for i in CHOSEN]), values(8)[CHOSEN])
    same(nd.concat(*[labels[i % 4 : i % 4 + 2 + i % 2] for i in CHOSEN], dim=0),
         np.concatenate([values(8)[i % 4 : i % 4 + 2 + i % 2] for i in CHOSEN]))  # fmt: skip


def test_stretches_of_different_lengths() -> None:
    source = values(8, 3)
    x, cuts = nd.array(source), [slice(i % 5, i % 5 + 1 + i % 3) for i in CHOSEN]
    same(nd.concat(*[x[c] for c in cuts], dim=0), np.concatenate([source[c] for c in cuts]))
    with pytest.raises(MXNetError, match="Incompatible attr in node"):
        nd.stack(*[x[c] for c in cuts])


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16", "int32", "int64", "uint8", "bool"])
def test_every_dtype_keeps_its_bits(dtype: str) -> None:
    x = nd.array(values(8, 3) % 5, dtype=dtype)
    made = nd.stack(*[x[i] for i in CHOSEN])
    assert made.dtype == x.dtype
    np.testing.assert_array_equal(made.asnumpy(), x.asnumpy()[CHOSEN])


def test_what_is_refused_is_refused_in_the_same_words() -> None:
    x, y = nd.array(values(8, 3)), nd.array(values(8, 3), dtype="int32")
    for axis in (3, -4):
        with pytest.raises(MXNetError, match="exceeds the input dimension"):
            nd.stack(*[x[i] for i in CHOSEN], axis=axis)
    with pytest.raises(MXNetError, match="num_args is 11, but 12"):
        nd.stack(*[x[i] for i in CHOSEN], num_args=11)
    with pytest.raises(MXNetError, match="Incompatible attr in node"):
        nd.stack(*[(x, y)[i % 2][i] for i in CHOSEN])
    with pytest.raises(MXNetError, match="Non-uniform data type in Concat"):
        nd.concat(*[(x, y)[i % 2][i] for i in CHOSEN], dim=0)
    for wrong in (8, -9, np.int64(8)):
        with pytest.raises(IndexError, match="is out of bounds for axis 0 with size 8"):
            x[wrong]
    same(nd.stack(*[x[i] for i in CHOSEN], axis="1", num_args="12"), np.stack(values(8, 3)[CHOSEN], 1))


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 300])
def test_any_number_of_rows(count: int) -> None:
    source, chosen = values(50, 3), np.random.default_rng(count).integers(-50, 50, count)
    x = nd.array(source)
    same(nd.stack(*[x[int(i)] for i in chosen]), source[chosen])
    same(nd.concat(*[x[int(i)] for i in chosen], dim=0), source[chosen].reshape(-1))


def mixed(x: Any, y: Any, fresh: Callable[[Array], Any]) -> list[Any]:
    """Rows of two arrays of different lengths, fresh arrays, and a computed one."""
    parts = [x[i] if i % 3 else y[i % 4] for i in CHOSEN]
    return [*parts, fresh(values(3, 4) - 5), x[2] * 2, fresh(values(3, 4)), *[y[i % 4] for i in CHOSEN]]


def test_rows_of_several_arrays_beside_arrays_that_are_none() -> None:
    a, b = values(8, 3, 4), -values(4, 3, 4)
    ours, expected = mixed(nd.array(a), nd.array(b), nd.array), mixed(a, b, np.array)
    for axis in range(-3, 3):
        same(nd.stack(*ours, axis=axis), np.stack(expected, axis))
    for axis in range(-2, 2):
        same(nd.concat(*ours, dim=axis), np.concatenate(expected, axis))


def test_rows_of_as_many_arrays_as_there_are_rows() -> None:
    sources = [values(2, 3) + 10 * k for k in range(12)]
    same(nd.stack(*[nd.array(s)[1] for s in sources]), np.stack([s[1] for s in sources]))


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_lists_of_arrays_from_the_host(dtype: str) -> None:
    samples = [values(3, 4, dtype=dtype) + k for k in range(20)]
    ours = [nd.array(s, dtype=dtype) for s in samples]
    for axis in range(-3, 3):
        same(nd.stack(*ours, axis=axis), np.stack(samples, axis))
    same(nd.concat(*ours, dim=0), np.concatenate(samples))
    same(nd.concat(*ours[:9], ours[0][:1], dim=0), np.concatenate([*samples[:9], samples[0][:1]]))


def test_a_batch_cut_into_as_many_parts() -> None:
    x = nd.array(values(20, 3))
    for ours, expected in zip(nd.split(x, 20, axis=0, squeeze_axis=True), values(20, 3), strict=True):
        same(ours, expected)
    for ours, expected in zip(nd.split(x * 2, 10, axis=0), np.split(values(20, 3) * 2, 10), strict=True):
        same(ours, expected)
    same(nd.stack(*nd.stack(*list(x))), values(20, 3))


def test_rows_show_what_is_written_until_they_are_joined() -> None:
    expected = values(8, 3)
    x = nd.array(expected)
    rows = [x[i] for i in CHOSEN]
    x[3] = 100
    expected[3] = 100
    first = nd.stack(*rows)
    rows[1][:] = 200  # a row is a view
    before, expected[-1] = expected.copy(), 200
    second = nd.stack(*rows)
    x += 1
    same(first, before[CHOSEN])
    same(second, expected[CHOSEN])
    same(nd.stack(*rows), expected[CHOSEN] + 1)
    second[0] = -1  # a batch is a copy
    same(x, expected + 1)


def test_rows_of_what_is_still_to_be_computed() -> None:
    x = nd.array(values(8, 3)) * 2
    batch = nd.stack(*[x[i] for i in CHOSEN])
    x *= 10
    same(batch + 1, values(8, 3)[CHOSEN] * 2 + 1)
    same(nd.stack(*[x[i] for i in CHOSEN]), values(8, 3)[CHOSEN] * 20)


def test_rows_of_memory_that_others_write() -> None:
    x = nd.array(values(8, 3))
    shared = nd.from_dlpack(x.to_dlpack_for_write())
    rows = [x[i] for i in CHOSEN]
    shared[3] = 50
    batch = nd.stack(*rows)
    shared[3] = 60
    expected = values(8, 3)
    expected[3] = 50
    same(batch, expected[CHOSEN])


def test_rows_without_numbers_and_rows_of_scalars() -> None:
    assert nd.array(np.ones((8, 3)))[2:2].shape == (0, 3)
    assert nd.array(values(8))[3].shape == (1,)
    with pytest.raises(IndexError):
        nd.array(values(8))[True, 0]


def test_rows_inside_a_loop_operator() -> None:
    table = nd.array(values(8, 3))

    def step(row: NDArray, state: NDArray) -> Any:
        batch = nd.stack(*[table[i] for i in CHOSEN]) + row + nd.stack(*[state[i] for i in CHOSEN])
        return batch.sum(axis=0), state * 2

    outputs, _ = nd.contrib.foreach(step, nd.array(values(2, 3)), nd.array(values(8, 3)))
    once = values(8, 3)[CHOSEN].sum(0)
    same(outputs, np.stack([once + 12 * values(2, 3)[k] + once * 2**k for k in range(2)]))


# --------------------------------------------------------------------------------------------- gradients


def gradients(join: Callable[[Sequence[NDArray]], NDArray]) -> list[Array]:
    """The values of a batch of recorded rows, and the gradients of all that they are from."""
    w, v, late = (nd.array(values(*shape) / 10) for shape in ((8, 3, 4), (4, 3, 4), (3, 4)))
    for each in (w, v, late):
        each.attach_grad()
    before = w[2]  # a constant: made outside of record()
    with autograd.record():
        h = w * w
        rows = [w[i] for i in CHOSEN] + [h[i] for i in CHOSEN] + [v[i % 4] for i in CHOSEN]
        rows += [before, late, v[1] * 2, w[1][1:3].reshape((2, 4)).sum() * late, w[5].detach(), rows[0] + rows[1]]
        read_too = rows[3] * rows[4]
        batch = join(rows)
        loss = (batch * batch).sum() + read_too.sum()
    loss.backward()
    return [batch.asnumpy(), w.grad.asnumpy(), v.grad.asnumpy(), late.grad.asnumpy()]


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("name", ["stack", "concat"])
def test_gradients_go_where_the_rows_are_from(
    name: str, axis: int, on_numpy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def join(rows: Sequence[NDArray]) -> NDArray:
        return nd.stack(*rows, axis=axis) if name == "stack" else nd.concat(*rows, dim=axis)

    found = gradients(join)
    monkeypatch.setattr(invoke, "JOINS", {})  # row by row
    expected = gradients(join)
    np.testing.assert_array_equal(found[0], expected[0])
    for ours, theirs in zip(found[1:], expected[1:], strict=True):
        # Sums of some ten float32 terms in another order.
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_an_embedding_learns_as_with_take() -> None:
    def trained(embed: Callable[[NDArray, list[int]], NDArray]) -> Array:
        w = nd.array(values(8, 3) / 10)
        w.attach_grad()
        for step in range(3):
            chosen = [(i + step) % 8 for i in CHOSEN]
            with autograd.record():
                loss = (embed(w, chosen) ** 2).mean()
            loss.backward()
            w[:] = w - 0.1 * w.grad
        return w.asnumpy()

    rows = trained(lambda w, chosen: nd.stack(*[w[i] for i in chosen]))
    taken = trained(lambda w, chosen: nd.take(w, nd.array(chosen, dtype="int32")))
    np.testing.assert_allclose(rows, taken, rtol=1e-6)  # a gradient of at most two equal terms, three times


def test_a_row_that_is_a_variable_itself_keeps_its_gradient() -> None:
    x = nd.array(values(8, 3))
    x.attach_grad()
    row = x[2]
    row.attach_grad()
    with autograd.record():
        batch = nd.stack(row, *[x[i] for i in CHOSEN])
        (batch * batch).sum().backward()
    same(row.grad, 2 * values(8, 3)[2])
    expected = np.zeros((8, 3), np.float32)
    np.add.at(expected, CHOSEN, 2 * values(8, 3)[CHOSEN])
    same(x.grad, expected)


@pytest.mark.parametrize("joins", [invoke.JOINS, {}], ids=["gathered", "row by row"])
def test_a_row_written_since_it_was_recorded_keeps_its_history(joins: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in MXNet: outside of ``record()`` a write changes what is read, not where the gradient goes."""
    monkeypatch.setattr(invoke, "JOINS", joins)
    w, whole = nd.array(values(8, 3)), nd.zeros((3,))
    w.attach_grad()
    with autograd.record():
        h = w * 3
        row, moved = h[1], whole.reshape((1, 3))
        moved[:] = h[6:7]  # a view whose history is a read of another array
    row[:] = nd.array([5, 5, 5])
    with autograd.record():
        batch = nd.concat(*[row.reshape((1, 3))] * 4, *[moved] * 4, *[h[i : i + 1] for i in range(4)], dim=0)
        batch.sum().backward()
    expected = 3 * values(8, 3)
    expected[1] = 5
    same(batch, expected[[1, 1, 1, 1, 6, 6, 6, 6, 0, 1, 2, 3]])
    same(w.grad, 3 * np.array([[1, 5, 1, 1, 0, 0, 4, 0]], "float32").T * np.ones((8, 3), "float32"))


def test_rows_of_what_an_earlier_backward_freed_are_refused() -> None:
    w = nd.array(values(8, 3))
    w.attach_grad()
    with autograd.record():
        h = w * 2
        rows = [h[i] for i in CHOSEN]
        (h * h).sum().backward()
        loss = nd.stack(*rows).sum()
    with pytest.raises(MXNetError, match="freed by an earlier backward"):
        loss.backward()


def test_second_order_through_rows() -> None:
    w = nd.array(values(8, 3))
    w.attach_grad()
    with autograd.record():
        batch = nd.stack(*[w[i] for i in CHOSEN])
        (first,) = autograd.grad([(batch**3).sum()], [w], create_graph=True)
        (first * first).sum().backward()
    times = np.bincount(np.array(CHOSEN) % 8, minlength=8).astype("float32")[:, None]
    # first is 3 n w^2, the gradient of its square 2 (3 n w^2)(6 n w): exact, whole numbers below 2^24.
    same(w.grad, 36 * times**2 * values(8, 3) ** 3)


def test_numpy_shapes_keep_their_elements() -> None:
    with lazynd.util.np_shape():
        assert nd.array(values(8))[3].asnumpy().reshape(()) == 3
