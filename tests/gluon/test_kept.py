"""Blocks that keep numbers and arrays in attributes give what Python gives, hybridized and in compiled steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, gluon, nd
from lazynd.gluon import nn, rnn

X = nd.array(np.linspace(-1, 1, 8).reshape(2, 4))


class Scaled(gluon.HybridBlock):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = 2.0

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return x * self.factor


class Keeping(gluon.HybridBlock):
    def hybrid_forward(self, F: Any, x: Any) -> Any:
        self.last = x * 2
        return x + 1


class Around(gluon.HybridBlock):
    def __init__(self, inside: gluon.HybridBlock, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inside = inside

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return self.inside(x) * 3


class Centred(gluon.Block):
    """Keeps a mean, as batch normalisation from scratch does."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mean = nd.zeros((1, 3))

    def forward(self, x: Any) -> Any:
        self.mean = 0.9 * self.mean + 0.1 * x.mean(axis=0, keepdims=True)
        return x - self.mean


@pytest.mark.parametrize("around", [False, True])
def test_a_number_that_changes(around: bool) -> None:
    inside = Scaled()
    net = Around(inside) if around else inside
    net.hybridize()
    before = net(X).asnumpy()
    inside.factor = 4.0
    np.testing.assert_array_equal(net(X).asnumpy(), before * 2)


def test_an_array_that_a_block_inside_keeps() -> None:
    net = Around(Keeping())
    net.hybridize()
    for _ in range(2):
        np.testing.assert_array_equal(net(X).asnumpy(), (X.asnumpy() + 1) * 3)
        np.testing.assert_array_equal(net.inside.last.asnumpy(), X.asnumpy() * 2)


def _steps(compile: bool) -> list[Any]:
    net = nn.Sequential()
    net.add(nn.Dense(3, in_units=4), Centred(), nn.Dense(1, in_units=3))
    net.initialize("ones")
    net[0].weight.set_data(nd.array(np.linspace(-1, 2, 12).reshape(3, 4)))
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})

    def step(x: Any) -> Any:
        with autograd.record():
            loss = (net(x) ** 2).mean()
        loss.backward()
        trainer.step(2)
        return loss

    run = lazynd.compile(step) if compile else step
    return [*(run(X).asscalar() for _ in range(4)), *net[1].mean.asnumpy().ravel()]


def test_a_block_that_keeps_an_array_in_a_compiled_step() -> None:
    assert _steps(True) == _steps(False)


class Unrolled(gluon.HybridBlock):
    def __init__(self, cell: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cell = cell

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return self.cell.unroll(3, x, layout="NTC", merge_outputs=True)[0]


def _zoned_out(hybridize: bool) -> list[Any]:
    net = Unrolled(rnn.ZoneoutCell(rnn.RNNCell(3, input_size=4), 0.5, 0.5))
    net.initialize("ones")
    if hybridize:
        net.hybridize()
    lazynd.random.seed(3)
    found = []
    for _ in range(3):
        with autograd.record():
            out = net(nd.array(np.linspace(-1, 1, 24).reshape(2, 3, 4)))
        out.backward()
        found += [out.asnumpy(), net.cell.base_cell.i2h_weight.grad().asnumpy()]
    return found


def test_zoneout_is_hybridized(on_numpy: None) -> None:
    for each, other in zip(_zoned_out(True), _zoned_out(False), strict=True):
        np.testing.assert_array_equal(each, other)


@pytest.mark.lazy
def test_cells_that_name_their_steps_are_traced_once() -> None:
    class Counting(rnn.RNNCell):
        def hybrid_forward(self, F: Any, *args: Any, **params: Any) -> Any:
            assert self._counter >= 0
            return super().hybrid_forward(F, *args, **params)

    cell: Any = Counting(3, input_size=4)
    cell.initialize()
    cell.hybridize()
    states = cell.begin_state(batch_size=2)
    for _ in range(4):
        _, states = cell(X, states)
    assert cell._compiled.traces == 1


UNREAD = {
    "zeros_like": lambda F, w, x: F.zeros_like(w) + 1,
    "ones_like": lambda F, w, x: F.ones_like(w),
    "shape_array": lambda F, w, x: F.cast(F.shape_array(w), "float32"),
    "fix_gamma": lambda F, w, x: F.BatchNorm(x, w, F.zeros_like(w), F.zeros_like(w), F.ones_like(w), fix_gamma=True),
}


class Unread(gluon.HybridBlock):
    """A layer that uses ``weight``, but not its values."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what = what
        self.scale = self.params.get("scale", shape=(3,), init="ones")
        self.weight = self.params.get("weight", shape=(3,), init="ones")

    def hybrid_forward(self, F: Any, x: Any, scale: Any, weight: Any) -> Any:
        return F.broadcast_mul(F.broadcast_mul(x, scale), UNREAD[self.what](F, weight, x))


@pytest.mark.parametrize("mode", ["imperative", "hybridized", "compiled"])
@pytest.mark.parametrize("what", UNREAD)
def test_a_parameter_that_is_used_but_not_read_is_not_stale(what: str, mode: str) -> None:
    net = Unread(what)
    net.initialize()
    if mode != "imperative":
        net.hybridize()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1, "wd": 0.5})

    def step(x: nd.NDArray) -> nd.NDArray:
        with autograd.record():
            loss = net(x).sum()
        loss.backward()
        trainer.step(1)
        return loss

    run = lazynd.compile(step) if mode == "compiled" else step
    for _ in range(3):
        run(nd.array([[1, 2, 3], [4, 5, 6]]))
    # Its gradient is 0, and it decays; the forward pass of BatchNorm sets it to 1.
    assert net.weight.data().asnumpy().tolist() == [0.5 if what == "fix_gamma" else 0.125] * 3
    assert not net._reg_params["weight"].grad().asnumpy().any()


class Printing(gluon.HybridBlock):
    def __init__(self, how: Any) -> None:
        super().__init__()
        self.how = how
        self.dense = nn.Dense(2, in_units=4)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        self.how(x)
        return self.dense(x * 2)


PRINTS = {
    "print": print,
    "f-string": lambda x: print(f"{x}"),
    "repr": lambda x: print(repr(x)),
    "part": lambda x: print(x[0]),
}


@pytest.mark.lazy
@pytest.mark.parametrize("how", PRINTS)
def test_printing_shows_what_an_array_is_once_and_does_not_make_it_python(
    how: str, capsys: Any, on_numpy: None
) -> None:
    net = Printing(PRINTS[how])
    net.initialize()
    expected = net(X).asnumpy()
    assert "[" in capsys.readouterr().out, "values where nothing is compiled"
    net.hybridize()
    for _ in range(3):
        np.testing.assert_allclose(net(X).asnumpy(), expected, rtol=1e-6)  # products of four terms
    shape = "4" if how == "part" else "2x4"
    assert capsys.readouterr().out == f"<NDArray {shape} @cpu(0), inside a compiled call>\n"
    assert net._compiled.traces == 1 and not net._compiled.reasons


@pytest.mark.lazy
def test_printing_in_a_compiled_step_shows_values_but_in_a_hybridized_net_inside(capsys: Any, on_numpy: None) -> None:
    net = Printing(print)
    net.initialize()
    net.hybridize()
    net(X).wait_to_read()
    capsys.readouterr()
    inside = lazynd.compile(lambda x: net(x) * 2)
    inside(X)
    inside(X)
    assert capsys.readouterr().out.count("inside a compiled call") <= 1 and not inside.reasons

    @lazynd.compile
    def step(x: nd.NDArray) -> nd.NDArray:
        y = net(x)
        print(y)
        return y

    for _ in range(2):
        step(X)
        assert "[" in capsys.readouterr().out
    assert step.reasons == ["a value is needed: print"]
