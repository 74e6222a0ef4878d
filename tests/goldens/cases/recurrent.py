"""Recurrent layers, sequences of different lengths, and the loss over alignments."""

from __future__ import annotations

from typing import Any

from ..case import Case, case, distinct, empty, f, lit, whole, without_gradient

GATES = {"gru": 3, "lstm": 4, "rnn_relu": 1, "rnn_tanh": 1}


def rnn(
    mode: str,
    sizes: tuple[int, int, int, int],
    layers: int = 1,
    both: bool = False,
    dtype: str = "float32",
    **more: Any,
) -> Case:
    """A case of ``RNN`` with (steps, batch, inputs, state size)."""
    steps, batch, inputs, size = sizes
    directions = 2 if both else 1
    count = 0
    for layer in range(layers):
        rows = GATES[mode] * size
        count += directions * rows * ((size * directions if layer else inputs) + size + 2)
    states = [(layers * directions, batch, size)] * (2 if mode == "lstm" else 1)
    arrays = [f(*shape, low=-1.0, high=1.0, dtype=dtype) for shape in [(steps, batch, inputs), (count,), *states]]
    given = {"state_size": size, "num_layers": layers, "mode": mode, "bidirectional": both}
    rounded = mode == "rnn_relu" and dtype == "float64"  # MXNet's relu is one of float32, whatever the type
    return Case(arrays, {**given, **more}, rtol=1e-6 if rounded else None)


RNN = [
    rnn("lstm", (5, 2, 3, 4), state_outputs=True),
    *(rnn(mode, (4, 3, 2, 5), state_outputs=True) for mode in ("gru", "rnn_tanh", "rnn_relu")),
    *(rnn(mode, (3, 2, 4, 3), layers=2, both=True, state_outputs=True) for mode in GATES),
    *(rnn(mode, (3, 2, 4, 3), dtype="float64", state_outputs=True) for mode in GATES),
    *(rnn(mode, (3, 2, 1, 2), layers=3) for mode in GATES),
    rnn("lstm", (1, 1, 1, 1), state_outputs=True),
    rnn("gru", (1, 1, 1, 1), both=True),
    rnn("lstm", (4, 2, 3, 4), layers=2, p=0.0),
]

LENGTHS = lit([1, 4, 2])
SEQUENCES: dict[str, list[Case]] = {
    name: [
        case(f(4, 3, 2), LENGTHS, use_sequence_length=True, **more),
        without_gradient(f(4, 3, 2)),  # of SequenceLast it ends the process
        case(f(4, 3), lit([2, 1, 4], "int32"), use_sequence_length=True),
        case(f(2, 3, 2, 2, dtype="float64"), lit([1, 2, 2], "float64"), use_sequence_length=True),
        without_gradient(whole(4, 3, 2, high=9), LENGTHS, use_sequence_length=True),
        case(distinct(1, 1), lit([1]), use_sequence_length=True),
        case(lit([[[float("nan"), 1], [2, float("inf")]]] * 3), lit([1.9, 3.0]), use_sequence_length=True),
    ]
    for name, more in (("SequenceMask", {"value": -1.5}), ("SequenceLast", {}), ("SequenceReverse", {}))
}
SEQUENCES["SequenceMask"] += [
    empty(f(0, 2, 3)),
    case(f(3, 4, 2), LENGTHS, use_sequence_length=True, axis=1, value=2),
    case(f(4, 3, 2), lit([0, 4, 3]), use_sequence_length=True),
    case(f(3, 4), axis=1),
]
SEQUENCES["SequenceLast"] += [
    case(f(3, 4, 2), LENGTHS, use_sequence_length=True, axis=1),
    without_gradient(f(3, 4), axis=1),
]
SEQUENCES["SequenceReverse"] += [case(f(4, 3, 2), lit([0, 4, 3]), use_sequence_length=True)]

LABEL = lit([[1, 2, 0], [3, 3, 1]])
CTC = [
    case(f(5, 2, 4), LABEL),
    case(f(6, 3, 5), lit([[0, 1, -1, -1], [2, 2, 1, 3], [3, -1, -1, -1]]), blank_label="last"),
    case(f(5, 2, 4), LABEL, lit([4, 5]), use_data_lengths=True),
    case(f(5, 2, 4), LABEL, lit([4, 5]), lit([2, 3]), use_data_lengths=True, use_label_lengths=True),
    case(f(5, 2, 4), lit([[0, 0, 0], [1, 0, 2]])),
    case(f(4, 1, 3, low=-30, high=30), lit([[1, 2]])),
    case(f(3, 1, 2), lit([[1, 0]])),
    case(f(5, 2, 4), lit([[1, 2, 0], [3, 3, 1]], "int32")),
    # Lengths that a label does not fit into: the loss is 0, the gradients are what stood in the memory.
    Case([f(3, 2, 4), LABEL], grad=()),
]

CASES: dict[str, list[Case]] = {
    "RNN": RNN,
    "_rnn_param_concat": [
        case(f(6), f(4), dim=0, num_args=2),
        case(f(2, 3), f(2, 4), num_args=2),
        case(f(2, 3), f(4, 3), f(1, 3), dim=0, num_args=3),
        case(f(5), dim=0, num_args=1),
        case(f(3, dtype="float64"), f(2, dtype="float64"), dim=0, num_args=2),
        case(lit([float("nan")]), lit([float("inf"), -0.0]), dim=0, num_args=2),
    ],
    **SEQUENCES,
    "CTCLoss": CTC,
}
