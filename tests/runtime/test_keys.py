"""Keys: equal ones mean equal programs. Each cache here meets what might fool it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.ir.attributes import attribute_key
from lazynd.nd import NDArray
from lazynd.runtime.run import plan as schedule
from lazynd.runtime.run.compile import PROGRAMS
from lazynd.runtime.run.plan import Plan

LOOK_ALIKES = (1, True, 1.0, 0.0, -0.0, math.nan)


class Colliding(tuple[Any, ...]):
    """A key whose hash says nothing."""

    __slots__ = ()

    def __hash__(self) -> int:
        return 42


class CollidingPlan(Plan):
    """A plan whose key collides with every other."""

    __slots__ = ("_key",)

    @property
    def key(self) -> Any:  # type: ignore[override]  # an attribute there
        return self._key

    @key.setter
    def key(self, value: tuple[Any, ...]) -> None:
        self._key = Colliding(value)


@pytest.fixture(params=["real hash", "constant hash"])
def hashing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, empty_cache: None) -> Iterator[None]:
    """With the key's own hash, and with a constant in its place."""
    if request.param == "constant hash":
        monkeypatch.setattr(schedule, "Plan", CollidingPlan)
    yield
    if request.param == "constant hash":
        assert PROGRAMS.families and {hash(k) for k in PROGRAMS.families} == {42}


def arrays() -> list[NDArray]:
    rng = np.random.default_rng(3)
    return [nd.array(rng.uniform(1, 2, (2, 3))) for _ in range(3)]


WIRINGS: list[Callable[[Any, Any, Any], Any]] = [
    lambda a, b, c: (a - b) / c,
    lambda a, b, c: (b - a) / c,
    lambda a, b, c: (a - c) / b,
    lambda a, b, c: c / (a - b),
    lambda a, b, c: (a - a + 1) / b,
    lambda a, b, c: (a - b + 1) / b,
    lambda a, b, c: (a - b + 1) / a,
    lambda a, b, c: a - b / c,
    lambda a, b, c: b / c - a,
    lambda a, b, c: (a - b) - (b - a),
    lambda a, b, c: (a - b) - (a - b),
    lambda a, b, c: (a - b) * (a - c),
    lambda a, b, c: (a - c) * (a - b) - c,
    lambda a, b, c: (a - 2) * 3,
    lambda a, b, c: (a - 3) * 2,
    lambda a, b, c: (a * 2) - 3,
]


def test_programs_that_differ_in_wiring_alone(hashing: None) -> None:
    given = arrays()
    values = [x.asnumpy() for x in given]
    for _ in range(2):
        for number, wiring in enumerate(WIRINGS):
            np.testing.assert_allclose(
                wiring(*given).asnumpy(), wiring(*values), rtol=1e-5, atol=1e-6, err_msg=str(number)
            )


def test_programs_that_share_leaves_or_not(hashing: None) -> None:
    a, b, _ = arrays()
    va, vb = a.asnumpy(), b.asnumpy()
    for x, y in itertools.product((0, 1), repeat=2):
        for z in (0, 1):
            got = [a, b][x] * 2 - [a, b][y] * [a, b][z]
            want = [va, vb][x] * 2 - [va, vb][y] * [va, vb][z]
            np.testing.assert_allclose(got.asnumpy(), want, rtol=1e-6)


def test_programs_that_differ_in_wanted_results_alone(hashing: None) -> None:
    a, b, c = arrays()
    va, vb, vc = (x.asnumpy() for x in (a, b, c))
    for keep_first, keep_second in itertools.product((False, True), repeat=2):
        first = a + b
        second = first * c
        third = second - a
        kept = {}
        if keep_first:
            kept["first"] = first
        if keep_second:
            kept["second"] = second
        del first, second
        np.testing.assert_allclose(third.asnumpy(), (va + vb) * vc - va, rtol=1e-6)
        if keep_first:
            np.testing.assert_allclose(kept["first"].asnumpy(), va + vb, rtol=1e-6)
        if keep_second:
            np.testing.assert_allclose(kept["second"].asnumpy(), (va + vb) * vc, rtol=1e-6)


def test_random_pairs_that_differ_in_one_operand(hashing: None) -> None:
    rng = np.random.default_rng(11)
    given = arrays()
    values = [x.asnumpy().astype(np.float64) for x in given]
    for _ in range(12):
        steps = [(int(rng.integers(3)), int(rng.integers(i + 3)), int(rng.integers(i + 3))) for i in range(5)]
        twin = list(steps)
        at = int(rng.integers(1, 5))
        kind, left, right = steps[at]
        twin[at] = (kind, right, left)
        for program in (steps, twin):
            lazy: list[Any] = list(given)
            model: list[Any] = list(values)
            for kind, left, right in program:
                for line in (lazy, model):
                    x, y = line[left], line[right]
                    line.append((x - y * 0.5, x * 0.25 + y, x / (y * y + 1))[kind])
            # Five steps of float32 against float64; no step grows an error by more than about 4.
            np.testing.assert_allclose(lazy[-1].asnumpy(), model[-1], rtol=1e-4, atol=1e-5)


def signed(a: Any) -> list[str]:
    """Values with their signs of zero."""
    return [repr(float(v)) for v in np.asarray(a).ravel()]


@pytest.mark.parametrize("order", [0, 1, 2])
def test_look_alike_scalars_never_share_an_answer(order: int, hashing: None) -> None:
    x = nd.array([2.0, -3.0, 0.0])
    v = x.asnumpy()
    scalars = list(LOOK_ALIKES)
    scalars = scalars[2 * order :] + scalars[: 2 * order]
    with np.errstate(all="ignore"):
        for s in scalars + scalars[::-1]:
            f = np.float32(s)
            assert signed((x * s).asnumpy()) == signed(v * f), s
            assert signed((1 / (x * 0 + s)).asnumpy()) == signed(1 / (v * np.float32(0) + f)), s
            assert signed((x**s).asnumpy()) == signed(v**f), s
            assert signed(nd.full((2,), s).asnumpy()) == signed(np.full(2, f)), s


def test_look_alike_scalars_cost_one_program(empty_cache: None, delta: Any) -> None:
    x = nd.array([2.0, -3.0])
    since = delta()
    for s in (*LOOK_ALIKES, np.float32(1), np.float64(0), np.int64(7), np.float16(2)):
        (x * s).asnumpy()
    assert since.programs == 1


def test_scalars_are_cast_to_the_dtype_of_the_array_as_in_mxnet(empty_cache: None, delta: Any) -> None:
    i = nd.array([3, -4], dtype="int32")
    since = delta()
    assert [(i * s).asnumpy().tolist() for s in (2.7, -1.5, True, 2)] == [[6, -8], [-3, 4], [3, -4], [6, -8]]
    assert since.programs == 1
    big = nd.array([1, 2], dtype="int64")
    assert (big + (1 << 40)).asnumpy().tolist() == [(1 << 40) + 1, (1 << 40) + 2]
    assert (nd.array([1.0], dtype="float64") * 0.1).asnumpy()[0] == 0.1


def test_attribute_keys_hold_type_and_bits() -> None:
    six = [attribute_key(v) for v in LOOK_ALIKES]
    assert len(set(six)) == 6
    assert attribute_key(math.nan) == attribute_key(float("nan"))
    assert attribute_key((1, 2)) != attribute_key((True, 2)) != attribute_key((1.0, 2))
    assert attribute_key(np.array([0.0])) != attribute_key(np.array([-0.0]))
    assert attribute_key(np.array([1, 2])) != attribute_key(np.array([[1, 2]]))
    assert attribute_key("1") != attribute_key(1)
    assert attribute_key(None) != attribute_key(False)


def test_specializations_of_look_alike_attributes() -> None:
    """Axis 0, axis None, axes (0,) and (0, 1), keepdims or not: static, so each its own program."""
    x = nd.array(np.arange(6).reshape(2, 3))
    v = x.asnumpy()
    for _ in range(2):
        assert nd.sum(x, axis=0).asnumpy().tolist() == v.sum(0).tolist()
        assert nd.sum(x, axis=1).asnumpy().tolist() == v.sum(1).tolist()
        with pytest.raises(lazynd.MXNetError, match="expected an int, got True"):
            nd.sum(x, axis=True)
        assert nd.sum(x).asnumpy().tolist() == [15]
        assert nd.sum(x, axis=(0, 1)).asnumpy().tolist() == [15]
        assert nd.sum(x, axis=0, keepdims=True).shape == (1, 3)
        assert nd.sum(x, axis=0, keepdims=False).shape == (3,)
        assert nd.sum(x, axis=-2).asnumpy().tolist() == v.sum(0).tolist()


def test_signatures_written_in_other_ways_share_a_program(empty_cache: None, delta: Any) -> None:
    x = nd.array(np.arange(6).reshape(2, 3))
    since = delta()
    for axis in (1, np.int64(1), np.int32(1), [1], (1,)):
        assert nd.sum(x, axis=axis).asnumpy().tolist() == [3, 12]
    assert x.sum(axis=1).asnumpy().tolist() == [3, 12]
    assert nd.sum(x, 1).asnumpy().tolist() == [3, 12]
    assert since.programs <= 2, "an axis alone and a list of one are two spellings at most"


def test_memo_of_types_tells_dtypes_and_shapes_apart() -> None:
    for dtype in ("float32", "float64", "int32", "float16"):
        for shape in ((2,), (2, 1), (1, 2)):
            x = nd.ones(shape, dtype=dtype)
            y = (x + 1) * x
            assert y.dtype == np.dtype(dtype).type and y.shape == shape
            assert y.asnumpy().dtype == dtype and (y.asnumpy() == 2).all()


def test_memo_of_a_mutated_argument_is_not_stale() -> None:
    x = nd.array(np.arange(6).reshape(2, 3))
    axes = [0]
    assert nd.sum(x, axis=axes).asnumpy().tolist() == [3, 5, 7]
    axes[0] = 1
    assert nd.sum(x, axis=axes).asnumpy().tolist() == [3, 12]


def test_equal_pieces_of_one_force_find_the_program_of_the_first(settings: Any, empty_cache: None, delta: Any) -> None:
    def use() -> None:
        y = nd.array([3.0, 4.0])
        for _ in range(30):
            y = y / 2 * 2
        assert y.asnumpy().tolist() == [3, 4]

    with settings(program_nodes=20):
        since = delta()
        use()
        assert (since.forces, since.programs, since.runs, since.hits) == (1, 1, 3, 2)
        use()
        assert (since.forces, since.programs, since.runs, since.hits) == (2, 1, 6, 5)


def test_pieces_that_differ_by_an_index_are_counted_each(settings: Any, empty_cache: None, delta: Any) -> None:
    y = nd.array(np.eye(10))
    y.wait_to_read()
    with settings(program_nodes=2):
        since = delta()
        for i in (1, 2, 3, 2):
            y = nd.concat(y[i:], y[:i], dim=0)
        assert y.asnumpy().argmax(1).tolist() == [8, 9, *range(8)]
    assert since.hits == since.runs - since.programs


def test_indices_are_generalised_with_the_second_value(empty_cache: None, delta: Any) -> None:
    x = nd.array(np.arange(20))
    since = delta()
    for start in (3, 3, 3):
        (x + 0)[start : start + 2].asnumpy()
    assert since.programs == 1
    for start in range(17):
        assert (x + 0)[start : start + 2].asnumpy().tolist() == [start, start + 1]
    assert since.programs == 2


def test_two_indices_that_swap_are_not_mistaken(empty_cache: None) -> None:
    x = nd.array(np.arange(20))
    for _ in range(2):
        for i, j in ((1, 7), (7, 1), (1, 1), (7, 7), (0, 19), (-1, -20)):
            y = x * 1
            assert (y[i] * 100 + y[j]).asscalar() == (i % 20) * 100 + j % 20


def test_packed_scalars_of_the_call_before_are_not_reused_wrongly() -> None:
    x = nd.array([1.0])
    answers = [(x * s).asscalar() for s in (2, 2, 3, 2, 0.0, -0.0, math.nan, 2)]
    assert signed(answers) == ["2.0", "2.0", "3.0", "2.0", "0.0", "-0.0", "nan", "2.0"]


def test_backends_do_not_share_programs(monkeypatch: pytest.MonkeyPatch, empty_cache: None, delta: Any) -> None:
    x = nd.array([1.0, 4.0])
    since = delta()
    assert (x * 3).asnumpy().tolist() == [3, 12]
    monkeypatch.setattr(lazynd.config, "backend", "numpy")
    assert (x * 3).asnumpy().tolist() == [3, 12]
    monkeypatch.setattr(lazynd.config, "backend", "xla")
    assert (x * 3).asnumpy().tolist() == [3, 12]
    assert since.programs == 3, "one is kept a key: the backend that changed compiles again"


def test_gradients_asked_for_in_other_places_are_other_programs(empty_cache: None) -> None:
    a, b = nd.array([2.0, 3.0]), nd.array([5.0, 7.0])
    for attach in ([a], [b], [a, b], [b], [a]):
        for x in (a, b):
            x._cell.variable = None
        for x in attach:
            x.attach_grad()
        with autograd.record():
            y = (a * b + a / b).sum()
        y.backward()
        if a.grad is not None:
            np.testing.assert_allclose(a.grad.asnumpy(), b.asnumpy() + 1 / b.asnumpy(), rtol=1e-6)
        if b.grad is not None:
            np.testing.assert_allclose(b.grad.asnumpy(), a.asnumpy() - a.asnumpy() / b.asnumpy() ** 2, rtol=1e-6)


def test_lines_and_names_are_not_in_the_key(empty_cache: None, delta: Any) -> None:
    """R46: the same code elsewhere compiles nothing."""
    source = "def f(x):\n    return ((x * 2 + 1) * x).sum()\n"
    since = delta()
    x = nd.array([1.0, 2.0])
    for shift in range(5):
        space: dict[str, Any] = {}
        exec(compile("\n" * shift + source, f"file_{shift}.py", "exec"), space)
        assert space["f"](x).asscalar() == 13
    assert since.programs == 1


def test_program_cache_is_bounded_by_count_and_bytes(settings: Any, empty_cache: None, delta: Any) -> None:
    """R21: also what is dropped is counted, and compiled again rightly."""

    def use(n: int) -> None:
        assert (nd.array(np.arange(n)) * 2).sum().asscalar() == n * (n - 1)

    with settings(programs=4):
        since = delta()
        for n in range(2, 9):
            use(n)
        assert len(PROGRAMS.families) == 4 and since.evicted == 3
        use(8)
        assert since.programs == 7
        use(2)
        assert since.programs == 8 and since.evicted == 4
    each = PROGRAMS.nbytes // len(PROGRAMS.families)
    assert each > 0
    with settings(program_bytes=2 * each):
        use(30)
        assert PROGRAMS.nbytes <= 2 * each and len(PROGRAMS.families) == 2
        assert PROGRAMS.nbytes == sum(f.nbytes for f in PROGRAMS.families.values())


def test_numbers_of_one_hot_are_no_part_of_the_key(delta: Any) -> None:
    """R8."""
    index = nd.array([2, 0])
    since = delta()
    for i in range(2, 12):
        found = nd.one_hot(index, 3, on_value=i, off_value=-i).asnumpy()
        assert found.tolist() == [[-i, -i, i], [i, -i, -i]]
    assert since.programs + since.loaded <= 1
