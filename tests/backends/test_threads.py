"""How many threads products take in the interpreter."""

from __future__ import annotations

import pytest

import lazynd
from lazynd import nd
from lazynd.backends.numpy.threads import Threads
from lazynd.ir.primitive import PRIMITIVES

with Threads():
    MEANS = Threads._means


def seen(monkeypatch: pytest.MonkeyPatch, **settings: int) -> list[int]:
    """The numbers of threads before, in and after an interpreted product, if there were three before."""
    assert MEANS
    get, put = MEANS
    found = []
    compute = PRIMITIVES["dot_general"].evaluate

    def noted(*operands: object, **attributes: object) -> object:
        found.append(get())
        return compute(*operands, **attributes)

    monkeypatch.setattr(PRIMITIVES["dot_general"], "evaluate", noted)
    shared = 5 + sum(settings.values(), len(settings))  # a new shape: of a known one the call is remembered
    before = get()
    put(3)
    try:
        found.append(get())
        with lazynd.config.using(tier="interpreted", **settings):
            nd.dot(nd.ones((3, shared)), nd.ones((shared, 7))).asnumpy()
        return [*found, get()]
    finally:
        put(before)


pytestmark = pytest.mark.skipif(not MEANS, reason="NumPy's library of products has no number to set")


def test_products_take_one_thread_and_the_others_stay_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen(monkeypatch) == [3, 1, 3]


def test_products_take_as_many_as_the_setting_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen(monkeypatch, interpreter_threads=2) == [3, 2, 3]


def test_zero_leaves_the_number_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen(monkeypatch, interpreter_threads=0) == [3, 3, 3]


def test_a_failure_inside_gives_the_number_back() -> None:
    assert MEANS
    get, put = MEANS
    before = get()
    put(3)
    try:
        with pytest.raises(KeyError), Threads():
            raise KeyError
        assert get() == 3
    finally:
        put(before)


def test_entered_inside_another_it_changes_nothing_more() -> None:
    assert MEANS
    get, put = MEANS
    before = get()
    put(3)
    try:
        with Threads():
            with Threads():
                assert get() == 1
            assert get() == 1
        assert get() == 3
    finally:
        put(before)
