"""What is done to images before they are learned from: blocks, to be given to ``transform_first`` of a dataset.

They take images [height, width, channel] of uint8 or float32, alone or (those that do not draw) in a batch.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from numbers import Number
from typing import Any

import numpy as np

from .... import image
from ....reference import fronts
from ...block import Block, HybridBlock
from ...nn import HybridSequential, Sequential
from ..batches import takes_batches

__all__ = [
    "Cast", "CenterCrop", "Compose", "CropResize", "Normalize", "RandomApply", "RandomBrightness", "RandomColorJitter",
    "RandomContrast", "RandomFlipLeftRight", "RandomFlipTopBottom", "RandomHue", "RandomLighting", "RandomResizedCrop",
    "RandomRotation", "RandomSaturation", "Resize", "Rotate", "ToTensor",
]  # fmt: skip

Size = int | Sequence[int]


def _pair(size: Size) -> Any:
    """Width and height of ``size``: one number stands for both."""
    return (size, size) if isinstance(size, Number) else size


class Compose(Sequential):
    """``transforms`` one after the other. Neighbours that are hybrid become one hybridized block.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> net = transforms.Compose([transforms.Resize(3), transforms.ToTensor()])
    >>> net(nd.zeros((5, 7, 3), dtype="uint8")).shape
    (3, 3, 3)
    """

    def __init__(self, transforms: Sequence[Any]) -> None:
        super().__init__()
        hybrid: list[HybridBlock] = []
        for each in [*transforms, None]:
            if isinstance(each, HybridBlock):
                hybrid.append(each)
                continue
            if len(hybrid) == 1:
                self.add(hybrid[0])
            elif hybrid:
                joined = HybridSequential()
                joined.add(*hybrid)
                joined.hybridize()
                self.add(joined)
            hybrid = []
            if each is not None:
                self.add(each)

    def _takes_batches(self) -> bool:
        return _all_take_batches(self)


def _all_take_batches(block: Any) -> bool:
    """Whether all children of a block take batches, and nobody wants to know of each call."""
    if block._forward_hooks or block._forward_pre_hooks:
        return False
    children = block._children.values()
    return all(_all_take_batches(c) if type(c) is HybridSequential else takes_batches(c) for c in children)


def _alone(block: Any) -> bool:
    """``_takes_batches`` of a block without children that does the same to a batch."""
    return not (block._forward_hooks or block._forward_pre_hooks)


class Cast(HybridBlock):
    """The image in another dtype.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> transforms.Cast()(nd.zeros((5, 7, 3), dtype="uint8")).dtype
    <class 'numpy.float32'>
    """

    _takes_batches = _alone

    def __init__(self, dtype: Any = "float32") -> None:
        super().__init__()
        self._dtype = dtype

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.cast(x, self._dtype)


class RandomApply(Sequential):
    """``transforms``, a block, with probability ``p``, else nothing. Python's ``random`` draws.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> transforms.RandomApply(transforms.ToTensor(), p=1)(nd.zeros((5, 7, 3))).shape
    (3, 5, 7)
    """

    def __init__(self, transforms: Any, p: float = 0.5) -> None:
        super().__init__()
        self.transforms = transforms
        self.p = p

    def forward(self, x: Any) -> Any:
        return x if self.p < random.random() else self.transforms(x)


class ToTensor(HybridBlock):
    """float32 [channel, height, width] from 0 to 1, of an image of bytes or of a batch.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> x = transforms.ToTensor()(nd.ones((5, 7, 3), dtype="uint8") * 255)
    >>> x.shape, x.max().asscalar()
    ((3, 5, 7), np.float32(1.0))
    """

    _takes_batches = _alone

    def __init__(self) -> None:
        super().__init__()

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.image.to_tensor(x)


class Normalize(HybridBlock):
    """A tensor [channel, height, width], or a batch, less ``mean`` and divided by ``std``: numbers, or one a channel.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> transforms.Normalize((0, 1, 2), 2)(nd.ones((3, 1, 1))).asnumpy().ravel()
    array([ 0.5,  0. , -0.5], dtype=float32)
    """

    _takes_batches = _alone

    def __init__(self, mean: Any = 0.0, std: Any = 1.0) -> None:
        super().__init__()
        self._mean = mean
        self._std = std

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.image.normalize(x, self._mean, self._std)


# --------------------------------------------------------------------------------------- sizes, places, angles


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

    _takes_batches = _alone

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

    _takes_batches = _alone

    def __init__(self, size: Size, keep_ratio: bool = False, interpolation: int = 1) -> None:
        super().__init__()
        self._size = size
        self._keep = keep_ratio
        self._interpolation = interpolation

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.image.resize(x, self._size, self._keep, self._interpolation)


# ---------------------------------------------------------------------------------------- what mx.random draws


class RandomFlipLeftRight(HybridBlock):
    """The image, in one of two cases with its columns in reverse order. ``mx.random`` draws.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> transforms.RandomFlipLeftRight()(nd.zeros((5, 7, 3))).shape
    (5, 7, 3)
    """

    def __init__(self) -> None:
        super().__init__()

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.image.random_flip_left_right(x)


class RandomFlipTopBottom(HybridBlock):
    """The image, in one of two cases with its rows in reverse order. ``mx.random`` draws.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> transforms.RandomFlipTopBottom()(nd.zeros((5, 7, 3))).shape
    (5, 7, 3)
    """

    def __init__(self) -> None:
        super().__init__()

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.image.random_flip_top_bottom(x)


def _around_one(amount: float) -> tuple[float, float]:
    return max(0, 1 - amount), 1 + amount


class RandomBrightness(HybridBlock):
    """The image times a factor drawn between 1 less and 1 plus ``brightness``, not below 0. ``mx.random`` draws.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> 0.5 <= transforms.RandomBrightness(0.5)(nd.ones((1, 1, 3))).max().item() <= 1.5
    True
    """

    def __init__(self, brightness: float) -> None:
        super().__init__()
        self._args = _around_one(brightness)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.image.random_brightness(x, *self._args)


class RandomContrast(HybridBlock):
    """The image, its distance from its mean grey times a factor around 1, as ``RandomBrightness`` draws it.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> transforms.RandomContrast(0.5)(nd.zeros((5, 7, 3))).shape
    (5, 7, 3)
    """

    def __init__(self, contrast: float) -> None:
        super().__init__()
        self._args = _around_one(contrast)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.image.random_contrast(x, *self._args)


class RandomSaturation(HybridBlock):
    """The image, the distance of its pixels from their grey times a factor around 1, as ``RandomBrightness`` draws it.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> transforms.RandomSaturation(0.5)(nd.zeros((5, 7, 3))).shape
    (5, 7, 3)
    """

    def __init__(self, saturation: float) -> None:
        super().__init__()
        self._args = _around_one(saturation)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.image.random_saturation(x, *self._args)


class RandomHue(HybridBlock):
    """The image with its hues turned by a number between 1 less and 1 plus ``hue``; 1 is all around.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> transforms.RandomHue(0.5)(nd.zeros((5, 7, 3))).shape
    (5, 7, 3)
    """

    def __init__(self, hue: float) -> None:
        super().__init__()
        self._args = _around_one(hue)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.image.random_hue(x, *self._args)


class RandomColorJitter(HybridBlock):
    """Brightness, contrast, saturation and hue changed in random order, each by so much at most. ``mx.random`` draws.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> transforms.RandomColorJitter(brightness=0.5, hue=0.5)(nd.zeros((5, 7, 3))).shape
    (5, 7, 3)
    """

    def __init__(self, brightness: float = 0, contrast: float = 0, saturation: float = 0, hue: float = 0) -> None:
        super().__init__()
        self._args = (brightness, contrast, saturation, hue)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.image.random_color_jitter(x, *self._args)


class RandomLighting(HybridBlock):
    """The image in another light (Krizhevsky, Sutskever and Hinton, 2012), by normal numbers of deviation ``alpha``.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> transforms.RandomLighting(0.1)(nd.zeros((5, 7, 3))).shape
    (5, 7, 3)
    """

    def __init__(self, alpha: float) -> None:
        super().__init__()
        self._alpha = alpha

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.image.random_lighting(x, self._alpha)


__getattr__, __dir__ = fronts(__name__)
