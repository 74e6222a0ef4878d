"""Blocks of symbols; what is asserted is what MXNet does."""

from __future__ import annotations

import pathlib
import pickle

import numpy as np
import pytest

import lazynd
from lazynd import autograd, gluon, nd, sym


def composed() -> sym.Symbol:
    hidden = sym.FullyConnected(sym.var("data"), num_hidden=4, name="fc1")
    return sym.Activation(sym.BatchNorm(hidden, fix_gamma=False, name="bn"), act_type="relu", name="out")


def test_arguments_that_are_no_inputs_are_parameters() -> None:
    net = gluon.SymbolBlock(composed(), sym.var("data"))
    found = net.collect_params()
    assert list(found) == ["fc1_weight", "fc1_bias", "bn_gamma", "bn_beta", "bn_moving_mean", "bn_moving_var"]
    assert [each.grad_req for each in found.values()] == ["write"] * 4 + ["null"] * 2
    assert repr(net) == "SymbolBlock(\n<Symbol out> : 1 -> 1\n)" and net.prefix == ""
    assert "data" in gluon.SymbolBlock(composed(), [sym.var("other")]).collect_params()


def test_it_computes_and_learns_its_shapes() -> None:
    net = gluon.SymbolBlock(composed(), sym.var("data"))
    net.initialize(lazynd.init.One())
    np.testing.assert_allclose(net(nd.ones((2, 3))).asnumpy(), np.full((2, 4), 3.9985013), rtol=1e-6)
    assert net.params["fc1_weight"].shape == (4, 3)


@pytest.mark.parametrize("hybridize", [False, True])
def test_it_trains_and_moves_its_statistics(hybridize: bool) -> None:
    net = gluon.SymbolBlock(composed(), sym.var("data"))
    net.initialize(lazynd.init.Normal(0.5))
    x = nd.array(np.random.default_rng(0).random((8, 3)))
    net(x)
    if hybridize:
        net.hybridize()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.5})
    losses = []
    for _ in range(40):
        with autograd.record():
            loss = ((net(x) - 1) ** 2).mean()
        loss.backward()
        trainer.step(1)
        losses.append(loss.asscalar())
    assert losses[-1] < 0.6 * losses[0]
    assert np.abs(net.params["bn_moving_mean"].data().asnumpy()).max() > 0


def test_parameters_of_another_block_are_shared() -> None:
    dense = gluon.nn.Dense(2, prefix="net_")
    out = dense(sym.var("data"))
    net = gluon.SymbolBlock([out, out * 2], sym.var("data"), params=dense.collect_params())
    dense.initialize()
    x = nd.ones((1, 3))
    one, two = net(x)
    assert net.params["net_weight"] is dense.weight and list(net._reg_params) == ["weight", "bias"]
    np.testing.assert_array_equal(one.asnumpy(), dense(x).asnumpy())
    np.testing.assert_array_equal(two.asnumpy(), 2 * one.asnumpy())


def test_it_composes_with_symbols_and_other_blocks() -> None:
    net = gluon.SymbolBlock(composed(), sym.var("data"))
    assert net(sym.var("y")).list_arguments() == ["y", "fc1_weight", "fc1_bias", "bn_gamma", "bn_beta"]
    whole = gluon.nn.HybridSequential()
    whole.add(net, gluon.nn.Dense(1))
    whole.initialize()
    assert whole(nd.ones((2, 3))).shape == (2, 1)


def test_parameters_are_saved_and_loaded(tmp_path: pathlib.Path) -> None:
    net, other = (gluon.SymbolBlock(composed(), sym.var("data")) for _ in range(2))
    net.initialize(lazynd.init.Normal(0.5))
    x = nd.ones((2, 3))
    expected = net(x).asnumpy()
    net.save_parameters(str(tmp_path / "net.params"))
    other.load_parameters(str(tmp_path / "net.params"))
    np.testing.assert_array_equal(other(x).asnumpy(), expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(net))(x).asnumpy(), expected)


def test_half_precision_leaves_the_statistics_in_single() -> None:
    net = gluon.SymbolBlock(composed(), sym.var("data"))
    net.cast("float16")
    net.initialize()
    assert net(nd.ones((2, 3), dtype="float16")).dtype == np.float16
    kinds = {name: np.dtype(each.dtype).name for name, each in net.collect_params().items()}
    assert kinds["fc1_weight"] == "float16" and kinds["bn_gamma"] == kinds["bn_moving_var"] == "float32"


def test_wrong_uses_are_told() -> None:
    with pytest.raises(AssertionError, match="Input symbols must be variable, but <Symbol fc1> is an output"):
        gluon.SymbolBlock(composed(), composed().get_internals()["fc1_output"])
    net = gluon.SymbolBlock(composed(), sym.var("data"))
    net.initialize()
    with pytest.raises(ValueError, match="the inputs are data, but 2 were given"):
        net(nd.ones((2, 3)), nd.ones(2))
    with pytest.raises(NotImplementedError):
        net.hybrid_forward(nd, nd.ones(2))
    with pytest.raises(NotImplementedError, match="not built yet"):
        gluon.SymbolBlock.imports("net.json", ["data"])
