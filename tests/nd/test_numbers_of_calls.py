"""Calls whose numbers travel with them are bound once for all numbers; what tries to fool the key that they have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.nd import invoke, known
from lazynd.ops import OPERATORS


def bound(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operators that are bound from now on, because their calls are not known."""
    found: list[str] = []
    real = OPERATORS["clip"].__class__.bind

    def bind(self: Any, types: Any, attributes: Any) -> Any:
        found.append(self.name)
        return real(self, types, attributes)

    monkeypatch.setattr(OPERATORS["clip"].__class__, "bind", bind)
    return found


@pytest.fixture(autouse=True)
def forgotten() -> None:
    invoke.CALLS.clear()
    known.KNOWN_CALLS.clear()


def test_other_numbers_are_the_same_call(monkeypatch: pytest.MonkeyPatch) -> None:
    x = nd.array([-3.0, 0.5, 7.0])
    for low, high in ((-1.5, 6), (-1.5, 6.0), (-4, 0.25)):  # of each pair of classes
        nd.clip(x, low, high)
    found = bound(monkeypatch)
    for low, high in ((-2.0, 5), (-1.5, 6.0), (-4, 0.25), (float("-inf"), 3.0)):
        expected = np.clip([-3.0, 0.5, 7.0], low, high)
        np.testing.assert_array_equal(nd.clip(x, low, high).asnumpy(), expected)
    assert "clip" not in found


def test_numbers_do_not_change_places() -> None:
    """Learning rates and weight decays that were equal when the call was bound."""
    for lrs, wds in (((0.5, 0.5), (0.5, 0.5)), ((0.25, 0.125), (0.0, 2.0)), ([0.125, 0.25], [2.0, 0.0])):
        weights = [nd.ones(2) * 8, nd.ones(3) * 8]
        grads = [nd.ones(2) * 4, nd.ones(3) * 4]
        arrays = [weights[0], grads[0], weights[1], grads[1]]
        nd.multi_sgd_update(*arrays, out=weights, num_weights=2, lrs=lrs, wds=wds, rescale_grad=0.5)
        for weight, lr, wd in zip(weights, lrs, wds, strict=True):
            assert weight[0].asscalar() == 8 - lr * (2 + wd * 8)


def test_numbers_that_are_compiled_in_are_part_of_the_key() -> None:
    w, g = nd.ones(2) * 8, nd.ones(2) * 4
    for limit in (-1.0, 1.0, -1.0, 0.5, -1):  # -1 is no limit, and another program
        made = nd.sgd_update(w, g, lr=0.25, wd=0.5, clip_gradient=limit)
        clipped = 4 if limit < 0 else limit
        assert made[0].asscalar() == 8 - 0.25 * (clipped + 0.5 * 8), limit


def test_zeros_of_either_sign_are_one_call() -> None:
    x = nd.array([-1.0, 1.0])
    for zero in (0.0, -0.0, 0.0):
        made = nd.clip(x, zero, 2.0).asnumpy()
        assert made.tolist() == [0.0, 1.0]


def test_other_attributes_are_compared_with_their_classes() -> None:
    x = nd.array([[1.0, 2.0], [3.0, 4.0]])
    expected = np.exp(x.asnumpy() / 2)
    for axis in (1, 0, 1):
        made = nd.softmax(x, temperature=2.0, axis=axis).asnumpy()
        np.testing.assert_allclose(made, expected / expected.sum(axis, keepdims=True), rtol=1e-5)  # float32
        with pytest.raises(lazynd.MXNetError, match="expected an int, got"):
            nd.softmax(x, temperature=2.0, axis=bool(axis))


@pytest.mark.parametrize("wrong", ["text", True, None, [1.0], 10**400])
def test_what_is_no_number_is_refused_after_numbers_too(wrong: Any) -> None:
    x = nd.ones(2)
    nd.clip(x, 0.25, 0.5)
    with pytest.raises((lazynd.MXNetError, OverflowError, TypeError)):
        nd.clip(x, 0.25, wrong)
    assert nd.clip(x, 0.25, "0.5").asnumpy().tolist() == [0.5, 0.5]


def test_numbers_of_another_count_are_refused() -> None:
    w, g = nd.ones(2), nd.ones(2)
    nd.multi_sgd_update(w, g, out=[w], num_weights=1, lrs=(0.5,), wds=(0.0,))
    with pytest.raises(lazynd.MXNetError, match="Number of learning rates is inconsistent"):
        nd.multi_sgd_update(w, g, out=[w], num_weights=1, lrs=(0.5, 0.25), wds=(0.0,))


def test_numbers_are_of_the_dtype_of_each_array() -> None:
    for dtype in ("float32", "int32", "float32", "uint8"):
        made = nd.clip(nd.array([0, 3, 9], dtype=dtype), 1.0, 5.0)
        assert made.dtype == np.dtype(dtype) and made.asnumpy().tolist() == [1, 3, 5]


@pytest.mark.lazy
def test_a_traced_number_is_asked_anew() -> None:
    function = lazynd.compile(lambda x, limit: nd.clip(x, 0.25, limit))
    x = nd.ones(2) * 8
    nd.clip(x, 0.25, 2.0)
    assert [function(x, each).asnumpy().tolist() for each in (2.0, 4.0, 0.5)] == [[2, 2], [4, 4], [0.5, 0.5]]
    assert function.traces == 1


def test_the_mode_is_part_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a call that is the same text, in turns; the moving mean shows which of the two it was."""
    x = nd.array([[1.0, 3.0], [3.0, 5.0]])
    gamma, beta, variance = nd.ones(2), nd.zeros(2), nd.ones(2)
    found: list[str] = []
    for turn in range(6):
        mean = nd.zeros(2)
        with autograd.train_mode() if turn % 2 else autograd.predict_mode():
            nd.BatchNorm(x, gamma, beta, mean, variance.copy(), momentum=0.5)
        assert mean.asnumpy().tolist() == ([1.0, 2.0] if turn % 2 else [0.0, 0.0])
        if turn == 1:
            found = bound(monkeypatch)
    assert "BatchNorm" not in found


def test_the_context_is_part_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(number: int) -> Any:
        with lazynd.cpu(number):
            return nd.random.uniform(0, 2, shape=(3,)), nd.ones((2, 3))

    for number in (0, 1):
        made(number)
    found = bound(monkeypatch)
    for number in (1, 0, 1):
        assert [each.context for each in made(number)] == [lazynd.cpu(number)] * 2
    assert not found


def test_calls_that_draw_go_on_in_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn() -> list[float]:
        lazynd.random.seed(7)
        with autograd.train_mode():
            made = [nd.Dropout(nd.ones(40), p=p) for p in (0.5, 0.25, 0.5)]
        made += [nd.random.normal(loc, 0.5, shape=(3,)) for loc in (0.0, -0.0, 4)]
        return [value for each in made for value in each.asnumpy().tolist()]

    known.KNOWN_CALLS.limit = 0  # nothing is remembered
    try:
        expected = drawn()
    finally:
        known.KNOWN_CALLS.limit = 640
    drawn()
    found = bound(monkeypatch)
    assert drawn() == expected and not found
    assert expected[:40] != expected[80:120]


@pytest.mark.parametrize("value", [0.0, -0.0, float("nan"), float("inf"), 3, True, np.float32(0.1), "0.5", 1 << 70])
def test_a_number_is_what_it_is_without_memo(value: Any) -> None:
    """Zeros of both signs, NaN, integers and what is no number, after calls with others and before."""

    def results() -> list[Any]:
        found = []
        for each in (value, 0.5, value, -0.0, 0.0, value):
            try:
                found.append(nd.clip(nd.array([-1.0, 0.0, 2.0]), each, 9.0).asnumpy().tobytes())
                made = nd.hard_sigmoid(nd.array([1.0]), each, 0.25) * nd.array([float("inf")])
                found.append(made.asnumpy().tobytes())
            except (lazynd.MXNetError, TypeError, OverflowError) as error:
                found.append(type(error))
        return found

    known.KNOWN_CALLS.limit = 0
    try:
        expected = results()
    finally:
        known.KNOWN_CALLS.limit = 640
    assert results() == expected
    assert results() == expected


def test_static_floats_are_told_apart_by_their_bits() -> None:
    types = (nd.ones((2, 2))._cell.type,)
    operator = next(
        o for o in OPERATORS.values()
        if o.varies and any(p.kind.slot is None and p.kind.name == "float" for p in o.visible)
    )  # fmt: skip
    place = next(i for i, p in enumerate(operator.visible) if p.kind.slot is None and p.kind.name == "float")
    keys = set()
    for value in (0.0, -0.0, float("nan"), float("nan"), 1.0, 1, 2.0):
        attributes = [p.default for p in operator.visible]
        attributes = [
            0.5 if type(a) is not type and a is not None and p.kind.slot else a
            for a, p in zip(attributes, operator.visible, strict=True)
        ]
        attributes[place] = value
        keys.add(known.key_of(operator, types, tuple(attributes), lazynd.runtime.thread.LOCAL.state))
    assert len(keys) == 6


def test_rates_that_change_do_not_grow_the_memo() -> None:
    w, g, m = nd.ones(2) * 8, nd.ones(2) * 4, nd.zeros(2)

    def update(i: int) -> None:
        nd.sgd_mom_update(w, g, m, lr=0.5 / (i + 1), wd=1e-4 * i, momentum=0.9, rescale_grad=1 / (i + 1), out=w)
        nd.LayerNorm(nd.ones((2, 3)), nd.ones(3), nd.zeros(3), eps=1e-5 * (i + 1))
        nd.full((2, 3), i + 0.5)[:, 1:2].asnumpy()

    update(0)
    before = len(known.KNOWN_CALLS.now), len(known.PATTERNS.now), len(invoke.CALLS.now)
    for i in range(1, 30):
        update(i)
    assert (len(known.KNOWN_CALLS.now), len(known.PATTERNS.now), len(invoke.CALLS.now)) == before
