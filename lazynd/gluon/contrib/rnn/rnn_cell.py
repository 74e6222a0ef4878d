"""Recurrent cells with projections, and with the same dropout in every step."""

from __future__ import annotations

from typing import Any

from ...rnn.cell import HybridRecurrentCell, Info, RecurrentCell
from ...rnn.modifiers import ModifierCell
from ...rnn.sequences import is_array, masked, sequence


class VariationalDropoutCell(ModifierCell):
    """In training mode, the same elements are dropped in every step (Gal and Ghahramani, 2016).

    ``drop_inputs``, ``drop_states`` (of the first state), ``drop_outputs``: the probabilities.

    >>> from lazynd import nd
    >>> from lazynd.gluon import contrib, rnn
    >>> cell = contrib.rnn.VariationalDropoutCell(rnn.LSTMCell(3), drop_states=0.5)
    >>> cell.initialize()
    >>> cell.unroll(4, nd.ones((1, 4, 2)), merge_outputs=True)[0].shape
    (1, 4, 3)
    """

    def __init__(
        self,
        base_cell: RecurrentCell,
        drop_inputs: float = 0.0,
        drop_states: float = 0.0,
        drop_outputs: float = 0.0,
    ) -> None:
        super().__init__(base_cell)
        self.drop_inputs = drop_inputs
        self.drop_states = drop_states
        self.drop_outputs = drop_outputs
        self._masks: dict[str, Any] = {}

    def _alias(self) -> str:
        return "vardrop"

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p_out = {self.drop_outputs}, p_state = {self.drop_states})"

    def reset(self) -> None:
        super().reset()
        self._masks = {}

    def _drop(self, F: Any, what: str, p: float, value: Any) -> Any:
        """``value`` less what the mask called ``what`` drops, which is made in the first step."""
        if not p:
            return value
        if what not in self._masks:
            self._masks[what] = F.Dropout(F.ones_like(value), p=p)
        return value * self._masks[what]

    def _call_hybridized(self, *args: Any) -> Any:
        return self.forward(*args)  # it keeps arrays from step to step, which no graph does

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> Any:
        states = [self._drop(F, "states", self.drop_states, states[0]), *states[1:]]
        output, states = self.base_cell(self._drop(F, "inputs", self.drop_inputs, inputs), states)
        return self._drop(F, "outputs", self.drop_outputs, output), states

    def unroll(
        self,
        length: int,
        inputs: Any,
        begin_state: Any = None,
        layout: str = "NTC",
        merge_outputs: bool | None = None,
        valid_length: Any = None,
    ) -> tuple[Any, list[Any]]:
        """As ``RecurrentCell.unroll``; inputs and outputs are dropped in one go if no states are.

        >>> from lazynd import nd
        >>> from lazynd.gluon import contrib, rnn
        >>> cell = contrib.rnn.VariationalDropoutCell(rnn.LSTMCell(3), drop_inputs=0.5)
        >>> cell.initialize()
        >>> cell.unroll(4, nd.ones((1, 4, 2)), merge_outputs=True)[0].shape
        (1, 4, 3)
        """
        if self.drop_states:
            return super().unroll(length, inputs, begin_state, layout, merge_outputs, valid_length)
        self.reset()
        inputs, axis, F, batch = sequence(length, inputs, layout, True)
        states = self._begin(F, begin_state, inputs, batch)
        if self.drop_inputs:
            inputs = F.Dropout(inputs, p=self.drop_inputs, axes=(axis,))
        outputs, states = self.base_cell.unroll(length, inputs, states, layout, True, valid_length)
        if self.drop_outputs:
            outputs = F.Dropout(outputs, p=self.drop_outputs, axes=(axis,))
        merge = is_array(outputs) if merge_outputs is None else merge_outputs
        outputs = sequence(length, outputs, layout, merge)[0]
        if valid_length is not None:
            outputs = masked(F, outputs, length, valid_length, axis, merge)
        return outputs, states


class LSTMPCell(HybridRecurrentCell):
    """LSTM whose output is projected (Sak and others, 2014); see ``rnn.LSTMCell``.

    The states are the projected output, of ``projection_size``, and ``c``, of ``hidden_size``.

    >>> from lazynd import nd
    >>> from lazynd.gluon import contrib
    >>> cell = contrib.rnn.LSTMPCell(4, 2)
    >>> cell.initialize()
    >>> output, states = cell(nd.ones((1, 3)), cell.begin_state(batch_size=1))
    >>> output.shape, [each.shape for each in states]
    ((1, 2), [(1, 2), (1, 4)])
    """

    def __init__(
        self,
        hidden_size: int,
        projection_size: int,
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        h2r_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        input_size: int = 0,
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(prefix=prefix, params=params)
        self._hidden_size = hidden_size
        self._input_size = input_size
        self._projection_size = projection_size
        rows = 4 * hidden_size
        for name, shape, init in (
            ("i2h_weight", (rows, input_size), i2h_weight_initializer),
            ("h2h_weight", (rows, projection_size), h2h_weight_initializer),
            ("h2r_weight", (projection_size, hidden_size), h2r_weight_initializer),
            ("i2h_bias", (rows,), i2h_bias_initializer),
            ("h2h_bias", (rows,), h2h_bias_initializer),
        ):
            setattr(self, name, self.params.get(name, shape=shape, init=init, allow_deferred_init=True))

    def _alias(self) -> str:
        return "lstmp"

    def __repr__(self) -> str:
        rows, inputs = self._reg_params["i2h_weight"].shape or (0, 0)
        return f"{type(self).__name__}({inputs or None} -> {rows} -> {self._projection_size})"

    def state_info(self, batch_size: int = 0) -> Info:
        sizes = self._projection_size, self._hidden_size
        return [{"shape": (batch_size, size), "__layout__": "NC"} for size in sizes]

    def hybrid_forward(
        self,
        F: Any,
        inputs: Any,
        states: Any,
        i2h_weight: Any,
        h2h_weight: Any,
        h2r_weight: Any,
        i2h_bias: Any,
        h2h_bias: Any,
    ) -> Any:
        rows = 4 * self._hidden_size
        step = f"t{self._counter}_"
        i2h = F.FullyConnected(inputs, i2h_weight, i2h_bias, num_hidden=rows, name=f"{step}i2h")
        h2h = F.FullyConnected(states[0], h2h_weight, h2h_bias, num_hidden=rows, name=f"{step}h2h")
        gates = F.SliceChannel(i2h + h2h, num_outputs=4, name=f"{step}slice")
        i, f, g, o = (
            F.Activation(gate, act_type="tanh" if name == "c" else "sigmoid", name=f"{step}{name}")
            for gate, name in zip(gates, "ifco", strict=True)
        )
        c = F.elemwise_add(f * states[1], i * g, name=f"{step}state")
        hidden = F.elemwise_mul(o, F.Activation(c, act_type="tanh"), name=f"{step}hidden")
        projected = F.FullyConnected(
            hidden, h2r_weight, no_bias=True, num_hidden=self._projection_size, name=f"{step}out"
        )
        return projected, [projected, c]
