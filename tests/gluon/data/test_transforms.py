"""Transforms and functions of ``mx.image`` against MXNet's results; those that draw, by what they draw from."""

from __future__ import annotations

import pathlib
import pickle
import random
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import image, nd
from lazynd.gluon.data import ArrayDataset, DataLoader
from lazynd.gluon.data.vision import transforms

from .cases import each_transform, pictures

GOLDENS = np.load(pathlib.Path(__file__).parents[2] / "data" / "loading" / "transforms.npz")
PICTURES = pictures()
CASES = each_transform(transforms, image, nd)


def picture(name: str) -> Any:
    return nd.array(PICTURES[name], dtype=PICTURES[name].dtype)


@pytest.mark.parametrize("name", sorted(CASES))
def test_as_mxnet(name: str) -> None:
    which, function = CASES[name]
    np.testing.assert_array_equal(PICTURES[which], GOLDENS[which])
    random.seed(11)
    np.random.seed(11)
    found, expected = function(picture(which)).asnumpy(), GOLDENS[f"made_{name}"]
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    if expected.dtype.kind == "u":
        np.testing.assert_array_equal(found, expected)
    else:
        # Places between pixels are computed in float32, to some units in the last place of the image's extent; times
        # how much neighbouring pixels differ.
        scale = np.abs(expected).max()
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * scale)


def test_every_transform_has_a_case_or_draws() -> None:
    used = {type(function).__name__ for _, function in CASES.values()}
    # MXNet gives what happened to be in memory if there is nothing to change.
    assert set(transforms.__all__) - used == {"RandomColorJitter", "RandomFlipLeftRight", "RandomFlipTopBottom"}
    assert len(transforms.__all__) == 19


def test_reprs_are_mxnets() -> None:
    t = transforms
    composed = t.Compose([t.ToTensor(), t.Normalize(0, 1), t.CenterCrop(3), t.ToTensor()])
    assert "".join(repr(composed).split()) == (
        "Compose((0):HybridSequential((0):ToTensor()(1):Normalize())(1):CenterCrop()(2):ToTensor())"
    )
    assert len(t.Compose([])) == 0 and t.Compose([])(picture("bytes")).shape == (6, 8, 3)
    assert t.Compose([t.ToTensor(), lambda x: x + 1])(picture("bytes")).shape == (3, 6, 8)


@pytest.mark.parametrize(
    ("make", "error", "why"),
    [
        (lambda t: t.RandomRotation((10, -10)), ValueError, "must be an ordered tuple"),
        (lambda t: t.RandomRotation((-1, 1), rotate_with_proba=2), ValueError, "between 0 and 1"),
        (lambda t: t.Rotate(30)(picture("bytes")), TypeError, "Consider calling it after ToTensor"),
        (lambda t: t.RandomRotation((-1, 1))(picture("bytes")), TypeError, "Consider calling it after ToTensor"),
        (lambda t: t.Rotate(10, True, True)(picture("tensor")), ValueError, "cannot be both True"),
        (lambda t: image.imrotate(picture("bytes"), 3), TypeError, "Only `float32`"),
        (lambda t: image.imrotate(picture("tensor")[0], 3), ValueError, "Only 3D and 4D"),
        (lambda t: image.imrotate(picture("tensor"), nd.array([3])), TypeError, "required to be a scalar"),
        (lambda t: image.imrotate(picture("tensors"), nd.array([3])), ValueError, "equal to the number of rotation"),
        (lambda t: image.random_size_crop(picture("bytes"), (1, 1), 0.5, (1, 1), foo=1), AssertionError, "unexpected"),
        (lambda t: t.Normalize()(picture("bytes")), lazynd.MXNetError, "channel"),
        (lambda t: t.CropResize(5, 4, 5, 5)(picture("bytes")), lazynd.MXNetError, "do not lie in"),
    ],
)
def test_what_is_refused(make: Any, error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        make(transforms)


def test_no_jitter_changes_nothing() -> None:
    np.testing.assert_array_equal(transforms.RandomColorJitter()(picture("bytes")).asnumpy(), PICTURES["bytes"])


def test_flips() -> None:
    for make, axis in ((transforms.RandomFlipLeftRight, 1), (transforms.RandomFlipTopBottom, 0)):
        flip, x, lazily = make(), picture("bytes"), PICTURES["bytes"]
        lazynd.random.seed(5)
        found = [flip(x).asnumpy() for _ in range(60)]
        flipped = [bool((each == np.flip(lazily, axis)).all()) for each in found]
        assert all(f or (each == lazily).all() for f, each in zip(flipped, found, strict=True))
        assert 15 < sum(flipped) < 45  # 4 standard deviations of 60 tosses


@pytest.mark.parametrize(
    ("make", "low", "high"),
    [
        (lambda: transforms.RandomBrightness(0.3), 0.7, 1.3),
        (lambda: transforms.RandomBrightness(2), 0, 3),
        (lambda: transforms.RandomColorJitter(brightness=0.4), 0.6, 1.4),
    ],
)
def test_brightness_is_uniform(make: Any, low: float, high: float) -> None:
    change, x = make(), nd.ones((1, 1, 3)) * 100
    lazynd.random.seed(5)
    found = np.array([change(x).asnumpy()[0, 0, 0] for _ in range(120)]) / 100
    assert low - 1e-5 <= found.min() and found.max() <= high + 1e-5
    # 4 standard errors of the mean of 120 numbers; and a tail of a tenth, which 120 miss once in 300,000.
    assert abs(found.mean() - (low + high) / 2) < 4 * (high - low) / np.sqrt(12 * 120)
    assert found.min() < low + (high - low) / 10 and found.max() > high - (high - low) / 10


def test_rotations_are_uniform() -> None:
    """A line across the middle tells its angle."""
    x = np.zeros((1, 41, 41), "float32")
    x[0, 20, :] = 1
    turn = transforms.RandomRotation((-30, 30))
    np.random.seed(2)
    found = []
    for _ in range(40):
        down, right = np.nonzero(turn(nd.array(x)).asnumpy()[0] > 0.3)
        slope = np.polyfit(right - 20, down - 20, 1)[0]
        found.append(np.degrees(np.arctan(slope)))
    assert -31 < min(found) < -20 and 20 < max(found) < 31
    assert abs(np.mean(found)) < 4 * 60 / np.sqrt(12 * 40)


def test_a_batch_is_transformed_whole_and_as_one_by_one() -> None:
    t = transforms
    images = nd.array(np.tile(PICTURES["bytes"], (5, 1, 1, 1)) + np.arange(5)[:, None, None, None], dtype="uint8")
    data = ArrayDataset(images, np.arange(5))
    whole = (
        t.ToTensor(), t.Cast("float16"), t.Resize((3, 4)), t.CropResize(1, 1, 4, 3, 5),
        t.Compose([t.Resize(4), t.ToTensor(), t.Normalize((0.1, 0.2, 0.3), 0.5)]), t.Compose([]),
    )  # fmt: skip
    calls = []
    for transform in whole:
        for one, other in zip(
            DataLoader(data.transform_first(transform), 2),
            DataLoader(data.transform_first(lambda x: (calls.append(x.ndim), transform(x))[1]), 2),  # noqa: B023
            strict=True,
        ):
            assert one[0].dtype is other[0].dtype
            np.testing.assert_array_equal(one[0].asnumpy(), other[0].asnumpy())
            np.testing.assert_array_equal(one[1].asnumpy(), other[1].asnumpy())
    assert set(calls) == {3}

    class Mine(t.ToTensor):
        def hybrid_forward(self, F: Any, x: Any) -> Any:
            calls.append(x.ndim)
            return super().hybrid_forward(F, x)

    hooked = t.ToTensor()
    hooked.register_forward_hook(lambda block, inputs, output: calls.append(inputs[0].ndim))
    for special in (Mine(), t.Compose([t.Cast(), Mine()]), hooked, t.CenterCrop(3)):
        calls.clear()
        assert len(list(DataLoader(data.transform_first(special), 5))) == 1
        assert set(calls) <= {3}, "whoever has a say in each example gets each example"
        assert calls or isinstance(special, t.CenterCrop)


def test_pickles() -> None:
    t = transforms
    made = t.Compose([t.Resize(4), t.ToTensor(), t.Normalize(0.5, 0.5)])
    again = pickle.loads(pickle.dumps(made))
    np.testing.assert_array_equal(again(picture("bytes")).asnumpy(), made(picture("bytes")).asnumpy())
