"""Draws by Zipf's law: different classes, as often as the law says, and how many draws they take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import nd
from lazynd.ir.errors import MXNetError


def law(range_max: int) -> Any:
    c = np.arange(range_max)
    return np.log((c + 2) / (c + 1)) / np.log(range_max + 1)


def unique(**attributes: Any) -> list[Any]:
    return [each.asnumpy() for each in nd._internal._sample_unique_zipfian(**attributes)]


def test_classes_of_a_line_differ() -> None:
    nd.random.seed(1)
    classes, tries = unique(range_max=12, shape=(50, 12))
    assert (np.sort(classes, axis=1) == np.arange(12)).all()
    assert (tries >= 12).all() and len(set(tries)) > 5


def test_first_and_second_class_follow_the_law() -> None:
    nd.random.seed(2)
    lines, p = 20_000, law(5)
    classes, tries = unique(range_max=5, shape=(lines, 2))
    first = np.bincount(classes[:, 0], minlength=5) / lines
    both = np.zeros((5, 5))
    np.add.at(both, (classes[:, 0], classes[:, 1]), 1 / lines)
    expected = np.outer(p / (1 - p), p)
    np.fill_diagonal(expected, 0)
    # Five standard deviations of a share of so many lines are 0.018 at most.
    np.testing.assert_allclose(first, p, atol=0.018)
    np.testing.assert_allclose(both, expected, atol=0.018)
    # After class c there are further draws until another one comes: 1 / (1 - p(c)) on average, with a deviation of 0.9.
    assert abs(tries.mean() - 1 - (p / (1 - p)).sum()) < 5 * 0.9 / np.sqrt(lines)


@pytest.mark.lazy
def test_both_tiers_draw_the_same() -> None:
    found = []
    for tier in ("interpreted", "compiled"):
        with lazynd.config.using(tier=tier):
            nd.random.seed(3)
            found.append(unique(range_max=9, shape=(3, 7)))
    assert [each.tolist() for each in found[0]] == [each.tolist() for each in found[1]]


def test_edges() -> None:
    classes, tries = unique(range_max=5, shape=(2, 0))
    assert classes.shape == (2, 0) and tries.tolist() == [0, 0]
    with pytest.raises(MXNetError, match="cannot exceed"):
        unique(range_max=2, shape=(1, 3))
    with pytest.raises(MXNetError, match="lines"):
        unique(range_max=2, shape=(2,))


def test_with_replacement() -> None:
    nd.random.seed(4)
    classes, of_true, of_drawn = nd.contrib.rand_zipfian(nd.array([[3, 0]]), 20_000, 5)
    p = law(5)
    assert (classes.dtype, of_true.dtype, of_drawn.shape) == (np.int64, np.float64, (20_000,))
    np.testing.assert_allclose(of_true.asnumpy(), [p[[3, 0]] * 20_000], rtol=1e-12)
    np.testing.assert_allclose(of_drawn.asnumpy(), p[classes.asnumpy()] * 20_000, rtol=1e-12)
    np.testing.assert_allclose(np.bincount(classes.asnumpy()) / 20_000, p, atol=0.018)
