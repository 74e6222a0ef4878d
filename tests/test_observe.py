"""Counters, the report and the ban on reads: they tell what happened, and change nothing."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, gluon, nd, observe
from lazynd.runtime.run.compile import PROGRAMS
from lazynd.runtime.run.history import INTERPRETED
from lazynd.runtime.tell.location import place_of
from lazynd.runtime.tell.sites import MOST_SITES, SITES, site_of

pytestmark = pytest.mark.lazy  # reports on programs


@pytest.fixture(autouse=True)
def clean() -> None:
    PROGRAMS.clear()
    observe.reset()


def place(mark: str) -> int:
    """The number of the line that ends with the comment ``mark``."""
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(i for i, line in enumerate(lines, 1) if line.endswith(f"# {mark}"))


def lines(by: str = "time") -> list[observe.Line]:
    """Those of this file, in the order of the report."""
    return [line for line in lazynd.report().by(by) if line.file == __file__]


def test_the_line_that_costs_most_comes_first() -> None:
    """R6. Seconds are set here: no test waits for a clock."""
    for n in range(3):
        (nd.ones((n + 2,)) * 2).asnumpy()
    (nd.ones((9,)) * 2).asnumpy()  # the planted slow line
    slow = place("the planted slow line")
    for site in SITES.values():
        if site.compiles:
            site.compiling, site.running = (1.0, 8.0) if site.line == slow else (2.0, 0.5)
    assert [line.line for line in lines()] == [line.line for line in lines("run")] == [slow, slow - 1]
    assert lines("compile")[0].line == lines("forces")[0].line == slow - 1
    text = str(lazynd.report(by="time")).splitlines()
    at = next(i for i, line in enumerate(text) if line.startswith("compile s"))
    assert text[at + 1].split()[:4] == ["1.000", "8.000", "1", "1"]
    assert text[at + 1].endswith("(nd.ones((9,)) * 2).asnumpy()  # the planted slow line")
    why = "compiled 3 times, the last one because of: parameter shape of ones (3,) -> (4,)"
    assert sum(why in line for line in text) == 1


def test_a_line_that_waits_for_a_large_product_comes_first() -> None:
    """R6, without setting anything: a thousand times the work of the others."""
    x = nd.ones((600, 600))
    x.wait_to_read()
    (x[0] + 1).asnumpy(), (x[1] * 2).asnumpy()
    product = nd.dot(x, x)
    for _ in range(20):
        product = nd.dot(product, x) * 0.001
    product.asnumpy()  # the planted product
    assert lines("run")[0].line == place("the planted product")
    assert lines("bytes")[0].line == place("the planted product")


@pytest.mark.parametrize("tier", ["interpreted", "compiled"])
def test_the_line_that_recorded_most_work_is_named(tier: str) -> None:
    """A read waits for what other lines recorded: by work those are told, in calls too, and with their gradients."""
    INTERPRETED.clear()

    @lazynd.compile
    def heavy(x: nd.NDArray) -> nd.NDArray:
        # Nothing of this structure was traced before: that would have its lines.
        return nd.dot(nd.arctan(x), nd.log1p(x))  # the heavy line

    x = nd.ones((200, 200))
    with lazynd.config.using(tier=tier):
        x.attach_grad()
        with autograd.record():
            total = (heavy(x) + x).sum()  # the call
        total.backward()
        total.asnumpy(), x.grad.asnumpy()
    first, second = lines("work")[:2]
    assert [first.line, second.line] == [place("the heavy line"), place("the call")]
    assert first.work > 2 * second.work > 0 and first.forces == second.forces == 0
    assert 0.95 < sum(line.work for line in lazynd.report().lines) <= 1.001


@pytest.mark.parametrize("tier", ["interpreted", "compiled"])
def test_what_ran_before_a_reset_is_forgotten(tier: str) -> None:
    INTERPRETED.clear()
    x = nd.ones((200, 200))

    def compute() -> None:
        nd.dot(x, x).asnumpy()  # the work

    with lazynd.config.using(tier=tier):
        compute()
        compute()
        observe.reset()
        assert [line for line in lazynd.report().lines if line.work or line.runs] == []
        compute()
    (line,) = [each for each in lazynd.report().lines if each.work]
    assert (line.line, line.work, line.runs) == (place("the work"), 1, int(tier == "compiled"))


def test_what_a_line_has_cost_is_told() -> None:
    for _ in range(7):
        (nd.ones((5,)) * 2).asnumpy()
    (line,) = lines()
    assert (line.forces, line.compiles, line.runs, line.nbytes) == (7, 1, 7, 7 * 20)
    assert line.compile_seconds > 0 and line.run_seconds > 0 and line.causes == {"asnumpy": 7}
    assert line.place == f"tests/{Path(__file__).name}:{line.line}" or line.place == f"{__file__}:{line.line}"
    assert line.source == "(nd.ones((5,)) * 2).asnumpy()"


def test_three_kinds_of_force_are_three_records_with_their_lines() -> None:
    """R1."""
    x = nd.array([1.0, 2.0])
    (x + 1).asnumpy()  # force 1
    str(x * 2)  # force 2
    bool((x.sum() > 2) * 1)  # force 3
    x.asnumpy()
    found = lazynd.report().forces
    assert [(f.cause, f.line) for f in found] == [
        ("asnumpy", place("force 1")),
        ("print", place("force 2")),
        ("bool", place("force 3")),
    ]
    assert all(f.file == __file__ and f.programs == 1 and f.compile_seconds > 0 for f in found)
    assert [f.operators for f in found] == [1, 1, 3]


def test_what_nobody_reads_is_no_force_but_is_told() -> None:
    before = lazynd.stats().forces
    w = nd.ones((2,))
    w.attach_grad()
    for _ in range(4):
        with autograd.record():
            loss = (w * w).sum()
        loss.backward()
        w[:] = w - 0.1 * w.grad
    nd.waitall()
    report = lazynd.report()
    assert lazynd.stats().forces == before
    assert [f.cause for f in report.forces] == ["waitall"]
    assert report.windows and {f.cause for f in report.windows} == {"window"}


def test_both_programs_of_an_index_count() -> None:
    x = nd.arange(12).reshape((3, 4))
    x.wait_to_read()
    PROGRAMS.clear()
    observe.reset()
    for i in range(3):
        nd.slice_axis(x, axis=0, begin=i, end=i + 1).asnumpy()
    (line,) = lines()
    assert (line.compiles, line.runs) == (2, 3)
    assert line.why == "index parameters changed: compiled with all of them as inputs"


def test_only_so_many_lines_are_shown() -> None:
    (nd.ones((2,)) + 1).asnumpy()
    (nd.ones((3,)) + 1).asnumpy()
    (nd.ones((4,)) + 1).asnumpy()
    text = str(lazynd.report(limit=2))
    shown = len(lazynd.report().lines)
    assert text.count(".asnumpy()") == 2 and f"and {shown - 2} more lines" in text
    with pytest.raises(ValueError, match=r"time, compile, run, bytes, forces, work, not by 'size'"):
        lazynd.report(by="size")


def test_a_report_is_shown_as_a_table_in_a_notebook() -> None:
    """What a line's source says is text."""
    ("<b>", (nd.ones((2,)) + 1).asnumpy())
    shown = lazynd.report()._repr_html_()
    assert shown.count("<table>") == 1 and "&lt;b&gt;" in shown and "<b>" not in shown
    assert repr(lazynd.report()).startswith(f"{lazynd.stats().forces:,} forces")


def test_a_changed_shape_is_named_by_the_explanation() -> None:
    """R11: of a large graph, and of a compiled call."""
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Dense(8, activation="relu"), gluon.nn.Dense(2))
    net.initialize()
    net.hybridize()
    net(nd.ones((2, 64))).asnumpy()  # which finds out what the layers read, and runs as Python
    for batch in (256, 17):
        data = nd.ones((batch, 64))
        data.wait_to_read()
        net(data).asnumpy()  # call
    last = lazynd.explain()[-1]
    file = place_of(__file__, place("call"), short=True)
    assert last.why == f"argument data (256, 64) -> (17, 64), {file}"
    assert last.cause == "asnumpy" and last.place == file and str(last).endswith(last.why)
    assert last.why in str(lazynd.explain()) and "(256, 64) -&gt; (17, 64)" in lazynd.explain()._repr_html_()


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (lambda x, y: nd.dot(x, y), lambda x, y: nd.dot(x, y, transpose_b=True), "parameter transpose_b of dot"),
        (lambda x, y: x + y, lambda x, y: x - y, "broadcast_sub instead of broadcast_add"),
        (lambda x, y: x + y, lambda x, y: x + y.astype("int32").astype("float32"), "Cast instead of broadcast_add"),
        (lambda x, y: x.exp(), lambda x, y: x.exp() * 2, "_mul_scalar comes in addition"),
        (lambda x, y: x.exp() * 2, lambda x, y: x.exp(), "_mul_scalar no longer comes after exp"),
        (lambda x, y: x - y, lambda x, y: x - x, "broadcast_sub reads other arrays"),
    ],
    ids=["parameter", "operator", "another", "more", "fewer", "wires"],
)  # fmt: skip
def test_the_first_difference_is_told(first: Any, second: Any, why: str) -> None:
    x, y = nd.ones((3, 3)), nd.ones((3, 3)) * 2
    nd.waitall()
    for function in (first, second):
        function(x, y).asnumpy()
    assert lazynd.explain()[-1].why.startswith(why), lazynd.explain()[-1].why


def test_a_result_that_is_wanted_too_is_told() -> None:
    x = nd.ones((3,))
    x.wait_to_read()
    for keep in (False, True):
        y = x.exp()
        z = y * 2
        if not keep:
            del y
        z.asnumpy()
    assert lazynd.explain()[-1].why.startswith("the result of exp is wanted too, ")


def test_other_gradients_of_the_same_call_are_told() -> None:
    """As of the discriminator of a GAN, which is differentiated by its parameters, then by what it is given too."""

    class Product(gluon.HybridBlock):
        def hybrid_forward(self, F: Any, x: Any, y: Any) -> Any:
            return F.tanh(x * y)

    net = Product(prefix="net_")
    net.hybridize()
    x, y = nd.ones((4, 3)), nd.ones((4, 3)) * 2
    nd.waitall()
    for wanted in ([x], [x, y]):
        for each in wanted:
            each.attach_grad()
        with autograd.record():
            result = net(x, y)
        result.backward()
        nd.waitall()
    assert lazynd.explain()[-1].why.startswith("gradients of other inputs of net are wanted, "), lazynd.explain()


def test_functions_that_are_traced_again_are_told() -> None:
    rate = 0.5

    @lazynd.compile
    def scaled(x: nd.NDArray) -> nd.NDArray:
        return x * rate

    @lazynd.compile
    def positive(x: nd.NDArray) -> nd.NDArray:
        return x if x.sum() > 0 else -x

    scaled(nd.ones((2,))).asnumpy()
    rate = 0.25
    scaled(nd.ones((2,))).asnumpy()
    positive(nd.ones((2,))).asnumpy()
    again, python = lazynd.explain().traces
    assert again.endswith(": rate was 0.5 and is 0.25") and "scaled was traced again at" in again
    assert python.endswith(": a value is needed: bool") and "positive runs as Python at" in python
    assert again in str(lazynd.explain()) and python in lazynd.explain()._repr_html_()


def test_nothing_compiled_is_nothing_to_explain() -> None:
    assert str(lazynd.explain()) == "no program was compiled" and len(lazynd.explain()) == 0


def test_lines_are_bounded() -> None:
    for n in range(MOST_SITES + 10):
        site_of(compile("pass", f"<file {n}>", "exec"), 0).running = float(n)
    assert len(SITES) <= MOST_SITES
    assert any(site.file == f"<file {MOST_SITES + 9}>" for site in SITES.values()), "those that cost most are kept"
    assert not any(site.file == "<file 1>" for site in SITES.values())
    observe.reset()


def test_a_report_runs_nothing() -> None:
    pending = nd.ones((2, 3)) * 2
    before = lazynd.stats().snapshot()
    str(lazynd.report()), lazynd.report()._repr_html_(), str(lazynd.explain())
    assert lazynd.stats().snapshot() == before
    assert pending._cell.content.value is None


def test_bytes_alive_rise_with_arrays_and_fall_with_them() -> None:
    count, size = observe.memory()
    x = nd.ones((128, 1024))
    assert observe.memory() == (count, size), "what is pending holds nothing"
    x.wait_to_read()
    assert observe.memory() == (count + 1, size + 512 * 1024)
    same = x.reshape((1024, 128))
    assert observe.memory() == (count + 1, size + 512 * 1024), "a view shares"
    del x, same
    assert observe.memory() == (count, size)


def test_counters_of_one_step() -> None:
    s = lazynd.stats()
    before = s.snapshot()
    x = nd.array([1.0, 2.0])
    float((x * 3 + 1).sum().asscalar())
    float((x * 4 + 1).sum().asscalar())
    changed = {k: v - before[k] for k, v in s.snapshot().items() if v != before[k]}
    assert changed["forces"] == changed["runs"] == 2
    assert changed["programs"] == changed["programs"] == changed["hits"] == 1
    assert changed["executed"] == 6


def test_counters_can_be_read_while_another_thread_works() -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for n in range(20):
                (nd.ones((n % 5 + 1,)) * 2).asnumpy()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        assert "forces" in str(lazynd.report())
    thread.join()
    assert not failures


def test_what_other_threads_do_meanwhile_is_not_told_of_a_force() -> None:
    def work(n: int) -> None:
        for _ in range(5):
            (nd.ones((n, 100)) * n).tanh().sum().asscalar()  # four operators

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 5)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    found = [force for force in lazynd.report().forces if force.cause == "asscalar"]
    assert [force.operators for force in found] == [4] * 20
    (line,) = [each for each in lines() if each.line == place("four operators")]
    assert line.nbytes == 20 * 4 and line.run_seconds >= 0


def test_no_sync_refuses_a_read_and_names_its_line() -> None:
    x = nd.ones((2,)) * 2
    with lazynd.no_sync(), pytest.raises(lazynd.MXNetError, match="asnumpy") as caught:
        x.asnumpy()
    assert __file__ in str(caught.value)
    np.testing.assert_array_equal(x.asnumpy(), [2, 2])
    with lazynd.no_sync():
        x.asnumpy()  # it is there
    with pytest.raises(ValueError, match="mode"), lazynd.no_sync("maybe"):
        pass


def test_no_sync_may_only_warn_once_for_each_line(caplog: pytest.LogCaptureFixture) -> None:
    x = nd.ones((2,)) * 2
    with lazynd.no_sync("warn"):
        for _ in range(3):
            (x + 1).asnumpy()
        (x + 2).asnumpy()
    assert caplog.text.count("no_sync forbids it") == 2


def test_no_sync_is_a_decorator_too() -> None:
    @lazynd.no_sync("raise")
    def step(x: nd.NDArray) -> nd.NDArray:
        return x if x.sum() > 0 else -x

    for _ in range(2):
        with pytest.raises(lazynd.MXNetError, match=r"if x\.sum\(\) > 0"):
            step(nd.ones((2,)))
    assert (nd.ones((2,)) * 2).sum().asscalar() == 4
