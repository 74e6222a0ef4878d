"""Blocks: names, registration, prints, hooks, calls and messages, as MXNet has them; the expected texts are its own."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, gluon, nd
from lazynd.gluon import Block, HybridBlock, nn
from lazynd.name import NameManager

#: Programs run in the interpreter: nothing here is about what is compiled.
pytestmark = pytest.mark.usefixtures("on_numpy")


class Net(Block):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.d = nn.Dense(3, in_units=2)
            self.w = self.params.get("w", shape=(2, 2))
            self.c = self.params.get_constant("k", nd.ones((2,)))

    def forward(self, x: Any) -> Any:
        return self.d(x)


class Scale(HybridBlock):
    """``x . w``, of which the shape of ``w`` does not follow."""

    def __init__(self, shape: tuple[int, ...] = (0, 2), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.w = self.params.get("w", shape=shape, allow_deferred_init=True)

    def hybrid_forward(self, F: Any, x: Any, w: Any) -> Any:
        return F.dot(x, w)


# ---------------------------------------------------------------------------------------------------- names


def test_names_are_counted_by_class_and_by_scope() -> None:
    with NameManager():
        one, other, net = nn.Dense(1), nn.Dense(1), Net()
        assert (one.prefix, one.name, other.prefix) == ("dense0_", "dense0", "dense1_")
        assert list(net.collect_params()) == ["net0_w", "net0_k", "net0_dense0_weight", "net0_dense0_bias"]
        assert list(Net(prefix="a_").collect_params())[-1] == "a_dense0_bias"
        with net.name_scope():
            assert nn.Dense(1).prefix == "net0_dense1_", "the scope goes on counting"
            assert nn.Conv2D(1, 1).prefix == "net0_conv0_"
        assert nn.Activation("relu").name == "relu0"
        assert [nn.MaxPool2D().name, nn.GlobalAvgPool1D().name] == ["pool0", "pool1"]


def test_prefixes_are_given_or_empty() -> None:
    with NameManager():
        assert list(nn.Dense(1, prefix="out_").collect_params()) == ["out_weight", "out_bias"]
        bare = nn.Dense(1, prefix="")
        assert list(bare.collect_params()) == ["weight", "bias"] and bare.name == ""
        with bare.name_scope():
            assert nn.Dense(1).prefix == "dense0_", "an empty prefix makes no scope"
        net = nn.HybridSequential(prefix="net_")
        with net.name_scope():
            inner = nn.HybridSequential(prefix="inner_")
            with inner.name_scope():
                inner.add(nn.Dense(1))
            net.add(inner)
        assert list(net.collect_params()) == ["net_inner_dense0_weight", "net_inner_dense0_bias"]
        assert net.params.prefix == "net_"


def test_parameters_are_shared() -> None:
    one = nn.Dense(3, in_units=4)
    other = nn.Dense(3, in_units=4, params=one.params)
    assert other.weight is one.weight and other.prefix != one.prefix
    assert list(other.collect_params()) == list(one.collect_params())
    with pytest.raises(AssertionError, match=r"desired '\(2, 0\)' vs stored '\(3, 4\)'"):
        nn.Dense(2, params=one.params)
    net = nn.Sequential()
    net.add(one, nn.Dense(2), other)
    net.initialize()
    x = nd.ones((1, 4))
    one.weight.data()[:] = 2
    assert (other(x).asnumpy() == one(x).asnumpy()).all()
    assert len(list(net.collect_params())) == 4


# ---------------------------------------------------------------------------------------------------- registration


def test_attributes_are_registered_and_keep_their_kind() -> None:
    net = Net()
    assert list(net._collect_params_with_prefix()) == ["w", "c", "d.weight", "d.bias"]
    for name, value, kinds in (("d", 3, "Dense'> to <class 'int'>"), ("w", 3, "Parameter'> to <class 'int'>")):
        with pytest.raises(TypeError, match=rf"Changing attribute type for {name} from .*{kinds}is not allowed"):
            setattr(net, name, value)
    with pytest.raises(AssertionError, match=r"Overriding Parameter attribute w is not allowed. If you want to share"):
        net.w = gluon.Parameter("x")
    net.d = nn.Dense(5)
    assert net.d._units == 5 and net._children["d"] is net.d
    net.other = 3
    net.other = nn.Dense(1)
    assert net._children["other"] is net.other


def test_children_of_hybrid_blocks_are_hybrid() -> None:
    for block in (nn.Sequential(), 3):
        with pytest.raises(ValueError, match=r"Children of HybridBlock must also be HybridBlock, but (?s:.*) has type"):
            nn.HybridSequential().add(block)  # type: ignore[arg-type]
    net = Scale()
    with pytest.raises(ValueError, match=r"If you are using Sequential, please try HybridSequential instead"):
        net.inner = nn.Sequential()
    assert not net._children


def test_containers_of_blocks_are_warned_of() -> None:
    class Listed(Net):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = [nn.Dense(1)]

    with pytest.warns(UserWarning, match='^"Listed.blocks" is an unregistered container with Blocks. Note that'):
        found = Listed().collect_params()
    assert len(list(found)) == 4
    net = Listed()
    net.register_child(net.blocks[0])
    assert len(list(net.collect_params())) == 6, "no warning"


def test_parameters_are_selected_by_pattern() -> None:
    net = Net(prefix="a_")
    assert list(net.collect_params(".*weight")) == ["a_dense0_weight"]
    assert list(net.collect_params("a_w|a_dense0_b")) == ["a_w", "a_dense0_bias"]


def test_apply_goes_from_the_inside_out() -> None:
    seen: list[str] = []
    net = nn.Sequential(prefix="net_")
    net.add(nn.Dense(1, prefix="one_"), nn.Dense(1, activation="relu", prefix="two_"))
    assert net.apply(lambda block: seen.append(block.name)) is net
    assert seen == ["one", "two_relu", "two", "net"]


def test_prints() -> None:
    assert repr(Net()) == "Net(\n  (d): Dense(2 -> 3, linear)\n)"
    net = nn.Sequential()
    inner = nn.HybridSequential()
    inner.add(nn.Dense(3, activation="relu"))
    net.add(inner, nn.Dropout(0.5))
    assert repr(net) == (
        "Sequential(\n  (0): HybridSequential(\n    (0): Dense(None -> 3, Activation(relu))\n  )\n"
        "  (1): Dropout(p = 0.5, axes=())\n)"
    )
    assert repr(nn.Sequential()) == "Sequential(\n\n)"


def test_stacks_are_sequences() -> None:
    net = nn.Sequential()
    net.add(nn.Dense(1), nn.Dense(2))
    net.add(nn.Dense(3))
    assert len(net) == 3 and net[-1]._units == 3 and [block._units for block in net] == [1, 2, 3]
    part = net[::2]
    assert isinstance(part, nn.Sequential) and [block._units for block in part] == [1, 3] and part.prefix == net.prefix
    with pytest.raises(IndexError):
        net[5]


# ---------------------------------------------------------------------------------------------------- calls


def test_calls_of_what_is_not_initialised() -> None:
    with pytest.raises(RuntimeError, match=r"Parameter 'out_weight' has not been initialized. Note that you should"):
        nn.Dense(2, prefix="out_")(nd.ones((1, 2)))


def test_calls_without_arrays() -> None:
    net = nn.Flatten()
    for wrong in (3, [], "x"):
        with pytest.raises(ValueError, match=r"In HybridBlock, there must be one NDArray or one Symbol in the input"):
            net(wrong)
    with pytest.raises(TypeError, match=r"takes 3 positional arguments but 4 were given"):
        net(nd.ones((1, 2)), nd.ones(1))
    with pytest.raises(TypeError, match=r"missing 1 required positional argument: 'x'"):
        net()
    for empty in (Block(), HybridBlock()):
        with pytest.raises(NotImplementedError, match=r"write one in the subclass"):
            empty(nd.ones(1))


def test_inputs_may_be_nested() -> None:
    class Pick(HybridBlock):
        def hybrid_forward(self, F: Any, x: Any, number: int) -> Any:
            return x[number]

    assert Pick()([nd.zeros(1), nd.ones(1)], 1).asscalar() == 1
    assert Pick()([[3], [nd.ones(1)]], 0) == [3]


def test_hybrid_forward_may_look_at_shapes_and_slice() -> None:
    class Half(HybridBlock):
        def hybrid_forward(self, F: Any, x: Any) -> Any:
            return x[:, : x.shape[1] // 2]

    assert Half()(nd.ones((2, 6))).shape == (2, 3)


def test_parameters_come_from_the_context_of_the_input() -> None:
    net = nn.Dense(2, in_units=3)
    net.initialize(ctx=[lazynd.cpu(0), lazynd.cpu(1)])
    for ctx in net.collect_params().list_ctx():
        assert net(nd.ones((1, 3), ctx=ctx)).context == ctx
    with pytest.raises(RuntimeError, match=r"was not initialized on context cpu\(2\)"):
        net(nd.ones((1, 3), ctx=lazynd.cpu(2)))

    class Made(HybridBlock):
        def hybrid_forward(self, F: Any, x: Any) -> Any:
            return F.zeros((1,))

    assert Made()(nd.ones(1, ctx=lazynd.cpu(1))).context == lazynd.cpu(1)


def test_hooks() -> None:
    seen: list[Any] = []
    net = nn.Sequential(prefix="net_")
    net.add(nn.Dense(3, prefix="one_"))
    net.initialize()
    before = net[0].register_forward_pre_hook(lambda block, inputs: seen.append((block.name, type(inputs))))
    after = net[0].register_forward_hook(lambda block, inputs, output: seen.append((block.name, output.shape)))
    net(nd.ones((2, 4)))
    assert seen == [("one", tuple), ("one", (2, 3))]
    after.detach()
    after.detach()
    net(nd.ones((2, 4)))
    assert len(seen) == 3
    with before:
        pass
    net(nd.ones((2, 4)))
    assert len(seen) == 3


def test_hybridizing_keeps_the_flags_on_children_and_warns() -> None:
    net = nn.HybridSequential()
    net.add(nn.Dense(2, activation="relu"))
    net.initialize()
    expected = net(nd.ones((1, 3))).asnumpy()
    net.hybridize(static_alloc=True, foo=3)
    for each in (net, net[0], net[0].act):
        assert each._active and each._flags["static_alloc"] and each._flags["foo"] == 3
    np.testing.assert_allclose(net(nd.ones((1, 3))).asnumpy(), expected, rtol=1e-6)
    net.hybridize(False)
    assert not net._active and not net[0]._active
    net.register_forward_hook(lambda *_: None)
    with pytest.warns(UserWarning, match=r"is hybridized while still having forward hook/pre-hook"):
        net.hybridize()
    plain = nn.Sequential(prefix="plain_")
    plain.add(nn.Dense(2))
    with pytest.warns(UserWarning, match=r"All children of this Sequential layer 'plain_' are HybridBlocks. Consider"):
        plain.hybridize()
    assert plain[0]._active
    with pytest.raises(ValueError, match=r"there is no backend 'x'"):
        net.optimize_for(nd.ones((1, 3)), backend="x")


def test_casting() -> None:
    net = nn.HybridSequential()
    net.add(nn.Dense(2), nn.BatchNorm())
    net.initialize()
    x = nd.ones((4, 3))
    net(x)
    net.cast("float64")
    assert net(x.astype("float64")).dtype == np.float64
    net.cast("float16")
    assert net(x.astype("float16")).dtype == np.float16
    assert net[0].weight.dtype == "float16" and net[1].gamma.dtype == "float32"


# ---------------------------------------------------------------------------------------------------- summary


def test_summary(capsys: pytest.CaptureFixture[str]) -> None:
    net = nn.Sequential()
    net.add(nn.Dense(3, activation="relu"), nn.Dropout(0.5), nn.Dense(2))
    net.initialize()
    net(nd.ones((2, 4)))
    net[2].bias.grad_req = "null"
    net.summary(nd.ones((2, 4)))
    rows = [
        "-" * 80,
        "        Layer (type)                                Output Shape         Param #",
        "=" * 80,
        "               Input                                      (2, 4)               0",
        "        Activation-1                                      (2, 3)               0",
        "             Dense-2                                      (2, 3)              15",
        "           Dropout-3                                      (2, 3)               0",
        "             Dense-4                                      (2, 2)               8",
        "=" * 80,
        "Parameters in forward computation graph, duplicate included",
        "   Total params: 23",
        "   Trainable params: 21",
        "   Non-trainable params: 2",
        "Shared params in forward computation graph: 0",
        "Unique parameters in model: 23",
        "-" * 80,
    ]
    assert capsys.readouterr().out.splitlines() == rows
    assert not net[0]._forward_hooks, "its hooks are gone"
    net[0].hybridize()
    with pytest.raises(AssertionError, match=rf'"{net[0].act.name}" must not be hybridized to print summary\.'):
        net.summary(nd.ones((2, 4)))


def test_summary_counts_what_is_shared_once_more(capsys: pytest.CaptureFixture[str]) -> None:
    one = nn.Dense(3, in_units=3)
    net = nn.Sequential()
    net.add(one, nn.Dense(3, in_units=3, params=one.params))
    net.initialize()
    net.summary(nd.ones((1, 3)))
    said = capsys.readouterr().out
    assert "Total params: 24" in said and "computation graph: 12" in said and "in model: 12" in said


# ---------------------------------------------------------------------------------------------------- copies


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_blocks_are_copied_whole(copied: Any) -> None:
    net = nn.HybridSequential(prefix="net_")
    with net.name_scope():
        net.add(nn.Dense(3, activation="relu"), nn.BatchNorm(), nn.Dense(2))
    net.initialize()
    x = nd.array([[1, 2], [3, 5]])
    expected = net(x).asnumpy()
    other = copied(net)
    assert repr(other) == repr(net) and list(other.collect_params()) == list(net.collect_params())
    np.testing.assert_array_equal(other(x).asnumpy(), expected)
    other[0].weight.data()[:] = 0
    np.testing.assert_array_equal(net(x).asnumpy(), expected)
    with autograd.record():
        loss = other(x).sum()
    loss.backward()
    assert other[2].bias.grad().asnumpy().tolist() == [2, 2]
    with other.name_scope():
        assert nn.Dense(1).prefix == "net_dense2_", "the scope counts on"


def test_a_pickle_of_a_block_whose_shapes_are_open() -> None:
    net = nn.Dense(2, prefix="out_")
    net.initialize()
    other = pickle.loads(pickle.dumps(net))
    assert other(nd.ones((1, 3))).shape == (1, 2) and net.weight.shape == (2, 0)


def test_copies_and_pickles_have_the_blocks_inside() -> None:
    net = nn.HybridSequential()
    net.add(nn.Dense(2, in_units=3), nn.Dense(1, in_units=2))
    for again in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert list(again._children) == ["0", "1"] and again[0] is not net[0]
        before = again._children.version
        again.add(nn.Dense(1))
        assert again._children.version > before and len(net) == 2
