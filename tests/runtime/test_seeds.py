"""The same seed gives the same draws: every operator that draws, however its draws are computed.

Bit for bit where XLA computes them: alone, together, in one program run again and again, operator by operator, by
eight threads, in another process. NumPy's logarithms, roots and cosines are others than XLA's: eager and with the
interpreter, the random bits are the same, and the draws as good as these functions are.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, cpu, nd
from lazynd.ops import OPERATORS
from lazynd.runtime import fence
from lazynd.runtime.record.streams import _counters, take

SEED = 1234567
THREADS = 8
#: Makes the draws of one operator, by its name.
Makers = dict[str, Callable[[], list[Any]]]
#: A traced loop draws what its body does; its draws are tested where loops are.
ELSEWHERE = {"_foreach"}
#: Draws that are comparisons and whole numbers: exact wherever they are computed.
EXACT = {"Dropout", "_image_random_flip_left_right", "_image_random_flip_top_bottom", "_random_randint", "_shuffle"}


def makers() -> Makers:
    """The first sample that draws of each operator that can."""
    found: Makers = {}
    for operator in dict.fromkeys(OPERATORS.values()):
        if not operator.draws or operator.name in ELSEWHERE:
            continue
        assert operator.samples is not None
        function = getattr(nd._internal if operator.name.startswith("_") else nd, operator.name)
        for arrays, attributes in operator.samples(np.random.default_rng(5)):
            given = [np.asarray(each) for each in arrays]

            def make(function: Any = function, given: Any = given, attributes: Any = attributes) -> list[Any]:
                made = function(*(nd.array(each, dtype=each.dtype) for each in given), **attributes)
                return list(made) if isinstance(made, list | tuple) else [made]

            before = dict(_counters)
            make()
            if _counters != before:
                found[operator.name] = make
                break
    return found


MAKERS = makers()


#: XLA compiles their rules for seconds, and for minutes where it fuses several of them.
LONG = {name for name in MAKERS if "poisson" in name or "binomial" in name}
SHORT = set(MAKERS) - LONG


def draws(chosen: Collection[str] = MAKERS) -> dict[str, list[Any]]:
    """The draws of all operators after one seed, pending; those that are not ``chosen`` only count."""
    nd.random.seed(SEED)
    made: dict[str, list[Any]] = {}
    for name, make in MAKERS.items():
        if name in chosen:
            made[name] = make()
        else:
            take(cpu(), 1)
    return made


def values(made: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: [each.asnumpy() for each in some] for name, some in made.items()}


def each_at_once(chosen: Collection[str] = MAKERS) -> dict[str, list[Any]]:
    """Each drawn and computed before the next."""
    found: dict[str, list[Any]] = {}
    for name in chosen:
        nd.random.seed(SEED)
        take(cpu(), list(MAKERS).index(name))
        found[name] = [each.asnumpy() for each in MAKERS[name]()]
    return found


def same_bits(found: dict[str, list[Any]], expected: dict[str, list[Any]]) -> None:
    for name, some in found.items():
        for one, other in zip(some, expected[name], strict=True):
            assert one.dtype == other.dtype and one.tobytes() == other.tobytes(), name


def digest(found: dict[str, list[Any]]) -> str:
    return hashlib.sha256(b"".join(each.tobytes() for some in found.values() for each in some)).hexdigest()


@pytest.fixture(scope="module")
def expected() -> dict[str, list[Any]]:
    nd.waitall()
    return each_at_once()


def test_every_operator_that_draws_is_here_and_draws() -> None:
    declared = {operator.name for operator in OPERATORS.values() if operator.draws}
    assert set(MAKERS) == declared - ELSEWHERE
    for name, make in MAKERS.items():
        nd.random.seed(SEED)
        found = set()
        for count in range(1, 10):
            found.add(b"".join(each.asnumpy().tobytes() for each in make()))
            assert list(_counters.values()) == [count], name
        assert len(found) > 1, name


def test_computed_after_all_have_been_drawn_in_any_order(expected: dict[str, list[Any]]) -> None:
    same_bits(values(draws()), expected)
    made = draws()
    same_bits(values({name: made[name] for name in reversed(MAKERS)}), expected)


def test_in_one_program_with_others(expected: dict[str, list[Any]], delta: Any) -> None:
    made, since = draws([name for name in MAKERS if "sample" not in name and "like" not in name]), delta()
    assert made.keys() >= {name for name in LONG if name.startswith("_random") and "like" not in name}
    fence()
    nd.waitall()
    assert since.runs == 1
    same_bits(values(made), expected)


def test_in_one_program_with_what_can_be_fused(expected: dict[str, list[Any]], delta: Any) -> None:
    with autograd.record(train_mode=False):
        made, since = draws(SHORT), delta()
        total = nd.add_n(*(each.astype("float32").sum() for some in made.values() for each in some))
    total.asscalar()
    assert since.runs == 1
    same_bits(values(made), expected)


def test_a_function_called_many_times_is_one_program_with_new_draws_each_time(delta: Any) -> None:
    def called(times: int) -> list[bytes]:
        nd.random.seed(SEED)
        x, found = nd.zeros(13), []
        for _ in range(times):
            noise = nd.random.normal(shape=(13,)) + nd.random.gamma(2, 1, shape=(13,))
            x = nd.Dropout(x * 0.5 + noise, p=0.5, mode="always")
            found.append(x.asnumpy().tobytes())
        return found

    since = delta()
    found = called(20)
    assert (since.programs, since.runs) == (2, 20), "the first call fills x with zeros, all others are one program"
    assert len(set(found)) == 20
    assert called(20) == found and called(3) == found[:3]


def in_threads(body: Callable[[int], None]) -> None:
    failures: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            body(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_eight_threads_share_the_stream_of_one(expected: dict[str, list[Any]]) -> None:
    """Draws belong to their order: eight threads that take turns draw what one does, and compute it at once."""
    nd.random.seed(SEED)
    found: dict[str, list[Any]] = {}
    turns = [threading.Event() for _ in range(len(MAKERS) + 1)]
    turns[0].set()

    def body(number: int) -> None:
        for position, (name, make) in list(enumerate(MAKERS.items()))[number::THREADS]:
            assert turns[position].wait(60)
            made = make()
            turns[position + 1].set()
            found[name] = [each.asnumpy() for each in made]

    in_threads(body)
    assert found.keys() == MAKERS.keys()
    same_bits(found, expected)


def test_a_seed_of_any_thread_restarts_that_stream() -> None:
    nd.random.seed(SEED)
    expected = nd.random.normal(shape=(5,)).asnumpy()
    found: list[Any] = [None] * THREADS
    one_at_a_time = threading.Lock()

    def body(number: int) -> None:
        with one_at_a_time:
            nd.random.seed(SEED)
            made = nd.random.normal(shape=(5,))
        found[number] = made.asnumpy()

    in_threads(body)
    assert all((each == expected).all() for each in found)
    following = nd.random.uniform(shape=(3,)).asnumpy()
    nd.random.seed(SEED)
    nd.random.normal(shape=(5,))
    assert (nd.random.uniform(shape=(3,)).asnumpy() == following).all(), "what the last of them left behind"


def test_another_thread_computes_what_this_one_drew(expected: dict[str, list[Any]]) -> None:
    made = draws()
    found: dict[str, list[Any]] = {}

    def body(number: int) -> None:
        found.update(values({name: made[name] for name in list(made)[number::THREADS]}))

    in_threads(body)
    assert found.keys() == MAKERS.keys()
    same_bits(found, expected)


@pytest.mark.parametrize("how", ["eager", "interpreted"])
def test_numpy_draws_the_same(how: str, expected: dict[str, list[Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lazynd.config.eager" if how == "eager" else "lazynd.config.backend", how == "eager" or "numpy")
    for name, some in each_at_once().items():
        for one, other in zip(some, expected[name], strict=True):
            if name in EXACT:
                assert one.tobytes() == other.tobytes(), name
            # Functions are good to a few units in the last place (6e-8 in float32), of which a draw takes a handful.
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6, err_msg=name)


def test_two_processes(expected: dict[str, list[Any]], tmp_path: Path) -> None:
    """The second has its programs from the folder in which the first left them."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from tests.runtime import test_seeds as t\n"
        "import lazynd\n"
        "print(t.digest(t.each_at_once(sorted(t.SHORT))), lazynd.stats().programs > 0)"
    )
    given = {**os.environ, "LAZYND_CACHE": str(tmp_path)}
    root = str(Path(__file__).resolve().parents[2])
    short = {name: expected[name] for name in sorted(SHORT)}
    for compiled in (True, False):
        done = subprocess.run(
            [sys.executable, "-c", program, root], env=given, capture_output=True, text=True, timeout=600, cwd=tmp_path
        )
        assert done.stdout.split() == [digest(short), str(compiled)], done.stderr


def test_in_the_interpreter(
    expected: dict[str, list[Any]], monkeypatch: pytest.MonkeyPatch, empty_cache: None, delta: Any
) -> None:
    """As graphs run that are seen once."""
    monkeypatch.setattr(lazynd.config, "tier", "interpreted")
    since = delta()
    same_bits(each_at_once(SHORT), expected)
    assert since.interpreted == len(SHORT) and since.runs == 0
