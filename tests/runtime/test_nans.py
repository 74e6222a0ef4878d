"""``debug_nans`` names the operator that gave the first NaN, and its line; the arrays keep their values."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, gluon, nd
from lazynd.observe import BadValue

pytestmark = pytest.mark.lazy  # it is about programs


@pytest.fixture(autouse=True)
def interpreted() -> Iterator[None]:
    """What runs does so in the interpreter, which starts at once; one test is about programs."""
    with lazynd.config.using(tier="interpreted"):
        yield


def line(mark: str) -> str:
    """The place of the line that ends with the comment ``mark``."""
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return f"{__file__}:{next(i for i, text in enumerate(lines, 1) if text.endswith(f'# {mark}'))}"


def told(work: Callable[[], Any], inf: bool = False) -> str:
    """What is said of ``work``."""
    with pytest.raises(BadValue) as caught, lazynd.debug_nans(inf):
        work()
    assert isinstance(caught.value, FloatingPointError)
    return str(caught.value)


def test_the_operator_its_inputs_and_its_line_are_named() -> None:
    """R47."""
    x = nd.array([1.0, -1.0, 4.0])

    def work() -> None:
        root = nd.sqrt(x)  # the root
        (root * 2 + 1).asnumpy()

    assert told(work).splitlines()[:3] == [
        "[sqrt] gave nan: 1 of 3 numbers of float32[3], from inputs without",
        "  x: float32[3] from -1.0 to 4.0",
        f"  recorded at {line('the root')}: root = nd.sqrt(x)  # the root",
    ]


def test_nothing_is_lost() -> None:
    x = nd.array([1.0, -1.0])
    with pytest.raises(BadValue), lazynd.debug_nans():
        y = nd.log(x)
        z = x + 1
        (y * z).asnumpy()
    np.testing.assert_array_equal(y.asnumpy(), np.array([0, np.nan], np.float32))
    assert z.asnumpy().tolist() == [2, 0]
    x += 1
    assert x.asnumpy().tolist() == [2, 0]


def test_programs_that_take_over_buffers_are_searched_too() -> None:
    """The weights of the step before are gone when the step has run."""
    w = nd.array([1.0, 2.0])
    w.attach_grad()

    def step(value: float) -> None:
        x = nd.array([value, value])
        with autograd.record():
            loss = nd.log(w * x).sum()  # the loss
        loss.backward()
        w[:] = w - 0.125 * w.grad
        loss.asnumpy()

    with lazynd.config.using(tier="compiled"):
        step(1.0)
        text = told(lambda: step(-1.0))
    assert text.startswith("[log] gave nan: 2 of 2") and f"recorded at {line('the loss')}" in text
    # Each of three float32 operations rounds by at most 2 ** -24.
    assert w.asnumpy().tolist() == pytest.approx([0.875 - 0.125 / 0.875, 1.9375 - 0.125 / 1.9375], rel=3 * 2**-24)


def test_a_gradient_is_named() -> None:
    x = nd.array([0.0, 1.0])
    x.attach_grad()

    def work() -> None:
        with autograd.record():
            y = nd.sqrt(x * 0)  # the infinite slope
        y.backward()
        x.grad.asnumpy()

    text = told(work)
    assert text.startswith("[the gradient of _mul_scalar] gave nan") and "from inf to inf" in text
    assert text.rpartition("recorded at ")[2].startswith(line("the infinite slope"))
    assert told(work, inf=True).startswith("[the gradient of sqrt] gave nan or inf")


def test_the_step_of_a_loop_is_named() -> None:
    def work() -> None:
        def body(row: nd.NDArray, state: list[nd.NDArray]) -> Any:
            left = state[0] - row
            return nd.log(left), [left]  # the logarithm

        rows, first = nd.ones((4,)), [nd.array([2.5])]
        nd.contrib.foreach(body, rows, first)[0].asnumpy()  # the loop

    text = told(work).splitlines()
    assert text[0].startswith("[log] gave nan: 1 of 1") and text[1] == "  left: float32[1] from -0.5 to -0.5"
    assert text[2] == f"  in foreach, step 2 at {line('the loop')}"
    assert text[3].startswith(f"  recorded at {line('the logarithm')}")


def test_a_compiled_call_is_opened() -> None:
    @lazynd.compile
    def inner(a: nd.NDArray) -> nd.NDArray:
        return nd.log(a) + 1  # in the inner one

    @lazynd.compile
    def outer(a: nd.NDArray, b: nd.NDArray) -> nd.NDArray:
        return inner(a - b) * 2  # in the outer one

    text = told(lambda: outer(nd.array([1.0, 2.0]), nd.array([3.0, 1.0])).asnumpy()).splitlines()
    assert text[0].startswith("[log] gave nan: 1 of 2") and text[1] == "  a: float32[2] from -2.0 to 1.0"
    assert "outer" in text[2] and "inner" in text[3] and text[3].endswith(f" at {line('in the outer one')}")
    assert text[4].startswith(f"  recorded at {line('in the inner one')}")


def test_calls_on_a_tape_are_opened() -> None:
    @lazynd.compile
    def root(a: nd.NDArray) -> nd.NDArray:
        b = nd.sqrt(a)  # the root inside
        return b * 0

    x = nd.array([0.0, 1.0])
    x.attach_grad()
    with autograd.record():
        y = root(x - 1)
    assert f"recorded at {line('the root inside')}" in told(lambda: y.asnumpy())


def test_the_gradient_of_a_hybridized_call_is_opened() -> None:
    class Root(gluon.HybridBlock):
        def hybrid_forward(self, F: Any, x: Any) -> Any:
            return F.sqrt(x) * x  # whose slope is infinite

    net = Root(prefix="net_")
    net.hybridize()
    x = nd.array([0.0, 1.0])
    x.attach_grad()

    def work() -> None:
        with autograd.record():
            y = net(x)  # called here
        y.backward()
        x.grad.asnumpy()

    text = told(work)
    assert f"  in the gradient of net at {line('called here')}" in text.splitlines()
    assert text.rpartition("recorded at ")[2].startswith(line("whose slope is infinite"))


def test_a_step_that_nobody_reads_is_told_of_where_the_next_one_begins() -> None:
    net = gluon.nn.Dense(2)
    net.initialize()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1e30})
    steps = []

    def work() -> None:
        for number in range(6):
            steps.append(number)
            with autograd.record():
                loss = (net(nd.ones((2, 3))) ** 2).mean()
            loss.backward()
            trainer.step(1)

    assert "gave nan" in told(work)
    assert len(steps) < 6, "it was not the end of the block that told"
    assert not autograd.is_recording()
    assert np.isnan(net.weight.data().asnumpy()).any()


def test_what_nobody_depends_on_is_nobodys_fault() -> None:
    x = nd.array([1.0, -1.0])
    with lazynd.debug_nans():
        kept = nd.where(x > 0, nd.log(x), nd.zeros_like(x))
        assert kept.asnumpy().tolist() == [0, 0]
    assert told(lambda: nd.sqrt(nd.where(x > 0, nd.log(x), x)).asnumpy()).startswith("[sqrt]")


def test_nan_in_data_is_said_to_have_come_in() -> None:
    x = nd.array([1.0, float("nan")])
    assert told(lambda: (x * 2).asnumpy()).startswith("nan came in with x, which _mul_scalar reads\n  recorded at ")
    text = told(lambda: (nd.ones(2) * float("nan")).asnumpy())
    assert text.startswith("nan came in with a number: scalar of _mul_scalar\n  recorded at ")


def test_what_is_pending_at_the_end_of_the_block_runs_there() -> None:
    x = nd.array([-1.0])
    with pytest.raises(BadValue), lazynd.debug_nans():
        y = nd.sqrt(x)
    assert np.isnan(y.asscalar())


def test_infinity_is_an_option() -> None:
    x = nd.zeros((2,))
    with lazynd.debug_nans():
        (1 / x).asnumpy()
    assert told(lambda: (1 / x).asnumpy(), inf=True).startswith("[_rdiv_scalar] gave nan or inf: 2 of 2")


def test_it_is_a_decorator_and_a_setting() -> None:
    @lazynd.debug_nans()
    def work() -> Any:
        return nd.log(nd.array([-1.0])).asnumpy()

    with pytest.raises(BadValue):
        work()
    with lazynd.config.using(debug_nans="nan"), pytest.raises(BadValue):
        work.__wrapped__()  # type: ignore[attr-defined]  # of a decorated function
    assert lazynd.config.debug_nans == "off"


def test_integers_and_what_another_thread_does_are_left_alone() -> None:
    done = []

    def work() -> None:
        done.append((nd.array([1, 2], dtype="int32") * 2).asnumpy().tolist())

    with lazynd.debug_nans():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        work()
    assert done == [[2, 4]] * 2


def test_nothing_is_counted_but_what_runs(delta: Any) -> None:
    def runs() -> list[int]:
        since = delta()
        (nd.array([1.0, 2.0]) * 2 + 1).sum().asscalar()
        return [since.forces, since.executed, since.interpreted, since.runs]

    plain = runs()
    with lazynd.debug_nans():
        assert runs() == plain
