"""Convolutions and transposed convolutions over one, two and three axes."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

from ..block import HybridBlock
from .activations import Activation

Size = int | Sequence[int]
_LAYOUTS = {1: ("NCW",), 2: ("NCHW", "NHWC"), 3: ("NCDHW", "NDHWC")}


def sizes(value: Size, rank: int, what: str = "") -> Any:
    """A number for each of ``rank`` axes; ``AssertionError`` for another number of them if ``what`` names the value."""
    if isinstance(value, numbers.Number):
        return (value,) * rank
    if what and len(value) != rank:  # type: ignore[arg-type]  # no number
        raise AssertionError(f"{what} must be a number or a list of {rank} ints")
    return value


class _Conv(HybridBlock):
    """What all have. ``op_name``: the operator; ``adj``: what a transposed one adds to its result."""

    def __init__(
        self,
        channels: int,
        kernel_size: Any,
        strides: Size,
        padding: Size,
        dilation: Size,
        groups: int,
        layout: str,
        in_channels: int = 0,
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        op_name: str = "Convolution",
        adj: Any = None,
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(prefix=prefix, params=params)
        rank = len(kernel_size)
        self._channels = channels
        self._in_channels = in_channels
        self._op_name = op_name
        self._kwargs = {
            "kernel": kernel_size, "stride": sizes(strides, rank), "dilate": sizes(dilation, rank),
            "pad": sizes(padding, rank), "num_filter": channels, "num_group": groups, "no_bias": not use_bias,
            "layout": layout,
        }  # fmt: skip
        if adj is not None:
            self._kwargs["adj"] = adj
        with self.name_scope():
            self.weight = self.params.get(
                "weight", shape=self._weight_shape(), init=weight_initializer, allow_deferred_init=True
            )
            self.bias = None
            if use_bias:
                self.bias = self.params.get("bias", shape=(channels,), init=bias_initializer, allow_deferred_init=True)
            self.act = None
            if activation is not None:
                self.act = Activation(activation, prefix=f"{activation}_")

    def _weight_shape(self) -> tuple[int, ...]:
        """Filters, channels of each and the kernel, in the order of the layout; 0 for an extent that is not known."""
        groups = self._kwargs["num_group"]
        outer, inner = self._channels, self._in_channels // groups
        if self._op_name == "Deconvolution":
            outer, inner = self._in_channels, self._channels // groups
        kernel = self._kwargs["kernel"]
        return (outer, *kernel, inner) if self._kwargs["layout"].endswith("C") else (outer, inner, *kernel)

    def _alias(self) -> str:
        return "conv"

    def __repr__(self) -> str:
        shape, given = self.weight.shape, self._kwargs
        assert shape is not None
        rank = len(given["kernel"])
        parts = [
            f"{shape[1] or None} -> {shape[0]}",
            f"kernel_size={given['kernel']}",
            f"stride={given['stride']}",
            *([f"padding={given['pad']}"] if given["pad"] != (0,) * rank else []),
            *([f"dilation={given['dilate']}"] if given["dilate"] != (1,) * rank else []),
            *([f"groups={given['num_group']}"] if given["num_group"] != 1 else []),
            *(["bias=False"] if self.bias is None else []),
            *([repr(self.act)] if self.act is not None else []),
        ]
        return f"{type(self).__name__}({', '.join(parts)})"

    def hybrid_forward(self, F: Any, x: Any, weight: Any, bias: Any = None) -> Any:
        made = getattr(F, self._op_name)(x, weight, bias, name="fwd", **self._kwargs)
        return made if self.act is None else self.act(made)


class _Forward(_Conv):
    """A convolution over ``_rank`` axes."""

    _rank: int

    def __init__(
        self,
        channels: int,
        kernel_size: Size,
        strides: Size,
        padding: Size,
        dilation: Size,
        groups: int,
        layout: str,
        activation: str | None,
        use_bias: bool,
        weight_initializer: Any,
        bias_initializer: Any,
        in_channels: int,
        **kwargs: Any,
    ) -> None:
        _check_layout(layout, self._rank)
        super().__init__(
            channels,
            sizes(kernel_size, self._rank, "kernel_size"),
            strides,
            padding,
            dilation,
            groups,
            layout,
            in_channels,
            activation,
            use_bias,
            weight_initializer,
            bias_initializer,
            **kwargs,
        )


class _Transposed(_Forward):
    """A transposed convolution."""

    def __init__(self, *args: Any, output_padding: Size, **kwargs: Any) -> None:
        adj = sizes(output_padding, self._rank, "output_padding")
        super().__init__(*args, op_name="Deconvolution", adj=adj, **kwargs)
        self.outpad = adj


def _check_layout(layout: str, rank: int) -> None:
    if layout not in _LAYOUTS[rank]:
        raise AssertionError(f"Only supports {' and '.join(map(repr, _LAYOUTS[rank]))} layout for now")


class Conv1D(_Forward):
    """A convolution over one axis.

    ``channels``: of the result. ``kernel_size``, ``strides``, ``padding``, ``dilation``: a number, or one for each
    axis. ``groups``: parts of the channels that are convolved apart. ``layout``: "NCW".
    ``in_channels``: of the input, learned in the first call if 0.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> layer = nn.Conv1D(4, 3)
    >>> layer.initialize()
    >>> layer(nd.ones((1, 3, 8))).shape
    (1, 4, 6)
    """

    _rank = 1

    def __init__(
        self,
        channels: int,
        kernel_size: Size,
        strides: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        layout: str = "NCW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            channels, kernel_size, strides, padding, dilation, groups, layout, activation, use_bias,
            weight_initializer, bias_initializer, in_channels, **kwargs,
        )  # fmt: skip


class Conv2D(_Forward):
    """A convolution over two axes.

    ``channels``: of the result. ``kernel_size``, ``strides``, ``padding``, ``dilation``: a number, or one for each
    axis. ``groups``: parts of the channels that are convolved apart. ``layout``: "NCHW" or "NHWC".
    ``in_channels``: of the input, learned in the first call if 0.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> layer = nn.Conv2D(4, 3)
    >>> layer.initialize()
    >>> layer(nd.ones((1, 3, 8, 8))).shape
    (1, 4, 6, 6)
    """

    _rank = 2

    def __init__(
        self,
        channels: int,
        kernel_size: Size,
        strides: Size = (1, 1),
        padding: Size = (0, 0),
        dilation: Size = (1, 1),
        groups: int = 1,
        layout: str = "NCHW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            channels, kernel_size, strides, padding, dilation, groups, layout, activation, use_bias,
            weight_initializer, bias_initializer, in_channels, **kwargs,
        )  # fmt: skip


class Conv3D(_Forward):
    """A convolution over three axes.

    ``channels``: of the result. ``kernel_size``, ``strides``, ``padding``, ``dilation``: a number, or one for each
    axis. ``groups``: parts of the channels that are convolved apart. ``layout``: "NCDHW" or "NDHWC".
    ``in_channels``: of the input, learned in the first call if 0.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> layer = nn.Conv3D(4, 3)
    >>> layer.initialize()
    >>> layer(nd.ones((1, 3, 8, 8, 8))).shape
    (1, 4, 6, 6, 6)
    """

    _rank = 3

    def __init__(
        self,
        channels: int,
        kernel_size: Size,
        strides: Size = (1, 1, 1),
        padding: Size = (0, 0, 0),
        dilation: Size = (1, 1, 1),
        groups: int = 1,
        layout: str = "NCDHW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            channels, kernel_size, strides, padding, dilation, groups, layout, activation, use_bias,
            weight_initializer, bias_initializer, in_channels, **kwargs,
        )  # fmt: skip


class Conv1DTranspose(_Transposed):
    """A transposed convolution over one axis: as the gradient of a convolution, it makes signals larger.

    ``channels``: of the result. ``kernel_size``, ``strides``, ``padding``, ``dilation``: a number, or one for each
    axis. ``groups``: parts of the channels that are convolved apart. ``layout``: "NCW".
    ``in_channels``: of the input, learned in the first call if 0. ``output_padding`` is added to one side of the
    result.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> layer = nn.Conv1DTranspose(4, 3)
    >>> layer.initialize()
    >>> layer(nd.ones((1, 3, 8))).shape
    (1, 4, 10)
    """

    _rank = 1

    def __init__(
        self,
        channels: int,
        kernel_size: Size,
        strides: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        layout: str = "NCW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            channels, kernel_size, strides, padding, dilation, groups, layout, activation, use_bias,
            weight_initializer, bias_initializer, in_channels, output_padding=output_padding, **kwargs,
        )  # fmt: skip


class Conv2DTranspose(_Transposed):
    """A transposed convolution over two axes: as the gradient of a convolution, it makes images larger.

    ``channels``: of the result. ``kernel_size``, ``strides``, ``padding``, ``dilation``: a number, or one for each
    axis. ``groups``: parts of the channels that are convolved apart. ``layout``: "NCHW" or "NHWC".
    ``in_channels``: of the input, learned in the first call if 0. ``output_padding`` is added to one side of the
    result.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> layer = nn.Conv2DTranspose(4, 3)
    >>> layer.initialize()
    >>> layer(nd.ones((1, 3, 8, 8))).shape
    (1, 4, 10, 10)
    """

    _rank = 2

    def __init__(
        self,
        channels: int,
        kernel_size: Size,
        strides: Size = (1, 1),
        padding: Size = (0, 0),
        output_padding: Size = (0, 0),
        dilation: Size = (1, 1),
        groups: int = 1,
        layout: str = "NCHW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            channels, kernel_size, strides, padding, dilation, groups, layout, activation, use_bias,
            weight_initializer, bias_initializer, in_channels, output_padding=output_padding, **kwargs,
        )  # fmt: skip


class Conv3DTranspose(_Transposed):
    """A transposed convolution over three axes: as the gradient of a convolution, it makes volumes larger.

    ``channels``: of the result. ``kernel_size``, ``strides``, ``padding``, ``dilation``: a number, or one for each
    axis. ``groups``: parts of the channels that are convolved apart. ``layout``: "NCDHW" or "NDHWC".
    ``in_channels``: of the input, learned in the first call if 0. ``output_padding`` is added to one side of the
    result.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> layer = nn.Conv3DTranspose(4, 3)
    >>> layer.initialize()
    >>> layer(nd.ones((1, 3, 8, 8, 8))).shape
    (1, 4, 10, 10, 10)
    """

    _rank = 3

    def __init__(
        self,
        channels: int,
        kernel_size: Size,
        strides: Size = (1, 1, 1),
        padding: Size = (0, 0, 0),
        output_padding: Size = (0, 0, 0),
        dilation: Size = (1, 1, 1),
        groups: int = 1,
        layout: str = "NCDHW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            channels, kernel_size, strides, padding, dilation, groups, layout, activation, use_bias,
            weight_initializer, bias_initializer, in_channels, output_padding=output_padding, **kwargs,
        )  # fmt: skip
