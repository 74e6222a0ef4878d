"""The plain recurrent cell, LSTM and GRU."""

from __future__ import annotations

from typing import Any

from .cell import HybridRecurrentCell, Info, activated


class _Cell(HybridRecurrentCell):
    """What the three have: weights and biases for inputs (i2h) and states (h2h), ``_gates`` times as many as states."""

    _gates: int
    _called: str
    _states = 1
    i2h_weight: Any
    h2h_weight: Any
    i2h_bias: Any
    h2h_bias: Any

    def __init__(
        self,
        hidden_size: int,
        input_size: int,
        i2h_weight_initializer: Any,
        h2h_weight_initializer: Any,
        i2h_bias_initializer: Any,
        h2h_bias_initializer: Any,
        prefix: str | None,
        params: Any,
    ) -> None:
        super().__init__(prefix=prefix, params=params)
        self._hidden_size = hidden_size
        self._input_size = input_size
        rows = self._gates * hidden_size
        for name, shape, init in (
            ("i2h_weight", (rows, input_size), i2h_weight_initializer),
            ("h2h_weight", (rows, hidden_size), h2h_weight_initializer),
            ("i2h_bias", (rows,), i2h_bias_initializer),
            ("h2h_bias", (rows,), h2h_bias_initializer),
        ):
            setattr(self, name, self.params.get(name, shape=shape, init=init, allow_deferred_init=True))

    def _alias(self) -> str:
        return self._called

    def __repr__(self) -> str:
        rows, inputs = self.i2h_weight.shape
        return f"{type(self).__name__}({inputs or None} -> {rows}{self._more()})"

    def _more(self) -> str:
        """What else is printed."""
        return ""

    def state_info(self, batch_size: int = 0) -> Info:
        return [{"shape": (batch_size, self._hidden_size), "__layout__": "NC"} for _ in range(self._states)]

    def _products(
        self, F: Any, inputs: Any, state: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any, h2h_bias: Any
    ) -> tuple[Any, Any]:
        rows = self._gates * self._hidden_size
        step = f"t{self._counter}_"
        i2h = F.FullyConnected(inputs, i2h_weight, i2h_bias, num_hidden=rows, name=f"{step}i2h")
        return i2h, F.FullyConnected(state, h2h_weight, h2h_bias, num_hidden=rows, name=f"{step}h2h")


class RNNCell(_Cell):
    """``h' = activation(W_i x + b_i + W_h h + b_h)`` (Elman, 1990). The state is ``h``, the output ``h'``.

    >>> from lazynd import nd
    >>> from lazynd.gluon import rnn
    >>> cell = rnn.RNNCell(4)
    >>> cell.initialize()
    >>> cell(nd.ones((2, 3)), cell.begin_state(2))[0].shape
    (2, 4)
    """

    _gates = 1
    _called = "rnn"

    def __init__(
        self,
        hidden_size: int,
        activation: Any = "tanh",
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        input_size: int = 0,
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(
            hidden_size, input_size, i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer,
            h2h_bias_initializer, prefix, params,
        )  # fmt: skip
        self._activation = activation

    def _more(self) -> str:
        return f", {self._activation}"

    def hybrid_forward(
        self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any, h2h_bias: Any
    ) -> Any:
        i2h, h2h = self._products(F, inputs, states[0], i2h_weight, h2h_weight, i2h_bias, h2h_bias)
        output = activated(F, i2h + h2h, self._activation)
        return output, [output]


class LSTMCell(_Cell):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997): gates i, f, g, o in this order.

    ``c' = s(f) c + s(i) t(g)``, ``h' = s(o) t(c')`` with s ``recurrent_activation`` and t ``activation``. The states
    are ``h`` and ``c``, the output ``h'``.

    >>> from lazynd import nd
    >>> from lazynd.gluon import rnn
    >>> cell = rnn.LSTMCell(4)
    >>> cell.initialize()
    >>> output, (h, c) = cell(nd.ones((2, 3)), cell.begin_state(2))
    >>> output.shape, c.shape
    ((2, 4), (2, 4))
    """

    _gates = 4
    _called = "lstm"
    _states = 2

    def __init__(
        self,
        hidden_size: int,
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        input_size: int = 0,
        prefix: str | None = None,
        params: Any = None,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
    ) -> None:
        super().__init__(
            hidden_size, input_size, i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer,
            h2h_bias_initializer, prefix, params,
        )  # fmt: skip
        self._activation = activation
        self._recurrent_activation = recurrent_activation

    def hybrid_forward(
        self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any, h2h_bias: Any
    ) -> Any:
        i2h, h2h = self._products(F, inputs, states[0], i2h_weight, h2h_weight, i2h_bias, h2h_bias)
        gates = F.SliceChannel(i2h + h2h, num_outputs=4, name=f"t{self._counter}_slice")
        recurrent = self._recurrent_activation
        kept = activated(F, gates[1], recurrent) * states[1]
        c = kept + activated(F, gates[0], recurrent) * activated(F, gates[2], self._activation)
        h = F.elemwise_mul(activated(F, gates[3], recurrent), activated(F, c, self._activation))
        return h, [h, c]


class GRUCell(_Cell):
    """Gated recurrent unit (Cho and others, 2014), in cuDNN's form: gates r, z, n in this order.

    ``n' = tanh(i_n + r h_n)``, ``h' = (1 - z) n' + z h``. The state is ``h``, the output ``h'``.

    >>> from lazynd import nd
    >>> from lazynd.gluon import rnn
    >>> cell = rnn.GRUCell(4)
    >>> cell.initialize()
    >>> cell(nd.ones((2, 3)), cell.begin_state(2))[0].shape
    (2, 4)
    """

    _gates = 3
    _called = "gru"

    def __init__(
        self,
        hidden_size: int,
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        input_size: int = 0,
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(
            hidden_size, input_size, i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer,
            h2h_bias_initializer, prefix, params,
        )  # fmt: skip

    def hybrid_forward(
        self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any, h2h_bias: Any
    ) -> Any:
        before = states[0]
        i2h, h2h = self._products(F, inputs, before, i2h_weight, h2h_weight, i2h_bias, h2h_bias)
        step = f"t{self._counter}_"
        i2h_r, i2h_z, i2h_n = F.SliceChannel(i2h, num_outputs=3, name=f"{step}i2h_slice")
        h2h_r, h2h_z, h2h_n = F.SliceChannel(h2h, num_outputs=3, name=f"{step}h2h_slice")
        update = F.Activation(i2h_z + h2h_z, act_type="sigmoid")
        new = F.Activation(i2h_n + F.Activation(i2h_r + h2h_r, act_type="sigmoid") * h2h_n, act_type="tanh")
        h = (F.ones_like(update) - update) * new + update * before
        return h, [h]
