"""A trace sees every read and write of an array from outside, in each way there is."""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.runtime.record.cell import Cell
from lazynd.runtime.record.tracer import Effect, Tracer, tracing
from lazynd.runtime.thread import LOCAL

pytestmark = pytest.mark.lazy

X = np.arange(12, dtype="float32").reshape(3, 4)
_RECORDERS = ("call_tracer", "cell", "pending", "recorder", "shared", "traced", "tracer", "tracing", "views")
Body = Callable[[Any], Any]


def variable() -> Any:
    """An array with a gradient buffer whose value is there."""
    made = nd.array(X)
    made.attach_grad()
    with autograd.record():
        total = (made * made).sum()
    total.backward()
    made.grad.wait_to_read()
    return made


def owner(cell: Any) -> Cell:
    """The cell that the memory of ``cell`` belongs to."""
    while hasattr(cell, "base"):
        cell = cell.base
    assert isinstance(cell, Cell)
    return cell


def memory(array: Any) -> Cell:
    """The cell that the memory of ``array`` belongs to."""
    return owner(array._cell)


def elsewhere(action: Callable[[], Any]) -> Any:
    """What ``action`` gives in another thread; what it raises is raised here."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(action())
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(found[0], BaseException):
        raise found[0]
    return found[0]


#: What a body does with ``o.x``, ``o.early`` (a view of it made before) and ``o.index``.
READS: dict[str, Body] = {
    "the array": lambda o: o.x + 1,
    "twice": lambda o: o.x * o.x,
    "a view": lambda o: o.x[1] + 1,
    "a view of a view": lambda o: o.x[1:][0] + 1,
    "a view made before": lambda o: o.early + 1,
    "a reshaped view": lambda o: o.x.reshape((4, 3)) + 1,
    "a copying slice": lambda o: o.x[:, 1:2] + 1,
    "an index array": lambda o: o.x[o.index] + 1,
    "detached": lambda o: o.x.detach() + 1,
    "a view of what is detached": lambda o: o.x.detach()[2] + 1,
    "the gradient": lambda o: o.x.grad + 1,
    "a view of the gradient": lambda o: o.x.grad[0] + 1,
    "a copy": lambda o: o.x.copy() + 1,
    "a write of it to another array": lambda o: nd.zeros((3, 4)).__setitem__(slice(None), o.x),
    "out= of another array": lambda o: nd.relu(o.x, out=nd.zeros((3, 4))),
}


@pytest.mark.parametrize("recorded", [False, True], ids=["plain", "under record()"])
@pytest.mark.parametrize("how", READS)
def test_each_read_is_seen(how: str, recorded: bool) -> None:
    x = variable()
    given = SimpleNamespace(x=x, early=x[2], index=nd.array([0, 2]))
    with autograd.record() if recorded else autograd.pause(), tracing(LOCAL.state) as tracer:
        READS[how](given)
    assert memory(x.grad if "gradient" in how else x) in read_by(tracer)


def read_by(tracer: Tracer) -> set[Cell]:
    """The cells whose memory ``tracer`` has made parameters of."""
    return {owner(each.cell) for each in tracer.outside.values()}


WRITES: dict[str, Body] = {
    "all of it": lambda x: x.__setitem__(slice(None), 0),
    "a number added": lambda x: x.__iadd__(1),
    "an element": lambda x: x.__setitem__((0, 1), 5),
    "a row": lambda x: x.__setitem__(1, nd.ones((4,))),
    "columns": lambda x: x.__setitem__((slice(None), slice(1, 3)), 2),
    "an index array": lambda x: x.__setitem__(nd.array([0, 2]), 1),
    "a view": lambda x: x[1].__setitem__(slice(None), 0),
    "a view of a view": lambda x: x[1:][0].__iadd__(1),
    "a reshaped view": lambda x: x.reshape((12,)).__setitem__(slice(None), 0),
    "what is detached": lambda x: x.detach().__imul__(2),
    "the gradient": lambda x: x.grad.__setitem__(slice(None), 0),
    "a view of the gradient": lambda x: x.grad[0].__iadd__(1),
    "out=": lambda x: nd.relu(nd.ones((3, 4)), out=x),
    "copyto": lambda x: nd.ones((3, 4)).copyto(x),
    "an operator that updates": lambda x: nd.sgd_update(x, nd.ones((3, 4)), lr=0.1, out=x),
    "the state of an update": lambda x: nd.sgd_mom_update(nd.ones((3, 4)), nd.ones((3, 4)), x, lr=0.1),
    "a new gradient buffer": lambda x: x.attach_grad(),
}


@pytest.mark.parametrize("how", WRITES)
def test_each_write_is_seen_and_ends_the_trace(how: str) -> None:
    x = variable()
    before, slope = x.asnumpy(), x.grad.asnumpy()
    with pytest.raises(Effect), tracing(LOCAL.state):
        WRITES[how](x)
    assert (x.asnumpy() == before).all() and (x.grad.asnumpy() == slope).all(), "nothing was written"
    assert LOCAL.state.recorder.__class__ is not Tracer


VALUES: dict[str, Body] = {
    "asnumpy": lambda x: x.asnumpy(),
    "asscalar": lambda x: x[0, 0].asscalar(),
    "a view": lambda x: x[1].asnumpy(),
    "a view of a view": lambda x: x[1:][0].asnumpy(),
    "detached": lambda x: x.detach().asnumpy(),
    "the gradient": lambda x: x.grad.asnumpy(),
    "print": str,
    "a branch": lambda x: 1 if x[0, 0] > 0 else 2,
    "float": lambda x: float(x[1, 1]),
    "wait": lambda x: x.wait_to_read(),
    "numpy": np.asarray,
    "dlpack": lambda x: x.to_dlpack_for_read(),
    "its memory": lambda x: x.to_dlpack_for_write(),
}


@pytest.mark.parametrize("pending", [False, True], ids=["there", "pending"])
@pytest.mark.parametrize("how", VALUES)
def test_a_value_that_is_needed_ends_the_trace_also_where_it_is_there(how: str, pending: bool) -> None:
    x = variable()
    if pending:
        x += 1
    else:
        x.wait_to_read()
    with pytest.raises(Effect, match=r"a value is needed|sharing memory"), tracing(LOCAL.state):
        VALUES[how](x)


def test_a_branch_on_a_value_that_is_there_is_not_frozen() -> None:
    """What ``if`` found when the body was traced would hold for every step otherwise."""
    scale = nd.array([1.0])
    scale.wait_to_read()
    seen = []

    def body(row: Any, state: Any) -> Any:
        seen.append(scale.asscalar())
        if scale.asscalar() > 2:
            return row * 0, state
        scale[:] = scale + 1
        return row * scale, state

    outputs, _ = nd.contrib.foreach(body, nd.ones((4, 1)), nd.zeros((1,)))
    assert outputs.asnumpy().ravel().tolist() == [2.0, 3.0, 0.0, 0.0]
    assert seen[-4:] == [1.0, 2.0, 3.0, 3.0], "the trace was given up at the first line: nothing ran twice"


def test_data_made_inside_may_be_looked_at_and_written() -> None:
    with tracing(LOCAL.state) as tracer:
        inner = nd.array([1.0, 2.0])
        assert inner.asnumpy().tolist() == [1.0, 2.0]
        doubled = inner * 2
        inner[:] = 7  # what was read before keeps its meaning
        result = tracer.result((doubled + inner)._cell)
        closure = tracer.close_over([[result]])
    recorder = LOCAL.state.recorder
    values = [recorder.needs(each.cell, "test").value.tolist() for each in closure.captured]
    assert values == [[1.0, 2.0]]


def test_an_array_of_the_body_may_take_what_is_outside_and_be_written() -> None:
    x = nd.array(X)
    outputs, _ = nd.contrib.foreach(_accumulating(x), nd.ones((2, 3, 4)), nd.zeros((1,)))
    assert (outputs.asnumpy() == X + 1).all() and (x.asnumpy() == X).all()


def _accumulating(x: Any) -> Any:
    def body(row: Any, state: Any) -> Any:
        total = nd.zeros((3, 4))
        total[:] = x
        total += row
        return total, state

    return body


def test_a_write_by_another_thread_is_seen() -> None:
    x = variable()

    def write() -> None:
        x[:] = 3

    with tracing(LOCAL.state) as tracer:
        y = x + 1
        elsewhere(write)
        with pytest.raises(Effect, match="another thread"):
            tracer.close_over([[tracer.result(y._cell)]])
    assert (x.asnumpy() == 3).all(), "it is the other thread's affair"


def test_what_another_thread_does_meanwhile_is_its_own() -> None:
    x, other = variable(), nd.array(X)
    with tracing(LOCAL.state) as tracer:
        y = x + 1
        assert elsewhere(lambda: (other * 2).asnumpy()).tolist() == (X * 2).tolist()
        tracer.close_over([[tracer.result(y._cell)]])
    assert memory(other) not in read_by(tracer)


def test_a_placeholder_that_another_thread_asks_for_says_what_it_is() -> None:
    with tracing(LOCAL.state) as tracer:
        inside = nd.NDArray(tracer.parameter(nd.zeros((2,))._cell.type)) + 1
        with pytest.raises(Exception, match="stood for a value inside a traced body"):
            elsewhere(inside.asnumpy)


def test_flags_and_recorder_are_as_before_whatever_the_body_does() -> None:
    state = LOCAL.state
    before = {name: getattr(state, name) for name in state.__slots__}
    with pytest.raises(ZeroDivisionError), tracing(state):
        autograd.set_training(True)
        _ = 1 / 0
    assert before == {name: getattr(state, name) for name in state.__slots__}


def test_a_trace_inside_a_trace_reads_what_the_outer_one_stands_for() -> None:
    x = nd.array(X)

    def inner(row: Any, state: Any) -> Any:
        return row + x, state + row

    def outer(row: Any, state: Any) -> Any:
        made, last = nd.contrib.foreach(inner, row, state)
        return made.sum(axis=0), last

    data, start = np.ones((2, 5, 3, 4), "float32"), np.zeros((3, 4), "float32")
    outputs, last = nd.contrib.foreach(outer, nd.array(data), nd.array(start))
    assert (outputs.asnumpy() == 5 * (1 + X)).all() and (last.asnumpy() == 10).all()


def test_nobody_but_recorders_looks_at_the_content_of_a_cell() -> None:
    """Whoever did would hide a read or a write from a trace."""
    package = Path(lazynd.__file__).parent
    looking = {path.relative_to(package).as_posix() for path in package.rglob("*.py") if _asks_for_content(path)}
    counts_references = {"runtime/run/liveness.py"}
    assert looking <= {f"runtime/record/{name}.py" for name in _RECORDERS} | counts_references


def _asks_for_content(path: Path) -> bool:
    found = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return any(isinstance(node, ast.Attribute) and node.attr == "content" for node in found)
