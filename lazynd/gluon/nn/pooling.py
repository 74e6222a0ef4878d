"""Pooling over one, two and three axes, and over all of an input; padding by reflection."""

from __future__ import annotations

from typing import Any, ClassVar

from ..block import HybridBlock
from .convolution import Size, sizes

_LAYOUTS = {1: ("NCW", "NWC"), 2: ("NCHW", "NHWC"), 3: ("NCDHW", "NDHWC")}


class _Pooling(HybridBlock):
    """What all have."""

    _nests: ClassVar = False

    def __init__(
        self,
        pool_size: Any,
        strides: Any,
        padding: Size,
        ceil_mode: bool,
        global_pool: bool,
        pool_type: str,
        layout: str,
        count_include_pad: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        rank = len(pool_size)
        self._kwargs = {
            "kernel": pool_size, "stride": pool_size if strides is None else sizes(strides, rank),
            "pad": sizes(padding, rank), "global_pool": global_pool, "pool_type": pool_type, "layout": layout,
            "pooling_convention": "full" if ceil_mode else "valid",
        }  # fmt: skip
        if count_include_pad is not None:
            self._kwargs["count_include_pad"] = count_include_pad

    def _alias(self) -> str:
        return "pool"

    def __repr__(self) -> str:
        given = self._kwargs
        return (
            f"{type(self).__name__}(size={given['kernel']}, stride={given['stride']}, padding={given['pad']}, "
            f"ceil_mode={given['pooling_convention'] == 'full'}, global_pool={given['global_pool']}, "
            f"pool_type={given['pool_type']}, layout={given['layout']})"
        )

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.Pooling(x, name="fwd", **self._kwargs)


class _Windows(_Pooling):
    """Pooling of windows, over ``_rank`` axes."""

    _rank: int
    _type: str

    def __init__(
        self,
        pool_size: Size,
        strides: Size | None,
        padding: Size,
        ceil_mode: bool,
        layout: str,
        count_include_pad: bool | None = None,
        **kwargs: Any,
    ) -> None:
        _check_layout(layout, self._rank)
        size = sizes(pool_size, self._rank, "pool_size")
        super().__init__(size, strides, padding, ceil_mode, False, self._type, layout, count_include_pad, **kwargs)


class _Global(_Pooling):
    """Pooling of all that lies along ``_rank`` axes."""

    _rank: int
    _type: str

    def __init__(self, layout: str, **kwargs: Any) -> None:
        _check_layout(layout, self._rank)
        super().__init__((1,) * self._rank, None, 0, True, True, self._type, layout, **kwargs)


def _check_layout(layout: str, rank: int) -> None:
    if layout not in _LAYOUTS[rank]:
        raise AssertionError(f"Only {' and '.join(_LAYOUTS[rank])} layouts are valid for {rank}D Pooling")


class MaxPool1D(_Windows):
    """The largest element of each window over one axis.

    ``pool_size``, ``strides`` (``pool_size`` by default), ``padding``: a number, or one for each axis. ``ceil_mode``:
    windows that reach over the end count too. ``layout``: "NCW" or "NWC".

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.MaxPool1D()(nd.ones((1, 3, 8))).shape
    (1, 3, 4)
    """

    _rank = 1
    _type = "max"

    def __init__(
        self,
        pool_size: Size = 2,
        strides: Size | None = None,
        padding: Size = 0,
        layout: str = "NCW",
        ceil_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, ceil_mode, layout, **kwargs)


class MaxPool2D(_Windows):
    """The largest element of each window over two axes.

    ``pool_size``, ``strides`` (``pool_size`` by default), ``padding``: a number, or one for each axis. ``ceil_mode``:
    windows that reach over the end count too. ``layout``: "NCHW" or "NHWC".

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.MaxPool2D()(nd.ones((1, 3, 8, 8))).shape
    (1, 3, 4, 4)
    """

    _rank = 2
    _type = "max"

    def __init__(
        self,
        pool_size: Size = (2, 2),
        strides: Size | None = None,
        padding: Size = 0,
        layout: str = "NCHW",
        ceil_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, ceil_mode, layout, **kwargs)


class MaxPool3D(_Windows):
    """The largest element of each window over three axes.

    ``pool_size``, ``strides`` (``pool_size`` by default), ``padding``: a number, or one for each axis. ``ceil_mode``:
    windows that reach over the end count too. ``layout``: "NCDHW" or "NDHWC".

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.MaxPool3D()(nd.ones((1, 3, 8, 8, 8))).shape
    (1, 3, 4, 4, 4)
    """

    _rank = 3
    _type = "max"

    def __init__(
        self,
        pool_size: Size = (2, 2, 2),
        strides: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        layout: str = "NCDHW",
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, ceil_mode, layout, **kwargs)


class AvgPool1D(_Windows):
    """The mean of each window over one axis.

    ``pool_size``, ``strides`` (``pool_size`` by default), ``padding``: a number, or one for each axis. ``ceil_mode``:
    windows that reach over the end count too. ``layout``: "NCW" or "NWC". ``count_include_pad``: whether
    padding counts in the mean.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.AvgPool1D()(nd.ones((1, 3, 8))).shape
    (1, 3, 4)
    """

    _rank = 1
    _type = "avg"

    def __init__(
        self,
        pool_size: Size = 2,
        strides: Size | None = None,
        padding: Size = 0,
        layout: str = "NCW",
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, ceil_mode, layout, count_include_pad, **kwargs)


class AvgPool2D(_Windows):
    """The mean of each window over two axes.

    ``pool_size``, ``strides`` (``pool_size`` by default), ``padding``: a number, or one for each axis. ``ceil_mode``:
    windows that reach over the end count too. ``layout``: "NCHW" or "NHWC". ``count_include_pad``: whether
    padding counts in the mean.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.AvgPool2D()(nd.ones((1, 3, 8, 8))).shape
    (1, 3, 4, 4)
    """

    _rank = 2
    _type = "avg"

    def __init__(
        self,
        pool_size: Size = (2, 2),
        strides: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        layout: str = "NCHW",
        count_include_pad: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, ceil_mode, layout, count_include_pad, **kwargs)


class AvgPool3D(_Windows):
    """The mean of each window over three axes.

    ``pool_size``, ``strides`` (``pool_size`` by default), ``padding``: a number, or one for each axis. ``ceil_mode``:
    windows that reach over the end count too. ``layout``: "NCDHW" or "NDHWC". ``count_include_pad``: whether
    padding counts in the mean.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.AvgPool3D()(nd.ones((1, 3, 8, 8, 8))).shape
    (1, 3, 4, 4, 4)
    """

    _rank = 3
    _type = "avg"

    def __init__(
        self,
        pool_size: Size = (2, 2, 2),
        strides: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        layout: str = "NCDHW",
        count_include_pad: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, ceil_mode, layout, count_include_pad, **kwargs)


class GlobalMaxPool1D(_Global):
    """The largest element along one axis.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.GlobalMaxPool1D()(nd.ones((1, 3, 8))).shape
    (1, 3, 1)
    """

    _rank = 1
    _type = "max"

    def __init__(self, layout: str = "NCW", **kwargs: Any) -> None:
        super().__init__(layout, **kwargs)


class GlobalMaxPool2D(_Global):
    """The largest element along two axes.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.GlobalMaxPool2D()(nd.ones((1, 3, 8, 8))).shape
    (1, 3, 1, 1)
    """

    _rank = 2
    _type = "max"

    def __init__(self, layout: str = "NCHW", **kwargs: Any) -> None:
        super().__init__(layout, **kwargs)


class GlobalMaxPool3D(_Global):
    """The largest element along three axes.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.GlobalMaxPool3D()(nd.ones((1, 3, 8, 8, 8))).shape
    (1, 3, 1, 1, 1)
    """

    _rank = 3
    _type = "max"

    def __init__(self, layout: str = "NCDHW", **kwargs: Any) -> None:
        super().__init__(layout, **kwargs)


class GlobalAvgPool1D(_Global):
    """The mean along one axis.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.GlobalAvgPool1D()(nd.ones((1, 3, 8))).shape
    (1, 3, 1)
    """

    _rank = 1
    _type = "avg"

    def __init__(self, layout: str = "NCW", **kwargs: Any) -> None:
        super().__init__(layout, **kwargs)


class GlobalAvgPool2D(_Global):
    """The mean along two axes.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.GlobalAvgPool2D()(nd.ones((1, 3, 8, 8))).shape
    (1, 3, 1, 1)
    """

    _rank = 2
    _type = "avg"

    def __init__(self, layout: str = "NCHW", **kwargs: Any) -> None:
        super().__init__(layout, **kwargs)


class GlobalAvgPool3D(_Global):
    """The mean along three axes.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.GlobalAvgPool3D()(nd.ones((1, 3, 8, 8, 8))).shape
    (1, 3, 1, 1, 1)
    """

    _rank = 3
    _type = "avg"

    def __init__(self, layout: str = "NCDHW", **kwargs: Any) -> None:
        super().__init__(layout, **kwargs)


class ReflectionPad2D(HybridBlock):
    """Images with their border mirrored outwards.

    ``padding``: how many rows and columns on each side; or eight numbers, before and after each axis.

    >>> from lazynd import nd
    >>> from lazynd.gluon import nn
    >>> nn.ReflectionPad2D(1)(nd.array([[[[1, 2], [3, 4]]]])).asnumpy()[0, 0, 0]
    array([4., 3., 4., 3.], dtype=float32)
    """

    def __init__(self, padding: Any = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(padding, int):
            padding = (0, 0, 0, 0, padding, padding, padding, padding)
        if len(padding) != 8:
            raise AssertionError(f"padding must be a number or 8 of them, got {padding}")
        self._padding = padding

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.pad(x, mode="reflect", pad_width=self._padding)
