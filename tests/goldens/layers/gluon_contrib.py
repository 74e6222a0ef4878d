"""Layers and cells of ``gluon.contrib``."""

from __future__ import annotations

from ..blocks import block
from ..case import f, lit

#: Blocks in a container, as one expression.
_SIDE = "[c for c in [contrib.nn.{}] if not c.add(nn.Dense(2, in_units=3), nn.Activation('relu'))][0]"
_STEP = "block(inputs[0], inputs[1:])"
_UNRECORDED = "[(p := mx.autograd.pause()).__enter__(), block(inputs[0]), p.__exit__(None, None, None)][1]"

CASES = [
    block("contrib.nn.Identity()", f(2, 3)),
    block(_SIDE.format("Concurrent()"), f(2, 3)),
    block(_SIDE.format("Concurrent(axis=1, prefix='c_')"), f(2, 3)),
    block(_SIDE.format("HybridConcurrent(axis=-1)"), f(2, 3)),
    block("contrib.nn.PixelShuffle1D(2)", f(2, 4, 3)),
    block("contrib.nn.PixelShuffle2D((2, 3))", f(2, 12, 3, 2)),
    block("contrib.nn.PixelShuffle2D(2)", f(2, 4, 3, 2)),
    block("contrib.nn.PixelShuffle3D((2, 1, 3))", f(1, 12, 2, 3, 2)),
    block("contrib.nn.PixelShuffle3D(2)", f(1, 8, 2, 3, 2)),
    block("contrib.nn.PixelShuffle3D((2, 2))", f(1, 8, 2, 3, 2)),
    block("contrib.nn.SyncBatchNorm(in_channels=3, num_devices=1)", f(4, 3, 2, 2)),
    block("contrib.nn.SyncBatchNorm(in_channels=3, num_devices=1, scale=False)", f(4, 3, 2, 2), train=False),
    block("contrib.rnn.LSTMPCell(4, 2)", f(2, 3), f(2, 2), f(2, 4), call=_STEP),
    block("contrib.rnn.LSTMPCell(4, 2, input_size=3)", f(2, 5, 3), call="block.unroll(5, *inputs)"),
    block(
        "contrib.rnn.VariationalDropoutCell(rnn.LSTMCell(4), 0.2, 0.3, 0.4)",
        f(2, 5, 3),
        call="block.unroll(5, inputs[0], merge_outputs=True)",
        train=False,
    ),
    block(
        "contrib.rnn.VariationalDropoutCell(rnn.GRUCell(4), drop_inputs=0.2, drop_outputs=0.1)",
        f(2, 5, 3), lit([2, 5]),
        call="block.unroll(5, inputs[0], merge_outputs=False, valid_length=inputs[1])",
        train=False,
        grad=(0,),
    ),
    block("contrib.rnn.Conv1DRNNCell((2, 5), 3, 3, 3, i2h_pad=1)", f(2, 2, 5), f(2, 3, 5), call=_STEP),
    block("contrib.rnn.Conv1DLSTMCell((2, 5), 3, 2, 1)", f(2, 2, 5), f(2, 3, 4), f(2, 3, 4), call=_STEP),
    block("contrib.rnn.Conv1DGRUCell((2, 5), 3, (3,), (3,), activation='relu')", f(2, 2, 5), f(2, 3, 3), call=_STEP),
    block("contrib.rnn.Conv2DRNNCell((2, 4, 5), 3, 2, 3)", f(2, 2, 4, 5), f(2, 3, 3, 4), call=_STEP),
    block(
        "contrib.rnn.Conv2DLSTMCell((2, 4, 5), 3, (3, 2), (1, 3), i2h_pad=(1, 0), h2h_dilate=2)",
        f(1, 2, 4, 5),
        call="block(inputs[0], block.begin_state(batch_size=1))",
    ),
    block(
        "contrib.rnn.Conv2DGRUCell((2, 4, 5), 3, 3, 3, i2h_pad=1)",
        f(1, 3, 2, 4, 5),
        call="block.unroll(3, *inputs)",
    ),
    block("contrib.rnn.Conv3DRNNCell((2, 2, 3, 4), 3, 1, 1)", f(1, 2, 2, 3, 4), f(1, 3, 2, 3, 4), call=_STEP),
    block(
        "contrib.rnn.Conv3DLSTMCell((2, 2, 3, 4), 3, 1, 3)",
        f(1, 2, 2, 3, 4), f(1, 3, 2, 3, 4), f(1, 3, 2, 3, 4),
        call=_STEP,
    ),
    block("contrib.rnn.Conv3DGRUCell((2, 2, 3, 4), 3, 1, 1)", f(1, 2, 2, 3, 4), f(1, 3, 2, 3, 4), call=_STEP),
    block("contrib.rnn.Conv2DRNNCell((2, 4, 5), 3, 2, 2)", f(2, 2, 4, 5), f(2, 3, 3, 4), call=_STEP),
    block("contrib.cnn.DeformableConvolution(4, (3, 3))", f(1, 2, 5, 6)),
    block(
        "contrib.cnn.DeformableConvolution(4, (3, 2), (2, 1), (1, 0), use_bias=False, activation='relu')",
        f(1, 2, 5, 6),
    ),
    # MXNet has its gradient on a GPU alone: it is called unrecorded, and multiplied by what has a gradient.
    *(
        block(text, f(1, 2, 5, 6), f(1, 1, 1, 1), call=f"mx.nd.broadcast_mul({_UNRECORDED}, inputs[1])", grad=(1,))
        for text in (
            "contrib.cnn.ModulatedDeformableConvolution(4, (3, 3))",
            "contrib.cnn.ModulatedDeformableConvolution(4, (3, 2), (2, 1), (1, 0), activation='relu', in_channels=2)",
        )
    ),
]  # fmt: skip
