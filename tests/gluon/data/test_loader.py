"""``DataLoader`` in the program itself: what batches are, what is refused, and what a batch leaves of the step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.gluon.data import ArrayDataset, DataLoader, Dataset, SimpleDataset

X = np.arange(10, dtype="float32").reshape((5, 2))


def values(batch: Any) -> Any:
    return [values(each) for each in batch] if isinstance(batch, list) else batch.asnumpy().tolist()


def batches(data: Any, size: int = 4, **arguments: Any) -> Any:
    return list(DataLoader(SimpleDataset(data) if isinstance(data, list) else data, size, **arguments))


@pytest.mark.parametrize(
    ("data", "dtype", "expected"),
    [
        ([0, 1, 2, 3], "int64", [0, 1, 2, 3]),
        ([1.5, 2.5], "float64", [1.5, 2.5]),
        ([np.float32(1), np.float32(2)], "float32", [1, 2]),
        ([True, False], "bool", [True, False]),
        ([[1, 2], [3, 4]], "int64", [[1, 2], [3, 4]]),
        ([np.ones(2, "uint8"), np.zeros(2, "uint8")], "uint8", [[1, 1], [0, 0]]),
        ([np.ones(2, "int8"), np.full(2, 0.5)], "float64", [[1, 1], [0.5, 0.5]]),
        ([nd.ones(2, dtype="float16"), nd.zeros(2, dtype="float16")], "float16", [[1, 1], [0, 0]]),
        ([nd.array([1, 2])[1], nd.array([3, 4])[0]], "float32", [[2], [3]]),
        ([np.array(7), np.array(8)], "int64", [7, 8]),
    ],
)
def test_default_batches(data: list[Any], dtype: str, expected: Any) -> None:
    (batch,) = batches(data)
    assert isinstance(batch, nd.NDArray) and batch.context == lazynd.cpu(0)
    assert batch.dtype is np.dtype(dtype).type and values(batch) == expected


def test_parts_of_examples() -> None:
    (batch,) = batches([(1, [2, 3]), (2, [3, 4])])
    assert isinstance(batch, list) and values(batch) == [[1, 2], [[2, 3], [3, 4]]]
    (batch,) = batches([((1, 2), nd.ones(1)), ((3, 4), nd.zeros(1))])
    assert values(batch) == [[[1, 3], [2, 4]], [[1], [0]]]


@pytest.mark.parametrize(
    ("data", "error", "why"),
    [
        ([{"a": 1}, {"a": 2}], KeyError, "examples of type dict make no batch"),
        (["a", "b"], KeyError, "examples of type str"),
        ([[1], [2, 3]], KeyError, "examples of type list"),
        ([None, None], KeyError, "NoneType"),
        ([nd.zeros(2), nd.zeros(3)], ValueError, r"shapes \(2,\) and \(3,\): give batchify_fn"),
        ([np.zeros(2), np.zeros((2, 1))], ValueError, "shapes"),
    ],
)
def test_what_makes_no_batch(data: list[Any], error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        batches(data)


def test_batchify_fn_gets_the_examples() -> None:
    assert batches([3, 1, 2], 2, batchify_fn=sorted) == [[1, 3], [2]]


def test_rows_are_taken_whole_and_as_one_by_one() -> None:
    class Slow(ArrayDataset):
        """Its examples could be anything."""

        def __getitem__(self, idx: Any) -> Any:
            return super().__getitem__(idx)

    arrays = (nd.array(X), np.arange(5), nd.array([5, 6, 7, 8, 9], dtype="int32"), nd.array(X).astype("float16"))
    for wrap in (
        lambda d: d,
        lambda d: d.take(4),
        lambda d: d.shard(2, 1),
        lambda d: d.filter(lambda x: x[0].sum() > 2),
    ):
        fast, slow = (wrap(kind(*arrays)) for kind in (ArrayDataset, Slow))
        for one, other in zip(batches(fast, 2), batches(slow, 2), strict=True):
            for a, b in zip(one, other, strict=True):
                assert a.dtype is b.dtype and a.asnumpy().tolist() == b.asnumpy().tolist()
    data = ArrayDataset(nd.array(X))
    assert values(DataLoader(data, batch_sampler=[[-1, 0], [2]]).__iter__().__next__()) == [[8, 9], [0, 1]]
    for wrong in (5, -6):
        with pytest.raises(IndexError, match=f"index {wrong} is out of bounds for axis 0 with size 5"):
            list(DataLoader(data, batch_sampler=[[0, wrong]]))


def test_a_batch_does_not_change_with_what_it_was_made_of() -> None:
    source = np.ones((4, 2), "float32")
    array = nd.ones((4, 2))
    x, y = next(iter(DataLoader(ArrayDataset(source, array), 2)))
    source[:] = 7
    array[:] = 7
    assert values([x, y]) == [[[1, 1], [1, 1]]] * 2
    assert values(next(iter(DataLoader(ArrayDataset(source, array), 1)))) == [[[7, 7]]] * 2


@pytest.mark.parametrize(
    ("arguments", "error", "why"),
    [
        ({}, ValueError, "batch_size must be specified unless batch_sampler is specified"),
        ({"batch_size": 2, "shuffle": True, "sampler": [1]}, ValueError, "shuffle must not be specified if sampler"),
        ({"batch_size": 2, "batch_sampler": [[1]]}, ValueError, "must not be specified if batch_sampler"),
        ({"shuffle": True, "batch_sampler": [[1]]}, ValueError, "must not be specified if batch_sampler"),
        ({"sampler": [1], "batch_sampler": [[1]]}, ValueError, "must not be specified if batch_sampler"),
        ({"last_batch": "keep", "batch_sampler": [[1]]}, ValueError, "must not be specified if batch_sampler"),
        ({"batch_size": 2, "timeout": 0}, AssertionError, "timeout must be positive, given 0"),
    ],
)
def test_what_is_refused(arguments: dict[str, Any], error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        DataLoader([1, 2], **arguments)


def test_lengths_and_passes() -> None:
    loader = DataLoader(list(range(5)), 2, last_batch="rollover")
    assert len(loader) == 2 and [len(list(loader)) for _ in range(2)] == [2, 3]
    assert len(DataLoader(list(range(5)), 2)) == 3
    loader = DataLoader(list(range(6)), 2, shuffle=True)
    for batch in loader:
        assert len(batch) == 2
        break
    assert sorted(n for b in loader for n in values(b)) == list(range(6))
    both = zip(DataLoader(range(4), 2), DataLoader(range(4), 2), strict=True)
    assert [values(a) == values(b) for a, b in both] == [True, True]


def test_an_exception_comes_out_and_ends_the_pass() -> None:
    class Bad(Dataset):
        def __len__(self) -> int:
            return 4

        def __getitem__(self, idx: int) -> int:
            if idx == 2:
                raise KeyError("number two")
            return idx

    pass_through = iter(DataLoader(Bad(), 1))
    assert values(next(pass_through)) == [0] and values(next(pass_through)) == [1]
    with pytest.raises(KeyError, match="number two"):
        next(pass_through)
    assert next(pass_through, None) is None


def test_auto_reload_begins_the_next_pass() -> None:
    asked = []

    class Data(Dataset):
        def __len__(self) -> int:
            return 2

        def __getitem__(self, idx: int) -> int:
            asked.append(idx)
            return idx

    loader = DataLoader(Data(), 1, auto_reload=True)
    for _ in range(3):
        assert [values(b) for b in loader] == [[0], [1]]
    loader.refresh()
    loader.clean()
    assert [values(b) for b in loader] == [[0], [1]]


# ------------------------------------------------------------------------------------------- what a step costs


def step(x: Any, w: Any) -> None:
    with autograd.record():
        loss = (nd.dot(x, w) ** 2).sum()
    loss.backward()
    w[:] = w - 0.01 * w.grad


@pytest.mark.lazy  # about programs
@pytest.mark.parametrize("transformed", [False, True], ids=["rows", "transformed"])
def test_a_step_is_one_program_however_its_batch_was_made(transformed: bool) -> None:
    """Every pass over the loader ends a region, and making a batch runs no program."""
    data: Dataset = ArrayDataset(nd.array(np.tile(X, (8, 1))), nd.arange(40))
    if transformed:
        data = data.transform_first(lambda x: x * 2 + 1)
    loader = DataLoader(data, 8, shuffle=True)
    w = nd.ones((2, 1)) * 0.01
    w.attach_grad()
    w.wait_to_read()
    nd.waitall()
    for _ in range(3):
        for x, _ in loader:
            step(x, w)
    nd.waitall()
    stats = lazynd.stats()
    before = (stats.runs, stats.programs, stats.forces)
    for x, _ in loader:
        step(x, w)
    nd.waitall()
    assert (stats.runs - before[0], stats.programs - before[1], stats.forces - before[2]) == (5, 0, 0)


@pytest.mark.lazy  # about what is pending
def test_each_batch_is_a_fence_the_last_included() -> None:
    """What was recorded before belongs to a region that is closed: with the window, those before it have run."""
    kept = []
    for x in DataLoader(ArrayDataset(nd.array(X)), 2):
        kept.append((x * 2).sum())
    del x
    stats = lazynd.stats()
    nd.waitall()
    before = stats.executed
    for number, _ in enumerate(DataLoader(ArrayDataset(nd.array(X)), 2)):
        y = nd.ones((3,)) * number + 1
        kept.append(y)
    executed = stats.executed
    assert executed > before, "two regions are closed, so the first has run"
    z = kept[-1] + 1  # not in the region of what it needs
    z.wait_to_read()
    assert stats.executed > executed


def test_batches_under_record_are_constants() -> None:
    w = nd.ones((2,))
    w.attach_grad()
    with autograd.record():
        loss = sum(((x * w).sum() for x in DataLoader(ArrayDataset(nd.array(X)), 2)), nd.zeros((1,)))
    loss.backward()
    assert w.grad.asnumpy().tolist() == X.sum(axis=0).tolist()


def test_draws_follow_the_seed_whatever_they_are_drawn_in() -> None:
    def passes() -> Any:
        lazynd.random.seed(3)
        data = SimpleDataset(list(range(4))).transform(lambda x: nd.random.uniform(shape=(2,)))
        return [values(b) for b in DataLoader(data, 2)]

    first = passes()
    assert first == passes() and first[0] != first[1]
    lazynd.random.seed(3)
    assert first == [[nd.random.uniform(shape=(2,)).asnumpy().tolist() for _ in range(2)] for _ in range(2)]


def test_errors_name_the_users_line() -> None:
    def wrong(x: Any) -> Any:
        return nd.dot(nd.ones((2, 3)), nd.ones((2, 3)))

    with pytest.raises(lazynd.MXNetError, match="dot"):
        batches(SimpleDataset([1]).transform(wrong))

    def outside(x: Any) -> Any:
        return nd.take(nd.ones((2,)), nd.array([5]), mode="raise").asnumpy()

    with pytest.raises(IndexError, match="5"):
        batches(SimpleDataset([1]).transform(outside))
