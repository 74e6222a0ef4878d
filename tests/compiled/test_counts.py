"""What a compiled function costs: nodes recorded, programs compiled, buffers taken over, traces remembered."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import weakref
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.compiled import Compiled, host_number
from lazynd.runtime.run.compile import PROGRAMS
from lazynd.runtime.tell.stats import stats
from lazynd.runtime.thread import LOCAL

pytestmark = pytest.mark.lazy


class Perceptron:
    """Two layers, trained with momentum; ``step`` is a whole training step."""

    def __init__(self, width: int = 16) -> None:
        rng = np.random.default_rng(0)
        shapes = ((width, 5), (width,), (3, width), (3,))
        self.parameters = [nd.array(rng.normal(size=s) * 0.3) for s in shapes]
        self.momenta = [nd.array(rng.normal(size=s) * 0.01) for s in shapes]
        for p in self.parameters:
            p.attach_grad()
            p.grad.wait_to_read()
        for each in self.parameters + self.momenta:
            each.wait_to_read()
        self.count = 0

    def forward(self, x: Any) -> Any:
        w1, b1, w2, b2 = self.parameters
        return nd.FullyConnected(nd.relu(nd.FullyConnected(x, w1, b1, num_hidden=b1.shape[0])), w2, b2, num_hidden=3)

    def rates(self) -> float:
        self.count += 1
        return 0.1 / self.count

    def step(self, x: Any, y: Any) -> Any:
        with autograd.record():
            loss = nd.softmax_cross_entropy(self.forward(x), y)
        loss.backward()
        rate = host_number(self.rates)
        for p, m in zip(self.parameters, self.momenta, strict=True):
            nd.sgd_mom_update(p, p.grad, m, lr=rate, momentum=0.9, wd=1e-4, rescale_grad=1 / 4, out=p)
        return loss


def batch(seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    x, y = nd.array(rng.normal(size=(4, 5))), nd.array(rng.integers(0, 3, 4))
    x.wait_to_read()
    y.wait_to_read()
    return x, y


def test_a_training_step_is_one_node_and_one_program() -> None:
    model = Perceptron()
    step = Compiled(model.step)
    losses = []
    for i in range(6):
        x, y = batch(i)
        before = stats.snapshot()
        loss = step(x, y)
        nodes = [item for item in LOCAL.state.regions.open.items if item.node is item]
        if i == 0:
            assert len(nodes) == 1 and nodes[0].spec.op.is_call
        else:  # the program is known and all that it reads is there: it runs at once
            assert nodes == [] and stats.runs == before["runs"] + 1
        del nodes
        losses.append(loss.asscalar())
        after = stats.snapshot()
        assert after["runs"] - before["runs"] == 1
        if i:
            assert after["programs"] == before["programs"]
            assert after["donated"] - before["donated"] == 8 and after["copied"] == before["copied"]
    assert step.traces == 1 and model.count == 6
    plain = Perceptron()
    assert losses == [plain.step(*batch(i)).asscalar() for i in range(6)]
    for a, b in zip(model.parameters + model.momenta, plain.parameters + plain.momenta, strict=True):
        assert (a.asnumpy() == b.asnumpy()).all(), "a step is the same program either way"
    for a, b in zip(model.parameters, plain.parameters, strict=True):
        assert (a.grad.asnumpy() == b.grad.asnumpy()).all()


def test_a_loop_that_never_reads_compiles_one_program_and_stays_bounded() -> None:
    model = Perceptron()
    step = Compiled(model.step)
    for i in range(8):
        step(*batch(i))
    nd.waitall()
    before = stats.snapshot()
    for i in range(8):
        step(*batch(i))
        assert LOCAL.state.regions.pending() < 60
    nd.waitall()
    after = stats.snapshot()
    assert after["programs"] == before["programs"] and after["runs"] - before["runs"] == 8


def test_what_is_pending_around_a_step_is_no_part_of_it() -> None:
    model = Perceptron()
    step = Compiled(model.step)
    step(*batch(0)).wait_to_read()
    step(*batch(1)).wait_to_read()
    total = nd.zeros(1)
    other = nd.ones(1) * 2
    before = stats.programs
    for i in range(3):
        x, y = batch(i)
        total += other + i
        loss = step(x * 1, y)
        loss.wait_to_read()
    assert stats.programs - before <= 3, "the batch and the sum are programs of their own, the step is known"
    assert total.asscalar() == 9


def test_a_recorded_call_is_a_node_and_its_gradient_another() -> None:
    model = Perceptron()
    forward = Compiled(model.forward)
    for i in range(3):
        x, y = batch(i)
        with autograd.record():
            out = forward(x)
            loss = nd.softmax_cross_entropy(out, y)
        loss.backward()
        names = [item.spec.op.name for item in LOCAL.state.regions.open.items if item.node is item]
        assert len([n for n in names if "forward" in n]) == 2, names
        loss.wait_to_read()
    assert forward.traces == 1


def test_a_forced_loss_runs_no_forward_pass_twice() -> None:
    model = Perceptron()
    forward = Compiled(model.forward)
    for _ in range(2):
        x, y = batch(0)
        with autograd.record():
            loss = nd.softmax_cross_entropy(forward(x), y)
        loss.wait_to_read()
        before = stats.executed
        loss.backward()
        model.parameters[0].grad.wait_to_read()
    names = {item.spec.op.name for item in LOCAL.state.regions.open.items if item.node is item}
    assert not any(name.startswith("forward") for name in names) and stats.executed > before


def test_cheap_work_is_computed_again_and_products_are_kept() -> None:
    w = nd.ones((4, 4))
    w.attach_grad()

    def body(x: Any) -> Any:
        h = nd.dot(x, w)
        return nd.relu(h * 2 + 1).sum()

    function = Compiled(body)
    with autograd.record():
        loss = function(nd.ones((4, 4)))
    entry = loss._cell.history[0]
    hidden = entry.linear.spec.out_types[1:]
    assert [t.shape for t in hidden] == [(4, 4)], "the product; what is elementwise is computed again"


def test_equal_functions_share_a_program() -> None:
    made = [Compiled(lambda x: nd.tanh(x) * 2, "layer") for _ in range(2)]
    x = nd.ones(3)
    x.wait_to_read()
    made[0](x).wait_to_read()
    before = stats.programs
    made[1](x).wait_to_read()
    assert stats.programs == before


def test_numbers_compile_nothing() -> None:
    function = Compiled(lambda x, rate: x * rate + 1 / (1 + rate))
    function(nd.ones(3), 0.5).wait_to_read()
    before = stats.programs
    for i in range(20):
        function(nd.ones(3), 0.1 * i).wait_to_read()
    assert stats.programs <= before + 1 and function.traces == 1


def test_signatures_are_bounded(on_numpy: None) -> None:
    function = Compiled(lambda x: x + 1)
    for n in range(1, 300):
        function(nd.ones(n))
    assert len(function._signatures.now) + len(function._signatures._before) <= 128
    numbered = Compiled(lambda x, n: x.reshape((n, -1)))
    for n in range(1, 200):
        numbered(nd.ones(n * 2), n)
    branching = Compiled(lambda x, n: x if n > 3 else -x)
    for n in range(200):
        branching(nd.ones(1), n)
    (signature,) = branching._signatures.now.values()
    assert len(signature.variants) <= 64


def test_arrays_and_objects_are_let_go(on_numpy: None) -> None:
    class Thing:
        pass

    function = Compiled(lambda x, thing: x * 2)
    thing, x = Thing(), nd.ones(3)
    gone = weakref.ref(thing), weakref.ref(x), weakref.ref(x._cell)
    function(x, thing).wait_to_read()
    del thing, x
    nd.waitall()
    gc.collect()
    assert [each() for each in gone] == [None, None, None]


def test_copies_and_pickles_start_anew() -> None:
    twice = copy.deepcopy(doubled)
    assert twice is not doubled and twice.traces == 0
    assert pickle.loads(pickle.dumps(doubled)) is doubled
    assert copy.copy(doubled)(nd.ones(1)).asscalar() == 2
    model = Perceptron()
    step = Compiled(model.forward)
    step(batch(0)[0]).wait_to_read()
    other = copy.deepcopy(step)
    other.function.__self__.parameters[3][:] = 100
    x = batch(0)[0]
    assert (other(x).asnumpy() > 50).all() and (step(x).asnumpy() < 50).all()
    again = pickle.loads(pickle.dumps(step))
    np.testing.assert_array_equal(again(x).asnumpy(), step(x).asnumpy())


@lazynd.compile
def doubled(x: Any) -> Any:
    return x * 2


def test_as_a_decorator_with_and_without_arguments() -> None:
    @lazynd.compile(name="my_layer")
    def layer(x: Any) -> Any:
        """Its text."""
        return x + 1

    assert layer.name == "my_layer" and layer.__doc__ == "Its text." and layer.__name__ == "layer"
    assert repr(doubled) == "<compiled doubled>" and layer(nd.ones(1)).asscalar() == 2


def test_eight_threads_train_as_one_would() -> None:
    function = Compiled(lambda w, x: _update(w, x))
    found: list[list[float]] = [[] for _ in range(8)]

    def work(number: int) -> None:
        w = nd.ones(3)
        w.attach_grad()
        for i in range(10):
            found[number].append(float(function(w, nd.ones(3) * (i + number % 2)).asscalar()))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    expected = []
    for parity in (0, 1):
        w = nd.ones(3)
        w.attach_grad()
        expected.append([float(_update(w, nd.ones(3) * (i + parity)).asscalar()) for i in range(10)])
    for number, losses in enumerate(found):
        np.testing.assert_allclose(losses, expected[number % 2], rtol=1e-5)  # sums of three in another order


def _update(w: Any, x: Any) -> Any:
    with autograd.record():
        loss = (nd.tanh(w) * x).sum()
    loss.backward()
    w[:] = w - 0.1 * w.grad
    return loss


def _counted(w: Any, x: Any) -> Any:
    with autograd.record():
        loss = (w * x).sum()
    loss.backward()
    w[:] = w + 1
    return loss


def test_a_step_that_runs_at_once_overwrites_nothing_that_somebody_holds() -> None:
    step = Compiled(_counted)
    w, x = nd.zeros(3), nd.ones(3)
    w.attach_grad()
    for _ in range(4):
        step(w, x).wait_to_read()
    kept, seen = [], []
    for i in range(4):
        other = nd.zeros(3)
        other[:] = w  # shares what w holds now
        kept.append(other)
        seen.append(nd.waitall())
        before = stats.runs
        loss = step(w, nd.ones(3) * i if i == 2 else x)
        assert i == 2 or (stats.runs == before + 1 and not LOCAL.state.regions.open.items), "it ran at once"
        loss.wait_to_read()
    assert [k.asnumpy().tolist() for k in kept] == [[4 + i] * 3 for i in range(4)]
    assert w.asnumpy().tolist() == [8] * 3 and x.asnumpy().tolist() == [1] * 3


def test_a_step_that_fails_at_once_says_so_and_the_next_one_runs() -> None:
    step = Compiled(_counted)
    w, x = nd.zeros(5), nd.ones(5)
    w.attach_grad()
    for _ in range(4):
        step(w, x).wait_to_read()
    before = w.asnumpy().tolist()
    family = next(reversed(PROGRAMS.families.values()))
    program = family.baked or family.general

    class Failing:
        def __call__(self, *given: Any) -> Any:
            raise RuntimeError("out of luck")

        def __getattr__(self, name: str) -> Any:
            return getattr(working, name)

    working = program.executable
    program.executable = Failing()
    loss = step(w, x)
    with pytest.raises(lazynd.MXNetError, match="out of luck"):
        loss.wait_to_read()
    program.executable = working
    loss.wait_to_read()
    assert w.asnumpy().tolist() == [v + 1 for v in before]
    step(w, x).wait_to_read()
    assert w.asnumpy().tolist() == [v + 2 for v in before]


def test_what_is_pending_keeps_a_step_from_running_at_once() -> None:
    step = Compiled(_counted)
    w, x = nd.zeros(4), nd.ones(4)
    w.attach_grad()
    for _ in range(4):
        step(w, x).wait_to_read()
    total = nd.zeros(1)
    for _ in range(3):
        total += step(w, x)
        assert LOCAL.state.regions.open.items
    assert total.asscalar() == sum(4 * i for i in (4, 5, 6))
