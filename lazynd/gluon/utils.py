"""``gluon.utils``: batches divided among devices, gradients clipped, files fetched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import nd
from ..context import Context
from ..nd import NDArray
from ..nd.np_shape import is_np_shape
from ..reference import fronts
from .fetching import check_sha1, download, replace_file
from .hooks import HookHandle
from .norm import clip_global_norm

__all__ = [
    "HookHandle", "check_sha1", "clip_global_norm", "download", "replace_file", "shape_is_known", "split_and_load",
    "split_data",
]  # fmt: skip


def split_data(data: Any, num_slice: int, batch_axis: int = 0, even_split: bool = True) -> list[Any]:
    """``data``, an array of lazynd or NumPy, in ``num_slice`` parts along ``batch_axis``.

    ``ValueError`` where the parts would not be equal, unless ``even_split`` is false: the first are longer then.

    >>> from lazynd import gluon, nd
    >>> [x.shape for x in gluon.utils.split_data(nd.ones((10, 2)), 4, even_split=False)]
    [(3, 2), (3, 2), (2, 2), (2, 2)]
    """
    size = data.shape[batch_axis]
    if num_slice < 1:
        raise ValueError(f"data is split into 1 slice or more, not into {num_slice}")
    if even_split and size % num_slice:
        raise ValueError(
            f"data with shape {data.shape} cannot be evenly split into {num_slice} slices along axis {batch_axis}. "
            f"Use a batch size that's multiple of {num_slice} or set even_split=False to allow uneven partitioning of "
            "data."
        )
    if num_slice == 1:
        return [data]
    length, longer = divmod(size, num_slice)
    ends = np.cumsum([length + (i < longer) for i in range(num_slice)]).tolist()
    begins = [0, *ends[:-1]]
    if isinstance(data, NDArray):
        if batch_axis == 0:
            return [data[begin:end] for begin, end in zip(begins, ends, strict=True)]
        pairs = zip(begins, ends, strict=True)
        return [nd.slice_axis(data, axis=batch_axis, begin=begin, end=end) for begin, end in pairs]
    return list(np.split(data, ends[:-1], axis=batch_axis))


def split_and_load(
    data: Any, ctx_list: Sequence[Context], batch_axis: int = 0, even_split: bool = True
) -> list[NDArray]:
    """``data`` in a part for each context of ``ctx_list``, there; what is no ``NDArray`` becomes one, in float32.

    >>> import lazynd
    >>> from lazynd import gluon, nd
    >>> gluon.utils.split_and_load(nd.arange(4), [lazynd.cpu(0), lazynd.cpu(1)])[1]
    <BLANKLINE>
    [2. 3.]
    <NDArray 2 @cpu(1)>
    """
    if not isinstance(data, NDArray):
        data = nd.array(data, ctx=ctx_list[0])
    if len(ctx_list) == 1:
        return [data.as_in_context(ctx_list[0])]
    parts = split_data(data, len(ctx_list), batch_axis, even_split)
    return [part.as_in_context(context) for part, context in zip(parts, ctx_list, strict=True)]


def shape_is_known(shape: Sequence[int] | None) -> bool:
    """Whether all extents of a shape are known: 0 stands for one that is not, -1 where NumPy's shapes are on.

    >>> from lazynd import gluon
    >>> gluon.utils.shape_is_known((3, 2)), gluon.utils.shape_is_known((3, 0)), gluon.utils.shape_is_known(None)
    (True, False, False)
    """
    if shape is None:
        return False
    unknown = -1 if is_np_shape() else 0
    if len(shape) == 0:
        return unknown == -1
    for extent in shape:
        assert extent >= unknown, f"shape dimension size cannot be less than {unknown}, while received {extent}"
        if extent == unknown:
            return False
    return True


__getattr__, __dir__ = fronts(__name__)
