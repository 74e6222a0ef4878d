"""Operators on images: what the draws of the random ones come to, and what MXNet's own results cannot show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd

N = 400
#: 4 standard errors of a mean of N numbers uniform in an interval, relative to its width.
FOUR_ERRORS = 4 / np.sqrt(12 * N)

RNG = np.random.default_rng(7)
IMAGE = RNG.uniform(20, 200, (4, 6, 3)).astype("float32")
BYTES = RNG.integers(0, 256, (4, 6, 3)).astype("uint8")


def image(values: Any = IMAGE) -> Any:
    return nd.array(values, dtype=values.dtype)


def factors(of: Callable[[Any], Any], recover: Callable[[Any], Any]) -> Any:
    nd.random.seed(3)
    x = image()
    return np.array([recover(of(x).asnumpy()) for _ in range(N)])


def uniform_in(found: Any, low: float, high: float, slack: float = 1e-3) -> None:
    """All within the limits, up to the rounding of how they were found; mean and both ends as of uniform numbers."""
    assert low - slack <= found.min() and found.max() <= high + slack
    assert abs(found.mean() - (low + high) / 2) < FOUR_ERRORS * (high - low)
    # The least of N lies in the lowest 3% but for a chance of 0.97^N = 5e-6; so does the greatest in the highest.
    assert found.min() < low + 0.03 * (high - low) and found.max() > high - 0.03 * (high - low)


GREY = IMAGE @ np.array([0.299, 0.587, 0.114], "float32")


def contrast_of(made: Any) -> Any:
    return (made[0, 0, 0] - GREY.mean()) / (IMAGE[0, 0, 0] - GREY.mean())


def saturation_of(made: Any) -> Any:
    return (made[0, 0, 0] - made[0, 0, 1]) / (IMAGE[0, 0, 0] - IMAGE[0, 0, 1])


def test_brightness_is_times_a_uniform_factor() -> None:
    uniform_in(factors(lambda x: nd.image.random_brightness(x, 0.5, 1.5), lambda y: (y / IMAGE).mean()), 0.5, 1.5)


def test_contrast_is_a_uniform_factor_about_the_mean() -> None:
    uniform_in(factors(lambda x: nd.image.random_contrast(x, 0.2, 0.6), contrast_of), 0.2, 0.6)


def test_saturation_is_a_uniform_factor_of_what_channels_differ_by() -> None:
    uniform_in(factors(lambda x: nd.image.random_saturation(x, 0, 2), saturation_of), 0, 2)


def test_hue_is_a_uniform_turn() -> None:
    red = nd.array([[[255, 0, 0]]])
    nd.random.seed(3)
    made = np.array([nd.image.random_hue(red, 0, 1 / 6).asnumpy().ravel() for _ in range(N)])
    # From red to yellow green rises from 0 to 255, and nothing else changes.
    np.testing.assert_allclose(made[:, [0, 2]], [[255, 0]] * N, atol=1e-3)
    uniform_in(made[:, 1] / 255, 0, 1)


@pytest.mark.parametrize(
    ("amounts", "recover", "limits"),
    [
        ((0.4, 0, 0, 0), lambda y: (y / IMAGE).mean(), (0.6, 1.4)),
        ((1.5, 0, 0, 0), lambda y: (y / IMAGE).mean(), (0, 2.5)),
        ((0, 0.4, 0, 0), contrast_of, (0.6, 1.4)),
        ((0, 0, 0.3, 0), saturation_of, (0.7, 1.3)),
    ],
)
def test_jitter_of_one_kind(amounts: Any, recover: Any, limits: Any) -> None:
    uniform_in(factors(lambda x: nd.image.random_color_jitter(x, *amounts), recover), *limits)


def test_jitter_of_nothing_changes_nothing() -> None:
    for values in (IMAGE, BYTES, IMAGE[:, :, :1]):
        assert (nd.image.random_color_jitter(image(values), 0, 0, 0, 0).asnumpy() == values).all()
        assert (nd.image.random_color_jitter(image(values), -1, 0, 0, 0).asnumpy() == values).all()


def test_jitter_takes_its_parts_in_every_order() -> None:
    """Brightness b and contrast c turn x into b c x + b (1 - c) m or b c x + (1 - c) b m: alike for floats. Bytes that
    brightness has cut at 255 tell the orders apart."""
    white = image(np.array([[[250], [0]]], "uint8"))
    nd.random.seed(5)
    spread = [nd.image.random_color_jitter(white, 0.9, 0.9, 0, 0).asnumpy()[0, :, 0] for _ in range(N)]
    # Cut first, the lighter pixel comes from 255 at most; cut last, it is 255 however far contrast took it.
    assert sum(high == 255 for high, _ in spread) > N / 10
    assert sum(high < 255 for high, _ in spread) > N / 10


def test_lighting_is_along_the_components() -> None:
    nd.random.seed(3)
    shifts = np.array([nd.image.random_lighting(image(), 0.1).asnumpy()[1, 2] - IMAGE[1, 2] for _ in range(N)])
    vectors = np.array([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]])
    alpha = np.linalg.solve(vectors * np.array([55.46, 4.794, 1.148]), shifts.T).T
    # A mean of N normal numbers has a standard error of 0.1 / sqrt(N), their variance one of 0.01 sqrt(2 / N). The
    # rounding of 200 in float32, 8e-6, is 7e-6 of the third component, a thousandth of that.
    assert (np.abs(alpha.mean(0)) < 4 * 0.1 / np.sqrt(N)).all()
    assert (np.abs(alpha.var(0) - 0.01) < 4 * 0.01 * np.sqrt(2 / N)).all()
    assert abs(np.corrcoef(alpha[:, 0], alpha[:, 1])[0, 1]) < 4 / np.sqrt(N)
    same = nd.image.adjust_lighting(image(), tuple(alpha[0])).asnumpy()
    np.testing.assert_allclose(same[1, 2], IMAGE[1, 2] + shifts[0], rtol=1e-5)


@pytest.mark.parametrize(("name", "axis"), [("left_right", 1), ("top_bottom", 0)])
def test_flips_are_whole_and_even(name: str, axis: int) -> None:
    assert (getattr(nd.image, f"flip_{name}")(image(BYTES[:3, :5])).asnumpy() == np.flip(BYTES[:3, :5], axis)).all()
    nd.random.seed(9)
    made = [getattr(nd.image, f"random_flip_{name}")(image()).asnumpy() for _ in range(N)]
    flipped = [(each == np.flip(IMAGE, axis)).all() for each in made]
    assert all(turned or (each == IMAGE).all() for turned, each in zip(flipped, made, strict=True))
    # N fair coins: a standard deviation of sqrt(N) / 2.
    assert abs(sum(flipped) - N / 2) < 4 * np.sqrt(N) / 2


MAKERS: dict[str, Callable[[Any], Any]] = {
    "brightness": lambda x: nd.image.random_brightness(x, 0.5, 1.5),
    "contrast": lambda x: nd.image.random_contrast(x, 0.5, 1.5),
    "saturation": lambda x: nd.image.random_saturation(x, 0.5, 1.5),
    "hue": lambda x: nd.image.random_hue(x, 0, 0.5),
    "jitter": lambda x: nd.image.random_color_jitter(x, 0.3, 0.3, 0.3, 0.1),
    "lighting": lambda x: nd.image.random_lighting(x, 0.5),
    "left_right": nd.image.random_flip_left_right,
    "top_bottom": nd.image.random_flip_top_bottom,
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("values", [IMAGE, BYTES], ids=["floats", "bytes"])
def test_the_same_seed_gives_the_same_draws(name: str, values: Any) -> None:
    nd.random.seed(21)
    first = [MAKERS[name](image(values)) for _ in range(8)]
    nd.random.seed(21)
    again = [MAKERS[name](image(values)) for _ in range(8)]
    found = [each.asnumpy() for each in reversed(again)][::-1]
    expected = [each.asnumpy() for each in first]
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == values.dtype
        # Programs of other sizes may round otherwise, and what is rounded is truncated to bytes.
        np.testing.assert_allclose(one.astype("float64"), other, rtol=1e-5, atol=1 if values is BYTES else 1e-3)
    assert len({each.tobytes() for each in expected}) > 1, "every draw is the same"


def test_each_draw_moves_the_stream() -> None:
    nd.random.seed(4)
    expected = nd.random.uniform(shape=2), nd.random.uniform(shape=2)
    nd.random.seed(4)
    nd.image.random_hue(image(), 0, 1)
    assert (nd.random.uniform(shape=2).asnumpy() == expected[1].asnumpy()).all()


@pytest.mark.lazy
def test_other_factors_run_the_same_program() -> None:
    for k in range(3):
        nd.image.random_brightness(image(), 0.1 * k, 1 + k).asnumpy()
    before = lazynd.stats().programs
    for k in range(3, 9):
        nd.image.random_brightness(image(), 0.1 * k, 1 + k).asnumpy()
    assert lazynd.stats().programs == before


def test_gradients_are_those_of_what_was_computed() -> None:
    """MXNet passes the gradient on as it is: see the documentation's page of differences."""
    x = image()
    x.attach_grad()
    heads = nd.array(RNG.uniform(-1, 1, IMAGE.shape))
    nd.random.seed(2)
    with autograd.record():
        y = nd.image.random_brightness(x, 0.3, 0.9)
    y.backward(heads)
    factor = (y / x).asnumpy().mean()
    np.testing.assert_allclose(x.grad.asnumpy(), factor * heads.asnumpy(), rtol=1e-5)
    with autograd.record():
        y = nd.image.flip_left_right(x)
    y.backward(heads)
    assert (x.grad.asnumpy() == heads.asnumpy()[:, ::-1]).all()
    with autograd.record():
        y = nd.image.to_tensor(x)
    y.backward(nd.array(heads.asnumpy().transpose(2, 0, 1)))
    np.testing.assert_allclose(x.grad.asnumpy(), heads.asnumpy() / 255, rtol=1e-6)


def test_results_go_where_they_shall() -> None:
    target = nd.zeros((3, 4, 6))
    made = nd.image.to_tensor(image(BYTES), out=target)
    assert made is target
    np.testing.assert_allclose(target.asnumpy(), BYTES.transpose(2, 0, 1) / np.float32(255), rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: nd.image.crop(image(), x=-1, y=0, width=2, height=2), "do not lie in"),
        (lambda: nd.image.resize(image(), size=3, interp=5), "interp must be from 0 to 4"),
        (lambda: nd.image.resize(nd.ones((2, 3, 3), dtype="int32"), size=3), "needs uint8 or floats"),
        (lambda: nd.image.resize(nd.ones((2, 3)), size=3), "expected an image"),
        (lambda: nd.image.random_hue(nd.ones((1, 2, 2, 3)), 0, 1), "expected one image"),
        (lambda: nd.image.random_hue(nd.ones((2, 2, 4)), 0, 1), "1 or 3 channels"),
        (lambda: nd.image.random_contrast(image(), -0.5, 1), "exceed bound"),
        (lambda: nd.image.normalize(nd.ones((3, 2, 2)), std=(1, 2)), "std must be 1 or 3 numbers"),
        (lambda: nd.image.adjust_lighting(image(), (1, 2)), "three numbers"),
        (lambda: nd.image.to_tensor(nd.zeros((0, 2, 3))), "empty"),
    ],
)
def test_wrong_calls_are_refused(call: Callable[[], Any], reason: str) -> None:
    with pytest.raises(lazynd.MXNetError, match=reason):
        call()
