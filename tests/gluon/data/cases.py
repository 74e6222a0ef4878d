"""Cases of data loading that real MXNet and lazynd are both asked; see ``tools/make_data_goldens.py``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

MAGIC = (0xCED7230A).to_bytes(4, "little")
#: With the mark of records inside, at multiples of 4 and elsewhere.
RECORDS = (b"", b"a", b"abcd", b"abcde", MAGIC, b"abcd" + MAGIC + b"xyz", b"ab" + MAGIC, MAGIC * 3, b"abcd" + MAGIC,
           bytes(range(256)) * 3, b"x" + MAGIC + b"abc" + MAGIC)  # fmt: skip
HEADERS = (
    (0, 4, 2574, 0), (0, 4.5, 2574, 7), (5, [1, 2, 3], 1, 0), (0, [1, 2.5], 1, 0), (0, 3, 2**40, 2**63),
    (7, 4, 2574, 0), (0, [], 1, 0),
)  # fmt: skip


def samplers(gluon: Any) -> dict[str, Any]:
    """What samplers and a loader give, pass by pass."""
    data = gluon.data
    found: dict[str, Any] = {}
    for last in ("keep", "discard", "rollover"):
        for count, size in ((10, 3), (9, 3), (2, 3), (7, 1)):
            sampler = data.BatchSampler(data.SequentialSampler(count), size, last)
            found[f"batch {count} {size} {last}"] = [[list(sampler), len(sampler)] for _ in range(4)]
    for count in (1, 7, 40):
        np.random.seed(count)
        sampler = data.RandomSampler(count)
        found[f"random {count}"] = [[int(i) for i in sampler] for _ in range(2)]
    for length, interval, rollover in ((13, 3, True), (13, 3, False), (3, 3, True), (5, 1, True)):
        sampler = gluon.contrib.data.sampler.IntervalSampler(length, interval, rollover)
        found[f"interval {length} {interval} {int(rollover)}"] = [list(sampler), len(sampler)]
    many = data.SimpleDataset(list(range(11)))
    for shards in (1, 2, 3, 4, 11, 13):
        cut = [many.shard(shards, i) for i in range(shards)]
        found[f"shard {shards}"] = [[each[i] for i in range(len(each))] for each in cut]
    np.random.seed(5)
    loader = data.DataLoader(many, 4, shuffle=True, last_batch="rollover")
    found["loader"] = [[batch.asnumpy().tolist() for batch in loader] for _ in range(3)]
    return found


def pictures() -> dict[str, Any]:
    rng = np.random.RandomState(3)
    return {
        "bytes": rng.randint(0, 256, (6, 8, 3)).astype("uint8"), "grey": rng.randint(0, 256, (6, 8, 1)).astype("uint8"),
        "floats": rng.uniform(0, 255, (6, 8, 3)).astype("float32"),
        "tensor": rng.uniform(0, 1, (3, 6, 8)).astype("float32"),
        "tensors": rng.uniform(0, 1, (2, 3, 5, 4)).astype("float32"),
        "batch": rng.randint(0, 256, (2, 6, 8, 3)).astype("uint8"),
    }  # fmt: skip


def each_transform(transforms: Any, image: Any, nd: Any) -> dict[str, tuple[str, Callable[[Any], Any]]]:
    """By name: which picture, and what is done to it. None draws but from Python's ``random`` and from NumPy."""
    t = transforms
    return {
        "to_tensor": ("bytes", t.ToTensor()), "to_tensor_grey": ("grey", t.ToTensor()),
        "to_tensor_batch": ("batch", t.ToTensor()), "cast": ("bytes", t.Cast()), "cast16": ("bytes", t.Cast("float16")),
        "normalize": ("tensor", t.Normalize((0.1, 0.2, 0.3), (0.5, 0.6, 0.7))),
        "normalize_one": ("tensors", t.Normalize(0.1, 0.3)),
        "compose": ("bytes", t.Compose([t.CenterCrop(4), t.ToTensor(), t.Normalize(0.5, 0.25)])),
        "resize": ("bytes", t.Resize(5)), "resize_keep": ("floats", t.Resize(4, True)),
        "resize_cubic": ("bytes", t.Resize((5, 9), interpolation=2)), "resize_batch": ("batch", t.Resize((4, 3))),
        "center": ("bytes", t.CenterCrop((4, 3))), "center_large": ("bytes", t.CenterCrop((9, 4))),
        "crop": ("bytes", t.CropResize(1, 2, 4, 3)), "crop_resize": ("batch", t.CropResize(1, 2, 4, 3, (6, 5), 1)),
        "rotate": ("tensor", t.Rotate(33)), "rotate_in": ("tensor", t.Rotate(-120, zoom_in=True)),
        "rotate_out": ("tensors", t.Rotate(75, zoom_out=True)), "rotate_0": ("tensor", t.Rotate(0)),
        "random_rotation": ("tensor", t.RandomRotation((-40, 40))),
        "random_rotations": ("tensors", t.RandomRotation((-40, 40), zoom_in=True, rotate_with_proba=0.9)),
        "random_apply": ("bytes", t.RandomApply(t.ToTensor(), 0.9)),
        "random_not": ("bytes", t.RandomApply(t.ToTensor(), 0.1)),
        "random_crop": ("bytes", t.RandomResizedCrop((5, 4))),
        "random_crop_narrow": ("floats", t.RandomResizedCrop(4, (0.3, 0.4), (0.5, 0.6), 2)),
        "crop_fixed": ("bytes", lambda x: image.fixed_crop(x, 5, 2, 6, 3)),
        "crop_anywhere": ("bytes", lambda x: image.random_crop(x, (3, 4))[0]),
        "short": ("bytes", lambda x: image.resize_short(x, 4)),
        "colours": ("floats", lambda x: image.color_normalize(x, nd.array([1, 2, 3]), nd.array([2, 3, 4]))),
        "angles": ("tensors", lambda x: image.imrotate(x, nd.array([10, -200]))),
        "brightness_none": ("bytes", t.RandomBrightness(0)),
        "contrast_none": ("floats", t.RandomContrast(0)), "saturation_none": ("floats", t.RandomSaturation(0)),
        "hue_none": ("floats", t.RandomHue(0)), "lighting_none": ("bytes", t.RandomLighting(0)),
    }  # fmt: skip
