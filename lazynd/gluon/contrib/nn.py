"""Blocks side by side, the identity, shuffles of pixels, batch normalisation over devices."""

from __future__ import annotations

from typing import Any

from ... import nd
from ...reference import fronts
from ..block import Block, HybridBlock
from ..nn import BatchNorm, HybridSequential, Sequential

__all__ = [
    "Concurrent", "HybridConcurrent", "Identity", "PixelShuffle1D", "PixelShuffle2D", "PixelShuffle3D",
    "SparseEmbedding", "SyncBatchNorm",
]  # fmt: skip


class Concurrent(Sequential):
    """Blocks that are called with the same input; their outputs are joined along ``axis``.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> from lazynd.gluon.contrib.nn import Concurrent, Identity
    >>> net = Concurrent()
    >>> net.add(nn.Dense(2), Identity())
    >>> net.initialize()
    >>> net(nd.ones((1, 3))).shape
    (1, 5)
    """

    def __init__(self, axis: int = -1, prefix: str | None = None, params: Any = None) -> None:
        super().__init__(prefix=prefix, params=params)
        self.axis = axis

    def forward(self, x: Any) -> Any:
        """The outputs of all blocks, joined.

        >>> from lazynd import nd
        >>> from lazynd.gluon.contrib.nn import Concurrent, Identity
        >>> net = Concurrent(axis=0)
        >>> net.add(Identity(), Identity())
        >>> net.forward(nd.ones((1, 3))).shape
        (2, 3)
        """
        return nd.concat(*[block(x) for block in self._children.values()], dim=self.axis)


class HybridConcurrent(HybridSequential):
    """Hybrid blocks that are called with the same input; their outputs are joined along ``axis``.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> from lazynd.gluon.contrib.nn import HybridConcurrent, Identity
    >>> net = HybridConcurrent()
    >>> net.add(nn.Dense(2), Identity())
    >>> net.initialize()
    >>> net(nd.ones((1, 3))).shape
    (1, 5)
    """

    def __init__(self, axis: int = -1, prefix: str | None = None, params: Any = None) -> None:
        super().__init__(prefix=prefix, params=params)
        self.axis = axis

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.concat(*[block(x) for block in self._children.values()], dim=self.axis)


class Identity(HybridBlock):
    """What comes in.

    >>> from lazynd import nd
    >>> from lazynd.gluon.contrib.nn import Identity
    >>> Identity()(nd.ones(2)).asnumpy()
    array([1., 1.], dtype=float32)
    """

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return x


class SparseEmbedding(Block):
    """``nn.Embedding`` whose weight and gradient are declared "row_sparse"; all are stored dense.

    >>> from lazynd import nd
    >>> from lazynd.gluon.contrib.nn import SparseEmbedding
    >>> layer = SparseEmbedding(5, 3)
    >>> layer.initialize()
    >>> layer(nd.array([[0, 4]])).shape
    (1, 2, 3)
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        dtype: Any = "float32",
        weight_initializer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._kwargs = {"input_dim": input_dim, "output_dim": output_dim, "dtype": dtype, "sparse_grad": True}
        self.weight = self.params.get(
            "weight",
            shape=(input_dim, output_dim),
            init=weight_initializer,
            dtype=dtype,
            grad_stype="row_sparse",
            stype="row_sparse",
        )

    def forward(self, x: Any) -> Any:
        """The rows at ``x``.

        >>> from lazynd import nd
        >>> from lazynd.gluon.contrib.nn import SparseEmbedding
        >>> layer = SparseEmbedding(5, 3)
        >>> layer.initialize()
        >>> layer.forward(nd.array([1])).shape
        (1, 3)
        """
        return nd.Embedding(x, self.weight.row_sparse_data(x), name="fwd", **self._kwargs)

    def __repr__(self) -> str:
        given = self._kwargs
        return f"{type(self).__name__}({given['input_dim']} -> {given['output_dim']}, {given['dtype']})"


class SyncBatchNorm(BatchNorm):
    """Batch normalisation over the examples on ``num_devices`` devices; see ``nn.BatchNorm``.

    There is one of them here: calls with more are refused (``MXNetError``).

    >>> from lazynd import nd
    >>> from lazynd.gluon.contrib.nn import SyncBatchNorm
    >>> layer = SyncBatchNorm(in_channels=3, num_devices=1)
    >>> layer.initialize()
    >>> layer(nd.ones((2, 3))).shape
    (2, 3)
    """

    def __init__(
        self,
        in_channels: int = 0,
        num_devices: int | None = None,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        use_global_stats: bool = False,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        running_mean_initializer: Any = "zeros",
        running_variance_initializer: Any = "ones",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            1, momentum, epsilon, center, scale, use_global_stats, beta_initializer, gamma_initializer,
            running_mean_initializer, running_variance_initializer, in_channels, **kwargs,
        )  # fmt: skip
        self._kwargs = {
            "eps": epsilon, "momentum": momentum, "fix_gamma": not scale, "use_global_stats": use_global_stats,
            "ndev": num_devices or 1, "key": self.prefix,
        }  # fmt: skip

    def hybrid_forward(self, F: Any, x: Any, gamma: Any, beta: Any, running_mean: Any, running_var: Any) -> Any:
        return F.contrib.SyncBatchNorm(x, gamma, beta, running_mean, running_var, name="fwd", **self._kwargs)


class _PixelShuffle(HybridBlock):
    """What the three have: a factor for each of ``_rank`` axes."""

    _rank: int

    def __init__(self, factor: Any) -> None:
        super().__init__()
        if isinstance(factor, int):
            factor = (factor,) * self._rank
        if len(factor) != self._rank:
            raise AssertionError(f"wrong length {len(factor)}")
        self._factors = tuple(int(each) for each in factor)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._factors})"


class PixelShuffle1D(_PixelShuffle):
    """Channels become positions: (N, f * C, W) becomes (N, C, W * f) (Shi and others, 2016).

    >>> from lazynd import nd
    >>> from lazynd.gluon.contrib.nn import PixelShuffle1D
    >>> PixelShuffle1D(2)(nd.ones((1, 8, 3))).shape
    (1, 4, 6)
    """

    _rank = 1

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._factors[0]})"

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        apart = F.reshape(x, (0, -4, -1, self._factors[0], 0))  # (N, C, f, W)
        return F.reshape(F.transpose(apart, (0, 1, 3, 2)), (0, 0, -3))


class PixelShuffle2D(_PixelShuffle):
    """Channels become pixels: (N, f1 * f2 * C, H, W) becomes (N, C, H * f1, W * f2) (Shi and others, 2016).

    >>> from lazynd import nd
    >>> from lazynd.gluon.contrib.nn import PixelShuffle2D
    >>> PixelShuffle2D((2, 3))(nd.ones((1, 12, 3, 5))).shape
    (1, 2, 6, 15)
    """

    _rank = 2

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        f1, f2 = self._factors
        apart = F.reshape(x, (0, -4, -1, f1 * f2, 0, 0))  # (N, C, f1 * f2, H, W)
        apart = F.reshape(apart, (0, 0, -4, f1, f2, 0, 0))  # (N, C, f1, f2, H, W)
        return F.reshape(F.transpose(apart, (0, 1, 4, 2, 5, 3)), (0, 0, -3, -3))


class PixelShuffle3D(_PixelShuffle):
    """Channels become voxels: (N, f1 * f2 * f3 * C, D, H, W) becomes (N, C, D * f1, H * f2, W * f3).

    >>> from lazynd import nd
    >>> from lazynd.gluon.contrib.nn import PixelShuffle3D
    >>> PixelShuffle3D(2)(nd.ones((1, 8, 2, 3, 4))).shape
    (1, 1, 4, 6, 8)
    """

    _rank = 3

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        f1, f2, f3 = self._factors
        apart = F.reshape(x, (0, -4, -1, f1 * f2 * f3, 0, 0, 0))  # (N, C, f1 * f2 * f3, D, H, W)
        apart = F.swapaxes(apart, 2, 3)  # (N, C, D, f1 * f2 * f3, H, W)
        apart = F.reshape(apart, (0, 0, 0, -4, f1, f2 * f3, 0, 0))  # (N, C, D, f1, f2 * f3, H, W)
        apart = F.reshape(apart, (0, 0, -3, 0, 0, 0))  # (N, C, D * f1, f2 * f3, H, W)
        apart = F.swapaxes(apart, 3, 4)  # (N, C, D * f1, H, f2 * f3, W)
        apart = F.reshape(apart, (0, 0, 0, 0, -4, f2, f3, 0))  # (N, C, D * f1, H, f2, f3, W)
        apart = F.reshape(apart, (0, 0, 0, -3, 0, 0))  # (N, C, D * f1, H * f2, f3, W)
        return F.reshape(F.swapaxes(apart, 4, 5), (0, 0, 0, 0, -3))


__getattr__, __dir__ = fronts(__name__)
