"""``mx.image``: reading and resizing images. Augmenters and iterators are not built yet."""

from __future__ import annotations

from .nd.decoding import imdecode, imread
from .nd.generate import make_function
from .ops import OPERATORS
from .reference import fronts

__all__ = ["imdecode", "imread", "imresize"]

imresize = make_function(OPERATORS["_cvimresize"], "imresize")


__getattr__, __dir__ = fronts(__name__)
