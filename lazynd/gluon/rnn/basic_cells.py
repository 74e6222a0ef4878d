"""The plain recurrent cell, LSTM and GRU."""

from __future__ import annotations

from functools import partial
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
        step = f"t{self._counter}_"
        output = activated(F, F.elemwise_add(i2h, h2h, name=f"{step}plus0"), self._activation, f"{step}out")
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
        step, recurrent = f"t{self._counter}_", self._recurrent_activation
        sums = F.elemwise_add(i2h, h2h, name=f"{step}plus0")
        gates = F.SliceChannel(sums, num_outputs=4, name=f"{step}slice")
        i = activated(F, gates[0], recurrent, f"{step}i")
        f = activated(F, gates[1], recurrent, f"{step}f")
        g = activated(F, gates[2], self._activation, f"{step}c")
        o = activated(F, gates[3], recurrent, f"{step}o")
        kept, added = F.elemwise_mul(f, states[1], name=f"{step}mul0"), F.elemwise_mul(i, g, name=f"{step}mul1")
        c = F.elemwise_add(kept, added, name=f"{step}state")
        shown = self._activation
        if isinstance(shown, str):
            shown = partial(F.Activation, act_type=shown, name=f"{step}activation0")
        h = F.elemwise_mul(o, activated(F, c, shown), name=f"{step}out")
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
        reset = F.elemwise_add(i2h_r, h2h_r, name=f"{step}plus0")
        reset = F.Activation(reset, act_type="sigmoid", name=f"{step}r_act")
        update = F.elemwise_add(i2h_z, h2h_z, name=f"{step}plus1")
        update = F.Activation(update, act_type="sigmoid", name=f"{step}z_act")
        new = F.elemwise_add(i2h_n, F.elemwise_mul(reset, h2h_n, name=f"{step}mul0"), name=f"{step}plus2")
        new = F.Activation(new, act_type="tanh", name=f"{step}h_act")
        rest = F.elemwise_sub(F.ones_like(update, name=f"{step}ones_like0"), update, name=f"{step}minus0")
        made, kept = (
            F.elemwise_mul(rest, new, name=f"{step}mul1"),
            F.elemwise_mul(update, before, name=f"{step}mul20"),
        )
        h = F.elemwise_add(made, kept, name=f"{step}out")
        return h, [h]
