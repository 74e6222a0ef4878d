"""Recurrent layers: the fused ``RNN``, each layer and direction one scan over products made before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..ir import build as ir
from ..ir.build import Value
from ..ir.control import scan
from ..ir.errors import OperatorError
from ..ir.types import INT32, is_floating, normalize_axis, require
from .kinds import Draw, Generator, Scalar, Training, check_count, one_of
from .operator import floats as _f
from .operator import op
from .partial import Shapes
from .random import kept
from .shape import joined_shapes

#: Matrices of each kind of weight by mode: one for each gate.
_GATES: Final = {"gru": 3, "lstm": 4, "rnn_relu": 1, "rnn_tanh": 1}

State = tuple[Value, ...]


@dataclass(frozen=True)
class _Layout:
    """The sizes of a network: ``width`` is what a direction hands on, ``state_size`` or the size it is projected to."""

    mode: str
    inputs: int
    state_size: int
    num_layers: int
    directions: int
    projected: int | None

    @property
    def width(self) -> int:
        return self.projected or self.state_size

    def sizes(self, layer: int) -> list[tuple[int, ...]]:
        """Shapes of the weights of one direction of ``layer``: of the input, of the state, of the projection."""
        rows = _GATES[self.mode] * self.state_size
        inputs = self.width * self.directions if layer else self.inputs
        projection = [(self.projected, self.state_size)] if self.projected else []
        return [(rows, inputs), (rows, self.width), *projection]

    def count(self) -> int:
        """How many parameters there are."""
        weights = sum(a * b for layer in range(self.num_layers) for a, b in self.sizes(layer))
        return self.directions * (weights + self.num_layers * 2 * _GATES[self.mode] * self.state_size)

    def unpack(self, parameters: Value) -> list[list[Value]]:
        """For each layer and direction its weights, then its two biases.

        ``parameters`` has all weights, layer by layer and direction by direction, then all biases in the same order.
        """
        found: list[list[Value]] = []
        at = 0
        biases = [(_GATES[self.mode] * self.state_size,)] * 2
        kinds: list[Callable[[int], Sequence[tuple[int, ...]]]] = [self.sizes, lambda layer: biases]
        for number, shapes in enumerate(kinds):
            for cell in range(self.num_layers * self.directions):
                made = []
                for shape in shapes(cell // self.directions):
                    size = shape[0] * shape[1] if len(shape) == 2 else shape[0]
                    made.append(ir.reshape(ir.slice_(parameters, (at,), (at + size,)), shape))
                    at += size
                if number:
                    found[cell] += made
                else:
                    found.append(made)
        return found


def _linear(x: Value, weight: Value) -> Value:
    return ir.dot_general(x, weight, ((x.ndim - 1,), (1,)))


def _split(gates: Value, count: int) -> list[Value]:
    size = gates.shape[-1] // count
    return [ir.slice_(gates, (0, i * size), (gates.shape[0], (i + 1) * size)) for i in range(count)]


Clip = Callable[[Value], Value] | None


def _lstm(x: Value, state: State, weights: Sequence[Value], clip: Clip) -> State:
    """Gates in the order input, forget, candidate, output."""
    hidden, cell = state
    i, f, g, o = _split(x + _linear(hidden, weights[0]), 4)
    cell = ir.logistic(f) * cell + ir.logistic(i) * ir.tanh(g)
    if clip is not None:
        cell = clip(cell)
    hidden = ir.logistic(o) * ir.tanh(cell)
    return (_linear(hidden, weights[1]) if len(weights) > 1 else hidden), cell


def _gru(x: Value, state: State, weights: Sequence[Value], clip: Clip) -> State:
    """Gates in the order reset, update, candidate; the bias of the state is inside the reset."""
    (hidden,) = state
    xs, hs = _split(x, 3), _split(_linear(hidden, weights[0]) + weights[1], 3)
    reset, update = ir.logistic(xs[0] + hs[0]), ir.logistic(xs[1] + hs[1])
    candidate = ir.tanh(xs[2] + reset * hs[2])
    return (candidate + update * (hidden - candidate),)


def _tanh(x: Value, state: State, weights: Sequence[Value], clip: Clip) -> State:
    return (ir.tanh(x + _linear(state[0], weights[0])),)


def _relu(x: Value, state: State, weights: Sequence[Value], clip: Clip) -> State:
    return (ir.maximum(x + _linear(state[0], weights[0]), 0.0),)


_STEPS: Final = {"gru": _gru, "lstm": _lstm, "rnn_relu": _relu, "rnn_tanh": _tanh}


def _direction(
    x: Value, state: State, weights: Sequence[Value], mode: str, reverse: bool, clip: Clip, inside: Value | None
) -> tuple[Value, State]:
    """One layer in one direction: its outputs for each step, and its last state. Steps that are ``inside`` count."""
    *matrices, input_bias, state_bias = weights
    fed = _linear(x, matrices[0])
    if mode == "gru":
        fed, constants = fed + input_bias, [matrices[1], state_bias]
    else:
        fed, constants = fed + (input_bias + state_bias), matrices[1:]
    step = _STEPS[mode]

    def advance(state: State, rows: State, constants: State) -> tuple[State, State]:
        made = step(rows[0], state, constants, clip)
        if len(rows) == 1:
            return made, made[:1]
        kept = [ir.select(ir.expand_dims(rows[1], 1), new, old) for new, old in zip(made, state, strict=True)]
        return tuple(kept), (ir.select(ir.expand_dims(rows[1], 1), made[0], 0.0),)

    rows = [fed] if inside is None else [fed, inside]
    last, outputs = scan(advance, state, rows, constants, reverse=reverse)
    return outputs[0], last


def _clipping(low: float | None, high: float | None, nan: bool) -> Clip:
    """What is done to the cells of an LSTM: bounded, and (``nan`` False) NaN replaced by the lower bound."""
    if low is None and high is None:
        return None
    if low is None or high is None:
        raise OperatorError("lstm_state_clip_min and lstm_state_clip_max go together: give both, or none")
    require(low <= high, f"lstm_state_clip_min {low} is above lstm_state_clip_max {high}")

    def clip(cell: Value) -> Value:
        bounded = ir.select(cell > high, high, ir.select(cell < low, low, cell))
        return bounded if nan else ir.select(cell == cell, bounded, low)

    return clip


def _samples(rng: Any) -> list[Any]:
    def call(mode: str, layers: int = 1, both: bool = False, projected: int | None = None, **more: Any) -> Any:
        directions = 2 if both else 1
        layout = _Layout(mode, 3, 4, layers, directions, projected)
        lengths = [rng.integers(1, 4, 2).astype("float32")] if more.get("use_sequence_length") else []
        cells = [_f(rng, layers * directions, 2, 4)] if mode == "lstm" else []
        arrays = (_f(rng, 3, 2, 3), _f(rng, layout.count()) - 0.5, _f(rng, layers * directions, 2, layout.width))
        given = {"state_size": 4, "num_layers": layers, "mode": mode, "bidirectional": both, "state_outputs": True}
        return (*arrays, *cells, *lengths), {**given, **({"projection_size": projected} if projected else {}), **more}

    return [
        call("lstm"),
        call("gru", both=True),
        call("rnn_tanh", layers=2, p=0.4, training=True),
        call("rnn_relu"),
        call("lstm", projected=2, lstm_state_clip_min=-0.5, lstm_state_clip_max=0.5),
        call("gru", both=True, use_sequence_length=True),
    ]


def _drops(attributes: Mapping[str, Any]) -> bool:
    """Whether outputs between layers are dropped: ``p`` is an attribute only if it is 0."""
    return bool(attributes["training"] and attributes["num_layers"] > 1 and "p" not in attributes)


def _rnn_shapes(
    known: Shapes, *, state_size: int, num_layers: int, bidirectional: bool, mode: str, projection_size: int | None,
    state_outputs: bool, **_: Any,
) -> None:  # fmt: skip
    data = known["data"]
    if data is None or len(data) != 3 or mode not in _GATES:
        return
    steps, batch, inputs = data
    directions = 2 if bidirectional else 1
    layout = _Layout(mode, inputs or 0, state_size, num_layers, directions, projection_size)
    known.learn("parameters", None if inputs is None else (layout.count(),))
    cells = num_layers * directions
    states = [(cells, batch, layout.width), (cells, batch, state_size)][: 2 if mode == "lstm" else 1]
    for number, (name, shape) in enumerate(zip(("state", "state_cell"), states, strict=False), 1):
        known.learn(name, shape)
        if state_outputs:
            known.learn_output(shape, number)
    known.learn("sequence_length", (batch,))
    known.learn_output((steps, batch, layout.width * directions))


def _named(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    states = ("state_output", "statecell_output") if attributes["mode"] == "lstm" else ("state_output",)
    return ("output", *states) if attributes["state_outputs"] else ("output",)


@op(
    samples=_samples,
    method=False,
    static_values={"p": (0.0,)},
    draws=_drops,
    shapes=_rnn_shapes,
    outputs=_named,
    optional={
        "state_cell": lambda attributes: attributes["mode"] == "lstm",
        "sequence_length": lambda attributes: attributes["use_sequence_length"],
    },
)
def RNN(
    data: Value,
    parameters: Value,
    state: Value,
    state_cell: Value | None = None,
    sequence_length: Value | None = None,
    *,
    state_size: int,
    num_layers: int,
    bidirectional: bool = False,
    mode: str,
    p: Scalar = 0.0,
    state_outputs: bool = False,
    projection_size: int | None = None,
    lstm_state_clip_min: float | None = None,
    lstm_state_clip_max: float | None = None,
    lstm_state_clip_nan: bool = False,
    use_sequence_length: bool = False,
    training: Training = False,
    generator: Generator = "hash",
    draw: Draw = None,
) -> Any:
    """Recurrent layers of ``mode`` "rnn_relu", "rnn_tanh", "lstm" or "gru" over ``data`` of [steps, batch, inputs].

    ``parameters`` is the vector of all weights, then all biases; ``state`` (and ``state_cell``, of "lstm") have
    [layers times directions, batch, ``state_size``]. Results: the last layer's outputs of [steps, batch, directions
    times ``state_size``]; with ``state_outputs`` the last states too. While training, outputs between layers are
    dropped with probability ``p``. ``projection_size`` ("lstm" only) projects what is handed on; ``lstm_state_clip_*``
    bound the cells. With ``use_sequence_length``, ``sequence_length`` of [batch] says how many steps each sequence
    has: outputs behind it are zero, and the last state is the one there.
    """
    require(num_layers > 0 and state_size > 0, "num_layers and state_size must be positive")
    _require_mode(mode, projection_size)
    require(data.ndim == 3, "Input data should be rank-3 tensor of dim [sequence length, batch size, input size]")
    require(is_floating(data.dtype), f"RNN needs floats, got {data.type}")
    directions = 2 if bidirectional else 1
    layout = _Layout(mode, data.shape[2], state_size, num_layers, directions, projection_size)
    states, lengths = _inputs(layout, data, state, [state_cell, sequence_length], use_sequence_length)
    _require_parameters(parameters, layout, data)
    clip = _clipping(lstm_state_clip_min, lstm_state_clip_max, lstm_state_clip_nan) if mode == "lstm" else None
    weights = layout.unpack(parameters)
    extents = (num_layers - 1, *data.shape[:2], layout.width * directions)
    masks = None if draw is None else kept(draw, extents, 1 - p, generator)
    inside = None if lengths is None else _before(lengths, data)
    # What stands behind an end must not meet the 0 of a gradient, of which it could make NaN.
    x = data if inside is None else ir.select(ir.expand_dims(inside, 2), data, 0.0)
    last: list[State] = []
    for layer in range(num_layers):
        outputs = []
        for direction in range(directions):
            cell = layer * directions + direction
            begin = tuple(_at(each, cell) for each in states)
            made, end = _direction(x, begin, weights[cell], mode, bool(direction), clip, inside)
            outputs.append(made)
            last.append(end)
        x = ir.concatenate(outputs, 2)
        if masks is not None and layer < num_layers - 1:
            x = ir.select(_at(masks, layer), x / (1 - p), 0.0)
    if not state_outputs:
        return x
    return (x, *(ir.concatenate([ir.expand_dims(each, 0) for each in column], 0) for column in zip(*last, strict=True)))


def _require_mode(mode: str, projection_size: int | None) -> None:
    one_of(mode, *_GATES)
    require(projection_size is None or mode == "lstm", f"projection_size is for lstm, not for {mode}")
    require(projection_size is None or projection_size > 0, "projection_size must be positive")


def _require_parameters(parameters: Value, layout: _Layout, data: Value) -> None:
    expected = (layout.count(),)
    require(parameters.dtype == data.dtype, f"expected parameters of {data.dtype}, got {parameters.type}")
    require(parameters.shape == expected, f"parameters must be {list(expected)} for {data.type}, got {parameters.type}")


def _before(lengths: Value, data: Value) -> Value:
    """Which of [steps, batch] come before the end of their sequence."""
    return ir.iota(data.shape[:2], 0, INT32, data.context) < ir.convert(ir.expand_dims(lengths, 0), INT32)


def _at(x: Value, row: int) -> Value:
    rest = [0] * (x.ndim - 1)
    return ir.reshape(ir.slice_(x, [row, *rest], [row + 1, *x.shape[1:]]), x.shape[1:])


def _inputs(
    layout: _Layout, data: Value, state: Value, further: Sequence[Value | None], use_lengths: bool
) -> tuple[list[Value], Value | None]:
    """The states and the lengths, which come in place of what is absent, checked."""
    given = [v for v in further if v is not None]
    wanted = 2 if layout.mode == "lstm" else 1
    count = wanted - 1 + use_lengths
    if len(given) != count:
        text = f"{layout.mode}{' with use_sequence_length' if use_lengths else ''}"
        raise OperatorError(f"Operator RNN expects {count + 3} inputs for {text}, but got {len(given) + 3} instead")
    states, lengths = [state, *given[: wanted - 1]], given[wanted - 1] if use_lengths else None
    cells = layout.num_layers * layout.directions
    names, widths = ("state", "state_cell"), (layout.width, layout.state_size)
    for name, width, each in zip(names, widths, states, strict=False):
        expected = (cells, data.shape[1], width)
        fits = each.shape == expected and each.dtype == data.dtype
        require(fits, f"{name} must be {data.type.with_shape(expected)}, got {each.type}")
    if lengths is not None:
        require(lengths.shape == (data.shape[1],), f"sequence_length must be [{data.shape[1]}], got {lengths.type}")
    return states, lengths


def _joined_parameters(known: Shapes, *, dim: int, **attributes: Any) -> None:
    """Parameters that are open together, the first layer's of both directions, are as large as each other."""
    joined_shapes(known, dim=dim, **attributes)
    made, parts = known.output(), known.inputs
    if made is None or len(made) != 1 or made[0] is None or any(each is None for each in parts):
        return
    sizes = [each[0] for each in parts if each is not None]
    rest, count = made[0] - sum(n for n in sizes if n is not None), sizes.count(None)
    if count > 1 and rest % count == 0:
        for number, size in enumerate(sizes):
            if size is None:
                known.learn_input(number, (rest // count,))


@op(
    samples=lambda r: [((_f(r, 6), _f(r, 4)), {"dim": 0, "num_args": 2}), ((_f(r, 2, 3), _f(r, 2, 1)), {})],
    method=False,
    shapes=_joined_parameters,
)
def _rnn_param_concat(*data: Value, num_args: int | None = None, dim: int = 1) -> Value:
    """The arrays joined along ``dim``: of flat weights and biases, the vector that ``RNN`` takes (``dim`` 0)."""
    check_count(data, num_args)
    axis = normalize_axis(dim, data[0].ndim)
    for each in data:
        same = each.dtype == data[0].dtype and each.ndim == data[0].ndim
        same = same and all(i == axis or n == data[0].shape[i] for i, n in enumerate(each.shape))
        require(same, f"Incompatible input shape: {each.type} does not fit {data[0].type} along dim {dim}")
    return ir.concatenate(list(data), axis)
