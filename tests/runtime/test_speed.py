"""The C module does what the Python beside it does: the same nodes, tapes, keys and errors, no reference too many."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, gluon, nd, speed
from lazynd.ir.node import Node
from lazynd.nd import ndarray
from lazynd.runtime.record.pending import PendingWork
from lazynd.runtime.record.tape import Operation
from lazynd.runtime.run import plan
from lazynd.runtime.run.compile import PROGRAMS
from lazynd.runtime.thread import LOCAL

MODULE = speed.MODULE
pytestmark = [pytest.mark.skipif(not speed.in_use(), reason="the C module was not built"), pytest.mark.lazy]
#: The reference, which the C module was given.
PYTHON_APPLY = getattr(PendingWork, "apply_in_python", None)


@pytest.fixture(params=["Python", "C"])
def seam(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Records by one of the two."""
    if request.param == "Python":
        monkeypatch.setattr(PendingWork, "apply", PYTHON_APPLY)
        monkeypatch.setattr(ndarray, "_binary", ndarray.binary_in_python)
        monkeypatch.setattr(plan, "walk", plan.walk_in_python)
    return str(request.param)


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


PROGRAMMES: list[Callable[[], list[Any]]] = [arithmetic, on_tape, network]


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
    monkeypatch.setattr(PendingWork, "apply", PYTHON_APPLY)
    monkeypatch.setattr(ndarray, "_binary", ndarray.binary_in_python)
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


class Kind(nd.NDArray):
    """A user's own class of arrays."""


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


def test_arguments_that_do_not_fit_are_refused() -> None:
    for arguments in ((), (1,), (1, 2, 3, 4, 5, 6)):
        with pytest.raises(TypeError):
            MODULE.binary(*arguments)
        with pytest.raises(TypeError):
            LOCAL.state.recorder.apply(*arguments)
    with pytest.raises(TypeError):
        MODULE.walk(None)
    with pytest.raises(TypeError):
        PendingWork.apply(object(), 1, 2, 3, 4, 5)  # type: ignore[arg-type]
    PROGRAMS.clear()
