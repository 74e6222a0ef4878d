"""What neural networks need beside ``np``: reshape with NumPy-extension codes, activations, NumPy's shapes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import nd
from ..ir.errors import MXNetError
from ..nd import files
from ..nd.np_shape import is_np_shape, set_np_shape
from ..nd.refusal import reports
from ..np.ndarray import ndarray, wrap
from ..reference import fronts

__all__ = [
    "is_np_shape", "load", "log_softmax", "relu", "reset_np", "reshape", "save", "set_np", "sigmoid", "softmax",
]  # fmt: skip


def set_np(shape: bool = True, array: bool = True) -> None:
    """NumPy's shapes on in this thread. Arrays made by ``np`` follow NumPy's rules always.

    >>> from lazynd import nd, npx
    >>> npx.set_np()
    >>> nd.ones(()).shape
    ()
    >>> npx.reset_np()
    """
    set_np_shape(shape)


def reset_np() -> None:
    """NumPy's shapes off in this thread.

    >>> from lazynd import npx
    >>> npx.reset_np()
    >>> npx.is_np_shape()
    False
    """
    set_np_shape(False)


def relu(data: ndarray) -> ndarray:
    """The element where positive, else 0.

    >>> from lazynd import np, npx
    >>> npx.relu(np.array([-1, 2]))
    array([0., 2.])
    """
    return wrap(nd.relu(data))


def sigmoid(data: ndarray) -> ndarray:
    """1 / (1 + exp(-x)) of each element.

    >>> from lazynd import np, npx
    >>> npx.sigmoid(np.array([0]))
    array([0.5])
    """
    return wrap(nd.sigmoid(data))


def softmax(data: ndarray, axis: int = -1) -> ndarray:
    """Exponentials scaled to sum to one along ``axis``.

    >>> from lazynd import np, npx
    >>> npx.softmax(np.array([1, 1]))
    array([0.5, 0.5])
    """
    return wrap(nd.softmax(data, axis=axis))


def log_softmax(data: ndarray, axis: int = -1) -> ndarray:
    """The logarithm of ``softmax``.

    >>> from lazynd import np, npx
    >>> npx.log_softmax(np.array([1, 1])).shape
    (2,)
    """
    return wrap(nd.log_softmax(data, axis=axis))


@reports("reshape")
def reshape(a: ndarray, newshape: int | Sequence[int], reverse: bool = False) -> ndarray:
    """A copy by codes: -1 infers, -2 keeps one extent, -3 skips an extent of 1, -4 keeps the rest, -5 joins two,
    -6 splits one into the two that follow; ``reverse`` reads from the right.

    >>> import lazynd
    >>> lazynd.npx.reshape(lazynd.np.zeros((2, 3, 4)), (-5, -2)).shape
    (6, 4)
    """
    codes = [newshape] if isinstance(newshape, int) else list(newshape)
    source = list(a.shape)
    if reverse:
        source, codes = source[::-1], codes[::-1]
    made = _resolve(source, codes)
    return wrap(a).reshape(tuple(made[::-1] if reverse else made))


def _resolve(source: list[int], codes: list[int]) -> list[int]:
    made: list[int] = []
    at = i = 0

    def take(count: int) -> list[int]:
        nonlocal at
        taken = source[at : at + count]
        if len(taken) < count:
            raise MXNetError(f"the codes {codes} ask for more than the {len(source)} extents of {source}")
        at += count
        return taken

    while i < len(codes):
        code = codes[i]
        if code == -2:
            made += take(1)
        elif code == -3:
            if take(1) != [1]:
                raise MXNetError(f"code -3 skips an extent of 1, not {source[at - 1]}")
        elif code == -4:
            made += source[at:]
            at = len(source)
        elif code == -5:
            made.append(math.prod(take(2)))
        elif code == -6:
            made += _split(take(1)[0], codes[i + 1 : i + 3])
            i += 2
        elif code >= -1:
            made.append(code)
            at += 1
        else:
            raise MXNetError(f"{code} is no code: they are -1 to -6")
        i += 1
    return made


def _split(extent: int, pair: list[int]) -> list[int]:
    known = [n for n in pair if n > 0]
    if len(pair) != 2 or not known or extent % math.prod(known):
        raise MXNetError(f"{pair} does not split {extent}")
    return [n if n > 0 else extent // math.prod(known) for n in pair]


def save(file: files.Path, arr: ndarray | list[ndarray] | dict[str, ndarray]) -> None:
    """Write an array, a list or a dict of arrays to ``file``, as ``mxnet.npx.load`` 1.9.1 reads it; see ``nd.save``.

    >>> import lazynd
    >>> lazynd.npx.save("arrays", {"half": lazynd.np.array(0.5)})
    >>> lazynd.npx.load("arrays")
    {'half': array(0.5)}
    """
    arrays, names = _checked(arr)
    files.write(file, arrays, names, 3)


@reports("save")
def _checked(arr: Any) -> tuple[list[nd.NDArray], list[str]]:
    arrays, names = files.split(arr)
    if any(not isinstance(a, ndarray) for a in arrays):
        raise TypeError("Only accepts dict str->ndarray or list of ndarrays")
    return arrays, names


@reports("load")
def load(file: files.Path) -> list[ndarray] | dict[str, ndarray]:
    """The arrays of a file, as ``nd.load`` reads it, with NumPy's rules.

    >>> import pathlib, tempfile
    >>> from lazynd import nd, npx
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "weights.params"
    ...     nd.save(path, {"w": nd.ones((2, 3))})
    ...     loaded = npx.load(path)
    >>> loaded["w"].shape
    (2, 3)
    """
    found = files.read(file)
    return {name: wrap(a) for name, a in found.items()} if isinstance(found, dict) else [wrap(a) for a in found]


__getattr__, __dir__ = fronts(__name__)
