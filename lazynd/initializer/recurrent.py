"""Initializers of recurrent layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import nd
from ..nd import NDArray
from .base import InitDesc, Initializer, create, register


@register
class LSTMBias(Initializer):
    """Zeros, but ``forget_bias`` for the forget gate, the second quarter of the array.

    An LSTM then keeps what it has at first (Jozefowicz, Zaremba and Sutskever, 2015).

    >>> from lazynd import init, nd
    >>> b = nd.ones((4,))
    >>> init.LSTMBias(2)(init.InitDesc("lstm_bias", {"__init__": init.LSTMBias(2)}), b)
    >>> b.asnumpy()
    array([0., 2., 0., 0.], dtype=float32)
    """

    def __init__(self, forget_bias: float = 1.0) -> None:
        super().__init__(forget_bias=forget_bias)
        self.forget_bias = forget_bias

    def _init_weight(self, name: str, arr: NDArray) -> None:
        hidden = arr.shape[0] // 4
        arr[:] = 0.0
        arr[hidden : 2 * hidden] = self.forget_bias


#: The gates of each kind of cell, as their parameters are called.
_GATES = {
    "rnn_relu": ("",), "rnn_tanh": ("",), "lstm": ("_i", "_f", "_c", "_o"), "gru": ("_r", "_z", "_o"),
}  # fmt: skip


@register
class FusedRNN(Initializer):
    """Fills the one array of parameters of a fused RNN part by part: each gate's weight and bias as if alone.

    ``init``: the initializer of the parts, or its ``dumps``; the net's own if None. The others are those of the cell;
    the forget gates of an "lstm" get ``forget_bias`` as biases.

    >>> from lazynd import init, nd
    >>> w = nd.zeros((4 * 2 * (3 + 2) + 4 * 2 * 2,))
    >>> init.FusedRNN(init.One(), num_hidden=2, num_layers=1, mode="lstm", forget_bias=5)(init.InitDesc("weight"), w)
    >>> w[:40].min().asscalar(), w[42:44].asnumpy()
    (np.float32(1.0), array([5., 5.], dtype=float32))
    """

    def __init__(
        self,
        init: Initializer | str | None,
        num_hidden: int,
        num_layers: int,
        mode: str,
        bidirectional: bool = False,
        forget_bias: float = 1.0,
    ) -> None:
        own = create(init) if isinstance(init, str) else init
        super().__init__(
            init=own.dumps() if own is not None else None, num_hidden=num_hidden, num_layers=num_layers, mode=mode,
            bidirectional=bidirectional, forget_bias=forget_bias,
        )  # fmt: skip
        self._init = own
        self._num_hidden = num_hidden
        self._num_layers = num_layers
        self._mode = mode
        self._bidirectional = bidirectional
        self._forget_bias = forget_bias

    def _parts(self, size: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Name and shape of each part, in the order in which they lie in an array of ``size``."""
        gates, hidden, layers = _GATES[self._mode], self._num_hidden, self._num_layers
        sides = ("l", "r") if self._bidirectional else ("l",)
        rest = (layers - 1) * (hidden + len(sides) * hidden + 2) + hidden + 2
        inputs = size // len(sides) // hidden // len(gates) - rest
        for layer in range(layers):
            width = inputs if layer == 0 else len(sides) * hidden
            for side in sides:
                for group, extent in (("i2h", width), ("h2h", hidden)):
                    yield from ((f"{side}{layer}_{group}{gate}_weight", (hidden, extent)) for gate in gates)
        for layer in range(layers):
            for side in sides:
                for group in ("i2h", "h2h"):
                    yield from ((f"{side}{layer}_{group}{gate}_bias", (hidden,)) for gate in gates)

    def _init_weight(self, name: str, arr: NDArray) -> None:
        net: Any = getattr(name, "global_init", None)
        parts = []
        for part, shape in self._parts(arr.size):
            made = nd.zeros(shape, ctx=arr.context, dtype=arr.dtype)
            if self._mode == "lstm" and part.endswith("_f_bias"):
                made[:] = self._forget_bias
            else:
                filling = net if self._init is None else self._init
                filling(InitDesc(part, global_init=net), made)
            parts.append(made.reshape((-1,)))
        arr[:] = nd.concat(*parts, dim=0).reshape(arr.shape)
