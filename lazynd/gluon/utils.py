"""``gluon.utils``: batches divided among devices, gradients clipped, files fetched."""

from __future__ import annotations

import hashlib
import http.client
import os
import ssl
import urllib.error
import urllib.parse
import urllib.request
import warnings
import weakref
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final

import numpy as np

from .. import nd
from ..context import Context
from ..nd import NDArray
from ..nd.np_shape import is_np_shape
from ..reference import fronts
from .norm import clip_global_norm

__all__ = [
    "HookHandle", "check_sha1", "clip_global_norm", "download", "replace_file", "shape_is_known", "split_and_load",
    "split_data",
]  # fmt: skip


# ----------------------------------------------------------------------------------------------------- batches


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


# -------------------------------------------------------------------------------------------------------- hooks


class HookHandle:
    """A hook in a dict of hooks, to be taken out by ``detach`` or at the end of a ``with`` block.

    >>> from lazynd import gluon
    >>> hooks = {}
    >>> with gluon.utils.HookHandle() as handle:
    ...     handle.attach(hooks, print)
    ...     len(hooks)
    1
    >>> len(hooks)
    0
    """

    def __init__(self) -> None:
        self._hooks_dict_ref: Any = None
        self._id: int | None = None

    def attach(self, hooks_dict: dict[int, Any], hook: Callable[..., Any]) -> None:
        """Put ``hook`` into ``hooks_dict``; ``AssertionError`` if the handle has been used."""
        assert self._hooks_dict_ref is None, "The same handle cannot be attached twice."
        self._id = id(hook)
        hooks_dict[self._id] = hook
        self._refer(hooks_dict)

    def _refer(self, hooks_dict: dict[int, Any]) -> None:
        try:
            self._hooks_dict_ref = weakref.ref(hooks_dict)
        except TypeError:  # a plain dict takes no weak references
            self._hooks_dict_ref = lambda: hooks_dict

    def detach(self) -> None:
        """Take the hook out; does nothing if it is out already."""
        found = None if self._hooks_dict_ref is None else self._hooks_dict_ref()
        if found is not None and self._id in found:
            del found[self._id]

    def __getstate__(self) -> tuple[Any, int | None]:
        return (None if self._hooks_dict_ref is None else self._hooks_dict_ref(), self._id)

    def __setstate__(self, state: tuple[Any, int | None]) -> None:
        hooks_dict, self._id = state
        self._hooks_dict_ref = None
        if hooks_dict is not None:
            self._refer(hooks_dict)

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(
        self, ptype: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.detach()


# -------------------------------------------------------------------------------------------------------- files


def check_sha1(filename: str | os.PathLike[str], sha1_hash: str) -> bool:
    """Whether the content of a file has the SHA-1 ``sha1_hash``, in hexadecimal digits.

    >>> from lazynd import gluon
    >>> with open("greeting", "w") as file:
    ...     length = file.write("hello")
    >>> gluon.utils.check_sha1("greeting", "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d")
    True
    """
    with open(filename, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.sha1(usedforsecurity=False)).hexdigest() == sha1_hash.lower()


def replace_file(src: str | os.PathLike[str], dst: str | os.PathLike[str]) -> None:
    """Put the file ``src`` in the place of ``dst``, in one step; ``OSError`` where that fails, and ``src`` is gone.

    >>> from lazynd import gluon
    >>> for name in ("old", "new"):
    ...     with open(name, "w") as file:
    ...         length = file.write(name)
    >>> gluon.utils.replace_file("new", "old")
    >>> with open("old") as file:
    ...     file.read()
    'new'
    """
    try:
        os.replace(src, dst)
    except OSError as error:
        if os.path.exists(src):
            os.remove(src)
        text = f"Moving downloaded temp file - {src}, to {dst} failed. Please retry the download."
        raise OSError(f"{text} ({error.strerror or error})") from error


#: Seconds after which a server that says nothing is given up.
_PATIENCE: Final = 60


def download(
    url: str,
    path: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    sha1_hash: str | None = None,
    retries: int = 5,
    verify_ssl: bool = True,
) -> str:
    """Fetch the file at ``url`` and return where it is: ``path``, or under its own name in the folder ``path``.

    Nothing is fetched if the file is there and has the SHA-1 ``sha1_hash``, if that is given, unless ``overwrite`` is
    true. What is fetched comes to its place whole or not at all. ``retries``: how often it is tried again. Raises the
    last failure (an ``OSError``; ``RuntimeError`` if the server refuses), and ``UserWarning`` if what came has another
    SHA-1. ``verify_ssl``: whether the server has to prove who it is.
    """
    name = urllib.parse.urlsplit(url).path.rsplit("/", 1)[-1]
    place = "" if path is None else os.path.expanduser(os.fspath(path))
    if not place or os.path.isdir(place) or place.endswith(("/", os.sep)):
        assert name, "Can't construct file-name from this URL. Please set the `path` option manually."
        place = os.path.join(place, name)
    assert retries >= 0, f"Number of retries should be at least 0, currently it's {retries}"
    if not verify_ssl:
        warnings.warn(
            "Unverified HTTPS request is being made (verify_ssl=False). Adding certificate verification is strongly "
            "advised.",
            stacklevel=2,
        )
    there = os.path.exists(place) and not (sha1_hash and not check_sha1(place, sha1_hash))
    if there and not overwrite:
        return place
    os.makedirs(os.path.dirname(os.path.abspath(place)), exist_ok=True)
    while True:
        print(f"Downloading {place} from {url}...")
        try:
            _fetch(url, place, sha1_hash, verify_ssl)
            return place
        except (OSError, http.client.HTTPException, UserWarning, RuntimeError) as error:
            if not retries:
                raise
            left = f"{retries} attempt{'s' if retries > 1 else ''} left"
            print(f"download failed due to {error!r}, retrying, {left}")
            retries -= 1


def _fetch(url: str, place: str, sha1_hash: str | None, verify_ssl: bool) -> None:
    context = None if verify_ssl else ssl._create_unverified_context()
    temporary = f"{place}.{os.urandom(8).hex()}.part"
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "lazynd"})
        with urllib.request.urlopen(request, timeout=_PATIENCE, context=context) as answer:
            expected = answer.headers.get("Content-Length")
            with open(temporary, "xb") as file:
                while block := answer.read(1 << 16):
                    file.write(block)
                size = file.tell()
        if expected is not None and size != int(expected):
            raise OSError(f"{url} ended after {size} of {expected} bytes")
        if sha1_hash and not check_sha1(temporary, sha1_hash):
            raise UserWarning(
                f"File {place} is downloaded but the content hash does not match. The repo may be outdated or download "
                'may be incomplete. If the "repo_url" is overridden, consider switching to the default repo.'
            )
        replace_file(temporary, place)
    except urllib.error.HTTPError as error:
        error.close()  # it holds the connection
        raise RuntimeError(f"Failed downloading url {url}: {error.code} {error.reason}") from None
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


__getattr__, __dir__ = fronts(__name__)
