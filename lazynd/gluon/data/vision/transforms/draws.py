"""Transforms that ``mx.random`` draws: flips, colours and light."""

from __future__ import annotations

from typing import Any

from ....block import HybridBlock


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
