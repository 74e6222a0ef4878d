"""The log says what was forced, what was compiled and why; ``no_sync`` forbids what should not happen."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import logging
import pprint
import time
from collections.abc import Callable, Iterator
from inspect import currentframe
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import MXNetError, autograd, nd
from lazynd.backends.store import Store
from lazynd.runtime import fence
from lazynd.runtime.tell.location import place_of


@pytest.fixture(autouse=True)
def info(caplog: pytest.LogCaptureFixture, empty_cache: None) -> Iterator[None]:
    with caplog.at_level(logging.INFO, "lazynd"):
        caplog.clear()
        yield


def events(caplog: pytest.LogCaptureFixture, kind: str) -> list[Any]:
    return [r for r in caplog.records if getattr(r, "event", "") == kind]


def here(offset: int = 0) -> str:
    """The caller's ``file:line``, ``offset`` lines on."""
    frame = currentframe()
    assert frame is not None and frame.f_back is not None
    return f"{__file__}:{frame.f_back.f_lineno + offset}"


def test_three_kinds_of_force_give_three_records_with_their_lines(caplog: pytest.LogCaptureFixture) -> None:
    """R1."""
    x = nd.array([1.0, 2.0])
    first = here(1)
    (x + 1).asnumpy()
    second = here(1)
    str(x * 2)
    third = here(1)
    bool((x.sum() > 2) * 1)
    found = events(caplog, "force")
    assert [r.site for r in found] == [first, second, third]
    assert [r.cause for r in found] == ["asnumpy", "print", "bool"]
    for record in found:
        assert record.executed >= 1 and record.runs == 1 and record.programs == 1 and record.seconds > 0
        assert record.getMessage().startswith(f"forced by {record.cause} at {record.site}")


def test_reading_what_is_there_is_no_force(caplog: pytest.LogCaptureFixture) -> None:
    x = nd.array([1.0, 2.0])
    x.asnumpy()
    y = x + 1
    y.asnumpy()
    y.asnumpy()
    assert len(events(caplog, "force")) == 1


def test_a_compile_names_cause_line_and_the_input_that_changed(caplog: pytest.LogCaptureFixture) -> None:
    """R11."""

    def use(n: int) -> None:
        data = nd.array(np.ones((n, 7)))
        nd.dot(data, nd.array(np.ones((7, 3)))).sum().asscalar()

    use(32)
    use(17)
    first, second = events(caplog, "compile")
    assert first.cause == second.cause == "asscalar"
    assert first.site == second.site and first.site.startswith(__file__)
    line = use.__code__.co_firstlineno + 2
    assert second.difference == f"argument data (32, 7) -> (17, 7), {place_of(__file__, line, short=True)}"


def test_a_compile_names_the_parameter_that_changed(caplog: pytest.LogCaptureFixture) -> None:
    x = nd.array(np.ones((4, 4)))
    for axis in (0, 1):
        (x.sum(axis=axis) + 1).asnumpy()
    difference = events(caplog, "compile")[-1].difference
    assert difference.startswith("parameter axis of sum 0 -> 1, ")


def test_a_compile_names_the_operator_that_changed(caplog: pytest.LogCaptureFixture) -> None:
    x = nd.array(np.ones(4))
    for f in (nd.exp, nd.tanh):
        (f(x * 2) + 1).asnumpy()
    difference = events(caplog, "compile")[-1].difference
    assert difference.startswith("tanh instead of exp, ")


def test_a_generalised_index_says_so(caplog: pytest.LogCaptureFixture) -> None:
    x = nd.array(np.arange(9))
    for i in (1, 2):
        (x * 2)[i : i + 2].asnumpy()
    assert "index parameters changed" in events(caplog, "compile")[-1].difference


def test_a_storm_is_warned_of_once_with_the_difference(caplog: pytest.LogCaptureFixture) -> None:
    """R12."""
    for n in range(2, 14):
        (nd.array(np.ones(n)) * 2).sum().asscalar()
    storms = events(caplog, "storm")
    assert len(storms) == 1
    text = storms[0].getMessage()
    assert storms[0].levelno == logging.WARNING and __file__ in text
    assert "compiled 5 programs within 5 forces" in text
    assert "argument nd.array(np.ones(n)) (5,) -> (6,), " in text and f"{Path(__file__).name}:" in text


def test_every_warning_says_whose_it_is(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    x = nd.array([1.0, 2.0])
    with lazynd.no_sync("warn"):
        (x + 1).asnumpy()
    store = Store(Path("/nowhere"), "group", 1 << 20)
    store.reject("entry", "100 % of it are damaged")
    warnings = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert [r.event for r in warnings] == ["sync", "cache"]
    assert all(r.getMessage().startswith("lazynd: ") for r in warnings)
    others = [r for r in caplog.records if r.levelno < logging.WARNING]
    assert others and not any(r.getMessage().startswith("lazynd: ") for r in others)
    assert logging.lastResort is not None
    logging.lastResort.handle(warnings[0])
    assert capfd.readouterr().err.startswith("lazynd: a value was needed")


def shows(package: str) -> Callable[[nd.NDArray], str]:
    """``repr`` called by a function of ``package``."""
    namespace: dict[str, Any] = {"__name__": f"{package}.display"}
    exec(compile("def show(x): return repr(x)", f"<{package}>", "exec"), namespace)
    found: Callable[[nd.NDArray], str] = namespace["show"]
    return found


def test_a_value_that_the_standard_library_shows_is_asked_for_by_the_user(caplog: pytest.LogCaptureFixture) -> None:
    x = nd.array([1.0, 2.0])
    line = here(1)
    assert "<NDArray 2" in pprint.pformat([x * 2])
    (found,) = events(caplog, "force")
    assert found.site == line and found.cause == "print"


@pytest.mark.parametrize("package", ["IPython", "rich", "mine"])
def test_what_a_tool_displays_is_no_storm(package: str, caplog: pytest.LogCaptureFixture) -> None:
    show = shows(package)
    line = here(2)
    for n in range(2, 14):
        show(nd.array(np.ones(n)) * 2)
    assert bool(events(caplog, "storm")) is (package == "mine")
    sites = {r.site for r in events(caplog, "force")}
    assert sites == ({"<mine>:1"} if package == "mine" else {line})


def test_what_is_typed_at_a_prompt_is_no_storm(caplog: pytest.LogCaptureFixture) -> None:
    names: dict[str, Any] = {"nd": nd, "np": np}
    code = compile("nd.array(np.ones(n)) * 2", "<stdin>", "single")
    for names["n"] in range(2, 14):
        with contextlib.redirect_stdout(io.StringIO()) as shown:
            exec(code, names)
        assert "<NDArray" in shown.getvalue()
    assert not events(caplog, "storm")
    assert {r.site for r in events(caplog, "force")} == {"<stdin>:1"}


def test_printing_in_a_loop_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    """The user asks for it, whoever turns it into text."""
    log = logging.getLogger("lazynd_user")
    log.addHandler(logging.NullHandler())
    log.setLevel(logging.INFO)
    line = here(2)
    for n in range(2, 14):
        log.info("%s", nd.array(np.ones(n)) * 2)
    (storm,) = events(caplog, "storm")
    assert storm.site == line


def test_a_loop_in_steady_state_is_no_storm(caplog: pytest.LogCaptureFixture) -> None:
    for i in range(60):
        (nd.array(np.ones(3)) * i).sum().asscalar()
    assert not events(caplog, "storm") and len(events(caplog, "compile")) == 1


def test_a_slow_compile_says_what_and_why(caplog: pytest.LogCaptureFixture, faulty: Any, settings: Any) -> None:
    """R39."""
    faulty.fail = lambda point: time.sleep(0.3) if point == "compile" else None
    with settings(slow_compile=0):
        for n in (1, 2):
            x = nd.array([1.0] * n)
            (x * 2 + 1).asnumpy()
    slow = events(caplog, "slow")
    assert len(slow) == 2 and slow[0].levelno == logging.WARNING
    assert "2 operators" in slow[0].getMessage() and "asnumpy" in slow[0].getMessage()
    assert slow[0].site.startswith(__file__)
    assert "argument x (1,) -> (2,), " in slow[1].getMessage() and "\n" not in slow[1].getMessage()


def test_nothing_is_logged_while_recording(caplog: pytest.LogCaptureFixture) -> None:
    x = nd.array([1.0])
    for _ in range(10):
        x = x * 2
    fence()
    assert not caplog.records


def test_no_sync_raises_at_the_line_and_leaves_the_work_pending() -> None:
    """R2."""
    x = nd.array([1.0, 2.0])
    with lazynd.no_sync():
        y = x.sum() > 0
        with pytest.raises(MXNetError) as caught:
            bool(y)
        line = here(-1)
    assert line in str(caught.value) and "bool(y)" in str(caught.value) and "(bool)" in str(caught.value)
    assert bool(y) is True


def test_no_sync_warns(caplog: pytest.LogCaptureFixture) -> None:
    x = nd.array([1.0, 2.0])
    with lazynd.no_sync("warn"):
        assert (x + 1).asnumpy().tolist() == [2, 3]
        x.asnumpy()  # there already: no force
    syncs = events(caplog, "sync")
    assert len(syncs) == 1 and syncs[0].levelno == logging.WARNING and syncs[0].cause == "asnumpy"


def test_no_sync_ends_with_its_block_and_refuses_other_modes() -> None:
    with pytest.raises(ValueError, match="mode"), lazynd.no_sync("loudly"):
        pass
    with pytest.raises(ZeroDivisionError), lazynd.no_sync():
        1 / 0
    assert (nd.array([1.0]) + 1).asscalar() == 2


def test_counters_equal_jax_events(delta: Any) -> None:
    from tests.loops.watch import CompileEvents

    heard = CompileEvents()
    since = delta()
    for n in range(2, 6):
        x = nd.array(np.arange(n))
        for i in range(3):
            (x * i + 1).asnumpy()
            x[i % n].asscalar()
    assert since.programs == heard.count == 4
    assert since.runs == since.hits + since.programs


def test_the_report_tells_every_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    counters = [f.name for f in dataclasses.fields(lazynd.stats()) if f.name != "per_node"]
    for i, name in enumerate(counters):
        monkeypatch.setattr(lazynd.stats(), name, 90_001 + i)
    text = str(lazynd.report()).replace(",", "")
    missing = [name for i, name in enumerate(counters) if str(90_001 + i) not in text]
    assert not missing


@pytest.mark.parametrize(
    ("read", "cause"),
    [(bool, "bool"), (float, "float"), (int, "int"), (lambda x: x.item(), "item"), (lambda x: [7][x * 0], "index")],
)
def test_the_cause_of_a_force_is_what_the_user_wrote(read: Any, cause: str, caplog: pytest.LogCaptureFixture) -> None:
    """R1."""
    read(nd.array([1], dtype="int32") + 0)
    (found,) = events(caplog, "force")
    assert found.cause == cause


def test_a_compiled_gradient_names_the_shape_that_changed(caplog: pytest.LogCaptureFixture) -> None:
    """R11."""

    def step(n: int) -> None:
        x = nd.ones((n,))
        x.attach_grad()
        x.wait_to_read()
        with autograd.record():
            loss = (x * x * 3).sum()
        loss.asscalar()
        loss.backward()
        x.grad.asnumpy()

    step(4)
    caplog.clear()
    step(5)
    told = [str(r.difference) for r in events(caplog, "compile")]
    assert any("(4,) -> (5,)" in each for each in told), told


def test_a_program_of_another_backend_says_so(caplog: pytest.LogCaptureFixture, empty_cache: None) -> None:
    for backend in ("xla", "numpy"):
        with lazynd.config.using(backend=backend):
            (nd.ones((3,)) * 2).asnumpy()
    last = events(caplog, "compile")[-1]
    assert "another backend" in last.difference


def test_no_sync_refuses_waitall_where_something_is_pending() -> None:
    """R2, R7."""
    y = nd.ones((2,)) + 1
    with lazynd.no_sync(), pytest.raises(MXNetError, match=r"waitall.*no_sync"):
        nd.waitall()
    nd.waitall()
    with lazynd.no_sync():
        nd.waitall()
        assert y.asnumpy().tolist() == [2, 2]
