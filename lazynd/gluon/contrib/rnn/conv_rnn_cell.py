"""Recurrent cells whose products are convolutions (Shi and others, 2015)."""

from __future__ import annotations

from typing import Any

from ...nn.convolution import sizes
from ...rnn.cell import HybridRecurrentCell, Info, activated


def _length(extent: int, kernel: int, pad: int, dilate: int) -> int:
    """Of what a convolution makes of an axis; 0 if its length is not known."""
    return extent + 2 * pad - dilate * (kernel - 1) if extent else 0


class _ConvCell(HybridRecurrentCell):
    """What all have. ``input_shape``: of an example, without the batch; states keep its extents."""

    _gates: int
    _kind: str
    _states = 1

    def __init__(
        self,
        input_shape: Any,
        hidden_channels: int,
        i2h_kernel: Any,
        h2h_kernel: Any,
        i2h_pad: Any,
        i2h_dilate: Any,
        h2h_dilate: Any,
        i2h_weight_initializer: Any,
        h2h_weight_initializer: Any,
        i2h_bias_initializer: Any,
        h2h_bias_initializer: Any,
        conv_layout: str,
        activation: Any,
        prefix: str | None,
        params: Any,
    ) -> None:
        super().__init__(prefix=prefix, params=params)
        rank = len(conv_layout) - 2
        kernels = {"i2h": sizes(i2h_kernel, rank), "h2h": sizes(h2h_kernel, rank)}
        if not all(each % 2 for each in kernels["h2h"]):
            raise AssertionError(f"Only support odd number, get h2h_kernel= {h2h_kernel}")
        dilates = {"i2h": sizes(i2h_dilate, rank), "h2h": sizes(h2h_dilate, rank)}
        pads = {"i2h": sizes(i2h_pad, rank)}
        # Padded so, a convolution of the state keeps its extents.
        pads["h2h"] = tuple(d * (k - 1) // 2 for d, k in zip(dilates["h2h"], kernels["h2h"], strict=True))
        self._hidden_channels = hidden_channels
        self._input_shape = input_shape
        self._conv_layout = conv_layout
        self._activation = activation
        self._axis = conv_layout.find("C")
        self._convolutions = {
            part: {
                "kernel": kernels[part], "stride": (1,) * rank, "pad": pads[part], "dilate": dilates[part],
                "num_filter": self._gates * hidden_channels, "layout": conv_layout,
            }
            for part in ("i2h", "h2h")
        }  # fmt: skip
        channels = input_shape[self._axis - 1]
        extents = [n for axis, n in zip(conv_layout[1:], input_shape, strict=True) if axis != "C"]
        kept = map(_length, extents, kernels["i2h"], pads["i2h"], dilates["i2h"])
        self._state_shape = self._with_channels(hidden_channels, kept)
        rows = self._gates * hidden_channels
        for name, shape, init in (
            ("i2h_weight", (rows, *self._with_channels(channels, kernels["i2h"])), i2h_weight_initializer),
            ("h2h_weight", (rows, *self._with_channels(hidden_channels, kernels["h2h"])), h2h_weight_initializer),
            ("i2h_bias", (rows,), i2h_bias_initializer),
            ("h2h_bias", (rows,), h2h_bias_initializer),
        ):
            setattr(self, name, self.params.get(name, shape=shape, init=init, allow_deferred_init=True))

    def _with_channels(self, channels: int, extents: Any) -> tuple[int, ...]:
        return (channels, *extents) if self._axis == 1 else (*extents, channels)

    def _alias(self) -> str:
        return f"conv_{self._kind}"

    def __repr__(self) -> str:
        shape = self._reg_params["i2h_weight"].shape or (0, 0)
        inputs = shape[1 if self._axis == 1 else -1]
        return f"{type(self).__name__}({inputs or None} -> {shape[0]}, {self._activation}, {self._conv_layout})"

    def state_info(self, batch_size: int = 0) -> Info:
        one = {"shape": (batch_size, *self._state_shape), "__layout__": self._conv_layout}
        return [dict(one) for _ in range(self._states)]

    def hybrid_forward(
        self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any, h2h_bias: Any
    ) -> Any:
        step = f"t{self._counter}_"
        i2h = F.Convolution(inputs, i2h_weight, i2h_bias, **self._convolutions["i2h"], name=f"{step}i2h")
        h2h = F.Convolution(states[0], h2h_weight, h2h_bias, **self._convolutions["h2h"], name=f"{step}h2h")
        following = self._step(F, i2h, h2h, states, step)
        return following[0], following

    def _step(self, F: Any, i2h: Any, h2h: Any, states: Any, step: str) -> list[Any]:
        """The next states from the two convolutions; the first is the output. ``step`` begins names."""
        raise NotImplementedError

    def _parts(self, F: Any, gates: Any, name: str) -> Any:
        return F.SliceChannel(gates, num_outputs=self._gates, axis=self._axis, name=name)


def _gate(F: Any, value: Any, name: str) -> Any:
    return F.Activation(value, act_type="sigmoid", name=name)


class _ConvRNNCell(_ConvCell):
    _gates, _kind = 1, "rnn"

    def _step(self, F: Any, i2h: Any, h2h: Any, states: Any, step: str) -> list[Any]:
        return [activated(F, i2h + h2h, self._activation, f"{step}out")]


class _ConvLSTMCell(_ConvCell):
    _gates, _kind, _states = 4, "lstm", 2

    def _step(self, F: Any, i2h: Any, h2h: Any, states: Any, step: str) -> list[Any]:
        gates = self._parts(F, i2h + h2h, f"{step}slice")
        i, f, o = (_gate(F, gates["ifco".index(name)], f"{step}{name}") for name in "ifo")
        g = activated(F, gates[2], self._activation, f"{step}c")
        c = F.elemwise_add(f * states[1], i * g, name=f"{step}state")
        return [F.elemwise_mul(o, activated(F, c, self._activation), name=f"{step}out"), c]


class _ConvGRUCell(_ConvCell):
    _gates, _kind = 3, "gru"

    def _step(self, F: Any, i2h: Any, h2h: Any, states: Any, step: str) -> list[Any]:
        i2h_r, i2h_z, i2h_n = self._parts(F, i2h, f"{step}i2h_slice")
        h2h_r, h2h_z, h2h_n = self._parts(F, h2h, f"{step}h2h_slice")
        reset = _gate(F, i2h_r + h2h_r, f"{step}r_act")
        update = _gate(F, i2h_z + h2h_z, f"{step}z_act")
        new = activated(F, i2h_n + reset * h2h_n, self._activation, f"{step}h_act")
        return [F.elemwise_add((1.0 - update) * new, update * states[0], name=f"{step}out")]


class Conv1DRNNCell(_ConvRNNCell):
    """``rnn.RNNCell`` with convolutions over one axis.

    ``input_shape``: of an example in ``conv_layout``, without the batch. ``h2h_kernel`` must be odd: states keep their
    extents. ``i2h_pad``, ``i2h_dilate``, ``h2h_dilate``: of the convolutions.

    >>> from lazynd import nd
    >>> from lazynd.gluon import contrib
    >>> cell = contrib.rnn.Conv1DRNNCell((2, 6), 4, i2h_kernel=3, h2h_kernel=3, i2h_pad=1)
    >>> cell.initialize()
    >>> cell(nd.ones((1, 2, 6)), cell.begin_state(batch_size=1))[0].shape
    (1, 4, 6)
    """

    def __init__(
        self,
        input_shape: Any,
        hidden_channels: int,
        i2h_kernel: Any,
        h2h_kernel: Any,
        i2h_pad: Any = (0,),
        i2h_dilate: Any = (1,),
        h2h_dilate: Any = (1,),
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        conv_layout: str = "NCW",
        activation: Any = "tanh",
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(
            input_shape, hidden_channels, i2h_kernel, h2h_kernel, i2h_pad, i2h_dilate, h2h_dilate,
            i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer, conv_layout,
            activation, prefix, params,
        )  # fmt: skip


class Conv1DLSTMCell(_ConvLSTMCell):
    """``rnn.LSTMCell`` with convolutions over one axis.

    ``input_shape``: of an example in ``conv_layout``, without the batch. ``h2h_kernel`` must be odd: states keep their
    extents. ``i2h_pad``, ``i2h_dilate``, ``h2h_dilate``: of the convolutions.

    >>> from lazynd import nd
    >>> from lazynd.gluon import contrib
    >>> cell = contrib.rnn.Conv1DLSTMCell((2, 6), 4, i2h_kernel=3, h2h_kernel=3, i2h_pad=1)
    >>> cell.initialize()
    >>> cell(nd.ones((1, 2, 6)), cell.begin_state(batch_size=1))[0].shape
    (1, 4, 6)
    """

    def __init__(
        self,
        input_shape: Any,
        hidden_channels: int,
        i2h_kernel: Any,
        h2h_kernel: Any,
        i2h_pad: Any = (0,),
        i2h_dilate: Any = (1,),
        h2h_dilate: Any = (1,),
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        conv_layout: str = "NCW",
        activation: Any = "tanh",
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(
            input_shape, hidden_channels, i2h_kernel, h2h_kernel, i2h_pad, i2h_dilate, h2h_dilate,
            i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer, conv_layout,
            activation, prefix, params,
        )  # fmt: skip


class Conv1DGRUCell(_ConvGRUCell):
    """``rnn.GRUCell`` with convolutions over one axis.

    ``input_shape``: of an example in ``conv_layout``, without the batch. ``h2h_kernel`` must be odd: states keep their
    extents. ``i2h_pad``, ``i2h_dilate``, ``h2h_dilate``: of the convolutions.

    >>> from lazynd import nd
    >>> from lazynd.gluon import contrib
    >>> cell = contrib.rnn.Conv1DGRUCell((2, 6), 4, i2h_kernel=3, h2h_kernel=3, i2h_pad=1)
    >>> cell.initialize()
    >>> cell(nd.ones((1, 2, 6)), cell.begin_state(batch_size=1))[0].shape
    (1, 4, 6)
    """

    def __init__(
        self,
        input_shape: Any,
        hidden_channels: int,
        i2h_kernel: Any,
        h2h_kernel: Any,
        i2h_pad: Any = (0,),
        i2h_dilate: Any = (1,),
        h2h_dilate: Any = (1,),
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        conv_layout: str = "NCW",
        activation: Any = "tanh",
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(
            input_shape, hidden_channels, i2h_kernel, h2h_kernel, i2h_pad, i2h_dilate, h2h_dilate,
            i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer, conv_layout,
            activation, prefix, params,
        )  # fmt: skip


class Conv2DRNNCell(_ConvRNNCell):
    """``rnn.RNNCell`` with convolutions over two axes.

    ``input_shape``: of an example in ``conv_layout``, without the batch. ``h2h_kernel`` must be odd: states keep their
    extents. ``i2h_pad``, ``i2h_dilate``, ``h2h_dilate``: of the convolutions.

    >>> from lazynd import nd
    >>> from lazynd.gluon import contrib
    >>> cell = contrib.rnn.Conv2DRNNCell((2, 6, 6), 4, i2h_kernel=3, h2h_kernel=3, i2h_pad=1)
    >>> cell.initialize()
    >>> cell(nd.ones((1, 2, 6, 6)), cell.begin_state(batch_size=1))[0].shape
    (1, 4, 6, 6)
    """

    def __init__(
        self,
        input_shape: Any,
        hidden_channels: int,
        i2h_kernel: Any,
        h2h_kernel: Any,
        i2h_pad: Any = (0, 0),
        i2h_dilate: Any = (1, 1),
        h2h_dilate: Any = (1, 1),
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        conv_layout: str = "NCHW",
        activation: Any = "tanh",
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(
            input_shape, hidden_channels, i2h_kernel, h2h_kernel, i2h_pad, i2h_dilate, h2h_dilate,
            i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer, conv_layout,
            activation, prefix, params,
        )  # fmt: skip


class Conv2DLSTMCell(_ConvLSTMCell):
    """``rnn.LSTMCell`` with convolutions over two axes.

    ``input_shape``: of an example in ``conv_layout``, without the batch. ``h2h_kernel`` must be odd: states keep their
    extents. ``i2h_pad``, ``i2h_dilate``, ``h2h_dilate``: of the convolutions.

    >>> from lazynd import nd
    >>> from lazynd.gluon import contrib
    >>> cell = contrib.rnn.Conv2DLSTMCell((2, 6, 6), 4, i2h_kernel=3, h2h_kernel=3, i2h_pad=1)
    >>> cell.initialize()
    >>> cell(nd.ones((1, 2, 6, 6)), cell.begin_state(batch_size=1))[0].shape
    (1, 4, 6, 6)
    """

    def __init__(
        self,
        input_shape: Any,
        hidden_channels: int,
        i2h_kernel: Any,
        h2h_kernel: Any,
        i2h_pad: Any = (0, 0),
        i2h_dilate: Any = (1, 1),
        h2h_dilate: Any = (1, 1),
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        conv_layout: str = "NCHW",
        activation: Any = "tanh",
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(
            input_shape, hidden_channels, i2h_kernel, h2h_kernel, i2h_pad, i2h_dilate, h2h_dilate,
            i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer, conv_layout,
            activation, prefix, params,
        )  # fmt: skip


class Conv2DGRUCell(_ConvGRUCell):
    """``rnn.GRUCell`` with convolutions over two axes.

    ``input_shape``: of an example in ``conv_layout``, without the batch. ``h2h_kernel`` must be odd: states keep their
    extents. ``i2h_pad``, ``i2h_dilate``, ``h2h_dilate``: of the convolutions.

    >>> from lazynd import nd
    >>> from lazynd.gluon import contrib
    >>> cell = contrib.rnn.Conv2DGRUCell((2, 6, 6), 4, i2h_kernel=3, h2h_kernel=3, i2h_pad=1)
    >>> cell.initialize()
    >>> cell(nd.ones((1, 2, 6, 6)), cell.begin_state(batch_size=1))[0].shape
    (1, 4, 6, 6)
    """

    def __init__(
        self,
        input_shape: Any,
        hidden_channels: int,
        i2h_kernel: Any,
        h2h_kernel: Any,
        i2h_pad: Any = (0, 0),
        i2h_dilate: Any = (1, 1),
        h2h_dilate: Any = (1, 1),
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        conv_layout: str = "NCHW",
        activation: Any = "tanh",
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(
            input_shape, hidden_channels, i2h_kernel, h2h_kernel, i2h_pad, i2h_dilate, h2h_dilate,
            i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer, conv_layout,
            activation, prefix, params,
        )  # fmt: skip


class Conv3DRNNCell(_ConvRNNCell):
    """``rnn.RNNCell`` with convolutions over three axes.

    ``input_shape``: of an example in ``conv_layout``, without the batch. ``h2h_kernel`` must be odd: states keep their
    extents. ``i2h_pad``, ``i2h_dilate``, ``h2h_dilate``: of the convolutions.

    >>> from lazynd import nd
    >>> from lazynd.gluon import contrib
    >>> cell = contrib.rnn.Conv3DRNNCell((2, 6, 6, 6), 4, i2h_kernel=3, h2h_kernel=3, i2h_pad=1)
    >>> cell.initialize()
    >>> cell(nd.ones((1, 2, 6, 6, 6)), cell.begin_state(batch_size=1))[0].shape
    (1, 4, 6, 6, 6)
    """

    def __init__(
        self,
        input_shape: Any,
        hidden_channels: int,
        i2h_kernel: Any,
        h2h_kernel: Any,
        i2h_pad: Any = (0, 0, 0),
        i2h_dilate: Any = (1, 1, 1),
        h2h_dilate: Any = (1, 1, 1),
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        conv_layout: str = "NCDHW",
        activation: Any = "tanh",
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(
            input_shape, hidden_channels, i2h_kernel, h2h_kernel, i2h_pad, i2h_dilate, h2h_dilate,
            i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer, conv_layout,
            activation, prefix, params,
        )  # fmt: skip


class Conv3DLSTMCell(_ConvLSTMCell):
    """``rnn.LSTMCell`` with convolutions over three axes.

    ``input_shape``: of an example in ``conv_layout``, without the batch. ``h2h_kernel`` must be odd: states keep their
    extents. ``i2h_pad``, ``i2h_dilate``, ``h2h_dilate``: of the convolutions.

    >>> from lazynd import nd
    >>> from lazynd.gluon import contrib
    >>> cell = contrib.rnn.Conv3DLSTMCell((2, 6, 6, 6), 4, i2h_kernel=3, h2h_kernel=3, i2h_pad=1)
    >>> cell.initialize()
    >>> cell(nd.ones((1, 2, 6, 6, 6)), cell.begin_state(batch_size=1))[0].shape
    (1, 4, 6, 6, 6)
    """

    def __init__(
        self,
        input_shape: Any,
        hidden_channels: int,
        i2h_kernel: Any,
        h2h_kernel: Any,
        i2h_pad: Any = (0, 0, 0),
        i2h_dilate: Any = (1, 1, 1),
        h2h_dilate: Any = (1, 1, 1),
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        conv_layout: str = "NCDHW",
        activation: Any = "tanh",
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(
            input_shape, hidden_channels, i2h_kernel, h2h_kernel, i2h_pad, i2h_dilate, h2h_dilate,
            i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer, conv_layout,
            activation, prefix, params,
        )  # fmt: skip


class Conv3DGRUCell(_ConvGRUCell):
    """``rnn.GRUCell`` with convolutions over three axes.

    ``input_shape``: of an example in ``conv_layout``, without the batch. ``h2h_kernel`` must be odd: states keep their
    extents. ``i2h_pad``, ``i2h_dilate``, ``h2h_dilate``: of the convolutions.

    >>> from lazynd import nd
    >>> from lazynd.gluon import contrib
    >>> cell = contrib.rnn.Conv3DGRUCell((2, 6, 6, 6), 4, i2h_kernel=3, h2h_kernel=3, i2h_pad=1)
    >>> cell.initialize()
    >>> cell(nd.ones((1, 2, 6, 6, 6)), cell.begin_state(batch_size=1))[0].shape
    (1, 4, 6, 6, 6)
    """

    def __init__(
        self,
        input_shape: Any,
        hidden_channels: int,
        i2h_kernel: Any,
        h2h_kernel: Any,
        i2h_pad: Any = (0, 0, 0),
        i2h_dilate: Any = (1, 1, 1),
        h2h_dilate: Any = (1, 1, 1),
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        conv_layout: str = "NCDHW",
        activation: Any = "tanh",
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(
            input_shape, hidden_channels, i2h_kernel, h2h_kernel, i2h_pad, i2h_dilate, h2h_dilate,
            i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer, conv_layout,
            activation, prefix, params,
        )  # fmt: skip
