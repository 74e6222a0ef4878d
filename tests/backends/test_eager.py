"""The debugging mode in which every operation runs at its own line."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.ir.primitive import PRIMITIVES


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazynd.config, "eager", True)


def executed(step: Any) -> int:
    """How many operators ``step`` ran."""
    before = lazynd.stats().executed
    step()
    return lazynd.stats().executed - before


def test_an_operation_has_run_when_its_call_returns(eager: None) -> None:
    x = nd.ones((2, 3))
    before = lazynd.stats().executed
    y = x * 2
    assert lazynd.stats().executed == before + 1
    assert isinstance(y._cell.content.value, np.ndarray)
    forces = lazynd.stats().forces
    np.testing.assert_array_equal(y.asnumpy(), np.full((2, 3), 2, np.float32))
    assert lazynd.stats().forces == forces, "a read finds its value there"


def test_writes_views_slices_and_draws_run_at_once_too(eager: None) -> None:
    x = nd.zeros((4,))
    view = x[1:3]
    assert executed(lambda: x.__iadd__(1)) >= 1
    assert executed(lambda: view.__setitem__(0, 5)) >= 1
    assert executed(lambda: nd.random.normal(shape=(3,))) == 1
    assert executed(lambda: nd.concat(x, x, dim=0)) == 1
    np.testing.assert_array_equal(x.asnumpy(), [1, 5, 1, 1])


def test_backward_runs_before_it_returns(eager: None) -> None:
    w = nd.array([1.0, 2.0, 3.0])
    w.attach_grad()
    with autograd.record():
        loss = (w * w).sum()
    assert isinstance(loss._cell.content.value, np.ndarray)
    loss.backward()
    assert isinstance(w.grad._cell.content.value, np.ndarray)
    np.testing.assert_array_equal(w.grad.asnumpy(), [2, 4, 6])


def fail_to_divide(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What divides fails, with what is in the list, as long as there is something: operators remember it."""
    failing = ["no division today"]

    def divide(a: Any, b: Any) -> Any:
        if failing:
            raise FloatingPointError(failing[0])
        return np.divide(a, b)

    monkeypatch.setattr(PRIMITIVES["divide"], "evaluation", lambda dtype: divide)
    return failing


def test_an_error_is_raised_at_the_line_of_its_operation(eager: None, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = fail_to_divide(monkeypatch)
    a = nd.ones((2, 1, 1))  # of a shape that nothing else here divides
    b = a + 1
    with pytest.raises(lazynd.MXNetError) as caught:
        a / b  # this one
    assert "no division today" in str(caught.value) and "a / b  # this one" in str(caught.value)
    frame = caught.traceback[0]
    assert frame.path.name == "test_eager.py" and "a / b  # this one" in str(frame.statement)
    assert "broadcast_div" in str(caught.value)
    failing.clear()
    np.testing.assert_array_equal(b.asnumpy().ravel(), [2, 2])


@pytest.mark.lazy
def test_without_it_the_same_error_is_raised_at_the_read(on_numpy: None, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = fail_to_divide(monkeypatch)
    c = nd.ones((2,)) / (nd.ones((2,)) + 1)  # recorded here
    with pytest.raises(lazynd.MXNetError, match="no division today") as caught:
        c.asnumpy()  # read here
    assert "recorded here" in str(caught.value)
    assert "read here" in str(caught.traceback[0].statement)
    failing.clear()
    np.testing.assert_array_equal(c.asnumpy(), [0.5, 0.5])


@pytest.mark.lazy
def test_it_can_be_switched_while_the_program_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    x = nd.arange(4)
    pending = x * 2 + 1
    monkeypatch.setattr(lazynd.config, "eager", True)
    assert executed(lambda: x + 1) == 4, "the operation, and what was pending with its input"
    y = pending + x  # what was pending runs now, where it is needed
    assert isinstance(y._cell.content.value, np.ndarray)
    monkeypatch.setattr(lazynd.config, "eager", False)
    z = y * 2
    assert z._cell.content.value is None
    np.testing.assert_array_equal(z.asnumpy(), [2, 8, 14, 20])


def test_no_storm_is_reported_for_running_op_by_op(eager: None, caplog: pytest.LogCaptureFixture) -> None:
    for n in range(1, 40):
        (nd.ones((n,)) * 2 + n).sum().asscalar()
    assert not caplog.records


@pytest.mark.parametrize("environment, expected", [
    ({"LAZYND_EAGER": "1"}, True), ({"MXNET_ENGINE_TYPE": "NaiveEngine"}, True), ({"LAZYND_EAGER": "off"}, False),
    ({"MXNET_ENGINE_TYPE": "ThreadedEnginePerDevice"}, False), ({}, False),
    ({"MXNET_ENGINE_TYPE": "NaiveEngine", "LAZYND_EAGER": "0"}, False),
], ids=str)  # fmt: skip
def test_the_environment_chooses(environment: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LAZYND_EAGER", "MXNET_ENGINE_TYPE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert lazynd.config.__class__().eager is expected


def test_a_process_in_naive_engine_mode_fails_at_the_line(tmp_path: Any) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from lazynd import nd\nfrom lazynd.ir.primitive import PRIMITIVES\n"
        "def fail(*a, **k): raise ValueError('broken')\nPRIMITIVES['logistic'].evaluate = fail\n"
        "x = nd.ones((2,))\ny = nd.sigmoid(x)\nprint('not reached')\n"
    )
    import os

    given = {**os.environ, "MXNET_ENGINE_TYPE": "NaiveEngine"}
    given.pop("LAZYND_EAGER", None)
    done = subprocess.run([sys.executable, script], env=given, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and done.stdout == ""
    assert 'script.py", line 6' in done.stderr and "broken" in done.stderr
