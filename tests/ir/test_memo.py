"""Interning and memos: bounded, and one object a key for as long as anything holds it, whatever one tries."""

from __future__ import annotations

import copy
import gc
import itertools
import pickle
import sys
import threading
import weakref
from collections.abc import Iterator

import numpy as np
import pytest

from lazynd import nd
from lazynd.ir.graph import graph_of
from lazynd.ir.linearize import linearize
from lazynd.ir.memo import Interning, Recent
from lazynd.ir.primitive import PRIMITIVES
from lazynd.ir.specialization import SPECIALIZATIONS, Specialization
from lazynd.ir.types import CPU, DTYPES, Type
from lazynd.ops import OPERATORS

FLOAT = DTYPES["float32"]
_EXTENTS = itertools.count(1_000_000)


class Thing:
    """What can be referred to weakly."""


def forget() -> None:
    """Nothing is kept that nothing refers to."""
    SPECIALIZATIONS.forget_recent()
    Type._interned.forget_recent()
    gc.collect()


def crowd_out(count: int = 10_000) -> None:
    """More new types and specializations than the memos remember."""
    for _ in range(count):
        type = Type((next(_EXTENTS),), FLOAT, CPU)
        PRIMITIVES["negate"].specialize((type,), {})
    gc.collect()


# ---------------------------------------------------------------------------------------------------- memos


def test_a_memo_holds_its_limit_and_no_more_than_twice_that() -> None:
    memo: Recent[int, str] = Recent(10)
    now = memo.now
    for i in range(1000):
        memo.put(i, str(i))
        assert all((memo.now.get(j) or memo._before.get(j)) == str(j) for j in range(max(i - 9, 0), i + 1))
        assert len(memo.now) <= 10 and len(memo._before) <= 10
    assert memo.now is now, "callers hold it"


def test_what_is_asked_for_stays_whatever_else_comes() -> None:
    memo: Recent[int, str] = Recent(10)
    memo.put(-1, "hot")
    for i in range(1000):
        assert (memo.now.get(-1) or memo.older(-1)) == "hot"
        memo.put(i, str(i))


# ---------------------------------------------------------------------------------------------------- identity


def test_a_type_that_nothing_refers_to_is_gone_and_one_that_something_refers_to_is_not() -> None:
    held, extent = Type((next(_EXTENTS), 2), FLOAT), next(_EXTENTS)
    gone = weakref.ref(Type((extent,), FLOAT))
    forget()
    assert gone() is None and Type(held.shape, FLOAT) is held
    assert Type((extent,), FLOAT).shape == (extent,)


@pytest.mark.parametrize("push", [forget, crowd_out])
def test_the_type_of_an_array_is_never_made_again(push: object) -> None:
    arrays = [nd.ones((7 + i, 13)) for i in range(50)]
    assert callable(push)
    push()
    for i, array in enumerate(arrays):
        kept = array._cell.type
        assert Type((7 + i, 13), FLOAT) is kept is nd.zeros((7 + i, 13))._cell.type
        assert Type((np.int64(7 + i), 13), np.dtype("float32")) is kept


@pytest.mark.parametrize("push", [forget, crowd_out])
def test_pickles_and_copies_are_the_same_object_after_everything_is_forgotten(push: object) -> None:
    type = Type((next(_EXTENTS), 3), FLOAT)
    spec = OPERATORS["relu"].bind((type,), {})[0]
    graph = graph_of(spec)
    raw = pickle.dumps(type)
    assert callable(push)
    push()
    assert pickle.loads(raw) is type and copy.deepcopy(type) is type and copy.copy(type) is type
    assert copy.deepcopy(spec) is spec and copy.copy(spec) is spec
    assert copy.deepcopy(graph).nodes[0].spec is spec
    shape = type.shape
    del type, spec, graph
    push()
    assert pickle.loads(raw) is Type(shape, FLOAT)


@pytest.mark.parametrize("push", [forget, crowd_out])
def test_whoever_holds_what_is_derived_from_a_specialization_holds_it(push: object) -> None:
    """A program's key may hold a backward operator alone: recorded again, the structure must give this very one."""
    type = Type((next(_EXTENTS), 3), FLOAT)
    sigmoid = OPERATORS["sigmoid"]
    linear = linearize(sigmoid.bind((type,), {})[0], (True,))
    backward = linear.backward((True,) * len(linear.spec.out_types)).spec
    origin, kept = weakref.ref(linear.origin), weakref.ref(linear.spec)
    del linear
    assert callable(push)
    push()
    assert backward is not None and origin() is not None and kept() is not None
    again = linearize(sigmoid.bind((type,), {})[0], (True,))
    assert again.origin is origin() and again.spec is kept()
    assert again.backward((True,) * len(again.spec.out_types)).spec is backward


def test_specializations_in_cycles_are_gone_with_all_that_is_derived_from_them() -> None:
    type = Type((next(_EXTENTS), 3), FLOAT)
    linear = linearize(OPERATORS["sigmoid"].bind((type,), {})[0], (True,))
    seen = [weakref.ref(each) for each in (type, linear.origin, linear.spec)]
    del type, linear
    forget()
    assert [each() for each in seen] == [None] * 3


def test_a_late_word_of_a_death_leaves_the_successor() -> None:
    """The callback of a dead object may run when another stands under its key already."""
    interned: Interning[str, Thing] = Interning(1)
    first = interned.one("a", Thing())
    entry = interned._known["a"]
    interned.forget_recent()
    del first
    second = interned.one("a", Thing())
    interned._forget(entry)
    assert interned.find("a") is second and interned.one("a", Thing()) is second and len(interned) == 1


def test_a_dead_object_whose_callback_has_not_run_yet_is_replaced() -> None:
    interned: Interning[str, Thing] = Interning(1)
    interned.one("a", Thing())
    entry = interned._known["a"]
    interned.forget_recent()  # it is dead now
    interned._known["a"] = entry
    made = Thing()
    assert interned.one("a", made) is made and interned.find("a") is made


def test_a_loser_that_dies_later_leaves_the_winner() -> None:
    interned: Interning[str, Thing] = Interning(1)
    winner = interned.one("a", Thing())
    for _ in range(10):
        assert interned.one("a", Thing()) is winner
    interned.forget_recent()
    gc.collect()
    assert interned.find("a") is winner


# ---------------------------------------------------------------------------------------------------- threads


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns all the time, and the collector comes all the time."""
    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(50, 2, 2)
    yield
    sys.setswitchinterval(interval)
    gc.set_threshold(*threshold)


def in_threads(count: int, work: object) -> list[list[object]]:
    """What ``work`` gives in each of ``count`` threads that begin together."""
    found: list[list[object]] = [[] for _ in range(count)]
    together = threading.Barrier(count)

    def run(i: int) -> None:
        together.wait()
        assert callable(work)
        found[i] = work(i)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return found


def test_eight_threads_that_make_the_same_thousand_types_have_the_same_ones(hasty: None) -> None:
    for base in range(3):
        start = next(_EXTENTS) * 1000

        def make(i: int, start: int = start, base: int = base) -> list[object]:
            order = range(1000) if i % 2 else range(999, -1, -1)
            made = {}
            for n in order:
                made[n] = Type((start + n, base + 1), FLOAT)
                if n % 100 == i:
                    Type._interned.forget_recent()
            return [made[n] for n in range(1000)]

        first, *others = in_threads(8, make)
        assert len(first) == 1000
        assert all(a is b for each in others for a, b in zip(first, each, strict=True))


def test_eight_threads_that_make_the_same_specializations_have_the_same_ones(hasty: None) -> None:
    start = next(_EXTENTS) * 1000
    types = [Type((start + n,), FLOAT) for n in range(100)]

    def make(i: int) -> list[object]:
        made: list[object] = []
        for n, type in enumerate(types):
            made.append(OPERATORS["relu"].bind((type,), {})[0])
            if n % 10 == i:
                SPECIALIZATIONS.forget_recent()
        return made

    first, *others = in_threads(8, make)
    assert len(set(first)) == 100 and all(isinstance(each, Specialization) for each in first)
    assert all(a is b for each in others for a, b in zip(first, each, strict=True))


def test_keys_that_die_and_come_back_all_the_time_never_stand_for_two_at_once(hasty: None) -> None:
    """Each thread lets go at once, but for what it holds for a while; who holds one finds it under its key."""
    interned: Interning[int, Thing] = Interning(4)

    def churn(i: int) -> list[object]:
        wrong: list[object] = []
        held: dict[int, Thing] = {}
        for step in range(4000):
            key = (step * (i + 1)) % 7
            found = interned.find(key) or interned.one(key, Thing())
            mine = held.get(key)
            if mine is not None and mine is not found:
                wrong.append((i, step, key))
            held[key] = found
            if step % 3 == 0:
                held.pop((step // 3) % 7, None)
            if step % 11 == i:
                interned.forget_recent()
        return wrong

    assert in_threads(8, churn) == [[]] * 8
