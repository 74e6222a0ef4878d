"""Pooling of regions against its definition, said here once more in plain NumPy, a sample or a pixel at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from lazynd import autograd, nd

Array = np.ndarray[Any, Any]
#: Sums of some dozens of float32 products.
CLOSE: dict[str, Any] = {"rtol": 2e-5, "atol": 2e-6}


def between(image: Array, y: float, x: float) -> Any:
    """An image [channel, height, width] between its pixels, which repeat for one pixel around it."""
    height, width = image.shape[1:]
    if not (-1 <= y <= height and -1 <= x <= width):
        return np.zeros(image.shape[0])
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    down, across = y - top, x - left
    upper = image[:, top, left] * (1 - across) + image[:, top, right] * across
    return upper * (1 - down) + (image[:, bottom, left] * (1 - across) + image[:, bottom, right] * across) * down


def align(images: Array, box: Any, shape: tuple[int, int], scale: float, ratio: int, half: float, turned: bool) -> Any:
    """[channel, *shape]: the samples of each part, averaged; ``turned``: a box by middle, size and angle."""
    number, *numbers = box
    numbers = [each * scale for each in numbers[:4]] + numbers[4:]
    if turned:
        middle_x, middle_y, width, height, angle = numbers
        left, top, angle = -max(width, 1) / 2, -max(height, 1) / 2, math.radians(angle)
        right, bottom = -left, -top
    else:
        middle_x = middle_y = angle = 0.0
        left, top, right, bottom = (each - half for each in numbers)
        if not half:
            right, bottom = max(right, left + 1), max(bottom, top + 1)
    made = np.zeros((images.shape[1], *shape))
    part_y, part_x = (bottom - top) / shape[0], (right - left) / shape[1]
    rows, columns = (ratio if ratio > 0 else math.ceil(part) for part in (part_y, part_x))
    for p, q, i, j in np.ndindex(*shape, rows, columns):
        y, x = top + (p + (i + 0.5) / rows) * part_y, left + (q + (j + 0.5) / columns) * part_x
        y, x = y * math.cos(angle) - x * math.sin(angle), x * math.cos(angle) + y * math.sin(angle)
        made[:, p, q] += between(images[int(number)], y + middle_y, x + middle_x) / (rows * columns)
    return made


IMAGES = np.random.default_rng(0).random((2, 3, 6, 7)).astype("float32")
BOXES = [[0, 0.3, 0.4, 9.2, 8.1], [1, -2, 1.5, 30, 4.3], [1, 5.2, 6.1, 5.4, 6.2], [0, 9, 9, 40, 50]]


@pytest.mark.parametrize("ratio", [-1, 3])
@pytest.mark.parametrize("half", [0, 0.5])
def test_roi_align(ratio: int, half: float) -> None:
    found = nd.contrib.ROIAlign(
        nd.array(IMAGES), nd.array(BOXES), pooled_size=(2, 3), spatial_scale=0.6, sample_ratio=ratio, aligned=half > 0
    )
    expected = [align(IMAGES, box, (2, 3), 0.6, ratio, half, turned=False) for box in BOXES]
    np.testing.assert_allclose(found.asnumpy(), expected, **CLOSE)


@pytest.mark.parametrize("ratio", [-1, 2])
def test_rotated_roi_align(ratio: int) -> None:
    boxes = [[0, 4, 5, 6, 3, 30], [1, 3, 3, 40, 30, -110], [1, 90, 8, 100, 9, 5], [0, 2, 2, 0.1, 0.1, 45]]
    found = nd.contrib.RROIAlign(
        nd.array(IMAGES), nd.array(boxes), pooled_size=(2, 3), spatial_scale=0.6, sampling_ratio=ratio
    )
    expected = [align(IMAGES, box, (2, 3), 0.6, ratio, 0, turned=True) for box in boxes]
    np.testing.assert_allclose(found.asnumpy(), expected, **CLOSE)


@pytest.mark.parametrize("ratio", [-1, 2])
def test_each_part_has_channels_of_its_own(ratio: int) -> None:
    images = np.random.default_rng(1).random((2, 12, 6, 7)).astype("float32")
    given = {"pooled_size": (2, 3), "spatial_scale": 0.6, "sample_ratio": ratio}
    whole = nd.contrib.ROIAlign(nd.array(images), nd.array(BOXES), **given).asnumpy().reshape(4, 2, 2, 3, 2, 3)
    found = nd.contrib.ROIAlign(nd.array(images), nd.array(BOXES), position_sensitive=True, **given).asnumpy()
    np.testing.assert_allclose(found, np.einsum("rcpqpq->rcpq", whole), **CLOSE)


def test_boxes_of_no_image_give_nothing() -> None:
    images, boxes = nd.array(IMAGES), nd.array([[-1, 0, 0, 5, 5], [1, 0, 0, 5, 5]])
    images.attach_grad()
    with autograd.record():
        made = nd.contrib.ROIAlign(images, boxes, pooled_size=(1, 1), spatial_scale=1)
    made.backward()
    assert (made[0].asnumpy() == 0).all() and (made[1].asnumpy() > 0).all()
    slopes = images.grad.asnumpy()
    assert (slopes[0] == 0).all()
    np.testing.assert_allclose(slopes[1].sum((1, 2)), 1, **CLOSE)


@pytest.mark.parametrize("name", ["ROIAlign", "RROIAlign", "PSROIPooling", "DeformablePSROIPooling"])
@pytest.mark.lazy
def test_images_that_there_are_not_are_refused(name: str) -> None:
    more = {"group_size": 1, "no_trans": True} if name.startswith("Def") else {}
    given = {"pooled_size": (1, 1)} if name.endswith("Align") else {"pooled_size": 1, "output_dim": 3, **more}
    box = nd.array([[2, 0, 0, 3, 3, 0][: 6 if name == "RROIAlign" else 5]])
    made = getattr(nd.contrib, name)(nd.array(IMAGES), box, spatial_scale=1, **given)
    with pytest.raises(IndexError, match="index 2 is out of bounds"):
        made.asnumpy()


def test_a_box_beyond_all_bounds_takes_no_longer() -> None:
    images = nd.ones((1, 1, 4, 4))
    upright = nd.contrib.ROIAlign(images, nd.array([[0, -1e9, 0, 1e9, 4]]), pooled_size=(1, 1), spatial_scale=1)
    turned = nd.contrib.RROIAlign(images, nd.array([[0, 2, 2, 1e6, 4, 30]]), pooled_size=(1, 1), spatial_scale=1)
    assert 0 <= upright.asnumpy().item() < 1e-6 and 0 < turned.asnumpy().item() < 1e-4


def pooled_by_position(images: Array, box: Any, size: int, groups: int, scale: float) -> Array:
    number, *corners = box
    left, top = (round(each) * scale for each in corners[:2])
    right, bottom = ((round(each) + 1) * scale for each in corners[2:])
    channels = images.shape[1] // groups**2
    image = images[int(number)].reshape(channels, groups, groups, *images.shape[2:])
    made = np.zeros((channels, size, size))
    for p, q in np.ndindex(size, size):
        rows, columns = (
            slice(max(math.floor(start + k * part), 0), max(math.ceil(start + (k + 1) * part), 0))
            for k, start, part in ((p, top, (bottom - top) / size), (q, left, (right - left) / size))
        )
        pixels = image[:, p * groups // size, q * groups // size, rows, columns]
        if pixels.size:
            made[:, p, q] = pixels.mean((1, 2))
    return made


@pytest.mark.parametrize(("size", "groups"), [(2, 2), (3, 2)])
def test_pooling_by_position(size: int, groups: int) -> None:
    images = np.random.default_rng(2).random((2, 2 * groups**2, 6, 7)).astype("float32")
    boxes = [[0, 0.3, 0.4, 9.2, 8.1], [1, 1.2, 1.6, 6.3, 4.3], [1, 20, 20, 30, 30]]
    given = {"spatial_scale": 0.7, "output_dim": 2, "pooled_size": size, "group_size": groups}
    found = nd.contrib.PSROIPooling(nd.array(images), nd.array(boxes), **given).asnumpy()
    np.testing.assert_allclose(found, [pooled_by_position(images, b, size, groups, 0.7) for b in boxes], **CLOSE)


def test_displaced_parts() -> None:
    """The samples of a part lie at the beginnings of its sub-parts; those outside of the image do not count."""
    images = np.random.default_rng(3).random((2, 8, 6, 7)).astype("float32")
    moves = np.random.default_rng(4).uniform(-1, 1, (2, 4, 2, 2)).astype("float32")
    boxes = [[0, 0.3, 0.4, 9.2, 8.1], [1, 1.2, 1.6, 6.3, 4.3]]
    given = {"spatial_scale": 0.6, "output_dim": 2, "group_size": 2, "pooled_size": 2, "sample_per_part": 3}
    found = nd.contrib.DeformablePSROIPooling(
        nd.array(images), nd.array(boxes), nd.array(moves), trans_std=0.4, **given
    ).asnumpy()
    for r, (number, *corners) in enumerate(boxes):
        left, top = (round(each) * 0.6 - 0.5 for each in corners[:2])
        width, height = (
            (round(end) - round(start) + 1) * 0.6 for start, end in zip(corners[:2], corners[2:], strict=True)
        )
        for c, p, q in np.ndindex(2, 2, 2):
            across, down = moves[r, 2 * c : 2 * c + 2, p, q] * 0.4
            image = images[int(number)].reshape(2, 2, 2, 6, 7)[c, p, q][None]
            places = [
                (top + (p / 2 + i / 6 + down) * height, left + (q / 2 + j / 6 + across) * width)
                for i, j in np.ndindex(3, 3)
            ]
            seen = [between(image, y, x) for y, x in places if -0.5 <= y <= 5.5 and -0.5 <= x <= 6.5]
            np.testing.assert_allclose(found[r, c, p, q], np.mean(seen) if seen else 0, **CLOSE)
