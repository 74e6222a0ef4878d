"""Operators on images. Those that draw are compared where both ends of what they draw from are equal.

MXNet states the gradient of its input for all that change colours or flip, whatever they do, so these are compared
without gradients. Its flips leave the middle of an odd extent unwritten: all extents are even here.
"""

from __future__ import annotations

import pathlib
from dataclasses import replace
from typing import Any

from ..case import Case, Drawn, Literal, case, f, lit, whole, without_gradient

FILES = pathlib.Path(__file__).parents[2] / "data" / "images"


def bytes_(*shape: int) -> Drawn:
    return whole(*shape, high=256, dtype="uint8")


def unit(*shape: int, dtype: str = "float32") -> Drawn:
    """Floats from 0 to 1, as many images have them."""
    return f(*shape, low=0, high=1, dtype=dtype)


def coarse(image: Any, **attributes: Any) -> Case:
    """A case in float64, which MXNet computes with factors and weights of float32."""
    return Case((image,), attributes, grad=(), rtol=1e-6)


def wide(*shape: int, dtype: str = "float32") -> Drawn:
    """Floats as bytes have them, and beyond."""
    return f(*shape, low=-20, high=300, dtype=dtype)


FACTORS = ({"min_factor": 1.7, "max_factor": 1.7}, {"min_factor": 0.4, "max_factor": 0.4})


def changes(*factors: dict[str, Any]) -> list[Case]:
    images = (bytes_(4, 5, 3), bytes_(1, 7, 3), unit(3, 2, 3), wide(4, 3, 3), unit(1, 1, 3), bytes_(5, 2, 1))
    made = [without_gradient(image, **each) for image in images for each in factors]
    made += [without_gradient(unit(2, 5, 1), **factors[0]), without_gradient(whole(3, 4, 3, high=900), **factors[0])]
    return [*made, coarse(wide(3, 2, 3, dtype="float64"), **factors[0])]


FLIPS = [
    without_gradient(image)
    for image in (
        bytes_(4, 6, 3), bytes_(2, 4, 1), unit(2, 6, 3), unit(4, 2, 1), unit(2, 2, 3, dtype="float64"),
        whole(6, 4, 3), unit(4, 8, 3, dtype="float16"),
    )
]  # fmt: skip
#: Height and width of an image, and of what it is resized to: one and both larger and smaller, by whole numbers or not.
SIZES = (
    ((4, 5), (7, 3)), ((6, 9), (3, 3)), ((6, 8), (3, 4)), ((5, 7), (11, 13)), ((9, 10), (4, 7)), ((1, 6), (3, 2)),
    ((7, 1), (2, 4)), ((3, 4), (3, 4)), ((13, 17), (6, 1)), ((10, 11), (25, 4)), ((1, 1), (3, 2)), ((30, 23), (7, 6)),
)  # fmt: skip


def resizes() -> list[Case]:
    made = []
    for interp in range(5):
        for old, new in SIZES:
            both = {"size": (new[1], new[0]), "interp": interp}
            made += [without_gradient(unit(*old, 3), **both), without_gradient(bytes_(*old, 3), **both)]
        both = {"size": (5, 3), "interp": interp}
        made += [without_gradient(bytes_(2, 4, 6, 3), **both), without_gradient(unit(2, 5, 4, 1), **both)]
        made += [without_gradient(bytes_(7, 6, 1), **both), coarse(unit(5, 7, 3, dtype="float64"), **both)]
    for size in (2, 3, 5, 7):
        made += [
            without_gradient(unit(4, 6, 3), size=size, keep_ratio=True),
            without_gradient(unit(7, 3, 1), size=size),
        ]
    made.append(without_gradient(whole(4, 3, 3, high=900), size=(5, 7), interp=0))
    made.append(without_gradient(bytes_(2, 7, 5, 1), size=(3,), keep_ratio=True))
    return [*made, *(without_gradient(unit(4, 6, 3), **each) for each in ({"size": 0}, {"size": (3, 2, 1)}, {}))]


def content(file: str) -> Literal:
    return lit(list((FILES / file).read_bytes()), "uint8")


def decoded() -> list[Case]:
    """Each file in colours and in grey, with blue first too.

    An inverse cosine transform may be off by 1 in brightness and colour differences each (ITU-T T.83), which makes
    1 + 1.772 in blue; inks become colours by products that are rounded or truncated. What is not lossy is exact,
    but for grey of colours, a weighted sum that is rounded or truncated.
    """
    made = []
    for path in sorted(FILES.iterdir()):
        for options in ({}, {"flag": 0}, {"to_rgb": False}):
            lossy = 2 if path.suffix == ".jpg" else 0
            apart = lossy or int("flag" in options)
            made.append(Case((content(path.name),), options, grad=(), apart=apart))
    return [*made, Case((lit([1, 2, 3], "uint8"),), grad=()), Case((content("colours.png"),), {"flag": -1}, grad=())]


def flipped_or_not(axis: int) -> list[Case]:
    """Images that are their own mirror images along ``axis``, whose flip is certain, and one that is not."""
    row = [[9, 1, 200], [7, 30, 4], [7, 30, 4], [9, 1, 200]]
    images = [row[:k] + row[4 - k :] for k in (1, 2)]
    certain: list[Any] = [[image, image[:1] * len(image)] for image in images]
    if axis == 0:
        certain = [[list(line) for line in zip(*image, strict=True)] for image in certain]
    made = [without_gradient(lit(image, dtype)) for image in certain for dtype in ("uint8", "float32", "float64")]
    return [*made, Case((bytes_(4, 6, 3),), grad=(), values=False)]


def jitters() -> list[Case]:
    """No change of colours changes black, nor contrast and hue what is grey everywhere; a draw for each other image."""
    black, grey = ([[[level] * 3] * 4] * 2 for level in (0, 77))
    every = {"brightness": 0.5, "contrast": 0.5, "saturation": 0.5, "hue": 0.3}
    some = {**every, "brightness": 0.0, "saturation": 0.0}
    certain = [
        Case((lit(image, dtype),), factors, grad=(), apart=1)
        for image, factors in ((black, every), (grey, some), (grey[:1], {**some, "hue": 0.0}))
        for dtype in ("uint8", "float32")
    ]
    drawn = [
        Case((image,), every, grad=(), values=False) for image in (bytes_(4, 5, 3), wide(1, 3, 3), bytes_(2, 2, 1))
    ]
    return [*certain, *drawn]


CASES: dict[str, list[Case]] = {
    "_image_random_color_jitter": jitters(),
    "_image_random_flip_left_right": flipped_or_not(1),
    "_image_random_flip_top_bottom": flipped_or_not(0),
    "_cvimdecode": decoded(),
    "_image_to_tensor": [
        without_gradient(image)
        for image in (
            bytes_(4, 5, 3), bytes_(2, 3, 4, 3), bytes_(1, 6, 1), unit(3, 2, 3), wide(2, 2, 3, 4), bytes_(1, 1, 1),
            wide(3, 5, 2, dtype="float64"), whole(3, 2, 3, high=900), f(3, 4),
        )
    ],
    "_image_normalize": [
        case(unit(3, 4, 5), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
        case(unit(2, 3, 4, 2), mean=(0.1, 0.2, 0.3), std=2.0),
        case(unit(1, 3, 4), mean=0.13, std=0.31),
        case(unit(2, 1, 3, 4), mean=(0.13,), std=(0.31,)),
        case(unit(3, 1, 1), mean=(1,), std=(2, 3, 4)),
        Case((unit(3, 4, 2, dtype="float64"),), {"mean": (0.1, 0.2, 0.3), "std": (0.5, 2, 4)}, rtol=1e-6),
        case(unit(2, 3, 4, dtype="float32"), mean=1, std=1),
        case(unit(3, 2, 2), mean=(1, 2), std=1),
    ],
    "_image_crop": [
        case(unit(4, 5, 3), x=1, y=2, width=3, height=2),
        case(unit(2, 4, 5, 3), x=0, y=0, width=5, height=4),
        case(bytes_(4, 5, 3), x=4, y=3, width=1, height=1),
        case(bytes_(3, 2, 6, 1), x=2, y=1, width=2, height=1),
        case(unit(1, 6, 1), x=1, y=0, width=4, height=1),
        case(unit(5, 3, 3, dtype="float64"), x=0, y=1, width=2, height=4),
        case(unit(4, 5, 3), x=3, y=0, width=3, height=2),
        case(unit(4, 5, 3), x=0, y=0, width=0, height=2),
    ],
    "_image_flip_left_right": FLIPS,
    "_image_flip_top_bottom": FLIPS,
    "_image_resize": resizes(),
    "_cvimresize": [
        without_gradient(image, w=new[1], h=new[0], interp=interp)
        for interp in range(5)
        for (old, new) in SIZES[:6]
        for image in (bytes_(*old, 3), unit(*old, 1))
    ] + [without_gradient(bytes_(4, 6, 3), w=0, h=2), without_gradient(bytes_(4, 6, 3), w=3, h=2, interp=9)],
    "_image_random_brightness": [*changes(*FACTORS), without_gradient(unit(2, 3, 3), min_factor=-1.0, max_factor=1.0)],
    "_image_random_contrast": changes(*FACTORS),
    "_image_random_saturation": changes(*FACTORS),
    # A float just above or below a whole number, by the order of operations, is truncated to it or to the one below.
    "_image_random_hue": [
        replace(each, apart=1)
        for each in changes({"min_factor": 0.2, "max_factor": 0.2}, {"min_factor": 0.85, "max_factor": 0.85})
        if each.arrays[0].shape[2] == 3  # MXNet leaves the result unwritten if there is one channel
    ],
    "_image_adjust_lighting": [
        without_gradient(image, alpha=alpha)
        for image in (bytes_(4, 5, 3), unit(3, 2, 3), wide(2, 3, 3))
        for alpha in ((0.1, -0.2, 0.3), (-2.0, 1.5, 0.5), (0, 0, 0))
    ] + [coarse(wide(3, 2, 3, dtype="float64"), alpha=(0.1, 0.2, 0.3)), without_gradient(unit(1, 2, 3), alpha=(1, 2))],
    "_image_random_lighting": [
        without_gradient(image, alpha_std=0)
        for image in (
            bytes_(4, 5, 3), unit(3, 2, 3), wide(2, 3, 3), whole(2, 2, 3, high=900), unit(1, 1, 3), bytes_(1, 2, 3),
        )
    ] + [coarse(unit(3, 4, 3, dtype="float64"), alpha_std=0)],
}  # fmt: skip
CASES["_image_random_hue"].append(
    without_gradient(lit([[[0, 0, 0], [255, 255, 255], [9, 9, 9]]], "uint8"), **FACTORS[1])
)
