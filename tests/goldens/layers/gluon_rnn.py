"""Recurrent layers and cells."""

from __future__ import annotations

from ..blocks import BlockCase, block
from ..case import Drawn, Literal, f, lit

_X, _H, _C = f(2, 4, 3), f(2, 5), f(2, 5)
_LENGTHS = lit([2, 4])
_LAYER_X = f(4, 2, 3)


def unrolled(
    text: str, *arrays: Drawn | Literal, more: str = "", layout: str = "NTC", merge: str = "True"
) -> BlockCase:
    call = f"block.unroll(4, inputs[0], layout='{layout}', merge_outputs={merge}{more})"
    # Of lengths MXNet leaves the gradients unwritten.
    grad = tuple(i for i, each in enumerate(arrays) if each is not _LENGTHS)
    return block(text, *arrays, call=call, train=False, grad=grad)


_LENGTH = ", valid_length=inputs[1]"
#: Cells in a container, as one expression.
_SEQUENTIAL = "[c for c in [rnn.{}()] if not (c.add(rnn.LSTMCell(5)) or c.add(rnn.GRUCell(3)))][0]"

CASES = [
    block("rnn.RNN(5)", _LAYER_X),
    block("rnn.RNN(5, activation='tanh')", _LAYER_X),
    block("rnn.RNN(5, 2, layout='NTC', input_size=3)", _X),
    block("rnn.RNN(5, bidirectional=True)", _LAYER_X, f(2, 2, 5), call="block(inputs[0], inputs[1])"),
    block("rnn.LSTM(5)", _LAYER_X),
    block("rnn.LSTM(5, 2, bidirectional=True, layout='NTC')", _X, rtol=2e-5),
    block("rnn.LSTM(5)", _LAYER_X, f(1, 2, 5), f(1, 2, 5), call="block(inputs[0], inputs[1:])"),
    block("rnn.LSTM(5, dtype='float64')", f(4, 2, 3, dtype="float64")),
    block("rnn.LSTM(5, dropout=0.4, num_layers=2)", _LAYER_X, train=False),
    block("rnn.LSTM(5)", _LAYER_X, f(1, 2, 4), f(1, 2, 4), call="block(inputs[0], inputs[1:])"),
    block("rnn.LSTM(5, layout='NCT')", _LAYER_X),
    block("rnn.GRU(5)", _LAYER_X),
    block("rnn.GRU(5, 2, bidirectional=True, prefix='enc_')", _LAYER_X, rtol=2e-5),
    block("rnn.GRU(5, layout='NTC')", _X, f(1, 2, 5), call="block(*inputs)"),
    block("rnn.RNNCell(5)", f(2, 3), _H, call="block(inputs[0], inputs[1:])"),
    block("rnn.RNNCell(5, activation='relu', input_size=3)", f(2, 3), _H, call="block(inputs[0], inputs[1:])"),
    block("rnn.RNNCell(5, activation='softrelu')", f(2, 3), _H, call="block(inputs[0], inputs[1:])"),
    block("rnn.RNNCell(5, activation=nn.LeakyReLU(0.2))", f(2, 3), _H, call="block(inputs[0], inputs[1:])"),
    block("rnn.LSTMCell(5)", f(2, 3), _H, _C, call="block(inputs[0], inputs[1:])"),
    block(
        "rnn.LSTMCell(5, activation='relu', recurrent_activation='tanh')",
        f(2, 3), _H, _C,
        call="block(inputs[0], inputs[1:])",
    ),
    block("rnn.GRUCell(5)", f(2, 3), _H, call="block(inputs[0], inputs[1:])"),
    block("rnn.GRUCell(5, prefix='g_')", f(2, 3), call="block(inputs[0], block.begin_state(batch_size=2))"),
    unrolled("rnn.RNNCell(5)", _X),
    unrolled("rnn.LSTMCell(5)", _X, merge="False"),
    unrolled("rnn.LSTMCell(5)", _X, merge="None"),
    unrolled("rnn.LSTMCell(5)", _LAYER_X, layout="TNC"),
    unrolled("rnn.GRUCell(5)", _X, _LENGTHS, more=_LENGTH),
    unrolled("rnn.GRUCell(5)", _X, _LENGTHS, more=_LENGTH, merge="False"),
    unrolled("rnn.LSTMCell(5)", _LAYER_X, _LENGTHS, more=_LENGTH, layout="TNC", merge="None"),
    unrolled("rnn.GRUCell(5)", _X, _H, more=", begin_state=[inputs[1]]"),
    block("rnn.RNNCell(5)", f(2, 3), f(2, 3), call="block.unroll(2, inputs)"),
    block("rnn.RNNCell(5)", _X, call="block.unroll(3, inputs[0])"),
    unrolled("rnn.BidirectionalCell(rnn.LSTMCell(5), rnn.GRUCell(4))", _X),
    unrolled("rnn.BidirectionalCell(rnn.RNNCell(5), rnn.RNNCell(5))", _X, merge="False"),
    unrolled("rnn.BidirectionalCell(rnn.RNNCell(5), rnn.RNNCell(5))", _X, merge="None"),
    unrolled("rnn.BidirectionalCell(rnn.GRUCell(5), rnn.GRUCell(5))", _X, _LENGTHS, more=_LENGTH),
    unrolled("rnn.BidirectionalCell(rnn.GRUCell(5), rnn.GRUCell(5))", _X, _LENGTHS, more=_LENGTH, merge="False"),
    unrolled("rnn.BidirectionalCell(rnn.GRUCell(5), rnn.GRUCell(5))", _LAYER_X, layout="TNC"),
    block("rnn.BidirectionalCell(rnn.GRUCell(5), rnn.GRUCell(5))", f(2, 3), call="block(inputs[0], [])"),
    unrolled(_SEQUENTIAL.format("SequentialRNNCell"), _X),
    unrolled(_SEQUENTIAL.format("HybridSequentialRNNCell"), _X, _LENGTHS, more=_LENGTH),
    block(
        _SEQUENTIAL.format("SequentialRNNCell"), f(2, 3), call="block(inputs[0], block.begin_state(batch_size=2))"
    ),
    block(
        _SEQUENTIAL.format("HybridSequentialRNNCell"),
        f(2, 3),
        call="block(inputs[0], block.begin_state(batch_size=2))",
    ),
    unrolled("rnn.DropoutCell(0.3)", _X),
    unrolled("rnn.DropoutCell(0.3, axes=(1,))", _X, merge="False"),
    block("rnn.DropoutCell('x')", f(2, 3), call="block(inputs[0], [])"),
    unrolled("rnn.ZoneoutCell(rnn.RNNCell(5), 0.3, 0.2)", _X),
    unrolled("rnn.ZoneoutCell(rnn.LSTMCell(5), zoneout_states=0.2)", _X, _LENGTHS, more=_LENGTH),
    unrolled("rnn.ZoneoutCell(rnn.BidirectionalCell(rnn.LSTMCell(5), rnn.LSTMCell(5)))", _X),
    unrolled("rnn.ResidualCell(rnn.GRUCell(3))", _X),
    unrolled("rnn.ResidualCell(rnn.GRUCell(3))", _X, merge="None"),
    unrolled("rnn.ResidualCell(rnn.GRUCell(3))", _X, merge="False"),
    unrolled("rnn.ResidualCell(rnn.LSTMCell(3))", _X, _LENGTHS, more=_LENGTH),
    block(
        "rnn.ResidualCell(rnn.RNNCell(3, input_size=3))",
        f(2, 3),
        call="block(inputs[0], block.begin_state(func=mx.nd.zeros, batch_size=2))",
    ),
    unrolled("rnn.ResidualCell(rnn.ResidualCell(rnn.RNNCell(3)).base_cell)", _X),
]  # fmt: skip
