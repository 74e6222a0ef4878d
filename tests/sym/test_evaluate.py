"""Symbols on arrays: values, gradients, auxiliary states, draws, errors; and as graphs of the IR."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import MXNetError, autograd, nd, sym
from lazynd.ir.call import call
from lazynd.ir.specialization import DRAW
from lazynd.ir.types import FLOAT32, Type
from lazynd.ir.verify import verify
from lazynd.sym.binding import bind

from .. import differentiation


def arrays_for(symbol: Any, seed: int = 0, **shapes: tuple[int, ...]) -> dict[str, Any]:
    """Arrays of the shapes that follow, with small numbers; 1 for variances."""
    arguments, _, states = symbol.infer_shape(**shapes)
    rng = np.random.default_rng(seed)
    named = zip([*symbol.list_arguments(), *symbol.list_auxiliary_states()], [*arguments, *states], strict=True)
    return {
        name: nd.array(np.ones(shape) if name.endswith("_var") else rng.uniform(-0.5, 0.5, shape))
        for name, shape in named
    }


def small_net() -> Any:
    x = sym.Convolution(sym.var("data"), kernel=(3, 3), num_filter=2, name="conv")
    x = sym.BatchNorm(x, fix_gamma=False, name="bn")
    return sym.FullyConnected(sym.relu(x), num_hidden=3, name="fc")


def by_hand(given: dict[str, Any]) -> Any:
    x = nd.Convolution(given["data"], given["conv_weight"], given["conv_bias"], kernel=(3, 3), num_filter=2)
    states = (given["bn_moving_mean"], given["bn_moving_var"])
    x = nd.BatchNorm(x, given["bn_gamma"], given["bn_beta"], *states, fix_gamma=False)
    return nd.FullyConnected(nd.relu(x), given["fc_weight"], given["fc_bias"], num_hidden=3)


@pytest.mark.parametrize("training", [False, True])
def test_values_gradients_and_states_are_those_of_nd(training: bool) -> None:
    net = small_net()
    results = []
    for run in (lambda given: sym.evaluate(net, given)[0], by_hand):
        given = arrays_for(net, data=(2, 1, 5, 5))
        weights = [given[name] for name in net.list_arguments()]
        for each in weights:
            each.attach_grad()
        with autograd.record(train_mode=training):
            loss = (run(given) ** 2).sum()
        loss.backward()
        states = [given[name] for name in net.list_auxiliary_states()]
        results.append([each.asnumpy() for each in (loss, *states, *(w.grad for w in weights))])
    for found, expected in zip(*results, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert np.any(results[0][2] != 1) == training  # the variance began at 1


@pytest.mark.lazy
def test_it_is_lazy_and_one_node_an_operator() -> None:
    net = small_net()
    given = arrays_for(net, data=(2, 1, 5, 5))
    nd.waitall()
    before = lazynd.stats().forces
    made = sym.evaluate(net, given)[0]
    assert lazynd.stats().forces == before and made.shape == (2, 3)
    pending = [node.spec.op.name for node in lazynd.viz.graph(made).nodes if node.spec is not None]
    assert pending == ["Convolution", "BatchNorm", "relu", "FullyConnected"]


def test_outputs_of_one_node_and_shared_parts_run_once() -> None:
    parts = sym.split(sym.var("x"), num_outputs=3, name="parts")
    net = sym.Group([parts[2], parts[0] + parts[1], parts[2]])
    found = sym.evaluate(net, {"x": nd.arange(6).reshape((2, 3))})
    assert [each.asnumpy().ravel().tolist() for each in found] == [[2, 5], [1, 7], [2, 5]]


def test_draws_are_numbered_as_for_nd() -> None:
    net = sym.Dropout(sym.var("x"), p=0.5) + sym.random.uniform(0, 1, (40,))
    x = nd.ones((40,))
    with autograd.train_mode():
        nd.random.seed(3)
        found = sym.evaluate(net, {"x": x})[0].asnumpy()
        nd.random.seed(3)
        expected = (nd.Dropout(x, p=0.5) + nd.random.uniform(0, 1, (40,))).asnumpy()
    np.testing.assert_array_equal(found, expected)


def test_eval_predicts_and_records_nothing() -> None:
    x = nd.ones((50,))
    x.attach_grad()
    with autograd.record():
        made = sym.Dropout(sym.var("x"), p=0.5).eval(x=x)[0]
        assert autograd.is_training()
    assert made.asnumpy().tolist() == [1] * 50
    with pytest.raises(MXNetError):
        made.backward()


def test_eval_on_a_context() -> None:
    made = (sym.zeros((2,)) + sym.var("x")).eval(lazynd.cpu(1), x=nd.ones((2,)))
    assert made[0].context == lazynd.cpu(1)


def test_errors_name_the_node_its_line_and_what_is_missing() -> None:
    net = sym.FullyConnected(sym.var("data"), num_hidden=3, name="fc")
    with pytest.raises(ValueError, match=r"key `fc_weight` is missing in `args`: there are data"):
        sym.evaluate(net, {"data": nd.ones((2, 3))})
    with pytest.raises(TypeError, match=r"array for data must be an NDArray, got int"):
        sym.evaluate(net, {"data": 3})  # type: ignore[dict-item]
    wrong = {"data": nd.ones((2, 3)), "fc_weight": nd.ones((3, 4)), "fc_bias": nd.ones((3,))}
    with pytest.raises(
        MXNetError, match=r"(?s)Error in operator fc: .*weight must be \[3, 3\].*composed at .*test_eval"
    ):
        sym.evaluate(net, wrong)
    with pytest.raises(MXNetError, match=r"(?s)Error in operator fc: .*composed at .*test_evaluate.py:\d+: net = sym"):
        net.infer_shape(data=(2, 3), fc_weight=(3, 4))


def test_a_long_chain_needs_no_recursion() -> None:
    x = sym.var("x")
    for _ in range(2000):
        x = x + 1
    assert len(x.get_internals()) == 2001
    assert x.infer_shape(x=(2,))[1] == [(2,)]
    assert sym.evaluate(x, {"x": nd.zeros((2,))})[0].shape == (2,)
    assert pickle.loads(pickle.dumps(x)).list_outputs() == x.list_outputs()
    assert x(x=sym.var("y")).list_arguments() == ["y"]


def test_control_flow_has_gradients_and_takes_from_outside() -> None:
    w = sym.var("w")
    out, last = sym.contrib.foreach(lambda row, state: (row * w, state + row * w), sym.var("x"), sym.var("s"))
    net = sym.Group([out, last])
    assert net.list_arguments() == ["x", "s", "w"]
    assert net.infer_shape(x=(3, 2), s=(2,))[0] == [(3, 2), (2,), (2,)]
    given = {"x": nd.array([[1, 2], [3, 4], [5, 6]]), "s": nd.zeros((2,)), "w": nd.array([2, 3])}
    given["w"].attach_grad()
    with autograd.record():
        rows, total = sym.evaluate(net, given)
        total.sum().backward()
    assert rows.asnumpy().tolist() == [[2, 6], [6, 12], [10, 18]]
    assert total.asnumpy().tolist() == [18, 36] and given["w"].grad.asnumpy().tolist() == [9, 12]


def test_a_layer_in_a_loop_makes_its_own_weights() -> None:
    def step(row: Any, state: Any) -> Any:
        made = sym.tanh(sym.FullyConnected(row, num_hidden=4, name="i2h") + sym.FullyConnected(
            state, num_hidden=4, name="h2h"))  # fmt: skip
        return made, made

    out, _ = sym.contrib.foreach(step, sym.var("x"), sym.var("h"))
    assert out.list_arguments() == ["x", "h", "i2h_weight", "i2h_bias", "h2h_weight", "h2h_bias"]
    assert out.infer_shape(x=(5, 2, 3))[0][1:4] == [(2, 4), (4, 3), (4,)]
    given = arrays_for(out, x=(5, 2, 3))
    found = sym.evaluate(out, given)[0].asnumpy()
    h, names = given["h"], ("i2h_weight", "i2h_bias", "h2h_weight", "h2h_bias")
    iw, ib, hw, hb = (given[name] for name in names)
    for number in range(5):
        h = nd.tanh(nd.FullyConnected(given["x"][number], iw, ib, num_hidden=4)
                    + nd.FullyConnected(h, hw, hb, num_hidden=4))  # fmt: skip
        # The loop and the steps by hand multiply the same numbers; a fused product may round once less.
        np.testing.assert_allclose(found[number], h.asnumpy(), rtol=1e-6, atol=1e-7)


def test_while_loops_and_choices() -> None:
    i, total = sym.var("i"), sym.var("total")
    outputs, last = sym.contrib.while_loop(
        lambda i, total: i < 4, lambda i, total: (total, [i + 1, total + i]), [i, total], max_iterations=5
    )
    given = {"i": nd.array([1]), "total": nd.array([0])}
    assert outputs.eval(**given)[0].asnumpy().ravel().tolist() == [0, 1, 3, 0, 0]
    assert [each.eval(**given)[0].asscalar() for each in last] == [4, 6]
    x = sym.var("x")
    chosen = sym.contrib.cond(sym.var("p"), lambda: [x + 1, x], lambda: [x * 10, x - 1])
    assert [each.eval(p=nd.array([0]), x=nd.array([2]))[0].asscalar() for each in chosen] == [20, 1]
    with pytest.raises(ValueError, match="branches do not match"):
        sym.contrib.cond(x, lambda: [x], lambda: [x, x])


def test_custom_operators_run_and_are_inferred() -> None:
    class Scale(lazynd.operator.CustomOp):
        def forward(self, is_train: Any, req: Any, in_data: Any, out_data: Any, aux: Any) -> None:
            self.assign(out_data[0], req[0], in_data[0] * in_data[1])
            aux[0][:] = aux[0] + 1

    @lazynd.operator.register("scaled_in_symbols")
    class ScaleProp(lazynd.operator.CustomOpProp):
        def list_arguments(self) -> list[str]:
            return ["data", "scale"]

        def list_auxiliary_states(self) -> list[str]:
            return ["calls"]

        def infer_shape(self, in_shape: Any) -> Any:
            return [in_shape[0], in_shape[0]], [in_shape[0]], [(1,)]

        def create_operator(self, ctx: Any, in_shapes: Any, in_dtypes: Any) -> Any:
            return Scale()

    net = sym.Custom(sym.var("data") + 1, op_type="scaled_in_symbols", name="c")
    assert net.list_inputs() == ["data", "c_scale", "c_calls"] and net.list_auxiliary_states() == ["c_calls"]
    assert net.infer_shape(data=(2, 3)) == ([(2, 3), (2, 3)], [(2, 3)], [(1,)])
    calls = nd.zeros((1,))
    found = sym.evaluate(net, {"data": nd.ones((2,)), "c_scale": nd.array([3, 4]), "c_calls": calls})[0]
    assert found.asnumpy().tolist() == [6, 8] and calls.asscalar() == 1


@pytest.mark.parametrize("training", [False, True])
def test_a_bound_symbol_computes_the_same(training: bool) -> None:
    net = small_net()
    given = arrays_for(net, data=(2, 1, 5, 5))
    types = {name: Type(each.shape, FLOAT32) for name, each in given.items()}
    bound = bind(net, types, training)
    verify(bound.graph)
    assert not bound.slots and len(bound.writes) == (2 if training else 0)
    spec = call(bound.graph, "net", bound.slots, bound.writes)
    names = [*net.list_arguments(), *net.list_auxiliary_states()]
    found = differentiation.interpret(spec, [given[name].asnumpy() for name in names])
    with autograd.train_mode() if training else autograd.predict_mode():
        expected = [*sym.evaluate(net, given), *(given[names[i]] for i in bound.writes)]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other.asnumpy(), rtol=1e-5, atol=1e-6)  # sums of 18 and of 18 products


def test_a_bound_symbol_keeps_draws_and_lines() -> None:
    net = sym.Dropout(sym.var("x"), p=0.5, name="d")
    bound = bind(net, {"x": Type((4,), FLOAT32)}, training=True)
    assert [slot.kind for slot in bound.slots] == [DRAW, DRAW] and len(bound.graph.inputs) == 3
    assert bound.graph.nodes[-1].code is not None and "test_evaluate" in bound.graph.nodes[-1].code.co_filename
    with pytest.raises(MXNetError, match="the type of x is missing"):
        bind(net, {})


def test_what_a_body_takes_twice_is_one_input() -> None:
    """The weight has its shape from one use, the other use knows it too."""
    w = sym.var("w")

    def step(row: Any, state: Any) -> Any:
        return sym.dot(row, w), state + sym.dot(row, sym.var("w"))

    out, _ = sym.contrib.foreach(step, sym.var("x"), sym.var("s"))
    assert out.list_arguments() == ["x", "s", "w"]
    found = out.eval(x=nd.ones((2, 1, 3)), s=nd.zeros((1, 2)), w=nd.ones((3, 2)))[0]
    assert found.asnumpy().tolist() == [[[3, 3]], [[3, 3]]]
    inner, _ = sym.contrib.foreach(lambda r, s: (sym.contrib.foreach(
        lambda q, t: (q * w, t), r, s)[0], s), sym.var("x"), sym.var("s"))  # fmt: skip
    assert inner.list_arguments() == ["x", "s", "w"]
    found = inner.eval(x=nd.ones((2, 3, 2)), s=nd.zeros((1,)), w=nd.array([1, 2]))[0]
    assert found.asnumpy().tolist() == [[[1, 2]] * 3] * 2


def test_zeros_of_an_open_shape_take_the_shape_that_follows() -> None:
    x = sym.var("x")
    net = sym.FullyConnected(sym.zeros((0, 4)), num_hidden=3, no_bias=True, name="h2h") + x + sym.full((0, 0), 2)
    given = {"x": nd.ones((2, 3)), "h2h_weight": nd.ones((3, 4))}
    assert sym.evaluate(net, given)[0].asnumpy().tolist() == [[3, 3, 3]] * 2
    bound = bind(net, {name: Type(each.shape, FLOAT32) for name, each in given.items()})
    assert bound.graph.outputs[0].type.shape == (2, 3)
    with pytest.raises(
        MXNetError, match=r"(?s)Error in operator open: its shape \(0, 4\) does not follow.*composed at"
    ):
        sym.evaluate(sym.zeros((0, 4), name="open"), {})
