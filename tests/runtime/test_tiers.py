"""Two tiers: what is interpreted, when it is compiled, and that nobody can tell which one ran."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import MXNetError, autograd, nd
from lazynd.runtime.run import drive, interpret
from lazynd.runtime.run.tiers import ACCOUNTS, Account

pytestmark = pytest.mark.lazy


@pytest.fixture(autouse=True)
def auto(monkeypatch: pytest.MonkeyPatch, empty_cache: None) -> None:
    """As users have it."""
    monkeypatch.setattr(lazynd.config, "tier", "auto")
    monkeypatch.setattr(lazynd.config, "tier_scale", 1.0)


def only_account() -> Account:
    (found,) = ACCOUNTS.now.values()
    return found


def use(n: int = 5) -> None:
    x = nd.array(np.arange(n))
    assert (x * 2 + 1).sum().asscalar() == n * n


def test_a_plan_is_interpreted_until_that_has_cost_what_compiling_costs(delta: Any, settings: Any) -> None:
    since = delta()
    use()
    assert (since.interpreted, since.programs, since.runs) == (1, 0, 0)
    account = only_account()
    with settings(tier_scale=6.5 * account.cost / account.limit):
        for _ in range(5):
            use()
        assert (since.interpreted, since.programs, since.runs) == (6, 0, 0)
        use()
        assert (since.interpreted, since.programs, since.runs, since.hits) == (6, 1, 1, 0)
        use()
        assert (since.interpreted, since.programs, since.runs, since.hits) == (6, 1, 2, 1)
    use()
    assert (since.interpreted, since.runs) == (6, 3), "what is compiled stays compiled, whatever its account says"


def test_each_structure_and_shape_has_an_account_of_its_own(delta: Any, settings: Any) -> None:
    use()
    account = only_account()
    since = delta()
    with settings(tier_scale=1.5 * account.cost / account.limit):
        for n in range(6, 12):
            use(n)
        assert (since.interpreted, since.programs) == (6, 0)
        use(6)
        assert (since.interpreted, since.programs) == (6, 1)


@pytest.mark.parametrize(("tier", "interpreted"), [("compiled", 0), ("interpreted", 3)])
def test_a_tier_can_be_chosen(tier: str, interpreted: int, delta: Any, settings: Any) -> None:
    since = delta()
    with settings(tier=tier, tier_scale=0.0):
        for _ in range(3):
            use()
    assert since.interpreted == interpreted and since.programs == (not interpreted)


def test_what_costs_more_than_compiling_is_compiled_at_once(delta: Any) -> None:
    x = nd.ones((1300, 1300))
    x.wait_to_read()
    since = delta()
    nd.dot(x, x).wait_to_read()
    assert (since.interpreted, since.programs) == (0, 1)


def test_indices_that_varied_while_interpreted_are_inputs_of_the_first_program(delta: Any, settings: Any) -> None:
    x = nd.array(np.arange(40).reshape(8, 5))
    x.wait_to_read()

    def read(i: int) -> None:
        assert (x[i : i + 2] * 1.5).asnumpy()[0, 0] == i * 5 * 1.5

    read(0)
    account = only_account()
    since = delta()
    with settings(tier_scale=3.5 * account.cost / account.limit):
        for i in (1, 2, 3, 4, 5):
            read(i)
    assert (since.interpreted, since.programs) == (2, 1), "one program for every index"


def test_indices_that_stayed_the_same_are_compiled_in(delta: Any, settings: Any) -> None:
    x = nd.array(np.arange(40).reshape(8, 5))
    x.wait_to_read()
    since = delta()
    (x[1:3] * 1.5).asnumpy()
    account = only_account()
    with settings(tier_scale=1.5 * account.cost / account.limit):
        (x[1:3] * 1.5).asnumpy()
        assert since.programs == 1
        (x[2:4] * 1.5).asnumpy()
        assert since.programs == 2, "the general one"


SCRIPT = """
import json, lazynd
from lazynd import autograd, nd
lazynd.config.tier_scale = 0.02
x = nd.array([[1.0, 2.0], [3.0, 5.0]])
x.attach_grad()
values = []
for i in range(40):
    with autograd.record():
        y = (nd.dot(x, x).tanh() * (x + i)).sum()
    y.backward()
    values.append([float.hex(float(v)) for v in x.grad.asnumpy().ravel()] + [float.hex(float(y.asscalar()))])
s = lazynd.stats()
print(json.dumps([values, s.interpreted, s.programs]))
"""


def test_a_program_runs_the_same_way_each_time() -> None:
    """Bit for bit, and with the same counts: accounts hold estimates, not what a clock said."""
    environment = {**os.environ, "LAZYND_TIER": "auto"}
    runs = [
        subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    first, second = (json.loads(run.stdout) for run in runs)
    assert first == second and first[1] > 0 and first[2] > 0


def test_what_is_interpreted_imports_no_jax() -> None:
    script = "import sys; from lazynd import nd; print((nd.ones((2, 3)) + 1).sum().asscalar(), 'jax' in sys.modules)"
    environment = {**os.environ, "LAZYND_TIER": "auto"}
    run = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["12.0", "False"]


@pytest.fixture
def alternating(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Plans are interpreted and compiled in turns; lists what was done."""
    done: list[bool] = []

    def interprets(plan: Any) -> bool:
        done.append(len(done) % 2 == 0)
        return done[-1]

    monkeypatch.setattr(drive, "interprets", interprets)
    yield done
    assert {True, False} <= set(done)


def test_values_move_between_the_tiers(alternating: list[bool]) -> None:
    x = nd.array(np.arange(6.0).reshape(2, 3))
    expected = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    for i in range(1, 7):  # another structure each time, so that each is planned anew
        for _ in range(i):
            x, expected = x * 2 - 1, expected * 2 - 1
        np.testing.assert_array_equal(x.asnumpy(), expected)


def test_what_a_tier_made_is_not_written_by_the_other(alternating: list[bool]) -> None:
    """Every buffer that moved is read again after what was computed from it was overwritten, in place and by users."""
    kept: list[tuple[Any, Any]] = []
    x = nd.array(np.arange(64.0))
    for i in range(8):
        y = x + i
        y[i % 4 :: 4 + i % 2] = -1.0
        host = y.asnumpy()
        kept.append((y, host.copy()))
        host[:] = 99
        x = y.reshape((8, 8)).T.reshape((64,)) if i % 2 else y * 1
        x += 1
    for array, expected in kept:
        np.testing.assert_array_equal(array.asnumpy(), expected)


def test_memory_that_an_interpreted_plan_used_again_was_nobodys_else(settings: Any) -> None:
    """Within one plan: operands read later, views of operands, and operands that are results."""
    with settings(tier="interpreted"):
        a = nd.array(np.arange(12.0).reshape(3, 4))
        b = a * 2
        c = b + 1  # b is a result: it must not be written
        d = (c * c) - c  # c is read three times
        e = d.reshape((4, 3))  # shares memory with d
        f = d + 1
        g = e * 0 + f.reshape((4, 3))
        nd.waitall()
        x = np.arange(12.0, dtype=np.float32).reshape(3, 4)
        np.testing.assert_array_equal(b.asnumpy(), x * 2)
        np.testing.assert_array_equal(c.asnumpy(), x * 2 + 1)
        np.testing.assert_array_equal(d.asnumpy(), (x * 2 + 1) ** 2 - (x * 2 + 1))
        np.testing.assert_array_equal(e.asnumpy(), ((x * 2 + 1) ** 2 - (x * 2 + 1)).reshape(4, 3))
        np.testing.assert_array_equal(g.asnumpy(), ((x * 2 + 1) ** 2 - (x * 2 + 1) + 1).reshape(4, 3))


def test_an_index_out_of_bounds_names_its_operator(delta: Any) -> None:
    y = nd.take(nd.array([1.0, 2.0]), nd.array([5.0]), mode="raise") + 1
    other = nd.array([1.0]) + 1
    since = delta()
    with pytest.raises(IndexError, match=r"\[take\]"):
        y.asnumpy()
    assert since.programs == 0 and other.asscalar() == 2


def test_what_the_interpreter_cannot_run_is_compiled_operator_by_operator(
    monkeypatch: pytest.MonkeyPatch, delta: Any
) -> None:
    x = nd.array([1.0, 2.0])
    y = x * 2
    z = y.log()
    real = interpret.steps_of

    def failing(spec: Any) -> Any:
        if spec.op.name == "log":
            raise MemoryError("no memory")
        return real(spec)

    monkeypatch.setattr(interpret, "steps_of", failing)
    since = delta()
    np.testing.assert_allclose(z.asnumpy(), np.log([2.0, 4.0]), rtol=1e-6)
    assert since.programs == 2 and since.interpreted == 0
    assert y.asnumpy().tolist() == [2, 4]


def test_an_operator_that_fails_is_named(monkeypatch: pytest.MonkeyPatch, faulty: Any) -> None:
    def fail(*_: Any) -> Any:
        raise MemoryError("no memory")

    x = nd.array([1.0, 2.0])
    z = (x * 2).log()
    with monkeypatch.context() as patch:
        patch.setattr(interpret, "steps_of", fail)
        faulty.fail = fail
        with pytest.raises(MXNetError, match=r"(?s)no memory.*recorded at .*test_tiers"):
            z.asnumpy()
    np.testing.assert_allclose(z.asnumpy(), np.log([2.0, 4.0]), rtol=1e-6)


def test_loops_and_choices_run_in_the_interpreter(delta: Any) -> None:
    since = delta()
    data, state = nd.array(np.arange(6.0).reshape(3, 2)), nd.zeros((2,))
    w = nd.array([2.0, 3.0])
    w.attach_grad()
    with autograd.record():
        outs, last = nd.contrib.foreach(lambda x, s: ((x * w + s), x * w + s), data, state)
        total = outs.sum() + last.sum()
    total.backward()
    assert last.asnumpy().tolist() == [12, 27]
    assert w.grad.asnumpy().tolist() == [(0 * 3 + 2 * 2 + 4) + 6, (1 * 3 + 3 * 2 + 5) + 9]
    counted, _ = nd.contrib.while_loop(
        lambda i: i < 5, lambda i: ([i * 2], [i + 1]), [nd.array([0.0])], max_iterations=9
    )
    assert counted[0].asnumpy()[:5].ravel().tolist() == [0, 2, 4, 6, 8]
    assert since.programs == 0 and since.interpreted > 0


def test_threads_share_an_account(delta: Any, settings: Any) -> None:
    use()
    account = only_account()
    since = delta()
    with settings(tier_scale=20.5 * account.cost / account.limit):
        threads = [threading.Thread(target=lambda: [use() for _ in range(10)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert since.interpreted == 19 and since.programs == 1 and since.runs == 21


def test_accounts_are_bounded(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ACCOUNTS, "limit", 10)
    for n in range(2, 60):
        use(n)
    assert len(ACCOUNTS.now) <= 10


def test_arrays_on_a_gpu_are_compiled_but_for_what_is_on_the_host(two_gpus: Any, delta: Any) -> None:
    since = delta()
    x = nd.array([1.0, 2.0], ctx=lazynd.gpu(0))
    y = x * 2 + 1
    assert y.asnumpy().tolist() == [3, 5]
    assert since.interpreted == 1 and not two_gpus.compiled
    with lazynd.config.using(tier="compiled"):
        z = y * 2
        assert z.asnumpy().tolist() == [6, 10]
    assert since.programs == 1
    assert (z + 1).asnumpy().tolist() == [7, 11]
    assert since.interpreted == 1 and since.programs == 2, "its leaf is on the device"


def test_the_log_says_which_tier_ran(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", "lazynd"):
        use()
    (record,) = [r for r in caplog.records if getattr(r, "event", "") == "interpret"]
    assert record.runs == 1 and 0 < record.cost < record.limit  # type: ignore[attr-defined]
