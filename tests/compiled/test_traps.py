"""What compilers of traced functions are known to get wrong: each here is right, or Python runs as it stands, told."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import MXNetError, autograd, nd
from lazynd.compiled import Compiled, host_number, is_tracing
from lazynd.runtime.thread import LOCAL

pytestmark = pytest.mark.lazy

FACTOR = 2.0
TABLE = nd.ones(2)


@pytest.fixture(autouse=True)
def told(on_numpy: None, caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What is logged; programs run in the interpreter."""
    caplog.set_level(logging.INFO, "lazynd")
    yield caplog


def messages(log: pytest.LogCaptureFixture, event: str) -> list[str]:
    return [r.getMessage() for r in log.records if getattr(r, "event", None) == event]


def settings() -> dict[str, Any]:
    state = LOCAL.state
    return {name: getattr(state, name) for name in state.__slots__}


# ------------------------------------------------------------------------------------ values that are needed

NEEDS = {
    "bool": lambda x: x if x.sum() > 0 else -x,
    "float": lambda x: x * float(x.sum()),
    "asnumpy": lambda x: x + nd.array(x.asnumpy()),
    "asscalar": lambda x: x * x[0].asscalar(),
    "print": lambda x: (str(x), x * 2)[1],
    "index": lambda x: x[int(x[0].asscalar()) :],
    "wait_to_read": lambda x: (x.wait_to_read(), x)[1],
    "dlpack": lambda x: nd.from_dlpack(x.to_dlpack_for_read()) * 2,
}


@pytest.mark.parametrize("what", NEEDS)
def test_a_value_that_is_needed_runs_python(what: str, told: pytest.LogCaptureFixture) -> None:
    body = NEEDS[what]
    function = Compiled(body)
    for i in (1, 2, 1):
        x = nd.array([i, 0.5])
        assert (function(x).asnumpy() == body(x).asnumpy()).all()
    assert function.traces == 0 and len(function.reasons) == 1
    (message,) = messages(told, "trace")
    assert "a value is needed" in message and "test_traps.py" in message and "lambda x" in message


def test_a_branch_on_a_value_is_never_frozen() -> None:
    flag = nd.zeros(1)
    flag.wait_to_read()
    function = Compiled(lambda x: x + 1 if flag.asscalar() else x - 1)
    assert function(nd.ones(1)).asscalar() == 0
    flag[:] = 1
    assert function(nd.ones(1)).asscalar() == 2


def test_a_body_that_catches_everything_does_not_hide_that_it_needs_a_value() -> None:
    def body(x: Any) -> Any:
        try:
            return x * float(x.sum())
        except:  # noqa: E722 - as programs do
            return x

    assert Compiled(body)(nd.ones(2)).asnumpy().tolist() == [2, 2]


def test_everything_is_as_before_when_a_trace_is_given_up() -> None:
    w, m = nd.ones(2), nd.zeros(2)
    w.attach_grad()
    asked: list[int] = []

    def number() -> float:
        asked.append(1)
        return 2.0

    def body(x: Any) -> Any:
        m[:] = m + host_number(number)
        with autograd.record():
            loss = (w * x * nd.random.uniform(shape=(2,))).sum()
        loss.backward()
        w[:] = w - w.grad
        return w * loss.asscalar()

    found = []
    for function in (body, Compiled(body)):
        lazynd.random.seed(3)
        w[:], m[:], w.grad[:] = 1, 0, 0
        made = [function(nd.ones(2)).asnumpy().tolist() for _ in range(3)]
        found.append((made, w.asnumpy().tolist(), m.asnumpy().tolist(), w.grad.asnumpy().tolist()))
    assert found[0] == found[1]
    assert len(asked) == 6, "the host was asked once a call, though the first was begun twice"


def test_each_mode_is_tried_for_itself() -> None:
    def body(x: Any) -> Any:
        return x * (x.sum().asscalar() if autograd.is_training() else 2)

    function = Compiled(body)
    with autograd.train_mode():
        function(nd.ones(2))
    assert function.traces == 0
    function(nd.ones(2))
    assert function.traces == 1


def test_a_blind_trace_shows_what_arrays_are() -> None:
    shown: list[str] = []

    def body(x: Any) -> Any:
        shown.append(f"{x} {[x]} {x[0]} {nd.array([1])}")
        return x * 2

    for x in (nd.ones((2, 4)), lazynd.np.ones((2, 4))):
        Compiled(body, blind=True)(x)
    assert [each.count("2x4 @cpu(0), inside a compiled call>") for each in shown] == [2, 2]
    assert all("[1.]" in each for each in shown), "data that was made inside has values"
    assert "<ndarray 4 @cpu(0), inside" in shown[1] and "<NDArray 4 @cpu(0), inside" in shown[0]


# ------------------------------------------------------------------------------------ errors and interrupts


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, MXNetError, SystemExit])
def test_a_step_that_raises_in_mid_trace_leaves_all_as_before(error: type[BaseException]) -> None:
    w = nd.ones(2)
    w.attach_grad()
    fails = [True]

    def body(x: Any) -> Any:
        w[:] = w * 2
        with autograd.record():
            loss = (w * x * nd.random.uniform(shape=(2,))).sum()
        loss.backward()
        w._fresh_grad = False
        autograd.set_training(True)
        if fails[0]:
            raise error
        autograd.set_training(False)
        return loss

    lazynd.random.seed(1)
    function, before = Compiled(body), settings()
    history = w._cell.history
    with pytest.raises(error):
        function(nd.ones(2))
    assert settings() == before and w._cell.history is history and not w._fresh_grad
    assert w.asnumpy().tolist() == [1, 1] and w.grad.asnumpy().tolist() == [0, 0]
    fails[0] = False
    loss = function(nd.ones(2)).asscalar()
    lazynd.random.seed(1)
    assert loss == (2 * nd.random.uniform(shape=(2,))).sum().asscalar(), "no draw was lost"


def test_errors_name_the_line_of_the_body() -> None:
    def body(x: Any) -> Any:
        return nd.dot(x, x)

    with pytest.raises(MXNetError, match=r"return nd.dot\(x, x\)"):
        Compiled(body)(nd.ones((2, 3)))


def test_an_array_that_escapes_says_what_it_is() -> None:
    kept = []

    def body(x: Any) -> Any:
        kept.append(x * 2)
        return x + 1

    Compiled(body)(nd.ones(2))
    with pytest.raises(MXNetError, match="return it from the body instead"):
        kept[0].asnumpy()


def test_an_in_place_write_to_what_is_recorded_is_refused_as_in_python() -> None:
    w = nd.ones(2)
    w.attach_grad()

    def body(x: Any) -> Any:
        with autograd.record():
            y = w * x
            y += 1
        return y

    with pytest.raises(MXNetError, match="Inplace operations"):
        Compiled(body)(nd.ones(2))


# ------------------------------------------------------------------------------------ names


def test_python_side_effects_happen_once() -> None:
    seen: list[int] = []

    def body(x: Any) -> Any:
        seen.append(len(seen))
        return x + 1

    function = Compiled(body)
    for _ in range(3):
        function(nd.ones(2))
    assert seen == [0]


def test_a_number_from_around_is_noticed_when_it_changes(told: pytest.LogCaptureFixture) -> None:
    factor = 2.0

    def body(x: Any) -> Any:
        return x * factor

    function = Compiled(body)
    assert function(nd.ones(1)).asscalar() == 2
    factor = 3.0
    assert function(nd.ones(1)).asscalar() == 3
    assert function(nd.ones(1)).asscalar() == 3 and function.traces == 2
    assert messages(told, "retrace") == [f"{function.name} is traced again: factor was 2.0 and is 3.0"]


def _scaled(x: Any) -> Any:
    return x * FACTOR + TABLE


def test_a_global_is_noticed_when_it_changes_also_where_a_function_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    function = Compiled(lambda x: _scaled(x) * 10)
    assert function(nd.ones(2)).asnumpy().tolist() == [30, 30]
    monkeypatch.setitem(globals(), "FACTOR", 5.0)
    assert function(nd.ones(2)).asnumpy().tolist() == [60, 60]
    monkeypatch.setitem(globals(), "TABLE", nd.zeros(2))
    assert function(nd.ones(2)).asnumpy().tolist() == [50, 50]
    assert function.traces == 3


def test_a_name_that_changes_at_each_call_is_warned_about(told: pytest.LogCaptureFixture) -> None:
    batch = nd.ones(2)
    function = Compiled(lambda: batch * 2)
    for i in range(8):
        batch = nd.ones(2) * i
        assert function().asnumpy().tolist() == [2 * i, 2 * i]
    warned = [r.getMessage() for r in told.records if r.levelno >= logging.WARNING and "traced again" in r.getMessage()]
    assert len(warned) == 1 and "should be an argument" in warned[0]


def test_attributes_and_defaults_are_noticed() -> None:
    class Layer:
        scale = 1.0

        def __init__(self) -> None:
            self.shift, self.weight = 1.0, nd.ones(1)

        def forward(self, x: Any) -> Any:
            return x * self.weight + self.shift

    layer = Layer()
    function = Compiled(layer.forward)
    assert function(nd.ones(1)).asscalar() == 2
    layer.shift = 5.0
    assert function(nd.ones(1)).asscalar() == 6
    layer.weight = nd.ones(1) * 3
    assert function(nd.ones(1)).asscalar() == 8
    layer.weight[:] = 4
    assert function(nd.ones(1)).asscalar() == 9 and function.traces == 3


def test_methods_are_compiled_for_each_object() -> None:
    class Model:
        def __init__(self, w: float) -> None:
            self.w = nd.array([w])

        @lazynd.compile
        def apply(self, x: Any) -> Any:
            return x * self.w

    one, two = Model(2), Model(3)
    assert [m.apply(nd.ones(1)).asscalar() for m in (one, two, one, two)] == [2, 3, 2, 3]
    assert Model.apply.traces == 2


def test_what_a_body_assigns_outside_of_itself_keeps_it_python() -> None:
    total = nd.zeros(1)

    def body(x: Any) -> Any:
        nonlocal total
        total = total + x
        return total

    function = Compiled(body)
    for _ in range(3):
        function(nd.ones(1))
    assert total.asscalar() == 3 and function.reasons == ["it assigns total, a variable outside of it"]


def test_an_array_that_is_kept_in_an_attribute_keeps_it_python() -> None:
    class Cell:
        def __init__(self) -> None:
            self.state = nd.zeros(1)

        def step(self, x: Any) -> Any:
            self.state = self.state + x
            return self.state * 2

    cell = Cell()
    function = Compiled(cell.step)
    assert [function(nd.ones(1)).asscalar() for _ in range(3)] == [2, 4, 6]
    assert function.reasons == ["it keeps an array in state"]


# ------------------------------------------------------------------------------------ arguments and results


def test_the_results_of_two_calls_are_two() -> None:
    function = Compiled(lambda x: x + 1)
    first = function(nd.ones(2))
    second = function(nd.ones(2) * 5)
    first += 10
    assert first.asnumpy().tolist() == [12, 12] and second.asnumpy().tolist() == [6, 6]


def test_a_result_that_is_the_input_is_no_copy_and_no_alias_of_the_next() -> None:
    function = Compiled(lambda x: (x, x.copy()))
    x = nd.ones(2)
    same, copy = function(x)
    x[:] = 7
    assert same is x and copy.asnumpy().tolist() == [1, 1]


def test_numpy_arrays_and_iterators_run_python(told: pytest.LogCaptureFixture) -> None:
    function = Compiled(lambda x: nd.array(x) * 2)
    for i in range(3):
        assert function(np.full(2, i)).asnumpy().tolist() == [2 * i, 2 * i]
    assert Compiled(lambda rows: nd.stack(*rows))(iter([nd.ones(1), nd.zeros(1)])).shape == (2, 1)
    assert function(nd.ones(2)).asnumpy().tolist() == [2, 2] and function.traces == 1
    assert "nd.array makes one of lazynd's" in messages(told, "trace")[0]


def test_a_result_that_is_no_array_keeps_it_python() -> None:
    class Box:
        def __init__(self, x: Any) -> None:
            self.x = x

    function = Compiled(lambda x: Box(x + 1))
    assert function(nd.ones(1)).x.asscalar() == 2 and function(nd.ones(1)).x.asscalar() == 2
    assert function.reasons == ["it returns a Box"]


def test_objects_are_told_apart_by_what_they_are_not_by_what_they_equal() -> None:
    class Odd:
        def __init__(self, n: int) -> None:
            self.n = n

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 1

    function = Compiled(lambda x, odd: x * odd.n)
    assert [function(nd.ones(1), Odd(n)).asscalar() for n in (1, 2, 3)] == [1, 2, 3]
    assert [function(nd.ones(1), flag).asscalar() for flag in ()] == []
    same = Compiled(lambda x, n: x * n)
    assert [same(nd.ones(1), n).dtype for n in (1, True, 1.0)] == [np.float32] * 3 and same.traces == 3


def test_memory_of_others_is_read_anew_and_never_written() -> None:
    values = np.ones(2, "float32")
    shared = nd.from_dlpack(nd.array(values).to_dlpack_for_write())
    function = Compiled(lambda x: x + shared)
    assert function(nd.ones(2)).asnumpy().tolist() == [2, 2]
    shared[:] = 5
    assert function(nd.ones(2)).asnumpy().tolist() == [6, 6] and function.traces == 1
    writing = Compiled(lambda x: shared.__iadd__(x))
    writing(nd.ones(2))
    assert shared.asnumpy().tolist() == [6, 6] and writing.reasons == ["memory that others share is written"]


def test_what_was_recorded_before_is_not_differentiated_inside() -> None:
    w = nd.ones(2)
    w.attach_grad()
    with autograd.record():
        h = w * 3

    def body(x: Any) -> Any:
        with autograd.record():
            loss = (h * x).sum()
        loss.backward(retain_graph=True)
        return loss

    function = Compiled(body)
    for i in (1, 2):
        function(nd.ones(2) * i)
        assert w.grad.asnumpy().tolist() == [3 * i, 3 * i]
    assert function.reasons == ["a backward pass goes to what was recorded before the call"]


def test_attaching_a_gradient_to_what_is_outside_runs_python() -> None:
    function = Compiled(lambda x: x.attach_grad())
    x = nd.ones(2)
    function(x)
    assert x.grad is not None and function.reasons == ["attach_grad of an array from outside"]


def test_attaching_a_gradient_between_calls_is_noticed() -> None:
    w = nd.ones(2)
    function = Compiled(lambda x: w * x)
    for attached in (False, True, True):
        if attached:
            w.attach_grad()
        with autograd.record():
            y = function(nd.ones(2) * 3)
        if attached:
            y.backward()
            assert w.grad.asnumpy().tolist() == [3, 3]
    assert function.traces == 3


def test_is_tracing() -> None:
    seen = []
    function = Compiled(lambda x: (seen.append(is_tracing()), x)[1])
    function(nd.ones(1))
    assert seen == [True] and not is_tracing()
