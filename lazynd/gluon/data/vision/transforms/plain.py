"""Transforms in a row, and those that make tensors of images."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from ....block import HybridBlock
from ....nn import HybridSequential, Sequential
from .batching import all_take_batches, alone


class Compose(Sequential):
    """``transforms`` one after the other. Neighbours that are hybrid become one hybridized block.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> net = transforms.Compose([transforms.Resize(3), transforms.ToTensor()])
    >>> net(nd.zeros((5, 7, 3), dtype="uint8")).shape
    (3, 3, 3)
    """

    def __init__(self, transforms: Sequence[Any]) -> None:
        super().__init__()
        hybrid: list[HybridBlock] = []
        for each in [*transforms, None]:
            if isinstance(each, HybridBlock):
                hybrid.append(each)
                continue
            if len(hybrid) == 1:
                self.add(hybrid[0])
            elif hybrid:
                joined = HybridSequential()
                joined.add(*hybrid)
                joined.hybridize()
                self.add(joined)
            hybrid = []
            if each is not None:
                self.add(each)

    def _takes_batches(self) -> bool:
        return all_take_batches(self)


class Cast(HybridBlock):
    """The image in another dtype.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> transforms.Cast()(nd.zeros((5, 7, 3), dtype="uint8")).dtype
    <class 'numpy.float32'>
    """

    _takes_batches = alone

    def __init__(self, dtype: Any = "float32") -> None:
        super().__init__()
        self._dtype = dtype

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.cast(x, self._dtype)


class RandomApply(Sequential):
    """``transforms``, a block, with probability ``p``, else nothing. Python's ``random`` draws.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> transforms.RandomApply(transforms.ToTensor(), p=1)(nd.zeros((5, 7, 3))).shape
    (3, 5, 7)
    """

    def __init__(self, transforms: Any, p: float = 0.5) -> None:
        super().__init__()
        self.transforms = transforms
        self.p = p

    def forward(self, x: Any) -> Any:
        return x if self.p < random.random() else self.transforms(x)


class ToTensor(HybridBlock):
    """float32 [channel, height, width] from 0 to 1, of an image of bytes or of a batch.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> x = transforms.ToTensor()(nd.ones((5, 7, 3), dtype="uint8") * 255)
    >>> x.shape, x.max().asscalar()
    ((3, 5, 7), np.float32(1.0))
    """

    _takes_batches = alone

    def __init__(self) -> None:
        super().__init__()

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.image.to_tensor(x)


class Normalize(HybridBlock):
    """A tensor [channel, height, width], or a batch, less ``mean`` and divided by ``std``: numbers, or one a channel.

    >>> from lazynd import nd
    >>> from lazynd.gluon.data.vision import transforms
    >>> transforms.Normalize((0, 1, 2), 2)(nd.ones((3, 1, 1))).asnumpy().ravel()
    array([ 0.5,  0. , -0.5], dtype=float32)
    """

    _takes_batches = alone

    def __init__(self, mean: Any = 0.0, std: Any = 1.0) -> None:
        super().__init__()
        self._mean = mean
        self._std = std

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.image.normalize(x, self._mean, self._std)
