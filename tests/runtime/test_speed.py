"""The C module does what the Python beside it does: the same nodes, tapes, keys and errors, no reference too many."""

from __future__ import annotations

import gc
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, gluon, nd, speed
from lazynd.ir.node import Node
from lazynd.nd import generate, ndarray
from lazynd.ops import OPERATORS
from lazynd.runtime.record.pending import PendingWork
from lazynd.runtime.record.tape import Operation
from lazynd.runtime.run import plan
from lazynd.runtime.run.compile import PROGRAMS
from lazynd.runtime.thread import LOCAL

MODULE = speed.MODULE
pytestmark = [pytest.mark.skipif(not speed.in_use(), reason="the C module was not built"), pytest.mark.lazy]
#: The reference, which the C module was given.
PYTHON_APPLY = getattr(PendingWork, "apply_in_python", None)
PYTHON_APPEND = getattr(PendingWork, "append_in_python", None)


@pytest.fixture(params=["Python", "C"])
def seam(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Records by one of the two."""
    if request.param == "Python":
        use_python(monkeypatch)
        monkeypatch.setattr(plan, "walk", plan.walk_in_python)
    return str(request.param)


def use_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Record by the reference."""
    monkeypatch.setattr(PendingWork, "apply", PYTHON_APPLY)
    monkeypatch.setattr(PendingWork, "append", PYTHON_APPEND)
    monkeypatch.setattr(ndarray, "_binary", ndarray.binary_in_python)
    monkeypatch.setattr(ndarray, "_scalar", ndarray.scalar_in_python)
    for each in (nd.relu, nd.dot, nd.sum, nd.transpose, nd.argmax, nd.one_hot):
        monkeypatch.setitem(each.__globals__, "_apply", generate.apply_in_python)


def arithmetic() -> list[Any]:
    x, y = nd.ones((2, 3)), nd.ones((1, 3))
    return [x + y, x * 2 - y, nd.relu(x).sum(axis=1), x[0], (x > y) / x, nd.concat(x, y, dim=0), -x, 3 - y, x**2]


def on_tape() -> list[Any]:
    x, y, still = nd.ones((2, 3)), nd.ones((1, 3)), nd.ones((2, 3))
    ignored = nd.ones((2, 3))
    x.attach_grad()
    y.attach_grad(grad_req="add")
    ignored.attach_grad(grad_req="null")
    with autograd.record():
        z = nd.tanh(x * y) + still * 2
        z = nd.softmax(nd.dot(z, nd.transpose(x)) * 0.5) + ignored.sum()
        z = nd.BlockGrad(z) * z + still.detach().sum() + nd.Dropout(z, 0.5)
        parts = nd.split(z, 2, axis=1)
        loss = (parts[0] * parts[1]).sum() + nd.LayerNorm(z, nd.ones(2), nd.zeros(2)).max()
    loss.backward()
    return [loss, x.grad, y.grad, z, *parts]


def network() -> list[Any]:
    net = gluon.nn.HybridSequential()
    net.add(
        gluon.nn.Dense(4, activation="relu", in_units=3),
        gluon.nn.BatchNorm(in_channels=4),
        gluon.nn.Dense(2, in_units=4),
    )
    net.initialize()
    trainer = gluon.Trainer(net.collect_params(), "adam")
    for _ in range(2):
        with autograd.record():
            loss = (net(nd.ones((5, 3))) ** 2).mean()
        loss.backward()
        trainer.step(5)
    return [loss, *(p.data() for p in net.collect_params().values())]


class Kind(nd.NDArray):
    """A user's own class of arrays."""


def unusual() -> list[Any]:
    """Numbers and attributes of all kinds; calls twice, so that the second finds the first."""
    x, flags = nd.array([[1.0, -2.0, 0.5]] * 2), nd.array([[1, 0, 1]] * 2, dtype="bool")
    small, single = x.astype("float16"), nd.ones((1,))
    numbers = (0, -0.0, 0.0, 2, True, np.float32(0.5), np.int8(3), 1 << 60, -(1 << 63), 1e300, float("inf"))
    found: list[Any] = []
    for _ in range(2):
        for number in numbers:
            found += [x + number, number - x, x == number, nd.maximum(x, number), single / number if number else single]
        found += [flags * 2, 1 + flags, small + small, small * 0.1, -flags, x**0, 2**x]
        found += [nd.sum(x, axis=1), nd.sum(x, axis=(1,)), nd.sum(x, axis=[0]), nd.sum(x, 1, True), nd.sum(x, axis=-1)]
        found += [nd.dot(x, x, transpose_b=True), nd.dot(x, x, False, True), nd.argmax(x, axis=0), nd.relu(x[0])]
        found += [nd.one_hot(nd.array([0, 2]), 3, dtype="int32"), nd.one_hot(nd.array([0, 2]), 3, 2, -0.0)]
        found += [nd.transpose(x, axes=(1, 0)), nd.relu(Kind(x._cell)), nd.relu(x.detach())]
    return found


PROGRAMMES: list[Callable[[], list[Any]]] = [arithmetic, on_tape, network, unusual]


def told(item: Any, numbers: dict[Any, int]) -> tuple[Any, ...]:
    """All that a node is, its operands by number."""
    if not isinstance(item, Node):
        return "output", numbers[item.node], item.index, item.type, item.value
    operands = [numbers.get(ref, repr(ref.type)) for ref in item.inputs or ()]
    line = (item.code and item.code.co_name, item.lasti)
    return item.spec, operands, item.scalars, item.type, item.value, line, item.scope


def all_pending() -> list[Any]:
    regions = LOCAL.state.regions
    return [item for region in (*regions.closed, regions.open) for item in region.items if item.value is None]


def recorded(program: Callable[[], list[Any]]) -> tuple[list[Any], int, list[Any]]:
    """Everything pending after ``program``, what the region may still hold, and the tape behind its results."""
    nd.waitall()
    lazynd.random.seed(7)
    with lazynd.config.using(budget_nodes=10_000), lazynd.name.NameManager():
        LOCAL.state.regions.open = LOCAL.state.regions.new()
        results = program()
        region, items = LOCAL.state.regions.open, all_pending()
        numbers = {item: i for i, item in enumerate(items)}
        tape = [entry_of(each._cell.history, numbers) for each in results]
        found = [told(item, numbers) for item in items], region.credit, tape
    return found


def entry_of(history: Any, numbers: dict[Any, int]) -> Any:
    if history is None or not isinstance(history[0], Operation):
        return None if history is None else (type(history[0]), history[1])
    entry = history[0]
    kept = [numbers.get(ref, repr(ref.type)) for ref in entry.residuals]
    parents = [entry_of(each, numbers) for each in entry.parents]
    return entry.linear, entry.consumed, entry.scalars, entry.lasti, entry.scope, kept, parents, history[1]


@pytest.mark.parametrize("program", PROGRAMMES)
def test_what_is_recorded(program: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    by_c = recorded(program)
    use_python(monkeypatch)
    assert recorded(program) == by_c


@pytest.mark.parametrize("program", PROGRAMMES)
def test_what_a_plan_is_made_of(program: Callable[[], list[Any]]) -> None:
    nd.waitall()
    with lazynd.config.using(budget_nodes=10_000):
        kept = program()
        items = all_pending()
    assert len(items) > 5 and kept
    part = items[len(items) // 2 :]  # operands that are pending elsewhere, in no position
    for some in (items, part, items[:1]):
        firsts = {item for item in some if isinstance(item, Node)}
        some = [item for item in some if item.node in firsts]
        assert MODULE.walk(some) == plan.walk_in_python(some)


def test_results(seam: str) -> None:
    lazynd.random.seed(3)
    x = nd.random.normal(shape=(4, 3))
    x.attach_grad()
    with autograd.record():
        y = x
        for _ in range(20):
            y = nd.tanh(y + x) * 0.9
    y.backward()
    found = x.grad.asnumpy()
    with lazynd.config.using(eager=True):
        lazynd.random.seed(3)
        again = nd.random.normal(shape=(4, 3))
        again.attach_grad()
        with autograd.record():
            z = again
            for _ in range(20):
                z = nd.tanh(z + again) * 0.9
        z.backward()
    # Twenty steps, each a few roundings of numbers below 1.
    np.testing.assert_allclose(found, again.grad.asnumpy(), rtol=1e-5, atol=1e-6)


def test_errors_name_the_users_line(seam: str) -> None:
    with pytest.raises(lazynd.base.MXNetError, match=r"test_speed\.py"):
        nd.ones((2, 3)) + nd.ones((4, 5))
    with pytest.raises(TypeError):
        nd.ones((2, 3)) + object()
    with pytest.raises(lazynd.base.MXNetError, match="Inplace operations"), autograd.record():
        x = nd.ones(2)
        x.attach_grad()
        y = x * 2
        y += 1


def test_other_classes_of_arrays(seam: str) -> None:
    a = Kind(nd.ones((2, 3))._cell)
    assert (a + a).asnumpy().tolist() == [[2] * 3] * 2
    assert (a + nd.ones((2, 3))).asnumpy().tolist() == [[2] * 3] * 2
    assert (nd.ones((2, 3))[0] + a).shape == (2, 3)


@pytest.fixture
def no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_references_and_memory_are_as_before(seam: str, no_collection: None) -> None:
    x, w = nd.ones((2, 3)), nd.ones((2, 3))
    w.attach_grad()
    nd.waitall()

    def once() -> None:
        for _ in range(50):
            _ = nd.relu(x + x) * x
            with autograd.record():
                _ = nd.tanh(w * x) + w
        nd.waitall()

    for _ in range(10):
        once()
    kept = (
        x._cell,
        x._cell.type,
        w._cell,
        LOCAL.state.recorder,
        lazynd.config,
        once.__code__,
        *list(ndarray._bound.values())[-3:],
    )
    gc.collect()
    counts = list(map(sys.getrefcount, kept))
    tracemalloc.start()
    try:
        once()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(20):
            once()
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert list(map(sys.getrefcount, kept)) == counts
    # 5,000 nodes were recorded, of 120 bytes and more each with what it holds; counters and logs hold some.
    assert grown < 200_000


def test_a_module_of_other_sources_is_left_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    assert speed._found() is MODULE
    monkeypatch.setattr(speed, "SEAM", speed.SEAM + 1)
    assert speed._found() is None
    monkeypatch.undo()
    monkeypatch.setenv("LAZYND_SPEED", "0")
    assert speed._found() is None
    monkeypatch.setenv("LAZYND_SPEED", "1")
    assert speed._found() is MODULE
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    assert speed._found() is None


def test_arguments_that_do_not_fit_are_refused() -> None:
    for arguments in ((), (1,), (1, 2, 3, 4, 5, 6)):
        with pytest.raises(TypeError):
            MODULE.binary(*arguments)
        with pytest.raises(TypeError):
            MODULE.scalar(*arguments)
        with pytest.raises(TypeError):
            MODULE.call(*arguments)
        with pytest.raises(TypeError):
            LOCAL.state.recorder.apply(*arguments)
        with pytest.raises(TypeError):
            LOCAL.state.recorder.append(*arguments)
    with pytest.raises(TypeError):
        MODULE.walk(None)
    with pytest.raises(TypeError):
        PendingWork.apply(object(), 1, 2, 3, 4, 5)  # type: ignore[arg-type]
    x = nd.ones(2)
    for line in (None, 5, sys):  # no frame
        for call in (
            lambda line=line: MODULE.binary("broadcast_add", "_plus_scalar", x, x, line),
            lambda line=line: MODULE.scalar("_plus_scalar", x, 1, line),
            lambda line=line: MODULE.call(OPERATORS["relu"], (x._cell,), (), line),
        ):
            with pytest.raises(AttributeError):
                call()
    with pytest.raises(AttributeError):
        LOCAL.state.recorder.apply(5, (x._cell,), (), None, -1)
    with pytest.raises(AttributeError):
        LOCAL.state.recorder.apply(OPERATORS["relu"].bind((x._cell.type,), {})[0], (5,), (), None, -1)
    with pytest.raises(AttributeError):
        LOCAL.state.recorder.append(5, (), (), None, -1)
    pruned = OPERATORS["broadcast_like"].bind((x._cell.type, x._cell.type), {})[0]
    assert pruned.pruned is not None
    for refuse in (LOCAL.state.recorder.append, LOCAL.state.recorder.apply):
        with pytest.raises(IndexError):
            refuse(pruned, (), (), None, -1)  # fewer inputs than it reads
    PROGRAMS.clear()


@pytest.mark.parametrize("number", ["text", None, 1 << 2000, [1.0], object(), b"1"])
def test_what_is_no_number_is_refused_alike(number: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    x = nd.ones(2) + 1

    def error() -> tuple[type[BaseException], str]:
        with pytest.raises((TypeError, OverflowError, ValueError)) as caught:
            x + number
        return caught.type, str(caught.value)

    by_c = error()
    use_python(monkeypatch)
    assert error() == by_c


def test_a_finalizer_records_within_an_allocation(seam: str) -> None:
    """The collector runs in the middle of recording; what it finalises records too, and reads, which ends a region."""
    x = nd.ones(3)
    totals: list[float] = []

    class Loop:
        def __init__(self) -> None:
            self.me, self.array = self, x * 2

        def __del__(self) -> None:
            totals.append((self.array + 1).sum().asscalar())

    before = gc.get_threshold()
    gc.set_threshold(3)
    try:
        y = nd.zeros(3)
        for _ in range(15):
            Loop()
            y = nd.relu(y + x) * 1
    finally:
        gc.set_threshold(*before)
    gc.collect()
    assert y.asnumpy().tolist() == [15.0] * 3
    assert totals == [9.0] * 15


def test_another_apply_in_its_place_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    real = PendingWork.apply

    def told(self: Any, spec: Any, *rest: Any) -> Any:
        seen.append(spec.op.name)
        return real(self, spec, *rest)

    x = nd.ones(3)
    before = [x + x, x + 2, nd.relu(x)]
    monkeypatch.setattr(PendingWork, "apply", told)
    assert before and [x + x, x + 2, nd.relu(x)]
    assert seen == ["broadcast_add", "_plus_scalar", "relu"]


def test_threads_record_at_the_same_time(seam: str) -> None:
    x, found = nd.ones(3), dict[int, list[float]]()

    def work(number: int) -> None:
        y = x * number
        for _ in range(50):
            y = nd.relu(y + x)
        found[number] = y.asnumpy().tolist()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == {i: [50.0 + i] * 3 for i in range(4)}


@pytest.mark.slow
def test_a_million_recordings_leave_nothing(no_collection: None) -> None:
    x, w = nd.ones((2, 3)), nd.ones((2, 3))
    w.attach_grad()
    regions = LOCAL.state.regions
    with lazynd.config.using(budget_nodes=10_000):
        counts, sizes = [], []
        for _ in range(10):
            for _ in range(20):
                regions.open = regions.new()
                for _ in range(1_000):
                    _ = nd.relu(x + x) - 1
                with autograd.record():
                    for _ in range(1_000):
                        _ = w * x - 0.5
            regions.open = regions.new()
            del _
            gc.collect()  # a region and its nodes refer to each other
            held = (x, x._cell, x._cell.content, w._cell, w._cell.content, w._cell.history, *ndarray._bound.values())
            counts.append(list(map(sys.getrefcount, held)))
            sizes.append(sys.getallocatedblocks())
            del held
    assert counts[1:] == counts[:-1]
    # Blocks of Python's allocator: 100,000 recordings would leave as many, a reference too many each.
    assert max(sizes[1:]) - min(sizes[1:]) < 1_000
