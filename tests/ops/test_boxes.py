"""Operators on boxes against their definitions, said here once more in plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.base import MXNetError

Array = np.ndarray[Any, Any]


@pytest.fixture(params=["numpy", "xla"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(lazynd.config, "backend", request.param)
    return str(request.param)


def some_boxes(rng: np.random.Generator, *shape: int, size: float = 0.3) -> Array:
    low = rng.random((*shape, 2))
    return np.concatenate([low, low + rng.random((*shape, 2)) * size], -1).astype("float32")


def overlap(a: Array, b: Array) -> Any:
    """Common area over joint area of two boxes."""
    width, height = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    common = max(width, 0) * max(height, 0)
    areas = [(x[2] - x[0]) * (x[3] - x[1]) for x in (a, b)]
    return common / (areas[0] + areas[1] - common)


def greedy(rows: Array, threshold: float, of_class: bool) -> list[int]:
    """The numbers of the rows (class, score, box) that are kept, the best first."""
    kept: list[int] = []
    for i in np.argsort(-rows[:, 1], kind="stable"):
        rivals = [j for j in kept if not of_class or rows[i, 0] == rows[j, 0]]
        if not any(overlap(rows[i, 2:], rows[j, 2:]) > threshold for j in rivals):
            kept.append(int(i))
    return kept


@pytest.mark.parametrize("of_class", [False, True])
def test_box_nms_of_several_blocks(of_class: bool, backend: str) -> None:
    rng = np.random.default_rng(0)
    k = 600  # more than two blocks of the 256 rows that are compared at a time
    rows = np.concatenate([
        rng.integers(0, 3, (2, k, 1)).astype("float32"),
        rng.permutation(2 * k).reshape(2, k, 1).astype("float32") + 1,
        some_boxes(rng, 2, k),
    ], 2)  # fmt: skip
    found = nd.contrib.box_nms(nd.array(rows), 0.25, id_index=0 if of_class else -1).asnumpy()
    for image, given in zip(found, rows, strict=True):
        kept = greedy(given, 0.25, of_class)
        assert 20 < len(kept) < k, "some are dropped, and some are not"
        np.testing.assert_array_equal(image[: len(kept)], given[kept])
        assert (image[len(kept) :] == -1).all()


def test_box_nms_of_a_chain(backend: str) -> None:
    """Each box overlaps the next alone: every other one is kept, whatever the block that it is in."""
    k = 600
    left = np.arange(k, dtype="float32")
    rows = np.stack([k - left, left, 0 * left, left + 1.5, 0 * left + 1], 1)
    found = nd.contrib.box_nms(nd.array(rows), 0.1, coord_start=1, score_index=0).asnumpy()
    np.testing.assert_array_equal(found[: k // 2], rows[::2])
    assert (found[k // 2 :] == -1).all()


def test_gradients_of_box_nms_go_to_the_rows_that_are_kept() -> None:
    rows = nd.array([[0.5, 1, 1, 3, 3], [0.75, 1, 1, 3, 3.5], [0.25, 4, 4, 5, 5]])
    rows.attach_grad()
    with autograd.record():
        kept = nd.contrib.box_nms(rows, coord_start=1, score_index=0, out_format="center")
    kept.backward(nd.arange(15).reshape((3, 5)))
    np.testing.assert_array_equal(rows.grad.asnumpy(), [[0] * 5, [0, 1, 2, 3, 4], [5, 6, 7, 8, 9]])


@pytest.mark.parametrize(("given", "told"), [
    ({"coord_start": 3}, "coord_start 3 is out of range"), ({"score_index": 9}, "score_index 9 is out of range"),
    ({"score_index": 3}, "score_index 3 conflicts with coordinates"), ({"id_index": 1}, "conflicts with score_index"),
    ({"in_format": "middle"}, "valid values are"),
])  # fmt: skip
def test_wrong_indices_are_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(MXNetError, match=told):
        nd.contrib.box_nms(nd.ones((3, 6)), **given)


def test_box_iou_is_common_over_joint_area() -> None:
    rng = np.random.default_rng(1)
    one, other = some_boxes(rng, 2, 5), some_boxes(rng, 7)
    found = nd.contrib.box_iou(nd.array(one), nd.array(other)).asnumpy()
    expected = [[[overlap(a, b) for b in other] for a in row] for row in one]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)  # areas are differences of corners
    assert (found > 0).sum() > 5
    middles = [np.concatenate([(x[..., :2] + x[..., 2:]) / 2, x[..., 2:] - x[..., :2]], -1) for x in (one, other)]
    found = nd.contrib.box_iou(*map(nd.array, middles), format="center").asnumpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_bipartite_matching_takes_the_best_pairs_first(backend: str) -> None:
    scores = np.random.default_rng(2).random((3, 8, 6)).round(1).astype("float32")  # many are equal
    for ascending, threshold in ((False, 0.45), (True, 0.55)):
        rows, columns = nd.contrib.bipartite_matching(nd.array(scores), threshold=threshold, is_ascend=ascending)
        for image, of_row, of_column in zip(scores, rows.asnumpy(), columns.asnumpy(), strict=True):
            expected = -np.ones(8), -np.ones(6)
            for place in np.argsort(image.ravel() if ascending else -image.ravel(), kind="stable"):
                i, j = divmod(int(place), 6)
                good = image[i, j] < threshold if ascending else image[i, j] > threshold
                if good and expected[0][i] < 0 and expected[1][j] < 0:
                    expected[0][i], expected[1][j] = j, i
            np.testing.assert_array_equal(of_row, expected[0])
            np.testing.assert_array_equal(of_column, expected[1])


def test_nan_matches_nothing() -> None:
    rows, _ = nd.contrib.bipartite_matching(nd.array([[np.nan, 0.5], [0.25, np.nan]]), threshold=0.1)
    np.testing.assert_array_equal(rows.asnumpy(), [1, 0])


def test_what_is_encoded_is_decoded() -> None:
    rng = np.random.default_rng(3)
    room = np.array([0, 0, 0.1, 0.1])  # no extent is 0
    anchors, objects = some_boxes(rng, 1, 6) + room, some_boxes(rng, 1, 4) + room
    matches, stds = rng.integers(0, 4, (1, 6)), [0.1, 0.2, 0.3, 0.4]
    given = [np.ones((1, 6)), matches, anchors, objects, np.zeros(4), stds]
    targets, mask = nd.contrib.box_encode(*map(nd.array, given))
    center = np.concatenate([(anchors[..., :2] + anchors[..., 2:]) / 2, anchors[..., 2:] - anchors[..., :2]], -1)
    for places, kind in ((anchors, "corner"), (center, "center")):
        found = nd.contrib.box_decode(targets, nd.array(places), *stds, format=kind).asnumpy()
        np.testing.assert_allclose(found[0], objects[0][matches[0]], rtol=1e-5, atol=1e-6)
    assert (mask.asnumpy() == 1).all()


@pytest.mark.lazy
def test_an_anchor_that_learns_needs_an_object() -> None:
    anchors = nd.array([[[0, 0, 1, 1]]])
    made = nd.contrib.box_encode(nd.ones((1, 1)), nd.array([[1]]), anchors, anchors, nd.zeros(4), nd.ones(4))
    with pytest.raises(IndexError, match="index 1 is out of bounds"):
        made[0].asnumpy()


def test_no_images_have_no_boxes() -> None:
    with lazynd.util.np_shape(True):
        assert nd.contrib.box_nms(nd.zeros((0, 3, 6))).shape == (0, 3, 6)
        rows, columns = nd.contrib.bipartite_matching(nd.zeros((0, 3, 2)), threshold=0.5)
        assert (rows.asnumpy().shape, columns.asnumpy().shape) == ((0, 3), (0, 2))
        found = nd.contrib.MultiBoxDetection(nd.zeros((0, 3, 2)), nd.zeros((0, 8)), nd.zeros((1, 2, 4)))
        assert found.asnumpy().shape == (0, 2, 6)


def test_box_nms_compares_half_precision_scores_with_a_half() -> None:
    """0.3 as a half is above 0.3 as a float32, and yet is not above the threshold, as in MXNet."""
    rows = nd.array([[0, 0.3, 0, 0, 1, 1], [0, 0.6, 5, 5, 6, 6]], dtype="float16")
    scores = nd.contrib.box_nms(rows, valid_thresh=0.3)[:, 1]
    np.testing.assert_array_equal(scores.asnumpy(), np.array([0.6, -1], "float16"))
