"""``lazynd.profile`` and ``mx.profiler``: a trace that is whole, nests, and names the user's lines."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lazynd
from lazynd import MXNetError, autograd, gluon, nd, profiler
from lazynd.runtime.run.compile import PROGRAMS
from lazynd.runtime.tell.tracing import TRACING

pytestmark = pytest.mark.lazy  # it is about programs


@pytest.fixture(autouse=True)
def fresh_profiler() -> Iterator[None]:
    yield
    assert TRACING.now is None and TRACING.marks is None
    profiler.set_config(**dict.fromkeys(profiler._FLAGS, False), filename="profile.json")
    profiler._STATE.trace = None


def train(steps: int) -> None:
    net = gluon.nn.Dense(2)
    net.initialize()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    for _ in range(steps):
        with autograd.record():
            loss = (net(nd.ones((4, 3))) ** 2).mean()
        loss.backward()
        trainer.step(4)
        loss.asscalar()  # the read


def line(mark: str) -> int:
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(i for i, text in enumerate(lines, 1) if text.endswith(f"# {mark}"))


def check(events: list[dict[str, Any]]) -> None:
    """The trace validates: every event is whole, and the spans of each thread nest."""
    assert all({"ph", "name", "ts", "dur", "pid", "tid"} <= event.keys() for event in events)
    assert all(event["ts"] >= 0 and event["dur"] >= 0 for event in events)
    spans = [event for event in events if event["ph"] == "X"]
    for _, group in itertools.groupby(sorted(spans, key=lambda e: e["tid"]), key=lambda e: e["tid"]):
        ends: list[float] = []
        for event in sorted(group, key=lambda e: (e["ts"], -e["dur"])):
            while ends and ends[-1] <= event["ts"]:
                ends.pop()
            end = event["ts"] + event["dur"]
            assert not ends or end <= ends[-1], f"{event} ends after the span that it is in"
            ends.append(end)


def test_the_trace_of_a_loop_validates_and_names_lines(tmp_path: Path) -> None:
    PROGRAMS.clear()
    path = tmp_path / "trace.json"
    with lazynd.profile(path) as found:
        train(3)
    written = json.loads(path.read_text(encoding="utf-8"))
    events = written["traceEvents"]
    check(events)
    assert events == json.loads(json.dumps(found.events)) and written["otherData"] == {"dropped": 0}
    reads = [e for e in events if e["cat"] == "force"]
    assert len(reads) == 3
    for each in reads:
        assert each["name"].startswith("asscalar, ") and each["name"].endswith(
            f"{Path(__file__).name}:{line('the read')}"
        )
        assert each["args"]["source"] == "loss.asscalar()  # the read"
        inside = [e for e in events if each["ts"] <= e["ts"] < each["ts"] + each["dur"] and e["ph"] == "X"]
        assert "program" in {e["cat"] for e in inside}
    assert {"compile", "pass", "record", "fence", "program"} <= {e["cat"] for e in events}
    assert all(Path(__file__).name in e["name"] for e in events if e["ph"] in "Xi" and e["cat"] != "operator")
    why = [e["args"]["why"] for e in events if e["name"].startswith("compile, ")]
    assert why and all(why)


def test_the_operators_of_the_interpreter_are_spans() -> None:
    x = nd.array([1.0, 2.0])
    with lazynd.config.using(tier="interpreted"), lazynd.profile(None) as found:
        (nd.exp(x) * 2).asnumpy()
    check(found.events)
    operators = [e["name"].partition(",")[0] for e in found.events if e["cat"] == "operator"]
    assert operators == ["exp", "_mul_scalar"]
    assert found.totals["operator", "exp"][0] == 1


def test_looking_changes_no_counter(delta: Any) -> None:
    def counted() -> dict[str, int]:
        since = delta()
        train(2)
        return {name: getattr(since, name) for name in lazynd.stats().snapshot() if name != "loading"}

    train(2)  # compiled
    plain = counted()
    with lazynd.profile(None):
        assert counted() == plain


def test_threads_have_tracks_of_their_own() -> None:
    def work() -> None:
        for n in range(2, 5):
            (nd.ones((n,)) * 2).asnumpy()

    with lazynd.config.using(tier="interpreted"), lazynd.profile(None) as found:
        thread = threading.Thread(target=work, name="worker")
        thread.start()
        work()
        thread.join()
    check(found.events)
    tracks = {e["tid"] for e in found.events if e["cat"] == "force"}
    assert len(tracks) == 2 and {e["tid"] for e in found.events if e["ph"] == "M"} == tracks


def test_a_compiled_step_is_told() -> None:
    w = nd.ones((3,))
    w.attach_grad()

    @lazynd.compile
    def step(x: nd.NDArray) -> nd.NDArray:
        with autograd.record():
            loss = (w * x).sum()
        loss.backward()
        w[:] = w - 0.1 * w.grad
        return loss

    x = nd.ones((3,))
    nd.waitall()
    with lazynd.profile(None) as found:
        for _ in range(3):
            step(x).asscalar()  # the compiled step
    check(found.events)
    programs = [e for e in found.events if e["cat"] == "program"]
    assert len(programs) == 3
    assert all(e["name"].endswith(f":{line('the compiled step')}") for e in programs)
    assert [e["cat"] for e in found.events if e["name"].startswith("trace ")] == ["trace"]


def test_the_trace_is_written_also_when_the_block_fails(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    with pytest.raises(ZeroDivisionError), lazynd.profile(path):
        nd.ones((2,)).asnumpy()
        1 / 0
    check(json.loads(path.read_text(encoding="utf-8"))["traceEvents"])
    assert [each.name for each in tmp_path.iterdir()] == ["trace.json"]


def test_what_cannot_be_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no folder"), lazynd.profile(tmp_path / "nowhere" / "trace.json"):
        pytest.fail("the block was entered")
    with lazynd.profile(None), pytest.raises(MXNetError, match="already"), lazynd.profile(None):
        pytest.fail("the block was entered")


def test_events_are_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("lazynd.runtime.tell.tracing.MOST", 3)
    path = tmp_path / "trace.json"
    with lazynd.profile(path) as found:
        for _ in range(5):
            profiler.Domain("d").new_marker("m").mark()
    assert len([e for e in found.events if e["ph"] == "i"]) == 3
    assert json.loads(path.read_text(encoding="utf-8"))["otherData"] == {"dropped": 2}


def test_mxnets_profiler_writes_the_same_trace_with_marks(tmp_path: Path) -> None:
    path = tmp_path / "mx.json"
    profiler.set_config(profile_all=True, aggregate_stats=True, filename=str(path))
    profiler.set_state("run")
    domain = profiler.Domain("training")
    task, frame, event = domain.new_task("epoch"), domain.new_frame("batch"), profiler.Event("loading")
    counter = domain.new_counter("samples", 5)
    for each in (task, frame):
        each.start()
    (nd.ones((2,)) * 2).asnumpy()
    frame.stop()
    event.start()
    counter += 3
    counter.decrement()
    event.stop()
    domain.new_marker("half").mark("process")
    profiler.pause()
    nd.ones((3,)).asnumpy()
    profiler.resume()
    task.stop()
    profiler.set_state("stop")
    nd.ones((4,)).asnumpy()
    table, sums = profiler.dumps(), json.loads(profiler.dumps(format="json"))
    profiler.dump()
    events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    check(events)
    assert len([e for e in events if e["cat"] == "force"]) == 1, "neither what was paused nor what came after"
    kinds = [(e["ph"], e["name"], e["cat"]) for e in events if e["cat"].startswith(("training", "event"))]
    assert kinds == [
        ("C", "samples", "training"), ("b", "epoch", "training"), ("b", "batch", "training,frame"),
        ("e", "batch", "training,frame"), ("b", "loading", "event"), ("C", "samples", "training"),
        ("C", "samples", "training"), ("e", "loading", "event"), ("i", "half", "training,instant_marker"),
        ("e", "epoch", "training"),
    ]  # fmt: skip
    assert all(Path(__file__).name in e["args"]["line"] for e in events if e["cat"].startswith("training"))
    assert [e["args"]["samples"] for e in events if e["ph"] == "C"] == [5, 8, 7]
    assert sums["Time"]["training"]["epoch"]["Count"] == 1 and sums["Unit"] == {"Time": "ms", "Memory": "kB"}
    assert table.startswith("\nProfile Statistics:\n\tNote the difference in units for different entries.\n")
    assert "training,frame\n=================\nName  " in table and "epoch    " in table


def test_only_marks_are_noted_unless_more_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "mx.json"
    profiler.set_config(filename=str(path))
    profiler.set_state("run")
    (nd.ones((2,)) * 2).asnumpy()
    profiler.Domain("d").new_marker("m").mark()
    profiler.dump(finished=False)
    profiler.Domain("d").new_marker("n").mark()
    profiler.dump()
    events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    assert [e["name"] for e in events if e["ph"] != "M"] == ["m", "n"]
    assert profiler.dumps() == "", "as MXNet's without aggregate_stats"


def test_what_mxnet_refuses_is_refused() -> None:
    with pytest.raises(MXNetError, match="Cannot find argument 'foo', Possible Arguments"):
        profiler.set_config(foo=1)
    with pytest.raises(MXNetError, match="Invalid Parameter format for profile_all expect boolean but value='yes'"):
        profiler.set_config(profile_all="yes")
    for call in (profiler.set_state, lambda name: profiler.dump(profile_process=name)):
        with pytest.raises(KeyError, match="foo"):
            call("foo")
    with pytest.raises(MXNetError, match="Invalid Input: 'bogus', valid values are"):
        profiler.Domain("d").new_marker("m").mark("bogus")
    with pytest.raises(AssertionError, match="format: x"):
        profiler.dumps(format="x")
    with pytest.raises(AssertionError, match="sort_by: x"):
        profiler.dumps(sort_by="x")


def test_old_names_warn(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    for call, args in ((profiler.profiler_set_config, ("all", str(path))), (profiler.profiler_set_state, ("run",))):
        with pytest.warns(UserWarning, match="is deprecated. Please use profiler.set_"):
            call(*args)
    (nd.ones((2,)) * 2).asnumpy()
    with pytest.warns(UserWarning, match=r"dump_profile\(\) is deprecated. Please use profiler.dump\(\) instead"):
        profiler.dump_profile()
    assert any(e["cat"] == "force" for e in json.loads(path.read_text(encoding="utf-8"))["traceEvents"])
