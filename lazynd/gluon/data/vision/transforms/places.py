"""Transforms that resize, cut out and rotate."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Number
from typing import Any

import numpy as np

from ..... import image
from ....block import Block, HybridBlock
from .batching import alone

Size = int | Sequence[int]


def _pair(size: Size) -> Any:
    """Width and height of ``size``: one number stands for both."""
    return (size, size) if isinstance(size, Number) else size


class Rotate(Block):
    """A tensor of float32 [channel, height, width], or a batch, rotated about its middle by an angle in degrees.

    ``zoom_in`` and ``zoom_out`` as for ``image.imrotate``. ``TypeError`` for other dtypes.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> transforms.Rotate(90)(nd.arange(4).reshape((1, 2, 2))).asnumpy().round(3)
    array([[[1., 3.],
            [0., 2.]]], dtype=float32)
    """

    def __init__(self, rotation_degrees: float, zoom_in: bool = False, zoom_out: bool = False) -> None:
        super().__init__()
        self._args = (rotation_degrees, zoom_in, zoom_out)

    def forward(self, x: Any) -> Any:
        _require_float32(x)
        return image.imrotate(x, *self._args)


class RandomRotation(Block):
    """A tensor of float32, or a batch, rotated by angles drawn between ``angle_limits``, with a probability.

    NumPy's global generator draws. ``ValueError`` for limits in the wrong order and for what is no probability.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> transforms.RandomRotation((-30, 30))(nd.ones((3, 5, 7))).shape
    (3, 5, 7)
    """

    def __init__(
        self,
        angle_limits: tuple[float, float],
        zoom_in: bool = False,
        zoom_out: bool = False,
        rotate_with_proba: float = 1.0,
    ) -> None:
        super().__init__()
        lower, upper = angle_limits
        if lower >= upper:
            raise ValueError("`angle_limits` must be an ordered tuple")
        if not 0 <= rotate_with_proba <= 1:
            raise ValueError("Probability of rotating the image should be between 0 and 1")
        self._args = (angle_limits, zoom_in, zoom_out)
        self._rotate_with_proba = rotate_with_proba

    def forward(self, x: Any) -> Any:
        if np.random.random() > self._rotate_with_proba:
            return x
        _require_float32(x)
        return image.random_rotate(x, *self._args)


def _require_float32(x: Any) -> None:
    if x.dtype is not np.float32:
        raise TypeError("This transformation only supports float32. Consider calling it after ToTensor")


class RandomResizedCrop(Block):
    """A part of the image of random size, from anywhere, resized to ``size``: ``image.random_size_crop``.

    ``scale``: limits of its share of the area; ``ratio``: of its width by its height. ``size``: (width, height), or a
    number for both.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> transforms.RandomResizedCrop((4, 2))(nd.zeros((5, 7, 3))).shape
    (2, 4, 3)
    """

    def __init__(
        self,
        size: Size,
        scale: tuple[float, float] = (0.08, 1.0),
        ratio: tuple[float, float] = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: int = 1,
    ) -> None:
        super().__init__()
        self._args = (_pair(size), scale, ratio, interpolation)

    def forward(self, x: Any) -> Any:
        return image.random_size_crop(x, *self._args)[0]


class CropResize(HybridBlock):
    """The part of the image, or of a batch, that begins at column ``x`` and row ``y``; resized to ``size``, if given.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> transforms.CropResize(1, 1, 4, 3, size=8)(nd.zeros((5, 7, 3))).shape
    (8, 8, 3)
    """

    _takes_batches = alone

    def __init__(
        self, x: int, y: int, width: int, height: int, size: Size | None = None, interpolation: int | None = None
    ) -> None:
        super().__init__()
        self._x = x
        self._y = y
        self._width = width
        self._height = height
        self._size = size
        self._interpolation = interpolation

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        part = F.image.crop(x, self._x, self._y, self._width, self._height)
        if not self._size:
            return part
        return F.image.resize(part, self._size, False, 1 if self._interpolation is None else self._interpolation)


class CenterCrop(Block):
    """The middle of the image in ``size``, (width, height) or a number for both; enlarged where it is smaller.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> transforms.CenterCrop((3, 4))(nd.zeros((5, 7, 3))).shape
    (4, 3, 3)
    """

    def __init__(self, size: Size, interpolation: int = 1) -> None:
        super().__init__()
        self._args = (_pair(size), interpolation)

    def forward(self, x: Any) -> Any:
        return image.center_crop(x, *self._args)[0]


class Resize(HybridBlock):
    """The image, or a batch, resized to ``size``, (width, height) or a number for both.

    ``keep_ratio``: the shorter side has ``size`` pixels, and the proportions stay.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> transforms.Resize(3, keep_ratio=True)(nd.zeros((5, 7, 3))).shape
    (3, 4, 3)
    """

    _takes_batches = alone

    def __init__(self, size: Size, keep_ratio: bool = False, interpolation: int = 1) -> None:
        super().__init__()
        self._size = size
        self._keep = keep_ratio
        self._interpolation = interpolation

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.image.resize(x, self._size, self._keep, self._interpolation)
