"""Whose line it is: the user's, not that of a generated function; and who called a helper of the user's."""

from __future__ import annotations

import os
from collections.abc import Callable
from inspect import currentframe
from typing import Any

import numpy as np
import pytest

from lazynd import nd
from lazynd.runtime.tell.location import calling_line, describe, is_ours, user_frame, user_location
from lazynd.runtime.tell.sites import STORM, current_site
from lazynd.runtime.tell.stats import stats
from lazynd.runtime.thread import LOCAL

from .test_log import events


def whose() -> str:
    """The user's line that the caller's caller, of ours, finds."""
    return describe(*user_location(4))


def here(offset: int) -> str:
    frame = currentframe()
    assert frame is not None and frame.f_back is not None
    return f"{__file__}:{frame.f_back.f_lineno + offset}"


CALLS: dict[str, Callable[[nd.NDArray], Any]] = {
    "concat": lambda x: nd.concat(x, x, dim=0),
    "relu": lambda x: nd.relu(x),
    "method": lambda x: x.exp(),
    "keywords": lambda x: nd.FullyConnected(data=x, weight=x, no_bias=True, num_hidden=2),
    "out": lambda x: nd.sgd_update(x, x, lr=0.1, out=x),
    "several results": lambda x: nd.split(x, num_outputs=2),
    "linalg": lambda x: nd.linalg.gemm2(x, x),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_an_operator_sets_off_is_its_callers(name: str, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Each operation here is where a region may end, and something is compiled because of it."""
    found: list[str] = []
    x = nd.ones((2, 2))
    monkeypatch.setattr("lazynd.runtime.record.pending.overflow", lambda _: found.append(whose()))
    monkeypatch.setattr(LOCAL.state.regions.open, "credit", -(1 << 60))
    CALLS[name](x)
    monkeypatch.undo()
    assert found and set(found) == {f"{__file__}:{CALLS[name].__code__.co_firstlineno}"}


def test_generated_functions_are_ours() -> None:
    seen: list[Any] = []

    class Spy:
        def __format__(self, spec: str) -> str:
            return ""

        def __repr__(self) -> str:
            frame = user_frame(2)
            seen.append(frame and frame.f_code.co_filename)
            return "spy"

    with pytest.raises(AssertionError, match="spy"):
        nd.concat(Spy(), dim=0)
    assert seen and set(seen) == {__file__}
    code = nd.concat.__code__
    assert code.co_filename.startswith("<lazynd.")


def storm(caplog: pytest.LogCaptureFixture) -> str:
    """The warning of a line that compiles again and again; that is this one."""
    site = current_site()
    site.recent.clear()
    site.warned = False
    for number in range(STORM[0]):
        stats.forces += 1
        site.compiled((number,), "a difference")
    (record,) = events(caplog, "storm")
    assert record.site == str(site)
    return str(record.getMessage())


def test_a_storm_in_a_helper_names_who_called_it(caplog: pytest.LogCaptureFixture) -> None:
    line = here(1)
    text = storm(caplog)
    helper = f"{__file__}:{storm.__code__.co_firstlineno + 2}"
    said = f"lazynd: {helper} (called from {line}) compiled {STORM[0]} programs within {STORM[0]} forces"
    assert text.startswith(said)


def test_a_comprehension_is_part_of_the_function_around_it() -> None:
    def helper() -> list[str | None]:
        return [calling_line() for _ in range(2)]

    line = here(1)
    assert helper() == [line, line]


def test_at_the_top_of_a_module_there_is_no_caller() -> None:
    found: dict[str, Any] = {"calling_line": calling_line}
    exec(compile("where = calling_line()\nalso = [calling_line() for _ in range(1)]", "program.py", "exec"), found)
    assert found["where"] is None and found["also"] == [None]
    exec(compile("def f():\n    return calling_line()\n\nwhere = f()", "program.py", "exec"), found)
    assert found["where"] == "program.py:4"


def test_pythons_own_library_is_no_caller() -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:  # the thread begins in threading.py
        assert pool.submit(calling_line).result() is None
    assert np.vectorize(lambda _: calling_line() or "", otypes=[str])([0])[0]  # NumPy is no part of it


def test_the_demonstration_is_a_users() -> None:
    import lazynd.demo

    frame = user_frame(1)
    assert frame is not None and not is_ours(frame)
    assert lazynd.demo.__file__ is not None


def test_a_progress_bar_is_passed_over() -> None:
    made: dict[str, Any] = {}
    file = os.path.join("packages", "tqdm", "std.py")
    exec(compile("def bar(ask):\n    yield ask()\n", file, "exec"), made)
    for site in made["bar"](current_site):
        assert str(site) == here(-1)


def test_where_no_line_of_pythons_calls_there_is_none() -> None:
    """As when Python is left and C calls what was registered."""
    assert str(current_site(100_000)) == current_site(100_000).place == "unknown line"
    assert current_site().line == test_where_no_line_of_pythons_calls_there_is_none.__code__.co_firstlineno + 3
