"""Recurrent layers: whole sequences through one or several layers, by one operator."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ... import nd
from ...base import MXNetError
from ...nd import NDArray
from ...reference import fronts
from ..block import HybridBlock
from ..block.places import scoped
from ..parameter import Parameter
from .cell import Info, made_states
from .sequences import operators_of

__all__ = ["GRU", "LSTM", "RNN"]

_GATES = {"rnn_relu": 1, "rnn_tanh": 1, "lstm": 4, "gru": 3}
_NAME = re.compile(r"(l|r)(\d+)_(i2h|h2h|h2r)_(weight|bias)\Z")


class _RNNLayer(HybridBlock):
    """What the three have. ``mode``: what the operator ``RNN`` calls them."""

    def __init__(
        self,
        hidden_size: int,
        num_layers: int,
        layout: str,
        dropout: float,
        bidirectional: bool,
        input_size: int,
        i2h_weight_initializer: Any,
        h2h_weight_initializer: Any,
        i2h_bias_initializer: Any,
        h2h_bias_initializer: Any,
        mode: str,
        projection_size: int | None,
        h2r_weight_initializer: Any,
        lstm_state_clip_min: float | None,
        lstm_state_clip_max: float | None,
        lstm_state_clip_nan: bool,
        dtype: Any,
        use_sequence_length: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if layout not in ("TNC", "NTC"):
            raise AssertionError(f"Invalid layout {layout}; must be one of ['TNC' or 'NTC']")
        self._hidden_size = hidden_size
        self._projection_size = projection_size or None
        self._num_layers = num_layers
        self._mode = mode
        self._layout = layout
        self._dropout = dropout
        self._dir = 2 if bidirectional else 1
        self._input_size = input_size
        self._use_sequence_length = use_sequence_length
        self.skip_states = False
        self._lstm_clip = {
            "lstm_state_clip_min": lstm_state_clip_min, "lstm_state_clip_max": lstm_state_clip_max,
            "lstm_state_clip_nan": lstm_state_clip_nan,
        }  # fmt: skip
        self._dtype = dtype
        self._gates = _GATES[mode]
        rows, width = self._gates * hidden_size, self._projection_size or hidden_size
        inputs = input_size
        for i in range(num_layers):
            for d in "lr"[: self._dir]:
                self._register(f"{d}{i}_i2h_weight", (rows, inputs), i2h_weight_initializer)
                self._register(f"{d}{i}_h2h_weight", (rows, width), h2h_weight_initializer)
                self._register(f"{d}{i}_i2h_bias", (rows,), i2h_bias_initializer)
                self._register(f"{d}{i}_h2h_bias", (rows,), h2h_bias_initializer)
                if self._projection_size:
                    self._register(f"{d}{i}_h2r_weight", (width, hidden_size), h2r_weight_initializer)
            inputs = width * self._dir

    def _register(self, name: str, shape: tuple[int, ...], init: Any) -> None:
        setattr(self, name, self.params.get(name, shape=shape, init=init, allow_deferred_init=True, dtype=self._dtype))

    def __repr__(self) -> str:
        rows, inputs = self._reg_params["l0_i2h_weight"].shape or (0, 0)
        parts = [
            f"{inputs or None} -> {rows // self._gates}",
            self._layout,
            *([f"num_layers={self._num_layers}"] if self._num_layers != 1 else []),
            *([f"dropout={self._dropout}"] if self._dropout != 0 else []),
            *(["bidirectional"] if self._dir == 2 else []),
        ]
        return f"{type(self).__name__}({', '.join(parts)})"

    def _collect_params_with_prefix(self, prefix: str = "") -> dict[str, Parameter]:
        """In files the parameters are those of cells, as MXNet has it since cells came first."""
        dot = f"{prefix}." if prefix else ""
        found = {}
        for name, each in self._reg_params.items():
            match = _NAME.match(name)
            assert match is not None
            d, layer, part, kind = match.groups()
            cell = f"{d}_cell." if self._dir == 2 else ""
            found[f"{dot}_unfused.{layer}.{cell}{part}_{kind}"] = each
        return found

    def state_info(self, batch_size: int = 0) -> Info:
        """Shapes and layouts of the states: layers and directions, examples, units.

        >>> from lazynd.gluon import rnn
        >>> rnn.GRU(3, num_layers=2).state_info(5)
        [{'shape': (2, 5, 3), '__layout__': 'LNC', 'dtype': 'float32'}]
        """
        count = self._num_layers * self._dir
        widths = [self._projection_size or self._hidden_size]
        if self._mode == "lstm":
            widths.append(self._hidden_size)
        return [{"shape": (count, batch_size, n), "__layout__": "LNC", "dtype": self._dtype} for n in widths]

    def cast(self, dtype: Any) -> None:
        """As ``Block.cast``; states too.

        >>> from lazynd.gluon import rnn
        >>> layer = rnn.GRU(3)
        >>> layer.cast("float64")
        >>> layer.begin_state(2)[0].dtype
        <class 'numpy.float64'>
        """
        super().cast(dtype)
        self._dtype = dtype

    def begin_state(self, batch_size: int = 0, func: Callable[..., Any] = nd.zeros, **kwargs: Any) -> list[Any]:
        """States to begin with: zeros, or what ``func`` makes of ``shape`` and the other keywords.

        >>> from lazynd.gluon import rnn
        >>> [each.shape for each in rnn.LSTM(3).begin_state(batch_size=2)]
        [(1, 2, 3), (1, 2, 3)]
        """
        infos = self.state_info(batch_size)
        return made_states(infos, func, [f"{self.prefix}h0_{i}" for i in range(len(infos))], kwargs)

    @scoped
    def __call__(self, inputs: Any, states: Any = None, sequence_length: Any = None) -> Any:
        self.skip_states = states is None
        if states is None:
            if isinstance(inputs, NDArray):
                batch = inputs.shape[self._layout.find("N")]
                states = self.begin_state(batch, ctx=inputs.context, dtype=inputs.dtype)
            else:
                states = self.begin_state(0, func=operators_of(inputs).zeros)
        elif not isinstance(states, list | tuple):
            states = [states]
        if self._use_sequence_length:
            return super().__call__(inputs, states, sequence_length)
        return super().__call__(inputs, states)

    def _learn_shapes(self, x: Any, *args: Any) -> None:
        inputs = x.shape[2]
        for d in "lr"[: self._dir]:
            weight = self._reg_params[f"{d}0_i2h_weight"]
            weight.shape = (self._gates * self._hidden_size, inputs)

    def hybrid_forward(  # type: ignore[override]  # its inputs have names
        self, F: Any, inputs: Any, states: Any, sequence_length: Any = None, **kwargs: Any
    ) -> Any:
        infos = self.state_info()
        if len(states) != len(infos):
            inputs_of = 2 + self._use_sequence_length
            raise MXNetError(
                f"Operator RNN expects {inputs_of + len(infos)} inputs, but got {inputs_of + len(states)} instead: "
                f"{type(self).__name__} has {len(infos)} states, {len(states)} were given"
            )
        if F is nd:
            batch = inputs.shape[self._layout.find("N")]
            for state, info in zip(states, self.state_info(batch), strict=True):
                if state.shape != info["shape"]:
                    raise ValueError(f"Invalid recurrent state shape. Expecting {info['shape']}, got {state.shape}.")
        if self._layout == "NTC":
            inputs = F.swapaxes(inputs, 0, 1)
        given = [sequence_length] if self._use_sequence_length else []
        made = F.RNN(
            inputs,
            self._joined(F, kwargs),
            *states,
            *given,
            use_sequence_length=self._use_sequence_length,
            state_size=self._hidden_size,
            projection_size=self._projection_size,
            num_layers=self._num_layers,
            bidirectional=self._dir == 2,
            p=self._dropout,
            state_outputs=True,
            mode=self._mode,
            **self._lstm_clip,
        )
        outputs, following = made[0], [made[i + 1] for i in range(len(states))]
        if self._layout == "NTC":
            outputs = F.swapaxes(outputs, 0, 1)
        return outputs if self.skip_states else (outputs, following)

    def _joined(self, F: Any, params: dict[str, Any]) -> Any:
        """All parameters as the operator takes them: weights, then biases, by layer and direction."""
        parts = {"weight": ["i2h", "h2h", *(["h2r"] if self._projection_size else [])], "bias": ["i2h", "h2h"]}
        flat = [
            params[f"{d}{i}_{part}_{kind}"].reshape((-1,))
            for kind, names in parts.items()
            for i in range(self._num_layers)
            for d in "lr"[: self._dir]
            for part in names
        ]
        return F._internal._rnn_param_concat(*flat, dim=0)


class RNN(_RNNLayer):
    """Layers of plain recurrent units with ``activation`` "relu" or "tanh", see ``RNNCell``.

    A call takes a sequence, of ``layout`` "TNC" or "NTC", and gives the outputs of the last layer; with states, the
    outputs and the last states. ``dropout``: of what goes from layer to layer. ``bidirectional``: outputs of both
    directions are joined. ``input_size``: learned in the first call if 0.

    >>> from lazynd import nd
    >>> from lazynd.gluon import rnn
    >>> layer = rnn.RNN(4)
    >>> layer.initialize()
    >>> layer(nd.ones((5, 2, 3))).shape
    (5, 2, 4)
    >>> output, states = layer(nd.ones((5, 2, 3)), layer.begin_state(2))
    >>> states[0].shape
    (1, 2, 4)
    """

    def __init__(
        self,
        hidden_size: int,
        num_layers: int = 1,
        activation: str = "relu",
        layout: str = "TNC",
        dropout: float = 0,
        bidirectional: bool = False,
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        input_size: int = 0,
        dtype: Any = "float32",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            hidden_size, num_layers, layout, dropout, bidirectional, input_size, i2h_weight_initializer,
            h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer, f"rnn_{activation}", None, None, None,
            None, False, dtype, **kwargs,
        )  # fmt: skip


class LSTM(_RNNLayer):
    """Layers of LSTM units, see ``LSTMCell`` and, for the arguments of all such layers, ``RNN``.

    ``projection_size``: outputs are projected (Sak and others, 2014). ``state_clip_min``, ``state_clip_max``: states
    of the cells stay between; with ``state_clip_nan`` NaN goes through.

    >>> from lazynd import nd
    >>> from lazynd.gluon import rnn
    >>> layer = rnn.LSTM(4, num_layers=2, bidirectional=True)
    >>> layer.initialize()
    >>> output, (h, c) = layer(nd.ones((5, 2, 3)), layer.begin_state(2))
    >>> output.shape, h.shape, c.shape
    ((5, 2, 8), (4, 2, 4), (4, 2, 4))
    """

    def __init__(
        self,
        hidden_size: int,
        num_layers: int = 1,
        layout: str = "TNC",
        dropout: float = 0,
        bidirectional: bool = False,
        input_size: int = 0,
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        projection_size: int | None = None,
        h2r_weight_initializer: Any = None,
        state_clip_min: float | None = None,
        state_clip_max: float | None = None,
        state_clip_nan: bool = False,
        dtype: Any = "float32",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            hidden_size, num_layers, layout, dropout, bidirectional, input_size, i2h_weight_initializer,
            h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer, "lstm", projection_size,
            h2r_weight_initializer, state_clip_min, state_clip_max, state_clip_nan, dtype, **kwargs,
        )  # fmt: skip


class GRU(_RNNLayer):
    """Layers of gated recurrent units, see ``GRUCell`` and, for the arguments of all such layers, ``RNN``.

    >>> from lazynd import nd
    >>> from lazynd.gluon import rnn
    >>> layer = rnn.GRU(4, layout="NTC")
    >>> layer.initialize()
    >>> layer(nd.ones((2, 5, 3))).shape
    (2, 5, 4)
    """

    def __init__(
        self,
        hidden_size: int,
        num_layers: int = 1,
        layout: str = "TNC",
        dropout: float = 0,
        bidirectional: bool = False,
        input_size: int = 0,
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        dtype: Any = "float32",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            hidden_size, num_layers, layout, dropout, bidirectional, input_size, i2h_weight_initializer,
            h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer, "gru", None, None, None, None, False,
            dtype, **kwargs,
        )  # fmt: skip


__getattr__, __dir__ = fronts(__name__)
