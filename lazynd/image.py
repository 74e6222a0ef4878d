"""``mx.image``: reading, resizing, cutting, bordering and rotating images. Augmenters and iterators are not built yet.

An image is an ``NDArray`` [height, width, channel]; what rotates takes [channel, height, width]. Sizes are (width,
height), and ways to resize are numbered: 0 nearest, 1 linear, 2 cubic, 3 by areas, 4 Lanczos.
"""

from __future__ import annotations

import importlib
import math
from numbers import Number
from typing import Any

import numpy as np

from . import nd
from .nd import NDArray
from .nd.decoding import imdecode, imread
from .nd.generate import make_function
from .ops import OPERATORS
from .reference import fronts

__all__ = [
    "center_crop", "color_normalize", "copyMakeBorder", "fixed_crop", "imdecode", "imread", "imresize", "imrotate",
    "random_crop", "random_rotate", "random_size_crop", "resize_short", "scale_down",
]  # fmt: skip

Size = tuple[int, int]
#: Left, top, width and height of what was cut out.
Box = tuple[int, int, int, int]

imresize = make_function(OPERATORS["_cvimresize"], "imresize")
copyMakeBorder = make_function(OPERATORS["_cvcopyMakeBorder"], "copyMakeBorder")


def _random() -> Any:
    """Python's module ``random``, which takes a while to import."""
    return importlib.import_module("random")


# ----------------------------------------------------------------------------------------------------- cutting


def scale_down(src_size: Size, size: Size) -> Size:
    """``size``, made smaller at the same proportions until it fits into ``src_size``.

    >>> from lazynd import image
    >>> image.scale_down((640, 480), (720, 120))
    (640, 106)
    """
    width, height = size
    wide, high = src_size
    if high < height:
        width, height = width * high / height, high  # type: ignore[assignment]
    if wide < width:
        width, height = wide, height * wide / width  # type: ignore[assignment]
    return int(width), int(height)


def resize_short(src: NDArray, size: int, interp: int = 2) -> NDArray:
    """The image resized at its proportions so that its shorter side has ``size`` pixels.

    >>> from lazynd import image, nd
    >>> image.resize_short(nd.zeros((4, 8, 3)), 6).shape
    (6, 12, 3)
    """
    height, width = src.shape[:2]
    short = min(height, width)
    return imresize(src, w=width * size // short, h=height * size // short, interp=interp)


def fixed_crop(src: NDArray, x0: int, y0: int, w: int, h: int, size: Size | None = None, interp: int = 2) -> NDArray:
    """The part of an image that begins at column ``x0`` and row ``y0``, resized to ``size`` if that is given.

    What lies outside of the image is left out.

    >>> from lazynd import image, nd
    >>> image.fixed_crop(nd.zeros((5, 7, 3)), 1, 2, 4, 3, size=(8, 8)).shape
    (8, 8, 3)
    """
    part = src[y0 : y0 + h, x0 : x0 + w]
    return part if size is None or (w, h) == tuple(size) else imresize(part, w=size[0], h=size[1], interp=interp)


def center_crop(src: NDArray, size: Size, interp: int = 2) -> tuple[NDArray, Box]:
    """The middle of an image in ``size``, and where it was cut out; resized to ``size`` if the image is smaller.

    >>> from lazynd import image, nd
    >>> part, box = image.center_crop(nd.zeros((5, 7, 3)), (3, 4))
    >>> part.shape, box
    ((4, 3, 3), (2, 0, 3, 4))
    """
    height, width, _ = src.shape
    w, h = scale_down((width, height), size)
    x0, y0 = (width - w) // 2, (height - h) // 2
    return fixed_crop(src, x0, y0, w, h, size, interp), (x0, y0, w, h)


def random_crop(src: NDArray, size: Size, interp: int = 2) -> tuple[NDArray, Box]:
    """A part of an image in ``size`` from anywhere, and where; resized to ``size`` if the image is smaller.

    Python's ``random`` draws.

    >>> from lazynd import image, nd
    >>> image.random_crop(nd.zeros((5, 7, 3)), (3, 4))[0].shape
    (4, 3, 3)
    """
    height, width, _ = src.shape
    w, h = scale_down((width, height), size)
    draw = _random().randint
    x0, y0 = draw(0, width - w), draw(0, height - h)
    return fixed_crop(src, x0, y0, w, h, size, interp), (x0, y0, w, h)


def random_size_crop(
    src: NDArray, size: Size, area: float | tuple[float, float], ratio: tuple[float, float], interp: int = 2,
    **kwargs: Any,
) -> tuple[NDArray, Box]:  # fmt: skip
    """A part of an image of random size, from anywhere, resized to ``size``; and where it was cut out.

    ``area``: limits of its share of the image's area, the upper one 1 where a number is given. ``ratio``: limits of
    its width by its height, between which its logarithm is uniform. Where ten tries do not fit into the image, it is
    ``center_crop``. Python's ``random`` draws.

    >>> from lazynd import image, nd
    >>> image.random_size_crop(nd.zeros((5, 7, 3)), (4, 4), area=(0.2, 1), ratio=(3 / 4, 4 / 3))[0].shape
    (4, 4, 3)
    """
    if "min_area" in kwargs:  # MXNet's former name
        area = kwargs.pop("min_area")
    assert not kwargs, "unexpected keyword arguments for `random_size_crop`."
    height, width, _ = src.shape
    random = _random()
    least, most = (area, 1.0) if isinstance(area, Number) else area  # type: ignore[misc]
    for _ in range(10):
        wanted = random.uniform(least, most) * (height * width)
        shape = math.exp(random.uniform(math.log(ratio[0]), math.log(ratio[1])))
        w, h = round(math.sqrt(wanted * shape)), round(math.sqrt(wanted / shape))
        if w <= width and h <= height:
            x0, y0 = random.randint(0, width - w), random.randint(0, height - h)
            return fixed_crop(src, x0, y0, w, h, size, interp), (x0, y0, w, h)
    return center_crop(src, size, interp)


def color_normalize(src: NDArray, mean: Any, std: Any = None) -> NDArray:
    """``src`` less ``mean``, divided by ``std`` if that is given; ``src`` itself with neither.

    >>> from lazynd import image, nd
    >>> image.color_normalize(nd.ones((1, 1, 3)), nd.array([1, 0, 0]), nd.array([1, 1, 2])).asnumpy()
    array([[[0. , 1. , 0.5]]], dtype=float32)
    """
    if mean is not None:
        src = src - mean
    return src if std is None else src / std


# ---------------------------------------------------------------------------------------------------- rotating


def imrotate(src: NDArray, rotation_degrees: Any, zoom_in: bool = False, zoom_out: bool = False) -> NDArray:
    """Images rotated about their middle: float32 [channel, height, width] by an angle, or a batch by one each.

    What comes from outside is 0. ``zoom_in``: enlarged until nothing does; ``zoom_out``: made smaller until all of the
    image is seen. Raises ``ValueError`` for both together, for other numbers of dimensions and of angles,
    ``TypeError`` for another dtype.

    >>> from lazynd import image, nd
    >>> image.imrotate(nd.arange(9).reshape((1, 3, 3)), 90).asnumpy().round(3)
    array([[[2., 5., 8.],
            [1., 4., 7.],
            [0., 3., 6.]]], dtype=float32)
    """
    if zoom_in and zoom_out:
        raise ValueError("`zoom_in` and `zoom_out` cannot be both True")
    if src.dtype is not np.float32:
        raise TypeError("Only `float32` images are supported by this function")
    if src.ndim == 3:
        if not isinstance(rotation_degrees, Number):
            raise TypeError("When a single image is passed the rotation angle is required to be a scalar.")
        return imrotate(src.expand_dims(0), rotation_degrees, zoom_in, zoom_out)[0]
    if src.ndim != 4:
        raise ValueError("Only 3D and 4D are supported by this function")
    angles = rotation_degrees.asnumpy() if isinstance(rotation_degrees, NDArray) else np.asarray(rotation_degrees)
    angles = np.broadcast_to(np.radians(angles), len(src)) if not angles.ndim else np.radians(angles)
    if len(angles) != len(src):
        raise ValueError("The number of images must be equal to the number of rotation angles")
    height, width = src.shape[2:]
    turns = nd.array(_turns(angles, height, width, zoom_in, zoom_out), ctx=src.context)
    return nd.BilinearSampler(src, nd.GridGenerator(turns, "affine", (height, width)))


def _turns(angles: Any, height: int, width: int, zoom_in: bool, zoom_out: bool) -> Any:
    """For each angle the two rows of the affine map from places in the result to places in the image, -1 to 1 each."""
    cosine, sine = np.cos(angles), np.sin(angles)
    # The ratio of pixels to units differs between the axes, unless the image is square.
    across, down = max(width - 1, 1), max(height - 1, 1)
    rows = np.zeros((len(angles), 6))
    rows[:, 0], rows[:, 1] = cosine, -sine * down / across
    rows[:, 3], rows[:, 4] = sine * across / down, cosine
    if zoom_in or zoom_out:
        box_width = np.abs(width * cosine) + np.abs(height * sine)
        box_height = np.abs(width * sine) + np.abs(height * cosine)
        fits = np.minimum(width / box_width, height / box_height)
        rows *= (fits if zoom_in else 1 / fits)[:, None]
    return rows


def random_rotate(
    src: NDArray, angle_limits: tuple[float, float], zoom_in: bool = False, zoom_out: bool = False
) -> NDArray:
    """``imrotate`` by angles that NumPy's global generator draws between limits, one for each image.

    >>> from lazynd import image, nd
    >>> image.random_rotate(nd.ones((3, 5, 7)), (-10, 10)).shape
    (3, 5, 7)
    """
    if src.ndim == 3:
        return imrotate(src, float(np.random.uniform(*angle_limits)), zoom_in, zoom_out)
    return imrotate(src, nd.array(np.random.uniform(*angle_limits, size=len(src))), zoom_in, zoom_out)


__getattr__, __dir__ = fronts(__name__)
