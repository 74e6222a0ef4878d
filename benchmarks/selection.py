"""Calls that choose and order: boxes that suppress each other, and a million numbers. For both environments: imports no
framework."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

BOXES, NUMBERS = 10_000, 1_000_000
#: How large boxes are at most, in parts of the image: some thousand of them are left.
SIZE = 0.3


@dataclass(frozen=True)
class Call:
    """``call`` of an ``nd`` and an array, the values of which are ``data``; ``times`` in a full round."""

    name: str
    data: Callable[[], Any]
    call: Callable[[Any, Any], Any]
    times: int


def rows() -> Any:
    """A row of a class of twenty, a score and a box for each of the boxes."""
    rng = np.random.RandomState(3)
    middles, halves = rng.rand(BOXES, 2), rng.rand(BOXES, 2) * (SIZE / 2)
    parts = [rng.randint(0, 20, (BOXES, 1)), rng.rand(BOXES, 1), middles - halves, middles + halves]
    return np.concatenate(parts, 1).astype("float32")


def numbers() -> Any:
    return np.random.RandomState(3).rand(NUMBERS).astype("float32")


CALLS = (
    Call("box_nms", rows, lambda nd, x: nd.contrib.box_nms(x), 3),
    Call("box_nms of classes", rows, lambda nd, x: nd.contrib.box_nms(x, id_index=0), 3),
    Call("box_nms, topk=400", rows, lambda nd, x: nd.contrib.box_nms(x, id_index=0, topk=400), 30),
    Call("topk, k=10", numbers, lambda nd, x: nd.topk(x, k=10), 30),
    Call("topk, k=10, both", numbers, lambda nd, x: nd.topk(x, k=10, ret_typ="both")[0], 30),
    Call("topk, k=1000", numbers, lambda nd, x: nd.topk(x, k=1000), 30),
    Call("topk, k=10, ascending", numbers, lambda nd, x: nd.topk(x, k=10, is_ascend=True), 30),
    Call("sort", numbers, lambda nd, x: nd.sort(x), 3),
    Call("sort, descending", numbers, lambda nd, x: nd.sort(x, is_ascend=False), 3),
    Call("argsort", numbers, lambda nd, x: nd.argsort(x), 3),
)
