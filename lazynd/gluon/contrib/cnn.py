"""Convolutions that learn where to look."""

from __future__ import annotations

from typing import Any

from ...reference import fronts
from ..block import HybridBlock
from ..nn import Activation
from ..nn.convolution import sizes

__all__ = ["DeformableConvolution", "ModulatedDeformableConvolution"]


class _Deformable(HybridBlock):
    """What both have: an ordinary convolution that says where the other one looks."""

    #: How many numbers the ordinary one gives for each position.
    _numbers: int
    #: The order in which parameters are made, which names and files show.
    _order: tuple[str, str]

    def __init__(
        self,
        channels: int,
        kernel_size: Any,
        strides: Any,
        padding: Any,
        dilation: Any,
        groups: int,
        num_deformable_group: int,
        layout: str,
        use_bias: bool,
        in_channels: int,
        activation: Any,
        weight_initializer: Any,
        bias_initializer: Any,
        offset_weight_initializer: Any,
        offset_bias_initializer: Any,
        offset_use_bias: bool,
        op_name: str,
        adj: Any,
        prefix: str | None,
        params: Any,
    ) -> None:
        super().__init__(prefix=prefix, params=params)
        if layout not in ("NCHW", "NHWC"):
            raise AssertionError("Only supports 'NCHW' and 'NHWC' layout for now")
        kernel = sizes(kernel_size, 2)
        shared = {
            "kernel": kernel, "stride": sizes(strides, 2), "dilate": sizes(dilation, 2), "pad": sizes(padding, 2),
            "num_group": groups, "layout": layout, **({} if adj is None else {"adj": adj}),
        }  # fmt: skip
        self._positions = kernel[0] * kernel[1] * num_deformable_group
        looks = self._numbers * self._positions
        self._channels, self._in_channels, self._op_name = channels, in_channels, op_name
        self._kwargs_offset = {**shared, "num_filter": looks, "no_bias": not offset_use_bias}
        self._kwargs_deformable_conv = {
            **shared, "num_filter": channels, "num_deformable_group": num_deformable_group, "no_bias": not use_bias,
        }  # fmt: skip
        made = {
            "offset": (looks, offset_weight_initializer, offset_use_bias, offset_bias_initializer),
            "deformable_conv": (channels, weight_initializer, use_bias, bias_initializer),
        }
        with self.name_scope():
            for part in self._order:
                count, weight_init, has_bias, bias_init = made[part]
                inner = in_channels // groups
                shape = (count, inner, *kernel) if layout == "NCHW" else (count, *kernel, inner)
                self._register(f"{part}_weight", shape, weight_init)
                if has_bias:
                    self._register(f"{part}_bias", (count,), bias_init)
            self.act = None
            if activation:
                self.act = Activation(activation, prefix=f"{activation}_")

    def _register(self, name: str, shape: tuple[int, ...], init: Any) -> None:
        setattr(self, name, self.params.get(name, shape=shape, init=init, allow_deferred_init=True))

    def hybrid_forward(
        self,
        F: Any,
        x: Any,
        offset_weight: Any,
        deformable_conv_weight: Any,
        offset_bias: Any = None,
        deformable_conv_bias: Any = None,
    ) -> Any:
        looks = F.Convolution(x, offset_weight, offset_bias, cudnn_off=True, **self._kwargs_offset)
        made = self._look(F, x, looks, deformable_conv_weight, deformable_conv_bias)
        return made if self.act is None else self.act(made)

    def _look(self, F: Any, x: Any, looks: Any, weight: Any, bias: Any) -> Any:
        raise NotImplementedError


class DeformableConvolution(_Deformable):
    """A convolution whose offsets from the grid are learned by another one (Dai and others, 2017).

    The arguments are those of ``nn.Conv2D``; those of ``offset_`` are of the other convolution, which has a group of
    offsets for each of ``num_deformable_group`` parts of the channels.

    >>> from lazynd import nd
    >>> from lazynd.gluon import contrib
    >>> layer = contrib.cnn.DeformableConvolution(4, kernel_size=(3, 3))
    >>> layer.initialize()
    >>> layer(nd.ones((1, 3, 6, 7))).shape
    (1, 4, 4, 5)
    """

    _numbers = 2
    _order = ("offset", "deformable_conv")

    def __init__(
        self,
        channels: int,
        kernel_size: Any = (1, 1),
        strides: Any = (1, 1),
        padding: Any = (0, 0),
        dilation: Any = (1, 1),
        groups: int = 1,
        num_deformable_group: int = 1,
        layout: str = "NCHW",
        use_bias: bool = True,
        in_channels: int = 0,
        activation: Any = None,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        offset_weight_initializer: Any = "zeros",
        offset_bias_initializer: Any = "zeros",
        offset_use_bias: bool = True,
        op_name: str = "DeformableConvolution",
        adj: Any = None,
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(
            channels, kernel_size, strides, padding, dilation, groups, num_deformable_group, layout, use_bias,
            in_channels, activation, weight_initializer, bias_initializer, offset_weight_initializer,
            offset_bias_initializer, offset_use_bias, op_name, adj, prefix, params,
        )  # fmt: skip

    def _alias(self) -> str:
        return "deformable_conv"

    def __repr__(self) -> str:
        shape, given = self._reg_params["deformable_conv_weight"].shape or (0, 0), self._kwargs_deformable_conv
        parts = [
            f"{shape[1] or None} -> {shape[0]}",
            f"kernel_size={given['kernel']}",
            f"stride={given['stride']}",
            *([f"padding={given['pad']}"] if given["pad"] != (0, 0) else []),
            *([f"dilation={given['dilate']}"] if given["dilate"] != (1, 1) else []),
            *([f"groups={given['num_group']}"] if given["num_group"] != 1 else []),
            *(["bias=False"] if given["no_bias"] else []),
            *([repr(self.act)] if self.act is not None else []),
        ]
        return f"{type(self).__name__}({', '.join(parts)})"

    def _look(self, F: Any, x: Any, looks: Any, weight: Any, bias: Any) -> Any:
        return F.contrib.DeformableConvolution(x, looks, weight, bias, name="fwd", **self._kwargs_deformable_conv)


class ModulatedDeformableConvolution(_Deformable):
    """A deformable convolution that also learns how much each position counts (Zhu and others, 2019).

    >>> from lazynd import nd
    >>> from lazynd.gluon import contrib
    >>> layer = contrib.cnn.ModulatedDeformableConvolution(4, kernel_size=(3, 3))
    >>> layer.initialize()
    >>> layer(nd.ones((1, 3, 6, 7))).shape
    (1, 4, 4, 5)
    """

    _numbers = 3
    _order = ("deformable_conv", "offset")

    def __init__(
        self,
        channels: int,
        kernel_size: Any = (1, 1),
        strides: Any = (1, 1),
        padding: Any = (0, 0),
        dilation: Any = (1, 1),
        groups: int = 1,
        num_deformable_group: int = 1,
        layout: str = "NCHW",
        use_bias: bool = True,
        in_channels: int = 0,
        activation: Any = None,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        offset_weight_initializer: Any = "zeros",
        offset_bias_initializer: Any = "zeros",
        offset_use_bias: bool = True,
        op_name: str = "ModulatedDeformableConvolution",
        adj: Any = None,
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(
            channels, kernel_size, strides, padding, dilation, groups, num_deformable_group, layout, use_bias,
            in_channels, activation, weight_initializer, bias_initializer, offset_weight_initializer,
            offset_bias_initializer, offset_use_bias, op_name, adj, prefix, params,
        )  # fmt: skip

    def _alias(self) -> str:
        return "modulated_deformable_conv"

    def _look(self, F: Any, x: Any, looks: Any, weight: Any, bias: Any) -> Any:
        offsets = F.slice_axis(looks, axis=1, begin=0, end=2 * self._positions)
        factors = F.sigmoid(F.slice_axis(looks, axis=1, begin=2 * self._positions, end=None)) * 2
        operator = F.contrib.ModulatedDeformableConvolution
        return operator(x, offsets, factors, weight, bias, name="fwd", **self._kwargs_deformable_conv)


__getattr__, __dir__ = fronts(__name__)
