"""Layers that normalise: over the batch, a layer, an instance, a group."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..block import HybridBlock


def _shown(kwargs: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in kwargs.items())


def _channels(gamma: Any) -> int:
    channels: int = gamma.shape[0]
    return channels


class _BatchNorm(HybridBlock):
    """What both kinds have: statistics of the batch in training, moving averages of them in prediction."""

    _nests: ClassVar = False

    #: The operator.
    _operator = "BatchNorm"

    def __init__(
        self,
        axis: int = 1,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        use_global_stats: bool = False,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        running_mean_initializer: Any = "zeros",
        running_variance_initializer: Any = "ones",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._kwargs: dict[str, Any] = {
            "axis": axis, "eps": epsilon, "momentum": momentum, "fix_gamma": not scale,
            "use_global_stats": use_global_stats,
        }  # fmt: skip
        self._axis = axis
        self.fix_gamma = not scale
        if in_channels != 0:
            self.in_channels = in_channels
        shape = (in_channels,)
        for name, init, learned in (("gamma", gamma_initializer, scale), ("beta", beta_initializer, center)):
            each = self.params.get(
                name,
                grad_req="write" if learned else "null",
                shape=shape,
                init=init,
                allow_deferred_init=True,
                differentiable=learned,
            )
            setattr(self, name, each)
        means = ("running_mean", running_mean_initializer), ("running_var", running_variance_initializer)
        for name, init in means:
            each = self.params.get(
                name, grad_req="null", shape=shape, init=init, allow_deferred_init=True, differentiable=False
            )
            setattr(self, name, each)

    gamma: Any
    beta: Any
    running_mean: Any
    running_var: Any

    def cast(self, dtype: Any) -> None:
        """As ``Block.cast``; for float16 scales and statistics are float32."""
        super().cast("float32" if np.dtype(dtype).name == "float16" else dtype)

    def __repr__(self) -> str:
        channels = self.gamma.shape[0]
        return f"{type(self).__name__}({_shown(self._kwargs)}, in_channels={channels or None})"

    def hybrid_forward(self, F: Any, x: Any, gamma: Any, beta: Any, running_mean: Any, running_var: Any) -> Any:
        operator = F.contrib.BatchNormWithReLU if self._operator == "BatchNormWithReLU" else F.BatchNorm
        return operator(x, gamma, beta, running_mean, running_var, name="fwd", **self._kwargs)


class BatchNorm(_BatchNorm):
    """Each channel, along ``axis``, less its mean and over its deviation, then ``* gamma + beta``.

    ``scale``, ``center``: whether ``gamma`` and ``beta`` are learned, or stay 1 and 0. In training mode mean and
    deviation are those of the batch, of which ``running_mean`` and ``running_var`` become moving averages with
    ``momentum``; in prediction mode, or with ``use_global_stats``, they are those averages. ``epsilon`` is added to the
    variance. (Ioffe and Szegedy, 2015.)

    >>> from lazynd import autograd, nd
    >>> from lazynd.gluon import nn
    >>> layer = nn.BatchNorm()
    >>> layer.initialize()
    >>> with autograd.train_mode():
    ...     layer(nd.array([[1, 10], [3, 30]])).asnumpy().round(3)
    array([[-1., -1.],
           [ 1.,  1.]], dtype=float32)
    """


class BatchNormReLU(_BatchNorm):
    """Batch normalisation, then ReLU; see ``BatchNorm``.

    >>> from lazynd import autograd, nd
    >>> from lazynd.gluon import nn
    >>> layer = nn.BatchNormReLU()
    >>> layer.initialize()
    >>> with autograd.train_mode():
    ...     layer(nd.array([[1, 10], [3, 30]])).asnumpy().round(3)
    array([[0., 0.],
           [1., 1.]], dtype=float32)
    """

    _operator = "BatchNormWithReLU"


class _Affine(HybridBlock):
    """What the others have: a scale and a shift for each channel, each learned or fixed."""

    _nests: ClassVar = False

    def _make(self, channels: int, center: bool, scale: bool, beta_initializer: Any, gamma_initializer: Any) -> None:
        self.gamma = self.params.get(
            "gamma",
            grad_req="write" if scale else "null",
            shape=(channels,),
            init=gamma_initializer,
            allow_deferred_init=True,
        )
        self.beta = self.params.get(
            "beta",
            grad_req="write" if center else "null",
            shape=(channels,),
            init=beta_initializer,
            allow_deferred_init=True,
        )


class LayerNorm(_Affine):
    """Each example less its mean and over its deviation along ``axis``, then ``* gamma + beta``.

    (Ba and others, 2016.)

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> layer = nn.LayerNorm()
    >>> layer.initialize()
    >>> layer(nd.array([[1, 3], [10, 30]])).asnumpy().round(3)
    array([[-1.,  1.],
           [-1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        axis: int = -1,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        in_channels: int = 0,
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(prefix=prefix, params=params)
        self._kwargs = {"eps": epsilon, "axis": axis, "center": center, "scale": scale}
        self._axis = axis
        self._epsilon = epsilon
        self._make(in_channels, center, scale, beta_initializer, gamma_initializer)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({_shown(self._kwargs)}, in_channels={_channels(self.gamma)})"

    def hybrid_forward(self, F: Any, data: Any, gamma: Any, beta: Any) -> Any:
        return F.LayerNorm(data, gamma, beta, axis=self._axis, eps=self._epsilon)


class GroupNorm(_Affine):
    """Each group of channels (axis 1) of each example less its mean and over its deviation, then ``* gamma + beta``.

    ``gamma`` and ``beta`` have one element for each of ``num_groups``, as in MXNet 1.9. (Wu and He, 2018.)

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> layer = nn.GroupNorm(2)
    >>> layer.initialize()
    >>> layer(nd.array([[[1, 3], [10, 30]]])).asnumpy().round(3)
    array([[[-1.,  1.],
            [-1.,  1.]]], dtype=float32)
    """

    def __init__(
        self,
        num_groups: int = 1,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(prefix=prefix, params=params)
        self._kwargs = {"eps": epsilon, "num_groups": num_groups, "center": center, "scale": scale}
        self._num_groups = num_groups
        self._epsilon = epsilon
        self._make(num_groups, center, scale, beta_initializer, gamma_initializer)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({_shown(self._kwargs)})"

    def hybrid_forward(self, F: Any, data: Any, gamma: Any, beta: Any) -> Any:
        return F.GroupNorm(data, gamma=gamma, beta=beta, num_groups=self._num_groups, eps=self._epsilon)


class InstanceNorm(_Affine):
    """Each channel, along ``axis``, of each example less its mean and over its deviation, then ``* gamma + beta``.

    (Ulyanov and others, 2016.)

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> layer = nn.InstanceNorm()
    >>> layer.initialize()
    >>> layer(nd.array([[[1, 3], [10, 30]]])).asnumpy().round(3)
    array([[[-1.,  1.],
            [-1.,  1.]]], dtype=float32)
    """

    def __init__(
        self,
        axis: int = 1,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = False,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._kwargs = {"eps": epsilon, "axis": axis, "center": center, "scale": scale}
        self._axis = axis
        self._epsilon = epsilon
        self._make(in_channels, center, scale, beta_initializer, gamma_initializer)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({_shown(self._kwargs)}, in_channels={_channels(self.gamma)})"

    def hybrid_forward(self, F: Any, x: Any, gamma: Any, beta: Any) -> Any:
        if self._axis == 1:
            return F.InstanceNorm(x, gamma, beta, name="fwd", eps=self._epsilon)
        swapped = F.InstanceNorm(x.swapaxes(1, self._axis), gamma, beta, name="fwd", eps=self._epsilon)
        return swapped.swapaxes(1, self._axis)
