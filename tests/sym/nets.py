"""Symbols that are asked the same questions here and in MXNet: functions of the module ``sym``.

Each has the shapes of its data beside it, as far as they are given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: Functions by name, and what they are asked with.
NETS: dict[str, tuple[Callable[[Any], Any], dict[str, tuple[int, ...]]]] = {}


def net(**shapes: tuple[int, ...]) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    def declare(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        NETS[function.__name__] = (function, shapes)
        return function

    return declare


def short(name: str, make: Callable[[Any], Any], **shapes: tuple[int, ...]) -> None:
    NETS[name] = (make, shapes)


@net(data=(2, 1, 28, 28))
def lenet(S: Any) -> Any:
    x = S.var("data")
    for number, filters in ((1, 20), (2, 50)):
        x = S.Convolution(x, kernel=(5, 5), num_filter=filters, name=f"conv{number}")
        x = S.Activation(x, act_type="tanh")
        x = S.Pooling(x, pool_type="max", kernel=(2, 2), stride=(2, 2))
    x = S.Activation(S.FullyConnected(S.Flatten(x), num_hidden=500, name="fc1"), act_type="tanh")
    return S.SoftmaxOutput(S.FullyConnected(x, num_hidden=10, name="fc2"), name="softmax")


@net(data=(4, 784))
def mlp(S: Any) -> Any:
    x = S.var("data")
    x = S.Activation(S.FullyConnected(x, num_hidden=128), act_type="relu")
    x = S.Activation(S.FullyConnected(x, num_hidden=64), act_type="relu")
    return S.SoftmaxOutput(S.FullyConnected(x, num_hidden=10), name="softmax")


@net(data=(2, 8, 16, 16))
def residual_block(S: Any) -> Any:
    x = S.var("data")
    y = S.BatchNorm(x, fix_gamma=False, eps=2e-5, name="bn1")
    y = S.Activation(y, act_type="relu", name="relu1")
    shortcut = S.Convolution(y, num_filter=16, kernel=(1, 1), stride=(2, 2), no_bias=True, name="sc")
    y = S.Convolution(y, num_filter=16, kernel=(3, 3), stride=(2, 2), pad=(1, 1), no_bias=True, name="conv1")
    y = S.BatchNorm(y, fix_gamma=False, eps=2e-5, name="bn2")
    y = S.Convolution(S.relu(y), num_filter=16, kernel=(3, 3), pad=(1, 1), no_bias=True, name="conv2")
    return y + shortcut


@net(data=(7, 2, 5))
def fused_lstm(S: Any) -> Any:
    return S.RNN(S.var("data"), state_size=6, num_layers=2, mode="lstm", state_outputs=True, p=0.5, name="lstm")


@net(data=(7, 2, 5))
def fused_gru_both_ways(S: Any) -> Any:
    made = S.RNN(S.var("data"), state_size=6, num_layers=1, mode="gru", bidirectional=True, name="gru")
    return S.FullyConnected(made, num_hidden=3, flatten=False, name="out")


@net(x0=(2, 5), x1=(2, 5), x2=(2, 5), h=(2, 6))
def unrolled_rnn_with_shared_weights(S: Any) -> Any:
    names = ("i2h_weight", "i2h_bias", "h2h_weight", "h2h_bias")
    iw, ib, hw, hb = map(S.var, names)
    h = S.var("h")
    for step in range(3):
        given = S.FullyConnected(S.var(f"x{step}"), weight=iw, bias=ib, num_hidden=6, name=f"i2h{step}")
        kept = S.FullyConnected(h, weight=hw, bias=hb, num_hidden=6, name=f"h2h{step}")
        h = S.Activation(given + kept, act_type="tanh", name=f"out{step}")
    return h


@net(left=(3, 4), right=(3, 4))
def two_towers(S: Any) -> Any:
    weight = S.var("shared_weight", shape=(5, 0))
    towers = [
        S.FullyConnected(S.var(side), weight=weight, no_bias=True, num_hidden=5, name=f"fc_{side}")
        for side in ("left", "right")
    ]
    return S.sum(S.square(towers[0] - towers[1]), axis=1, name="distance")


@net(data=(2, 12))
def language_model(S: Any) -> Any:
    x = S.Embedding(S.var("data"), input_dim=50, output_dim=8, name="embed")
    x = S.SwapAxis(x, dim1=0, dim2=1)
    x = S.RNN(x, state_size=16, num_layers=1, mode="lstm", name="rnn")
    x = S.Reshape(x, shape=(-1, 16))
    x = S.FullyConnected(x, num_hidden=50, name="pred")
    return S.SoftmaxOutput(x, S.Reshape(S.var("label"), shape=(-1,)), name="softmax")


@net(data=(1, 3, 32, 32))
def inception_like(S: Any) -> Any:
    x = S.var("data")
    first = S.Convolution(x, num_filter=4, kernel=(1, 1), name="c1")
    second = S.Convolution(x, num_filter=6, kernel=(3, 3), pad=(1, 1), name="c3")
    third = S.Pooling(x, kernel=(3, 3), stride=(1, 1), pad=(1, 1), pool_type="avg", name="pool")
    joined = S.Concat(first, second, third, name="join")
    return S.Flatten(S.Pooling(joined, global_pool=True, pool_type="avg", kernel=(1, 1), name="all"))


@net(z=(2, 16, 1, 1))
def generator(S: Any) -> Any:
    x = S.var("z")
    for number, filters in ((1, 8), (2, 4)):
        x = S.Deconvolution(x, kernel=(4, 4), stride=(2, 2), pad=(0, 0), num_filter=filters, no_bias=True,
                            name=f"g{number}")  # fmt: skip
        x = S.Activation(S.BatchNorm(x, fix_gamma=True, name=f"gbn{number}"), act_type="relu")
    return S.Activation(S.Deconvolution(x, kernel=(4, 4), stride=(2, 2), pad=(1, 1), num_filter=1), act_type="tanh")


@net(x=(2, 5, 8))
def attention(S: Any) -> Any:
    x = S.var("x")
    query, key, value = (S.FullyConnected(x, num_hidden=8, flatten=False, name=n) for n in ("q", "k", "v"))
    scores = S.batch_dot(query, key, transpose_b=True) / 8**0.5
    return S.LayerNorm(S.batch_dot(S.softmax(scores), value) + x, name="norm")


@net(x=(2, 6, 4))
def every_norm(S: Any) -> Any:
    x = S.var("x")
    return S.Group([
        S.LayerNorm(x, name="layer"), S.InstanceNorm(x, name="instance"), S.GroupNorm(x, num_groups=3, name="group"),
        S.BatchNorm(x, name="batch"), S.L2Normalization(x, name="l2"), S.LayerNorm(x, axis=1, name="layer1"),
    ])  # fmt: skip


@net(data=(3, 4))
def every_head(S: Any) -> Any:
    x = S.var("data")
    heads = [S.LinearRegressionOutput, S.LogisticRegressionOutput, S.MAERegressionOutput, S.SVMOutput]
    made = [head(x, name=f"head{i}") for i, head in enumerate(heads)]
    return S.Group([*made, S.SoftmaxOutput(x, name="softmax"), S.MakeLoss(x), S.make_loss(x, name="loss")])


@net(data=(2, 3, 4, 4))
def every_leaky_relu(S: Any) -> Any:
    x = S.var("data")
    kinds = ("leaky", "elu", "selu", "gelu", "prelu")
    return S.Group([S.LeakyReLU(x, act_type=kind, name=kind) for kind in kinds])


@net(x=(4, 6))
def several_outputs(S: Any) -> Any:
    parts = S.split(S.var("x"), num_outputs=3, axis=1, name="parts")
    return S.Group([parts[2], parts[0] * parts[1], S.topk(parts[1], k=2, ret_typ="both", name="top")])


@net(x=(4, 6))
def composed(S: Any) -> Any:
    inner = S.FullyConnected(S.var("data"), num_hidden=3, name="inner")
    return inner(data=S.relu(S.var("x"), name="r"), name="outer")


@net(x=(2, 3))
def scalars(S: Any) -> Any:
    x = S.var("x")
    return ((x + 1) * 2 - 3) / 4 + (1 - x) + 2 / x + (-x) ** 2 + 2**x + x % 3 + abs(x)


@net(x=(2, 3), y=(2, 3))
def comparisons(S: Any) -> Any:
    x, y = S.var("x"), S.var("y")
    return (x > y) + (x >= y) + (x < y) + (x <= y) + (x == y) + (x != y) + (x > 1) + (x <= 2) + (x == 3) + (x != 0)


@net(x=(2, 3), y=(2, 3))
def arithmetic(S: Any) -> Any:
    x, y = S.var("x"), S.var("y")
    return S.maximum(x + y, x - y) * S.minimum(x / y, x % y) + S.hypot(x, y) + x**y + S.pow(x, 2) + S.maximum(3, y)


@net(data=(2, 3, 8, 8), rois=(5, 5))
def detector(S: Any) -> Any:
    x = S.Convolution(S.var("data"), kernel=(3, 3), pad=(1, 1), num_filter=4, name="c")
    pooled = S.ROIPooling(x, S.var("rois"), pooled_size=(2, 2), spatial_scale=0.5, name="roi")
    return S.Group([S.FullyConnected(pooled, num_hidden=3, name="cls"), S.contrib.MultiBoxPrior(x, name="boxes")])


@net(x=(5, 2, 3), length=(2,))
def sequences(S: Any) -> Any:
    x, length = S.var("x"), S.var("length")
    return S.Group([
        S.SequenceMask(x, length, use_sequence_length=True, name="mask"),
        S.SequenceLast(x, use_sequence_length=True, name="last"), S.SequenceReverse(x, name="back"),
        S.softmax(x, use_length=True, name="soft"),
    ])  # fmt: skip


@net(x=(3, 4), i=(5,))
def indexing(S: Any) -> Any:
    x, i = S.var("x"), S.var("i")
    return S.Group([
        S.take(x, i, name="take"), S.one_hot(i, depth=4, name="hot"), S.pick(x, name="pick"),
        S.slice(x, begin=(0, 1), end=(2, 3), name="cut"), S.slice_axis(x, axis=1, begin=1, end=None, name="axis"),
        S.slice_like(x, S.var("like"), name="like_this"), S.argmax(x, axis=1, name="most"),
        S.where(x, x, x, name="where"), S.gather_nd(x, S.var("at"), name="nd"),
    ])  # fmt: skip


@net(x=(2, 3, 4))
def shapes(S: Any) -> Any:
    x = S.var("x")
    return S.Group([
        x.reshape((0, -1)), x.reshape(shape=(-3, 0)), x.transpose((2, 0, 1)), x.flatten(), x.expand_dims(1),
        x.swapaxes(0, 2), x.tile((2, 1, 1)), x.repeat(2, axis=1), x.flip(axis=0), x.astype("float16"),
        x.slice_axis(1, 0, 2), x.broadcast_axes(axis=(), size=()), x.sum(axis=(0, 2)), x.mean(1, True), x.norm(),
        x.squeeze(), x.diag(1), x.split_v2(2, axis=2)[1], x.zeros_like(), x.clip(0, 1), x.topk(k=2), x.sort(),
        x.exp(),
    ])  # fmt: skip


@net()
def out_of_nothing(S: Any) -> Any:
    return S.Group([
        S.zeros((2, 3)), S.ones((2,), dtype="int32"), S.full((2, 2), 7), S.arange(2, 9, 3), S.arange(4, repeat=2),
        S.eye(3, 4, 1), S.linspace(0, 1, 5), S.random.uniform(0, 1, (2, 3)), S.random.normal(shape=(4,)),
        S.random.randint(0, 5, shape=(2,)), S.random.exponential(2, (3,)), S.random.poisson(3, (2, 2)),
    ])  # fmt: skip


@net(m=(2,), p=(3, 4))
def draws(S: Any) -> Any:
    m = S.var("m")
    return S.Group([
        S.random.uniform(m, m + 1, (3,)), S.random.gamma(m, m), S.random.multinomial(S.var("p"), (2,)),
        S.random.multinomial(S.var("p"), get_prob=False), S.random.shuffle(m), S.random.uniform_like(m),
        S.Dropout(m, p=0.3),
    ])  # fmt: skip


@net(x=(2, 3, 3), y=(2, 3, 3), w=(3, 4))
def matrices(S: Any) -> Any:
    x, y = S.var("x"), S.var("y")
    return S.Group(
        [S.linalg.gemm2(x, y), S.linalg.syrk(x), S.batch_dot(x, y), S.dot(x, S.var("w")), S.linalg.sumlogdiag(x)]
    )


@net(x=(3, 4), s=(4,))
def loop(S: Any) -> Any:
    out, last = S.contrib.foreach(lambda row, state: (row * 2, row + state), S.var("x"), S.var("s"))
    return S.Group([out, last])


@net(x=(2, 4, 6, 6))
def grouped(S: Any) -> Any:
    x = S.Convolution(S.var("x"), kernel=(3, 3), num_filter=8, num_group=4, dilate=(1, 1), name="group")
    x = S.UpSampling(x, scale=2, sample_type="nearest", name="up")
    return S.Crop(x, S.var("like"), center_crop=True, name="crop")


@net(x=(2, 3, 9))
def one_dimension(S: Any) -> Any:
    x = S.Convolution(S.var("x"), kernel=(3,), num_filter=4, stride=(2,), pad=(1,), name="conv")
    return S.Pooling(x, kernel=(2,), stride=(2,), pool_type="sum", pooling_convention="full", name="pool")


@net(x=(2, 9, 9, 9, 3))
def channels_last(S: Any) -> Any:
    return S.Convolution(S.var("x"), kernel=(3, 3, 3), num_filter=4, layout="NDHWC", name="conv")


@net(data=(10, 2, 5), label=(2, 3))
def speech(S: Any) -> Any:
    return S.make_loss(S.CTCLoss(S.var("data"), S.var("label"), name="ctc"))


@net(x=(2, 3))
def noted(S: Any) -> Any:
    x = S.var("x", lr_mult=2, wd_mult=0, dtype="float32", init="zeros", __mine__="yes", attr={"free": "text"})
    return S.FullyConnected(x, num_hidden=2, name="fc", attr={"__tag__": "1"}, lr_mult=3, ctx_group="dev1")


short("variable", lambda S: S.var("x"), x=(2, 3))
short("open_variable", lambda S: S.var("x", shape=(0, 3)) + S.var("y"), y=(2, 0))
short("typed_variable", lambda S: S.var("x", dtype="float16") * S.var("y"), y=(2, 1))
short("same_name_twice", lambda S: S.var("a") + S.var("a"), a=(2,))
short("statistics_of_two", lambda S: S.BatchNorm(S.BatchNorm(S.var("x"), name="a"), name="b"), x=(2, 3))
short("own_statistics", lambda S: S.BatchNorm(S.var("x"), moving_mean=S.var("m"), moving_var=S.var("v")), x=(2, 3))
short("all_of_batch_norm", lambda S: S.BatchNorm(S.var("x"), output_mean_var=True, axis=-1, name="bn"), x=(2, 3, 5))
short("all_of_layer_norm", lambda S: S.LayerNorm(S.var("x"), output_mean_var=True, name="ln"), x=(2, 3, 5))
short("internals", lambda S: S.relu(S.FullyConnected(S.var("x"), num_hidden=2, name="fc"))
      .get_internals(), x=(2, 3))  # fmt: skip
short("an_internal", lambda S: S.relu(S.FullyConnected(S.var("x"), num_hidden=2, name="fc"))
      .get_internals()["fc_output"], x=(2, 3))  # fmt: skip
short("moments", lambda S: S.moments(S.var("x"), axes=(0,), name="m"), x=(2, 3))
short("embedding_alone", lambda S: S.Embedding(S.var("x"), input_dim=7, output_dim=3, dtype="float16"), x=(2, 3))
short("sum_of_many", lambda S: S.add_n(*(S.var(f"v{i}") for i in range(4))), v2=(2, 3))
short("stacked", lambda S: S.stack(S.var("a"), S.var("b"), S.var("c"), axis=1), b=(2, 3))
short("joined", lambda S: S.concat(S.var("a"), S.var("b"), dim=0), a=(2, 3), b=(4, 3))
short("broadcast", lambda S: S.broadcast_add(S.var("a"), S.broadcast_mul(S.var("b"), S.var("c"))),
      a=(2, 1), b=(1, 3), c=(2, 3))  # fmt: skip
short("from_the_result_back", lambda S: S.relu(S.var("a")) + S.var("b"), b=(2, 3))
short("from_a_weight", lambda S: S.FullyConnected(S.var("x"), num_hidden=4, name="fc"), fc_weight=(4, 3))
short("left_out", lambda S: S.FullyConnected(num_hidden=4, name="fc"), fc_data=(2, 3))
short("spatial", lambda S: S.SpatialTransformer(S.var("x"), S.var("loc"), target_shape=(4, 4),
      transform_type="affine", sampler_type="bilinear"), x=(2, 3, 8, 8), loc=(2, 6))  # fmt: skip
short("deformable", lambda S: S.contrib.DeformableConvolution(S.var("x"), S.var("o"), kernel=(3, 3), num_filter=4,
      pad=(1, 1), name="dc"), x=(2, 3, 8, 8), o=(2, 18, 8, 8))  # fmt: skip
short("targets", lambda S: S.contrib.MultiBoxTarget(S.var("a"), S.var("l"), S.var("c"), name="t"),
      a=(1, 4, 4), l=(2, 1, 5), c=(2, 3, 4))  # fmt: skip
short("shared_twice", lambda S: (lambda w: S.dot(S.var("x"), w) + S.dot(S.var("y"), w))(S.var("w")),
      x=(2, 3), y=(2, 3), w=(3, 4))  # fmt: skip
short("local_response", lambda S: S.LRN(S.var("x"), nsize=5), x=(2, 8, 4, 4))
short("sparse_names", lambda S: S.sparse.dot(S.sparse.sum(S.var("x"), axis=0, keepdims=True), S.var("y")),
      x=(2, 3), y=(3, 4))  # fmt: skip
short("images", lambda S: S.image.normalize(S.image.to_tensor(S.var("x")), mean=(0.1,), std=(0.2,)), x=(8, 8, 1))
short("choices", lambda S: S.contrib.cond(S.var("p"), lambda: S.var("x") + 1, lambda: S.var("x") * 2), x=(2,), p=(1,))


@net(data=(2, 4, 5, 5))
def squeeze_and_excite(S: Any) -> Any:
    x = S.Convolution(S.var("data"), kernel=(3, 3), pad=(1, 1), num_filter=6, name="c")
    gate = S.Flatten(S.Pooling(x, global_pool=True, pool_type="avg", kernel=(7, 7)))
    gate = S.relu(S.FullyConnected(gate, num_hidden=2, name="down"))
    gate = S.sigmoid(S.FullyConnected(gate, num_hidden=6, name="up")).reshape((-1, 6, 1, 1))
    return S.broadcast_mul(x, gate, name="scaled")


@net(data=(2, 4, 5, 5))
def densely_connected(S: Any) -> Any:
    x = S.var("data")
    for number in range(3):
        y = S.relu(S.BatchNorm(x, name=f"bn{number}"))
        y = S.Convolution(y, kernel=(3, 3), pad=(1, 1), num_filter=3, no_bias=True, name=f"conv{number}")
        x = S.concat(x, y, dim=1, name=f"all{number}")
    return S.Pooling(S.Dropout(x, p=0.2), kernel=(2, 2), stride=(2, 2), pool_type="avg", name="pool")


@net(user=(4,), item=(4,))
def factorization(S: Any) -> Any:
    sides = [S.Embedding(S.var(side), input_dim=9, output_dim=3, name=side + "_embed") for side in ("user", "item")]
    score = S.sum(sides[0] * sides[1], axis=1) + S.var("bias", shape=(1,)).reshape((1,)).broadcast_to((4,))
    return S.LinearRegressionOutput(score, S.var("score"), name="lro")


@net(image=(2, 1, 8, 8))
def autoencoder(S: Any) -> Any:
    x = S.var("image")
    code = S.FullyConnected(S.Flatten(x), num_hidden=5, name="encode")
    back = S.FullyConnected(code, num_hidden=64, name="decode").reshape(shape=(-1, 1, 8, 8))
    return S.Group([S.MakeLoss(S.mean(S.square(back - x), axis=(1, 2, 3)), grad_scale=0.5), S.BlockGrad(code)])


@net(x=(2, 5))
def begun_with_open_zeros(S: Any) -> Any:
    """As recurrent cells begin: the batch is not known when the zeros are made."""
    h = S.zeros((0, 4), name="begin")
    for step in range(2):
        given = S.FullyConnected(S.var("x"), num_hidden=4, name=f"i2h{step}")
        h = S.tanh(given + S.FullyConnected(h, num_hidden=4, name=f"h2h{step}"))
    return S.Group([h, h * S.ones((0, 0)) + S.full((0, 4), 2) + S.random.uniform(0, 1, (0, 4))])


@net(x=(5, 2, 4))
def layers_of_gluon(S: Any) -> Any:
    """A bidirectional layer: its parameters are one vector, of parts that are open in pairs."""
    parts = []
    for side in ("l", "r"):
        parts += [S.var(f"{side}_i2h_weight", shape=(16, 0)), S.var(f"{side}_h2h_weight", shape=(16, 4))]
    parts += [S.var(f"{side}_{kind}_bias", shape=(16,)) for side in ("l", "r") for kind in ("i2h", "h2h")]
    vector = S._internal._rnn_param_concat(*(each.reshape(-1) for each in parts), dim=0)
    begin = [S.zeros((2, 0, 4)) for _ in range(2)]
    return S.RNN(S.var("x"), vector, *begin, state_size=4, num_layers=1, bidirectional=True, mode="lstm", name="rnn")
