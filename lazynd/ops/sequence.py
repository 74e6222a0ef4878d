"""Sequences of different lengths in one array, and the loss that aligns them with labels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.control import scan
from ..ir.types import INT32, is_floating, require, widened
from .kinds import Scalar, one_of
from .nn import log_softmax
from .operator import floats as _f
from .operator import op
from .partial import DTypes, Shapes, like, without


def _lengths(data: Value, lengths: Value | None, used: bool, axis: int, axes: tuple[int, ...]) -> Value | None:
    """The lengths as int32, or None where they are not used."""
    require(data.ndim > 1, f"The data array must be of rank 2 or greater, got {data.type}")
    require(axis in axes, f"Current implementation expects axis to be {' or '.join(map(str, axes))}, got {axis}")
    expected, given = 1 + used, 1 + (lengths is not None)
    require(given == expected, f"expects {expected} inputs, but got {given} instead (see use_sequence_length)")
    if lengths is None:
        return None
    batch = data.shape[1 - axis]
    require(lengths.shape == (batch,), f"sequence_length must be [{batch}], got {lengths.type}")
    return ir.convert(lengths, INT32)


def _steps(data: Value, axis: int) -> Value:
    """The number of each step, in the first two axes."""
    return ir.iota(data.shape[:2], axis, INT32, data.context)


def _spread(value: Value, shape: tuple[int, ...]) -> Value:
    """``value`` of the first two axes, in all of them."""
    return ir.broadcast_to(ir.reshape(value, (*value.shape, *(1 for _ in shape[2:]))), shape)


def _samples(**attributes: Any) -> Any:
    def samples(rng: Any) -> list[Any]:
        used = {"use_sequence_length": True, **attributes}
        return [
            ((_f(rng, 4, 3, 2), np.array([1, 4, 2], "float32")), used),
            ((_f(rng, 4, 3),), {}),
            ((_f(rng, 5, 2), np.array([3, 1], "int32")), {"use_sequence_length": True}),
        ]

    return samples


def _uses_lengths(attributes: Mapping[str, Any]) -> bool:
    return bool(attributes["use_sequence_length"])


def _sequence_shapes(known: Shapes, *, axis: int, **_: Any) -> None:
    data = known["data"]
    known.learn_output(data)
    if data is not None and len(data) > 1:
        known.learn("sequence_length", (data[1 - axis],))


def _length_dtypes(known: DTypes, **_: Any) -> None:
    """Lengths are like the data, but may be of any dtype."""
    known.learn_output(known["data"])
    if known["sequence_length"] is None:
        known.learn("sequence_length", known["data"])


def _last_shapes(known: Shapes, *, axis: int, **_: Any) -> None:
    data = known["data"]
    if data is not None and len(data) > 1:
        known.learn("sequence_length", (data[1 - axis],))
        known.learn_output(without(data, axis))


@op(
    samples=_samples(value=-1.5),
    method=False,
    shapes=_sequence_shapes,
    optional={"sequence_length": _uses_lengths},
    dtypes=_length_dtypes,
)
def SequenceMask(
    data: Value,
    sequence_length: Value | None = None,
    *,
    use_sequence_length: bool = False,
    value: Scalar = 0.0,
    axis: int = 0,
) -> Value:
    """``data`` of [steps, batch, ...] (``axis`` 1: [batch, steps, ...]) with ``value`` behind the end of each sequence.

    Lengths are ``sequence_length`` of [batch], if ``use_sequence_length``; otherwise nothing is changed.
    """
    lengths = _lengths(data, sequence_length, use_sequence_length, axis, (0, 1))
    if lengths is None:
        return data
    inside = _steps(data, axis) < ir.expand_dims(lengths, axis)
    return ir.select(_spread(inside, data.shape), data, value)


@op(
    samples=_samples(axis=0),
    method=False,
    shapes=_last_shapes,
    optional={"sequence_length": _uses_lengths},
    dtypes=_length_dtypes,
)
def SequenceLast(
    data: Value, sequence_length: Value | None = None, *, use_sequence_length: bool = False, axis: int = 0
) -> Value:
    """The last step of each sequence of ``data``, which is [steps, batch, ...] or (``axis`` 1) [batch, steps, ...].

    Lengths are ``sequence_length`` of [batch], held within 1 and the number of steps, if ``use_sequence_length``.
    """
    lengths = _lengths(data, sequence_length, use_sequence_length, axis, (0, 1))
    steps = data.shape[axis]
    require(steps > 0, f"there is no last step in {data.type}")
    if lengths is None:
        start = [steps - 1 if i == axis else 0 for i in range(data.ndim)]
        return ir.squeeze(ir.slice_(data, start, data.shape), (axis,))
    last = ir.minimum(ir.maximum(lengths, 1), steps) - 1
    rows = ir.iota(lengths.shape, 0, INT32, data.context)
    return ir.gather(data, (last, rows) if axis == 0 else (rows, last), (0, 1))


@op(
    samples=_samples(axis=0),
    method=False,
    shapes=_sequence_shapes,
    optional={"sequence_length": _uses_lengths},
    dtypes=_length_dtypes,
)
def SequenceReverse(
    data: Value, sequence_length: Value | None = None, *, use_sequence_length: bool = False, axis: int = 0
) -> Value:
    """``data`` of [steps, batch, ...] with each sequence backwards; what is behind its end stays where it is.

    Lengths are ``sequence_length`` of [batch], if ``use_sequence_length``; otherwise all steps.
    """
    lengths = _lengths(data, sequence_length, use_sequence_length, axis, (0,))
    if lengths is None:
        return ir.reverse(data, (0,))
    steps = _steps(data, 0)
    ends = ir.broadcast_to(ir.expand_dims(ir.minimum(lengths, data.shape[0]), 0), steps.shape)
    source = ir.select(steps < ends, ends - 1 - steps, steps)
    return ir.gather(data, (source, ir.iota(steps.shape, 1, INT32, data.context)), (0, 1))


#: The logarithm of no chance. Finite, so that no gradient becomes the product of 0 and infinity.
_NEVER: Final = -1e30


def _add_chances(*logs: Value) -> Value:
    """The logarithm of the sum of chances given by their logarithms."""
    most = logs[0]
    for each in logs[1:]:
        most = ir.maximum(most, each)
    most = ir.stop_gradient(most)
    total = ir.exp(logs[0] - most)
    for each in logs[1:]:
        total = total + ir.exp(each - most)
    return most + ir.log(total)


def _shifted(x: Value, by: int) -> Value:
    """Columns moved to the right, no chance coming in from the left."""
    return ir.pad(x, _NEVER, (0, by), (0, -by))


def _ctc_samples(rng: Any) -> list[Any]:
    data = rng.normal(size=(5, 2, 4)).astype("float32")
    label = np.array([[1, 2, 0], [3, 3, 1]], "float32")
    lengths = np.array([4, 5], "float32"), np.array([2, 3], "float32")
    return [
        ((data, label), {}),
        ((data, label - 1), {"blank_label": "last"}),
        ((data, label, *lengths), {"use_data_lengths": True, "use_label_lengths": True}),
    ]


@op(
    samples=_ctc_samples,
    method=False,
    aliases=("ctc_loss", "_contrib_CTCLoss", "_contrib_ctc_loss"),
    optional={
        "data_lengths": lambda attributes: attributes["use_data_lengths"],
        "label_lengths": lambda attributes: attributes["use_label_lengths"],
    },
    dtypes=like(0),
    outputs=("output0",),
)
def CTCLoss(
    data: Value,
    label: Value,
    data_lengths: Value | None = None,
    label_lengths: Value | None = None,
    *,
    use_data_lengths: bool = False,
    use_label_lengths: bool = False,
    blank_label: str = "first",
) -> Value:
    """The connectionist temporal classification loss of each sequence (Graves et al., 2006): shape [batch].

    ``data`` of [steps, batch, classes] are scores before the softmax, ``label`` of [batch, most labels] classes. The
    blank is class 0 (``blank_label`` "first") or the last one. A label ends at its first 0 ("first") or -1 ("last"),
    or after ``label_lengths`` if ``use_label_lengths``; a sequence after ``data_lengths`` if ``use_data_lengths``.
    Where the sequence is too short for its label, loss and gradient are 0. What stands behind the end of a sequence
    has no part in either, whatever it is.
    """
    one_of(blank_label, "first", "last")
    _check_ctc(data, label)
    batch, classes, most = data.shape[1], data.shape[2], label.shape[1]
    further = [v for v in (data_lengths, label_lengths) if v is not None]
    expected = 2 + use_data_lengths + use_label_lengths
    require(len(further) + 2 == expected, f"CTCLoss expects {expected} inputs, but got {len(further) + 2} instead")
    for each in further:
        require(each.shape == (batch,), f"lengths must be [{batch}], one for each sequence, got {each.type}")
    given = [ir.convert(each, INT32) for each in further]
    symbols = ir.convert(label, INT32)
    ends = given.pop() if use_label_lengths else _first(symbols, 0 if blank_label == "first" else -1)
    durations = given.pop() if use_data_lengths else None
    blank = 0 if blank_label == "first" else classes - 1
    path = _path(ir.minimum(ir.maximum(symbols, 0), classes - 1), blank)
    ends = ir.minimum(ir.maximum(ends, 0), most)
    last = _forward(_chances(data, path, durations), _may_skip(path, blank), durations)
    row = ir.iota(ends.shape, 0, INT32, data.context)
    blank_end, symbol_end = (ir.gather(last, (row, ir.maximum(2 * ends - k, 0)), (0, 1)) for k in (0, 1))
    total = _add_chances(blank_end, ir.select(ends > 0, symbol_end, _NEVER))
    loss = ir.select(total < _NEVER / 2, math.inf, 0.0 - total)
    return ir.convert(ir.select(_least_steps(symbols, ends) > _given(durations, data), 0.0, loss), data.dtype)


def _given(durations: Value | None, data: Value) -> Value:
    """How many steps each sequence has."""
    steps, batch = data.shape[:2]
    return ir.full((batch,), steps, INT32, data.context) if durations is None else ir.minimum(durations, steps)


def _chances(data: Value, path: Value, durations: Value | None) -> Value:
    """The logarithm of the chance of each place on the path at each step: [steps, batch, places].

    Steps behind the end of a sequence are 0 from the beginning: what stands there must not meet the 0 of a gradient,
    of which it could make NaN.
    """
    exact = ir.convert(data, widened(data.dtype))
    if durations is not None:
        exact = ir.select(ir.expand_dims(_before(durations, data), 2), exact, 0.0)
    rows = ir.iota(path.shape, 0, INT32, data.context)
    made = ir.gather(log_softmax(exact), (rows, path), (1, 2))
    return ir.maximum(ir.transpose(made, (2, 0, 1)), _NEVER)


def _before(ends: Value, data: Value) -> Value:
    """Which of [steps, batch] come before the end of their sequence."""
    return ir.iota(data.shape[:2], 0, INT32, data.context) < ir.expand_dims(ends, 0)


def _least_steps(symbols: Value, ends: Value) -> Value:
    """How many steps a label needs: one a symbol, and a blank between two equal ones."""
    before = ir.pad(symbols, -1, (0, 1), (0, -1))
    column = ir.iota(symbols.shape, 1, INT32, symbols.context)
    again = (symbols == before) & (column > 0) & (column < ir.expand_dims(ends, 1))
    return ends + ir.sum(ir.convert(again, INT32), 1)


def _check_ctc(data: Value, label: Value) -> None:
    require(is_floating(data.dtype), f"CTCLoss needs floats, got {data.type}")
    require(data.ndim == 3, f"The number of dimensions of data array must be 3, got {data.type}")
    require(label.ndim == 2, f"The number of dimensions of labels array must be 2, got {label.type}")
    require(
        data.shape[1] == label.shape[0],
        f"The batch size for the labels and data arrays must be the same, got {data.type} and {label.type}",
    )
    require(
        data.shape[0] >= label.shape[1],
        f"The max number of labels cannot exceed the maximum sequence length of the data: {data.type}, {label.type}",
    )


def _first(symbols: Value, padding: int) -> Value:
    """How many symbols stand before the first that is ``padding``."""
    column = ir.iota(symbols.shape, 1, INT32, symbols.context)
    return ir.min(ir.select(symbols == padding, column, symbols.shape[1]), 1)


def _path(symbols: Value, blank: int) -> Value:
    """The symbols with blanks before, between and behind them."""
    return ir.pad(symbols, blank, (0, 1), (0, 1), (0, 1))


def _may_skip(path: Value, blank: int) -> Value:
    """Where the blank before a symbol may be left out: not before the same symbol again."""
    before = ir.pad(path, blank, (0, 2), (0, -2))
    return (path != blank) & (path != before)


def _forward(chances: Value, may_skip: Value, durations: Value | None) -> Value:
    """The chance of each place on the path after the last step: chances are [steps, batch, places]."""
    first = ir.iota(may_skip.shape, 1, INT32, chances.context) == 0
    start = ir.select(first, ir.full(may_skip.shape, 0, chances.dtype, chances.context), _NEVER)
    rows = [chances]
    if durations is not None:
        rows.append(_before(durations, chances))

    def step(state: Any, rows: Any, constants: Any) -> Any:
        here = state[0]
        skipped = ir.select(constants[0], _shifted(here, 2), _NEVER)
        moved = _add_chances(here, _shifted(here, 1), skipped) + rows[0]
        if len(rows) > 1:
            moved = ir.select(ir.expand_dims(rows[1], 1), moved, here)
        return (moved,), ()

    (last,), _ = scan(step, (start,), rows, (may_skip,))
    return last
