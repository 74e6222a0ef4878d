"""The hash behind masks: its words look drawn, and each of its keys gives others.

Every statistic has a known distribution if the bits are fair and independent. A test fails where what it finds has a
probability below 1e-6; the words are always the same, so that one which passes goes on to pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scipy import stats

from lazynd.ir.primitives.counter_hash import hashed, key_of

Array = np.ndarray[Any, Any]
LEAST = 1e-6
#: Seeds and draws, neighbours among them.
KEYS = ((0, 0), (0, 1), (1, 0), (2**32 - 1, 12345))


def words(seed: int, draw: int, count: int, start: int = 0) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(hashed(np.arange(start, start + count, dtype=np.uint32), *_key(seed, draw)))


def _key(seed: int, draw: int) -> tuple[Any, Any]:
    with np.errstate(over="ignore"):
        return key_of(np.uint32(seed), np.uint32(draw))


def fair(found: Array, expected: float, variance: float) -> None:
    """Each of ``found`` is about normal, of this mean and variance."""
    p = 2 * stats.norm.sf(np.abs(np.asarray(found) - expected) / np.sqrt(variance))
    assert np.min(p) * np.size(p) > LEAST, (found, expected, variance)


def even(counts: Array) -> None:
    """Chi-squared of ``counts``, which are expected to be all the same: neither far off nor too even."""
    p = stats.chisquare(counts.reshape(-1)).pvalue
    assert LEAST < p < 1 - LEAST, p


def bits_of(x: Array) -> Iterator[Array]:
    for place in range(32):
        yield (x >> np.uint32(place)) & np.uint32(1)


def test_no_two_keys_are_the_same() -> None:
    seeds, draws = np.meshgrid(np.arange(256, dtype=np.uint32), np.arange(256, dtype=np.uint32))
    with np.errstate(over="ignore"):
        one, other = key_of(seeds.ravel(), draws.ravel())
    assert len(np.unique(one.astype(np.uint64) << np.uint64(32) | other)) == 256 * 256


def test_words_are_as_they_were() -> None:
    """What somebody seeded stays what it was."""
    assert words(7, 3, 4).tolist() == [1582505099, 1915894156, 1845725264, 3409708981]


def test_each_bit_is_set_in_half_of_the_words() -> None:
    count = 1 << 16
    fair(np.array([bit.sum() for bit in bits_of(words(5, 9, count))]), count / 2, count / 4)


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
def test_bits_bytes_and_pairs_are_even(key: tuple[int, int]) -> None:
    count = 1 << 24
    x = words(*key, count)
    fair(np.array([bit.sum(dtype=np.int64) for bit in bits_of(x)]), count / 2, count / 4)
    for shift in (0, 8, 16, 24):
        column = (x >> np.uint32(shift)) & np.uint32(0xFF)
        even(np.bincount(column, minlength=256))
        even(np.bincount(column[:-1:2] * np.uint32(256) + column[1::2], minlength=1 << 16))
    top = x >> np.uint32(28)
    even(np.bincount(top[::4] << 12 | top[1::4] << 8 | top[2::4] << 4 | top[3::4], minlength=1 << 16))


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
def test_what_is_near_is_not_correlated(key: tuple[int, int]) -> None:
    """In place, in a matrix of rows of usual lengths, in the draw and in the seed."""
    count = 1 << 24
    x = words(*key, count) * 2.0**-32 - 0.5
    lags = [1, 2, 3, 4, 7, 8, 16, 31, 64, 100, 128, 256, 512, 768, 1000, 1024, 4096, 65536]
    found = [float(x[:-lag] @ x[lag:]) / np.sqrt(count - lag) * 12 for lag in lags]
    seed, draw = key
    for near in ((seed, draw + 1), (seed, draw ^ 1 << 16), (seed ^ 1, draw), (seed ^ 1 << 31, draw), (draw, seed)):
        if near != key:
            found.append(float(x @ (words(*near, count) * 2.0**-32 - 0.5)) / np.sqrt(count) * 12)
    fair(np.array(found), 0, 1)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["position", "seed", "draw"])
def test_each_bit_of_what_goes_in_turns_half_of_the_bits(what: str) -> None:
    count = 1 << 19
    rng = np.random.default_rng(1)
    given = {name: rng.integers(0, 2**32, count, dtype=np.uint32) for name in ("position", "seed", "draw")}
    with np.errstate(over="ignore"):
        before = hashed(given["position"], *key_of(given["seed"], given["draw"]))
        for place in range(32):
            turned = {**given, what: given[what] ^ np.uint32(1 << place)}
            after = hashed(turned["position"], *key_of(turned["seed"], turned["draw"]))
            fair(np.array([bit.sum() for bit in bits_of(before ^ after)]), count / 2, count / 4)


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
def test_small_positions_turn_half_of_the_bits_too(key: tuple[int, int]) -> None:
    """Positions count from 0: a bit is turned in all of the first half million of them."""
    count = 1 << 19
    x = words(*key, 2 * count)
    for place in range(20):
        position = np.arange(2 * count, dtype=np.uint32)
        pairs = position[(position >> place) & 1 == 0]
        turned = x[pairs] ^ x[pairs | np.uint32(1 << place)]
        fair(np.array([bit.sum() for bit in bits_of(turned)]), count / 2, count / 4)


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_runs_of_a_mask_are_as_long_as_they_should_be(key: tuple[int, int], keep: float) -> None:
    count = 1 << 24
    mask = words(*key, count) < keep * 2**32
    fair(np.array([mask.sum()]), count * keep, count * keep * (1 - keep))
    ends = np.flatnonzero(mask[1:] != mask[:-1])
    lengths, kept = np.diff(ends), mask[ends[1:]]
    for value, stays in ((True, keep), (False, 1 - keep)):
        found = np.bincount(np.minimum(lengths[kept == value], 40))[1:]
        chance = stays ** np.arange(40) * (1 - stays)
        chance[-1] = 1 - chance[:-1].sum()
        found = np.pad(found, (0, 40 - len(found)))
        rare = np.flatnonzero(chance * found.sum() < 10)
        last = rare[0] if len(rare) else 39
        found, chance = np.append(found[:last], found[last:].sum()), np.append(chance[:last], chance[last:].sum())
        assert LEAST < stats.chisquare(found, chance * found.sum()).pvalue < 1 - LEAST


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
def test_rows_and_columns_of_a_mask_hold_what_chance_gives(key: tuple[int, int]) -> None:
    """How many of each row, and of each column, are kept: sums of independent draws, spread as those are."""
    for columns in (1000, 1024, 4096):
        mask = (words(*key, 4096 * columns) < 0.7 * 2**32).reshape(4096, columns)
        for axis, each, many in ((1, columns, 4096), (0, 4096, columns)):
            spread = ((mask.sum(axis) - 0.7 * each) ** 2).sum() / (each * 0.21)
            assert LEAST < stats.chi2.sf(spread, many) < 1 - LEAST
        bits = mask[:64].astype(float) - 0.7
        fair((bits @ bits.T)[np.triu_indices(64, 1)] / np.sqrt(columns) / 0.21, 0, 1)


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
def test_words_are_equal_as_often_as_chance_has_it(key: tuple[int, int]) -> None:
    """Collisions: of 2^24 words 2^47 pairs, each equal with a probability of 2^-32, so Poisson of 2^15."""
    found = (1 << 24) - len(np.unique(words(*key, 1 << 24)))
    assert abs(found - 2**15) < 6 * 2**7.5


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
def test_the_rank_of_matrices_of_bits(key: tuple[int, int]) -> None:
    """Of 32 x 32 bits: 32, 31, 30 or less with probabilities of 0.2888, 0.5776, 0.1284 and 0.0052."""
    matrices = words(*key, 1 << 20).reshape(-1, 32).copy()
    rank = np.zeros(len(matrices), int)
    for place in range(32):
        has = (matrices >> np.uint32(place)) & np.uint32(1)
        pivot = has.argmax(1)
        row = matrices[np.arange(len(matrices)), pivot]
        some = has.any(1)
        rank += some
        matrices ^= np.where(some[:, None], has * row[:, None], 0).astype(np.uint32)
    counts = np.bincount(32 - np.maximum(rank, 29), minlength=4)
    chance = np.array([0.2887880950866, 0.5775761901732, 0.1283502644829, 0.0052854502573])
    assert LEAST < stats.chisquare(counts, chance * len(matrices)).pvalue < 1 - LEAST


@pytest.mark.slow
def test_one_word_of_each_of_many_draws() -> None:
    """Draws of one number, as a loop makes them: the first word of each of 2^20 draws under one seed."""
    draws = np.arange(1 << 20, dtype=np.uint32)
    for position in (0, 1):
        with np.errstate(over="ignore"):
            x = np.asarray(hashed(np.uint32(position), *key_of(np.uint32(42), draws)))
        fair(np.array([bit.sum() for bit in bits_of(x)]), len(x) / 2, len(x) / 4)
        even(np.bincount(x >> 20, minlength=4096))
        even(np.bincount((x[:-1:2] >> 26) << 6 | x[1::2] >> 26, minlength=4096))
        y = x * 2.0**-32 - 0.5
        fair(np.array([y[:-lag] @ y[lag:] / np.sqrt(len(y) - lag) * 12 for lag in (1, 2, 3, 5, 8, 16, 100)]), 0, 1)
